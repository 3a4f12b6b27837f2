"""`make bench`: seconds per submission for `make grade`, beside the same checks run bare in one process.

Both sides grade the project's own solution, again and again: the same work, with and without the sandbox, the files and the
reports. Only our own code runs outside the sandbox here.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from autograder.cli import main as command
from autograder.judge.judge import load_checks
from autograder.running import LocalStudent
from autograder.sandbox.child import random_state, stirred_random_state
from tests.golden.programs import solutions


class BareStudent(LocalStudent):
    """The solution imported into this process, with the random state that hidden checks ask for."""

    random_state = staticmethod(random_state)
    stirred_random_state = staticmethod(stirred_random_state)


def bare(submissions: int) -> float:
    """Seconds per submission of the checks alone, in this process."""
    checks = load_checks()
    started = time.perf_counter()
    with np.errstate(all="ignore"):
        for _ in range(submissions):
            student = BareStudent()
            for _, function in checks:
                function(student)
    return (time.perf_counter() - started) / submissions


def graded(folder: Path, jobs: int, submissions: int) -> float:
    """Seconds per submission of the whole command: start, sandbox, files and table."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = command(["grade", str(folder), "--out", out, "--jobs", str(jobs)])
        sys.stdout.flush()
        os.dup2(kept, 1)
        assert code == 0
        return (time.perf_counter() - started) / submissions


def main() -> None:
    """Measure in turn, several rounds, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.submissions):
            student = Path(folder, f"student{number:05d}")
            student.mkdir()
            for part, source in solutions().items():
                (student / f"{part}.py").write_bytes(source)
        sys.path.insert(0, str(Path(folder, "student00000")))
        bare(5)
        rounds = [
            (
                bare(given.submissions),
                graded(Path(folder), 1, given.submissions),
                graded(Path(folder), cores, given.submissions),
            )
            for _ in range(given.rounds)
        ]
    floor, one, all_cores = (statistics.median(column) * 1000 for column in zip(*rounds, strict=True))
    print(f"{given.submissions} submissions, median of {given.rounds} rounds, milliseconds per submission")
    print(f"  the checks bare in one process   {floor:8.2f}")
    print(f"  make grade JOBS=1                {one:8.2f}   {one / floor:5.1f} x")
    print(f"  make grade JOBS={cores}                {all_cores:8.2f}   {all_cores / floor:5.1f} x")


if __name__ == "__main__":
    main()
