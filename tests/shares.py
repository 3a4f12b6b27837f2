"""Large families of tests take turns: a push runs one share of each, which its commit chooses.

The same commit always runs the same share. `SHARE=3 make test` repeats share 3, `SHARE=all make test` runs everything;
docs/tests.md lists the families.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

from autograder.files import ROOT

SHARES = 12
Item = TypeVar("Item")


@cache
def current_share() -> int:
    """Return the share of this commit, or the one that the environment variable SHARE names. Where there is no git it is 0."""
    if (chosen := os.environ.get("SHARE")) and not is_everything():
        return int(chosen) % SHARES
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int(asked.stdout[:12] or "0", 16) % SHARES


def is_everything() -> bool:
    """Return whether everything is to be run at once."""
    return os.environ.get("SHARE") == "all"


def in_turn(items: Iterable[Item], every: int = SHARES, share: int | None = None) -> list[Item]:
    """Return the items whose turn it is: one in `every`, a divisor of SHARES; all of them if SHARE is "all"."""
    if share is None and is_everything():
        return list(items)
    return list(items)[(current_share() if share is None else share) % every :: every]


def next_in_turn(items: Sequence[Item], place: int) -> list[Item]:
    """Return one of the items, another one at the next place and for the next share; all of them if SHARE is "all"."""
    return list(items) if is_everything() else [items[(current_share() + place) % len(items)]]
