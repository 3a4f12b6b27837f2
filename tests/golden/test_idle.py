"""Code that computes nothing earns only the points of its keys."""

import pytest

from tests.course import PARTS
from tests.golden.idle import IDLE
from tests.golden.programs import RETURN_GRADS, edited, solution


@pytest.mark.parametrize("name", IDLE)
def test_idle_program_earns_no_more_than_its_keys(name, grade):
    sources, marks = IDLE[name]
    result = grade(sources)
    assert result.status == "graded"
    assert tuple(result.part_score(part) for part in PARTS) == marks


def test_a_dead_softmax_earns_nothing_by_a_right_network(grade):
    """What SoftmaxDNN takes from dnn.py is right; the softmax on top of it is not."""
    ones = solution("extension").replace("E / E.sum(axis=0, keepdims=True)", "np.ones(Z.shape)")
    result = grade({"dnn": solution().encode(), "extension": ones.encode()})
    lost = {check.id for check in result.failed if check.part == "extension"}
    assert {"extension.example_softmax_forward", "extension.softmax_forward"} <= lost


def test_where_every_gradient_is_nan_each_failure_says_so(grade):
    nothing = "        return {key: value * np.nan for key, value in grads.items()}\n"
    failed = [check for check in grade(edited((RETURN_GRADS, nothing))).failed if check.part == "dnn" and ".fit_" not in check.id]
    assert len(failed) > 10
    assert all("contains nan" in check.got for check in failed)
