"""How a check runs the student's code, and how a wrong forward pass is kept from spoiling the marks of the backward pass.

The grader passes a stand-in for the student whose calls run in another process; on a student's own machine `LocalStudent`
imports the files right here. A check cannot tell the two apart.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from checks.checking import (
    FOUND,
    Case,
    CheckFailure,
    StudentError,
    cache_keys,
    describe,
    expect_tensor,
    gradient_keys,
    mapping,
    take,
    tensor,
    two_values,
)

ReferenceSource = Callable[[Case], Mapping[str, np.ndarray]]
Source = ReferenceSource | None  # where the cache for compute_gradients comes from; None: the student's own forward pass


class LocalStudent:
    """The student's files, imported into this process: for students at home, never for grading."""

    def __init__(self) -> None:
        self.memory: dict[Any, Any] = {}

    def __getattr__(self, module: str) -> Any:
        return importlib.import_module(module)

    def fetch(self, *values: Any) -> Any:
        """The value of a result, or a tuple of several; here the results themselves."""
        return values if len(values) > 1 else values[0]

    def place(self, value: Any) -> Any:
        """A copy of an argument that the check can look at again after the call."""
        return copy.deepcopy(value)

    def copy(self, value: Any) -> Any:
        """A shallow copy of a result."""
        return copy.copy(value)

    def unpack(self, value: Any) -> Any:
        """The two halves of a result."""
        first, second = value
        return first, second


def network(student: Any, case: Case) -> Any:
    """A network of the student, of the class the case is for, with its layer sizes and parameters."""
    module = student.dnn if case.model == "DNN" else student.extension
    chosen = [case.activations] if case.activations else []
    net = getattr(module, case.model)(case.layer_sizes, *chosen)
    net.params = {key: value.copy() for key, value in case.params.items()}
    return net


def remember(student: Any, key: tuple, run: Callable[[], Any]) -> Any:
    """The result of run(), from memory if it was asked for before; whatever the student's code raised is raised again."""
    if key not in student.memory:
        try:
            student.memory[key] = run()
        except (CheckFailure, StudentError) as failure:
            student.memory[key] = failure
        except Exception as error:
            if not isinstance(student, LocalStudent):
                raise
            student.memory[key] = StudentError(f"{type(error).__name__}: {error}")
            student.memory[key].__cause__ = error
    result = student.memory[key]
    if isinstance(result, Exception):
        raise result
    return result


def pair(value: Any) -> tuple[Any, Mapping]:
    """(out, cache) of what `forward` returned; CheckFailure if it is something else."""
    out, cache = two_values("forward", value, "out, cache")
    if not isinstance(cache, Mapping):
        what = "they came in the wrong order" if isinstance(out, Mapping) else f"the second one is {FOUND}"
        message = f"forward must return two values, out and the cache (a dict); {what}."
        raise CheckFailure(message, found=describe(cache))
    return out, cache


def run_forward(student: Any, case: Case) -> tuple[Any, Mapping]:
    """(out, cache) of the student's forward pass on the case."""

    def run() -> tuple[Any, Mapping]:
        return pair(student.fetch(network(student, case).forward(case.X)))

    return remember(student, ("forward", case), run)


def call_backward(student: Any, net: Any, case: Case, source: Source) -> Any:
    """The result, still on the student's side, of a new forward and backward pass of the network on the case.

    With a source the reference is laid over the student's own cache.
    """
    if source is None:
        run_forward(student, case)
        out, cache = student.unpack(net.forward(case.X))
    else:
        reference = source(case)
        out, cache = reference[f"A{case.layers[-1]}"], laid_over(student, net, case, reference)
    cache["Y"] = case.Y
    return net.compute_gradients(out, cache)


def laid_over(student: Any, net: Any, case: Case, values: Mapping[str, np.ndarray]) -> Any:
    """A copy of the student's own cache, still on the student's side, with these values in it.

    A student's backward pass may need keys of its own making, so the values replace others and take nothing away.
    """
    cache = own_cache(student, net, case)
    for key, value in values.items():
        cache[key] = value.copy()
    return cache


def own_cache(student: Any, net: Any, case: Case) -> Any:
    """A copy of the student's own cache, or an empty one where forward does not give any."""
    try:
        run_forward(student, case)
    except (CheckFailure, StudentError):
        return student.place({})
    _, cache = student.unpack(net.forward(case.X))
    return student.copy(cache)


def run_backward(student: Any, case: Case, source: Source = None) -> Mapping:
    """The student's gradients on the student's own cache or, with a source, on the reference laid over that cache."""

    def run() -> Mapping:
        grads = student.fetch(call_backward(student, network(student, case), case, source))
        return mapping("What compute_gradients returned", grads)

    return remember(student, ("backward", case, source), run)


def on_either_cache(student: Any, case: Case, reference: ReferenceSource, attempt: Callable[[Source], None]) -> None:
    """Let the backward pass try on the student's own cache, then on the reference laid over it.

    A wrong forward pass does not cost the marks of the backward pass, and neither does a cache made in another way. The
    failure that is reported is the first one that compute_gradients is answerable for.
    """
    try:
        run_forward(student, case)
    except (CheckFailure, StudentError):
        attempt(reference)
        return
    either(lambda: attempt(None), lambda: attempt(reference))


def either(first: Callable[[], None], second: Callable[[], None]) -> None:
    """Let one of two attempts succeed; where both fail, the failure of the first one is raised."""
    try:
        first()
    except (CheckFailure, StudentError) as failure:
        try:
            second()
        except (CheckFailure, StudentError):
            raise failure from failure.__cause__


def expect_cache(student: Any, case: Case, right: Mapping[str, np.ndarray], show: bool = False) -> None:
    """CheckFailure unless `forward` gives the right output and every tensor of the right cache."""
    out, cache = run_forward(student, case)
    expect_tensor("out", out, right[f"A{case.layers[-1]}"], show=show)
    for key in cache_keys(case):
        expect_tensor(key, take("The cache", cache, key), right[key], show=show)


def expect_softmax_cache(student: Any, case: Case, right: Mapping[str, np.ndarray], show: bool = False) -> None:
    """CheckFailure unless the cache is right, or is that of the student's own DNN with the student's own softmax on top.

    A SoftmaxDNN only puts the two together, so a mistake in one of them is not paid for here again.
    """
    either(
        lambda: expect_cache(student, case, right, show),
        lambda: expect_cache(student, case, own_softmax_cache(student, case)),
    )


def own_softmax_cache(student: Any, case: Case) -> dict[str, np.ndarray]:
    """The cache of the student's own DNN, its last A replaced by the student's own softmax of its last Z."""
    _, cache = run_forward(student, replace(case, model="DNN"))
    tensors = {key: tensor(key, take("The cache", cache, key)) for key in cache_keys(case)}
    last = case.layers[-1]
    probabilities = remember(student, ("softmax", case), lambda: student.fetch(student.extension.softmax(tensors[f"Z{last}"])))
    return {**tensors, f"A{last}": tensor("softmax(Z)", probabilities)}


def expect_whole(student: Any, case: Case, right: Mapping[str, np.ndarray], show: bool = False) -> None:
    """CheckFailure unless `gradients` gives the right W and B gradients, or those of the student's own two passes.

    `gradients` only puts the passes together, so a mistake in one of them is not paid for here again.
    """
    grads = mapping("What gradients returned", student.fetch(network(student, case).gradients(case.X, case.Y)))
    own = own_gradients(student, case)
    for key in gradient_keys(case, "WB"):
        wants = (right[key], own[key]) if key in own else (right[key],)
        expect_tensor(key, take("grads", grads, key), *wants, case=case, show=show)


def own_gradients(student: Any, case: Case, source: Source = None) -> dict[str, np.ndarray]:
    """The W and B gradients of the student's own passes, where there is anything in them to follow."""
    try:
        grads = run_backward(student, case, source)
        found = {key: tensor(key, take("grads", grads, key)) for key in gradient_keys(case, "WB")}
    except (CheckFailure, StudentError):
        return {}
    return {key: value for key, value in found.items() if np.isfinite(value).all() and np.any(value)}
