"""Limits the processor time of a piece of code. What it waits for does not count, nor what other programs compute.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Iterator

from autograder.skipped import OutOfTimeError

AGAIN_SECONDS = 0.05  # until code that catches OutOfTimeError meets the next one


def limit_processor_time(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Return a context that raises OutOfTimeError in the code inside when its time is up, and again until it ends."""
    has_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    return (limit_by_signal if has_signal else limit_by_thread)(seconds)


@contextlib.contextmanager
def limit_by_signal(seconds: float) -> Iterator[None]:
    """Limit the processor time by a signal of the system's own clock."""
    active = True

    def stop(*_: object) -> None:
        if active:
            raise OutOfTimeError

    handler = signal.signal(signal.SIGPROF, stop)
    timer = signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        active = False  # first, or a signal on the way out would raise there
        signal.setitimer(signal.ITIMER_PROF, *timer)
        signal.signal(signal.SIGPROF, handler or signal.SIG_DFL)


@contextlib.contextmanager
def limit_by_thread(seconds: float) -> Iterator[None]:
    """Limit the processor time from a thread that looks at the clock, where there is no such signal (Windows, a thread)."""
    done, end, worker = threading.Event(), time.process_time() + seconds, ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        while not done.wait(AGAIN_SECONDS):
            if time.process_time() >= end:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(worker, ctypes.py_object(OutOfTimeError))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
