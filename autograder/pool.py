"""Run a function on many items in worker processes; an item is taken only when a worker has room for it."""

import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, TypeVar

from autograder.sandbox.kernel import die_with_parent, hide_memory
from autograder.sandbox.limits import ONE_THREAD

AHEAD = 3  # items queued per worker: enough to keep it busy, few enough to keep memory flat
Item = TypeVar("Item")
Value = TypeVar("Value")


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


def start_worker(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Make this process a worker that ends with its parent, then start what it works with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started the workers handles Ctrl-C
    with contextlib.suppress(OSError):  # not Linux
        hide_memory()
        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():  # it was killed before die_with_parent took effect
        os._exit(1)
    start(*arguments)
    gc.freeze()  # everything loaded so far is kept, so collections need not scan it


def submit(pool: ProcessPoolExecutor, task: Callable[[Item], Value], item: Item) -> Future[Value]:
    """Submit to the pool and return the future, which fails with BrokenProcessPool if the pool has lost a worker."""
    try:
        return pool.submit(task, item)
    except BrokenProcessPool as error:
        lost: Future[Value] = Future()
        lost.set_exception(error)
        return lost


def run_in_pool(
    task: Callable[[Item], Value],
    coming: Iterator[Item],
    jobs: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...],
    in_hand: dict[Future[Value], Item],
) -> Generator[tuple[Item, Future[Value]], None, None]:
    """Yield every item with its future as soon as it is finished; each worker first calls start with the arguments.

    in_hand holds each item from when it is submitted until the caller asks for the one after it. To stop early, close the
    iterator, which terminates the workers.
    """
    context = WorkerContext()
    with ProcessPoolExecutor(jobs, context, initializer=start_worker, initargs=(start, arguments)) as pool:
        try:
            while True:
                for item in islice(coming, AHEAD * jobs - len(in_hand)):
                    in_hand[submit(pool, task, item)] = item
                if not in_hand:
                    return
                for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                    yield in_hand[future], future
                    del in_hand[future]
        except (KeyboardInterrupt, GeneratorExit):
            for process in context.started:
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
