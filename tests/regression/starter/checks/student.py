"""What a check can ask of a student's code.

A check gets one argument, `student`, and never sees where the code runs. The grader runs it in another process; on a student's
own machine, `LocalStudent` imports the files right here.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
from collections.abc import Hashable, Mapping
from typing import Any, Protocol

import numpy as np

Parameters = Mapping[str, np.ndarray]


class Module(Protocol):
    """A file of the student's: its functions, classes and variables are its attributes."""

    def __getattr__(self, name: str, /) -> Any: ...


class Student(Protocol):
    """A student's files, and ways to pass values to them and back.

    What the student's code returns may live in another process. Call it, index it or pass it on as usual, and `fetch` it to
    look at its value.
    """

    memory: dict[Any, Any]  # results that several checks share; see running.remember

    def module(self, name: str) -> Module:
        """Return the file of this name without its ".py"."""
        ...

    def fetch(self, *values: Any) -> Any:
        """Return the value of one result, or a tuple with the values of several."""
        ...

    def parameters(self, params: Parameters) -> Any:
        """Return a copy of a model's parameters, which are not changed after the first call with them."""
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

    def single_flight(self, key: Hashable) -> contextlib.AbstractContextManager[Any]:
        """Return a context that only one check at a time enters with this key; the others wait for it."""
        ...


class LocalStudent(Student):
    """The student's files, imported into this process: for students at home, never for grading."""

    def __init__(self) -> None:
        self.memory: dict[Any, Any] = {}

    def module(self, name: str) -> Module:
        """Import the file of this name."""
        return importlib.import_module(name)

    def fetch(self, *values: Any) -> Any:
        """Return the results themselves: they are already here."""
        return values if len(values) > 1 else values[0]

    def parameters(self, params: Parameters) -> Any:
        """Return a copy of a model's parameters."""
        return {key: value.copy() for key, value in params.items()}

    def place(self, value: Any) -> Any:
        """Return a copy of an argument."""
        return copy.deepcopy(value)

    def fill(self, container: Any, values: Mapping[str, np.ndarray]) -> None:
        """Store copies of several values in a result."""
        for key, value in values.items():
            container[key] = value.copy()

    def copy(self, value: Any) -> Any:
        """Return a shallow copy of a result."""
        return copy.copy(value)

    def unpack(self, value: Any) -> tuple[Any, Any]:
        """Return the two halves of a result."""
        first, second = value
        return first, second

    def single_flight(self, key: Hashable) -> contextlib.AbstractContextManager[Any]:
        """Return a context that does nothing: these checks run one after another."""
        return contextlib.nullcontext(key)
