"""Finds the submissions under what the TA named: a folder of submissions, or a zip of them."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timezone, tzinfo
from pathlib import Path, PurePosixPath

from autograder.errors import AutograderError
from autograder.intake.entries import RejectedSubmissionError, fold_name, make_printable
from autograder.intake.exports.layout import recognize
from autograder.intake.exports.layouts import LAYOUTS, NBGRADER
from autograder.intake.exports.tree import Tree, is_packed
from autograder.intake.graded_files import ZIP, GradedFiles
from autograder.intake.remarks import count_noun
from autograder.intake.submission_ref import Discovery, SubmissionRef
from autograder.intake.zips import open_class_zip

# What a folder that an export was unpacked into is called. Any other may be a student's own, who must not be able to make one.
WRAPPER = re.compile(r"assignment_\d+_export|gradebook_.+|submissions|submitted")
PLAIN = "plain"
EVERY = "*"  # in place of the student, before the name of an assignment of nbgrader


class IntakeError(AutograderError):
    """What the TA named cannot be used; the text is a sentence for the TA."""


def find(submissions: Path, files: GradedFiles, zone: tzinfo = timezone.utc) -> Discovery:
    """Return every submission in a folder or a zip, in name order; raise IntakeError if there is none.

    What platforms export is recognized (docs/exports.md). zone is that of the times in an export that have no offset.
    `course/submitted/*/ps1`, with the asterisk, is the assignment ps1 of an nbgrader course.
    """
    named_one = submissions.parent.name == EVERY and not submissions.exists()
    place, assignment = (submissions.parent.parent, submissions.name) if named_one else (submissions, "")
    try:
        if not place.exists():
            raise IntakeError(f"There is no {place}: SUBMISSIONS must name a folder or a zip of submissions.")
        if not place.is_dir() and place.suffix.lower() != ZIP:
            raise IntakeError(f"{place} is neither a folder nor a zip.")
        with open_tree(place, files) as tree:
            found = recognize_export(tree, zone, assignment) or list_plain(tree, place.name)
    except RejectedSubmissionError as refusal:
        raise IntakeError(f"{place}: {refusal}") from refusal
    except OSError as error:
        raise IntakeError(f"{place} cannot be read: {error.strerror}.") from error
    if not found.submissions:
        raise IntakeError(f"{place} holds no submission: no folder, no .zip and no .py file.")
    refs = tuple(sorted(assign_names(found.submissions), key=lambda ref: ref.student))
    if found.kind == PLAIN:
        return Discovery(PLAIN, refs)
    people = sum(len(one.people) for one in refs)
    summary = f"This is an export of {found.kind}: {count_noun(len(refs), 'submission')}"
    return Discovery(found.kind, refs, (f"{summary}{f' of {people} people' if people > len(refs) else ''}.", *found.remarks))


@contextlib.contextmanager
def open_tree(place: Path, files: GradedFiles) -> Iterator[Tree]:
    """Yield the names in a folder or in a zip; raise RejectedSubmissionError if it is unsafe, OSError if it cannot be read."""
    if place.is_dir():
        yield Tree(place, files)
        return
    path = place.resolve()  # the TA's own link may be followed
    with open_class_zip(path) as zipped:
        yield Tree(path, files, zipped)


def recognize_export(tree: Tree, zone: tzinfo, assignment: str) -> Discovery | None:
    """Return what a platform exported, at the top or in the one folder there; None if this is not an export.

    Raise RejectedSubmissionError if an assignment is named that nobody submitted in a course of nbgrader.
    """
    for place in list_places(tree):
        for layout in [NBGRADER] if assignment else LAYOUTS:
            if export := recognize(layout, place, zone, assignment):
                return export
    if assignment:
        raise RejectedSubmissionError(f"This is no course of nbgrader in which {make_printable(assignment)} was collected.")
    return None


def list_places(tree: Tree) -> Iterator[Tree]:
    """Yield where an export may begin; nowhere if graded files are at the top, since no platform puts them there."""
    names = tree.names()
    if tree.graded.any_in(names.files):
        return
    yield tree
    if len(names.candidates) == len(names.folders) == 1 and (tree.zipped or WRAPPER.fullmatch(names.folders[0])):
        yield tree.at(names.folders[0])


def list_plain(tree: Tree, name: str) -> Discovery:
    """Return what is at the top as submissions or, if the graded files themselves are there in a zip, the zip as one."""
    names = tree.names()
    if tree.zipped and tree.graded.any_in(names.files):
        return Discovery(PLAIN, (SubmissionRef(name_student(name), tree.path, full_name=name),))
    return Discovery(
        PLAIN, tuple(SubmissionRef(name_student(top), *tree.within(top), full_name=top) for top in names.candidates)
    )


def assign_names(found: Iterable[SubmissionRef]) -> Iterator[SubmissionRef]:
    """Yield each submission under its name or, if two would share one on some disk, its full name, or else with a number."""
    found = sorted(found, key=lambda one: (shorten(one.full_name), one.path, one.inside, one.members))
    count = Counter(fold_name(one.student) for one in found)
    names = [shorten(one.student if count[fold_name(one.student)] == 1 else one.full_name) or "unnamed" for one in found]
    count = Counter(fold_name(name) for name in names)
    taken = {name for name in count if count[name] == 1}
    for student, ref in zip(names, found, strict=True):
        name, number = student, 1
        while count[fold_name(student)] > 1 and fold_name(name) in taken:
            number += 1
            name = f"{student} ({number})"
        taken.add(fold_name(name))
        yield replace(ref, student=name)


def name_student(name: str) -> str:
    """Return the student's name: the name of the folder, or of the file without its ending."""
    pure = PurePosixPath(name)
    return shorten(pure.stem if is_packed(name) else name)


def shorten(name: str) -> str:
    """Return a name that is safe to show, and leaves room for an ending as the name of a file."""
    return make_printable(name, 100).encode()[:200].decode(errors="ignore")
