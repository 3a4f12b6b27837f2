"""Observes what a student's networks compute on an example, value by value, in the order in which to fix them.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.calling import answer_of_forward, expect_labels_in_cache, halves, outcome, pair
from autograder.backprop.case import Case, Example, cache_keys, gradient_keys
from autograder.backprop.running import Source, run_backward, run_cache
from autograder.backprop.tracing import find_tensor_line
from autograder.checking import RenamedDict, as_returned, mapping, misnamed, present_keys, require_key, tensor
from autograder.naming import Observed
from autograder.student import Student


class Checks(NamedTuple):
    """The names of the checks that look at the tensors of a pass, at their keys, and only at their shapes.

    by_key has checks of single tensors, by the key or by its first letter, such as "W".
    """

    values: Sequence[str]
    keys: Sequence[str]
    shapes: Sequence[str] = ()
    by_key: Mapping[str, Sequence[str]] = MappingProxyType({})

    @property
    def every(self) -> Sequence[str]:
        """Return the names of all these checks."""
        return [*self.values, *self.keys, *self.shapes, *(name for names in self.by_key.values() for name in names)]

    def of(self, key: str, got: Any, want: np.ndarray) -> Sequence[str]:
        """Return the names of the checks that look at a tensor."""
        of_key = [name for start in (key[0], key) for name in self.by_key.get(start, ())]
        return [*self.values, *of_key, *(self.shapes if np.shape(got) != want.shape else ())]


@functools.cache
def reference(example: Example) -> Source:
    """Return the source of an example's correct cache, for `compute_gradients` to run on."""
    return lambda _: example.cache


def observe_returned(
    student: Student,
    call: Callable[[], Mapping],
    wants: Mapping[str, np.ndarray],
    observed: Callable[..., Observed],
    keys: Sequence[str] = (),
) -> Iterator[Observed]:
    """Yield the values of the dict that a call returns. keys are the keys it must have; observed makes an Observed."""
    values = outcome(student, call)
    if isinstance(values, Exception):
        yield observed(name="the returned value", got=values, want=None)
        return
    yield observed(name="the dict you return", got=missing_keys(values, keys or list(wants)), want={})
    for key in present_keys(values, wants):
        got = outcome(student, functools.partial(tensor_under, "The dict", values, key))
        yield observed(name=key, got=got, want=np.asarray(wants[key], float))


def observe_forward(student: Student, example: Example, checks: Checks) -> Iterator[Observed]:
    """Yield what `forward` returns: its form, the keys and the tensors of the cache, and the output."""
    case = example.case
    observed = functools.partial(Observed, function=named(case, "forward"), m=case.samples, example=place_of(case))
    answer = outcome(student, lambda: answer_of_forward(student, case))
    form = answer if isinstance(answer, Exception) else outcome(student, lambda: pair(answer))
    if isinstance(form, Exception):
        yield observed(checks.every, name="forward", got=form, want=None, topic="forward")
    cache = form if isinstance(answer, Exception) else outcome(student, lambda: run_cache(student, case))
    if not isinstance(cache, Exception):
        keys = cache_keys(case)
        yield observed(checks.keys, name="your cache", got=missing_keys(cache, keys), want={}, topic="cache keys")
        for key in present_keys(cache, keys):
            got = outcome(student, functools.partial(tensor_under, "The cache", cache, key))
            place, line = f'cache["{own_name(cache, key)}"]', functools.partial(find_tensor_line, student, example, key)
            topic = key if key == "A0" else key[0]
            want = example.cache[key]
            yield observed(checks.values, name=key, got=got, want=want, key=place, topic=topic, find_line=line)
    if not isinstance(answer, Exception):
        out, want = outcome(student, lambda: tensor("out", halves(answer)[0])), example.cache[f"A{case.layers[-1]}"]
        line = functools.partial(find_tensor_line, student, example, "out")
        yield observed(checks.values, name="out", got=out, want=want, topic="A", find_line=line)


def observe_backward(student: Student, example: Example, source: Source, checks: Checks) -> Iterator[Observed]:
    """Yield what `compute_gradients` returns for a cache: its form, then the keys and the values of the gradients."""
    case, function = example.case, named(example.case, "compute_gradients")
    grads = outcome(student, lambda: run_backward(student, case, source))
    form = grads if isinstance(grads, Exception) else outcome(student, lambda: expect_form(student, case, grads))
    if form is not None:
        yield Observed(
            checks.every, function, "compute_gradients", form, None, topic="compute_gradients", example=place_of(case)
        )
    if not isinstance(grads, Exception):
        wants = {key: example.grads[key] for key in gradient_keys(case) if key in example.grads}
        for one in observe_gradients(student, case, grads, wants, checks, function):
            # Only a run on the student's own cache can be watched.
            line = functools.partial(find_tensor_line, student, example, one.name) if source is None else one.find_line
            yield one._replace(find_line=line)


def observe_gradients(
    student: Student,
    case: Case,
    grads: Mapping,
    wants: Mapping[str, np.ndarray],
    checks: Checks,
    function: str,
    place: str = "grads",
) -> Iterator[Observed]:
    """Yield the keys of some gradients, then each gradient with an expected value in wants."""
    observed = functools.partial(Observed, function=function, m=case.samples, example=place_of(case))
    keys = gradient_keys(case, "".join(dict.fromkeys(key[0] for key in wants)) if place != "grads" else "ZWBA")
    yield observed(checks.keys, name="your gradients", got=missing_keys(grads, keys), want={}, topic="gradient keys")
    for key in present_keys(grads, wants):
        got = outcome(student, functools.partial(tensor_under, "grads", grads, key))
        layer = "" if key[0] in "WB" else "output " if key == f"Z{case.layers[-1]}" else "hidden "
        at = f'{place}["{own_name(grads, key)}"]'
        names = checks.of(key, got, wants[key])
        yield observed(names, name=f"d{key}", got=got, want=wants[key], key=at, topic=f"{layer}d{key[0]}")


def expect_form(student: Student, case: Case, grads: Mapping) -> None:
    """Raise CheckFailure unless the gradients are in a dict and the labels are read from the cache."""
    mapping("What compute_gradients returned", as_returned(grads))
    expect_labels_in_cache(student, case)


def named(case: Case, method: str) -> str:
    """Return what to call a method of the class under test."""
    return method if case.model == "DNN" else f"{case.model}.{method}"


def place_of(case: Case) -> str:
    """Return the name of an example; the main example of a class has none."""
    return case.name if case.name != "example" else ""


def tensor_under(name: str, tensors: Mapping, key: str) -> Any:
    """Return the tensor under a key, or under the name that the student uses instead."""
    return tensor(key, require_key(name, tensors, key))


def own_name(tensors: Mapping, key: str) -> str:
    """Return the name that the student uses for a key."""
    renamed: Mapping[str, str] = tensors.renamed if isinstance(tensors, RenamedDict) else {}
    return renamed.get(key) or (key if key in tensors else misnamed(tensors, key) or key)


def missing_keys(tensors: Mapping, keys: Sequence[str]) -> dict[str, str | None]:
    """Return the missing keys, each with the name that the student seems to use instead, or None."""
    names = {key: own_name(tensors, key) for key in keys}
    return {key: None if name == key else name for key, name in names.items() if name != key or key not in tensors}


def all_right(seen: Sequence[Observed]) -> bool:
    """Return whether every value is correct, whatever the keys are called."""
    return all(one.is_right or isinstance(one.got, Mapping) for one in seen)
