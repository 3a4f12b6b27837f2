"""The engine of the diagnosis executes any function line by line, and is independent of the assignment."""

import ast

import numpy as np
import pytest

from autograder.checking import mapping
from autograder.diagnosis import programs, traces
from autograder.diagnosis.matching import find_mistakes
from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Raised
from autograder.diagnosis.programs import Line, Program, always
from autograder.diagnosis.traces import match_misnamed, observe
from autograder.files import ROOT

ENGINE = sorted((ROOT / "autograder/diagnosis").glob("*.py"))
X = np.array([[1.0, 2.0, 4.0]])
# doubled = 2 * x; shifted = doubled + 1; total = the sum of shifted
LINES = [
    Line("double", "2 * x", "doubled", key="doubled"),
    Line("shift", "doubled + 1", "shifted", key="shifted"),
    Line("sum", "np.sum(shifted)", key="total"),
]
ROWS = {
    name: Mistake(lines, "?", ".", ".", id=name)
    for name, lines in {
        "triple": {"double": "3 * x"},
        "no shift": {"shift": "doubled"},
        "mean": {"sum": "np.mean(shifted)"},
        "product": {"sum": "shifted @ x"},
        "one name": {"keys": '"all" if key == "total" else key'},
        "nothing": {"returns": "None"},
    }.items()
}


def program(**more):
    scope = {"x": X}
    return Program("part", "work", [scope], always(LINES), lambda value: mapping("It", value), "returns", "keys", **more)


def answer(double=2.0, shift=1.0, total=np.sum):
    """Return what a student's function returns."""
    doubled = double * X
    return {"doubled": doubled, "shifted": doubled + shift, "total": total(doubled + shift)}


def named(returned, **more):
    """Return the mistakes that are named, and the keys that each explains."""
    findings = find_mistakes(observe(program(**more), returned), ROWS.values())
    return {finding.mistakes[0].id: [one.key for one in finding.broken] for finding in findings}


def test_right_work_shows_nothing():
    assert named([answer()]) == {}


def test_each_line_is_looked_at_on_the_students_own_values():
    assert named([answer(double=3, total=np.mean)]) == {"triple": ["doubled"], "mean": ["total"]}
    assert named([answer(double=3, shift=0, total=np.mean)]) == {
        "triple": ["doubled"],
        "no shift": ["shifted"],
        "mean": ["total"],
    }


def test_a_key_under_another_name_is_found():
    returned = {("all" if key == "total" else key): value for key, value in answer().items()}
    assert named([returned]) == {"one name": ["total"]}
    assert match_misnamed(["W1", "b2"], ["dJdW1", "x", "db_3"]) == {"W1": "dJdW1", "b2": None}


def test_keys_are_matched_as_a_whole_set():
    keys = ["W2", "B2", "A1", "W1", "B1"]
    assert match_misnamed(keys, ["W1", "B1", "A0", "W0", "B0"]) == {
        "W2": "W1",
        "B2": "B1",
        "A1": "A0",
        "W1": "W0",
        "B1": "B0",
    }
    assert match_misnamed(keys, ["W1", "B1", "A0"]) == {"W2": None, "B2": None, "A1": None}  # no layer 0, so layer 2 is missing
    assert match_misnamed(keys, ["W1", "B1", "A1", "A0"]) == {"W2": None, "B2": None}
    assert match_misnamed(["W1"], [("dW", 1), None, "y" * 10**6]) == {"W1": ("dW", 1)}


def test_what_is_returned_or_raised_is_matched_too():
    assert named([None]) == {"nothing": ["work"]}
    text = "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0"
    assert named(Raised(f"work raised {text}, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size 1 is different from 3)")) == {
        "product": ["work"]
    }


def test_an_exception_of_another_correct_way_is_not_a_mistake():
    (seen,) = observe(program(others=[Raised("of another kind")]), Raised("KeyError: 'x'"))
    assert seen.right


def test_only_what_a_mistake_changes_is_computed_again(monkeypatch):
    computed = []
    evaluate = programs.evaluate
    monkeypatch.setattr(programs, "evaluate", lambda *given: computed.append(given[0]) or evaluate(*given))
    trace = traces.Trace(program(), [answer()], {})
    trace.run({})
    computed.clear()
    assert trace.run(ROWS["no shift"].formulas)["total"] == np.sum(2 * X + 1)
    assert computed == ["doubled"]


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.name)
def test_the_engine_knows_no_assignment(path):
    source = path.read_text(encoding="utf-8")
    imported = [node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if name.startswith(("autograder.backprop", "tests"))]
    assert not [word for word in ("dnn", "softmax", "warmup") if word in source.lower()]
