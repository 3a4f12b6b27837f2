"""The chain rule on its own: along one path, along several paths, through three weights, and over a batch.

Each function returns a value and its derivative. Go forward first and save every intermediate value. Then go backward, with one
factor per step. This is all that backpropagation does, and the saved values are its cache.
"""

import numpy as np

from dnn import sigmoid


def exp_exp_square(x):
    """Return (y, dy/dx) of y = e^(e^(x^2)), through h1 = x^2 and h2 = e^h1; x is a number or an array of any shape."""
    h1 = x**2
    h2 = np.exp(h1)
    y = np.exp(h2)
    return y, y * h2 * 2 * x


def reciprocal_exp_square(x):
    """Return (y, dy/dx) of y = 1 / e^(x^2), through h1 = x^2 and h2 = e^h1; x is a number or an array of any shape."""
    h1 = x**2
    h2 = np.exp(h1)
    y = 1 / h2
    return y, -y * 2 * x  # dy/dh2 = -1/h2^2 and dh2/dh1 = h2: together -1/h2


def two_paths(x):
    """Return (f, df/dx) of f = 2 g1 + g2 with g1 = x^2 and g2 = x; x is a number or an array of any shape.

    x reaches f along two paths, and the derivative is the sum of their contributions (the multivariate chain rule).
    """
    g1, g2 = x**2, x
    return 2 * g1 + g2, 2 * (2 * x) + 1 * 1


def three_weight_chain(x, y, w1, w2, w3):
    """Return (loss, gradients) of a chain of three units; all arguments are numbers.

    h1 = sigmoid(w1 x), h2 = sigmoid(w2 h1), y_hat = sigmoid(w3 h2), loss = (y - y_hat)^2.
    gradients is the dict {"w1": dloss/dw1, "w2": dloss/dw2, "w3": dloss/dw3}.
    """
    h1 = sigmoid(w1 * x)
    h2 = sigmoid(w2 * h1)
    y_hat = sigmoid(w3 * h2)
    dz3 = -2 * (y - y_hat) * y_hat * (1 - y_hat)
    dz2 = dz3 * w3 * h2 * (1 - h2)
    dz1 = dz2 * w2 * h1 * (1 - h1)
    return (y - y_hat) ** 2, {"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}


def logistic_gradients(X, y, w1, b1):
    """Return the gradients of logistic regression on a batch of m samples, with the names used in the handwritten notes.

    X is (p, m), y is (1, m), w1 is (p, 1) and b1 is (1, 1). z1 = w1^T X + b1 and a1 = sigmoid(z1) are both (1, m). J is the
    mean binary cross-entropy over the samples. Returns {"a1": (1, m), "dJdz1": (1, m), "dJdb1": (1, 1), "dJdw1": (p, 1)}:
    dJdz1 has one column per sample and is not averaged; dJdb1 and dJdw1 are averaged over the batch.
    """
    a1 = sigmoid(np.dot(w1.T, X) + b1)
    dJdz1 = a1 - y
    dJdb1 = np.sum(dJdz1, axis=1, keepdims=True)
    dJdw1 = np.dot(X, dJdz1.T)
    return {"a1": a1, "dJdz1": dJdz1, "dJdb1": dJdb1, "dJdw1": dJdw1}
