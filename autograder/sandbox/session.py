"""One submission as the judge sees it: its modules look like Python modules, and every step is executed in the child.

`session.module("stack").Stack([2, 3]).push(1)` doesn't run anything yet. Each step is recorded in a `Handle`; `fetch` sends all
steps so far in one frame and returns the value. A step that fails, ends the process or doesn't finish raises StudentError with
a sentence for the student; the session then continues in a new child.

Several checks may run interleaved (see `scheduler` for the rules); their requests are then sent together. If one of them ends
the child, the others are not affected: a new child repeats their steps and continues.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

from autograder.checking import StudentError, copy_failure
from autograder.sandbox import wire
from autograder.sandbox.conversation import Conversation, Printed, Request, Step
from autograder.sandbox.handle import Handle, Place, numbers_in
from autograder.sandbox.host import Child, SandboxError, Zygote
from autograder.sandbox.limits import Limits
from autograder.sandbox.redaction import Redactor, Words
from autograder.sandbox.replies import decode, is_answer, is_tagged
from autograder.sandbox.scheduler import Scheduler, SingleFlight
from autograder.sandbox.sentences import (
    LATE,
    LATE_LOADING,
    NO_ANSWER,
    TOO_LARGE,
    TOO_MUCH,
    failure,
    how_it_ended,
    lost_statement,
)
from autograder.sandbox.student import SandboxedStudent
from autograder.sandbox.timeouts import Stopwatch, Usage
from autograder.skipped import Skipped, explain_missing_name
from autograder.student import BaseResults, Parameters
from autograder.tracing.lines import Line, show_line
from autograder.tracing.watching import MAX_RECORDED

AS_IT_IS = frozenset({str, int, float, tuple, bytes, msgpack.ExtType})  # sent unchanged; most arguments are


class Session(SandboxedStudent):
    """One submission in the sandbox, as a `SandboxedStudent`."""

    def __init__(
        self,
        sandbox: "Sandbox",
        sources: Mapping[str, bytes],
        prompts: frozenset[str] = frozenset(),
        skipped: Sequence[Skipped] = (),
        usage: Usage | None = None,
    ) -> None:
        self.sandbox, self.sources, self.usage = sandbox, dict(sources), usage or Usage()
        self.skipped = list(skipped)
        self.lost: list[tuple[str, int, str]] = []  # the statements that have ended a child, while files were loaded
        self.limits = sandbox.limits
        self.memory: dict[Any, Any] = {}
        self.scheduler: Scheduler | None = None  # while checks run interleaved
        self.child: Child | None = None
        self.params: dict[int, tuple[Parameters, dict[str, bytes]]] = {}  # in the form in which they are sent, by id
        self.conversations = 0
        self.conversation = Conversation(0)
        self.forget = False  # whether the child is to drop the results of every conversation so far
        self.strikes: Counter[str] = Counter()
        self.unloadable: dict[str, StudentError] = {}
        self.seconds_left = sandbox.limits.submission_seconds
        self.redactor = Redactor(sources, prompts)

    def module(self, name: str) -> Handle:
        """Return the student's file of this name, which the child loads once per conversation."""
        modules = self.conversation.modules
        if name not in modules:
            modules[name] = self.note("module", name, name)._place.number
        return self.handle(modules[name], name)

    def parameters(self, params: Parameters) -> Any:
        """Return a model's parameters, packed once; like any argument, the child gets a copy for every step."""
        if id(params) not in self.params:  # they are kept; otherwise, another object could get the same id
            self.params[id(params)] = params, {key: wire.pack_array(value) for key, value in params.items()}
        return self.params[id(params)][1]

    def place(self, value: Any) -> Handle:
        """Return a copy of an argument on the student's side."""
        return self.note("place", "", value)

    def fill(self, container: Handle, values: Mapping[str, Any]) -> None:
        """Store copies of several values in a result."""
        self.note("fill", container._place.label, container, values)

    def copy(self, value: Handle) -> Handle:
        """Return a shallow copy of a result."""
        return self.note("copy", "", value)

    def unpack(self, value: Handle) -> tuple[Handle, Handle]:
        """Return the two halves of a result."""
        return value[0], value[1]

    def with_base_results(self, subclass: Handle, base: Handle, results: BaseResults) -> Handle:
        """Return a class like the subclass, with these results in the base class."""
        return self.note("with_base_results", subclass._place.label, subclass, base, results)

    def counted(self, function: Handle, *arguments: Any) -> tuple[Handle, Handle]:
        """Return the result of a call, and the number of Python instructions it executed, if the child is honest."""
        return self.unpack(self.note("counted", function._place.label, function, *arguments))

    def find_line(
        self, run: Callable[[], Handle], path: Sequence[str | int], right: Mapping[str, Any], sources: Collection[str]
    ) -> Line | None:
        """Return the line that computed a wrong value in the result of `run`, if the child reports one that exists."""
        self.note("watch", "", MAX_RECORDED)
        result = run()
        self.note("unwatch", "")
        place = self.fetch(self.note("find_place", "", result, tuple(path), dict(right), tuple(sources)))
        file, number = place if isinstance(place, tuple) and [type(one) for one in place] == [str, int] else ("", 0)
        source = self.sources.get(file.removesuffix(".py"), b"")
        return show_line(file, number, source.decode("utf-8-sig", "replace"))

    def random_state(self) -> Handle:
        """Return the current global random state."""
        return self.note("random_state", "")

    def stirred_random_state(self) -> Handle:
        """Return the global random state after a draw, so that a seed set by the next call shows."""
        return self.note("stirred_random_state", "")

    def begin_check(self, *, hidden: bool = False) -> None:
        """Begin a conversation without any results; from the first hidden one on, redact what is quoted."""
        self.redactor.begin(hidden=hidden)
        self.conversations += 1
        self.conversation = Conversation(self.conversations)
        self.forget = self.forget or self.scheduler is None

    @property
    def printed(self) -> Printed:
        """Return what the student's code printed in this conversation."""
        return self.conversation.printed

    def single_flight(self, key: Hashable) -> contextlib.AbstractContextManager[None]:
        """Return a context that only one check at a time enters with this key; the others wait for it."""
        return contextlib.nullcontext() if self.scheduler is None else SingleFlight(self.scheduler, self, key)

    def note_follows(self, words: str) -> None:
        """Ignore the words, because the points are the same as for a check that passes outright."""

    def handle(self, number: int, label: str) -> Handle:
        """Return the result of a step of this conversation."""
        return Handle(Place(self, self.conversation.generation, number, label))

    def note(self, operation: str, label: str, /, *arguments: Any, **named: Any) -> Handle:
        """Add a step to those that run at the next fetch, unless it must not be tried again."""
        here = self.conversation
        here.count += 1
        packed = tuple([value if type(value) in AS_IT_IS else self.outgoing(value) for value in arguments])
        packed_named = {name: self.outgoing(value) for name, value in named.items()} if named else named
        step = Step(here.count, operation, packed, packed_named, label)
        if (self.strikes or self.unloadable or here.refused) and (reason := self.refusal(step, [*arguments, *named.values()])):
            here.refused[step.number] = reason
        else:
            here.steps.append(step)
        return Handle(Place(self, here.generation, step.number, label))

    def refusal(self, step: Step, values: Iterable[Any]) -> StudentError | None:
        """Return why a step that uses these values must not be tried again; None if it may be."""
        reason = self.over_strike_limit(step) or (self.unloadable.get(step.label) if step.loads else None)
        refused = self.conversation.refused
        if refused and not reason:
            reason = next((refused[number] for number in numbers_in(values) if number in refused), None)
        return reason

    def over_strike_limit(self, step: Step) -> StudentError | None:
        """Return the error for a step whose function has timed out too often; None for others."""
        if not self.strikes or not step.runs_student_code or self.strikes[step.label] < self.limits.strikes:
            return None
        return StudentError(f"{step.name} did not finish {self.limits.strikes} times, so it was not called again.")

    def outgoing(self, value: Any) -> Any:
        """Return a value in the form in which it is sent to the child."""
        if type(value) in AS_IT_IS:
            return value
        if isinstance(value, Handle):
            if value._place.generation is not self.conversation.generation:
                raise told(self.conversation.lost or SandboxError("a result of an earlier check was used"))
            return wire.reference(value._place.number)
        if isinstance(value, np.ndarray):
            return wire.pack_array(value)
        if isinstance(value, dict):
            return {key: item if type(item) in AS_IT_IS else self.outgoing(item) for key, item in value.items()}
        return value

    def fetch(self, *values: Handle) -> Any:
        """Return the value of one result, or a tuple with the values of several, which must all belong to one moment.

        Raise StudentError if a step that one of them depends on failed, or if the child did not reply in time.
        """
        here = self.conversation
        for value in values:
            self.outgoing(value)
            if reason := here.refused.get(value._place.number):
                raise told(reason)
        request = Request(here, [value._place.number for value in values])
        if self.scheduler is None:
            self.exchange([request])
        else:
            self.scheduler.wait_for(self, request)
        if request.error:
            raise told(request.error)
        try:
            fetched = tuple([self.unwrap(reply, one._place.label) for reply, one in zip(request.replies, values, strict=True)])
        except (wire.WireError, MemoryError) as error:
            last = next((step.number for step in reversed(here.done) if step.runs_student_code), 0)
            raise told(self.invalidate(here, last, TOO_MUCH if isinstance(error, MemoryError) else NO_ANSWER)) from None
        return fetched if len(values) > 1 else fetched[0]

    def unwrap(self, reply: Any, label: str) -> Any:
        """Return the value in a reply about the object that the label names.

        Raise StudentError if the reply is a failure, WireError if no child sends such a reply.
        """
        if is_tagged(reply) and reply[0] == "value" and len(reply) == 2:
            return decode(reply[1], self.redactor.describe_type)
        if is_tagged(reply) and reply[0] == "failed" and [type(word) for word in reply[1:]] == [int, str, str, str, str]:
            _, at, *words = reply
            raise told(self.failure(label, at, Words(*words)))
        raise wire.WireError("a reply that is neither a value nor a failure")

    def failure(self, label: str, at: int, words: Words) -> StudentError:
        """Return the error for an exception in the step `at`, or in reading the object that the label names."""
        step = self.conversation.step(at)
        operation, name = (step.operation, step.label) if step else ("", label)
        quoted = self.redactor.redact(words)
        error = failure(operation, name, quoted, explain_missing_name(quoted.message, self.skipped))
        error.raised, error.raised_in = f"{words.kind}: {words.message}", words.where.partition(".py, line ")[0]
        if step and step.loads:
            self.unloadable[name] = error
        return error

    def exchange(self, requests: Sequence[Request]) -> None:
        """Execute requests in order; any problem, including faults of the grader, becomes the error of a request.

        If the child ends, only the request that it worked on fails; the others are sent to the next child.
        """
        try:
            while worthwhile := self.worthwhile(requests):
                if self.child is None:
                    skips = [*((one.file, one.number, one.reason) for one in self.skipped), *self.lost]
                    self.child, self.forget = Child(self.sandbox.zygote, self.sources, skips), False
                    self.load_modules(self.child, worthwhile)
                else:
                    self.converse(self.child, worthwhile, self.seconds_for(worthwhile))
        except Exception as error:
            for request in requests:
                if not request.over:
                    request.failed(error)

    def worthwhile(self, requests: Iterable[Request]) -> list[Request]:
        """Return the unfinished requests that may be tried again; all others fail here."""
        waiting = [request for request in requests if not request.over]
        for request in waiting:
            if self.seconds_left <= 0:
                seconds = f"{self.limits.submission_seconds:.0f} seconds"
                request.failed(StudentError(f"The {seconds} for the whole submission are used up."))
            elif self.usage.budget.is_spent:
                request.failed(StudentError(TOO_MUCH.format(name="Your code")))
            elif self.strikes and (tired := next(filter(None, map(self.over_strike_limit, request.conversation.steps)), None)):
                request.failed(tired)
        return [request for request in waiting if not request.over]

    def seconds_for(self, requests: Iterable[Request]) -> float:
        """Return the time limit of a step: less once a function of this session has not returned."""
        if any(step.operation == "load" for request in requests for step in request.conversation.steps):
            return self.limits.import_seconds
        return self.limits.call_seconds / (2 if self.strikes else 1)

    def load_modules(self, child: Child, requests: Sequence[Request]) -> None:
        """Have a new child load what the requests need, with more time than for a call."""
        steps = [step for request in requests for step in request.steps_for(child)]
        names = dict.fromkeys(step.label for step in steps if step.operation == "module")
        loading = Conversation(0)
        loading.steps = [Step(number, "module", (name,), {}, name) for number, name in enumerate(names, 1)]
        request = Request(loading, [])
        self.converse(child, [request], self.limits.import_seconds)
        first = requests[0].conversation
        first.printed = first.printed.and_then(*loading.printed)
        if isinstance(request.error, StudentError):
            requests[0].failed(request.error)
            first.invalidate(request.error)

    def converse(self, child: Child, requests: Sequence[Request], seconds: float) -> None:
        """Send requests together and record the replies, up to the first that doesn't arrive.

        If the requests are too long together, only the first half is sent. A single one can be too long only because of values
        that the student's code returned and that are passed back to it.
        """
        try:
            sent = wire.frame([self.forget, [[one.conversation.number, one.steps_for(child), one.wanted] for one in requests]])
        except wire.FrameTooLong:
            if len(requests) > 1:
                self.converse(child, requests[: len(requests) // 2], seconds)
            else:
                requests[0].failed(StudentError(TOO_LARGE))
                requests[0].conversation.invalidate(StudentError(TOO_LARGE))
            return
        started = time.monotonic()
        end = started + max(self.seconds_left, 0.01)
        try:
            child.begin()
            child.pipe.settimeout(self.wait(seconds, end))
            wire.send(child.pipe, sent)
            self.forget, watch = False, Stopwatch(child, requests, self.usage, seconds, self.limits)
            for request in requests:
                answer = self.receive(child, watch, end)
                if not is_answer(answer, len(request.wanted)):
                    request.failed(self.invalidate(request.conversation, child.running()[1], NO_ANSWER))
                    return
                replies, *printed = answer
                request.answered(child, replies, printed)
        except TimeoutError:
            self.invalidate_running(child, requests, LATE)
        except wire.BudgetSpentError:
            self.invalidate_running(child, requests, TOO_MUCH)
        except wire.WireError:
            self.invalidate_running(child, requests, "{name} ended the program{how}.")
        finally:
            self.seconds_left -= time.monotonic() - started

    def wait(self, seconds: float, end: float) -> float | None:
        """Return how long to wait for something; None for as long as it takes."""
        return None if "deadline" in self.limits.without else max(min(seconds, end - time.monotonic()), 0.001)

    def receive(self, child: Child, watch: Stopwatch, end: float) -> Any:
        """Return the next reply; raise TimeoutError if the child takes too long for one step."""
        while True:
            wait = self.wait(watch.pause, end)
            try:
                answer = wire.receive(child.pipe, wait and time.monotonic() + wait, child.unread, self.usage.budget)
            except TimeoutError:
                if watch.is_over() or time.monotonic() >= end:
                    raise
            else:
                watch.finish()
                return answer

    def end(self) -> None:
        """Kill the child, if there is one."""
        with contextlib.suppress(SandboxError):  # the zygote has ended, and its children with it
            self.end_child()

    def end_child(self) -> int:
        """Kill the child, if there is one, and return its exit code, or minus the signal that ended it."""
        child, self.child = self.child, None
        return child.end() if child else 0

    def invalidate_running(self, child: Child, requests: Sequence[Request], sentence: str) -> None:
        """End the child because of the request that it is working on, according to its mark."""
        at, number = child.running()
        believed = at < len(requests) and not requests[at].over
        request = requests[at] if believed else next(request for request in requests if not request.over)
        request.failed(self.invalidate(request.conversation, number if believed else 0, sentence))

    def invalidate(self, conversation: Conversation, number: int, sentence: str) -> StudentError:
        """End the child at this step of a conversation, and return the error that existing results raise from now on."""
        running = conversation.step(number)
        if running is not None and not running.runs_student_code:  # no honest child reports such a step
            running = None
        statement = self.child.running_statement() if self.child else (0, 0)
        status = self.end_child()
        if sentence == LATE:
            self.usage.timeouts[running.label if running else ""] += 1
        if running is not None:
            self.strikes[running.label] += 1
            if running.loads:
                self.lost += lost_statement(self.sources, statement, status, sentence)
                sentence = LATE_LOADING if sentence == LATE else sentence
        how = how_it_ended(status, self.redactor.hidden)
        error = StudentError(sentence.format(name=running.name if running else "The submission", how=how))
        conversation.invalidate(error)
        return error


def told(error: Exception) -> Exception:
    """Return a copy of a stored error to raise, because a raised exception keeps all its frames alive."""
    return copy_failure(error) if isinstance(error, StudentError) else error


class Sandbox:
    """A zygote that runs submissions in sessions; use as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.zygote = Zygote(limits)
        self.open_session: Callable[..., Session] = Session

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote, and with it every child."""
        self.zygote.close()

    def restart_if_dead(self) -> None:
        """Start a new zygote if the old one has ended."""
        if not self.zygote.works():
            self.zygote.close()
            self.zygote = Zygote(self.limits)

    @contextlib.contextmanager
    def session(
        self,
        sources: Mapping[str, bytes],
        prompts: frozenset[str] = frozenset(),
        skipped: Sequence[Skipped] = (),
        usage: Usage | None = None,
    ) -> Iterator[Session]:
        """Open a session for a submission: the source of each module by name, and messages that may always be quoted.

        Statements that are known to be skipped are not run. Sessions of one submission share its usage.
        """
        session = self.open_session(self, sources, prompts, skipped, usage)
        try:
            yield session
        finally:
            session.end()
