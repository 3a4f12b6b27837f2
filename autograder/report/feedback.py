"""A mark as a page for the student: the score, what to fix first, and every task with the checks that failed."""

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from autograder.assignment import Assignment
from autograder.checking import TOLERANCE
from autograder.marks import Mark
from autograder.report.page import load_macro, render_page
from autograder.report.words import CODE, join_titles, list_printed, write_summary
from autograder.results import Cause, CheckResult, Comparison, Result, name_file, total
from autograder.settings import Course

SENTENCE = re.compile(r".+?(?:[.!?](?=\s)\s*|$)", re.DOTALL)
MAX_REPEATED = 3  # words of a sentence that may be on a page more than once
DIGITS = 4  # that a table shows of its largest number


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
    def passed(self) -> list[CheckResult]:
        """The checks that passed."""
        return [check for check in self.checks if check.passed]

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that did not."""
        return [check for check in self.checks if not check.passed]

    @property
    def notes(self) -> list[str]:
        """The notes of the checks, each once."""
        return list(dict.fromkeys(check.note for check in self.checks if check.note))


class Failures(NamedTuple):
    """Failed checks of a task that have one reason: a mistake, by its number, or else (0) the text of what they found."""

    mistake: int
    found: str
    checks: list[CheckResult]


class Place(NamedTuple):
    """A place on the page: its id, and what a link to it says."""

    anchor: str
    label: str


class Cell(NamedTuple):
    """A number of a tensor, the expected one, and a CSS class for how far off it is."""

    got: str
    want: str
    shade: str


class Said:
    """The sentences and tables that a page has so far, so that none is on it twice."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.tables: set[Comparison] = set()

    def once(self, text: str, place: Place) -> str:
        """Return a text without the sentences that the page has already, and note that it has the others at a place."""
        found = [(sentence, " ".join(sentence.split())) for sentence in SENTENCE.findall(text)]
        new = [sentence for sentence, words in found if words not in self.places or words.count(" ") < MAX_REPEATED]
        for _, words in found:
            self.places.setdefault(words, place)
        return "".join(new).rstrip()

    def tabulate(self, comparison: Comparison | None) -> list[list[Cell]]:
        """Return the cells of a tensor; none if there is no tensor, or if the page has its table already."""
        if comparison is None or comparison in self.tables:
            return []
        self.tables.add(comparison)
        return compare_numbers(comparison)

    def find(self, text: str) -> Place:
        """Return the place of the first sentence of a text."""
        return self.places[" ".join(SENTENCE.findall(text)[0].split())]


def feedback_html(
    mark: Mark, figure: Markup | None = None, assignment: Assignment | None = None, course: Course = Course()
) -> str:
    """Return the text of feedback/<student>.html; a figure, if any, shows where the first mistake is."""
    result, said = mark.shown, Said()
    parts = [part for part in group_checks(result.checks, "part") if part.max_score]
    start = list_start(result)
    for check in result.failed_tasks:
        if start == (name_file(check.part, check.got),) and check.got not in start:
            said.once(check.got, Place("start", "Start here"))
    numbered = reversed([*enumerate(result.causes, start=1)])
    return render_page(
        "feedback",
        mark=mark,
        result=result,
        course=join_titles(course.name, assignment.title if assignment else ""),
        is_complete=result.status == "graded" and not result.failed and result.score == result.max_score,
        summary=write_summary(result),
        printed=list_printed(result),
        parts=parts if result.status == "graded" else (),
        bars=parts if result.status != "error" else (),
        problems={part.name: find_problem(part) for part in parts},
        sections=find_sections(result, assignment, course.handout) if assignment else {},
        group_checks=group_checks,
        group_failures=group_failures,
        quote_code=quote_code,
        find_traceback=find_traceback,
        render_passed=render_passed,
        mistakes={(cause.part, cause.said): number for number, cause in numbered},
        start=start,
        said=said,
        place=Place,
        figure=figure,
        first_numbers=next((step.comparison for step in result.steps if step.comparison), None),
    )


def list_start(result: Result) -> tuple[str, ...]:
    """Return what to fix first; nothing if the summary says it, or if it is the first mistake of the list."""
    first = result.first_to_fix
    if result.status != "graded" or not first or first in [cause.headline for cause in result.causes[:1]]:
        return ()
    return result.notes if first == " ".join(result.notes) else (first,)


def group_checks(checks: Iterable[CheckResult], attribute: str) -> list[Group]:
    """Return the checks of each part or of each task, in their order."""
    groups: dict[str, list[CheckResult]] = {}
    for check in checks:
        groups.setdefault(getattr(check, attribute), []).append(check)
    return [Group(*group) for group in groups.items()]


def group_failures(checks: Iterable[CheckResult], mistakes: Mapping[tuple[str, str], int]) -> list[Failures]:
    """Return the checks by the reason of their failure, in their order; mistakes has the number of each cause of a part."""
    groups: dict[tuple[int, str], list[CheckResult]] = {}
    for check in checks:
        mistake = mistakes.get((check.part, check.cause), 0)
        groups.setdefault((mistake, "" if mistake else check.got), []).append(check)
    return [Failures(*reason, found) for reason, found in groups.items()]


def find_problem(part: Group) -> str:
    """Return why the whole file of a part was not checked, or ""."""
    reasons = {check.got if check.blocked else "" for check in part.checks}
    return reasons.pop() if len(reasons) == 1 else ""


def find_sections(result: Result, assignment: Assignment, handout: str) -> dict[str, tuple[str, str]]:
    """Return the heading of the hand-out's section on each task and its URL, "" if the hand-out is not on the web."""
    headings = {task: assignment.section(task) for task in dict.fromkeys(check.task for check in result.checks)}
    return {
        task: (heading, f"{handout}#{name_anchor(heading)}" if handout else "") for task, heading in headings.items() if heading
    }


def name_anchor(heading: str) -> str:
    """Return the id of a heading in the hand-out: https://github.com/executablebooks/mdit-py-plugins."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def quote_code(cause: Cause) -> Iterator[tuple[str, str]]:
    """Yield the student's code behind a mistake, each piece with a caption."""
    place, _, line = cause.line.partition(": ")
    if line:
        yield place, line
    if others := [one for one in cause.code if not line.startswith(one)]:
        yield CODE if len(others) == len(cause.code) else "Your code also computes", "\n".join(others)


def find_traceback(cause: Cause, checks: Iterable[CheckResult]) -> str:
    """Return the student's own lines of a traceback behind a mistake if there is no other code to quote."""
    details = (check.detail for check in checks if (check.part, check.cause) == (cause.part, cause.said) and check.detail)
    return "" if cause.line or cause.code else textwrap.dedent(next(details, ""))


@lru_cache(maxsize=4096)  # a passed check looks the same on every page
def render_passed(check: CheckResult) -> Markup:
    """Return a check that passed as an item of its task."""
    return load_macro("check.html", "item")(check)


def compare_numbers(comparison: Comparison) -> list[list[Cell]]:
    """Return the cells of a tensor, row by row, with errors relative to the largest expected number.

    All numbers have as many decimals, one more if a wrong number would look like the expected one.
    """
    largest = max(abs(number) for row in comparison.want for number in row)
    least = max(0, DIGITS - 1 - math.floor(math.log10(largest))) if largest else DIGITS
    rows = [[*zip(*row, strict=True)] for row in zip(comparison.got, comparison.want, strict=True)]
    for decimals in (least, least + 1):
        cells = [[compare_number(*pair, largest, decimals) for pair in row] for row in rows]
        if not any(cell.got == cell.want and cell.shade != "agrees" for row in cells for cell in row):
            break
    return cells


def compare_number(got: float, want: float, largest: float, decimals: int) -> Cell:
    """Return the cell of one number of a tensor, given the largest expected number of that tensor."""
    error = abs(got - want) / largest if largest else math.inf
    is_close = got == want or error <= TOLERANCE
    shade = "agrees" if is_close else "near" if error < 0.1 else "off" if error < 1 else "far"
    return Cell(write_number(got, decimals), write_number(want, decimals), shade)


def write_number(value: float, decimals: int) -> str:
    """Return a number with these decimals, or with three digits if it is so large that it would be long."""
    text = f"{value:.{decimals}f}" if abs(value) < 10**DIGITS else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
