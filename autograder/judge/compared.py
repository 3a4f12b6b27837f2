"""What came beside what is due, where both are small enough to be shown: of public checks and the public example alone."""

import numpy as np

from autograder.checking import CheckFailure
from autograder.results import Comparison, Rows
from autograder.text import clean

MAX_NUMBERS = 60  # of a tensor that is shown


def of_failure(failure: CheckFailure) -> Comparison | None:
    """The tensor that a public check found wrong beside the first that it wanted, which is the truth; None if there is none."""
    due = next((want for want in failure.wants if isinstance(want, np.ndarray)), None)
    return compared(failure.key, failure.got, due, is_gradient=bool(failure.case))


def compared(key: str, got: object, want: object, *, is_gradient: bool) -> Comparison | None:
    """Two tensors of one or two axes beside each other; None where they are no such, or too large."""
    if not isinstance(got, np.ndarray) or not isinstance(want, np.ndarray) or got.shape != want.shape:
        return None
    if got.ndim not in (1, 2) or not 0 < got.size <= MAX_NUMBERS:
        return None
    return Comparison(clean(key), rows(got), rows(want), is_gradient)


def rows(tensor: np.ndarray) -> Rows:
    """A tensor of one or two axes as rows of numbers, to seven digits."""
    return tuple(tuple(float(f"{number:.7g}") for number in row) for row in np.atleast_2d(tensor))
