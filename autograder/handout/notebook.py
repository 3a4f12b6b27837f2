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
    cells = [numbered(cell, number) for number, cell in enumerate(jupytext.reads(text, fmt="py:percent").cells, start=1)]
    whole = new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(whole)
    return nbformat.writes(whole).rstrip("\n") + "\n"


def numbered(cell: NotebookNode, number: int) -> NotebookNode:
    """A new cell with the source of another and its number as its id, which nbformat would otherwise draw at random."""
    return MAKE[cell.cell_type](cell.source, id=f"cell-{number}")
