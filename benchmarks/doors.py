"""`make bench WHAT=doors`: seconds per submission on each platform, next to the platform's own tool on the same submissions.

Every row grades the project's solution: once the way this project packs it, once as a course that follows the tool's own
documentation would, with the same checks run beside the student's code (`benchmarks/runners/courses.py`). Only our own code
runs outside the sandbox here. The two sides of a row take turns; what counts is their ratio. A second table says what each
way of grading installs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from autograder.files import ROOT
from autograder.packaging.output import DIST
from autograder.settings import read_secret
from benchmarks.runners.courses import PLACE, lay_gradescope, lay_otter, prepare_gradescope, prepare_otter
from benchmarks.runners.library import library
from tests.course import CHECKS
from tests.golden.programs import solutions

TOOLS = ROOT / ".venv/bin"  # where make otter and make nbgrader have put the tools
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{TOOLS}:{os.environ['PATH']}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "GRADER_SECRET": read_secret(),  # of the courses in benchmarks/runners
}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Door(NamedTuple):
    """A way in. Each side is made ready once, in a folder, and then grades so many submissions each time it is called."""

    title: str
    ours: Callable[[Path, int], Callable[[], None]]
    stock: Callable[[Path, int], Callable[[], None]]
    classes: int = 1  # a class is so many times as large, where one start serves a whole class


def run(*command: str | Path, cwd: Path, python_path: str = "") -> None:
    """Run a command of a tool to its end; what it printed is shown if it fails."""
    environment = ENVIRONMENT | ({"PYTHONPATH": python_path} if python_path else {})
    finished = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    if finished.returncode:
        raise SystemExit(f"{command} ended with {finished.returncode}:\n{finished.stdout[-2000:]}{finished.stderr[-2000:]}")


def hand_in(folder: Path) -> Path:
    """Return a submission: the three files of the solution."""
    folder.mkdir(parents=True)
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)
    return folder


# make grade, beside the same checks run bare ----------------------------------------------------------------------------


def ours_folder(folder: Path, count: int) -> Callable[[], None]:
    """`make grade FORCE=1` on a folder of submissions, with one worker."""
    for number in range(count):
        hand_in(folder / f"class/student{number}")
    command = (TOOLS / "python", "-m", "autograder", "grade", folder / "class", "--out", folder / "out", "--jobs", "1")
    return lambda: run(*command, "--force", cwd=ROOT)  # or the gradebook knows them


def stock_folder(folder: Path, count: int) -> Callable[[], None]:
    """Return a script that imports the student's files and runs the checks, one process for each submission."""
    library(folder)
    hand_in(folder / "student")
    names = [f"{check.part}.{check.name}" for check in CHECKS]
    (folder / "grade.py").write_text(f"from course import check\n\nfor name in {names!r}:\n    check(name)\n")
    path = f"{folder}:{folder / 'student'}"

    def grade() -> None:
        for _ in range(count):
            run(TOOLS / "python", folder / "grade.py", cwd=folder, python_path=path)

    return grade


# Gradescope -------------------------------------------------------------------------------------------------------------


def ours_gradescope(folder: Path, count: int) -> Callable[[], None]:
    """run_autograder of our zip; setup.sh's environment is the one that is here."""
    with zipfile.ZipFile(DIST / "gradescope/autograder.zip") as archive:
        archive.extractall(folder / "source")
    (folder / "source/.venv").symlink_to(TOOLS.parent)
    hand_in(folder / "submission")
    script = folder / "source/run_autograder"

    def grade() -> None:
        for _ in range(count):
            run("env", f"AUTOGRADER_ROOT={folder}", "bash", script, cwd=folder)

    return grade


def stock_gradescope(folder: Path, count: int) -> Callable[[], None]:
    """gradescope-utils with a weight on every test."""
    prepare_gradescope(folder)
    return laid(lay_gradescope, folder, count)


# otter ------------------------------------------------------------------------------------------------------------------


def ours_otter(folder: Path, count: int) -> Callable[[], None]:
    """`otter run` on our zip, in the environment of the other side: what else is installed makes otter's start longer."""
    archive = shutil.make_archive(str(folder / "student"), "zip", hand_in(folder / "submission"))

    def grade() -> None:
        for _ in range(count):
            run(sys.executable, "-m", "otter", "run", "-a", DIST / "otter/autograder.zip", "-o", folder, archive, cwd=folder)

    return grade


def stock_otter(folder: Path, count: int) -> Callable[[], None]:
    """Return the tests in otter's own format, in the student's kernel."""
    prepare_otter(folder)
    return laid(lay_otter, folder, count)


def laid(lay: Callable[[Path, Path], list[str] | None], kit: Path, count: int) -> Callable[[], None]:
    """Return a course of `benchmarks/runners`, in the place where its scripts look."""

    def grade() -> None:
        for _ in range(count):
            (PLACE / "results").mkdir(parents=True)
            try:
                command = lay(kit, hand_in(kit / "hand-in"))
                assert command is not None
                run("env", f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}", *command, cwd=PLACE)
                assert (PLACE / "results/results.json").exists()
            finally:
                shutil.rmtree(PLACE)

    return grade


# nbgrader ---------------------------------------------------------------------------------------------------------------


def ours_nbgrader(folder: Path, count: int) -> Callable[[], None]:
    """`nbgrader autograde` in our course."""
    shutil.copytree(DIST / "nbgrader", folder / "course", ignore=shutil.ignore_patterns("submitted", "autograded", "feedback"))
    return autograde(folder / "course", count)


def stock_nbgrader(folder: Path, count: int) -> Callable[[], None]:
    """Return a course whose notebook runs one check in each graded cell, in the student's kernel."""
    course = folder / "course"
    assignment = course / "source/backprop"
    assignment.mkdir(parents=True)
    library(assignment)
    cells = [new_code_cell("import warmup, dnn, extension\nfrom course import check", id="imports")]
    for number, check in enumerate(CHECKS):
        graded = {"schema_version": 3, "solution": False, "grade": True, "locked": True, "task": False}
        graded |= {"points": check.points, "grade_id": check.name}
        cells.append(new_code_cell(f"check('{check.part}.{check.name}')", id=f"c{number}", metadata={"nbgrader": graded}))
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), assignment / "backprop.ipynb")
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    run(TOOLS / "nbgrader", "generate_assignment", "backprop", cwd=course)
    return autograde(course, count)


def autograde(course: Path, count: int) -> Callable[[], None]:
    """Return a class that hands in what was released with the solution in it, graded anew each time."""
    for number in range(count):
        submitted = course / f"submitted/student{number}/backprop"
        shutil.copytree(course / "release/backprop", submitted)
        for part, source in solutions().items():
            (submitted / f"{part}.py").write_bytes(source)
    return lambda: run(TOOLS / "nbgrader", "autograde", "backprop", "--force", cwd=course)


DOORS = (
    Door("make grade, and the checks in a script", ours_folder, stock_folder, classes=10),
    Door("Gradescope, and gradescope-utils", ours_gradescope, stock_gradescope),
    Door("otter run", ours_otter, stock_otter),
    Door("nbgrader autograde", ours_nbgrader, stock_nbgrader),
)


LOCKS = {
    "judge": "Gradescope",
    "grade": "make grade",
    "otter": "make otter, otter run",
    "nbgrader": "make nbgrader, nbgrader autograde",
}


def installed(lock: str) -> tuple[int, float]:
    """Return how many packages a lock installs into an empty environment, and how many megabytes they take, pip not counted."""
    with tempfile.TemporaryDirectory(prefix="doors-") as folder:
        run(TOOLS / "python", "-m", "venv", "--without-pip", folder, cwd=ROOT)
        pip = (TOOLS / "python", "-m", "pip", "--python", Path(folder, "bin/python"), "install", "-qq", "--require-hashes")
        run(*pip, "-r", ROOT / f"requirements/{lock}.txt", cwd=ROOT)
        (packages,) = Path(folder, "lib").glob("python3*/site-packages")
        size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
        return len(list(packages.glob("*.dist-info"))), size / 1e6


def main() -> None:
    """Measure every integration, and print one row for each."""
    parser = argparse.ArgumentParser(prog="benchmarks.doors", description=__doc__)
    parser.add_argument("--submissions", type=int, default=5, help="so many, and ten times as many for make grade")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{given.submissions} submissions (make grade: {10 * given.submissions}), median of {given.rounds} rounds")
    print(f"{'seconds per submission':40} {'this grader':>12} {'the tool alone':>15} {'ratio':>7}")
    for door in DOORS:
        count = given.submissions * door.classes
        with tempfile.TemporaryDirectory(prefix="doors-") as folder:
            sides = []
            for name, side in (("ours", door.ours), ("stock", door.stock)):
                place = Path(folder, name)
                place.mkdir()
                sides.append(side(place, count))
            rounds = [[taken(side) / count for side in sides] for _ in range(given.rounds)]
        ours, stock = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{door.title:40} {ours:12.3f} {stock:15.3f} {stock / ours:6.1f}x", flush=True)
    print(f"\n{'what is installed':40} {'packages':>12} {'megabytes':>15}")
    for lock, title in LOCKS.items():
        packages, megabytes = installed(lock)
        print(f"{title:40} {packages:12} {megabytes:15.0f}", flush=True)


def taken(work: Callable[[], None]) -> float:
    """Return the seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
