"""`make bench`: classes through `make grade`, next to otter, nbgrader and gradescope-utils with the same checks, in one run.

All of them are kept on one core and take turns. Every correct submission is the project's own solution with a line of its own,
every incorrect one has another mistake of the catalog. The other tools run the same checks on the solution in their usual way,
in the student's process (`benchmarks/runners/courses.py`); what counts is the ratio. The bare checks, in one process that does
nothing else, are a lower bound. --before measures another commit in the same run.
"""

import argparse
import contextlib
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograder.at_home import LocalStudent
from autograder.sandbox.child import random_state, stirred_random_state
from benchmarks.classes import lay_class
from benchmarks.commands import NOT_COUNTED, Spent, checkouts, grade_command, one_core, run
from benchmarks.doors import stock_gradescope, stock_nbgrader, stock_otter
from tests.course import CHECKS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions

MODULES = ("warmup", "dnn", "extension")
BARE = 50  # submissions


class Row(NamedTuple):
    """What is measured: its title, how many submissions it grades at a time, and the work."""

    title: str
    count: int
    grade: Callable[[], Spent]


class BareStudent(LocalStudent):
    """The solution imported into this process, with what hidden checks ask for."""

    random_state = staticmethod(random_state)
    stirred_random_state = staticmethod(stirred_random_state)

    def fetch(self, *values: Any) -> Any:
        """Return the results, with copies of arrays, which the checks compare with what a later call makes of the originals."""
        return super().fetch(*[value.copy() if isinstance(value, np.ndarray) else value for value in values])


def bare(count: int, *, load: bool) -> Spent:
    """Run only the checks on `count` submissions, in this process; load says whether the three files are loaded each time."""
    with tempfile.TemporaryDirectory() as folder:
        for part, source in solutions().items():
            Path(folder, f"{part}.py").write_bytes(source)
        sys.path.insert(0, folder)
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # each is compiled once
        started = time.process_time(), time.perf_counter()
        with np.errstate(all="ignore"):
            for _ in range(count):
                if load:
                    for module in MODULES:
                        sys.modules.pop(module, None)
                student = BareStudent()
                for check in CHECKS:
                    check.run(student)
        spent = Spent(time.process_time() - started[0], time.perf_counter() - started[1])
        sys.dont_write_bytecode = before
        sys.path.remove(folder)
        for module in MODULES:
            sys.modules.pop(module, None)
        importlib.invalidate_caches()
    return spent


def ours(root: Path, submissions: Path, *, correct: bool) -> Spent:
    """Grade a class with the whole command: start, sandbox, gradebook, files and table."""
    with tempfile.TemporaryDirectory() as out:
        spent = run(*grade_command(submissions, Path(out)), cwd=root)
        rows = Path(out, "grades.csv").read_text().splitlines()[1:]
    assert len(rows) == len(list(submissions.iterdir()))
    assert all(",graded," in row and (",100,100," in row) == correct for row in rows)
    return spent


def stock(lay: Callable[[Path, int], Callable[[], Spent]], folder: Path, count: int) -> Callable[[], Spent]:
    """Return another tool in a folder of its own."""
    place = folder / lay.__name__
    place.mkdir()
    return lay(place, count)


def on_one_core(count: int, rounds: int, before: str | None) -> None:
    """Measure everything on one core, in turn, and print a row for each."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        roots = stack.enter_context(checkouts(before))
        classes = {"correct": (folder / "correct", count), "incorrect": (folder / "incorrect", min(count, len(MISTAKES)))}
        for name, (place, size) in classes.items():
            lay_class(place, size, wrong_every=int(name == "incorrect"))
        rows = {
            "bare": Row("only the checks", BARE, lambda: bare(BARE, load=False)),
            "loaded": Row("only the checks, loading the files each time", BARE, lambda: bare(BARE, load=True)),
            **{
                f"{name}{label}": Row(
                    f"`make grade`, {size:,} {name} submissions{label}",
                    size,
                    lambda root=root, place=place, name=name: ours(root, place, correct=name == "correct"),
                )
                for name, (place, size) in classes.items()
                for label, root in roots.items()
            },
            "gradescope": Row("gradescope-utils, 5 submissions", 5, stock(stock_gradescope, folder, 5)),
            "otter": Row("`otter run`, 3 submissions", 3, stock(stock_otter, folder, 3)),
            "nbgrader": Row("`nbgrader autograde`, a class of 5", 5, stock(stock_nbgrader, folder, 5)),
        }
        with one_core():
            measured = {name: [] for name in rows}
            for _ in range(rounds):
                for name, row in rows.items():
                    measured[name].append(row.grade().per(row.count))
    median = {name: Spent(*map(statistics.median, zip(*each, strict=True))) for name, each in measured.items()}
    print(f"One core, JOBS=1; median of {rounds} rounds\n")
    print("| ms per submission | processor time | wall time | times the checks with loading | times `make grade`, correct |")
    print("|---|---|---|---|---|")
    for name, row in rows.items():
        ratios = (f"{median[name].processor / median[other].processor:.2f}" for other in ("loaded", "correct"))
        print(f"| {row.title} |", *(f"{1000 * each:.1f} |" for each in median[name][:2]), *(f"{each} |" for each in ratios))
    if before:
        print(f"\n| processor time, ms | {before} | here | {before} / here |\n|---|---|---|---|")
        for name in classes:
            old, new = (1000 * median[f"{name}{label}"].processor for label in roots)
            print(f"| `make grade`, {name} submissions | {old:.1f} | {new:.1f} | {old / new:.2f} |")
    ended = sum(spent.ended for each in measured.values() for spent in each)
    print(
        f"\nProcessor time is that of the whole tree; {ended} processes were still running at the end, and were ended.",
        NOT_COUNTED,
    )


def main() -> None:
    """Measure everything on one core."""
    parser = argparse.ArgumentParser(prog="benchmarks.grade", description=__doc__)
    parser.add_argument("--submissions", type=int, default=300, help="of ours; the other tools grade 3 or 5")
    parser.add_argument("--rounds", type=int, default=3, help="the first one writes bytecode")
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to measure in the same run")
    given = parser.parse_args()
    on_one_core(given.submissions, given.rounds, given.before)


if __name__ == "__main__":
    main()
