"""Measure what the diagnosis costs: nothing for correct work, and some milliseconds for each incorrect golden program.

Run it with `.venv/bin/python -m benchmarks.diagnosis`.
"""

import statistics
import time
from unittest.mock import patch

from autograder.judge.judge import Grading, Judge
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions, submission

ROUNDS = 3
DIAGNOSE = Grading.causes


def measure(judge: Judge, sources: dict[str, bytes]) -> float:
    """Return the milliseconds of the diagnosis of one submission: the least of some rounds."""
    seconds = []

    def timed(grading):
        started = time.perf_counter()
        found = DIAGNOSE(grading)
        seconds.append(time.perf_counter() - started)
        return found

    with patch.object(Grading, "causes", timed):
        for _ in range(ROUNDS):
            judge.grade(submission(sources))
    return 1e3 * min(seconds)


if __name__ == "__main__":
    with Judge() as judge:
        judge.grade(submission(solutions()))  # what is made once is made here
        right = measure(judge, solutions())
        wrong = {name: measure(judge, mistake.sources) for name, mistake in MISTAKES.items()}
    slowest = sorted(wrong, key=lambda name: -wrong[name])[:3]
    print(f"right work: {right:.3f} ms")
    print(f"{len(wrong)} wrong programs: median {statistics.median(wrong.values()):.1f} ms, most {max(wrong.values()):.1f} ms")
    print("slowest: " + ", ".join(f"{name} {wrong[name]:.1f} ms" for name in slowest))
