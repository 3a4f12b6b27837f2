"""Runs the graded checks on the solution of this assignment, as tests/conftest.py does for that of the course."""

import pytest

from autograder.packaging.regions import solved
from tests.regression.assignment import ASSIGNMENT, draw_data

collect_ignore = ["examples", "solution", "starter"]


@pytest.fixture
def student(judge):
    sources = {part: solved((ASSIGNMENT.solution / f"{part}.py").read_text()).encode() for part in ASSIGNMENT.part_names}
    with judge.sandbox.session(sources) as session:
        yield session


@pytest.fixture(scope="session")
def data():
    return draw_data(b"any secret")
