"""A mark as a page for the student: what to fix first, what is right, and every check."""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from autograder.checking import TOLERANCE
from autograder.marks import Mark
from autograder.report.page import load_macro, render_page
from autograder.report.words import list_printed, write_summary
from autograder.results import CheckResult, Comparison, Result, total
from autograder.text import format_count


class Group(NamedTuple):
    """The checks of a part or of a task."""

    name: str
    checks: list[CheckResult]

    @property
    def score(self) -> float:
        """The points earned."""
        return total(self.checks)

    @property
    def max_score(self) -> float:
        """The possible points."""
        return sum(check.points for check in self.checks)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def notes(self) -> list[str]:
        """The notes of the checks, each once."""
        return list(dict.fromkeys(check.note for check in self.checks if check.note))

    @property
    def failures_first(self) -> list[CheckResult]:
        """The checks, those to fix first."""
        return sorted(self.checks, key=lambda check: bool(check.passed))


class Cell(NamedTuple):
    """A number of a tensor, the expected one if it is another, and a CSS class for how far off it is."""

    got: str
    want: str
    shade: str


def feedback_html(mark: Mark, figure: Markup | None = None) -> str:
    """Return the text of feedback/<student>.html; a figure, if any, shows where the first mistake is."""
    result = mark.shown
    parts = [part for part in group_checks(result.checks, "part") if part.max_score]
    return render_page(
        "feedback",
        mark=mark,
        result=result,
        summary=write_summary(result),
        printed=list_printed(result),
        parts=parts,
        problems={part.name: find_problem(part) for part in parts},
        group_checks=group_checks,
        render_check=render_check,
        mistakes={(cause.part, cause.said): number for number, cause in reversed([*enumerate(result.causes, start=1)])},
        start=choose_start(result),
        passed=list_passed(parts) if result.failed and result.status == "graded" else "",
        figure=figure,
        first_numbers=render_first_numbers(result),
    )


def choose_start(result: Result) -> str:
    """Return what to fix first, or "" where the summary says it or it is the first in the list of causes."""
    listed = [cause.headline for cause in result.causes[:1]]
    return "" if result.status != "graded" or result.first_to_fix in listed else result.first_to_fix


def group_checks(checks: Iterable[CheckResult], attribute: str) -> list[Group]:
    """Return the checks of each part or of each task, in their order."""
    groups: dict[str, list[CheckResult]] = {}
    for check in checks:
        groups.setdefault(getattr(check, attribute), []).append(check)
    return [Group(*group) for group in groups.items()]


def find_problem(part: Group) -> str:
    """Return why the whole file of a part was not checked, or ""."""
    reasons = {check.got if check.blocked else "" for check in part.checks}
    return reasons.pop() if len(reasons) == 1 else ""


@lru_cache(maxsize=4096)  # those that passed are the same on every page
def render_check(check: CheckResult, mistake: int) -> Markup:
    """Return a check as an item of its task, with the number of the mistake behind its failure, or 0."""
    return load_macro("check.html", "item")(check, mistake, compare_numbers(check.comparison) if check.comparison else [])


def render_first_numbers(result: Result) -> Markup:
    """Return the numbers of the first wrong tensor of the example, if any, as a table."""
    comparison = next((step.comparison for step in result.steps if step.comparison), None)
    return load_macro("check.html", "heat")(comparison, compare_numbers(comparison)) if comparison else Markup("")


def compare_numbers(comparison: Comparison) -> list[list[Cell]]:
    """Return the cells of a tensor, row by row, with errors relative to the largest expected number."""
    largest = max(abs(number) for row in comparison.want for number in row)
    rows = zip(comparison.got, comparison.want, strict=True)
    return [[compare_number(*pair, largest) for pair in zip(*row, strict=True)] for row in rows]


def compare_number(got: float, want: float, largest: float) -> Cell:
    """Return the cell of one number of a tensor, given the largest expected number of that tensor."""
    error = abs(got - want) / largest if largest else math.inf
    if got == want or error <= TOLERANCE:
        return Cell(f"{got:.3g}", "", "agrees")
    shade = "near" if error < 0.1 else "off" if error < 1 else "far"
    return Cell(f"{got:.3g}", f"{want:.3g}", shade)


def list_passed(parts: Iterable[Group]) -> str:
    """Return a sentence on the tasks in which every check passed; "" if there are none."""
    found = []
    for part in parts:
        if passed := [task for task in group_checks(part.checks, "task") if task.passed]:
            points = format_count(total(check for task in passed for check in task.checks))
            tasks = ", ".join(task.name for task in passed)
            found.append(f"all of {part.name}.py ({points})" if part.passed else f"{part.name}.py: {tasks} ({points})")
    return f"Every check passed in {'; '.join(found)}." if found else ""
