"""Read files on disk safely: never follow a link, wait for a pipe, or read a file other than the one that was listed."""

import os
import stat
from collections import ChainMap
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
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

# Not every system has all of these. Without O_NONBLOCK, opening a pipe without a writer would wait forever.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
LISTED = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
PASSED = LISTED | getattr(os, "O_PATH", 0)  # for parent folders, which we may not have permission to list
TOP = str(PurePosixPath())
HAS_DESCRIPTORS = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd  # Windows has none
Identity = tuple[int, int, int]  # device, inode, kind


class ChangedError(RejectedSubmissionError):
    """A file or folder is no longer the one that was listed."""


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder that the TA named, which may be a link; links below it are not followed.

    Everything in it is opened relative to this folder, one level at a time by descriptor (openat(2)), so that no parent folder
    can be swapped for a link. Methods raise ChangedError if a file or folder is not the one that was first seen at its path.
    Systems without such descriptors use paths instead, and follow links in them.
    """

    path: Path
    seen: ChainMap[str, Identity] = field(default_factory=ChainMap)

    def fork(self) -> "Folder":
        """Return the same folder with a separate record of the files it sees, which is freed together with it."""
        return Folder(self.path, self.seen.new_child())

    def status(self, inside: PurePosixPath) -> os.stat_result:
        """Return the status of a file or folder; raise OSError if it does not exist."""
        with self.reach(inside) as (name, around):
            return self.check(str(inside), os.stat(name, dir_fd=around, follow_symlinks=not inside.parts))

    def open_file(self, inside: PurePosixPath) -> BinaryIO:
        """Open a regular file; raise OSError if it is anything else."""
        with self.reach(inside) as (name, around):
            file = open_file(name, around)
            try:
                self.check(str(inside), os.fstat(file.fileno()))
            except ChangedError:
                file.close()
                raise
            return file

    @contextmanager
    def scan(self, inside: PurePosixPath) -> Iterator[Iterator[tuple[str, os.stat_result]]]:
        """Open a folder and yield the name and the status of everything in it; raise OSError if it cannot be listed."""
        with self.reach(inside) as (name, around), ExitStack() as stack:
            if HAS_DESCRIPTORS:
                descriptor = self.enter(str(inside), name, around, LISTED)
                stack.callback(os.close, descriptor)
                yield self.list_status(inside, stack.enter_context(os.scandir(descriptor)))
            else:
                self.check(str(inside), os.stat(name, follow_symlinks=not inside.parts))
                yield self.list_status(inside, stack.enter_context(os.scandir(name)))

    def list_status(self, inside: PurePosixPath, listing: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the name and the status of each entry of a folder that still exists."""
        way = f"{inside}/" if inside.parts else ""
        for found in listing:
            try:  # on Windows, the inode is not in the listing
                status = found.stat(follow_symlinks=False) if HAS_DESCRIPTORS else os.lstat(found.path)
            except FileNotFoundError:
                continue
            self.seen.setdefault(way + found.name, identify(status))
            yield found.name, status

    @contextmanager
    def reach(self, inside: PurePosixPath) -> Iterator[tuple[str | Path, int | None]]:
        """Yield the name of a file or folder and a descriptor of the folder it is in, or its path and None."""
        name: str | Path = self.path
        around, place = None, TOP
        with ExitStack() as stack:
            if not HAS_DESCRIPTORS:
                name, place = self.path / inside, str(inside)
            else:
                for part in inside.parts:
                    around = self.enter(place, name, around, PASSED)
                    stack.callback(os.close, around)
                    name, place = part, part if place == TOP else f"{place}/{part}"
            try:
                yield name, around
            except OSError:
                self.check_again(place, name, around)
                raise

    def enter(self, place: str, name: str | Path, around: int | None, flags: int) -> int:
        """Return a descriptor of a folder; raise OSError if it is anything else."""
        try:
            descriptor = os.open(name, flags | (0 if place == TOP else os.O_NOFOLLOW), dir_fd=around)
        except OSError:
            self.check_again(place, name, around)
            raise
        try:
            self.check(place, os.fstat(descriptor))
        except ChangedError:
            os.close(descriptor)
            raise
        return descriptor

    def check(self, place: str, status: os.stat_result) -> os.stat_result:
        """Return the status of a file or folder; raise ChangedError if it is not the one that was first seen there."""
        if self.seen.setdefault(place, identify(status)) != identify(status):
            raise self.changed(place)
        return status

    def check_again(self, place: str, name: str | Path, around: int | None) -> None:
        """After a failed open, raise ChangedError if the file or folder was replaced or deleted."""
        try:
            self.check(place, os.stat(name, dir_fd=around, follow_symlinks=place == TOP))
        except FileNotFoundError:
            if place in self.seen:
                raise self.changed(place) from None

    def changed(self, place: str) -> ChangedError:
        """Return the error for a file or folder that was replaced."""
        name = make_printable(self.path.name if place == TOP else place)
        return ChangedError(f"{name} was changed while it was being read; run again.")


def identify(status: os.stat_result) -> Identity:
    """Return the identity of a file or folder, with its kind, because an inode may be reused after deletion."""
    return status.st_dev, status.st_ino, stat.S_IFMT(status.st_mode)


def open_file(path: str | Path, around: int | None = None) -> BinaryIO:
    """Open the regular file at a path, or of this name in the folder of a descriptor; raise OSError if it is anything else."""
    if stat.S_ISREG(os.stat(path, dir_fd=around, follow_symlinks=False).st_mode):  # opening a device can have side effects
        file = os.fdopen(os.open(path, FLAGS, dir_fd=around), "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise OSError(0, "it is a link or a device")


def make_entry(folder: Folder, inside: PurePosixPath, name: PurePosixPath, status: os.stat_result | None = None) -> Entry:
    """Return the entry of a file on disk, called `name` in the submission; raise OSError if it is gone."""
    status = status or folder.status(inside)

    def read(limit: int) -> bytes:
        try:
            with folder.open_file(inside) as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise UnreadableFileError(f"{make_printable(name.name)} cannot be read: {error.strerror}.") from error
        if len(data) > limit:
            raise UnreadableFileError(f"{make_printable(name.name)} has more than {limit:,} bytes.")
        return data

    return Entry(name, status.st_size, status.st_size, read, stat.S_ISREG(status.st_mode))


def list_folder(folder: Folder, inside: PurePosixPath) -> list[Entry]:
    """Return the files of a submission down to MAX_DEPTH; links and deeper folders are listed but not opened.

    Raise RejectedSubmissionError if there are too many entries, or if a folder cannot be listed.
    """
    entries, pending, count, own = [], [inside], 0, folder.fork()
    while pending:
        place = pending.pop()
        try:
            with own.scan(place) as listing:
                for found, status in listing:
                    path = place / found
                    name = path.relative_to(inside)
                    count += 1
                    if count > MAX_ENTRIES:
                        raise RejectedSubmissionError(f"The folder holds more than {MAX_ENTRIES:,} files.")
                    if stat.S_ISDIR(status.st_mode) and len(name.parts) <= MAX_DEPTH:
                        pending += [] if is_junk(name) else [path]
                    else:
                        entries.append(make_entry(own, path, name, status))
        except OSError as error:
            name = place.relative_to(inside)
            raise RejectedSubmissionError(f"The folder {make_printable(name)} cannot be read: {error.strerror}.") from error
    return sorted(entries, key=lambda entry: entry.path)
