"""Hidden checks of `gradients` and `fit`.

Both combine forward, loss and compute_gradients. They are compared with the reference and with the student's own parts, so
that a mistake in a part costs no points here.
"""

import functools
import math
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.calling import as_gradients, hand_labels, labels_place, network, remember, unpack_forward
from autograder.backprop.cases import EPOCHS
from autograder.backprop.oracle import reference_of
from autograder.backprop.running import either, expect_whole, own_gradients
from autograder.checking import (
    FOUND,
    RANDOM_STATE,
    CheckFailure,
    Found,
    StudentError,
    capped_count,
    check,
    describe,
    expect_tensor,
    mapping,
    random_state_changed,
    require_key,
    tensor,
)
from tests.hidden.credit import expect_correct_step
from tests.hidden.steps import also_on_squares

MOST_NUMBERS = 10_000  # of a parameter that a gradient of a wrong shape has made larger
UPDATES = 1  # of fit on other networks
RUNS = 12, 0, 2  # the epochs of one fit after another on the same network
RESUMED = "in one of several calls on the same network"
MOST_RATE = 1e6
LEAST_RATE = 1e-4


@check
@also_on_squares
def test_gradients(student, cases):
    """`gradients(X, Y)` runs forward, sets the labels and returns at least every W and B gradient, for any network."""
    others = (cases.deep, cases.shallow, cases.integers, cases.long)
    for case in (cases.main, cases.other, *others):
        try:
            expect_whole(student, case, reference_of(case).grads, lambda: expect_correct_step(student, cases))
        except (CheckFailure, StudentError):
            if case not in others or own_gradients(student, case):  # whatever the passes cannot do costs points there
                raise


class RunawayError(CheckFailure):
    """Gradient descent with the student's own gradients diverges."""


class Descent(NamedTuple):
    """Gradient descent on a case: the loss before each update, and the parameters before the first and after each update."""

    case: Any
    rate: float
    losses: np.ndarray
    params: list


@functools.lru_cache(maxsize=64)
def true_descent(case, rate, epochs):
    """Return the descent on a case with the reference gradients."""
    losses, params = [], [case.params]
    for _ in range(epochs):
        right = reference_of(case.with_params(params[-1]))
        losses.append(right.loss)
        params.append({key: value - rate * right.grads[key] for key, value in params[-1].items()})
    return Descent(case, rate, np.array(losses), params)


def own_descent(student, case, rate, epochs):
    """Return the descent with the student's own losses and gradients; raise CheckFailure if it is impossible."""
    return remember(student, ("descent", case, rate, epochs), lambda: descend_slowly(student, case, rate, epochs))


def descend_slowly(student, case, rate, epochs):
    """Return the descent with the first learning rate, from the given one down, at which wrong gradients don't diverge."""
    try:
        return descend(student, case, rate, epochs)
    except RunawayError:
        if rate < LEAST_RATE:
            raise
        return descend_slowly(student, case, rate / 10, epochs)


def descend(student, case, rate, epochs):
    """Descend with the student's own gradients, at a smaller rate if these are too large, which could make it diverge."""
    net, losses, params = network(student, case), [], [case.params]
    rate = float(rate * min(1, size(reference_of(case).grads, case) / size(gradients_of(student, net, case), case)))
    net, X, Y = network(student, case), student.place(case.X), student.place(case.Y)  # which the passes may change
    for _ in range(epochs):
        out, _ = unpack_forward(student, net.forward(X), case)
        losses.append(one_number("loss", student.fetch(net.loss(out, Y))))
        grads = arrays_of(case, student.fetch(net.gradients(X, Y)))
        after = mapping("net.params", student.fetch(net.params))  # a backward pass may have changed them
        params.append({key: step(tensor(key, require_key("net.params", after, key)), rate * grads[key]) for key in case.params})
        net.params = dict(params[-1])
    return Descent(case, rate, np.array(losses), params)


def size(grads, case):
    """Return the norm of all W and B gradients of a case together."""
    return np.linalg.norm([np.linalg.norm(grads[key]) for key in case.params])


def one_number(name, value):
    """Return the value as a float; raise CheckFailure if it is not a finite number."""
    number = tensor(name, value)
    if number.size != 1 or not np.isfinite(number).all():
        raise RunawayError(f"`{name}` is not a finite number.", name)
    return float(number.reshape(()))


def gradients_of(student, net, case):
    """Return the result of the student's `gradients` for every W and B, in any shape."""
    return arrays_of(case, student.fetch(net.gradients(case.X, case.Y)))


def arrays_of(case, value):
    """Return the result of `gradients` as an array for every W and B."""
    grads = as_gradients("gradients", value, case)
    return {key: tensor(key, require_key("grads", grads, key)) for key in case.params}


def step(value, change):
    """Return the value after a step; raise CheckFailure if the shapes don't fit, or if the result is not a number."""
    try:
        shape = np.broadcast_shapes(value.shape, change.shape)
    except ValueError:
        raise CheckFailure("A parameter and its gradient have shapes that don't fit.") from None
    if math.prod(shape) > MOST_NUMBERS:
        raise CheckFailure("The shape of a parameter grows with every step.")
    after: np.ndarray = value - change
    if not np.isfinite(after).all():
        raise RunawayError("Gradient descent diverges.")
    return after


def has_gradients_to_descend(student, case):
    """Return whether the student's own gradients on a case have the shapes of the parameters."""
    with suppress(CheckFailure, StudentError):
        grads = gradients_of(student, network(student, case), case)
        return all(grads[key].shape == value.shape and np.isfinite(grads[key]).all() for key, value in case.params.items())
    return False


def leads_somewhere(student, case, rate, epochs):
    """Return whether the student's own gradients have the shapes of the parameters, and descent with them is finite."""
    with suppress(CheckFailure, StudentError):
        own_descent(student, case, rate, epochs)
        return has_gradients_to_descend(student, case)
    return False


def on_some_descent(student, cases, attempt, epochs=EPOCHS, rate=None):
    """Compare fit with the reference descent on the main case, then with the descent along the student's own gradients.

    If that one is impossible, a correct fit may fail, too. Only then, try a network without hidden layers, for which an
    unfinished backward pass may be complete, and one in which every tensor has a single entry, so all shapes fit.
    """
    rate = rate or cases.learning_rate

    def on_own_descent():
        expect_correct_step(student, cases)
        if leads_somewhere(student, cases.main, rate, epochs):
            on(cases.main)
        elif not leads_somewhere(student, cases.main, cases.learning_rate, EPOCHS):  # wrong gradients may diverge later
            either(lambda: on(cases.main), lambda: either(lambda: on(cases.shallow), lambda: on(cases.point)))

    def on(case):
        attempt(own_descent(student, case, rate, epochs))

    either(lambda: attempt(true_descent(cases.main, rate, epochs)), on_own_descent)


def on_other_network(student, cases, case, attempt):
    """Compare fit on another network; if the student's own gradients are unusable there, that costs points elsewhere."""
    rate = cases.learning_rate
    with suppress(CheckFailure, StudentError):
        attempt(true_descent(case, rate, UPDATES))
        return
    if leads_somewhere(student, case, rate, UPDATES):
        attempt(own_descent(student, case, rate, UPDATES))


def run_fit(student, descent, tolerance):
    """Return the losses recorded by the student's fit, with the shape (epochs,), and the parameters after it."""
    net = network(student, descent.case)
    losses, params = student.fetch(fit(net, descent, EPOCHS, tolerance), net.params)
    return as_losses(losses), mapping("net.params", params)


def fit(net, descent, epochs, tolerance=0.0):
    """Run the student's fit on the batch of a descent; the result is still on the student's side."""
    case = descent.case
    return net.fit(case.X, case.Y, learning_rate=descent.rate, epochs=epochs, tolerance=tolerance)


def as_losses(value):
    """Return the recorded losses as an array of shape (epochs,)."""
    if value is None:
        raise CheckFailure("fit must return the list of recorded losses; it returned None (is the return missing?).")
    losses = tensor("losses", value)
    if losses.ndim != 1:
        found = describe(losses)
        raise CheckFailure(f"fit must return a list with one loss per epoch; it returned {FOUND}.", found=found)
    return losses


@check
def test_fit_losses(student, cases):
    """`fit` records the loss before every update, and returns one loss per epoch."""

    def attempt(descent):
        losses, _ = run_fit(student, descent, tolerance=0.0)
        expect_epochs(losses, EPOCHS)
        expect_tensor("losses", losses, descent.losses[:EPOCHS])

    on_some_descent(student, cases, attempt)


@check
def test_fit_parameters(student, cases):
    """`fit` takes one step against the gradient in every epoch, for any network."""

    def attempt(descent):
        epochs = len(descent.losses)
        net = network(student, descent.case)
        _, params = student.fetch(fit(net, descent, epochs), net.params)
        expect_params(mapping("net.params", params), descent.params[epochs])

    on_some_descent(student, cases, attempt)
    for case in (cases.deep, cases.shallow, cases.integers):
        on_other_network(student, cases, case, attempt)


@check
def test_fit_tolerance(student, cases):
    """`fit` stops without another update as soon as the recorded loss is below the tolerance, and not before."""

    def attempt(descent):
        before, between, after, *_ = descent.losses
        updates = 2 if before > between > after else 0
        tolerance = (between + after) / 2 if updates else before + 1e-3
        losses, params = run_fit(student, descent, tolerance=float(tolerance))
        expect_epochs(losses, updates + 1)
        expect_params(params, descent.params[updates])

    on_some_descent(student, cases, attempt)


@check
def test_fit_goes_on(student, cases):
    """`fit` runs all epochs even if the loss doesn't fall, and a second `fit` continues from the current parameters."""

    def attempt(descent):
        net = network(student, descent.case)
        runs = student.fetch(*(fit(net, descent, epochs) for epochs in RUNS), net.params)
        *losses, params = runs
        start = 0
        for epochs, recorded in zip(RUNS, map(as_losses, losses), strict=True):
            expect_epochs(recorded, epochs, RESUMED)
            if epochs:
                expect_tensor("losses", recorded, descent.losses[start : start + epochs])
            start += epochs
        expect_params(mapping("net.params", params), descent.params[start])
        recorded = student.fetch(fit(network(student, descent.case), descent._replace(rate=0.0), EPOCHS))
        expect_epochs(as_losses(recorded), EPOCHS, "where the loss stays as it is")

    def attempt_uphill(descent):
        losses, params = run_fit(student, descent, tolerance=0.0)
        expect_epochs(losses, EPOCHS, "where the loss rises")
        expect_params(params, descent.params[EPOCHS])

    on_some_descent(student, cases, attempt, sum(RUNS))
    on_some_descent(student, cases, attempt_uphill, EPOCHS, rising_rate(cases.main, cases.learning_rate))


@functools.lru_cache(maxsize=64)
def rising_rate(case, rate):
    """Return a learning rate so large that the first step of the reference descent increases the loss."""
    while np.diff(true_descent(case, rate, 2).losses) <= 0 and rate < MOST_RATE:
        rate *= 2
    return rate


@check
@also_on_squares
def test_gradients_and_fit_leave_no_trace(student, cases):
    """`gradients` and `fit` don't change X, Y or the random state, and `gradients` doesn't change the parameters."""
    is_alive = functools.partial(expect_correct_step, student, cases)
    either(is_alive, lambda: expect_whole(student, cases.main, reference_of(cases.main).grads, is_alive))
    own = set()
    with suppress(CheckFailure, StudentError):  # side effects of the passes cost points there
        own = traces(student, cases.main, functools.partial(passes, student, cases.main))
    if found := traces(student, cases.main, lambda net, X, Y: net.gradients(X, Y)) - own:
        about = (RANDOM_STATE, RANDOM_STATE) if f"the {RANDOM_STATE}" in found else ()
        raise CheckFailure(f"`gradients` changes {max(found)}, which belongs to its caller.", *about)

    with suppress(StudentError):  # a fit that fails costs points in other checks
        found = traces(student, cases.main, lambda net, X, Y: net.fit(X, Y, learning_rate=cases.learning_rate, epochs=2))
        if found := found - own - {"the parameters"}:
            raise CheckFailure(f"`fit` changes {min(found)}; it may only change the parameters.")


def passes(student, case, net, X, Y):
    """Run both passes, one after the other."""
    out, cache = unpack_forward(student, net.forward(X), case)
    cache["Y"] = Y
    hand_labels(student, net, cache, Y, labels_place(student, case.model))
    return net.compute_gradients(out, cache)


def traces(student, case, run):
    """Return the names of everything that belongs to the caller and that a call changed."""
    net, X, Y = network(student, case), student.place(case.X), student.place(case.Y)
    before = student.stirred_random_state()
    returned = run(net, X, Y)
    after = student.random_state()
    _, X, Y, params, before, after = student.fetch(returned, X, Y, net.params, before, after)
    kept = {"X": same_bits(X, case.X), "Y": same_bits(Y, case.Y), "the parameters": is_unchanged(params, case.params)}
    kept[f"the {RANDOM_STATE}"] = not random_state_changed(before, after)
    return {name for name, is_kept in kept.items() if not is_kept}


def is_unchanged(params, want):
    """Return whether these are the parameters, with the same keys, bit for bit."""
    params = mapping("net.params", params)
    return params.keys() == want.keys() and all(same_bits(params[key], value) for key, value in want.items())


def same_bits(value, want):
    """Return whether a value is the array that the caller passed."""
    return np.array_equal(tensor("", value), want)


def expect_params(params, want):
    for key in want:
        expect_tensor(f'params["{key}"]', require_key("net.params", params, key), want[key])


def expect_epochs(losses, want, where="here, including the last one"):
    if len(losses) != want:
        found = Found(str(len(losses)), capped_count(len(losses), EPOCHS + 1))
        message = f"fit must have recorded {want} losses {where}; it recorded {FOUND}."
        raise CheckFailure(message, found=found)
