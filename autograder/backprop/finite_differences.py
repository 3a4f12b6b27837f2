"""Whether a backward pass works by finite differences: nudges a weight, runs forward again, and divides by the nudge.

Two signs tell. Neither looks at how a program is written, or minds how often it loops or runs forward again.

- With an X that is 2^40 times as large and a W1 that is as much smaller, a network computes the very same, and dW1 grows by
  2^40. A weight that is nudged by an ordinary step then takes its unit from one end of the activation to the other, and what
  comes is a multiple of one known matrix, whatever the step. No other program makes that matrix.
- The child counts how often `forward` runs during a call of compute_gradients. As often as W1 has weights is no proof, for a
  test of the gradients may have been left in, and a TA is told. It is one if dW1 also fails to grow as it must, by 2^40 or by
  2^400, where the smallest steps along the imaginary axis are large.

The child belongs to the student and may count as it likes, which can hide the second sign and nothing else.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.calling import as_gradients, network
from autograder.backprop.case import Case
from autograder.backprop.oracle import forward, reference_cache, sample_losses
from autograder.backprop.running import cache_with_overrides, copied_cache
from autograder.checking import CheckFailure, StudentError, agree, expect_shape, require_key, tensor
from autograder.sandbox.student import SandboxedStudent

SIZES = (5, 6, 4, 3)
ACTIVATIONS = {"GeneralDNN": ("tanh", "relu", "sigmoid")}
FAR, VERY_FAR = 2.0**40, 2.0**400  # powers of two: dividing by them rounds nothing
STEP = 1e-4  # beside FAR any step will do, it is beyond every bend
LIKENESS = 1e-2  # how far, relative to its size, a gradient may be from a multiple of the differences
MAX_CALLS = 1_000_000  # a child may count higher and is not believed


class GradientMethod(NamedTuple):
    """How a network finds its gradients: whether by finite differences, and what a TA is told about it."""

    uses_finite_differences: bool = False
    remark: str = ""


@cache
def case_for(model: str, factor: float = 1.0) -> Case:
    """The network of this class that is looked at, for an X that is larger by the factor; the labels suit a softmax too."""
    rng = np.random.default_rng(5)
    params = {}
    for layer in range(1, len(SIZES)):
        params[f"W{layer}"] = rng.normal(scale=1.5, size=(SIZES[layer], SIZES[layer - 1]))
        params[f"B{layer}"] = rng.normal(scale=0.7, size=(SIZES[layer], 1))
    params["W1"] /= factor
    X, Y = factor * rng.normal(size=(SIZES[0], 3)), np.eye(3)[:, [2, 0, 1]]
    return Case(f"{model} for large inputs", SIZES, params, X, Y, model, ACTIVATIONS.get(model, ()))


@np.errstate(all="ignore")  # a student's gradient may be infinite, and that of a wrong step is
def detect_finite_differences(student: SandboxedStudent, model: str) -> GradientMethod:
    """How the student's network of this class finds its gradients; nothing is said of one that cannot be run."""
    near = run(student, model, 1.0)
    if near is None:
        return GradientMethod()
    gradient, calls = near
    far, often = run(student, model, FAR), calls >= gradient.size
    alike = far is not None and is_made_of_differences(far[0], model)
    if alike or (often and (breaks(gradient, far, FAR) or breaks(gradient, run(student, model, VERY_FAR), VERY_FAR))):
        counted = f", with {calls} runs of forward in one call" if calls else ""
        return GradientMethod(True, f"compute_gradients of {model} works by finite differences{counted}.")
    if often:
        return GradientMethod(
            False, f"compute_gradients of {model} runs forward {calls} times in one call; what for is for you to see."
        )
    return GradientMethod()


def run(student: SandboxedStudent, model: str, factor: float) -> tuple[np.ndarray, int] | None:
    """dW1 of the student's network on its case, and how often `forward` ran for it; None if nothing like it came."""
    case = case_for(model, factor)
    try:
        grads, calls = called(student, case)
        gradient = tensor("W1", require_key("grads", as_gradients("compute_gradients", grads, case), "W1"))
        expect_shape("W1", gradient, case.shape("W1"))
    except (CheckFailure, StudentError):
        return None
    return gradient, min(max(calls, 0), MAX_CALLS) if type(calls) is int else 0


def called(student: SandboxedStudent, case: Case) -> tuple[Any, Any]:
    """What compute_gradients returns for the right cache, laid over the student's own, and how often `forward` ran for it."""
    right = reference_cache(case)
    values, out = {**right, "Y": case.Y}, right[f"A{case.layers[-1]}"]

    def call(net: Any, cache: Any) -> tuple[Any, Any]:
        return student.fetch(*student.counted("forward", net.compute_gradients, out, cache))

    try:
        # In one go, which does for nearly every forward pass; for the others it is found out what their cache is.
        net = network(student, case)
        cache = copied_cache(student, net, case)
        student.fill(cache, values)
        return call(net, cache)
    except StudentError as error:
        if not error.raised:  # it has not come back, and need not be called again
            raise
    net = network(student, case)
    return call(net, cache_with_overrides(student, net, case, values))


def breaks(gradient: np.ndarray, found: tuple[np.ndarray, int] | None, factor: float) -> bool:
    """Whether what was found for an X larger by the factor is not the gradient times the factor; nothing proves nothing."""
    return found is not None and not agree(found[0] / factor, gradient)


def is_made_of_differences(gradient: np.ndarray, model: str) -> bool:
    """Whether dW1 for the X that is FAR larger is what differences of the loss give: central ones, or to either side."""
    size = np.linalg.norm(gradient)
    if not np.isfinite(size) or size == 0:
        return False
    return any(np.linalg.norm(gradient / size - unit) < LIKENESS for unit in far_differences(model))


@cache
def far_differences(model: str) -> tuple[np.ndarray, ...]:
    """What differences of the loss give for dW1 and the X that is FAR larger, at the length 1: central, upwards, downwards."""
    case = case_for(model, FAR)
    here = loss_at(case, case.params["W1"])
    up, down = np.zeros(case.shape("W1")), np.zeros(case.shape("W1"))
    for entry in np.ndindex(up.shape):
        nudge = np.zeros(up.shape)
        nudge[entry] = STEP
        up[entry] = loss_at(case, case.params["W1"] + nudge) - here
        down[entry] = here - loss_at(case, case.params["W1"] - nudge)
    return tuple(differences / np.linalg.norm(differences) for differences in (up + down, up, down))


def loss_at(case: Case, W1: np.ndarray) -> float:
    """The loss of the case with another W1."""
    return float(np.mean(sample_losses(case, forward(case, {**case.params, "W1": W1}))))
