"""Interleaved checks: each one runs as if it were alone, whatever happens to the others."""

from functools import partial

import pytest

from autograder.checking import StudentError
from autograder.sandbox.limits import Limits
from autograder.sandbox.scheduler import interleave
from autograder.sandbox.session import Sandbox, Session

LIMITS = Limits(call_seconds=0.5, import_seconds=1, submission_seconds=20)
STUDENT = b"""
import os, time
counts = {}

class Counter:
    def __init__(self, start):
        self.value = start
    def next(self):
        self.value += 1
        return self.value

def twice(value):
    return 2 * value

def end():
    os._exit(3)

def hang():
    while True: pass

def slow():
    time.sleep(0.3)
    return 1
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def exchanges(monkeypatch):
    """Return how many requests were sent together, each time."""
    sent = []
    real = Session.converse

    def converse(self, child, requests, seconds):
        sent.append(len(requests))
        return real(self, child, requests, seconds)

    monkeypatch.setattr(Session, "converse", converse)
    return sent


def count(student, start):
    """Return what a counter says three times, each asked for by itself."""
    student.begin_check()
    counter = student.module("dnn").Counter(start)
    return [student.fetch(counter.next()) for _ in range(3)]


def asks(student, name):
    """Return what a function without arguments does, as far as it answers."""
    student.begin_check()
    try:
        return student.fetch(getattr(student.module("dnn"), name)())
    except StudentError as error:
        return str(error)


def test_what_all_ask_for_crosses_together(sandbox, exchanges):
    with sandbox.session({"dnn": STUDENT}) as student:
        found = interleave([student], [partial(count, student, 10 * number) for number in range(5)])
    assert found == [[10 * number + step for step in (1, 2, 3)] for number in range(5)]
    assert exchanges == [1, 5, 5, 5]  # the first loads the module


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("end", "end ended the program with exit code 3."),
        ("hang", "hang did not finish within the time limit. Is there an endless loop?"),
    ],
)
def test_ending_the_child_ends_no_other_check(sandbox, end, said):
    """The others' steps are carried out again by the next child: their counters go on where they were."""
    with sandbox.session({"dnn": STUDENT}) as student:

        def late():
            student.begin_check()
            assert student.fetch(student.module("dnn").twice(1)) == 2
            return asks(student, end)

        tasks = [partial(count, student, 0), late, partial(count, student, 10)]
        assert interleave([student], tasks) == [[1, 2, 3], said, [11, 12, 13]]


def test_a_result_from_before_the_loss_raises_what_was_lost(sandbox):
    with sandbox.session({"dnn": STUDENT}) as student:

        def goes_on():
            student.begin_check()
            counter = student.module("dnn").Counter(0)
            assert student.fetch(counter.next()) == 1
            with pytest.raises(StudentError, match="end ended the program"):
                student.fetch(student.module("dnn").end())
            with pytest.raises(StudentError, match="end ended the program"):
                student.fetch(counter.next())
            return student.fetch(student.module("dnn").twice(2))

        assert interleave([student], [goes_on, partial(count, student, 5)]) == [4, [6, 7, 8]]


def test_many_slow_calls_are_not_one_that_hangs(sandbox):
    """Each has its own time, however long all of them take."""
    with sandbox.session({"dnn": STUDENT}) as student:
        assert interleave([student], [partial(asks, student, "slow") for _ in range(4)]) == [1] * 4


def test_what_hangs_twice_is_not_called_again(sandbox):
    with sandbox.session({"dnn": STUDENT}) as student:
        said = interleave([student], [partial(asks, student, "hang") for _ in range(4)])
    assert [sentence.startswith("hang did not finish within the time limit") for sentence in said] == [True, True, False, False]
    assert set(said[2:]) == {"hang did not finish 2 times, so it was not called again."}


def test_a_module_that_ends_the_program_is_loaded_twice_and_no_more(sandbox):
    with sandbox.session({"dnn": b"import ctypes\nctypes.string_at(0)\n"}) as student:
        said = interleave([student], [partial(asks, student, "f") for _ in range(4)])
    assert said[:2] == ["Loading dnn.py ended the program by a segmentation fault."] * 2
    assert said[2:] == ["Loading dnn.py did not finish 2 times, so it was not called again."] * 2


def test_two_that_want_to_know_the_same_find_out_once(sandbox):
    asked = []
    with sandbox.session({"dnn": STUDENT}) as student:

        def look():
            student.begin_check()
            with student.single_flight("key"):
                if "key" not in student.memory:
                    asked.append(1)
                    student.memory["key"] = student.fetch(student.module("dnn").twice(21))
            return student.memory["key"], student.fetch(student.module("dnn").twice(1))

        assert interleave([student], [look] * 5) == [(42, 2)] * 5
    assert asked == [1]


def test_what_is_printed_belongs_to_the_check_that_called(sandbox):
    source = b"def say(what):\n    print(what)\n"
    with sandbox.session({"dnn": source}) as student:

        def speak(what):
            student.begin_check()
            student.fetch(student.module("dnn").say(what))
            return student.printed.output

        assert interleave([student], [partial(speak, word) for word in ("one", "two")]) == ["one\n", "two\n"]


def test_a_fault_of_the_grader_is_raised_where_somebody_waits(sandbox, monkeypatch):
    def fail(*_):
        raise RuntimeError("the grader breaks")

    monkeypatch.setattr(Session, "converse", fail)
    with sandbox.session({"dnn": STUDENT}) as student:

        def look():
            with pytest.raises(RuntimeError, match="the grader breaks"):
                count(student, 0)
            return True

        assert interleave([student], [look, look]) == [True, True]
