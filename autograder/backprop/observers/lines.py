"""Find the lines of a submission that computed wrong values on the public examples, without any hidden inputs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from autograder.backprop.case import Example, in_the_notes
from autograder.backprop.example import DNN, GENERAL, SOFTMAX, SQUARED_ERROR
from autograder.backprop.observers.networks import observe_backward, observe_forward
from autograder.backprop.observers.warmup import CALLED, CHAIN, GRADIENTS, PATHS
from autograder.backprop.tracing import find_tensor_line
from autograder.diagnosis.calls import fetch_all
from autograder.diagnosis.observation import Observation, attempt, evaluate, same
from autograder.diagnosis.programs import Line as Formula
from autograder.sandbox.student import SandboxedStudent
from autograder.text import clean
from autograder.tracing.lines import Line

EXAMPLES = {"dnn": (DNN,), "extension": (SOFTMAX, SQUARED_ERROR, GENERAL)}
MAX_TENSORS = 3  # of an example to find the lines of, beginning with the first wrong one of each step
MAX_LINE = 200
# Arguments for the functions of the warm-up that no check uses.
BATCH = {
    "X": np.array([[0.7, -1.2, 2.1, 0.4], [-0.3, 1.6, 0.9, -1.1]]),
    "y": np.array([[1.0, 0.0, 0.0, 1.0]]),
    "w1": np.array([[0.8], [-1.3]]),
    "b1": np.array([[0.35]]),
}
NUMBER = {"x": 0.65}
CHAINED = {"x": 1.7, "y": 0.2, "w1": 0.6, "w2": -1.4, "w3": 2.3}
Lines = dict[tuple[str, str], str]  # function and key of a returned value -> line


@dataclass(frozen=True)
class Call:
    """A call of a function on public values: the correct intermediate values by name, and the place of each returned value."""

    arguments: Mapping[str, Any]
    right: Mapping[str, Any]
    places: Mapping[str, tuple[Any, ...]]


def find_lines(student: SandboxedStudent, parts: Sequence[str]) -> Lines:
    """Return the lines that computed wrong values in some parts, if they are certain; student has no hidden inputs."""
    found: Lines = {}
    for part in parts:
        wrong = [*find_in_functions(student, part), *find_in_networks(student, EXAMPLES.get(part, ()))]
        found |= {place: clean(str(line), MAX_LINE) for place, line in wrong if line}
    return found


def find_in_networks(student: SandboxedStudent, examples: Sequence[Example]) -> Iterator[tuple[tuple[str, str], Line | None]]:
    """Yield the function, the key and the line of the first wrong tensors of some examples."""
    for example in examples:
        student.begin_check()
        # SquaredErrorSoftmaxDNN has the forward pass of SoftmaxDNN.
        forward = [] if example is SQUARED_ERROR else observe_forward(student, example.case)
        passes = forward, observe_backward(student, example.case)
        tensors = {name_of(one, "d" if number else ""): one for number, seen in enumerate(passes) for one in seen}
        tensors = {name: one for name, one in tensors.items() if isinstance(one.got, np.ndarray)}
        names = list(tensors)
        wrong = {tensors[name].step: name for name in reversed(names) if not tensors[name].right}
        for name in sorted(wrong.values(), key=names.index)[:MAX_TENSORS]:
            before = {other: tensors[other].got for other in names[: names.index(name)]}
            own = {other: value for other, value in before.items() if not same(value, tensors[name].got)}
            student.begin_check()
            yield (tensors[name].task, tensors[name].key), find_tensor_line(student, example, name, own)


def name_of(observation: Observation, prefix: str) -> str:
    """Return the name of a tensor in both passes."""
    return f"{prefix}{observation.key}"


def find_in_functions(student: SandboxedStudent, part: str) -> Iterator[tuple[tuple[str, str], Line | None]]:
    """Yield the functions of a part with the key and the line of the first wrong value that each returns."""
    if part not in CALLS:
        return
    calls = CALLS[part]()
    runs = {name: partial(run_function, student, part, name, call) for name, call in calls.items()}
    student.begin_check()
    returned = fetch_all(student, {name: partial(in_a_list, run) for name, run in runs.items()})
    for function, call in calls.items():
        wrong = (key for key, path in call.places.items() if is_wrong(returned[function], path, call.right[f"d{key}"]))
        if key := next(wrong, ""):
            student.begin_check()
            sources = [name for name in call.right if name != f"d{key}"]
            found = attempt(partial(student.find_line, runs[function], call.places[key], call.right, sources))
            yield (function, key), found if isinstance(found, Line) else None


def run_function(student: SandboxedStudent, part: str, function: str, call: Call) -> Any:
    """Call a function, and return its result, still on the student's side."""
    return getattr(student.module(part), function)(*call.arguments.values())


def in_a_list(run: Callable[[], Any]) -> list[Any]:
    """Return the result of a call as a group of one."""
    return [run()]


def is_wrong(returned: Any, path: Sequence[Any], want: Any) -> bool:
    """Return whether a wrong number or array is at a place in what a function returned."""
    try:
        (got,) = returned
        for step in path:
            got = got[step]
        return not same(np.asarray(got, float), want)
    except (LookupError, TypeError, ValueError):
        return False


@cache
def calls_of_warmup() -> Mapping[str, Call]:
    """Return a call of each function of the warm-up."""
    calls = {name: trace(NUMBER, lines, lambda place, key: (place,)) for name, (_, lines) in PATHS.items()}
    calls["three_weight_chain"] = trace(CHAINED, CHAIN, lambda place, key: (1, key) if place else (0,))
    calls["logistic_gradients"] = trace(BATCH, GRADIENTS, lambda place, key: (key,))
    return calls


def trace(arguments: Mapping[str, Any], lines: Sequence[Formula], place: Callable[[int, str], tuple[Any, ...]]) -> Call:
    """Return a call with all values that its lines compute; returned gradients have a d before their keys."""
    names: dict[str, Any] = {**arguments, **CALLED}
    right: dict[str, Any] = dict(arguments)
    for line in lines:
        value = evaluate(line.right, names)
        line.bind(names, line.name, value)
        right |= {name: value for name in (line.name, line.key and f"d{line.key}") if name}
    keys = [line.key for line in lines if line.key]
    return Call(arguments, right, {key: place(number, key) for number, key in enumerate(keys)})


@cache
def calls_of_extension() -> Mapping[str, Call]:
    """Return a call of softmax and one of notes_gradients."""
    case, last = DNN.case, f"Z{SOFTMAX.case.layers[-1]}"
    softmax = {"Z": SOFTMAX.cache[last], "dsoftmax": SOFTMAX.cache[f"A{last[1:]}"]}
    gradients = in_the_notes(DNN.grads, "dJd")
    given = {"params": in_the_notes(case.params), "X": case.X, "y": case.Y}
    right = {**in_the_notes(DNN.cache), **gradients, "X": case.X, "y": case.Y, "m": case.samples}
    right |= {f"d{key}": value for key, value in gradients.items()}
    return {
        "softmax": Call({"Z": softmax["Z"]}, softmax, {"softmax": ()}),
        "notes_gradients": Call(given, right, {key: (key,) for key in gradients}),
    }


CALLS: dict[str, Callable[[], Mapping[str, Call]]] = {"warmup": calls_of_warmup, "extension": calls_of_extension}
