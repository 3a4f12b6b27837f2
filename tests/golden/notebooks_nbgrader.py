"""Hostile things to lie beside the three files of a submission to nbgrader, most of them a notebook.

ATTACKS: the name of an attack -> a function of the path of a marker, which gives the files by their paths. All code in them
touches the marker where it runs.
"""

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from autograder.packaging.notebook import notebook, notebook_text
from autograder.platforms.nbgrader.cells import with_graded_cells
from tests.course import ASSIGNMENT

NAME = "backprop.ipynb"
SCRIPT = "<script>alert(1)</script>"
EMPTY = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}
CELL = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [], "execution_count": None}
PLANTED = (
    "sitecustomize.py",
    "usercustomize.py",
    "nbgrader_config.py",
    "jupyter_config.py",
    "jupyter_nbconvert_config.py",
    "jupyter_notebook_config.py",
    "ipython_config.py",
    "ipykernel_launcher.py",
    "ipykernel/__init__.py",
    "IPython/__init__.py",
    "numpy.py",
    "nbgrader/__init__.py",
    "autograder/__init__.py",
    "tests/__init__.py",
    "conftest.py",
    "check.py",
    "checks/__init__.py",
    "lab.py",
    "json.py",
)


@cache
def released() -> str:
    """Return the notebook as students get it."""
    return with_graded_cells(ASSIGNMENT, notebook(notebook_text(ASSIGNMENT)))


def graded(whole: NotebookNode) -> list[NotebookNode]:
    """Return the graded cells of a notebook."""
    return [cell for cell in whole.cells if "nbgrader" in cell.metadata]


def with_all_points(whole: NotebookNode) -> None:
    """Saved as if every graded cell had shown all its points."""
    for cell in graded(whole):
        points = cell.metadata.nbgrader.points
        cell.outputs = [new_output("execute_result", {"text/plain": str(points), "text/html": f"<b>{points}</b>"})]


def with_more_points(whole: NotebookNode) -> None:
    """Each graded cell is worth a thousand points, and has them."""
    for cell in graded(whole):
        cell.metadata.nbgrader.points = 1000
    with_all_points(whole)


def without_graded_cells(whole: NotebookNode) -> None:
    """Every graded cell is deleted."""
    whole.cells = [cell for cell in whole.cells if "nbgrader" not in cell.metadata]


def with_each_cell_twice(whole: NotebookNode) -> None:
    """Each graded cell is there twice, with all its points."""
    with_all_points(whole)
    whole.cells += [nbformat.from_dict({**cell, "id": f"{cell.id}-2"}) for cell in graded(whole)]


def with_other_cells(whole: NotebookNode) -> None:
    """Graded cells that nobody has asked for."""
    kind = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False, "points": 100}
    names = ["bonus", "", "../x", "dnn forward", "x" * 500, "<script>"]
    whole.cells += [new_code_cell("1", metadata={"nbgrader": {**kind, "grade_id": name}}) for name in names]


def with_other_metadata(whole: NotebookNode, **changed: object) -> None:
    """Each graded cell has other metadata."""
    for cell in graded(whole):
        cell.metadata.nbgrader.update(changed)


def with_markdown_cells(whole: NotebookNode) -> None:
    """Each graded cell has become text."""
    for cell in graded(whole):
        cell.update(cell_type="markdown", attachments={})


def with_script(whole: NotebookNode) -> None:
    """Each graded cell shows a page that would run in the TA's browser."""
    for cell in graded(whole):
        cell.outputs = [new_output("display_data", {"text/html": SCRIPT, "application/javascript": "alert(1)"})]


def with_another_kernel(whole: NotebookNode) -> None:
    """The notebook asks for a kernel of its own."""
    whole.metadata.kernelspec = {"name": "mine", "display_name": "mine", "language": "python", "argv": ["sh", "-c", "exit"]}


def changed(change: Callable[[NotebookNode], object], marker: Path) -> dict[str, bytes]:
    """Return the released notebook with a change, and with a first cell that touches the marker."""
    whole = nbformat.reads(released(), as_version=4)
    whole.cells.insert(0, new_code_cell(touch(marker), id="first"))
    change(whole)
    return {NAME: json.dumps(whole).encode()}


def running(code: str, marker: Path) -> dict[str, bytes]:
    """Return the released notebook with a first cell that runs some code."""
    whole = nbformat.reads(released(), as_version=4)
    whole.cells.insert(0, new_code_cell(f"{touch(marker)}\n{code}", id="first"))
    return {NAME: nbformat.writes(whole).encode()}


def touch(marker: Path) -> str:
    """Code that touches the marker."""
    return f"open({str(marker)!r}, 'w').close()"


def files(text: str, *names: str) -> dict[str, bytes]:
    """Return the same text in several files."""
    return dict.fromkeys(names, text.encode())


CODE = {
    "redefines what the cells call": "import check\ncheck.task = check.run = check.main = lambda *given: 0",
    "transforms what is run next": "get_ipython().input_transformers_post.append(lambda lines: ['34.0'])",
    "patches numpy": "import numpy as np\nnp.allclose = np.array_equal = lambda *given, **named: True\nnp.linalg.norm = lambda *given: 0",
    "writes into the gradebook": (
        "import glob, sqlite3\n"
        "for path in glob.glob('../../../gradebook.db'):\n"
        "    with sqlite3.connect(path) as book:\n"
        "        book.execute('update grade set auto_score = 34, manual_score = 34')"
    ),
    "quotes the cells to come": "print(In[-1], Out)\nglobals()['_oh'] = {number: 34.0 for number in range(99)}",
    "takes over the display": "get_ipython().display_formatter.format = lambda *given, **named: ({'text/plain': '34.0'}, {})",
    "leaves the kernel": "import os\nos._exit(0)",
    "never ends": "while True: pass",
    "a magic that writes files": "get_ipython().run_cell_magic('writefile', '../../../nbgrader_config.py', 'c = get_config()')",
}
CHANGES: dict[str, Callable[[NotebookNode], object]] = {
    "all points are saved in the outputs": with_all_points,
    "cells worth a thousand points": with_more_points,
    "no graded cells": without_graded_cells,
    "graded cells twice": with_each_cell_twice,
    "graded cells of one's own": with_other_cells,
    "graded cells are text": with_markdown_cells,
    "another kernel": with_another_kernel,
    "another grade_id": partial(with_other_metadata, grade_id="same"),
    "cells to be graded by hand": partial(with_other_metadata, grade=True, solution=True),
    "cells that are not graded": partial(with_other_metadata, grade=False),
    "points that are no number": partial(with_other_metadata, points="all"),
    "a schema of the future": partial(with_other_metadata, schema_version=99),
    "a schema of the past": partial(with_other_metadata, schema_version=0),
}
ATTACKS: dict[str, Callable[[Path], dict[str, bytes]]] = {
    **{name: partial(running, code) for name, code in CODE.items()},
    **{name: partial(changed, change) for name, change in CHANGES.items()},
    "no notebook": lambda marker: {},
    "a notebook of another name": lambda marker: {"mine.ipynb": changed(with_all_points, marker)[NAME]},
    "a second notebook": lambda marker: changed(with_all_points, marker) | {"mine.ipynb": b"{"},
    "a notebook further down": lambda marker: {f"further/{NAME}": changed(with_all_points, marker)[NAME]},
    "a notebook that is a folder": lambda marker: {f"{NAME}/dnn.txt": b""},
    "broken JSON": lambda marker: {NAME: b'{"cells": ['},
    "JSON without cells": lambda marker: {NAME: b"[]"},
    "no UTF-8": lambda marker: {NAME: b"\xff\xfe\x00"},
    "an empty notebook": lambda marker: {NAME: b""},
    "a cell without source": lambda marker: {NAME: json.dumps({**EMPTY, "cells": [{"cell_type": "code", "source": None}]}).encode()},
    "100,000 cells": lambda marker: {NAME: json.dumps({**EMPTY, "cells": [CELL] * 100_000}).encode()},
    "a script as output": partial(changed, with_script),
    "a notebook of 20 MB": lambda marker: {NAME: b"[" * 20_000_000},
    "planted modules": lambda marker: files(touch(marker), *PLANTED),
    "folders named like files": lambda marker: files("x", "check.py/x", "lab.py/x", "README.md/x"),
    "files named like folders": lambda marker: files("x", "checks", "figures"),
}
