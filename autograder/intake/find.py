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
from autograder.intake.exports.layout import recognize
from autograder.intake.exports.layouts import LAYOUTS, NBGRADER
from autograder.intake.exports.tree import Tree, is_packed
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.remarks import count_noun
from autograder.intake.waiting import Found, Waiting
from autograder.intake.zips import open_class_zip

# What a folder that an export was unpacked into is called. Any other may be a student's own, who must not be able to make one.
WRAPPER = re.compile(r"assignment_\d+_export|gradebook_.+|submissions|submitted")
PLAIN = "plain"
EVERY = "*"  # in place of the student, before the name of an assignment of nbgrader


class IntakeError(AutograderError):
    """There is nothing to grade where the TA said; the text is a sentence for the TA."""


def find(submissions: Path, files: GradedFiles, zone: tzinfo = timezone.utc) -> Found:
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
        with look_at(place, files) as tree:
            found = recognized(tree, zone, assignment) or plain(tree, place.name)
    except Refused as refusal:
        raise IntakeError(f"{place}: {refusal}") from refusal
    except OSError as error:
        raise IntakeError(f"{place} cannot be read: {error.strerror}.") from error
    if not found.waiting:
        raise IntakeError(f"{place} holds no submission: no folder, no .zip and no .py file.")
    waiting = tuple(sorted(named(found.waiting), key=lambda waiting: waiting.student))
    if found.kind == PLAIN:
        return Found(PLAIN, waiting)
    people = sum(len(one.people) for one in waiting)
    told = f"This is an export of {found.kind}: {count_noun(len(waiting), 'submission')}"
    return Found(found.kind, waiting, (f"{told}{f' of {people} people' if people > len(waiting) else ''}.", *found.remarks))


@contextlib.contextmanager
def look_at(place: Path, files: GradedFiles) -> Iterator[Tree]:
    """The names in a folder or in an open zip; Refused if nobody should unpack the zip, OSError if it cannot be read."""
    if place.is_dir():
        yield Tree(place, files)
        return
    path = place.resolve()  # the TA's own link may be followed
    with open_class_zip(path) as zipped:
        yield Tree(path, files, zipped)


def recognized(tree: Tree, zone: tzinfo, assignment: str) -> Found | None:
    """What a platform exported, at the top or in the one folder there; None if this is no export.

    Refused if an assignment is named, and this is no course of nbgrader in which somebody handed it in.
    """
    for place in places(tree):
        for layout in [NBGRADER] if assignment else LAYOUTS:
            if export := recognize(layout, place, zone, assignment):
                return export
    if assignment:
        raise Refused(f"This is no course of nbgrader in which {shown(assignment)} was collected.")
    return None


def places(tree: Tree) -> Iterator[Tree]:
    """Where an export may begin. Where graded files lie at the top, nothing there came from a platform."""
    names = tree.names()
    if tree.graded.any_in(names.files):
        return
    yield tree
    if len(names.candidates) == len(names.folders) == 1 and (tree.zipped or WRAPPER.fullmatch(names.folders[0])):
        yield tree.at(names.folders[0])


def plain(tree: Tree, name: str) -> Found:
    """What lies at the top or, of a zip in which the graded files themselves do, the zip as the one submission."""
    names = tree.names()
    if tree.zipped and tree.graded.any_in(names.files):
        return Found(PLAIN, (Waiting(student_of(name), tree.path, full_name=name),))
    return Found(PLAIN, tuple(Waiting(student_of(top), *tree.within(top), full_name=top) for top in names.candidates))


def named(found: Iterable[Waiting]) -> Iterator[Waiting]:
    """Each submission under its name or, where two would share one on some disk, its fuller name, or else with a number."""
    found = sorted(found, key=lambda one: (short(one.full_name), one.path, one.inside, one.members))
    count = Counter(folded(one.student) for one in found)
    names = [short(one.student if count[folded(one.student)] == 1 else one.full_name) or "unnamed" for one in found]
    count = Counter(folded(name) for name in names)
    taken = {name for name in count if count[name] == 1}
    for student, waiting in zip(names, found, strict=True):
        name, number = student, 1
        while count[folded(student)] > 1 and folded(name) in taken:
            number += 1
            name = f"{student} ({number})"
        taken.add(folded(name))
        yield replace(waiting, student=name)


def student_of(name: str) -> str:
    """The student's name: the name of the folder, or of the file without its ending."""
    pure = PurePosixPath(name)
    return short(pure.stem if is_packed(name) else name)


def short(name: str) -> str:
    """A name that can be shown, and can be the name of a file with an ending of its own."""
    return shown(name, 100).encode()[:200].decode(errors="ignore")
