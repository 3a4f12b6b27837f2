"""Files on a disk, opened so that nothing is followed, nothing is waited for, and nothing is read beyond a bound."""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.intake.entries import DEEPEST, MOST_ENTRIES, Entry, Refused, Spoilt, is_junk, shown

# Not every system has all of these. A pipe that nobody writes to would be waited for without O_NONBLOCK.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


def open_file(path: Path) -> BinaryIO:
    """The regular file at a path, open; OSError if it is anything else."""
    if stat.S_ISREG(path.lstat().st_mode):  # to open a device may already do something
        file = os.fdopen(os.open(path, FLAGS), "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise OSError(0, "it is a link or a device")


def entry_of_file(path: Path, name: PurePosixPath) -> Entry:
    """A file on disk; OSError if it is gone."""
    status = path.lstat()

    def take(most: int) -> bytes:
        try:
            with open_file(path) as file:
                data = file.read(most + 1)
        except OSError as error:
            raise Spoilt(f"{shown(name.name)} cannot be read: {error.strerror}.") from error
        if len(data) > most:
            raise Spoilt(f"{shown(name.name)} has more than {most:,} bytes.")
        return data

    return Entry(name, status.st_size, status.st_size, take, stat.S_ISREG(status.st_mode))


def entries_of_folder(folder: Path) -> list[Entry]:
    """The files in a folder as deep as they may lie; links are named and not followed."""
    entries, waiting, count = [], [PurePosixPath()], 0
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(folder / inside) as listing:
                for found in listing:
                    path = inside / found.name
                    count += 1
                    if count > MOST_ENTRIES:
                        raise Refused(f"The folder holds more than {MOST_ENTRIES:,} files.")
                    if not found.is_dir(follow_symlinks=False):
                        entries.append(entry_of_file(Path(found.path), path))
                    elif len(path.parts) <= DEEPEST and not is_junk(path):
                        waiting.append(path)
        except OSError as error:
            raise Refused(f"The folder {shown(inside)} cannot be read: {error.strerror}.") from error
    return sorted(entries, key=lambda entry: entry.path)
