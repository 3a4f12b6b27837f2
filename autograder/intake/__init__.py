"""From a folder, a zip or a file to Submission(student, sources, problems). Nothing is unpacked and nothing is run."""

from autograder.intake.find import IntakeError, find, student_of
from autograder.intake.read import Submission, read
from autograder.intake.waiting import Person, Waiting

__all__ = ["IntakeError", "Person", "Submission", "Waiting", "find", "read", "student_of"]
