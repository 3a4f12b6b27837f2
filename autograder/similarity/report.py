"""Write a comparison as a page and as a CSV file. Neither is proof, and neither changes a score."""

import math
from collections.abc import Iterator

from autograder.gradebook.book import Alike
from autograder.report.page import render_page
from autograder.report.spreadsheet import Cell, csv_lines
from autograder.similarity.compare import MAX_EXPLAINED, Comparison
from autograder.similarity.fingerprints import GRAM
from autograder.similarity.pairs import MIN_SCORE, common_count

COLUMNS = ("rank", "first", "second", "score", "share", "identical", "cluster", "lines", "signs")
MAX_NAMES = 60  # students in a list on the page
MAX_RANKED = 200  # pairs in the page's table
KINDS = {
    "comment": "Comments that no one else has",
    "name": "Names that no one else uses",
    "value": "Values that no one else uses",
    "misspelling": "Possible misspellings that no one else has",
}


def copies_html(comparison: Comparison) -> str:
    """Return the text of copies.html."""
    return render_page(
        "copies",
        comparison=comparison,
        kinds=KINDS,
        list_names=list_names,
        gram=GRAM,
        min_score=MIN_SCORE,
        ranked=MAX_RANKED,
        explained=MAX_EXPLAINED,
        common=common_count(comparison.documents),
        others=math.ceil(common_count(comparison.documents)),
    )


def suspicious_pairs(comparison: Comparison) -> Iterator[Alike]:
    """Yield the pairs for the class report, up to the last rank of the page's table."""
    for rank, finding in enumerate(comparison.findings[:MAX_RANKED], start=1):
        for second in finding.second if finding.pair.identical else finding.second[:1]:
            yield Alike(rank, finding.first[0], second, round(finding.pair.score, 1))


def copies_csv(comparison: Comparison) -> Iterator[str]:
    """Return the lines of copies.csv."""
    return csv_lines(pair_rows(comparison))


def pair_rows(comparison: Comparison) -> Iterator[list[Cell]]:
    """Yield the rows of copies.csv by rank; among students with the same text, each is paired with the first."""
    yield [*COLUMNS]
    for rank, (first, seconds, pair, cluster, evidence) in enumerate(comparison.findings, start=1):
        for second in seconds if pair.identical else [list_names(seconds, 1)]:
            yield [
                *(rank, list_names(first, 1), second, f"{pair.score:.1f}", f"{pair.share:.2f}"),
                *("yes" if pair.identical else "no", cluster, evidence and evidence.lines),
                "; ".join(text for texts in evidence.markers.values() for text in texts) if evidence else None,
            ]


def list_names(students: list[str], most: int = MAX_NAMES) -> str:
    """Return the first names of a list, and the number of the others."""
    names = ", ".join(students[:most])
    return f"{names} and {len(students) - most:,} more" if len(students) > most else names
