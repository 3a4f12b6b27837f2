"""The functions that other lines call, with a mistake in them, or replaced by the student's own functions."""

from typing import Any

import numpy as np

from autograder.backprop.mistakes import STEPS
from autograder.backprop.oracle import sigmoid
from autograder.checking import tensor
from autograder.diagnosis.calls import remember_calls
from autograder.diagnosis.observation import Names, Raised, attempt, evaluate, same
from autograder.diagnosis.programs import Formulas, Line, function
from autograder.student import Student


def line(part: str, step: str, name: str = "", **places: Any) -> Line:
    """Return a line of the catalog."""
    return Line(step, STEPS[part][step].right, name, **places)


# Functions that other lines call, with their parameters and their lines.
FUNCTIONS: dict[str, tuple[tuple[str, ...], list[Line]]] = {
    "sigmoid": (("Z",), [line("dnn", "sigmoid")]),
    "softmax": (("Z",), [line("extension", "softmax E", "E"), line("extension", "softmax")]),
    "softmax_backward": (("dA", "A"), [line("extension", "softmax_backward")]),
    "sigmoid_prime": (("Z",), [Line("", "sigmoid(Z)", "A"), line("extension", "sigmoid_prime")]),
    "tanh_prime": (("Z",), [line("extension", "tanh_prime")]),
    "relu": (("Z",), [line("extension", "relu")]),
    "relu_prime": (("Z",), [line("extension", "relu_prime")]),
}
# The names of g and g' in ACTIVATIONS.
ENTRIES = {"sigmoid": ("sigmoid", "sigmoid_prime"), "tanh": ("tanh", "tanh_prime"), "relu": ("relu", "relu_prime")}
# The steps in the functions that other lines call.
CALLED = {name: frozenset(line.step for line in lines) for name, (_, lines) in FUNCTIONS.items()}
CALLED["ACTIVATIONS"] = frozenset({"sigmoid_prime", "tanh_prime", "relu", "relu_prime", *(f"{name} entry" for name in ENTRIES)})
CALLED_STEPS = frozenset[str]().union(*CALLED.values()) - {""}


def functions(formulas: Formulas) -> Names:
    """Return the functions that lines call, with these formulas."""
    return RIGHT_FUNCTIONS if CALLED_STEPS.isdisjoint(formulas) else functions_with(formulas, {})


def functions_with(formulas: Formulas, own: Names) -> Names:
    """Return the functions that the lines call, replaced by the student's own functions with the same names."""
    names = dict(own)
    for name, (parameters, lines) in FUNCTIONS.items():
        names.setdefault(name, function(parameters, lines, formulas, names))
    rights = {name: STEPS["extension"][f"{name} entry"].right for name in ENTRIES}
    entries = {name: evaluate(formulas.get(f"{name} entry", right), names) for name, right in rights.items()}
    return {**names, "ACTIVATIONS": entries}


RIGHT_FUNCTIONS = functions_with({}, {})


def steps_in(*names: str) -> dict[str, frozenset[str]]:
    """Return the steps in these functions."""
    return {name: CALLED[name] for name in names}


def own_sigmoid(student: Student, returned: Any, Z: np.ndarray) -> dict[str, Any]:
    """Return the sigmoid in the student's dnn.py if a call with Z was wrong, so that consequences count as correct."""
    right = not isinstance(returned, Raised) and same(attempt(lambda: tensor("sigmoid", returned[0])), sigmoid(Z))
    return {} if right else {"sigmoid": remember_calls(lambda Z: student.fetch(student.module("dnn").sigmoid(Z)))}
