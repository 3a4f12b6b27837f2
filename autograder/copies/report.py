"""A comparison as a page for human eyes and as a CSV file. Neither is proof, and neither touches a mark."""

import math
from collections.abc import Iterator

from autograder.copies.compare import MOST_EXPLAINED, Comparison
from autograder.copies.fingerprints import GRAM
from autograder.copies.pairs import LEAST, commonness
from autograder.gradebook.book import Alike
from autograder.report.page import page
from autograder.report.spreadsheet import Cell, csv_lines

COLUMNS = ("rank", "first", "second", "score", "share", "identical", "cluster", "lines", "signs")
MOST_NAMES = 60  # of students in a list on the page
MOST_RANKED = 200  # pairs in the page's table
KINDS = {
    "comment": "Comments that nobody else has",
    "name": "Names that nobody else uses",
    "value": "Values that nobody else writes",
    "misspelling": "Words that look misspelt, and that nobody else has",
}


def copies_html(comparison: Comparison) -> str:
    """The text of copies.html."""
    return page(
        "copies",
        comparison=comparison,
        kinds=KINDS,
        named=named,
        gram=GRAM,
        least=LEAST,
        ranked=MOST_RANKED,
        explained=MOST_EXPLAINED,
        common=commonness(comparison.works),
        others=math.ceil(commonness(comparison.works)),
    )


def pairs(comparison: Comparison) -> Iterator[Alike]:
    """The pairs for the class report, as many as there are ranks on the page."""
    for rank, finding in enumerate(comparison.findings[:MOST_RANKED], start=1):
        for second in finding.second if finding.pair.identical else finding.second[:1]:
            yield Alike(rank, finding.first[0], second, round(finding.pair.score, 1))


def copies_csv(comparison: Comparison) -> Iterator[str]:
    """The lines of copies.csv: a row a pair by rank; students who handed in the same are each paired with the first of them."""
    yield from csv_lines([COLUMNS])
    yield from csv_lines(rows(comparison))


def rows(comparison: Comparison) -> Iterator[list[Cell]]:
    """The rows of copies.csv."""
    for rank, finding in enumerate(comparison.findings, start=1):
        pair, shown = finding.pair, finding.evidence
        for second in finding.second if pair.identical else [named(finding.second, 1)]:
            yield [
                rank,
                named(finding.first, 1),
                second,
                f"{pair.score:.1f}",
                f"{pair.share:.2f}",
                "yes" if pair.identical else "no",
                finding.cluster or None,
                shown.lines if shown else None,
                "; ".join(text for texts in shown.signs.values() for text in texts) if shown else None,
            ]


def named(students: list[str], most: int = MOST_NAMES) -> str:
    """Some students by name, and how many more there are."""
    shown = ", ".join(students[:most])
    return f"{shown} and {len(students) - most:,} more" if len(students) > most else shown
