"""A network and a batch, and the names and shapes of everything that is computed from them.

Students get this file, too, like checking.py, so it contains neither a forward pass nor a gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from checks.checking import GRADIENT_PREFIXES, RenamedDict, tensor


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a batch: params as in `DNN.params`, X (n_0, m), Y (n_L, m).

    model is the student's class that it is for. activations names the activation of every layer, if the class has a choice.
    base has the correct results that replace those of the student's DNN (`Student.with_base_results`).
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
        """All possible lengths of an axis of its tensors."""
        return self.samples, *self.layer_sizes

    def with_params(self, params: dict[str, np.ndarray]) -> Case:
        """Return the same batch with other parameters of the same shapes."""
        return replace(self, name=f"{self.name} with other parameters", params=params)

    def columns(self, *numbers: int) -> Case:
        """Return the same network with these samples of the batch, in this order; numbers may repeat."""
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
    """Return the keys of the gradients of these kinds, in the order of the backward pass; dA_0 and dA_L are not required."""
    last = case.layers[-1]
    return [
        f"{kind}{layer}"
        for layer in reversed(case.layers)
        for kind in ("A", "Z", "W", "B")
        if kind in kinds and not (kind == "A" and layer == last)
    ]


# How students name a variable or its gradient: dW1, w_1, grad_W1, W1_grad, ("W", 1), W[0].
NAME = re.compile(r"(?P<before>\D{0,12}?)(?P<letter>[A-Za-z])(?P<between>[\W_]{0,4})(?P<layer>\d{1,2})(?P<after>\D{0,12})")
MAX_NAME = 40  # maximum number of characters in the name of a variable
Style = tuple[str, ...]  # everything in a name except its layer


def under_expected_keys(tensors: Mapping, keys: Iterable[str]) -> Mapping:
    """Return the student's tensors with the expected keys, if their names follow a system.

    Other names cost the points of the checks of the keys; the values are still checked.
    """
    keys = list(keys)
    if all(map(tensors.__contains__, keys)):
        return tensors
    values = {str(key): value for key, value in spread_out(tensors)}
    renamed = recover_names(values, keys)
    if not renamed:
        return tensors
    rest = {name: value for name, value in values.items() if name not in renamed.values()}
    return RenamedDict(tensors, {**rest, **{key: values[name] for key, name in renamed.items()}}, renamed)


def spread_out(tensors: Mapping) -> Iterator[tuple[Any, Any]]:
    """Yield the items of a dict, with dicts and lists inside it flattened, such as one per variable or one per layer."""
    for key, value in tensors.items():
        if len(str(key)) > MAX_NAME:
            yield key, value
        elif isinstance(value, Mapping):
            yield from ((f"{inner}[{key}]" if str(key).isdigit() else f"{key}[{inner}]", item) for inner, item in value.items())
        elif isinstance(value, (list, tuple)) and not any(map(str.isdigit, str(key))):
            yield from ((f"{key}[{layer}]", item) for layer, item in enumerate(value))
        else:
            yield key, value


def recover_names(names: Iterable[str], keys: Sequence[str]) -> dict[str, str]:
    """Return the names of the tensors of some keys, if they differ from the keys and are unambiguous."""
    styles: dict[str, dict[Style, dict[int, str]]] = {kind: {} for kind in "WZBA"}
    for name in names:
        if (match := NAME.fullmatch(name)) and (kind := match["letter"].upper()) in styles:
            style = match["letter"], match["before"], match["between"], match["after"]
            styles[kind].setdefault(style, {})[int(match["layer"])] = name
    renamed: dict[str, str] = {}
    zero_based = False  # decided by the weights, because every layer has one
    for kind, of_kind in styles.items():
        layers = {int(key[1:]) for key in keys if key[0] == kind}
        chosen, counted_from_zero = choose_style(of_kind, kind, layers, kind != "A" or zero_based)
        zero_based = zero_based or (kind == "W" and counted_from_zero)
        renamed |= {f"{kind}{layer}": name for layer, name in chosen.items()}
    return renamed


def choose_style(
    styles: Mapping[Style, Mapping[int, str]], kind: str, layers: set[int], may_begin_at_zero: bool
) -> tuple[Mapping[int, str], bool]:
    """Return the unexpected names of a variable by layer, and whether layers are counted from 0."""
    expected = (kind, "", "", "")
    missing = layers - styles.get(expected, {}).keys()
    if not missing:
        return {}, False
    below = {layer - 1 for layer in layers if layer}
    from_zero = [
        {number + 1: name for number, name in found.items()}
        for found in styles.values()
        if may_begin_at_zero and 0 in found and found.keys() == below
    ]
    if from_zero:
        return (from_zero[0], True) if len(from_zero) == 1 else ({}, False)
    others = {style: found for style, found in styles.items() if style != expected and found.keys() & missing}
    if len(others) > 1:
        others = {style: found for style, found in others.items() if style[1].lower().strip("_") in GRADIENT_PREFIXES[1:]}
    if len(others) != 1:
        return {}, False
    (found,) = others.values()
    return {layer: found[layer] for layer in found.keys() & missing}, False


def in_the_notes(tensors: Mapping[str, np.ndarray], prefix: str = "") -> dict[str, np.ndarray]:
    """Return tensors with the names and shapes of the handwritten notes: w_l is W_l transposed, gradients begin with dJd."""
    return {f"{prefix}{key.lower()}": value.T if key[0] == "W" else value for key, value in tensors.items()}


def as_column(key: str, value: Any) -> np.ndarray:
    """Return the array, with a B of shape (n,) as a column (n, 1), because separate checks grade the shapes."""
    array = tensor(key, value)
    return array.reshape(-1, 1) if key[0] == "B" and array.ndim == 1 else array


@dataclass(frozen=True, eq=False)
class Example:
    """A case whose numbers students may see, with its correct cache, loss and some of its gradients."""

    case: Case
    cache: dict[str, np.ndarray]
    grads: dict[str, np.ndarray]
    loss: float
