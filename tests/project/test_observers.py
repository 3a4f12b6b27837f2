"""Observations of warmup.py and extension.py accept consequences of dnn.py, and handle any value."""

import itertools

import numpy as np
import pytest

from autograder.backprop.mistakes import MISTAKES
from autograder.backprop.observers.extension import observe_extension
from autograder.backprop.observers.warmup import observe_warmup
from autograder.checking import CheckFailure, StudentError
from autograder.diagnosis.matching import find_mistakes
from tests.course import ASSIGNMENT
from tests.golden.programs import program, solution
from tests.shares import in_turn

OBSERVE = {"warmup": observe_warmup, "extension": observe_extension}
PARTS = list(OBSERVE)
PAIRS = 100


def failures_of(judge, session, part):
    """Return what each failed check of a part raised."""
    found = {}
    for check in judge.checks:
        if check.part == part:
            session.begin_check(hidden=True)
            try:
                check.run(session)
            except (CheckFailure, StudentError) as failure:
                found[check.name] = failure
    return found


@np.errstate(all="ignore")
def diagnose(judge, cases, part, source, dnn=None):
    """Return the failures of a program and its findings, with a correct dnn.py or the starter code, unless one is given."""
    dnn = dnn or (solution().encode() if part == "extension" else (ASSIGNMENT.starter / "dnn.py").read_bytes())
    with judge.sandbox.session({"dnn": dnn, part: source}) as session:
        failures = failures_of(judge, session, part)
        session.begin_check(hidden=True)
        return failures, find_mistakes(list(OBSERVE[part](session, failures, cases)), MISTAKES[part])


def names(finding):
    """Return the ids of the rows that a finding names."""
    return [row.id for row in finding.mistakes]


@pytest.mark.parametrize("part", PARTS)
def test_the_solution_shows_no_mistake(part, judge, cases):
    with judge.sandbox.session({"dnn": solution().encode(), part: solution(part).encode()}) as session:
        seen = list(OBSERVE[part](session, {"any": CheckFailure("any")}, cases))
    assert [(one.step, one.key) for one in seen if not one.right] == []


@pytest.mark.parametrize("part", PARTS)
def test_consequences_of_dnn_are_not_mistakes_in_another_part(part, judge, cases):
    found = {}
    for row in in_turn(MISTAKES["dnn"], every=3):
        if "load" not in row.shows:  # the judge would take the dnn.py handed out
            _, found[row.id] = diagnose(judge, cases, part, solution(part).encode(), program("dnn", row))
    assert {name: list(map(names, findings)) for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize("part", PARTS)
def test_whatever_a_function_returns_can_be_looked_at(part, judge, cases):
    source = solution(part)
    lines = [line for line in source.splitlines() if line.lstrip().startswith("return ")]
    values = ("None", "'text'", "{}", "(1, {})", "np.full((2, 3), np.inf)", "[[1, 2], [3]]", "1 / 0")
    for line, value in in_turn(itertools.product(lines, values), every=3):
        indent = line[: line.index("return")]
        failures, findings = diagnose(judge, cases, part, source.replace(line, f"{indent}return {value}").encode())
        assert bool(failures) == bool(findings)
