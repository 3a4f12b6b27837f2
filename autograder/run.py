"""Grades many submissions on several cores: a judge with its own sandbox in each worker process, results as they come."""

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from autograder.intake import Waiting, read
from autograder.judge.judge import Judge, faulty
from autograder.results import Result
from autograder.sandbox.host import Limits
from autograder.sandbox.kernel import hide_memory
from autograder.sandbox.layers import WeakSandboxError


class NoWorkerError(Exception):
    """Not one worker process gets as far as grading."""


_judge: Judge | WeakSandboxError | None = None


def start_judge(limits: Limits) -> None:
    """Give this worker process its judge, which lives as long as the process, or the reason why it grades nothing."""
    global _judge
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started the workers
    with contextlib.suppress(OSError):  # not Linux
        hide_memory()
    try:
        _judge = Judge(limits)
    except WeakSandboxError as refusal:
        _judge = refusal


def grade_one(waiting: Waiting) -> Result:
    """Read and grade one submission with this process's judge; WeakSandboxError where the machine is not fit for it."""
    if isinstance(_judge, WeakSandboxError):
        raise _judge
    assert _judge is not None
    return _judge.grade(read(waiting.student, waiting.path, waiting.inside, waiting.members))


task = grade_one  # what a worker does; the tests put a fault here


def grade_all(found: Sequence[Waiting], jobs: int, limits: Limits = Limits()) -> Iterator[Result]:
    """The result of every submission, in the order in which they are done.

    A fault of the grader costs the one submission it happened on, which comes back with the status "error". When a worker
    process dies, the submissions it may have had in hand are graded again, each with a worker to itself. Where all of these
    fail too, no worker works on this machine, and the rest are not tried. WeakSandboxError, before anything is graded, where
    submissions cannot be kept from what they must be kept from.
    """
    unfinished = {waiting.student: waiting for waiting in found}
    while unfinished:
        try:
            for result in in_workers(list(unfinished.values()), jobs, limits):
                del unfinished[result.student]
                yield result
        except BrokenProcessPool:
            again = [alone(unfinished.pop(student), limits) for student in list(unfinished)[: jobs + 1]]
            yield from again
            if all(result.status == "error" for result in again):
                yield from (faulty(student, NoWorkerError("no worker process could be started")) for student in unfinished)
                return


def alone(waiting: Waiting, limits: Limits) -> Result:
    """The result of a submission graded with a worker to itself, which may die."""
    try:
        (result,) = in_workers([waiting], 1, limits)
        return result
    except BrokenProcessPool as error:
        return faulty(waiting.student, error)


def in_workers(found: Sequence[Waiting], jobs: int, limits: Limits) -> Iterator[Result]:
    """The results from a pool of worker processes; BrokenProcessPool if one of them dies."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=start_judge, initargs=(limits,)) as pool:
        futures = {pool.submit(task, waiting): waiting for waiting in found}
        try:
            for future in as_completed(futures):
                try:
                    yield future.result()
                except (BrokenProcessPool, WeakSandboxError):
                    raise
                except Exception as error:
                    yield faulty(futures[future].student, error)
        except (KeyboardInterrupt, GeneratorExit):
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
