"""The roster: who should submit, from the table that a platform or a registrar's office exports.

Read as they come are Gradescope's roster and grades (First Name, Last Name, SID, Email, Role), Canvas's gradebook (Student, ID,
SIS User ID, SIS Login ID, and a row with the points possible), Moodle's participants (First name, Last name, Email address, ID
number) and grading worksheet (Identifier, Full name), and Blackboard's grade centre (Last Name, First Name, Username).
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.intake.entries import fold_name, make_printable
from autograder.intake.find import IntakeError
from autograder.intake.folders import open_file
from autograder.intake.remarks import list_names
from autograder.intake.submission_ref import Person, SubmissionRef

MAX_ROSTER = 10_000_000  # bytes
MAX_ROWS = 100_000
SEPARATORS = ",;\t"

# Names of columns, in lower case without anything but letters and digits. Of several ids the first is a person's.
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
PARTICIPANT = re.compile(r"\D+(\d+)", re.ASCII)  # Moodle's Identifier in any language; its number is in the folders' names


class RejectedRosterError(Exception):
    """The roster cannot be used; the text is the end of a sentence for the TA."""


@dataclass(frozen=True)
class Roster:
    """The people of a course, each under every id, email and name; None if it stands for more than one of them.

    ids were given by a platform or an office. Names may occur twice or be chosen by a student, so they are looked up last.
    """

    people: tuple[Person, ...]
    ids: dict[str, Person | None]
    names: dict[str, Person | None]
    remarks: tuple[str, ...] = ()

    def find_person(self, who: Person) -> Person | None:
        """Return the person on the roster who this is; None if there is none, or several.

        A name counts only if there is no email: platforms that tell the email let students choose their names.
        """
        ids = [key for text in (who.id, who.email, who.name) for key in spell_id(text)]
        names = [] if who.email else [normalize(who.id), normalize(who.name)]
        found = [self.ids.get(key) for key in ids] + [self.names.get(key) for key in names]
        return next((person for person in found if person), None)

    def match(self, ref: SubmissionRef) -> list[tuple[Person, Person | None]]:
        """Return each submitter, as the submission names them and as the roster does."""
        return [(who, self.find_person(who)) for who in ref.people or (Person(id=ref.student),)]

    def complete(self, ref: SubmissionRef) -> SubmissionRef:
        """Return the submission with what the roster says of its people, unchanged for those who are not on it."""
        found = self.match(ref)
        people = tuple(merge_people(who, known) if known else who for who, known in found)
        return replace(ref, people=people) if ref.people or found[0][1] else ref

    def list_missing(self, refs: Iterable[SubmissionRef]) -> list[Person]:
        """Return the people on the roster who submitted nothing, in its order."""
        there = {known for ref in refs for _, known in self.match(ref)}
        return [person for person in self.people if person not in there]

    def list_unknown(self, refs: Iterable[SubmissionRef]) -> list[str]:
        """Return the names of the submitters who are not on the roster."""
        return [who.name or who.email or who.id for one in refs for who, known in self.match(one) if not known]

    def format_remarks(self, refs: Sequence[SubmissionRef]) -> tuple[str, ...]:
        """Return remarks: who submitted nothing, who is not on the roster, who has more than one submission."""
        times = Counter(known for one in refs for _, known in self.match(one) if known)
        several = [person for person, count in times.items() if count > 1]
        missing = self.list_missing(refs)
        return (
            *self.remarks,
            *list_names(f"On the roster, but handed in nothing ({len(missing)})", map(format_person, missing)),
            *list_names("Handed in, but not on the roster", self.list_unknown(refs)),
            *list_names("More than one submission for one person on the roster", map(format_person, several)),
        )


def format_person(person: Person) -> str:
    """Return how to refer to a person in a sentence."""
    return f"{person.name} ({person.id})" if person.name and person.id else person.name or person.id or person.email


def merge_people(who: Person, known: Person) -> Person:
    """Return what the roster says of somebody, filled up with what the submission says."""
    return Person(known.name or who.name, known.email or who.email, known.id or who.id)


def read_roster(path: Path) -> Roster:
    """Return the roster in a CSV file; raise IntakeError if it is unreadable, has no ids or emails, or lists an id twice."""
    try:
        header, *rows = read_rows(path) or [[]]
        check_header(header)
        return make_roster([row for cells in rows if (row := read_row(header, cells)).is_student])
    except OSError as error:
        raise IntakeError(f"The roster {path} cannot be read: {error.strerror}.") from error
    except (RejectedRosterError, csv.Error) as error:
        raise IntakeError(f"The roster {path} cannot be used: {str(error).rstrip('.')}.") from error


def read_rows(path: Path) -> list[list[str]]:
    """Return the rows that are not empty; raise RejectedRosterError or csv.Error if the file cannot be used."""
    with open_file(path.resolve()) as file:  # the TA's own link may be followed
        data = file.read(MAX_ROSTER + 1)
    if len(data) > MAX_ROSTER:
        raise RejectedRosterError(f"it has more than {MAX_ROSTER:,} bytes")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise RejectedRosterError(f"its byte {error.start + 1:,} is not valid {name}; save it as CSV in UTF-8") from error
    first = text.lstrip().partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    rows = [row for row in table if any(map(str.strip, row))]
    if len(rows) > MAX_ROWS:
        raise RejectedRosterError(f"it has more than {MAX_ROWS:,} rows")
    return rows


def check_header(header: list[str]) -> None:
    """Raise RejectedRosterError if no column tells people apart."""
    if not any(normalize(cell) in (*IDS, *EMAILS) for cell in header):
        columns = ", ".join(make_printable(cell) for cell in header[:10]) or "nothing"
        raise RejectedRosterError(
            f"its first row ({columns}) names no column of ids or emails, such as SID, Student ID, Username or Email"
        )


@dataclass(frozen=True)
class Row:
    """A row of the roster: the person, each id with its column, and the person's role."""

    person: Person
    ids: tuple[tuple[str, str], ...]
    role: str

    @property
    def is_student(self) -> bool:
        """Whether the row is that of a student."""
        is_staff = normalize(self.role) in STAFF or normalize(self.person.name) in NOBODY
        return not is_staff and bool(self.ids or self.person.name)


def read_row(header: list[str], row: list[str]) -> Row:
    """Return what a row says, by the names of the columns."""
    cells: dict[str, str] = {}
    for column, cell in zip(header, row, strict=False):
        cells.setdefault(normalize(column), cell.strip())

    def first(columns: Iterable[str]) -> str:
        return next(filter(None, map(cells.get, columns)), None) or ""

    ids = tuple((column, cells[column]) for column in (*IDS, *EMAILS) if cells.get(column))
    email = next((text for column, text in ids if column in EMAILS or "@" in text), "")
    last, _, given = first(NAMES).partition(",")
    name = f"{given} {last}" if first(NAMES) else f"{first(FIRST)} {first(LAST)}"
    person = Person(*(make_printable(" ".join(text.split()), 100) for text in (name, email, first([*IDS, *EMAILS]))))
    return Row(person, ids, first(ROLE))


def make_roster(rows: Sequence[Row]) -> Roster:
    """Return the roster of these rows; raise RejectedRosterError if an id is twice in one column."""
    times = Counter((column, fold_name(text)) for row in rows for column, text in row.ids)
    for (_, text), count in times.items():
        if count > 1:
            raise RejectedRosterError(f"it lists {make_printable(text)} {count} times; leave one row for each person")
    known = [row for row in rows if row.ids]
    nameless = [row.person.name for row in rows if not row.ids]
    return Roster(
        tuple(row.person for row in known),
        index_people((key, row.person) for row in known for column, text in row.ids for key in make_id_keys(column, text)),
        index_people((key, row.person) for row in known for key in make_name_keys(row.person)),
        tuple(list_names("Left out of the roster, for their rows have neither id nor email", nameless)),
    )


def index_people(pairs: Iterable[tuple[str, Person]]) -> dict[str, Person | None]:
    """Return the person whom each key means; None if it means more than one."""
    found: dict[str, Person | None] = {}
    for key, person in pairs:
        found[key] = person if found.get(key, person) == person else None
    return found


def make_id_keys(column: str, text: str) -> Iterator[str]:
    """Yield the ways to write an id: with and without leading zeros, which spreadsheets drop; Moodle's also as a number."""
    yield from spell_id(text)
    if column == "identifier" and (found := PARTICIPANT.fullmatch(text)):
        yield found[1]


def spell_id(text: str) -> list[str]:
    """Return an id as it is looked up."""
    key = fold_name(text.strip())
    return [key, key.lstrip("0")] if key.isdecimal() else [key]


def make_name_keys(person: Person) -> set[str]:
    """Return what somebody's folder may be called: the name, from any word on, or the email without its domain."""
    words = person.name.split()
    turned = {normalize(" ".join(words[start:] + words[:start])) for start in range(len(words))}
    return (turned | {normalize(person.email.partition("@")[0])}) - {""}


def normalize(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return "".join(character for character in fold_name(text) if character.isalnum())
