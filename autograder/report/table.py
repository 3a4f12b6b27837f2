"""All results as a CSV file for a spreadsheet, and as a table for the terminal."""

import csv
import io
import textwrap
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from autograder.report.words import for_the_ta, number
from autograder.results import PARTS, Result

COLUMNS = ("student", "score", "max_score", "status", *PARTS, "reason")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins with one of these may run as a formula (CWE-1236)


def grades_csv(results: Sequence[Result]) -> str:
    """The text of grades.csv: one row a submission, in the order given; empty marks where the grader failed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        parts = [points(result.part_score(part)) for part in PARTS]
        row = [result.student, points(result.score), points(result.max_score), result.status, *parts, for_the_ta(result)]
        writer.writerow([harmless(cell) for cell in row])
    return file.getvalue()


def points(score: float | None) -> str:
    """A mark as a cell."""
    return "" if score is None else number(score)


def harmless(cell: str) -> str:
    """The cell with an apostrophe before whatever a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def grades_table(results: Sequence[Result]) -> Table:
    """The table that ends a run: a row a submission with its marks and the first thing to mend."""
    parts = [part for part in PARTS if any(check.part == part for result in results for check in result.checks)]
    table = Table(title=f"{len(results)} submissions", title_justify="left", header_style="bold", pad_edge=False, box=None)
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
