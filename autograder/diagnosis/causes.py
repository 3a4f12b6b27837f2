"""Describe findings: a title, a sentence with the place, what the code computes, and three hints."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.checking import size_of
from autograder.diagnosis.matching import Finding, find_mistakes
from autograder.diagnosis.mistake import Mistake, Step
from autograder.diagnosis.observation import Observation, Raised
from autograder.diagnosis.patterns import pattern_of
from autograder.patterns import describe_multiple
from autograder.results import Cause
from autograder.text import clean

MAX_NAME = 20  # characters shown of a student's key
EVERYTHING_ELSE = "Everything else is correct, given this one mistake."
UNKNOWN = "This does not match any common mistake."


@dataclass(frozen=True)
class Catalog:
    """What is known about one part of an assignment.

    tasks maps functions to the tasks of the rubric that check them, if the names differ. spoils returns the tensors of an
    example that a finding makes wrong, in order. shown returns what a finding looks like on an example whose numbers and names
    may be shown; they come from a session without hidden inputs, so they cannot reveal any. If the observations are incomplete,
    nothing is said about what else is correct.
    """

    part: str
    mistakes: Sequence[Mistake]
    steps: Mapping[str, Step]
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spoils: Callable[[Finding], tuple[str, ...]] = lambda finding: ()
    shown: Callable[[Finding], Sequence[Observation]] = lambda finding: ()
    complete: bool = True

    def tasks_of(self, name: str) -> tuple[str, ...]:
        """Return the tasks of the rubric behind the name of a task or of a function."""
        return self.tasks.get(name.partition(".")[0].partition("[")[0], (name,))


def find_causes(observations: Sequence[Observation], catalog: Catalog) -> list[Cause]:
    """Return the causes of wrong observations, in the order in which a student should look at them."""
    findings = keys_first(find_mistakes(observations, catalog.mistakes))
    broken = sum(len(finding.broken) for finding in findings)
    causes: dict[str, Cause] = {}
    for finding in findings:
        if tells_more(finding):
            found = build_cause(catalog, finding, alone=catalog.complete and len(finding.broken) == broken)
            causes[found.said] = join(causes[found.said], found) if found.said in causes else found
    return list(causes.values())


def keys_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, with those about keys before all others of the same task, in any network."""
    tasks = list(dict.fromkeys(finding.broken[0].task for finding in findings))
    return sorted(findings, key=lambda one: (tasks.index(one.broken[0].task), one.broken[0].misnamed is None))


def tells_more(finding: Finding) -> bool:
    """Return whether a finding adds anything to the failure itself; an exception that no mistake explains does not."""
    return bool(finding.mistakes) or not isinstance(finding.broken[0].got, Raised)


def build_cause(catalog: Catalog, finding: Finding, alone: bool) -> Cause:
    """Return the cause for a finding; alone says that nothing else is wrong."""
    first, mistake = finding.broken[0], next(iter(finding.mistakes), None)
    title = mistake.title if mistake else capitalize(state(catalog, finding))
    sentences = [f"{title}{write_place(finding, title)}.", *write_details(catalog, finding, title)]
    if alone and not isinstance(first.got, Raised):
        sentences.append(EVERYTHING_ELSE)
    return Cause(
        catalog.part,
        tasks=unique(task for one in finding.broken for task in catalog.tasks_of(one.task)),
        keys=unique(name for one in finding.broken for name in (one.key, one.task) if name),
        mistakes=tuple(row.id for row in finding.mistakes),
        said=" ".join(sentences),
        hints=mistake.hints if mistake else (),
        tensors=catalog.spoils(finding),
        title=title,
        code=write_code(catalog, finding),
    )


def join(first: Cause, second: Cause) -> Cause:
    """Return one cause for two with the same description, with the hints of the first."""
    return replace(
        first,
        tasks=unique((*first.tasks, *second.tasks)),
        keys=unique((*first.keys, *second.keys)),
        tensors=unique((*first.tensors, *second.tensors)),
    )


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in order, without duplicates."""
    return tuple(dict.fromkeys(names))


def capitalize(title: str) -> str:
    """Return a title with a capital letter if it begins with a word, not with a name such as dW or m."""
    return title[0].upper() + title[1:] if re.match(r"[a-z]{3,} ", title) else title


def write_code(catalog: Catalog, finding: Finding) -> tuple[str, ...]:
    """Return what the student's code computes; nothing for an exception, which other lines could raise, too."""
    row = next(iter(finding.mistakes), None)
    if row is None or row.name or isinstance(finding.broken[0].got, Raised):
        return ()
    return tuple(catalog.steps[step].write(line) for step, line in row.lines.items())


# Where ----------------------------------------------------------------------------------------------------------------


def write_place(finding: Finding, title: str) -> str:
    """Return where a finding was first seen, as the end of a sentence that begins with the title, unless that says it."""
    first = finding.broken[0]
    if isinstance(first.got, Raised) and not first.got.refused:
        return f", so {first.owner} raises an exception"
    seen = [one for one in finding.broken if one.network == first.network]
    labels, owners = unique(one.label for one in seen if one.label), unique(one.owner for one in seen if one.owner)
    if first.misnamed is not None:
        labels = ()  # the keys are named in separate sentences
    if all(is_named(label, title) for label in labels):
        labels = (first.path,) if len(labels) == 1 and first.path and first.path != first.label else ()
    what = list_words(labels) if len(owners) < 2 else ""
    who = list_words([owner for owner in owners if not is_named(owner, title)])
    where = f"{what} in {who}" if what and who else what or (who and f"in {who}")
    return f" ({where})" if where else ""


def is_named(name: str, title: str) -> bool:
    """Return whether a name occurs as a word in a title."""
    return bool(re.search(rf"(?<!\w){re.escape(name.strip('`'))}(?!\w)", title.replace("`", "")))


def name_value(observation: Observation) -> str:
    """Return the name of a single value for a sentence."""
    return observation.label or f"what {observation.owner} returns"


def list_words(words: Sequence[str], most: int = 6) -> str:
    """Return words as a list for a sentence, only the first ones if there are too many."""
    return ", ".join(words if len(words) <= most else [*words[: most - 1], f"and {len(words) - most + 1} more"])


# What no mistake of the catalog explains ------------------------------------------------------------------------------


def state(catalog: Catalog, finding: Finding) -> str:
    """Return a short description of observations that no mistake explains, only with facts that were tested."""
    first, pattern = finding.broken[0], finding.pattern
    if first.misnamed is not None:
        return f"{first.owner} {'lacks keys' if None in first.misnamed.values() else 'uses other keys'}"
    if first.statement:
        return first.statement
    subject = name_subject(catalog, finding)
    if multiple := describe_public_factor(catalog, finding):
        return f"{subject} {multiple}"
    if pattern.words:
        return f"{subject} {pattern.words}"
    batch = " for a batch of one sample" if first.network and {one.samples for one in finding.broken} == {1} else ""
    return f"{subject} {write_difference(first)}{batch}"


def name_subject(catalog: Catalog, finding: Finding) -> str:
    """Return what is wrong in the same way: one value, or the results of one or several steps."""
    alike = [one for one in finding.broken if is_alike(one, finding)]
    steps = unique(one.step for one in alike)
    if len(steps) > 1:
        return f"each of {' and '.join(name_step(catalog, step, alike) for step in steps)}"
    return name_step(catalog, steps[0], alike)


def is_alike(observation: Observation, finding: Finding) -> bool:
    """Return whether an observation is wrong like the first one; for an opaque function, only one of its own step is."""
    first = finding.broken[0]
    return not first.inside or observation.step == first.step


def name_step(catalog: Catalog, step: str, alike: Sequence[Observation]) -> str:
    """Return the name of what a step computes: of the value, if only one is wrong."""
    seen = [one for one in alike if one.step == step]
    alone = len({one.key for one in seen}) == 1
    return name_value(seen[0]) if alone or step not in catalog.steps else catalog.steps[step].words


def describe_public_factor(catalog: Catalog, finding: Finding) -> str:
    """Return the number that a tensor was multiplied by, if an example without hidden numbers shows it, too; else ""."""
    found = [one for one in catalog.shown(finding) if not one.right]
    seen, hidden = pattern_of(found, found).factor if found else None, finding.pattern.factor
    return describe_multiple(seen) if seen and hidden and math.isclose(seen, hidden, rel_tol=1e-3) else ""


def wanted_tensor(observation: Observation) -> np.ndarray | None:
    """Return the expected tensor that a tensor is compared with, or None."""
    wants = (want for want in observation.wants if isinstance(want, np.ndarray))
    return next(wants, None) if isinstance(observation.got, np.ndarray) else None


def write_difference(observation: Observation) -> str:
    """Return how a value differs from the expected one, as a predicate."""
    got, want = observation.got, wanted_tensor(observation)
    if want is None:
        return "is wrong"
    if got.shape != want.shape:
        return "has the wrong shape"
    if not np.isfinite(got).all():
        return "contains nan or infinity"
    return "has the right shape but wrong values" if got.ndim == 2 else "is wrong"


def write_details(catalog: Catalog, finding: Finding, title: str) -> Iterator[str]:
    """Yield the sentences about a finding after the one with its title."""
    first = finding.broken[0]
    if first.misnamed is not None:
        yield from write_keys(catalog, finding, first.misnamed, title)
    elif not finding.mistakes:
        if not finding.pattern.words and not first.statement:
            yield from write_error(first)
            if not all(one.degenerate for one in finding.broken):
                yield UNKNOWN
        if others := unique(name_value(one) for one in finding.broken if not is_alike(one, finding)):
            verb = "is" if len(others) == 1 else "are"
            yield f"{capitalize(list_words(others))} {verb} wrong, too; one line may cause all of this."


def write_error(observation: Observation) -> Iterator[str]:
    """Yield how far a tensor is from the expected one, and where the error is largest; not the expected values."""
    got, want = observation.got, wanted_tensor(observation)
    if want is None or got.shape != want.shape or not np.isfinite(got).all():
        return
    size = float(np.linalg.norm(want))
    error = float(np.linalg.norm(got - want)) / size if size else 1.0
    cell = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
    place = f", largest at [{', '.join(map(str, cell))}]" if got.ndim == 2 else ""
    yield f"The relative error of {name_value(observation)} is {size_of(error).discreet}{place}."


def write_keys(catalog: Catalog, finding: Finding, missing: Mapping[str, Any], title: str) -> Iterator[str]:
    """Yield which keys have other names or are missing, besides those in the title.

    The other names are those on the public example.
    """
    renamed, lost = ([f"`{key}`" for key, name in missing.items() if (name is None) == gone] for gone in (False, True))
    names: Mapping[str, Any] = next((one.misnamed for one in catalog.shown(finding) if one.misnamed), {})
    shown = {key: clean(str(name), MAX_NAME) for key, name in names.items() if name is not None}
    if renamed and shown:
        (key, name), *others = shown.items()
        more = f"; the same goes for {list_words([f'`{other}`' for other, _ in others])}" if others else ""
        yield f"The expected key is `{key}`, not `{name}`{more}."
    elif renamed:
        yield f"The expected {'key is' if len(renamed) == 1 else 'keys are'} {list_words(renamed)}."
    if not all(is_named(key, title) for key in lost):
        yield f"The {'key' if len(lost) == 1 else 'keys'} {list_words(lost)} {'is' if len(lost) == 1 else 'are'} missing."
