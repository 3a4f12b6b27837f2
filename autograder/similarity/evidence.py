"""Evidence for the person who has to judge a pair: the passages that it shares, with their lines, and its unique markers."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.similarity.documents import CommonKnowledge, Document
from autograder.similarity.fingerprints import (
    GRAM,
    NO_PASSAGE,
    Hashes,
    Marker,
    Source,
    are_among,
    find_markers,
    hash_marker,
    hash_passages,
    tokenize,
)
from autograder.similarity.pairs import Index, Pair, count_original, weigh
from autograder.text import clean

MAX_GAP = 2 * GRAM  # tokens between two shared passages that are shown as one
MAX_PLACES = 8  # places of one passage that are tried
MAX_PASSAGES, MAX_LINES, MAX_LINE_LENGTH = 12, 40, 160  # shown per pair, per passage, per line
MAX_SHOWN = 12  # markers of each kind
ENDINGS = ("", "s", "es", "ed", "d", "ing", "ly")

Sources = Mapping[str, Source]


@dataclass
class Span:
    """Consecutive passages of a document: the part, and the places of the first and the last one."""

    part: str
    start: int
    end: int


@dataclass
class Run:
    """Shared passages that follow each other closely in both documents: their places, and their hashes."""

    first: Span
    second: Span
    hashes: set[int] = field(default_factory=set)

    def extend(self, part: str, place: int, others: Iterable[tuple[str, int]]) -> bool:
        """Extend the run to a passage, if it soon follows the last one in both documents; return whether it does."""
        if part != self.first.part or place - self.first.end > MAX_GAP:
            return False
        follows = (end for other, end in others if other == self.second.part and 0 < end - self.second.end <= MAX_GAP)
        if end := next(follows, 0):
            self.first.end, self.second.end = place, end
        return bool(end)


class Line(NamedTuple):
    """A line as shown: its number, its text, and whether it is common knowledge."""

    number: int
    text: str
    given: bool


class Excerpt(NamedTuple):
    """The lines of one document in a shared passage."""

    part: str
    lines: list[Line]


class Evidence(NamedTuple):
    """What a pair shares: pairs of passages, highest weight first; the number of original lines; markers by kind."""

    passages: list[tuple[Excerpt, Excerpt]]
    lines: int
    markers: dict[str, list[str]]


class Explainer:
    """Find what the documents of a class share. This reads their sources again."""

    def __init__(
        self, documents: Sequence[Document], known: CommonKnowledge, read: Callable[[SubmissionRef], Submission]
    ) -> None:
        self.documents, self.known, self.read = documents, known, read
        self.total = count_original(documents)
        self.passages = Index([document.passages for document in documents])
        self.markers = Index([document.markers for document in documents])
        self.vocabulary = [marker.text for marker in known.markers if marker.kind == "word"]

    def explain(self, pair: Pair, cluster: Collection[int]) -> Evidence:
        """Return what a pair shares: passages, and the markers that no document outside its cluster has."""
        waiting = self.documents[pair.first].submissions[0], self.documents[pair.second].submissions[-1]
        first, second = ({part: tokenize(text) for part, text in self.read(one).sources.items()} for one in waiting)
        runs = self.rank(find_runs(first, second, self.known.passages))
        passages = [(self.excerpt(run.first, first), self.excerpt(run.second, second)) for run in runs]
        lines = {(mine.part, line.number) for mine, _ in passages for line in mine.lines if not line.given}
        shown = [(truncate(mine), truncate(theirs)) for mine, theirs in passages[:MAX_PASSAGES]]
        return Evidence(shown, len(lines), self.find_distinctive(first, second, cluster))

    def rank(self, runs: Iterable[Run]) -> list[Run]:
        """Return the runs with a positive weight, highest first; a passage that occurs twice counts once."""
        weighted, seen = [], set[int]()
        for run in runs:
            counts = np.array([len(self.passages.find(value)) for value in run.hashes - seen], dtype=np.intp)
            weighted.append((weigh(counts, self.total)[counts > 0].sum(), run))  # winnowing drops some of them
            seen |= run.hashes
        return [run for weight, run in sorted(weighted, key=lambda each: -each[0]) if weight]

    def excerpt(self, span: Span, sources: Sources) -> Excerpt:
        """Return the lines of a source from the first token of a span to its last one."""
        source = sources[span.part]
        first, last = source.tokens[span.start].line, source.tokens[span.end + GRAM - 1].line
        lines = enumerate(source.lines[first - 1 : last], start=first)
        return Excerpt(span.part, [Line(number, text, text.strip() in self.known.lines) for number, text in lines])

    def find_distinctive(self, first: Sources, second: Sources, cluster: Collection[int]) -> dict[str, list[str]]:
        """Return, by kind, the markers in both documents and in none outside the cluster; of words, only misspelled ones."""
        ours, theirs = (set[Marker]().union(*map(find_markers, sources.values())) for sources in (first, second))
        found: dict[str, list[str]] = {"comment": [], "name": [], "value": [], "misspelling": []}
        for kind, text in sorted((ours & theirs) - self.known.markers):
            if not set(self.markers.find(hash_marker(Marker(kind, text))).tolist()) <= set(cluster):
                continue
            if kind != "word":
                found[kind].append(text)
            elif intended := find_intended(text, self.vocabulary):
                found["misspelling"].append(f"{text} ({intended}?)")
        longest = {kind: sorted(texts, key=len, reverse=True)[:MAX_SHOWN] for kind, texts in found.items() if texts}
        return {kind: [clean(text, MAX_LINE_LENGTH) for text in texts] for kind, texts in longest.items()}


def find_runs(first: Sources, second: Sources, common: Hashes) -> list[Run]:
    """Return the runs of passages that two documents share and that are not common, in the order of the first document."""
    places = defaultdict[int, list[tuple[str, int]]](list)
    for part, source in second.items():
        for place, value in enumerate(hash_passages(source.tokens).tolist()):
            if len(places[value]) < MAX_PLACES:
                places[value].append((part, place))
    runs: list[Run] = []
    for part, source in first.items():
        hashes = hash_passages(source.tokens)
        for place in np.flatnonzero(~are_among(hashes, common) & (hashes != NO_PASSAGE)).tolist():
            value = int(hashes[place])
            if value not in places:
                continue
            if not runs or not runs[-1].extend(part, place, places[value]):
                other, start = places[value][0]
                runs.append(Run(Span(part, place, place), Span(other, start, start)))
            runs[-1].hashes.add(value)
    return runs


def truncate(excerpt: Excerpt) -> Excerpt:
    """Return the first lines of an excerpt, made safe to show."""
    lines = [line._replace(text=clean(line.text, MAX_LINE_LENGTH)) for line in excerpt.lines[:MAX_LINES]]
    return Excerpt(excerpt.part, lines)


def find_intended(word: str, vocabulary: list[str]) -> str:
    """Return the vocabulary word that a word of five letters or more misspells; "" if there is none, or for an inflection."""
    near = get_close_matches(word, vocabulary, n=1, cutoff=0.8) if len(word) >= 5 else []
    stems = [{text.removesuffix(ending) for ending in ENDINGS} for text in (word, *near)]
    return near[0] if near and stems[0].isdisjoint(stems[1]) else ""
