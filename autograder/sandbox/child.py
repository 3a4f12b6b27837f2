"""The child: load the submission, then execute the steps that arrive over the pipe.

A step is one operation of a line of Python: get an attribute, call, read or write an item. Its result stays in this process
under the step's number, so that later steps can use it. Only requested results are sent back, as numbers, strings, arrays and
containers of them. The student's code controls everything in this process, so the judge trusts nothing but validated values.
"""

import contextlib
import copy
import importlib.abc
import importlib.util
import io
import linecache
import math
import mmap
import numbers
import random
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.paths import answer_for_empty_root
from autograder.skipped import Skipped
from autograder.statements import run_statements, without_waiting
from autograder.student import with_base_results
from autograder.tracing.lines import find_place, find_places
from autograder.tracing.watching import Watcher

MAX_NODES = 5_000  # values in one reply
MAX_TEXT = 2_000
MAX_FRAMES = 200  # innermost frames of a traceback
MAX_SKIPPED = 200  # reported statements
FLOAT = np.dtype(float)
GRACE_SECONDS = 1  # of processor time, for a statement that is inside a C function when its time is up


class Sources(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the submission among the sources received over the pipe.

    skips maps files to the numbers of statements that must not run, with reasons; seconds is the processor time of a statement
    while a file is loaded for the first time.
    """

    def __init__(
        self, mark: mmap.mmap, sources: Mapping[str, bytes], skips: Sequence[tuple[str, int, str]], seconds: float
    ) -> None:
        self.mark, self.seconds = mark, seconds
        self.sources = {name: source.decode("utf-8-sig", "replace") for name, source in sources.items()}
        self.skips: dict[str, dict[int, str]] = {}
        for name, number, reason in skips:
            self.skips.setdefault(name, {})[number] = reason
        self.is_first = False
        self.skipped: list[Skipped] = []
        for name, text in self.sources.items():
            linecache.cache[f"{name}.py"] = (len(text), None, text.splitlines(keepends=True), f"{name}.py")

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> Any:
        """Return the spec of a module of the submission; None for any other."""
        return importlib.util.spec_from_loader(fullname, self) if fullname in self.sources else None

    def exec_module(self, module: Any) -> None:
        """Run the source of a module, as a whole if all its statements are known to run."""
        name = module.__name__
        module.__file__ = f"{name}.py"
        skip = self.skips.get(name, {})
        if skip or self.is_first:
            self.skipped += run_statements(
                name, self.sources[name], module.__dict__, self.sources, skip, partial(self.begin, name), self.seconds
            )
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        else:
            with without_waiting():
                exec(compile(self.sources[name], f"{name}.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def begin(self, name: str, number: int, seconds: float) -> None:
        """Report the next statement to the judge, and have the kernel end this process if the statement cannot be stopped."""
        wire.STATEMENT.pack_into(self.mark, wire.MARK.size, sorted(self.sources).index(name) + 1, number)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds + GRACE_SECONDS)

    def load(self, name: str) -> list[list[Any]]:
        """Import a module for the first time; return the statements of all modules that were skipped so far."""
        self.is_first = True
        importlib.import_module(name)
        return [list(one) for one in self.skipped[:MAX_SKIPPED]]


def random_state() -> list[Any]:
    """Return the global random state of numpy and Python in a form that can be compared."""
    _, keys, position, *_ = np.random.get_state()
    return [hash(np.asarray(keys).tobytes()), position, hash(random.getstate())]


def stirred_random_state() -> list[Any]:
    """Return the global random state after a draw, so that a seed set by the next call shows."""
    np.random.random()
    random.random()  # noqa: S311
    return random_state()


def fill(container: Any, values: dict[str, Any]) -> None:
    """Store each of the values: container[key] = value."""
    for key, value in values.items():
        container[key] = value


def counted(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Return the result of a call, and the number of Python instructions that it executed."""
    count = 0

    def watch(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        result = function(*arguments)
    finally:
        sys.settrace(before)
    return result, count


OPERATIONS: dict[str, Callable[..., Any]] = {
    "module": importlib.import_module,
    "get": getattr,
    "set": setattr,
    "call": lambda function, *arguments, **named: function(*arguments, **named),
    "counted": counted,
    "item": lambda container, key: container[key],
    "fill": fill,
    "copy": copy.copy,
    "place": lambda value: value,
    "with_base_results": with_base_results,
    "random_state": random_state,
    "stirred_random_state": stirred_random_state,
}


class BoundedOutput(io.BufferedIOBase):
    """Keeps the first bytes written until they are drained, and discards the rest."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.kept = descriptor, bytearray()

    def fileno(self) -> int:
        """Return the descriptor of the stream, although nothing is written to it."""
        return self.descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Keep as many bytes as there is room for; all of them count as written."""
        written = bytes(data)
        self.kept += written[: wire.MAX_PRINTED - len(self.kept)]
        return len(written)

    def drain(self) -> str:
        """Return the kept bytes as text, and clear them."""
        text = self.kept.decode("utf-8", "replace")
        self.kept.clear()
        return text


def capture_output() -> tuple[BoundedOutput, BoundedOutput]:
    """Capture what the student's code prints to standard output and to standard error."""
    kept = BoundedOutput(1), BoundedOutput(2)
    sys.stdout, sys.stderr = (io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True) for raw in kept)  # type: ignore[type-var]
    return kept


class Failed:
    """Stands for a result that a step did not return."""

    def __init__(self, step: int, kind: str, message: str, where: str, trace: str) -> None:
        self.report = [step, kind, message[:MAX_TEXT], where[:MAX_TEXT], trace[-MAX_TEXT:]]


Results = Mapping[int, Any]  # of one conversation, by step number


class FailedBefore(Exception):
    """A step depends on one that failed."""


def serve(pipe: socket.socket, mark: mmap.mmap, work: Sequence[Any]) -> None:
    """Report that the child is locked in, then reply to requests until the pipe ends.

    A message is (forget, requests), and a request is (conversation, steps, wanted); conversations don't share results. The
    reply to each request is a separate frame: a value or a failure for each wanted result, and the text printed since the last
    reply to standard output and standard error. Before each call, the request and the number of the step are written to the
    mark, so that the judge knows which one did not return.
    """
    wire.send(pipe, wire.frame(wire.LOCKED_IN))
    output, errors = capture_output()
    sys.argv[:] = [""]
    answer_for_empty_root()
    finder = Sources(mark, *work)
    watcher = Watcher([f"{name}.py" for name in finder.sources])
    OPERATIONS.update({"load": finder.load, "watch": watcher.begin, "unwatch": watcher.end})
    OPERATIONS.update({"find_places": partial(find_places, watcher), "find_place": partial(find_place, watcher)})
    sys.meta_path.insert(0, finder)
    conversations: dict[int, dict[int, Any]] = {}
    while True:
        forget, requests = wire.receive_trusted(pipe)
        if forget:
            conversations.clear()
        frames = []
        for index, (conversation, steps, wanted) in enumerate(requests):
            results = conversations.setdefault(conversation, {})
            for number, operation, arguments, named, _ in steps:
                if operation in wire.RUNS_STUDENT_CODE:
                    wire.MARK.pack_into(mark, 0, index, number)
                results[number] = carry_out(number, operation, arguments, named, results, finder)
            answers = [answer(results.get(number), finder) for number in wanted]
            try:
                frames.append(wire.frame([answers, output.drain(), errors.drain()]))
            except wire.FrameTooLong:
                too_long = Failed(-1, "OverflowError", wire.TOO_LARGE, "", "")
                frames.append(wire.frame([[["failed", *too_long.report] for _ in wanted], "", ""]))
        wire.send(pipe, *frames)


def carry_out(
    number: int, operation: str, arguments: tuple[Any, ...], named: dict[str, Any], results: Results, finder: Sources
) -> Any:
    """Return the result of one step, or its failure."""
    try:
        values = [value if type(value) is str else local(value, results) for value in arguments]
        if not named:
            return OPERATIONS[operation](*values)
        return OPERATIONS[operation](*values, **{name: local(value, results) for name, value in named.items()})
    except FailedBefore as failure:
        return failure.args[0]
    except BaseException as error:  # including SystemExit and KeyboardInterrupt
        return failed(number, error, finder)


def failed(number: int, error: BaseException, finder: Sources) -> Failed:
    """Return a failure with the student's own lines of the traceback."""
    try:
        inner = traceback.extract_tb(error.__traceback__, -MAX_FRAMES)
        frames = [frame for frame in inner if frame.filename.removesuffix(".py") in finder.sources]
        where = f"{frames[-1].filename}, line {frames[-1].lineno}: {frames[-1].line}" if frames else ""
        if isinstance(error, SyntaxError):
            where = f"{error.filename}, line {error.lineno}: {(error.text or '').strip()}"
            return Failed(number, type(error).__name__, str(error.msg), where, "")
        return Failed(number, type(error).__name__, str(error), where, "".join(traceback.format_list(frames[-6:])))
    except BaseException:  # reading an exception may raise another one
        return Failed(number, type(error).__name__, "", "", "")


def local(value: Any, results: Results) -> Any:
    """Return a value received over the pipe, with references replaced by results, and with writable arrays."""
    kind = type(value)
    if kind is wire.Reference:
        result = results[value]
        if type(result) is Failed:
            raise FailedBefore(result)
        return result
    if kind is bytes:
        return wire.read_array(value).copy()
    if kind is dict:
        return {key: local(item, results) for key, item in value.items()}
    if kind is tuple:
        return tuple([local(item, results) for item in value])
    return value


def answer(result: Any, finder: Sources) -> list[Any]:
    """Return ["value", ...] or ["failed", ...] for a wanted result."""
    if isinstance(result, Failed):
        return ["failed", *result.report]
    try:
        return ["value", plain(result, wire.MAX_DEPTH, [MAX_NODES])]
    except BaseException as error:  # reading a student's container may run any code
        return ["failed", *failed(-1, error, finder).report]


def plain(value: Any, depth: int, budget: list[int]) -> Any:
    """Return the value in a form that can be sent: containers as [kind, contents], others as ["opaque", type name]."""
    budget[0] -= 1
    if type(value) is np.ndarray:
        return plain_array(value)
    if value is None or (isinstance(value, (bool, float, str)) and type(value) in (bool, float, str)):
        return value[:MAX_TEXT] if isinstance(value, str) else value
    if type(value) is int and abs(value) < 2**63:
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return plain_array(np.asarray(value))
    if depth == 0 or budget[0] <= 0:
        return opaque(value)
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_NODES]
        return ["dict", {str(key)[:MAX_TEXT]: plain(item, depth - 1, budget) for key, item in items}]
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return [kind, [plain(item, depth - 1, budget) for item in value[:MAX_NODES]]]
    return opaque(value)


def opaque(value: Any) -> list[str]:
    """Return the placeholder for a value that cannot be sent."""
    return ["opaque", type(value).__name__[:100]]


def plain_array(array: np.ndarray) -> Any:
    """Return the array in the form in which it is sent, with one of the supported dtypes."""
    if array.dtype is FLOAT and 0 < array.size <= wire.MAX_ELEMENTS and array.ndim <= wire.MAX_DIMENSIONS:
        return wire.pack_array(array)
    # An empty array may have a huge shape.
    elements = array.size or math.prod(max(length, 1) for length in array.shape)
    if elements > wire.MAX_ELEMENTS or array.ndim > wire.MAX_DIMENSIONS:
        return ["opaque", f"array of shape {array.shape}"[:100]]
    if array.dtype == object and all(isinstance(item, numbers.Real) for item in array.flat):
        with contextlib.suppress(OverflowError):  # an integer too large for a float
            array = array.astype(float)
    if array.dtype in wire.CODES:
        return wire.pack_array(array)
    kinds = {"f": "<f8", "i": "<i8", "u": "<i8", "c": "<c16"}
    if array.dtype.kind in kinds:
        return wire.pack_array(array.astype(kinds[array.dtype.kind]))
    return ["opaque", f"array of dtype {array.dtype}"[:100]]
