"""Lets pytest find the student's files in this folder, and show the sentence of a failed check instead of its source."""

import pytest
from checks.at_home import LocalStudent
from checks.checking import CheckFailure, StudentError, sentence_of
from checks.command import FOLLOWS, describe_to_do
from checks.hints import HINTS
from checks.naming import find_at_home
from checks.rubric import RUBRIC

STUDENT = LocalStudent(tuple(RUBRIC))


@pytest.fixture(scope="session")
def student():
    return STUDENT


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    STUDENT.follows = ""
    try:
        with STUDENT.running(pyfuncitem.obj.__globals__):
            result = yield
    except (CheckFailure, NotImplementedError, StudentError) as error:
        failure = error.__cause__ or error
    else:
        if STUDENT.follows:
            pyfuncitem.user_properties.append(("follows", STUDENT.follows))
        return result
    if isinstance(failure, NotImplementedError):
        pytest.fail(f"To do: {describe_to_do(failure, STUDENT)}\n{sentence_of(pyfuncitem.obj)}", pytrace=False)
    found = find_at_home(pyfuncitem.module, pyfuncitem.name.removeprefix("test_"), STUDENT, HINTS)
    if isinstance(failure, CheckFailure):
        said = found.with_exception(str(failure)) if found else failure
        pytest.fail(f"{said}\n{sentence_of(pyfuncitem.obj)}", pytrace=False)
    if found and found.said:
        pyfuncitem.add_report_section("call", "mistake", found.said)
    raise failure


def pytest_report_teststatus(report):
    if report.when == "call" and report.passed and why_it_follows(report):
        return "follows", "~", "FOLLOWS"
    return None


def pytest_terminal_summary(terminalreporter):
    for skipped in STUDENT.skipped:
        terminalreporter.write_line(str(skipped))
    following = terminalreporter.getreports("follows")
    for report in following:
        terminalreporter.write_line(f"follows  {report.nodeid.rpartition('::')[2]}  {why_it_follows(report)}")
    if following:
        terminalreporter.write_line(FOLLOWS)


def why_it_follows(report):
    """Return why a check follows, None if it does not."""
    return dict(report.user_properties).get("follows")
