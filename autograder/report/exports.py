"""Scores in the columns of Gradescope, Canvas and Moodle: one row per person, without a score for people who did not submit."""

import html
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import NamedTuple

from autograder.intake.submission_ref import Person
from autograder.marks import Mark
from autograder.report.spreadsheet import Cell, Sheet
from autograder.report.words import write_start, write_summary
from autograder.settings import Exports

PARTICIPANT = "Participant "  # what Moodle puts before the number of a participant
POINTS_ROW = "Points Possible"
Columns = list[tuple[str, Cell]]


class Entry(NamedTuple):
    """A person and their mark, if any."""

    person: Person = Person()
    mark: Mark | None = None

    @property
    def score(self) -> float | None:
        """The score, if any."""
        return self.mark.score if self.mark else None

    def format_time(self, form: str) -> str:
        """Return the time of the submission in a format of strftime; "" if it is not known."""
        return self.mark.waiting.submitted.strftime(form) if self.mark and self.mark.waiting.submitted else ""


def export_sheets(exports: Exports, max_score: float) -> dict[str, Sheet]:
    """Return the CSV file of each platform."""
    return {platform: build_sheet(platform, exports, max_score) for platform in PLATFORMS}


def build_sheet(platform: str, exports: Exports, max_score: float) -> Sheet:
    """Return the CSV file of a platform."""
    columns = partial(PLATFORMS[platform], exports, max_score)
    head: list[list[Cell]] = [[name for name, _ in columns(Entry())]]
    if platform == "Canvas":
        head.append([f"    {POINTS_ROW}", "", "", "", "", max_score])

    def rows(marks: Iterable[Mark], absent: Iterable[Person]) -> Iterator[list[Cell]]:
        # A submission of nobody known has its name as an id.
        people = (
            Entry(one, mark.of(one)) for mark in marks for one in mark.waiting.people or (Person(id=mark.waiting.student),)
        )
        for entry in chain(people, map(Entry, absent)):
            yield [cell for _, cell in columns(entry)]

    return Sheet(head, rows)


def gradescope_columns(exports: Exports, max_score: float, entry: Entry) -> Columns:
    """Return the columns of the grades of a course with this one assignment.

    These are the names that https://github.com/eldridgejm/gradelib and https://github.com/matthigger/gradescope_mean read.
    """
    person = entry.person
    first, last = split_name(person.name)
    lateness = format_duration(entry.mark.late) if entry.mark and entry.mark.late is not None else ""
    return [
        ("First Name", first),
        ("Last Name", last),
        ("SID", person.office_id or person.id),
        ("Email", person.email),
        ("Sections", person.get_cell("Sections", "Section")),
        (exports.name, entry.score),
        (f"{exports.name} - Max Points", max_score),
        (f"{exports.name} - Submission Time", entry.format_time("%Y-%m-%d %H:%M:%S %z")),
        (f"{exports.name} - Lateness (H:M:S)", lateness),
        ("Total Lateness (H:M:S)", lateness),
    ]


def canvas_columns(exports: Exports, _: float, entry: Entry) -> Columns:
    """Return the columns that Canvas's gradebook imports.

    It looks for a person by ID, SIS User ID, SIS Login ID and last by the name, and for the assignment by the number in its
    column: lib/gradebook_importer.rb of https://github.com/instructure/canvas-lms. A person named like the row of the points
    possible would set them, so that name is changed.
    """
    person = entry.person
    return [
        ("Student", hide_points_row(person.name or person.id)),
        ("ID", person.get_id("Canvas")),
        ("SIS User ID", person.get_cell("SIS User ID") or person.office_id),
        ("SIS Login ID", person.get_cell("SIS Login ID") or person.email),
        ("Section", person.get_cell("Section")),
        (exports.canvas_id or exports.name, entry.score),
    ]


def moodle_columns(_: Exports, max_score: float, entry: Entry) -> Columns:
    """Return the columns of an offline grading worksheet, which also work for the import of grades.

    The worksheet looks for a person by the Identifier alone, the import by the ID number or the email address:
    mod/assign/feedback/offline/importgradeslib.php of https://github.com/moodle/moodle. Its comments are HTML.
    """
    person, own = entry.person, entry.person.get_id("Moodle")
    return [
        ("Identifier", f"{PARTICIPANT}{own}" if own else ""),
        ("Full name", person.name),
        ("ID number", person.get_cell("ID number") or person.office_id),
        ("Email address", person.email),
        ("Status", "Submitted for grading" if entry.mark else "No submission"),
        ("Grade", entry.score),
        ("Maximum Grade", max_score),
        ("Grade can be changed", "Yes"),
        ("Last modified (submission)", entry.format_time("%A, %d %B %Y, %I:%M %p")),
        ("Last modified (grade)", ""),
        ("Feedback comments", write_comments(entry.mark) if entry.mark and entry.score is not None else ""),
    ]


def write_comments(mark: Mark) -> str:
    """Return what a person who has a score is told about it, as HTML on one line, which is what Moodle's comments are."""
    sentences = [*mark.said, write_summary(mark.result), *write_start(mark.result, mark.shown.first_to_fix)]
    return html.escape(" ".join(sentences), quote=False)


def hide_points_row(name: str) -> str:
    """Return a person's name in which Canvas does not find its row of points, which would set those of the assignment."""
    return name.replace(POINTS_ROW, POINTS_ROW.replace(" ", "-"))


PLATFORMS: dict[str, Callable[[Exports, float, Entry], Columns]] = {
    "Gradescope": gradescope_columns,
    "Canvas": canvas_columns,
    "Moodle": moodle_columns,
}


def split_name(name: str) -> tuple[str, str]:
    """Return the first and the last name: split at the comma, or before the last word."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "")


def format_duration(time: timedelta) -> str:
    """Return a time as H:M:S."""
    seconds = int(time.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
