"""Run every hostile submission through this grader, otter-grader and gradescope-utils: `make bench WHAT=runners`.

It needs Linux, util-linux and the packages of requirements/runners.txt. With --write it also writes the page.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

from autograder.files import ROOT

TOOLS = ("unshare", "setpriv", "prlimit")
PACKAGES = ("otter", "ipykernel", "gradescope_utils")
FIRST_USER = 60_000  # ids that nobody has; each grading has one of its own, since processes are counted by user
PATIENCE = 180  # seconds for a cell, which ends by itself long before


def main() -> int:
    """Grade everything and print the results; exit with code 1 if a control doesn't get its score."""
    parser = argparse.ArgumentParser(prog="benchmarks.runners", description=__doc__)
    only = "this attack alone, or this course: own, otter or gradescope; it can be given several times"
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help=only)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="so many at a time; many only wait")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")
    given = parser.parse_args()
    lacking = [tool for tool in TOOLS if not shutil.which(tool)] + [name for name in PACKAGES if not find_spec(name)]
    if lacking:
        sentence = "It takes Linux, util-linux and `pip install --require-hashes -r requirements/runners.txt`."
        print(f"Not here: {', '.join(lacking)}. {sentence}", file=sys.stderr)
        return 2
    return run(given.only, given.jobs, given.write)


def run(only: list[str], jobs: int, page: Path | None) -> int:
    """Grade, print the totals and write the page."""
    from benchmarks.runners import report
    from benchmarks.runners.cell import Seen
    from benchmarks.runners.courses import COURSES
    from benchmarks.runners.programs import CONTROLS
    from tests.golden.attacks import ATTACKS

    if unknown := set(only) - set(COURSES) - set(ATTACKS):
        print(f"There is no attack and no course called {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    courses = [name for name in COURSES if name in only] or list(COURSES)
    attacks = [name for name in ATTACKS if name in only] or ([] if set(only) - set(COURSES) else list(ATTACKS))
    started, outcomes = time.monotonic(), {}
    with tempfile.TemporaryDirectory(prefix="runners-") as folder, ThreadPoolExecutor(jobs) as pool:
        for course in courses:
            kit = Path(folder, course)
            kit.mkdir()
            COURSES[course].prepare(kit)
        Path(folder).chmod(0o755)
        waiting = {
            pool.submit(grade, course, program, Path(folder, course), FIRST_USER + number): (program, course)
            for number, (program, course) in enumerate(itertools.product([*CONTROLS, *attacks], courses))
        }
        try:
            for count, future in enumerate(as_completed(waiting), start=1):
                program, course = waiting[future]
                outcomes[program, course] = seen = Seen(**future.result())
                words = report.outcome(program, seen)
                print(f"{count:4}/{len(waiting)}  {seen.seconds:5.1f} s  {course:10}  {program}: {words}", file=sys.stderr)
                if program in only:
                    print(seen.said, file=sys.stderr)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    text = report.text(outcomes, courses, attacks)
    print(report.totals(outcomes, courses, attacks))
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    if page:
        page.write_text(text)
    return 0 if all(report.as_due(program, outcomes[program, course]) for program in CONTROLS for course in courses) else 1


def grade(course: str, program: str, kit: Path, user: int) -> dict:
    """Return what one cell has to say; it ends with everything in it when unshare is killed."""
    namespaces = ["--pid", "--net", "--ipc", "--uts", "--mount", "--fork", "--kill-child", "--mount-proc"]
    owner = [] if os.getuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    cell = [sys.executable, "-m", "benchmarks.runners.cell", course, program, str(kit), str(user)]
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            ["unshare", *owner, *namespaces, *cell], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        raise SystemExit(f"{program} could not be run:\n{done.stderr}")
    raise SystemExit(f"{program} was not over after {PATIENCE} s")


if __name__ == "__main__":
    sys.exit(main())
