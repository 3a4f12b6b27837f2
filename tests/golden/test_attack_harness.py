"""The look around after an attack finds what there is to find: without the sandbox the same attacks succeed, and it shows."""

import base64
import ctypes
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from autograder.files import ROOT
from autograder.judge.judge import Judge
from autograder.sandbox.layers import LAYERS, MINIMUM
from tests.golden.attacks import ATTACKS, CANARY
from tests.golden.attacks.harness import QUICK, breaches, grade_here, honest, secrets_in, texts_of, unsafe, without, world
from tests.golden.attacks.selection import MISSING, PAGE, SAME, Run, cells, every_run, selected_runs
from tests.shares import SHARES, current_share

SUCCEED = {
    "secret file by open": "tells the secret",
    "secret file by C library": "tells the secret",
    "secret file by numpy readers": "tells the secret",
    "secret file by climbing out": "tells the secret",
    "listings": "tells that something was reached",
    "watched results": "tells that something was reached",
    "namespaces": "tells that something was reached",
    "connection": "reached the listener ('127.0.0.1'",
    "datagram": "reached the listener ('127.0.0.1'",
    "unix sockets": "reached the listener",
    "files by other calls": "wrote folder in the open folder",
    "shared memory": "left a shm of System V",
    "what neighbours left": "tells the secret",
    "secret file by kernel ring": "tells the secret",
    "another program": "wrote exec in the open folder",
}


@pytest.fixture
def ground(tmp_path):
    with world(tmp_path) as ground:
        yield ground


@pytest.fixture(scope="module")
def judge():
    with Judge(QUICK) as judge:
        yield judge


@pytest.fixture(scope="module")
def bare():
    """Yield a judge whose sandbox lacks every layer that can be left out."""
    with Judge(replace(without(*LAYERS), accept=tuple(MINIMUM))) as judge:
        yield judge


@pytest.fixture
def quiet(ground, judge):
    """Return the outcome of a submission that does nothing, and what its neighbours get."""
    ground.remember()
    outcome = grade_here(ATTACKS["words of the grader"], ground, judge)
    assert breaches(ATTACKS["words of the grader"], ground, outcome, outcome.neighbours) == []
    return outcome


@pytest.mark.skipif(sys.platform != "linux", reason="what these reach is there on Linux")
@pytest.mark.parametrize("name", SUCCEED)
def test_without_the_sandbox_an_attack_succeeds(name, ground, bare):
    before = (bare.grade(honest()),)
    ground.remember()
    found = breaches(ATTACKS[name], ground, grade_here(ATTACKS[name], ground, bare), before)
    assert SUCCEED[name] in " ".join(found)
    assert ground.traces() == []  # the world is as it was


def look(ground, outcome, attack="words of the grader", **more):
    return " ".join(breaches(ATTACKS[attack], ground, outcome, more.pop("undisturbed", outcome.neighbours), **more))


def test_marks_that_differ(ground, quiet):
    outcome = quiet._replace(results=quiet.neighbours[:1])
    assert "gained points: 60 and not 0 in dnn" in look(ground, outcome)
    attack = ATTACKS["words of the grader"]._replace(marks=(0, 5, 0), status="invalid")
    found = breaches(attack, ground, quiet, quiet.neighbours)
    assert found == ["the status is graded and not invalid", "lost points: 0 and not 5 in dnn"]
    assert breaches(attack, ground, quiet._replace(results=(None,)), quiet.neighbours)
    nobody = quiet._replace(results=(replace(quiet.results[0], status="error"),))
    assert "dnn has no mark" in look(ground, nobody)


def test_a_neighbour_that_differs(ground, quiet):
    other = replace(quiet.neighbours[0], reason="x")
    assert "disturbed honest" in look(ground, quiet, undisturbed=(other,))
    assert "0 of 1 neighbours" in look(ground, quiet._replace(neighbours=()), undisturbed=(other,))


def test_a_secret_in_any_form(ground, quiet):
    secret = ground.world.secret
    digits = secret.removeprefix(CANARY)
    for form in (secret, digits, digits[::-1], secret.encode().hex(), base64.b64encode(secret.encode()).decode()):
        assert secrets_in(f"x{form}x", secret) == ["the secret"]
        assert "printed tells the secret" in look(ground, quiet, printed=form)
        assert "faults tells the secret" in look(ground, quiet._replace(texts={**quiet.texts, "faults": form}))
    assert secrets_in("canary- " + digits[:-1], secret) == []


def test_a_process_left(ground, quiet):
    daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(20)"
    subprocess.run([sys.executable, "-c", daemon], check=True)
    assert "left 1 processes behind" in look(ground, quiet)
    assert look(ground, quiet) == ""


def test_a_file_written_later(ground, quiet):
    path = ground.world.results / "mallory.json"
    writer = f"import os, time; os.fork() and os._exit(0); time.sleep(2.5); open({str(path)!r}, 'w').write('x')"
    subprocess.run([sys.executable, "-c", writer], check=True)
    assert "results/mallory.json was written over" in look(ground, quiet)
    assert "x.json was written by nobody" in look(ground, quiet._replace(texts={**quiet.texts, "x.json": '{"score": 0}'}))


def test_a_secret_file_that_was_changed(ground, quiet):
    ground.world.secret_file.write_text("x")
    assert "the secret file was changed" in look(ground, quiet)


@pytest.mark.skipif(not os.path.exists("/proc/sysvipc"), reason="there is no such memory")
def test_orphaned_shared_memory_is_found(ground, quiet):
    assert ctypes.CDLL(None).shmget(0x0BAC0000 + ground.world.port, 4096, 0o1666) >= 0
    assert "left a shm of System V" in look(ground, quiet)
    assert look(ground, quiet) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stdout", "\x1b[2J"),
        ("grades.csv", "a,b\n=1,2\n"),
        ("grades.csv", "a,b\n1\n"),
        ("x.html", "<script>"),
        ("report.html", "<script></script><script></script>"),
        ("report.html", "<iframe><script></script>"),
        ("x.html", "<p onclick=x>"),
        ("x.html", "<a href='javascript:x'>"),
        ("x.html", "\u202e"),
        ("x.json", '{"score": NaN}'),
        ("x.json", '{"score": 101}'),
        ("x.json", "{}"),
        ("x.json", "x" * 500_000),
    ],
)
def test_text_that_acts(name, text):
    assert unsafe(name, text)


def test_the_reports_of_an_honest_submission_are_quiet(judge):
    assert [name for name, text in texts_of([judge.grade(honest())]).items() if unsafe(name, text)] == []


def test_the_page_has_a_cell_for_every_attack_without_every_layer():
    """And none says that an attack succeeds; `make bench WHAT=attacks` writes it."""
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(run for run, _ in cells(text)) == sorted(Run(name, missing) for name in ATTACKS for missing in MISSING)
    assert "SUCCEEDS" not in text


def test_every_run_has_its_turn():
    """Those that end differently are in every push, and each of the others in one of the shares."""
    page = PAGE.read_text(encoding="utf-8")
    decided = {run for run, ending in cells(page) if ending != SAME}
    turns = Counter(run for share in range(SHARES) for run in selected_runs(page, privileged=True, share=share))
    assert len(decided) >= 60
    assert turns == {run: SHARES if run in decided else 1 for run in every_run()}
    assert {*selected_runs(page, privileged=False)} == decided


def test_the_commit_chooses_the_share(monkeypatch):
    monkeypatch.delenv("SHARE", raising=False)
    current_share.cache_clear()
    assert current_share() < SHARES
    monkeypatch.setenv("SHARE", "15")
    current_share.cache_clear()
    assert current_share() == 3
    monkeypatch.undo()
    current_share.cache_clear()


def test_the_readme_counts_them():
    assert f"{len(ATTACKS)} hostile submissions" in (ROOT / "README.md").read_text()
