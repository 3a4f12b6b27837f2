"""The functions of extension.py as programs: softmax and its Jacobian, the losses, the activations, and the two examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.backprop.case import Case, gradient_keys, in_the_notes
from autograder.backprop.cases import sample_cases
from autograder.backprop.mistakes.extension import STEPS
from autograder.backprop.oracle import right_cache, sigmoid, truth
from autograder.checking import mapping
from autograder.diagnosis.observation import evaluate
from autograder.diagnosis.programs import Formulas, Line, Names, Program, always, function
from autograder.settings import read_secret

CASES = sample_cases(read_secret().encode())
NOTES, SOFTMAX, SQUARED_ERROR = CASES.notes, CASES.softmax, CASES.squared_error

PART = "extension"
LARGE = np.array([[1000.0, -1000.0, -998.0], [997.0, 999.0, -1002.0], [3.0, 1001.0, -1001.0], [-1000.0, 2.0, -1000.0]])
GRID = np.array([[-2.5, -0.6, 0.3], [1.1, -1.4, 2.2]])
# The 4-4-2 network of the assignment.
WORKED_SCOPE = {
    "x": np.array([[2.0], [5.0], [3.0], [3.0]]),
    "y": np.array([[1.0], [0.0]]),
    "W1": np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]]),
    "W2": np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]),
}


def line(step: str, name: str = "", **places: Any) -> Line:
    """A line of the catalogue."""
    return Line(step, STEPS[step].right, name, **places)


# Functions that other lines call: their parameters and their lines.
FUNCTIONS: dict[str, tuple[tuple[str, ...], list[Line]]] = {
    "softmax": (("Z",), [line("softmax E", "E"), line("softmax")]),
    "softmax_backward": (("dA", "A"), [line("softmax_backward")]),
    "sigmoid_prime": (("Z",), [Line("", "sigmoid(Z)", "A"), line("sigmoid_prime")]),
    "tanh_prime": (("Z",), [line("tanh_prime")]),
    "relu": (("Z",), [line("relu")]),
    "relu_prime": (("Z",), [line("relu_prime")]),
}
# The names of g and g' in ACTIVATIONS.
ENTRIES = {"sigmoid": ("sigmoid", "sigmoid_prime"), "tanh": ("tanh", "tanh_prime"), "relu": ("relu", "relu_prime")}
# The steps in what other lines call.
CALLED: dict[str, frozenset[str]] = {name: frozenset(line.step for line in lines) for name, (_, lines) in FUNCTIONS.items()}
CALLED["ACTIVATIONS"] = frozenset({"sigmoid_prime", "tanh_prime", "relu", "relu_prime", *(f"{name} entry" for name in ENTRIES)})
CALLED_STEPS = frozenset[str]().union(*CALLED.values()) - {""}
WALK_STEPS = frozenset(step for step in STEPS if step.startswith("walk ")) | {"walk key"}
WORKED = [
    line("worked a1", "a1", key="a1"),
    line("worked h1", "h1", key="h1"),
    line("worked a2", "a2"),
    Line("worked returned a2", "a2", key="a2", pins="a2"),
    line("worked y_hat", "y_hat"),
    line("worked returned y_hat", key="y_hat", pins="y_hat"),
    line("worked da2", "da2"),
    line("worked da1", "da1"),
    line("worked dW1", "dW1"),
    line("worked dW2", "dW2"),
    line("worked w212", key="dL_dw212", pins="dW2", recovered="np.r_[[np.r_[dW2[0, 0], own, dW2[0, 2:]]], dW2[1:]]"),
    line("worked next", key="w212_next"),
    line("worked w131", key="dL_dw131"),
]


def functions(formulas: Formulas) -> dict[str, Any]:
    """The functions that the lines call, with these formulas in them."""
    return RIGHT_FUNCTIONS if CALLED_STEPS.isdisjoint(formulas) else functions_with(formulas, {})


def functions_with(formulas: Formulas, own: Names) -> dict[str, Any]:
    """The functions that the lines call; own ones take the places of those of their names."""
    names: dict[str, Any] = {"sigmoid": sigmoid, **own}
    for name, (parameters, lines) in FUNCTIONS.items():
        names.setdefault(name, function(parameters, lines, formulas, names))
    entries = {name: evaluate(formulas.get(f"{name} entry", STEPS[f"{name} entry"].right), names) for name in ENTRIES}
    return {**names, "ACTIVATIONS": entries}


RIGHT_FUNCTIONS = functions_with({}, {})


def only(*names: str) -> dict[str, frozenset[str]]:
    """The steps in these functions."""
    return {name: CALLED[name] for name in names}


# What the functions are called with -----------------------------------------------------------------------------------


def softmax_scope() -> dict[str, np.ndarray]:
    """The argument of softmax."""
    return {"Z": right_cache(SOFTMAX)[f"Z{SOFTMAX.layers[-1]}"]}


def jacobian_scope() -> dict[str, np.ndarray]:
    """The arguments of softmax_backward: those of the squared error."""
    out = truth(SQUARED_ERROR).out
    return {"dA": 2 * (out - SQUARED_ERROR.Y), "A": out}


def notes_scope() -> dict[str, Any]:
    """The arguments of notes_gradients."""
    return {"params": in_the_notes(NOTES.params), "X": NOTES.X, "y": NOTES.Y}


def losses() -> dict[str, tuple[Case, np.ndarray, bool]]:
    """The case and the output of each loss, and whether it need only be finite."""
    classes = SOFTMAX.layer_sizes[-1]
    wrong = np.eye(classes)[:, (np.argmax(SOFTMAX.Y, axis=0) + 1) % classes]
    return {
        "SoftmaxDNN.loss": (SOFTMAX, truth(SOFTMAX).out, False),
        "SoftmaxDNN.loss where out is 0": (SOFTMAX, wrong, True),
        "SquaredErrorSoftmaxDNN.loss": (SQUARED_ERROR, truth(SQUARED_ERROR).out, False),
    }


# The programs ---------------------------------------------------------------------------------------------------------


def programs() -> dict[str, Program]:
    """The functions that need no others of the student's to be looked at, by the names of their calls."""
    found = {
        "softmax": one_value("softmax", softmax_scope(), FUNCTIONS["softmax"][1]),
        "softmax of large numbers": one_value("softmax", {"Z": LARGE}, FUNCTIONS["softmax"][1]),
        "softmax_backward": one_value("softmax_backward", jacobian_scope(), FUNCTIONS["softmax_backward"][1]),
    }
    for name, (case, out, finite) in losses().items():
        step = "squared loss" if case is SQUARED_ERROR else "cross-entropy loss"
        found[name] = one_value(f"{case.model}.loss", {"out": out, "Y": case.Y}, [line(step)], finite=finite)
    return found


def one_value(name: str, scope: Names, lines: Sequence[Line], **more: Any) -> Program:
    """A function that returns the value of its last line."""
    returned = [*lines[:-1], replace(lines[-1], key=name)]
    return Program(PART, name, name, [scope], always(returned), lambda value: {name: value}, functions, hidden=True, **more)


def entry(name: str) -> Program:
    """An entry of ACTIVATIONS."""
    keys = (f"g of {name}", f"g' of {name}")
    lines = [
        line(f"{name} entry", "entry"),
        *(Line("", f"entry[{number}](Z)", key=keys[number], shown=ENTRIES[name][number]) for number in (0, 1)),
    ]

    called = only(*(each for each in ENTRIES[name] if each in CALLED))

    def read(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(keys, values, strict=True))

    return Program(PART, "activation", f'ACTIVATIONS["{name}"]', [{"Z": GRID}], always(lines), read, functions, called)


def worked_example() -> Program:
    """The 4-4-2 example."""
    called = only("softmax", "softmax_backward", "sigmoid_prime")

    def read(value: Any) -> Mapping:
        return mapping("What worked_example returned", value)

    return Program(
        PART, "worked", "worked_example", [WORKED_SCOPE], always(WORKED), read, functions, called, hidden=True, flat=True
    )


def notes_gradients() -> Program:
    """The backward pass in the convention of the notes."""

    def lines(formulas: Formulas, names: Names) -> Iterator[Line]:
        layers = evaluate(formulas.get("notes layers", STEPS["notes layers"].right), names)
        yield line("notes layers", "layers")
        for layer in range(1, layers + 1):
            yield line("notes a", "a", at=layer, scope={"layer": layer})
        yield line("notes output", "grads", at=f"dJdz{layers}", key=f"dJdz{layers}")
        for layer in evaluate(formulas.get("notes loop", STEPS["notes loop"].right), {"layers": layers}):
            yield Line("", f'grads["dJdz{layer}"]', "dJdz")
            for kind in "bw":
                key = f"dJd{kind}{layer}"
                yield line(f"notes dJd{kind}", "grads", at=key, key=key, scope={"layer": layer})
            for kind in "az" if layer > 1 else "":
                key = f"dJd{kind}{layer - 1}"
                yield line(f"notes dJd{kind}", "grads", at=key, key=key, scope={"layer": layer})

    def read(value: Any) -> Mapping:
        return mapping("What notes_gradients returned", value)

    scope = {**notes_scope(), "a": {0: NOTES.X}, "grads": {}}
    truths = in_the_notes({key: truth(NOTES).grads[key] for key in gradient_keys(NOTES)}, "dJd")
    name = "notes_gradients"
    return Program(PART, "notes", name, [scope], lines, read, functions, others=[truths], samples=NOTES.samples, hidden=True)
