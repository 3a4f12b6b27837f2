"""Files on disk: no link is followed, no pipe is waited for, and nothing is read beyond a limit."""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.intake.entries import (
    MAX_DEPTH,
    MAX_ENTRIES,
    Entry,
    RejectedSubmissionError,
    UnreadableFileError,
    is_junk,
    make_printable,
)

# Not every system has all of these. A pipe that nobody writes to would be waited for without O_NONBLOCK.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


def open_file(path: Path) -> BinaryIO:
    """Open the regular file at a path; raise OSError if it is anything else."""
    if stat.S_ISREG(path.lstat().st_mode):  # to open a device may already do something
        file = os.fdopen(os.open(path, FLAGS), "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise OSError(0, "it is a link or a device")


def make_entry(path: Path, name: PurePosixPath) -> Entry:
    """Return the entry of a file on disk; raise OSError if it is gone."""
    status = path.lstat()

    def read(limit: int) -> bytes:
        try:
            with open_file(path) as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise UnreadableFileError(f"{make_printable(name.name)} cannot be read: {error.strerror}.") from error
        if len(data) > limit:
            raise UnreadableFileError(f"{make_printable(name.name)} has more than {limit:,} bytes.")
        return data

    return Entry(name, status.st_size, status.st_size, read, stat.S_ISREG(status.st_mode))


def list_folder(folder: Path) -> list[Entry]:
    """Return the files in a folder, down to the allowed depth; links, and folders below it, are listed and not looked into."""
    entries, pending, count = [], [PurePosixPath()], 0
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(folder / inside) as listing:
                for found in listing:
                    path = inside / found.name
                    count += 1
                    if count > MAX_ENTRIES:
                        raise RejectedSubmissionError(f"The folder holds more than {MAX_ENTRIES:,} files.")
                    if found.is_dir(follow_symlinks=False) and len(path.parts) <= MAX_DEPTH:
                        pending += [] if is_junk(path) else [path]
                    else:
                        entries.append(make_entry(Path(found.path), path))
        except OSError as error:
            raise RejectedSubmissionError(f"The folder {make_printable(inside)} cannot be read: {error.strerror}.") from error
    return sorted(entries, key=lambda entry: entry.path)
