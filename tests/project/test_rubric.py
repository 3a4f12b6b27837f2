"""The rubric: what the graded checks are worth, and what stands beside them."""

from collections import Counter

import pytest

from autograder.judge.judge import load_checks

CHECKS = [check for check, _ in load_checks()]


TASKS = {
    "warmup": {
        "one path": 4,
        "several paths": 2,
        "arrays": 1,
        "three weights": 3,
        "logistic regression": 4,
        "warm-up conventions": 1,
    },
    "dnn": {"forward": 18, "compute_gradients": 34, "gradients and fit": 8},
    "extension": {
        "softmax": 3,
        "softmax and cross-entropy": 6,
        "softmax and squared error": 5,
        "the 4-4-2 example": 3,
        "activations": 5,
        "the convention of the notes": 2,
        "extension conventions": 1,
    },
}


@pytest.mark.parametrize(("part", "most"), [("warmup", 15), ("dnn", 60), ("extension", 25)])
def test_points_of_the_parts_and_tasks(part, most):
    points = Counter()
    for check in CHECKS:
        if check.part == part:
            points[check.task] += check.points
    assert points == TASKS[part]
    assert points.total() == most


@pytest.mark.parametrize(("part", "most"), [("warmup", 5), ("dnn", 18), ("extension", 8)])
def test_points_of_the_public_checks(part, most):
    assert sum(check.points for check in CHECKS if (check.part, check.visibility) == (part, "public")) == most


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
