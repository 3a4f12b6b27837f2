"""Attacks on otter that live in a notebook, or in files that a tool which runs notebooks may run beside one.

A platform that takes notebooks runs their cells where it marks them. Ours must not: whoever hands these in earns what the three
files earn, and the trace, a line with the attack's name in a file that is there for it, stays away.
"""

import pickle
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

NOTEBOOK = "backprop.ipynb"

# Put before the cells of the notebook that was handed out; what they patch is what otter runs behind them.
BEFORE = {
    "another grader": """
class Notebook:
    def __init__(self, *given, **named):
        pass

    def check(self, *given, **named):
        return "passed"

    init_grading_mode = check_all = export = check

import otter
otter.Notebook, grader = Notebook, Notebook()
""",
    "generous checker": """
from otter.execute import Checker
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

def run(self, environment):
    self.test_case_results = [TestCaseResult(case, "passed", True) for case in self.test_cases]

ExceptionTestFile.run = run
Checker.disable_tracking = lambda: None
""",
    "generous results": """
from otter.test_files import GradingResults
begin = GradingResults.__init__

def generous(self, test_files, notebook=None):
    begin(self, test_files, notebook)
    for file in test_files:
        file.update_score(file.possible)

GradingResults.__init__ = generous
""",
    "forged pickle": """
import pickle
dump = pickle.dump

def forged(results, file):
    for each in results.results.values():
        each.update_score(each.possible)
    dump(results, file)

pickle.dump = forged
""",
    "input transformer": """
MORE = "for file in results.results.values():\\n    file.update_score(file.possible)\\n"

def generous(lines):
    return [line + (MORE if line.startswith("results = GradingResults(") else "") for line in lines]

get_ipython().input_transformers_post.append(generous)
""",
    "history": """
import re

def afterwards(*_):
    found = re.search(r'with open\\("(.+?)", "wb"\\)', In[-1])
    if found:
        import pickle
        with open(found[1], "rb") as file:
            results = pickle.load(file)
        for each in results.results.values():
            each.update_score(each.possible)
        with open(found[1], "wb") as file:
            pickle.dump(results, file)

get_ipython().events.register("post_run_cell", afterwards)
""",
    "patched numpy": """
import numpy as np
np.linalg.norm = lambda *given, **named: 0.0
np.array_equal = np.allclose = lambda *given, **named: True
""",
    "lenient check": """
import check
check.must_pass = check.main = lambda *given: 0
""",
    "results written": """
import pathlib
for folder in (pathlib.Path("../results"), pathlib.Path("/autograder/results")):
    if folder.is_dir():
        (folder / "results.json").write_text('{"score": 100, "tests": []}')
        (folder / "results.pkl").write_bytes(b"")
""",
}

# A launcher that does what the real one does, and more: the folder it lies in is the one the kernel is started in.
LAUNCHER = """
import sys
sys.path = [path for path in sys.path if path]
from otter.test_files import GradingResults
begin = GradingResults.__init__

def generous(self, test_files, notebook=None):
    begin(self, test_files, notebook)
    for file in test_files:
        file.update_score(file.possible)

GradingResults.__init__ = generous
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""
PERFECT = """
import json
test = {"name": "all", "score": 100, "max_score": 100, "status": "passed", "output": "", "visibility": "visible"}
test["extra_data"] = {"id": "dnn.all"}
print(json.dumps({"score": 100, "output": "", "tests": [test], "extra_data": {"status": "graded", "remarks": []}}))
"""
# Laid beside the notebook: the path of each file and what it does.
BESIDE = {
    "launcher of the kernel": {"ipykernel_launcher.py": LAUNCHER},
    "modules in the way": {
        f"{name}.py": ""
        for name in ("otter", "numpy", "nbformat", "nbconvert", "sitecustomize", "usercustomize", "pickle", "autograder_otter")
    },
    "planted tests": {"tests/forward.py": 'OK_FORMAT = False\nname = "forward"\n', "tests/conftest.py": ""},
    "planted grader": {
        "grader/autograder/__init__.py": "",
        "grader/autograder/platforms/__init__.py": "",
        "grader/autograder/platforms/apart.py": PERFECT,
        "grader/sitecustomize.py": "",
    },
    "names of otter's own": {
        "__zip_filename__": "",
        "run_otter.py": "",
        "run_autograder": "",
        "otter_config.json": '{"plugins": [], "points_possible": 1}',
        "submission_metadata.json": "{}",
        "results.json": '{"score": 100, "tests": []}',
        "files/backprop.ipynb": "",
        "environment.yml": "",
    },
    "ways out of the folder": {f"{out}{NOTEBOOK}.py": "" for out in ("../", "../../results/", "/", "C:\\")},
    "planted settings": {
        "conftest.py": "",
        "ipython_config.py": "",
        "ipython_kernel_config.py": "",
        "jupyter_config.py": "",
        "nbgrader_config.py": "",
        ".ipython/profile_default/startup/first.py": "",
    },
}


def trace(marker: Path, name: str) -> str:
    """Return a line of code that leaves a line in the file `marker`."""
    return f"open({str(marker)!r}, 'a').write({name + chr(10)!r})"


def ahead(cell: str, handed_out: bytes) -> NotebookNode:
    """Return the notebook with a cell before all others."""
    notebook = nbformat.reads(handed_out.decode(), as_version=4)
    notebook.cells.insert(0, new_code_cell(cell))
    return notebook


def files(notebook: NotebookNode) -> dict[str, bytes]:
    """Return the notebook as a file of a submission."""
    return {NOTEBOOK: nbformat.writes(notebook).encode()}


def in_a_cell(name: str) -> Callable[[bytes, Path], dict[str, bytes]]:
    """Return an attack of BEFORE."""
    return lambda handed_out, marker: files(ahead(f"{trace(marker, name)}\n{BEFORE[name]}", handed_out))


def beside(name: str) -> Callable[[bytes, Path], dict[str, bytes]]:
    """Return an attack of BESIDE."""
    return lambda handed_out, marker: {
        NOTEBOOK: handed_out,
        **{path: f"{trace(marker, f'{name}: {path}')}\n{code}".encode() for path, code in BESIDE[name].items()},
    }


def shell(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Return a cell whose commands go to the shell."""
    return files(ahead(f"!echo shell >> '{marker}'", handed_out))


def deleted_cells(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Return a notebook of one cell."""
    notebook = ahead(trace(marker, "deleted cells"), handed_out)
    notebook.cells = notebook.cells[:1]
    return files(notebook)


def other_tests(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Tests of the student's own in the metadata, and a cell that has them run."""
    line = trace(marker, "other tests")
    source = f'from otter.test_files import test_case\nOK_FORMAT = False\nname = "forward"\n{line}\n'
    notebook = ahead(line, handed_out)
    notebook.metadata["otter"] = {"OK_FORMAT": False, "tests": {"forward": source}}
    notebook.cells[0].metadata["otter"] = {"tests": ["forward"]}
    return files(notebook)


def ignored_cells(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Return a cell that runs, before cells that otter is told to leave out."""
    notebook = ahead(trace(marker, "ignored cells"), handed_out)
    for cell in notebook.cells[1:]:
        cell.metadata["tags"] = ["otter_ignore"]
    return files(notebook)


def results_pickle(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Results as otter leaves them, which run code when they are read."""
    results = pickled(trace(marker, "results pickle"))
    return {NOTEBOOK: handed_out, "results.pkl": results, ".OTTER_RESULTS": results}


def log(handed_out: bytes, marker: Path) -> dict[str, bytes]:
    """Return a log of otter's that runs code when it is read: otter unpickles it."""
    return {NOTEBOOK: handed_out, ".OTTER_LOG": pickled(trace(marker, "log"))}


def pickled(code: str) -> bytes:
    """Return a pickle that runs code when it is read."""

    class Entry:
        def __reduce__(self):
            return exec, (code,)

    return pickle.dumps(Entry())


# The files that each lays beside warmup.py, dnn.py and extension.py, given the bytes of the notebook that was handed out and
# the file in which it leaves a trace. They may be chained: each leaves in place what it does not need to change.
NOTEBOOKS: dict[str, Callable[[bytes, Path], dict[str, bytes]]] = {
    "deleted cells": deleted_cells,
    "other tests": other_tests,
    "log": log,
    "ignored cells": ignored_cells,
    "results pickle": results_pickle,
    "shell": shell,
    **{name: in_a_cell(name) for name in BEFORE},
    **{name: beside(name) for name in BESIDE},
}
