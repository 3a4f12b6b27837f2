"""CSV for spreadsheets: lines as they come, in which texts are only texts, whoever wrote them, and numbers stay numbers."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

from autograder.report.words import number

Cell = str | float | None

# What may run as a formula at the beginning of a cell (CWE-1236), after spaces and quotes or not, in the widths that East Asian
# spreadsheets take for the same: https://owasp.org/www-community/attacks/CSV_Injection. For one that expects semicolons or tabs
# a cell also begins after these, and where a line ends.
FORMULA = re.compile(r"(^|[;\t\n])(?=(?:[^\S\t\n]|\x22)*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")


class Echo:
    """A file for csv.writer that hands every line back."""

    def write(self, line: str) -> str:
        """The line."""
        return line


def csv_lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time; None is an empty cell."""
    writer: Any = csv.writer(Echo(), lineterminator="\n")
    return (writer.writerow([cell if cell is None else written(cell) for cell in row]) for row in rows)


def written(cell: str | float) -> str:
    """A cell as it stands in the file."""
    return harmless(cell) if isinstance(cell, str) else number(cell)


def harmless(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1'", text.replace("\r", "\n"))  # which csv would leave without quotes
