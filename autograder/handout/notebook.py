"""The lab notebook: from its text in solution/ to the .ipynb that students open."""

import jupytext  # type: ignore[import-untyped]
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
MAKE = {"code": new_code_cell, "markdown": new_markdown_cell}


def notebook(text: str) -> str:
    """The .ipynb of a notebook's text in jupytext's percent format, without outputs; the same text gives the same bytes.

    Raises nbformat.ValidationError if Jupyter would not open it.
    """
    return written(new_notebook(cells=cells_of(text), metadata=METADATA))


def cells_of(text: str) -> list[NotebookNode]:
    """The cells of a notebook's text in jupytext's percent format."""
    return [MAKE[cell.cell_type](cell.source) for cell in jupytext.reads(text, fmt="py:percent").cells]


def written(whole: NotebookNode) -> str:
    """The text of a notebook, each cell with its number as its id, which nbformat would otherwise draw at random.

    Raises nbformat.ValidationError if Jupyter would not open it.
    """
    for number, cell in enumerate(whole.cells, start=1):
        cell.id = f"cell-{number}"
    nbformat.validate(whole)
    return nbformat.writes(whole).rstrip("\n") + "\n"
