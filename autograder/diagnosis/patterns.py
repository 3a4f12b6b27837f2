"""Tells in which way a wrong tensor differs from the right one, whatever line made it: by a factor, or in its shape.

A pattern is told only where it holds in every network: for each key that it is about, right values included. A batch of 7
samples cannot tell 1/7 from 1/m, and one output cannot tell m from the size of the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograder.diagnosis.observation import Observation, same


@dataclass(frozen=True)
class Pattern:
    """A pattern in words, a predicate that exact says is all there is to it; factor is the number, if it is one everywhere."""

    words: str = ""
    exact: bool = False
    factor: float | None = None


NONE = Pattern()
# A pattern shows in a tensor whatever step it comes from. m is the number of samples.
FACTORS = {
    "is m times too large": lambda m: m,
    "is m times too small": lambda m: 1 / m,
    "is m² times too small": lambda m: 1 / m**2,
    "has the wrong sign": lambda m: -1,
    "is twice the expected value": lambda m: 2,
    "is half the expected value": lambda m: 0.5,
    "is a tenth of the expected value": lambda m: 0.1,
    "is -0.1 times the expected value": lambda m: -0.1,
    "is a hundredth of the expected value": lambda m: 0.01,
    "is m/(m-1) times the expected value": lambda m: m / (m - 1) if m > 1 else 0,
    "is m times too small and has the wrong sign": lambda m: -1 / m,
}
SHAPES = {
    "is transposed": lambda want: want.T,
    "has lost its second axis, which `keepdims=True` would keep": lambda want: want[:, 0],
    "is averaged over the units, not only over the samples": lambda want: np.mean(want, keepdims=True),
}
SMALLEST_CHANGE = 0.01  # of a factor from 1; what is closer is rounded, and no multiple
MULTIPLE = "is off by a constant factor"
CONSTANT = "is off by the same factor everywhere"
VARYING = "is off by a factor that changes from layer to layer or from network to network"


@np.errstate(all="ignore")  # a wrong tensor may hold anything
def pattern_of(broken: Sequence[Observation], observations: Sequence[Observation]) -> Pattern:
    """Return the pattern that all broken observations of a step share, and that no other value of their keys contradicts."""
    keys = {(one.task, one.step, one.key) for one in broken}
    about = [one for one in observations if (one.task, one.step, one.key) in keys and not one.degenerate]
    wrong = [one for one in broken if not one.degenerate]
    if not wrong or not all(is_finite(one.got) and wanted(one) for one in wrong):
        return NONE
    about = [one for one in about if is_finite(one.got) and wanted(one)]
    for words, spoil in SHAPES.items():
        if all(any(same(one.got, spoil(want)) for want in wanted(one)) for one in about) and any(map(is_reshaped, wrong)):
            return Pattern(words, exact=True)
    for words, factor in FACTORS.items():
        if all(is_scaled(one, factor(one.samples)) for one in about):
            return Pattern(words, exact=True)
    return multiple(wrong, about)


def multiple(wrong: Sequence[Observation], about: Sequence[Observation]) -> Pattern:
    """Return whether what is wrong was multiplied by numbers, and by which one if there is one for all."""
    found = [factors_of(one) for one in wrong]
    if not all(found) or any(abs(factors[0] - 1) < SMALLEST_CHANGE for factors in found):
        return NONE
    for factor in found[0]:
        if all(is_scaled(one, factor) for one in about):
            return Pattern(CONSTANT if len(about) > 1 else MULTIPLE, factor=factor)
    # A single number is a multiple of any other.
    return Pattern(VARYING) if sum(one.got.size > 1 for one in wrong) > 1 else NONE


def wanted(observation: Observation) -> list[np.ndarray]:
    """Return the right tensors that another one can be compared with."""
    return [want for want in observation.wants if isinstance(want, np.ndarray) and want.ndim == 2 and np.any(want)]


def is_finite(got: object) -> bool:
    """Return whether a value is a tensor of finite numbers."""
    return isinstance(got, np.ndarray) and got.size > 0 and bool(np.isfinite(got).all())


def is_reshaped(observation: Observation) -> bool:
    """Return whether a tensor has a shape that is not the right one."""
    return any(want.size > 1 and observation.got.shape != want.shape for want in wanted(observation))


def is_scaled(observation: Observation, factor: float) -> bool:
    """Return whether a tensor is a right one times a factor."""
    return any(same(observation.got, factor * want) for want in wanted(observation))


def factors_of(observation: Observation) -> list[float]:
    """Return the numbers that a right tensor was multiplied by, 0 excepted."""
    got = observation.got
    wants = [want for want in wanted(observation) if want.shape == got.shape]
    factors = [float(np.sum(got * want) / np.sum(want * want)) for want in wants]
    return [factor for factor in factors if factor and is_scaled(observation, factor)]


def signature(broken: Sequence[Observation]) -> frozenset[tuple[str, str]]:
    """Return the factors of each network; steps with the same ones are wrong by something that they share."""
    return frozenset((one.network, f"{factor:.3g}") for one in broken if is_finite(one.got) for factor in factors_of(one)[:1])
