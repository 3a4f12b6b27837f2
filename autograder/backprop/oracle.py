"""The reference values of a case, computed from its parameters with the forward pass alone.

There is no backward pass here. Every gradient is a complex-step derivative of the loss: for a small h,
J'(x) = Im J(x + ih) / h, which has no cancellation and is exact up to rounding (Squire and Trapp, SIAM Review 40(1), 1998).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.backprop.case import Case

STEP = 1e-30
# How many cases are cached: more than `diagnosis.counterexample` has networks, which it visits in the same order for every
# program. A smaller cache would never contain the next one.
MAX_CASES = 1024


@dataclass(frozen=True)
class Reference:
    """What a correct program returns: out (n_L, m), the cache, the gradients by the names of their variables, and J."""

    out: np.ndarray
    cache: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]
    loss: float


# The parts of the networks. Every function here also works for complex numbers, as complex steps need, and for several networks
# at once: the last two axes are the units and the samples, and the losses have an axis less.


def sigmoid(Z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^-Z), with real parts clipped to 500."""
    return 1 / (1 + np.exp(-Z if np.iscomplexobj(Z) else -np.clip(Z, -500, 500)))


def relu(Z: np.ndarray) -> np.ndarray:
    """Return Z where its real part is positive, and 0 elsewhere."""
    return np.where(Z.real > 0, Z, 0)


def softmax(Z: np.ndarray) -> np.ndarray:
    """Return e^Z divided by the sum of its column."""
    E = np.exp(Z - Z.real.max(axis=-2, keepdims=True))
    return E / E.sum(axis=-2, keepdims=True)


def binary_cross_entropy(out: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the loss of every sample, summed over its outputs: (m,)."""
    return -np.sum(Y * np.log(out) + (1 - Y) * np.log(1 - out), axis=-2)


def cross_entropy(out: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the loss of every sample, summed over the classes: (m,)."""
    return -np.sum(Y * np.log(out), axis=-2)


def squared_error(out: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the loss of every sample, summed over the classes, without a factor of 1/2: (m,)."""
    return np.sum((out - Y) ** 2, axis=-2)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": relu, "softmax": softmax}
# The last activation of each model, and the loss of a sample.
MODELS: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "DNN": ("sigmoid", binary_cross_entropy),
    "GeneralDNN": ("sigmoid", binary_cross_entropy),
    "SoftmaxDNN": ("softmax", cross_entropy),
    "SquaredErrorSoftmaxDNN": ("softmax", squared_error),
}


def activations(case: Case) -> tuple[str, ...]:
    """Return the name of the activation of every layer."""
    hidden = case.activations[:-1] or ("sigmoid",) * (len(case.layers) - 1)
    return (*hidden, MODELS[case.model][0])


def forward(
    case: Case, params: Mapping[str, np.ndarray] | None = None, nudge: tuple[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Return the cache of a forward pass, optionally with other parameters or `nudge = (key, amount)` added to a Z_l or A_l."""
    key, amount = nudge or ("", np.zeros(()))
    cache = {**(params or case.params), "A0": case.X}
    for layer, name in enumerate(activations(case), start=1):
        Z = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]
        cache[f"Z{layer}"] = Z + amount if key == f"Z{layer}" else Z
        A = ACTIVATIONS[name](cache[f"Z{layer}"])
        cache[f"A{layer}"] = A + amount if key == f"A{layer}" else A
    return cache


def sample_losses(case: Case, cache: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the loss of every sample after a forward pass: (m,)."""
    _, loss = MODELS[case.model]
    return loss(cache[f"A{case.layers[-1]}"], case.Y)


@lru_cache(maxsize=MAX_CASES)
def reference_cache(case: Case) -> dict[str, np.ndarray]:
    """Return the cache of a correct forward pass."""
    return forward(case)


@lru_cache(maxsize=MAX_CASES)
def reference_of(case: Case) -> Reference:
    """Return the reference of a case: dW and dB are averaged over the batch; dZ and dA have one column per sample."""
    cache = reference_cache(case)
    grads = {key: parameter_gradient(case, key) for key in case.params}
    for layer in case.layers:
        grads[f"Z{layer}"] = sample_gradient(case, f"Z{layer}")
        grads[f"A{layer}"] = sample_gradient(case, f"A{layer}")
    return Reference(cache[f"A{case.layers[-1]}"], cache, grads, float(np.mean(sample_losses(case, cache))))


def parameter_gradient(case: Case, key: str) -> np.ndarray:
    """Return dJ/dW_l or dJ/dB_l: for each entry, one network in which that entry is changed."""
    value = case.params[key]
    changed = value + 1j * STEP * np.eye(value.size).reshape(value.size, *value.shape)
    losses = sample_losses(case, forward(case, {**case.params, key: changed}))
    return np.mean(losses, axis=-1).imag.reshape(value.shape) / STEP


def sample_gradient(case: Case, key: str) -> np.ndarray:
    """Return dJ_s/dZ_l or dJ_s/dA_l for every sample s: for each unit, one network in which all its samples are changed.

    Samples don't interact, so none of them has to be changed alone.
    """
    units, _ = case.shape(key)
    amounts = 1j * STEP * np.eye(units)[:, :, np.newaxis]
    return sample_losses(case, forward(case, nudge=(key, amounts))).imag / STEP
