"""The judge's side of the sandbox: start a zygote, have it fork children, and end them."""

import contextlib
import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.sandbox import wire
from autograder.sandbox.layers import LAYERS, WeakSandboxError, lacking, refusal
from autograder.sandbox.limits import ONE_THREAD, Limits

# How a machine identifies itself on which OpenBLAS would choose incorrect kernels.
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ENVIRONMENT = {
    **{name: os.environ[name] for name in KERNELS if name in os.environ},
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "HOME": "/",
    "USER": "student",  # scripts expect it
    **ONE_THREAD,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # sets have the same order in every run; this is why the zygote is not started with -I
    "PYTHONNOUSERSITE": "1",
    "PYTHONSAFEPATH": "1",
}
PROCESS_CLOCK = 2  # CPUCLOCK_SCHED: the number of a process's clock is made of this and its pid
START_SECONDS = 60  # for the zygote and for a child, before any student code runs


class SandboxError(Exception):
    """The sandbox itself failed; this is never the student's fault."""


class Child:
    """A forked child: the pipe to it, and a mark in shared memory where it records the step it is about to run."""

    def __init__(self, zygote: "Zygote", sources: Mapping[str, bytes], skips: Sequence[tuple[str, int, str]] = ()) -> None:
        self.zygote = zygote
        self.unread = bytearray()  # received over the pipe but not read yet
        with contextlib.ExitStack() as undo:  # if the start fails, nothing of it stays open
            self.pipe, theirs = socket.socketpair()
            undo.enter_context(self.pipe)
            with theirs, tempfile.TemporaryFile() as memory:
                memory.truncate(wire.MARK_SIZE)
                self.mark = undo.enter_context(mmap.mmap(memory.fileno(), wire.MARK_SIZE))
                self.pid = zygote.fork(theirs.fileno(), memory.fileno())
            undo.callback(zygote.kill, self.pid)
            try:
                wire.send(self.pipe, wire.frame([sources, skips, zygote.statement_seconds]))
                if wire.receive(self.pipe, time.monotonic() + START_SECONDS) != wire.LOCKED_IN:
                    raise wire.WireError("no first word")
            except (wire.WireError, TimeoutError) as error:
                raise SandboxError("a child could not be locked in") from error
            self.outer_pid = self.running()[0]  # its pid in the judge's namespace; no student code has run yet
            undo.pop_all()

    def begin(self) -> None:
        """Record that no step of the next message has begun."""
        self.mark[:] = bytes(wire.MARK_SIZE)

    def running(self) -> tuple[int, int]:
        """Return the request and the step that began last, according to the child."""
        request, number = wire.MARK.unpack_from(self.mark)
        return request, number

    def running_statement(self) -> tuple[int, int]:
        """Return the number of the file being loaded, from 1, and of the statement in it; (0, 0) if there is none."""
        file, number = wire.STATEMENT.unpack_from(self.mark, wire.MARK.size)
        return file, number

    def processor_time(self) -> float | None:
        """Return the processor time that the child has used; None if it is unknown, as it is outside of Linux."""
        with contextlib.suppress(OSError):
            return time.clock_gettime(~self.outer_pid << 3 | PROCESS_CLOCK) if self.outer_pid else None
        return None

    def is_waiting(self) -> bool:
        """Return whether the child is waiting for anything but a processor."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.outer_pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"S"
        return True

    def end(self) -> int:
        """Kill the child and return its exit code, or minus the signal that ended it."""
        self.pipe.close()
        self.mark.close()
        return self.zygote.kill(self.pid)


class Zygote:
    """The interpreter that forks a child for each submission."""

    def __init__(self, limits: Limits) -> None:
        self.failed, self.statement_seconds = False, limits.statement_seconds
        settings = {name: getattr(limits, name) for name in ("cpu_seconds", "memory_bytes", "child_seconds", "without")}
        script = str(Path(__file__).with_name("zygote.py"))
        with contextlib.ExitStack() as undo:  # if the start fails, nothing of it stays open
            self.control, theirs = socket.socketpair()
            undo.enter_context(self.control)
            with theirs:
                self.process = subprocess.Popen(
                    [sys.executable, "-s", "-B", script, str(theirs.fileno()), json.dumps(settings)],
                    env=ENVIRONMENT,
                    cwd="/",
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            undo.callback(self.close)
            self.control.settimeout(START_SECONDS)
            try:
                self.missing: dict[str, str] = wire.receive(self.control)  # layer -> reason why it is missing
            except (wire.WireError, TimeoutError) as error:
                raise SandboxError("the zygote did not start") from error
            self.layers = tuple(name for name in LAYERS if name not in self.missing)
            if dangers := lacking(self.layers, limits.accept):
                raise WeakSandboxError(refusal(dangers))
            undo.pop_all()

    def close(self) -> None:
        """End the zygote, and with it every child."""
        self.control.close()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def fork(self, pipe: int, mark: int) -> int:
        """Fork a child with these descriptors and return its pid; raise SandboxError if the zygote has ended."""
        return self.ask(b"F", pipe, mark)

    def kill(self, pid: int) -> int:
        """Kill a child and return its exit code, or minus the signal that ended it; may raise SandboxError."""
        return self.ask(b"K" + struct.pack("<i", pid))

    def ask(self, command: bytes, *descriptors: int) -> int:
        """Send a command and return the number in the reply."""
        try:
            socket.send_fds(self.control, [command], descriptors)
            return int.from_bytes(wire.receive_bytes(self.control, 4, None), "little", signed=True)
        except (OSError, wire.WireError) as error:
            self.failed = True
            raise SandboxError("the zygote does not answer") from error

    def works(self) -> bool:
        """Return whether the zygote is running and has replied to every command."""
        return not self.failed and self.process.poll() is None
