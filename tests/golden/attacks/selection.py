"""Which attacks without which layers a push runs, and which wait for `make bench WHAT=attacks`.

Almost every attack ends the same way whatever single layer is missing; docs/attacks.md says which do not. A push runs the ones that
do not, for there the missing layer is what decides, and one share of the others, which its commit chooses: each push tries
other ones, and the same commit always tries the same.
"""

from collections.abc import Iterator
from typing import NamedTuple

from autograder.files import ROOT
from autograder.sandbox.layers import LAYERS
from tests.golden.attacks import ATTACKS
from tests.shares import in_turn

PAGE = ROOT / "docs/attacks.md"
SAME = "·"  # in a cell of the page: the attack ends as it does with all layers
# What is missing, by the name of its column: each layer by itself, and all that an ordinary user lacks where the system allows
# no user namespace.
MISSING = {**{layer: (layer,) for layer in LAYERS}, "namespaces": ("root", "user", "network", "ipc", "pid")}


class Run(NamedTuple):
    """An attack, and the column of what is missing when it is graded."""

    attack: str
    missing: str


def every_run() -> list[Run]:
    """Return every attack that gets as far as the sandbox, without each of what may be missing."""
    running = [name for name, attack in ATTACKS.items() if attack.status != "invalid"]
    return [Run(name, missing) for missing in MISSING for name in running]


def selected_runs(page: str, *, privileged: bool, share: int | None = None) -> list[Run]:
    """Return the runs of a push: those that end differently according to the page, and a share of the others.

    The sandbox of an ordinary user is built of the same layers as root's, so there the share is left out.
    """
    decided = {run for run, ending in cells(page) if ending != SAME}
    others = in_turn((run for run in every_run() if run not in decided), share=share) if privileged else []
    chosen = decided.union(others)
    return [run for run in every_run() if run in chosen]


def cells(page: str) -> Iterator[tuple[Run, str]]:
    """Yield every run that the page has a cell for, and how it ends."""
    columns: list[str] = []
    for line in page.splitlines():
        first, *rest = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if first == "without":
            columns = rest
        elif not line.startswith("|"):
            columns = []
        elif columns and first in ATTACKS:
            yield from ((Run(first, missing), ending) for missing, ending in zip(columns, rest, strict=True))
