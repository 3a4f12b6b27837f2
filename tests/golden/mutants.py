"""`make mutants`: grade every first-order mutant of the solution; those that keep full marks go to build/survivors.diff.

A mutant that keeps full marks is a hole in the checks, unless EQUIVALENT or UNTESTED explains it. The explanations are tested
too: what they cover must keep full marks, or a check takes points from correct work. `MUTANTS=200` grades a random sample, the
same one each time. The exit code is 1 if a mutant survives unexplained, if an explanation fails, or if the judge does.
"""

import argparse
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from autograder.files import ROOT
from autograder.intake.read import Submission
from autograder.results import Result
from autograder.workers import grade_all
from tests.golden.mistakes import BESIDE
from tests.golden.mutator import Mutant, mutants
from tests.golden.programs import submission
from tests.limits import QUICK

FILE = ROOT / "build/survivors.diff"

# Mutants that are correct programs: why, and what their changes look like, "function: old lines -> new lines".
EQUIVALENT = {
    "A matrix has two axes: the last one is axis 1.": [r"(axis=|shape\[)1\b.* -> .*\1-1\b"],
    "Axis 0 is broadcast without keepdims too.": [r"^softmax.*axis=0, keepdims=True.* -> .*axis=0(, keepdims=False)?\)"],
    "There is one output: the mean of everything is the mean along axis 1.": [r"^logistic.* -> .*\(dJdz1, keepdims=True\)"],
    "What is computed from a batch, and its labels, are as long as the batch.": [
        r"X\.shape\[1\] -> .*\b(y|a1|dJdz|dJdz1)\.shape\[1\]$"
    ],
    "Further keys are welcome: the gradients of A0, and a dZ0 from them.": [
        r"(DNN\.compute|notes)_gradients: if layer > 1: -> if (True|layers > 1|layer >= 1|layer > (-1|0|0\.5|0\.001)):$",
        r"(DNN\.compute|notes)_gradients: if layer > 1:;     (.*);     (.*) -> \2; \3$",
    ],
    "Layers are counted down from the last one to 1.": [r"if layer > 1: -> if layer != 1:$"],
    "After the loop, `layer` is the last layer.": [
        r"range\(layers, .* -> .*range\(layer, ",
        r"\{layers\}': a\[layers\].* -> .*(\{layer\}': a\[layers\]|\{layers\}': a\[layer\])",
    ],
    "Both are the same number.": [r"\* 1\) -> .*1 / 1\)$", r"^two_paths.* -> .*(\(2 \* g1 \+ x,|\(2 \* g2\))"],
    "A square has no sign.": [r"\*\* 2.* -> .*(\(-.*\)\)|\(y_hat - y\)|\(Y - out\)) \*\* 2"],
    "The sign is in the numerator and in the denominator.": [r"^softmax: E = np\.exp\(.* -> E = -np\.exp\("],
    "Nothing that is read in between is written.": [
        r"^DNN\.fit: if losses.*break; grads = .* -> grads = .*; if losses.*break$",
        r"_gradients: grads\[f'(B|dJdw)\{layer\}'\] = [^;]*; if layer > 1:.* -> if layer > 1:.*; grads\[f'\1",
    ],
    "Nothing hangs on the number of the epoch.": [r"range\(epochs\): -> for _ in reversed\(range\(epochs\)\):$"],
    "No probability is above 1.": [r"1e-300, 1\).* -> .*1e-300, 2\)"],
    "The larger one of two numbers.": [r"clip\(out, 1e-300, .* -> .*clip\(1e-300, out, ", r"\(Z, 0\) -> .*\(0, Z\)$"],
    "A number of numpy is a number, and a truth value is 0 or 1.": [
        r"return float\((.*)\) -> return \1$",
        r"\(Z > 0\)\.astype\(float\) -> return Z > 0$",
    ],
    "A pair has two elements: the last one is element 1.": [r"\[name\]\[1\].* -> .*\[name\]\[-1\]"],
    "numpy takes nested lists.": [r"^worked_example: (W1|y) = np\.array\((.*)\) -> \1 = \2$"],
    "One sample: the product of a column and a row is broadcast.": [r"da1 @ x.* -> .*da1 \* x", r"da2 @ h1.* -> .*da2 \* h1"],
    "The learning rate of the worked example is 1.": [r"- 1\.0 \* dW2.* -> .*W2\[0, 1\] - dW2"],
    "Two inputs of the worked example are 3, so their weights may change places.": [
        r"^worked_example: W1 .* -> .*(0\.3, -0\.4, 0\.8|0\.0, 0\.4, 0\.5|0\.5, 0\.7, -0\.9)\]"
    ],
}
# Mutants that are wrong where no check looks, and why none does.
UNTESTED = {
    "Differs only if a loss is the tolerance to the last bit.": [r"losses\[-1\] < tolerance: -> if losses\[-1\] <= tolerance:"],
    "Differs only between 0 and 0.001, where no input of a unit is.": [r"\(Z > 0\).* -> return \(Z > 0\.001\)\.astype"],
}


class Outcome(NamedTuple):
    """What became of the mutants: how many were graded, equivalent or untested, and what is wrong, a sentence each."""

    graded: int
    equivalent: list[Mutant]
    untested: list[Mutant]
    survivors: list[Mutant]
    faults: list[str]


def explanation(mutant: Mutant, table: Mapping[str, Sequence[str]]) -> str:
    """Return why a mutant keeps full marks by one of the tables, or ""."""
    text = f"{mutant.function}: {mutant.change}"
    return next((reason for reason, changes in table.items() if any(re.search(change, text) for change in changes)), "")


def submissions(chosen: Iterable[Mutant]) -> Iterator[Submission]:
    """Yield each mutant as a submission that is named by its number."""
    for number, mutant in enumerate(chosen):
        yield replace(submission({**BESIDE[mutant.part], mutant.part: mutant.source}), student=str(number))


def assess(chosen: Sequence[Mutant], results: Iterable[Result]) -> Outcome:
    """Return what became of the mutants, by their results in any order."""
    equivalent, untested, survivors, faults = [], [], [], []
    for result in sorted(results, key=lambda result: int(result.student)):
        mutant = chosen[int(result.student)]
        explained = [bool(explanation(mutant, table)) for table in (EQUIVALENT, UNTESTED)]
        kept = result.part_score(mutant.part) == result.part_max(mutant.part)
        if result.status != "graded" or result.fault:
            faults.append(f"the judge failed:\n{mutant.diff}\n{result.fault}")
        elif any(explained) and not kept:
            lost = ", ".join(check.id for check in result.failed if check.part == mutant.part)
            faults.append(f"explained, and yet it loses {lost}:\n{mutant.diff}")
        elif kept:
            (equivalent if explained[0] else untested if explained[1] else survivors).append(mutant)
    return Outcome(len(chosen), equivalent, untested, survivors, faults)


def unused(found: Outcome) -> list[str]:
    """Return the explanations that no mutant needs."""
    pairs = ((EQUIVALENT, found.equivalent), (UNTESTED, found.untested))
    return [reason for table, kept in pairs for reason in table if reason not in {explanation(one, table) for one in kept}]


def sample(every: Sequence[Mutant], count: int) -> list[Mutant]:
    """Return so many mutants in their order, always the same ones; all of them for 0."""
    places = range(len(every))
    return [every[place] for place in sorted(random.Random("mutants").sample(places, min(count or len(every), len(every))))]


def main() -> int:
    """Grade the mutants, write down which survive, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=0, help="a sample of so many; 0, the default, is all")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    every = list(mutants())
    chosen = sample(every, given.count)
    found = assess(chosen, grade_all(submissions(chosen), given.jobs, QUICK))
    kept = [(mutant, explanation(mutant, UNTESTED) or "Unexplained.") for mutant in (*found.survivors, *found.untested)]
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("".join(f"{reason}\n{mutant.diff}\n\n" for mutant, reason in kept), encoding="utf-8")
    faults = [*found.faults, *(f"no mutant needs the explanation: {reason}" for reason in unused(found) if chosen == every)]
    survived = len(found.equivalent) + len(found.untested) + len(found.survivors)
    print(f"{len(every)} mutants, {found.graded} graded: {found.graded - survived} killed, {len(found.equivalent)} equivalent,")
    print(f"{len(found.untested)} wrong where no check looks, {len(found.survivors)} unexplained: {FILE.relative_to(ROOT)}")
    for sentence in (*faults, *(f"survives:\n{mutant.diff}" for mutant in found.survivors)):
        print(sentence, file=sys.stderr)
    return 1 if faults or found.survivors else 0


if __name__ == "__main__":
    sys.exit(main())
