"""The mistakes that show in a gradient by their pattern alone, whatever the network: a wrong shape, or a constant factor.

Each row is a way to spoil the right tensor and the words for whoever has done it. A row is believed only when it explains every
number of the tensor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from autograder.checking import Case, agree


@dataclass(frozen=True)
class Pattern:
    """spoil(want, m, n) is the tensor that the mistake makes of the right one on m samples of n features.

    kinds are the variables it can happen to; cause is a sentence for the student.
    """

    kinds: str
    spoil: Callable[[np.ndarray, int, int], np.ndarray]
    cause: str


PATTERNS = [
    Pattern("W", lambda want, m, n: want.T, "It is the transpose of the right one: dW_l has the shape of W_l."),
    Pattern("B", lambda want, m, n: want[:, 0], "The numbers are right; keep the second axis, so that the shape stays (n, 1)."),
    Pattern(
        "B", lambda want, m, n: np.mean(want, keepdims=True), "The units are averaged away too; B keeps one number a unit."
    ),
    Pattern("B", lambda want, m, n: np.array(np.mean(want)), "The units are averaged away too; B keeps one number a unit."),
    Pattern(
        "WBZA", lambda want, m, n: -want, "Right size, wrong sign: look at the order of the subtraction in dZ of the output."
    ),
    Pattern("WB", lambda want, m, n: m * want, "Exactly m times too large: a sum over the samples where the mean is due."),
    Pattern("WB", lambda want, m, n: want / m, "Exactly m times too small: it is averaged over the batch twice."),
    Pattern("ZA", lambda want, m, n: want / m, "Exactly m times too small: dZ and dA are not averaged, only dW and dB are."),
    Pattern("WB", lambda want, m, n: want * m / (m - 1), "Off by m/(m-1): the mean over the batch divides by m."),
    Pattern("WB", lambda want, m, n: want * m / n, "Divided by the rows of X: the samples are its columns."),
    Pattern("WBZA", lambda want, m, n: 2 * want, "Exactly twice the right one: a factor 2 of another loss has slipped in."),
    Pattern("WBZA", lambda want, m, n: want / 2, "Exactly half of the right one: a factor 1/2 has slipped in."),
]
PER_SAMPLE = "One column for each sample is left: the bias is shared by all samples, so its gradient is a mean over them."


def explain(key: str, got: np.ndarray, wants: tuple[np.ndarray, ...], case: Case) -> str:
    """The cause of a wrong gradient of the variable `key` on a case, or "" if no pattern makes exactly it.

    On a single sample sums and means are the same, so nothing is said.
    """
    kind = key.removeprefix("dJd")[:1].upper()  # dJdw1 is what the notes call the gradient of W1
    return "" if case.samples == 1 else next(causes(kind, got, wants, case), "")


def causes(kind: str, got: np.ndarray, wants: tuple[np.ndarray, ...], case: Case) -> Iterator[str]:
    """The causes that explain every number, the likeliest first."""
    m, features = case.X.shape[1], case.X.shape[0]
    for want in wants:
        if kind == "B" and got.shape == (want.shape[0], m):
            yield PER_SAMPLE
        for pattern in PATTERNS:
            if kind and kind in pattern.kinds:
                spoilt = pattern.spoil(want, m, features)
                if got.shape == spoilt.shape and agree(got, spoilt):
                    yield pattern.cause
