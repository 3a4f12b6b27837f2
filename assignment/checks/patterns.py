"""Patterns of wrong values, such as a factor or a lost axis, in the words that students read at home and on the feedback page.

This file is part of the hand-out, like checking.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from checks.checking import agree

# What a wrong value is, by its factor for a batch of m samples. fill_in writes the number or the letter for {m} and {m - 1}.
FACTORS: Mapping[str, Callable[[int], float]] = {
    "is 0": lambda m: 0,
    "is {m} times too large": lambda m: m,
    "is {m} times too small": lambda m: 1 / m,
    "is {m}² times too small": lambda m: 1 / m**2,
    "has the wrong sign": lambda m: -1,
    "is twice the expected value": lambda m: 2,
    "is half the expected value": lambda m: 0.5,
    "is a tenth of the expected value": lambda m: 0.1,
    "is -0.1 times the expected value": lambda m: -0.1,
    "is a hundredth of the expected value": lambda m: 0.01,
    "is {m}/{m - 1} times the expected value": lambda m: m / (m - 1),
    "is {m} times too small and has the wrong sign": lambda m: -1 / m,
}


class Comparison(NamedTuple):
    """A wrong value, the values that would be correct in its place, and the number of samples (0 if there is no batch)."""

    got: np.ndarray
    wants: Sequence[np.ndarray]
    m: int = 0

    def is_times(self, factor: float) -> bool:
        """Return whether the value is a correct one times a factor."""
        return any(self.got.shape == want.shape and agree(self.got, factor * want) for want in self.wants)

    def find_factors(self) -> list[float]:
        """Return the factors, other than 0, that turn a correct value into this one."""
        wants = [want for want in self.wants if want.shape == self.got.shape and np.any(want)]
        factors = [float(np.vdot(self.got, want) / np.vdot(want, want)) for want in wants]
        return [factor for factor in factors if factor and self.is_times(factor)]


Fits = Callable[[np.ndarray, np.ndarray, int], bool]
# Mistakes in the shape that leave the numbers correct otherwise.
SHAPES: Mapping[str, Fits] = {
    "is transposed": lambda got, want, m: got.shape == want.T.shape and agree(got, want.T),
    "has lost an axis, which `keepdims=True` would keep": lambda got, want, m: (
        got.ndim < want.ndim and got.size == want.size and agree(got.reshape(want.shape), want)
    ),
    "is averaged over the units, not only over the samples": lambda got, want, m: (
        got.shape == (1,) * want.ndim and agree(got, np.mean(want, keepdims=True))
    ),
}
# Mistakes that show in the shape alone, whatever the numbers are.
COLUMNS: Mapping[str, Fits] = {
    "still has one column per sample": lambda got, want, m: (
        m > 1 and want.shape[1:] == (1,) and got.shape == (want.shape[0], m)
    ),
    "no longer has one column per sample": lambda got, want, m: (
        m > 1 and want.shape[1:] == (m,) and got.shape in (want.shape[:1], (want.shape[0], 1))
    ),
}


def match_factor(compared: Sequence[Comparison]) -> str:
    """Return the words of FACTORS that hold for all values; "" if there are none."""
    has_batch = all(one.m > 1 for one in compared)
    for words, factor in FACTORS.items():
        if (has_batch or "{m}" not in words) and all(one.is_times(factor(one.m)) for one in compared):
            return words
    return ""


def match_shape(compared: Sequence[Comparison], shapes: Mapping[str, Fits]) -> str:
    """Return the words of a table of shapes that hold for all values; "" if there are none."""
    for words, fits in shapes.items():
        if all(any(fits(one.got, want, one.m) for want in one.wants) for one in compared):
            return words
    return ""


def fill_in(words: str, m: int | None = None) -> str:
    """Return words of FACTORS for a batch of m samples; for batches of any size by default."""
    less = "(m - 1)" if m is None else str(m - 1)
    return words.replace("{m - 1}", less).replace("{m}", "m" if m is None else str(m))


def describe_multiple(factor: float) -> str:
    """Return what to say of a value with a factor that is not in FACTORS."""
    return f"is {factor:.4g} times the expected value"
