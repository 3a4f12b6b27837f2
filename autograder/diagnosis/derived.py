"""Derive rows that the catalog doesn't list: a row with another number, chosen by the student, or with an extra factor."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Observation, same

# Additional factors of a wrong line, and how the title and the answer continue.
SCALES = {
    "-({})": "the sign is wrong",
    "2 * ({})": "there is an extra factor 2",
    "({}) / 2": "there is an extra factor 1/2",
    "m * ({})": "there is an extra factor m",
    "({}) / m": "there is an extra division by m",
}


def with_own_numbers(mistakes: Sequence[Mistake], observations: Sequence[Observation]) -> Iterator[Mistake]:
    """Yield the rows with an arbitrary number, with the number that explains everything they apply to."""
    broken = [observation for observation in observations if not observation.right]
    for mistake in mistakes:
        if mistake.any_number and (solved := solve(mistake, broken)):
            fits = [observation.fits(solved) for observation in observations]
            if False not in fits:
                yield solved


def solve(mistake: Mistake, broken: Sequence[Observation]) -> Mistake | None:
    """Return a row with the number that explains the first observation for which there is one, unless it is the row's own.

    Only a round number is shown, because a program could encode an input in its digits; otherwise, the row gets a name.
    """
    without, with_one = mistake.with_number(0.0), mistake.with_number(1.0)
    for observation in broken:
        for start, end in zip(observation.make(without), observation.make(with_one), strict=False):
            number = number_between(observation.got, start, end)
            if number is None:
                continue
            rounded = float(f"{number:.1g}")
            if same(observation.got, start + rounded * (end - start)):
                return mistake.with_number(rounded) if rounded != float(mistake.any_number) else None
            return replace(mistake.with_number(number), name=mistake.name or f"a number other than {mistake.any_number}")
    return None


def number_between(got: Any, start: Any, end: Any) -> float | None:
    """Return t such that start + t (end - start) is the student's value; None if there is no such number."""
    if not all(isinstance(value, np.ndarray) and value.shape == np.shape(got) for value in (got, start, end)):
        return None
    way = end - start
    length = float(np.sum(way * way))
    if not np.isfinite(length) or length == 0:
        return None
    number = float(np.sum((got - start) * way)) / length
    return number if np.isfinite(number) and number != 0 and same(got, start + number * way) else None


def scaled(mistakes: Sequence[Mistake], step: str, steps: frozenset[str]) -> Iterator[Mistake]:
    """Yield the rows with a line in a step, times each of the factors; steps are those whose values are observed."""
    for mistake in mistakes:
        if step in mistake.lines and steps.issuperset(mistake.lines):
            for scale, more in SCALES.items():
                lines = {name: scale.format(line) for name, line in mistake.lines.items()}
                title, answer = f"{mistake.title}, and {more}", f"{mistake.answer} {more[0].upper()}{more[1:]}, too."
                yield replace(mistake, lines=lines, answer=answer, title=title)
