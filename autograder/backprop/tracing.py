"""Find the student's line that computed a tensor of an example, in a separate run that is traced.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.backprop.calling import network, put_labels, unpack_forward
from autograder.backprop.case import Case, Example
from autograder.backprop.running import run_backward, run_cache
from autograder.checking import CheckFailure, RenamedDict, StudentError
from autograder.student import Student
from autograder.tracing.lines import Line


def find_tensor_line(student: Student, example: Example, name: str, own: Mapping[str, np.ndarray] | None = None) -> Line | None:
    """Return the student's line that computed a wrong tensor of an example; None unless exactly one line can be at fault.

    name is the name of the tensor: "Z1" or "out" from `forward`, or "dZ1" from `compute_gradients`. The tensors that it depends
    on must be correct, so call this for the first wrong tensor. For a later one, own has the student's values of the other
    tensors by name, which then count as correct. Both passes run once more, on a separate network; if one of them raises,
    return None.
    """
    case, is_gradient = example.case, name.startswith("d")
    right = {**right_values(example), **(own or {})}
    with contextlib.suppress(CheckFailure, StudentError):
        key = own_name(run_backward(student, case) if is_gradient else run_cache(student, case), name.removeprefix("d"))
        net = network(student, case)

        def forward() -> Any:
            return net.forward(case.X)

        def backward() -> Any:
            out, cache = unpack_forward(student, forward(), case)
            put_labels(student, net, cache, case)
            return net.compute_gradients(out, cache)

        if is_gradient:
            return student.find_line(backward, (key,), right, sources_of(case, name))
        places = student.memory.get(("places", case.model), (0, 1))
        path = (places[0],) if name == "out" else (places[1], key)
        return student.find_line(forward, path, right, sources_of(case, name))
    return None


def own_name(tensors: Mapping, key: str) -> str:
    """Return the name of a tensor in the student's own dict."""
    return tensors.renamed.get(key, key) if isinstance(tensors, RenamedDict) else key


def right_values(example: Example) -> dict[str, Any]:
    """Return the correct tensors of an example by name, gradients with a leading d; m is the number of samples."""
    case = example.case
    gradients = {f"d{key}": value for key, value in example.grads.items()}
    out = example.cache[f"A{case.layers[-1]}"]
    return {**example.cache, **gradients, "out": out, "X": case.X, "Y": case.Y, "m": case.samples}


def sources_of(case: Case, name: str) -> list[str]:
    """Return the names of the tensors that a tensor is computed from; the hand-out lists them, too."""
    last = case.layers[-1]
    if name == "out":
        return [f"A{last}"]
    kind, layer = name.removeprefix("d")[0], int(name.removeprefix("d")[1:])
    above, below = layer + 1, layer - 1
    if not name.startswith("d"):
        inputs = {"Z": [f"W{layer}", f"B{layer}", f"A{below}"], "A": [f"Z{layer}"] if layer else ["X"]}
        return inputs.get(kind, [name])
    if kind == "Z" and layer == last:
        return [f"A{last}", f"Z{last}", "Y", "m"]
    hidden = [f"dA{layer}", f"A{layer}", f"Z{layer}"] if kind == "Z" else []
    return [*hidden, *([f"W{above}", f"dZ{above}"] if kind in "ZA" else [f"dZ{layer}", f"A{below}"]), "m"]
