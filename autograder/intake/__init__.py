"""From a folder, a zip or a file to Submission(student, sources, problems). Nothing is unpacked and nothing is run."""

from autograder.intake.find import IntakeError, find, name_student
from autograder.intake.graded_files import GradedFiles
from autograder.intake.read import Reader, Submission, read
from autograder.intake.roster import Roster, read_roster
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef

__all__ = [
    "Discovery",
    "GradedFiles",
    "IntakeError",
    "Person",
    "Reader",
    "Roster",
    "Submission",
    "SubmissionRef",
    "find",
    "name_student",
    "read",
    "read_roster",
]
