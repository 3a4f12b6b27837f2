"""The layouts of the exports that are recognized. A platform more is a row more in LAYOUTS."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from autograder.intake.entries import RejectedSubmissionError, SubmissionError, UnreadableFileError, make_printable
from autograder.intake.exports.layout import Item, Layout, Row, Scan, make_label, scan_top
from autograder.intake.exports.times import UTC, parse_time
from autograder.intake.exports.tree import Tree
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Person


def compile_patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a layout, in which a dot is any character and only ASCII digits are digits."""
    return tuple(re.compile(pattern, re.DOTALL | re.ASCII) for pattern in patterns)


def read_text(tree: Tree, name: str, limit: int) -> str:
    """Return the text of a file in an export; nothing if it cannot be read."""
    try:
        return tree.read(name, limit).decode("utf-8", "replace")
    except (SubmissionError, OSError, LookupError):
        return ""


# Gradescope's "Export Submissions": submission_metadata.yml and a folder submission_<id> for each active submission. Written
# by Ruby: the times have an offset, and the other attempts of the same people are in `:history:`, without their files.
# Gradescope documents none of it; the form is that of exports of 2023.

METADATA = "submission_metadata.yml"
MAX_METADATA = 100_000_000  # bytes


def scan_gradescope(_layout: Layout, tree: Tree, _assignment: str) -> Scan | None:
    """Return every folder, if the metadata is there."""
    names = tree.names()
    if METADATA not in names.files:
        return None
    return Scan(tree, [Item(f"{folder}/", id=folder) for folder in names.folders], set(names.files) - {METADATA})


def describe_gradescope(tree: Tree, zone: tzinfo, rows: list[Row]) -> list[str]:
    """Put the metadata into the rows; remark on other folders in it. Raise RejectedSubmissionError if it is unreadable."""
    from autograder.intake.exports.metadata import Metadata, read_metadata  # needs PyYAML, which platforms' packages lack

    try:
        metadata = read_metadata(tree.read(METADATA, MAX_METADATA))
    except UnreadableFileError as problem:
        raise RejectedSubmissionError(str(problem)) from problem
    people = {folder: make_people(said.people.values()) for folder, said in metadata.items()}
    folders = {row.items[0].id for row in rows}
    for row in rows:
        folder = row.items[0].id
        said, known = metadata.get(folder, Metadata()), people.get(folder, ())
        row.ref = replace(
            row.ref,
            student="+".join(filter(None, (make_label(person.id or person.email) for person in known))) or folder,
            people=known,
            submitted=parse_time(said.created_at, zone),
            superseded=tuple(f"submission_{make_printable(old)}" for old in said.history),
        )
    absent = {
        folder: [person.name or person.email or person.id for person in people[folder]] for folder in people.keys() - folders
    }
    return [
        *list_names(f"In {METADATA} is nothing about these folders, graded under their own names", folders - people.keys()),
        *list_names(
            f"{METADATA} names submissions that have no folder here and so get no marks",
            (f"{folder} ({', '.join(names) or 'nobody named'})" for folder, names in absent.items()),
        ),
    ]


def make_people(submitters: Iterable[Mapping[str, str]]) -> tuple[Person, ...]:
    """Return the people whom the metadata names."""
    people = (Person(*(make_printable(who.get(key, ""), 100) for key in ("name", "email", "sid"))) for who in submitters)
    return tuple(person for person in people if person != Person())


# Moodle's "Download all submissions": <full name>_<id>_assignsubmission_file/… or, in one folder, …_assignsubmission_file_….
# Older versions end the folder with an underscore. A group has its name and id, or no id; online texts are next to the files
# under …_assignsubmission_onlinetext. The times in the zip are those of the download, so none is known. The sources are
# Moodle's mod/assign/classes/downloader.php and files/classes/local/archive_writer/zip_writer.php.

MOODLE = r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_(?:file|(?P<aside>[a-z]+))(?:_(?P<given>[^/]*))?/?"

# Blackboard's "Assignment File Download": <assignment>_<username>_attempt_<time>_<name>, and a summary …_attempt_<time>.txt
# whose first line is `Name: Ada Lovelace (ada)`. The time is that of the server, without an offset. The form is that of the
# sample in nbgrader's zipcollect and of the readers at https://github.com/vangef/BBGradebookOrganiser and
# https://github.com/jeroendoggen/blackboard-analysis-tools.

BLACKBOARD = r"(?P<name>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<given>[^/]+)|\.txt)"
SUMMARY = re.compile(r"\ufeff?Name: *(?P<name>.*?) *\((?P<username>[^()\r\n]+)\) *\r?(?:\n|$)")
MAX_SUMMARY = 1_000_000  # bytes


def select_newest_attempt(items: list[Item], _graded: GradedFiles) -> list[Item]:
    """Return the items of the newest attempt."""
    newest = max(item.time for item in items)
    return [item for item in items if item.time == newest]


def describe_blackboard(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Find out where in the names the usernames begin; remark on the assignments if there are several."""
    assignments = set()
    for row in rows:
        person = find_person(tree, row.items)
        assignments.add(row.items[0].name.removesuffix(f"_{person.id}"))
        row.ref = replace(row.ref, student=make_label(person.id), people=(person,))
    return list_names("Of these assignments are the hand-ins, each with a row", assignments if len(assignments) > 1 else ())


def find_person(tree: Tree, items: Sequence[Item]) -> Person:
    """Return who made an attempt: by the summary if the names agree with it, or else the last word of these."""
    stem = items[0].name
    for item in items:
        found = None if item.given else SUMMARY.match(read_text(tree, item.path, MAX_SUMMARY))
        if found and f"_{stem}".endswith(f"_{found['username']}"):
            return Person(make_printable(found["name"], 100), id=make_printable(found["username"], 100))
    return Person(id=make_printable(stem.rpartition("_")[2], 100))


# Canvas's "Download Submissions": <sortable name>[_LATE]_<user id>_<file id>_<name> for every file, all next to each other.
# The name is in small letters without spaces and commas; anonymous assignments have [LATE_]anon_<id> instead of name and id;
# an entry of text or a link is <sortable name>[_LATE]_<user id>_text.html or _link.html. Canvas adds -1, -2, … to the name of
# a file that the student submitted before. The source is Canvas's lib/content_zipper.rb.

CANVAS_FILE = r"_(?:(?P<number>\d+)_)?(?P<given>(?(number)[^/]+|(?:text|link)\.html))"
CANVAS = (
    r"(?P<late>LATE_)?(?P<display>(?P<name>anon)_(?P<id>\w+?))" + CANVAS_FILE,
    r"(?P<name>[^\s.]+?)(?P<late>_LATE)?_(?P<id>\d+)" + CANVAS_FILE,
)
AGAIN = re.compile(r"(?P<stem>.+)-\d+(?P<ending>\.[^.]+)", re.DOTALL | re.ASCII)


def scan_canvas(layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return the files, if the numbers in their names are Canvas's: others, such as dates, repeat where Canvas's do not."""
    scan = scan_top(layout, tree, assignment)
    if not scan:
        return None
    names: dict[str, set[str]] = defaultdict(set)
    for item in scan.items:
        names[item.id].add(item.name)
    numbers = [item.number for item in scan.items if item.number]
    several = [user for user, called in names.items() if len(called) > 1]
    is_graded = tree.graded.any_in(strip_counter(item.given, tree.graded) for item in scan.items)
    is_canvas = (
        len(set(numbers)) >= 0.9 * len(numbers)
        and len(several) <= 0.5 * len(names)
        and (is_graded or len(set.union(*names.values())) >= max(2, 0.5 * len(names)))
    )
    remark = "These Canvas users have files under more than one name, and a row for each"
    return replace(scan, remarks=list_names(remark, several)) if is_canvas else None


def select_newest_files(items: list[Item], graded: GradedFiles) -> list[Item]:
    """Return the newest of the files of each name, under the name that it had first."""
    newest = {}
    for item in sorted(items, key=lambda item: (int(item.number[:30] or "0"), item.path)):
        newest[strip_counter(item.given, graded)] = item
    return [replace(item, given=given) for given, item in sorted(newest.items())]


def strip_counter(given: str, graded: GradedFiles) -> str:
    """Return the name under which a graded file or a zip was submitted first."""
    found = AGAIN.fullmatch(given)
    original = found["stem"] + found["ending"] if found else given
    return original if graded.any_in([original]) or PurePosixPath(original).suffix.lower() == ZIP else given


# A course of nbgrader: submitted/<student>/<assignment>/… with a timestamp.txt in each, as `nbgrader collect` leaves it. A
# time without a zone is in UTC, as nbgrader reads it (nbgrader.utils.parse_utc).

SUBMITTED = "submitted"
COURSE = frozenset({"nbgrader_config.py", "gradebook.db", "source", "release", "autograded", "feedback"})
TIMESTAMP = "timestamp.txt"
MAX_TIMESTAMP = 1_000  # bytes


def scan_nbgrader(_layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return the folders of one assignment, by default the only one or the only one that has a graded file.

    None if this is not a course, or nobody submitted the assignment. Raise RejectedSubmissionError if the choice is unclear.
    """
    names = tree.names()
    is_course = SUBMITTED in names.folders and bool(COURSE & names.all)
    submitted = tree.at(SUBMITTED) if is_course else tree
    students = submitted.names().folders
    folders = [(student, name) for student in students for name in submitted.names(student).folders]
    files = {folder: submitted.names("/".join(folder)).files for folder in folders}
    timed = {student for (student, _), held in files.items() if TIMESTAMP in held}
    known = {name for _, name in folders}
    if assignment not in known if assignment else not is_course and 2 * len(timed) <= len(names.candidates):
        return None
    graded = {name for (_, name), held in files.items() if tree.graded.any_in(held)}
    chosen = assignment or choose_assignment(sorted(graded or known), tree.within("")[0])
    having = [student for student, name in folders if name == chosen]
    remarks = [
        *list_names(f"Graded is {make_printable(chosen)}; other assignments here", known - {chosen}),
        *list_names(f"Students who handed in something, but no {make_printable(chosen)}", set(students) - set(having)),
    ]
    items = [Item(f"{student}/{chosen}/", id=student) for student in having]
    return Scan(submitted, items, submitted.names().files, remarks)


def choose_assignment(assignments: Sequence[str], place: Path) -> str:
    """Return the only assignment; raise RejectedSubmissionError if there is none or more than one."""
    if not assignments:
        raise RejectedSubmissionError("This is a course of nbgrader, and nothing was collected: run nbgrader collect first.")
    if len(assignments) > 1:
        raise RejectedSubmissionError(
            f"This is a course of nbgrader with several assignments ({', '.join(map(make_printable, assignments[:10]))}); "
            f'name one below a * for the students: SUBMISSIONS="{place}/*/{make_printable(assignments[0])}".'
        )
    return assignments[0]


def describe_nbgrader(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Put the time in each submission's timestamp into its row."""
    for row in rows:
        text = read_text(tree, row.items[0].path + TIMESTAMP, MAX_TIMESTAMP)
        row.ref = replace(row.ref, submitted=parse_time(text, UTC))
    return []


NBGRADER = Layout("nbgrader", scan=scan_nbgrader, describe=describe_nbgrader)

# In this order: a file of its own, words that nobody else uses, numbers, and last the tree that looks most like a plain folder.
LAYOUTS = (
    Layout("Gradescope", superseded="Gradescope exports the active one", scan=scan_gradescope, describe=describe_gradescope),
    Layout("Moodle", compile_patterns(MOODLE), aside="Online texts are not looked at; these handed in nothing else"),
    Layout(
        "Blackboard",
        compile_patterns(BLACKBOARD),
        superseded="the newest attempt counts",
        select=select_newest_attempt,
        describe=describe_blackboard,
    ),
    Layout(
        "Canvas",
        compile_patterns(*CANVAS),
        superseded="of files of one name, the newest counts",
        scan=scan_canvas,
        select=select_newest_files,
    ),
    NBGRADER,
)
