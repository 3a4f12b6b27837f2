"""A class on one page for the TA: what to repeat in the lecture, how the marks lie, what only people can decide, and everybody.

Marks are added one after the other, and what is kept of each is a row of the table.
"""

import statistics
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from autograder.gradebook.book import Alike
from autograder.intake.waiting import Person
from autograder.marks import Mark
from autograder.report.charts import Histogram, histogram
from autograder.report.page import page
from autograder.report.words import headline, number
from autograder.results import PARTS, Cause, CheckResult
from autograder.sandbox.layers import lacking

MOST_WHY = 140  # characters of what is said about a student in the table
MOST_LISTED = 100  # students who are named in one item; the others are counted
LECTURE = 3  # mistakes that are told at the top


class Student(NamedTuple):
    """A row of the table."""

    name: str
    people: str
    score: float | None
    parts: list[float | None]
    status: str
    why: str
    mistakes: list[tuple[str, str]]


class Noted(NamedTuple):
    """A student in an item for people, and a sentence."""

    student: str
    said: str = ""


@dataclass
class Item:
    """Something that people have to look at: what it is, what to do about it, and whom it is about."""

    title: str
    advice: str
    about: list[Noted] = field(default_factory=list)


@dataclass
class Mistake:
    """A mistake of the class: who makes it, how it was put how often, the points it cost, and the answer in words."""

    part: str
    students: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    lost: float = 0
    idea: str = ""

    @property
    def words(self) -> str:
        """How it is put most often."""
        said, _ = self.said.most_common(1)[0]
        return for_the_class(said)


@dataclass
class Tally:
    """How a check came out in the class: on how many it was tried, and how many of them passed."""

    check: CheckResult
    passed: int = 0
    tried: int = 0

    @property
    def share(self) -> float:
        """The share of those on whom it was tried who passed."""
        return self.passed / self.tried if self.tried else 0


class Row(NamedTuple):
    """The numbers of some marks: the most, the mean, the quartiles, and how many have all and none of it."""

    name: str
    most: float
    mean: float
    quartiles: list[float]
    full: int
    none: int


class Overview:
    """What report.html says of a class, however many marks are added to it."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self.students: list[Student] = []
        self.scores: list[float] = []
        self.parts: dict[str, list[float]] = {part: [] for part in PARTS}
        self.most: dict[str, float] = dict.fromkeys(PARTS, 0)
        self.checks: dict[str, Tally] = {}
        self.tasks: dict[tuple[str, str], list[float]] = {}
        self.mistakes: dict[tuple[str, str], Mistake] = {}
        self.items = {
            "error": Item("The grader failed", "Its traceback is in the terminal; `make grade` tries them again."),
            "invalid": Item("Nothing could be read", "These have 0 points; ask for the files once more."),
            "differences": Item(
                "Backward passes by finite differences", "The rubric takes points for these; look before you agree."
            ),
            "weak": Item("Weak isolation", "The machine they were graded on did not keep them from what is named here."),
            "remark": Item("Remarks", "What only you are told."),
        }
        for mark in marks:
            self.add(mark)

    def add(self, mark: Mark) -> None:
        """Add one more mark."""
        result = mark.result
        made = list(dict.fromkeys(map(identity, result.causes)))
        people = "; ".join(person.name for person in mark.waiting.people if person.name)
        parts = [result.part_score(part) for part in PARTS]
        why = textwrap.shorten(for_the_class(headline(result)), MOST_WHY, placeholder=" …")
        self.students.append(Student(result.student, people, mark.score, parts, result.status, why, made))
        self.note(mark)
        if mark.score is None:
            return
        self.scores.append(mark.score)
        if result.status != "graded":
            return
        for part, score in zip(PARTS, parts, strict=True):
            self.parts[part].append(score or 0)
            self.most[part] = result.part_max(part)
        for check in result.checks:
            if check.got not in result.notes:  # or its file was not handed in
                self.count(check)
        for cause in result.causes:
            self.blame(result.student, cause, result.failed)

    def note(self, mark: Mark) -> None:
        """What people have to look at in a mark."""
        result = mark.result
        if result.status in ("error", "invalid"):
            self.items[result.status].about.append(Noted(result.student, result.reason))
        if by_differences := " ".join(dict.fromkeys(check.note for check in result.checks if check.note)):
            self.items["differences"].about.append(Noted(result.student, by_differences))
        if result.layers and (weak := lacking(result.layers, ())):
            self.items["weak"].about.append(Noted(result.student, f"Not kept from the grader's {' and '.join(weak)}."))
        if remarks := " ".join([*result.remarks, *mark.remarks]):
            self.items["remark"].about.append(Noted(result.student, remarks))

    def count(self, check: CheckResult) -> None:
        """Count a check, and its points to those of its task."""
        tally = self.checks.setdefault(check.id, Tally(check))
        tally.tried += check.passed is not None
        tally.passed += bool(check.passed)
        task = self.tasks.setdefault((check.part, check.task), [0, 0])
        task[0] += check.score
        task[1] += check.points

    def blame(self, student: str, cause: Cause, failed: Sequence[CheckResult]) -> None:
        """Count a mistake, and the points of the checks that failed by it."""
        mistake = self.mistakes.setdefault(identity(cause), Mistake(cause.part))
        if student not in mistake.students[-1:]:
            mistake.students.append(student)
        mistake.said[cause.said] += 1
        mistake.lost += sum(check.points for check in failed if check.part == cause.part and check.cause == cause.said)
        mistake.idea = mistake.idea or (cause.hints[-1] if cause.hints else "")

    def html(self, alike: Sequence[Alike] | None = None, absent: Sequence[Person] = ()) -> str:
        """The text of report.html.

        alike are the pairs that `make copies` found, None if nobody asked it; absent are those of the roster who handed in
        nothing.
        """
        ranked = sorted(self.mistakes.items(), key=lambda item: (-len(item[1].students), -item[1].lost, item[0]))
        numbers = {key: number for number, (key, _) in enumerate(ranked, start=1)}
        return page(
            "report",
            students=self.students,
            numbers=numbers,
            linked=linked,
            known={student.name for student in self.students},
            graded=sum(student.status == "graded" for student in self.students),
            mistakes=[mistake for _, mistake in ranked],
            lecture=LECTURE,
            listed=MOST_LISTED,
            tasks=sorted(self.tasks.items(), key=lambda item: (item[1][0] / item[1][1] if item[1][1] else 0, item[0])),
            half=sum(tally.share < 0.5 for tally in self.checks.values()),
            checks=sorted(self.checks.values(), key=lambda tally: tally.share),
            items=[item for item in self.items.values() if item.about],
            to_look_at={noted.student for item in self.items.values() for noted in item.about}
            | {name for pair in alike or () for name in (pair.first, pair.second)},
            alike=alike,
            absent=[person.name or person.email or person.id for person in absent],
            parts=PARTS,
            rows=self.rows(),
            charts=self.charts(),
        )

    def rows(self) -> list[Row]:
        """The numbers of all marks, and of those of each part."""
        everything = {"all": self.scores, **{f"{part}.py": scores for part, scores in self.parts.items()}}
        most = {"all": sum(self.most.values()), **{f"{part}.py": points for part, points in self.most.items()}}
        return [row(name, most[name], scores) for name, scores in everything.items() if scores and most[name]]

    def charts(self) -> list[Histogram]:
        """How the marks lie: all of them, and those of each part."""
        if not self.scores or not all(self.parts.values()):
            return []
        most = sum(self.most.values())
        parts = ((part, scores, self.most[part]) for part, scores in self.parts.items() if self.most[part])
        return [
            histogram(f"Submissions by score, of {number(most)} points", self.scores, most, 20, 5),
            *(histogram(f"{part}.py, of {number(points)}", scores, points, 10, 3) for part, scores, points in parts),
        ]


def row(name: str, most: float, scores: Sequence[float]) -> Row:
    """The numbers of some marks."""
    quartiles = statistics.quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else [scores[0]] * 3
    full, none = sum(score >= most for score in scores), sum(score == 0 for score in scores)
    return Row(name, most, statistics.fmean(scores), quartiles, full, none)


def identity(cause: Cause) -> tuple[str, str]:
    """What tells a mistake from others: its row in the catalog, or how it is put where it has none."""
    return cause.part, cause.mistakes[0] if cause.mistakes else cause.said


def for_the_class(said: str) -> str:
    """A sentence on a mistake without what is meant for its student alone."""
    return said.removeprefix("In your work, ").removesuffix(" Everything else is right, or follows correctly from it.")


def linked(student: str) -> str:
    """Where a student's page is, from report.html."""
    return f"feedback/{quote(student, safe='')}.html"
