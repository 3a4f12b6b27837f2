"""Watches the lines of some files run, and records what their variables hold before each of them.

In the sandbox this runs next to the student's code, which can mislead it; what is found with it is checked against the source.
This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import functools
import inspect
import math
import sys
import types
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

MAX_DEPTH = 4  # containers in containers, from the variables of a function on
MAX_VALUES = 1_000  # that are recorded for one line
MAX_KEPT = 200_000  # values in all; the oldest lines are dropped
MAX_RECORDED = 100_000  # values in all, where the time matters: about 0.2 seconds
MAX_BYTES = 80_000  # of an array whose contents are recorded
MAX_TEXT = 200  # characters of a string
GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
NO_DATA = (  # kinds of functions, classes and modules
    types.BuiltinFunctionType,
    types.FunctionType,
    types.MethodType,
    types.ModuleType,
    functools.partial,
    np.ufunc,
    type,
    type(np.mean),  # a function of numpy with a dispatcher
)
INNER = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")  # frames that are a part of a line


class Value(NamedTuple):
    """An array, a number or a string as it was; kept is the object itself, whose id no other gets as long as it is here."""

    contents: Any
    digest: Any
    kept: Any = None


class Box(NamedTuple):
    """A dict, a list, a tuple or the attributes of an object as they were; kept is the container itself."""

    kind: str
    items: Mapping[Any, Any]
    kept: Any


class Opaque(NamedTuple):
    """Another object, of which it is not known what it holds."""

    kept: Any


Seen = Value | Box | Opaque


class Moment(NamedTuple):
    """A line that is about to run in a frame, or the return from it, and what the variables hold."""

    frame: int
    line: int
    names: Mapping[str, Seen]
    is_return: bool = False
    returned: Seen | None = None


class Frame(NamedTuple):
    """A call of a function: its file, name and parameters, the frame that called it, and the last moment before the call.

    The caller is the number of a watched frame that is not part of a line, or -1 without one. A generator returns
    several times.
    """

    file: str
    function: str
    parameters: tuple[str, ...]
    caller: int
    called_at: int
    is_generator: bool


class Watcher:
    """Records what happens in some files, given by the names that their code objects have.

    moments are numbered; first is the number of the oldest one that is kept.
    """

    def __init__(self, files: Collection[str]) -> None:
        self.files = frozenset(files)
        self.moments: deque[Moment] = deque()
        self.sizes: deque[int] = deque()  # how many values each one holds
        self.first = self.kept = 0
        self.left = math.inf  # values that may still be recorded
        self.frames: list[Frame] = []
        self.numbers: dict[int, tuple[int, Any]] = {}  # of the frames by their ids, and the frames themselves
        self.copies: dict[Any, np.ndarray] = {}

    def begin(self, most: float = math.inf) -> None:
        """Watch every function that is called from now on, until so many values are recorded."""
        self.left = most
        sys.settrace(self.enter)

    @property
    def is_over(self) -> bool:
        """Whether more happened than was to be recorded."""
        return self.left < 0

    def end(self) -> None:
        """Watch no longer."""
        sys.settrace(None)

    def enter(self, frame: Any, *_: Any) -> Any:
        """Watch the lines of a function of the files."""
        code = frame.f_code
        if code.co_filename not in self.files:
            return None
        if id(frame) not in self.numbers:  # a generator is entered several times
            self.numbers[id(frame)] = len(self.frames), frame
            parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            is_generator = bool(code.co_flags & GENERATOR)
            caller = self.caller_of(frame)
            self.frames.append(Frame(code.co_filename, code.co_name, parameters, caller, self.next - 1, is_generator))
        return self.watch

    def caller_of(self, frame: Any) -> int:
        """Return the number of the frame that a frame was called from, not counting parts of a line; -1 if none is watched."""
        while (frame := frame.f_back) is not None:
            number, _ = self.numbers.get(id(frame), (-1, None))
            if number >= 0 and self.frames[number].function not in INNER:
                return number
        return -1

    @property
    def next(self) -> int:
        """The number that the next moment will have."""
        return self.first + len(self.moments)

    def watch(self, frame: Any, event: str, argument: Any) -> Any:
        """Record a line that is about to run, or a return."""
        if self.is_over:
            self.end()
            return None
        if event in ("line", "return"):
            outside = {name: frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals}
            budget = [MAX_VALUES]
            names = {
                name: seen for name, value in {**outside, **frame.f_locals}.items() if (seen := self.record(value, budget))
            }
            is_return = event == "return"
            returned = self.record(argument, budget) if is_return else None
            self.moments.append(Moment(self.numbers[id(frame)][0], frame.f_lineno, names, is_return, returned))
            self.sizes.append(MAX_VALUES - budget[0] + 1)
            self.kept += self.sizes[-1]
            self.left -= self.sizes[-1]
            while self.kept > MAX_KEPT:
                self.moments.popleft()
                self.kept -= self.sizes.popleft()
                self.first += 1
        return self.watch

    def record(self, value: Any, budget: list[int], depth: int = MAX_DEPTH) -> Seen | None:
        """Return a value as it is now; None for functions, classes, modules and None itself, and where there are too many."""
        budget[0] -= 1
        if budget[0] < 0:
            return None
        if isinstance(value, np.ndarray):
            return self.record_array(value)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, (bool, int, float, complex)):
            return Value(value, (type(value) is bool, value if value == value else "nan"))
        if isinstance(value, str):
            return Value(value[:MAX_TEXT], value[:MAX_TEXT])
        if value is None or isinstance(value, NO_DATA):
            return None
        kind, items = items_of(value)
        if not kind or depth == 0:
            return Opaque(value)
        inside = ((key, self.record(item, budget, depth - 1)) for key, item in items)
        return Box(kind, {key: seen for key, seen in inside if seen is not None}, value)

    def record_array(self, array: np.ndarray) -> Value | Opaque:
        """Return an array as it is now, of equal ones the same copy."""
        if array.nbytes > MAX_BYTES or array.dtype.kind not in "fiubcO":
            return Opaque(array)
        if array.dtype == object:
            try:
                contents = array.astype(float)
            except Exception:  # whatever its elements do
                return Opaque(array)
        else:
            contents = array
        digest = contents.shape, contents.dtype.str, contents.tobytes()
        if digest not in self.copies:
            if len(self.copies) > MAX_KEPT // MAX_VALUES * 10:
                self.copies.clear()
            self.copies[digest] = contents.copy()
        copy = self.copies[digest]
        return Value(copy, digest, array)


def items_of(value: Any) -> tuple[str, list[tuple[Any, Any]]]:
    """Return the kind of a container and what is in it, without calling anything of its class; ("", []) for other values."""
    if isinstance(value, dict):
        return "dict", [(key, item) for key, item in list(dict.items(value))[:MAX_VALUES] if type(key) in (str, int, tuple)]
    if isinstance(value, list):
        return "list", list(enumerate(list.__getitem__(value, slice(MAX_VALUES))))
    if isinstance(value, tuple):
        return "tuple", list(enumerate(tuple.__getitem__(value, slice(MAX_VALUES))))
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:  # it has none
        return "", []
    if type(attributes) is not dict:
        return "", []
    return "object", list(attributes.items())[:MAX_VALUES]


def boxes_in(names: Mapping[str, Seen]) -> Iterator[Box]:
    """Yield every container that can be reached from some variables."""
    waiting = list(names.values())
    while waiting:
        seen = waiting.pop()
        if isinstance(seen, Box):
            yield seen
            waiting += seen.items.values()


def is_same(one: Seen | None, other: Seen | None) -> bool:
    """Return whether two recorded values are the same: equal numbers, one array with equal contents, or one container."""
    if one is None or other is None or type(one) is not type(other):
        return one is other
    if isinstance(one, Value) and isinstance(other, Value):
        return one.kept is other.kept and one.digest == other.digest
    return one.kept is other.kept
