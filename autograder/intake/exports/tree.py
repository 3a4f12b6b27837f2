"""The names of what a TA downloaded, whether it is a folder or still the zip: exports are recognized by nothing else."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.intake.entries import MAX_ENTRIES, RejectedSubmissionError, UnreadableFileError, is_junk, make_printable
from autograder.intake.folders import make_entry
from autograder.intake.graded_files import SOURCE, ZIP, GradedFiles
from autograder.intake.zips import MAX_MEMBERS, ClassZip

TOP = PurePosixPath()
Place = tuple[Path, str, tuple[tuple[str, str], ...]]  # path, inside and members of a submission


class Names:
    """What is directly in a folder, without junk, in the order of the names."""

    def __init__(self, folders: Iterable[str] = (), files: Iterable[str] = ()) -> None:
        self.folders, self.files = sorted(folders), sorted(files)
        self.all = {*self.folders, *self.files}
        self.paths = [*(f"{folder}/" for folder in self.folders), *self.files]

    @property
    def candidates(self) -> list[str]:
        """What would be a submission if this were not an export."""
        return sorted({*self.folders, *filter(is_packed, self.files)})


def is_packed(name: str) -> bool:
    """Return whether a file may be a submission by itself."""
    return PurePosixPath(name).suffix.lower() in (ZIP, SOURCE)


@dataclass(frozen=True)
class Tree:
    """A folder on disk, or a zip as the folder it would be unpacked into, seen from one of its folders: the top.

    The folder itself may be a link of the TA; links in it are not followed.
    """

    path: Path
    graded: GradedFiles
    zipped: ClassZip | None = None
    top: PurePosixPath = TOP

    def at(self, folder: str) -> "Tree":
        """Return the same tree, seen from one of its folders."""
        return replace(self, top=self.top / folder)

    def names(self, folder: str = "") -> Names:
        """Return what is in a folder below the top, nothing if there is no such folder.

        Raise RejectedSubmissionError or OSError if the whole tree cannot be listed. A folder in it that cannot be listed costs
        only its own submission, when that is read.
        """
        inside = self.top / folder
        if self.zipped:
            return list_zip_names(self.zipped, inside)
        if not inside.parts:
            return list_disk_names(self.path, MAX_MEMBERS)
        try:
            place = self.path / inside
            return Names() if place.is_symlink() else list_disk_names(place, MAX_ENTRIES)
        except (OSError, RejectedSubmissionError):
            return Names()

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file; raise UnreadableFileError, OSError or LookupError if that isn't possible."""
        path = self.top / name
        entry = self.zipped.at(path)[-1] if self.zipped else make_entry(self.path / path, path)
        if entry.refusal or not entry.regular:
            raise UnreadableFileError(entry.refusal or f"{make_printable(name)} is a link or a device.")
        if entry.size > limit:
            raise UnreadableFileError(f"{make_printable(name)} has {entry.size:,} bytes; at most {limit:,} are read.")
        return entry.read(limit)

    def within(self, folder: str) -> tuple[Path, str]:
        """Return where a folder is: its path and nothing or, in a zip, the path of the zip and the name in it."""
        inside = self.top / folder
        return (self.path, str(inside) if inside.parts else "") if self.zipped else (self.path / inside, "")


def list_disk_names(place: Path, limit: int) -> Names:
    """Return what is in a folder on disk, a link as an empty folder; raise RejectedSubmissionError if it holds too much."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(place) as listing:
        for count, found in enumerate(listing):
            if count == limit:
                raise RejectedSubmissionError(f"{make_printable(place.name)} holds more than {limit:,} files.")
            if not is_junk(PurePosixPath(found.name)):
                (folders if found.is_symlink() or found.is_dir() else files).append(found.name)
    return Names(folders, files)


def list_zip_names(zipped: ClassZip, inside: PurePosixPath) -> Names:
    """Return what is in a folder of a zip, in which a link is a file until it is read."""
    depth = len(inside.parts)
    found = [entry.path.parts[depth:] for entry in zipped.below(inside) if not is_junk(entry.path)]
    return Names({parts[0] for parts in found if len(parts) > 1}, {parts[0] for parts in found if len(parts) == 1})
