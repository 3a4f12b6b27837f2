"""A course of nbgrader: submitted/<student>/<assignment>/… with a timestamp.txt in each, as `nbgrader collect` leaves it.

A time without a zone is in UTC, as nbgrader reads it (nbgrader.utils.parse_utc).
"""

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from autograder.intake.entries import Refused, Spoilt, shown
from autograder.intake.exports.export import UTC, Export, ignored, label, moment, told
from autograder.intake.exports.tree import Tree
from autograder.intake.read import GRADED
from autograder.intake.waiting import Person, Waiting

SUBMITTED = "submitted"
COURSE = frozenset({"nbgrader_config.py", "gradebook.db", "source", "release", "autograded", "feedback"})
TIMESTAMP = "timestamp.txt"
MOST_TIMESTAMP = 1_000  # bytes


@dataclass(frozen=True)
class Course:
    """What lies in submitted/: the assignments of each student, which of them have a time, and which a graded file."""

    submitted: Tree
    assignments: dict[str, tuple[str, ...]]
    timed: frozenset[tuple[str, str]]
    graded: frozenset[str]

    @property
    def known(self) -> set[str]:
        """The assignments that somebody handed in."""
        return {name for held in self.assignments.values() for name in held}


def recognise(tree: Tree, _zone: tzinfo) -> Export | None:
    """The export of the only assignment that has a graded file; Refused if there are several, None if this is no course."""
    course = course_in(tree)
    if course is None and 2 * len({student for student, _ in course_at(tree).timed}) > len(tree.names().candidates):
        course = course_at(tree)
    return export_of(course, choose(course, tree.within("")[0])) if course else None


def recognise_assignment(tree: Tree, assignment: str) -> Export | None:
    """The export of one assignment by its name; None if nobody handed in anything for it."""
    course = course_in(tree) or course_at(tree)
    return export_of(course, assignment) if assignment in course.known else None


def export_of(course: Course, assignment: str) -> Export:
    """What was handed in for one assignment."""
    students = sorted(student for student, held in course.assignments.items() if assignment in held)
    return Export(
        "nbgrader",
        [(label(student), submission_of(course, student, assignment)) for student in students],
        [
            *told(f"Graded is {shown(assignment)}; other assignments here", course.known - {assignment}),
            *told(f"Students who handed in something, but no {shown(assignment)}", course.assignments.keys() - set(students)),
            *ignored(course.submitted.names().files),
        ],
    )


def course_in(tree: Tree) -> Course | None:
    """The course in whose folder submitted/ lies."""
    names = tree.names()
    return course_at(tree.at(SUBMITTED)) if SUBMITTED in names.folders and COURSE & {*names.folders, *names.files} else None


def course_at(submitted: Tree) -> Course:
    """What lies in a folder, taken for submitted/."""
    assignments, timed, graded = {}, set(), set()
    for student in submitted.names().folders:
        assignments[student] = submitted.names(student).folders
        for assignment in assignments[student]:
            names = submitted.names(f"{student}/{assignment}")
            if TIMESTAMP in names.files:
                timed.add((student, assignment))
            if GRADED.intersection(names.files):
                graded.add(assignment)
    return Course(submitted, assignments, frozenset(timed), frozenset(graded))


def choose(course: Course, place: Path) -> str:
    """The only assignment, or the only one that has a graded file; Refused if there is none or more than one."""
    several = sorted(course.graded or course.known)
    if len(several) == 1:
        return several[0]
    if not several:
        raise Refused("This is a course of nbgrader, and nothing was collected: run nbgrader collect first.")
    raise Refused(
        f"This is a course of nbgrader with several assignments ({', '.join(map(shown, several[:10]))}); "
        f'name one below a * for the students: SUBMISSIONS="{place}/*/{shown(several[0])}".'
    )


def submission_of(course: Course, student: str, assignment: str) -> Waiting:
    """What a student handed in for the assignment."""
    tree, folder = course.submitted, f"{student}/{assignment}"
    time = None
    if (student, assignment) in course.timed:
        try:
            time = moment(tree.take(f"{folder}/{TIMESTAMP}", MOST_TIMESTAMP).decode("utf-8", "replace"), UTC)
        except (Spoilt, Refused, OSError):
            time = None
    path, inside, members = tree.submission(folder)
    return Waiting(label(student), path, inside, members, (Person(id=shown(student, 100)),), time)
