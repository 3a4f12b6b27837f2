"""One submission as the judge sees it: its modules look like Python, and every step is carried out in the child.

In a session `session.dnn.DNN((2, 3, 1)).forward(X)` runs nothing yet. Each step is noted in a `Handle`, and `fetch` sends all
steps so far in one frame and brings back the value. A step that fails, ends the process or does not return raises StudentError
with a sentence for the student; the session then goes on in a fresh child.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograder.checking import StudentError
from autograder.sandbox import wire
from autograder.sandbox.discretion import Discretion, Words
from autograder.sandbox.host import Child, Limits, SandboxError, Zygote
from autograder.sandbox.sentences import failure, how_it_ended, last_of
from autograder.text import clean


class Step(NamedTuple):
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
        return self.operation in wire.RUNS_STUDENT_CODE

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

    def __init__(self, described: str) -> None:
        self.described = clean(described, 120)


class Printed(NamedTuple):
    """What a student's code printed, as much of it as is kept."""

    output: str = ""
    errors: str = ""

    def and_then(self, output: str, errors: str) -> "Printed":
        """The same with what was printed after it."""
        return Printed((self.output + output)[: wire.MAX_PRINTED], (self.errors + errors)[: wire.MAX_PRINTED])


class Session:
    """One submission in the sandbox. It offers what `running.LocalStudent` offers, the random state and counted calls."""

    def __init__(self, sandbox: "Sandbox", sources: Mapping[str, bytes], prompts: frozenset[str] = frozenset()) -> None:
        self.sandbox, self.sources = sandbox, dict(sources)
        self.limits = sandbox.limits
        self.memory: dict[Any, Any] = {}
        self.child: Child | None = None
        self.generation = 0  # of the results: those of an earlier check, or of a child that is gone, are not used
        self.steps: list[Step] = []
        self.sent: dict[int, Step] = {}
        self.refused: dict[int, StudentError] = {}  # why a step, or one that it builds on, is not carried out
        self.count = 0
        self.forget = False
        self.lost: StudentError | None = None
        self.strikes: Counter[str] = Counter()
        self.unloadable: dict[str, StudentError] = {}
        self.seconds_left = sandbox.limits.submission_seconds
        self.printed = Printed()  # by this check
        self.discretion = Discretion(sources, prompts)

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

    def counted(self, name: str, function: Handle, *arguments: Any) -> tuple[Handle, Handle]:
        """The result of a call, and how often functions of this name ran for it, if the child tells the truth."""
        return self.unpack(self.note("counted", name, function, *arguments, label=function._place[3]))

    def random_state(self) -> Handle:
        """The global random state at this moment."""
        return self.note("random_state", label="")

    def stirred_random_state(self) -> Handle:
        """The global random state after it was moved on, so that a seed set by the next call shows."""
        return self.note("stirred_random_state", label="")

    def begin_check(self, *, hidden: bool = False) -> None:
        """Let go of everything an earlier check left in the child; from the first hidden one on, quote with discretion."""
        self.discretion.begin(hidden=hidden)
        self.steps, self.sent, self.refused, self.count, self.forget = [], {}, {}, 0, True
        self.printed = Printed()
        self.generation += 1

    def note(self, operation: str, *arguments: Any, label: str, **named: Any) -> Handle:
        """Add a step to those that run at the next fetch, unless it is not worth another try."""
        self.count += 1
        packed = tuple(self.outgoing(value) for value in arguments)
        step = Step(self.count, operation, packed, {name: self.outgoing(value) for name, value in named.items()}, label)
        reasons = [self.refused.get(number) for number in numbers_in([*arguments, *named.values()])]
        reason = next(filter(None, [*reasons, self.refusal(step)]), None)
        if reason:
            self.refused[step.number] = reason
        else:
            self.steps.append(step)
        return Handle(self, step.number, label)

    def refusal(self, step: Step) -> StudentError | None:
        """Why a step is not worth another try."""
        if step.runs_student_code and self.strikes[step.label] >= self.limits.strikes:
            return StudentError(f"{step.name} has not come back {self.limits.strikes} times and was not called again.")
        return self.unloadable.get(step.label) if step.operation == "module" else None

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

    def fetch(self, *values: Handle) -> Any:
        """The value of a result, or a tuple of the values of several, which must all belong to one moment.

        StudentError if a step on the way to one of them failed, or if the child did not come back.
        """
        for value in values:
            self.outgoing(value)
            if reason := self.refused.get(value._place[2]):
                raise reason
        if self.seconds_left <= 0:
            raise StudentError(f"The {self.limits.submission_seconds:.0f} seconds for the whole submission are used up.")
        steps, self.steps = self.steps, []
        self.sent |= {step.number: step for step in steps}
        replies = self.exchange(steps, [value._place[2] for value in values])
        fetched = tuple(self.unwrap(reply, value._place[3]) for reply, value in zip(replies, values, strict=True))
        return fetched if len(values) > 1 else fetched[0]

    def unwrap(self, reply: Any, label: str) -> Any:
        """The value in an answer on what the label names; StudentError if the answer is a failure, or none at all."""
        if is_tagged(reply) and reply[0] == "value" and len(reply) == 2:
            return self.decode(reply[1], wire.MAX_DEPTH)
        if is_tagged(reply) and reply[0] == "failed" and [type(word) for word in reply[1:]] == [int, str, str, str, str]:
            _, at, *words = reply
            raise self.failure(label, at, Words(*words))
        raise self.lose("{name} answered with something that is no answer.")

    def failure(self, label: str, at: int, words: Words) -> StudentError:
        """What the student is told of an exception in the step `at`, or in the reading of what the label names."""
        step = self.sent.get(at)
        operation, name = (step.operation, step.label) if step else ("", label)
        error = failure(operation, name, self.discretion.of_exception(words))
        error.raised = f"{words.kind}: {words.message}"
        if operation == "module":
            self.unloadable[name] = error
        return error

    def exchange(self, steps: list[Step], wanted: list[int]) -> tuple:
        """Send the steps and bring back the answers; a new child is first given the time to import."""
        if self.child is None:
            self.child, self.forget = Child(self.sandbox.zygote, self.sources), False
            self.converse([step for step in steps if step.operation == "module"], [], self.limits.import_seconds)
        patience = self.limits.call_seconds / (4 if self.strikes else 1)  # less, once a call has not come back
        return self.converse(steps, wanted, patience)

    def converse(self, steps: list[Step], wanted: list[int], seconds: float) -> tuple:
        """One request and its answers; StudentError if the child ends or does not answer in time."""
        assert self.child is not None
        pipe, started = self.child.pipe, time.monotonic()
        patience = None if "deadline" in self.limits.without else min(seconds, max(self.seconds_left, 0.01))
        try:
            pipe.settimeout(patience)
            wire.send(pipe, [self.forget, [step.packed for step in steps], wanted])
            self.forget = False
            answer = wire.receive(pipe, None if patience is None else started + patience)
        except TimeoutError:
            raise self.lose("{name} did not come back in time; is there a loop that never ends?") from None
        except wire.FrameTooLong as error:
            raise SandboxError(str(error)) from error
        except wire.WireError:
            raise self.lose("{name} ended the program{how}.") from None
        finally:
            self.seconds_left -= time.monotonic() - started
        if (
            not isinstance(answer, tuple)
            or [type(part) for part in answer] != [tuple, str, str]
            or len(answer[0]) != len(wanted)
        ):
            raise self.lose("{name} answered with something that is no answer.")
        replies, *printed = answer
        self.printed = self.printed.and_then(*printed)
        return replies

    def end(self) -> None:
        """Kill the child, if there is one."""
        if self.child is not None:
            with contextlib.suppress(SandboxError):  # the zygote is gone, and its children with it
                self.child.end()
            self.child = None

    def lose(self, sentence: str) -> StudentError:
        """End the child, which is no use any more; whatever still refers to it raises this sentence from now on."""
        assert self.child is not None
        running = self.sent.get(self.child.running())
        if running is not None and not running.runs_student_code:  # no child notes such a step by itself
            running = None
        if running is not None:
            self.strikes[running.label] += 1
        status = self.child.end()
        self.child = None
        self.generation += 1
        self.steps = []
        name = running.name if running else "The submission"
        self.lost = StudentError(sentence.format(name=name, how=how_it_ended(status, self.discretion.hidden)))
        return self.lost

    def decode(self, content: Any, depth: int) -> Any:
        """The value that an answer stands for; whatever a child never sends ends it."""
        if content is None or type(content) in (bool, int, float, str, np.ndarray):  # a reference is an int, and no answer
            return content
        if depth > 0 and is_tagged(content) and len(content) == 2:
            kind, inside = content
            if kind == "dict" and isinstance(inside, dict):
                return {key: self.decode(item, depth - 1) for key, item in inside.items()}
            if kind == "opaque" and isinstance(inside, str):
                return Opaque(self.discretion.of_type(inside))
            if kind in ("list", "tuple") and isinstance(inside, tuple):
                items = [self.decode(item, depth - 1) for item in inside]
                return items if kind == "list" else tuple(items)
        raise self.lose("{name} answered with something that is no answer.")


def numbers_in(values: Iterable[Any]) -> Iterator[int]:
    """The numbers of the steps whose results are among some values."""
    for value in values:
        if isinstance(value, Handle):
            yield value._place[2]
        elif isinstance(value, dict):
            yield from numbers_in(value.values())


def is_tagged(content: Any) -> bool:
    """Whether this is a tuple that begins with a word. An array is none, and must not be compared with a word."""
    return isinstance(content, tuple) and len(content) > 0 and isinstance(content[0], str)


class Sandbox:
    """A zygote, and a session for each submission that is put into it; use as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.zygote = Zygote(limits)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote, and with it every child."""
        self.zygote.close()

    def mend(self) -> None:
        """Start a new zygote if the old one is gone."""
        if not self.zygote.works():
            self.zygote.close()
            self.zygote = Zygote(self.limits)

    @contextlib.contextmanager
    def session(self, sources: Mapping[str, bytes], prompts: frozenset[str] = frozenset()) -> Iterator[Session]:
        """A session for one submission: the name of each module, its source as bytes, and messages that may always be told."""
        session = Session(self, sources, prompts)
        try:
            yield session
        finally:
            session.end()
