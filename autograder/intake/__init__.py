"""From a folder, a zip or a file to Submission(student, sources, problems). Nothing is unpacked and nothing is run."""

from autograder.intake.find import IntakeError, find, student_of
from autograder.intake.graded_files import GradedFiles
from autograder.intake.read import Reader, Submission, read
from autograder.intake.roster import Roster, read_roster
from autograder.intake.waiting import Found, Person, Waiting

__all__ = [
    "Found",
    "GradedFiles",
    "IntakeError",
    "Person",
    "Reader",
    "Roster",
    "Submission",
    "Waiting",
    "find",
    "read",
    "read_roster",
    "student_of",
]
