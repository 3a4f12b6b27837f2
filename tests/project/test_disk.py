"""Problems with disks and other programs: a full disk or a locked gradebook gives a message, and nothing is lost."""

import contextlib
import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest

from autograder.cli import main
from autograder.files import ROOT, OutputError
from autograder.gradebook import Gradebook, book
from autograder.lock import NAME, lock
from autograder.marks import Adjustment
from autograder.run import Run
from tests.project.grading import files, rows

PEOPLE = [f"student{number}" for number in range(8)]
RESUMES = "Fix that, then rerun the same command: it resumes where this run stopped."
# Grades into a disk that is too small, leaves what is there, grades again with room, and leaves what is there then.
TOO_SMALL = """
set -e
mount -t tmpfs -o size=300k tmpfs "$1"
"$2" -m autograder grade "$3" --out "$1/out" --jobs 1 || echo "exit code $?"
cp -r "$1/out" "$4"
mount -o remount,size=50m "$1"
"$2" -m autograder grade "$3" --out "$1/out" --jobs 1
cp -r "$1/out" "$5"
"""


@pytest.fixture
def classroom(tmp_path):
    for student in PEOPLE:
        (tmp_path / "class" / student).mkdir(parents=True)
        (tmp_path / "class" / student / "dnn.py").write_text(f"class DNN: pass  # {student}")
    return tmp_path / "class"


def run(folder, out, *more):
    return main(["grade", str(folder), "--out", str(out), "--jobs", "1", *more])


def kept(out):
    with Gradebook(out / "gradebook.db", "") as opened:
        return opened.database.execute("SELECT count(*) FROM results").fetchone()[0]


def can_mount():
    return not subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode


# A full disk


@pytest.mark.skipif(not shutil.which("unshare") or not can_mount(), reason="only root has a small disk at hand")
def test_a_full_disk_is_a_sentence_and_the_same_command_resumes(classroom, tmp_path):
    (tmp_path / "disk").mkdir()
    arguments = [tmp_path / "disk", sys.executable, classroom, tmp_path / "full", tmp_path / "resumed"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", TOO_SMALL, "sh", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, _, second = done.stdout.partition("exit code 2\n")
    assert first == ""
    (refused,) = (line for line in done.stderr.splitlines() if "No space left" in line or "is full" in line)
    assert refused.startswith(str(tmp_path / "disk/out"))
    assert refused.endswith(f"cannot be written: No space left on device. {RESUMES}")
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "full").rglob(".*"))  # a draft takes room
    assert not (tmp_path / "full" / NAME).exists()
    assert f"\n{kept(tmp_path / 'full')} were already graded" in second
    assert 0 < kept(tmp_path / "full") < len(PEOPLE)
    assert [row["student"] for row in rows(tmp_path / "resumed")] == PEOPLE


def test_a_limit_of_the_size_of_files_is_a_sentence_too(classroom, tmp_path):
    """As an ordinary user has it. A gradebook that cannot grow loses nothing that is in it."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "autograder", "grade", classroom, "--out", out, "--jobs", "1"]
    limits = (50_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"The gradebook {out}/gradebook.db cannot be used: d")
    assert done.stderr.endswith(f"{RESUMES}\n")
    assert "Traceback" not in done.stderr
    assert run(classroom, out) == 0
    assert len(rows(out)) == len(PEOPLE)


def test_a_lock_that_does_not_fit_on_the_disk_is_not_left_behind(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("autograder.lock.json.dump", fail)
    with pytest.raises(OutputError, match=rf"{NAME} cannot be written: No space left on device\. "), lock(tmp_path, "x", print):
        pass
    assert list(tmp_path.iterdir()) == []


def test_drafts_of_a_killed_run_are_removed_by_the_next_one(classroom, tmp_path):
    (tmp_path / "out/feedback").mkdir(parents=True)
    (tmp_path / "out/feedback/.ada.html.0123abcd.part").touch()
    assert run(classroom, tmp_path / "out") == 0
    assert not [name for name in files(tmp_path / "out") if name.endswith(".part")]


# A locked gradebook


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(book, "SOON", 0.2)
    monkeypatch.setattr(book, "SECONDS", 0.5)


@contextlib.contextmanager
def locked(out, *statements):
    """Have another program lock the gradebook."""
    with contextlib.closing(sqlite3.connect(out / "gradebook.db", isolation_level=None, check_same_thread=False)) as other:
        for statement in statements or ["BEGIN IMMEDIATE"]:
            other.execute(statement).fetchall()
        yield other


LOCKS = {"to write": ["BEGIN IMMEDIATE"], "to be alone": ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"]}


@pytest.mark.parametrize("statements", LOCKS.values(), ids=LOCKS)
@pytest.mark.parametrize("command", ["grade", "copies", "adjust"])
def test_a_locked_gradebook_is_waited_for_and_named(command, statements, classroom, tmp_path, capsys, impatient):
    out = tmp_path / "out"
    assert run(classroom, out) == 0
    with Gradebook(out / "gradebook.db", "") as opened:
        opened.adjust(PEOPLE[0], Adjustment(-5, "late"))
    capsys.readouterr()
    before = {name: data for name, data in files(out).items() if not name.startswith("gradebook.db")}
    added = ["--points", "1", "--reason", "x"]
    arguments = [command, PEOPLE[0], *added] if command == "adjust" else [command, str(classroom)]
    with locked(out, *statements):
        assert main([*arguments, "--out", str(out)]) == 2
        *_, waiting, refused = capsys.readouterr().err.splitlines()
        assert waiting == f"{out}/gradebook.db is locked by another program; waiting up to 0 seconds for it."
        assert refused == (
            f"The gradebook {out}/gradebook.db has been locked by another program for 0 seconds. "
            "Close that program, then rerun the same command."
        )
    assert {name: data for name, data in files(out).items() if not name.startswith("gradebook.db")} == before
    with Gradebook(out / "gradebook.db", "") as opened:
        assert opened.adjustments() == {PEOPLE[0]: (Adjustment(-5, "late"),)}


def test_a_gradebook_that_is_unlocked_in_time_is_used(classroom, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(book, "SOON", 0.2)
    out = tmp_path / "out"
    assert run(classroom, out) == 0
    with locked(out) as other:
        timer = threading.Timer(1.5, other.rollback)
        timer.start()
        assert run(classroom, out) == 0
        timer.join()
    assert "is locked by another program; waiting up to 30 seconds for it." in capsys.readouterr().err


def test_a_gradebook_that_is_locked_in_the_middle_ends_the_run_and_the_next_one_resumes(
    classroom, tmp_path, capsys, monkeypatch, impatient
):
    out = tmp_path / "out"
    with contextlib.ExitStack() as stack, monkeypatch.context() as patched:
        real = Run.write

        def write(self, mark):
            real(self, mark)
            stack.enter_context(locked(out))

        patched.setattr(Run, "write", write)
        assert run(classroom, out) == 2
    assert "has been locked by another program" in capsys.readouterr().err.splitlines()[-1]
    assert run(classroom, out) == 0
    assert "\n1 was already graded" in capsys.readouterr().out
    assert [row["student"] for row in rows(out)] == PEOPLE


def test_a_gradebook_of_somebody_else_is_a_sentence(classroom, tmp_path, capsys, monkeypatch):
    """As where two people share OUT, and the other one made it."""

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("autograder.gradebook.book.os.open", refuse)
    with pytest.raises(book.GradebookError, match=r"gradebook.db cannot be opened: Permission denied\. Fix that"):
        Gradebook(tmp_path / "gradebook.db", "")
