"""Courses set up as in each tool's documentation, and how they grade a submission.

All of them use the same checks: those of tests/public and tests/hidden.
"""

import itertools
import json
import pprint
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.runners.library import HERE, library
from tests.course import CHECKS, PARTS

LARGEST_UPLOAD = 100 * 1024**2  # bytes
PLACE = Path("/tmp/autograder")  # in a /tmp that is there for this one grading; the scripts in stock/ name it too


class Course(NamedTuple):
    """A way of grading.

    results is the folder that results go to, score the pattern of the results.json in it, leaves those of what else the tool
    itself writes there. needs_repository says whether the project's own files have to be there. prepare makes once what no
    submission changes; lay puts down what it takes to grade one, in PLACE, and returns the command, or None if it cannot be
    handed in there.
    """

    title: str
    results: Path
    score: str
    leaves: frozenset[str]
    needs_repository: bool
    prepare: Callable[[Path], None]
    lay: Callable[[Path, Path], list[str] | None]


def can_be_uploaded(submission: Path) -> bool:
    """Return whether it is a folder of plain files, and no larger than a platform takes."""
    if submission.is_symlink() or not submission.is_dir():
        return False
    modes = [path.lstat() for path in submission.rglob("*")]
    plain = all(stat.S_ISREG(mode.st_mode) or stat.S_ISDIR(mode.st_mode) for mode in modes)
    return plain and sum(mode.st_size for mode in modes) <= LARGEST_UPLOAD


# gradescope-utils: unittest with a weight on every test ---------------------------------------------------------------


def prepare_gradescope(kit: Path) -> None:
    """The folder source/ of a Gradescope autograder, as in Gradescope's Python example."""
    source = kit / "source"
    library(source)
    (source / "tests").mkdir()
    for part in PARTS:
        (source / f"tests/test_{part}.py").write_text("\n".join(unittest_lines(part)))
    shutil.copy(HERE / "stock/run_tests.py", source)
    shutil.copy(HERE / "stock/run_autograder", source)


def unittest_lines(part: str) -> list[str]:
    """Return a test case with one method for each check of a part."""
    lines = [
        "import unittest",
        "from gradescope_utils.autograder_utils.decorators import visibility, weight",
        "from course import check",
        "",
        "",
        f"class Test{part.capitalize()}(unittest.TestCase):",
    ]
    for rubric in CHECKS:
        if rubric.part == part:
            shown = "visible" if rubric.visibility == "public" else "after_published"
            lines += [
                f"    @weight({rubric.points})",
                f"    @visibility({shown!r})",
                f"    def test_{rubric.name}(self):",
                f"        {rubric.sentence!r}",
                f"        check({f'{part}.{rubric.name}'!r})",
                "",
            ]
    return lines


def lay_gradescope(kit: Path, submission: Path) -> list[str] | None:
    """Gradescope's folders with the submission in them."""
    if not can_be_uploaded(submission):
        return None
    shutil.copytree(kit / "source", PLACE / "source")
    shutil.move(submission, PLACE / "submission")
    shutil.copy(PLACE / "source/run_autograder", PLACE)
    return ["bash", str(PLACE / "run_autograder")]


# otter-grader: a notebook, the three files beside it, and tests in the OK format ---------------------------------------


def prepare_otter(kit: Path) -> None:
    """The autograder.zip that `otter generate` makes of the tests and the checks."""
    library(kit)
    tests = kit / "tests"
    tests.mkdir()
    questions = itertools.groupby((rubric for rubric in CHECKS), lambda rubric: (rubric.part, rubric.task))
    for number, ((part, task), rubrics) in enumerate(questions, start=1):
        name = f"q{number:02d}_{part}_{re.sub('[^a-z]+', '_', task.lower())}"
        cases = [
            {
                "code": f">>> from course import check\n>>> check({f'{part}.{rubric.name}'!r})\n",
                "hidden": rubric.visibility == "hidden",
                "locked": False,
                "points": rubric.points,
            }
            for rubric in rubrics
        ]
        suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": name, "points": None, "suites": [suite]}
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\n\ntest = {pprint.pformat(test, sort_dicts=False)}\n")
    (kit / "otter_config.json").write_text(json.dumps({"autograder_dir": str(PLACE)}))
    command = [sys.executable, "-m", "otter", "generate", "--tests-dir", "tests", "--output-path", "autograder.zip", "course"]
    subprocess.run(command, cwd=kit, check=True, capture_output=True)
    notebook = new_notebook(cells=[new_code_cell(f"import {part}") for part in PARTS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, kit / "backprop.ipynb")


def lay_otter(kit: Path, submission: Path) -> list[str] | None:
    """Return the folders of otter's container: what otter generate made in source/, and in submission/ what its export zips."""
    if not can_be_uploaded(submission):
        return None
    shutil.unpack_archive(kit / "autograder.zip", PLACE / "source")
    shutil.move(submission, PLACE / "submission")
    if not any((PLACE / "submission").glob("*.ipynb")):
        shutil.copy(kit / "backprop.ipynb", PLACE / "submission")
    (PLACE / "submission_metadata.json").write_text("{}")
    return [sys.executable, str(PLACE / "source/run_otter.py")]


# This grader ----------------------------------------------------------------------------------------------------------


def prepare_own(_: Path) -> None:
    """Nothing: it is here."""


def lay_own(_: Path, submission: Path) -> list[str] | None:
    """Return the command behind `make grade`, on the folder the submission is in."""
    out = str(PLACE / "results")
    return [sys.executable, "-m", "autograder", "grade", str(submission.parent), "--out", out, "--jobs", "1"]


COURSES: dict[str, Course] = {
    "own": Course(
        "this grader",
        PLACE / "results",
        "results/*.json",
        frozenset({"grades.csv", "gradebook.db", "report.html", "feedback/*.html", "exports/*.csv"}),
        True,
        prepare_own,
        lay_own,
    ),
    "otter": Course(
        f"otter-grader {version('otter-grader')}",
        PLACE / "results",
        "results.json",
        frozenset({"results.pkl"}),
        False,
        prepare_otter,
        lay_otter,
    ),
    "gradescope": Course(
        f"gradescope-utils {version('gradescope-utils')}",
        PLACE / "results",
        "results.json",
        frozenset(),
        False,
        prepare_gradescope,
        lay_gradescope,
    ),
}
