"""A program that breaks a promise of the hand-out loses a few points, in a check that says so."""

import pytest

from tests.golden.behaviour import BEHAVIOUR, KINDS

MOST_POINTS = 5  # of 60: what spoils every step of fit costs its four checks besides


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_broken_promise_costs_a_little(name, grade):
    one = BEHAVIOUR[name]
    result = grade({one.part: one.source})
    assert result.status == "graded"
    lost = {check.id.partition(".")[2] for check in result.failed if check.part == one.part}
    assert lost
    assert lost <= set(one.checks)
    assert result.part_max(one.part) - result.part_score(one.part) <= MOST_POINTS


def test_there_are_enough_of_each_kind():
    assert min(map(len, KINDS.values())) >= 6
