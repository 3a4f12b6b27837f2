"""A student's value and the expected value, if both are small enough to show: only for public checks and the public example."""

import numpy as np

from autograder.checking import CheckFailure
from autograder.results import Comparison, Rows
from autograder.text import clean

MAX_NUMBERS = 60  # in a tensor that is shown


def of_failure(failure: CheckFailure) -> Comparison | None:
    """Return the tensor that a public check rejected and its first reference, the expected value; None if there is none."""
    expected = next((want for want in failure.wants if isinstance(want, np.ndarray)), None)
    return compared(failure.key, failure.got, expected, is_gradient=bool(failure.case))


def compared(key: str, got: object, want: object, *, is_gradient: bool) -> Comparison | None:
    """Return two tensors of the same shape, with one or two axes; None for other values, or if they are too large to show."""
    if not isinstance(got, np.ndarray) or not isinstance(want, np.ndarray) or got.shape != want.shape:
        return None
    if got.ndim not in (1, 2) or not 0 < got.size <= MAX_NUMBERS:
        return None
    return Comparison(clean(key), rows(got), rows(want), is_gradient)


def rows(tensor: np.ndarray) -> Rows:
    """Return a tensor with one or two axes as rows of numbers, to seven digits."""
    return tuple(tuple(float(f"{number:.7g}") for number in row) for row in np.atleast_2d(tensor))
