"""All scores as a CSV file for a spreadsheet, and as a table for the terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.marks import Mark
from autograder.report.distribution import Distribution
from autograder.report.spreadsheet import Cell, Sheet
from autograder.report.words import write_headline
from autograder.text import format_number

NARROW = 70  # columns; a narrower terminal has no room for a table
MAX_ROWS = 100  # of the table in the terminal; a larger class has grades.csv


def grades_sheet(parts: Sequence[str]) -> Sheet:
    """Return grades.csv for an assignment of these parts: one row per submission, without a score if the grader failed."""
    names = ("student", "score", "max_score", "status", *parts, "reason", "earned", "late_penalty", "adjustment")
    people = ("name", "email", "id", "submitted", "superseded", "platform_id")
    return Sheet([[*names, *people]], lambda marks, _: (grade_row(mark, parts) for mark in marks))


def grade_row(mark: Mark, parts: Sequence[str]) -> list[Cell]:
    """Return the row of a submission; the members of a group are joined with semicolons."""
    result, waiting = mark.result, mark.waiting
    return [
        *(result.student, mark.score, result.max_score, result.status),
        *(result.part_score(part) for part in parts),
        comment_for_ta(mark),
        *(None if mark.score is None else points for points in (mark.earned, mark.penalty, mark.adjustment)),
        *(join_texts([getattr(person, name) for person in waiting.people]) for name in ("name", "email", "id")),
        waiting.submitted.isoformat() if waiting.submitted else "",
        join_texts(waiting.superseded),
        join_texts([" ".join(dict(person.platform_ids).values()) for person in waiting.people]),
    ]


def join_texts(texts: Sequence[str]) -> str:
    """Return texts in one cell, as many as there are, or "" if all are empty; a semicolon in one of them becomes a comma."""
    return ";".join(text.replace(";", ",") for text in texts) if any(texts) else ""


def comment_for_ta(mark: Mark) -> str:
    """Return a few sentences on a mark: remarks for the TA alone, what to fix first, and how the score was made."""
    return " ".join([*mark.result.remarks, *mark.remarks, write_headline(mark.result), *mark.said])


class Summary:
    """What the terminal shows of a class at the end of a run, in a bounded number of rows."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self.scores: list[float] = []
        self.count = 0
        self.first: list[Mark] = []  # all of a class that is small enough for a table
        self.notable: list[Mark] = []  # marks that a TA has to look at
        self.layers: tuple[str, ...] = ()
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Add one more mark."""
        self.count += 1
        self.layers = self.layers or mark.result.layers
        if mark.score is not None:
            self.scores.append(mark.score)
        if self.count <= MAX_ROWS:
            self.first.append(mark)
        if (mark.result.status != "graded" or mark.result.remarks) and len(self.notable) < MAX_ROWS:
            self.notable.append(mark)

    @property
    def is_small(self) -> bool:
        """Whether every submission gets a row."""
        return self.count <= MAX_ROWS

    @property
    def title(self) -> str:
        """The line above the rows."""
        title = f"{self.count} submission{'s' * (self.count != 1)}"
        if self.is_small or len(self.scores) < 2:
            return title
        scores = Distribution("", self.scores, 0)
        low, median, high = map(format_number, scores.quartiles)
        return f"{title}: mean {scores.mean:.1f}, median {median}, half of them from {low} to {high}"


def grades_table(summary: Summary, width: int) -> Group:
    """Return what ends a run: one row per submission with its scores and what to fix first; of a large class, those to look at.

    width is that of the terminal, in columns. In a narrow one, what to fix is below its submission.
    """
    marks = summary.first if summary.is_small else summary.notable
    if not marks:
        return Group(Text(summary.title))
    title = Text(summary.title if summary.is_small else f"{summary.title}. To look at:", style="bold")
    if width < NARROW:
        return Group(title, *(line for mark in marks for line in narrow_lines(mark)))
    parts = list(dict.fromkeys(part for mark in marks for part in mark.result.parts))
    table = Table(header_style="bold", pad_edge=False, box=None)
    table.add_column("student", no_wrap=True, max_width=24)
    for name in [*parts, "score"]:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("why", overflow="fold")
    for mark in marks:
        result = mark.result
        scores = ["" if score is None else format_number(score) for score in map(result.part_score, parts)]
        cells = [result.student, *scores, format_score(mark), result.status, shorten_comment(mark)]
        table.add_row(*map(Text, cells), style=choose_style(mark))
    return Group(title, table)


def narrow_lines(mark: Mark) -> Iterator[Text | Padding]:
    """Yield the lines of a submission for a narrow terminal: student, score and status, and below them what to fix."""
    style = choose_style(mark)
    yield Text("  ".join([mark.result.student, format_score(mark), mark.result.status]), style=style or "bold")
    yield Padding(Text(shorten_comment(mark), style=style), (0, 0, 0, 2))


def format_score(mark: Mark) -> str:
    """Return the score, if any, out of how many points."""
    return f"{'' if mark.score is None else format_number(mark.score)}/{format_number(mark.result.max_score)}"


def shorten_comment(mark: Mark) -> str:
    """Return what to fix first, in a few lines."""
    return textwrap.shorten(comment_for_ta(mark), 180, placeholder=" …")


def choose_style(mark: Mark) -> str:
    """Return the color of a submission; the status and the score say the same in words."""
    if mark.result.status == "graded":
        return "" if mark.result.failed else "green"
    return {"invalid": "yellow", "error": "bold red"}[mark.result.status]
