"""Observations of a student's warmup.py."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.backprop.case import Case, in_the_notes
from autograder.backprop.cases import Cases
from autograder.backprop.mistakes import MISTAKES
from autograder.backprop.observers.functions import line as line_of
from autograder.backprop.observers.functions import own_sigmoid
from autograder.backprop.oracle import sigmoid
from autograder.checking import mapping, two_values
from autograder.diagnosis.calls import fetch_all, observe_changes
from autograder.diagnosis.observation import Names, Observation, Raised
from autograder.diagnosis.programs import Line, Program, always
from autograder.diagnosis.traces import observe, without_repeated_exceptions
from autograder.student import Student

POINTS = (-1.3, -0.6, 0.0, 0.45, 1.15)
ARRAY = np.array([[-1.25, -0.35, 0.0], [0.55, 0.85, 1.05]])
# x, y, w1, w2 and w3 of three chains
CHAINS = np.array([[0.9, 0.0, 1.4, -1.9, 1.1], [-1.4, 1.0, 0.8, 2.3, -1.7], [1.9, 0.4, -0.5, 1.2, 2.8]])
ARGUMENTS = ("x", "y", "w1", "w2", "w3")
OWN_SIGMOID = np.array([-1000.0, -2.0, 0.0, 0.5, 1000.0])


line = partial(line_of, "warmup")

# The lines of each function, in the order of execution.
SQUARE = [line("h1", "h1"), line("h2", "h2")]
PATHS = {
    "exp_exp_square": ("exp", [*SQUARE, line("exp y", "y", key="y"), line("exp slope", key="dy/dx")]),
    "reciprocal_exp_square": (
        "reciprocal",
        [*SQUARE, line("reciprocal y", "y", key="y"), line("reciprocal slope", key="dy/dx")],
    ),
    "two_paths": (
        "paths",
        [Line("", "x**2", "g1"), Line("", "x", "g2"), line("paths f", key="f"), line("paths slope", key="df/dx")],
    ),
}
CHAIN = [
    *(line(f"chain {name}", name) for name in ("h1", "h2", "y_hat")),
    line("chain loss", key="loss"),
    line("chain dz3", "dz3"),
    line("chain w3", key="w3", pins="dz3", recovered="own / h2"),
    line("chain dz2", "dz2"),
    line("chain w2", key="w2", pins="dz2", recovered="own / h1"),
    line("chain dz1", "dz1"),
    line("chain w1", key="w1"),
]
GRADIENTS = [
    line("logistic a1", "a1"),
    line("returned a1", key="a1", pins="a1"),
    *(line(f"logistic {key}", key, key=key) for key in ("dJdz1", "dJdb1", "dJdw1")),
]
CALLED = {"sigmoid": sigmoid, "math": math}  # the functions that the lines call
Arguments = Mapping[str, np.ndarray]


def program(title: str, name: str, scopes: Sequence[Names], lines: Sequence[Line], read: Callable, **more: Any) -> Program:
    """Return a function of warmup.py as a program; title begins the names of the steps of the whole function."""
    more |= {"returns": f"{title} returns", "keys": f"{title} key", "functions": lambda formulas: CALLED, "owner": f"`{name}`"}
    return Program("warmup", name, scopes, always(lines), read, **more)


def observe_warmup(student: Student, failures: Mapping[str, Exception], cases: Cases) -> Iterator[Observation]:
    """Yield the observations, in the order in which a student should look at them; none if no check failed."""
    if not failures:
        return
    batches = (cases.logistic, False), (cases.logistic_few, False), (cases.logistic_saturated, True)
    given = {case: {"X": case.X, "y": case.Y, **in_the_notes(case.params)} for case, _ in batches}
    calls: dict[str, Callable[[], list]] = {"sigmoid": lambda: [student.module("dnn").sigmoid(OWN_SIGMOID)]}
    for name in PATHS:
        calls[name] = partial(call_each, student, name, [(x,) for x in POINTS])
        calls[f"{name} on an array"] = partial(call_each, student, name, [(ARRAY,)])
    calls["three_weight_chain"] = partial(call_each, student, "three_weight_chain", CHAINS.tolist())
    calls |= {case.name: partial(call_logistic, student, given[case]) for case in given}
    returned = fetch_all(student, calls)
    own = own_sigmoid(student, returned["sigmoid"], OWN_SIGMOID)
    for name in PATHS:
        yield from observe_path(name, returned[name], returned[f"{name} on an array"])
    yield from observe_chain(returned["three_weight_chain"], own)
    yield from without_repeated_exceptions(
        *(observe_logistic(case, given[case], returned[case.name], own, finite) for case, finite in batches)
    )


def call_each(student: Student, name: str, arguments: list[tuple]) -> list:
    """Return calls of this function with each of these arguments."""
    return [getattr(student.module("warmup"), name)(*each) for each in arguments]


def call_logistic(student: Student, given: Arguments) -> list:
    """Return a call of logistic_gradients, and its arguments, which are observed afterwards."""
    placed = [student.place(value) for value in given.values()]
    return [student.module("warmup").logistic_gradients(*placed), *placed]


def observe_path(name: str, on_numbers: Any, on_array: Any) -> Iterator[Observation]:
    """Yield observations of a function on several numbers and, if those are correct, on an array."""
    title, lines = PATHS[name]
    keys = [line.key for line in lines if line.key]

    def read(value: Any) -> dict[str, Any]:
        return dict(zip(keys, two_values(name, value, "value, derivative"), strict=True))

    def look(points: Sequence[Any], returned: Any) -> list[Observation]:
        scopes = [{"x": x} for x in points]
        return observe(program(title, name, scopes, lines, read, inside=MISTAKES["warmup"], label=str), returned)

    seen = look(POINTS, on_numbers)
    yield from seen
    if all(one.right for one in seen):
        yield from look([ARRAY], on_array)


def observe_chain(returned: Any, own_functions: Names) -> list[Observation]:
    """Return the observations of several chains, each line for all of them at once."""

    def read(value: Any) -> Mapping:
        loss, grads = two_values("three_weight_chain", value, "loss, grads")
        return {"loss": loss, **mapping("The second return value", grads)}

    scopes = [dict(zip(ARGUMENTS, CHAINS.T, strict=True))]
    label = lambda key: f"dloss/d{key}" if key in ARGUMENTS else key  # noqa: E731
    chain = program("chain", "three_weight_chain", scopes, CHAIN, read, inside=MISTAKES["warmup"], label=label)
    return observe(chain, returned if isinstance(returned, Raised) else [stacked(returned)], own_functions)


def stacked(answers: list) -> Any:
    """Return the results of several calls combined as if from one call on arrays; the first one if that is impossible."""
    try:
        losses, grads = zip(*answers, strict=True)
        return np.array(losses, float), {key: np.array([one[key] for one in grads], float) for key in grads[0]}
    except (TypeError, ValueError, LookupError):
        return answers[0]


def observe_logistic(case: Case, given: Arguments, returned: Any, own_functions: Names, finite: bool) -> list[Observation]:
    """Yield observations of the gradients of a batch (with finite, any finite ones pass) and of the arguments."""

    def read(value: Any) -> Mapping:
        return mapping("The return value of logistic_gradients", value)

    name = "logistic_gradients"
    more = {"samples": case.samples, "network": case.name, "finite": finite, "label": str}
    batch = program("logistic", name, [given], GRADIENTS, read, **more)
    seen = observe(batch, returned if isinstance(returned, Raised) else returned[:1], own_functions)
    if finite or isinstance(returned, Raised):
        return seen
    answer, *after = returned
    return [*seen, *observe_changes("warmup", name, given, dict(zip(given, after, strict=True)), {"answer": answer})]
