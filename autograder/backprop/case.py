"""A network and a batch, and the names and shapes of all that is computed from them.

This file is part of the hand-out, like checking.py: it holds neither a forward pass nor a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.checking import tensor


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a batch: params as in `DNN.params`, X (n_0, m), Y (n_L, m).

    model is the student's class that it is for; activations names the activation of every layer where these can be chosen. base
    holds results of the student's DNN that are replaced by the right ones (`Student.with_base_results`).
    """

    name: str
    layer_sizes: tuple[int, ...]
    params: dict[str, np.ndarray]
    X: np.ndarray
    Y: np.ndarray
    model: str = "DNN"
    activations: tuple[str, ...] = ()
    base: Mapping[str, tuple[tuple, Any]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """m, the number of columns of X."""
        return self.X.shape[1]

    @property
    def layers(self) -> range:
        """1..L, the layers that have weights."""
        return range(1, len(self.layer_sizes))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that an axis of its tensors can have."""
        return self.samples, *self.layer_sizes

    def with_params(self, params: dict[str, np.ndarray]) -> Case:
        """Return the same batch on other parameters of the same shapes."""
        return replace(self, name=f"{self.name} on other parameters", params=params)

    def columns(self, *numbers: int) -> Case:
        """Return the same network with these samples of the batch, in this order; a number may come twice."""
        chosen = list(numbers)
        return replace(self, name=f"{self.name}{chosen}", X=self.X[:, chosen], Y=self.Y[:, chosen])

    def shape(self, key: str) -> tuple[int, int]:
        """Return the shape that the variable `key` (such as "W1" or "A0"), and its gradient, must have."""
        kind, layer = key[0], int(key[1:])
        units = self.layer_sizes[layer]
        return {"W": (units, self.layer_sizes[layer - 1]), "B": (units, 1)}.get(kind, (units, self.samples))


def cache_keys(case: Case) -> list[str]:
    """Return the keys the cache must have, in the order of the forward pass."""
    return ["A0"] + [f"{kind}{layer}" for layer in case.layers for kind in "WBZA"]


def gradient_keys(case: Case, kinds: str = "ZWBA") -> list[str]:
    """Return the keys of the gradients of these kinds, in the order of the backward pass; dA_0 and dA_L are not asked for."""
    last = case.layers[-1]
    return [
        f"{kind}{layer}"
        for layer in reversed(case.layers)
        for kind in ("A", "Z", "W", "B")
        if kind in kinds and not (kind == "A" and layer == last)
    ]


def in_the_notes(tensors: Mapping[str, np.ndarray], prefix: str = "") -> dict[str, np.ndarray]:
    """Tensors under the names and in the shapes of the handwritten notes; w_l is W_l transposed, dJd begins a gradient."""
    return {f"{prefix}{key.lower()}": value.T if key[0] == "W" else value for key, value in tensors.items()}


def as_column(key: str, value: Any) -> np.ndarray:
    """The array, a B of the shape (n,) stood up as the column (n, 1): the checks of the shapes have points of their own."""
    array = tensor(key, value)
    return array.reshape(-1, 1) if key[0] == "B" and array.ndim == 1 else array


@dataclass(frozen=True, eq=False)
class Example:
    """A case whose numbers students may see, with the cache, some gradients and the loss that are right for it."""

    case: Case
    cache: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]
    loss: float
