"""Hidden checks of model.py."""

import numpy as np

from autograder.checking import check, expect_tensor, mapping, require_keys


@check
def test_loss(student, data):
    """`loss` is the mean squared error on other data."""
    got = student.fetch(student.module("model").loss(data.w, data.b, data.X, data.y))
    expect_tensor("loss", got, np.mean((data.X @ data.w + data.b - data.y) ** 2))


@check
def test_gradients(student, data):
    """`gradients` returns the gradients of w and b on other data."""
    grads = mapping("What gradients returns", student.fetch(student.module("model").gradients(data.w, data.b, data.X, data.y)))
    require_keys("What gradients returns", grads, ("w", "b"))
    residual = data.X @ data.w + data.b - data.y
    expect_tensor("w", grads["w"], 2 * data.X.T @ residual / len(residual))
    expect_tensor("b", grads["b"], 2 * np.mean(residual))
