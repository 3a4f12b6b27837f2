"""Public checks of warmup.py. Students get them, too.

You can compute every number below with a pencil and a calculator. The comments give the intermediate values.
"""

import functools

import numpy as np

from autograder.backprop.observing import observe_returned
from autograder.checking import check, expect_tensor, mapping, require_keys, two_values
from autograder.naming import Observed


def expect_value_and_slope(student, function, names, at, value, slope):
    """Raise CheckFailure unless function(at) returns this value and this derivative; names has their two names."""
    returned = two_values(function, student.fetch(getattr(student.module("warmup"), function)(at)), names)
    for name, got, want in zip(names.split(", "), returned, (value, slope), strict=True):
        expect_tensor(name, got, np.array(want), show=True)


@check
def test_example_exp_exp_square(student):
    """`exp_exp_square(0.8)` returns y and dy/dx."""
    # h1 = 0.64, h2 = 1.8964809; dh1/dx = 1.6, dh2/dh1 = h2, dy/dh2 = y
    expect_value_and_slope(student, "exp_exp_square", "y, dy_dx", 0.8, 6.6624073, 20.216205)


@check
def test_example_reciprocal_exp_square(student):
    """`reciprocal_exp_square(0.8)` returns y and dy/dx."""
    # h1 = 0.64, h2 = 1.8964809; dh1/dx = 1.6, dh2/dh1 = h2, dy/dh2 = -0.27803730
    expect_value_and_slope(student, "reciprocal_exp_square", "y, dy_dx", 0.8, 0.52729242, -0.84366788)


@check
def test_example_two_paths(student):
    """`two_paths(3)` returns f and df/dx."""
    # g1 = 9, g2 = 3; along g1: 2 times 6, along g2: 1 times 1
    expect_value_and_slope(student, "two_paths", "f, df_dx", 3.0, 21.0, 13.0)


CHAIN = (2.0, 1.0, 0.5, -1.0, 1.5)
CHAIN_LOSS, CHAIN_GRADS = 0.14477717, {"w3": -0.058291795, "w2": -0.0431498, "w1": 0.023209537}


@check
def test_example_three_weight_chain(student):
    """`three_weight_chain` returns the loss and the gradient of each weight for x = 2, y = 1 and the weights 0.5, -1, 1.5."""
    # h1 = 0.73105858, h2 = 0.32496247, y_hat = 0.61950405
    returned = student.fetch(student.module("warmup").three_weight_chain(*CHAIN))
    loss, grads = two_values("three_weight_chain", returned, "loss, grads")
    expect_tensor("loss", loss, np.array(CHAIN_LOSS), show=True)
    require_keys("The second return value", mapping("The second return value", grads), ("w1", "w2", "w3"))
    for key, want in CHAIN_GRADS.items():
        expect_tensor(key, grads[key], np.array(want), show=True)


LOGISTIC = {
    "X": np.array([[1.0, 2.0, -1.0], [0.0, 1.0, 2.0]]),
    "y": np.array([[1.0, 0.0, 1.0]]),
    "w1": np.array([[1.0], [-1.0]]),
    "b1": np.array([[-1.0]]),
}
# z1 = [0, 0, -4]
LOGISTIC_GRADS = {
    "a1": np.array([[0.5, 0.5, 0.01798621]]),
    "dJdz1": np.array([[-0.5, 0.5, -0.98201379]]),
    "dJdb1": np.array([[-0.32733793]]),
    "dJdw1": np.array([[0.49400460], [-0.48800919]]),
}


@check
def test_example_logistic_gradients(student):
    """`logistic_gradients` returns a1, dJdz1, dJdb1 and dJdw1 for a batch of three samples."""
    returned = student.fetch(student.module("warmup").logistic_gradients(*LOGISTIC.values()))
    mapping("The return value of logistic_gradients", returned)
    require_keys("The dict", returned, LOGISTIC_GRADS)
    for key, want in LOGISTIC_GRADS.items():
        expect_tensor(key, returned[key], want, show=True)


# What the functions of one number return at several points, because a single derivative doesn't tell mistakes apart.
PATHS = {
    "exp_exp_square": ("y, dy_dx", {0.8: (6.6624073, 20.216205), -0.6: (4.192635, -7.2113125), 1.1: (28.602229, 211.0177)}),
    "reciprocal_exp_square": (
        "y, dy_dx",
        {0.8: (0.52729242, -0.84366788), -0.6: (0.69767633, 0.83721159), 1.1: (0.29819728, -0.65603401)},
    ),
    "two_paths": ("f, df_dx", {3.0: (21.0, 13.0), -0.6: (0.12, -1.4), 1.1: (3.52, 5.4)}),
}


def observe(student):
    """Yield the results of the functions, in the order in which a student should look at them."""
    for function, (names, points) in PATHS.items():
        for number, (x, wants) in enumerate(points.items()):
            read = functools.partial(dict_of_two, function, names)
            yield from observe_call(student, function, (x,), read, dict(zip(names.split(", "), wants, strict=True)), number)
    read = functools.partial(with_loss, "three_weight_chain", "loss, grads")
    yield from observe_call(student, "three_weight_chain", CHAIN, read, {"loss": CHAIN_LOSS, **CHAIN_GRADS})
    yield from observe_call(student, "logistic_gradients", LOGISTIC.values(), dict_of_gradients, LOGISTIC_GRADS, m=3)


def observe_call(student, function, arguments, read, wants, number=0, m=0):
    """Yield the values that a call returns; number distinguishes several calls of one function."""
    example = f"call {number}" if number else ""
    observed = functools.partial(Observed, (f"example_{function}",), function, m=m, topic=function, example=example)
    call = lambda: read(student.fetch(getattr(student.module("warmup"), function)(*arguments)))  # noqa: E731
    yield from observe_returned(student, call, wants, observed)


def dict_of_two(function, names, value):
    """Return the two values of a function by their names."""
    return dict(zip(names.split(", "), two_values(function, value, names), strict=True))


def with_loss(function, names, value):
    """Return the loss and the gradients in one dict."""
    loss, grads = two_values(function, value, names)
    return {"loss": loss, **mapping("The second return value", grads)}


def dict_of_gradients(value):
    """Return the dict of gradients."""
    return mapping("The return value of logistic_gradients", value)
