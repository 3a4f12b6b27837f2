"""The rubric: what the graded checks are worth, and what stands beside them."""

import re
from collections import Counter
from types import SimpleNamespace

import pytest

from autograder import checking
from autograder.backprop.oracle import MODELS
from autograder.backprop.rubric import BACKWARD, FINITE_DIFFERENCES, RUBRIC
from autograder.files import ROOT
from autograder.packaging.handout import public_rubric
from tests.course import ASSIGNMENT, CHECKS

README = (ROOT / "README.md").read_text()
ROWS = checking.rubric_rows(RUBRIC)


@pytest.mark.parametrize(("part", "public", "most"), [("warmup", 5, 15), ("dnn", 18, 60), ("extension", 8, 25)])
def test_points_of_the_parts(part, public, most):
    """These are the numbers of README.md."""
    points = Counter()
    for check in CHECKS:
        points[check.part, check.visibility] += check.points
    assert points[part, "public"] == public
    assert points[part, "public"] + points[part, "hidden"] == most
    assert re.search(rf"`{part}\.py`\s\({most}[ )]", README)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_is_what_its_row_says(check):
    assert RUBRIC[check.part][check.task][check.visibility][check.name] == check.points


def test_a_check_without_a_row_is_named():
    def test_of_nothing(student):
        """Nothing."""

    module = SimpleNamespace(test_of_nothing=checking.check(test_of_nothing))
    with pytest.raises(LookupError, match=r"test_of_nothing: the rubric has no row `of_nothing`\.$"):
        checking.collect_checks([module], RUBRIC)


def test_a_row_without_a_check_is_named(monkeypatch):
    monkeypatch.setitem(RUBRIC["dnn"]["forward"]["hidden"], "of_nothing", 1)
    with pytest.raises(LookupError, match=r"^The rubric has a row for of_nothing; there is no such check\.$"):
        ASSIGNMENT.checks(b"secret")


def test_a_name_with_two_rows_is_named():
    twice = {"dnn": {"forward": {"public": {"a": 1, "b": 1}, "hidden": {"b": 2}}}}
    with pytest.raises(ValueError, match=r"^The rubric has two rows for b\.$"):
        checking.rubric_rows(twice)


def test_checks_of_the_backward_passes_have_a_row():
    names = [name for names in BACKWARD.values() for name in names]
    assert len(set(names)) == len(names)
    assert set(names) <= set(ROWS)
    assert set(BACKWARD) == set(MODELS)
    assert 0 <= FINITE_DIFFERENCES <= 1


def test_students_get_the_rows_of_the_public_checks():
    given = {}
    exec(public_rubric(ASSIGNMENT), given)
    assert checking.rubric_rows(given["RUBRIC"]) == {name: row for name, row in ROWS.items() if row[2] == "public"}


def test_names_are_unique():
    assert len({(check.part, check.name) for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_stands_beside_a_check(check):
    assert check.sentence.endswith(".")
    assert check.points > 0
    assert check.visibility in ("public", "hidden")


def test_visibility_is_that_of_the_folder():
    for check in CHECKS:
        assert getattr(check.run, "func", check.run).__module__.startswith(f"tests.{check.visibility}.")
