"""Run the student's code for a check, so that a wrong forward pass doesn't cost points of the backward pass.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from autograder.backprop.calling import (
    answer_of_forward,
    arrays_in,
    as_gradients,
    find_labels,
    halves,
    hand_labels,
    have_overflowed,
    labels_place,
    network,
    outcome,
    pair,
    put_labels,
    remember,
    same,
    unpack_forward,
)
from autograder.backprop.case import Case, cache_keys, gradient_keys, under_expected_keys
from autograder.checking import (
    CheckFailure,
    RenamedDict,
    StudentError,
    as_returned,
    copy_failure,
    expect_finite,
    expect_tensor,
    mapping,
    norm,
    present_keys,
    require_key,
    require_keys,
    tensor,
)
from autograder.student import Student

ReferenceSource = Callable[[Case], Mapping[str, np.ndarray]]
T = TypeVar("T")
Source = ReferenceSource | None  # the source of the cache for compute_gradients; None: the student's own forward pass

# Notes on checks that follow from the student's own results.
ON_REFERENCE = "Correct with the example's cache, but not with the cache from your `forward`."
ON_SPARE = "Correct on a second example with square matrices; on the first one, your code raises an exception."
ON_OWN_PASSES = "Correct given your forward and backward pass, but at least one of these is wrong."


def run_forward(student: Student, case: Case) -> tuple[Any, Mapping]:
    """Return (out, cache) of the student's forward pass on the case."""
    out, cache = halves(answer_of_forward(student, case))
    if out is None or cache is None:
        out, cache = pair(answer_of_forward(student, case))
    return out, under_expected_keys(cache, cache_keys(case))


def run_output(student: Student, case: Case) -> Any:
    """Return the output of the student's forward pass on the case, even if it comes without a valid cache."""
    out, _ = halves(answer_of_forward(student, case))
    return run_forward(student, case)[0] if out is None else out


def run_cache(student: Student, case: Case) -> Mapping:
    """Return the cache of the student's forward pass on the case, even if it comes first."""
    _, cache = halves(answer_of_forward(student, case))
    return run_forward(student, case)[1] if cache is None else under_expected_keys(cache, cache_keys(case))


def tensors_of_forward(answer: Any, case: Case) -> dict[str, np.ndarray]:
    """Return the tensors that a forward pass on the case returned: "out" and those with the keys of the cache."""
    out, cache = halves(answer)
    keys = cache_keys(case)
    return arrays_in({**under_expected_keys(cache or {}, keys), "out": out}, ["out", *keys])


def call_backward(student: Student, net: Any, case: Case, source: Source) -> Any:
    """Return the result, still on the student's side, of a new forward and backward pass of the network on the case."""
    out, cache = forward_on(student, net, case, source)  # this may bind an argument of the method
    return net.compute_gradients(out, cache)


def forward_on(student: Student, net: Any, case: Case, source: Source) -> tuple[Any, Any]:
    """Return (out, cache) of a new forward pass on the case, still on the student's side, with the labels in the cache.

    With a source, the reference overrides the values in the student's own cache.
    """
    if source is None:
        run_forward(student, case)
        out, cache = unpack_forward(student, net.forward(case.X), case)
    else:
        reference = source(case)
        out, cache = reference[f"A{case.layers[-1]}"], cache_with_overrides(student, net, case, reference)
    put_labels(student, net, cache, case)
    return out, cache


def cache_with_overrides(student: Student, net: Any, case: Case, values: Mapping[str, np.ndarray]) -> Any:
    """Return a copy of the student's own cache, still on the student's side, with these values in it.

    A student's backward pass may need additional keys, so the values override existing ones and none are removed.
    """
    cache = own_cache(student, net, case)
    student.fill(cache, values)
    if "Y" in values:
        hand_labels(student, net, cache, values["Y"], labels_place(student, case.model))
    if own := own_names(student, case):
        student.fill(cache, {own[key]: value for key, value in values.items() if key in own})
    return cache


def own_names(student: Student, case: Case) -> Mapping[str, str]:
    """Return the other names that the student's own cache uses for some of the expected keys."""
    try:
        cache = run_cache(student, case)
    except (CheckFailure, StudentError):
        return {}
    return (
        {key: name for key, name in cache.renamed.items() if name in cache.original} if isinstance(cache, RenamedDict) else {}
    )


def own_cache(student: Student, net: Any, case: Case) -> Any:
    """Return a copy of the student's own cache, or an empty one if forward doesn't return a writable cache."""

    def try_to_write() -> None:
        run_forward(student, case)
        cache = copied_cache(student, network(student, case), case)
        cache["Y"] = case.Y
        student.fetch(cache["Y"])

    try:
        remember(student, ("writable", case), try_to_write)
    except (CheckFailure, StudentError):
        return student.place({})
    return copied_cache(student, net, case)


def copied_cache(student: Student, net: Any, case: Case) -> Any:
    """Return a copy of the cache of a new forward pass, whatever its type, still on the student's side."""
    _, cache = unpack_forward(student, net.forward(case.X), case)
    return student.copy(cache)


def run_backward(student: Student, case: Case, source: Source = None) -> Mapping:
    """Return the student's gradients on the student's own cache or, with a source, on that cache with reference values."""

    def attempt() -> Any:
        return student.fetch(call_backward(student, network(student, case), case, source))

    def run() -> Mapping:
        with contextlib.suppress(CheckFailure, StudentError):
            run_forward(student, case)  # first, because a forward pass may end the program
        grads = outcome(student, attempt)
        if isinstance(grads, StudentError) and find_labels(student, case, grads):
            grads = outcome(student, attempt)
        if isinstance(grads, Exception):
            raise grads
        return as_gradients("compute_gradients", grads, case)

    return remember(student, ("backward", case, source), run)


def with_own_or_reference_cache(
    student: Student, case: Case, reference: ReferenceSource, attempt: Callable[[Source], None]
) -> bool:
    """Try the backward pass on the student's own cache, then with reference values; return whether the own cache worked.

    Neither a wrong forward pass nor an unusual cache costs points of the backward pass. If both attempts fail, raise the first
    failure that compute_gradients is responsible for.
    """
    try:
        run_forward(student, case)
    except (CheckFailure, StudentError):
        attempt(reference)
        return False
    return either(lambda: attempt(None), lambda: attempt(reference))


def either(first: Callable[[], Any], second: Callable[[], Any]) -> bool:
    """Run the second attempt if the first fails; return whether the first succeeded. If both fail, raise the first failure."""
    try:
        first()
        return True
    except (CheckFailure, StudentError) as failure:
        try:
            second()
            return False
        except (CheckFailure, StudentError) as other:
            raise copy_failure(failure, share=max(failure.share, other.share)) from failure.__cause__


# The base class of each of the other classes.
ABOVE = {"SoftmaxDNN": "DNN", "SquaredErrorSoftmaxDNN": "SoftmaxDNN", "GeneralDNN": "DNN"}


def expect_usual_forms(student: Student, case: Case) -> None:
    """Raise CheckFailure if a pass returns an unexpected form, unless the base class does, too, where it costs points."""
    above = replace(case, model=ABOVE[case.model], activations=())

    def look_at_forward(case: Case) -> None:
        pair(answer_of_forward(student, case))
        require_keys("The cache", run_cache(student, case), cache_keys(case))

    def look_at_backward(case: Case) -> None:
        grads = run_backward(student, case)
        mapping("The return value of compute_gradients", as_returned(grads))
        require_keys("grads", grads, list(grads.renamed) if isinstance(grads, RenamedDict) else [])

    for look in (look_at_forward, look_at_backward):
        own = outcome(student, functools.partial(look, case))
        if isinstance(own, CheckFailure) and not isinstance(outcome(student, functools.partial(look, above)), CheckFailure):
            raise own


def expect_on_spare(student: Student, expect: Callable[[T], None], usual: T, spare: T) -> None:
    """Check the usual input or, if the code raises an exception on it, a spare input with square matrices.

    This way, everything before and after a wrong product earns its points, whether the product raises or not.
    """
    failure = outcome(student, lambda: expect(usual))
    if isinstance(failure, StudentError) and outcome(student, lambda: expect(spare)) is None:
        student.note_follows(ON_SPARE)
    elif failure:
        raise failure from failure.__cause__


def expect_cache(student: Student, case: Case, right: Mapping[str, np.ndarray], show: bool = False) -> None:
    """Raise CheckFailure unless `forward` returns the correct output and a correct cache."""
    out, cache = run_forward(student, case)
    expect_tensor("out", out, right[f"A{case.layers[-1]}"], show=show)
    for key in cache_keys(case):
        expect_tensor(key, require_key("The cache", cache, key), right[key], show=show)


def expect_whole(
    student: Student, case: Case, right: Mapping[str, np.ndarray], is_followed: Callable[[], None], show: bool = False
) -> None:
    """Raise CheckFailure unless `gradients` returns the correct W and B gradients, or those of the student's own passes.

    `gradients` only combines the passes, so their mistakes cost no points here. `is_followed` raises if they are worthless.
    """
    returned = student.fetch(network(student, case).gradients(case.X, case.Y))
    grads = as_gradients("gradients", returned, case)
    if show and not isinstance(outcome(student, lambda: as_returned(run_backward(student, case))), (tuple, list)):
        mapping("The return value of gradients", returned)  # a tuple from compute_gradients costs points in its own check

    def expect(own: Mapping[str, np.ndarray]) -> None:
        for key in own or gradient_keys(case, "WB"):
            got = require_key("grads", grads, key)
            if key in own and np.array_equal(tensor(key, got), own[key], equal_nan=True):
                continue
            wants = (right[key], own[key]) if key in own and np.isfinite(own[key]).all() else (right[key],)
            expect_tensor(key, got, *wants, case=case, show=show)

    with contextlib.suppress(CheckFailure):
        expect({})
        return
    expect(own_gradients(student, case))
    is_followed()
    student.note_follows(ON_OWN_PASSES)


def own_gradients(student: Student, case: Case, source: Source = None) -> dict[str, np.ndarray]:
    """Return the W and B gradients of the student's own passes; none if they are finite and don't depend on the input."""
    own = {key: value for key, value in tensors_of_backward(student, case, source).items() if key[0] in "WB"}
    is_finite = all(np.isfinite(value).all() for value in own.values())  # after an overflow, different batches give the same
    return {} if is_finite and not depends_on_input(student, case, source, "WB") else own


def tensors_of_backward(student: Student, case: Case, source: Source) -> dict[str, np.ndarray]:
    """Return the valid gradients of the student's own passes."""
    try:
        return arrays_in(run_backward(student, case, source), gradient_keys(case))
    except (CheckFailure, StudentError):
        return {}


# Whether anything was computed. A result that is the same for every batch, or different in every call, earns nothing, even if
# it is finite, has the right shape or is consistent.


@functools.lru_cache(maxsize=256)
def once_more(case: Case) -> Case:
    """Return an equal case, which is run again."""
    return replace(case)


@functools.lru_cache(maxsize=256)
def relabelled(case: Case) -> Case:
    """Return the case with other labels, which are one-hot for a softmax."""
    return replace(case, Y=np.roll(case.Y, 1, axis=0) if "Softmax" in case.model else 1 - case.Y)


@functools.lru_cache(maxsize=256)
def on_another_batch(case: Case) -> Case:
    """Return the case with other inputs and other labels."""
    return replace(relabelled(case), X=-case.X[::-1, ::-1])


def depends(here: Mapping[str, np.ndarray], again: Mapping[str, np.ndarray], elsewhere: Mapping[str, np.ndarray]) -> bool:
    """Return whether some tensor is equal in `again`, but differs in `elsewhere`, where it is not a multiple either."""
    nan, keys = have_overflowed(here.values()), set(here) & set(again) & set(elsewhere)
    return any(same(here[key], again[key], nan) and not parallel(here[key], elsewhere[key]) for key in keys)


def parallel(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two tensors of one shape are multiples of each other; zero is a multiple only of zero."""
    if one.shape != other.shape or np.any(one) != np.any(other):
        return False
    return bool(abs(np.vdot(one, other)) >= (1 - 1e-8) * norm(one) * norm(other))


def depends_on_input(student: Student, case: Case, source: Source, kinds: str) -> bool:
    """Return whether some gradient of these kinds depends on the case.

    dW and dB must depend on the batch. For dZ and dA, only the labels count, because a mere copy of the cache depends on X.
    """
    here, again, batch = (tensors_of_backward(student, one, source) for one in (case, once_more(case), on_another_batch(case)))
    weights = {key: value for key, value in again.items() if key[0] in "WB"}
    return depends(here, weights, batch) or ("Z" in kinds and depends_on_labels(student, case, source))


def depends_on_labels(student: Student, case: Case, source: Source) -> bool:
    """Return whether some gradient depends on the labels of the case."""
    here, again, labels = (tensors_of_backward(student, one, source) for one in (case, once_more(case), relabelled(case)))
    return depends(here, again, labels)


def has_correct_step(student: Student, case: Case, source: Source, right: Collection[str]) -> bool:
    """Return whether some step of the backward pass is correct: the keys of its gradients are in `right` for every layer.

    In a single layer, a meaningless value can be correct by chance. A product of activations may look as if it followed from a
    wrong dZ, so if no dZ is correct, some gradient must depend on the labels.
    """
    present, last = tensors_of_backward(student, case, source).keys(), f"Z{case.layers[-1]}"
    steps = [{last}, *({key for key in gradient_keys(case, kind) if key != last} for kind in "ZWBA")]
    done = [step & present for step in steps if step & present and step & present <= set(right)]
    return bool({"Z"} & {key[0] for step in done for key in step}) or (bool(done) and depends_on_labels(student, case, source))


def either_way_up(grads: Mapping, case: Case) -> tuple[Mapping, Mapping]:
    """Return the gradients as they are, and all of them transposed, because a consistent transpose is still computed."""
    return grads, {key: value.T for key, value in arrays_in(grads, gradient_keys(case)).items()}


def expect_input_dependence(student: Student, case: Case, reference: ReferenceSource) -> None:
    """Raise CheckFailure unless `compute_gradients` computes some gradient, correct or not."""

    def attempt(source: Source) -> None:
        grads = run_backward(student, case, source)
        if not depends_on_input(student, case, source, "ZWBA"):
            expect_finite_tensors("grads", grads, gradient_keys(case))
            raise CheckFailure("The gradients do not depend on the batch, or differ from call to call, so nothing is computed.")

    with_own_or_reference_cache(student, case, reference, attempt)


def expect_input_dependence_of_forward(student: Student, case: Case) -> None:
    """Raise CheckFailure unless `forward` computes something from the case, correct or not."""
    variants = (case, once_more(case), on_another_batch(case))
    here, again, elsewhere = (tensors_of_forward(answer_of_forward(student, variant), variant) for variant in variants)
    computed = {key: value for key, value in here.items() if key[0] not in "WB" and not parallel(value, case.X)}
    if not depends(computed, again, elsewhere):
        out, cache = halves(answer_of_forward(student, case))
        expect_finite_tensors("The cache", {**(cache or {}), "out": out}, ["out", *cache_keys(case)])
        raise CheckFailure("The output and the cache do not depend on X, or differ from call to call, so nothing is computed.")


def expect_finite_tensors(name: str, tensors: Mapping, keys: Iterable[str]) -> None:
    """Raise CheckFailure if one of the tensors with these keys contains nan or infinity, or is not numeric."""
    for key in present_keys(tensors, keys):
        expect_finite(key, tensor(key, require_key(name, tensors, key)))
