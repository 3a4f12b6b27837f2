"""Check a backward pass step by step, given the student's own results, or outright.

Each step is checked on the student's own result of the previous step, so an early mistake costs the points of one step. A value
that equals the reference counts, too, whatever came before.
"""

from contextlib import suppress
from dataclasses import replace
from functools import cache, partial, wraps

import numpy as np

from autograder.backprop.case import as_column, gradient_keys
from autograder.backprop.oracle import activations, reference_cache, reference_of
from autograder.backprop.running import (
    either,
    expect_on_spare,
    own_gradients,
    run_backward,
    run_forward,
    with_own_or_reference_cache,
)
from autograder.backprop.softmax import on_right_base
from autograder.checking import (
    CheckFailure,
    StudentError,
    copy_failure,
    expect_each,
    expect_finite,
    expect_shape,
    expect_tensor,
    present_keys,
    require_key,
    tensor,
)

# dZ of the output layer, from its activation A and the labels Y.
OUTPUT_STEPS = {
    "DNN": lambda A, Y: A - Y,
    "GeneralDNN": lambda A, Y: A - Y,
    "SoftmaxDNN": lambda A, Y: A - Y,
    "SquaredErrorSoftmaxDNN": lambda A, Y: 2 * A * (A - Y - np.sum(A * (A - Y), axis=0)),
}
# The derivative of an activation, from its value A.
SLOPES = {"sigmoid": lambda A: A * (1 - A), "tanh": lambda A: 1 - A**2, "relu": lambda A: A > 0}
# The steps, from the gradients and the cache one step up. `layer` is the layer of the result.
STEPS = {
    "output Z": lambda case, grads, cache, layer: OUTPUT_STEPS[case.model](cache[f"A{layer}"], case.Y),
    "W": lambda case, grads, cache, layer: grads[f"Z{layer}"] @ cache[f"A{layer - 1}"].T / case.samples,
    "B": lambda case, grads, cache, layer: grads[f"Z{layer}"].sum(axis=1, keepdims=True) / case.samples,
    "A": lambda case, grads, cache, layer: case.params[f"W{layer + 1}"].T @ grads[f"Z{layer + 1}"],
    "Z": lambda case, grads, cache, layer: grads[f"A{layer}"] * SLOPES[activations(case)[layer - 1]](cache[f"A{layer}"]),
}
VANISHED = 1e-9  # a result this small compared to the reference is too small to follow


def follow(case, grads, cache, key):
    """Return the accepted results of a step: from the student's own results, if they can be followed, and the reference."""
    right = reference_of(case).grads[key]
    try:
        own = take_step(case, Tensors(grads, case), Tensors(cache, case), key)
    except (CheckFailure, KeyError):
        return (right,)
    if not np.isfinite(own).all() or np.linalg.norm(own) < VANISHED * np.linalg.norm(right):
        return (right,)
    return own, right


def take_step(case, grads, cache, key):
    """Return the gradient that a step computes from the gradients and the cache one step up."""
    kind, layer = key[0], int(key[1:])
    step = "output Z" if kind == "Z" and layer == case.layers[-1] else kind
    return STEPS[step](case, grads, cache, layer)


class Tensors:
    """Return the tensors of a student's dict that can be followed: with the right shape, and not constant.

    With saturated units, a constant tensor may be correct.
    """

    def __init__(self, mapping, case, varying=True):
        self.mapping, self.case, self.varying = mapping, case, varying

    def __getitem__(self, key):
        array = tensor(key, self.mapping[key])
        expect_shape(key, array, self.case.shape(key))
        if self.varying and array.size > 1 and np.ptp(array) == 0:
            raise CheckFailure(f"`{key}` has the same value in every entry.", key)
        return array


def backward(student, case, source):
    """Yield (grads, cache) of the student's backward pass for each cache it runs on."""
    grads = run_backward(student, case, source)
    return grads, run_forward(student, case)[1] if source is None else source(case)


def also_on_squares(check):
    """Decorate a check of dnn.py so that it also runs on square matrices if the first run raises an exception."""

    @wraps(check)
    def on_some_cases(student, cases):
        expect_on_spare(student, partial(check, student), cases, cases.squares)

    return on_some_cases


def expect_steps(student, case, keys, shallow=None):
    """Raise CheckFailure unless each of these gradients follows from the previous step.

    If compute_gradients raises on the case, a shallow one shows whether the output layer is done.
    """
    try:
        expect_all_steps(student, case, keys)
    except StudentError as error:
        share = share_of_output_layer(student, keys, shallow) if shallow else 0
        if share < 1:
            raise copy_failure(error, share=share) from error.__cause__


def share_of_output_layer(student, keys, shallow):
    """Return the share of the gradients of these kinds that is correct on a network with only an output layer."""
    done = gradient_keys(shallow, {key[0] for key in keys})
    with suppress(CheckFailure, StudentError):
        expect_all_steps(student, shallow, gradient_keys(shallow, "Z"))  # otherwise, meaningless values could pass
        expect_all_steps(student, shallow, done)
        return len(done) / len(keys)
    return 0


def expect_all_steps(student, case, keys):
    """Raise CheckFailure unless each of these gradients follows from the previous step."""

    def attempt(source):
        grads, cache = backward(student, case, source)

        def expect(key):
            expect_tensor(key, require_key("grads", grads, key), *follow(case, grads, cache, key), case=case)

        expect_each(keys, present_keys(grads, keys), expect)

    with_own_or_reference_cache(student, case, reference_cache, attempt)


def expect_reference(student, case, kinds="WB"):
    """Raise CheckFailure unless every gradient of these kinds equals the reference.

    In a DNN, a B without its second axis is accepted, because other checks grade the shapes. The extension has no such checks.
    """
    read = as_column if case.model == "DNN" else tensor

    def attempt(source):
        grads, keys = run_backward(student, case, source), gradient_keys(case, kinds)

        def expect(key):
            expect_tensor(key, read(key, require_key("grads", grads, key)), reference_of(case).grads[key], case=case)

        expect_each(keys, present_keys(grads, keys), expect)

    with_own_or_reference_cache(student, case, reference_cache, attempt)


@cache
def on_base(case):
    """Return the case on a correct DNN, for a SoftmaxDNN that relies on mistakes in the student's own DNN."""
    finite = {key: np.nan_to_num(value) for key, value in reference_of(case).grads.items()}  # log(0) has no derivative
    return on_right_base(case, reference_cache(case), finite)


def expect_on_either_base(expect, case):
    """Raise CheckFailure unless an expectation holds on the student's own DNN or on a correct one."""
    either(lambda: expect(case), lambda: expect(on_base(case)))


@cache
def case_for_dnn(case):
    """Return a case for the student's DNN whose A - Y equals the reference dZ of the output layer of another model."""
    last = case.layers[-1]
    return replace(case, model="DNN", Y=reference_cache(case)[f"A{last}"] - reference_of(case).grads[f"Z{last}"])


def expect_reference_or_result_of_dnn(student, case):
    """Raise CheckFailure unless every W and B gradient is correct, or follows from the correct dZ_L through the student's DNN.

    Everything below the output layer is computed by dnn.py, whose mistakes cost points there.
    """

    def expect_way_of_dnn():
        own = own_gradients(student, case_for_dnn(case), lambda _: reference_cache(case))
        grads = run_backward(student, case, reference_cache)
        for key in case.params:
            expect_tensor(key, require_key("grads", grads, key), require_key("The gradients of DNN", own, key))

    either(lambda: expect_reference(student, case), expect_way_of_dnn)


def parameter_gradients(student, case, source):
    """Return the W and B gradients in any shape; raise CheckFailure if there are none."""
    grads = run_backward(student, case, source)
    keys = gradient_keys(case, "WB")
    found = {key: tensor(key, require_key("grads", grads, key)) for key in present_keys(grads, keys) or keys}
    for key, value in found.items():
        expect_finite(key, value)
    return found


def expect_finite_gradients(student, case):
    """Raise CheckFailure if a W or B gradient contains nan or infinity."""

    def attempt(source):
        grads = run_backward(student, case, source)
        for key in present_keys(grads, gradient_keys(case, "WB")):
            expect_finite(key, tensor(key, require_key("grads", grads, key)))

    with_own_or_reference_cache(student, case, reference_cache, attempt)
