"""Read the graded files of a submission, or explain in a sentence why one cannot be read.

A submission is a list of entries, whether it is a folder, a zip or a single file. Only entries that may be meant as a graded
file are ever read, up to the maximum size of a source. A problem with such a file affects only its own part; the whole
submission is rejected only if the zip or the folder itself cannot be trusted.
"""

import stat
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from autograder.intake.choice import Choice
from autograder.intake.entries import (
    MAX_DEPTH,
    Entry,
    MissingFileError,
    RejectedSubmissionError,
    SubmissionError,
    UnreadableFileError,
    make_printable,
)
from autograder.intake.folders import Folder, list_folder, make_entry
from autograder.intake.graded_files import SOURCE, ZIP, GradedFiles
from autograder.intake.kinds import describe_kind
from autograder.intake.nested import Contents
from autograder.intake.submission_ref import SubmissionRef
from autograder.intake.zips import ClassZip, open_class_zip


@dataclass(frozen=True)
class Submission:
    """The submission of one student.

    sources maps a part to its file in UTF-8 without a byte order mark. problems maps every other part to a sentence on what is
    wrong. reason explains why nothing could be read, if that is so. notes tell the student and the TA what was unusual about
    files that were graded anyway.
    """

    student: str
    sources: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()


class Reader(ExitStack):
    """Reads the graded files of the submissions of a class.

    A zip of submissions is opened once, and closed at the end of the context.
    """

    def __init__(self, files: GradedFiles) -> None:
        super().__init__()
        self.files = files
        self.zips: dict[tuple[Path, str], ClassZip] = {}

    def read(self, ref: SubmissionRef) -> Submission:
        """Read a submission; never raise an error: a problem with the whole submission becomes its reason."""
        try:
            return select_sources(ref.student, self.entries(ref), self.files)
        except OSError as error:
            problem = f"The submission cannot be read: {error.strerror}."
        except SubmissionError as refusal:
            problem = str(refusal)
        return Submission(ref.student, problems=dict.fromkeys(self.files.parts, problem), reason=problem)

    def entries(self, ref: SubmissionRef) -> Sequence[Entry]:
        """Return the entries of a submission under the names that the student gave them."""
        folder, path = ref.locate()
        inside = PurePosixPath(ref.inside)
        if not ref.inside and not ref.members:
            return list_entries(folder, path, self.files)
        if ref.members and stat.S_ISDIR(folder.status(path).st_mode):
            return [make_entry(folder, path / name, PurePosixPath(given)) for name, given in ref.members]
        if (ref.path, ref.inner) not in self.zips:
            self.zips[ref.path, ref.inner] = self.enter_context(open_class_zip(folder, path, ref.inner))
        zipped = self.zips[ref.path, ref.inner]
        if not ref.members:
            return list_submission(inside, zipped, self.files)
        return [entry for name, given in ref.members for entry in list_member(zipped, inside / name, given)]


def read(student: str, path: Path, files: GradedFiles) -> Submission:
    """Read the one submission at a path: a folder, a zip or a file."""
    with Reader(files) as reader:
        return reader.read(SubmissionRef(student, path))


def list_entries(folder: Folder, path: PurePosixPath, files: GradedFiles) -> list[Entry]:
    """Return the entries of a folder, a zip or a file; raise OSError if it cannot be read."""
    mode = folder.status(path).st_mode
    if stat.S_ISLNK(mode):
        raise RejectedSubmissionError("The submission is a link, which is not followed; submit the files themselves.")
    if stat.S_ISDIR(mode):
        return list_folder(folder, path)
    return [make_entry(folder, path, name_single(path.name, files))]


def name_single(name: str, files: GradedFiles) -> PurePosixPath:
    """Return the path of a submission that is a zip or a single file."""
    return PurePosixPath(name if PurePosixPath(name).suffix.lower() == ZIP else files.name_single(name))


def list_submission(top: PurePosixPath, zipped: ClassZip, files: GradedFiles) -> Sequence[Entry]:
    """Return the entries of one submission in a zip of many: a folder's entries, or a single file or zip."""
    entries = zipped.below(top)
    if not zipped.at(top):
        return [replace(entry, path=entry.path.relative_to(top)) for entry in entries]
    check_single(top, entries)
    return [replace(entry, path=name_single(top.name, files)) for entry in entries]


def list_member(zipped: ClassZip, path: PurePosixPath, given: str) -> list[Entry]:
    """Return a file that is next to other submissions' files, under the name that the student gave it."""
    entries = zipped.at(path)
    check_single(path, entries)
    return [replace(entry, path=PurePosixPath(given)) for entry in entries]


def check_single(path: PurePosixPath, entries: Sequence[Entry]) -> None:
    """Raise RejectedSubmissionError if there are several entries."""
    if len(entries) > 1:
        raise RejectedSubmissionError(f"The zip holds {make_printable(path)} {len(entries)} times; submit exactly one.")


def select_sources(student: str, entries: Sequence[Entry], files: GradedFiles) -> Submission:
    """Return the submission whose graded files are among the entries; raise SubmissionError if they are unsafe."""
    contents = Contents(entries, files)
    choice = Choice(contents.entries, files.parts)
    sources, problems, unreadable, notes = {}, {}, contents.problems, contents.notes
    for part in files.parts:
        try:
            sources[part], noted = choice.read(f"{part}{SOURCE}")
            notes += noted
        except MissingFileError as problem:
            problems[part] = " ".join([str(problem), *contents.problems])
        except UnreadableFileError as problem:
            problems[part] = str(problem)
            unreadable = [*unreadable, str(problem)]
    reason = "" if sources else " ".join(unreadable) or f"There is no {files} in it." + list_contents(contents.entries)
    return Submission(student, sources, problems, reason, tuple(notes))


def list_contents(entries: Sequence[Entry]) -> str:
    """Return sentences that list the files found instead of the graded ones, and why they cannot be graded."""
    if not entries:
        return " It is empty."
    names = [make_printable(entry.path) + describe(entry) for entry in entries[:5]]
    kinds = {describe_kind(entry.path.name): make_printable(entry.path.name) for entry in reversed(entries)}
    said = [f"{name} {kind}" for kind, name in reversed(kinds.items()) if kind]
    holds = f"It holds {', '.join(names)}{' and more' if len(entries) > 5 else ''}."
    return "".join(f" {sentence}" for sentence in (said if len(entries) == len(said) else [holds, *said]))


def describe(entry: Entry) -> str:
    """Return, in parentheses, why an entry was not opened; "" if it was."""
    if len(entry.path.parts) > MAX_DEPTH:
        return f" (more than {MAX_DEPTH} folders down)"
    return "" if entry.regular else " (a link or a device)"
