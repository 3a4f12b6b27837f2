"""The integrations with platforms: what each needs in its package, and its thin call into the judge.

A platform is a folder here whose package.py offers INTEGRATION. The build, the commands, the manifest and the Makefile go by
these folders: nothing else lists platforms.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from autograder.assignment import Assignment

NAMES = tuple(sorted(place.parent.name for place in Path(__file__).parent.glob("*/package.py")))


class Integration(Protocol):
    """A platform. outputs says for whom each file or folder of its package is, by its path there."""

    outputs: Mapping[str, str]

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write the package into a folder and return a sentence on it; BuildError if that cannot be done."""
        ...


def integration(name: str) -> Integration:
    """Return the integration of this name. It is imported only now: its platform's tools need not be installed for others."""
    found: Integration = importlib.import_module(f"autograder.platforms.{name}.package").INTEGRATION
    return found
