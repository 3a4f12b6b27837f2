"""The interface between a check and a student's code.

A check gets one argument, `student`, and doesn't know where the code runs. The grader runs it in another process; on a
student's own machine, `LocalStudent` in at_home.py imports the files into the process of the checks.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from autograder.tracing.lines import Line

Parameters = Mapping[str, np.ndarray]
# Name of a method -> the arguments for which a result is known, and the result.
BaseResults = Mapping[str, tuple[tuple[Any, ...], Any]]


class Module(Protocol):
    """A file of the student's, with its functions, classes and variables as attributes."""

    def __getattr__(self, name: str, /) -> Any: ...


class Student(Protocol):
    """A student's files, and methods to pass values to them and back.

    Results of the student's code may be in another process. Call them, index them or pass them on as usual, and use `fetch` to
    get their values.
    """

    memory: dict[Any, Any]  # results that several checks share; see running.remember

    def module(self, name: str) -> Module:
        """Return the file with this name, which has no ".py"."""
        ...

    def fetch(self, *values: Any) -> Any:
        """Return the value of one result, or a tuple with the values of several."""
        ...

    def parameters(self, params: Parameters) -> Any:
        """Return a copy of a model's parameters, which must not change after the first call with them."""
        ...

    def place(self, value: Any) -> Any:
        """Return a copy of an argument, so that the check can see whether a call has changed it."""
        ...

    def fill(self, container: Any, values: Mapping[str, np.ndarray]) -> None:
        """Store copies of several values in a result, as `container[key] = value` does."""
        ...

    def copy(self, value: Any) -> Any:
        """Return a shallow copy of a result."""
        ...

    def unpack(self, value: Any) -> tuple[Any, Any]:
        """Return the two halves of a result."""
        ...

    def with_base_results(self, subclass: Any, base: Any, results: BaseResults) -> Any:
        """Return a class like the subclass whose methods find these results in the base class instead of its own ones."""
        ...

    def note_follows(self, words: str) -> None:
        """Record that the check passes only given a wrong input of the student's own, or a replacement, as words explain.

        At home, the check is then reported as "follows"; the grader ignores it.
        """
        ...

    def single_flight(self, key: Hashable) -> contextlib.AbstractContextManager[Any]:
        """Return a context that only one check at a time enters with this key; the others wait for it."""
        ...

    def find_line(
        self, run: Callable[[], Any], path: Sequence[str | int], right: Mapping[str, Any], sources: Collection[str]
    ) -> Line | None:
        """Return the line that computed a wrong value in the result of `run`, as `lines.find_line` does."""
        ...


def with_base_results(subclass: type, base: type, results: BaseResults) -> type:
    """Return a subclass of a class whose methods get known results from the methods of the base class."""
    known = {name: method_with_result(*result) for name, result in results.items()}

    def method_during(name: str) -> Callable[..., Any]:
        def method(self: Any, *arguments: Any) -> Any:
            with replaced(base, known):
                return getattr(subclass, name)(self, *arguments)

        return method

    return type(subclass.__name__, (subclass,), {name: method_during(name) for name in known})


def method_with_result(expected: tuple[Any, ...], result: Any) -> Callable[..., Any]:
    """Return a method that returns a copy of the result for the expected arguments, and raises ValueError for others."""

    def method(_: Any, *arguments: Any) -> Any:
        if len(arguments) != len(expected) or not all(map(holds, arguments, expected)):
            raise ValueError("No result is known for these arguments.")
        return copy.deepcopy(result)

    return method


def holds(value: Any, expected: Any) -> bool:
    """Return whether an argument is the expected one; a dict may have additional keys."""
    if isinstance(expected, Mapping):
        return all(key in value and holds(value[key], want) for key, want in expected.items())
    return np.shape(value) == np.shape(expected) and bool(np.allclose(value, expected))


@contextlib.contextmanager
def replaced(owner: type, methods: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Replace some methods of a class until the context ends."""
    own = {name: value for name, value in vars(owner).items() if name in methods}
    for name, method in methods.items():
        setattr(owner, name, method)
    try:
        yield
    finally:
        for name in methods:
            setattr(owner, name, own[name]) if name in own else delattr(owner, name)
