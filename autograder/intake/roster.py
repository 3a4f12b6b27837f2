"""The roster: everyone who should submit, from a table exported by a platform or a registrar's office.

These exports need no changes: Gradescope's roster and grades (First Name, Last Name, SID, Email, Role), Canvas's gradebook
(Student, ID, SIS User ID, SIS Login ID, and a row with the points possible), Moodle's participants (First name, Last name,
Email address, ID number) and grading worksheet (Identifier, Full name), and Blackboard's grade centre (Last Name, First Name,
Username).
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from autograder.intake.entries import fold_name, make_printable
from autograder.intake.find import IntakeError
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.intake.table import Table, UnusableTableError, read_table

# Normalized names of columns. If there are several ids, the first one in this order identifies a person.
NUMBERS = ["sid", "studentid", "studentnumber", "sisuserid", "sisid", "idnumber", "matriculationnumber", "orgdefinedid"]
ACCOUNTS = ["externalid", "id", "userid", "username", "sisloginid", "loginid", "login", "netid", "identifier"]
IDS = [*NUMBERS, *ACCOUNTS]
EMAILS = ["email", "emailaddress", "mail", "studentemail"]
NAMES = ["name", "fullname", "student", "studentname", "displayname"]
FIRST, LAST, ROLE = ["firstname", "givenname"], ["lastname", "surname", "familyname"], ["role", "roles"]
STAFF = [
    "instructor",
    "ta",
    "reader",
    "teacher",
    "noneditingteacher",
    "teachingassistant",
    "manager",
    "coursebuilder",
    "observer",
]
NOBODY = ["pointspossible", "studenttest", "teststudent"]  # rows of Canvas that are not students
OWN_IDS = {"Canvas": "id", "Moodle": "identifier"}  # the column with a platform's own ids in its table
PARTICIPANT = re.compile(r"\D+(\d+)", re.ASCII)  # Moodle's Identifier in any language; folder names contain its number


@dataclass(frozen=True)
class Roster:
    """The people of a course by every id, email and name; None if it belongs to more than one person.

    ids come from any id column; accounts only from columns that may hold a platform's own ids. Names may occur twice or be
    chosen by students, so they are looked up last. groups are the groups of a Moodle team assignment. platform is the one that
    exported the table, "" if unknown; table is the file itself.
    """

    people: tuple[Person, ...]
    ids: dict[str, Person | None]
    accounts: dict[str, Person | None]
    names: dict[str, Person | None]
    groups: dict[str, list[Person]]
    remarks: tuple[str, ...]
    platform: str
    table: Table

    def find_person(self, who: Person) -> Person | None:
        """Return the matching person on the roster; None if there is none, or more than one.

        In a platform's own table, only its own id counts. If the id and the email belong to two people, neither matches. A name
        counts only if there is no email, because platforms that give the email let students choose their names.
        """
        if own := who.get_id(self.platform):
            return self.accounts.get(own)
        found = self.find_by_ids(who)
        if found or who.email:
            return found[0] if len(found) == 1 else None
        keys = [normalize(who.office_id), normalize(who.name)]
        return next((known for key in keys if (known := self.names.get(key))), None)

    def find_by_ids(self, who: Person) -> list[Person]:
        """Return everyone on the roster with one of the person's ids, or with the email.

        A platform's id may equal the university's id of another person, so in other tables it counts only together with the
        name.
        """
        found = [self.ids.get(key) for text in (who.office_id, who.email) for key in spell_id(text)]
        if not self.platform:
            own = [self.accounts.get(text) for _, text in who.platform_ids]
            found += [known for known in own if known and normalize(who.name) in make_name_keys(known)]
        return list(dict.fromkeys(person for person in found if person))

    def match(self, ref: SubmissionRef) -> list[tuple[Person, Person | None]]:
        """Return each submitter as named by the submission, with the matching person on the roster or None."""
        return [pair for who in ref.people or (Person(id=ref.student),) for pair in self.match_person(who)]

    def match_person(self, who: Person) -> list[tuple[Person, Person | None]]:
        """Return a submitter with the matching person on the roster or None; for a group, one pair for each member.

        Moodle names a team submission by the group and the group's id, which may equal the id of some participant.
        """
        if self.groups and who.get_id("Moodle"):
            if members := self.groups.get(normalize(who.name)):
                return [(who, member) for member in members]
            known = self.find_person(who)
            return [(who, known if known and normalize(known.name) in normalize(who.name) else None)]
        return [(who, self.find_person(who))]

    def complete(self, ref: SubmissionRef) -> SubmissionRef:
        """Return the submission with the roster's data about its people; people who are not on it are unchanged."""
        found = self.match(ref)
        people = tuple(merge_people(who, known) if known else who for who, known in found)
        return replace(ref, people=people) if ref.people or found[0][1] else ref

    def list_missing(self, refs: Iterable[SubmissionRef]) -> list[Person]:
        """Return the people on the roster who did not submit, in its order."""
        there = {known for ref in refs for _, known in self.match(ref)}
        return [person for person in self.people if person not in there]

    def list_unknown(self, refs: Iterable[SubmissionRef]) -> list[str]:
        """Return the names of the submitters who are not on the roster."""
        return [who.name or who.email or who.id for one in refs for who, known in self.match(one) if not known]

    def list_repeated(self, refs: Iterable[SubmissionRef]) -> list[Person]:
        """Return the people on the roster who have more than one submission."""
        times = Counter(known for one in refs for _, known in self.match(one) if known)
        return [person for person, count in times.items() if count > 1]

    def format_remarks(self, refs: Sequence[SubmissionRef]) -> tuple[str, ...]:
        """Return notes on people who did not submit, are not on the roster, are ambiguous, or submitted more than once."""
        several, missing = self.list_repeated(refs), self.list_missing(refs)
        torn = [who for one in refs for who, known in self.match(one) if not known and len(self.find_by_ids(who)) > 1]
        return (
            *self.remarks,
            *list_names(f"On the roster, but did not submit ({len(missing)})", map(format_person, missing)),
            *list_names("Submitted, but not on the roster", self.list_unknown(refs)),
            *list_names("Not matched, because the id and the email belong to two different people", map(format_person, torn)),
            *list_names("More than one submission for one person on the roster", map(format_person, several)),
        )


def format_person(person: Person) -> str:
    """Return a person's name and id for a sentence."""
    return f"{person.name} ({person.id})" if person.name and person.id else person.name or person.id or person.email


def merge_people(who: Person, known: Person) -> Person:
    """Return a person's data from the roster, completed with the submission's."""
    number = known.office_id or who.office_id or known.id or who.id
    platform_ids = {**dict(who.platform_ids), **dict(known.platform_ids)}
    return replace(
        known,
        name=known.name or who.name,
        email=known.email or who.email,
        id=number,
        platform_ids=tuple(platform_ids.items()),
    )


def read_roster(path: Path) -> Roster:
    """Return the roster in a CSV file; raise IntakeError if it is unreadable, has no ids or emails, or lists an id twice."""
    try:
        table = read_table(path)
        check_header(table.header)
        return make_roster(table)
    except OSError as error:
        raise IntakeError(f"The roster {path} cannot be read: {error.strerror}.") from error
    except (UnusableTableError, csv.Error) as error:
        raise IntakeError(f"The roster {path} cannot be used: {str(error).rstrip('.')}.") from error


def check_header(header: Sequence[str]) -> None:
    """Raise UnusableTableError if no column identifies people."""
    if not any(normalize(cell) in (*IDS, *EMAILS) for cell in header):
        columns = ", ".join(make_printable(cell) for cell in header[:10]) or "nothing"
        raise UnusableTableError(
            f"its first row ({columns}) has no column with ids or emails, such as SID, Student ID, Username or Email"
        )


@dataclass(frozen=True)
class Row:
    """A row of the roster: the person, each id with its column, and the person's role."""

    person: Person
    ids: tuple[tuple[str, str], ...]
    role: str

    @property
    def is_student(self) -> bool:
        """Whether the row is about a student."""
        is_staff = normalize(self.role) in STAFF or normalize(self.person.name) in NOBODY
        return not is_staff and bool(self.ids or self.person.name)


def read_row(columns: tuple[tuple[str, str], ...], platform: str = "") -> Row:
    """Parse a row of a platform's table, given as pairs of column and cell."""
    cells: dict[str, str] = {}
    for column, cell in columns:
        cells.setdefault(normalize(column), cell.strip())

    def first(names: Iterable[str]) -> str:
        return next(filter(None, map(cells.get, names)), None) or ""

    ids = tuple((column, cells[column]) for column in (*IDS, *EMAILS) if cells.get(column))
    email = next((text for column, text in ids if column in EMAILS or "@" in text), "")
    last, _, given = first(NAMES).partition(",")
    name = f"{given} {last}" if first(NAMES) else f"{first(FIRST)} {first(LAST)}"
    raw = first([OWN_IDS[platform]]) if platform else ""
    *_, own = make_id_keys(OWN_IDS[platform], raw) if raw else [""]
    number = first([*IDS, *EMAILS])
    texts = (name, email, own if number == raw else number, own)
    name, email, number, own = (make_printable(" ".join(text.split()), 100) for text in texts)
    platform_ids = ((platform, own),) if own else ()
    known_as = tuple(make_printable(text, 100) for _, text in ids)
    return Row(Person(name, email, number, platform_ids=platform_ids, columns=columns, known_as=known_as), ids, first(ROLE))


def recognize_platform(header: Sequence[str]) -> str:
    """Return the platform that exports tables with this header and its own ids; "" if there is none.

    Canvas reads these columns in lib/gradebook_importer.rb of https://github.com/instructure/canvas-lms. Moodle writes its
    grading worksheet in mod/assign/gradingtable.php of https://github.com/moodle/moodle.
    """
    names = [normalize(column) for column in header]
    if "id" in names[1:3] and names[0] in ("student", "lastname") and "section" in names:
        return "Canvas"
    return "Moodle" if "identifier" in names and "grade" in names else ""


def make_roster(table: Table) -> Roster:
    """Return the roster in a table; raise UnusableTableError if an id occurs twice in one column."""
    platform = recognize_platform(table.header)
    rows = [row for record in table.rows if (row := read_row(table.name_cells(record), platform)).is_student]
    times = Counter((column, fold_name(text)) for row in rows for column, text in row.ids)
    for (_, text), count in times.items():
        if count > 1:
            raise UnusableTableError(f"it lists {make_printable(text)} {count} times; keep only one row for each person")
    known = [row for row in rows if row.ids]
    nameless = [row.person.name for row in rows if not row.ids]
    keys = [(column, key, row.person) for row in known for column, text in row.ids for key in make_id_keys(column, text)]
    own = [OWN_IDS[platform]] if platform else [*ACCOUNTS]
    groups: dict[str, list[Person]] = defaultdict(list)
    for row in known:
        if platform == "Moodle" and (group := normalize(row.person.get_cell("Group"))):
            groups[group].append(row.person)
    return Roster(
        tuple(row.person for row in known),
        index_people((key, person) for _, key, person in keys),
        index_people((key, person) for column, key, person in keys if column in own),
        index_people((key, row.person) for row in known for key in make_name_keys(row.person)),
        dict(groups),
        tuple(list_names("Skipped on the roster, because their rows have neither id nor email", nameless)),
        platform,
        table,
    )


def index_people(pairs: Iterable[tuple[str, Person]]) -> dict[str, Person | None]:
    """Return the person for each key; None if it belongs to more than one."""
    found: dict[str, Person | None] = {}
    for key, person in pairs:
        found[key] = person if found.get(key, person) == person else None
    return found


def make_id_keys(column: str, text: str) -> Iterator[str]:
    """Yield the spellings of an id: with and without leading zeros, which spreadsheets drop; for Moodle also its number."""
    yield from spell_id(text)
    if column == "identifier" and (found := PARTICIPANT.fullmatch(text)):
        yield found[1]


def spell_id(text: str) -> list[str]:
    """Return the normalized spellings of an id for lookups."""
    key = fold_name(text.strip())
    return [key, key.lstrip("0")] if key.isdecimal() else [key]


def make_name_keys(person: Person) -> set[str]:
    """Return the keys that may name a person's folder: the name, starting at any word, or the email without its domain."""
    words = person.name.split()
    turned = {normalize(" ".join(words[start:] + words[:start])) for start in range(len(words))}
    return (turned | {normalize(person.email.partition("@")[0])}) - {""}


@lru_cache(maxsize=1024)  # the same column names are normalized for every row
def normalize(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return "".join(character for character in fold_name(text) if character.isalnum())
