"""Grade many submissions on several cores. Each worker process has its own judge and sandbox; results arrive as they finish."""

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from autograder.errors import AutograderError
from autograder.intake.read import Submission
from autograder.judge.records import error_result
from autograder.pool import run_in_pool
from autograder.results import Result
from autograder.sandbox.limits import Limits

if TYPE_CHECKING:
    from autograder.judge.judge import Judge


class NoWorkerError(Exception):
    """No worker process can start grading."""


_judge: "Judge | AutograderError | None" = None


def start_judge(limits: Limits) -> None:
    """Start this worker's judge, which lives as long as the process. If that fails, store the error for `grade_one`."""
    from autograder.judge.judge import Judge  # the process that starts the workers needs neither numpy nor a sandbox

    global _judge
    try:
        _judge = Judge(limits)
    except AutograderError as refusal:
        _judge = refusal


def grade_one(submission: Submission) -> Result:
    """Grade one submission with this process's judge; raise the AutograderError that kept it from starting, if any."""
    if isinstance(_judge, AutograderError):
        raise _judge
    assert _judge is not None
    return _judge.grade(submission)


task = grade_one  # the function that workers run; tests replace it with one that fails


def grade_all(submissions: Iterable[Submission], jobs: int, limits: Limits = Limits()) -> Iterator[Result]:
    """Yield the result of every submission as it finishes; a submission is read only when a worker has room for it.

    A failure of the grader affects only the submission it happened on, which gets the status "error". If a worker process dies,
    every submission it may have been grading is graded again in a worker of its own. If all of these fail too, workers cannot
    run on this machine, and the remaining submissions are not tried. Raise WeakSandboxError, before anything is graded, if this
    machine lacks protections that were not accepted.
    """
    coming = iter(submissions)
    while True:
        in_hand: dict[Future[Result], Submission] = {}
        try:
            yield from grade_in_pool(coming, jobs, limits, in_hand)
            return
        except BrokenProcessPool:
            again = [grade_alone(submission, limits) for submission in in_hand.values()]
            yield from again
            if all(result.status == "error" for result in again):
                yield from (error_result(one.student, NoWorkerError("no worker process could be started")) for one in coming)
                return


def grade_alone(submission: Submission, limits: Limits) -> Result:
    """Grade a submission in a worker of its own; the result is an error if that worker dies."""
    try:
        (result,) = grade_in_pool(iter([submission]), 1, limits, {})
        return result
    except BrokenProcessPool as error:
        return error_result(submission.student, error)


def grade_in_pool(
    coming: Iterator[Submission], jobs: int, limits: Limits, in_hand: dict[Future[Result], Submission]
) -> Iterator[Result]:
    """Yield the results from a pool of worker processes.

    If a worker dies, raise BrokenProcessPool; in_hand then holds the submissions that have no result yet.
    """
    with contextlib.closing(run_in_pool(task, coming, jobs, start_judge, (limits,), in_hand)) as finished:
        for submission, future in finished:
            try:
                result = future.result()
            except (BrokenProcessPool, AutograderError):
                raise
            except Exception as error:
                result = error_result(submission.student, error)
            yield result
