"""Measure the processor time of single starts, next to that of a Python that imports numpy and does nothing else.

`make bench` runs it. All of them are kept on one core and take turns. --before measures another commit in the same run.
"""

import argparse
import contextlib
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.classes import lay_class
from benchmarks.commands import NOT_COUNTED, TOOLS, Spent, checkouts, grade_command, one_core, run
from benchmarks.doors import hand_in, ours_gradescope

KNOWN = 10  # submissions


def import_numpy(_: Path, folder: Path) -> Callable[[], Spent]:
    """Import numpy."""
    return lambda: run(TOOLS / "python", "-c", "import numpy", cwd=folder)


def grade_known(root: Path, folder: Path) -> Callable[[], Spent]:
    """`make grade` on a small class whose results are all saved."""
    lay_class(folder / "class", KNOWN)
    command = grade_command(folder / "class", folder / "out")
    run(*command, cwd=root)
    return lambda: run(*command, cwd=root)


def run_autograder(root: Path, folder: Path) -> Callable[[], Spent]:
    """Gradescope's package on one submission."""
    run("env", "ACCEPT=public-secret", TOOLS / "python", "-m", "autograder", "build", "gradescope", cwd=root)
    return ours_gradescope(folder, 1, root / "dist/gradescope/autograder.zip")


def check_at_home(root: Path, folder: Path) -> Callable[[], Spent]:
    """The checker at home, on the solution."""
    download = shutil.copytree(root / "assignment", folder / "download")
    shutil.copytree(hand_in(folder / "solution"), download, dirs_exist_ok=True)
    return lambda: run(TOOLS / "python", "check.py", "dnn", cwd=download)


STARTS = {
    "`python -c 'import numpy'`": import_numpy,
    f"`make grade`, {KNOWN} submissions, all known": grade_known,
    "Gradescope's `run_autograder`, one submission": run_autograder,
    "`check.py dnn` on the solution": check_at_home,
}


def main() -> None:
    """Measure every start, and print a row for each."""
    parser = argparse.ArgumentParser(prog="benchmarks.starts", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to measure in the same run")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="starts-")))
        works = {}
        for number, (label, root) in enumerate(stack.enter_context(checkouts(given.before)).items()):
            for title, make_ready in STARTS.items():
                folder = place / f"{make_ready.__name__}{number}"
                folder.mkdir()
                works[f"{title}{label}"] = make_ready(root, folder)
        stack.enter_context(one_core())
        measured: dict[str, list[float]] = {title: [] for title in works}
        for round_ in range(given.rounds + 1):
            for title, work in works.items():
                spent = work()
                if round_:  # the first one writes bytecode
                    measured[title].append(1000 * spent.processor)
    floor = statistics.median(measured[next(iter(STARTS))])
    print(f"Processor time of the whole tree in ms, {given.rounds} runs in turn on one core. {NOT_COUNTED}\n")
    print("| | least | median | times the import of numpy |\n|---|---|---|---|")
    for title, each in measured.items():
        print(f"| {title} | {min(each):.0f} | {statistics.median(each):.0f} | {statistics.median(each) / floor:.1f} |")


if __name__ == "__main__":
    main()
