"""From the submissions of a class to what is improbably alike in it, ranked, with the evidence for the first pairs."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.copies.evidence import Evidence, evidence
from autograder.copies.fingerprints import Sign, words
from autograder.copies.pairs import Class, Common, Index, Pair, Work, alike, clusters, common, gather, having_own, weights
from autograder.intake import Submission, Waiting
from autograder.packaging.regions import solved
from autograder.settings import read_assignment

MOST_EXPLAINED = 50  # pairs whose passages are shown


class Finding(NamedTuple):
    """A pair as it is reported: the students of both works, its numbers, that of its cluster, and what is shown of it."""

    first: list[str]
    second: list[str]
    pair: Pair
    cluster: int | None
    evidence: Evidence | None


class Comparison(NamedTuple):
    """A class compared: the findings by rank, and the clusters of more than two students.

    compared is the number of submissions, works that of the different ones with anything of their own; unread and long are the
    students of whom nothing was compared, or not all.
    """

    findings: list[Finding]
    clusters: list[list[str]]
    compared: int
    works: int
    unread: list[str]
    long: list[str]


def given() -> Common:
    """What is common knowledge: the files that students are given, and the solution."""
    assignment = read_assignment()
    sources = [path.read_text() for path in sorted(assignment.starter.glob("*.py"))]
    solutions = [solved((assignment.solution / f"{part}.py").read_text()) for part in assignment.part_names]
    known = common([*sources, *solutions])
    handout = (assignment.starter / "README.md").read_text().splitlines()
    return known._replace(signs=known.signs | {Sign("word", word) for word in words(handout)})


def compare(found: Iterable[Waiting], read: Callable[[Waiting], Submission]) -> Comparison:
    """Compare the submissions that were found; each is read once, and those of the first pairs once more to be shown."""
    known = given()
    group = gather(((waiting, read(waiting)) for waiting in found), known)
    pairs = alike(group.works)
    together = {work: members for members in clusters(pairs) for work in members}
    named = [members for members in clusters(pairs) if sum(len(group.works[work].handed_in) for work in members) > 2]
    numbers = {work: number for number, members in enumerate(named, start=1) for work in members}
    explain = Explainer(group, known, read)
    findings = []
    for rank, pair in enumerate(pairs):
        first, second = group.works[pair.first], group.works[pair.second]
        sides = (students(first)[:1], students(first)[1:]) if pair.identical else (students(first), students(second))
        shown = explain(pair, together[pair.first]) if rank < MOST_EXPLAINED else None
        findings.append(Finding(*sides, pair, numbers.get(pair.first), shown))
    return Comparison(
        findings,
        [[student for work in members for student in students(group.works[work])] for members in named],
        sum(len(work.handed_in) for work in group.works),
        having_own(group.works),
        group.unread,
        [student for work in group.works if work.long for student in students(work)],
    )


def students(work: Work) -> list[str]:
    """Who handed in a work."""
    return [waiting.student for waiting in work.handed_in]


class Explainer:
    """Finds what the works of a class share, from their sources, which it reads anew."""

    def __init__(self, group: Class, known: Common, read: Callable[[Waiting], Submission]) -> None:
        self.group, self.known, self.read = group, known, read
        self.number = having_own(group.works)
        self.own = Index([work.own for work in group.works])
        self.signs = Index([work.signs for work in group.works])

    def __call__(self, pair: Pair, cluster: Sequence[int]) -> Evidence:
        """What a pair shares; of signs, those that nobody outside its cluster has."""
        first, second = self.group.works[pair.first].handed_in[0], self.group.works[pair.second].handed_in[-1]
        return evidence(
            self.read(first).sources,
            self.read(second).sources,
            self.known,
            self.weight,
            lambda value: set(self.signs.works_with(value).tolist()) <= set(cluster),
        )

    def weight(self, value: int) -> float:
        """What a hash weighs in this class; nothing if winnowing did not keep it."""
        holders = self.own.works_with(value)
        return float(weights(np.array([len(holders)]), self.number)[0]) if len(holders) else 0.0
