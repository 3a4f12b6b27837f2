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
    """A person and their mark, if any; platform_id is the platform's own id of the person, id one of the university's."""

    name: str = ""
    email: str = ""
    platform_id: str = ""
    id: str = ""
    mark: Mark | None = None

    @property
    def score(self) -> float | None:
        """The score, if any."""
        return self.mark.score if self.mark else None

    def format_time(self, form: str) -> str:
        """Return the time of the submission in a format of strftime; "" if it is not known."""
        return self.mark.waiting.submitted.strftime(form) if self.mark and self.mark.waiting.submitted else ""


def export_sheets(exports: Exports, max_score: float, ids: str = "") -> dict[str, Sheet]:
    """Return the CSV file of each platform.

    ids is the platform whose own ids people have, as in a download from it; "" if their ids are the university's.
    """
    return {platform: build_sheet(platform, exports, max_score, ids == platform) for platform in PLATFORMS}


def build_sheet(platform: str, exports: Exports, max_score: float, own: bool) -> Sheet:
    """Return the CSV file of a platform; with own, people have the platform's ids."""
    columns = partial(PLATFORMS[platform], exports, max_score)
    head: list[list[Cell]] = [[name for name, _ in columns(Entry())]]
    if platform == "Canvas":
        head.append([f"    {POINTS_ROW}", "", "", "", "", max_score])

    def rows(marks: Iterable[Mark], absent: Iterable[Person]) -> Iterator[list[Cell]]:
        # A submission of nobody known has its name as an id.
        people = ((one, mark) for mark in marks for one in mark.waiting.people or (Person(id=mark.waiting.student),))
        for person, mark in chain[tuple[Person, Mark | None]](people, ((person, None) for person in absent)):
            ids = (person.id, "") if own else ("", person.id)
            yield [cell for _, cell in columns(Entry(person.name, person.email, *ids, mark))]

    return Sheet(head, rows)


def gradescope_columns(exports: Exports, max_score: float, entry: Entry) -> Columns:
    """Return the columns of the grades of a course with this one assignment.

    They are those that https://github.com/eldridgejm/gradelib and https://github.com/matthigger/gradescope_mean read.
    """
    first, last = split_name(entry.name)
    lateness = format_duration(entry.mark.late) if entry.mark and entry.mark.late is not None else ""
    return [
        ("First Name", first),
        ("Last Name", last),
        ("SID", entry.platform_id or entry.id),
        ("Email", entry.email),
        ("Sections", ""),
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
    return [
        ("Student", (entry.name or entry.platform_id or entry.id).replace(POINTS_ROW, POINTS_ROW.replace(" ", "-"))),
        ("ID", entry.platform_id),
        ("SIS User ID", entry.id),
        ("SIS Login ID", entry.email),
        ("Section", ""),
        (exports.canvas_id or exports.name, entry.score),
    ]


def moodle_columns(_: Exports, max_score: float, entry: Entry) -> Columns:
    """Return the columns of an offline grading worksheet, which also work for the import of grades.

    The worksheet looks for a person by the Identifier alone, the import by the ID number or the email address:
    mod/assign/feedback/offline/importgradeslib.php of https://github.com/moodle/moodle. Its comments are HTML.
    """
    comments = write_comments(entry.mark) if entry.mark and entry.score is not None else []
    return [
        ("Identifier", f"{PARTICIPANT}{entry.platform_id}" if entry.platform_id else ""),
        ("Full name", entry.name),
        ("ID number", entry.id),
        ("Email address", entry.email),
        ("Status", "Submitted for grading" if entry.mark else "No submission"),
        ("Grade", entry.score),
        ("Maximum Grade", max_score),
        ("Grade can be changed", "Yes"),
        ("Last modified (submission)", entry.format_time("%A, %d %B %Y, %I:%M %p")),
        ("Last modified (grade)", ""),
        ("Feedback comments", html.escape(" ".join(comments), quote=False)),
    ]


def write_comments(mark: Mark) -> list[str]:
    """Return what a person who has a score is told about it."""
    return [*mark.said, write_summary(mark.result), *write_start(mark.result, mark.shown.first_to_fix)]


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
