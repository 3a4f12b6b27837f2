"""Reads the graded files of one submission, and says in a sentence what is wrong where one cannot be read.

A submission is a list of entries, whether it came as a folder, as a zip or as a single file. Only the entries that bear the
name of a graded file are ever read, and never more bytes than a source may have. What is wrong with such a file costs its own
part; only where the zip or the folder itself cannot be trusted is the submission refused as a whole.
"""

import stat
from collections.abc import Sequence
from contextlib import ExitStack
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
from autograder.intake.folders import entries_of_folder, entry_of_file
from autograder.intake.graded_files import SOURCE, ZIP, GradedFiles
from autograder.intake.sources import check_source
from autograder.intake.waiting import Waiting
from autograder.intake.zips import MOST_RATIO, MOST_UNPACKED, UNSUSPICIOUS, ClassZip, entries_of_zip, open_class_zip


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


class Reader(ExitStack):
    """Reads the graded files of the submissions of a class.

    A zip of submissions is opened once, and closed at the end of the context.
    """

    def __init__(self, files: GradedFiles) -> None:
        super().__init__()
        self.files = files
        self.zips: dict[Path, ClassZip] = {}

    def read(self, waiting: Waiting) -> Submission:
        """Return the submission that was found; what is wrong with it becomes its reason, and nothing is raised."""
        try:
            return choose(waiting.student, self.entries(waiting), self.files)
        except OSError as error:
            problem = f"The submission cannot be read: {error.strerror}."
        except (Refused, Spoilt) as refusal:
            problem = str(refusal)
        return Submission(waiting.student, problems=dict.fromkeys(self.files.parts, problem), reason=problem)

    def entries(self, waiting: Waiting) -> Sequence[Entry]:
        """Return the entries of a submission under the names that the student gave them."""
        path, inside = waiting.path, PurePosixPath(waiting.inside)
        if not waiting.inside and not waiting.members:
            return entries_at(path, self.files)
        if waiting.members and stat.S_ISDIR(path.lstat().st_mode):
            return unpacked([entry_of_file(path / name, PurePosixPath(given)) for name, given in waiting.members], self.files)
        if path not in self.zips:
            self.zips[path] = self.enter_context(open_class_zip(path))
        zipped = self.zips[path]
        if not waiting.members:
            return submission_below(inside, zipped, self.files)
        found = [entry for name, given in waiting.members for entry in member_of(zipped, inside / name, given)]
        return unpacked(found, self.files)


def read(student: str, path: Path, files: GradedFiles) -> Submission:
    """Read the one submission at a path: a folder, a zip or a file."""
    with Reader(files) as reader:
        return reader.read(Waiting(student, path))


def entries_at(path: Path, files: GradedFiles) -> list[Entry]:
    """The entries of a folder, a zip or a file; OSError if it cannot be read."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise Refused("The submission is a link, which is not followed; hand in the files themselves.")
    if stat.S_ISDIR(mode):
        return entries_of_folder(path)
    if path.suffix.lower() == ZIP:
        return entries_inside(entry_of_file(path, PurePosixPath(path.name)))
    return [entry_of_file(path, PurePosixPath(files.meant_by(path.name)))]


def entries_inside(entry: Entry) -> list[Entry]:
    """The entries of a zip of one submission, which is read into memory unless it is too large."""
    if entry.size > MOST_ZIP:
        raise Refused(f"The zip has {entry.size:,} bytes; at most {MOST_ZIP:,} are read.")
    return entries_of_zip(BytesIO(entry.take(MOST_ZIP)), MOST_ENTRIES)


def submission_below(top: PurePosixPath, zipped: ClassZip, files: GradedFiles) -> Sequence[Entry]:
    """Return the entries of one submission in a zip of many: those of a folder or a zip in it, or a file."""
    entries = zipped.below(top)
    if not zipped.at(top):
        return [replace(entry, path=entry.path.relative_to(top)) for entry in entries]
    check_single(top, entries)
    (entry,) = entries
    if top.suffix.lower() != ZIP or entry.refusal or not entry.regular:
        return [replace(entry, path=PurePosixPath(files.meant_by(top.name)))]
    return entries_inside(entry)


def member_of(zipped: ClassZip, path: PurePosixPath, given: str) -> list[Entry]:
    """Return a file that is next to those of other submissions, under the name that the student gave it."""
    entries = zipped.at(path)
    check_single(path, entries)
    return [replace(entry, path=PurePosixPath(given)) for entry in entries]


def check_single(path: PurePosixPath, entries: Sequence[Entry]) -> None:
    """Raise Refused if there are several entries."""
    if len(entries) > 1:
        raise Refused(f"The zip holds {shown(path)} {len(entries)} times; hand in exactly one.")


def unpacked(entries: Sequence[Entry], files: GradedFiles) -> Sequence[Entry]:
    """The entries or, where a single zip was handed in and no graded file beside it, those inside."""
    zips = [entry for entry in entries if entry.path.suffix.lower() == ZIP and entry.regular and not entry.refusal]
    return entries_inside(zips[0]) if len(zips) == 1 and not files.any_in(entry.path.name for entry in entries) else entries


def choose(student: str, entries: Sequence[Entry], files: GradedFiles) -> Submission:
    """The submission whose graded files are among the entries; Refused if these cannot be trusted."""
    check_whole(entries)
    entries = [entry for entry in entries if not is_junk(entry.path)]
    sources, problems, spoilt = {}, {}, []
    for part in files.parts:
        try:
            sources[part] = source_of(f"{part}{SOURCE}", entries)
        except Spoilt as problem:
            problems[part] = str(problem)
            if not isinstance(problem, Missing):
                spoilt.append(str(problem))
    reason = "" if sources else " ".join(spoilt) or f"There is no {files} in it." + hint(entries)
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
