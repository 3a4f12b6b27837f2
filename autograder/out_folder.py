"""OUT, the folder that a class is graded into, and the checks that prevent one class from overwriting another."""

import errno
import itertools
import os
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from autograder.files import PRIVATE_FOLDER, OutputError, make_private_folder, remove_drafts
from autograder.gradebook import Gradebook
from autograder.intake.entries import fold_name
from autograder.intake.find import EVERY
from autograder.intake.remarks import list_names

FOLDERS = {"results": ".json", "feedback": ".html", "exports": ""}  # folder in OUT -> suffix of each student's file
ASIDE = "no-longer-in-the-class"


def check_place(submissions: Path, out: Path) -> None:
    """Raise OutputError if OUT and SUBMISSIONS are the same or contain one another: output would become a submission."""
    source = Path(*itertools.takewhile(lambda part: part != EVERY, submissions.parts))
    try:
        places = {"SUBMISSIONS": source.resolve(), "OUT": out.resolve()}
        if not places["SUBMISSIONS"].exists():  # reported elsewhere
            return
        for inner, outer in (("OUT", "SUBMISSIONS"), ("SUBMISSIONS", "OUT")):
            if places[outer].exists() and is_within(places[inner], places[outer]):
                named = {"SUBMISSIONS": submissions, "OUT": out}
                raise OutputError(
                    f"{inner}={named[inner]} is {outer}={named[outer]} or inside it. Use an OUT next to SUBMISSIONS."
                )
    except (OSError, RuntimeError) as error:  # before Python 3.13, a link to itself raises RuntimeError
        raise OutputError(f"OUT={out} or SUBMISSIONS={submissions} cannot be accessed: {error}.") from error


def is_within(inner: Path, outer: Path) -> bool:
    """Return whether a resolved path is the other one or below it, even if spelled differently; it need not exist."""
    return any(place.exists() and place.samefile(outer) for place in (inner, *inner.parents))


def make_folders(out: Path, *names: str) -> None:
    """Create OUT and these folders in it, readable only by their owner; raise OutputError if that fails."""
    try:
        for folder in (out, *(out / name for name in names)):
            make_private_folder(folder)
    except OSError as error:
        why = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror
        raise OutputError(f"OUT={out} cannot be written: {why}.") from error


def clear_drafts(out: Path) -> None:
    """Remove half-written files of a killed run. The caller must hold the lock of OUT."""
    for folder in (out, *(out / name for name in FOLDERS)):
        if folder.is_dir():
            remove_drafts(folder)


def check_class(out: Path, book: Gradebook, students: Iterable[str], other_class: bool) -> None:
    """Raise OutputError if OUT holds a class other than these students, unless other_class allows it.

    It counts as another class if fewer than half of the people graded there are among the students. The same class may be
    downloaded again under any name, grow, and lose people one at a time. Another class would replace the tables in OUT, and so
    would a few late submissions that are graded by themselves.
    """
    before = {fold_name(student): student for student in (*book.students(), *pages(out))}
    gone = [before[name] for name in before.keys() - set(map(fold_name, students))]
    if other_class or 2 * len(gone) <= len(before):
        return
    (missing,) = list_names(f"{len(gone)} of the {len(before)} people graded there are not in SUBMISSIONS", gone)
    raise OutputError(
        f"OUT={out} holds another class. {missing} Use another OUT or, to replace the class there, "
        "pass OTHER_CLASS=1 (--other-class)."
    )


def pages(out: Path) -> dict[str, list[Path]]:
    """Return each student's files in OUT."""
    found: dict[str, list[Path]] = {}
    for folder, ending in FOLDERS.items():
        for path in sorted((out / folder).glob(f"*{ending}") if ending else ()):
            if not path.name.startswith("."):
                found.setdefault(path.name.removesuffix(ending), []).append(path)
    return found


def set_aside(out: Path, book: Gradebook, students: Iterable[str]) -> list[str]:
    """Move the pages of people who left the class, and a copy of grades.csv, to a folder of their own; return a note on it.

    Raise OutputError if that fails.
    """
    present, there = set(students), pages(out)
    gone = sorted({*book.students(), *there} - present)
    if not gone:
        return []
    try:
        aside = make_aside(out)
        if (out / "grades.csv").is_file():
            shutil.copy2(out / "grades.csv", aside)
        for path in itertools.chain.from_iterable(there.get(student, ()) for student in gone):
            make_private_folder(aside / path.parent.name)
            path.rename(aside / path.parent.name / path.name)
    except OSError as error:
        raise OutputError(f"{out / ASIDE} cannot be written: {error.strerror}.") from error
    book.forget(gone)
    return list_names(f"No longer in the class (their pages and the previous grades.csv are now in {aside})", gone)


def make_aside(out: Path) -> Path:
    """Create and return an empty folder named after today's date."""
    make_private_folder(out / ASIDE)
    for number in itertools.count(1):
        try:
            folder = out / ASIDE / f"{date.today()}{f' ({number})' if number > 1 else ''}"
            folder.mkdir(PRIVATE_FOLDER)
            break
        except FileExistsError:
            continue
    return folder
