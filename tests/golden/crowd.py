"""Marks of a class of any size, from some graded programs: what the pages look like with 30 students and with 5,000.

A program has in each part the solution, a mistake of the catalog or nothing; the mistakes that come first in a list that is
drawn once come far more often, as in a class. Everything is drawn from a name, so a class is the same each time.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from autograder.intake.read import Submission
from autograder.marks import Mark, mark_of
from autograder.results import Result
from tests.course import PARTS
from tests.golden.differences import DNN
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions

WRONG, MISSING = 0.6, 0.1  # of the files
COMMON = 0.8  # how much more often the first mistakes come than the later ones


def programs(count: int) -> Iterator[dict[str, bytes]]:
    """So many programs; the first is the solution, the second works by finite differences, the third does not load."""
    chance = random.Random("crowd")
    wrong = {part: [one.sources[part] for one in MISTAKES.values() if one.part == part] for part in PARTS}
    for mistakes in wrong.values():
        chance.shuffle(mistakes)
    yield solutions()
    yield {"dnn": DNN["W1 alone"].source}
    yield {**solutions(), "dnn": b"def forward(:\n"}
    for _ in range(count - 3):
        sources = solutions()
        for part in PARTS:
            drawn = chance.random()
            if drawn < WRONG:
                place = min(int(chance.paretovariate(COMMON) - 1), len(wrong[part]) - 1)
                sources[part] = wrong[part][place]
            elif drawn < WRONG + MISSING:
                del sources[part]
        yield sources


def graded(grade: Callable[[Submission], Result], count: int) -> list[Result]:
    """Return the results of so many programs, and one of a submission that holds nothing."""
    found = []
    for sources in programs(count):
        problems = {part: f"{part}.py was not submitted." for part in PARTS if part not in sources}
        found.append(grade(Submission("someone", sources, problems)))
    return [*found, grade(Submission("someone", reason="The folder is empty."))]


def crowd(results: list[Result], count: int) -> Iterator[Mark]:
    """Yield the marks of so many students; the first ones have the results in their order, so that each is there."""
    chance = random.Random("students")
    weights = [len(results), *([2] * (len(results) - 1))]
    for number in range(count):
        result = results[number] if number < len(results) else chance.choices(results, weights)[0]
        yield mark_of(replace(result, student=f"student{number + 1:04d}"))
