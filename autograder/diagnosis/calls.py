"""Call a student's functions, and observe their side effects on arrays of the caller."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.checking import RANDOM_STATE, CheckFailure, StudentError, random_state_changed, tensor
from autograder.diagnosis.observation import NO_NAMES, Names, Observation, Raised, attempt, is_usable, observe_step
from autograder.sandbox.student import SandboxedStudent
from autograder.student import Student


def fetch_all(student: Student, calls: Mapping[str, Callable[[], Sequence[Any]]]) -> dict[str, Any]:
    """Return the results of several groups of calls, in one round trip or, if one of them raises, one by one."""

    def fetch_together() -> dict[str, Any]:
        groups = {name: list(make()) for name, make in calls.items()}  # some calls need values that are fetched here
        values = iter(student.fetch(*(handle for group in groups.values() for handle in group)))
        return {name: [next(values) for _ in group] for name, group in groups.items()}

    fetched: dict[str, Any] | Raised = attempt(fetch_together)
    if isinstance(fetched, Raised):
        return {name: attempt(partial(fetch_group, student, make)) for name, make in calls.items()}
    return fetched


def fetch_group(student: Student, make: Callable[[], Sequence[Any]]) -> list[Any]:
    """Return the values of a group of calls."""
    handles = make()
    return list(student.fetch(*handles)) if len(handles) > 1 else [student.fetch(*handles)]


def remember_calls(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the student's with recorded results, so that it is not called twice with the same tensors."""
    memory: dict[tuple, np.ndarray | Exception] = {}

    def run(*arguments: Any) -> np.ndarray | Exception:
        try:
            value = tensor("what it returned", call(*arguments))
        except (CheckFailure, StudentError) as error:
            return error
        return value if is_usable(value) else StudentError("The array is too large.")

    def recall(*arguments: Any) -> np.ndarray:
        key = tuple((np.shape(value), np.asarray(value, float).tobytes()) for value in arguments)
        found = memory[key] = memory[key] if key in memory else run(*arguments)
        if isinstance(found, Exception):
            raise found
        return found

    return recall


def call_traced(student: SandboxedStudent, called: Any, *arguments: Any) -> list[Any]:
    """Return a call of a function with the random state before and after it, and its arguments, which must not change."""
    before = student.stirred_random_state()
    return [called(*arguments), before, student.random_state(), *arguments]


def observe_changes(
    part: str, name: str, before: Names, after: Names, scope: Names = NO_NAMES, others: Names = NO_NAMES
) -> Iterator[Observation]:
    """Yield observations of the arguments after a call; others are also accepted, besides the values before the call."""
    after, others = spread(after), spread(others)
    for key, value in spread(before).items():
        got = attempt(partial(tensor, key, after.get(key)))
        untouched = isinstance(got, np.ndarray) and np.array_equal(got, value)
        follows = attempt(partial(tensor, key, others.get(key)))
        wants = (got,) if untouched else (follows,) if isinstance(follows, np.ndarray) else ()
        names = {**scope, "key": key, "before": value}
        yield observe_change(part, name, key, f"`{key}`", got, wants, names)


def observe_change(
    part: str, name: str, key: str, label: str, got: Any, wants: tuple, scope: Names = NO_NAMES, step: str = ""
) -> Observation:
    """Return the observation of a value that belongs to the caller of this function, after the call."""
    more = {"owner": f"`{name}`", "statement": f"`{name}` changes {label}"}
    return observe_step(part, step or f"changed by {name}", key, label, got, wants, scope, task=name, **more)


def spread(arguments: Names) -> dict[str, Any]:
    """Return the arguments of a call, with the entries of dicts instead of the dicts."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        found |= value if isinstance(value, Mapping) else {name: value}
    return found


def observe_random_state(part: str, name: str, before: Any, after: Any) -> Observation:
    """Return the observation of whether a call of this function changed the global random state."""
    got = "changed" if random_state_changed(before, after) else "unchanged"
    label = f"the global {RANDOM_STATE}"
    return observe_change(part, name, RANDOM_STATE, label, got, ("unchanged",), step=f"random state after {name}")
