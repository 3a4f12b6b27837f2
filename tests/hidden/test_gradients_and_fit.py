"""Hidden checks of `gradients` and `fit`.

Both are put together from forward, loss and compute_gradients. They are held against the truth and against the student's own
parts, so that a mistake in a part is not paid for again.
"""

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.cases import EPOCHS
from autograder.backprop.oracle import reference_of
from autograder.backprop.running import (
    as_gradients,
    depends,
    either,
    expect_finite_tensors,
    expect_whole,
    network,
    on_another_batch,
)
from autograder.checking import (
    FOUND,
    CheckFailure,
    Found,
    capped_count,
    check,
    describe,
    expect_tensor,
    mapping,
    require_key,
    tensor,
)
from tests.hidden.steps import also_on_squares

MOST_NUMBERS = 10_000  # of a parameter that a gradient of a wrong shape has made larger


@check
@also_on_squares
def test_gradients(student, cases):
    """`gradients(X, Y)` runs forward, hands over the labels and returns at least every W and B gradient."""
    for case in (cases.main, cases.other):
        expect_whole(student, case, reference_of(case).grads)


class Descent(NamedTuple):
    """Gradient descent on a case: the loss before each update, and the parameters before the first and after every update."""

    case: Any
    rate: float
    losses: np.ndarray
    params: list


@functools.cache
def true_descent(cases):
    """The descent on the main case by the true gradients."""
    losses, params = [], [cases.main.params]
    for _ in range(EPOCHS):
        right = reference_of(cases.main.with_params(params[-1]))
        losses.append(right.loss)
        params.append({key: value - cases.learning_rate * right.grads[key] for key, value in params[-1].items()})
    return Descent(cases.main, cases.learning_rate, np.array(losses), params)


def own_descent(student, cases, case):
    """The same by the student's own network, its losses and its gradients; CheckFailure where these lead nowhere.

    Where the own gradients are too large, the rate makes up for it: what runs away ends in infinities, or by luck does not.
    """
    net, losses, params = network(student, case), [], [case.params]
    rate = float(
        cases.learning_rate * min(1, size(reference_of(case).grads, case) / size(gradients_of(student, net, case), case))
    )
    net = network(student, case)
    for _ in range(EPOCHS):
        out, _ = student.unpack(net.forward(case.X))
        losses.append(one_number("loss", student.fetch(net.loss(out, case.Y))))
        grads = gradients_of(student, net, case)
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
        raise CheckFailure(f"`{name}` is no finite number.", name)
    return float(number.reshape(()))


def expect_alive_gradients(student, case):
    """CheckFailure unless `gradients` computes something from the case."""
    variants = (case, case, on_another_batch(case))
    if not depends(*(gradients_of(student, network(student, variant), variant) for variant in variants)):
        expect_finite_tensors("grads", gradients_of(student, network(student, case), case), case.params)
        raise CheckFailure("The gradients do not depend on the batch, or differ from call to call.")


def gradients_of(student, net, case):
    """What the student's network returns from `gradients`, for every W and B in whatever shape."""
    grads = as_gradients("gradients", student.fetch(net.gradients(case.X, case.Y)), case)
    return {key: tensor(key, require_key("grads", grads, key)) for key in case.params}


def step(value, change):
    """The value after a step; CheckFailure if the shapes do not go together."""
    try:
        shape = np.broadcast_shapes(value.shape, change.shape)
    except ValueError:
        raise CheckFailure("A parameter and its gradient have shapes that do not go together.") from None
    if math.prod(shape) > MOST_NUMBERS:
        raise CheckFailure("A parameter grows with every step.")
    return value - change


def run_fit(student, descent, tolerance):
    """The recorded losses of the student's fit as in a descent, shape (epochs,), and the parameters after it."""
    case = descent.case
    net = network(student, case)
    losses = net.fit(case.X, case.Y, learning_rate=descent.rate, epochs=EPOCHS, tolerance=tolerance)
    losses, params = student.fetch(losses, net.params)
    if losses is None:
        raise CheckFailure("fit must return the list of recorded losses; it returned None (is the return missing?).")
    losses = tensor("losses", losses)
    if losses.ndim != 1:
        found = describe(losses)
        raise CheckFailure(f"fit must return a list with one loss for each epoch; it returned {FOUND}.", found=found)
    return losses, mapping("net.params", params)


def on_some_descent(student, cases, attempt):
    """Let fit try against the true descent, then against those by the student's own gradients.

    The last one is on a network where every tensor is one number, so that a gradient of a wrong shape does not stop fit.
    """

    def on_own_descents():
        either(lambda: expect_alive_gradients(student, cases.main), lambda: expect_alive_gradients(student, cases.square))
        either(
            lambda: attempt(own_descent(student, cases, cases.main)), lambda: attempt(own_descent(student, cases, cases.point))
        )

    either(lambda: attempt(true_descent(cases)), on_own_descents)


@check
def test_fit_losses(student, cases):
    """`fit` records the loss before every update and returns one loss for each epoch."""

    def attempt(descent):
        losses, _ = run_fit(student, descent, tolerance=0.0)
        expect_epochs(losses, EPOCHS)
        expect_tensor("losses", losses, descent.losses)

    on_some_descent(student, cases, attempt)


@check
def test_fit_parameters(student, cases):
    """After `fit` the parameters have taken one step against the gradient in every epoch."""

    def attempt(descent):
        _, params = run_fit(student, descent, tolerance=0.0)
        expect_params(params, descent.params[EPOCHS])

    on_some_descent(student, cases, attempt)


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


def expect_params(params, want):
    for key in want:
        expect_tensor(f'params["{key}"]', require_key("net.params", params, key), want[key])


def expect_epochs(losses, want):
    if len(losses) != want:
        found = Found(str(len(losses)), capped_count(len(losses), EPOCHS + 1))
        message = f"fit must have recorded {want} losses here, the last one included; it recorded {FOUND}."
        raise CheckFailure(message, found=found)
