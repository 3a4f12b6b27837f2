"""Histograms of scores for the class report: what they show. templates/histogram.html draws them."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Histogram(NamedTuple):
    """Scores in equal bins from 0 to `limit`: how many are in each, the ticks of both axes, and the median."""

    title: str
    limit: float
    counts: list[int]
    score_ticks: list[float]
    count_ticks: list[float]
    median: float


def histogram(title: str, scores: Sequence[float], max_score: float, bins: int, labels: int) -> Histogram:
    """Return the histogram of one or more scores, with about as many labels on its axis of points as asked for.

    A score above max_score, which a TA's adjustment can make, extends the axis.
    """
    limit = max(max_score, *scores)
    counts = count_bins(scores, limit, bins)
    count_ticks = round_ticks(max(counts), 4, smallest=1)
    return Histogram(title, limit, counts, round_ticks(limit, labels), count_ticks, statistics.median(scores))


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
