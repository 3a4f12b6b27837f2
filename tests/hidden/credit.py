"""Decide when a backward pass earns points, and keep checks of special cases from deducting points twice for one mistake."""

from contextlib import suppress
from functools import cache

import numpy as np

from autograder.backprop.case import cache_keys, gradient_keys
from autograder.backprop.oracle import reference_cache
from autograder.backprop.running import (
    arrays_in,
    either_way_up,
    expect_finite_tensors,
    has_correct_step,
    remember,
    run_backward,
    with_own_or_reference_cache,
)
from autograder.checking import ZERO, CheckFailure, StudentError, expect_tensor, norm, require_key
from tests.hidden.steps import backward, follow, take_step


def expect_correct_step(student, cases):
    """Raise CheckFailure unless some step of the backward pass is correct, outright or given the student's own results.

    If shapes don't fit on the main case, they may for square matrices, so the other steps are tried there.
    """
    expect_correct_step_on(student, cases.main, cases.square)


def expect_correct_step_on(student, *networks):
    """Raise CheckFailure unless some step of the backward pass of one of these networks, the usual one first, is correct."""
    tries = [(case, source) for case in networks for source in (None, reference_cache)]
    found = remember(student, ("correct step", *networks), lambda: any(shows_correct_step(student, *one) for one in tries))
    if not found:
        keys = gradient_keys(networks[0])

        def attempt(source):
            expect_finite_tensors("grads", run_backward(student, networks[0], source), keys)

        with_own_or_reference_cache(student, networks[0], reference_cache, attempt)
        raise CheckFailure(
            "No step of the backward pass is correct yet. Gradients that only agree with each other earn no points."
        )


def shows_correct_step(student, case, source):
    """Return whether a step is correct on a case."""
    with suppress(CheckFailure, StudentError):
        grads, cache = backward(student, case, source)
        return any(
            has_correct_step(student, case, source, [key for key in gradient_keys(case) if is_correct(case, form, cache, key)])
            for form in either_way_up(grads, case)
        )
    return False


def is_correct(case, grads, cache, key):
    """Return whether a gradient is correct, or follows from the student's own results."""
    with suppress(CheckFailure):
        expect_tensor(key, require_key("grads", grads, key), *follow(case, grads, cache, key))
        return True
    return False


def expect_same_steps(student, usual, case):
    """Raise CheckFailure if a step of the backward pass is correct on the usual case but wrong on one with the same layers."""

    def attempt(source):
        grads, cache = backward(student, case, source)
        usually = backward(student, usual, source)
        own, saved = arrays_in(grads, gradient_keys(case)), arrays_in(cache, cache_keys(case))
        for key in gradient_keys(case):
            if is_correct(usual, *usually, key):
                expect_tensor(key, require_key("grads", grads, key), *wants_of(case, own, saved, key), case=case)

    with_own_or_reference_cache(student, case, reference_cache, attempt)


def wants_of(case, own, saved, key):
    """Return the results of a step from the student's own arrays, if they have the right shape, and from the reference."""
    outright = chain(case)[key]
    with suppress(KeyError, ValueError):
        want = without_rounding(take_step(case, own, saved, key))
        if want.shape == outright.shape and np.isfinite(want).all():
            return want, outright
    return (outright,)


def without_rounding(tensor):
    """Return the tensor, or zeros if it is so small that the same operations in another order may underflow to zero."""
    return np.where(norm(tensor) <= ZERO, 0, tensor)


@cache
def chain(case):
    """Return the gradients of a case step by step, because complex steps overflow when Z is large."""
    grads = {}
    for key in gradient_keys(case):
        grads[key] = take_step(case, grads, reference_cache(case), key)
    return {key: without_rounding(value) for key, value in grads.items()}
