"""Measure submissions that hang: how long the judge waits for each, and what they cost a class.

`make bench WHAT=hangs` runs it. --before also measures the class at an earlier commit, in the same run; with
`--submissions 0`, there is no class. What is granted is what the judge waits on an idle machine. On a busy one it waits longer,
because the time in which other programs use the processor does not count.
"""

import argparse
import tempfile
from itertools import cycle
from pathlib import Path

from autograder.judge.judge import Judge
from benchmarks.classes import lay_class
from benchmarks.commands import checkouts, grade_command, run
from tests.golden.hangs import HANGS, record_timeouts
from tests.golden.programs import solutions, submission

EVERY = 10  # one submission of this many hangs


def lay_hanging_class(folder: Path, count: int) -> None:
    """Write solutions, some of which hang, each in another way."""
    lay_class(folder, count)
    for home, hang in zip(sorted(folder.iterdir())[::EVERY], cycle(HANGS.values())):
        for part, source in hang().items():
            (home / f"{part}.py").write_bytes(source + f"\n# {home.name}\n".encode())


def main() -> None:
    """Print a row for each submission that hangs, and one for each class."""
    parser = argparse.ArgumentParser(prog="benchmarks.hangs", description=__doc__)
    parser.add_argument("--submissions", type=int, default=100, help="in the class; one in ten hangs")
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to measure in the same run")
    given = parser.parse_args()
    print(f"{'what hangs':36} {'points':>6} {'timeouts':>9} {'granted':>9} {'waited':>9}")
    with Judge() as judge:
        judge.grade(submission(solutions()))  # what is made once is made here
        for name, hang in HANGS.items():
            with record_timeouts() as found:
                points = judge.grade(submission(hang())).score
            granted = sum(one.share for one in found) * judge.sandbox.limits.call_seconds
            waited = sum(one.waited for one in found)
            print(f"{name:36} {points:6.2f} {len(found):9} {granted:7.2f} s {waited:7.2f} s", flush=True)
    if not given.submissions:
        return
    with tempfile.TemporaryDirectory() as folder, checkouts(given.before) as roots:
        lay_hanging_class(Path(folder, "class"), given.submissions)
        hang = f"{-(-given.submissions // EVERY)} of which hang"
        for number, (label, root) in enumerate(roots.items()):
            spent = run(*grade_command(Path(folder, "class"), Path(folder, f"out{number}"), jobs=2), cwd=root)
            print(
                f"{given.submissions} submissions, {hang}{label}: {spent.wall:.1f} s, {spent.processor:.1f} s of processor time"
            )


if __name__ == "__main__":
    main()
