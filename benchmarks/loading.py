"""Measure the processor time of loading a submission one statement at a time.

`.venv/bin/python -m benchmarks.loading` compiles and runs the files of the solution in this process, once as a whole and once
statement by statement. Then children of a sandbox load the same files with nothing to skip, with an import to skip, and with a
statement that ends the child.
"""

import resource
import statistics
import types
from collections.abc import Callable
from functools import partial

from autograder.sandbox.first_load import load_statements
from autograder.sandbox.host import Limits
from autograder.sandbox.session import Sandbox
from autograder.statements import run_statements
from tests.golden.programs import solutions

ROUNDS = 200
STARTS = 5


def processor_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def milliseconds(work: Callable[[], None], rounds: int = ROUNDS) -> float:
    """Return the processor time of one round; a child counts when its sandbox has ended."""
    started = processor_seconds()
    for _ in range(rounds):
        work()
    return 1000 * (processor_seconds() - started) / rounds


def at_once(source: str) -> None:
    """Run a file as Python does."""
    exec(compile(source, "dnn.py", "exec"), vars(types.ModuleType("dnn")))


def by_statements(source: str) -> None:
    """Run a file as the grader does."""
    run_statements("dnn", source, {**vars(types.ModuleType("dnn")), "__file__": "dnn.py"})


def start_and_load(children: int, sources: dict[str, bytes]) -> None:
    """Start a sandbox, and load these sources in so many children."""
    with Sandbox(Limits()) as sandbox:
        for _ in range(children):
            with sandbox.session(sources) as session:
                for name in sources:
                    load_statements(session, name)


def main() -> None:
    """Measure and print."""
    sources = solutions()
    source = sources["dnn"].decode()
    once, steps = milliseconds(lambda: at_once(source)), milliseconds(lambda: by_statements(source))
    print(f"dnn.py of the solution: at once {once:.2f} ms, by statements {steps:.2f} ms")
    start = statistics.median(milliseconds(partial(start_and_load, 0, sources), 1) for _ in range(STARTS))
    print(f"start of a sandbox, once a class: {start:.0f} ms")
    for words, line in {
        "nothing to skip": b"",
        "an import to skip": b"import matplotlib.pyplot as plt\n",
        "a statement that ends the child": b"import os; os.abort()\n",
    }.items():
        changed = {**sources, "dnn": line + sources["dnn"]}
        all_children = milliseconds(partial(start_and_load, ROUNDS, changed), 1) - start
        print(f"a child with three files, {words}: {all_children / ROUNDS:.1f} ms")


if __name__ == "__main__":
    main()
