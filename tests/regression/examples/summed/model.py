"""A linear model of m samples with p features: its predictions, its loss, and the gradients of the loss."""

import numpy as np


def predict(w, b, X):
    """Return the predictions (m,) of the weights w (p,) and the bias b for the samples in the rows of X (m, p)."""
    return X @ w + b


def loss(w, b, X, y):
    """Return the mean squared difference between the predictions and the targets y (m,)."""
    return np.mean((predict(w, b, X) - y) ** 2)


def gradients(w, b, X, y):
    """Return the dict {"w": dloss/dw (p,), "b": dloss/db} of the loss."""
    residual = predict(w, b, X) - y
    return {"w": 2 * X.T @ residual, "b": 2 * np.sum(residual)}
