"""What the grader has to import from."""

import sys


def is_available(name: str) -> bool:
    """Return whether the grader has a module."""
    return name.partition(".")[0] in {"numpy", *sys.stdlib_module_names}


def why_missing(name: str) -> str:
    """Return why a module cannot be imported in the grader."""
    return f"`{name.partition('.')[0]}` is not available in the grader"
