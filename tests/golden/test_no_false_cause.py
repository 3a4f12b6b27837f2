"""No reported cause is false: descriptions of wrong formulas also hold on networks that the diagnosis has not used."""

import random
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
import pytest

from autograder.backprop.case import Case
from autograder.backprop.cases import Sampler
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.backprop.observers.dnn import observe_networks
from autograder.backprop.observers.networks import backward, forward
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.diagnosis.matching import Finding, find_mistakes
from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Raised, same
from autograder.patterns import FACTORS, SHAPES, fill_in
from autograder.diagnosis.traces import run
from tests.golden.programs import program

Formulas = Mapping[str, str]
RIGHT = {name: STEPS["dnn"][name].right for name in ("Z", "A", "output dZ", "dW", "dB", "dA", "hidden dZ")}
# What can be added to the value of a step.
ALIKE = {
    "Z": ("B", "cache[f'A{layer - 1}'].mean(axis=0)"),
    "A": ("Z", "Z**2"),
    "output dZ": ("out", "out * out"),
    "dW": ("cache[f'W{layer}']", "dZ.sum(axis=1, keepdims=True)"),
    "dB": ("cache[f'B{layer}']", "dZ[:, :1]"),
    "dA": ("A_previous", "dZ.sum(axis=0)"),
    "hidden dZ": ("A_previous", "cache[f'Z{layer - 1}']"),
}
NUMBERS = (0.7, 0.37, 1.7, 3, 4, 5, 7, 8, 0.125, -2, 1 / 3)
SIZES = ("out.size", "len(out)", "dZ.shape[0]", "A_previous.shape[0]", "cache['A0'].shape[0]", "(m + 1)", "self.num_layers")
SHAPED = dict(zip(SHAPES, ("({}).T", "({})[:, 0]", "np.mean({}, keepdims=True)"), strict=True))
FAILURES = dict.fromkeys(("forward_other_depths", "gradient_single_sample", "gradient_saturated"), ValueError())
UNSEEN = [Sampler(b"unseen").rejection_sample("unseen", sizes, m) for sizes, m in (((2, 4, 3, 6, 3), 9), ((5, 3, 4, 2), 6))]


def wrong_formulas(seed: str) -> Iterator[dict[str, str]]:
    """Yield a step with a wrong formula without end: odd factors, sizes for m, mixtures, other shapes, one layer alone."""
    chance = random.Random(seed)
    while True:
        step = chance.choice(list(RIGHT))
        right, number, other = RIGHT[step], chance.choice(NUMBERS), chance.choice(ALIKE[step])
        kinds = [f"{number} * ({right})", f"{right} + {number} * ({other})", f"np.tanh({number} * ({right}))"]
        if step != "output dZ":
            layer = chance.choice((1, 2, 3))
            kinds += [f"({right}) * (1 + {number} * layer)", f"{number} * ({right}) if layer == {layer} else {right}"]
        if step in ("dW", "dB"):
            size = chance.choice(SIZES)
            kinds += [f"({right}) * m / {size}", f"({right}) * {size}", f"({right}) * {number} * {size} / m"]
            kinds += [f"np.squeeze({right})", f"({right}).sum(axis=0)", f"({right}).sum(axis=0, keepdims=True)"]
        yield {step: chance.choice(kinds)}


def wrong_formulas_beside_rows(seed: str) -> Iterator[dict[str, str]]:
    """Yield wrong formulas together with a mistake of the catalog in another step."""
    chance = random.Random(seed)
    rows = [row.lines for row in MISTAKES["dnn"] if row.lines and not row.edits]
    for formulas in wrong_formulas(seed):
        lines = chance.choice(rows)
        if formulas.keys().isdisjoint(lines):
            yield {**formulas, **lines}


ALONE, BESIDE = (list(islice(programs("no false cause"), 60)) for programs in (wrong_formulas, wrong_formulas_beside_rows))


def made_by(case: Case, formulas: Formulas) -> dict[tuple[str, str], object]:
    """Return what both passes of an unseen network make with these formulas, the backward pass of a right cache."""
    given = {"out": reference_of(case).out, "cache": {**reference_cache(case), "Y": case.Y}}
    made = {}
    for one in (forward(case), backward(case, given)):
        found = run(one, formulas, {**one.functions(formulas), **one.scopes[0]})
        made |= {(one.name, key): value for key, value in ({"": found} if isinstance(found, Raised) else found).items()}
    return made


def told(finding: Finding, case: Case) -> Formulas:
    """Return the formulas that a finding says the program has."""
    if finding.mistakes:
        return finding.mistakes[0].formulas
    steps = dict.fromkeys(one.step for one in finding.broken)
    words, number = finding.pattern.words, finding.pattern.factor
    for factor in (factor for pattern, factor in FACTORS.items() if fill_in(pattern) == words):
        number = factor(case.samples)
    if number is not None:
        return {step: f"{number} * ({RIGHT[step]})" for step in steps}
    return {step: SHAPED[words].format(RIGHT[step]) for step in steps if words in SHAPED}


def is_true(finding: Finding, truth: Formulas) -> bool:
    """Return whether a program with what is told of a finding in place of its own lines gives the same where nobody looked."""
    if not finding.mistakes and any(" if layer == " in formula for formula in truth.values()):
        return True  # one layer alone is told, and not what the others have
    return all(
        all(same(value, made_by(case, {**truth, **told(finding, case)}).get(key)) for key, value in made_by(case, truth).items())
        for case in UNSEEN
    )


def find(judge, cases, formulas: Formulas) -> list[Finding]:
    """Return what is found in a program with these formulas."""
    with judge.sandbox.session({"dnn": program("dnn", Mistake(formulas, "?", ".", "."))}) as student:
        with np.errstate(all="ignore"):
            return find_mistakes(list(observe_networks(student, FAILURES, cases)), MISTAKES["dnn"])


@pytest.mark.parametrize("formulas", ALONE, ids=lambda formulas: " ".join(formulas.values()))
def test_a_formula_in_no_row_has_one_cause_and_no_false_one(formulas, judge, cases):
    findings = find(judge, cases, formulas)
    assert [finding for finding in findings if not is_true(finding, formulas)] == []
    assert len(findings) <= 1


@pytest.mark.parametrize("formulas", BESIDE, ids=lambda formulas: " ".join(formulas.values()))
def test_an_unknown_formula_next_to_a_mistake_has_no_false_cause(formulas, judge, cases):
    findings = find(judge, cases, formulas)
    assert [finding for finding in findings if not is_true(finding, formulas)] == []
