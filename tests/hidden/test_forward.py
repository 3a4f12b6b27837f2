"""Hidden checks of `forward` and its cache.

Z_l is checked given the student's own A_{l-1}, and A_l given the student's own Z_l, so that one mistake costs points only once.
"""

from contextlib import suppress

import numpy as np

from autograder.backprop.calling import have_overflowed
from autograder.backprop.case import cache_keys
from autograder.backprop.oracle import reference_of, sigmoid
from autograder.backprop.running import (
    answer_of_forward,
    expect_input_dependence_of_forward,
    network,
    on_another_batch,
    run_cache,
    run_output,
    same,
    tensors_of_forward,
)
from autograder.checking import (
    CheckFailure,
    StudentError,
    check,
    expect_finite,
    expect_same_random_state,
    expect_tensor,
    expect_untouched,
    require_key,
    require_keys,
    tensor,
)
from tests.hidden.credit import without_rounding
from tests.hidden.steps import Tensors, also_on_squares
from tests.hidden.used import expect_no_new_keys, nudge, with_nudge, with_other_params

# The tensors that those of a layer follow from.
STEPS = {
    "Z": lambda case, cache, layer: case.params[f"W{layer}"] @ cache[f"A{layer - 1}"] + case.params[f"B{layer}"],
    "A": lambda case, cache, layer: sigmoid(cache[f"Z{layer}"]),
}


def expect_cache(student, case, kinds):
    """Raise CheckFailure unless the tensors of these kinds are correct."""
    cache = run_cache(student, case)
    for key in keys_of(case, kinds):
        expect_tensor(key, require_key("The cache", cache, key), reference_of(case).cache[key])


def expect_cache_steps(student, case, kind):
    """Raise CheckFailure unless the tensors of this kind are correct, or follow from the student's own ones."""
    for key in keys_of(case, kind):
        expect_step(student, case, key)


def keys_of(case, kinds):
    return [key for key in cache_keys(case) if key[0] in kinds]


def followed(case, cache, key, varying):
    """Return the result of a step from the student's own results, if they can be followed."""
    try:
        yield STEPS[key[0]](case, Tensors(cache, case, varying), int(key[1:]))
    except (CheckFailure, KeyError):
        return


def expect_correct_step(student, case):
    """Raise CheckFailure unless the output, or some Z or A but A_0, is correct or follows from the student's own results."""
    keys = [key for key in cache_keys(case) if key[0] in "ZA" and key != "A0"]
    right = (holds(expect_step, student, case, key) for key in keys)
    if not holds(expect_right_output, student, case) and not any(right):
        answer_of_forward(student, case)  # may raise
        raise CheckFailure("No step of `forward` is correct yet. Values that only agree with each other earn no points.")


@check
def test_forward_output(student, cases):
    """`forward` returns the correct output for batches of shape (2, m), including m = 1."""
    for case in (cases.main, cases.single):
        expect_right_output(student, case)


@check
@also_on_squares
def test_forward_cache_keys(student, cases):
    """The cache has a key for every W, B, Z and A for a batch of shape (2, m)."""
    expect_input_dependence_of_forward(student, cases.main)
    require_keys("The cache", run_cache(student, cases.main), cache_keys(cases.main))


@check
@also_on_squares
def test_forward_cache_Z(student, cases):
    """The cache holds every Z_l, before the activation, with the shape (n_l, m)."""
    expect_cache_steps(student, cases.main, "Z")


@check
@also_on_squares
def test_forward_cache_A(student, cases):
    """The cache holds every A_l, from the input A_0 to the output, with the shape (n_l, m)."""
    expect_cache_steps(student, cases.main, "A")


@check
@also_on_squares
def test_forward_cache_W_and_B(student, cases):
    """The cache holds the W_l and B_l that the forward pass used."""
    expect_correct_step(student, cases.main)
    expect_cache(student, cases.main, "WB")


@check
def test_forward_other_depths(student, cases):
    """`forward` and its cache are correct for any layer_sizes and any batch: deep, shallow, large, and with integers in X."""
    for case in (cases.deep, cases.shallow, cases.integers, cases.long, cases.wide):
        expect_right_output(student, case)
        expect_cache(student, case, "ZA")


@check
@also_on_squares
def test_forward_saturated(student, cases):
    """`forward` is correct when |Z| is large: from 10 to 40, and at 1000."""
    expect_correct_step(student, cases.main)
    for case in (cases.tail, cases.saturated):
        for key, value in tensors_of_forward(answer_of_forward(student, case), case).items():
            expect_finite(key, value)
        expect_same_steps(student, cases.main, case)


def expect_same_steps(student, usual, case):
    """Raise CheckFailure if a result or a step is correct on the usual case, but wrong on another one with the same layers."""
    for key in cache_keys(usual):
        if key[0] in "ZA" and holds(expect_step, student, usual, key):
            expect_step(student, case, key, varying=False)
    if holds(expect_output, student, usual):
        expect_output(student, case)


def expect_step(student, case, key, varying=True):
    cache = run_cache(student, case)
    wants = reference_of(case).cache[key], *followed(case, cache, key, varying)
    got = require_key("The cache", cache, key)
    if (
        key[0] == "Z"
        and has_overflowed(cache, f"A{int(key[1:]) - 1}")
        and np.array_equal(tensor(key, got), wants[-1], equal_nan=True)
    ):
        return
    expect_tensor(key, got, *map(without_rounding, wants))


def has_overflowed(cache, key):
    """Return whether a tensor contains infinity, which costs points there, and no nan."""
    with suppress(CheckFailure):
        array = tensor(key, require_key("The cache", cache, key))
        return have_overflowed([array]) and not np.isnan(array).any()
    return False


def expect_output(student, case):
    """Raise CheckFailure unless the output is correct, or equals the last A in the student's own cache."""
    with suppress(CheckFailure, StudentError):
        own = tensors_of_forward(answer_of_forward(student, case), case)
        expect_tensor("out", require_key("", own, "out"), require_key("", own, f"A{case.layers[-1]}"))
        return
    expect_right_output(student, case)


def expect_right_output(student, case):
    expect_tensor("out", run_output(student, case), reference_of(case).out)


def holds(expect, *arguments):
    """Return whether the check passes."""
    with suppress(CheckFailure, StudentError):
        expect(*arguments)
        return True
    return False


@check
@also_on_squares
def test_forward_leaves_no_trace(student, cases):
    """`forward` doesn't change X, the parameters or the random state; a used network returns the same as a new one."""
    expect_correct_step(student, cases.main)
    net = network(student, cases.main)
    X = student.place(cases.main.X)
    before = student.stirred_random_state()
    first = net.forward(X)
    after = student.random_state()
    net.forward(cases.other.X)
    again = net.forward(X)
    first, again, X, params, before, after = student.fetch(first, again, X, net.params, before, after)
    expect_untouched("X", X, cases.main.X)
    for key, value in cases.main.params.items():
        expect_untouched(key, require_key("net.params", params, key), value)
    expect_no_new_keys("net.params", params, cases.main.params)
    expect_same_random_state("forward", before, after)
    second = tensors_of_forward(again, cases.main)
    wants = tensors_of_forward(first, cases.main)
    overflowed = have_overflowed(wants.values())  # which costs points elsewhere
    for key, want in wants.items():
        got = tensor(key, require_key("The second cache", second, key))
        if not np.array_equal(got, want, equal_nan=overflowed):
            expect_tensor(key, got, want)
    expect_use_again(student, cases.main)


def expect_use_again(student, case):
    """Raise CheckFailure unless a used network returns the same as a new one, for a second batch and for changed weights."""
    net, other = network(student, case), on_another_batch(case)
    first, second = student.fetch(net.forward(case.X), net.forward(other.X))
    expect_as_new(
        student, other, second, "`forward` keeps values of an earlier batch: it is wrong for a second batch of the same shape."
    )
    expect_as_new(student, case, first, "A second `forward` on the same network changed what the first one returned.")
    net.params = student.parameters(with_other_params(case).params)
    replaced = student.fetch(net.forward(case.X))
    message = "`forward` does not use the parameters that were assigned to net.params after an earlier call."
    expect_as_new(student, with_other_params(case), replaced, message)
    net.params = student.parameters(case.params)
    net.forward(case.X)
    nudge(net, case)
    nudged = student.fetch(net.forward(case.X))
    expect_as_new(student, with_nudge(case), nudged, "`forward` does not notice that a weight in net.params has changed.")


def expect_as_new(student, case, answer, message):
    """Raise CheckFailure unless the output and every Z and A are those of a new network on the case."""
    got = tensors_of_forward(answer, case)
    wants = tensors_of_forward(answer_of_forward(student, case), case)
    overflowed = have_overflowed(wants.values())
    for key, want in wants.items():
        if key[0] not in "WB" and not (key in got and same(got[key], want, overflowed)):
            raise CheckFailure(message, key)
