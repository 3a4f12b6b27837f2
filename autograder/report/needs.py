"""What a person has to decide about a class, and what is good to know, for the terminal and for the class report."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from autograder.gradebook.book import Alike
from autograder.intake.entries import make_printable
from autograder.marks import Mark
from autograder.sandbox.layers import lacking

MAX_NAMES = 5  # of one kind
MAX_REMARK = 300  # characters


class Need(NamedTuple):
    """One kind of thing to look at: what it is, how often it is there, the names, what to do, and whether that is a decision.

    kind is the one of CONCERNS, "copies" for similar submissions, and "" for everything else.
    """

    what: str
    number: int
    names: Sequence[str]
    todo: str
    is_decision: bool = True
    kind: str = ""


class Concern(NamedTuple):
    """What a mark can need: a title, what to do about it, and whether that is a decision."""

    what: str
    todo: str
    is_decision: bool = True


CONCERNS = {
    "error": Concern("The grader failed", "The traceback is in the terminal. `make grade` tries these submissions again."),
    "invalid": Concern("Nothing could be read", "These have 0 points. Ask for the files again."),
    "differences": Concern(
        "Backward passes by finite differences", "The rubric deducts points for these. Check that you agree with each one."
    ),
    "remark": Concern("Notes for you", "Students do not see these notes."),
    "files": Concern(
        "Skipped lines and unusual files", "These submissions were graded, and their students see the same notes.", False
    ),
    "weak": Concern(
        "Weak isolation", "Some protections were missing. `make doctor` shows which ones this machine has.", is_decision=False
    ),
    "late": Concern(
        "Late, with a penalty", "To give someone more time, list them below `[late.extensions]` in the course file.", False
    ),
}


def find_concerns(mark: Mark) -> dict[str, str]:
    """Return a few sentences for each one of CONCERNS that a mark raises."""
    result = mark.result
    found = {} if result.status == "graded" else {result.status: result.reason}
    notes = " ".join(dict.fromkeys(check.note for check in result.checks if check.note))
    if notes:
        found["differences"] = notes
    told = notes.replace("`", "")  # a note for students that says the same to TAs
    if remarks := " ".join(one for one in (*result.remarks, *mark.remarks) if one.replace("`", "").rstrip(".") not in told):
        found["remark"] = remarks
    if result.warnings:
        found["files"] = " ".join(result.warnings)
    if result.layers and (weak := lacking(result.layers, ())):
        found["weak"] = f"Nothing protected the grader's {' and '.join(weak)} from these submissions."
    if mark.penalty:
        found["late"] = " ".join(mark.announced)
    return found


def needs_of_marks(names: Mapping[str, Sequence[str]]) -> Iterator[Need]:
    """Yield what the marks of a class need, by the names of the submissions for each kind of concern."""
    for kind, (what, todo, is_decision) in CONCERNS.items():
        if kind in names:
            yield Need(what, len(names[kind]), names[kind], todo, is_decision, kind)


def needs_of_pairs(alike: Sequence[Alike]) -> Iterator[Need]:
    """Yield what the pairs that `make copies` found need."""
    if alike:
        pairs = [f"{pair.first} and {pair.second}" for pair in alike]
        yield Need(
            "Suspiciously similar", len(pairs), pairs, "Compare each pair in copies.html; nothing here is proof.", kind="copies"
        )


def count_decisions(needs: Iterable[Need]) -> int:
    """Return how many entries need a decision; the terminal and the class report show the same number."""
    return sum(need.number for need in needs if need.is_decision)


def write_needs(needs: Sequence[Need], remarks: Iterable[str]) -> list[str]:
    """Return the lines that end a run; remarks are what was said when it began."""
    decisions, rest = (
        [write_need(need) for need in needs if need.number and need.is_decision is kind] for kind in (True, False)
    )
    rest += [f"- {textwrap.shorten(remark, MAX_REMARK, placeholder=' …')}" for remark in remarks if remark]
    head = (
        [f"What needs your attention: {count_decisions(needs)}", *decisions] if decisions else ["Nothing needs your attention."]
    )
    return [*head, *(["Good to know:", *rest] if rest else [])]


def write_need(need: Need) -> str:
    """Return the line on one kind."""
    names = ", ".join(make_printable(name, 40) for name in need.names[:MAX_NAMES])
    more = f" and {need.number - MAX_NAMES} more" if need.number > MAX_NAMES else ""
    return f"- {need.what}: {need.number}{f' ({names}{more})' if names else ''}. {need.todo}"
