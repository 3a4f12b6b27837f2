"""Finds the submissions under what the TA named: a folder of submissions, or a zip of them."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timezone, tzinfo
from pathlib import Path, PurePosixPath

from autograder.errors import AutograderError
from autograder.intake.entries import Refused, folded, shown
from autograder.intake.exports import RECOGNISERS, Export, nbgrader
from autograder.intake.exports.export import counted
from autograder.intake.exports.tree import FolderTree, Tree, ZipTree, is_packed
from autograder.intake.read import GRADED, ZIP
from autograder.intake.waiting import Found, Waiting
from autograder.intake.zips import open_class_zip

# What a folder that an export was unpacked into is called. Any other may be a student's own, who must not be able to make one.
WRAPPER = re.compile(r"assignment_\d+_export|gradebook_.+|submissions|submitted")
EVERY = "*"  # in place of the student, before the name of an assignment of nbgrader


class IntakeError(AutograderError):
    """There is nothing to grade where the TA said; the text is a sentence for the TA."""


def find(submissions: Path, zone: tzinfo = timezone.utc) -> Found:
    """Every submission under a folder or in a zip, in name order; IntakeError if there is none.

    What platforms export is recognised (docs/exports.md). zone is that of the times that an export tells without an offset.
    `course/submitted/*/ps1`, with the asterisk, is the assignment ps1 of an nbgrader course.
    """
    named_one = submissions.parent.name == EVERY and not submissions.exists()
    place, assignment = (submissions.parent.parent, submissions.name) if named_one else (submissions, "")
    try:
        if not place.exists():
            raise IntakeError(f"There is no {place}: SUBMISSIONS must name a folder or a zip of submissions.")
        if not place.is_dir() and place.suffix.lower() != ZIP:
            raise IntakeError(f"{place} is neither a folder nor a zip.")
        with look_at(place) as tree:
            export = one_assignment(tree, assignment) if assignment else recognised(tree, zone)
            found = export.waiting if export else plain(tree, place.name)
    except Refused as refusal:
        raise IntakeError(f"{place}: {refusal}") from refusal
    except OSError as error:
        raise IntakeError(f"{place} cannot be read: {error.strerror}.") from error
    if not found:
        raise IntakeError(f"{place} holds no submission: no folder, no .zip and no .py file.")
    waiting = tuple(sorted(named(found), key=lambda waiting: waiting.student))
    if not export:
        return Found("plain", waiting)
    people = sum(len(one.people) for one in waiting)
    told = f"This is an export of {export.kind}: {counted(len(waiting), 'submission')}"
    return Found(export.kind, waiting, (f"{told}{f' of {people} people' if people > len(waiting) else ''}.", *export.remarks))


@contextlib.contextmanager
def look_at(place: Path) -> Iterator[Tree]:
    """The names in a folder or in an open zip; Refused if nobody should unpack the zip, OSError if it cannot be read."""
    if place.is_dir():
        yield FolderTree(place)
        return
    path = place.resolve()  # the TA's own link may be followed
    with open_class_zip(path) as zipped:
        yield ZipTree(path, zipped)


def recognised(tree: Tree, zone: tzinfo) -> Export | None:
    """What a platform exported, at the top or in the one folder there; None if this is no export."""
    return next((export for place in places(tree) for look in RECOGNISERS if (export := look(place, zone))), None)


def places(tree: Tree) -> Iterator[Tree]:
    """Where an export may begin. Where graded files lie at the top, nothing there came from a platform."""
    names = tree.names()
    if GRADED.intersection(names.files):
        return
    yield tree
    if len(names.candidates) == len(names.folders) == 1 and (isinstance(tree, ZipTree) or WRAPPER.fullmatch(names.folders[0])):
        yield tree.at(names.folders[0])


def one_assignment(tree: Tree, assignment: str) -> Export:
    """What was handed in for an assignment of nbgrader; Refused if this is no course of nbgrader."""
    for place in places(tree):
        if export := nbgrader.recognise_assignment(place, assignment):
            return export
    raise Refused(f"This is no course of nbgrader in which {shown(assignment)} was collected.")


def plain(tree: Tree, name: str) -> list[tuple[str, Waiting]]:
    """What lies at the top or, of a zip in which the graded files themselves do, the zip as the one submission."""
    names = tree.names()
    if isinstance(tree, ZipTree) and GRADED.intersection(names.files):
        return [(short(name), Waiting(student_of(name), tree.path))]
    return [(short(top), Waiting(student_of(top), *tree.within(top))) for top in names.candidates]


def named(found: Iterable[tuple[str, Waiting]]) -> list[Waiting]:
    """Each submission under its name or, where two would share one on some disk, its fuller name, or else with a number."""
    found = sorted(found, key=lambda pair: (pair[0], pair[1].path, pair[1].inside, pair[1].members))
    count = Counter(folded(waiting.student) for _, waiting in found)
    names = [short(one.student if count[folded(one.student)] == 1 else fuller) or "unnamed" for fuller, one in found]
    count = Counter(folded(name) for name in names)
    taken = {name for name in count if count[name] == 1}
    renamed = []
    for student, (_, waiting) in zip(names, found, strict=True):
        name, number = student, 1
        while count[folded(student)] > 1 and folded(name) in taken:
            number += 1
            name = f"{student} ({number})"
        taken.add(folded(name))
        renamed.append(replace(waiting, student=name))
    return renamed


def student_of(name: str) -> str:
    """The student's name: the name of the folder, or of the file without its ending."""
    pure = PurePosixPath(name)
    return short(pure.stem if is_packed(name) else name)


def short(name: str) -> str:
    """A name that can be shown, and can be the name of a file with an ending of its own."""
    return shown(name, 100).encode()[:200].decode(errors="ignore")
