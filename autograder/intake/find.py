"""Find the submissions in the folder or zip that the TA named."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timezone, tzinfo
from pathlib import Path, PurePosixPath

from autograder.errors import AutograderError
from autograder.intake.entries import RejectedSubmissionError, fold_name, make_printable
from autograder.intake.exports.layout import recognize
from autograder.intake.exports.layouts import LAYOUTS, NBGRADER
from autograder.intake.exports.tree import Tree
from autograder.intake.folders import Folder
from autograder.intake.graded_files import SOURCE, ZIP, GradedFiles
from autograder.intake.kinds import strip_ending
from autograder.intake.names import PREFIXED, meaning
from autograder.intake.read import Reader
from autograder.intake.remarks import UNUSED, count_noun, list_names
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef, name_student, shorten
from autograder.intake.wrappers import name_person
from autograder.intake.zips import open_class_zip

# The names of folders that exports are unpacked into. Any other folder may come from a student, who must not be able to fake an
# export.
WRAPPER = re.compile(r"assignment_\d+_export|gradebook_.+|submissions|submitted")
PLAIN = "plain"
PLATFORM_IDS = frozenset({"Brightspace", "Canvas", "Moodle"})  # downloads with the platform's own ids of people
EVERY = "*"  # stands for every student, before the name of an nbgrader assignment
MAX_WRAPPERS = 4  # folders and zips around the submissions


class IntakeError(AutograderError):
    """The input that the TA named cannot be used; the text is a sentence for the TA."""


def find(submissions: Path, files: GradedFiles, zone: tzinfo = timezone.utc) -> Discovery:
    """Return every submission in a folder or a zip, in name order; raise IntakeError if there is none.

    Exports of platforms are recognized (docs/exports.md). zone applies to times in an export without an offset.
    `course/submitted/*/ps1`, with the asterisk, is the assignment ps1 of an nbgrader course.
    """
    named_one = submissions.parent.name == EVERY and not submissions.exists()
    place, assignment = (submissions.parent.parent, submissions.name) if named_one else (submissions, "")
    try:
        if not place.exists():
            raise IntakeError(f"There is no {place}: SUBMISSIONS must name a folder or a zip of submissions.")
        if not place.is_dir() and place.suffix.lower() != ZIP:
            raise IntakeError(f"{place} is neither a folder nor a zip.")
        with ExitStack() as context:
            tree = open_tree(place, files, context)
            places = list(list_places(tree, context))
            found = recognize_export(places, zone, assignment) or list_plain(places, place.name)
    except RejectedSubmissionError as refusal:
        raise IntakeError(f"{place}: {refusal}") from refusal
    except OSError as error:
        raise IntakeError(f"{place} cannot be read: {error.strerror}.") from error
    if not found.submissions:
        raise IntakeError(" ".join([f"{place} has no submissions: no folder, {ZIP} or {SOURCE} file.", *found.remarks]))
    named = sorted(assign_names(found.submissions), key=lambda ref: ref.student)
    refs = tuple(replace(ref, folder=tree.folder) for ref in named)
    if found.kind in PLATFORM_IDS:
        refs = tuple(replace(ref, people=tuple(add_platform_id(who, found.kind) for who in ref.people)) for ref in refs)
    if found.kind == PLAIN:
        return replace(found, submissions=refs)
    people = sum(len(one.people) for one in refs)
    summary = f"Recognized an export from {found.kind}: {count_noun(len(refs), 'submission')}"
    return Discovery(found.kind, refs, (f"{summary}{f' by {people} people' if people > len(refs) else ''}.", *found.remarks))


def open_tree(place: Path, files: GradedFiles, context: ExitStack) -> Tree:
    """Open a folder or a zip as a tree; raise RejectedSubmissionError if it is unsafe, OSError if it cannot be read."""
    if place.is_dir():
        return Tree(Folder(place), files)
    path = place.resolve()  # the TA's own link may be followed
    folder = Folder(path.parent)
    return Tree(folder, files, context.enter_context(open_class_zip(folder, PurePosixPath(path.name))))


@dataclass(frozen=True)
class Place:
    """A folder or zip in which the submissions may be: the top, or the only entry of the previous place.

    is_trusted says that no student can have made it, wrappers are the names that lead to it, and remarks list skipped files.
    """

    tree: Tree
    is_trusted: bool = True
    wrappers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def list_places(tree: Tree, context: ExitStack) -> Iterator[Place]:
    """Yield the top of a tree, then the only folder or zip in it, and so on."""
    place = Place(tree)
    while True:
        yield place
        names = place.tree.names()
        if len(names.candidates) != 1 or len(place.wrappers) == MAX_WRAPPERS:
            return
        name = names.candidates[0]
        below = place.tree.enter(name, context)
        if not below:
            return
        is_first_in_zip = bool(tree.zipped) and not place.wrappers
        place = Place(
            below,
            place.is_trusted and (is_first_in_zip or bool(WRAPPER.fullmatch(strip_ending(name)))),
            (*place.wrappers, name),
            (*place.remarks, *list_names(UNUSED, names.of_course)),
        )


def recognize_export(places: Sequence[Place], zone: tzinfo, assignment: str) -> Discovery | None:
    """Return the submissions of the first place that is a platform's export; None if there is none.

    A place that a student may have made counts only if it has several submitters. Raise RejectedSubmissionError if the
    assignment was named and no nbgrader course has submissions for it.
    """
    for place in places:
        if place.tree.graded.any_in(place.tree.names().files):  # no platform puts them there
            break
        for layout in [NBGRADER] if assignment else LAYOUTS:
            export = recognize(layout, place.tree, zone, assignment) if place.is_trusted or layout.patterns else None
            if export and (place.is_trusted or len(export.submissions) > 1):
                refs = tuple(replace(ref, inner=place.tree.inner) for ref in export.submissions)
                return Discovery(export.kind, refs, (*place.remarks, *export.remarks))
    if assignment:
        raise RejectedSubmissionError(f"This is not an nbgrader course with submissions for {make_printable(assignment)}.")
    return None


def list_plain(places: Sequence[Place], name: str) -> Discovery:
    """Return the entries at the top, or in wrappers around them, as submissions, or the zip called `name` as a single one."""
    top = places[0].tree
    if top.zipped and is_one_submission(top) and not is_class(places[0]):
        ref = SubmissionRef(name_student(name), top.path, full_name=name)
        single = () if top.graded.any_in(top.names().files) else (f"{make_printable(name)} was graded as one submission.",)
        return Discovery(PLAIN, (ref,), single)
    chosen = next((place for place in places[1:] if is_class(place)), places[0])
    remarks = [*chosen.remarks, *list_names(UNUSED, chosen.tree.names().of_course)]
    if chosen.wrappers:
        path = make_printable("/".join(chosen.wrappers))
        remarks.insert(0, f"The submissions of the class were found in {path}, the only entry of {make_printable(name)}.")
    return Discovery(PLAIN, tuple(chosen.tree.refs(chosen.tree.names().candidates)), tuple(remarks))


def is_class(place: Place) -> bool:
    """Return whether a place holds the submissions of a class, rather than one student's.

    A class has folders or zips of different people with the same graded file in them, or those of one person in wrappers that
    are not named after a person.
    """
    names, files = place.tree.names(), place.tree.graded
    if place.wrappers and files.any_in(names.files):
        return False
    people: dict[str, frozenset[str]] = {}
    with Reader(files) as reader:
        for ref in place.tree.refs(names.candidates):
            person = name_person(strip_ending(ref.full_name), files.parts)
            if person and (ref.full_name in names.folders or ref.full_name.lower().endswith(ZIP)):
                for part in reader.read(ref).sources:
                    if people.setdefault(part, person) != person:
                        return True
    is_nobodys = not any(name_person(strip_ending(wrapper), files.parts) for wrapper in place.wrappers)
    return bool(people and place.wrappers) and len(names.candidates) == 1 and is_nobodys


def is_one_submission(tree: Tree) -> bool:
    """Return whether the files at the top belong to one student: graded files, or renamed ones without other people's."""
    names, parts = tree.names(), tree.graded.parts
    if tree.graded.any_in(names.files):
        return True
    meant = {name: meaning(name, parts) for name in names.files if meaning(name, parts)[0]}
    prefixed = {name_person(strip_ending(name), parts) for name, (_, rank) in meant.items() if rank == PREFIXED}
    others = (strip_ending(name) for name in names.candidates if name not in meant)
    return (
        0 < len(meant) == len({part for part, _ in meant.values()})
        and (not prefixed or len(meant) > len(prefixed) == 1)
        and not any(name_person(name, parts) for name in others)
    )


def assign_names(found: Iterable[SubmissionRef]) -> Iterator[SubmissionRef]:
    """Yield each submission with its name. If two names clash on some disk, use full names, and then numbers."""
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


def add_platform_id(person: Person, platform: str) -> Person:
    """Return a person whose only known id is the platform's."""
    return replace(person, platform_ids=((platform, person.id),) if person.id else ())
