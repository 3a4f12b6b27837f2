"""A mark as a page for the student: one HTML file that asks for nothing else."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from autograder.marks import Mark
from autograder.report.words import number, printed, summary
from autograder.results import PARTS, CheckResult, Result, total


@cache
def template(name: str) -> Template:
    """The template of a page; every value that goes into it is escaped."""
    loader = PackageLoader("autograder.report", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    environment.filters["code"] = code
    environment.filters["row"] = row
    return environment.get_template(name)


@lru_cache(maxsize=1024)  # most are the sentences of the checks
def code(text: str) -> Markup:
    """The text, escaped, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


@lru_cache(maxsize=4096)  # those that are passed read alike on every page
def row(check: CheckResult) -> Markup:
    """A check as a row of its task."""
    return Markup(template("check.html").render(check=check))  # noqa: S704


class Task(NamedTuple):
    """A task as the page shows it: its marks, why a check in it is worth less, and its checks, those to mend first."""

    name: str
    score: float
    most: float
    notes: list[str]
    checks: list[CheckResult]


class Part(NamedTuple):
    """A part as the page shows it: its name, its marks, what is the matter with its file, and its tasks."""

    name: str
    score: float
    most: float
    problem: str
    tasks: list[Task]


def feedback_html(mark: Mark) -> str:
    """The text of feedback/<student>.html."""
    result = mark.result
    parts = [part(result, name) for name in PARTS]
    return template("feedback.html").render(
        mark=mark, result=result, summary=summary(result), printed=printed(result), parts=parts
    )


def part(result: Result, name: str) -> Part:
    """One part of a result; where its file cannot be graded one sentence says why, and not every check again."""
    checks = [check for check in result.checks if check.part == name]
    problem = next((note for note in result.notes if all(check.got == note for check in checks)), "")
    tasks = [] if problem or result.status == "invalid" else list(by_task(checks))
    return Part(name, total(checks), result.part_max(name), problem, tasks)


def by_task(checks: list[CheckResult]) -> Iterator[Task]:
    """The tasks of these checks."""
    grouped: dict[str, list[CheckResult]] = {}
    for check in checks:
        grouped.setdefault(check.task, []).append(check)
    for task, group in grouped.items():
        ordered = sorted(group, key=lambda check: bool(check.passed))
        notes = list(dict.fromkeys(check.note for check in group if check.note))
        yield Task(task, total(group), sum(check.points for check in group), notes, ordered)
