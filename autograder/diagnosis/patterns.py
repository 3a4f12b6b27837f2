"""The mistakes that show in a gradient by their pattern alone, whatever the network: a wrong shape, or a constant factor.

Each row is a way to spoil the right tensor and the words for whoever has done it. A row is believed only when it explains every
number of the tensor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from autograder.checking import agree


@dataclass(frozen=True)
class Pattern:
    """spoil(want, m) is the tensor that the mistake makes of the right one; cause is a sentence for the student."""

    kinds: str
    spoil: Callable[[np.ndarray, int], np.ndarray]
    cause: str


PATTERNS = [
    Pattern("W", lambda want, m: want.T, "It is the transpose of the right one: dW_l has the shape of W_l."),
    Pattern("B", lambda want, m: want[:, 0], "The numbers are right; keep the second axis, so that the shape stays (n, 1)."),
    Pattern("B", lambda want, m: np.mean(want, keepdims=True), "The units are averaged away too; B keeps one number a unit."),
    Pattern("B", lambda want, m: np.array(np.mean(want)), "The units are averaged away too; B keeps one number a unit."),
    Pattern("WBZA", lambda want, m: -want, "Right size, wrong sign: look at the order of the subtraction in dZ of the output."),
    Pattern("WB", lambda want, m: m * want, "Exactly m times too large: a sum over the samples where the mean is due."),
    Pattern("WB", lambda want, m: want / m, "Exactly m times too small: it is averaged over the batch twice."),
    Pattern(
        "ZA", lambda want, m: want / m, "Exactly m times too small: dZ and dA are per sample; only dW and dB are averaged."
    ),
    Pattern("WB", lambda want, m: want * m / (m - 1), "Off by m/(m-1): the mean over the batch divides by m."),
    Pattern("WB", lambda want, m: want * m / 2, "Off by m/2: divided by the number of rows of X; the samples are its columns."),
    Pattern("WBZA", lambda want, m: 2 * want, "Exactly twice the right one: a factor 2 of another loss has slipped in."),
    Pattern("WBZA", lambda want, m: want / 2, "Exactly half of the right one: a factor 1/2 has slipped in."),
]


def explain(key: str, got: np.ndarray, wants: tuple[np.ndarray, ...], m: int) -> str:
    """The cause of a wrong gradient of the variable `key` on a batch of m samples, or "" if no pattern makes exactly it."""
    return next(causes(key, got, wants, m), "")


def causes(key: str, got: np.ndarray, wants: tuple[np.ndarray, ...], m: int) -> Iterator[str]:
    """The causes that explain every number, the likeliest first."""
    for want in wants:
        if key[0] == "B" and m > 1 and got.shape == (want.shape[0], m):
            yield "One column for each sample is left: the bias is shared by all samples, so its gradient is a mean over them."
        for pattern in PATTERNS:
            if key[0] in pattern.kinds and m > 1:
                spoilt = pattern.spoil(want, m)
                if got.shape == spoilt.shape and agree(got, spoilt):
                    yield pattern.cause
