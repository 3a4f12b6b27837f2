"""Finds the submissions under what the TA named: a folder of submissions, or a zip of them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.intake.read import Unreadable, entries_of_zip, is_junk
from autograder.results import PARTS
from autograder.text import clean

ZIP, SOURCE = ".zip", ".py"


class IntakeError(Exception):
    """There is nothing to grade where the TA said; the text is a sentence for the TA."""


@dataclass(frozen=True)
class Waiting:
    """A submission that was found and not read yet: the student, and where it lies (`inside` a zip of submissions)."""

    student: str
    path: Path
    inside: str = ""


def find(submissions: Path) -> list[Waiting]:
    """Every submission under a folder or in a zip, in name order; IntakeError if there is none."""
    if not submissions.exists():
        raise IntakeError(f"There is no {submissions}: SUBMISSIONS must name a folder or a zip of submissions.")
    if submissions.is_dir():
        found = [(path.name, path, "") for path in submissions.iterdir() if is_submission(path.name, path.is_dir())]
    elif submissions.suffix.lower() == ZIP:
        found = find_in_zip(submissions)
    else:
        raise IntakeError(f"{submissions} is neither a folder nor a zip.")
    if not found:
        raise IntakeError(f"{submissions} holds no submission: no folder, no .zip and no .py file.")
    return sorted(named(found), key=lambda waiting: waiting.student)


def find_in_zip(path: Path) -> list[tuple[str, Path, str]]:
    """The submissions at the top of a zip or, if the graded files themselves are there, the zip as the one submission."""
    try:
        paths = [entry.path for entry in entries_of_zip(path)]
    except Unreadable as problem:
        raise IntakeError(f"{path}: {problem}") from problem
    paths = [inside for inside in paths if not is_junk(inside)]
    if any(inside in {PurePosixPath(f"{part}{SOURCE}") for part in PARTS} for inside in paths):
        return [(path.name, path, "")]
    tops = {inside.parts[0]: len(inside.parts) > 1 for inside in paths}
    return [(name, path, name) for name, is_folder in tops.items() if is_submission(name, is_folder)]


def is_submission(name: str, is_folder: bool) -> bool:
    """Whether something at the top may be a submission."""
    return not is_junk(PurePosixPath(name)) and (is_folder or PurePosixPath(name).suffix.lower() in (ZIP, SOURCE))


def named(found: list[tuple[str, Path, str]]) -> list[Waiting]:
    """Each submission under the name of its student; where two would share a name, each keeps its ending."""
    names = [student_of(name) for name, _, _ in found]
    for differ in (lambda name, number: short(name), lambda name, number: f"{short(name)} ({number})"):
        count = Counter(names)
        names = [
            student if count[student] == 1 else differ(name, number)
            for number, (student, (name, _, _)) in enumerate(zip(names, found, strict=True), start=1)
        ]
    return [Waiting(student, path, inside) for student, (_, path, inside) in zip(names, found, strict=True)]


def student_of(name: str) -> str:
    """The student's name: the name of the folder, or of the file without its ending."""
    pure = PurePosixPath(name)
    return short(pure.stem if pure.suffix.lower() in (ZIP, SOURCE) else name)


def short(name: str) -> str:
    """A name that can be shown, and can be the name of a file with an ending of its own."""
    return clean(name.translate({9: " ", 10: " "}), 100).encode()[:200].decode(errors="ignore")
