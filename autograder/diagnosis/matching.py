"""Find the mistakes that explain a student's work, beginning with the first wrong step.

For each wrong step, every row of the catalog computes what its mistake would have made of the student's own values. A row that
gives exactly the student's result explains the step. It counts only if it explains all results that it applies to: a row that
matches one layer or network and contradicts another is a coincidence. Of the rows that count, the one that explains the most is
named. What it explains is set aside, and the search continues with the next wrong step, so two mistakes in one program give two
findings.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from autograder.diagnosis.derived import scaled, with_own_numbers
from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Observation, Raised
from autograder.diagnosis.patterns import NONE, Pattern, pattern_of, signature

MAX_PAIRS = 500  # pairs of mistakes to try, which bounds the time per submission


@dataclass(frozen=True)
class Finding:
    """A mistake that was found: the observations it explains, and the matching rows of the catalog, the likeliest first.

    If no row matches, pattern says by what factor, or in what shape, these tensors differ from the reference, if possible.
    """

    broken: tuple[Observation, ...]
    mistakes: tuple[Mistake, ...] = ()
    pattern: Pattern = NONE


@dataclass(frozen=True)
class Candidate:
    """A row of the catalog compared with a student's work: the wrong observations it explains, and those it contradicts."""

    mistake: Mistake
    explains: frozenset[int]
    contradicts: frozenset[int] = frozenset()
    confirmed: bool = True

    @property
    def counts(self) -> bool:
        """Whether the row explains everything it applies to, and not only on degenerate networks."""
        return bool(self.explains) and not self.contradicts and self.confirmed


@np.errstate(all="ignore")  # a wrong tensor may contain anything
def find_mistakes(observations: Sequence[Observation], mistakes: Iterable[Mistake]) -> list[Finding]:
    """Return the findings in the order of the observations; none if every observation is correct."""
    mistakes = list(mistakes)
    broken = [number for number, observation in enumerate(observations) if not observation.right]
    catalog = [*mistakes, *with_own_numbers(mistakes, observations)]
    candidates = [candidate for row in catalog if (candidate := try_on(row, observations, broken)).counts]
    candidates += try_together(catalog, candidates, observations, broken)
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
            told = pattern.exact or pattern.factor is not None
            chosen = [] if told else times_a_factor(mistakes, observations, broken, explained)
            if chosen:
                explained = [number for number in broken if number in chosen[0].explains]
            rows = tuple(candidate.mistake for candidate in chosen)
            findings.append(Finding(tuple(observations[number] for number in explained), rows, pattern))
        broken = [number for number in broken if number not in explained]
    return findings


def alike(
    observations: Sequence[Observation], broken: Sequence[int], candidates: Sequence[Candidate]
) -> tuple[list[int], Pattern]:
    """Return the unexplained observations that are wrong in the same way as the first, and the pattern they share.

    These are the same step, and other steps that are off by the same factors, if they use something that none of them computes.
    Possible consequences are included: observations for a missing key, and all others of an opaque function.
    """
    first = observations[broken[0]]
    explained = frozenset[int]().union(*(candidate.explains for candidate in candidates))
    steps: dict[str, list[int]] = {}
    for number in broken:
        if number not in explained:
            steps.setdefault(observations[number].step, []).append(number)
    factors = signature([observations[number] for number in steps[first.step]])

    def is_alike(numbers: Sequence[int]) -> bool:
        other = observations[numbers[0]]
        shared = first.sources & other.sources - {first.step, other.step}
        same_factors = bool(factors) and factors == signature([observations[number] for number in numbers])
        return other is first or (other.task == first.task and bool(shared) and same_factors and not first.inside)

    def may_follow(other: Observation) -> bool:
        of_missing = first.misnamed is not None and other.follows_missing
        return other.task == first.task and (of_missing or (first.inside and other.inside))

    found = sorted(number for numbers in steps.values() if is_alike(numbers) for number in numbers)
    following = [n for numbers in steps.values() for n in numbers if n not in found and may_follow(observations[n])]
    return found + following, pattern_of([observations[number] for number in found], observations)


def times_a_factor(
    mistakes: Sequence[Mistake], observations: Sequence[Observation], broken: Sequence[int], alike: Sequence[int]
) -> list[Candidate]:
    """Return the rows that explain, with a factor, everything that is wrong in the same way, and contradict nothing."""
    steps = frozenset(observation.step for observation in observations)
    rows = scaled(mistakes, observations[alike[0]].step, steps)
    tried = [try_on(row, observations, broken) for row in rows]
    return best([one for one in tried if one.counts and one.explains.issuperset(alike)], broken)


def try_on(mistake: Mistake, observations: Sequence[Observation], broken: Sequence[int], completely: bool = False) -> Candidate:
    """Return what a row explains and what it contradicts: everything, or only up to the first contradiction."""
    fits: dict[int, bool | None] = {}
    for number in broken:
        fits[number] = observations[number].fits(mistake)
        if fits[number] is False and not completely:
            break
    explains = frozenset(number for number, fit in fits.items() if fit)
    if explains and False not in fits.values():
        fits |= {number: one.fits(mistake) for number, one in enumerate(observations) if number not in fits}
    explained = [observations[number] for number in explains]
    wrong = {one.task for one in explained if not isinstance(one.got, Raised)}
    raising = {one.task for one in explained} - wrong
    # A row that explains only an exception explains it wherever the function raises it.
    hidden = {n for n in broken if isinstance(observations[n].got, Raised) and observations[n].task in raising} - explains
    contradicts = frozenset(number for number, fit in fits.items() if fit is False) | hidden
    confirmed = any(fit and not observations[number].degenerate for number, fit in fits.items())
    return Candidate(mistake, explains, contradicts, confirmed)


def try_together(
    catalog: Sequence[Mistake], counting: Sequence[Candidate], observations: Sequence[Observation], broken: Sequence[int]
) -> Iterator[Candidate]:
    """Yield the rows that count together with another one: the pair explains everything that both apply to.

    This finds two mistakes in one value, such as a wrong number of samples and a sum along the wrong axis.
    """
    explained = frozenset[int]().union(*(candidate.explains for candidate in counting))
    if explained.issuperset(broken):
        return
    tried = [try_on(row, observations, broken, completely=True) for row in catalog]
    partial = [one for one in tried if one.explains - explained and one.contradicts]
    pairs = ((one, other.mistake) for one in partial for other in tried if may_meet(one, other.mistake, observations))
    for one, other in islice(pairs, MAX_PAIRS):
        joint = replace(other, id=f"{one.mistake.id}+{other.id}", lines={**one.mistake.formulas, **other.formulas}, shows={})
        found = try_on(joint, observations, broken)
        if found.counts and one.explains < found.explains:
            yield replace(one, contradicts=frozenset())
            yield Candidate(other, found.explains - one.explains)


def may_meet(one: Candidate, other: Mistake, observations: Sequence[Observation]) -> bool:
    """Return whether another mistake may explain everything that a row contradicts."""
    touches = (
        not observations[number].right and not observations[number].sources.isdisjoint(other.formulas)
        for number in one.contradicts
    )
    return one.mistake.formulas.keys().isdisjoint(other.formulas) and all(touches)


def best(candidates: Sequence[Candidate], broken: Sequence[int]) -> list[Candidate]:
    """Return the candidates that explain the most wrong observations, in the order of the catalog."""
    merits = [len(candidate.explains.intersection(broken)) for candidate in candidates]
    return [candidate for candidate, merit in zip(candidates, merits, strict=True) if merit == max(merits)]
