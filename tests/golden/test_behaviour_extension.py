"""A program for extension.py whose values are right at first sight loses a little, in the check that says why."""

import pytest

from tests.golden.behaviour_extension import BEHAVIOUR, KINDS
from tests.golden.programs import solution

MOST = 4  # points: these programs are nearly right


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_it_loses_a_little_where_it_is_wrong(name, grade):
    check, source = BEHAVIOUR[name]
    result = grade({"dnn": solution().encode(), "extension": source})
    lost = {f"extension.{check}"} & {one.id for one in result.failed}
    assert lost, [(one.id, one.got) for one in result.failed]
    assert result.part_score("dnn") == result.part_max("dnn")
    assert 0 < result.part_max("extension") - result.part_score("extension") <= MOST, [one.id for one in result.failed]


def test_another_derivative_of_relu_at_0_gets_the_convention_explained(grade):
    _, source = BEHAVIOUR["finite but wrong: the slope of relu at 0 is 1"]
    (check,) = (one for one in grade({"dnn": solution().encode(), "extension": source}).failed if one.part == "extension")
    assert (check.points, check.got.partition(":")[0]) == (0.5, "At Z = 0, where the hand-out sets the derivative of relu to 0")


def test_every_kind_has_its_programs():
    assert all(len(programs) >= 6 for programs in KINDS.values())
