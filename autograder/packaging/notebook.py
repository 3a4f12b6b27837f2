"""Convert the lab notebook from its text in solution/ to the .ipynb that students open."""

import jupytext  # type: ignore[import-untyped]
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.assignment import Assignment
from autograder.packaging.regions import for_course

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
MAKE = {"code": new_code_cell, "markdown": new_markdown_cell}


CHECK_CELL = '_ = check.main(["{part}"])'  # runs the public checks of a part; platforms insert their graded cells there


def notebook_text(assignment: Assignment) -> str:
    """Return the notebook's text in jupytext's percent format: the assignment's own, or one that just runs public checks."""
    own = assignment.solution / f"{assignment.name}.py"
    if own.exists():
        return for_course(assignment, own.read_text())
    cells = [f"# %% [markdown]\n# # {assignment.title}\n\n# %%\nimport check\n"]
    cells += [f"# %%\n{CHECK_CELL.format(part=part)}\n" for part in assignment.part_names]
    return "\n".join(cells)


def notebook(text: str) -> str:
    """Return the .ipynb for a text in jupytext's percent format, without outputs; the same text gives the same bytes.

    Raise nbformat.ValidationError if Jupyter could not open it.
    """
    return written(new_notebook(cells=cells_of(text), metadata=METADATA))


def cells_of(text: str) -> list[NotebookNode]:
    """Return the cells of a notebook's text in jupytext's percent format."""
    return [MAKE[cell.cell_type](cell.source) for cell in jupytext.reads(text, fmt="py:percent").cells]


def written(whole: NotebookNode) -> str:
    """Return the text of a notebook. Each cell gets its number as its id, because nbformat's ids are random.

    Raise nbformat.ValidationError if Jupyter could not open it.
    """
    for number, cell in enumerate(whole.cells, start=1):
        cell.id = f"cell-{number}"
    nbformat.validate(whole)
    return nbformat.writes(whole).rstrip("\n") + "\n"
