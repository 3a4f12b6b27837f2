"""What the judge keeps of a submission is bounded, whatever its code returns; lack of memory affects only that submission."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from autograder.checking import CheckFailure, StudentError
from autograder.files import ROOT
from autograder.intake.read import Submission
from autograder.sandbox import replies, session, wire
from autograder.sandbox.scheduler import interleave
from autograder.sandbox.timeouts import Usage
from tests.golden.programs import solutions, with_body
from tests.memory import MAX_JUDGE
from tests.shares import current_share, is_everything

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60" if is_everything() else "12"))
UNPACK = wire.msgpack.unpackb


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_fat_answers_are_graded_with_little_memory():
    command = [sys.executable, "-m", "tests.project.fat", str(EXAMPLES), str(current_share())]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    print(f"{EXAMPLES} submissions: {found['idle'] >> 20} MB when idle, {found['peak'] >> 20} MB at the peak")
    assert [one for one in found["found"] if one != ["graded", ""]] == []
    assert found["solution"] == 100
    assert 0 < found["idle"] <= found["peak"] <= MAX_JUDGE


def out_of_memory(*_):
    raise MemoryError


def test_a_check_that_runs_out_of_memory_fails(judge, grade, monkeypatch):
    check = judge.checks[0]
    with monkeypatch.context() as patched:
        patched.setattr(judge, "checks", [replace(check, run=out_of_memory), *judge.checks[1:]])
        result = grade(solutions())
    assert (result.status, result.score) == ("graded", 100 - check.points)
    assert "too large to check" in result.checks[0].got
    assert grade(solutions()).score == 100


def unpack_little(data, **hooks):
    return UNPACK(data, **hooks) if len(data) < 20 else out_of_memory()


@pytest.mark.parametrize(
    ("place", "run"),
    [
        ((wire.msgpack, "unpackb"), unpack_little),
        ((session, "decode"), out_of_memory),
        ((session.Handle, "__call__"), out_of_memory),
    ],
)
def test_memory_that_ends_anywhere_costs_the_submission_alone(place, run, grade, monkeypatch):
    """In a frame, in a value, and in what the sandbox itself does."""
    with monkeypatch.context() as patched:
        patched.setattr(*place, run)
        result = grade(solutions())
    assert (result.status, result.score) == ("graded", 0), result.fault
    assert any("too large" in check.got or "too much" in check.got for check in result.failed)
    assert grade(solutions()).score == 100


def test_memory_that_ends_while_a_file_is_loaded_costs_the_submission_alone(grade, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("autograder.judge.loading.load_statements", out_of_memory)
        result = grade(solutions())
    assert (result.status, result.score) == ("graded", 0), result.fault
    assert {check.got for check in result.checks} == {"Your code returned a value that is too large to check."}


def fetch_often(student, value):
    for _ in range(30):
        student.fetch(value)


@pytest.mark.parametrize(("name", "least"), [("bytes", 200_000), ("items", 2_000)])
def test_what_a_submission_sends_is_counted_in_all(name, least, judge):
    """Calls that each return little return too much together, and nothing is called after that."""
    source = b"import numpy as np\nnumbers, empty = np.ones(1_000), [[]] * 100\n"
    usage = Usage()
    vars(usage.budget)[name] = least
    with judge.sandbox.session({"dnn": source}, usage=usage) as student:
        value = getattr(student.module("dnn"), "numbers" if name == "bytes" else "empty")
        with pytest.raises(StudentError, match="returned too much data: the grader accepts 8 MB in total from one submission"):
            fetch_often(student, value)
        with pytest.raises(StudentError, match="Your code returned too much"):
            student.fetch(student.module("dnn").numbers)
        assert student.child is None


def test_values_that_are_too_large_together_are_passed_on_one_after_the_other(judge):
    with judge.sandbox.session({"dnn": b"def f(values): return float(values.sum())\n"}) as student:

        def call():
            student.begin_check()
            return student.fetch(student.module("dnn").f(np.ones(99_000)))

        assert interleave([student], [call] * 8) == [99_000] * 8


def test_a_value_that_is_too_large_to_be_passed_on_says_so(judge):
    with judge.sandbox.session({"dnn": b"def f(*_): return 1\n"}) as student:
        with pytest.raises(StudentError, match="too large to be passed to"):
            student.fetch(student.module("dnn").f(np.zeros(600_000)))
        assert student.fetch(student.module("dnn").f()) == 1


def test_failures_that_are_kept_hold_no_frames(judge):
    """A frame keeps every array in it alive until the whole submission is graded."""
    wrong = with_body("compute_gradients", "return {'W1': np.ones((2, 2)), 'B1': undefined}")
    with judge.begin(Submission("someone", {**solutions(), "dnn": wrong})) as grading:
        grading.outcomes(judge.checks)
        sessions = (grading.files.session, grading.files.dependent_session, grading.files.fallback_session)
        kept = [failure for failures in grading.failures.values() for failure in failures.values()]
        assert len(kept) > 10
        kept += [value for one in sessions for value in one.memory.values() if isinstance(value, Exception)]
        kept += [one.conversation.lost for one in sessions if one.conversation.lost]
    assert {type(failure) for failure in kept} <= {CheckFailure, StudentError}
    assert not any(failure.__traceback__ or failure.__context__ or failure.__cause__ for failure in kept)


def test_a_large_string_is_cut_when_it_is_read():
    assert len(replies.decode("x" * 10_000, str)) == replies.MAX_TEXT
