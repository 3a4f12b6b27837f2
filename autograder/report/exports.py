"""Marks in the columns of Gradescope, Canvas and Moodle: a row for each person, without a mark for who handed in nothing."""

import html
import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from autograder.backprop.rubric import RUBRIC
from autograder.intake.waiting import Person
from autograder.marks import Mark
from autograder.report.spreadsheet import Cell, csv_lines
from autograder.report.words import summary
from autograder.settings import Exports

CHECKS = [checks for tasks in RUBRIC.values() for kinds in tasks.values() for checks in kinds.values()]
MOST = sum(sum(checks.values()) for checks in CHECKS)
PARTICIPANT = "Participant "  # what Moodle puts before its number of a participant


class Row(NamedTuple):
    """A person and the mark, if there is one; own is the platform's id of the person, id that of an office."""

    name: str
    email: str
    own: str
    id: str
    mark: Mark | None

    @property
    def score(self) -> float | None:
        """The mark as a number."""
        return self.mark.score if self.mark else None

    def submitted(self, form: str) -> str:
        """When the hand-in came, in a form of strftime."""
        return self.mark.waiting.submitted.strftime(form) if self.mark and self.mark.waiting.submitted else ""


class Format(NamedTuple):
    """The rows above those of people, and the row of a person."""

    head: Callable[[Exports], list[list[Cell]]]
    row: Callable[[Row], list[Cell]]


def export_csv(
    platform: str, marks: Iterable[Mark], exports: Exports = Exports(), absent: Iterable[Person] = (), ids: str = ""
) -> Iterator[str]:
    """The lines of a CSV file for a platform of EXPORTS; absent are those who handed in nothing.

    ids is the platform whose own ids people have, as in what it lets a TA download; nothing if they are those of an office.
    """
    yield from head_lines(platform, exports)
    yield from lines(platform, marks, absent, ids)


def head_lines(platform: str, exports: Exports) -> Iterator[str]:
    """The lines above those of people."""
    return csv_lines(EXPORTS[platform].head(exports))


def lines(platform: str, marks: Iterable[Mark], absent: Iterable[Person] = (), ids: str = "") -> Iterator[str]:
    """The lines of people, as of `export_csv`."""
    return csv_lines(map(EXPORTS[platform].row, rows(marks, absent, ids == platform)))


def rows(marks: Iterable[Mark], absent: Iterable[Person], own: bool) -> Iterator[Row]:
    """Each person with the mark; a submission of nobody known has its name for an id."""
    everybody = ((person, mark) for mark in marks for person in mark.waiting.people or (Person(id=mark.waiting.student),))
    nobody = ((person, None) for person in absent)
    for person, mark in itertools.chain[tuple[Person, Mark | None]](everybody, nobody):
        yield Row(person.name, person.email, person.id if own else "", "" if own else person.id, mark)


def gradescope_head(exports: Exports) -> list[list[Cell]]:
    """The columns of the grades of a course with this one assignment.

    They are those that https://github.com/eldridgejm/gradelib and https://github.com/matthigger/gradescope_mean read.
    """
    columns = ["", " - Max Points", " - Submission Time", " - Lateness (H:M:S)"]
    ours = [exports.name + column for column in columns]
    return [["First Name", "Last Name", "SID", "Email", "Sections", *ours, "Total Lateness (H:M:S)"]]


def gradescope_row(row: Row) -> list[Cell]:
    """The row of a person."""
    late = hours(row.mark.late) if row.mark and row.mark.late is not None else ""
    when = row.submitted("%Y-%m-%d %H:%M:%S %z")
    return [*first_and_last(row.name), row.own or row.id, row.email, "", row.score, MOST, when, late, late]


def canvas_head(exports: Exports) -> list[list[Cell]]:
    """The columns that Canvas's gradebook imports, and the points possible.

    It looks for a person by ID, SIS User ID, SIS Login ID and last by the name, and for the assignment by the number in its
    column: lib/gradebook_importer.rb of https://github.com/instructure/canvas-lms.
    """
    columns: list[Cell] = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", exports.canvas_id or exports.name]
    return [columns, ["    Points Possible", "", "", "", "", MOST]]


def canvas_row(row: Row) -> list[Cell]:
    """The row of a person. One who is called like the row of the points would set them, so that name is broken."""
    name = (row.name or row.own or row.id).replace("Points Possible", "Points-Possible")
    return [name, row.own, row.id, row.email, "", row.score]


def moodle_head(_: Exports) -> list[list[Cell]]:
    """The columns of an offline grading worksheet, which are also good for the import of grades.

    The worksheet looks for a person by the Identifier alone, the import by the ID number or the email address:
    mod/assign/feedback/offline/importgradeslib.php of https://github.com/moodle/moodle.
    """
    person: list[Cell] = ["Identifier", "Full name", "ID number", "Email address"]
    grade: list[Cell] = ["Status", "Grade", "Maximum Grade", "Grade can be changed"]
    return [[*person, *grade, "Last modified (submission)", "Last modified (grade)", "Feedback comments"]]


def moodle_row(row: Row) -> list[Cell]:
    """The row of a person. What Moodle takes for comments is HTML."""
    identifier = f"{PARTICIPANT}{row.own}" if row.own else ""
    status = "Submitted for grading" if row.mark else "No submission"
    said = [*row.mark.said, summary(row.mark.result)] if row.mark and row.score is not None else []
    comments = html.escape(" ".join(said), quote=False)
    when = row.submitted("%A, %d %B %Y, %I:%M %p")
    return [identifier, row.name, row.id, row.email, status, row.score, MOST, "Yes", when, "", comments]


EXPORTS = {
    "Gradescope": Format(gradescope_head, gradescope_row),
    "Canvas": Format(canvas_head, canvas_row),
    "Moodle": Format(moodle_head, moodle_row),
}


def first_and_last(name: str) -> tuple[str, str]:
    """A name in two: at its comma, else before its last word."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")


def hours(time: timedelta) -> str:
    """A time as H:M:S."""
    seconds = int(time.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
