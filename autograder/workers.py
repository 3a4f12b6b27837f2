"""Grade many submissions on several cores. Each worker process has its own judge and sandbox; results arrive as they finish."""

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
from typing import TYPE_CHECKING, Any

from autograder.errors import AutograderError
from autograder.intake.read import Submission
from autograder.judge.records import error_result
from autograder.results import Result
from autograder.sandbox.kernel import die_with_parent, hide_memory
from autograder.sandbox.limits import ONE_THREAD, Limits

if TYPE_CHECKING:
    from autograder.judge.judge import Judge

AHEAD = 3  # submissions queued per worker: enough to keep it busy, few enough to keep memory flat


class NoWorkerError(Exception):
    """No worker process can start grading."""


_judge: "Judge | AutograderError | None" = None


def start_judge(limits: Limits) -> None:
    """Start this worker's judge, which lives as long as the process. If that fails, store the error for `grade_one`."""
    from autograder.judge.judge import Judge  # the process that starts the workers needs neither numpy nor a sandbox

    global _judge
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started the workers handles Ctrl-C
    with contextlib.suppress(OSError):  # not Linux
        hide_memory()
        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():  # it was killed before die_with_parent took effect
        os._exit(1)
    try:
        _judge = Judge(limits)
    except AutograderError as refusal:
        _judge = refusal
    gc.freeze()  # everything loaded so far is kept, so collections need not scan it


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


class WorkerProcess(SpawnProcess):
    """A worker process whose environment limits numpy to one thread; this process's own environment is unchanged."""

    def start(self) -> None:
        """Start the worker. It inherits the environment, because numpy reads the variables when it is imported."""
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
    """Create the workers of one pool and keep a list of them, so that they can be terminated without other child processes."""

    def __init__(self) -> None:
        self.started: list[WorkerProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> WorkerProcess:  # type: ignore[override]  # noqa: N802
        """Create a worker for the pool."""
        self.started.append(WorkerProcess(*arguments, **options))
        return self.started[-1]


def submit(pool: ProcessPoolExecutor, submission: Submission) -> Future[Result]:
    """Submit to the pool and return the future, which fails with BrokenProcessPool if the pool has lost a worker."""
    try:
        return pool.submit(task, submission)
    except BrokenProcessPool as error:
        lost: Future[Result] = Future()
        lost.set_exception(error)
        return lost


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
    context = WorkerContext()
    with ProcessPoolExecutor(jobs, context, initializer=start_judge, initargs=(limits,)) as pool:
        try:
            while True:
                for submission in islice(coming, AHEAD * jobs - len(in_hand)):
                    in_hand[submit(pool, submission)] = submission
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
