"""The rubric: what the graded checks are worth, and what stands beside them."""

from collections import Counter

import pytest

from autograder.judge.judge import load_checks

CHECKS = [check for check, _ in load_checks()]


def test_points_of_the_tasks():
    points = Counter()
    for check in CHECKS:
        points[check.task] += check.points
    assert points == {"forward": 18, "compute_gradients": 34, "gradients and fit": 8}


def test_names_are_unique():
    assert len({(check.part, check.name) for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_stands_beside_a_check(check):
    assert check.sentence.endswith(".")
    assert check.points > 0
    assert check.visibility in ("public", "hidden")


def test_visibility_is_that_of_the_folder():
    for check, function in load_checks():
        assert function.__module__.startswith(f"tests.{check.visibility}.")
