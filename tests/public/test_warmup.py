"""Public checks of warmup.py. Students have them too.

Every number below can be had with a pencil and a pocket calculator: the values on the way are written beside it.
"""

import numpy as np

from autograder.checking import check, expect_tensor, mapping, require_keys, two_values


def expect_value_and_slope(student, function, names, at, value, slope):
    """function(at) returns this value and this derivative; names are those of the two."""
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


@check
def test_example_three_weight_chain(student):
    """`three_weight_chain` returns the loss and the gradient of each weight for x = 2, y = 1 and the weights 0.5, -1, 1.5."""
    # h1 = 0.73105858, h2 = 0.32496247, y_hat = 0.61950405
    returned = student.fetch(student.module("warmup").three_weight_chain(2.0, 1.0, 0.5, -1.0, 1.5))
    loss, grads = two_values("three_weight_chain", returned, "loss, grads")
    expect_tensor("loss", loss, np.array(0.14477717), show=True)
    require_keys("The second value", mapping("The second value", grads), ("w1", "w2", "w3"))
    for key, want in {"w3": -0.058291795, "w2": -0.0431498, "w1": 0.023209537}.items():
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
    mapping("What logistic_gradients returned", returned)
    require_keys("The dict", returned, LOGISTIC_GRADS)
    for key, want in LOGISTIC_GRADS.items():
        expect_tensor(key, returned[key], want, show=True)
