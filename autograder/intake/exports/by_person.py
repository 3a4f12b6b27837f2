"""The layouts of platforms with a folder for each person: Brightspace, Sakai and ILIAS."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from autograder.intake.exports.layout import (
    Item,
    Layout,
    Row,
    Scan,
    compile_patterns,
    keep_newest,
    make_label,
    read_text,
    scan_below,
    select_newest,
)
from autograder.intake.exports.times import UTC, parse_time
from autograder.intake.exports.tree import Names, Tree
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Person

TIMESTAMP = "timestamp.txt"  # of Sakai and nbgrader
MAX_TIMESTAMP = 1_000  # bytes
UNTIMED = f"The {TIMESTAMP} of these submissions holds no valid time, so it is unknown whether they were late"

# Brightspace's (D2L's) "Download" of an assignment: <user>-<assignment> - <name> - <time> as a folder or, in older versions,
# before the name of each file, with an index.html next to them. The time is in the time zone of the course, such as "Sep 24,
# 2024 926 PM" or "24 September 2024 926 PM". Each attempt of a person has a folder or prefix of its own. D2L does not document
# the format. Sources: the readers at https://github.com/TunaLobster/Python-Dump (files) and
# https://github.com/chase1971/D2L-Assignment-Assistant (folders).

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY = r"(?:[^\W\d_]{3,12}\.? \d{1,2},|\d{1,2}\.? [^\W\d_]{3,12}\.?,?) \d{4},? \d{1,2}:?\d\d(?: [AaPp]\.?[Mm]\.?)?"
BRIGHTSPACE_NAME = rf"(?P<id>\d+)-\d+ - (?P<name>.+?) - (?P<time>{DAY})(?: - (?P<given>[^/]+)|/)"


def parse_brightspace_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the time in the name of a submission; None if it is invalid, or if its month is not in English."""
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold().replace(".", ""))
    half = words.pop() if words[-1:] in (["am"], ["pm"]) else ""
    month = next((number for number, name in enumerate(MONTHS, 1) for word in words if word.startswith(name)), 0)
    numbers = [word for word in words if word.isdecimal()]
    if not month or len(numbers) < 3:
        return None
    clock = "".join(numbers[2:]).zfill(4)
    hour = int(clock[:2]) % 12 + 12 * (half == "pm") if half else int(clock[:2])
    return parse_time(f"{numbers[1]}-{month:02}-{int(numbers[0]):02} {hour:02}:{clock[2:]}:00", zone)


def describe_brightspace(_tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Return notes on times that cannot be read, and on names that several people share."""
    unread = {row.ref.student for row in rows if not row.ref.submitted}
    ids: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        ids[row.items[0].name].add(row.items[0].id)
    return [
        *list_names("The times of these submissions cannot be read, so every attempt has a row", unread),
        *list_names(
            "These names occur with more than one number, and get a row for each",
            (name for name, numbers in ids.items() if len(numbers) > 1),
        ),
    ]


BRIGHTSPACE = Layout(
    "Brightspace",
    compile_patterns(BRIGHTSPACE_NAME),
    superseded="the newest submission counts",
    select=select_newest(parse_brightspace_time),
    parse_time=parse_brightspace_time,
    describe=describe_brightspace,
)

# Sakai's "Download All" of an assignment: <title>/<sort name>(<eid>)/ with timestamp.txt, the student's files in the folder
# "Submission attachment(s)" and the teacher's next to it or, without folders, the files of all students as
# <sort name>(<eid>)_Submission attachment(s)_<name>. A group is a list with semicolons; anonymous submissions have an id
# instead of a name. Sakai exports the last submission. Source: zipSubmissions in
# https://github.com/sakaiproject/sakai/blob/master/assignment/impl/src/java/org/sakaiproject/assignment/impl/AssignmentServiceImpl.java

ATTACHMENTS, SAKAI_FEEDBACK = "Submission attachment(s)", "Feedback"
SAKAI_PERSON = re.compile(r" *(?P<name>[^;()]*,[^;()]*)\((?P<id>[^()]+)\)")
SAKAI_NAME = r"(?P<name>(?:[^/()]*,[^/()]*\([^/()]+\)(?:; )?)+|[0-9a-f]{8}-[0-9a-f-]{27} [^/()]+?)"
SAKAI_NAMES = (
    SAKAI_NAME + "/",
    rf"{SAKAI_NAME}_(?:{re.escape(ATTACHMENTS)}_(?P<given>[^/]+)|(?P<aside>_?(?:submissionText|feedbackText|comments)[^/]*|_.+))",
)
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})", re.ASCII)


def scan_sakai(layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return the folder with each student's own files, or the files; None without a timestamp or such a folder."""
    scan = scan_below(layout, tree, assignment)
    if not scan:
        return None
    found = {item.path: scan.tree.names(item.path) for item in scan.items if item.is_folder}
    if found and not any(TIMESTAMP in names.files or ATTACHMENTS in names.folders for names in found.values()):
        return None
    items = [own for item in scan.items for own in (list_own(item, found[item.path]) if item.is_folder else [item])]
    return replace(scan, items=items)


def list_own(item: Item, names: Names) -> list[Item]:
    """Return the items in a person's folder that the student submitted, without the teacher's feedback."""
    folders = [name for name in names.folders if not name.startswith(SAKAI_FEEDBACK)]
    if ATTACHMENTS in folders or len(folders) == 1:  # its name is in the language of the teacher's account
        return [replace(item, path=f"{item.path}{ATTACHMENTS if ATTACHMENTS in folders else folders[0]}/")]
    files = [replace(item, path=item.path + name, given=name) for name in names.files]
    return [item] if folders or not files else files


def describe_sakai(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Add the people and the time (in UTC) of each submission to its row; return a note on invalid times."""
    unread = []
    for row in rows:
        item = row.items[0]
        people = tuple(Person(make_label(one["name"]), id=make_label(one["id"])) for one in SAKAI_PERSON.finditer(item.name))
        text = read_text(tree, f"{item.name}/{TIMESTAMP}", MAX_TIMESTAMP)
        student = "+".join(person.id for person in people) or row.ref.student
        time = parse_time(COMPACT.sub(r"\1-\2-\3 \4:\5:\6.\7", text.strip()), UTC)
        row.ref = replace(row.ref, student=student, people=people or row.ref.people, submitted=time)
        if text and not time:
            unread.append(student)
    return list_names(UNTIMED, unread)


SAKAI = Layout("Sakai", compile_patterns(*SAKAI_NAMES), scan=scan_sakai, describe=describe_sakai)

# ILIAS's "Download All Submissions" of an exercise: <title>/Submissions/<last name>_<first name>_<login>_<user id>/<file>. The
# folder Submissions is named in the language of the teacher, and teams have a folder "Team <id>" around those of their members.
# A file with a name that the student submitted before is called "x (2).py", and a late one "Late Submission - x.py".
# Feedback_files are reviews by other students. Sources: Modules/Exercise/classes/class.ilExSubmission.php
# (downloadAllAssignmentFiles) and BackgroundTasks/class.ilExerciseManagementCollectFilesJob.php in
# https://github.com/ILIAS-eLearning/ILIAS/tree/release_8.

ILIAS_NAMES = (
    r"(?P<name>(?P<display>[^/_\d]+_[^/_\d]+)_(?P<id>[^/]+)_\d{2,})/",
    r"(?P<name>Team (?P<id>\d+))/",
)
ILIAS_FILE = re.compile(
    r"(?P<late>(?:Late Submission|Verspaetete Abgabe) - )?(?P<stem>.+?)(?: \((?P<number>\d+)\))?(?P<ending>(?:\.[^.]*)?)",
    re.DOTALL,
)


def scan_ilias(layout: Layout, tree: Tree, assignment: str) -> Scan | None:
    """Return every file of a student or a team, and the folders of students without files."""
    scan = scan_below(layout, tree, assignment)
    if not scan:
        return None
    members = {
        item.path: [member for path in scan.tree.names(item.path).paths if (member := layout.parse(path))]
        for item in scan.items
    }
    if not any(item.display or members[item.path] for item in scan.items):
        return None
    items = [own for item in scan.items for own in list_files(scan.tree, item, members[item.path])]
    return replace(scan, items=items)


def list_files(tree: Tree, item: Item, members: Sequence[Item]) -> list[Item]:
    """Return the files of a student or a team; the folder itself if it has no files, or also other folders."""
    places = [item.path, *(item.path + member.path for member in members)]
    names = {place: tree.names(place) for place in places}
    found = [(place, ILIAS_FILE.fullmatch(name)) for place in places for name in names[place].files]
    own = [
        replace(
            item,
            path=place + said[0],
            given=said["stem"] + said["ending"],
            number=said["number"] or "1",
            late=said["late"] or "",
        )
        for place, said in found
        if said
    ]
    others = sum(len(names[place].folders) for place in places) - len(members)
    return own if own and not others else [item]


def describe_ilias(tree: Tree, _zone: tzinfo, rows: list[Row]) -> list[str]:
    """Add the people to the rows: the folder's person, or the members of the team."""
    for row in rows:
        item = row.items[0]
        folders = [item] if item.display else [found for path in tree.names(item.name).paths if (found := ILIAS.parse(path))]
        people = [Person(" ".join(reversed(make_label(one.display).split("_"))), id=make_label(one.id)) for one in folders]
        student = "+".join(person.id for person in people) or item.name
        row.ref = replace(row.ref, student=student, people=tuple(people), full_name=make_label(item.name))
    return []


ILIAS = Layout(
    "ILIAS",
    compile_patterns(*ILIAS_NAMES),
    superseded="for files with the same name, the newest counts",
    scan=scan_ilias,
    select=lambda items, _: keep_newest(items),
    describe=describe_ilias,
)
