"""Know which modules the grader has, and explain why one is missing.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import sys

NEED_A_SCREEN = {"idlelib", "tkinter", "turtle", "turtledemo"}
# These have side effects when imported, or are tools for building Python.
NOT_FOR_GRADING = NEED_A_SCREEN | {"antigravity", "ensurepip", "lib2to3", "pip", "pydoc_data", "test", "this", "venv"}


def is_available(name: str) -> bool:
    """Return whether the grader has a module: numpy, and the useful part of the standard library."""
    top = name.partition(".")[0]
    return top == "numpy" or (top in sys.stdlib_module_names and top not in NOT_FOR_GRADING)


def why_missing(name: str) -> str:
    """Return why a module cannot be imported in the grader."""
    top = name.partition(".")[0]
    if top in NEED_A_SCREEN:
        return f"`{top}` needs a screen, which the grader does not have"
    if is_available(name):
        return f"this Python has no `{name}`"
    if top in sys.stdlib_module_names:
        return f"`{top}` is a part of Python that the grader leaves out"
    return f"`{top}` is not available in the grader"
