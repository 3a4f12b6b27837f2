"""Public checks of descent.py. Students have them too."""

import numpy as np

from checks.checking import check, expect_shape, expect_tensor, mapping, require_keys, tensor, two_values

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])
Y = np.array([1.0, 2.0, -1.0])


def expect_descent(student, X, y, rate, steps, show=False):
    """Raise CheckFailure unless `fit` returns what the student's own gradients lead to."""
    expected = {"w": np.zeros(X.shape[1]), "b": np.array(0.0)}
    for _ in range(steps):
        returned = student.fetch(student.module("model").gradients(expected["w"], float(expected["b"]), X, y))
        require_keys("What gradients returns", mapping("What gradients returns", returned), ("w", "b"))
        grads = {key: tensor(key, returned[key]) for key in expected}
        for key, value in expected.items():
            expect_shape(key, grads[key], value.shape)
        expected = {key: value - rate * grads[key] for key, value in expected.items()}
    fitted = two_values("fit", student.fetch(student.module("descent").fit(X, y, rate, steps)), "w, b")
    for key, got in zip(expected, fitted, strict=True):
        expect_tensor(key, got, expected[key], show=show)


@check
def test_example_fit(student):
    """The first step of `fit` subtracts 0.1 times your gradients from zeros."""
    expect_descent(student, X, Y, rate=0.1, steps=1, show=True)
