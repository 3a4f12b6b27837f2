"""What a student sees on Gradescope before the grades are published is the same for programs that public checks do not tell apart.

Else each resubmission would be a question about the hidden checks.
"""

import json
import re
from functools import cache

import pytest

from autograder.backprop import mistakes as catalog
from autograder.marks import mark_of
from autograder.report.gradescope import results_json
from autograder.settings import Feedback, Settings
from tests.golden import record
from tests.golden.behaviour import BEHAVIOUR
from tests.golden.differences import DNN
from tests.golden.mistakes import MISTAKES, wrong_program
from tests.golden.programs import solutions, submission
from tests.project.grading import before_publication

LOST = {name: row["lost"] for name, row in record.read()["mistakes"].items()}


HIDDEN_ALONE = [name for name, lost in LOST.items() if not any(check.startswith("example_") for check in lost)]
# Each is made beside a mistake that public checks show: neither what these say nor the cause they name may change.
SHOWN = "db-summed"
LINE_NUMBER = re.compile(r"(In your code: \w+\.py, line) \d+")
ROWS = {row.id: row for row in catalog.MISTAKES["dnn"]}


def beside(name):
    """Return the program with both mistakes; None where they are in one place."""
    try:
        return wrong_program("dnn", ROWS[SHOWN], ROWS[name]).sources
    except ValueError:
        return None


BESIDE = {name: sources for name in HIDDEN_ALONE if name in ROWS and (sources := beside(name))}


def seen(result, **settings):
    """Return what the student sees, whose hidden checks the course shows after the grades are published.

    The number of a line is left out: a mistake in an earlier line of the student's file moves it.
    """
    document = results_json(mark_of(result, settings=Settings(**settings)))
    return before_publication(json.loads(LINE_NUMBER.sub(r"\1 N", document)))


def said_in_public(result):
    """Return what public checks make of a program."""
    return [(one.id, one.passed, one.got, one.detail, one.partial) for one in result.checks if one.visibility == "public"]


@pytest.fixture(scope="module")
def right(judge):
    """Grades the solution of these files."""
    return cache(lambda *parts: judge.grade(submission({part: solutions()[part] for part in parts})))


@pytest.mark.parametrize("name", HIDDEN_ALONE)
def test_a_mistake_that_hidden_checks_alone_show(name, grade_mistake, right):
    result, like = grade_mistake(name), right(*MISTAKES[name].sources)
    assert result.score < like.score
    assert said_in_public(result) == said_in_public(like)
    assert seen(result) == seen(like)


@pytest.mark.parametrize("name", BESIDE)
def test_a_hidden_mistake_next_to_a_public_one(name, judge, grade_mistake):
    result, like = judge.grade(submission(BESIDE[name])), grade_mistake(SHOWN)
    if said_in_public(result) == said_in_public(like):
        assert seen(result) == seen(like)
    assert any(one.public_cause for one in like.checks)


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_a_broken_promise(name, judge, right):
    one = BEHAVIOUR[name]
    result = judge.grade(submission({one.part: one.source}))
    like = right(one.part)
    assert result.score < like.score
    if said_in_public(result) == said_in_public(like):
        assert seen(result) == seen(like)


@pytest.mark.parametrize("name", DNN)
def test_finite_differences(name, judge, right):
    result = judge.grade(submission({"dnn": DNN[name].source}))
    assert result.remarks
    if said_in_public(result) == said_in_public(right("dnn")):
        assert seen(result) == seen(right("dnn"))


def test_enough_programs_are_compared():
    assert len(HIDDEN_ALONE) >= 100
    assert len(BESIDE) >= 20


@pytest.mark.parametrize("name", HIDDEN_ALONE[:1])
def test_what_the_course_shows_at_once_is_seen(name, grade_mistake, right):
    """So the comparison can fail."""
    at_once = {"feedback": Feedback("visible")}
    assert seen(grade_mistake(name), **at_once) != seen(right(*MISTAKES[name].sources), **at_once)
