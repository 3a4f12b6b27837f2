"""Grades many submissions on several cores: a judge with its own sandbox in each worker process, results as they come."""

import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from autograder.errors import AutograderError
from autograder.intake.read import Submission
from autograder.judge.judge import Judge, error_result
from autograder.results import Result
from autograder.sandbox.host import ONE_THREAD, Limits
from autograder.sandbox.kernel import die_with_parent, hide_memory

AHEAD = 3  # submissions in hand for each worker: enough that none waits for the next, and few enough to keep memory flat


class NoWorkerError(Exception):
    """Not one worker process gets as far as grading."""


_judge: Judge | AutograderError | None = None


def start_judge(limits: Limits) -> None:
    """Give this worker process its judge, which lives as long as the process, or the reason why it grades nothing."""
    global _judge
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started the workers
    with contextlib.suppress(OSError):  # not Linux
        hide_memory()
        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():  # it was killed before it could take this process with it
        os._exit(1)
    try:
        _judge = Judge(limits)
    except AutograderError as refusal:
        _judge = refusal
    gc.freeze()  # what is there now stays, and need not be looked through again and again


def grade_one(submission: Submission) -> Result:
    """Grade one submission with this process's judge; AutograderError, such as WeakSandboxError, if it could not start."""
    if isinstance(_judge, AutograderError):
        raise _judge
    assert _judge is not None
    return _judge.grade(submission)


task = grade_one  # what a worker does; the tests put a fault here


def grade_all(submissions: Iterable[Submission], jobs: int, limits: Limits = Limits()) -> Iterator[Result]:
    """The result of every submission, in the order in which they are done; a submission is taken when a worker has room for it.

    A fault of the grader costs the one submission it happened on, which comes back with the status "error". When a worker
    process dies, the submissions it may have had in hand are graded again, each with a worker to itself. Where all of these
    fail too, no worker works on this machine, and the rest are not tried. WeakSandboxError, before anything is graded, where
    submissions cannot be kept from what they must be kept from.
    """
    coming = iter(submissions)
    while True:
        in_hand: dict[Future[Result], Submission] = {}
        try:
            yield from in_workers(coming, jobs, limits, in_hand)
            return
        except BrokenProcessPool:
            again = [alone(submission, limits) for submission in in_hand.values()]
            yield from again
            if all(result.status == "error" for result in again):
                yield from (error_result(one.student, NoWorkerError("no worker process could be started")) for one in coming)
                return


class WorkerProcess(SpawnProcess):
    """A worker, whose numpy finds one thread in its environment; that of this process is as before."""

    def start(self) -> None:
        """Start the worker, which reads the environment before it can be told anything."""
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        try:
            super().start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class WorkerContext(SpawnContext):
    """Makes the workers of one pool and knows them, so that no other child of this process is ended with them."""

    def __init__(self) -> None:
        self.started: list[WorkerProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> WorkerProcess:  # type: ignore[override]  # noqa: N802
        """Make a worker, as the pool asks for it."""
        self.started.append(WorkerProcess(*arguments, **options))
        return self.started[-1]


def submitted(pool: ProcessPoolExecutor, submission: Submission) -> Future[Result]:
    """Return the result to come of a submission, which a pool that has lost a worker does not take any more."""
    try:
        return pool.submit(task, submission)
    except BrokenProcessPool as error:
        lost: Future[Result] = Future()
        lost.set_exception(error)
        return lost


def alone(submission: Submission, limits: Limits) -> Result:
    """Return the result of a submission graded with a worker to itself, which may die."""
    try:
        (result,) = in_workers(iter([submission]), 1, limits, {})
        return result
    except BrokenProcessPool as error:
        return error_result(submission.student, error)


def in_workers(
    coming: Iterator[Submission], jobs: int, limits: Limits, in_hand: dict[Future[Result], Submission]
) -> Iterator[Result]:
    """Yield the results from a pool of worker processes; BrokenProcessPool, and what was in hand, if one of them dies."""
    context = WorkerContext()
    with ProcessPoolExecutor(jobs, context, initializer=start_judge, initargs=(limits,)) as pool:
        try:
            while True:
                for submission in islice(coming, AHEAD * jobs - len(in_hand)):
                    in_hand[submitted(pool, submission)] = submission
                if not in_hand:
                    return
                for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                    try:
                        result = future.result()
                    except (BrokenProcessPool, AutograderError):
                        raise
                    except Exception as error:
                        result = error_result(in_hand[future].student, error)
                    del in_hand[future]
                    yield result
        except (KeyboardInterrupt, GeneratorExit):
            for process in context.started:
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
