"""The signs of finite differences, each by itself, and where what comes of them is told."""

import json
import sys

import numpy as np
import pytest

from autograder.backprop import finite_differences as differences
from autograder.backprop.finite_differences import (
    FAR,
    VERY_FAR,
    GradientMethod,
    case_for,
    detect_finite_differences,
    far_differences,
    is_made_of_differences,
)
from autograder.backprop.oracle import reference_of
from autograder.backprop.rubric import BACKWARD
from autograder.checking import StudentError
from autograder.judge import judge as judging
from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.table import grades_sheet
from autograder.sandbox.child import counted
from tests.course import PARTS
from tests.golden.differences import DNN
from tests.golden.programs import solutions
from tests.golden.variants import VARIANTS
from tests.project.grading import SCHEMA

NOTE = "`compute_gradients` of `DNN` works by finite differences; the rubric gives 50% of the points for that."
REMARK = "compute_gradients of DNN works by finite differences, with 158 runs of forward in one call."


@pytest.fixture
def look(judge):
    """detect_finite_differences on the DNN of a source."""

    def look(source):
        with judge.sandbox.session({"dnn": source}) as session:
            return detect_finite_differences(session, "DNN")

    return look


# The signs


def test_calls_are_counted():
    def forward():
        return 1

    def call(times):
        return sum(forward() for _ in range(times))

    assert [counted("forward", call, times) for times in (0, 1, 50)] == [(0, 0), (1, 1), (50, 50)]


def test_counting_leaves_nothing_behind():
    def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        counted("forward", fail)
    assert sys.getprofile() is None
    assert counted("forward", sys.getprofile)[0] is not None


@pytest.mark.parametrize("model", BACKWARD)
def test_true_gradients_are_far_from_differences(model):
    assert np.allclose(
        reference_of(case_for(model, FAR)).grads["W1"], FAR * reference_of(case_for(model)).grads["W1"], rtol=1e-9
    )
    assert not is_made_of_differences(reference_of(case_for(model, FAR)).grads["W1"], model)
    for unit in far_differences(model):
        assert is_made_of_differences(3e7 * unit, model)
        assert not is_made_of_differences(-unit, model)
    for value in (0.0, np.nan, np.inf):
        assert not is_made_of_differences(np.full((6, 5), value), model)


@pytest.mark.parametrize("name", DNN)
def test_either_sign_suffices_where_it_can_show(name, look, monkeypatch):
    """The count where forward is called, and the matrix where a real step is taken by a right forward pass."""
    counts = name not in ("through a private loss", "without a call")
    shows = name not in ("along the imaginary axis", "of a wrong forward pass")
    with monkeypatch.context() as without_count:
        without_count.setattr(differences, "MAX_CALLS", 0)
        assert look(DNN[name].source).uses_finite_differences == shows
    monkeypatch.setattr(differences, "is_made_of_differences", lambda *_: False)
    assert look(DNN[name].source).uses_finite_differences == counts


@pytest.mark.parametrize("name", ["a test of the gradients left in", "a test of the gradients that insists"])
def test_a_test_of_the_gradients_is_a_remark_alone(name, look):
    words = "compute_gradients of DNN runs forward 60 times in one call; what for is for you to see."
    assert look(VARIANTS[f"dnn: {name}"]["dnn"]) == GradientMethod(False, words)


def test_the_steps_of_complex_numbers_need_the_larger_factor(look, monkeypatch):
    source = DNN["along the imaginary axis"].source
    monkeypatch.setattr(differences, "VERY_FAR", FAR)
    assert not look(source).uses_finite_differences
    monkeypatch.setattr(differences, "VERY_FAR", VERY_FAR)
    assert look(source).uses_finite_differences


# What a child says


LYING = """
import sys
def compute_gradients(self, out, cache):
    frame = sys._getframe()
    while "OPERATIONS" not in frame.f_globals:
        frame = frame.f_back
    frame.f_globals["OPERATIONS"]["counted"] = lambda name, function, *given: (function(*given), {answer})
    return right(self, out, cache)
right, DNN.compute_gradients = DNN.compute_gradients, compute_gradients
"""


@pytest.mark.parametrize(
    "answer", ["-1", "10**30", "2**62", "True", "None", "'many'", "float('nan')", "[1] * 40", "(1, 2)", "{}"]
)
def test_a_child_that_lies_about_the_count_hides_or_boasts(grade, answer):
    sources = solutions()
    sources["dnn"] += LYING.replace("{answer}", answer).encode()
    result = grade(sources)
    assert (result.status, result.fault, result.score) == ("graded", "", 100)
    boasts = ("compute_gradients of DNN runs forward 1000000 times in one call; what for is for you to see.",)
    assert result.remarks[:1] == (boasts if answer == "2**62" else ())


@pytest.mark.parametrize(
    "body",
    [
        *("raise ValueError('x')", "sys.exit()", "os._exit(3)", "while True: pass"),
        *("return 5", "return {'W1': 'x'}", "return {'W1': out}"),
    ],
)
def test_what_cannot_be_run_is_not_judged(look, body):
    wrong = f"\nimport os, sys\ndef wrong(self, out, cache): {body}\n\nDNN.compute_gradients = wrong\n"
    assert look(solutions()["dnn"] + wrong.encode()) == GradientMethod()


def test_a_counted_call_that_fails_is_told_like_any_other(judge):
    source = b"class DNN:\n    def f(self, x):\n        return 1 / x\n    def g(self):\n        while True: pass\n"
    with judge.sandbox.session({"dnn": source}) as session:
        with pytest.raises(
            StudentError, match=r"^f raised ZeroDivisionError: division by zero \(dnn.py, line 3: return 1 / x\)$"
        ):
            session.fetch(session.counted("f", session.module("dnn").DNN().f, 0)[0])
        with pytest.raises(StudentError, match=r"^g did not come back in time"):
            session.fetch(session.counted("f", session.module("dnn").DNN().g)[0])


# When they are looked for, and where that is told


def test_differences_are_looked_for_before_any_hidden_check(grade, monkeypatch):
    """The marks of public checks are seen at once, so nothing hidden may have run before they stand."""
    ran, outcome, inspected = [], judging.Grading.outcome, judging.Grading.inspected
    monkeypatch.setattr(judging.Grading, "outcome", lambda self, check: ran.append(check.visibility) or outcome(self, check))
    monkeypatch.setattr(judging.Grading, "inspected", lambda self: ran.append("inspected") or inspected(self))
    grade(solutions())
    assert list(dict.fromkeys(ran)) == ["public", "inspected", "hidden"]
    assert ran.count("inspected") == 1


def test_a_fault_of_the_grader_while_it_looks_is_its_own(grade, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(differences, "detect_finite_differences", fail)
    result = grade(solutions())
    assert (result.status, result.score) == ("error", None)
    assert "RuntimeError" in result.fault


def test_reports(grade):
    result = grade(DNN["W and B, beside right Z and A"].source)
    assert result.remarks == (REMARK,)
    assert (result.score, result.max_score) == (42.5, 100)
    document = json.loads(results_json(mark_of(result)))
    SCHEMA.validate(document)
    assert document["score"] == sum(test["score"] for test in document["tests"]) == 42.5
    assert document["extra_data"]["remarks"] == [REMARK]
    for test in document["tests"]:
        half = test["extra_data"]["task"] == "compute_gradients" and test["score"] > 0  # not where units are saturated
        assert (test["output"] == NOTE) == half
        assert test["score"] in ((test["max_score"] / 2,) if half else (0, test["max_score"]))
    page = feedback_html(mark_of(result))
    assert "<span>compute_gradients</span> <span>16.5 of 34</span>" in page
    assert '<span class="n">0.5/1</span>' in page
    assert page.count("finite differences") == 1
    assert "158" not in page + document["output"] + str(document["tests"])
    assert f',graded,0,42.5,0,"{REMARK} ' in "".join(grades_sheet(PARTS).lines([mark_of(result)]))


@pytest.mark.parametrize(("share", "marks"), [(1, 60), (0, 26), (0.3, 36.2), (0.1, 29.4)])
def test_the_rubric_says_what_they_are_worth(grade, monkeypatch, share, marks):
    monkeypatch.setattr("autograder.backprop.assignment.FINITE_DIFFERENCES", share)
    result = grade(DNN["W1 alone"].source)
    assert result.part_score("dnn") == result.score == marks
    note = next(check.note for check in result.checks if check.id == "dnn.example_W")
    assert note == ("" if share == 1 else NOTE.replace("50%", f"{100 * share:.0f}%"))
    assert result.remarks
