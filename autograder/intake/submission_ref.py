"""Where a submission is, whose it is, and when it was submitted, before any of it is read."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Person:
    """A submitter, as the platform or the roster names them; what they don't tell is empty. Safe to show."""

    name: str = ""
    email: str = ""
    id: str = ""


@dataclass(frozen=True)
class SubmissionRef:
    """A submission that was found and has not been read yet.

    student is its name in every file and table. It is at path or, if that is a zip of submissions, at `inside` in it; if the
    files of all students are next to each other, members holds the name of each of its files and the name that the student gave
    it. people are those who submitted it, several for a group. submitted is the time, with its offset from UTC;
    marked_late, whether the platform calls it late without telling a time. superseded are the names of earlier attempts, which
    do not count. full_name is what to call it if two submissions share a name.
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
class Discovery:
    """What was found: its kind ("plain" or the name of a platform), the submissions, and sentences for the TA. Safe to show."""

    kind: str
    submissions: tuple[SubmissionRef, ...]
    remarks: tuple[str, ...] = ()
