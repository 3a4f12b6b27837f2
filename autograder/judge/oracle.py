"""The truth about a case, from its parameters and the forward pass alone.

No backward pass is written down here. Every gradient is a complex-step derivative of the loss: for a small h,
J'(x) = Im J(x + ih) / h, with no difference of near-equal numbers and so exact to rounding
(Squire and Trapp, SIAM Review 40(1), 1998).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from autograder.checking import Case

STEP = 1e-30


@dataclass(frozen=True)
class Truth:
    """What a right program answers: out (n_L, m), the cache, the gradients under the names of their variables, and J."""

    out: np.ndarray
    cache: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]
    loss: float


@lru_cache(maxsize=256)
def right_cache(case: Case) -> dict[str, np.ndarray]:
    """The cache of a right forward pass."""
    return forward(case.params, case.X)


def forward(
    params: Mapping[str, np.ndarray], X: np.ndarray, nudge: tuple[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """The cache of the forward pass of X (n_0, m), with `nudge = (key, amount)` added to one Z_l or A_l on the way."""
    key, amount = nudge or ("", np.zeros(()))
    cache = {**params, "A0": X}
    for layer in range(1, len(params) // 2 + 1):
        Z = params[f"W{layer}"] @ cache[f"A{layer - 1}"] + params[f"B{layer}"]
        cache[f"Z{layer}"] = Z + amount if key == f"Z{layer}" else Z
        A = sigmoid(cache[f"Z{layer}"])
        cache[f"A{layer}"] = A + amount if key == f"A{layer}" else A
    return cache


def sigmoid(Z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-Z), for real or complex Z; beyond |Re Z| of 500 it is as flat as it is at 500."""
    if np.iscomplexobj(Z):
        return 1 / (1 + np.exp(-Z))
    return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))


def sample_losses(out: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The binary cross-entropy of every sample, summed over its outputs: (m,)."""
    return -np.sum(Y * np.log(out) + (1 - Y) * np.log(1 - out), axis=0)


@lru_cache(maxsize=256)
def truth(case: Case) -> Truth:
    """The outputs, cache, gradients and loss of a case; W and B averaged over the batch, Z and A one column a sample."""
    last = f"A{case.layers[-1]}"
    cache = right_cache(case)
    grads = {key: parameter_gradient(case, key) for key in case.params}
    for layer in case.layers:
        grads[f"Z{layer}"] = sample_gradient(case, f"Z{layer}")
        grads[f"A{layer}"] = sample_gradient(case, f"A{layer}")
    return Truth(cache[last], cache, grads, float(np.mean(sample_losses(cache[last], case.Y))))


def parameter_gradient(case: Case, key: str) -> np.ndarray:
    """dJ/dW_l or dJ/dB_l, entry by entry."""
    gradient = np.zeros(case.params[key].shape)
    for entry in np.ndindex(gradient.shape):
        value = case.params[key].astype(complex)
        value[entry] += 1j * STEP
        out = forward({**case.params, key: value}, case.X)[f"A{case.layers[-1]}"]
        gradient[entry] = np.mean(sample_losses(out, case.Y)).imag / STEP
    return gradient


def sample_gradient(case: Case, key: str) -> np.ndarray:
    """dL_i/dZ_l or dL_i/dA_l for every sample i; the samples do not meet, so one pass moves a unit in all of them."""
    gradient = np.zeros(case.shape(key))
    for unit in range(gradient.shape[0]):
        amount = np.zeros(gradient.shape, complex)
        amount[unit] = 1j * STEP
        out = forward(case.params, case.X, (key, amount))[f"A{case.layers[-1]}"]
        gradient[unit] = sample_losses(out, case.Y).imag / STEP
    return gradient
