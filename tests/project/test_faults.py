"""Faults of the grader affect one submission, never its points, and nothing that was graded before."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from autograder import workers
from autograder.cli import main
from autograder.files import ROOT
from tests.golden.programs import solutions
from tests.project.faults import break_for_bob, die_for_bob, start_no_judge
from tests.project.grading import SCHEMA, rows


def broken(student):
    raise RuntimeError("a bug in a check")


def test_a_bug_in_a_check_is_an_error_and_no_loss(judge, grade, monkeypatch):
    check = judge.checks[0]
    monkeypatch.setattr(judge, "checks", [replace(check, run=broken), *judge.checks[1:]])
    result = grade(solutions())
    assert (result.status, result.score) == ("error", None)
    assert result.checks[0].passed is None
    assert "a bug in a check" in result.fault
    assert [check.id for check in result.failed] == [f"{check.part}.{check.name}"]


def stumble(student):
    np.zeros(3)[student.fetch(student.place(7))]


def fetch_then_fail(student):
    student.fetch(student.place(7))
    raise RuntimeError("a bug in a check")


def test_a_value_that_a_check_stumbles_over_fails_that_check_alone(judge, grade, monkeypatch):
    """The judge goes on with the others, and the TA reads where the check failed."""
    check = judge.checks[0]
    monkeypatch.setattr(judge, "checks", [replace(check, run=stumble), *judge.checks[1:]])
    result = grade(solutions())
    assert (result.status, result.score) == ("graded", 100 - check.points)
    assert result.checks[0].passed is False
    assert "whose type or shape this check cannot use" in result.checks[0].got
    (remark,) = result.remarks
    assert f"{check.part}.{check.name} raised an error on a value" in remark
    assert "IndexError" in remark
    assert "stumble" in remark


@pytest.mark.parametrize("run", [fetch_then_fail, lambda student: [][3], lambda student: student.fetch(7)])
def test_what_no_value_raises_is_the_graders_own_fault(run, judge, grade, monkeypatch):
    """Neither an exception of another kind, nor one before any value came, nor one in the sandbox is about a value."""
    monkeypatch.setattr(judge, "checks", [replace(judge.checks[0], run=run), *judge.checks[1:]])
    assert grade(solutions()).status == "error"


@pytest.mark.parametrize("fault", [break_for_bob, die_for_bob])
def test_a_fault_of_the_grader_costs_one_row(fault, examples, tmp_path, monkeypatch, capsys):
    for name in ("alice", "bob", "carol"):
        shutil.copytree(examples / "solution", tmp_path / "class" / name)
    monkeypatch.setattr(workers, "task", fault)
    assert main(["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--jobs", "2"]) == 1
    found = {row["student"]: row for row in rows(tmp_path / "out")}
    assert [found[name]["status"] for name in ("alice", "bob", "carol")] == ["graded", "error", "graded"]
    assert [found[name]["score"] for name in ("alice", "bob", "carol")] == ["100", "", "100"]
    assert "The grader failed on bob" in capsys.readouterr().err
    SCHEMA.validate(json.loads((tmp_path / "out/results/bob.json").read_text()))
    assert "not your fault" in (tmp_path / "out/feedback/bob.html").read_text()


def test_where_no_worker_starts_every_row_says_so(examples, tmp_path, monkeypatch, capfd):
    for number in range(6):
        shutil.copytree(examples / "solution", tmp_path / "class" / f"student{number}")
    monkeypatch.setattr(workers, "start_judge", start_no_judge)
    assert main(["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 1
    assert [(row["status"], row["score"]) for row in rows(tmp_path / "out")] == [("error", "")] * 6
    assert "no worker process could be started" in capfd.readouterr().err


def test_what_was_graded_is_kept_when_the_run_is_broken_off(examples, tmp_path, monkeypatch, capsys):
    shutil.copytree(examples / "solution", tmp_path / "class/alice")
    shutil.copytree(examples / "skeleton", tmp_path / "class/bob")

    grade_all = workers.grade_all

    def interrupted(submissions, jobs, limits):
        yield from list(grade_all(islice(submissions, 1), jobs))
        raise KeyboardInterrupt

    monkeypatch.setattr("autograder.workers.grade_all", interrupted)
    assert main(["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out")]) == 130
    assert "Stopped after 1 of 2 submissions" in capsys.readouterr().err
    assert [row["student"] for row in rows(tmp_path / "out")] == ["alice"]
    assert (tmp_path / "out/feedback/alice.html").exists()


def test_ctrl_c_ends_the_run_and_every_process(examples, tmp_path):
    for name in ("alice", "bob"):
        shutil.copytree(examples / "emil", tmp_path / "class" / name)
    shutil.copytree(examples / "solution", tmp_path / "class/aaron")
    arguments = [sys.executable, "-m", "autograder", "grade", tmp_path / "class", "--out", tmp_path / "out", "--jobs", "2"]
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not (tmp_path / "out/feedback/aaron.html").exists():
        time.sleep(0.05)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped after 1 of 3 submissions" in stderr
    assert "Traceback" not in stderr
    assert [row["student"] for row in rows(tmp_path / "out")] == ["aaron"]


def test_a_zygote_that_dies_costs_one_submission(judge, grade, monkeypatch):
    def kill_the_zygote(session, name):
        judge.sandbox.zygote.process.kill()
        judge.sandbox.zygote.process.wait()
        session.fetch(session.module(name))

    with monkeypatch.context() as patched:
        patched.setattr("autograder.judge.loading.load_statements", kill_the_zygote)
        assert grade(solutions()).status == "error"
    assert (grade(solutions()).status, grade(solutions()).score) == ("graded", 100)
