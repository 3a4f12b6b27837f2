"""Reads the graded files of one submission, and says in a sentence what is wrong where one cannot be read.

A submission is a list of entries, whether it came as a folder, as a zip or as a single file. An entry has a path, a size and a
way to read it; only the entries that bear the name of a graded file are ever read, and never more bytes than a source may have.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath

from autograder.results import PARTS
from autograder.text import clean

MOST_SOURCE = 1_000_000  # bytes of one file
MOST_ZIP = 20_000_000  # bytes of a zip inside a zip
MOST_ENTRIES = 10_000
DEEPEST = 2  # folders a file may lie in, below the submission
JUNK = {"__MACOSX", "__pycache__"}


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    sources holds the bytes of each graded file under the name of its part; problems says for every other part what is the
    matter; reason is the sentence for a submission from which nothing could be read.
    """

    student: str
    sources: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    reason: str = ""


class Unreadable(Exception):
    """A submission, or a file in it, that cannot be read; the text is a sentence for the student."""


class Missing(Unreadable):
    """A graded file that was not handed in."""


@dataclass(frozen=True)
class Entry:
    """A file in a submission: its path below it, its size in bytes, and its first bytes on demand."""

    path: PurePosixPath
    size: int
    take: Callable[[int], bytes]
    regular: bool = True


def read(student: str, path: Path, inside: str = "") -> Submission:
    """The submission at a path or, if `inside` is given, below that name in the zip at the path."""
    try:
        if inside:
            entries = below(inside, entries_of_zip(path))
        elif path.is_dir():
            entries = list(entries_of_folder(path))
        elif path.suffix.lower() == ".zip":
            entries = list(entries_of_zip(path))
        else:
            entries = [entry_of_file(path, bare(path.name))]
    except Unreadable as problem:
        return Submission(student, problems=dict.fromkeys(PARTS, str(problem)), reason=str(problem))
    return choose(student, [entry for entry in entries if not is_junk(entry.path)])


def below(name: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of one submission in a zip of many: a folder, a zip or a file at its top."""
    if name.lower().endswith(".zip"):
        entry = next(entry for entry in entries if entry.path == PurePosixPath(name))
        if entry.size > MOST_ZIP:
            raise Unreadable(f"The zip has {entry.size:,} bytes; at most {MOST_ZIP:,} are read.")
        return list(entries_of_zip(BytesIO(entry.take(MOST_ZIP))))
    found = [entry for entry in entries if entry.path.parts[0] == name]
    if [entry.path for entry in found] == [PurePosixPath(name)]:
        return [Entry(bare(name), entry.size, entry.take, entry.regular) for entry in found]
    return [Entry(entry.path.relative_to(name), entry.size, entry.take, entry.regular) for entry in found]


def bare(name: str) -> PurePosixPath:
    """The graded file that a single file stands for: the one it is named after, or else dnn.py."""
    return PurePosixPath(name if name in {f"{part}.py" for part in PARTS} else "dnn.py")


def choose(student: str, entries: list[Entry]) -> Submission:
    """The submission whose graded files are among the entries."""
    sources, problems, spoilt = {}, {}, []
    for part in PARTS:
        try:
            sources[part] = source_of(f"{part}.py", entries)
        except Unreadable as problem:
            problems[part] = str(problem)
            if not isinstance(problem, Missing):
                spoilt.append(str(problem))
    reason = "" if sources else " ".join(spoilt) or "There is no warmup.py, dnn.py or extension.py in it." + hint(entries)
    return Submission(student, sources, problems, reason)


def hint(entries: list[Entry]) -> str:
    """What was found instead of the graded files."""
    names = [clean(str(entry.path), 60) for entry in entries[:5]]
    return f" It holds {', '.join(names)}{' and more' if len(entries) > 5 else ''}." if names else " It is empty."


def source_of(name: str, entries: list[Entry]) -> bytes:
    """The bytes of the one entry that has the name; Unreadable if there is none, more than one, or nothing in it."""
    found = [entry for entry in entries if entry.path.name == name and len(entry.path.parts) <= DEEPEST + 1]
    if not found:
        alike = [str(entry.path) for entry in entries if entry.path.name.lower() == name]
        near = f" ({clean(alike[0], 60)} is not the same name)" if alike else ""
        raise Missing(f"{name} was not handed in{near}.")
    if len(found) > 1:
        places = ", ".join(sorted(clean(str(entry.path), 60) for entry in found)[:4])
        raise Unreadable(f"There are {len(found)} files named {name} ({places}); hand in exactly one.")
    (entry,) = found
    if not entry.regular:
        raise Unreadable(f"{name} is a link or a device; hand in the file itself.")
    if entry.size > MOST_SOURCE:
        raise Unreadable(f"{name} has {entry.size:,} bytes; at most {MOST_SOURCE:,} are read.")
    source = entry.take(MOST_SOURCE)
    if not source.strip():
        raise Unreadable(f"{name} is empty.")
    return source


def is_junk(path: PurePosixPath) -> bool:
    """Whether a file is what systems leave behind: __MACOSX, .DS_Store, __pycache__ and the like."""
    return any(part in JUNK or part.startswith(".") for part in path.parts)


def entries_of_folder(folder: Path) -> Iterator[Entry]:
    """The files in a folder as deep as they may lie; links are named and not followed."""
    count = 0
    for parent, folders, files in os.walk(folder):
        inside = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        if len(inside.parts) >= DEEPEST:
            folders.clear()
        for name in sorted(files):
            count += 1
            if count > MOST_ENTRIES:
                raise Unreadable(f"The folder holds more than {MOST_ENTRIES:,} files.")
            yield entry_of_file(Path(parent, name), inside / name)


def entry_of_file(path: Path, name: PurePosixPath) -> Entry:
    """A file on disk."""
    status = path.lstat()

    def take(most: int) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise Unreadable(f"{name.name} cannot be read: {error.strerror}.") from error

    return Entry(name, status.st_size, take, stat.S_ISREG(status.st_mode))


def entries_of_zip(file: Path | BytesIO) -> Iterator[Entry]:
    """The files in a zip, none of them unpacked yet; Unreadable if it is no zip."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(f"The zip cannot be opened: {clean(str(error), 100)}.") from error
    members = archive.infolist()
    if len(members) > MOST_ENTRIES:
        raise Unreadable(f"The zip holds {len(members):,} files; at most {MOST_ENTRIES:,} are looked at.")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if not member.is_dir() and path.parts and ".." not in path.parts and not path.is_absolute():
            yield entry_of_member(archive, member, path)


def entry_of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: PurePosixPath) -> Entry:
    """A file in a zip; what its head says of its size is checked while it is read."""
    mode = member.external_attr >> 16

    def take(most: int) -> bytes:
        try:
            with archive.open(member) as file:
                data = file.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise Unreadable(f"{path.name} cannot be read from the zip: {clean(str(error), 100)}.") from error
        if len(data) > most:
            raise Unreadable(f"{path.name} has more than {most:,} bytes.")
        return data

    return Entry(path, member.file_size, take, not stat.S_IFMT(mode) or stat.S_ISREG(mode))
