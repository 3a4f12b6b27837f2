"""Grade many submissions on many machines, with a judge in each worker of a Dask cluster. Results arrive as they finish.

The client reads the submissions and sends them as bytes, a few more than the workers can grade at once. The workers need no
shared disk and write no files. Each worker process keeps one judge with its zygote. A task carries the digests of the client's
files and secret and its versions, and a worker refuses it unless its own are equal, so every score of a run comes from the same
checks: docs/cluster.md.

Failures on a submission are reported in its Result. An exception from a task is therefore about the worker, and ends the run.
"""

import asyncio
import contextlib
import faulthandler
import itertools
import logging
import queue
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from autograder.cluster_access import ClusterError, complete_address, read_security, refuse_open
from autograder.errors import AutograderError
from autograder.gradebook.digest import checks_parts, content_digest
from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.judge.records import error_result
from autograder.results import Result
from autograder.sandbox.kernel import hide_memory
from autograder.sandbox.layers import WeakSandboxError
from autograder.sandbox.limits import Limits
from autograder.settings import read_assignment, read_secret
from autograder.text import clean

if TYPE_CHECKING:  # Dask is installed only if SCHEDULER is used
    from distributed import Client, Future, Security

AHEAD = 4  # submissions in flight per worker thread: enough to keep it busy, few enough for the scheduler to hold
CONNECT = 15.0  # seconds to wait for a scheduler's first answer
PATIENCE = 60.0  # seconds to wait for a first worker, for workers to get ready, and for the scheduler to answer
FETCH = 10.0  # seconds to fetch a result from its worker before the submission is graded by another one
LOOK = 5.0  # seconds without a result after which the state of the cluster is checked
HANGS = 5  # a judge that takes this many times a child's time limit for one submission is considered hung


# The worker's side ------------------------------------------------------------------------------------------------------

_one_at_a_time = threading.Lock()  # a judge grades one submission at a time, however many threads the worker has
_judges: dict[Limits, Judge] = {}  # this process's judge; its zygote ends with the process, when the socket closes


def grade_here(submission: Submission, limits: Limits, parts: Mapping[str, str]) -> tuple[str, Result]:
    """Grade one submission with this process's judge, and return the digest of its content and its result.

    If the judge itself hangs, the process exits, and the scheduler gives the submission to another worker.
    Raise ClusterError or WeakSandboxError if this worker cannot grade.
    """
    with _one_at_a_time:
        judge = judge_for(limits, parts)
        faulthandler.dump_traceback_later(HANGS * limits.child_seconds, exit=True)
        try:
            return content_digest(submission), judge.grade(submission)
        except WeakSandboxError as refusal:
            raise WeakSandboxError(f"{this_worker()}: {refusal}") from None
        except Exception as error:
            return content_digest(submission), error_result(submission.student, error)
        finally:
            faulthandler.cancel_dump_traceback_later()


def get_ready(limits: Limits, parts: Mapping[str, str]) -> None:
    """Start this process's judge unless it is running; raise ClusterError or WeakSandboxError if this worker cannot grade."""
    with _one_at_a_time:
        judge_for(limits, parts)


def judge_for(limits: Limits, parts: Mapping[str, str]) -> Judge:
    """Return this process's judge; it is replaced when a client asks for other limits.

    Raise ClusterError if this worker's code, secret or versions differ from the client's or the judge cannot start, and
    WeakSandboxError if the machine lacks protections.
    """
    try:
        if other := differences(parts, own_parts()):
            raise ClusterError(
                f"{this_worker()} differs in {', '.join(other)}. It must run the same version of the project with the same "
                "course.toml. Correct that and restart the worker."
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
    except Exception as error:  # including SettingsError: the TA must know which worker's course file is wrong
        raise ClusterError(f"{this_worker()} cannot grade: {clean(f'{type(error).__name__}: {error}')}") from None


@cache  # this process keeps grading with the code it has loaded, even if the files change later
def own_parts() -> dict[str, str]:
    """Return the digests and versions that client and workers must share; raise SettingsError if the course has no secret."""
    read_assignment().checks(read_secret().encode())
    return {**checks_parts(), "Dask": version("distributed")}


def differences(wanted: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the names of the parts that differ, with both values if they are versions; digests are never shown."""
    return [
        name if name.startswith("the ") else f"{name} ({own.get(name, 'none')} there, {wanted.get(name, 'none')} here)"
        for name in sorted(wanted.keys() | own.keys())
        if wanted.get(name) != own.get(name)
    ]


def this_worker() -> str:
    """Return the name of this worker for a sentence."""
    from distributed import get_worker

    return f"The worker at {get_worker().address}"


# The client's side ------------------------------------------------------------------------------------------------------


def grade_on_cluster(submissions: Iterable[Submission], address: str, limits: Limits = Limits()) -> Iterator[Result]:
    """Grade submissions on the Dask cluster at an address, and yield the result of each as it finishes.

    A submission is read only when the workers have room for it. A failure of the grader affects only the submission it happened
    on, which gets the status "error". If a worker is lost, its submissions are graded by another one. A submission that was
    being graded when several workers died is graded again at the end, alone; if workers still die, its status is "error".

    Raise ClusterError if there is no scheduler or no worker, if a worker differs from this client, or if the scheduler or a
    worker accepts connections from other machines without TLS, and WeakSandboxError if a worker lacks protections that were not
    accepted. Workers that are there at the start are checked before anything is graded.
    """
    address = complete_address(address)
    with connected(address) as client:
        run = Run(client, address, limits)
        run.check_workers()
        yield from run.results(iter(submissions))
        for suspect in run.suspects:
            yield from run.results(iter([suspect]), alone=True)


@contextlib.contextmanager
def connected(address: str) -> Iterator["Client"]:
    """Yield a client of the scheduler at an address, and leave nothing on the cluster; raise ClusterError if there is none."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError("SCHEDULER needs Dask, which is not installed: `pip install distributed`.") from error
    hush()
    security = read_security(address)
    greet(address, security)
    with Client(address, timeout=CONNECT, set_as_default=False, security=security) as client:
        yield client


def greet(address: str, security: "Security") -> None:
    """Raise ClusterError if no scheduler answers at an address, or if it runs another version of Dask."""
    from distributed import rpc

    async def ask() -> str:
        async with rpc(address, timeout=CONNECT, connection_args=security.get_connection_args("client")) as scheduler:
            return (await scheduler.versions())["packages"]["distributed"]

    def answer() -> None:
        try:
            answers.put({"Dask": asyncio.run(ask())})
        except Exception as error:
            # Dask reports the reason in the cause, after the name of the connection object.
            said = re.sub(r"^in <.*?>: ", "", str(error.__cause__ or error))
            answers.put(clean(said or f"no answer within {CONNECT} seconds", 200))

    # In a thread, because Dask waits forever if something other than a scheduler answers.
    answers: queue.SimpleQueue[dict[str, str] | str] = queue.SimpleQueue()
    threading.Thread(target=answer, daemon=True).start()
    try:
        answered = answers.get(timeout=2 * CONNECT)
    except queue.Empty:
        answered = "another program answers there"
    if isinstance(answered, str):
        raise ClusterError(f"No Dask scheduler answers at SCHEDULER={address}: {answered}.")
    if other := differences({"Dask": own_parts()["Dask"]}, answered):
        raise ClusterError(f"The scheduler at {address} differs in {', '.join(other)}; run the same version on both.")


def hush() -> None:
    """Keep Dask's log out of the terminal; errors that a TA must know about are printed as sentences."""
    for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Run:
    """One run on a cluster: the submissions in flight, and those to grade again."""

    def __init__(self, client: "Client", address: str, limits: Limits) -> None:
        self.client, self.address, self.limits = client, address, limits
        self.parts = own_parts()
        self.name = uuid.uuid4().hex
        self.count = 0  # of tasks; it makes their keys unique without naming a student
        self.sent: dict[Future, Submission] = {}
        self.again: deque[Submission] = deque()
        self.room = 0  # how many submissions may be in flight
        self.suspects: list[Submission] = []  # being graded when workers died, more often than the scheduler allows

    def submit(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> "Future":
        """Submit a task under a unique key, and return its future."""
        self.count += 1
        key = f"{function.__name__.replace('_', '-')}-{self.name}-{self.count}"
        return self.client.submit(function, *arguments, self.limits, self.parts, key=key, pure=False, **options)

    def ask(self, question: str) -> Any:
        """Return the scheduler's answer; raise ClusterError if there is none."""
        scheduler = self.client.scheduler  # None once the client has given up reconnecting
        try:
            if scheduler is None:
                raise ConnectionError
            return self.client.sync(getattr(scheduler, question), callback_timeout=PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            raise ClusterError(f"The scheduler at {self.address} no longer answers. Is it still running?") from error

    def workers(self) -> dict[str, int]:
        """Return the number of threads of each worker by its address; raise ClusterError if no worker appears in time."""
        until = time.monotonic() + PATIENCE
        while not (found := self.ask("ncores")):
            if time.monotonic() > until:
                raise ClusterError(
                    f"The scheduler at {self.address} has no workers, even after {PATIENCE:.0f} seconds. "
                    f"Start some with `dask worker {self.address}`: docs/cluster.md."
                )
            time.sleep(0.2)
        refuse_open(self.address, found)
        return found

    def check_workers(self) -> None:
        """Have every connected worker get ready; raise ClusterError or WeakSandboxError if one of them cannot grade.

        Workers that do not answer in time or connect later are checked by each task they get. A worker that cannot import the
        project ends when it gets a task.
        """
        from distributed import as_completed

        refuse_open(self.address, [self.ask("identity")["address"]])
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
                f"No worker at {self.address} can grade ({len(workers)} tried): each has ended or does not answer. Start each "
                "with the same version of Dask and with this project's folder on its PYTHONPATH; its log says more."
            )

    def results(self, coming: Iterator[Submission], *, alone: bool = False) -> Iterator[Result]:
        """Yield the results of submissions as they finish. New suspects get a result here only with `alone`."""
        from distributed import KilledWorker, as_completed

        self.look()
        self.fill(coming)
        while self.sent:
            finished = as_completed(list(self.sent), loop=self.client.loop, timeout=LOOK)
            while (future := next_of(finished)) is not None:
                submission, result = self.sent.pop(future), None
                try:
                    result = require_result(submission, self.outcome(future))
                except KilledWorker as error:
                    if alone:
                        result = error_result(submission.student, error)
                    else:
                        self.suspects.append(submission)
                except (OSError, asyncio.TimeoutError):  # it was graded, but the worker that holds the result does not answer
                    self.again.append(submission)
                future.release()
                finished.update(self.fill(coming))
                if result is not None:
                    yield result
            self.look()
            self.fill(coming)

    def look(self) -> None:
        """Update how many submissions may be in flight; raise ClusterError if there are no workers."""
        self.room = AHEAD * sum(self.workers().values())

    def fill(self, coming: Iterator[Submission]) -> list["Future"]:
        """Send as many submissions as there is room for, once half of the room is free; return their futures."""
        if len(self.sent) > self.room // 2:
            return []
        again = (self.again.popleft() for _ in range(len(self.again)))
        new = itertools.islice(itertools.chain(again, coming), self.room - len(self.sent))
        futures = {self.submit(grade_here, submission): submission for submission in new}
        self.sent |= futures
        return list(futures)

    def outcome(self, future: "Future") -> Any:
        """Return the result of a finished task.

        Raise KilledWorker, OSError or TimeoutError if its worker is gone, and ClusterError or WeakSandboxError if the cluster
        cannot be used.
        """
        from distributed import CancelledError, KilledWorker

        try:
            return future.result(timeout=FETCH)
        except (AutograderError, KilledWorker, OSError, asyncio.TimeoutError):
            raise
        except CancelledError as error:
            raise ClusterError(f"The scheduler at {self.address} was lost, or it cancelled the tasks.") from error
        except Exception as error:
            words = clean(f"{type(error).__name__}: {error}".split("\n")[0].strip(), 200)
            raise ClusterError(
                f"The scheduler at {self.address} or one of its workers cannot run the grader ({words}). Start each with this "
                "project's folder on its PYTHONPATH."
            ) from error


def require_result(submission: Submission, answer: Any) -> Result:
    """Return the result in a worker's answer; raise ClusterError unless it has every check, for this submission as it was sent.

    This detects a worker that mixes up submissions or runs other code. A worker that lies about points cannot be detected.
    """
    with contextlib.suppress(TypeError, ValueError, AttributeError):  # an answer of any other form
        content, result = answer
        shares = [share for check in result.checks for share in (check.worth, check.partial)]
        if (
            content == content_digest(submission)
            and result.student == submission.student
            and checks_of(result) == checks_of(error_result(submission.student, Exception()))
            and all(0 <= share <= 1 for share in shares)
        ):
            return result
    raise ClusterError(
        f"A worker returned something other than the result of {clean(submission.student)}, so its answers cannot be trusted. "
        "Stop the scheduler and its workers, restart them from this version of the project, and grade again."
    )


def checks_of(result: Result) -> list[tuple[str, str, str, float]]:
    """Return the id, part, task and points of each check in a result."""
    return [(check.id, check.part, check.task, check.points) for check in result.checks]


def next_of(finished: Iterator["Future"]) -> "Future | None":
    """Return the next finished future; None if none are left, or if it takes too long."""
    try:
        return next(finished, None)
    except asyncio.TimeoutError:
        return None
