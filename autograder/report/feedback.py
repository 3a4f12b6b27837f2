"""A mark as a page for the student: what to mend first, what is right, and every check."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from autograder.backprop.figure import BOX, HEIGHT, RADIUS, WIDTH, drawing
from autograder.checking import TOLERANCE
from autograder.marks import Mark
from autograder.report.page import macro, page
from autograder.report.words import counted, printed, summary, to_mend
from autograder.results import PARTS, CheckResult, Comparison, Result, total


class Task(NamedTuple):
    """A task as the page shows it: its marks, notes, whether all is right, and its checks, those to mend first."""

    name: str
    score: float
    most: float
    notes: list[str]
    is_right: bool
    rows: list[Markup]


class Part(NamedTuple):
    """A part as the page shows it: its name, its marks, what is the matter with its file, and its tasks."""

    name: str
    score: float
    most: float
    problem: str
    tasks: list[Task]


class Cell(NamedTuple):
    """A number of a tensor: what came, what is due where that is another number, and how far off it is."""

    got: str
    want: str
    shade: str


def feedback_html(mark: Mark) -> str:
    """The text of feedback/<student>.html."""
    result = mark.result
    return page(
        "feedback",
        mark=mark,
        result=result,
        summary=summary(result),
        printed=printed(result),
        parts=[part(result, name) for name in PARTS if result.part_max(name)],
        to_mend=next(iter(to_mend(result)), None) if result.status == "graded" else None,
        right=what_is_right(result),
        drawing=drawing(result),
        first=numbers_of_first(result),
        width=WIDTH,
        height=HEIGHT,
        radius=RADIUS,
        box_width=BOX[0],
        box_height=BOX[1],
    )


def part(result: Result, name: str) -> Part:
    """One part of a result; where its file cannot be graded one sentence says why, and not every check again."""
    checks = [check for check in result.checks if check.part == name]
    problem = next((note for note in result.notes if all(check.got == note for check in checks)), "")
    tasks = [] if problem or result.status == "invalid" else list(by_task(checks, mistakes(result, name)))
    return Part(name, total(checks), result.part_max(name), problem, tasks)


def mistakes(result: Result, part: str) -> dict[str, int]:
    """The number of each mistake of a part on the page, by what is said of it."""
    causes = list(enumerate(result.causes, start=1))
    return {cause.said: number for number, cause in reversed(causes) if cause.part == part}


def by_task(checks: list[CheckResult], numbers: dict[str, int]) -> Iterator[Task]:
    """The tasks of these checks."""
    for task, group in tasks_of(checks).items():
        ordered = sorted(group, key=lambda check: bool(check.passed))
        notes = list(dict.fromkeys(check.note for check in group if check.note))
        rows = [row(check, numbers.get(check.cause, 0)) for check in ordered]
        yield Task(task, total(group), sum(check.points for check in group), notes, all(check.passed for check in group), rows)


def tasks_of(checks: list[CheckResult]) -> dict[str, list[CheckResult]]:
    """The checks of each task."""
    grouped: dict[str, list[CheckResult]] = {}
    for check in checks:
        grouped.setdefault(check.task, []).append(check)
    return grouped


@lru_cache(maxsize=4096)  # those that are passed read alike on every page
def row(check: CheckResult, mistake: int) -> Markup:
    """A check as a row of its task, with the number of the mistake behind its failure."""
    return macro("check.html", "row")(check, mistake, cells(check.comparison) if check.comparison else [])


def numbers_of_first(result: Result) -> Markup:
    """The numbers of the first wrong tensor of the example, if there is one."""
    comparison = next((step.comparison for step in result.steps if step.comparison), None)
    return macro("check.html", "heat")(comparison, cells(comparison)) if comparison else Markup("")


def cells(comparison: Comparison) -> list[list[Cell]]:
    """The numbers of a tensor, row by row; as far off as their error is of the largest number that is due."""
    largest = max(abs(number) for row in comparison.want for number in row)
    rows = zip(comparison.got, comparison.want, strict=True)
    return [[cell(got, want, largest) for got, want in zip(*pair, strict=True)] for pair in rows]


def cell(got: float, want: float, largest: float) -> Cell:
    """One number of a tensor whose largest number that is due is given."""
    error = abs(got - want) / largest if largest else math.inf
    if got == want or error <= TOLERANCE:
        return Cell(short(got), "", "agrees")
    shade = next((name for name, bound in (("near", 0.1), ("off", 1)) if error < bound), "far")
    return Cell(short(got), short(want), shade)


def short(number: float) -> str:
    """A number to three digits."""
    return f"{number:.3g}"


def what_is_right(result: Result) -> str:
    """A sentence on the tasks in which nothing is to be mended; "" where there are none, or nothing else."""
    if not result.failed or result.status != "graded":
        return ""
    found = []
    for name in PARTS:
        checks = [check for check in result.checks if check.part == name]
        tasks = [task for task, group in tasks_of(checks).items() if all(check.passed for check in group)]
        if tasks:
            whole = all(check.passed for check in checks)
            points = counted(total(check for check in checks if check.task in tasks))
            found.append(f"{'all of ' if whole else ''}{name}.py{'' if whole else ': ' + ', '.join(tasks)} ({points})")
    return f"Every check passed in {'; '.join(found)}." if found else ""
