"""The diagnosis names the mistake that makes exactly the wrong gradient, and stays silent where it knows none."""

import pytest

from autograder.diagnosis import explain
from autograder.diagnosis.patterns import PATTERNS
from autograder.judge.oracle import truth
from tests.golden.mistakes import MISTAKES
from tests.hidden.cases import MAIN, SINGLE

CAUSES = {
    "R1": "Exactly m times too large",
    "R2": "Exactly m times too large",
    "R3": "Exactly m times too large",
    "R4": "Exactly m times too small",
    "R6": "Divided by the rows of X",
    "R8": "The units are averaged away",
    "R10": "One column for each sample is left",
    "R11": "One column for each sample is left",
    "R12": "keep the second axis",
    "R16": "Off by m/(m-1)",
    "C1": "wrong sign",
    "C11": "Exactly twice",
    "W9": "the transpose",
    "logistic: sum for b": "Exactly m times too large",
    "logistic: no keepdims": "keep the second axis",
    "logistic: divided by p": "Divided by the rows of X",
    "logistic: dJdw1 transposed": "the transpose",
    "logistic: y - a1": "wrong sign",
    "logistic: dJdz1 averaged": "Exactly m times too small",
    "SoftmaxDNN: averages dZ": "Exactly m times too small",
    "SoftmaxDNN: sign": "wrong sign",
    "walk: sums": "Exactly m times too large",
    "S13": "Exactly half",
    "notes: sums, as their J": "Exactly m times too large",
}
UNKNOWN = ["C3", "C7", "W1", "W10", "F3", "K7", "K8"]


@pytest.mark.parametrize("name", CAUSES)
def test_every_cause_that_is_named_is_the_right_one(name, grade):
    found = {check.cause for check in grade(MISTAKES[name].sources).failed if check.cause}
    assert found
    assert all(CAUSES[name] in cause for cause in found)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_mistake_without_a_pattern_gets_no_cause(name, grade):
    assert not [check.cause for check in grade(MISTAKES[name].sources).failed if check.cause]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.cause)
def test_each_pattern_is_found_where_it_is(pattern):
    for kind in pattern.kinds:
        want = truth(MAIN).grads[f"{kind}2"]
        assert explain(f"{kind}2", pattern.spoil(want, 7, 2), (want,), MAIN) == pattern.cause


@pytest.mark.parametrize("case", [MAIN, SINGLE], ids=lambda case: case.name)
def test_no_cause_without_a_mistake_or_on_a_single_sample(case):
    want = truth(case).grads["W1"]
    assert explain("W1", want, (want,), case) == ""
    assert explain("W1", 2 * want, (want,), case) == ("" if case is SINGLE else PATTERNS[-2].cause)
