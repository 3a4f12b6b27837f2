"""Puts findings into words: what is wrong, which line gives exactly that, and three hints."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checking import size_of
from autograder.diagnosis.matching import Finding, find_mistakes
from autograder.diagnosis.mistake import Mistake, Step
from autograder.diagnosis.observation import Observation, Raised
from autograder.diagnosis.patterns import pattern_of
from autograder.results import Cause
from autograder.text import clean

MAX_NAME = 20  # characters of a key of the student's that are shown


@dataclass(frozen=True)
class Catalog:
    """What is known of one part of an assignment.

    tasks has the tasks of the rubric that a function is checked in, where these have other names. spoils gives the tensors of
    an example that a finding spoils, the first one first. shown gives what a finding looks like on an example whose numbers and
    names may be shown; they come from a session that has seen nothing hidden, so they cannot spell it.
    """

    part: str
    mistakes: Sequence[Mistake]
    steps: Mapping[str, Step]
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spoils: Callable[[Finding], tuple[str, ...]] = lambda finding: ()
    shown: Callable[[Finding], Sequence[Observation]] = lambda finding: ()

    def tasks_of(self, name: str) -> tuple[str, ...]:
        """Return the tasks of the rubric behind the name of a task or of a function."""
        return self.tasks.get(name.partition(".")[0].partition("[")[0], (name,))


def find_causes(observations: Sequence[Observation], catalog: Catalog) -> list[Cause]:
    """Return the causes of what is wrong in the observations, in the order in which a student should look at them."""
    findings = keys_first(find_mistakes(observations, catalog.mistakes))
    broken = sum(len(finding.broken) for finding in findings)
    return [cause(catalog, finding, alone=len(finding.broken) == broken) for finding in findings if tells_more(finding)]


def keys_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with those about the keys of a dict before all others of the same task, in whatever network."""
    tasks = list(dict.fromkeys(finding.broken[0].task for finding in findings))
    return sorted(findings, key=lambda one: (tasks.index(one.broken[0].task), one.broken[0].misnamed is None))


def tells_more(finding: Finding) -> bool:
    """Return whether a finding says more than the failure itself: an exception that no mistake explains does not."""
    return bool(finding.mistakes) or not isinstance(finding.broken[0].got, Raised)


def cause(catalog: Catalog, finding: Finding, alone: bool) -> Cause:
    """Return a finding in words; alone says whether nothing else is wrong."""
    keys = tuple(dict.fromkeys(name for one in finding.broken for name in (one.key, one.task) if name))
    tasks = tuple(dict.fromkeys(task for one in finding.broken for task in catalog.tasks_of(one.task)))
    hints = finding.mistakes[0].hints if finding.mistakes else ()
    followed = alone and not isinstance(finding.broken[0].got, Raised)
    said = what_is_wrong(catalog, finding) + (" Everything else is right, or follows correctly from it." if followed else "")
    mistakes = tuple(mistake.id for mistake in finding.mistakes)
    return Cause(catalog.part, tasks, keys, mistakes, f"In your work, {said}", hints, tensors=catalog.spoils(finding))


def what_is_wrong(catalog: Catalog, finding: Finding) -> str:
    """Return what is wrong first, and the lines that give exactly that."""
    first = finding.broken[0]
    where = place(catalog, finding, first.step)
    if not finding.mistakes:
        return unnamed(catalog, finding)
    raised, lines, name = isinstance(first.got, Raised), finding.mistakes[0].lines, finding.mistakes[0].name
    seen = [step for step in dict.fromkeys(one.step for one in finding.broken) if step in lines]
    if seen and not raised and not name:
        gives = [f"{place(catalog, finding, step)} is exactly what `{lines[step]}` gives" for step in seen]
        return f"{', and '.join(gives)}{tensors(finding)}."
    instead = [f"`{line}` in the place of {catalog.steps[step].words}" for step, line in lines.items()]
    like = f"exactly as with {name or instead[0]}"
    if first.misnamed is not None:
        return wrong_keys(catalog, finding, like)
    if raised:
        return f"{where} fails {like}."
    steps = [step for step in dict.fromkeys(one.step for one in finding.broken) if step in catalog.steps or step == first.step]
    places = " and ".join(place(catalog, finding, step) for step in steps)
    return f"{places}{tensors(finding)} {'come' if len(steps) > 1 else 'comes'} out {like}."


def wrong_keys(catalog: Catalog, finding: Finding, like: str = "") -> str:
    """Return which keys are missing or have other names, and where some are missing, what this is like."""
    first = finding.broken[0]
    more = f", {like}" if like and None in (first.misnamed or {}).values() else ""
    return f"{first.words} are wrong: {other_keys(catalog, finding)}{more}."


def unnamed(catalog: Catalog, finding: Finding) -> str:
    """Return what is wrong with what no mistake of the catalog explains, and nothing that was not tested."""
    first = finding.broken[0]
    if first.misnamed is not None:
        return wrong_keys(catalog, finding)
    steps = dict.fromkeys(one.step for one in finding.broken if not first.inside or one.step == first.step)
    where = " and ".join(place(catalog, finding, step) for step in steps)
    alike = [one for one in finding.broken if one.step in steps]
    keys = dict.fromkeys(f"`{one.key}`" for one in alike if one.network == first.network)
    shown = f" ({', '.join(keys)})" if len({one.key for one in alike}) > 1 else ""
    said = f"{where}{shown} {'are each' if len(steps) > 1 else 'is'}"
    return f"{said} {in_what_way(catalog, finding)}{what_else(finding, steps)}"


def in_what_way(catalog: Catalog, finding: Finding) -> str:
    """Return how what no mistake explains differs from what is right."""
    first, pattern = finding.broken[0], finding.pattern
    if number := public_factor(catalog, finding):
        return f"{number} times the right one."
    if pattern.words:
        return f"{'exactly ' * pattern.exact}{pattern.words}."
    batch = " for a batch of one sample" if first.network and {one.samples for one in finding.broken} == {1} else ""
    unknown = "" if all(one.degenerate for one in finding.broken) else ", and does not match any common mistake"
    return f"wrong{batch}{unknown}. {difference(first)}".rstrip()


def what_else(finding: Finding, steps: Collection[str]) -> str:
    """Return which other values of the same function are wrong, perhaps by the same line."""
    keys = list(dict.fromkeys(f"`{one.key}`" for one in finding.broken if one.step not in steps))
    verb = "is" if len(keys) == 1 else "are"
    return f" {listed(keys)} {verb} wrong, too; one line may be behind all of it." if keys else ""


def public_factor(catalog: Catalog, finding: Finding) -> str:
    """Return by which number a tensor was multiplied, if an example that holds nothing hidden shows it too, else ""."""
    found = [one for one in catalog.shown(finding) if not one.right]
    seen, hidden = pattern_of(found, found).factor if found else None, finding.pattern.factor
    return f"{seen:.4g}" if seen and hidden and math.isclose(seen, hidden, rel_tol=1e-3) else ""


def other_keys(catalog: Catalog, finding: Finding) -> str:
    """Return which keys are missing, and by which names they seem to be there."""
    missing = finding.broken[0].misnamed or {}
    lost = [f"`{key}`" for key, name in missing.items() if name is None]
    renamed = [f"`{key}`" for key, name in missing.items() if name is not None]
    names: Mapping[str, Any] = next((one.misnamed for one in catalog.shown(finding) if one.misnamed), {})
    told = [f"`{clean(str(name), MAX_NAME)}` instead of `{key}`" for key, name in names.items() if name is not None]
    said = [listed(told) if told else f"{listed(renamed)} seem to have other names"] if renamed else []
    return "; ".join([*said, f"{listed(lost)} {'is' if len(lost) == 1 else 'are'} missing"] if lost else said)


def listed(words: Sequence[str], most: int = 6) -> str:
    """Return words in a row, the first ones if there are too many."""
    return ", ".join(words if len(words) <= most else [*words[: most - 1], f"and {len(words) - most + 1} more"])


def place(catalog: Catalog, finding: Finding, step: str) -> str:
    """Return what a step gives: of its layer, if it is wrong in one layer alone."""
    seen = [one for one in finding.broken if one.step == step]
    alone = len({one.key for one in seen}) == 1 and seen[0].got is not True  # of two mistakes together; see observe_both
    return seen[0].words if alone or step not in catalog.steps else catalog.steps[step].words


def tensors(finding: Finding) -> str:
    """Return the keys that are wrong in the network where the mistake is seen first, in brackets, where there are several."""
    first = finding.broken[0]
    keys = list(dict.fromkeys(f"`{one.key}`" for one in finding.broken if one.network == first.network))
    return f" ({', '.join(keys)})" if len(keys) > 1 else ""


def difference(observation: Observation) -> str:
    """Return how far a tensor is from the right one, and where most; not what is right."""
    got, wants = observation.got, [want for want in observation.wants if isinstance(want, np.ndarray)]
    if not isinstance(got, np.ndarray) or not wants:
        return ""
    want = wants[0]
    if got.shape != want.shape:
        return "Its shape is not that of the variable."
    if not np.isfinite(got).all():
        return "It holds nan or infinity."
    size = float(np.linalg.norm(want))
    error = float(np.linalg.norm(got - want)) / size if size else 1.0
    cell = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
    place = f"`{observation.key}`, most at [{', '.join(str(index) for index in cell)}]"
    return f"Its shape is right; its relative error is {size_of(error).discreet}: {place}."
