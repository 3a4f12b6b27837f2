"""Find pairs of documents that share more than chance explains. A shared passage weighs more the fewer documents have it.

    weight(p)   = max(0, 1 - ln(d - 1) / ln(c)),  c = max(4, n / 4),  where d of the n documents have the passage p
    W(x, B)     = the sum of weight(p) over the passages p of x (a function or a file) that B also has; W(x) over all of x
    S(A, B)     = the sum of W(f, B)^2 / W(f) * W(g, B) / W(g) over the functions f of A, each in its file g
    score(A, B) = max(S(A, B), S(B, A))

So a passage in only two documents has weight 1, and one in a quarter of the class has weight 0. The shared part of a function
is scaled by the share of the function and of the file that it makes up, because people copy whole functions and files, while
chance matches are scattered. An inverted index maps each passage to its documents; only documents that share enough there are
compared in full.
"""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograder.similarity.documents import Document
from autograder.similarity.fingerprints import EMPTY, Hashes

MIN_SCORE = 25.0  # of a reported pair
COMMON_SHARE, MIN_COMMON = 1 / 4, 4  # a passage is common if this share of the class has it, but at least so many documents
REACH = 20  # candidates that one passage adds for each document that has it
MAX_PAIRS = 1_000
EPSILON = 1e-9  # a divisor instead of a weight of 0


class Pair(NamedTuple):
    """Two similar documents, by their indices in the class; a document that several students submitted is paired with itself.

    share is the share of the smaller document, by weight, that the other one also has, from 0 to 1.
    """

    first: int
    second: int
    score: float
    share: float

    @property
    def identical(self) -> bool:
        """Whether they differ only in comments and whitespace."""
        return self.first == self.second


class Index:
    """Maps each hash to the documents that have it, in their order."""

    def __init__(self, held: Sequence[Hashes]) -> None:
        sizes = [len(hashes) for hashes in held]
        hashes = np.concatenate([EMPTY, *held])
        order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[order]
        self.documents = np.repeat(np.arange(len(held)), sizes)[order]
        self.places = np.split(np.argsort(order, kind="stable"), np.cumsum(sizes)[:-1]) if sizes else []
        _, which, counts = np.unique(self.hashes, return_inverse=True, return_counts=True)
        self.counts = counts[which]  # of documents, at each place

    def find(self, value: int) -> NDArray[np.intp]:
        """Return the documents that have a hash."""
        first, last = (np.searchsorted(self.hashes, np.uint64(value), side) for side in ("left", "right"))
        return self.documents[first:last]


def common_count(total: int) -> float:
    """Return c, the number of documents out of `total` that makes a passage common."""
    return max(MIN_COMMON, total * COMMON_SHARE)


def weigh(counts: NDArray[np.intp], total: int) -> NDArray[np.float64]:
    """Return the weights of passages that occur in `counts` of `total` documents, in the shape of counts."""
    return np.maximum(0, 1 - np.log(np.maximum(counts - 1, 1)) / np.log(common_count(total)))


def count_original(documents: Sequence[Document]) -> int:
    """Return n, the number of documents with more than common knowledge."""
    return sum(len(document.passages) > 0 for document in documents)


def find_pairs(documents: Sequence[Document]) -> list[Pair]:
    """Return the documents that several students submitted, if their weight is positive, then the pairs from MIN_SCORE on.

    Both are sorted by descending score and limited to MAX_PAIRS.
    """
    index = Index([document.passages for document in documents])
    weights = weigh(index.counts, count_original(documents))
    weighted = [WeightedDocument(*each) for each in zip(documents, (weights[places] for places in index.places), strict=True)]
    same = (Pair(n, n, each.total, 1.0) for n, each in enumerate(weighted) if len(documents[n].submissions) > 1 and each.total)
    compared = (
        Pair(first, second, *score_pair(weighted[first], weighted[second]))
        for first in range(len(documents))
        for second in find_candidates(index, first, weights)
    )
    similar = (pair for pair in compared if pair.score >= MIN_SCORE)
    return [pair for group in (same, similar) for pair in nlargest(MAX_PAIRS, group, key=lambda pair: pair.score)]


class WeightedDocument:
    """A document with the weights of its passages, functions and files, and its total weight."""

    def __init__(self, document: Document, weights: NDArray[np.float64]) -> None:
        self.document, self.weights = document, weights
        self.by_function, self.by_file = self.add_up(weights)
        self.total = float(weights.sum())

    def add_up(self, weights: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the sums of the weights of its passages by function and by file."""
        by_function = np.bincount(self.document.functions, weights, len(self.document.files))
        return by_function, np.bincount(self.document.files, by_function)

    def compare_with(self, other: "WeightedDocument") -> tuple[float, float]:
        """Return the weight of what this document shares with another one, and S(this, other)."""
        shared = self.weights * np.isin(self.document.passages, other.document.passages, assume_unique=True)
        by_function, by_file = self.add_up(shared)
        share_of_file = by_file / np.maximum(self.by_file, EPSILON)
        scores = by_function**2 / np.maximum(self.by_function, EPSILON) * share_of_file[self.document.files]
        return float(shared.sum()), float(scores.sum())


def score_pair(first: WeightedDocument, second: WeightedDocument) -> tuple[float, float]:
    """Return the score of two documents, and the share of the smaller one that they share."""
    (shared, one), (_, other) = first.compare_with(second), second.compare_with(first)
    return max(one, other), shared / max(min(first.total, second.total), EPSILON)


def find_candidates(index: Index, document: int, weights: NDArray[np.float64]) -> list[int]:
    """Return the later documents that share enough with one, according to the index, to be compared in full."""
    places = index.places[document]
    near = places[:, None] + np.arange(1, REACH + 1)
    inside = near < len(index.hashes)
    near = np.where(inside, near, 0)
    same = inside & (index.hashes[near] == index.hashes[places][:, None])
    met, which = np.unique(index.documents[near[same]], return_inverse=True)
    return met[np.bincount(which, weights[near[same]], len(met)) >= MIN_SCORE / 2].tolist()


def find_clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """Return the groups of documents that pairs connect, each in the order of the class."""
    group: dict[int, set[int]] = {}
    for pair in pairs:
        joined = group.setdefault(pair.first, {pair.first}) | group.setdefault(pair.second, {pair.second})
        group |= dict.fromkeys(joined, joined)
    return sorted({id(each): sorted(each) for each in group.values()}.values())
