"""The layouts of all recognized exports. To support another platform, add a row to LAYOUTS."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from autograder.intake.entries import RejectedSubmissionError, UnreadableFileError, make_printable
from autograder.intake.exports.by_person import BRIGHTSPACE, ILIAS, MAX_TIMESTAMP, SAKAI, TIMESTAMP, UNTIMED
from autograder.intake.exports.layout import (
    Item,
    Layout,
    Row,
    Scan,
    compile_patterns,
    keep_newest,
    make_label,
    read_text,
    scan_top,
    select_newest,
)
from autograder.intake.exports.times import UTC, parse_time
from autograder.intake.exports.tree import Tree
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Person

# Gradescope's "Export Submissions": submission_metadata.yml and a folder submission_<id> for each active submission. Written
# by Ruby: the times have an offset, and `:history:` lists the other attempts of the same people, without their files.
# Gradescope does not document the format; this is the one of exports from 2023.

METADATA = "submission_metadata.yml"
MAX_METADATA = 100_000_000  # bytes


def scan_gradescope(_layout: Layout, tree: Tree, _assignment: str) -> Scan | None:
    """Return every folder, if the metadata file exists."""
    names = tree.names()
    if METADATA not in names.files:
        return None
    return Scan(tree, [Item(f"{folder}/", id=folder) for folder in names.folders], set(names.files) - {METADATA})


def describe_gradescope(tree: Tree, zone: tzinfo, rows: list[Row]) -> list[str]:
    """Add the metadata to the rows; return notes on missing folders. Raise RejectedSubmissionError if it is unreadable."""
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
        *list_names(f"Graded under their own names, because they are not in {METADATA}", folders - people.keys()),
        *list_names(
            f"Not graded, because these submissions in {METADATA} have no folder",
            (f"{folder} ({', '.join(names) or 'no name'})" for folder, names in absent.items()),
        ),
    ]


def make_people(submitters: Iterable[Mapping[str, str]]) -> tuple[Person, ...]:
    """Return the people named in the metadata."""
    people = (Person(*(make_printable(who.get(key, ""), 100) for key in ("name", "email", "sid"))) for who in submitters)
    return tuple(person for person in people if person != Person())


# Moodle's "Download all submissions": <full name>_<id>_assignsubmission_file/… or, in one folder, …_assignsubmission_file_….
# In older versions, the folder's name ends with an underscore. A group has its name and id, or no id; online texts are next to
# the files in …_assignsubmission_onlinetext. The times in the zip are download times, so submission times are unknown. Sources:
# Moodle's mod/assign/classes/downloader.php and files/classes/local/archive_writer/zip_writer.php.

MOODLE = r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_(?:file|(?P<aside>[a-z]+))(?:_(?P<given>[^/]*))?/?"

# Blackboard's "Assignment File Download": <assignment>_<username>_attempt_<time>_<name>, and a summary …_attempt_<time>.txt
# with the first line `Name: Ada Lovelace (ada)`. The time is the server's, without an offset. Sources: the sample in nbgrader's
# zipcollect, and the readers at https://github.com/vangef/BBGradebookOrganiser and
# https://github.com/jeroendoggen/blackboard-analysis-tools.

BLACKBOARD = r"(?P<name>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<given>[^/]+)|\.txt)"
SUMMARY = re.compile(r"\ufeff?Name: *(?P<name>.*?) *\((?P<username>[^()\r\n]+)\) *\r?(?:\n|$)")
MAX_SUMMARY = 1_000_000  # bytes


def describe_blackboard(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Find the usernames in the names; return a note if there are several assignments."""
    assignments = set()
    for row in rows:
        person = find_person(tree, row.items)
        assignments.add(row.items[0].name.removesuffix(f"_{person.id}"))
        row.ref = replace(row.ref, student=make_label(person.id), people=(person,))
    return list_names("Several assignments, with a row for each attempt", assignments if len(assignments) > 1 else ())


def find_person(tree: Tree, items: Sequence[Item]) -> Person:
    """Return the person who made an attempt: from the summary if it agrees with the names, or else from their last word."""
    stem = items[0].name
    for item in items:
        found = None if item.given else SUMMARY.match(read_text(tree, item.path, MAX_SUMMARY))
        if found and f"_{stem}".endswith(f"_{found['username']}"):
            return Person(make_printable(found["name"], 100), id=make_printable(found["username"], 100))
    return Person(id=make_printable(stem.rpartition("_")[2], 100))


# Canvas's "Download Submissions": <sortable name>[_LATE]_<user id>_<file id>_<name> for every file, all in one folder. The name
# is in lower case without spaces and commas; anonymous assignments have [LATE_]anon_<id> instead of name and id; a text entry
# or a link is <sortable name>[_LATE]_<user id>_text.html or _link.html. Canvas adds -1, -2, … to the name of a file that the
# student submitted before. Source: Canvas's lib/content_zipper.rb.

CANVAS_FILE = r"_(?:(?P<number>\d+)_)?(?P<given>(?(number)[^/]+|(?:text|link)\.html))"
CANVAS = (
    r"(?P<late>LATE_)?(?P<display>(?P<name>anon)_(?P<id>\w+?))" + CANVAS_FILE,
    r"(?P<name>[^\s.]+?)(?P<late>_LATE)?_(?P<id>\d+)" + CANVAS_FILE,
)
AGAIN = re.compile(r"(?P<stem>.+)-\d+(?P<ending>\.[^.]+)", re.DOTALL | re.ASCII)


def scan_canvas(layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return the files, if the numbers in their names are Canvas's, which do not repeat, unlike dates, for example."""
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
    remark = "These Canvas users have files under more than one name, and get a row for each"
    return replace(scan, remarks=list_names(remark, several)) if is_canvas else None


def select_newest_files(items: list[Item], graded: GradedFiles) -> list[Item]:
    """Return the newest file for each name, under its original name."""
    return keep_newest(replace(item, given=strip_counter(item.given, graded)) for item in items)


def strip_counter(given: str, graded: GradedFiles) -> str:
    """Return the original name of a graded file or a zip, without Canvas's counter."""
    found = AGAIN.fullmatch(given)
    original = found["stem"] + found["ending"] if found else given
    return original if graded.any_in([original]) or PurePosixPath(original).suffix.lower() == ZIP else given


# An nbgrader course: submitted/<student>/<assignment>/… with a timestamp.txt in each, as written by `nbgrader collect`. As in
# nbgrader (nbgrader.utils.parse_utc), a time without a zone is in UTC.

SUBMITTED = "submitted"
COURSE = frozenset({"nbgrader_config.py", "gradebook.db", "source", "release", "autograded", "feedback"})


def scan_nbgrader(_layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return the folders of one assignment, by default the only one or the only one with a graded file.

    Return None if this is not a course, or if no one submitted the assignment. Raise RejectedSubmissionError if the choice is
    unclear.
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
        *list_names(f"Only {make_printable(chosen)} is graded; other assignments here", known - {chosen}),
        *list_names(f"Submitted other assignments, but not {make_printable(chosen)}", set(students) - set(having)),
    ]
    items = [Item(f"{student}/{chosen}/", id=student) for student in having]
    return Scan(submitted, items, submitted.names().files, remarks)


def choose_assignment(assignments: Sequence[str], place: Path) -> str:
    """Return the only assignment; raise RejectedSubmissionError if there is none or more than one."""
    if not assignments:
        raise RejectedSubmissionError("This is an nbgrader course without submissions: run nbgrader collect first.")
    if len(assignments) > 1:
        raise RejectedSubmissionError(
            f"This is an nbgrader course with several assignments ({', '.join(map(make_printable, assignments[:10]))}). "
            f'Name one, with a * for the students: SUBMISSIONS="{place}/*/{make_printable(assignments[0])}".'
        )
    return assignments[0]


def describe_nbgrader(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Add the time in each submission's timestamp to its row; return a note on invalid times."""
    unread = []
    for row in rows:
        folder = row.items[0].path
        row.ref = replace(row.ref, submitted=parse_time(read_text(tree, folder + TIMESTAMP, MAX_TIMESTAMP), UTC))
        if not row.ref.submitted and TIMESTAMP in tree.names(folder).all:
            unread.append(row.items[0].id)
    return list_names(UNTIMED, unread)


NBGRADER = Layout("nbgrader", scan=scan_nbgrader, describe=describe_nbgrader)

# The most specific first: a metadata file, words that no other platform uses, numbers, and last the tree that looks most like a
# plain folder.
LAYOUTS = (
    Layout(
        "Gradescope", superseded="Gradescope exports only the active one", scan=scan_gradescope, describe=describe_gradescope
    ),
    Layout("Moodle", compile_patterns(MOODLE)),
    Layout(
        "Blackboard",
        compile_patterns(BLACKBOARD),
        superseded="the newest attempt counts",
        select=select_newest(parse_time),
        describe=describe_blackboard,
    ),
    BRIGHTSPACE,
    SAKAI,
    Layout(
        "Canvas",
        compile_patterns(*CANVAS),
        superseded="for files with the same name, the newest counts",
        scan=scan_canvas,
        select=select_newest_files,
    ),
    ILIAS,
    NBGRADER,
)
