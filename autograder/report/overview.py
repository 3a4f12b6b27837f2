"""A class on one page for the TA: what to repeat in the lecture, what needs a look, the scores, and all students.

Marks are added one after the other; of each only a row of the table is kept.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from autograder.gradebook.book import Alike
from autograder.intake.submission_ref import Person
from autograder.marks import Mark
from autograder.report.distribution import Distribution
from autograder.report.page import render_page
from autograder.report.words import write_headline
from autograder.results import Cause, CheckResult
from autograder.sandbox.layers import lacking

MAX_REASON = 140  # characters of what the table says about a student
MAX_LISTED = 100  # students who are named for one concern; the others are counted
LECTURE = 3  # mistakes at the top
# What a TA has to look at: its title, and what to do about it.
CONCERNS = {
    "error": ("The grader failed", "The traceback is in the terminal. `make grade` tries these submissions again."),
    "invalid": ("Nothing could be read", "These have 0 points. Ask for the files again."),
    "differences": (
        "Backward passes by finite differences",
        "The rubric takes points for these. Look at them before you agree.",
    ),
    "files": ("Skipped lines and unusual files", "These submissions were graded. Their students see the same notes."),
    "weak": ("Weak isolation", "The machine that graded these submissions did not keep them from what is listed here."),
    "remark": ("Remarks", "Only you can see these."),
}


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
    """A check in the class: how many submissions have tried it, and how many of them passed."""

    check: CheckResult
    passed: int = 0
    tried: int = 0

    @property
    def share(self) -> float:
        """The share that passed."""
        return self.passed / self.tried if self.tried else 0


class Overview:
    """The class report; use `add` for any number of marks, then `html`."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self.students: list[Student] = []
        self.max_scores: dict[str, float] = {}  # of each part
        self.checks: dict[str, Tally] = {}
        self.tasks: dict[tuple[str, str], list[float]] = {}  # (part, task): [earned, possible]
        self.mistakes: dict[tuple[str, str], Mistake] = {}
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Add one more mark."""
        result = mark.result
        people = "; ".join(person.name for person in mark.waiting.people if person.name)
        parts = {part: result.part_score(part) for part in result.parts}
        reason = textwrap.shorten(write_headline(result), MAX_REASON, placeholder=" …")
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
        tally.passed += bool(check.passed)
        task = self.tasks.setdefault((check.part, check.task), [0, 0])
        task[0] += check.score
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

    def html(self, alike: Sequence[Alike] | None = None, absent: Sequence[Person] = ()) -> str:
        """Return the text of report.html.

        alike are the pairs that `make copies` found, None if it did not run; absent are those in the roster who did not submit.
        """
        ranked = sorted(self.mistakes.items(), key=lambda item: (-len(item[1].students), -item[1].lost, item[0]))
        concerns = {kind: [student for student in self.students if kind in student.concerns] for kind in CONCERNS}
        return render_page(
            "report",
            students=self.students,
            parts=list(dict.fromkeys(part for student in self.students for part in student.parts)),
            numbers={key: number for number, (key, _) in enumerate(ranked, start=1)},
            link_to=link_to,
            known={student.name for student in self.students},
            graded=sum(student.status == "graded" for student in self.students),
            mistakes=[mistake for _, mistake in ranked],
            lecture=LECTURE,
            listed=MAX_LISTED,
            tasks=sorted(self.tasks.items(), key=lambda item: (item[1][0] / item[1][1] if item[1][1] else 0, item[0])),
            half=sum(tally.share < 0.5 for tally in self.checks.values()),
            checks=sorted(self.checks.values(), key=lambda tally: tally.share),
            concerns=[(kind, *CONCERNS[kind], students) for kind, students in concerns.items() if students],
            alike=alike,
            similar={name for pair in alike or () for name in (pair.first, pair.second)},
            absent=[person.name or person.email or person.id for person in absent],
            distributions=self.distributions(),
        )


def find_concerns(mark: Mark) -> dict[str, str]:
    """Return a sentence for each one of CONCERNS that a mark raises."""
    result = mark.result
    found = {} if result.status == "graded" else {result.status: result.reason}
    if notes := " ".join(dict.fromkeys(check.note for check in result.checks if check.note)):
        found["differences"] = notes
    if result.warnings:
        found["files"] = " ".join(result.warnings)
    if result.layers and (weak := lacking(result.layers, ())):
        found["weak"] = f"Not kept from the grader's {' and '.join(weak)}."
    if remarks := " ".join([*result.remarks, *mark.remarks]):
        found["remark"] = remarks
    return found


def identify(cause: Cause) -> tuple[str, str]:
    """Return what distinguishes a mistake from others: its part, and its row in the catalog or else its title."""
    return cause.part, cause.mistakes[0] if cause.mistakes else cause.title


def link_to(student: str) -> str:
    """Return where a student's page is, from report.html."""
    return f"feedback/{quote(student, safe='')}.html"
