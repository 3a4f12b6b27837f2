"""All marks as a CSV file for a spreadsheet, and as a table for the terminal."""

import statistics
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.marks import Mark
from autograder.report.spreadsheet import Cell, csv_lines
from autograder.report.words import headline, number
from autograder.results import PARTS

COLUMNS = (
    *("student", "score", "max_score", "status", *PARTS, "reason"),
    *("earned", "late_penalty", "adjustment", "name", "email", "id", "submitted", "superseded"),
)
NARROW = 70  # columns; a terminal that has fewer has no room for a table
MOST_ROWS = 100  # of the table in the terminal; a larger class has grades.csv


def grades_csv(marks: Iterable[Mark]) -> Iterator[str]:
    """The lines of grades.csv: one row a submission, in the order given; empty marks where the grader failed."""
    yield from csv_lines([COLUMNS])
    yield from grades_lines(marks)


def grades_lines(marks: Iterable[Mark]) -> Iterator[str]:
    """The lines of grades.csv below the names of the columns."""
    return csv_lines(map(row, marks))


def row(mark: Mark) -> list[Cell]:
    """The row of a submission; what there are several of, the members of a group, is joined with semicolons."""
    result, people = mark.result, mark.waiting.people
    submitted = mark.waiting.submitted
    return [
        *(result.student, mark.score, result.max_score, result.status),
        *(result.part_score(part) for part in PARTS),
        for_the_ta(mark),
        *(points(mark, value) for value in (mark.earned, mark.penalty, mark.adjustment)),
        *(joined([getattr(person, what) for person in people]) for what in ("name", "email", "id")),
        submitted.isoformat() if submitted else "",
        joined(mark.waiting.superseded),
    ]


def points(mark: Mark, value: float) -> float | None:
    """Points as a cell: nothing where the grader failed."""
    return None if mark.score is None else value


def joined(texts: Sequence[str]) -> str:
    """Texts in one cell, as many as there are, unless all are empty; a semicolon in one of them becomes a comma."""
    return ";".join(text.replace(";", ",") for text in texts) if any(texts) else ""


def for_the_ta(mark: Mark) -> str:
    """A few sentences on a mark: what only a TA is told, what is to be mended first, and what became of the points."""
    return " ".join([*mark.result.remarks, *mark.remarks, headline(mark.result), *mark.said])


class Summary:
    """What is shown of a class at the end of a run, however many marks are added to it."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self.scores: list[float] = []
        self.count = 0
        self.all: list[Mark] = []  # as long as the class is small enough for a table
        self.notable: list[Mark] = []  # where something is for a TA to see
        self.layers: tuple[str, ...] = ()
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Add one more mark."""
        self.count += 1
        self.layers = self.layers or mark.result.layers
        if mark.score is not None:
            self.scores.append(mark.score)
        if self.count <= MOST_ROWS:
            self.all.append(mark)
        if (mark.result.status != "graded" or mark.result.remarks) and len(self.notable) < MOST_ROWS:
            self.notable.append(mark)

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
        return f"{title}: mean {mean:.1f}, median {number(middle)}, half of them from {number(low)} to {number(high)}"


def grades_table(summary: Summary, width: int) -> Group:
    """What ends a run, a row a submission with its marks and the first thing to mend; of many, those to look at.

    width is that of the terminal, in columns; where it is narrow, what is to be mended stands below its submission.
    """
    marks = summary.all if summary.is_whole else summary.notable
    if not marks:
        return Group(Text(summary.title))
    title = Text(summary.title if summary.is_whole else f"{summary.title}. To look at:", style="bold")
    if width < NARROW:
        return Group(title, *(line for mark in marks for line in narrow_rows(mark)))
    parts = [part for part in PARTS if any(check.part == part for mark in marks for check in mark.result.checks)]
    table = Table(header_style="bold", pad_edge=False, box=None)
    table.add_column("student", no_wrap=True, max_width=24)
    for part in [*parts, "score"]:
        table.add_column(part, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("why", overflow="fold")
    for mark in marks:
        result = mark.result
        scores = ["" if score is None else number(score) for score in map(result.part_score, parts)]
        cells = [result.student, *scores, out_of(mark), result.status, why(mark)]
        table.add_row(*map(Text, cells), style=style(mark))
    return Group(title, table)


def narrow_rows(mark: Mark) -> Iterator[Text | Padding]:
    """A submission in a few columns: who, the score and the status, and below what is to be mended."""
    yield Text("  ".join([mark.result.student, out_of(mark), mark.result.status]), style=style(mark) or "bold")
    yield Padding(Text(why(mark), style=style(mark)), (0, 0, 0, 2))


def out_of(mark: Mark) -> str:
    """The score, if there is one, out of how many points."""
    return f"{'' if mark.score is None else number(mark.score)}/{number(mark.result.max_score)}"


def why(mark: Mark) -> str:
    """The first thing to mend, in a few lines."""
    return textwrap.shorten(for_the_ta(mark), 180, placeholder=" …")


def style(mark: Mark) -> str:
    """The colour of a submission; its status says the same in a word, or its score in a number."""
    if mark.result.status == "graded":
        return "" if mark.result.failed else "green"
    return {"invalid": "yellow", "error": "bold red"}[mark.result.status]
