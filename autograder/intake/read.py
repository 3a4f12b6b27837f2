"""Reads the graded files of one submission, and says in a sentence what is wrong where one cannot be read.

A submission is a list of entries, whether it came as a folder, as a zip or as a single file. Only the entries that bear the
name of a graded file are ever read, and never more bytes than a source may have. What is wrong with such a file costs its own
part; only where the zip or the folder itself cannot be trusted is the submission refused as a whole.
"""

import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path, PurePosixPath

from autograder.intake.entries import (
    DEEPEST,
    MOST_ENTRIES,
    MOST_SOURCE,
    MOST_ZIP,
    Entry,
    Missing,
    Refused,
    Spoilt,
    folded,
    is_junk,
    shown,
)
from autograder.intake.folders import entries_of_folder, entry_of_file, open_file
from autograder.intake.sources import check_source
from autograder.intake.waiting import Waiting
from autograder.intake.zips import MOST_MEMBERS, MOST_RATIO, MOST_UNPACKED, UNSUSPICIOUS, entries_of_zip
from autograder.results import PARTS

ZIP, SOURCE = ".zip", ".py"
LOOKED_UP = 8  # levels of a zip of submissions, which lie in the sixth at the deepest
GRADED = frozenset(f"{part}{SOURCE}" for part in PARTS)


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


def read(student: str, path: Path, inside: str = "", members: Sequence[tuple[str, str]] = ()) -> Submission:
    """The submission at a path or, if `inside` is given, below that name in the zip at the path.

    members, where there are any, name the files that are the submission's, as they are called there and as the student called
    them.
    """
    try:
        if members and stat.S_ISDIR(path.lstat().st_mode):
            return choose(student, unpacked([entry_of_file(path / name, PurePosixPath(given)) for name, given in members]))
        if not inside and not members:
            return choose(student, entries_at(path))
        entries = class_zip(path).below(inside)
        return choose(student, unpacked(picked(inside, members, entries)) if members else below(inside, entries))
    except OSError as error:
        problem = f"The submission cannot be read: {error.strerror}."
    except (Refused, Spoilt) as refusal:
        problem = str(refusal)
    return Submission(student, problems=dict.fromkeys(PARTS, problem), reason=problem)


def read_waiting(waiting: Waiting) -> Submission:
    """The submission that was found."""
    return read(waiting.student, waiting.path, waiting.inside, waiting.members)


class ClassZip:
    """A zip of submissions that stays open, with its files under the names on their way: one submission is found at once."""

    def __init__(self, path: Path, state: tuple[int, ...]) -> None:
        self.path, self.state = path, state
        self.file = open_file(path)
        self.entries: dict[tuple[str, ...], list[Entry]] = {}
        try:
            for entry in entries_of_zip(self.file, MOST_MEMBERS):
                for depth in range(min(len(entry.path.parts), LOOKED_UP) + 1):
                    self.entries.setdefault(entry.path.parts[:depth], []).append(entry)
        except BaseException:
            self.file.close()
            raise

    def below(self, name: str) -> list[Entry]:
        """The entries at a name and below it, or a few more."""
        return self.entries.get(PurePosixPath(name).parts[:LOOKED_UP], [])


_open: list[ClassZip] = []


def class_zip(path: Path) -> ClassZip:
    """The zip at a path, which is read once for all submissions in it; Refused or OSError if it cannot be."""
    status = path.lstat()
    state = (status.st_ino, status.st_size, status.st_mtime_ns)
    if not _open or (_open[0].path, _open[0].state) != (path, state):
        while _open:
            _open.pop().file.close()
        _open.append(ClassZip(path, state))
    return _open[0]


def entries_at(path: Path) -> list[Entry]:
    """The entries of a folder, a zip or a file; OSError if it cannot be read."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise Refused("The submission is a link, which is not followed; hand in the files themselves.")
    if stat.S_ISDIR(mode):
        return entries_of_folder(path)
    if path.suffix.lower() == ZIP:
        return entries_inside(entry_of_file(path, PurePosixPath(path.name)))
    return [entry_of_file(path, bare(path.name))]


def entries_inside(entry: Entry) -> list[Entry]:
    """The entries of a zip of one submission, which is read into memory unless it is too large."""
    if entry.size > MOST_ZIP:
        raise Refused(f"The zip has {entry.size:,} bytes; at most {MOST_ZIP:,} are read.")
    return entries_of_zip(BytesIO(entry.take(MOST_ZIP)), MOST_ENTRIES)


def below(name: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of one submission in a zip of many: a folder, a zip or a file in it."""
    parts = PurePosixPath(name).parts
    found = [entry for entry in entries if entry.path.parts[: len(parts)] == parts]
    itself = [entry for entry in found if entry.path.parts == parts]
    if not itself:
        return [replace(entry, path=entry.path.relative_to(name)) for entry in found]
    if len(found) > 1:
        raise Refused(f"The zip holds {shown(name)} {len(found)} times; hand in exactly one.")
    (entry,) = itself
    if not name.lower().endswith(ZIP) or entry.refusal or not entry.regular:
        return [replace(entry, path=bare(name))]
    return entries_inside(entry)


def picked(inside: str, members: Sequence[tuple[str, str]], entries: Iterable[Entry]) -> list[Entry]:
    """The entries of one submission whose files lie side by side with those of others, as the student named them."""
    given = {PurePosixPath(inside, name): PurePosixPath(called) for name, called in members}
    found = [entry for entry in entries if entry.path in given]
    for path, count in Counter(entry.path for entry in found).items():
        if count > 1:
            raise Refused(f"The zip holds {shown(path)} {count} times; hand in exactly one.")
    return [replace(entry, path=given[entry.path]) for entry in found]


def unpacked(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries or, where a single zip was handed in and no graded file beside it, those inside."""
    zips = [entry for entry in entries if entry.path.suffix.lower() == ZIP and entry.regular and not entry.refusal]
    return entries_inside(zips[0]) if len(zips) == 1 and not GRADED & {entry.path.name for entry in entries} else entries


def bare(name: str) -> PurePosixPath:
    """The graded file that a single file stands for: the one it is named after, or else dnn.py."""
    return PurePosixPath(name if name in GRADED else "dnn.py")


def choose(student: str, entries: Sequence[Entry]) -> Submission:
    """The submission whose graded files are among the entries; Refused if these cannot be trusted."""
    check_whole(entries)
    entries = [entry for entry in entries if not is_junk(entry.path)]
    sources, problems, spoilt = {}, {}, []
    for part in PARTS:
        try:
            sources[part] = source_of(f"{part}{SOURCE}", entries)
        except Spoilt as problem:
            problems[part] = str(problem)
            if not isinstance(problem, Missing):
                spoilt.append(str(problem))
    reason = "" if sources else " ".join(spoilt) or "There is no warmup.py, dnn.py or extension.py in it." + hint(entries)
    return Submission(student, sources, problems, reason)


def check_whole(entries: Sequence[Entry]) -> None:
    """Refused if the entries are those of a zip that nobody should unpack."""
    for entry in entries:
        if entry.refusal:
            raise Refused(entry.refusal)
    if len(entries) > MOST_ENTRIES:
        raise Refused(f"The submission holds {len(entries):,} files; at most {MOST_ENTRIES:,} are looked at.")
    size, room = sum(entry.size for entry in entries), sum(entry.packed for entry in entries)
    if size > max(MOST_UNPACKED, room):
        raise Refused(f"Unpacked, the zip would have {size:,} bytes; at most {MOST_UNPACKED:,} are accepted.")
    if size > max(UNSUSPICIOUS, MOST_RATIO * room):
        raise Refused(f"Unpacked, the zip would have {size:,} bytes, more than {MOST_RATIO} times as many as it has packed.")


def hint(entries: Sequence[Entry]) -> str:
    """What was found instead of the graded files."""
    names = [shown(entry.path) + ("" if entry.regular else " (a link or a device)") for entry in entries[:5]]
    return f" It holds {', '.join(names)}{' and more' if len(entries) > 5 else ''}." if names else " It is empty."


def source_of(name: str, entries: Sequence[Entry]) -> bytes:
    """The bytes of the one entry that has the name; Spoilt if there is none, more than one, or no source in it."""
    found = [entry for entry in entries if entry.path.name == name and len(entry.path.parts) <= DEEPEST + 1]
    if not found:
        raise Missing(f"{name} was not handed in{near(name, entries)}.")
    if len(found) > 1:
        places = ", ".join(sorted(shown(entry.path) for entry in found)[:4])
        raise Spoilt(f"There are {len(found)} files named {name} ({places}); hand in exactly one.")
    (entry,) = found
    for other in entries:
        if other.path in entry.path.parents:
            raise Spoilt(f"{name} lies below {shown(other.path)}, which is no folder; hand in the file itself.")
        if other is not entry and folded(other.path) == folded(entry.path):
            both = f"{shown(entry.path)} and {shown(other.path)}"
            raise Spoilt(f"There are {both}, which are one name on many disks; hand in exactly one.")
    if not entry.regular:
        raise Spoilt(f"{name} is a link or a device; hand in the file itself.")
    if entry.size > MOST_SOURCE:
        raise Spoilt(f"{name} has {entry.size:,} bytes; at most {MOST_SOURCE:,} are read.")
    source = entry.take(MOST_SOURCE)
    check_source(name, source)
    return source


def near(name: str, entries: Sequence[Entry]) -> str:
    """What may have been meant as the file, in brackets."""
    for entry in entries:
        if entry.path.name != name and folded(entry.path.name) == name:
            return f" ({shown(entry.path)} is not the same name)"
    for entry in entries:
        if not entry.regular and not entry.path.suffix:
            return f" ({shown(entry.path)} is a link or a device, and was not looked into)"
    return ""
