"""The roster: who should have handed in, from the table that a platform or a registrar's office exports.

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

from autograder.intake.entries import Refused, folded, shown
from autograder.intake.find import IntakeError
from autograder.intake.folders import open_file
from autograder.intake.remarks import list_names
from autograder.intake.waiting import Person, Waiting

MOST_ROSTER = 10_000_000  # bytes
MOST_ROWS = 100_000
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


@dataclass(frozen=True)
class Roster:
    """The people of a course, each under every id, email and name; None for what is said of more than one.

    ids are what a platform or an office gave, names what may come twice or be chosen by a student: they are looked at last.
    """

    people: tuple[Person, ...]
    ids: dict[str, Person | None]
    names: dict[str, Person | None]
    remarks: tuple[str, ...] = ()

    def person(self, who: Person) -> Person | None:
        """The one on the roster who somebody is; None if there is none, or several.

        A name is believed only where there is no email: a platform that tells it lets students choose how they are called.
        """
        ids = [key for text in (who.id, who.email, who.name) for key in spelled(text)]
        names = [] if who.email else [loose(who.id), loose(who.name)]
        found = [self.ids.get(key) for key in ids] + [self.names.get(key) for key in names]
        return next((person for person in found if person), None)

    def match(self, waiting: Waiting) -> list[tuple[Person, Person | None]]:
        """Each of those who handed in, as the submission names them and as the roster does."""
        return [(who, self.person(who)) for who in waiting.people or (Person(id=waiting.student),)]

    def named(self, waiting: Waiting) -> Waiting:
        """The submission with what the roster says of its people; who is not on it stays as the submission names them."""
        found = self.match(waiting)
        people = tuple(merged(who, known) if known else who for who, known in found)
        return replace(waiting, people=people) if waiting.people or found[0][1] else waiting

    def missing(self, waitings: Iterable[Waiting]) -> list[Person]:
        """Those on the roster who handed in nothing, in its order."""
        there = {known for waiting in waitings for _, known in self.match(waiting)}
        return [person for person in self.people if person not in there]

    def strangers(self, waitings: Iterable[Waiting]) -> list[str]:
        """The names of those who handed in and are not on the roster."""
        return [who.name or who.email or who.id for one in waitings for who, known in self.match(one) if not known]

    def told(self, waitings: Sequence[Waiting]) -> tuple[str, ...]:
        """Sentences for the TA: who handed in nothing, who is not on the roster, who has more than one submission."""
        times = Counter(known for one in waitings for _, known in self.match(one) if known)
        several = [person for person, count in times.items() if count > 1]
        missing = self.missing(waitings)
        return (
            *self.remarks,
            *list_names(f"On the roster, but handed in nothing ({len(missing)})", map(called, missing)),
            *list_names("Handed in, but not on the roster", self.strangers(waitings)),
            *list_names("More than one submission for one person on the roster", map(called, several)),
        )


def called(person: Person) -> str:
    """A person in a sentence."""
    return f"{person.name} ({person.id})" if person.name and person.id else person.name or person.id or person.email


def merged(who: Person, known: Person) -> Person:
    """What the roster says of somebody and, where it says nothing, the submission."""
    return Person(known.name or who.name, known.email or who.email, known.id or who.id)


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file; IntakeError if it cannot be read, has no column of ids or emails, or lists an id twice."""
    try:
        header, *rows = rows_of(path) or [[]]
        check_header(header)
        return make_roster([row for cells in rows if (row := read_row(header, cells)).is_student])
    except OSError as error:
        raise IntakeError(f"The roster {path} cannot be read: {error.strerror}.") from error
    except (Refused, csv.Error) as error:
        raise IntakeError(f"The roster {path} cannot be used: {str(error).rstrip('.')}.") from error


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a CSV file that are not empty; Refused if it is too large or no text, csv.Error if it is no table."""
    with open_file(path.resolve()) as file:  # the TA's own link may be followed
        data = file.read(MOST_ROSTER + 1)
    if len(data) > MOST_ROSTER:
        raise Refused(f"it has more than {MOST_ROSTER:,} bytes")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise Refused(f"its byte {error.start + 1:,} is not valid {name}; save it as CSV in UTF-8") from error
    first = text.lstrip().partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    rows = [row for row in table if any(map(str.strip, row))]
    if len(rows) > MOST_ROWS:
        raise Refused(f"it has more than {MOST_ROWS:,} rows")
    return rows


def check_header(header: list[str]) -> None:
    """Refused if no column tells people apart."""
    if not any(loose(cell) in (*IDS, *EMAILS) for cell in header):
        columns = ", ".join(shown(cell) for cell in header[:10]) or "nothing"
        raise Refused(f"its first row ({columns}) names no column of ids or emails, such as SID, Student ID, Username or Email")


@dataclass(frozen=True)
class Row:
    """A row of the roster: the person, each id with its column, and the person's role."""

    person: Person
    ids: tuple[tuple[str, str], ...]
    role: str

    @property
    def is_student(self) -> bool:
        """Whether the row is that of a student."""
        is_staff = loose(self.role) in STAFF or loose(self.person.name) in NOBODY
        return not is_staff and bool(self.ids or self.person.name)


def read_row(header: list[str], row: list[str]) -> Row:
    """Return what a row says, by the names of the columns."""
    cells: dict[str, str] = {}
    for column, cell in zip(header, row, strict=False):
        cells.setdefault(loose(column), cell.strip())

    def first(columns: Iterable[str]) -> str:
        return next(filter(None, map(cells.get, columns)), None) or ""

    ids = tuple((column, cells[column]) for column in (*IDS, *EMAILS) if cells.get(column))
    email = next((text for column, text in ids if column in EMAILS or "@" in text), "")
    last, _, given = first(NAMES).partition(",")
    name = f"{given} {last}" if first(NAMES) else f"{first(FIRST)} {first(LAST)}"
    person = Person(*(shown(" ".join(text.split()), 100) for text in (name, email, first([*IDS, *EMAILS]))))
    return Row(person, ids, first(ROLE))


def make_roster(rows: Sequence[Row]) -> Roster:
    """Return the roster of these rows; raise Refused if an id is twice in one column."""
    times = Counter((column, folded(text)) for row in rows for column, text in row.ids)
    for (_, text), count in times.items():
        if count > 1:
            raise Refused(f"it lists {shown(text)} {count} times; leave one row for each person")
    known = [row for row in rows if row.ids]
    nameless = [row.person.name for row in rows if not row.ids]
    return Roster(
        tuple(row.person for row in known),
        index((key, row.person) for row in known for column, text in row.ids for key in keys_of(column, text)),
        index((key, row.person) for row in known for key in names_of(row.person)),
        tuple(list_names("Left out of the roster, for their rows have neither id nor email", nameless)),
    )


def index(pairs: Iterable[tuple[str, Person]]) -> dict[str, Person | None]:
    """The person whom each key means; None where it means more than one."""
    found: dict[str, Person | None] = {}
    for key, person in pairs:
        found[key] = person if found.get(key, person) == person else None
    return found


def keys_of(column: str, text: str) -> Iterator[str]:
    """The ways to write an id: as it is, and without the zeros that a spreadsheet takes away; Moodle's also as a number."""
    yield from spelled(text)
    if column == "identifier" and (found := PARTICIPANT.fullmatch(text)):
        yield found[1]


def spelled(text: str) -> list[str]:
    """An id as it is looked up."""
    key = folded(text.strip())
    return [key, key.lstrip("0")] if key.isdecimal() else [key]


def names_of(person: Person) -> set[str]:
    """What a folder of somebody may be called: the name, from whichever word on, or the beginning of the email."""
    words = person.name.split()
    turned = {loose(" ".join(words[start:] + words[:start])) for start in range(len(words))}
    return (turned | {loose(person.email.partition("@")[0])}) - {""}


def loose(text: str) -> str:
    """The letters and digits of a text, as small letters."""
    return "".join(character for character in folded(text) if character.isalnum())
