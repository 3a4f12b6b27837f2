"""A class on one page for the TA: what to cover in the next lecture, what needs a decision, the scores, and all students.

Marks are added one after the other; of each only a row of the table is kept.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from autograder.gradebook.book import Alike
from autograder.marks import Mark
from autograder.report.distribution import Distribution
from autograder.report.needs import CONCERNS, Need, count_decisions, find_concerns, needs_of_marks, needs_of_pairs
from autograder.report.words import write_headline
from autograder.results import Cause, CheckResult, Result
from autograder.text import format_time

MAX_REASON = 140  # characters of what the table says about a student
MAX_LISTED = 100  # names for one need; the others are counted
LECTURE = 3  # mistakes at the top
COMMON_COUNT, COMMON_SHARE = 3, 0.1  # students, and their share of those graded, that make a mistake one for the lecture


class Student(NamedTuple):
    """A row of the table; mistakes has the identities of the mistakes, concerns a sentence for each one of CONCERNS."""

    name: str
    people: str
    score: float | None
    parts: dict[str, float | None]
    status: str
    reason: str
    mistakes: list[tuple[str, str]]
    concerns: dict[str, str]

    @property
    def needs_decision(self) -> bool:
        """Whether a person has to decide something about it."""
        return any(CONCERNS[kind].is_decision for kind in self.concerns)


@dataclass
class Mistake:
    """A mistake of the class: who made it, how often it had which title, the points it cost, and the answer in words."""

    part: str
    students: list[str] = field(default_factory=list)
    titles: Counter[str] = field(default_factory=Counter)
    lost: float = 0
    answer: str = ""

    @property
    def title(self) -> str:
        """The most frequent title."""
        ((title, _),) = self.titles.most_common(1)
        return title


@dataclass
class Tally:
    """A check in the class: how many submissions have tried it, and how many of them failed."""

    check: CheckResult
    failed: int = 0
    tried: int = 0

    @property
    def share(self) -> float:
        """The share that failed."""
        return self.failed / self.tried if self.tried else 0


class Overview:
    """The class report; use `add` for any number of marks, then `html`. title and due are those of the assignment, if known."""

    def __init__(self, marks: Iterable[Mark] = (), title: str = "", due: datetime | None = None) -> None:
        self.title, self.due = title, due
        self.students: list[Student] = []
        self.max_scores: dict[str, float] = {}  # of each part
        self.checks: dict[str, Tally] = {}
        self.tasks: dict[tuple[str, str], list[float]] = {}  # (part, task): [points lost, points possible]
        self.mistakes: dict[tuple[str, str], Mistake] = {}
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Add one more mark."""
        result = mark.result
        people = "; ".join(person.name for person in mark.waiting.people if person.name)
        parts = {part: result.part_score(part) for part in result.parts}
        reason = textwrap.shorten(write_reason(result), MAX_REASON, placeholder=" …")
        mistakes = list(dict.fromkeys(map(identify, result.causes)))
        concerns = find_concerns(mark)
        self.students.append(Student(result.student, people, mark.score, parts, result.status, reason, mistakes, concerns))
        if result.status != "graded":
            return
        self.max_scores |= {part: result.part_max(part) for part in result.parts}
        for check in result.checks:
            if not check.blocked:
                self.count_check(check)
        for cause in result.causes:
            self.count_mistake(result.student, cause, result.failed)

    def count_check(self, check: CheckResult) -> None:
        """Count a check, and its points for its task."""
        tally = self.checks.setdefault(check.id, Tally(check))
        tally.tried += check.passed is not None
        tally.failed += check.passed is False
        task = self.tasks.setdefault((check.part, check.task), [0, 0])
        task[0] += check.points - check.score
        task[1] += check.points

    def count_mistake(self, student: str, cause: Cause, failed: Sequence[CheckResult]) -> None:
        """Count a mistake, and the points of the checks that failed because of it."""
        mistake = self.mistakes.setdefault(identify(cause), Mistake(cause.part))
        if student not in mistake.students[-1:]:
            mistake.students.append(student)
        mistake.titles[cause.title] += 1
        mistake.lost += sum(check.points for check in failed if check.part == cause.part and check.cause == cause.said)
        mistake.answer = mistake.answer or (cause.hints[-1] if cause.hints else "")

    def distributions(self) -> list[Distribution]:
        """Return the final scores of all submissions that have one, and those of graded submissions in each part."""
        graded = [student.parts for student in self.students if student.status == "graded"]
        scores = [student.score for student in self.students if student.score is not None]
        parts = {part: [scores.get(part) or 0 for scores in graded] for part in self.max_scores}
        found = [Distribution("all", scores, sum(self.max_scores.values()))]
        found += [Distribution(f"{part}.py", parts[part], most) for part, most in self.max_scores.items()]
        return [one for one in found if one.scores and one.max_score]

    def list_needs(self, alike: Sequence[Alike] | None = None, others: Iterable[Need] = ()) -> list[Need]:
        """Return what needs attention in the class; others are what the marks and pairs do not show."""
        names = {kind: [student.name for student in self.students if kind in student.concerns] for kind in CONCERNS}
        return [need for need in (*needs_of_marks(names), *needs_of_pairs(alike or ()), *others) if need.number]

    def html(self, alike: Sequence[Alike] | None = None, others: Iterable[Need] = ()) -> str:
        """Return the text of report.html.

        alike are the pairs that `make copies` found, None if it did not run; others are more needs.
        """
        from autograder.report.page import render_page  # here, because most runs find this page already written

        graded = sum(student.status == "graded" for student in self.students)
        ranked = sorted(self.mistakes.items(), key=lambda item: (-len(item[1].students), -item[1].lost, item[0]))
        common = [mistake for _, mistake in ranked if len(mistake.students) >= max(COMMON_COUNT, COMMON_SHARE * graded)]
        known = {student.name: student for student in self.students}
        needs = self.list_needs(alike, others)
        return render_page(
            "report",
            title=self.title,
            due=format_time(self.due, self.due) if self.due else "",
            students=self.students,
            parts=list(dict.fromkeys(part for student in self.students for part in student.parts)),
            numbers={key: number for number, (key, _) in enumerate(ranked, start=1)},
            link_to=link_to,
            known=known,
            graded=graded,
            mistakes=[mistake for _, mistake in ranked],
            lecture=common[:LECTURE],
            listed=MAX_LISTED,
            tasks=sorted(self.tasks.items(), key=lambda item: (-divide(*item[1]), item[0])),
            divide=divide,
            half=sum(tally.share > 0.5 for tally in self.checks.values()),
            checks=sorted(self.checks.values(), key=lambda tally: -tally.share),
            needs=[(need, group_names(need, known)) for need in needs],
            decisions=count_decisions(needs),
            alike=alike,
            similar={name for pair in alike or () for name in (pair.first, pair.second)},
            distributions=self.distributions(),
        )


def divide(some: float, whole: float) -> float:
    """Return the share of some in a whole, 0 of nothing."""
    return some / whole if whole else 0


def group_names(need: Need, known: Mapping[str, Student]) -> dict[str, list[str]]:
    """Return the first names of a need, by what is to say about them."""
    groups: dict[str, list[str]] = {}
    for name in need.names[:MAX_LISTED]:
        text = known[name].concerns[need.kind] if need.kind in CONCERNS else ""
        groups.setdefault(text, []).append(name)
    return groups


def write_reason(result: Result) -> str:
    """Return what the table says about a submission: its headline with the titles of mistakes alone."""
    text = write_headline(replace(result, warnings=()) if result.warnings else result)
    for cause in result.causes:
        text = text.replace(cause.headline, f"{cause.heading}.")
    return text


def identify(cause: Cause) -> tuple[str, str]:
    """Return what distinguishes a mistake from others: its part, and its row in the catalog or else its title."""
    return cause.part, cause.mistakes[0] if cause.mistakes else cause.title


def link_to(student: str) -> str:
    """Return where a student's page is, from report.html."""
    return f"feedback/{quote(student, safe='')}.html"
