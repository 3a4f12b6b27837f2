"""The judge's references to results that stay on the student's side."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol


class Notebook(Protocol):
    """Something that records steps: a session."""

    def note(self, operation: str, label: str, /, *arguments: Any, **named: Any) -> "Handle":
        """Add a step to those that run at the next fetch."""
        ...

    def fill(self, container: "Handle", values: Mapping[str, Any]) -> None:
        """Store copies of several values in a result."""
        ...


class Place(NamedTuple):
    """The place of a result: its session, the generation of its conversation, its step, and the name of its origin."""

    session: Notebook
    generation: object
    number: int
    label: str


class Handle:
    """A result on the student's side. Operations on it are recorded, and executed there."""

    _place: Place

    def __init__(self, place: Place) -> None:
        object.__setattr__(self, "_place", place)

    def __getattr__(self, name: str) -> "Handle":
        if name.startswith("__"):
            raise AttributeError(name)
        return self._place.session.note("get", f"{self._place.label}.{name}", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._place.session.note("set", self._place.label, self, name, value)

    def __call__(self, *arguments: Any, **named: Any) -> "Handle":
        """Record a call; its result is a Handle, too."""
        return self._place.session.note("call", self._place.label, self, *arguments, **named)

    def __getitem__(self, key: Any) -> "Handle":
        return self._place.session.note("item", self._place.label, self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._place.session.fill(self, {key: value})

    def __iter__(self) -> Iterator["Handle"]:
        raise TypeError("a Handle cannot be iterated over; fetch it, or unpack it with session.unpack")


def numbers_in(values: Iterable[Any]) -> Iterator[int]:
    """Yield the numbers of the steps whose results are among some values."""
    for value in values:
        if isinstance(value, Handle):
            yield value._place.number
        elif isinstance(value, dict):
            yield from numbers_in(value.values())
