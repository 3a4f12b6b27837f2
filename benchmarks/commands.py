"""Run commands, and measure the wall time and the processor time that each of them takes.

The processor time is that of every process that a command starts. The kernel adds up only the processes that their parents wait
for, so this process becomes the parent of all orphans, waits for them, and kills any process that does not end.
"""

import contextlib
import functools
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from autograder.files import ROOT
from autograder.sandbox.kernel import adopt_orphans
from autograder.settings import read_secret
from benchmarks.memory import tree

TOOLS = ROOT / ".venv/bin"  # where make otter and make nbgrader have put the tools
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{TOOLS}:{os.environ['PATH']}",
    "GRADER_SECRET": read_secret(),  # of the courses in benchmarks/runners
}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # or every start compiles what it imports
PATIENCE = 10.0  # seconds for processes that a command leaves behind
NOT_COUNTED = (
    "Not counted: kernel threads, services outside the command's tree of processes, and processes whose parent ignores SIGCHLD."
)


class Spent(NamedTuple):
    """The seconds of processor time and wall time, and the number of processes that had to be killed."""

    processor: float = 0.0
    wall: float = 0.0
    ended: int = 0

    def plus(self, other: "Spent") -> "Spent":
        """Return the sum of both."""
        return Spent(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def per(self, count: int) -> "Spent":
        """Return the seconds per submission."""
        return self._replace(processor=self.processor / count, wall=self.wall / count)


def run(*command: str | Path, cwd: Path, python_path: str = "", patience: float = PATIENCE) -> Spent:
    """Run a command of a tool and return the time it took; raise SystemExit with its output if it fails."""
    environment = ENVIRONMENT | ({"PYTHONPATH": python_path} if python_path else {})
    adopt_orphans()
    before = children_seconds()
    with tempfile.TemporaryFile() as printed:  # a pipe would stay open as long as any process that inherited it
        started = time.perf_counter()
        status = subprocess.run([*map(str, command)], cwd=cwd, env=environment, stdout=printed, stderr=printed).returncode
        wall = time.perf_counter() - started
        if status:
            printed.seek(0)
            raise SystemExit(f"{command} ended with {status}:\n{printed.read().decode(errors='replace')[-4000:]}")
    ended = end_orphans(patience)
    return Spent(children_seconds() - before, wall, ended)


def grade_command(submissions: Path, out: Path, jobs: int = 1) -> list[str]:
    """Return the command behind `make grade`."""
    return [*map(str, (TOOLS / "python", "-m", "autograder", "grade", submissions, "--out", out, "--jobs", jobs))]


def repeat(count: int, work: Callable[[], Spent]) -> Spent:
    """Return the total time of work that is done `count` times."""
    return functools.reduce(Spent.plus, (work() for _ in range(count)))


def children_seconds() -> float:
    """Return the processor time of all descendants that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def end_orphans(patience: float) -> int:
    """Wait for every descendant, kill those still running after `patience` seconds, and return how many were killed."""
    end, killed = time.monotonic() + patience, set[int]()
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG) != (0, 0):
                continue
            if time.monotonic() > end:
                for pid in tree(os.getpid()) - {os.getpid()}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            time.sleep(0.01)
    return len(killed)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and every process that it starts meanwhile, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextlib.contextmanager
def checkouts(commit: str | None) -> Iterator[dict[str, Path]]:
    """Yield the folders to measure by name: this one, and before it that of an earlier commit, if one is given."""
    if commit is None:
        yield {"": ROOT}
        return
    with tempfile.TemporaryDirectory(prefix="before-") as folder:
        subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", ROOT, folder], check=True)
        subprocess.run(["git", "checkout", "-q", "--detach", commit], cwd=folder, check=True)
        yield {f", {commit}": Path(folder), "": ROOT}
