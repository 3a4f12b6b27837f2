"""The mistakes that the diagnosis names, and the lines of the solution that they are made in."""

from functools import partial

import numpy as np

from autograder.checking import mapping, two_values
from autograder.diagnosis.causes import Catalog, find_causes
from autograder.diagnosis.mistake import Mistake, Step
from autograder.diagnosis.observation import Raised, attempt, observe_load_error
from autograder.diagnosis.programs import Line, Program, always
from autograder.diagnosis.traces import observe

STEPS = {
    "model": {
        "w": Step("the gradient of w", "2 * X.T @ residual / len(y)", '"w": {},'),
        "b": Step("the gradient of b", "2 * np.mean(residual)", '"b": {}}}'),
    },
    "descent": {
        "step w": Step("the step of w", 'w - rate * grads["w"]', "w = {}\n"),
        "step b": Step("the step of b", 'b - rate * grads["b"]', "b = {}\n"),
    },
}
MISTAKES = {
    "model": [
        Mistake(
            {"w": "2 * X.T @ residual", "b": "2 * np.sum(residual)"},
            "The loss is a mean over the samples. What does that make of its derivative?",
            "Look at what your gradients do with the samples: they add them up.",
            "Divide both gradients by m, the number of samples.",
            id="summed",
            title="Both gradients are summed, not averaged",
        ),
        Mistake(
            {"w": "X.T @ residual / len(y)", "b": "np.mean(residual)"},
            "What is the derivative of the square of the residual with respect to the residual?",
            "Look at the factor in front of the residual in both gradients.",
            "The derivative of r² is 2r: multiply both gradients by 2.",
            id="halved",
            title="Both gradients lack the factor 2",
        ),
    ],
    "descent": [
        Mistake(
            {"step w": 'w + rate * grads["w"]', "step b": 'b + rate * grads["b"]'},
            "In which direction does the gradient point: uphill or downhill?",
            "Look at the sign in the two updates in `fit`.",
            "Subtract the gradient times the learning rate from w and from b.",
            id="ascends",
            title="The updates add the gradient instead of subtracting it",
        ),
    ],
}
LINES = {
    "model": [
        Line("", "X @ w + b - y", "residual"),
        *(Line(key, STEPS["model"][key].right, key=key) for key in ("w", "b")),
    ],
    "descent": [Line(f"step {key}", STEPS["descent"][f"step {key}"].right, key=key) for key in ("w", "b")],
}


@np.errstate(all="ignore")  # a wrong gradient may be larger than any float
def diagnose(part, student, data):
    """Return the causes of what is wrong in a part."""
    loaded = attempt(lambda: student.fetch(student.module(part)))
    seen = [observe_load_error(part, loaded)] if isinstance(loaded, Raised) else OBSERVERS[part](student, data)
    return find_causes(seen, Catalog(part, MISTAKES[part], STEPS[part]))


def observe_gradients(student, data):
    """Return what there is to see of `gradients`."""
    program = Program(
        part="model",
        name="gradients",
        scopes=[vars(data)],
        lines=always(LINES["model"]),
        read=partial(mapping, "What gradients returns"),
    )
    returned = attempt(lambda: student.fetch(student.module("model").gradients(data.w, data.b, data.X, data.y)))
    return observe(program, returned if isinstance(returned, Raised) else [returned])


def observe_step(student, data):
    """Return what there is to see of the first step of `fit`, given the student's own gradients."""
    start = 0 * data.w, 0.0
    grads = attempt(lambda: student.fetch(student.module("model").gradients(*start, data.X, data.y)))
    if not isinstance(grads, dict):
        return []  # what is wrong is in the other part
    program = Program(
        part="descent",
        name="fit",
        scopes=[{"w": start[0], "b": start[1], "rate": 0.1, "grads": grads}],
        lines=always(LINES["descent"]),
        read=lambda value: dict(zip(("w", "b"), two_values("fit", value, "w, b"), strict=True)),
    )
    returned = attempt(lambda: student.fetch(student.module("descent").fit(data.X, data.y, 0.1, 1)))
    return observe(program, returned if isinstance(returned, Raised) else [returned])


OBSERVERS = {"model": observe_gradients, "descent": observe_step}
