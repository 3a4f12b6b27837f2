"""The names in a TA's download, whether it is a folder or still a zip; exports are recognized by names only."""

import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.intake.entries import MAX_ENTRIES, RejectedSubmissionError, UnreadableFileError, is_junk, make_printable
from autograder.intake.folders import Folder, make_entry
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.kinds import is_archive, is_of_course
from autograder.intake.submission_ref import SubmissionRef, name_student
from autograder.intake.zips import MAX_MEMBERS, ClassZip, open_class_zip

TOP = PurePosixPath()
Place = tuple[Path, str, tuple[tuple[str, str], ...]]  # path, inside and members of a submission


class Names:
    """The entries directly in a folder, without junk, sorted by name."""

    def __init__(self, folders: Iterable[str] = (), files: Iterable[str] = ()) -> None:
        self.folders, self.files = sorted(folders), sorted(files)
        self.all = {*self.folders, *self.files}
        self.paths = [*(f"{folder}/" for folder in self.folders), *self.files]

    @property
    def candidates(self) -> list[str]:
        """The entries that would be submissions if this were not an export: everything but files of the course."""
        return sorted(self.all.difference(self.of_course))

    @property
    def containers(self) -> list[str]:
        """The folders and archives, which students submit, whatever other files are next to them."""
        return [*self.folders, *(name for name in self.files if name.lower().endswith(ZIP) or is_archive(name))]

    @property
    def of_course(self) -> list[str]:
        """The files that belong to the course, such as lists and notes."""
        return [name for name in self.files if is_of_course(name)]


@dataclass(frozen=True)
class Tree:
    """A folder on disk, or a zip treated like the folder it would be unpacked into, seen from one of its folders, the top.

    folder is the folder that the TA named, or the parent folder of the zip. Links in it are not followed.
    """

    folder: Folder
    graded: GradedFiles
    zipped: ClassZip | None = None
    top: PurePosixPath = TOP

    @property
    def path(self) -> Path:
        """The path of the folder on disk, or of the zip."""
        return self.zipped.path if self.zipped else self.folder.path

    @property
    def inner(self) -> str:
        """The name of the open zip inside the zip at the path; "" if it is that zip itself, or a folder."""
        return self.zipped.inner if self.zipped else ""

    def at(self, folder: str) -> "Tree":
        """Return the same tree, seen from one of its folders."""
        return replace(self, top=self.top / folder)

    def enter(self, name: str, context: ExitStack) -> "Tree | None":
        """Open a folder or a zip in the tree as a tree, closed with the context; None if it is neither, or unreadable."""
        if name in self.names().folders:
            return self.at(name)
        inside = self.top / name
        if inside.suffix.lower() != ZIP or self.inner:
            return None
        place = PurePosixPath(self.path.relative_to(self.folder.path))
        place, inner = (place, str(inside)) if self.zipped else (place / inside, "")
        try:
            return Tree(self.folder, self.graded, context.enter_context(open_class_zip(self.folder, place, inner)))
        except (RejectedSubmissionError, OSError):
            return None

    def names(self, folder: str = "") -> Names:
        """Return the entries of a folder below the top; none if there is no such folder.

        Raise RejectedSubmissionError or OSError if the top of the tree cannot be listed. If another folder cannot be listed,
        only its own submission is affected, when it is read.
        """
        inside = self.top / folder
        if self.zipped:
            return list_zip_names(self.zipped, inside)
        if not inside.parts:
            return list_disk_names(self.folder, inside, MAX_MEMBERS)
        try:
            return list_disk_names(self.folder, inside, MAX_ENTRIES)
        except (OSError, RejectedSubmissionError):
            return Names()

    def refs(self, names: Iterable[str]) -> Iterator[SubmissionRef]:
        """Yield the entries at the top with these names as submissions, each named after its folder or file."""
        folders = set(self.names().folders)
        for name in names:
            yield SubmissionRef(name_student(name, name in folders), *self.within(name), full_name=name, inner=self.inner)

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file; raise UnreadableFileError, OSError or LookupError if that isn't possible."""
        path = self.top / name
        entry = self.zipped.at(path)[-1] if self.zipped else make_entry(self.folder, path, path)
        if entry.refusal or not entry.regular:
            raise UnreadableFileError(entry.refusal or f"{make_printable(name)} is a link or a device.")
        if entry.size > limit:
            raise UnreadableFileError(f"{make_printable(name)} has {entry.size:,} bytes; at most {limit:,} are read.")
        return entry.read(limit)

    def within(self, folder: str) -> tuple[Path, str]:
        """Return the place of a folder: its path and "" or, in a zip, the path of the zip and the name in it."""
        inside = self.top / folder
        return (self.path, str(inside) if inside.parts else "") if self.zipped else (self.path / inside, "")


def list_disk_names(folder: Folder, inside: PurePosixPath, limit: int) -> Names:
    """Return the entries of a folder on disk, with links as folders; raise RejectedSubmissionError if there are too many."""
    folders: list[str] = []
    files: list[str] = []
    with folder.scan(inside) as listing:
        for count, (name, status) in enumerate(listing):
            if count == limit:
                place = make_printable((folder.path / inside).name)
                raise RejectedSubmissionError(f"{place} holds more than {limit:,} files.")
            if not is_junk(PurePosixPath(name)):
                (folders if stat.S_IFMT(status.st_mode) in (stat.S_IFDIR, stat.S_IFLNK) else files).append(name)
    return Names(folders, files)


def list_zip_names(zipped: ClassZip, inside: PurePosixPath) -> Names:
    """Return the entries of a folder in a zip; links count as files here and are rejected when they are read."""
    depth = len(inside.parts)
    found = [entry.path.parts[depth:] for entry in zipped.below(inside)]
    found += [(name, "") for name in zipped.folders.get(inside.parts, ())]
    found = [parts for parts in found if parts and not is_junk(PurePosixPath(parts[0]))]
    return Names({parts[0] for parts in found if len(parts) > 1}, {parts[0] for parts in found if len(parts) == 1})
