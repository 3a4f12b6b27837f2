"""Record the steps a check requests of a student's code, and its comparisons, while it runs in the sandbox."""

import contextlib
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograder.checking import WATCHERS, StudentError
from autograder.explain.comparison import as_numbers
from autograder.sandbox.conversation import Conversation, Step
from autograder.sandbox.handle import Handle
from autograder.sandbox.redaction import Words
from autograder.sandbox.session import Session

MAX_NODES = 5_000  # of a result that is searched for a value


@dataclass(frozen=True, eq=False)
class Compared:
    """A value that a check compared with references.

    is_shared says that several checks share the outcome; fetched is the number of results fetched before the comparison.
    """

    key: str
    value: Any
    got: np.ndarray
    wants: tuple[Any, ...]
    is_shared: bool
    fetched: int


class Located(NamedTuple):
    """The place of a value in the result of a step, and the conversion the check applied, as the end of an expression."""

    conversation: int
    step: int
    path: tuple[str | int, ...] = ()
    form: str = ""


class Origin(NamedTuple):
    """The step of a conversation that failed, and the student's line from the traceback."""

    conversation: int
    step: int
    where: str = ""


class Recorder:
    """Keeps track of the session in which the last check began."""

    def __init__(self) -> None:
        self.current: RecordingSession | None = None

    def open_session(self, *arguments: Any) -> "RecordingSession":
        """Return a session that reports to this recorder."""
        return RecordingSession(self, *arguments)

    @contextlib.contextmanager
    def watch_comparisons(self) -> Iterator[None]:
        """Record every comparison until the context ends."""

        def watch(key: str, value: Any, got: np.ndarray, wants: tuple) -> None:
            if session := self.current:
                session.compared.append(Compared(key, value, got, wants, session.sharing > 0, len(session.fetched)))

        WATCHERS.append(watch)
        try:
            yield
        finally:
            WATCHERS.remove(watch)


class RecordingSession(Session):
    """A session that records the steps of each conversation, the fetched results, the comparisons and the failing step.

    It quotes the student's code in full, even in hidden checks, because the record is for staff only.
    """

    def __init__(self, recorder: Recorder, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.recorder, self.sharing = recorder, 0
        self.recorded: dict[int, dict[int, Step]] = {}  # conversation number -> step number -> step
        self.fetched: list[tuple[Located, Any]] = []
        self.compared: list[Compared] = []

    def begin_check(self, *, hidden: bool = False) -> None:  # noqa: ARG002
        """Begin a check with no comparisons yet; nothing is redacted, even in a hidden check."""
        super().begin_check()
        self.recorder.current, self.compared = self, []

    def note(self, operation: str, label: str, /, *arguments: Any, **named: Any) -> Handle:
        """Add a step, and record it unless it is rejected."""
        handle = super().note(operation, label, *arguments, **named)
        last = self.conversation.steps[-1:]
        if last and last[0].number == handle._place.number:
            self.recorded.setdefault(self.conversation.number, {})[last[0].number] = last[0]
        return handle

    def fetch(self, *values: Handle) -> Any:
        """Return the values, and record them; an error from an unknown step is attributed to the last value."""
        try:
            fetched = super().fetch(*values)
        except StudentError as error:
            origin, last = origin_of(error), values[-1]._place.number
            if origin is None or origin.step not in self.recorded.get(origin.conversation, {}):
                vars(error)["origin"] = Origin(self.conversation.number, last, origin.where if origin else "")
            raise
        pairs = zip(values, fetched if len(values) > 1 else (fetched,), strict=True)
        self.fetched += [(Located(self.conversation.number, handle._place.number), value) for handle, value in pairs]
        return fetched

    def failure(self, label: str, at: int, words: Words) -> StudentError:
        """Return the error of a step that raised, with its origin."""
        return with_origin(super().failure(label, at, words), Origin(self.conversation.number, at, words.where))

    def invalidate(self, conversation: Conversation, number: int, sentence: str) -> StudentError:
        """Return the error of a step that ended the child, with its origin."""
        return with_origin(super().invalidate(conversation, number, sentence), Origin(conversation.number, number))

    @contextlib.contextmanager
    def single_flight(self, key: Hashable) -> Iterator[None]:
        """Mark comparisons in this context as shared by several checks."""
        self.sharing += 1
        try:
            with super().single_flight(key):
                yield
        finally:
            self.sharing -= 1

    def locate(self, key: str, value: Any, fetched: int) -> Located | None:
        """Return where a value came from: the same object, or else an equal one, perhaps reshaped; None if it is not found.

        fetched is the number of results to search, newest first. Of equal values, the one under the check's key is preferred.
        """
        results = reversed(self.fetched[:fetched])
        nodes = [(place._replace(path=path), node) for place, result in results for path, node in walk(result)]
        same = [place for place, node in nodes if node is value]
        found = next((place for place in same if place.path[-1:] == (key,)), next(iter(same), None))
        if found or not isinstance(value, np.ndarray):
            return found
        forms = ((place, form_of(node, value)) for place, node in nodes if isinstance(node, (np.ndarray, float, list)))
        return next((place._replace(form=form) for place, form in forms if form is not None), None)

    def locate_key(self, key: str, most: int) -> Located | None:
        """Return where a key is in the last `most` results, newest first; None if it is not there."""
        found = ((place, path) for place, result in self.fetched[: -most - 1 : -1] for path, _ in walk(result))
        return next((place._replace(path=path) for place, path in found if path[-1:] == (key,)), None)


def with_origin(error: StudentError, origin: Origin) -> StudentError:
    """Return the error, with its origin added unless it has one."""
    vars(error).setdefault("origin", origin)
    return error


def origin_of(error: Exception | None) -> Origin | None:
    """Return the origin of an error, if it was recorded."""
    return vars(error).get("origin") if error else None


def walk(result: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each value in a result with its path, containers before their contents."""
    waiting = [(path, result)]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        path, value = waiting.pop(0)
        yield path, value
        if isinstance(value, Mapping):
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [((*path, index), item) for index, item in enumerate(value)]


def form_of(node: Any, value: np.ndarray) -> str | None:
    """Return the conversion that makes an array from a result, as the end of an expression; None if there is none."""
    array = as_numbers(node)
    if array is None or array.size != value.size:
        return None
    if np.array_equal(array, value, equal_nan=True):
        return ""
    if np.array_equal(array.T, value, equal_nan=True):
        return ".T"
    return f".reshape({value.shape})" if np.array_equal(array.ravel(), value.ravel(), equal_nan=True) else None
