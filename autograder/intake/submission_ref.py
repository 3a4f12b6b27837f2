"""The place, people and time of a submission, before any of its files are read."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder.intake.entries import make_printable
from autograder.intake.folders import Folder
from autograder.intake.graded_files import ZIP
from autograder.intake.kinds import strip_ending


@dataclass(frozen=True)
class Person:
    """A submitter, as named by the platform or the roster; unknown fields are empty. Everything but columns is safe to show.

    id is the university's id or, if that is unknown, the platform's. platform_ids holds platforms' own ids, each with the
    platform's name. columns are the columns of the person's row in the roster, in order, each with its unchanged cell; known_as
    are the ids and emails among them.
    """

    name: str = ""
    email: str = ""
    id: str = ""
    platform_ids: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    columns: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    known_as: tuple[str, ...] = field(default=(), kw_only=True, compare=False)

    @property
    def office_id(self) -> str:
        """The university's id; "" if it is unknown."""
        return "" if self.id in (self.email, *dict(self.platform_ids).values()) else self.id

    @property
    def keys(self) -> tuple[str, ...]:
        """Every known id and email of the person."""
        return tuple(dict.fromkeys(filter(None, (self.id, self.email, *dict(self.platform_ids).values(), *self.known_as))))

    def get_id(self, platform: str) -> str:
        """Return the platform's own id of the person; "" if it is unknown."""
        return dict(self.platform_ids).get(platform, "")

    def get_cell(self, *names: str) -> str:
        """Return the person's cell in the first column of the roster that has one of these names; "" if there is none."""
        return next((cell for name, cell in self.columns if name.strip() in names), "")


@dataclass(frozen=True)
class SubmissionRef:
    """A submission that was found but not read yet.

    student is its name in every file and table. It is at path or, if that is a zip of submissions, at `inside` in it, or in the
    zip called inner in that zip. If the files of all students are in one folder, members holds the name of each of its files
    and the name that the student gave it. people are the submitters, several for a group. submitted is the time with its offset
    from UTC; marked_late says that the platform calls it late without giving a time. superseded are the names of earlier
    attempts, which do not count. full_name is used if two submissions share a name. folder is the one around the path that the
    TA named, with a record of its listed files; None if only the path is known.
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
    inner: str = ""
    folder: Folder | None = field(default=None, compare=False, repr=False)

    def locate(self) -> tuple[Folder, PurePosixPath]:
        """Return the folder to open the path from, and the path in it."""
        folder = self.folder or Folder(self.path.parent)
        return folder, PurePosixPath(self.path.relative_to(folder.path))


@dataclass(frozen=True)
class Discovery:
    """The submissions found, their kind ("plain" or the name of a platform), and notes for the TA. Safe to show."""

    kind: str
    submissions: tuple[SubmissionRef, ...]
    remarks: tuple[str, ...] = ()


def name_student(name: str, is_folder: bool = False) -> str:
    """Return the student's name: the name of the folder, or of the file without its extension."""
    return shorten(name if is_folder and not name.lower().endswith(ZIP) else strip_ending(name))


def shorten(name: str) -> str:
    """Return a name that is safe to show and short enough to be a file name with an extension."""
    return make_printable(name, 100).encode()[:200].decode(errors="ignore")
