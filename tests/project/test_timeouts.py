"""How long the judge waits for code that does not return, in shares of the time limit and not in seconds of the machine."""

from collections import Counter
from pathlib import Path

import pytest

from autograder.checking import StudentError
from autograder.judge.judge import Judge
from autograder.sandbox import timeouts
from autograder.sandbox.conversation import Conversation, Request, Step
from autograder.sandbox.first_load import MAX_LOST
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Sandbox
from autograder.sandbox.timeouts import BUSY, FASTER, GENEROUS, REPEATED, Stopwatch, Usage
from tests.golden.hangs import HANGS, LOOP, begin, record_timeouts
from tests.golden.programs import submission

LIMITS = Limits()
QUICK = Limits(call_seconds=1.0, import_seconds=5.0, least_seconds=LIMITS.least_seconds / LIMITS.call_seconds)
MOST = 2  # times the time limit of a call: the most that a submission may keep a worker waiting
# Those with the most functions that hang, or that hang after they have returned, and the file with the most statements that do.
WORST = ("sigmoid", "all of extension.py", "a batch with two axes", "the tenth call", "loading dnn.py, waiting six times")
SLOW = """
import time
def slow():
    start = time.process_time()
    while time.process_time() < start + 0.1: pass
    return 1
"""


@pytest.fixture(scope="module")
def judge():
    with Judge(QUICK) as judge:
        yield judge


@pytest.mark.parametrize("name", WORST)
def test_a_submission_that_hangs_keeps_a_worker_waiting_for_less_than_two_calls(name, judge, monkeypatch):
    monkeypatch.setattr(timeouts, "GENEROUS", 0)  # or what is granted depends on how fast the machine is
    with record_timeouts() as found:
        result = judge.grade(submission(HANGS[name]()))
    assert (result.status, result.fault) == ("graded", "")  # the diagnosis does not fail either
    assert 1 < sum(timeout.share for timeout in found) <= MOST


def test_a_shorter_time_limit_changes_no_sentence(judge):
    result = judge.grade(submission(begin("dnn", LOOP, "DNN.forward")))
    assert {check.got for check in result.checks if check.got.startswith("forward")} == {
        "forward did not finish within the time limit. Is there an endless loop?",
        "forward did not finish 2 times, so it was not called again.",
    }


def test_a_file_that_could_not_be_loaded_is_not_loaded_again(judge):
    """Neither in a check, nor for the public example; the extension gets starter code instead."""
    with record_timeouts() as found, judge.begin(submission(HANGS["loading dnn.py, waiting six times"]())) as grading:
        files, known = grading.files, len(found)
        with grading.apart() as fresh:
            for session in (files.session, fresh):
                child = session.child
                with pytest.raises(StudentError, match=r"Loading dnn\.py takes too long"):
                    session.fetch(session.module("dnn"))
                assert session.child is child
        files.dependent_session.fetch(files.dependent_session.module("dnn").DNN)
    assert len(found) == known == MAX_LOST + 1


def test_a_slow_function_keeps_its_time_in_a_submission_that_hangs():
    """It returned before the others hung, also in another session, and needs five times what a call gets after them."""
    hanging = [f"hang{number}" for number in range(5)]
    source = f"{SLOW}\n" + "\n".join(f"def {name}():\n    {LOOP}" for name in hanging)
    usage = Usage()
    with Sandbox(Limits(call_seconds=0.8, least_seconds=0.02)) as sandbox:
        for _ in range(2):
            with sandbox.session({"dnn": source.encode()}, usage=usage) as session:
                assert session.fetch(session.module("dnn").slow()) == 1
                for name in hanging:
                    with pytest.raises(StudentError, match="did not finish within the time limit"):
                        session.fetch(getattr(session.module("dnn"), name)())
                assert session.fetch(session.module("dnn").slow()) == 1
    assert usage.timeouts == Counter({f"dnn.{name}": 2 for name in hanging})


def test_the_first_timeout_is_full_and_later_ones_are_shorter():
    usage, shares = Usage(), []
    for number in range(5):
        shares.append(usage.share(f"dnn.f{number}", LIMITS))
        usage.timeouts[f"dnn.f{number}"] += 1
    least = LIMITS.least_seconds / LIMITS.call_seconds
    assert shares == [1, 1 / FASTER, 1 / FASTER**2, least, least]
    assert usage.share("dnn.f0", LIMITS) == least / REPEATED
    usage.longest = 0.05
    assert usage.share("dnn.f0", LIMITS) == usage.share("dnn.g", LIMITS) == GENEROUS * 0.05


def test_linux_tells_the_processor_time_of_a_child(judge):
    with judge.sandbox.session({"dnn": b"def f(): return sum(range(10**6))\n"}) as session:
        times = []
        for _ in range(2):
            session.fetch(session.module("dnn").f())
            times.append(session.child.processor_time())
        if Path("/proc/self/stat").exists():
            assert times[0] < times[1]
            assert any(session.child.is_waiting() for _ in range(10**6))  # soon, it waits for the judge
        else:
            assert times == [None, None]


class Machine:
    """A child that runs one step after another, and the clock of its machine; both move on as they are told."""

    def __init__(self, monkeypatch):
        self.seconds, self.ran, self.step, self.waits = 0.0, 0.0, (0, 1), False
        monkeypatch.setattr(timeouts.time, "monotonic", lambda: self.seconds)

    def running(self):
        return self.step

    def processor_time(self):
        return self.ran

    def is_waiting(self):
        return self.waits

    def seconds_until_over(self, share, usage=None, seconds=LIMITS.call_seconds):
        """Return after how many seconds a step is over its limit that has this share of the processor."""
        request = Request(Conversation(1), [])
        request.conversation.steps = [Step(1, "call", (), {}, "dnn.f")]
        watch, started = Stopwatch(self, [request], usage or Usage(), seconds, LIMITS), self.seconds
        while not watch.is_over():
            self.seconds, self.ran = self.seconds + 1 / 64, self.ran + share / 64
        return self.seconds - started


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.mark.parametrize(("share", "times"), [(1, 1), (0.75, 4 / 3), (0.5, BUSY), (0.1, BUSY), (0, BUSY)])
def test_the_time_of_other_programs_does_not_count(machine, share, times):
    assert machine.seconds_until_over(share) == pytest.approx(times * LIMITS.call_seconds, rel=0.02)


def test_a_short_limit_is_full_on_a_busy_machine(machine):
    """A function that takes milliseconds alone is not stopped because others have the processor."""
    usage = Usage()
    usage.timeouts["dnn.f"] = 9
    assert machine.seconds_until_over(0.001, usage) == pytest.approx(LIMITS.call_seconds, rel=0.02)
    assert machine.seconds_until_over(1, usage) < LIMITS.least_seconds


def test_a_step_may_not_wait_for_longer_than_a_call(machine):
    machine.waits = True
    for seconds in (LIMITS.call_seconds, LIMITS.import_seconds):
        assert machine.seconds_until_over(0, seconds=seconds) == pytest.approx(LIMITS.call_seconds, rel=0.02)


def test_each_step_has_its_own_time(machine):
    usage = Usage()
    watch = Stopwatch(machine, [], usage, LIMITS.call_seconds, LIMITS)
    for number in range(2, 9):
        for _ in range(2):
            assert not watch.is_over()
            machine.seconds, machine.ran = machine.seconds + 1, machine.ran + 1
        machine.step = (0, number)
    assert usage.longest * LIMITS.call_seconds == 1  # of the second in which the next step began, either may have used all


def test_without_the_processor_time_limits_stay_as_they_are(machine):
    machine.processor_time = lambda: None
    usage = Usage()
    usage.timeouts["dnn.f"] = 9
    assert machine.seconds_until_over(1, usage) == LIMITS.call_seconds
