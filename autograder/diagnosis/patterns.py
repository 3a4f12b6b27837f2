"""Finds the pattern that all wrong values of a step share, whichever line is behind them: a factor, or a shape.

A pattern counts only if it holds in every network, for each key in question, correct values included: a batch of 7 samples
cannot tell 1/7 from 1/m, and a network with one output cannot tell m from the size of the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograder.diagnosis.observation import Observation
from autograder.patterns import COLUMNS, SHAPES, Comparison, fill_in, match_factor, match_shape


@dataclass(frozen=True)
class Pattern:
    """A pattern in words. exact says that it explains the values fully; factor is the number, if it is the same everywhere."""

    words: str = ""
    exact: bool = False
    factor: float | None = None


NONE = Pattern()
SMALLEST_CHANGE = 0.01  # a factor closer to 1 than this comes from rounding
MULTIPLE = "is off by a constant factor"
CONSTANT = "is off by the same factor everywhere"
VARYING = "is off by a factor that changes from layer to layer or from network to network"


@np.errstate(all="ignore")  # a wrong tensor may hold anything
def pattern_of(broken: Sequence[Observation], observations: Sequence[Observation]) -> Pattern:
    """Return the pattern that all broken observations of a step share, and that no other value of their keys contradicts."""
    keys = {(one.task, one.step, one.key) for one in broken}
    wrong = [compare(one) for one in broken if not one.degenerate]
    if not wrong or not all(map(is_comparable, wrong)):
        return NONE
    about = [compare(one) for one in observations if (one.task, one.step, one.key) in keys and not one.degenerate]
    about = [one for one in about if is_comparable(one)]
    if words := match_shape(about, SHAPES) or match_factor(about):
        return Pattern(fill_in(words), exact=True)
    if words := match_shape(about, COLUMNS):
        return Pattern(words)
    return find_multiple(wrong, about)


def find_multiple(wrong: Sequence[Comparison], about: Sequence[Comparison]) -> Pattern:
    """Return whether the wrong values are multiples of the correct ones, and by which number if it is the same for all."""
    found = [one.find_factors() for one in wrong]
    if not all(found) or any(abs(factors[0] - 1) < SMALLEST_CHANGE for factors in found):
        return NONE
    for factor in found[0]:
        if all(one.is_times(factor) for one in about):
            return Pattern(CONSTANT if len(about) > 1 else MULTIPLE, factor=factor)
    # A single number is a multiple of any other.
    return Pattern(VARYING) if sum(one.got.size > 1 for one in wrong) > 1 else NONE


def compare(one: Observation) -> Comparison:
    """Return a value with the expected matrices that it can be compared with."""
    wants = [want for want in one.wants if isinstance(want, np.ndarray) and want.ndim == 2 and np.any(want)]
    return Comparison(one.got, wants, one.samples)


def is_comparable(one: Comparison) -> bool:
    """Return whether a value is a tensor of finite numbers that can be compared with another one."""
    return isinstance(one.got, np.ndarray) and one.got.size > 0 and bool(np.isfinite(one.got).all() and one.wants)


def signature(broken: Sequence[Observation]) -> frozenset[tuple[str, str]]:
    """Return the factors of each network: steps with the same factors are wrong because of something that they share."""
    compared = [(one.network, compare(one)) for one in broken]
    return frozenset(
        (network, f"{factor:.3g}") for network, one in compared if is_comparable(one) for factor in one.find_factors()[:1]
    )
