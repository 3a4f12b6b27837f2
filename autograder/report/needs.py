"""What ends a run in the terminal: what a person has to look at, how often, and what to do about it."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from autograder.intake.entries import make_printable
from autograder.report.overview import CONCERNS

MAX_NAMES = 5  # of one kind
MAX_REMARK = 300  # characters
OWN_KINDS = {
    "late": ("Late, with points taken", "grades.csv has the reason for each. More time goes below [late.extensions]."),
}


class Need(NamedTuple):
    """One kind of thing to look at: what it is, how often it is there, some names, and what to do."""

    what: str
    number: int
    names: Sequence[str]
    todo: str


def needs_of_marks(names: dict[str, list[str]]) -> Iterator[Need]:
    """Yield what the marks of a class need, by the names of the submissions for each kind of concern."""
    for kind, (what, todo) in (CONCERNS | OWN_KINDS).items():
        if kind in names:
            yield Need(what, len(names[kind]), names[kind], todo)


def write_needs(needs: Iterable[Need], remarks: Iterable[str]) -> list[str]:
    """Return the lines that end a run; remarks are what was said when it began."""
    lines = [write_need(need) for need in needs if need.number]
    lines += [f"- {textwrap.shorten(remark, MAX_REMARK, placeholder=' …')}" for remark in remarks if remark]
    return ["What needs your attention:", *lines] if lines else ["Nothing needs your attention."]


def write_need(need: Need) -> str:
    """Return the line on one kind."""
    names = ", ".join(make_printable(name, 40) for name in need.names[:MAX_NAMES])
    more = f" and {need.number - MAX_NAMES} more" if need.number > MAX_NAMES else ""
    return f"- {need.what}: {need.number}{f' ({names}{more})' if names else ''}. {need.todo}"
