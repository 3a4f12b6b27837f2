"""Select the steps that lead to a value, and replay them in the sandbox while tracing the student's lines."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgpack  # type: ignore[import-untyped]
import numpy as np

from autograder.checking import StudentError
from autograder.explain.recording import Located
from autograder.sandbox import wire
from autograder.sandbox.conversation import Step
from autograder.sandbox.handle import Handle
from autograder.sandbox.session import Session

TOUCHES = ("call", "counted", "set", "fill")  # operations that may change their arguments
ROOTS = ("module", "with_base_results")  # operations whose results do not belong to a single call
Place = tuple[str, int]


class Replayed(NamedTuple):
    """The outcome of a replay: the value or the error, the arguments of the last call, and the places that made the value."""

    value: Any = None
    error: StudentError | None = None
    inputs: tuple[Any, ...] = ()
    places: tuple[Place, ...] = ()


def references_in(value: Any) -> Iterator[int]:
    """Yield the numbers of the steps whose results a packed argument refers to."""
    if isinstance(value, msgpack.ExtType):
        yield wire.LENGTH.unpack(value.data)[0]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references_in(item)


def needs_of(step: Step) -> set[int]:
    """Return the numbers of the steps that a step depends on."""
    return {number for value in (*step.arguments, *step.named.values()) for number in references_in(value)}


def select_steps(recorded: Mapping[int, Step], target: int) -> list[Step]:
    """Return the steps that a result depends on, directly or not, and those that may have changed one of their results."""
    before = {number: step for number, step in sorted(recorded.items()) if number <= target}
    roots: set[int] = set()
    reached: dict[int, set[int]] = {}  # step -> all steps it depends on, directly or not, and itself
    for number, step in before.items():
        needs = needs_of(step)
        reached[number] = {number}.union(*(reached.get(need, set()) for need in needs))
        if step.operation in ROOTS or (step.operation == "get" and needs and needs <= roots):
            roots.add(number)
    chosen = set(reached.get(target, ()))
    while True:
        more = {
            number
            for number, step in before.items()
            if number not in chosen and step.operation in TOUCHES and touches(step, reached[number] - {number}, chosen, roots)
        }
        if not more:
            return [before[number] for number in sorted(chosen)]
        chosen |= set().union(*(reached[number] for number in more))


def touches(step: Step, reached: set[int], chosen: set[int], roots: set[int]) -> bool:
    """Return whether a step may change the result of one of the chosen steps."""
    return bool((reached - roots) & chosen) or (step.operation in ("set", "fill") and bool(needs_of(step) & roots & chosen))


def call_of(recorded: Mapping[int, Step], target: int) -> Step | None:
    """Return the call whose result a step is, or is part of; None if it comes from no call."""
    step = recorded.get(target)
    while step and step.operation in ("item", "get", "copy") and (needs := needs_of(step)):
        step = recorded.get(min(needs))
    return step if step and step.operation in ("call", "counted") else None


def replay(session: Session, steps: list[Step], located: Located, call: Step | None, *, watched: bool) -> Replayed:
    """Run steps again in a fresh session, and return the outcome."""
    session.begin_check()
    handles: dict[int, Handle] = {}
    inputs: tuple[Any, ...] = ()
    try:
        if watched:
            names = {step.label for step in steps if step.operation == "module"}
            session.fetch(*map(session.module, sorted(names)), session.note("watch", ""))
        for step in steps:
            arguments = [restore(value, handles) for value in step.arguments]
            named = {name: restore(value, handles) for name, value in step.named.items()}
            if call and step.number == call.number:
                inputs = tuple(session.fetch(value) if isinstance(value, Handle) else value for value in arguments[1:])
            handles[step.number] = session.note(step.operation, step.label, *arguments, **named)
        if watched:
            session.note("unwatch", "")
        value = session.fetch(handles[located.step])
        places = session.fetch(session.note("find_places", "", handles[located.step], located.path)) if watched else ()
        return Replayed(value, None, inputs, tuple(read_places(places)))
    except StudentError as error:
        return Replayed(None, error, inputs)


def restore(value: Any, handles: Mapping[int, Handle]) -> Any:
    """Return a packed argument unpacked, with references replaced by results of the replay."""
    if isinstance(value, msgpack.ExtType):
        return handles[wire.LENGTH.unpack(value.data)[0]]
    if type(value) is bytes:
        return wire.unpack_array(value)
    if isinstance(value, dict):
        return {key: restore(item, handles) for key, item in value.items()}
    return tuple(restore(item, handles) for item in value) if type(value) is tuple else value


def read_places(reported: Any) -> Iterator[Place]:
    """Yield the valid places among those that a child reports."""
    for place in reported if isinstance(reported, (list, tuple)) else ():
        if isinstance(place, (list, tuple)) and [type(part) for part in place] == [str, int]:
            yield place[0], place[1]


def same_value(one: Any, other: Any) -> bool:
    """Return whether two results are equal, bit for bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(same_value, one, other))
    return type(one) is type(other) and (one == other or one != one or not isinstance(one, (str, int, float)))
