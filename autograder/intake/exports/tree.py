"""The names of what a TA holds, level by level, whether it is a folder or still the zip: the exports look at nothing else."""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from autograder.intake.entries import MOST_ENTRIES, Entry, Refused, Spoilt, is_junk, shown
from autograder.intake.folders import entry_of_file
from autograder.intake.read import GRADED, SOURCE, ZIP
from autograder.intake.zips import MOST_MEMBERS

DEEP = 6  # levels of a zip that are looked at: a top folder, submitted, student, assignment and two more
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


class Tree(ABC):
    """A folder, or a zip as the folder it would be unpacked into."""

    @abstractmethod
    def names(self, folder: str = "") -> Names:
        """What lies in a folder below the top; nothing where there is none. Refused if it is too much at the top."""

    @abstractmethod
    def take(self, name: str, most: int) -> bytes:
        """The bytes of a file below the top; Spoilt if they cannot be read or are more than so many."""

    @abstractmethod
    def at(self, folder: str) -> "Tree":
        """The same, seen from one of its folders."""

    @abstractmethod
    def within(self, folder: str) -> tuple[Path, str]:
        """Where a folder lies: its path or, in a zip, the path of the zip and the name in it."""

    def submission(self, folder: str) -> Place:
        """Path, inside and members of the submission in a folder, which may hold a single zip instead of the graded files."""
        names = self.names(folder)
        zips = [name for name in names.files if name.lower().endswith(ZIP)]
        if len(zips) == 1 and not names.folders and not GRADED.intersection(names.files):
            return *self.within(""), ((f"{folder}/{zips[0]}", zips[0]),)
        return *self.within(folder), ()


@dataclass(frozen=True)
class FolderTree(Tree):
    """A folder on disk. The folder itself may be a link of the TA; links in it are not followed."""

    path: Path
    is_whole: bool = True

    def names(self, folder: str = "") -> Names:
        """What lies in a folder below the top. What is wrong with one costs its own submission, when it is read."""
        if self.is_whole and not folder:
            return listed(self.path, MOST_MEMBERS)
        try:
            return listed(self.path / folder, MOST_ENTRIES) if is_folder(self.path / folder) else Names()
        except (OSError, Refused):
            return Names()

    def take(self, name: str, most: int) -> bytes:
        """The bytes of a file below the top."""
        entry = entry_of_file(self.path / name, PurePosixPath(name))
        if entry.size > most:
            raise Spoilt(f"{shown(name)} has {entry.size:,} bytes; at most {most:,} are read.")
        return entry.take(most)

    def at(self, folder: str) -> "FolderTree":
        """The same, seen from one of its folders."""
        return FolderTree(self.path / folder, is_whole=False)

    def within(self, folder: str) -> tuple[Path, str]:
        """The path of a folder."""
        return self.path / folder, ""


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one; OSError if there is nothing."""
    return stat.S_ISDIR(path.lstat().st_mode)


def listed(place: Path, most: int) -> Names:
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


@dataclass
class Level:
    """One folder of a zip."""

    folders: set[str] = field(default_factory=set)
    files: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class ZipTree(Tree):
    """A zip whose table of contents was read, as long as it is open."""

    path: Path
    levels: dict[PurePosixPath, Level]
    top: PurePosixPath = TOP

    def names(self, folder: str = "") -> Names:
        """What lies in a folder below the top. A link in a zip is a file until it is read."""
        level = self.levels.get(self.top / folder, Level())
        return Names(tuple(sorted(level.folders)), tuple(sorted(level.files)))

    def take(self, name: str, most: int) -> bytes:
        """The bytes of a file below the top."""
        path = self.top / name
        entry = self.levels[path.parent].files[path.name]
        if entry.refusal or not entry.regular:
            raise Spoilt(entry.refusal or f"{shown(name)} is a link or a device.")
        if entry.size > most:
            raise Spoilt(f"{shown(name)} has {entry.size:,} bytes; at most {most:,} are read.")
        return entry.take(most)

    def at(self, folder: str) -> "ZipTree":
        """The same, seen from one of its folders."""
        return replace(self, top=self.top / folder)

    def within(self, folder: str) -> tuple[Path, str]:
        """The path of the zip and the name of a folder in it, empty for the zip itself."""
        inside = self.top / folder
        return self.path, str(inside) if inside.parts else ""


def levels_of(entries: Iterable[Entry]) -> dict[PurePosixPath, Level]:
    """The folders of a zip, as deep as they are looked at."""
    levels = {TOP: Level()}
    for entry in entries:
        if is_junk(entry.path):
            continue
        folder, parts = TOP, entry.path.parts
        for part in parts[: min(len(parts) - 1, DEEP)]:
            levels[folder].folders.add(part)
            folder /= part
            levels.setdefault(folder, Level())
        if len(parts) <= DEEP:
            levels[folder].files[parts[-1]] = entry
    return levels
