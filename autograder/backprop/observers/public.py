"""Observations on the examples of the public checks, which may be shown before the hidden checks.

A student can see all of them at home. Only values that a public check compares are observed, so that no cause reveals the
outcome of another check. Functions of one number are left out, because a single number doesn't distinguish mistakes.
"""

from collections.abc import Iterator, Mapping

from autograder.backprop.example import DNN, GENERAL, SOFTMAX, SQUARE, SQUARED_ERROR
from autograder.backprop.observers.dnn import observe_gradients, observe_passes, walks
from autograder.backprop.observers.extension import notes_gradients, one_value
from autograder.backprop.observers.functions import FUNCTIONS
from autograder.backprop.observers.networks import observe_backward, observe_forward
from autograder.diagnosis.calls import fetch_all
from autograder.diagnosis.observation import Observation, Raised
from autograder.diagnosis.traces import observe
from autograder.student import Student

Failures = Mapping[str, Exception]  # by the name of the check


def observe_public(part: str, student: Student, failures: Failures) -> Iterator[Observation]:
    """Yield the observations on the examples of a part, in the order in which a student should look at them."""
    if part == "dnn":
        yield from observe_dnn(student, failures)
    elif part == "extension":
        yield from observe_extension(student)


def observe_dnn(student: Student, failures: Failures) -> Iterator[Observation]:
    """Yield both passes on the example, and on the square one if something raises, and then the result of `gradients`."""
    seen = observe_passes(student, DNN.case)
    yield from seen
    if any(isinstance(one.got, Raised) for one in seen):
        yield from observe_passes(student, SQUARE.case)
    if "example_gradients" in failures and walks(student, DNN.case):
        yield observe_gradients(student, DNN.case)


def observe_extension(student: Student) -> Iterator[Observation]:
    """Yield softmax, the networks and the convention of the notes on the examples."""
    Z = SOFTMAX.cache[f"Z{SOFTMAX.case.layers[-1]}"]
    module, notes = student.module("extension"), notes_gradients(DNN.case)
    (scope,) = notes.scopes
    returned = fetch_all(
        student,
        {
            "softmax": lambda: [module.softmax(Z)],
            "notes": lambda: [module.notes_gradients(scope["params"], scope["X"], scope["y"])],
        },
    )
    yield from observe(one_value("softmax", [{"Z": Z}], FUNCTIONS["softmax"][1]), returned["softmax"])
    for example in (SOFTMAX, SQUARED_ERROR, GENERAL):
        if example is not SQUARED_ERROR:  # it has the forward pass of SOFTMAX
            yield from observe_forward(student, example.case)
        for one in observe_backward(student, example.case):
            if one.key in example.grads or isinstance(one.got, Raised):
                yield one
    yield from observe(notes, returned["notes"])
