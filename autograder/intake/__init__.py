"""From a folder, a zip or a file to Submission(student, sources, problems). Nothing is unpacked and nothing is run."""

from autograder.intake.find import IntakeError, Waiting, find, student_of
from autograder.intake.read import Submission, read

__all__ = ["IntakeError", "Submission", "Waiting", "find", "read", "student_of"]
