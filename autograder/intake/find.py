"""Finds the submissions under what the TA named: a folder of submissions, or a zip of them."""

import os
from collections import Counter
from pathlib import Path, PurePosixPath

from autograder.intake.entries import Refused, folded, is_junk, shown
from autograder.intake.folders import open_file
from autograder.intake.read import SOURCE, ZIP
from autograder.intake.waiting import Waiting
from autograder.intake.zips import MOST_CLASS, MOST_MEMBERS, entries_of_zip
from autograder.results import PARTS


class IntakeError(Exception):
    """There is nothing to grade where the TA said; the text is a sentence for the TA."""


def find(submissions: Path) -> list[Waiting]:
    """Every submission under a folder or in a zip, in name order; IntakeError if there is none."""
    try:
        if not submissions.exists():
            raise IntakeError(f"There is no {submissions}: SUBMISSIONS must name a folder or a zip of submissions.")
        if submissions.is_dir():
            found = find_in_folder(submissions)
        elif submissions.suffix.lower() == ZIP:
            found = find_in_zip(submissions.name, submissions.resolve())  # the TA's own link may be followed
        else:
            raise IntakeError(f"{submissions} is neither a folder nor a zip.")
    except Refused as refusal:
        raise IntakeError(f"{submissions}: {refusal}") from refusal
    except OSError as error:
        raise IntakeError(f"{submissions} cannot be read: {error.strerror}.") from error
    if not found:
        raise IntakeError(f"{submissions} holds no submission: no folder, no .zip and no .py file.")
    return sorted(named(sorted(found)), key=lambda waiting: waiting.student)


def find_in_folder(folder: Path) -> list[tuple[str, Path, str]]:
    """The submissions in a folder. A link gets a row too, and is refused when it is read."""
    with os.scandir(folder) as listing:
        return [
            (found.name, folder / found.name, "")
            for found in listing
            if is_submission(found.name, found.is_dir(follow_symlinks=False) or found.is_symlink())
        ]


def find_in_zip(name: str, path: Path) -> list[tuple[str, Path, str]]:
    """The submissions at the top of a zip or, if the graded files themselves are there, the zip as the one submission."""
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        if size > MOST_CLASS:
            raise Refused(f"The zip has {size:,} bytes; at most {MOST_CLASS:,} are read.")
        paths = [entry.path for entry in entries_of_zip(file, MOST_MEMBERS) if not is_junk(entry.path)]
    if any(inside in {PurePosixPath(f"{part}{SOURCE}") for part in PARTS} for inside in paths):
        return [(name, path, "")]
    folders = {inside.parts[0] for inside in paths if len(inside.parts) > 1}
    return [(top, path, top) for top in {inside.parts[0] for inside in paths} if is_submission(top, top in folders)]


def is_submission(name: str, is_folder: bool) -> bool:
    """Whether something at the top may be a submission."""
    return not is_junk(PurePosixPath(name)) and (is_folder or PurePosixPath(name).suffix.lower() in (ZIP, SOURCE))


def named(found: list[tuple[str, Path, str]]) -> list[Waiting]:
    """Each submission under the name of its student; where two would share a name on some disk, each keeps its ending."""
    names = [student_of(name) for name, _, _ in found]
    count = Counter(folded(name) for name in names)
    names = [
        student if count[folded(student)] == 1 else short(name) for student, (name, _, _) in zip(names, found, strict=True)
    ]
    count = Counter(folded(name) for name in names)
    taken = {name for name in count if count[name] == 1}
    waiting = []
    for student, (_, path, inside) in zip(names, found, strict=True):
        name, number = student, 1
        while count[folded(student)] > 1 and folded(name) in taken:
            number += 1
            name = f"{student} ({number})"
        taken.add(folded(name))
        waiting.append(Waiting(name, path, inside))
    return waiting


def student_of(name: str) -> str:
    """The student's name: the name of the folder, or of the file without its ending."""
    pure = PurePosixPath(name)
    return short(pure.stem if pure.suffix.lower() in (ZIP, SOURCE) else name)


def short(name: str) -> str:
    """A name that can be shown, and can be the name of a file with an ending of its own."""
    return shown(name, 100).encode()[:200].decode(errors="ignore")
