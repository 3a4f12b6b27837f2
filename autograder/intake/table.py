"""Read a CSV file so that it can be written back unchanged: each record keeps its cells and its original text."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.intake.folders import open_file

MAX_BYTES = 10_000_000
MAX_ROWS = 100_000
SEPARATORS = ",;\t"
LINE_END = re.compile(r"[\r\n]*\Z")


class UnusableTableError(Exception):
    """The file is not a usable table; the text is the end of a sentence for the TA."""


@dataclass(frozen=True)
class Record:
    """A record of a table: its cells, and their original text, with the line ending."""

    cells: tuple[str, ...]
    text: str

    @property
    def is_empty(self) -> bool:
        """Whether all cells are blank."""
        return not any(map(str.strip, self.cells))


@dataclass(frozen=True)
class Table:
    """A CSV file: its byte order mark or "", its separator, and its records."""

    mark: str
    separator: str
    records: tuple[Record, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The cells of the first record that is not empty."""
        return next((record.cells for record in self.records if not record.is_empty), ())

    @property
    def rows(self) -> list[Record]:
        """The records below the header that are not empty."""
        return [record for record in self.records if not record.is_empty][1:]

    def name_cells(self, record: Record) -> tuple[tuple[str, str], ...]:
        """Return the cells of a record, each with the name of its column."""
        return tuple(zip(self.header, record.cells, strict=False))

    def rewrite(self, record: Record, cells: Mapping[int, str]) -> str:
        """Return the text of a record with some cells replaced; the others keep their original text."""
        if not cells:
            return record.text
        end = LINE_END.search(record.text)
        body = record.text[: end.start()] if end else record.text
        quoted = re.compile(rf'("(?:[^"]|"")*"|[^{self.separator}]*)(?:{self.separator}|\Z)')
        texts = quoted.findall(body)[: len(record.cells)]
        texts += [""] * (max(cells) + 1 - len(texts))
        for index, cell in cells.items():
            texts[index] = self.quote(cell)
        return self.separator.join(texts) + (end[0] if end else "")

    def quote(self, cell: str) -> str:
        """Return the text of a cell, quoted if necessary."""
        doubled = cell.replace('"', '""')
        return f'"{doubled}"' if any(sign in cell for sign in ('"', "\r", "\n", *SEPARATORS)) else cell


def read_table(path: Path) -> Table:
    """Return the table in a CSV file; raise UnusableTableError, csv.Error or OSError if it cannot be read."""
    with open_file(path.resolve()) as file:  # the TA's own link may be followed
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnusableTableError(f"it has more than {MAX_BYTES:,} bytes")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnusableTableError(
            f"its byte {error.start + 1:,} is not valid {encoding.upper()}; save it as CSV in UTF-8"
        ) from error
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = list(io.StringIO(text.removeprefix(mark), newline=""))
    separator = max(SEPARATORS, key="".join(lines).lstrip().partition("\n")[0].count)
    table = Table(mark, separator, tuple(split_records(lines, separator)))
    if len(table.rows) >= MAX_ROWS:
        raise UnusableTableError(f"it has more than {MAX_ROWS:,} rows")
    return table


def split_records(lines: list[str], separator: str) -> Iterable[Record]:
    """Yield the records in the lines of a file; raise csv.Error if they are not CSV."""
    reader, start = csv.reader(iter(lines), delimiter=separator, strict=True), 0
    for cells in reader:
        yield Record(tuple(cells), "".join(lines[start : reader.line_num]))
        start = reader.line_num
