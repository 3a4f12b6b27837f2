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


def forward(case: Case, params: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Return the cache of a forward pass, optionally with other parameters."""
    cache = {**(params or case.params), "A0": case.X}
    for layer, name in enumerate(activations(case), start=1):
        cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]
        cache[f"A{layer}"] = ACTIVATIONS[name](cache[f"Z{layer}"])
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
    cache, losses = reference_cache(case), losses_of_steps(case)
    grads = {key: np.mean(losses[key], axis=-1).imag.reshape(value.shape) / STEP for key, value in case.params.items()}
    grads |= {key: losses[key].imag / STEP for layer in case.layers for key in (f"Z{layer}", f"A{layer}")}
    return Reference(cache[f"A{case.layers[-1]}"], cache, grads, float(np.mean(sample_losses(case, cache))))


def losses_of_steps(case: Case) -> dict[str, np.ndarray]:
    """Return the losses of every sample after a complex step in each entry of a W_l or B_l, and in each unit of a Z_l or A_l.

    Each tensor gets a row per step and a column per sample. There is a single forward pass, which the steps in a tensor join
    at its layer. A unit of Z_l or A_l steps for all samples at once, because samples don't interact.
    """
    cache, rows = reference_cache(case), dict[str, int]()
    A = np.zeros((0, *case.X.shape))
    for layer, name in enumerate(activations(case), start=1):
        W, B = case.params[f"W{layer}"], case.params[f"B{layer}"]
        below, in_units = cache[f"A{layer - 1}"], steps(np.zeros((len(W), 1)))
        Z = np.concatenate([W @ A + B, steps(W) @ below + B, W @ below + steps(B), cache[f"Z{layer}"] + in_units])
        A = np.concatenate([ACTIVATIONS[name](Z), cache[f"A{layer}"] + in_units])
        rows |= {f"W{layer}": W.size, f"B{layer}": B.size, f"Z{layer}": len(W), f"A{layer}": len(W)}
    losses = sample_losses(case, {f"A{case.layers[-1]}": A})
    return dict(zip(rows, np.split(losses, np.cumsum([*rows.values()])[:-1]), strict=True))


def steps(tensor: np.ndarray) -> np.ndarray:
    """Return the tensor once for each of its entries, with a complex step in that entry."""
    return tensor + 1j * STEP * np.eye(tensor.size).reshape(tensor.size, *tensor.shape)
