"""Grades many submissions on many machines: the same judge in the workers of a Dask cluster, results as they come.

The client reads the submissions and sends them as bytes, a few ahead of what the workers can do; nobody else needs their files
or writes any. Each worker process keeps one judge with its zygote. It grades only what comes with the digests of its own files
and secret and with its own versions, so that every mark of a run is made by the same checks: docs/cluster.md.

What befalls a submission comes back in its Result. What a task raises is therefore always about the worker, and ends the run.
"""

import asyncio
import contextlib
import faulthandler
import itertools
import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from autograder.errors import AutograderError
from autograder.gradebook.digest import checks_parts
from autograder.intake.read import Submission
from autograder.judge.judge import Judge, error_result
from autograder.results import Result
from autograder.sandbox.host import Limits
from autograder.sandbox.kernel import hide_memory
from autograder.sandbox.layers import WeakSandboxError
from autograder.settings import read_assignment, read_secret
from autograder.text import clean

if TYPE_CHECKING:  # Dask is only there for who asks for a cluster
    from distributed import Client, Future

AHEAD = 4  # submissions under way for each thread of the workers: none waits for the next, and the scheduler holds few
CONNECT = 15.0  # seconds until a scheduler must have answered the first time
PATIENCE = 60.0  # seconds for a worker to come, to get ready, or for the scheduler to answer
FETCH = 10.0  # seconds to bring a result from the worker that has it, before the submission is graded elsewhere
LOOK = 5.0  # seconds after which the cluster is looked at, if nothing has come
HANGS = 5  # times the seconds of a child: whoever grades one submission for so long does not come back


class ClusterError(AutograderError):
    """The cluster cannot be used; the text is a sentence for the TA."""


# The worker's side ------------------------------------------------------------------------------------------------------

_one_at_a_time = threading.Lock()  # a judge serves one submission after the other, however many threads the worker has
_judges: dict[Limits, Judge] = {}  # the judge of this process; when the process ends, so does the zygote: its socket closes


def grade_here(submission: Submission, limits: Limits, parts: Mapping[str, str]) -> Result:
    """Grade one submission with this process's judge; ClusterError or WeakSandboxError where the worker is not fit for it.

    Should the judge itself hang, the process ends, and the scheduler has the submission graded elsewhere.
    """
    with _one_at_a_time:
        judge = judge_for(limits, parts)
        faulthandler.dump_traceback_later(HANGS * limits.child_seconds, exit=True)
        try:
            return judge.grade(submission)
        except WeakSandboxError as refusal:
            raise WeakSandboxError(f"{this_worker()}: {refusal}") from None
        except Exception as error:
            return error_result(submission.student, error)
        finally:
            faulthandler.cancel_dump_traceback_later()


def get_ready(limits: Limits, parts: Mapping[str, str]) -> None:
    """Start this process's judge, unless it is there; ClusterError or WeakSandboxError where the worker is not fit."""
    with _one_at_a_time:
        judge_for(limits, parts)


def judge_for(limits: Limits, parts: Mapping[str, str]) -> Judge:
    """Return the judge of this process; ClusterError where it is not the judge of whoever asks, or cannot be started.

    It is bound to no thread: its zygote ends with the process, or when its limits are not asked for any more.
    """
    try:
        if other := differences(parts, own_parts()):
            raise ClusterError(
                f"{this_worker()} differs in {', '.join(other)}. It must run the same version of the project with the same "
                "assignment file; put that right, and start the worker again."
            )
        if limits not in _judges:
            while _judges:
                _judges.popitem()[1].sandbox.close()
            with contextlib.suppress(OSError):  # not Linux
                hide_memory()
            _judges[limits] = Judge(limits)
        return _judges[limits]
    except ClusterError:
        raise
    except WeakSandboxError as refusal:
        raise WeakSandboxError(f"{this_worker()}: {refusal}") from None
    except Exception as error:  # a SettingsError too: the user has to hear on which worker the assignment file is wrong
        raise ClusterError(f"{this_worker()} cannot grade: {clean(f'{type(error).__name__}: {error}')}") from None


@cache  # what is loaded now is what this process grades with, whatever becomes of the files
def own_parts() -> dict[str, str]:
    """Return what client and workers must agree in; SettingsError if the course has no secret."""
    read_assignment().checks(read_secret().encode())
    return {**checks_parts(), "Dask": version("distributed")}


def differences(wanted: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the names of what differs, and of a version both of them; a digest is told to nobody."""
    return [
        name if name.startswith("the ") else f"{name} ({own.get(name, 'none')} there, {wanted.get(name, 'none')} here)"
        for name in sorted(wanted.keys() | own.keys())
        if wanted.get(name) != own.get(name)
    ]


def this_worker() -> str:
    """Return what this worker is called."""
    from distributed import get_worker

    return f"The worker at {get_worker().address}"


# The client's side ------------------------------------------------------------------------------------------------------


def grade_on_cluster(submissions: Iterable[Submission], address: str, limits: Limits = Limits()) -> Iterator[Result]:
    """Yield the result of every submission, once, in the order in which they are done, from the Dask cluster at an address.

    A submission is taken when the workers have room for it. A fault of the grader costs the one submission it happened on,
    which comes back with the status "error". What a lost worker had in hand is graded by another. Where a submission was in
    hand when several workers died, it is graded once more at the end, alone, and if workers still die, it is an "error".
    ClusterError where there is no scheduler, no worker, or one that is not the same as this client, WeakSandboxError where a
    worker cannot keep submissions from what they must be kept from: before anything is graded, if the worker is there by then.
    """
    with connected(address) as client:
        run = Run(client, address, limits)
        run.check_workers()
        yield from run.results(iter(submissions))
        for suspect in run.suspects:
            yield from run.results(iter([suspect]), alone=True)


@contextlib.contextmanager
def connected(address: str) -> Iterator["Client"]:
    """Yield a client of the scheduler at an address, of which nothing is left on the cluster; ClusterError if there is none."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError("Dask is not installed, which SCHEDULER needs: `pip install distributed`.") from error
    hush()
    greet(address)
    with Client(address, timeout=CONNECT, set_as_default=False) as client:
        yield client


def greet(address: str) -> None:
    """Raise ClusterError if no scheduler answers at an address, or one of another version, which this client cannot talk to."""
    from distributed import Security, rpc

    async def ask() -> str:
        async with rpc(address, timeout=CONNECT, connection_args=Security().get_connection_args("client")) as scheduler:
            return (await scheduler.versions())["packages"]["distributed"]

    def answer() -> None:
        try:
            answers.put({"Dask": asyncio.run(ask())})
        except Exception as error:
            answers.put(clean(str(error), 200))

    # In a thread, for Dask waits without end where something else than a scheduler answers.
    answers: queue.SimpleQueue[dict[str, str] | str] = queue.SimpleQueue()
    threading.Thread(target=answer, daemon=True).start()
    try:
        answered = answers.get(timeout=2 * CONNECT)
    except queue.Empty:
        answered = "what answers there is something else"
    if isinstance(answered, str):
        raise ClusterError(f"No Dask scheduler answers at SCHEDULER={address}: {answered}.")
    if other := differences({"Dask": own_parts()["Dask"]}, answered):
        raise ClusterError(f"The scheduler at {address} differs in {', '.join(other)}; run the same on both.")


def hush() -> None:
    """Keep Dask's log out of the terminal: what a TA must know comes as a sentence."""
    for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Run:
    """One run on a cluster: what is under way, and what has to be graded again."""

    def __init__(self, client: "Client", address: str, limits: Limits) -> None:
        self.client, self.address, self.limits = client, address, limits
        self.parts = own_parts()
        self.name = uuid.uuid4().hex
        self.count = 0  # of the tasks: each has a key of its own, in which no student's name is read
        self.sent: dict[Future, Submission] = {}
        self.again: deque[Submission] = deque()
        self.room = 0  # how many submissions may be under way
        self.suspects: list[Submission] = []  # in hand when workers died, more often than the scheduler takes for chance

    def submit(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> "Future":
        """Return the future of a task that is like no other."""
        self.count += 1
        key = f"{function.__name__.replace('_', '-')}-{self.name}-{self.count}"
        return self.client.submit(function, *arguments, self.limits, self.parts, key=key, pure=False, **options)

    def ask(self, question: str) -> Any:
        """Return what the scheduler answers; ClusterError if it does not."""
        scheduler = self.client.scheduler  # None once the client has given up to reach it
        try:
            if scheduler is None:
                raise ConnectionError
            return self.client.sync(getattr(scheduler, question), callback_timeout=PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            raise ClusterError(f"The scheduler at {self.address} does not answer any more: is it still running?") from error

    def workers(self) -> dict[str, int]:
        """Return the number of threads of each worker by its address; ClusterError if there is no worker and none comes."""
        until = time.monotonic() + PATIENCE
        while not (found := self.ask("ncores")):
            if time.monotonic() > until:
                raise ClusterError(
                    f"The scheduler at {self.address} has no worker, and in {PATIENCE:.0f} seconds none came; "
                    f"start some with `dask worker {self.address}`: docs/cluster.md."
                )
            time.sleep(0.2)
        return found

    def check_workers(self) -> None:
        """Have every worker that is there get ready; ClusterError or WeakSandboxError for one that is not fit.

        Whoever does not answer in time, or comes later, is checked by each task that it gets. A worker that does not have the
        project ends when it gets a task.
        """
        from distributed import as_completed

        workers = self.workers()
        asked = {self.submit(get_ready, workers=[worker], priority=1): worker for worker in workers}
        answers, until = 0, time.monotonic() + PATIENCE
        while asked and time.monotonic() < until:
            finished = as_completed(list(asked), loop=self.client.loop, timeout=LOOK)
            while (future := next_of(finished)) is not None:
                self.outcome(future)
                del asked[future]
                answers += 1
            there = self.ask("ncores")
            asked = {future: worker for future, worker in asked.items() if worker in there}
        if not answers:
            raise ClusterError(
                f"No worker at {self.address} can grade, of {len(workers)}: each ended or does not answer. Start each with the "
                "same version of Dask and with the folder of this project on its PYTHONPATH; its log says more."
            )

    def results(self, coming: Iterator[Submission], *, alone: bool = False) -> Iterator[Result]:
        """Yield the results of some submissions as they are done; new suspects get none yet, unless they were alone."""
        from distributed import KilledWorker, as_completed

        self.look()
        self.fill(coming)
        while self.sent:
            finished = as_completed(list(self.sent), loop=self.client.loop, timeout=LOOK)
            while (future := next_of(finished)) is not None:
                submission, result = self.sent.pop(future), None
                try:
                    result = self.outcome(future)
                except KilledWorker as error:
                    if alone:
                        result = error_result(submission.student, error)
                    else:
                        self.suspects.append(submission)
                except (OSError, asyncio.TimeoutError):  # it was graded, and the worker that has the result does not answer
                    self.again.append(submission)
                future.release()
                finished.update(self.fill(coming))
                if result is not None:
                    yield result
            self.look()
            self.fill(coming)

    def look(self) -> None:
        """See how many submissions may be under way; ClusterError where there is nobody to grade any."""
        self.room = AHEAD * sum(self.workers().values())

    def fill(self, coming: Iterator[Submission]) -> list["Future"]:
        """Send what there is room for, once half of it is free."""
        if len(self.sent) > self.room // 2:
            return []
        again = (self.again.popleft() for _ in range(len(self.again)))
        new = itertools.islice(itertools.chain(again, coming), self.room - len(self.sent))
        futures = {self.submit(grade_here, submission): submission for submission in new}
        self.sent |= futures
        return list(futures)

    def outcome(self, future: "Future") -> Any:
        """Return the result of a task that is done.

        KilledWorker, OSError or TimeoutError where its worker is gone; ClusterError or WeakSandboxError where the cluster is of
        no use.
        """
        from distributed import CancelledError, KilledWorker

        try:
            return future.result(timeout=FETCH)
        except (AutograderError, KilledWorker, OSError, asyncio.TimeoutError):
            raise
        except CancelledError as error:
            raise ClusterError(f"The scheduler at {self.address} was lost, or has let go of the submissions.") from error
        except Exception as error:
            words = clean(f"{type(error).__name__}: {error}".split("\n")[0].strip(), 200)
            raise ClusterError(
                f"The scheduler at {self.address} or one of its workers cannot run the grader ({words}): start each with the "
                "folder of this project on its PYTHONPATH."
            ) from error


def next_of(finished: Iterator["Future"]) -> "Future | None":
    """Return the next future that is done; None if there is none any more, or it takes too long."""
    try:
        return next(finished, None)
    except asyncio.TimeoutError:
        return None
