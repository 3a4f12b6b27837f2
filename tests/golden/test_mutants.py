"""Mutants of the solution: `make mutants` grades all of them, and a push grades a few."""

import pytest

from tests.golden import mutants
from tests.golden.mutants import assess, sample, submissions
from tests.shares import SHARES, in_turn

EACH_PUSH = 40


@pytest.fixture(scope="module")
def every():
    return list(mutants.mutants())


def result_of(mutant, judge):
    (submission,) = submissions([mutant])
    return judge.grade(submission)


def find(every, function, change):
    return next(mutant for mutant in every if mutant.function == function and mutant.change == change)


def test_mutants_of_a_sample_are_killed(every, judge):
    chosen = in_turn(sample(every, SHARES * EACH_PUSH))
    found = assess(chosen, map(judge.grade, submissions(chosen)))
    assert found.faults == []
    assert [mutant.diff for mutant in found.survivors] == []


def test_mutants_are_distinct_and_always_the_same(every):
    assert len({mutant.source for mutant in every}) == len(every)
    assert [mutant.diff for mutant in sample(every, 20)] == [mutant.diff for mutant in sample(list(mutants.mutants()), 20)]


@pytest.mark.parametrize(
    ("function", "change"),
    [
        ("DNN.compute_gradients", "m = out.shape[1] -> m = out.shape[0]"),
        ("softmax_backward", "return A * (dA - np.sum(A * dA, axis=0, keepdims=True)) -> return A * dA"),
        ("worked_example", "dW1, dW2 = (da1 @ x.T, da2 @ h1.T) -> dW1, dW2 = (da1 @ x, da2 @ h1.T)"),
        ("DNN.forward", "cache[f'A{layer}'] = sigmoid(Z) -> cache[f'B{layer}'] = sigmoid(Z)"),
        ("DNN.fit", "break -> continue"),
        ("DNN.fit", "for _ in range(epochs): -> for _ in range(epochs - 1):"),
        ("softmax", "return E / E.sum(axis=0, keepdims=True) -> return E / E.sum(axis=1, keepdims=True)"),
        ("backward_pass", "grads[f'B{layer}'] = dZ.mean(axis=1, keepdims=True) -> grads[f'B{layer}'] = dZ"),
        ("reciprocal_exp_square", "return (y, -y * 2 * x) -> return (y, y * 2 * x)"),
    ],
)
def test_usual_mistakes_are_among_the_mutants(every, function, change):
    assert find(every, function, change)


def test_changes_that_compile_to_the_same_code_are_left_out(every):
    """1 * 1 is 1 to Python, whichever of them is left out."""
    changes = [mutant.change for mutant in every if mutant.function == "two_paths"]
    assert not [change for change in changes if change.endswith("+ 1 ** 1)")]


def test_a_survivor_is_noticed(every, judge, monkeypatch):
    """A correct mutant without its explanation."""
    mutant = find(every, "DNN.compute_gradients", "m = out.shape[1] -> m = out.shape[-1]")
    assert assess([mutant], [result_of(mutant, judge)]).equivalent == [mutant]
    monkeypatch.setattr(mutants, "EQUIVALENT", {})
    assert assess([mutant], [result_of(mutant, judge)]).survivors == [mutant]


def test_an_explanation_that_does_not_hold_is_noticed(every, judge, monkeypatch):
    """A wrong mutant that is said to be correct, and a reason that explains nothing."""
    mutant = find(every, "DNN.compute_gradients", "m = out.shape[1] -> m = out.shape[0]")
    monkeypatch.setattr(mutants, "EQUIVALENT", {"The batch is square.": [r"out\.shape\[0\]$"], "Spare.": ["nothing"]})
    monkeypatch.setattr(mutants, "UNTESTED", {})
    found = assess([mutant], [result_of(mutant, judge)])
    assert [fault.partition(":")[0] for fault in found.faults] == [
        f"explained, and yet it loses {', '.join(check.id for check in result_of(mutant, judge).failed if check.part == 'dnn')}"
    ]
    assert mutants.unused(found) == ["The batch is square.", "Spare."]
