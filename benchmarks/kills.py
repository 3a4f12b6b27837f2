"""`python -m benchmarks.kills`: a run of make grade that is killed again and again, beside one that nobody disturbs.

Each kill is SIGKILL to the command at a random moment; the same command is then typed again. In the end grades.csv must be the
same bytes, every result must have been graded once or lost with the kill that hit it, and no process may be left.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from autograder.package import ROOT
from autograder.sandbox.kernel import adopt_orphans
from benchmarks.classes import lay_class


def command(submissions: Path, out: Path, *more: str) -> list[str]:
    """`make grade`, as the Makefile calls it."""
    return [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--jobs", "2", *more]


def start(arguments: Sequence[str]) -> subprocess.Popen:
    """A run that says nothing."""
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def gone(seconds: float) -> bool:
    """Whether every process that was started, or left behind by one, has ended after so many seconds at the most."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        except ChildProcessError:
            return True
    return False


def killed_again_and_again(submissions: Path, out: Path, kills: int, longest: float, seed: int) -> int:
    """Kill so many runs, each after a random time of at most `longest` seconds; how many were hit before they were done."""
    adopt_orphans()
    moments, hit = random.Random(seed), 0
    for _ in range(kills):
        process = start(command(submissions, out))
        try:
            process.wait(moments.uniform(0, longest))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            hit += 1
        if not gone(10):
            raise SystemExit("A kill has left processes behind.")
    return hit


def main() -> None:
    """Compare, and say what came of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.kills", description=__doc__)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        place = Path(folder)
        lay_class(place / "class", given.submissions, mixed=True)
        started = time.monotonic()
        start(command(place / "class", place / "undisturbed")).wait()
        taken = time.monotonic() - started
        # Each run gets so far that the kills are spread over the whole class.
        longest = 2 * (1.5 + taken / given.kills)
        hit = killed_again_and_again(place / "class", place / "out", given.kills, longest, given.seed)
        before = (place / "out/grades.csv").exists()
        start(command(place / "class", place / "out")).wait()
        same = (place / "out/grades.csv").read_bytes() == (place / "undisturbed/grades.csv").read_bytes()
        print(f"{given.submissions} submissions, undisturbed in {taken:.0f} s; {given.kills} runs, {hit} of them killed.")
        there, outcome = "there" if before else "not there", "the same bytes" if same else "ANOTHER"
        print(f"grades.csv was {there} before the last run, and is {outcome}.")
        raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
