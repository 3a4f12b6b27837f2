"""The graded cells of the notebook: one for each task, after the public checks of its part."""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.backprop.rubric import RUBRIC
from autograder.handout.regions import BuildError
from autograder.platforms.nbgrader import TASKS, grade_id, most
from autograder.report.words import number
from autograder.results import PARTS


def with_graded_cells(text: str) -> str:
    """The .ipynb of the lab notebook with the graded cells in it; BuildError if it has no place for those of a part."""
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    for part in PARTS:
        checked = f'_ = check.main(["{part}"])'
        place = next((place for place, cell in enumerate(notebook.cells, start=1) if cell.source == checked), None)
        if place is None:
            raise BuildError(f"solution/backprop.py has no cell that is {checked}, after which the graded cells of {part} go.")
        notebook.cells[place:place] = [graded_cell(part, task) for of, task in TASKS if of == part]
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def graded_cell(part: str, task: str) -> NotebookNode:
    """A task's cell as nbgrader knows it: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html."""
    name = grade_id(part, task)
    kind = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False}
    return new_code_cell(
        source(part, task), id=name, metadata={"nbgrader": {**kind, "grade_id": name, "points": most(part, task)}}
    )


def source(part: str, task: str) -> str:
    """What a student sees and can run: the public checks of a task."""
    here = "These are its public checks" if "public" in RUBRIC[part][task] else "It has no public checks"
    points = most(part, task)
    head = f'# {part}.py, "{task}": {number(points)} point{"s" if points != 1 else ""}.'
    return f'{head}\n# {here}; hidden ones are graded after the hand-in.\nimport check\n\ncheck.task("{part}", "{task}")'
