"""The chain rule on its own: along one path, along several paths, through three weights, and over a batch.

Each function returns a value and its derivative. Go forward first and save every intermediate value. Then go backward, with one
factor per step. This is all that backpropagation does, and the saved values are its cache.
"""

import numpy as np

from dnn import sigmoid


def exp_exp_square(x):
    """Return (y, dy/dx) of y = e^(e^(x^2)), through h1 = x^2 and h2 = e^h1; x is a number or an array of any shape."""
    """ # BEGIN PROMPT
    # TODO: compute h1, h2 and y in the forward direction; then dy/dh2, dh2/dh1 and dh1/dx, and multiply them.
    raise NotImplementedError("Warm-up 1: complete exp_exp_square, which returns y and dy/dx.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    h1 = x**2
    h2 = np.exp(h1)
    y = np.exp(h2)
    return y, y * h2 * 2 * x
    # END SOLUTION


def reciprocal_exp_square(x):
    """Return (y, dy/dx) of y = 1 / e^(x^2), through h1 = x^2 and h2 = e^h1; x is a number or an array of any shape."""
    """ # BEGIN PROMPT
    # TODO: take the same path with a different last step. What is the derivative of 1/h2, and what is its sign?
    raise NotImplementedError("Warm-up 2: complete reciprocal_exp_square, which returns y and dy/dx.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    h1 = x**2
    h2 = np.exp(h1)
    y = 1 / h2
    return y, -y * 2 * x  # dy/dh2 = -1/h2^2 and dh2/dh1 = h2: together -1/h2
    # END SOLUTION


def two_paths(x):
    """Return (f, df/dx) of f = 2 g1 + g2 with g1 = x^2 and g2 = x; x is a number or an array of any shape.

    x reaches f along two paths, and the derivative is the sum of their contributions (the multivariate chain rule).
    """
    """ # BEGIN PROMPT
    # TODO: compute df/dg1 times dg1/dx, plus df/dg2 times dg2/dx.
    raise NotImplementedError("Warm-up 3: complete two_paths, which returns f and df/dx.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    g1, g2 = x**2, x
    return 2 * g1 + g2, 2 * (2 * x) + 1 * 1
    # END SOLUTION


def three_weight_chain(x, y, w1, w2, w3):
    """Return (loss, gradients) of a chain of three units; all arguments are numbers.

    h1 = sigmoid(w1 x), h2 = sigmoid(w2 h1), y_hat = sigmoid(w3 h2), loss = (y - y_hat)^2.
    gradients is the dict {"w1": dloss/dw1, "w2": dloss/dw2, "w3": dloss/dw3}.
    """
    """ # BEGIN PROMPT
    # TODO: go forward to the loss, and save h1, h2 and y_hat. Then go backward: start with dloss/dy_hat, and step from each
    # unit to the one before it. The gradient of a weight reuses the derivative at its unit; compute nothing twice.
    raise NotImplementedError("Warm-up 4: complete three_weight_chain, which returns the loss and all three gradients.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    h1 = sigmoid(w1 * x)
    h2 = sigmoid(w2 * h1)
    y_hat = sigmoid(w3 * h2)
    dz3 = -2 * (y - y_hat) * y_hat * (1 - y_hat)
    dz2 = dz3 * w3 * h2 * (1 - h2)
    dz1 = dz2 * w2 * h1 * (1 - h1)
    return (y - y_hat) ** 2, {"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}
    # END SOLUTION


def logistic_gradients(X, y, w1, b1):
    """Return the gradients of logistic regression on a batch of m samples, with the names used in the handwritten notes.

    X is (p, m), y is (1, m), w1 is (p, 1) and b1 is (1, 1). z1 = w1^T X + b1 and a1 = sigmoid(z1) are both (1, m). J is the
    mean binary cross-entropy over the samples. Returns {"a1": (1, m), "dJdz1": (1, m), "dJdb1": (1, 1), "dJdw1": (p, 1)}:
    dJdz1 has one column per sample and is not averaged; dJdb1 and dJdw1 are averaged over the batch.
    """
    """ # BEGIN PROMPT
    # TODO: compute z1 and a1; then dJdz1 = a1 - y; then the means over the samples for b1 and for w1.
    raise NotImplementedError("Warm-up 5: complete logistic_gradients, which returns a1, dJdz1, dJdb1 and dJdw1.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    a1 = sigmoid(np.dot(w1.T, X) + b1)
    dJdz1 = a1 - y
    dJdb1 = np.mean(dJdz1, axis=1, keepdims=True)
    dJdw1 = np.dot(X, dJdz1.T) / X.shape[1]
    return {"a1": a1, "dJdz1": dJdz1, "dJdb1": dJdb1, "dJdw1": dJdw1}
    # END SOLUTION
