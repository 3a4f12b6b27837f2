"""Kill a run of `make grade` again and again, and compare it with an uninterrupted run.

`.venv/bin/python -m benchmarks.kills` sends SIGKILL to the command at random moments and starts the same command again. With
--dask it grades the class once on a Dask cluster of two workers; each kill hits one of them, and a new worker takes its
place. In the end grades.csv must be identical, and no process may be left.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from autograder.files import ROOT
from autograder.sandbox.kernel import adopt_orphans
from benchmarks.classes import lay_class


def command(submissions: Path, out: Path, *more: str) -> list[str]:
    """`make grade`, as the Makefile calls it."""
    return [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--jobs", "2", *more]


def start(arguments: Sequence[str]) -> subprocess.Popen:
    """Return a run that says nothing."""
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def gone(seconds: float) -> bool:
    """Return whether every process that was started, or left behind by one, has ended after so many seconds at the most."""
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


def worker_after_worker(submissions: Path, out: Path, kills: int, pause: float, seed: int) -> int:
    """Grade on a cluster whose workers are killed so often, about `pause` seconds apart; how many were hit before the end."""
    from tests.project.clusters import Cluster, encrypted, end

    moments, hit = random.Random(seed), 0
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder, encrypted(Path(folder)), Cluster(Path(folder)) as cluster:
        workers = [cluster.work(), cluster.work()]
        cluster.ready(2)
        run = start(command(submissions, out, "--scheduler", cluster.address))
        for _ in range(kills):
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(moments.uniform(0, 2 * pause))
                break
            end(workers.pop(moments.randrange(2)))
            hit += 1
            workers.append(cluster.work())
        if run.wait():
            raise SystemExit(f"The run ended with the exit code {run.returncode}.")
    return hit


def main() -> None:
    """Compare the runs, and print the result."""
    parser = argparse.ArgumentParser(prog="benchmarks.kills", description=__doc__)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dask", action="store_true", help="kill the workers of a cluster")
    parser.add_argument("--pause", type=float, default=3, help="seconds between two kills of workers, about")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        place = Path(folder)
        lay_class(place / "class", given.submissions, wrong_every=3)
        started = time.monotonic()
        start(command(place / "class", place / "undisturbed")).wait()
        taken = time.monotonic() - started
        if given.dask:
            hit = worker_after_worker(place / "class", place / "out", given.kills, given.pause, given.seed)
        else:
            # Each run gets so far that the kills are spread over the whole class.
            longest = 2 * (0.8 + taken / given.kills)
            hit = killed_again_and_again(place / "class", place / "out", given.kills, longest, given.seed)
            unfinished = not (place / "out/grades.csv").exists()
            print(f"The last run {'has' if unfinished else 'does not have'} something left to grade.")
            start(command(place / "class", place / "out")).wait()
        same = (place / "out/grades.csv").read_bytes() == (place / "undisturbed/grades.csv").read_bytes()
        what = "workers" if given.dask else "runs"
        print(f"{given.submissions} submissions, undisturbed in {taken:.0f} s; {hit} {what} killed.")
        print(f"grades.csv is {'the same bytes' if same else 'ANOTHER'}.")
        raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
