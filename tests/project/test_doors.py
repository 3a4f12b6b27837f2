"""One judge, four integrations: golden submissions get the same scores in each, check by check and task by task."""

import sys

import pytest

from tests.shares import current_share

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader 0.9.6 needs Python 3.11")
COUNT = 2  # of two kinds, others for another commit; the tests of each platform compare more with it


def test_the_scores_are_the_same_in_every_integration(packages, tmp_path):
    from tests.golden.doors import differences

    assert list(differences(COUNT, tmp_path, packages.folder, current_share())) == []


@pytest.mark.parametrize("door", ["make grade", "Gradescope", "otter", "nbgrader"])
def test_a_score_that_differs_in_one_integration_is_reported(door, tmp_path, monkeypatch):
    """The comparison itself: with doors that only pass on what the function says, one of them less one point."""
    from tests.golden import doors

    def passed_on(students, work, packages):
        found = doors.by_function(students, work)
        if work.name == door:
            found["student000"] = {**found["student000"], "dnn.forward_keys": -1}
        return found

    monkeypatch.setattr(doors, "DOORS", dict.fromkeys(doors.DOORS, passed_on))
    (line,) = doors.differences(1, tmp_path, tmp_path)
    assert f"dnn.forward_keys earns -1 through {door}, and " in line
