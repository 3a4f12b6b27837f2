"""Submissions that hang: the solution with an endless loop, or something that waits forever, in one place or in several."""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from autograder.sandbox.timeouts import Stopwatch
from tests.course import PARTS
from tests.golden.programs import solution, solutions

LOOP = "while True: pass"
SELECT = "import select; select.select([], [], [])"  # waits without using the processor
HELPER = "def helper():\n    while True: pass"


def begin(part: str, statement: str, *names: str, top: str = "") -> dict[str, bytes]:
    """Return the solution with a statement at the start of functions, or of all of a file if none is named; `top` runs before."""
    tree = ast.parse(solution(part))
    functions = [("", tree), *((f"{one.name}.", one) for one in tree.body if isinstance(one, ast.ClassDef))]
    found = {f"{owner}{one.name}": one for owner, body in functions for one in body.body if isinstance(one, ast.FunctionDef)}
    for name in names or found:
        found[name].body[1:1] = ast.parse(statement).body  # after the docstring
    tree.body[1:1] = ast.parse(top).body
    return {**solutions(), part: ast.unparse(tree).encode()}


def end(*parts: str, statement: str) -> dict[str, bytes]:
    """Return the solution with a statement at the end of files."""
    return {part: source + f"\n{statement}\n".encode() * (part in parts) for part, source in solutions().items()}


PASSES = ("DNN.forward", "DNN.compute_gradients")
ARRAYS = ("exp_exp_square", "reciprocal_exp_square", "two_paths")
COUNT = "import sys; sys.calls = getattr(sys, 'calls', 0) + 1\nwhile sys.calls > 9: pass"

HANGS: dict[str, Callable[[], dict[str, bytes]]] = {
    "forward": lambda: begin("dnn", LOOP, "DNN.forward"),
    "compute_gradients": lambda: begin("dnn", LOOP, "DNN.compute_gradients"),
    "a helper of both passes": lambda: begin("dnn", "helper()", *PASSES, top=HELPER),
    "sigmoid": lambda: begin("dnn", LOOP, "sigmoid"),
    "__init__": lambda: begin("dnn", LOOP, "DNN.__init__"),
    "gradients": lambda: begin("dnn", LOOP, "DNN.gradients"),
    "fit": lambda: begin("dnn", LOOP, "DNN.fit"),
    "all of dnn.py": lambda: begin("dnn", LOOP),
    "one function of warmup.py": lambda: begin("warmup", LOOP, "two_paths"),
    "all of warmup.py": lambda: begin("warmup", LOOP),
    "softmax": lambda: begin("extension", LOOP, "softmax"),
    "all of extension.py": lambda: begin("extension", LOOP),
    "a batch with two axes": lambda: begin("warmup", "while np.ndim(x) == 2: pass", *ARRAYS),
    "a single sample": lambda: begin("dnn", "while X.shape[1] == 1: pass", "DNN.forward"),
    "the tenth call": lambda: begin("dnn", COUNT, "DNN.forward"),
    "a loop that prints": lambda: begin("dnn", "while True: print('x')", "DNN.forward"),
    "a loop that catches": lambda: begin("dnn", "while True:\n    try: helper()\n    except: pass", "DNN.forward", top=HELPER),
    "time.sleep": lambda: begin("dnn", "import time; time.sleep(1e9)", "DNN.forward"),
    "select": lambda: begin("dnn", SELECT, "DNN.compute_gradients"),
    "loading dnn.py": lambda: end("dnn", statement=LOOP),
    "loading warmup.py": lambda: end("warmup", statement=LOOP),
    "loading dnn.py, waiting": lambda: end("dnn", statement=SELECT),
    "loading all files, waiting": lambda: end(*PARTS, statement=SELECT),
    "loading dnn.py, waiting six times": lambda: end("dnn", statement="\n".join([SELECT] * 6)),
}


class Timeout(NamedTuple):
    """A step that did not finish: the share of the full time limit that it had, and how many seconds the judge waited."""

    share: float
    waited: float


@contextmanager
def record_timeouts() -> Iterator[list[Timeout]]:
    """Yield the list to which every step is added that does not finish in time."""
    found: list[Timeout] = []
    is_over = Stopwatch.is_over

    def record(watch: Stopwatch) -> bool:
        over = is_over(watch)
        found.extend([Timeout(watch.limit / watch.full, watch.now - watch.began)] * over)
        return over

    with patch.object(Stopwatch, "is_over", record):
        yield found
