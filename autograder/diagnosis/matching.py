"""Finds the mistakes that explain a student's work, the first broken step first.

For each step that is wrong every row of the catalog is asked what it would have made of the student's own values there. A row
that gives exactly what came explains the step. The row that explains the most, and would have spoilt nothing that is right, is
named; what it explains is set aside, and the next broken step is looked at. So two mistakes in one program are two findings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Observation, same


@dataclass(frozen=True)
class Finding:
    """A mistake that was found: what it broke, and the rows of the catalog that make exactly this, the likeliest first.

    Where no row does, pattern says by what factor, or in what shape, the first tensor differs from the right one, if it can.
    """

    broken: tuple[Observation, ...]
    mistakes: tuple[Mistake, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Candidate:
    """A row of the catalog beside a student's work: which observations it explains, and how many it contradicts."""

    mistake: Mistake
    explains: frozenset[int]
    contradicts: int


@np.errstate(all="ignore")  # a wrong tensor may hold anything
def find_mistakes(observations: Sequence[Observation], mistakes: Iterable[Mistake]) -> list[Finding]:
    """The findings in the order of the observations; none if every observation is right."""
    broken = [number for number, observation in enumerate(observations) if not observation.right]
    candidates = [
        candidate for candidate in (try_on(mistake, observations, broken) for mistake in mistakes) if candidate.explains
    ]
    findings = []
    while broken:
        first = broken[0]
        chosen = best([candidate for candidate in candidates if first in candidate.explains], broken)
        if chosen:
            explained = [number for number in broken if number in chosen[0].explains]
            rows = tuple(candidate.mistake for candidate in chosen)
            findings.append(Finding(tuple(observations[number] for number in explained), rows))
        else:
            explained, pattern = alike(observations, broken, candidates)
            findings.append(Finding(tuple(observations[number] for number in explained), (), pattern))
        broken = [number for number in broken if number not in explained]
    return findings


def alike(observations: Sequence[Observation], broken: Sequence[int], candidates: Sequence[Candidate]) -> tuple[list[int], str]:
    """What is broken in the same step as the first, and that no row explains either; and the pattern they share."""
    step = observations[broken[0]].step
    explained = frozenset[int]().union(*(candidate.explains for candidate in candidates))
    same_step = [number for number in broken if observations[number].step == step and number not in explained]
    patterns = {pattern_of(observations[number]) for number in same_step}
    return same_step, patterns.pop() if len(patterns) == 1 else ""


def try_on(mistake: Mistake, observations: Sequence[Observation], broken: Sequence[int]) -> Candidate:
    """What a row explains and contradicts."""
    explains = frozenset(number for number in broken if observations[number].fits(mistake))
    right = [observation for number, observation in enumerate(observations) if number not in broken] if explains else []
    return Candidate(mistake, explains, sum(observation.fits(mistake) is False for observation in right))


def best(candidates: Sequence[Candidate], broken: Sequence[int]) -> list[Candidate]:
    """The candidates that explain the most of what is broken and contradict the least, in the order of the catalog."""

    def merit(candidate: Candidate) -> tuple[bool, int, int]:
        return candidate.contradicts == 0, len(candidate.explains & set(broken)), -candidate.contradicts

    most = max(map(merit, candidates), default=None)
    return [candidate for candidate in candidates if merit(candidate) == most]


# A pattern shows in a tensor whatever step it comes from. m is the number of samples.
FACTORS = {
    "m times too large": lambda m: m,
    "m times too small": lambda m: 1 / m,
    "m^2 times too small": lambda m: 1 / m**2,
    "the right one times -1": lambda m: -1,
    "twice the right one": lambda m: 2,
    "half of the right one": lambda m: 0.5,
    "a tenth of the right one": lambda m: 0.1,
    "the right one times -0.1": lambda m: -0.1,
    "a hundredth of the right one": lambda m: 0.01,
    "the right one times m/(m-1)": lambda m: m / (m - 1) if m > 1 else 0,
    "the right one times -1/m": lambda m: -1 / m,
}
SHAPES = {
    "the transpose of the right one": lambda want: want.T,
    "the right one without its second axis; keepdims=True keeps it": lambda want: want[:, 0],
    "the right one, averaged over the units as well": lambda want: np.mean(want, keepdims=True),
}


def pattern_of(observation: Observation) -> str:
    """In which words a wrong tensor can be told from the right one, or ""."""
    got = observation.got
    if not isinstance(got, np.ndarray) or got.size == 0 or not np.isfinite(got).all():
        return ""
    for want in observation.wants:
        if not isinstance(want, np.ndarray) or want.ndim != 2 or not np.any(want):
            continue
        for words, spoil in SHAPES.items():
            if want.size > 1 and got.shape != want.shape and same(got, spoil(want)):
                return words
        if got.shape == want.shape:
            for words, factor in FACTORS.items():
                if same(got, factor(observation.samples) * want):
                    return words
            if is_multiple(got, want):
                return "a multiple of the right one"
    return ""


def is_multiple(got: np.ndarray, want: np.ndarray) -> bool:
    """Whether the wanted tensor was multiplied by a number. Which one is not told: a program could spell an input with it."""
    factor = float(np.sum(got * want) / np.sum(want * want))
    return factor != 0 and same(got, factor * want)
