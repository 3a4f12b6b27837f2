"""`make bench`: a class through `make grade`, beside otter, nbgrader and gradescope-utils with the same checks, in one go.

Every submission is the project's own solution with a line of its own, so that none is known from another. The other tools run
the same checks in their usual way, beside the student's code (`benchmarks/runners/courses.py`); what counts is the ratio. The
floor is what the bare checks take in one process that does nothing else. Memory is that of the whole tree of processes.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from autograder.at_home import LocalStudent
from autograder.files import ROOT
from autograder.sandbox.child import random_state, stirred_random_state
from benchmarks.classes import lay_class
from benchmarks.doors import TOOLS, stock_gradescope, stock_nbgrader, stock_otter, taken
from benchmarks.memory import Peak
from tests.course import CHECKS
from tests.golden.programs import solutions

MODULES = ("warmup", "dnn", "extension")


class BareStudent(LocalStudent):
    """The solution imported into this process, with the random state that hidden checks ask for."""

    random_state = staticmethod(random_state)
    stirred_random_state = staticmethod(stirred_random_state)


def bare(rounds: int, *, load: bool) -> float:
    """Seconds per submission of the checks alone, in this process; where each is loaded, with its own three files."""
    with tempfile.TemporaryDirectory() as folder:
        for part, source in solutions().items():
            Path(folder, f"{part}.py").write_bytes(source)
        sys.path.insert(0, folder)
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # each is compiled once
        started = time.perf_counter()
        with np.errstate(all="ignore"):
            for _ in range(rounds):
                if load:
                    for module in MODULES:
                        sys.modules.pop(module, None)
                student = BareStudent()
                for check in CHECKS:
                    check.run(student)
        seconds = (time.perf_counter() - started) / rounds
        sys.dont_write_bytecode = before
        sys.path.remove(folder)
        for module in MODULES:
            sys.modules.pop(module, None)
        importlib.invalidate_caches()
    return seconds


def ours(count: int, jobs: int) -> tuple[float, Peak]:
    """Seconds per submission of the whole command, and the memory of its tree: start, sandbox, gradebook, files and table."""
    with tempfile.TemporaryDirectory() as folder:
        lay_class(Path(folder, "class"), count)
        command = [
            TOOLS / "python",
            "-m",
            "autograder",
            "grade",
            f"{folder}/class",
            "--out",
            f"{folder}/out",
            "--jobs",
            str(jobs),
        ]
        peak = Peak([*map(str, command)], ROOT)
        seconds = taken(peak.run) / count
        rows = Path(folder, "out/grades.csv").read_text().splitlines()
        assert len(rows) == count + 1, peak.said
        assert all(",100,100,graded," in row for row in rows[1:])
        return seconds, peak


def stock(lay: Callable[[Path, int], Callable[[], None]], count: int) -> float:
    """Seconds per submission of another tool."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return taken(lay(Path(folder), count)) / count


def main() -> None:
    """Measure one after the other, and print a row for each."""
    parser = argparse.ArgumentParser(prog="benchmarks.grade", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000, help="of ours; otter grades 5 of them, the others 10")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=(100, 1_000, 10_000), help="classes of ours, for cost and memory"
    )
    given = parser.parse_args()
    jobs = os.cpu_count() or 1
    bare(5, load=True)
    rows = [
        ("the bare checks in one process", bare(100, load=False)),
        ("  and the student's files loaded", bare(100, load=True)),
        (f"make grade, {given.submissions} submissions, JOBS={jobs}", ours(given.submissions, jobs)[0]),
        ("gradescope-utils, 10 submissions", stock(stock_gradescope, 10)),
        ("otter run, 5 submissions", stock(stock_otter, 5)),
        ("nbgrader autograde, a class of 10", stock(stock_nbgrader, 10)),
    ]
    mine = rows[2][1]
    print(f"{'milliseconds per submission':44} {'':>9} {'make grade takes':>18}")
    for title, seconds in rows:
        ratio = f"{mine / seconds:.2f} times as much" if seconds <= mine else f"{seconds / mine:.0f} times less"
        print(f"{title:44} {1000 * seconds:9.2f} {'' if seconds is mine else ratio:>18}", flush=True)
    print(f"\n{f'make grade JOBS={jobs}':>12} {'ms each':>10} {'MB (PSS)':>10} {'MB (RSS)':>10} {'processes':>10}")
    for size in given.sizes:
        seconds, peak = ours(size, jobs)
        print(f"{size:12} {1000 * seconds:10.2f} {peak.pss / 1e6:10.0f} {peak.rss / 1e6:10.0f} {peak.processes:10}", flush=True)


if __name__ == "__main__":
    main()
