"""The wrong programs: one for each row of the catalogue of mistakes."""

from typing import NamedTuple

from autograder.diagnosis import catalogue
from tests.golden.programs import program, solution, solutions


class Mistake(NamedTuple):
    """A wrong program: the part it is wrong in, and the files handed in."""

    part: str
    sources: dict[str, bytes]


# An extension is handed in beside a right dnn.py; its mistakes must not cost a point there.
BESIDE: dict[str, dict[str, bytes]] = {"warmup": {}, "dnn": {}, "extension": {"dnn": solution().encode()}}


def wrong_program(part: str, *rows: catalogue.Mistake) -> Mistake:
    """The program with these mistakes in one of its parts."""
    return Mistake(part, {**BESIDE[part], part: program(part, *rows)})


MISTAKES = {row.id: wrong_program(part, row) for part, rows in catalogue.MISTAKES.items() for row in rows}


def with_mistakes(*names: str) -> dict[str, bytes]:
    """The solution with these mistakes in it, each in its part; of several in one part the last."""
    return solutions() | {MISTAKES[name].part: MISTAKES[name].sources[MISTAKES[name].part] for name in names}
