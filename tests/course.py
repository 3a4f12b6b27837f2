"""The assignment that the tests grade, and its checks under the course's secret."""

import importlib

from autograder.at_home import collect_local_checks
from autograder.backprop.rubric import RUBRIC
from autograder.settings import read_assignment, read_secret

ASSIGNMENT = read_assignment()
OF_THE_REPOSITORY = "everybody-can-read-this-secret-of-the-repository"  # the public example
PARTS = ASSIGNMENT.part_names
GRADED_FILES = ASSIGNMENT.graded_files
CHECKS = ASSIGNMENT.checks(read_secret().encode())
# What check.py and pytest run on a student's machine, by part: the public checks, and practice without points.
LOCAL_CHECKS = {
    part: collect_local_checks(part, importlib.import_module(f"tests.public.test_{part}"), RUBRIC) for part in PARTS
}
