"""Two people and one OUT: who may write to it, who is named, and what is left behind."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.gradebook import Gradebook
from autograder.lock import NAME, LockedError, Owner, describe_self, lock, make, read_start
from autograder.lock import take as take_lock
from autograder.marks import Adjustment
from tests.golden.programs import solutions
from tests.project.grading import rows

HOLD = """
import sys, time
from pathlib import Path
from autograder.lock import lock

with lock(Path(sys.argv[1]), "grading", print):
    print("holds it", flush=True)
    time.sleep(float(sys.argv[2]))
"""
RACE = """
import sys, time
from pathlib import Path
from autograder.lock import LockedError, lock

print("is ready", flush=True)
start = float(sys.stdin.readline())
for number, out in enumerate(sys.argv[1:]):
    while time.time() < start + number / 2:
        pass
    try:
        with lock(Path(out), "grading", lambda sentence: None):
            print("won", flush=True)
            time.sleep(0.4)
    except LockedError:
        print("lost", flush=True)
"""
TRIES, RACERS = 10, 3


def start(code, *arguments):
    """Start a process that runs a code, and wait until it says something."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() in ("holds it\n", "is ready\n")
    return process


@pytest.fixture
def holder(tmp_path):
    """Yield a process that holds the lock of the folder."""
    process = start(HOLD, tmp_path, 600)
    yield process
    process.kill()
    process.communicate()


def take(out, seconds=0.0):
    """Take the lock of a folder for a moment; what is announced."""
    said = []
    with lock(out, "grading", said.append, seconds):
        assert json.loads((out / NAME).read_text())["process"] == os.getpid()
    assert not (out / NAME).exists()
    return said


def leave_behind(out, **other):
    """Leave a lock in a folder like one of ours, but for some fields."""
    owner = replace(describe_self("grading"), **other)
    assert make(out / NAME, owner)
    return owner


def test_the_holder_of_the_lock_is_named(tmp_path, holder):
    own = describe_self("grading")
    with pytest.raises(LockedError) as refused:
        take(tmp_path)
    said = str(refused.value)
    assert said.startswith(f"OUT={tmp_path} is in use: grading by {own.user}, process {holder.pid} on {own.host}, since 20")
    assert said.endswith("Wait until it finishes, or use another OUT.")
    assert (tmp_path / NAME).exists()


def test_the_lock_of_a_killed_process_is_taken_over_with_a_word(tmp_path, holder):
    holder.kill()
    holder.wait()
    (said,) = take(tmp_path)
    assert said.startswith("An earlier run was interrupted (grading by ")
    assert f"process {holder.pid} on" in said


def test_the_lock_of_a_process_whose_parent_has_not_noticed_its_end_is_taken_over(tmp_path, holder):
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    os.kill(holder.pid, 0)
    assert len(take(tmp_path)) == 1


def test_the_lock_of_a_process_whose_number_another_one_has_now_is_taken_over(tmp_path):
    assert read_start(os.getppid())
    leave_behind(tmp_path, process=os.getppid(), started="long ago")
    assert len(take(tmp_path)) == 1


def test_a_process_that_runs_keeps_its_lock_where_its_start_cannot_be_found_out(tmp_path, holder, monkeypatch):
    monkeypatch.setattr("autograder.lock.read_start", lambda process: "")
    with pytest.raises(LockedError):
        take(tmp_path)


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {"machine": "another container of the same name"}])
def test_the_lock_of_another_host_stays_and_the_file_to_delete_is_named(tmp_path, other):
    leave_behind(tmp_path, process=2**22 + 1, **other)
    with pytest.raises(LockedError, match=rf"If that run is gone, delete {tmp_path}/{NAME}\."):
        take(tmp_path)
    assert (tmp_path / NAME).exists()


BAD = {
    "empty": b"",
    "no JSON": b"{",
    "deep": b"[" * 3_000,
    "a list": b"[1]",
    "a field too many": json.dumps({**asdict(Owner("grading")), "more": "x"}).encode(),
    "no number": json.dumps({**asdict(Owner("grading")), "process": "x"}).encode(),
    "no text": json.dumps({**asdict(Owner("grading")), "user": 1}).encode(),
    "endless": json.dumps({**asdict(Owner("grading")), "user": "x" * 1_000_000}).encode(),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_lock_that_says_nothing_is_somebodys(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(LockedError, match=r"does not say by whom\. .* delete "):
        take(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_a_lock_that_leads_elsewhere_is_not_followed(tmp_path):
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LockedError, match="does not say by whom"):
        take(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_lock_says_is_only_text(tmp_path):
    owner = leave_behind(tmp_path, host="elsewhere")
    (tmp_path / NAME).write_text(json.dumps(asdict(owner) | {"user": "\x1b[31m" + "x" * 300}))
    with pytest.raises(LockedError) as refused:
        take(tmp_path)
    assert r"\u001b[31mxxx" in str(refused.value)
    assert len(str(refused.value)) < 500 + len(str(tmp_path))


def test_a_lock_is_waited_for(tmp_path):
    process = start(HOLD, tmp_path, 1)
    (said,) = take(tmp_path, seconds=60)
    assert said.startswith(f"Waiting up to 60 seconds for {tmp_path}: grading by ")
    assert process.wait() == 0


def test_a_lock_that_was_deleted_by_hand_is_not_deleted_again(tmp_path):
    with lock(tmp_path, "grading", print):
        (tmp_path / NAME).unlink()
        leave_behind(tmp_path, host="elsewhere")
    assert (tmp_path / NAME).exists()


@pytest.mark.parametrize("left", [False, True], ids=["fresh", "left behind"])
def test_of_runs_that_start_in_the_same_instant_exactly_one_wins(tmp_path, left):
    """Also where a run that was killed left its lock, and all of them could take it over."""
    folders = [tmp_path / str(number) for number in range(TRIES)]
    for folder in folders:
        folder.mkdir()
        if left:
            leave_behind(folder, process=2**22 + 1)
    racers = [start(RACE, *folders) for _ in range(RACERS)]
    instant = f"{time.time() + 0.5}\n"
    for racer in racers:
        racer.stdin.write(instant)
        racer.stdin.flush()
    said = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [sorted(tries) for tries in zip(*said, strict=True)] == [["lost"] * (RACERS - 1) + ["won"]] * TRIES
    assert not list(tmp_path.glob(f"*/{NAME}"))


def test_two_that_look_at_the_same_lock_do_not_both_take_it_over(tmp_path, monkeypatch):
    """Each takes its time between looking at the lock and taking it over."""
    real = Owner.has_ended

    def has_ended(owner):
        ended = real(owner)
        time.sleep(0.3)
        return ended

    monkeypatch.setattr(Owner, "has_ended", has_ended)
    leave_behind(tmp_path, process=2**22 + 1)
    with ThreadPoolExecutor(2) as pool:
        holders = list(pool.map(lambda does: take_lock(tmp_path / NAME, describe_self(does), lambda _: None), ["one", "two"]))
    assert sorted(holder is None for holder in holders) == [False, True]


# The commands


@pytest.fixture
def classroom(tmp_path):
    for student in ("ada", "emmy"):
        (tmp_path / "class" / student).mkdir(parents=True)
        for part, source in solutions().items():
            (tmp_path / "class" / student / f"{part}.py").write_bytes(source + f"# {student}\n".encode())
    return tmp_path / "class"


def test_a_second_run_is_rejected_and_the_first_one_continues(classroom, tmp_path):
    """A submission that never returns keeps the first run busy until the second one has looked at the lock."""
    out = tmp_path / "out"
    (classroom / "emil.py").write_text("class DNN:\n    def __init__(self, *_):\n        while True:\n            pass\n")
    command = [sys.executable, "-m", "autograder", "grade", classroom, "--out", out, "--jobs", "1"]
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate() for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 2], said
    (refused,) = (stderr for run, (_, stderr) in zip(runs, said, strict=True) if run.returncode)
    assert refused.splitlines()[-1].startswith(f"OUT={out} is in use: grading by ")
    assert [row["score"] for row in rows(out)] == ["100", "0", "100"]
    assert not (out / NAME).exists()


@pytest.mark.parametrize(
    "command", [["grade", "CLASS"], ["copies", "CLASS"], ["adjust", "ada", "--points", "1", "--reason", "a fine plot"]]
)
def test_everything_that_writes_to_out_respects_the_lock(command, classroom, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    assert main(["grade", str(classroom), "--out", str(out), "--jobs", "1"]) == 0
    monkeypatch.setattr("autograder.adjust.PATIENCE", 0.3)
    leave_behind(out, host="elsewhere")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    arguments = [str(classroom) if word == "CLASS" else word for word in command]
    assert main([*arguments, "--out", str(out)]) == 2
    assert "on elsewhere, since 20" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_an_adjustment_waits_for_a_run(classroom, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["grade", str(classroom), "--out", str(out), "--jobs", "1"]) == 0
    process = start(HOLD, out, 1)
    assert main(["adjust", "ada", "--points", "1", "--reason", "a fine plot", "--out", str(out)]) == 0
    assert f"Waiting up to 10 seconds for {out}: grading by " in capsys.readouterr().err
    assert process.wait() == 0
    with Gradebook(out / "gradebook.db", "") as book:
        assert book.adjustments() == {"ada": (Adjustment(1, "a fine plot"),)}
