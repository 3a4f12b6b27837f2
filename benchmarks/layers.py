"""Measure what the layers of the sandbox cost an honest submission, compared with a bare fork.

`.venv/bin/python -m benchmarks.layers` alternates between a sandbox without layers, one with all of them, and one for each
missing layer. Each forks a child, loads a small dnn.py, calls it and ends the child. The solution is graded with and without
layers, too.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable

from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.sandbox.host import Limits
from autograder.sandbox.layers import LAYERS, MINIMUM
from autograder.sandbox.session import Sandbox
from tests.golden.programs import solutions

SOURCE = {"dnn": b"def f(): return 1.0\n"}
ALL, NONE = (), tuple(LAYERS)


def limits(without: tuple[str, ...]) -> Limits:
    """Limits with some layers left out, whatever that leaves open."""
    return Limits(without=without, accept=tuple(MINIMUM))


def fork_and_call(sandbox: Sandbox) -> None:
    """All that a submission costs before its own work: a child, locked in, with the sources loaded."""
    with sandbox.session(SOURCE) as session:
        assert session.fetch(session.module("dnn").f()) == 1.0


def grade(judge: Judge) -> None:
    """Grade the solution."""
    assert judge.grade(Submission("solution", solutions())).score == 100


def in_turn(works: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each task; the tasks are interleaved, so that other load affects all of them."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for round_ in range(rounds + 5):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if round_ >= 5:  # the first ones warm up
                taken[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Measure and print, milliseconds and differences from one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with contextlib.ExitStack() as stack:
        sandboxes = {
            "a bare fork": stack.enter_context(Sandbox(limits(NONE))),
            "all layers": stack.enter_context(Sandbox(limits(ALL))),
            **{f"all but {layer}": stack.enter_context(Sandbox(limits((layer,)))) for layer in LAYERS},
        }
        live = sandboxes["all layers"].zygote.layers
        taken = in_turn({name: lambda sandbox=sandbox: fork_and_call(sandbox) for name, sandbox in sandboxes.items()}, rounds)
    print(f"{len(live)} of {len(LAYERS)} layers are live here. Median of {rounds} children each, in turn:\n")
    for name, milliseconds in taken.items():
        print(f"{name:22s} {milliseconds:7.2f} ms   {milliseconds - taken['a bare fork']:+6.2f} ms over a bare fork")
    with Judge(limits(NONE)) as bare, Judge(limits(ALL)) as jailed:
        graded = in_turn({"bare": lambda: grade(bare), "jailed": lambda: grade(jailed)}, rounds // 5)
    print(f"\nThe solution graded: {graded['bare']:.1f} ms bare, {graded['jailed']:.1f} ms in all layers (two children each).")


if __name__ == "__main__":
    main()
