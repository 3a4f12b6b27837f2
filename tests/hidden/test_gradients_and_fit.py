"""Hidden checks of `gradients` and `fit`.

Both are put together from forward, loss and compute_gradients. They are held against the truth and against the student's own
parts, so that a mistake in a part is not paid for again.
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
    """`gradients(X, Y)` runs forward, hands over the labels and returns at least every W and B gradient, for any network."""
    others = (cases.deep, cases.shallow, cases.integers, cases.long)
    for case in (cases.main, cases.other, *others):
        if case not in others or own_gradients(student, case):  # what the passes cannot do is paid for there
            expect_whole(student, case, reference_of(case).grads, lambda: expect_correct_step(student, cases))


class RunawayError(CheckFailure):
    """A descent by the student's own gradients ends in numbers that are too large."""


class Descent(NamedTuple):
    """Gradient descent on a case: the loss before each update, and the parameters before the first and after every update."""

    case: Any
    rate: float
    losses: np.ndarray
    params: list


@functools.lru_cache(maxsize=64)
def true_descent(case, rate, epochs):
    """The descent on a case by the true gradients."""
    losses, params = [], [case.params]
    for _ in range(epochs):
        right = reference_of(case.with_params(params[-1]))
        losses.append(right.loss)
        params.append({key: value - rate * right.grads[key] for key, value in params[-1].items()})
    return Descent(case, rate, np.array(losses), params)


def own_descent(student, case, rate, epochs):
    """The same by the student's own network, its losses and its gradients; CheckFailure where these lead nowhere."""
    return remember(student, ("descent", case, rate, epochs), lambda: descend_slowly(student, case, rate, epochs))


def descend_slowly(student, case, rate, epochs):
    """The descent at the first rate, from the given one down, at which wrong gradients do not run away."""
    try:
        return descend(student, case, rate, epochs)
    except RunawayError:
        if rate < LEAST_RATE:
            raise
        return descend_slowly(student, case, rate / 10, epochs)


def descend(student, case, rate, epochs):
    """Where the own gradients are too large, the rate makes up for it: what runs away ends in infinities, or by luck not."""
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
    """How large the W and B gradients of a case are together."""
    return np.linalg.norm([np.linalg.norm(grads[key]) for key in case.params])


def one_number(name, value):
    """The value as a float; CheckFailure if it is no finite number."""
    number = tensor(name, value)
    if number.size != 1 or not np.isfinite(number).all():
        raise RunawayError(f"`{name}` is no finite number.", name)
    return float(number.reshape(()))


def gradients_of(student, net, case):
    """What the student's network returns from `gradients`, for every W and B in whatever shape."""
    return arrays_of(case, student.fetch(net.gradients(case.X, case.Y)))


def arrays_of(case, value):
    """What `gradients` returned as the arrays of every W and B."""
    grads = as_gradients("gradients", value, case)
    return {key: tensor(key, require_key("grads", grads, key)) for key in case.params}


def step(value, change):
    """The value after a step; CheckFailure if the shapes do not go together, or if it ends in no number."""
    try:
        shape = np.broadcast_shapes(value.shape, change.shape)
    except ValueError:
        raise CheckFailure("A parameter and its gradient have shapes that do not go together.") from None
    if math.prod(shape) > MOST_NUMBERS:
        raise CheckFailure("A parameter grows with every step.")
    after: np.ndarray = value - change
    if not np.isfinite(after).all():
        raise RunawayError("The descent runs away.")
    return after


def has_gradients_to_descend(student, case):
    """Whether the student's own gradients on a case have the shapes of the parameters."""
    with suppress(CheckFailure, StudentError):
        grads = gradients_of(student, network(student, case), case)
        return all(grads[key].shape == value.shape and np.isfinite(grads[key]).all() for key, value in case.params.items())
    return False


def leads_somewhere(student, case, rate, epochs):
    """Whether the student's own gradients have the shapes of the parameters, and their descent ends in numbers."""
    with suppress(CheckFailure, StudentError):
        own_descent(student, case, rate, epochs)
        return has_gradients_to_descend(student, case)
    return False


def on_some_descent(student, cases, attempt, epochs=EPOCHS, rate=None):
    """Let fit try against the true descent on the main case, then against the one by the student's own gradients.

    Only where that one leads nowhere, which may stop a right fit, it may try without hidden layers, where an unfinished
    backward pass is whole, and where every tensor is one number, so that all shapes are the same.
    """
    rate = rate or cases.learning_rate

    def on_own_descent():
        expect_correct_step(student, cases)
        if leads_somewhere(student, cases.main, rate, epochs):
            on(cases.main)
        elif not leads_somewhere(student, cases.main, cases.learning_rate, EPOCHS):  # else wrong gradients run away in the end
            either(lambda: on(cases.main), lambda: either(lambda: on(cases.shallow), lambda: on(cases.point)))

    def on(case):
        attempt(own_descent(student, case, rate, epochs))

    either(lambda: attempt(true_descent(cases.main, rate, epochs)), on_own_descent)


def on_other_network(student, cases, case, attempt):
    """The same on another network; where the student's own gradients are of no use there, they are paid for elsewhere."""
    rate = cases.learning_rate
    with suppress(CheckFailure, StudentError):
        attempt(true_descent(case, rate, UPDATES))
        return
    if leads_somewhere(student, case, rate, UPDATES):
        attempt(own_descent(student, case, rate, UPDATES))


def run_fit(student, descent, tolerance):
    """The recorded losses of the student's fit as in a descent, shape (epochs,), and the parameters after it."""
    net = network(student, descent.case)
    losses, params = student.fetch(fit(net, descent, EPOCHS, tolerance), net.params)
    return as_losses(losses), mapping("net.params", params)


def fit(net, descent, epochs, tolerance=0.0):
    """The student's fit on the batch of a descent, still on the student's side."""
    case = descent.case
    return net.fit(case.X, case.Y, learning_rate=descent.rate, epochs=epochs, tolerance=tolerance)


def as_losses(value):
    """The recorded losses as an array, shape (epochs,)."""
    if value is None:
        raise CheckFailure("fit must return the list of recorded losses; it returned None (is the return missing?).")
    losses = tensor("losses", value)
    if losses.ndim != 1:
        found = describe(losses)
        raise CheckFailure(f"fit must return a list with one loss for each epoch; it returned {FOUND}.", found=found)
    return losses


@check
def test_fit_losses(student, cases):
    """`fit` records the loss before every update and returns one loss for each epoch."""

    def attempt(descent):
        losses, _ = run_fit(student, descent, tolerance=0.0)
        expect_epochs(losses, EPOCHS)
        expect_tensor("losses", losses, descent.losses[:EPOCHS])

    on_some_descent(student, cases, attempt)


@check
def test_fit_parameters(student, cases):
    """After `fit` the parameters of any network have taken one step against the gradient in every epoch."""

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
    """`fit` stops, without a further update, as soon as the recorded loss is below the tolerance, and not before."""

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
    """`fit` takes every step it is told to, also where the loss does not fall, and a second `fit` goes on where one ended."""

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
    """A learning rate so large that the first step of the true descent makes the loss larger."""
    while np.diff(true_descent(case, rate, 2).losses) <= 0 and rate < MOST_RATE:
        rate *= 2
    return rate


@check
@also_on_squares
def test_gradients_and_fit_leave_no_trace(student, cases):
    """`gradients` and `fit` change neither X nor Y nor the random state, and `gradients` does not change the parameters."""
    is_alive = functools.partial(expect_correct_step, student, cases)
    either(is_alive, lambda: expect_whole(student, cases.main, reference_of(cases.main).grads, is_alive))
    own = set()
    with suppress(CheckFailure, StudentError):  # what the passes leave is paid for there
        own = traces(student, cases.main, functools.partial(passes, student, cases.main))
    if found := traces(student, cases.main, lambda net, X, Y: net.gradients(X, Y)) - own:
        about = (RANDOM_STATE, RANDOM_STATE) if f"the {RANDOM_STATE}" in found else ()
        raise CheckFailure(f"`gradients` changes {max(found)}; it must change nothing that its caller has.", *about)

    with suppress(StudentError):  # a fit that cannot go on is paid for in checks of its own
        found = traces(student, cases.main, lambda net, X, Y: net.fit(X, Y, learning_rate=cases.learning_rate, epochs=2))
        if found := found - own - {"the parameters"}:
            raise CheckFailure(f"`fit` changes {min(found)}; it must change nothing but the parameters.")


def passes(student, case, net, X, Y):
    """The result of both passes one after the other."""
    out, cache = unpack_forward(student, net.forward(X), case)
    cache["Y"] = Y
    hand_labels(student, net, cache, Y, labels_place(student, case.model))
    return net.compute_gradients(out, cache)


def traces(student, case, run):
    """What a call changed of the things that belong to its caller: their names."""
    net, X, Y = network(student, case), student.place(case.X), student.place(case.Y)
    before = student.stirred_random_state()
    returned = run(net, X, Y)
    after = student.random_state()
    _, X, Y, params, before, after = student.fetch(returned, X, Y, net.params, before, after)
    kept = {"X": same_bits(X, case.X), "Y": same_bits(Y, case.Y), "the parameters": is_unchanged(params, case.params)}
    kept[f"the {RANDOM_STATE}"] = not random_state_changed(before, after)
    return {name for name, is_kept in kept.items() if not is_kept}


def is_unchanged(params, want):
    """Whether these are the parameters, under the same keys and to the last bit."""
    params = mapping("net.params", params)
    return params.keys() == want.keys() and all(same_bits(params[key], value) for key, value in want.items())


def same_bits(value, want):
    """Whether a value is the array that the caller handed over."""
    return np.array_equal(tensor("", value), want)


def expect_params(params, want):
    for key in want:
        expect_tensor(f'params["{key}"]', require_key("net.params", params, key), want[key])


def expect_epochs(losses, want, where="here, the last one included"):
    if len(losses) != want:
        found = Found(str(len(losses)), capped_count(len(losses), EPOCHS + 1))
        message = f"fit must have recorded {want} losses {where}; it recorded {FOUND}."
        raise CheckFailure(message, found=found)
