"""The graded cells of the notebook: one for each task, after the public checks of its part."""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.assignment import Assignment, Task
from autograder.packaging.notebook import CHECK_CELL
from autograder.packaging.regions import BuildError
from autograder.platforms.nbgrader import grade_id
from autograder.text import format_count


def with_graded_cells(assignment: Assignment, text: str) -> str:
    """Return the lab notebook's .ipynb with the graded cells inserted; raise BuildError if there is no place for a part."""
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    for part in assignment.parts:
        checked = CHECK_CELL.format(part=part.name)
        place = next((place for place, cell in enumerate(notebook.cells, start=1) if cell.source == checked), None)
        if place is None:
            raise BuildError(f"The notebook has no cell {checked} to insert the graded cells of {part.name} after.")
        notebook.cells[place:place] = [graded_cell(part.name, task) for task in part.tasks]
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def graded_cell(part: str, task: Task) -> NotebookNode:
    """Return a task's graded cell (https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html)."""
    name = grade_id(part, task.name)
    kind = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False}
    return new_code_cell(source(part, task), id=name, metadata={"nbgrader": {**kind, "grade_id": name, "points": task.points}})


def source(part: str, task: Task) -> str:
    """Return the code that a student sees in a graded cell, which runs the public checks of the task."""
    here = "These are its public checks" if task.public else "It has no public checks"
    head = f'# {part}.py, "{task.name}": {format_count(task.points)}.'
    return f'{head}\n# {here}; hidden ones are graded after you submit.\nimport check\n\ncheck.task("{part}", "{task.name}")'
