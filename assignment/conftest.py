"""Tells pytest that the student's files are right here, and that a failed check shows its sentence, not its source."""

import pytest
from checks.at_home import LocalStudent
from checks.checking import CheckFailure, StudentError, sentence_of
from checks.rubric import RUBRIC

STUDENT = LocalStudent(tuple(RUBRIC))


@pytest.fixture(scope="session")
def student():
    return STUDENT


def pytest_terminal_summary(terminalreporter):
    for skipped in STUDENT.skipped:
        terminalreporter.write_line(str(skipped))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        with STUDENT.files.as_in_the_grader():
            return (yield)
    except (CheckFailure, NotImplementedError, StudentError) as error:
        failure = error.__cause__ or error
    if isinstance(failure, (CheckFailure, NotImplementedError)):
        pytest.fail(f"{failure}\n{sentence_of(pyfuncitem.obj)}", pytrace=False)
    raise failure
