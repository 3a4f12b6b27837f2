"""The wrong programs: one for each row of the catalog of mistakes, and some with two mistakes."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from autograder.backprop import mistakes as catalog
from tests.golden.programs import program, solution, solutions


class Mistake(NamedTuple):
    """A wrong program: the part it is wrong in, and the files handed in."""

    part: str
    sources: dict[str, bytes]


class Pair(NamedTuple):
    """A program with two mistakes: the part they are in, the files handed in, and what the mistakes are called."""

    part: str
    sources: dict[str, bytes]
    mistakes: tuple[str, str]


# An extension is handed in beside a right dnn.py; its mistakes must not cost a point there.
BESIDE: dict[str, dict[str, bytes]] = {"warmup": {}, "dnn": {}, "extension": {"dnn": solution().encode()}}


def wrong_program(part: str, *rows: catalog.Mistake) -> Mistake:
    """Return the program with these mistakes in one of its parts."""
    return Mistake(part, {**BESIDE[part], part: program(part, *rows)})


def random_pairs() -> Iterator[tuple[str, Pair]]:
    """Yield pairs of mistakes in one part without end, each by its name; those that cannot be made in one program are left out."""
    chance = random.Random("pairs")
    while True:
        part = chance.choice(list(catalog.MISTAKES))
        first, second = chance.sample(catalog.MISTAKES[part], 2)
        try:
            sources = wrong_program(part, first, second).sources
            compile(sources[part], part, "exec")
        except (ValueError, SyntaxError):
            continue
        yield f"{first.id} + {second.id}", Pair(part, sources, (first.id, second.id))


MISTAKES = {row.id: wrong_program(part, row) for part, rows in catalog.MISTAKES.items() for row in rows}
PAIRS: dict[str, Pair] = {}
for name, pair in random_pairs():
    PAIRS[name] = pair
    if len(PAIRS) == 200:
        break


def with_mistakes(*names: str) -> dict[str, bytes]:
    """Return the solution with these mistakes in it, each in its part; of several in one part the last."""
    return solutions() | {MISTAKES[name].part: MISTAKES[name].sources[MISTAKES[name].part] for name in names}
