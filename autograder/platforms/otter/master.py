"""The master notebook: the lab notebook with otter's questions, as input for `otter assign`."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_raw_cell

from autograder.assignment import Assignment, Part
from autograder.packaging.notebook import CHECK_CELL, METADATA, cells_of, written
from autograder.packaging.regions import BuildError

# https://otter-grader.readthedocs.io/en/latest/otter_assign/notebook_format.html: an exception-based test.
TEST = '''""" # BEGIN TEST CONFIG
points: {points}
""" # END TEST CONFIG
def test_{name}():
    import check

    check.must_pass("{part}", "{name}")'''
INSTRUCTIONS = (
    "The zip contains your files and this notebook. The notebook is not graded, so you can also submit just the files."
)
CONFIG = {
    "export_cell": {"pdf": False, "run_tests": False, "ignore_log": True, "instructions": INSTRUCTIONS},
    "tests": {"ok_format": False},
    "plugins": ["autograder_otter.Judged"],
    # Otter's summary of public tests would mention passed hidden ones; the plugin writes its own summary.
    "generate": {"show_hidden": True, "force_public_test_summary": False},
}


def master(assignment: Assignment, text: str, autograder_files: Iterable[str], requirements: Iterable[str]) -> str:
    """Return the master notebook for a notebook's text; the grading machine gets autograder_files and requirements.

    Raise BuildError if the text has no cell to replace with the questions of a part.
    """
    config = {
        "student_files": [f"{part}.py" for part in assignment.part_names],
        **CONFIG,
        "autograder_files": list(autograder_files),
        "requirements": list(requirements),
    }
    cells = cells_of(text)
    places = {CHECK_CELL.format(part=part.name): part for part in assignment.parts}
    if missing := places.keys() - {cell.source for cell in cells}:
        raise BuildError(f"The notebook has no cell {', '.join(sorted(missing))} to replace with otter's questions.")
    filled = [new for cell in cells for new in (questions(places[cell.source]) if cell.source in places else [cell])]
    head = new_raw_cell(f"# ASSIGNMENT CONFIG\n{json.dumps(config, indent=2)}")  # JSON is YAML too
    return written(new_notebook(cells=[head, *filled], metadata=METADATA))


def questions(part: Part) -> list[NotebookNode]:
    """Return the cells of the questions of a part, one for each task that has public checks."""
    return [cell for task in part.tasks if task.public for cell in question(part.name, task.name, task.public)]


def question(part: str, task: str, checks: Mapping[str, Any]) -> list[NotebookNode]:
    """Return the cells of one question."""
    return [
        new_raw_cell(f"# BEGIN QUESTION\nname: {name_question(task)}"),
        new_raw_cell("# BEGIN TESTS"),
        *(new_code_cell(TEST.format(part=part, name=name, points=points)) for name, points in checks.items()),
        new_raw_cell("# END TESTS"),
        new_raw_cell("# END QUESTION"),
    ]


def name_question(task: str) -> str:
    """Return a task's name as one word, because otter uses it as a file name."""
    return re.sub(r"\W+", "_", task)
