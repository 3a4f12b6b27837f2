"""A platform's own table, given as the roster and given back with the scores in it: nothing else differs, to the byte.

Only what a spreadsheet would run is defused, in columns that the platform does not read when it finds people by its own ids.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from autograder.errors import AutograderError
from autograder.intake.entries import make_printable
from autograder.intake.remarks import list_names
from autograder.intake.roster import Roster, normalize
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.intake.table import Record, Table
from autograder.marks import Mark
from autograder.report.exports import POINTS_ROW, export_sheets, hide_points_row, write_comments
from autograder.report.spreadsheet import FORMULA, Sheet, escape_formula
from autograder.settings import Exports
from autograder.text import format_count, format_number

Columns = tuple[tuple[str, str], ...]

# Columns of Canvas's gradebook that are not assignments, with the name of a grading period or not, as in
# lib/gradebook_importer.rb of https://github.com/instructure/canvas-lms. An assignment's column is its title and its id.
TOTALS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)", re.DOTALL | re.ASCII)
LEFT_ALONE = {"ex": "excused", "n/a": "not assigned"}  # what Canvas writes for a score that nobody should enter
LOCKED = "no"  # what Moodle writes if a grade cannot be changed
NUMBER = re.compile(r"\s*[+-]?\d+([.,]\d+)?\s*", re.ASCII)
NOTHING = "-"  # what Moodle writes for no time

# What Canvas and Moodle say of a person beside the own id that they look for.
CANVAS_TEXTS = ("student", "lastname", "firstname", "sisuserid", "sisloginid", "integrationid", "section")
MOODLE_READS = ("identifier", "grade", "maximumgrade", "lastmodifiedgrade", "feedbackcomments")


def place_others(platform: str) -> str:
    """Return where in OUT those are who are not in the table of a platform."""
    return f"exports/{platform.lower()}_not_on_roster.csv"


OTHERS = tuple(map(place_others, ("Canvas", "Moodle")))


class ExportError(AutograderError):
    """The scores cannot be given back in the table of a platform; the text is a sentence for the TA."""


@dataclass(frozen=True)
class Worksheet:
    """A platform's table as it was given, and the indexes of its columns of own ids, scores, comments and locks.

    texts are those of columns in which a formula is defused. several are the people with more than one submission, and
    has_others says whether there are people with a submission who are not in the table.
    """

    platform: str
    table: Table
    own: int
    score: int
    texts: tuple[int, ...]
    comments: int | None = None
    changeable: int | None = None
    several: frozenset[Columns] = frozenset()
    has_others: bool = False

    @property
    def path(self) -> str:
        """Where in OUT the table is written."""
        return f"exports/{self.platform.lower()}.csv"

    @property
    def others_path(self) -> str:
        """Where in OUT those are who are not in the table."""
        return place_others(self.platform)

    def fill(self, mark: Mark) -> dict[Columns, dict[int, str]]:
        """Return the cells that a mark changes, for each of its people."""
        if mark.score is None:
            return {}
        return {person.columns: self.write_cells(mark.of(person)) for person in mark.waiting.people if person.columns}

    def write_cells(self, mark: Mark) -> dict[int, str]:
        """Return the cells of one person with a score."""
        comments = {} if self.comments is None else {self.comments: escape_formula(write_comments(mark))}
        return {self.score: format_number(mark.score or 0), **comments}

    def lines(self, fillings: Mapping[Columns, Mapping[int, str]]) -> Iterator[str]:
        """Yield the lines of the table with these cells in it, in its own order; who has none keeps what the cells say."""
        yield self.table.mark
        for record in self.table.records:
            columns = self.table.name_cells(record)
            is_left = columns in self.several or self.find_reason(record)
            yield self.table.rewrite(record, self.defuse(record) | dict({} if is_left else fillings.get(columns, {})))

    def find_reason(self, record: Record) -> str:
        """Return why the score of a row is not to be entered; "" if it is."""
        if self.changeable is not None and self.read(record, self.changeable).strip().lower() == LOCKED:
            return "locked"
        return LEFT_ALONE.get(self.read(record, self.score).strip().lower(), "")

    def defuse(self, record: Record) -> dict[int, str]:
        """Return the cells in which a spreadsheet would see a formula, or Canvas its row of points, as texts."""
        cells = {index: self.read(record, index) for index in self.texts}
        safe = {index: escape_formula(cell) for index, cell in cells.items() if is_formula(cell)}
        if self.platform == "Canvas" and POINTS_ROW in cells.get(0, "") and self.read(record, self.own):
            safe[0] = hide_points_row(safe.get(0, cells[0]))
        return safe

    @staticmethod
    def read(record: Record, index: int) -> str:
        """Return a cell of a record, "" if the record is too short."""
        return record.cells[index] if index < len(record.cells) else ""


def keep_others(mark: Mark) -> list[Mark]:
    """Return a mark with those of its people who are not on the roster, nothing if all are."""
    people = mark.waiting.people
    others = tuple(person for person in people if not person.columns)
    return [replace(mark, waiting=replace(mark.waiting, people=others))] if others or not people else []


def place_sheets(exports: Exports, max_score: float, worksheet: Worksheet | None) -> dict[str, Sheet]:
    """Return the sheets of platforms by their places in OUT.

    Where a table is filled in, its sheet is that of the others, with the same column of scores, whose points stay as they are.
    """
    if worksheet and worksheet.platform == "Canvas":
        exports = replace(exports, canvas_id=worksheet.table.header[worksheet.score])
    placed = {f"exports/{platform.lower()}.csv": sheet for platform, sheet in export_sheets(exports, max_score).items()}
    if worksheet:
        sheet = placed.pop(worksheet.path)
        if worksheet.has_others:
            placed[worksheet.others_path] = Sheet(
                sheet.head[:1], lambda marks, _: sheet.rows(chain.from_iterable(map(keep_others, marks)), ())
            )
    return placed


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet would read a cell as a formula; a number or a single dash is not one."""
    return bool(FORMULA.search(cell)) and not NUMBER.fullmatch(cell) and cell.strip() != NOTHING


def open_worksheet(
    roster: Roster, exports: Exports, max_score: float, refs: Sequence[SubmissionRef]
) -> tuple[Worksheet | None, list[str]]:
    """Return the roster as a table to fill, None if it is no such table of a platform, and what to tell the TA about it.

    Raise ExportError if it is unclear which column the scores belong in.
    """
    names = [normalize(column) for column in roster.table.header]
    if roster.platform == "Canvas":
        return open_gradebook(roster, exports, max_score, refs)
    # The importer looks for these: mod/assign/feedback/offline/importgradeslib.php of https://github.com/moodle/moodle.
    if roster.platform != "Moodle" or "lastmodifiedgrade" not in names:
        return None, []
    comments, changeable, most = (
        names.index(name) if name in names else None for name in ("feedbackcomments", "gradecanbechanged", "maximumgrade")
    )
    texts = tuple(index for index, name in enumerate(names) if name not in MOODLE_READS)
    own, score = names.index("identifier"), names.index("grade")
    sheet = Worksheet("Moodle", roster.table, own, score, texts, comments, changeable)
    points = next((sheet.read(record, most) for record in roster.table.rows if most is not None), "")
    without = " It has no column Feedback comments, so it gets grades alone." if comments is None else ""
    said = f"exports/moodle.csv is the roster with the scores in its column Grade.{without}"
    warning = "Moodle passes over what is more"
    return finish(sheet, refs, [said, *compare_points(points, max_score, "The worksheet", warning)])


def open_gradebook(
    roster: Roster, exports: Exports, max_score: float, refs: Sequence[SubmissionRef]
) -> tuple[Worksheet | None, list[str]]:
    """Return Canvas's gradebook as a table to fill and what to tell the TA; raise ExportError if the column is unclear."""
    table = roster.table
    names = [normalize(column) for column in table.header]
    own = names.index("id")
    points_rows = (record for record in table.rows if POINTS_ROW in record.cells[0] and not Worksheet.read(record, own))
    points_row = next(points_rows, Record((), ""))
    columns = [index for index in range(names.index("section") + 1, len(names)) if is_assignment(table.header[index])]
    columns = [index for index in columns if "read only" not in Worksheet.read(points_row, index)]
    if not columns:
        return None, ["The roster has no column of an assignment, so exports/canvas.csv is a table of its own."]
    score, reason = choose_column(table.header, columns, exports)
    texts = tuple(index for index, name in enumerate(names) if name in CANVAS_TEXTS)
    sheet = Worksheet("Canvas", table, own, score, texts)
    column = make_printable(table.header[score])
    said = f"exports/canvas.csv is the roster with the scores in its column {column}, {reason}."
    points = Worksheet.read(points_row, score)
    return finish(sheet, refs, [said, *compare_points(points, max_score, column, "Canvas keeps its own maximum")])


def is_assignment(column: str) -> bool:
    """Return whether a column of Canvas's gradebook is that of an assignment: a title and a number, and no total."""
    return bool(ASSIGNMENT.fullmatch(column)) and not TOTALS.search(column)


def choose_column(header: Sequence[str], columns: Sequence[int], exports: Exports) -> tuple[int, str]:
    """Return which of some columns the scores belong in, and why; raise ExportError if none or several can be meant."""
    parts = {index: ASSIGNMENT.fullmatch(header[index]) for index in columns}
    wanted = ASSIGNMENT.fullmatch(exports.canvas_id)
    if exports.canvas_id:
        found = [index for index, part in parts.items() if header[index] == exports.canvas_id] or [
            index for index, part in parts.items() if part and wanted and part["id"] == wanted["id"]
        ]
        reason, missing = "which canvas_id names", f"none of them is {make_printable(exports.canvas_id)}, which canvas_id names"
    else:
        found = [index for index, part in parts.items() if part and normalize(part["title"]) == normalize(exports.name)]
        reason, missing = "which has the assignment's title", f"none of them is called {make_printable(exports.name)}"
        if not found and len(columns) == 1:
            found, reason = [*columns], "its only assignment"
    if len(found) != 1:
        candidates = ", ".join(make_printable(header[index]) for index in found or columns)
        problem = "each of them may be meant" if found else missing
        raise ExportError(
            f"The roster has columns of these assignments: {candidates}; {problem}. Write the column that the scores belong in "
            "as canvas_id below [exports] in the course file."
        )
    return found[0], reason


def compare_points(points: str, max_score: float, what: str, warning: str) -> list[str]:
    """Return a warning if a platform counts up to other points than the assignment; none if it does not say."""
    if not NUMBER.fullmatch(points) or float(points.replace(",", ".")) == max_score:
        return []
    most = format_count(float(points.replace(",", ".")))
    return [f"{what} counts up to {most}, and the scores here up to {format_number(max_score)}: {warning}."]


def finish(sheet: Worksheet, refs: Sequence[SubmissionRef], remarks: list[str]) -> tuple[Worksheet, list[str]]:
    """Return a table that knows who has several submissions, and remarks with those on whom it does not fill in."""
    people = [person for ref in refs for person in dict.fromkeys(ref.people) if person.columns]
    times = Counter(person.columns for person in people)
    named = {person.columns: person.name or person.id for person in people}
    several = [columns for columns, count in times.items() if count > 1]
    alone: Mapping[str, list[str]] = {reason: [] for reason in ("excused", "not assigned", "locked")}
    for record in sheet.table.rows:
        name, reason = named.get(sheet.table.name_cells(record)), sheet.find_reason(record)
        if name and reason:
            alone[reason].append(name)
    remarks += list_names(
        f"No score for these in {sheet.path}, because each has more than one submission",
        [named[columns] for columns in several],
    )
    others = [
        who.name or who.id or ref.student for ref in refs for who in ref.people or [Person(id=ref.student)] if not who.columns
    ]
    remarks += list_names(f"Not in {sheet.path} but in {sheet.others_path}, because they are not on the roster", others)
    for reason, names in alone.items():
        remarks += list_names(f"Left as they are in {sheet.path}, because they are {reason} there", names)
    return replace(sheet, several=frozenset(several), has_others=bool(others)), remarks
