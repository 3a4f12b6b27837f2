"""The gradebook: no result is lost, nothing is graded twice, and no decision of a TA is overwritten."""

import contextlib
import csv
import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from autograder import workers
from autograder.cli import main
from autograder.files import ROOT, OutputError, atomic_write, remove_drafts, source_files
from autograder.gradebook import Gradebook, GradebookError, checks_digest, content_digest
from autograder.gradebook.book import NAME
from autograder.gradebook.digest import GRADING
from autograder.gradebook.record import from_record, rubric_of, to_record
from autograder.intake.read import Submission
from autograder.marks import Adjustment
from autograder.packaging.grader import STARTED, module_files
from autograder.sandbox.limits import Limits
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions
from tests.project.grading import files, rows

WRONG = next(iter(MISTAKES.values())).sources


def hand_in(folder, **students):
    for name, sources in students.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for part, source in sources.items():
            (folder / name / f"{part}.py").write_bytes(source)
    return folder


def own(number):
    """Return the solution with a line of one's own."""
    return {**solutions(), "dnn": solutions()["dnn"] + f"# {number}\n".encode()}


def run(folder, out, *more):
    return main(["grade", str(folder), "--out", str(out), "--jobs", "1", *more])


@pytest.fixture
def graded(monkeypatch):
    """Whom the workers are asked to grade."""
    asked = []
    real = workers.grade_all

    def grade_all(submissions, jobs, limits):
        def seen():
            for submission in submissions:
                asked.append(submission.student)
                yield submission

        return real(seen(), jobs, limits)

    monkeypatch.setattr("autograder.workers.grade_all", grade_all)
    return asked


def test_a_result_is_restored_unchanged(grade):
    for sources in (solutions(), WRONG, {"dnn": b"print('x'); 1 / 0\n"}, {}):
        result = grade(sources)
        assert from_record(result.student, to_record(result), json.loads(rubric_of(result))) == result


def test_only_what_is_new_is_graded(tmp_path, graded, capsys):
    folder = hand_in(tmp_path / "class", ada=own(1), emmy=own(2))
    assert run(folder, tmp_path / "out") == 0
    before = files(tmp_path / "out")
    hand_in(folder, grace=WRONG)
    assert run(folder, tmp_path / "out") == 0
    assert graded == ["ada", "emmy", "grace"]
    assert "2 were already graded" in capsys.readouterr().out
    assert [row["student"] for row in rows(tmp_path / "out")] == ["ada", "emmy", "grace"]
    after = files(tmp_path / "out")
    assert {name: after[name] for name in before if name[:7] in ("results", "feedbac")} == {
        name: data for name, data in before.items() if name[:7] in ("results", "feedbac")
    }


def test_a_resubmission_is_graded_again(tmp_path, graded):
    folder = hand_in(tmp_path / "class", ada=own(1))
    run(folder, tmp_path / "out")
    hand_in(folder, ada=WRONG)
    run(folder, tmp_path / "out")
    assert graded == ["ada", "ada"]
    assert float(rows(tmp_path / "out")[0]["score"]) < 100
    hand_in(folder, ada=own(1))  # and the first one is still known
    run(folder, tmp_path / "out")
    assert (graded, rows(tmp_path / "out")[0]["score"]) == (["ada", "ada"], "100")


def test_other_checks_grade_everything_again(tmp_path, graded, monkeypatch):
    folder = hand_in(tmp_path / "class", ada=own(1))
    run(folder, tmp_path / "out")
    monkeypatch.setattr("autograder.run.checks_digest", lambda limits: "of other checks")
    run(folder, tmp_path / "out")
    assert graded == ["ada", "ada"]


def test_force_grades_again_and_only_leaves_the_others(tmp_path, graded, capsys):
    folder = hand_in(tmp_path / "class", ada=own(1), emmy=own(2), grace=own(3))
    run(folder, tmp_path / "out", "--only", "a*")
    assert [row["student"] for row in rows(tmp_path / "out")] == ["ada"]
    assert "ONLY=a* left out 2; their results are unchanged." in capsys.readouterr().out
    run(folder, tmp_path / "out", "--only", "*e*", "--force")
    run(folder, tmp_path / "out", "--force")
    assert graded == ["ada", "emmy", "grace", "ada", "emmy", "grace"]
    assert len(rows(tmp_path / "out")) == 3


def test_a_fault_of_the_grader_is_tried_again(tmp_path, graded, monkeypatch):
    folder = hand_in(tmp_path / "class", ada=own(1))
    with monkeypatch.context() as patched:
        patched.setattr("autograder.run.Reader.read", lambda *_: 1 / 0)
        assert run(folder, tmp_path / "out") == 1
    assert rows(tmp_path / "out")[0]["status"] == "error"
    assert run(folder, tmp_path / "out") == 0
    assert (graded, rows(tmp_path / "out")[0]["score"]) == (["ada"], "100")


DAMAGE = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "changed": lambda path: path.write_bytes(path.read_bytes().swapcase()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_is_not_as_it_was_written_is_written_again(damage, tmp_path, graded):
    out = tmp_path / "out"
    folder = hand_in(tmp_path / "class", ada=own(1), emmy=own(2))
    run(folder, out)
    whole = files(out)
    for name in ("results/ada.json", "feedback/emmy.html", "grades.csv", "report.html", "exports/canvas.csv"):
        DAMAGE[damage](out / name)
    assert files(out) != whole
    assert run(folder, out) == 0
    assert {name: data for name, data in files(out).items() if name != NAME} == {
        name: data for name, data in whole.items() if name != NAME
    }
    assert graded == ["ada", "emmy"]


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    calls = []
    real = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda number: calls.append(("fsync", os.fstat(number).st_size)) or real[0](number))
    monkeypatch.setattr("os.replace", lambda *paths: calls.append("replace") or real[1](*paths))
    with atomic_write(tmp_path / "file") as file:
        file.write("four")
    assert calls == [("fsync", 4), "replace"]
    assert (tmp_path / "file").read_text() == "four"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    (tmp_path / "file").write_text("old")

    def write_half():
        with atomic_write(tmp_path / "file") as file:
            file.write("new")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match=r"/file cannot be written: No space left on device\. Fix that, then rerun"):
        write_half()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_the_digest_of_the_checks_knows_what_marks_depend_on(tmp_path, monkeypatch):
    digests = {checks_digest(Limits()), checks_digest(replace(Limits(), call_seconds=3))}
    with monkeypatch.context() as patched:
        patched.setattr("autograder.gradebook.digest.read_secret", lambda: "x" * 40)
        digests.add(checks_digest(Limits()))
    for name in (
        "tests/hidden/test_forward.py",
        "autograder/backprop/mistakes/warmup/steps.py",
        "autograder/backprop/rubric.py",
    ):
        with monkeypatch.context() as patched:
            patched.setattr("pathlib.Path.read_bytes", lambda path, name=name: open_bytes(path) + b"#" * (path == ROOT / name))
            digests.add(checks_digest(Limits()))
    assert len(digests) == 6
    assert checks_digest(Limits()) in digests


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def test_the_digest_of_a_submission_is_that_of_all_that_was_read():
    whole = Submission("ada", {"dnn": b"a", "warmup": b"b"}, {"extension": "missing"})
    same = Submission("emmy", {"warmup": b"b", "dnn": b"a"}, {"extension": "missing"})
    others = [
        Submission("ada", {"dnn": b"b", "warmup": b"a"}, {"extension": "missing"}),
        Submission("ada", {"dnn": b"a", "warmup": b"b"}, {"extension": "spoilt"}),
        Submission("ada", {"dnn": b"a"}, {"extension": "missing"}),
        Submission("ada", {"dnn": b"ab", "warmup": b""}, {"extension": "missing"}),
        Submission("ada", {"dnn": b"a", "warmup": b"b"}, {"extension": "missing"}, "why"),
    ]
    assert content_digest(whole) == content_digest(same)
    assert len({content_digest(one) for one in (whole, *others)}) == 6


def test_an_invalid_gradebook_is_rejected_and_unchanged(tmp_path, capsys):
    folder = hand_in(tmp_path / "class", ada=own(1))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/gradebook.db").write_bytes(b"no database at all, but something of somebody's" * 50)
    assert run(folder, tmp_path / "out") == 2
    assert "gradebook.db cannot be used: file is not a database" in capsys.readouterr().err
    assert (tmp_path / "out/gradebook.db").read_bytes().startswith(b"no database")


def test_a_gradebook_of_another_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(GradebookError, match="has tables of version 99, and this grader writes version 1"):
        Gradebook(tmp_path / "gradebook.db", "")


def test_the_database_of_another_program_is_left_as_it_is(tmp_path):
    """OUT may be the folder of an nbgrader course, which has a gradebook.db of its own."""
    with contextlib.closing(sqlite3.connect(tmp_path / "gradebook.db")) as database:
        database.execute("CREATE TABLE grade (score REAL)")
    before = (tmp_path / "gradebook.db").read_bytes()
    with pytest.raises(GradebookError, match=r"is the database of another program\. Use another OUT"):
        Gradebook(tmp_path / "gradebook.db", "")
    assert (tmp_path / "gradebook.db").read_bytes() == before


def test_two_drafts_of_one_file_are_two(tmp_path):
    with atomic_write(tmp_path / "file") as first:
        first.write("first")
        with atomic_write(tmp_path / "file") as second:
            second.write("second")
        assert (tmp_path / "file").read_text() == "second"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "first")]


def test_only_drafts_are_removed(tmp_path):
    names = [".grades.csv.0123abcd.part", ".grades.csv.part", ".hidden", "film.0123abcd.part", "grades.csv"]
    for name in names:
        (tmp_path / name).touch()
    remove_drafts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]


def test_a_kill_loses_nothing_that_was_kept(tmp_path):
    """The process is killed right after a result was kept, with the database open."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from autograder.gradebook import Gradebook\n"
        "from autograder.results import Result\n"
        "book = Gradebook(Path(sys.argv[1]), 'checks')\n"
        "for number in range(20): book.keep(f'content {number}', Result(f'student {number}', 'graded', ()))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "gradebook.db"
    killed = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    with Gradebook(path, "checks") as book:
        assert all(book.has(f"content {number}") for number in range(20))


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path):
    """Each kill waits for results that the run before it did not have; benchmarks/kills.py does this with 500 submissions."""
    folder = hand_in(tmp_path / "class", **{f"student{number}": own(number) for number in range(30)}, wrong=WRONG)
    command = [sys.executable, "-m", "autograder", "grade", folder, "--jobs", "2", "--out"]
    subprocess.run([*command, tmp_path / "undisturbed"], cwd=ROOT, check=True, capture_output=True)
    known = 0
    for _ in range(3):
        process = subprocess.Popen([*command, tmp_path / "out"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        known = wait_for(lambda least=known + 1: kept_in(tmp_path / "out") >= least and kept_in(tmp_path / "out"))
        process.kill()
        process.wait()
    assert known < 31, "the run was over before the last kill"
    subprocess.run([*command, tmp_path / "out"], cwd=ROOT, check=True, capture_output=True)
    ours, theirs = files(tmp_path / "out"), files(tmp_path / "undisturbed")
    assert {name: ours[name] for name in theirs if name != NAME} == {
        name: data for name, data in theirs.items() if name != NAME
    }


def kept_in(out):
    """Return how many results the gradebook of a run holds that may be writing to it."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{out / NAME}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute("SELECT count(*) FROM results").fetchone()[0]
    except sqlite3.OperationalError:  # it is not there yet, or has no table
        return 0


def wait_for(progress, seconds=120):
    """Return what there is once there is something; the time is a bound for what is broken, not one to wait for."""
    end = time.monotonic() + seconds
    while not (found := progress()):
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.01)
    return found


def test_the_workers_end_with_a_run_that_is_killed(tmp_path):
    folder = hand_in(tmp_path / "class", **{f"student{number}": own(number) for number in range(40)})
    command = [sys.executable, "-m", "autograder", "grade", folder, "--jobs", "2", "--out", tmp_path / "out"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: list((tmp_path / "out/results").glob("*.json")))
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(ChildProcessError):  # this process may be the one that orphans come to
            os.waitpid(-process.pid, os.WNOHANG)
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("processes of the run are left")


# What a TA decides


def test_what_a_ta_decides_is_kept(tmp_path, capsys):
    folder = hand_in(tmp_path / "class", ada=own(1))
    run(folder, tmp_path / "out")
    call = ["adjust", "ada", "--out", str(tmp_path / "out")]
    assert main([*call, "--points=-5", "--reason", "worked with emmy"]) == 0
    assert main([*call, "--points=+2.5", "--reason", "a fine plot"]) == 0
    assert "ada: +2.5 (a fine plot), by " in capsys.readouterr().out
    hand_in(folder, ada=WRONG)
    assert run(folder, tmp_path / "out", "--force") == 0
    with Gradebook(tmp_path / "out/gradebook.db", "") as book:
        assert book.adjustments() == {"ada": (Adjustment(-5, "worked with emmy"), Adjustment(2.5, "a fine plot"))}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ada", "--points", "many", "--reason", "x"], "POINTS must be a number such as 2, -5 or +0.5, not 'many'"),
        (["ada", "--points", "nan", "--reason", "x"], "POINTS must be a number"),
        (["ada", "--points", "1", "--reason", " "], "REASON is empty"),
        (["nobody", "--points", "1", "--reason", "x"], 'No student named "nobody" in'),
        (["ada", "--points", "1", "--reason", "x", "--out", "nowhere"], "There is no nowhere/gradebook.db"),
    ],
)
def test_an_invalid_adjustment_is_rejected(tmp_path, capsys, arguments, words):
    run(hand_in(tmp_path / "class", ada=own(1)), tmp_path / "out")
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(["adjust", "--out", str(tmp_path / "out"), *arguments]))
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
    with Gradebook(tmp_path / "out/gradebook.db", "") as book:
        assert book.adjustments() == {}


def test_rows_can_be_asked_for_in_sql(tmp_path):
    run(hand_in(tmp_path / "class", ada=own(1), grace=WRONG), tmp_path / "out")
    with sqlite3.connect(tmp_path / "out/gradebook.db") as database:
        found = dict(database.execute("SELECT student, score FROM students JOIN results USING (content, checks)"))
    with (tmp_path / "out/grades.csv").open() as file:
        assert found == {row["student"]: float(row["score"]) for row in csv.DictReader(file)}


def test_a_change_of_any_file_that_makes_a_result_is_noticed():
    """Otherwise results of the old code would be taken for those of the new one."""
    covered = {file for place in GRADING for file in source_files(ROOT / place)}
    needed = set(module_files(["autograder.judge.judge", *STARTED])) - covered
    elsewhere = {"__init__.py", "errors.py", "files.py", "settings.py", "values.py"}  # the last two only read course.toml
    assert {file for file in needed if file.parent.name != "intake" and file.name not in elsewhere} == set()
