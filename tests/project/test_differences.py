"""The tests for finite differences, one by one, and where their results are reported."""

import json
import sys

import numpy as np
import pytest

from autograder.backprop import finite_differences as differences
from autograder.backprop.case import Case, gradient_keys
from autograder.backprop.cases import sample_cases
from autograder.backprop.example import DNN as DNN_EXAMPLE
from autograder.backprop.example import GENERAL, SOFTMAX
from autograder.backprop.finite_differences import (
    APART,
    GradientMethod,
    detached,
    detect_finite_differences,
    distance,
    draw_apart,
    faint,
    far,
    ordinary,
)
from autograder.backprop.rubric import BACKWARD
from autograder.checking import StudentError
from autograder.judge import judge as judging
from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.table import grades_sheet
from autograder.sandbox.child import counted
from tests.course import PARTS
from tests.golden.differences import DNN, by_way
from tests.golden.programs import solutions
from tests.golden.variants import VARIANTS
from tests.project.grading import SCHEMA

NOTE = "`compute_gradients` of `DNN` uses finite differences, which earn 50% of the points."
REMARK = "compute_gradients of DNN uses finite differences."
SECRET = b"a secret"
SECRETS = [b"%d" % number for number in range(8)]


@pytest.fixture
def look(judge):
    """detect_finite_differences on the DNN of a source."""

    def look(source):
        with judge.sandbox.session({"dnn": source}) as session:
            return detect_finite_differences(session, "DNN", SECRET)

    return look


# The questions


def test_instructions_are_counted():
    def loop(times):
        for _ in range(times):
            pass
        return times

    counts = [counted(loop, times)[1] for times in (0, 100, 200)]
    assert counts[0] > 0
    assert counts[2] - counts[1] == counts[1] - counts[0] >= 100
    assert counted(sum, [1, 2]) == (3, 0)


def test_counting_leaves_nothing_behind():
    def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        counted(fail)
    assert sys.gettrace() is None
    assert counted(sys.gettrace)[0] is not None


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("model", BACKWARD)
def test_the_true_gradients_of_the_questions(model, secret):
    case = draw_apart(model, secret)
    (_, usual, near), (_, other, elsewhere) = ordinary(case), detached(case)
    assert all(distance(near[key], elsewhere[key]) > APART for key in gradient_keys(case))
    for layer in case.layers:  # the other cache is one of local derivatives all the same
        assert not np.allclose(other[f"Z{layer}"], other[f"W{layer}"] @ other[f"A{layer - 1}"] + other[f"B{layer}"])
        assert np.allclose(elsewhere[f"W{layer}"], elsewhere[f"Z{layer}"] @ other[f"A{layer - 1}"].T / case.samples, rtol=1e-9)
        assert np.allclose(elsewhere[f"B{layer}"], elsewhere[f"Z{layer}"].mean(axis=1, keepdims=True), rtol=1e-9)
    last = case.layers[-1]
    sizes = {key: np.abs(value).max() for key, value in faint(case)[2].items() if key in gradient_keys(case)}
    assert {key for key, size in sizes.items() if size > 1e-15} <= {f"B{last}", f"Z{last}", f"A{last - 1}"}
    assert all(size > 0 for size in sizes.values())
    large, cache, grads = far(case)
    assert np.abs(large.X).max() > 1e100
    assert all(np.allclose(cache[f"A{layer}"], usual[f"A{layer}"], rtol=1e-12) for layer in case.layers)
    assert np.array_equal(grads["W2"], near["W2"])


def test_no_check_has_a_batch_of_such_a_size():
    cases = [
        value for found in vars(sample_cases(SECRET)).values() for value in (found if isinstance(found, list) else [found])
    ]
    sizes = {case.samples for case in cases if isinstance(case, Case)} | {
        one.case.samples for one in (DNN_EXAMPLE, SOFTMAX, GENERAL)
    }
    assert len(sizes) > 5
    assert sizes.isdisjoint(range(*differences.SAMPLES))


def test_distances():
    one = np.array([[1.0, -2.0]])
    assert distance(3e-200 * one, one) < 1e-15
    assert distance(-one, one) == pytest.approx(2)
    assert distance(0 * one, one) == pytest.approx(1)
    assert distance(0 * one, 0 * one) == 0
    assert [distance(wrong, one) for wrong in (one.T, one * np.nan, one * np.inf)] == [np.inf] * 3


@pytest.mark.parametrize(
    ("question", "way"),
    [
        ("faint", "central"),
        ("faint", "the sums, then products"),
        ("faint", "in random directions"),
        ("far", "along the imaginary axis"),
    ],
)
def test_each_question_is_needed(question, way, look, monkeypatch):
    source = by_way(way, "DNN")["dnn"]
    first = look(source)
    assert first.uses_finite_differences
    monkeypatch.setattr(differences, question, ordinary)
    assert look(source) != first


def test_the_effort_alone_is_a_remark(look, monkeypatch):
    source = by_way("along it, in proportion to each weight", "DNN")["dnn"]
    assert look(source) == GradientMethod(
        remark="compute_gradients of DNN runs forward once per weight. Read the code to see why."
    )
    monkeypatch.setattr(differences, "GROWTH", 100)
    assert look(source) == GradientMethod()


@pytest.mark.parametrize("name", ["a test of the gradients left in", "a test of the gradients that insists"])
def test_a_test_of_the_gradients_is_not_a_way_to_find_them(name, look):
    assert look(VARIANTS[f"dnn: {name}"]["dnn"]) == GradientMethod()


def test_a_program_that_passes_the_first_test_gets_no_other(look, monkeypatch):
    monkeypatch.setattr(differences, "ordinary", None)
    assert look(solutions()["dnn"]) == GradientMethod()


# What a child says


LYING = """
import sys
def compute_gradients(self, out, cache):
    frame = sys._getframe()
    while "OPERATIONS" not in frame.f_globals:
        frame = frame.f_back
    frame.f_globals["OPERATIONS"]["counted"] = lambda function, *given: (function(*given), {answer})
    return by_differences(self, out, cache)
by_differences, DNN.compute_gradients = DNN.compute_gradients, compute_gradients
"""


@pytest.mark.parametrize(
    "answer", ["-1", "10**30", "2**62", "True", "None", "'many'", "float('nan')", "[1] * 40", "(1, 2)", "{}"]
)
def test_a_child_that_reports_a_false_count_can_hide_only_the_count(grade, answer):
    sources = by_way("along the imaginary axis", "DNN")
    sources["dnn"] += LYING.replace("{answer}", answer).encode()
    result = grade(sources)
    assert (result.status, result.fault, result.remarks) == ("graded", "", ())


@pytest.mark.parametrize(
    "body",
    [
        *("raise ValueError('x')", "sys.exit()", "os._exit(3)", "while True: pass"),
        *("return 5", "return {'W1': 'x'}", "return {'W1': out}"),
    ],
)
def test_what_cannot_be_run_is_not_judged(look, body):
    wrong = f"\nimport os, sys\ndef wrong(self, out, cache): {body}\n\nDNN.compute_gradients = wrong\n"
    found = look(solutions()["dnn"] + wrong.encode())
    assert found._replace(doubt="") == GradientMethod()
    assert bool(found.doubt) == ("return {'W1'" not in body)


def test_a_counted_call_that_fails_is_told_like_any_other(judge):
    source = b"class DNN:\n    def f(self, x):\n        return 1 / x\n    def g(self):\n        while True: pass\n"
    with judge.sandbox.session({"dnn": source}) as session:
        with pytest.raises(
            StudentError, match=r"^f raised ZeroDivisionError: division by zero \(dnn.py, line 3: return 1 / x\)$"
        ):
            session.fetch(session.counted(session.module("dnn").DNN().f, 0)[0])
        with pytest.raises(StudentError, match=r"^g did not finish within the time limit"):
            session.fetch(session.counted(session.module("dnn").DNN().g)[0])


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
    *tests, taken, last = document["tests"]
    assert last["extra_data"]["remarks"] == [REMARK]
    assert (taken["score"], taken["extra_data"]["task"], taken["output"].startswith(NOTE)) == (-5, "compute_gradients", True)
    for test in tests:
        if test["visibility"] == "visible":  # nothing hidden takes from these before it is shown
            assert NOTE not in test["output"]
            assert test["score"] in (0, test["max_score"])
            continue
        half = test["extra_data"]["task"] == "compute_gradients" and test["score"] > 0  # not where units are saturated
        assert (test["output"] == NOTE) == half
        assert test["score"] in ((test["max_score"] / 2,) if half else (0, test["max_score"]))
    page = feedback_html(mark_of(result))
    assert '<span class="name">compute_gradients</span>\n<span class="n">16.5 of 34</span>' in page
    assert '<span class="n">0.5/1</span>' in page
    assert page.count("finite differences") == 1
    assert f',graded,0,42.5,0,"{REMARK} ' in "".join(grades_sheet(PARTS).lines([mark_of(result)]))


@pytest.mark.parametrize(("share", "marks"), [(1, 60), (0, 26), (0.3, 36.2), (0.1, 29.4)])
def test_the_rubric_says_what_they_are_worth(grade, monkeypatch, share, marks):
    monkeypatch.setattr("autograder.backprop.assignment.FINITE_DIFFERENCES", share)
    result = grade(DNN["W1 alone"].source)
    assert result.part_score("dnn") == result.score == marks
    note = next(check.note for check in result.checks if check.id == "dnn.example_W")
    assert note == ("" if share == 1 else NOTE.replace("50%", f"{100 * share:.0f}%"))
    assert result.remarks
