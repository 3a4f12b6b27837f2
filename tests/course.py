"""The assignment that the tests grade, and its checks under the course's secret."""

from autograder.settings import read_assignment, read_secret

ASSIGNMENT = read_assignment()
PARTS = ASSIGNMENT.part_names
GRADED_FILES = ASSIGNMENT.graded_files
CHECKS = ASSIGNMENT.checks(read_secret().encode())
