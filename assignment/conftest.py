"""Tells pytest where the student's files are: right here."""

import pytest
from checking import LocalStudent


@pytest.fixture(scope="session")
def student():
    return LocalStudent()
