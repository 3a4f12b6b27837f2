"""The names of what a TA holds, level by level, whether it is a folder or still the zip: the exports look at nothing else."""

import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from autograder.intake.entries import MOST_ENTRIES, Entry, Refused, Spoilt, is_junk, shown
from autograder.intake.folders import entry_of_file
from autograder.intake.read import GRADED, SOURCE, ZIP
from autograder.intake.zips import MOST_MEMBERS, ClassZip

TOP = PurePosixPath()
Place = tuple[Path, str, tuple[tuple[str, str], ...]]  # path, inside and members of a submission


@dataclass(frozen=True)
class Names:
    """What lies directly in a folder, without junk, in the order of the names. A link is a folder with nothing in it."""

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def candidates(self) -> list[str]:
        """What would be a submission if this were no export."""
        return sorted({*self.folders, *(name for name in self.files if is_packed(name))})


def is_packed(name: str) -> bool:
    """Whether a file may be a submission by itself."""
    return PurePosixPath(name).suffix.lower() in (ZIP, SOURCE)


@dataclass(frozen=True)
class Tree(ABC):
    """A folder, or a zip as the folder it would be unpacked into, seen from one of its folders: the top."""

    path: Path
    top: PurePosixPath = field(default=TOP, kw_only=True)

    @abstractmethod
    def names(self, folder: str = "") -> Names:
        """Return what is in a folder below the top, nothing if there is no such folder; raise Refused if it is the whole
        tree and holds too much.
        """

    @abstractmethod
    def entry(self, name: str) -> Entry:
        """Return a file below the top."""

    @abstractmethod
    def within(self, folder: str) -> tuple[Path, str]:
        """Return where a folder is: its path and nothing or, in a zip, the path of the zip and the name in it."""

    def at(self, folder: str) -> "Tree":
        """Return the same tree, seen from one of its folders."""
        return replace(self, top=self.top / folder)

    def take(self, name: str, most: int) -> bytes:
        """Return the bytes of a file below the top; raise Spoilt if they cannot be read or are too many."""
        entry = self.entry(name)
        if entry.refusal or not entry.regular:
            raise Spoilt(entry.refusal or f"{shown(name)} is a link or a device.")
        if entry.size > most:
            raise Spoilt(f"{shown(name)} has {entry.size:,} bytes; at most {most:,} are read.")
        return entry.take(most)

    def submission(self, folder: str) -> Place:
        """Return the place of the submission in a folder, which may hold a single zip instead of the graded files."""
        names = self.names(folder)
        zips = [name for name in names.files if name.lower().endswith(ZIP)]
        if len(zips) == 1 and not names.folders and not GRADED.intersection(names.files):
            return *self.within(""), ((f"{folder}/{zips[0]}", zips[0]),)
        return *self.within(folder), ()


@dataclass(frozen=True)
class FolderTree(Tree):
    """A folder on disk. The folder itself may be a link of the TA; links in it are not followed."""

    def names(self, folder: str = "") -> Names:
        """Return what is in a folder. What is wrong with one inside costs its own submission, when it is read."""
        place = self.path / self.top / folder
        if place == self.path:
            return list_folder(place, MOST_MEMBERS)
        try:
            return list_folder(place, MOST_ENTRIES) if is_folder(place) else Names()
        except (OSError, Refused):
            return Names()

    def entry(self, name: str) -> Entry:
        """Return a file on disk."""
        return entry_of_file(self.path / self.top / name, PurePosixPath(name))

    def within(self, folder: str) -> tuple[Path, str]:
        """Return the path of a folder."""
        return self.path / self.top / folder, ""


@dataclass(frozen=True)
class ZipTree(Tree):
    """An open zip of submissions."""

    zipped: ClassZip

    def names(self, folder: str = "") -> Names:
        """Return what is in a folder. A link in a zip is a file until it is read."""
        inside = self.top / folder
        below = [e.path.parts[len(inside.parts) :] for e in self.zipped.below(inside) if not is_junk(e.path)]
        folders = {parts[0] for parts in below if len(parts) > 1}
        files = {parts[0] for parts in below if len(parts) == 1}
        return Names(tuple(sorted(folders)), tuple(sorted(files)))

    def entry(self, name: str) -> Entry:
        """Return a file in the zip, the last of that name."""
        return self.zipped.at(self.top / name)[-1]

    def within(self, folder: str) -> tuple[Path, str]:
        """Return the path of the zip and the name of a folder in it, empty for the zip itself."""
        inside = self.top / folder
        return self.path, str(inside) if inside.parts else ""


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one; OSError if there is nothing."""
    return stat.S_ISDIR(path.lstat().st_mode)


def list_folder(place: Path, most: int) -> Names:
    """What lies in a folder on disk; Refused if it is more than so much."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(place) as listing:
        for count, found in enumerate(listing):
            if count == most:
                raise Refused(f"{shown(place.name)} holds more than {most:,} files.")
            kind = folders if found.is_symlink() or found.is_dir() else files
            if not is_junk(PurePosixPath(found.name)):
                kind.append(found.name)
    return Names(tuple(sorted(folders)), tuple(sorted(files)))
