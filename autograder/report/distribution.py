"""How the scores of a class are distributed, in numbers and as a histogram, which templates/histogram.html draws."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Histogram(NamedTuple):
    """Scores in equal bins from 0 to `limit`: how many are in each, and the ticks of both axes."""

    limit: float
    counts: list[int]
    score_ticks: list[float]
    count_ticks: list[float]


class Distribution(NamedTuple):
    """One or more scores, out of max_score points, which only a TA's adjustment can exceed."""

    name: str
    scores: Sequence[float]
    max_score: float

    @property
    def mean(self) -> float:
        """The mean score."""
        return statistics.fmean(self.scores)

    @property
    def quartiles(self) -> list[float]:
        """The lower quartile, the median and the upper quartile."""
        return statistics.quantiles(self.scores, n=4, method="inclusive") if len(self.scores) > 1 else [*self.scores] * 3

    @property
    def full(self) -> int:
        """The number of full scores."""
        return sum(score >= self.max_score for score in self.scores)

    @property
    def zero(self) -> int:
        """The number of scores of 0."""
        return sum(score == 0 for score in self.scores)

    def histogram(self, bins: int, labels: int) -> Histogram:
        """Return the histogram, with at most so many labels on its axis of points besides 0."""
        limit = max(self.max_score, *self.scores)
        counts = count_bins(self.scores, limit, bins)
        return Histogram(limit, counts, round_ticks(limit, labels), round_ticks(max(counts), 4, smallest=1))


def count_bins(scores: Sequence[float], limit: float, bins: int) -> list[int]:
    """Return how many scores are in each of some equal bins from 0 to limit; a bin has its lower end, the last one both."""
    counts = Counter(min(int(score * bins / limit), bins - 1) for score in scores)
    return [counts[number] for number in range(bins)]


def round_ticks(limit: float, most: int, smallest: float = 0) -> list[float]:
    """Return 0 and the multiples up to limit of a round step: 1, 2 or 5 times a power of ten, no less than the smallest.

    At most `most` steps lead to the limit.
    """
    unit = max(10.0 ** math.floor(math.log10(limit / most)), smallest)
    step = next(step for step in (unit, 2 * unit, 5 * unit, 10 * unit) if step * most >= limit)
    return [number * step for number in range(int(limit / step) + 1)]
