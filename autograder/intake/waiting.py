"""A submission that was found and not read yet: where it lies, whose it is, and when it came, as far as the export says."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Person:
    """Somebody who handed in, as the platform or the roster names them; what it does not tell is empty. Safe to show."""

    name: str = ""
    email: str = ""
    id: str = ""


@dataclass(frozen=True)
class Waiting:
    """A submission that was found and not read yet.

    student is what it is called in every file and table. It lies at path, below the name `inside` where that is a zip of
    submissions; where an export puts the files of all students side by side, members holds the name of each of its files and
    the name that the student gave it. people are those who handed it in, several for a group. submitted is the time at which
    it came, with its offset from UTC, marked_late whether the platform says that it came late, without a time. superseded are
    the names of earlier hand-ins of the same people, which do not count. full_name is what to call it where two share a name.
    """

    student: str
    path: Path
    inside: str = ""
    members: tuple[tuple[str, str], ...] = ()
    people: tuple[Person, ...] = ()
    submitted: datetime | None = None
    marked_late: bool = False
    superseded: tuple[str, ...] = ()
    full_name: str = ""


@dataclass(frozen=True)
class Found:
    """What was found: its kind ("plain" or the name of a platform), the submissions, and sentences for the TA. Safe to show."""

    kind: str
    waiting: tuple[Waiting, ...]
    remarks: tuple[str, ...] = ()
