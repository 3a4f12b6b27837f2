"""Public checks of model.py. Students have them too."""

import numpy as np

from checks.checking import check, expect_tensor, mapping, require_keys

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])
Y = np.array([1.0, 2.0, -1.0])
W, B = np.array([1.0, -1.0]), 0.5
# The predictions are -0.5, 4.5 and -0.5, so the residuals are -1.5, 2.5 and 0.5.


@check
def test_example_predict(student):
    """`predict` returns X w + b for the example."""
    got = student.fetch(student.module("model").predict(W, B, X))
    expect_tensor("predictions", got, np.array([-0.5, 4.5, -0.5]), show=True)


@check
def test_example_gradients(student):
    """`gradients` returns the gradients of w and b for the example."""
    grads = mapping("What gradients returns", student.fetch(student.module("model").gradients(W, B, X, Y)))
    require_keys("What gradients returns", grads, ("w", "b"))
    for key, want in {"w": np.array([4.0, -10 / 3]), "b": np.array(1.0)}.items():
        expect_tensor(key, grads[key], want, show=True)
