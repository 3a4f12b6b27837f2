"""The judge's end of the pipe: starts the zygote, opens a session for a submission, and makes its modules look like Python.

In a session `session.dnn.DNN((2, 3, 1)).forward(X)` runs nothing yet. Each step is noted in a `Handle`, and `fetch` sends all
steps so far in one frame and brings back the values. A step that fails, ends the process or does not return raises StudentError
with a sentence for the student; the session then goes on in a fresh child.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checking import StudentError
from autograder.sandbox import wire
from autograder.text import clean

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of a set is the same in every run; this is why the zygote is not started with -I
    "PYTHONNOUSERSITE": "1",
    "PYTHONSAFEPATH": "1",
}
START_SECONDS = 60  # for the zygote and for a child, before any student code runs


@dataclass(frozen=True)
class Limits:
    """How much a submission may use; seconds of wall clock unless it says otherwise."""

    call_seconds: float = 4.0
    import_seconds: float = 10.0
    submission_seconds: float = 60.0
    strikes: int = 2  # a function that did not return this often is not called again
    cpu_seconds: int = 60
    memory_bytes: int = 2 * 1024**3


class SandboxError(Exception):
    """The sandbox itself does not work; never the student's doing."""


class Sandbox:
    """A zygote and the sessions it forks; use as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.empty = tempfile.TemporaryDirectory(prefix="sandbox-")
        os.chmod(self.empty.name, 0o555)
        self.control, theirs = socket.socketpair()
        settings = {"cpu_seconds": limits.cpu_seconds, "memory_bytes": limits.memory_bytes}
        zygote = str(Path(__file__).with_name("zygote.py"))
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-B", zygote, str(theirs.fileno()), json.dumps(settings), self.empty.name],
                env=ENVIRONMENT,
                cwd=self.empty.name,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.control.settimeout(START_SECONDS)
        if self.ask(b"", 1) != b"R":
            raise SandboxError("the zygote did not start")

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote, and with it every child."""
        self.control.close()
        self.process.wait()
        self.empty.cleanup()

    def ask(self, command: bytes, length: int, descriptors: tuple[int, ...] = ()) -> bytes:
        """Send a command to the zygote and return its answer; SandboxError if it is gone."""
        try:
            if command:
                socket.send_fds(self.control, [command], descriptors)
            return wire.receive_bytes(self.control, length, None)
        except (OSError, wire.WireError) as error:
            raise SandboxError("the zygote does not answer") from error

    def fork(self) -> tuple[int, socket.socket]:
        """The pid of a new child and the pipe to it."""
        pipe, theirs = socket.socketpair()
        with theirs:
            (pid,) = struct.unpack("<i", self.ask(b"F", 4, (theirs.fileno(),)))
        return pid, pipe

    def kill(self, pid: int) -> int:
        """End a child and return its exit code, or minus the signal that ended it."""
        (status,) = struct.unpack("<i", self.ask(b"K" + struct.pack("<i", pid), 4))
        return status

    @contextlib.contextmanager
    def session(self, sources: Mapping[str, bytes]) -> Iterator["Session"]:
        """A session for one submission: the name of each module, and its source as bytes."""
        session = Session(self, sources)
        try:
            yield session
        finally:
            session.end()


@dataclass(frozen=True)
class Step:
    """One operation of the child: `label` says which function it calls, for the sentence if it does not come back."""

    number: int
    operation: str
    arguments: tuple
    named: dict[str, Any]
    label: str

    @property
    def packed(self) -> tuple:
        """The step as it travels."""
        return self.number, self.operation, self.arguments, self.named

    @property
    def runs_student_code(self) -> bool:
        """Whether the child reports that this step has begun."""
        return self.operation in ("call", "module")

    @property
    def name(self) -> str:
        """What it runs, as the student calls it."""
        return f"Loading {self.label}.py" if self.operation == "module" else last_of(self.label)


class Handle:
    """A result on the student's side. What is done to it is noted and done there."""

    _place: tuple["Session", int, int, str]  # the session, its generation, the number of the step, what it is called

    def __init__(self, session: "Session", number: int, label: str) -> None:
        object.__setattr__(self, "_place", (session, session.generation, number, label))

    def __getattr__(self, name: str) -> "Handle":
        if name.startswith("__"):
            raise AttributeError(name)
        session, _, _, label = self._place
        return session.note("get", self, name, label=f"{label}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        session, _, _, label = self._place
        session.note("set", self, name, value, label=label)

    def __call__(self, *arguments: Any, **named: Any) -> "Handle":
        """Note a call; its result is a Handle too."""
        session, _, _, label = self._place
        return session.note("call", self, *arguments, label=label, **named)

    def __getitem__(self, key: Any) -> "Handle":
        session, _, _, label = self._place
        return session.note("item", self, key, label=label)

    def __setitem__(self, key: Any, value: Any) -> None:
        session, _, _, label = self._place
        session.note("put", self, key, value, label=label)

    def __iter__(self) -> Iterator["Handle"]:
        raise TypeError("a Handle cannot be iterated over; fetch it, or unpack it with session.unpack")


class Opaque:
    """Stands for a value that does not cross the pipe."""

    def __init__(self, type_name: str) -> None:
        self.described = f"a value of the type {clean(type_name, 100)}"


class Session:
    """One submission in the sandbox. It offers what `checking.LocalStudent` offers, and the random state."""

    def __init__(self, sandbox: Sandbox, sources: Mapping[str, bytes]) -> None:
        self.sandbox, self.sources = sandbox, dict(sources)
        self.limits = sandbox.limits
        self.memory: dict[Any, Any] = {}
        self.generation, self.pid = 0, 0
        self.pipe: socket.socket | None = None
        self.steps: list[Step] = []
        self.sent: dict[int, Step] = {}
        self.count = 0
        self.forget = False
        self.lost: StudentError | None = None
        self.strikes: Counter[str] = Counter()
        self.seconds_left = sandbox.limits.submission_seconds

    def __getattr__(self, module: str) -> Handle:
        if module.startswith("_"):
            raise AttributeError(module)
        return self.note("module", module, label=module)

    def place(self, value: Any) -> Handle:
        """A copy of an argument on the student's side."""
        return self.note("place", value, label="")

    def copy(self, value: Handle) -> Handle:
        """A shallow copy of a result."""
        return self.note("copy", value, label="")

    def unpack(self, value: Handle) -> tuple[Handle, Handle]:
        """The two halves of a result."""
        return value[0], value[1]

    def random_state(self) -> Handle:
        """The global random state at this moment."""
        return self.note("random_state", label="")

    def stirred_random_state(self) -> Handle:
        """The global random state after it was moved on, so that a seed set by the next call shows."""
        return self.note("stirred_random_state", label="")

    def begin_check(self) -> None:
        """Let go of everything an earlier check left in the child."""
        self.steps, self.sent, self.count, self.forget = [], {}, 0, True
        self.generation += 1

    def note(self, operation: str, *arguments: Any, label: str, **named: Any) -> Handle:
        """Add a step to those that run at the next fetch."""
        self.count += 1
        packed = tuple(self.outgoing(value) for value in arguments)
        step = Step(self.count, operation, packed, {name: self.outgoing(value) for name, value in named.items()}, label)
        self.steps.append(step)
        return Handle(self, step.number, label)

    def outgoing(self, value: Any) -> Any:
        """A value as it travels to the child."""
        if isinstance(value, Handle):
            _, generation, number, _ = value._place
            if generation != self.generation:
                raise self.lost or SandboxError("a result of an earlier check was used")
            return wire.reference(number)
        if isinstance(value, dict):
            return {key: self.outgoing(item) for key, item in value.items()}
        return value

    def fetch(self, value: Handle) -> Any:
        """The value of a result; StudentError if a step on the way to it failed, or if the child did not come back."""
        self.outgoing(value)
        _, _, number, label = value._place
        steps, self.steps = self.steps, []
        for step in steps:
            self.sent[step.number] = step
            if step.runs_student_code and self.strikes[step.label] >= self.limits.strikes:
                raise StudentError(f"{step.name} has not come back {self.limits.strikes} times and was not called again.")
        if self.seconds_left <= 0:
            raise StudentError(f"The {self.limits.submission_seconds:.0f} seconds for the whole submission are used up.")
        started = time.monotonic()
        try:
            reply = self.exchange(steps, number)
        finally:
            self.seconds_left -= time.monotonic() - started
        match reply:
            case ("value", content):
                return self.decode(content)
            case ("failed", int(at), str(kind), str(message), str(where), str(trace)):
                raise failure(self.sent.get(at), label, kind, message, where, trace)
        raise self.lose(f"{last_of(label)} answered with something that is no answer.")

    def exchange(self, steps: list[Step], number: int) -> Any:
        """Send the steps and bring back the one answer; StudentError if the child ends or a call does not return."""
        if self.pipe is None:
            self.start()
        assert self.pipe is not None
        calls = {step.number: step for step in steps if step.runs_student_code}
        running = None
        deadline = time.monotonic() + self.limits.call_seconds
        try:
            self.pipe.settimeout(self.limits.call_seconds)
            wire.send(self.pipe, [self.forget, [step.packed for step in steps], [number]])
            self.forget = False
            while isinstance(reply := wire.receive(self.pipe, deadline), int):
                if reply not in calls:
                    raise wire.WireError("a step that was not asked for")
                running = calls.pop(reply)
                deadline = time.monotonic() + min(self.patience(running), self.seconds_left)
        except TimeoutError:
            raise self.lose_in(running, "did not come back in time; is there a loop that never ends?") from None
        except wire.WireError as error:
            if isinstance(error, wire.FrameTooLong):
                raise SandboxError(str(error)) from error
            raise self.lose_in(running, "ended the program{how}.") from None
        if not isinstance(reply, tuple) or len(reply) != 1:
            raise self.lose_in(running, "answered with something that is no answer.")
        return reply[0]

    def patience(self, step: Step) -> float:
        """How long to wait for a call: less, once this submission has not come back from one."""
        if step.operation == "module":
            return self.limits.import_seconds
        return self.limits.call_seconds / (4 if self.strikes else 1)

    def start(self) -> None:
        """Fork a child and give it the sources."""
        self.pid, self.pipe = self.sandbox.fork()
        try:
            if wire.receive(self.pipe, time.monotonic() + START_SECONDS) != "locked in":
                raise wire.WireError("no first word")
            wire.send(self.pipe, self.sources)
        except (wire.WireError, TimeoutError) as error:
            raise SandboxError("a child could not be locked in") from error
        self.forget = False

    def end(self) -> int:
        """Kill the child, if there is one, and return how it had ended."""
        if self.pipe is None:
            return 0
        self.pipe.close()
        self.pipe = None
        return self.sandbox.kill(self.pid)

    def lose_in(self, running: Step | None, sentence: str) -> StudentError:
        """The child is lost while it ran this step: count it, and say so."""
        name = running.name if running else "The submission"
        if running:
            self.strikes[running.label] += 1
        return self.lose(f"{name} {sentence}")

    def lose(self, sentence: str) -> StudentError:
        """End the child; whatever still refers to it raises this from now on."""
        status = self.end()
        self.lost = StudentError(sentence.replace("{how}", how_it_ended(status)))
        self.generation += 1
        self.steps = []
        return self.lost

    def decode(self, content: Any) -> Any:
        """The value that an answer stands for."""
        match content:
            case ("dict", dict(items)):
                return {key: self.decode(item) for key, item in items.items()}
            case ("list", tuple(items)):
                return [self.decode(item) for item in items]
            case ("tuple", tuple(items)):
                return tuple(self.decode(item) for item in items)
            case ("opaque", str(type_name)):
                return Opaque(type_name)
            case None | bool() | int() | float() | str() | np.ndarray():
                return content
        raise self.lose("The submission answered with something that is no answer.")


def last_of(label: str) -> str:
    """The name a student knows: `forward` for dnn.DNN.forward."""
    return label.rpartition(".")[2]


def how_it_ended(status: int) -> str:
    """A few words on an exit status."""
    if status >= 0:
        return f" with exit code {status}"
    reasons = {
        -signal.SIGSEGV: " by a segmentation fault",
        -signal.SIGXCPU: ": it used up its processor time",
        -signal.SIGKILL: " or closed its connection",
    }
    return reasons.get(status, f" by signal {-status}")


PHRASES = {
    "call": "{name} raised",
    "get": "Reading `{name}` raised",
    "set": "Setting an attribute of `{name}` raised",
    "item": "Reading what {name} returned raised",
    "put": "Writing into what {name} returned raised",
    "copy": "Copying what {name} returned raised",
}


def failure(step: Step | None, label: str, kind: str, message: str, where: str, trace: str) -> StudentError:
    """The sentence for an exception in the student's code."""
    kind, message, where, trace = clean(kind, 60), clean(message), clean(where, 200), clean(trace, 2000)
    place = f" ({where})" if where else ""
    name = step.name if step else last_of(label)
    module = f"{(step.label if step else label).partition('.')[0]}.py"
    if kind == "NotImplementedError" and message:
        return StudentError(message, trace)
    if kind == "ModuleNotFoundError":
        return StudentError(f"{message}: submissions may use numpy and the standard library{place}.", trace)
    if step and step.operation == "module":
        return StudentError(f"{module} could not be loaded: {kind}: {message}{place}", trace)
    if step and step.operation == "get" and kind == "AttributeError" and not where:
        return StudentError(f"{module} defines no `{step.label.partition('.')[2]}`.", trace)
    phrase = PHRASES[step.operation] if step and step.operation in PHRASES else "The result of {name} could not be read:"
    return StudentError(f"{phrase.format(name=name)} {kind}: {message}{place}", trace)
