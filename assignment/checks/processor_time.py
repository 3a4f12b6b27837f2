"""Limit the processor time of a piece of code. Waiting, and the work of other programs, doesn't count.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Iterator

from checks.skipped import OutOfTimeError

AGAIN_SECONDS = 0.05  # seconds until code that catches OutOfTimeError gets the next one


def limit_processor_time(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Return a context that raises OutOfTimeError in its code when the time is up, repeatedly until the code ends."""
    has_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    return (limit_by_signal if has_signal else limit_by_thread)(seconds)


@contextlib.contextmanager
def limit_by_signal(seconds: float) -> Iterator[None]:
    """Limit the processor time with a signal from a timer of the system."""
    active = True

    def stop(*_: object) -> None:
        if active:
            raise OutOfTimeError

    handler = signal.signal(signal.SIGPROF, stop)
    timer = signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        active = False  # first; otherwise, a signal during cleanup would raise there
        signal.setitimer(signal.ITIMER_PROF, *timer)
        signal.signal(signal.SIGPROF, handler or signal.SIG_DFL)


@contextlib.contextmanager
def limit_by_thread(seconds: float) -> Iterator[None]:
    """Limit the processor time with a thread that polls the clock, if signals are unavailable (on Windows, in a thread)."""
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
