"""The pool of workers ends only its own processes, and leaves the environment unchanged."""

import multiprocessing
import os
import time

import pytest

from autograder import workers
from autograder.intake.read import Submission
from autograder.sandbox.limits import ONE_THREAD
from autograder.workers import grade_all
from tests.golden.programs import solutions

CLASS = [Submission(f"student{number}", solutions()) for number in range(8)]


@pytest.fixture
def bystander():
    """Yield a process of the program that calls the grader."""
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(120,))
    process.start()
    yield process
    process.kill()
    process.join()


def test_closing_a_run_early_ends_its_workers_and_no_other_process(bystander):
    results = grade_all(iter(CLASS), 2)
    assert next(results).score == 100
    assert len(multiprocessing.active_children()) == 3
    results.close()
    assert multiprocessing.active_children() == [bystander]
    assert bystander.exitcode is None


def threads_told(submission):
    return {name: os.environ.get(name) for name in ONE_THREAD}


def test_only_the_workers_are_told_to_use_one_thread(monkeypatch):
    first, *others = ONE_THREAD
    monkeypatch.setenv(first, "7")
    for name in others:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(workers, "task", threads_told)
    before = dict(os.environ)
    results = grade_all(iter(CLASS), 2)
    assert next(results) == ONE_THREAD
    assert dict(os.environ) == before
    assert list(results) == [ONE_THREAD] * 7
    assert dict(os.environ) == before
