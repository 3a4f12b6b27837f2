"""A result as a page for the student: one HTML file that asks for nothing else."""

import re
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from autograder.report.words import number, summary
from autograder.results import CheckResult, Result


@cache
def template() -> Template:
    """The page's template; every value that goes into it is escaped."""
    loader = PackageLoader("autograder.report", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    environment.filters["code"] = code
    return environment.get_template("feedback.html")


def code(text: str) -> Markup:
    """The text, escaped, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def feedback_html(result: Result) -> str:
    """The text of feedback/<student>.html."""
    return template().render(result=result, summary=summary(result), tasks=list(tasks(result)))


def tasks(result: Result) -> Iterator[tuple[str, float, float, list[CheckResult]]]:
    """Each task with its marks, the marks it could have, and its checks: those to mend first."""
    grouped: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        grouped.setdefault(check.task, []).append(check)
    for task, group in grouped.items():
        checks = sorted(group, key=lambda check: bool(check.passed))
        yield task, sum(check.score for check in checks), sum(check.points for check in checks), checks
