"""The rubric: the points of the graded checks, and the descriptions next to them."""

import re
from collections import Counter
from types import SimpleNamespace

import pytest

from autograder import checking
from autograder.at_home import collect_local_checks
from autograder.backprop.oracle import MODELS
from autograder.backprop.rubric import BACKWARD, FINITE_DIFFERENCES, RUBRIC
from autograder.files import ROOT
from autograder.packaging.handout import public_rubric
from tests.course import ASSIGNMENT, CHECKS, LOCAL_CHECKS
from tests.golden.programs import solutions

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
    with pytest.raises(LookupError, match=r"^The rubric has a row for of_nothing, but no check has that name\.$"):
        ASSIGNMENT.checks(b"secret")


def test_practice_is_for_the_student_alone():
    """It runs at home, where it is written between the graded checks, and the grader knows nothing of it."""
    names = {part: [check.name for check in found] for part, found in LOCAL_CHECKS.items()}
    practice = {check.name for found in LOCAL_CHECKS.values() for check in found if check.visibility == "practice"}
    assert {"practice_A2", "practice_forward_again", "practice_gradients_large"} < practice
    assert not practice & {check.name for check in CHECKS}
    assert not practice & ROWS.keys()
    for part, found in names.items():
        graded = [check.name for check in CHECKS if (check.part, check.visibility) == (part, "public")]
        assert [name for name in found if name not in practice] == graded
    assert names["dnn"].index("example_output_Z") < names["dnn"].index("practice_A2") < names["dnn"].index("example_W")
    assert {(check.points, check.task in RUBRIC[check.part]) for check in LOCAL_CHECKS["dnn"] if check.name in practice} == {
        (0, True)
    }


def test_the_judge_runs_no_practice(grade):
    result = grade(solutions())
    assert [check.id for check in result.checks] == [f"{check.part}.{check.name}" for check in CHECKS]
    assert (result.score, result.max_score) == (100, 100)


def test_practice_of_a_task_that_is_not_there_is_named():
    def test_of_nothing(student):
        """Nothing."""

    module = SimpleNamespace(__name__="test_dnn", test_of_nothing=checking.practice("dreams")(test_of_nothing))
    with pytest.raises(LookupError, match=r"^test_dnn: the rubric of dnn\.py has no task 'dreams' to practice for\.$"):
        collect_local_checks("dnn", module, RUBRIC)


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
def test_the_text_next_to_a_check(check):
    assert check.sentence.endswith(".")
    assert check.points > 0
    assert check.visibility in ("public", "hidden")


def test_visibility_is_that_of_the_folder():
    for check in CHECKS:
        assert getattr(check.run, "func", check.run).__module__.startswith(f"tests.{check.visibility}.")
