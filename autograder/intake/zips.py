"""Zips: the table of contents is bounded and checked, and only the files that are asked for are unpacked."""

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
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.intake.entries import Entry, RejectedSubmissionError, UnreadableFileError, make_printable
from autograder.intake.folders import open_file

MAX_MEMBERS = 100_000  # files of a zip of submissions
MAX_CLASS = 2_000_000_000  # bytes of a zip of submissions
MAX_LINE = 200  # bytes of the table of contents for each file, on average
MAX_UNPACKED = 200_000_000  # bytes of one submission, if all of it were unpacked
MAX_RATIO = 100  # of the bytes unpacked to the bytes packed, once they are more than UNSUSPICIOUS
UNSUSPICIOUS = 5_000_000
CHUNK = 1 << 16
HEAD = 30  # bytes before a file in a zip, at the least
ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flags
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes of memory to unpack a byte
DRIVE = re.compile("[A-Za-z]:")
MAX_INDEXED = 8  # levels of a zip of submissions; no submission in it starts deeper than the sixth


@dataclass(frozen=True)
class ClassZip:
    """A zip of submissions while it is open: its entries, indexed by each folder above them."""

    path: Path
    index: Mapping[tuple[str, ...], Sequence[Entry]]

    def below(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries at a path and below it."""
        depth = len(path.parts)
        return [entry for entry in self.index.get(path.parts[:MAX_INDEXED], ()) if entry.path.parts[:depth] == path.parts]

    def at(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries of exactly this path, of which a zip can hold several."""
        return [entry for entry in self.below(path) if entry.path == path]


@contextmanager
def open_class_zip(path: Path) -> Iterator[ClassZip]:
    """Open a zip of submissions and read its table of contents; raise RejectedSubmissionError or OSError if it fails."""
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        if size > MAX_CLASS:
            raise RejectedSubmissionError(f"The zip has {size:,} bytes; at most {MAX_CLASS:,} are read.")
        index = defaultdict(list)
        for entry in list_zip(file, MAX_MEMBERS):
            for depth in range(min(len(entry.path.parts), MAX_INDEXED) + 1):
                index[entry.path.parts[:depth]].append(entry)
        yield ClassZip(path, index)


class BoundedFile:
    """A file of which only so much can be read at once, so that the table of contents is bounded."""

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
    try:
        archive = zipfile.ZipFile(BoundedFile(file, limit * MAX_LINE))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError, struct.error) as error:
        raise RejectedSubmissionError(f"The zip cannot be opened: {make_printable(error)}.") from error
    members = archive.infolist()
    if len(members) > limit:
        raise RejectedSubmissionError(f"The zip holds {len(members):,} files; at most {limit:,} are looked at.")
    shared = find_overlapping(members, archive.start_dir)
    return [entry for member in members for entry in make_zip_entries(archive, member, id(member) in shared)]


def make_zip_entries(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shares: bool) -> list[Entry]:
    """Return the entry of a file in a zip; none for a folder, unless it makes the submission that holds it unsafe."""
    name = member.filename.replace("\\", "/")
    path, mode = PurePosixPath(name), member.external_attr >> 16
    out = f"The zip holds {make_printable(name)}, which leads out of the folder it is unpacked in; zip your files anew."
    if path.is_absolute() or DRIVE.match(name) or path.parts[:1] == ("..",):
        raise RejectedSubmissionError(out)
    refusal = ""
    if ".." in path.parts:
        refusal = out
    elif "\0" in member.orig_filename:
        refusal = f"The zip holds {make_printable(member.orig_filename)}, a name with a zero byte in it; zip your files anew."
    elif shares:
        refusal = f"In the zip, {make_printable(name)} shares its bytes with something else; zip your files anew."
    if not path.parts or (name.endswith("/") and not refusal):
        return []
    regular = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
    return [Entry(path, member.file_size, member.compress_size, lambda limit: unpack(archive, member, limit), regular, refusal)]


def find_overlapping(members: Sequence[zipfile.ZipInfo], end: int) -> set[int]:
    """Return the ids of the members that share bytes with each other or the table of contents, as in a zip bomb."""
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
    """Return the bytes of a file in a zip, which must be as many as the table of contents says, and within the limit."""
    name = make_printable(PurePosixPath(member.filename.replace("\\", "/")).name)
    if member.flag_bits & ENCRYPTED:
        raise UnreadableFileError(f"{name} is encrypted; zip it without a password.")
    if member.compress_type not in METHODS:
        raise UnreadableFileError(f"{name} is packed in an unusual way (method {member.compress_type}); zip your files anew.")
    claim = member.file_size
    member = copy.copy(member)
    member.file_size = limit + 2 * CHUNK  # or zipfile would stop at the claim, where other programs go on
    data = bytearray()
    try:
        with archive.open(member) as file:
            while len(data) <= limit and (chunk := file.read(CHUNK)):
                data += chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error) as error:
        raise UnreadableFileError(f"{name} cannot be read from the zip: {make_printable(error)}.") from error
    if len(data) != claim:
        raise RejectedSubmissionError(f"The zip says that {name} has {claim:,} bytes, which is not so; zip your files anew.")
    return bytes(data)
