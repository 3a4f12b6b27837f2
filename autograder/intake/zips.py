"""Read zips safely: bound and check the table of contents, and unpack only the requested files."""

import copy
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.intake.entries import Entry, RejectedSubmissionError, UnreadableFileError, make_printable
from autograder.intake.folders import Folder

MAX_MEMBERS = 100_000  # files in a zip of submissions
MAX_CLASS = 2_000_000_000  # bytes of a zip of submissions
MAX_INNER = 200_000_000  # bytes of a zip of submissions in a zip, which is read into memory
MAX_LINE = 200  # bytes of the table of contents per file, on average
MAX_UNPACKED = 200_000_000  # bytes of one submission if it were fully unpacked
MAX_RATIO = 100  # unpacked to packed bytes, if the unpacked size exceeds UNSUSPICIOUS
UNSUSPICIOUS = 5_000_000
CHUNK = 1 << 16
HEAD = 30  # minimum number of bytes before a file in a zip
ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flags
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods may need gigabytes of memory for one byte
DRIVE = re.compile("[A-Za-z]:")
MAX_INDEXED = 8  # levels of a zip of submissions; no submission in it starts deeper than the sixth


@dataclass(frozen=True)
class ClassZip:
    """An open zip of submissions: its entries, and the names of the folders it lists, by each parent folder.

    It is the file at path or, if inner is not empty, the zip with that name in it.
    """

    path: Path
    inner: str
    index: Mapping[tuple[str, ...], Sequence[Entry]]
    folders: Mapping[tuple[str, ...], set[str]]

    def below(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries at a path and below it."""
        depth = len(path.parts)
        return [entry for entry in self.index.get(path.parts[:MAX_INDEXED], ()) if entry.path.parts[:depth] == path.parts]

    def at(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries at exactly this path; a zip can hold several."""
        return [entry for entry in self.below(path) if entry.path == path]


@contextmanager
def open_class_zip(folder: Folder, inside: PurePosixPath, inner: str = "") -> Iterator[ClassZip]:
    """Open a zip of submissions in a folder, or the one called inner in it, and read its table of contents.

    Raise RejectedSubmissionError or OSError if it fails.
    """
    path = folder.path / inside
    with folder.open_file(inside) as file:
        size = file.seek(0, os.SEEK_END)
        if size > MAX_CLASS:
            raise RejectedSubmissionError(f"The zip has {size:,} bytes; at most {MAX_CLASS:,} are read.")
        zipped = index_zip(path, "", file)
        yield index_zip(path, inner, read_inner(zipped, inner)) if inner else zipped


def index_zip(path: Path, inner: str, file: BinaryIO) -> ClassZip:
    """Return the zip of submissions in a file; raise RejectedSubmissionError if it is not a safe one."""
    index = defaultdict(list)
    folders = defaultdict(set)
    archive = open_archive(file, MAX_MEMBERS)
    for entry in list_entries(archive):
        for depth in range(min(len(entry.path.parts), MAX_INDEXED) + 1):
            index[entry.path.parts[:depth]].append(entry)
    for folder in list_folders(archive):
        for depth in range(min(len(folder.parts), MAX_INDEXED)):
            folders[folder.parts[:depth]].add(folder.parts[depth])
    return ClassZip(path, inner, index, folders)


def read_inner(zipped: ClassZip, inner: str) -> BinaryIO:
    """Return the bytes of a zip in a zip; raise RejectedSubmissionError if they can't be read."""
    entries = zipped.at(PurePosixPath(inner))
    name = make_printable(inner)
    if len(entries) != 1 or not entries[0].regular or entries[0].refusal:
        raise RejectedSubmissionError(f"{name} in the zip is not one file; zip the submissions again.")
    if entries[0].size > MAX_INNER:
        raise RejectedSubmissionError(
            f"{name} in the zip has {entries[0].size:,} bytes; at most {MAX_INNER:,} are read. Unpack the outer zip first."
        )
    try:
        return BytesIO(entries[0].read(MAX_INNER))
    except UnreadableFileError as problem:
        raise RejectedSubmissionError(str(problem)) from problem


class BoundedFile:
    """A file with a limit on the bytes per read, which bounds the table of contents."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit = file, limit
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close

    def read(self, size: int = -1) -> bytes:
        """Return the bytes that are left, up to size; raise RejectedSubmissionError if they exceed the limit."""
        data = self.file.read(size if 0 <= size <= self.limit else self.limit + 1)
        if len(data) > self.limit:
            raise RejectedSubmissionError(f"The table of contents of the zip has more than {self.limit:,} bytes.")
        return data


def list_zip(file: BinaryIO, limit: int) -> list[Entry]:
    """Return the files in a zip, none of them unpacked yet; raise RejectedSubmissionError if it is not a safe zip."""
    return list_entries(open_archive(file, limit))


def open_archive(file: BinaryIO, limit: int) -> zipfile.ZipFile:
    """Return the table of contents of a zip; raise RejectedSubmissionError if there is none, or it lists too much."""
    try:
        archive = zipfile.ZipFile(BoundedFile(file, limit * MAX_LINE))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError, struct.error) as error:
        raise RejectedSubmissionError(f"The zip cannot be opened: {make_printable(error)}.") from error
    members = archive.infolist()
    if len(members) > limit:
        raise RejectedSubmissionError(f"The zip holds {len(members):,} files; at most {limit:,} are allowed.")
    return archive


def list_entries(archive: zipfile.ZipFile) -> list[Entry]:
    """Return the files in a zip; raise RejectedSubmissionError if a path leads out of it."""
    members = archive.infolist()
    shared = find_overlapping(members, archive.start_dir)
    return [entry for member in members for entry in make_zip_entries(archive, member, id(member) in shared)]


def list_folders(archive: zipfile.ZipFile) -> list[PurePosixPath]:
    """Return the folders that a zip lists; some may be empty."""
    names = (member.filename.replace("\\", "/") for member in archive.infolist())
    return [path for name in names if name.endswith("/") and ".." not in (path := PurePosixPath(name)).parts]


def make_zip_entries(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shares: bool) -> list[Entry]:
    """Return the entry of a file in a zip; none for a folder, unless it makes its submission unsafe."""
    name = member.filename.replace("\\", "/")
    path, mode = PurePosixPath(name), member.external_attr >> 16
    out = f"The zip holds {make_printable(name)}, which would be unpacked outside its folder; zip your files again."
    if path.is_absolute() or DRIVE.match(name) or path.parts[:1] == ("..",):
        raise RejectedSubmissionError(out)
    refusal = ""
    if ".." in path.parts:
        refusal = out
    elif "\0" in member.orig_filename:
        refusal = f"The zip holds {make_printable(member.orig_filename)}, a name with a zero byte in it; zip your files again."
    elif shares:
        refusal = f"In the zip, {make_printable(name)} overlaps with other data; zip your files again."
    if not path.parts or (name.endswith("/") and not refusal):
        return []
    regular = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
    return [Entry(path, member.file_size, member.compress_size, lambda limit: unpack(archive, member, limit), regular, refusal)]


def find_overlapping(members: Sequence[zipfile.ZipInfo], end: int) -> set[int]:
    """Return the ids of the members that overlap with each other or with the table of contents, as in a zip bomb."""
    found, reached, last = set(), 0, None
    for member in sorted(members, key=lambda member: member.header_offset):
        stop = member.header_offset + HEAD + len(member.orig_filename) + member.compress_size
        if member.header_offset < reached:
            found |= {id(last), id(member)}
        if stop > end:
            found.add(id(member))
        if stop > reached:
            reached, last = stop, member
    return found


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """Return the bytes of a file in a zip; their number must match the table of contents and be within the limit."""
    name = make_printable(PurePosixPath(member.filename.replace("\\", "/")).name)
    if member.flag_bits & ENCRYPTED:
        raise UnreadableFileError(f"{name} is encrypted; zip it without a password.")
    if member.compress_type not in METHODS:
        raise UnreadableFileError(
            f"{name} uses an unsupported compression method ({member.compress_type}); zip your files again."
        )
    claim = member.file_size
    member = copy.copy(member)
    member.file_size = limit + 2 * CHUNK  # otherwise zipfile would stop at the claimed size, where other programs continue
    data = bytearray()
    try:
        with archive.open(member) as file:
            while len(data) <= limit and (chunk := file.read(CHUNK)):
                data += chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error) as error:
        raise UnreadableFileError(f"{name} cannot be read from the zip: {make_printable(error)}.") from error
    if len(data) != claim:
        raise RejectedSubmissionError(f"The zip gives a wrong size for {name} ({claim:,} bytes); zip your files again.")
    return bytes(data)
