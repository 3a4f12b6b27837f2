"""Reads the graded files of a submission, or says in a sentence why one cannot be read.

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
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_SOURCE,
    MAX_ZIP,
    Entry,
    MissingFileError,
    RejectedSubmissionError,
    SubmissionError,
    UnreadableFileError,
    fold_name,
    is_junk,
    make_printable,
)
from autograder.intake.folders import list_folder, make_entry
from autograder.intake.graded_files import SOURCE, ZIP, GradedFiles
from autograder.intake.sources import check_source
from autograder.intake.submission_ref import SubmissionRef
from autograder.intake.zips import MAX_RATIO, MAX_UNPACKED, UNSUSPICIOUS, ClassZip, list_zip, open_class_zip


@dataclass(frozen=True)
class Submission:
    """What one student submitted.

    sources holds the bytes of each graded file under the name of its part; problems says for every other part what is wrong;
    reason is the sentence for a submission from which nothing could be read.
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

    def read(self, ref: SubmissionRef) -> Submission:
        """Return the submission that was found; what is wrong with it becomes its reason, and nothing is raised."""
        try:
            return select_sources(ref.student, self.entries(ref), self.files)
        except OSError as error:
            problem = f"The submission cannot be read: {error.strerror}."
        except SubmissionError as refusal:
            problem = str(refusal)
        return Submission(ref.student, problems=dict.fromkeys(self.files.parts, problem), reason=problem)

    def entries(self, ref: SubmissionRef) -> Sequence[Entry]:
        """Return the entries of a submission under the names that the student gave them."""
        path, inside = ref.path, PurePosixPath(ref.inside)
        if not ref.inside and not ref.members:
            return list_entries(path, self.files)
        if ref.members and stat.S_ISDIR(path.lstat().st_mode):
            return unpack_single_zip([make_entry(path / name, PurePosixPath(given)) for name, given in ref.members], self.files)
        if path not in self.zips:
            self.zips[path] = self.enter_context(open_class_zip(path))
        zipped = self.zips[path]
        if not ref.members:
            return list_submission(inside, zipped, self.files)
        found = [entry for name, given in ref.members for entry in list_member(zipped, inside / name, given)]
        return unpack_single_zip(found, self.files)


def read(student: str, path: Path, files: GradedFiles) -> Submission:
    """Read the one submission at a path: a folder, a zip or a file."""
    with Reader(files) as reader:
        return reader.read(SubmissionRef(student, path))


def list_entries(path: Path, files: GradedFiles) -> list[Entry]:
    """Return the entries of a folder, a zip or a file; raise OSError if it cannot be read."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise RejectedSubmissionError("The submission is a link, which is not followed; hand in the files themselves.")
    if stat.S_ISDIR(mode):
        return list_folder(path)
    if path.suffix.lower() == ZIP:
        return list_inner_zip(make_entry(path, PurePosixPath(path.name)))
    return [make_entry(path, PurePosixPath(files.meant_by(path.name)))]


def list_inner_zip(entry: Entry) -> list[Entry]:
    """Return the entries of a zip of one submission, which is read into memory unless it is too large."""
    if entry.size > MAX_ZIP:
        raise RejectedSubmissionError(f"The zip has {entry.size:,} bytes; at most {MAX_ZIP:,} are read.")
    return list_zip(BytesIO(entry.read(MAX_ZIP)), MAX_ENTRIES)


def list_submission(top: PurePosixPath, zipped: ClassZip, files: GradedFiles) -> Sequence[Entry]:
    """Return the entries of one submission in a zip of many: those of a folder or a zip in it, or a file."""
    entries = zipped.below(top)
    if not zipped.at(top):
        return [replace(entry, path=entry.path.relative_to(top)) for entry in entries]
    check_single(top, entries)
    (entry,) = entries
    if top.suffix.lower() != ZIP or entry.refusal or not entry.regular:
        return [replace(entry, path=PurePosixPath(files.meant_by(top.name)))]
    return list_inner_zip(entry)


def list_member(zipped: ClassZip, path: PurePosixPath, given: str) -> list[Entry]:
    """Return a file that is next to those of other submissions, under the name that the student gave it."""
    entries = zipped.at(path)
    check_single(path, entries)
    return [replace(entry, path=PurePosixPath(given)) for entry in entries]


def check_single(path: PurePosixPath, entries: Sequence[Entry]) -> None:
    """Raise RejectedSubmissionError if there are several entries."""
    if len(entries) > 1:
        raise RejectedSubmissionError(f"The zip holds {make_printable(path)} {len(entries)} times; hand in exactly one.")


def unpack_single_zip(entries: Sequence[Entry], files: GradedFiles) -> Sequence[Entry]:
    """Return the entries or, if a single zip was submitted and no graded file next to it, those inside."""
    zips = [entry for entry in entries if entry.path.suffix.lower() == ZIP and entry.regular and not entry.refusal]
    return list_inner_zip(zips[0]) if len(zips) == 1 and not files.any_in(entry.path.name for entry in entries) else entries


def select_sources(student: str, entries: Sequence[Entry], files: GradedFiles) -> Submission:
    """Return the submission whose graded files are among the entries; raise RejectedSubmissionError if they are unsafe."""
    check_archive(entries)
    entries = [entry for entry in entries if not is_junk(entry.path)]
    sources, problems, unreadable = {}, {}, []
    for part in files.parts:
        try:
            sources[part] = read_source(f"{part}{SOURCE}", entries)
        except UnreadableFileError as problem:
            problems[part] = str(problem)
            if not isinstance(problem, MissingFileError):
                unreadable.append(str(problem))
    reason = "" if sources else " ".join(unreadable) or f"There is no {files} in it." + list_contents(entries)
    return Submission(student, sources, problems, reason)


def check_archive(entries: Sequence[Entry]) -> None:
    """Raise RejectedSubmissionError if the entries are those of a zip that nobody should unpack."""
    for entry in entries:
        if entry.refusal:
            raise RejectedSubmissionError(entry.refusal)
    if len(entries) > MAX_ENTRIES:
        raise RejectedSubmissionError(f"The submission holds {len(entries):,} files; at most {MAX_ENTRIES:,} are looked at.")
    size, room = sum(entry.size for entry in entries), sum(entry.packed for entry in entries)
    if size > max(MAX_UNPACKED, room):
        raise RejectedSubmissionError(f"Unpacked, the zip would have {size:,} bytes; at most {MAX_UNPACKED:,} are accepted.")
    if size > max(UNSUSPICIOUS, MAX_RATIO * room):
        raise RejectedSubmissionError(
            f"Unpacked, the zip would have {size:,} bytes, more than {MAX_RATIO} times as many as it has packed."
        )


def list_contents(entries: Sequence[Entry]) -> str:
    """Return the sentence that lists what was found instead of the graded files."""
    names = [make_printable(entry.path) + ("" if entry.regular else " (a link or a device)") for entry in entries[:5]]
    return f" It holds {', '.join(names)}{' and more' if len(entries) > 5 else ''}." if names else " It is empty."


def read_source(name: str, entries: Sequence[Entry]) -> bytes:
    """Return the bytes of the only entry of a name; raise UnreadableFileError if that isn't possible."""
    found = [entry for entry in entries if entry.path.name == name and len(entry.path.parts) <= MAX_DEPTH + 1]
    if not found:
        raise MissingFileError(f"{name} was not handed in{suggest_name(name, entries)}.")
    if len(found) > 1:
        places = ", ".join(sorted(make_printable(entry.path) for entry in found)[:4])
        raise UnreadableFileError(f"There are {len(found)} files named {name} ({places}); hand in exactly one.")
    (entry,) = found
    for other in entries:
        if other.path in entry.path.parents:
            raise UnreadableFileError(
                f"{name} lies below {make_printable(other.path)}, which is no folder; hand in the file itself."
            )
        if other is not entry and fold_name(other.path) == fold_name(entry.path):
            both = f"{make_printable(entry.path)} and {make_printable(other.path)}"
            raise UnreadableFileError(f"There are {both}, which are one name on many disks; hand in exactly one.")
    if not entry.regular:
        raise UnreadableFileError(f"{name} is a link or a device; hand in the file itself.")
    if entry.size > MAX_SOURCE:
        raise UnreadableFileError(f"{name} has {entry.size:,} bytes; at most {MAX_SOURCE:,} are read.")
    source = entry.read(MAX_SOURCE)
    check_source(name, source)
    return source


def suggest_name(name: str, entries: Sequence[Entry]) -> str:
    """Return in parentheses what may have been meant as the file."""
    for entry in entries:
        if entry.path.name != name and fold_name(entry.path.name) == name:
            return f" ({make_printable(entry.path)} is not the same name)"
    for entry in entries:
        if not entry.regular and not entry.path.suffix:
            return f" ({make_printable(entry.path)} is a link or a device, and was not looked into)"
    return ""
