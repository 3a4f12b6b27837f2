"""A linear model of m samples with p features: its predictions, its loss, and the gradients of the loss."""

import numpy as np


def predict(w, b, X):
    """Return the predictions (m,) of the weights w (p,) and the bias b for the samples in the rows of X (m, p)."""
    # TODO: multiply each row of X by w, and add b.
    raise NotImplementedError("Task 1: complete predict, which returns X w + b.")


def loss(w, b, X, y):
    """Return the mean squared difference between the predictions and the targets y (m,)."""
    # TODO: compute the mean of the squared residuals.
    raise NotImplementedError("Task 2: complete loss, which returns the mean squared error.")


def gradients(w, b, X, y):
    """Return the dict {"w": dloss/dw (p,), "b": dloss/db} of the loss."""
    # TODO: compute the residual of each sample, then the derivatives of the loss with respect to w and b.
    raise NotImplementedError("Task 3: complete gradients, which returns the gradients of w and b.")
