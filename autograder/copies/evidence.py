"""What two works share, for the eyes of who has to judge: the passages with their lines, and the signs that only they have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from autograder.copies.fingerprints import GRAM, NONE, Reading, Sign, hashed, passages, read_source, signs
from autograder.copies.pairs import Common
from autograder.text import clean

BRIDGE = 2 * GRAM  # tokens between two shared passages that are shown as one
CHOICES = 8  # places of one passage that are looked at
MOST_PASSAGES, MOST_LINES, LONGEST_LINE = 12, 40, 160  # shown of a pair, of a passage, of a line
MOST_SHOWN = 12  # signs of a kind
ENDINGS = ("s", "es", "ed", "d", "ing", "ly")

Place = tuple[str, int]


@dataclass
class Run:
    """Passages that two works share one soon after the other: the places of its first and last in both, and the hashes."""

    part: str
    start: int
    end: int
    other: str
    other_start: int
    other_end: int
    hashes: set[int] = field(default_factory=set)


class Line(NamedTuple):
    """A line as it is shown: its number, its text, and whether it stands so in what was given to all."""

    number: int
    text: str
    given: bool


class Side(NamedTuple):
    """The lines of one work in a shared passage."""

    part: str
    lines: list[Line]


class Evidence(NamedTuple):
    """What a pair shares: pairs of passages, the weightiest first; how many lines of the first work's own; signs by kind."""

    passages: list[tuple[Side, Side]]
    lines: int
    signs: dict[str, list[str]]


def evidence(
    first: Mapping[str, bytes],
    second: Mapping[str, bytes],
    known: Common,
    weight: Callable[[int], float],
    theirs: Callable[[int], bool],
) -> Evidence:
    """What the sources of two works share; weight is that of a hash, theirs tells whether nobody else has it."""
    ours, others = ({part: read_source(source) for part, source in sources.items()} for sources in (first, second))
    runs = weighty(shared_runs(ours, others, known), weight)
    pairs = [
        (
            side(run.part, ours[run.part], run.start, run.end, known),
            side(run.other, others[run.other], run.other_start, run.other_end, known),
        )
        for run in runs
    ]
    lines = {(mine.part, line.number) for mine, _ in pairs for line in mine.lines if not line.given}
    return Evidence(
        [(cut(mine), cut(other)) for mine, other in pairs[:MOST_PASSAGES]], len(lines), telling(ours, others, known, theirs)
    )


def shared_runs(first: Mapping[str, Reading], second: Mapping[str, Reading], known: Common) -> list[Run]:
    """The runs of passages that two works share and that are not common knowledge, as they come in the first."""
    where: dict[int, list[Place]] = {}
    for part, reading in second.items():
        for place, value in enumerate(passages(reading.tokens).tolist()):
            if len(places := where.setdefault(value, [])) < CHOICES:
                places.append((part, place))
    runs: list[Run] = []
    for part, reading in first.items():
        hashes = passages(reading.tokens)
        for place in np.flatnonzero(~np.isin(hashes, known.passages) & (hashes != NONE)).tolist():
            value = int(hashes[place])
            if choices := where.get(value):
                if runs and runs[-1].part == part and place - runs[-1].end <= BRIDGE and (at := following(runs[-1], choices)):
                    runs[-1].end, runs[-1].other_end = place, at
                else:
                    runs.append(Run(part, place, place, choices[0][0], choices[0][1], choices[0][1]))
                runs[-1].hashes.add(value)
    return runs


def following(run: Run, choices: Iterable[Place]) -> int:
    """The place at which a run goes on in the second work, or 0."""
    return next((place for part, place in choices if part == run.other and 0 < place - run.other_end <= BRIDGE), 0)


def weighty(runs: Iterable[Run], weight: Callable[[int], float]) -> list[Run]:
    """The runs that weigh anything, the weightiest first; what comes twice counts once."""
    weighed, seen = [], set[int]()
    for run in runs:
        total = sum(map(weight, run.hashes - seen))
        seen |= run.hashes
        if total:
            weighed.append((total, run))
    return [run for _, run in sorted(weighed, key=lambda pair: -pair[0])]


def side(part: str, reading: Reading, start: int, end: int, known: Common) -> Side:
    """The lines of a source from the first token of one passage to the last of another."""
    first, last = reading.tokens[start].line, reading.tokens[end + GRAM - 1].line
    lines = enumerate(reading.lines[first - 1 : last], start=first)
    return Side(part, [Line(number, text, text.strip() in known.lines) for number, text in lines])


def cut(whole: Side) -> Side:
    """As many lines as are shown, safe to show."""
    return Side(whole.part, [line._replace(text=clean(line.text, LONGEST_LINE)) for line in whole.lines[:MOST_LINES]])


def telling(
    first: Mapping[str, Reading], second: Mapping[str, Reading], known: Common, theirs: Callable[[int], bool]
) -> dict[str, list[str]]:
    """The signs that both works have and nobody else, by kind: comments, names, values and words that look misspelt."""
    ours, others = (set[Sign]().union(*map(signs, readings.values())) for readings in (first, second))
    both = sorted(sign for sign in (ours & others) - known.signs if theirs(hashed(f"{sign.kind} {sign.text}")))
    vocabulary = [sign.text for sign in known.signs if sign.kind == "word"]
    found: dict[str, list[str]] = {"comment": [], "name": [], "value": [], "misspelling": []}
    for sign in both:
        if sign.kind != "word":
            found[sign.kind].append(sign.text)
        elif meant := misspelt(sign.text, vocabulary):
            found["misspelling"].append(f"{sign.text} ({meant}?)")
    return {
        kind: [clean(text, LONGEST_LINE) for text in sorted(texts, key=len, reverse=True)[:MOST_SHOWN]]
        for kind, texts in found.items()
        if texts
    }


def misspelt(word: str, vocabulary: list[str]) -> str:
    """The word of the hand-out that may have been meant, if this is not another form of it; else nothing."""
    near = get_close_matches(word, vocabulary, n=1, cutoff=0.8) if len(word) >= 5 else []
    forms = {word, *(word.removesuffix(ending) for ending in ENDINGS)}
    return near[0] if near and not forms & {near[0], *(near[0].removesuffix(ending) for ending in ENDINGS)} else ""
