"""All results as a CSV file for a spreadsheet, and as a table for the terminal."""

import csv
import io
import statistics
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from autograder.report.words import for_the_ta, number
from autograder.results import PARTS, Result

COLUMNS = ("student", "score", "max_score", "status", *PARTS, "reason")
MOST_ROWS = 100  # of the table in the terminal; a larger class has grades.csv
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins with one of these may run as a formula (CWE-1236)


def grades_csv(results: Iterable[Result]) -> Iterator[str]:
    """The lines of grades.csv: one row a submission, in the order given; empty marks where the grader failed."""
    yield csv_line(COLUMNS)
    for result in results:
        parts = [points(result.part_score(part)) for part in PARTS]
        row = [result.student, points(result.score), points(result.max_score), result.status, *parts, for_the_ta(result)]
        yield csv_line([harmless(cell) for cell in row])


def csv_line(cells: Sequence[str]) -> str:
    """A row of a CSV file."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(cells)
    return file.getvalue()


def points(score: float | None) -> str:
    """A mark as a cell."""
    return "" if score is None else number(score)


def harmless(cell: str) -> str:
    """The cell with an apostrophe before whatever a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


class Summary:
    """What is shown of a class at the end of a run, however many results are added to it."""

    def __init__(self) -> None:
        self.scores: list[float] = []
        self.count = 0
        self.all: list[Result] = []  # as long as the class is small enough for a table
        self.notable: list[Result] = []  # where something is for a TA to see
        self.layers: tuple[str, ...] = ()

    def add(self, result: Result) -> None:
        """Add the result of one more submission."""
        self.count += 1
        self.layers = self.layers or result.layers
        if result.score is not None:
            self.scores.append(result.score)
        if self.count <= MOST_ROWS:
            self.all.append(result)
        if (result.status != "graded" or result.remarks) and len(self.notable) < MOST_ROWS:
            self.notable.append(result)

    @property
    def is_whole(self) -> bool:
        """Whether each submission gets a row."""
        return self.count <= MOST_ROWS

    @property
    def title(self) -> str:
        """What the table says above its rows."""
        title = f"{self.count} submission{'s' * (self.count != 1)}"
        if self.is_whole or len(self.scores) < 2:
            return title
        low, middle, high = statistics.quantiles(self.scores, n=4)
        mean = statistics.fmean(self.scores)
        told = f"mean {mean:.1f}, median {number(middle)}, half of them from {number(low)} to {number(high)}"
        return f"{title}: {told}. Below are those to look at, {len(self.notable)} of them."


def grades_table(summary: Summary) -> Table:
    """The table that ends a run: a row a submission with its marks and the first thing to mend."""
    results = summary.all if summary.is_whole else summary.notable
    parts = [part for part in PARTS if any(check.part == part for result in results for check in result.checks)]
    table = Table(title=summary.title, title_justify="left", header_style="bold", pad_edge=False, box=None)
    table.add_column("student", no_wrap=True, max_width=24)
    for part in [*parts, "score"]:
        table.add_column(part, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("why", overflow="fold")
    for result in results:
        style = {"graded": "", "invalid": "yellow", "error": "bold red"}[result.status]
        marks = [points(result.part_score(part)) for part in parts]
        total = f"{points(result.score)}/{number(result.max_score)}"
        cells = [result.student, *marks, total, result.status, textwrap.shorten(for_the_ta(result), 180, placeholder=" …")]
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table
