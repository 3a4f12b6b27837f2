"""How the hidden checks look at a backward pass: outright, and step by step on the student's own results.

Each step is checked on the student's own result of the step before it, so that one early slip costs one step. A result that is
right outright counts as well, whatever went before.
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
# The slope of an activation, from its value A.
SLOPES = {"sigmoid": lambda A: A * (1 - A), "tanh": lambda A: 1 - A**2, "relu": lambda A: A > 0}
# The steps, from the gradients and the cache one step up. `layer` is the layer of the result.
STEPS = {
    "output Z": lambda case, grads, cache, layer: OUTPUT_STEPS[case.model](cache[f"A{layer}"], case.Y),
    "W": lambda case, grads, cache, layer: grads[f"Z{layer}"] @ cache[f"A{layer - 1}"].T / case.samples,
    "B": lambda case, grads, cache, layer: grads[f"Z{layer}"].sum(axis=1, keepdims=True) / case.samples,
    "A": lambda case, grads, cache, layer: case.params[f"W{layer + 1}"].T @ grads[f"Z{layer + 1}"],
    "Z": lambda case, grads, cache, layer: grads[f"A{layer}"] * SLOPES[activations(case)[layer - 1]](cache[f"A{layer}"]),
}
VANISHED = 1e-9  # an own result this small beside the true one carries nothing that could be followed


def follow(case, grads, cache, key):
    """What the step must give: from the student's own results where they can be followed, and outright."""
    right = reference_of(case).grads[key]
    try:
        own = take_step(case, Tensors(grads, case), Tensors(cache, case), key)
    except (CheckFailure, KeyError):
        return (right,)
    if not np.isfinite(own).all() or np.linalg.norm(own) < VANISHED * np.linalg.norm(right):
        return (right,)
    return own, right


def take_step(case, grads, cache, key):
    """Return the gradient that the step to it gives, from the gradients and the cache one step up."""
    kind, layer = key[0], int(key[1:])
    step = "output Z" if kind == "Z" and layer == case.layers[-1] else kind
    return STEPS[step](case, grads, cache, layer)


class Tensors:
    """The tensors of a student's dict that can be followed: in the shape the case asks for, and not one number throughout.

    Where units are saturated, one number throughout may be all there is.
    """

    def __init__(self, mapping, case, varying=True):
        self.mapping, self.case, self.varying = mapping, case, varying

    def __getitem__(self, key):
        array = tensor(key, self.mapping[key])
        expect_shape(key, array, self.case.shape(key))
        if self.varying and array.size > 1 and np.ptp(array) == 0:
            raise CheckFailure(f"`{key}` is the same number throughout.", key)
        return array


def backward(student, case, source):
    """(grads, cache) of the student's backward pass, each with the cache it ran on."""
    grads = run_backward(student, case, source)
    return grads, run_forward(student, case)[1] if source is None else source(case)


def also_on_squares(check):
    """Let a check of dnn.py that ends in an exception be made on square matrices, too."""

    @wraps(check)
    def on_some_cases(student, cases):
        expect_on_spare(student, partial(check, student), cases, cases.squares)

    return on_some_cases


def expect_steps(student, case, keys, shallow=None):
    """Each of these gradients follows from the step before it.

    Where compute_gradients raises on the case, a shallow one shows whether the output layer is done.
    """
    try:
        expect_all_steps(student, case, keys)
    except StudentError as error:
        share = share_of_output_layer(student, keys, shallow) if shallow else 0
        if share < 1:
            raise copy_failure(error, share=share) from error.__cause__


def share_of_output_layer(student, keys, shallow):
    """The share of the gradients of these kinds that is done on a network that has an output layer alone."""
    done = gradient_keys(shallow, {key[0] for key in keys})
    with suppress(CheckFailure, StudentError):
        expect_all_steps(student, shallow, gradient_keys(shallow, "Z"))  # or nonsense would do
        expect_all_steps(student, shallow, done)
        return len(done) / len(keys)
    return 0


def expect_all_steps(student, case, keys):
    """Each of these gradients follows from the step before it."""

    def attempt(source):
        grads, cache = backward(student, case, source)

        def expect(key):
            expect_tensor(key, require_key("grads", grads, key), *follow(case, grads, cache, key), case=case)

        expect_each(keys, present_keys(grads, keys), expect)

    with_own_or_reference_cache(student, case, reference_cache, attempt)


def expect_reference(student, case, kinds="WB"):
    """Every gradient of these kinds is right outright.

    A B without its second axis is, in a DNN, whose shapes have checks of their own; those of the extension have none.
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
    """The case on a DNN that is right, for a SoftmaxDNN that leaves to the student's own one what that has wrong."""
    finite = {key: np.nan_to_num(value) for key, value in reference_of(case).grads.items()}  # saturated, log(0) has no slope
    return on_right_base(case, reference_cache(case), finite)


def expect_on_either_base(expect, case):
    """The case is as expected on the student's own DNN or on one that is right."""
    either(lambda: expect(case), lambda: expect(on_base(case)))


@cache
def case_for_dnn(case):
    """A case for the student's DNN whose walk back begins, at A - Y, with the true dZ of the output layer of another model."""
    last = case.layers[-1]
    return replace(case, model="DNN", Y=reference_cache(case)[f"A{last}"] - reference_of(case).grads[f"Z{last}"])


def expect_reference_or_result_of_dnn(student, case):
    """Every W and B gradient is right outright, or is what the student's own DNN makes of the right dZ of the output layer.

    What is below the output layer is the work of dnn.py, whose mistakes are paid for there.
    """

    def expect_way_of_dnn():
        own = own_gradients(student, case_for_dnn(case), lambda _: reference_cache(case))
        grads = run_backward(student, case, reference_cache)
        for key in case.params:
            expect_tensor(key, require_key("grads", grads, key), require_key("The gradients of DNN", own, key))

    either(lambda: expect_reference(student, case), expect_way_of_dnn)


def parameter_gradients(student, case, source):
    """The W and B gradients in whatever shapes they come; CheckFailure if there are none."""
    grads = run_backward(student, case, source)
    keys = gradient_keys(case, "WB")
    found = {key: tensor(key, require_key("grads", grads, key)) for key in present_keys(grads, keys) or keys}
    for key, value in found.items():
        expect_finite(key, value)
    return found


def expect_finite_gradients(student, case):
    """The W and B gradients hold neither nan nor infinity."""

    def attempt(source):
        grads = run_backward(student, case, source)
        for key in present_keys(grads, gradient_keys(case, "WB")):
            expect_finite(key, tensor(key, require_key("grads", grads, key)))

    with_own_or_reference_cache(student, case, reference_cache, attempt)
