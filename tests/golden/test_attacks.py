"""No attack gains a point, reads a secret, leaves a process, writes a file or disturbs a neighbor, whichever layer is off."""

import os
import sys
from types import SimpleNamespace

import pytest

from autograder.judge.judge import Judge
from autograder.sandbox.layers import WeakSandboxError
from tests.golden.attacks import ATTACKS
from tests.golden.attacks.harness import (
    NEIGHBOURS,
    breaches,
    grade_here,
    grade_in_batch,
    honest,
    traces_of_all,
    unearned,
    without,
    world,
)
from tests.golden.attacks.selection import MISSING, PAGE, selected_runs
from tests.memory import MAX_JUDGE

# Batches mix attacks of all sections, so that those that hang are spread over them.
BATCHES = 6
BATCH = {name: number % BATCHES for number, name in enumerate(ATTACKS)}
RUNS = selected_runs(PAGE.read_text(encoding="utf-8"), privileged=os.geteuid() == 0)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with world(tmp_path_factory.mktemp("world")) as ground:
        yield ground


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the results of the neighbors when nobody attacks."""
    with world(tmp_path_factory.mktemp("calm")) as ground:
        outcome = grade_in_batch([], ground, tmp_path_factory.mktemp("batch"))
    assert [one.student for one in outcome.neighbours] == list(NEIGHBOURS)
    assert [one.score for one in outcome.neighbours] == [100, 100]
    return outcome.neighbours


@pytest.fixture(scope="module")
def grade_batch(undisturbed, tmp_path_factory):
    """Grades a batch, once: the result of each attack by its name; what all of them left, told or disturbed; the peak memory."""

    graded = {}

    def grade_batch(number, capfd):
        if number not in graded:
            names = [name for name in ATTACKS if BATCH[name] == number]
            folder = tmp_path_factory.mktemp("batch")
            with world(folder / "world") as ground:
                outcome = grade_in_batch([ATTACKS[name] for name in names], ground, folder)
                left = traces_of_all(ground, outcome, undisturbed, "".join(capfd.readouterr()))
            graded[number] = dict(zip(names, outcome.results, strict=True)), left, outcome.peak
        return graded[number]

    return grade_batch


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(f"batch {BATCH[name]}")) for name in ATTACKS])
def test_attack_in_a_batch(name, grade_batch, undisturbed, tmp_path, capfd):
    results, left, _ = grade_batch(BATCH[name], capfd)
    assert unearned(ATTACKS[name], results[name]) == []
    if left:
        with world(tmp_path / "world") as ground:  # by itself, to see whether it is this attack
            outcome = grade_in_batch([ATTACKS[name]], ground, tmp_path)
            assert breaches(ATTACKS[name], ground, outcome, undisturbed, "".join(capfd.readouterr())) == []
    assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("number", [pytest.param(number, marks=pytest.mark.xdist_group(f"batch {number}")) for number in range(BATCHES)])
def test_the_judge_stays_small_in_a_batch(number, grade_batch, capfd):
    """It is the worker's process that is measured, not the submissions'."""
    *_, peak = grade_batch(number, capfd)
    assert 0 < peak <= MAX_JUDGE


@pytest.fixture(scope="module")
def weakened(request, ground):
    """Yield a judge whose sandbox lacks some layers, and what an honest submission gets from it."""
    try:
        judge = Judge(without(*MISSING[request.param]))
    except WeakSandboxError as refusal:
        pytest.skip(f"nothing is graded without {request.param}: {refusal}")
    with judge:
        before = judge.grade(honest())
        ground.remember()
        yield SimpleNamespace(judge=judge, before=(before,))


@pytest.mark.parametrize(
    ("name", "weakened"),
    [pytest.param(*run, marks=pytest.mark.xdist_group(f"without {run.missing}")) for run in RUNS],
    indirect=["weakened"],
)
def test_attack_without_a_layer(name, weakened, ground, capfd):
    outcome = grade_here(ATTACKS[name], ground, weakened.judge)
    found = breaches(ATTACKS[name], ground, outcome, weakened.before, "".join(capfd.readouterr()))
    assert [sentence for sentence in found if not sentence.startswith("lost points")] == []
