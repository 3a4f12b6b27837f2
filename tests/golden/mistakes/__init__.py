"""Wrong programs: each row is an edit of the solution, and a few of the checks that must catch it.

The ids are those of the list of misconceptions the checks were written against. The marks of a row are in marks.json, which
`tests/golden/test_mistakes.py` compares with.
"""

from typing import NamedTuple

from tests.golden.mistakes.dnn import DNN
from tests.golden.mistakes.extension import EXTENSION
from tests.golden.mistakes.warmup import WARMUP
from tests.golden.programs import solution


class Mistake(NamedTuple):
    """A wrong program: the part it is wrong in, the files handed in, and the names of checks that must catch it."""

    part: str
    sources: dict[str, bytes]
    checks: tuple[str, ...]


# An extension is handed in beside a right dnn.py; its mistakes must not cost a point there.
BESIDE: dict[str, dict[str, bytes]] = {"warmup": {}, "dnn": {}, "extension": {"dnn": solution().encode()}}
MISTAKES = {
    name: Mistake(part, {**BESIDE[part], part: source}, checks)
    for part, table in {"warmup": WARMUP, "dnn": DNN, "extension": EXTENSION}.items()
    for name, (source, checks) in table.items()
}
