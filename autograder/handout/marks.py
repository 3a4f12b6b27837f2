"""What the hand-out says about marks, made from the rubric."""

import textwrap
from collections.abc import Mapping

from autograder.backprop.rubric import FINITE_DIFFERENCES, RUBRIC

Checks = Mapping[str, Mapping[str, float]]  # the points of the checks, by who sees them


def marks_table() -> str:
    """The points of every part and task, those of the public and of the hidden checks apart, as a table in Markdown."""
    lines = ["| part | task | public checks | hidden checks | points |", "|---|---|---|---|---|"]
    for part, tasks in RUBRIC.items():
        lines.append(row(f"**{part}.py**", "", *tasks.values()))
        lines += [row("", task, checks) for task, checks in tasks.items()]
    return "\n".join([*lines, row("**together**", "", *(checks for tasks in RUBRIC.values() for checks in tasks.values()))])


def row(part: str, task: str, *groups: Checks) -> str:
    """One row: what the public checks of these groups are worth, what the hidden ones are, and both."""
    public, hidden = (sum(sum(checks.get(kind, {}).values()) for checks in groups) for kind in ("public", "hidden"))
    return f"| {part} | {task} | {public:g} | {hidden:g} | {public + hidden:g} |".replace("|  |", "| |")


def rule_on_finite_differences() -> str:
    """What a backward pass by finite differences is worth, as a paragraph."""
    words = (
        "Finite differences, where a weight is nudged and the loss computed again, can test a backward pass and do not replace "
        "it. Where `compute_gradients` of a network finds its gradients that way, the checks of its backward pass are worth "
        f"{FINITE_DIFFERENCES:.0%} of their points."
    )
    return textwrap.fill(words, 124)
