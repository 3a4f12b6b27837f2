"""CSV files for spreadsheets, written line by line. Texts stay texts, whoever wrote them, and numbers stay numbers."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from autograder.intake.submission_ref import Person
from autograder.marks import Mark
from autograder.text import format_number

Cell = str | float | None

# What may run as a formula at the beginning of a cell (CWE-1236), after spaces and quotes or not, in the widths that East Asian
# spreadsheets treat alike: https://owasp.org/www-community/attacks/CSV_Injection. A cell also begins after a line break, and
# after a semicolon or a tab if the spreadsheet splits there.
FORMULA = re.compile(r"(^|[;\t\n])(?=(?:[^\S\t\n]|\x22)*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")


class Sheet(NamedTuple):
    """The CSV file of a class: the rows above the students, and the rows of scores and of people who did not submit."""

    head: list[list[Cell]]
    rows: Callable[[Iterable[Mark], Iterable[Person]], Iterator[list[Cell]]]

    def lines(self, marks: Iterable[Mark], absent: Iterable[Person] = ()) -> Iterator[str]:
        """Yield the lines of the file; no mark is taken from the iterable before its line is due."""
        return csv_lines(chain(self.head, self.rows(marks, absent)))


class Echo:
    """A file for csv.writer that returns every line."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def csv_lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield the lines of a CSV file, one at a time; None is an empty cell."""
    writer: Any = csv.writer(Echo(), lineterminator="\n")
    return (writer.writerow(map(format_cell, row)) for row in rows)


def format_cell(cell: Cell) -> str | None:
    """Return a cell as the file has it."""
    return escape_formula(cell) if isinstance(cell, str) else cell if cell is None else format_number(cell)


def escape_formula(text: str) -> str:
    """Return the text with an apostrophe before everything that a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", text.replace("\r", "\n"))  # which csv would leave without quotes
