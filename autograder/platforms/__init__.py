"""The integrations with platforms: the contents of each package, and a thin call into the judge.

Each platform is a folder here whose package.py defines INTEGRATION. The build, the commands, the manifest and the Makefile
discover these folders; there is no other list of platforms.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from autograder.assignment import Assignment

NAMES = tuple(sorted(place.parent.name for place in Path(__file__).parent.glob("*/package.py")))


class Integration(Protocol):
    """A platform. outputs maps the path of each file or folder in its package to its audience."""

    outputs: Mapping[str, str]

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write the package into a folder and return a sentence about it; raise BuildError if that fails."""
        ...


def integration(name: str) -> Integration:
    """Import and return an integration. The import is deferred, because other platforms do not need its tools."""
    found: Integration = importlib.import_module(f"autograder.platforms.{name}.package").INTEGRATION
    return found
