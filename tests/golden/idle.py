"""Programs that compute nothing: what they return has every key and every shape, and is the same whatever comes in.

Some return nonsense instead, which does depend on what comes in: no step of it is right.

Their marks stand beside them as (warmup, dnn, extension). Beside a right forward pass (18) the names of the keys are all that
such a program has, and they are worth 2 points in the cache and 2 in the gradients; 3 and 3 where something is computed.
"""

from tests.golden.programs import solution, with_body

SAME = {
    "zeros": "np.zeros(shape)",
    "ones": "np.ones(shape)",
    "True": "np.full(shape, True)",
    "small numbers": "np.full(shape, 1e-3)",
    "one over m": "np.ones(shape) / shape[-1]",
    "counted": "np.arange(np.prod(shape)).reshape(shape) / 10",
    "random numbers": "np.random.default_rng(layer).normal(size=shape)",
    "other random numbers each time": "np.random.default_rng().normal(size=shape)",
    "shapes": "np.array(shape)",
    "None": "None",
}
BATCH = {
    "the mean output everywhere": "np.full(shape, out.mean())",
    "the mean label everywhere": 'np.full(shape, cache["Y"].mean())',
    "parameters": 'cache[key] if key in cache and key[0] in "WB" else np.ones(shape)',
    "parameters times the mean output": 'cache.get(key, np.ones(shape)) * out.mean() if key[0] in "WB" else np.ones(shape)',
    "a copy of the cache": "cache[key]",
}
# Formulas of the right shapes that are no step of a backward pass.
BY_KIND = "{{'W': {W}, 'B': {B}, 'Z': {Z}, 'A': {A}}}[key[0]]".format
A, A_BEFORE, Y_AND_X = 'cache[f"A{layer}"]', 'cache[f"A{layer - 1}"]', '(cache["Y"].sum(axis=0) + cache["A0"].sum(axis=0) ** 2)'
NONSENSE = {
    "products of activations": BY_KIND(
        W=f"{A} @ {A_BEFORE}.T / m", B=f"{A}.mean(axis=1, keepdims=True)", Z=A, A='cache[f"Z{layer}"]'
    ),
    "products of Z": BY_KIND(
        W=f'cache[f"Z{{layer}}"] @ {A_BEFORE}.T', B='cache[f"Z{layer}"].sum(axis=1, keepdims=True)', Z=A, A=f"{A} ** 2"
    ),
    "labels and inputs": BY_KIND(
        W=f'cache["W{{0}}".format(layer)] * {Y_AND_X}.mean()',
        B=f"np.full(shape, {Y_AND_X}.mean())",
        Z=f"{A} * {Y_AND_X}",
        A=f"{A} - {Y_AND_X}",
    ),
    "numbers for the labels": BY_KIND(
        W=f"np.resize(np.arange(1.0, n * inputs + 1), shape) * {Y_AND_X}.std()",
        B=f"np.resize(np.arange(2.0, n + 2), shape) * {Y_AND_X}.max()",
        Z=f"np.outer(np.arange(n) + 1, {Y_AND_X})",
        A=f"np.outer(np.arange(n) - 1.5, {Y_AND_X})",
    ),
    "distances from the labels": BY_KIND(
        W=f"({A} ** 2) @ {A_BEFORE}.T",
        B=f"np.abs({A} - 2 * out.mean()).sum(axis=1, keepdims=True)",
        Z='cache[f"Z{layer}"] - 3 * cache["Y"].sum(axis=0)',
        A=f"np.cos({A}) * out[0]",
    ),
    "sines": BY_KIND(
        W='np.sin(cache[f"W{layer}"] * cache["Y"].sum())',
        B='np.cos(cache[f"B{layer}"] + out.mean())',
        Z=f"np.sin({A} * out[0])",
        A=f"np.tan({A}) * cache['Y'].sum(axis=0)",
    ),
}

FORWARD = """

def forward(self, X):
    cache = {{"A0": X}}
    for layer in range(1, self.num_layers + 1):
        shape = (self.layer_sizes[layer], X.shape[1])
        cache[f"W{{layer}}"], cache[f"B{{layer}}"] = self.params[f"W{{layer}}"], self.params[f"B{{layer}}"]
        cache[f"Z{{layer}}"] = {value}
        cache[f"A{{layer}}"] = {value}
    return cache[f"A{{self.num_layers}}"], cache


DNN.forward = forward
"""
BACKWARD = """

def compute_gradients(self, out, cache):
    grads, m = {{}}, out.shape[1] if out is not None else 1
    for layer in range(1, self.num_layers + 1):
        n, inputs = self.layer_sizes[layer], self.layer_sizes[layer - 1]
        shapes = {{"W": (n, inputs), "B": (n, 1), "Z": (n, m), "A": (n, m)}}
        for key, shape in ((f"{{kind}}{{layer}}", shape) for kind, shape in shapes.items()):
            grads[key] = {value}
    return grads


DNN.compute_gradients = compute_gradients
"""


def dnn(forward: str = "", backward: str = "") -> bytes:
    """Return the solution of dnn.py with this value for every tensor of the cache, and this one for every gradient."""
    halves = (FORWARD.format(value=forward) if forward else "", BACKWARD.format(value=backward) if backward else "")
    return (solution() + "".join(halves)).encode()


WARMUP = """
import numpy as np


def exp_exp_square(x):
    return {value}, {value}


reciprocal_exp_square = two_paths = exp_exp_square


def three_weight_chain(x, y, w1, w2, w3):
    return {value}, {{"w1": {value}, "w2": {value}, "w3": {value}}}


def logistic_gradients(X, y, w1, b1):
    x = y
    return {{"a1": {value}, "dJdz1": {value}, "dJdb1": b1, "dJdw1": w1}}
"""
EXTENSION = """
import numpy as np

from dnn import DNN


def fill(*shape, layer=1):
    return {value}


def softmax(Z):
    return fill(*Z.shape)


class SoftmaxDNN(DNN):
    def forward(self, X):
        cache = {{"A0": X, **self.params}}
        for layer, n in enumerate(self.layer_sizes[1:], start=1):
            cache[f"Z{{layer}}"] = cache[f"A{{layer}}"] = fill(n, X.shape[1])
        return cache[f"A{{self.num_layers}}"], cache

    def loss(self, out, Y):
        return 1.0

    def compute_gradients(self, out, cache):
        grads, m = {{}}, out.shape[1]
        for layer in range(1, self.num_layers + 1):
            n, inputs = self.layer_sizes[layer], self.layer_sizes[layer - 1]
            grads |= {{f"W{{layer}}": fill(n, inputs), f"B{{layer}}": fill(n, 1)}}
            grads |= {{f"Z{{layer}}": fill(n, m), f"A{{layer}}": fill(n, m)}}
        return grads


class SquaredErrorSoftmaxDNN(SoftmaxDNN):
    pass


class GeneralDNN(SoftmaxDNN):
    def __init__(self, layer_sizes, activations=("tanh", "relu", "sigmoid"), seed=None):
        super().__init__(layer_sizes, seed)


def worked_example():
    vectors = {{"a1": fill(4, 1), "h1": fill(4, 1), "a2": fill(2, 1), "y_hat": fill(2, 1)}}
    return {{**vectors, "dL_dw212": 1.0, "dL_dw131": 1.0, "w212_next": 1.0}}


def same(Z):
    return fill(*Z.shape)


ACTIVATIONS = {{"sigmoid": (same, same), "tanh": (same, same), "relu": (same, same)}}


def notes_gradients(params, X, y):
    grads = {{}}
    for layer in range(1, len(params) // 2 + 1):
        inputs, n = params[f"w{{layer}}"].shape
        grads |= {{f"dJdw{{layer}}": fill(inputs, n), f"dJdb{{layer}}": fill(n, 1)}}
        grads |= {{f"dJdz{{layer}}": fill(n, X.shape[1]), f"dJda{{layer}}": fill(n, X.shape[1])}}
    return grads
"""

Marks = tuple[int, int, int]
IDLE: dict[str, tuple[dict[str, bytes], Marks]] = {
    **{f"gradients: {name}": ({"dnn": dnn("", value)}, (0, 20, 0)) for name, value in {**SAME, **BATCH}.items()},
    **{f"gradients: {name}": ({"dnn": dnn("", value)}, (0, 21, 0)) for name, value in NONSENSE.items()},
    **{
        f"forward and gradients: {name}": (
            {"dnn": dnn("np.sin(layer + np.arange(shape[0])[:, None] * X.sum(axis=0))", value)},
            (0, 6, 0),
        )
        for name, value in NONSENSE.items()
    },
    "gradients: none": ({"dnn": with_body("compute_gradients", "return {}")}, (0, 18, 0)),
    **{f"forward and gradients: {name}": ({"dnn": dnn(value, value)}, (0, 4, 0)) for name, value in SAME.items()},
    "forward and gradients: X and the parameters": ({"dnn": dnn("X", BATCH["parameters"])}, (0, 4, 0)),
    "forward and gradients: nothing": (
        {"dnn": with_body("forward", "return X, {}") + BACKWARD.format(value="True").encode()},
        (0, 2, 0),
    ),
    "nothing in dnn.py": (
        {"dnn": with_body("forward", "return X, {}") + b"\n\nDNN.compute_gradients = lambda *_: {}\n"},
        (0, 0, 0),
    ),
    **{
        f"warmup: {value}": ({"warmup": WARMUP.format(value=value).encode()}, (0, 0, 0))
        for value in ("0.0", "1.0", "True", "x", "np.ones_like(x)", "np.zeros(3)", "np.random.default_rng(0).random()")
    },
    **{
        f"extension: {name}": ({"dnn": solution().encode(), "extension": EXTENSION.format(value=value).encode()}, (0, 60, 0))
        for name, value in SAME.items()
    },
    **{
        f"the right extension on a network of {name}": (
            {"dnn": dnn(SAME[name], SAME[name]), "extension": solution("extension").encode()},
            (0, 4, 25),
        )
        for name in ("ones", "random numbers")
    },
}
