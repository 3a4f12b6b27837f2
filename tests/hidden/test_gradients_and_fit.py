"""Hidden checks of `gradients` and `fit`.

Both are put together from forward, loss and compute_gradients. They are held against the truth and against the student's own
parts, so that a mistake in a part is not paid for again.
"""

import functools

import numpy as np

from autograder.checking import FOUND, CheckFailure, Found, check, describe, expect_tensor, few, mapping, take, tensor
from autograder.judge.oracle import truth
from autograder.running import either, expect_whole, network
from tests.hidden.cases import MAIN, OTHER

LEARNING_RATE = 0.5
EPOCHS = 4


@check
def test_gradients(student):
    """`gradients(X, Y)` runs forward, hands over the labels and returns at least every W and B gradient."""
    for case in (MAIN, OTHER):
        expect_whole(student, case, truth(case).grads)


def descent(gradients_at, loss_at):
    """The loss before each update of gradient descent on MAIN, and the parameters before the first and after every update."""
    losses, params = [], [MAIN.params]
    for _ in range(EPOCHS):
        losses.append(loss_at(params[-1]))
        grads = gradients_at(params[-1])
        params.append({key: value - LEARNING_RATE * grads[key] for key, value in params[-1].items()})
    return np.array(losses), params


@functools.cache
def true_descent():
    """The descent by the true gradients."""

    def at(params):
        return truth(MAIN.with_params(params))

    return descent(lambda params: at(params).grads, lambda params: at(params).loss)


def own_descent(student):
    """The descent by the student's own gradients and loss; CheckFailure where these lead nowhere."""

    def gradients_at(params):
        grads = student.fetch(network(student, MAIN.with_params(params)).gradients(MAIN.X, MAIN.Y))
        return {key: tensor(key, take("grads", grads, key)).reshape(MAIN.shape(key)) for key in params}

    def loss_at(params):
        net = network(student, MAIN.with_params(params))
        out, _ = student.unpack(net.forward(MAIN.X))
        return float(student.fetch(net.loss(out, MAIN.Y)))

    try:
        losses, params = descent(gradients_at, loss_at)
    except (ValueError, TypeError) as error:
        raise CheckFailure("The own gradients and losses are no numbers.") from error
    if not np.isfinite(losses).all() or len(set(losses)) < EPOCHS:
        raise CheckFailure("The own descent leads nowhere.")
    return losses, params


def run_fit(student, tolerance):
    """The recorded losses of the student's fit on MAIN, shape (epochs,), and the parameters after it."""
    net = network(student, MAIN)
    losses = net.fit(MAIN.X, MAIN.Y, learning_rate=LEARNING_RATE, epochs=EPOCHS, tolerance=tolerance)
    losses, params = student.fetch(losses, net.params)
    if losses is None:
        raise CheckFailure("fit must return the list of recorded losses; it returned None (is the return missing?).")
    losses = tensor("losses", losses)
    if losses.ndim != 1:
        found = describe(losses)
        raise CheckFailure(f"fit must return a list with one loss for each epoch; it returned {FOUND}.", found=found)
    return losses, mapping("net.params", params)


def on_either_descent(student, attempt):
    """Let fit try against the true descent, then against the descent by the student's own gradients."""
    either(lambda: attempt(*true_descent()), lambda: attempt(*own_descent(student)))


@check
def test_fit_losses(student):
    """`fit` records the loss before every update and returns one loss for each epoch."""

    def attempt(want, _):
        losses, _ = run_fit(student, tolerance=0.0)
        expect_epochs(losses, EPOCHS)
        expect_tensor("losses", losses, want)

    on_either_descent(student, attempt)


@check
def test_fit_parameters(student):
    """After `fit` the parameters have taken one step against the gradient in every epoch."""

    def attempt(_, want):
        _, params = run_fit(student, tolerance=0.0)
        expect_params(params, want[EPOCHS])

    on_either_descent(student, attempt)


@check
def test_fit_tolerance(student):
    """`fit` stops, without a further update, as soon as the recorded loss is below the tolerance, and not before."""

    def attempt(want, steps):
        updates = 2 if want[0] > want[1] > want[2] else 0
        tolerance = (want[1] + want[2]) / 2 if updates else want[0] + 1e-3
        losses, params = run_fit(student, tolerance=float(tolerance))
        expect_epochs(losses, updates + 1)
        expect_params(params, steps[updates])

    on_either_descent(student, attempt)


def expect_params(params, want):
    for key in want:
        expect_tensor(f'params["{key}"]', take("net.params", params, key), want[key])


def expect_epochs(losses, want):
    if len(losses) != want:
        found = Found(str(len(losses)), few(len(losses), EPOCHS + 1))
        message = f"fit must have recorded {want} losses here, the last one included; it recorded {FOUND}."
        raise CheckFailure(message, found=found)
