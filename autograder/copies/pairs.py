"""Which works of a class have more in common than chance gives them; what they share weighs more the fewer others have it.

    weight(p)   = max(0, 1 - ln(d - 1) / ln(c)),  c = max(4, n / 4),  where d of the n works have the passage p
    W(x, B)     = the sum of weight(p) over the passages p in x, a function or a file, that B has, too; W(x) over all in x
    S(A, B)     = the sum of W(f, B)^2 / W(f) * W(g, B) / W(g) over the functions f of A, each in its file g
    score(A, B) = max(S(A, B), S(B, A))

So a passage that only two have weighs 1, and one that a quarter of the class has weighs nothing. What a function shares counts
by its part of that function and of its file: who copies takes whole functions and files, and chance gives passages here and
there. An inverted index leads from each passage to the works that have it, and only works that meet there are compared in full.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nlargest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograder.copies.fingerprints import (
    Hashes,
    Reading,
    Sign,
    begins,
    passages,
    read_source,
    remarkable,
    sign_hashes,
    signs,
    union,
    winnowed,
)
from autograder.intake import Submission, Waiting

LEAST = 25.0  # the score from which a pair is listed
COMMON_SHARE, COMMON_LEAST = 1 / 4, 4  # so much of a class, and so many works, make a passage common
REACH = 20  # works that a passage leads to from each one that has it
MOST_LISTED = 1_000
TINY = 1e-9  # weight of nothing, to divide by


class Common(NamedTuple):
    """What says nothing, because it was given to all or is in the solution: passages, signs, and lines without indentation."""

    passages: Hashes
    signs: frozenset[Sign]
    lines: frozenset[str]


@dataclass
class Work:
    """What one student handed in, or several whose texts differ in nothing but comments and blanks.

    own holds the hashes of the passages and the longer comments in it that are not common, functions the number of the function
    that each is in, files that of the file that each function is in; the comments make a function and a file of their own.
    signs holds the hashes of all that people recognise a hand by; long says whether a source in it is compared in part only,
    because it is too long.
    """

    handed_in: list[Waiting]
    own: Hashes
    functions: NDArray[np.intp]
    files: NDArray[np.intp]
    signs: Hashes
    long: bool


class Class(NamedTuple):
    """The works of a class, and the students from whom nothing could be read."""

    works: list[Work]
    unread: list[str]


class Pair(NamedTuple):
    """Two works that are improbably alike, by their places in the class; one that several handed in is paired with itself.

    share is what part of the lesser work's own the other has, too, by weight, from 0 to 1.
    """

    first: int
    second: int
    score: float
    share: float

    @property
    def identical(self) -> bool:
        """Whether nothing but comments and blanks tells them apart."""
        return self.first == self.second


def common(sources: Iterable[str]) -> Common:
    """What is common in the sources that were given to all, and in the solution."""
    readings = [read_source(source.encode()) for source in sources]
    return Common(
        union(passages(reading.tokens) for reading in readings),
        frozenset[Sign]().union(*map(signs, readings)),
        frozenset(line.strip() for reading in readings for line in reading.lines),
    )


def gather(submissions: Iterable[tuple[Waiting, Submission]], known: Common) -> Class:
    """The works of a class, each text once; of what was read only hashes are kept."""
    works: dict[bytes, Work] = {}
    places: dict[bytes, bytes] = {}
    unread = []
    for waiting, submission in submissions:
        if not submission.sources:
            unread.append(waiting.student)
            continue
        as_bytes = digest(submission.sources.items())
        if as_bytes not in places:
            readings = {part: read_source(source) for part, source in submission.sources.items()}
            place = places[as_bytes] = digest((part, text(reading)) for part, reading in readings.items())
            work = compared(readings.values(), known)
            if place in works:
                works[place].signs = union([works[place].signs, work.signs])
            else:
                works[place] = work
        works[places[as_bytes]].handed_in.append(waiting)
    return Class(list(works.values()), unread)


def digest(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """32 bytes that stand for the parts of a submission."""
    return sha256(b"".join(part.encode() + sha256(content).digest() for part, content in sorted(parts))).digest()


def text(reading: Reading) -> bytes:
    """A source without comments and blanks."""
    return "\0".join([*(token.exact for token in reading.tokens), reading.rest]).encode(errors="surrogatepass")


def compared(readings: Iterable[Reading], known: Common) -> Work:
    """The hashes of a work that nobody is known to have handed in yet."""
    readings = list(readings)
    own_signs = set[Sign]().union(*map(signs, readings)) - known.signs
    hashes = [sign_hashes(filter(remarkable, own_signs))]
    functions, files = [np.zeros(len(hashes[0]), dtype=np.intp)], [0]
    for file, reading in enumerate(readings, start=1):
        found = passages(reading.tokens)
        places = winnowed(found, known.passages)
        number = np.cumsum(begins(reading.tokens))
        hashes.append(found[places])
        functions.append(len(files) + number[places])
        files += [file] * (int(number.max(initial=0)) + 1)
    own, first = np.unique(np.concatenate(hashes), return_index=True)
    long = any(reading.rest for reading in readings)
    return Work([], own, np.concatenate(functions)[first], np.array(files), sign_hashes(own_signs), long)


class Index:
    """Leads from each hash to the works that have it, in their order."""

    def __init__(self, held: Sequence[Hashes]) -> None:
        sizes = [len(hashes) for hashes in held]
        hashes = np.concatenate([*held, np.empty(0, dtype=np.uint64)])
        order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[order]
        self.works = np.repeat(np.arange(len(held)), sizes)[order]
        self.places = np.split(np.argsort(order, kind="stable"), np.cumsum(sizes)[:-1]) if sizes else []
        _, which, counts = np.unique(self.hashes, return_inverse=True, return_counts=True)
        self.counts = counts[which]  # of works, at each place

    def works_with(self, value: int) -> NDArray[np.intp]:
        """The works that have a hash."""
        first, last = (np.searchsorted(self.hashes, np.uint64(value), side) for side in ("left", "right"))
        return self.works[first:last]


def commonness(works: int) -> float:
    """The number c of works that make a passage common, in a class of so many."""
    return max(COMMON_LEAST, works * COMMON_SHARE)


def weights(counts: NDArray[np.intp], works: int) -> NDArray[np.float64]:
    """What passages weigh that so many of the works have."""
    return np.maximum(0, 1 - np.log(np.maximum(counts - 1, 1)) / np.log(commonness(works)))


def having_own(works: Sequence[Work]) -> int:
    """The number n of works that hold anything but common knowledge."""
    return sum(len(work.own) > 0 for work in works)


def alike(works: Sequence[Work]) -> list[Pair]:
    """The works that several students handed in and that hold anything of their own, then the pairs with a score from LEAST on.

    Each by falling score, and at most MOST_LISTED of them.
    """
    index = Index([work.own for work in works])
    at_place = weights(index.counts, having_own(works))
    weighed = [Weighed(work, at_place[places]) for work, places in zip(works, index.places, strict=True)]
    same = (Pair(n, n, each.total, 1.0) for n, each in enumerate(weighed) if len(works[n].handed_in) > 1 and each.total)
    compared = (
        Pair(first, second, *score(weighed[first], weighed[second]))
        for first in range(len(works))
        for second in meeting(index, first, at_place)
    )
    pairs = (pair for pair in compared if pair.score >= LEAST)
    return [pair for group in (same, pairs) for pair in nlargest(MOST_LISTED, group, key=lambda pair: pair.score)]


class Weighed:
    """A work with the weight of each of its hashes, of each of its functions and files, and of all of it."""

    def __init__(self, work: Work, weight: NDArray[np.float64]) -> None:
        self.work, self.weight = work, weight
        self.of_functions, self.of_files = self.summed(weight)
        self.total = float(weight.sum())

    def summed(self, weight: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The weights of the hashes added up by function, and by file."""
        of_functions = np.bincount(self.work.functions, weight, len(self.work.files))
        return of_functions, np.bincount(self.work.files, of_functions)

    def within(self, other: "Weighed") -> tuple[float, float]:
        """The weight of what another work has, too, and S(this, other)."""
        shared = self.weight * np.isin(self.work.own, other.work.own, assume_unique=True)
        of_functions, of_files = self.summed(shared)
        share_of_files = of_files / np.maximum(self.of_files, TINY)
        parts = of_functions**2 / np.maximum(self.of_functions, TINY) * share_of_files[self.work.files]
        return float(shared.sum()), float(parts.sum())


def score(first: Weighed, second: Weighed) -> tuple[float, float]:
    """The score of two works, and what part of the lesser one they share."""
    (shared, one), (_, other) = first.within(second), second.within(first)
    return max(one, other), shared / max(min(first.total, second.total), TINY)


def meeting(index: Index, work: int, weight: NDArray[np.float64]) -> list[int]:
    """The later works that a work meets in the index often enough to be compared with it in full."""
    places = index.places[work]
    near = places[:, None] + np.arange(1, REACH + 1)
    inside = near < len(index.hashes)
    near = np.where(inside, near, 0)
    same = inside & (index.hashes[near] == index.hashes[places][:, None])
    met, which = np.unique(index.works[near[same]], return_inverse=True)
    return met[np.bincount(which, weight[near[same]], len(met)) >= LEAST / 2].tolist()


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """The works that pairs connect, in groups, each in the order of the class."""
    group: dict[int, set[int]] = {}
    for pair in pairs:
        joined = group.setdefault(pair.first, {pair.first}) | group.setdefault(pair.second, {pair.second})
        for work in joined:
            group[work] = joined
    return sorted({id(each): sorted(each) for each in group.values()}.values())
