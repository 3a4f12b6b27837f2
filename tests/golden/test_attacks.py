"""No attack gains a point, reads a secret, leaves a process, writes a file or disturbs a neighbour, whichever layer is off."""

from types import SimpleNamespace

import pytest

from autograder.judge.judge import Judge
from autograder.sandbox.layers import LAYERS, WeakSandboxError
from tests.golden.attacks import ATTACKS
from tests.golden.attacks.harness import NEIGHBOURS, breaches, grade_here, grade_in_batch, honest, without, world

# Each layer by itself, and all that an ordinary user lacks where the system allows no user namespace.
MISSING = [*((layer,) for layer in LAYERS), ("root", "user", "network", "ipc", "pid")]
RUNNING = [name for name, attack in ATTACKS.items() if attack.status != "invalid"]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with world(tmp_path_factory.mktemp("world")) as ground:
        yield ground


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the neighbours get when nobody attacks."""
    with world(tmp_path_factory.mktemp("calm")) as ground:
        outcome = grade_in_batch(None, ground, tmp_path_factory.mktemp("batch"))
    assert [one.student for one in outcome.neighbours] == list(NEIGHBOURS)
    assert [one.score for one in outcome.neighbours] == [100, 100]
    return outcome.neighbours


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_in_a_batch(name, undisturbed, tmp_path, capfd):
    with world(tmp_path / "world") as ground:
        outcome = grade_in_batch(ATTACKS[name], ground, tmp_path)
        printed = "".join(capfd.readouterr())
        assert breaches(ATTACKS[name], ground, outcome, undisturbed, printed) == []


@pytest.fixture(scope="module", params=MISSING, ids=", ".join)
def weakened(request, ground):
    """A judge whose sandbox lacks some layers, and what an honest submission gets from it; None where that is refused."""
    try:
        judge = Judge(without(*request.param))
    except WeakSandboxError:
        yield None
        return
    with judge:
        before = judge.grade(honest())
        ground.remember()
        yield SimpleNamespace(judge=judge, before=(before,))


@pytest.mark.parametrize("name", RUNNING)
def test_attack_without_a_layer(name, weakened, ground, capfd):
    if weakened is None:
        return  # too few layers are left on this machine, so nothing is graded
    outcome = grade_here(ATTACKS[name], ground, weakened.judge)
    found = breaches(ATTACKS[name], ground, outcome, weakened.before, "".join(capfd.readouterr()))
    assert [sentence for sentence in found if not sentence.startswith("lost points")] == []
