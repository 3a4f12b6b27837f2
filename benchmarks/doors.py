"""`make bench WHAT=doors`: seconds per submission on each platform, next to the platform's own tool on the same submissions
and the same core.

Every row grades the project's solution: once the way this project packs it, once as a course that follows the tool's own
documentation would, with the same checks run beside the student's code (`benchmarks/runners/courses.py`). Only our own code
runs outside the sandbox here. The two sides of a row take turns; what counts is their ratio. A second table says what each
way of grading installs.
"""

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from autograder.files import ROOT
from autograder.packaging.output import DIST
from benchmarks.commands import TOOLS, Spent, grade_command, one_core, repeat, run
from benchmarks.runners.courses import PLACE, lay_gradescope, lay_otter, prepare_gradescope, prepare_otter
from benchmarks.runners.library import library
from tests.course import CHECKS
from tests.golden.programs import solutions

FULL = sum(check.points for check in CHECKS)
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Door(NamedTuple):
    """A way in. Each side is made ready once, in a folder, and then grades so many submissions each time it is called."""

    title: str
    ours: Callable[[Path, int], Callable[[], Spent]]
    stock: Callable[[Path, int], Callable[[], Spent]]
    classes: int = 1  # a class is so many times as large, where one start serves a whole class


def hand_in(folder: Path) -> Path:
    """Return a submission: the three files of the solution."""
    folder.mkdir(parents=True)
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)
    return folder


# make grade, beside the same checks run bare ----------------------------------------------------------------------------


def ours_folder(folder: Path, count: int) -> Callable[[], Spent]:
    """`make grade FORCE=1` on a folder of submissions, with one worker."""
    for number in range(count):
        hand_in(folder / f"class/student{number}")
    command = grade_command(folder / "class", folder / "out")
    return lambda: run(*command, "--force", cwd=ROOT)  # or the gradebook knows them


def stock_folder(folder: Path, count: int) -> Callable[[], Spent]:
    """Return a script that imports the student's files and runs the checks, one process for each submission."""
    library(folder)
    hand_in(folder / "student")
    names = [f"{check.part}.{check.name}" for check in CHECKS]
    (folder / "grade.py").write_text(f"from course import check\n\nfor name in {names!r}:\n    check(name)\n")
    path = f"{folder}:{folder / 'student'}"

    return lambda: repeat(count, lambda: run(TOOLS / "python", folder / "grade.py", cwd=folder, python_path=path))


# Gradescope -------------------------------------------------------------------------------------------------------------


def ours_gradescope(folder: Path, count: int, package: Path = DIST / "gradescope/autograder.zip") -> Callable[[], Spent]:
    """run_autograder of our zip; setup.sh's environment is the one that is here."""
    source = folder / "source"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(source)
    (source / ".venv").symlink_to(TOOLS.parent)
    hand_in(folder / "submission")
    # As in setup.sh: this leaves bytecode where run_autograder, which writes none and unsets PYTHON*, finds it.
    ready = ("env", "-u", "PYTHONPYCACHEPREFIX", ".venv/bin/python", "-m", "autograder.platforms.gradescope", "--check")
    run(*ready, cwd=source)
    return lambda: repeat(count, lambda: run("env", f"AUTOGRADER_ROOT={folder}", "bash", source / "run_autograder", cwd=folder))


def stock_gradescope(folder: Path, count: int) -> Callable[[], Spent]:
    """gradescope-utils with a weight on every test."""
    prepare_gradescope(folder)
    return laid(lay_gradescope, folder, count)


# otter ------------------------------------------------------------------------------------------------------------------


def ours_otter(folder: Path, count: int) -> Callable[[], Spent]:
    """`otter run` on our zip, in the environment of the other side: what else is installed makes otter's start longer."""
    archive = shutil.make_archive(str(folder / "student"), "zip", hand_in(folder / "submission"))
    command = (sys.executable, "-m", "otter", "run", "-a", DIST / "otter/autograder.zip", "-o", folder, archive)
    return lambda: repeat(count, lambda: run(*command, cwd=folder))


def stock_otter(folder: Path, count: int) -> Callable[[], Spent]:
    """Return the tests in otter's own format, in the student's kernel."""
    prepare_otter(folder)
    return laid(lay_otter, folder, count)


def laid(lay: Callable[[Path, Path], list[str] | None], kit: Path, count: int) -> Callable[[], Spent]:
    """Return a course of `benchmarks/runners`, in the place where its scripts look."""

    def grade() -> Spent:
        (PLACE / "results").mkdir(parents=True)
        try:
            command = lay(kit, hand_in(kit / "hand-in"))
            assert command is not None
            spent = run("env", f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}", *command, cwd=PLACE)
            tests = json.loads((PLACE / "results/results.json").read_text())["tests"]
            assert abs(sum(test.get("score", 0) for test in tests) - FULL) < 1e-6, tests
            return spent
        finally:
            shutil.rmtree(PLACE)

    return lambda: repeat(count, grade)


# nbgrader ---------------------------------------------------------------------------------------------------------------


def ours_nbgrader(folder: Path, count: int) -> Callable[[], Spent]:
    """`nbgrader autograde` in our course."""
    shutil.copytree(DIST / "nbgrader", folder / "course", ignore=shutil.ignore_patterns("submitted", "autograded", "feedback"))
    return autograde(folder / "course", count)


def stock_nbgrader(folder: Path, count: int) -> Callable[[], Spent]:
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


def autograde(course: Path, count: int) -> Callable[[], Spent]:
    """Return a class that hands in what was released with the solution in it, graded anew each time."""
    for number in range(count):
        submitted = course / f"submitted/student{number}/backprop"
        shutil.copytree(course / "release/backprop", submitted)
        for part, source in solutions().items():
            (submitted / f"{part}.py").write_bytes(source)

    def grade() -> Spent:
        spent = run(TOOLS / "nbgrader", "autograde", "backprop", "--force", cwd=course)
        with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as book:
            scores = book.execute("SELECT SUM(auto_score) FROM grade GROUP BY notebook_id")
            assert [round(score, 6) for (score,) in scores] == [FULL] * count
        return spent

    return grade


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
            with one_core():
                rounds = [[side().per(count).wall for side in sides] for _ in range(given.rounds)]
        ours, stock = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{door.title:40} {ours:12.3f} {stock:15.3f} {stock / ours:6.1f}x", flush=True)
    print(f"\n{'what is installed':40} {'packages':>12} {'megabytes':>15}")
    for lock, title in LOCKS.items():
        packages, megabytes = installed(lock)
        print(f"{title:40} {packages:12} {megabytes:15.0f}", flush=True)


if __name__ == "__main__":
    main()
