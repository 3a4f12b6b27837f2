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

from autograder.intake.entries import Entry, Refused, Spoilt, shown
from autograder.intake.folders import open_file

MOST_MEMBERS = 100_000  # files of a zip of submissions
MOST_CLASS = 2_000_000_000  # bytes of a zip of submissions
MOST_LINE = 200  # bytes of the table of contents for each file, on average
MOST_UNPACKED = 200_000_000  # bytes of one submission, if all of it were unpacked
MOST_RATIO = 100  # of the bytes unpacked to the bytes packed, once they are more than UNSUSPICIOUS
UNSUSPICIOUS = 5_000_000
CHUNK = 1 << 16
HEAD = 30  # bytes before a file in a zip, at the least
ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flags
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes of memory to unpack a byte
DRIVE = re.compile("[A-Za-z]:")
INDEXED = 8  # levels of a zip of submissions; no submission in it starts deeper than the sixth


@dataclass(frozen=True)
class ClassZip:
    """A zip of submissions while it is open: its entries, indexed by each folder above them."""

    path: Path
    index: Mapping[tuple[str, ...], Sequence[Entry]]

    def below(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries at a path and below it."""
        depth = len(path.parts)
        return [entry for entry in self.index.get(path.parts[:INDEXED], ()) if entry.path.parts[:depth] == path.parts]

    def at(self, path: PurePosixPath) -> list[Entry]:
        """Return the entries of exactly this path, of which a zip can hold several."""
        return [entry for entry in self.below(path) if entry.path == path]


@contextmanager
def open_class_zip(path: Path) -> Iterator[ClassZip]:
    """Open a zip of submissions and read its table of contents; raise Refused or OSError if that isn't possible."""
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        if size > MOST_CLASS:
            raise Refused(f"The zip has {size:,} bytes; at most {MOST_CLASS:,} are read.")
        index = defaultdict(list)
        for entry in entries_of_zip(file, MOST_MEMBERS):
            for depth in range(min(len(entry.path.parts), INDEXED) + 1):
                index[entry.path.parts[:depth]].append(entry)
        yield ClassZip(path, index)


class Guarded:
    """A file that is refused where too much of it is wanted at once, as a table of contents without bounds is."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self.file, self.most = file, most
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close

    def read(self, size: int = -1) -> bytes:
        """As many bytes as are wanted and there; Refused if these are too many."""
        data = self.file.read(size if 0 <= size <= self.most else self.most + 1)
        if len(data) > self.most:
            raise Refused(f"The table of contents of the zip has more than {self.most:,} bytes.")
        return data


def entries_of_zip(file: BinaryIO, most: int) -> list[Entry]:
    """The files in a zip, none of them unpacked yet; Refused if it is no zip, or one that nobody should unpack."""
    try:
        archive = zipfile.ZipFile(Guarded(file, most * MOST_LINE))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError, struct.error) as error:
        raise Refused(f"The zip cannot be opened: {shown(error)}.") from error
    members = archive.infolist()
    if len(members) > most:
        raise Refused(f"The zip holds {len(members):,} files; at most {most:,} are looked at.")
    shared = overlapping(members, archive.start_dir)
    return [entry for member in members for entry in entries_of_member(archive, member, id(member) in shared)]


def entries_of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shares: bool) -> list[Entry]:
    """The entry of a file in a zip; a folder is none, unless the submission that holds it is refused for it."""
    name = member.filename.replace("\\", "/")
    path, mode = PurePosixPath(name), member.external_attr >> 16
    out = f"The zip holds {shown(name)}, which leads out of the folder it is unpacked in; zip your files anew."
    if path.is_absolute() or DRIVE.match(name) or path.parts[:1] == ("..",):
        raise Refused(out)
    refusal = ""
    if ".." in path.parts:
        refusal = out
    elif "\0" in member.orig_filename:
        refusal = f"The zip holds {shown(member.orig_filename)}, a name with a zero byte in it; zip your files anew."
    elif shares:
        refusal = f"In the zip, {shown(name)} shares its bytes with something else; zip your files anew."
    if not path.parts or (name.endswith("/") and not refusal):
        return []
    regular = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
    return [Entry(path, member.file_size, member.compress_size, lambda most: unpack(archive, member, most), regular, refusal)]


def overlapping(members: Sequence[zipfile.ZipInfo], end: int) -> set[int]:
    """The ids of the members that share bytes with each other or with the table of contents, as in a bomb that is one layer."""
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


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one file in a zip, which must be as many as the table of contents says, and at most so many."""
    name = shown(PurePosixPath(member.filename.replace("\\", "/")).name)
    if member.flag_bits & ENCRYPTED:
        raise Spoilt(f"{name} is encrypted; zip it without a password.")
    if member.compress_type not in METHODS:
        raise Spoilt(f"{name} is packed in an unusual way (method {member.compress_type}); zip your files anew.")
    claim = member.file_size
    member = copy.copy(member)
    member.file_size = most + 2 * CHUNK  # or zipfile would stop at the claim, where other programs go on
    data = bytearray()
    try:
        with archive.open(member) as file:
            while len(data) <= most and (chunk := file.read(CHUNK)):
                data += chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error) as error:
        raise Spoilt(f"{name} cannot be read from the zip: {shown(error)}.") from error
    if len(data) != claim:
        raise Refused(f"The zip says that {name} has {claim:,} bytes, which is not so; zip your files anew.")
    return bytes(data)
