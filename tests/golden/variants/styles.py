"""Correct programs in the styles of public code: courses, books, blogs and small frameworks, each written anew."""

import ast
from functools import partial
from textwrap import indent

from tests.golden.programs import edited

HEAD = "import numpy as np\n"
CLASS = "class DNN:\n"


def rewritten(*edits: tuple[str, str], part: str = "dnn", **bodies: str) -> bytes:
    """Return the solution of a part with these edits, and with other bodies of the functions or methods of DNN that are named."""
    source = edited(*edits, part=part).decode()
    for name, body in bodies.items():
        tree = ast.parse(source)
        blocks = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "DNN")]
        (function,) = (node for block in blocks for node in block if isinstance(node, ast.FunctionDef) and node.name == name)
        lines = source.splitlines()
        lines[function.body[1].lineno - 1 : function.end_lineno] = [indent(body, (function.col_offset + 4) * " ")]
        source = "\n".join([*lines, ""])
    return source.encode()


DNN = {
    "helpers with tuples as caches": rewritten(
        (
            CLASS,
            """
def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)


def linear_activation_forward(A_prev, W, b):
    Z, linear_cache = linear_forward(A_prev, W, b)
    return sigmoid(Z), (linear_cache, Z)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    return np.dot(W.T, dZ), 1 / m * np.dot(dZ, A_prev.T), 1 / m * np.sum(dZ, axis=1, keepdims=True)


def sigmoid_backward(dA, Z):
    s = sigmoid(Z)
    return dA * s * (1 - s)


class DNN:
""",
        ),
        forward="""
parameters, A, caches = self.params, X, []
L = len(parameters) // 2
for l in range(1, L + 1):
    A, cache = linear_activation_forward(A, parameters["W" + str(l)], parameters["B" + str(l)])
    caches.append(cache)
cache = {"A" + str(L): A}
for l in range(L):
    (A_prev, W, b), Z = caches[l]
    cache["A" + str(l)], cache["W" + str(l + 1)], cache["B" + str(l + 1)], cache["Z" + str(l + 1)] = A_prev, W, b, Z
return A, cache
""",
        compute_gradients="""
grads, L = {}, self.num_layers
caches = [((cache[f"A{l - 1}"], cache[f"W{l}"], cache[f"B{l}"]), cache[f"Z{l}"]) for l in range(1, L + 1)]
dZ = out - cache["Y"]
for l in reversed(range(L)):
    linear_cache, _ = caches[l]
    dA_prev, grads["W" + str(l + 1)], grads["B" + str(l + 1)] = linear_backward(dZ, linear_cache)
    grads["Z" + str(l + 1)] = dZ
    if l > 0:
        grads["A" + str(l)] = dA_prev
        dZ = sigmoid_backward(dA_prev, caches[l - 1][1])
return grads
""",
    ),
    "the divided loss, clipped": rewritten(
        compute_gradients="""
AL, Y, grads = np.clip(out, 1e-15, 1 - 1e-15), cache["Y"], {}
dA = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
A, L = {**{l: cache[f"A{l}"] for l in range(self.num_layers)}, self.num_layers: AL}, self.num_layers
while L > 0:
    dZ = np.multiply(dA, np.multiply(A[L], 1 - A[L]))
    grads[f"Z{L}"], grads[f"W{L}"] = dZ, np.matmul(dZ, A[L - 1].T) / Y.shape[1]
    grads[f"B{L}"] = np.sum(dZ, axis=1).reshape(dZ.shape[0], 1) / Y.shape[1]
    dA = np.matmul(cache[f"W{L}"].T, dZ)
    L -= 1
    if L:
        grads[f"A{L}"] = dA
return grads
""",
    ),
    "negative indices": rewritten(
        compute_gradients="""
L = self.num_layers
weights = [cache[f"W{l}"] for l in range(1, L + 1)]
zs = [cache[f"Z{l}"] for l in range(1, L + 1)]
activations = [cache[f"A{l}"] for l in range(L + 1)]
nabla_b, nabla_w, deltas, errors = [None] * L, [None] * L, [None] * L, [None] * L
delta = out - cache["Y"]
for l in range(1, L + 1):
    if l > 1:
        errors[-l] = np.dot(weights[-l + 1].transpose(), delta)
        delta = errors[-l] * sigmoid(zs[-l]) * (1 - sigmoid(zs[-l]))
    deltas[-l] = delta
    nabla_b[-l] = delta.mean(axis=1, keepdims=True)
    nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose()) / delta.shape[1]
grads = {}
for name, values in {"W": nabla_w, "B": nabla_b, "Z": deltas, "A": errors}.items():
    grads.update({f"{name}{l}": value for l, value in enumerate(values, 1) if value is not None})
return grads
""",
    ),
    "sample after sample, summed up": rewritten(
        (
            CLASS,
            """
def backprop(x, y, weights, biases):
    activation, activations, zs = x, [x], []
    for w, b in zip(weights, biases):
        zs.append(w @ activation + b)
        activation = sigmoid(zs[-1])
        activations.append(activation)
    deltas, errors = [activations[-1] - y], []
    for w, a in zip(weights[:0:-1], activations[-2:0:-1]):
        errors.insert(0, w.T @ deltas[0])
        deltas.insert(0, errors[0] * a * (1 - a))
    return deltas, errors, [np.outer(delta, a) for delta, a in zip(deltas, activations)]


class DNN:
""",
        ),
        compute_gradients="""
L, m, X, Y = self.num_layers, out.shape[1], cache["A0"], cache["Y"]
weights, biases = ([cache[f"{kind}{l}"] for l in range(1, L + 1)] for kind in "WB")
nabla_w, nabla_b = [np.zeros(w.shape) for w in weights], [np.zeros(b.shape) for b in biases]
columns, backs = [], []
for i in range(m):
    deltas, errors, products = backprop(X[:, [i]], Y[:, [i]], weights, biases)
    nabla_w = [nw + p / m for nw, p in zip(nabla_w, products)]
    nabla_b = [nb + d / m for nb, d in zip(nabla_b, deltas)]
    columns.append(deltas)
    backs.append(errors)
grads = {f"W{l}": w for l, w in enumerate(nabla_w, 1)} | {f"B{l}": b for l, b in enumerate(nabla_b, 1)}
grads |= {f"Z{l}": np.hstack(dz) for l, dz in enumerate(zip(*columns), 1)}
return grads | {f"A{l}": np.hstack(da) for l, da in enumerate(zip(*backs), 1)}
""",
    ),
    "a stack of caches that is popped": rewritten(
        compute_gradients="""
from collections import deque

stack = deque((l, cache[f"A{l - 1}"], cache[f"W{l}"]) for l in range(1, self.num_layers + 1))
grads, dZ = {}, np.subtract(out, cache["Y"])
while stack:
    l, A, W = stack.pop()
    grads[f"Z{l}"], grads[f"W{l}"], grads[f"B{l}"] = dZ, np.inner(dZ, A) / dZ.shape[-1], dZ.mean(-1)[..., None]
    if stack:
        grads[f"A{l - 1}"] = dA = W.T @ dZ
        dZ = dA * (A - A * A)
return grads
""",
    ),
    "a tape of closures": rewritten(
        forward="""
tape, cache, A = [], {"A0": X}, X

def layer(number, W, B, A):
    Z = W @ A + B
    out = sigmoid(Z)

    def backward(dZ, below):
        m = A.shape[1]
        dA = W.T @ dZ
        return {f"W{number}": dZ @ A.T / m, f"B{number}": dZ.sum(1, keepdims=True) / m, f"Z{number}": dZ}, dA, dA * A * (1 - A)

    tape.append(backward)
    return Z, out

for number in range(1, self.num_layers + 1):
    W, B = self.params[f"W{number}"], self.params[f"B{number}"]
    Z, A = layer(number, W, B, A)
    cache.update({f"W{number}": W, f"B{number}": B, f"Z{number}": Z, f"A{number}": A})
cache["tape"] = tape
return A, cache
""",
        compute_gradients="""
grads, dZ = {}, out - cache["Y"]
for number, backward in reversed(list(enumerate(cache["tape"], start=1))):
    found, dA, below = backward(dZ, number > 1)
    grads.update(found)
    if number > 1:
        grads[f"A{number - 1}"], dZ = dA, below
return grads
""",
    ),
    "a small engine with a graph": rewritten(
        (
            CLASS,
            """
class Tensor:
    def __init__(self, data, parents=(), push=lambda grad: ()):
        self.data, self.parents, self.push, self.grad = data, parents, push, 0.0

    def __matmul__(self, other):
        return Tensor(self.data @ other.data, (self, other), lambda grad: (grad @ other.data.T, self.data.T @ grad))

    def __add__(self, other):
        return Tensor(self.data + other.data, (self, other), lambda grad: (grad, grad.sum(axis=1, keepdims=True)))

    def sigmoid(self):
        s = sigmoid(self.data)
        return Tensor(s, (self,), lambda grad: (grad * s * (1 - s),))

    def backward(self, grad):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = grad
        for node in reversed(order):
            for parent, piece in zip(node.parents, node.push(node.grad)):
                parent.grad = parent.grad + piece


class DNN:
""",
        ),
        compute_gradients="""
nodes, A = {}, Tensor(cache["A0"])
for l in range(1, self.num_layers + 1):
    nodes[f"W{l}"], nodes[f"B{l}"] = Tensor(cache[f"W{l}"]), Tensor(cache[f"B{l}"])
    nodes[f"Z{l}"] = nodes[f"W{l}"] @ A + nodes[f"B{l}"]
    A = nodes[f"A{l}"] = nodes[f"Z{l}"].sigmoid()
nodes[f"Z{self.num_layers}"].backward(out - cache["Y"])
m = out.shape[1]
return {key: node.grad / m if key[0] in "WB" else node.grad for key, node in nodes.items() if node is not A}
""",
    ),
    "a network of scalars": rewritten(
        (
            CLASS,
            """
class Value:
    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, 0.0

    def __add__(self, other):
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def sigmoid(self):
        s = float(sigmoid(self.data))
        return Value(s, ((self, s * (1 - s)),))


def push(ends):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    for end in ends:
        visit(end)
    for node in reversed(order):
        for parent, slope in node.parents:
            parent.grad += slope * node.grad


class DNN:
""",
        ),
        compute_gradients="""
L, m = self.num_layers, out.shape[1]
values = {key: [[Value(float(x)) for x in row] for row in cache[key]] for l in range(1, L + 1) for key in (f"W{l}", f"B{l}")}
values["A0"] = [[Value(float(x)) for x in row] for row in cache["A0"]]
for l in range(1, L + 1):
    Z = [[b for _ in range(m)] for b, in values[f"B{l}"]]
    for i, weights in enumerate(values[f"W{l}"]):
        for j, w in enumerate(weights):
            Z[i] = [z + w * a for z, a in zip(Z[i], values[f"A{l - 1}"][j])]
    values[f"Z{l}"] = Z
    if l < L:
        values[f"A{l}"] = [[z.sigmoid() for z in row] for row in Z]
for row, errors in zip(values[f"Z{L}"], (out - cache["Y"]).tolist()):
    for z, error in zip(row, errors):
        z.grad = error
push([z for row in values[f"Z{L}"] for z in row])
grads = {key: np.array([[value.grad for value in row] for row in rows]) for key, rows in values.items()}
return {key: grad / m if key[0] in "WB" else grad for key, grad in grads.items()}
""",
    ),
    "layers with a backward of their own": rewritten(
        (
            CLASS,
            """
class Layer:
    def __call__(self, x):
        self.x = x
        return self.forward(x)


class Dense(Layer):
    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        return self.weight @ x + self.bias

    def backward(self, grad):
        self.grads = (grad @ self.x.T) / grad.shape[1], grad.sum(axis=1, keepdims=True) / grad.shape[1]
        return self.weight.T @ grad


class Sigmoid(Layer):
    def forward(self, x):
        self.y = sigmoid(x)
        return self.y

    def backward(self, grad):
        return grad * (1.0 - self.y) * self.y


class DNN:
""",
        ),
        forward="""
cache, x = {"A0": X}, X
for number in range(1, self.num_layers + 1):
    dense = Dense(self.params[f"W{number}"], self.params[f"B{number}"])
    cache[f"W{number}"], cache[f"B{number}"] = dense.weight, dense.bias
    for name, layer in ((f"Z{number}", dense), (f"A{number}", Sigmoid())):
        x = cache[name] = layer(x)
return x, cache
""",
        compute_gradients="""
layers, x = [], cache["A0"]
for number in range(1, self.num_layers + 1):
    layers += [("A", number - 1, Dense(cache[f"W{number}"], cache[f"B{number}"])), ("Z", number, Sigmoid())]
for *_, layer in layers:
    x = layer(x)
grads, grad = {}, out - cache["Y"]
grads[f"Z{self.num_layers}"] = grad
for kind, number, layer in layers[-2::-1]:
    grad = layer.backward(grad)
    if number:
        grads[f"{kind}{number}"] = grad
    if isinstance(layer, Dense):
        grads[f"W{number + 1}"], grads[f"B{number + 1}"] = layer.grads
return grads
""",
    ),
    "one vector of all parameters": rewritten(
        fit="""
names = sorted(self.params)
shapes = [self.params[name].shape for name in names]
sizes = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

def unroll(values):
    return np.concatenate([np.ravel(values[name]) for name in names])

theta, losses = unroll(self.params), []
for epoch in range(epochs):
    losses.append(self.loss(self.forward(X)[0], Y))
    if losses[epoch] < tolerance:
        return losses
    theta = theta - learning_rate * unroll(self.gradients(X, Y))
    for name, shape, piece in zip(names, shapes, np.split(theta, sizes)):
        self.params[name] = piece.reshape(shape)
return losses
""",
    ),
    "the bias as the first weight": rewritten(
        forward="""
cache, A = {"A0": X}, X
for l in range(1, self.num_layers + 1):
    theta = np.c_[self.params[f"B{l}"], self.params[f"W{l}"]]
    cache[f"Z{l}"] = theta @ np.r_[np.ones((1, A.shape[1])), A]
    A = cache[f"A{l}"] = sigmoid(cache[f"Z{l}"])
    cache[f"B{l}"], cache[f"W{l}"] = theta[:, :1], theta[:, 1:]
return A, cache
""",
        compute_gradients="""
grads, delta = {}, out - cache["Y"]
for l in range(self.num_layers, 0, -1):
    ones = np.ones((1, out.shape[1]))
    augmented = np.vstack((ones, cache[f"A{l - 1}"]))
    theta_grad = delta.dot(augmented.T) / out.shape[1]
    grads[f"B{l}"], grads[f"W{l}"], grads[f"Z{l}"] = theta_grad[:, [0]], theta_grad[:, 1:], delta
    if l > 1:
        theta = np.hstack((cache[f"B{l}"], cache[f"W{l}"]))
        error = theta.T.dot(delta)
        grads[f"A{l - 1}"] = error[1:]
        delta = (error * augmented * (1 - augmented))[1:]
return grads
""",
    ),
    "reduce both ways": rewritten(
        (HEAD, "from functools import reduce\n\n" + HEAD),
        forward="""
def step(cache, l):
    Z = self.params[f"W{l}"] @ cache[f"A{l - 1}"] + self.params[f"B{l}"]
    return {**cache, f"W{l}": self.params[f"W{l}"], f"B{l}": self.params[f"B{l}"], f"Z{l}": Z, f"A{l}": sigmoid(Z)}

cache = reduce(step, range(1, self.num_layers + 1), {"A0": X})
return cache[f"A{self.num_layers}"], cache
""",
        compute_gradients="""
def step(grads, l):
    dA = cache[f"W{l + 1}"].T @ grads[f"Z{l + 1}"]
    return grads | {f"A{l}": dA, f"Z{l}": dA * cache[f"A{l}"] * (1 - cache[f"A{l}"])}

L = self.num_layers
steps = reduce(step, range(L - 1, 0, -1), {f"Z{L}": out - cache["Y"]})
means = ({f"W{l}": steps[f"Z{l}"] @ cache[f"A{l - 1}"].T / out.shape[1], f"B{l}": steps[f"Z{l}"].mean(1, keepdims=True)}
         for l in range(1, L + 1))
return reduce(lambda all_of, some: all_of | some, means, steps)
""",
    ),
    "accumulate": rewritten(
        (HEAD, "from itertools import accumulate, pairwise\n\n" + HEAD),
        compute_gradients="""
A = [cache[f"A{l}"] for l in range(self.num_layers)]
W = [cache[f"W{l}"] for l in range(1, self.num_layers + 1)]
down = list(zip(W[:0:-1], A[:0:-1]))
deltas = list(accumulate(down, lambda dZ, wa: (wa[0].T @ dZ) * wa[1] * (1 - wa[1]), initial=out - cache["Y"]))[::-1]
grads = {}
for l, (dZ, a) in enumerate(zip(deltas, A), start=1):
    grads |= {f"Z{l}": dZ, f"W{l}": (dZ @ a.T) / a.shape[1], f"B{l}": np.mean(dZ, axis=1)[:, np.newaxis]}
for l, (_, above) in enumerate(pairwise(deltas), start=1):
    grads[f"A{l}"] = W[l].T @ above
return grads
""",
    ),
    "a generator of pairs": rewritten(
        (
            CLASS,
            """
def walk(cache, dZ, layers):
    m = dZ.shape[1]
    for layer in range(layers, 0, -1):
        A = cache[f"A{layer - 1}"]
        yield f"Z{layer}", dZ
        yield f"W{layer}", dZ @ A.T / m
        yield f"B{layer}", dZ @ np.full((m, 1), 1 / m)
        if layer == 1:
            return
        dA = cache[f"W{layer}"].T @ dZ
        yield f"A{layer - 1}", dA
        dZ = dA * (A * (1 - A))


class DNN:
""",
        ),
        compute_gradients='return dict(walk(cache, out - cache["Y"], self.num_layers))',
    ),
    "a coroutine that is sent dZ": rewritten(
        (
            CLASS,
            """
def layer_back(W, A):
    dZ = yield
    yield {"Z": dZ, "W": dZ @ A.T / A.shape[1], "B": dZ.mean(1, keepdims=True)}
    yield W.T @ dZ


class DNN:
""",
        ),
        compute_gradients="""
grads, dZ = {}, out - cache["Y"]
for l in range(self.num_layers, 0, -1):
    steps = layer_back(cache[f"W{l}"], cache[f"A{l - 1}"])
    next(steps)
    grads.update({f"{kind}{l}": value for kind, value in steps.send(dZ).items()})
    if l > 1:
        grads[f"A{l - 1}"] = next(steps)
        dZ = grads[f"A{l - 1}"] * cache[f"A{l - 1}"] * (1 - cache[f"A{l - 1}"])
return grads
""",
    ),
    "a dict for each layer, flattened": rewritten(
        (HEAD, "from collections import defaultdict\n\n" + HEAD),
        compute_gradients="""
layers = defaultdict(dict)
layers[self.num_layers]["Z"] = out - cache["Y"]
for l in sorted(range(1, self.num_layers + 1), reverse=True):
    current, below = layers[l], cache["A%d" % (l - 1)]
    current["W"] = np.dot(current["Z"], below.T) / np.size(below, 1)
    current["B"] = np.sum(current["Z"], 1, keepdims=True) / np.size(below, 1)
    if l != 1:
        layers[l - 1]["A"] = np.dot(cache["W%d" % l].T, current["Z"])
        layers[l - 1]["Z"] = layers[l - 1]["A"] * below * (1 - below)
return {"%s%d" % (kind, l): value for l, one in layers.items() for kind, value in one.items()}
""",
    ),
    "named tuples for each layer": rewritten(
        (
            HEAD,
            HEAD
            + """from typing import NamedTuple


class LayerGradients(NamedTuple):
    W: np.ndarray
    B: np.ndarray
    Z: np.ndarray
    A: "np.ndarray | None" = None

""",
        ),
        compute_gradients="""
found, dA, dZ = [], None, out - cache["Y"]
for l in range(self.num_layers, 0, -1):
    A = cache[f"A{l - 1}"]
    found.append(LayerGradients(dZ @ A.T / A.shape[-1], dZ.mean(axis=-1, keepdims=True), dZ, dA))
    dA = cache[f"W{l}"].T @ dZ
    dZ = dA * A * (1 - A)
return {
    f"{kind}{l}": value
    for l, layer in enumerate(reversed(found), start=1)
    for kind, value in layer._asdict().items()
    if value is not None
}
""",
    ),
    "a dataclass for the cache": rewritten(
        (
            HEAD,
            "from dataclasses import dataclass, field\n\n"
            + HEAD
            + """

@dataclass
class Pass:
    activations: list = field(default_factory=list)
    sums: list = field(default_factory=list)

    def as_dict(self, params):
        named = {f"A{l}": A for l, A in enumerate(self.activations)}
        return {**params, **named, **{f"Z{l}": Z for l, Z in enumerate(self.sums, start=1)}}

""",
        ),
        forward="""
run = Pass([X])
for l in range(1, len(self.layer_sizes)):
    run.sums.append(np.add(np.matmul(self.params[f"W{l}"], run.activations[-1]), self.params[f"B{l}"]))
    run.activations.append(sigmoid(run.sums[-1]))
return run.activations[-1], run.as_dict(self.params)
""",
    ),
    "keyword arguments all the way": rewritten(
        (
            CLASS,
            """
def affine(*, W, B, A):
    return W @ A + B


def affine_back(*, dZ, W, A, **_):
    m = A.shape[-1]
    return dict(W=dZ @ A.T / m, B=dZ.sum(axis=-1, keepdims=True) / m), W.T @ dZ


class DNN:
""",
        ),
        compute_gradients="""
def layer(l):
    return dict(W=cache[f"W{l}"], B=cache[f"B{l}"], A=cache[f"A{l - 1}"], Z=cache[f"Z{l}"])

grads, dZ = {f"Z{self.num_layers}": out - cache["Y"]}, out - cache["Y"]
for l in range(self.num_layers, 0, -1):
    found, dA = affine_back(dZ=dZ, **layer(l))
    grads.update(**{f"{kind}{l}": value for kind, value in found.items()})
    if l > 1:
        dZ = dA * cache[f"A{l - 1}"] * (1 - cache[f"A{l - 1}"])
        grads.update(**{f"A{l - 1}": dA, f"Z{l - 1}": dZ})
return grads
""",
    ),
    "rows are samples on both ways": rewritten(
        forward="""
h, cache = X.T, {"A0": X}
for l in range(1, self.num_layers + 1):
    W, b = self.params[f"W{l}"].T, self.params[f"B{l}"].ravel()
    z = h @ W + b
    h = sigmoid(z)
    cache.update({f"W{l}": W.T, f"B{l}": b[:, None], f"Z{l}": z.T, f"A{l}": h.T})
return h.T, cache
""",
        compute_gradients="""
grads, delta, N = {}, (out - cache["Y"]).T, out.T.shape[0]
for l in range(self.num_layers, 0, -1):
    h, W = cache[f"A{l - 1}"].T, cache[f"W{l}"].T
    dW, db = h.T @ delta / N, delta.sum(axis=0) / N
    grads |= {f"W{l}": dW.T, f"B{l}": db.reshape(-1, 1), f"Z{l}": delta.T}
    if l > 1:
        dh = delta @ W.T
        delta = dh * h * (1 - h)
        grads[f"A{l - 1}"] = dh.T
return grads
""",
    ),
    "the batch as the first axis of matrices": rewritten(
        compute_gradients="""
grads, dz = {}, (out - cache["Y"]).T[:, :, np.newaxis]
for l in range(self.num_layers, 0, -1):
    a = cache[f"A{l - 1}"].T[:, :, np.newaxis]
    grads[f"Z{l}"] = dz[:, :, 0].T
    grads[f"W{l}"] = np.mean(np.matmul(dz, a.transpose(0, 2, 1)), axis=0)
    grads[f"B{l}"] = np.mean(dz, axis=0)
    if l > 1:
        da = np.matmul(cache[f"W{l}"].T, dz)
        grads[f"A{l - 1}"] = da[:, :, 0].T
        dz = da * a * (1 - a)
return grads
""",
    ),
    "the Jacobian of every layer": rewritten(
        compute_gradients="""
m, L = out.shape[1], self.num_layers
grads = {f"{kind}{l}": [] for l in range(1, L + 1) for kind in ("WBZA" if l < L else "WBZ")}
for i in range(m):
    row = (out[:, i] - cache["Y"][:, i])[np.newaxis]
    for l in range(L, 0, -1):
        a = cache[f"A{l - 1}"][:, i]
        grads[f"Z{l}"].append(row.T)
        grads[f"W{l}"].append(row.T @ a[np.newaxis])
        grads[f"B{l}"].append(row.T)
        if l > 1:
            row = row @ cache[f"W{l}"]
            grads[f"A{l - 1}"].append(row.T)
            row = row @ np.diag(a * (1 - a))
return {key: sum(values) / m if key[0] in "WB" else np.concatenate(values, axis=1) for key, values in grads.items()}
""",
    ),
    "outer products by signature": edited(
        (HEAD, HEAD + '\nouter = np.vectorize(np.outer, signature="(n),(k)->(n,k)")\n'),
        ("dZ @ A_previous.T / m", "outer(dZ.T, A_previous.T).mean(axis=0)"),
    ),
    "multi_dot and kron": edited(
        ("dZ @ A_previous.T / m", "np.linalg.multi_dot([dZ, A_previous.T]) / m"),
        (
            'cache[f"W{layer}"].T @ dZ',
            '(np.kron(np.eye(m), cache[f"W{layer}"].T) @ dZ.T.reshape(-1)).reshape(m, -1).T',
        ),
    ),
    "a scaled delta in the products": rewritten(
        compute_gradients="""
n_samples = cache["A0"].shape[-1]
coefs = [cache[f"W{l}"] for l in range(1, self.num_layers + 1)]
deltas = [None] * self.num_layers
deltas[-1] = out - cache["Y"]
grads = {}
for i in range(self.num_layers - 1, -1, -1):
    scaled = deltas[i] / n_samples
    grads[f"W{i + 1}"] = scaled @ cache[f"A{i}"].T
    grads[f"B{i + 1}"] = np.sum(scaled, 1, keepdims=True)
    if i:
        back = np.dot(coefs[i].T, deltas[i])
        grads[f"A{i}"] = back.copy()
        back *= cache[f"A{i}"]
        back *= 1 - cache[f"A{i}"]
        deltas[i - 1] = back
return {**grads, **{f"Z{i + 1}": delta for i, delta in enumerate(deltas)}}
""",
    ),
    "zip and reversed": rewritten(
        compute_gradients="""
numbers = range(1, self.num_layers + 1)
below = [cache[f"A{l - 1}"] for l in numbers]
above = [None, *(cache[f"W{l}"] for l in numbers[:0:-1])]
grads, dZ = {}, None
for l, A, W in zip(reversed(numbers), reversed(below), above):
    if W is None:
        dZ = out - cache["Y"]
    else:
        grads[f"A{l}"] = W.T @ dZ
        dZ = grads[f"A{l}"] * cache[f"A{l}"] * (1 - cache[f"A{l}"])
    grads.update(zip((f"W{l}", f"B{l}", f"Z{l}"), (dZ @ A.T / A.shape[1], np.mean(dZ, 1, keepdims=True), dZ)))
return grads
""",
    ),
    "float32 from end to end": rewritten(
        (HEAD, HEAD + "\nFLOAT = np.float32\n"),
        forward="""
cache = {"A0": np.asarray(X, dtype=FLOAT)}
for l in range(1, self.num_layers + 1):
    W, B = self.params[f"W{l}"].astype(FLOAT), self.params[f"B{l}"].astype(FLOAT)
    Z = W @ cache[f"A{l - 1}"] + B
    cache |= {f"W{l}": W, f"B{l}": B, f"Z{l}": Z, f"A{l}": sigmoid(Z).astype(FLOAT)}
return cache[f"A{self.num_layers}"], cache
""",
        compute_gradients="""
cache = {key: value.astype(FLOAT) for key, value in cache.items()}
m, grads = FLOAT(out.shape[1]), {}
dZ = out.astype(FLOAT) - cache["Y"]
for l in range(self.num_layers, 0, -1):
    A = cache[f"A{l - 1}"]
    grads |= {f"Z{l}": dZ, f"W{l}": dZ @ A.T / m, f"B{l}": dZ.sum(axis=1, keepdims=True, dtype=FLOAT) / m}
    if l > 1:
        grads[f"A{l - 1}"] = cache[f"W{l}"].T @ dZ
        dZ = grads[f"A{l - 1}"] * A * (FLOAT(1) - A)
assert {value.dtype for value in grads.values()} == {np.dtype(FLOAT)}
return grads
""",
        fit="""
losses, rate = [], FLOAT(learning_rate)
for _ in range(epochs):
    out, _ = self.forward(X)
    losses.append(FLOAT(self.loss(out.astype(np.float64), Y)))
    if losses[-1] < tolerance:
        break
    grads = self.gradients(X, Y)
    for name, value in self.params.items():
        self.params[name] = value.astype(FLOAT) - rate * grads[name]
return losses
""",
    ),
    "matrices of lists with operators": rewritten(
        (
            CLASS,
            """
class Matrix:
    def __init__(self, rows):
        self.rows = [list(map(float, row)) for row in rows]

    def __matmul__(self, other):
        columns = list(zip(*other.rows))
        return Matrix([sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows)

    def __mul__(self, other):
        return Matrix(map(lambda a, b: a * b, *pair) for pair in zip(self.rows, other.rows))

    def __rmul__(self, factor):
        return Matrix([factor * x for x in row] for row in self.rows)

    def transpose(self):
        return Matrix(zip(*self.rows))

    def slope(self):
        return Matrix([x * (1 - x) for x in row] for row in self.rows)

    def row_sums(self):
        return Matrix([sum(row)] for row in self.rows)


class DNN:
""",
        ),
        compute_gradients="""
matrices = {key: Matrix(value) for key, value in cache.items()}
grads, dZ, m = {}, Matrix(out - cache["Y"]), out.shape[1]
for l in range(self.num_layers, 0, -1):
    A = matrices[f"A{l - 1}"]
    grads |= {f"Z{l}": dZ, f"W{l}": 1 / m * (dZ @ A.transpose()), f"B{l}": 1 / m * dZ.row_sums()}
    if l > 1:
        grads[f"A{l - 1}"] = matrices[f"W{l}"].transpose() @ dZ
        dZ = grads[f"A{l - 1}"] * A.slope()
return {key: np.array(matrix.rows) for key, matrix in grads.items()}
""",
    ),
    "an enumeration for the keys": rewritten(
        (
            HEAD,
            "import enum\n\n"
            + HEAD
            + """

class Kind(str, enum.Enum):
    W = "W"
    B = "B"
    Z = "Z"
    A = "A"

    def of(self, layer):
        return f"{self.value}{layer}"

""",
        ),
        compute_gradients="""
grads, m = {}, np.shape(out)[-1]
for l in range(self.num_layers, 0, -1):
    if l == self.num_layers:
        dZ = out - cache["Y"]
    else:
        grads[Kind.A.of(l)] = cache[Kind.W.of(l + 1)].T @ dZ
        dZ = grads[Kind.A.of(l)] * cache[Kind.A.of(l)] * (1 - cache[Kind.A.of(l)])
    grads[Kind.Z.of(l)] = dZ
    grads[Kind.W.of(l)] = dZ @ cache[Kind.A.of(l - 1)].T / m
    grads[Kind.B.of(l)] = dZ.sum(axis=1, keepdims=True) / m
return grads
""",
    ),
    "a mixin that trains": rewritten(
        (
            CLASS,
            """
class Trainer:
    def epochs_of(self, X, Y, learning_rate, tolerance):
        while True:
            out, cache = self.forward(X)
            loss = self.loss(out, Y)
            yield loss
            if loss < tolerance:
                return
            grads = self.compute_gradients(out, dict(cache, Y=Y))
            self.params = {name: np.subtract(W, np.multiply(learning_rate, grads[name])) for name, W in self.params.items()}


class DNN(Trainer):
""",
        ),
        (HEAD, "from itertools import islice\n\n" + HEAD),
        fit="""
descent = self.epochs_of(X, Y, learning_rate, tolerance)
losses = list(islice(descent, epochs))
if losses and losses[-1] >= tolerance:
    next(descent)
return losses
""",
    ),
    "losses in a buffer that is cut off": rewritten(
        fit="""
losses, epoch = np.zeros(epochs), 0
for epoch in range(epochs):
    losses[epoch] = self.loss(self.forward(X)[0], Y)
    if losses[epoch] < tolerance:
        break
    step = {name: learning_rate * grad for name, grad in self.gradients(X, Y).items() if name in self.params}
    for name in step:
        self.params[name] = self.params[name] - step[name]
else:
    return list(losses)
return losses[: epoch + 1].tolist()
""",
    ),
    "sigmoid by masks": edited(
        (
            "return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))",
            "Z = np.asarray(Z, dtype=float)\n    out = np.empty_like(Z)\n    positive = Z >= 0\n"
            "    out[positive] = 1 / (1 + np.exp(-Z[positive]))\n"
            "    E = np.exp(Z[~positive])\n    out[~positive] = E / (1 + E)\n    return out",
        )
    ),
    "sigmoid by piecewise": edited(
        (
            "return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))",
            "Z = np.asarray(Z, dtype=float)\n    low, high = lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))\n"
            "    return np.piecewise(Z, [Z < 0], [low, high])",
        )
    ),
    "sigmoid as a class": edited(
        (
            CLASS,
            """
class Activation:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __call__(self, Z):
        return self.value(Z)


SIGMOID = Activation(sigmoid, lambda A: np.multiply(A, np.subtract(1.0, A)))


class DNN:
""",
        ),
        ('cache[f"A{layer}"] = sigmoid(Z)', 'cache[f"A{layer}"] = SIGMOID(Z)'),
        ("A_previous * (1 - A_previous)", "SIGMOID.slope(A_previous)"),
    ),
    "as many layers as there are weights": rewritten(
        forward="""
cache, A, l = {"A0": X}, X, 0
while f"W{(l := l + 1)}" in self.params:
    W, B = (self.params[kind + str(l)] for kind in "WB")
    Z = W.dot(A) + B
    A = sigmoid(Z)
    for kind, value in zip("WBZA", (W, B, Z, A)):
        cache[kind + str(l)] = value
return A, cache
""",
        compute_gradients="""
l, grads = max(int(key[1:]) for key in cache if key[0] == "Z"), {}
delta = out - cache["Y"]
while l:
    A = cache[f"A{l - 1}"]
    grads["Z" + str(l)], grads["B" + str(l)] = delta, np.add.reduce(delta, 1)[:, None] / delta.shape[1]
    grads["W" + str(l)] = delta.dot(A.T).__truediv__(delta.shape[1])
    error = cache["W" + str(l)].T.dot(delta)
    delta, l = error * A * (1 - A), l - 1
    if l:
        grads["A" + str(l)] = error
return grads
""",
    ),
}

of_extension = partial(rewritten, part="extension")
CROSS_ENTROPY_LOSS = "return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))"
CROSS_ENTROPY = "return super().compute_gradients(out, cache)"
SQUARED_LOSS = "return float(np.mean(np.sum((out - Y) ** 2, axis=0)))"
SQUARED = 'dZ = softmax_backward(2 * (out - cache["Y"]), out)\n        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)'
GENERAL = 'return backward_pass(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])'
TABLE = 'ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (np.tanh, tanh_prime), "relu": (relu, relu_prime)}'

EXTENSION = {
    "the Jacobian of each sample by diagflat": of_extension(
        softmax_backward="""
dinputs = np.empty_like(dA, dtype=float)
for index, (single, back) in enumerate(zip(A.T, dA.T)):
    single = single.reshape(-1, 1)
    dinputs[:, index] = np.dot(np.diagflat(single) - np.dot(single, single.T), back)
return dinputs
"""
    ),
    "the Jacobian case by case": of_extension(
        softmax_backward="""
K, m = A.shape
dZ = np.zeros((K, m))
for s in range(m):
    for j in range(K):
        for k in range(K):
            if j == k:
                dZ[j, s] += A[k, s] * (1 - A[k, s]) * dA[k, s]
            else:
                dZ[j, s] += -A[j, s] * A[k, s] * dA[k, s]
return dZ
"""
    ),
    "all Jacobians at once": of_extension(
        softmax_backward="""
s = A.T[:, :, None]
jacobians = s * np.eye(len(A)) - s @ s.transpose(0, 2, 1)
return (jacobians @ dA.T[:, :, None])[:, :, 0].T
"""
    ),
    "the dot products by einsum": of_extension(softmax_backward='return A * (dA - np.einsum("km,km->m", A, dA))'),
    "softmax by logaddexp": of_extension(softmax="return np.exp(Z - np.logaddexp.reduce(Z, axis=0))"),
    "softmax of rows, transposed": of_extension(
        softmax="""
x = Z.T - np.max(Z.T, axis=1, keepdims=True)
e_x = np.exp(x)
e_x /= e_x.sum(axis=1, keepdims=True)
return e_x.T
"""
    ),
    "softmax in steps of its own": of_extension(
        softmax="""
shifted = Z - np.amax(Z, axis=0)[np.newaxis, :]
powers = np.exp(shifted)
totals = np.ones((1, Z.shape[0])) @ powers
return np.divide(powers, totals)
"""
    ),
    "softmax of a list of columns": of_extension(
        softmax="""
def one(z):
    e = np.exp(z - max(z))
    return e / sum(e)

return np.stack([one(column) for column in np.transpose(Z)], axis=-1)
"""
    ),
    "float32 from end to end": of_extension(
        ("import numpy as np\n", "import numpy as np\n\nFLOAT = np.float32\n"),
        ("_, cache = super().forward(X)\n", "_, cache = super().forward(np.asarray(X, FLOAT))\n        cache = {key: value.astype(FLOAT) for key, value in cache.items()}\n"),
        ('cache = {"A0": X, **self.params}\n', 'cache = {key: np.asarray(value, FLOAT) for key, value in {"A0": X, **self.params}.items()}\n'),
        ("    layers = len(params) // 2\n", "    layers, X, y = len(params) // 2, np.asarray(X, FLOAT), np.asarray(y, FLOAT)\n    params = {key: np.asarray(value, FLOAT) for key, value in params.items()}\n"),
        ("    grads, m = {}, dZ.shape[1]\n", "    grads, m, dZ = {}, dZ.shape[1], dZ.astype(FLOAT)\n    cache = {key: value.astype(FLOAT) for key, value in cache.items()}\n"),
        ('return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, **gradients}', 'named = {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, **gradients}\n    return {key: np.asarray(value, FLOAT) for key, value in named.items()}'),
        ("return (Z > 0).astype(float)", "return (Z > 0).astype(FLOAT)"),
        softmax="""
E = np.exp((Z - np.max(Z, axis=0)).astype(FLOAT))
return E / E.sum(axis=0, dtype=FLOAT)
""",
    ),
    "cross-entropy of the chosen classes by a mask": of_extension(
        (CROSS_ENTROPY_LOSS, "return -np.log(np.maximum(out[np.asarray(Y) == 1], np.finfo(float).tiny)).sum() / Y.shape[1]")
    ),
    "cross-entropy by where": of_extension(
        (CROSS_ENTROPY_LOSS, "logs = np.log(out, where=out > 0, out=np.full(out.shape, -700.0))\n        return float(np.trace(-Y.T @ logs)) / len(Y.T)")
    ),
    "cross-entropy by vdot": of_extension((CROSS_ENTROPY_LOSS, "return -np.vdot(Y, np.log(out + np.finfo(float).tiny)) / Y.shape[-1]")),
    "squared error by the norm": of_extension(
        (SQUARED_LOSS, "return np.linalg.norm(out - Y) ** 2 / np.size(Y, axis=1)"),
    ),
    "squared error as the trace": of_extension((SQUARED_LOSS, "error = out - Y\n        return np.trace(error.T @ error) / error.shape[1]")),
    "squared error written out": of_extension(
        (
            SQUARED,
            'error = out - cache["Y"]\n        inner = (error * out).sum(axis=0)\n'
            "        return backward_pass(2 * out * error - 2 * out * inner, cache, [sigmoid_prime] * self.num_layers)",
        )
    ),
    "labels as class numbers": of_extension(
        (
            CROSS_ENTROPY,
            'labels = cache["Y"].argmax(axis=0)\n        dZ = np.array(out, dtype=float)\n'
            "        np.subtract.at(dZ, (labels, np.arange(len(labels))), 1.0)\n"
            "        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)",
        )
    ),
    "derivatives as a generator": of_extension(
        (GENERAL, 'return backward_pass(out - cache["Y"], cache, tuple(slope for _, slope in map(ACTIVATIONS.get, self.activations)))'),
        (SQUARED, SQUARED.replace("[sigmoid_prime] * self.num_layers", "(sigmoid_prime,) * (len(self.params) // 2)")),
    ),
    "a registry filled by decorators": of_extension(
        (
            TABLE,
            """ACTIVATIONS = {}


def activation(name, value):
    def register(slope):
        ACTIVATIONS[name] = (value, slope)
        return slope

    return register


@activation("sigmoid", sigmoid)
def slope_of_sigmoid(Z):
    return sigmoid(Z) * sigmoid(-Z)


@activation("tanh", np.tanh)
def slope_of_tanh(Z):
    return np.square(1 / np.cosh(np.clip(Z, -300, 300)))


@activation("relu", relu)
def slope_of_relu(Z):
    return np.sign(np.maximum(Z, 0))""",
        )
    ),
    "activations as abstract classes": of_extension(
        (
            TABLE,
            """from abc import ABC, abstractmethod


class Activation(ABC):
    @staticmethod
    @abstractmethod
    def function(Z): ...

    @staticmethod
    @abstractmethod
    def derivative(Z): ...


class Sigmoid(Activation):
    function, derivative = staticmethod(sigmoid), staticmethod(sigmoid_prime)


class Tanh(Activation):
    @staticmethod
    def function(Z):
        return 2 * sigmoid(2 * Z) - 1

    @staticmethod
    def derivative(Z):
        return 4 * sigmoid(2 * Z) * (1 - sigmoid(2 * Z))


class Relu(Activation):
    @staticmethod
    def function(Z):
        return np.where(Z > 0, Z, 0.0)

    @staticmethod
    def derivative(Z):
        return np.where(Z > 0, 1.0, 0.0)


ACTIVATIONS = {kind.__name__.lower(): (kind.function, kind.derivative) for kind in Activation.__subclasses__()}""",
        )
    ),
    "tanh by exponentials": of_extension(
        (
            TABLE,
            TABLE.replace("np.tanh", "tanh").replace(
                "ACTIVATIONS",
                "def tanh(Z):\n    E = np.expm1(-2 * np.abs(Z))\n    return -np.sign(Z) * E / (E + 2)\n\n\nACTIVATIONS",
            ),
        )
    ),
    "relu by clip": of_extension(relu="return np.clip(Z, 0, None)", relu_prime="return np.minimum(1.0, np.ceil(np.clip(Z, 0, 1)))"),
    "relu by fmax and booleans": of_extension(relu="return np.fmax(0.0, Z)", relu_prime="return np.greater(Z, 0) * 1.0"),
    "relu on a copy by a mask": of_extension(
        relu="""
A = np.array(Z, dtype=float)
A[A < 0] = 0
return A
""",
        relu_prime="""
slope = np.zeros_like(Z, dtype=float)
slope[Z > 0] = 1
return slope
""",
    ),
    "walk back over zipped layers": of_extension(
        backward_pass="""
L = len(derivatives)
A, W, Z = ([cache[f"{kind}{l}"] for l in numbers] for kind, numbers in (("A", range(L)), ("W", range(1, L + 1)), ("Z", range(1, L))))
grads = {}
for l, a, w, z, slope in reversed(list(zip(range(1, L + 1), A, W, [None, *Z], [None, *derivatives]))):
    grads.update({f"Z{l}": dZ, f"W{l}": np.dot(dZ, a.T) / a.shape[1], f"B{l}": np.mean(dZ, axis=1, keepdims=True)})
    if z is not None:
        grads[f"A{l - 1}"] = np.dot(w.T, dZ)
        dZ = np.multiply(grads[f"A{l - 1}"], slope(z))
return grads
"""
    ),
    "walk back by einsum": of_extension(
        backward_pass="""
grads, l = {}, len(derivatives)
while True:
    A = cache[f"A{l - 1}"]
    grads[f"Z{l}"] = dZ
    grads[f"W{l}"] = np.einsum("im,jm->ij", dZ, A) / dZ.shape[1]
    grads[f"B{l}"] = np.einsum("im->i", dZ).reshape(-1, 1) / dZ.shape[1]
    l -= 1
    if not l:
        return grads
    grads[f"A{l}"] = np.einsum("ij,im->jm", cache[f"W{l + 1}"], dZ)
    dZ = np.einsum("jm,jm->jm", grads[f"A{l}"], derivatives[l - 1](cache[f"Z{l}"]))
"""
    ),
    "walk back as a generator": of_extension(
        backward_pass="""
def steps(dZ):
    for l in range(len(derivatives), 0, -1):
        yield from {f"Z{l}": dZ, f"W{l}": dZ @ cache[f"A{l - 1}"].T / dZ.shape[1], f"B{l}": dZ.mean(1)[:, None]}.items()
        if l > 1:
            yield f"A{l - 1}", (dA := cache[f"W{l}"].T @ dZ)
            dZ = dA * derivatives[l - 2](cache[f"Z{l - 1}"])

return dict(steps(dZ))
"""
    ),
    "one class with the loss as a strategy": of_extension(
        (
            "class SoftmaxDNN(DNN):",
            """class OutputDNN(DNN):
    def output_error(self, out, Y):
        raise NotImplementedError

    def compute_gradients(self, out, cache):
        return backward_pass(self.output_error(out, cache["Y"]), cache, [sigmoid_prime for _ in range(self.num_layers)])


class SoftmaxDNN(OutputDNN):
    def output_error(self, out, Y):
        return out - Y
""",
        ),
        ("        " + SQUARED, '        return OutputDNN.compute_gradients(self, out, cache)\n\n    def output_error(self, out, Y):\n        return softmax_backward(2 * (out - Y), out)'),
    ),
    "the worked example in plain Python": of_extension(
        ("import numpy as np\n", "import math\n\nimport numpy as np\n"),
        worked_example="""
x, y = [2.0, 5.0, 3.0, 3.0], [1.0, 0.0]
W1 = [[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]]
W2 = [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]
a1 = [sum(w * v for w, v in zip(row, x)) for row in W1]
h1 = [1 / (1 + math.exp(-a)) for a in a1]
a2 = [sum(w * v for w, v in zip(row, h1)) for row in W2]
total = sum(map(math.exp, a2))
y_hat = [math.exp(a) / total for a in a2]
dy = [2 * (p - t) for p, t in zip(y_hat, y)]
da2 = [sum(d * p * ((j == k) - y_hat[j]) for k, (d, p) in enumerate(zip(dy, y_hat))) for j in range(2)]
dh1 = [sum(W2[k][j] * da2[k] for k in range(2)) for j in range(4)]
w212, w131 = da2[0] * h1[1], dh1[2] * h1[2] * (1 - h1[2]) * x[0]
return dict(a1=a1, h1=h1, a2=a2, y_hat=y_hat, dL_dw212=w212, dL_dw131=w131, w212_next=W2[0][1] - w212)
""",
    ),
    "the worked example with flat vectors": of_extension(
        worked_example="""
x, y = np.array([2.0, 5.0, 3.0, 3.0]), np.array([1.0, 0.0])
W1 = np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]])
W2 = np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]])
h1 = sigmoid(a1 := W1 @ x)
y_hat = np.exp(a2 := W2 @ h1) / np.exp(a2).sum()
jacobian = np.diag(y_hat) - np.outer(y_hat, y_hat)
da2 = jacobian @ (2 * (y_hat - y))
da1 = (W2.T @ da2) * h1 * (1 - h1)
dW2, dW1 = np.outer(da2, h1), np.outer(da1, x)
return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, "dL_dw212": dW2[0, 1], "dL_dw131": dW1[2, 0], "w212_next": (W2 - dW2)[0, 1]}
"""
    ),
    "notes by recursion": of_extension(
        notes_gradients="""
def down(l, a):
    w = params.get(f"w{l + 1}")
    if w is None:
        return {}, a - y
    found, dz = down(l + 1, sigmoid(w.T @ a + params[f"b{l + 1}"]))
    found |= {f"dJdz{l + 1}": dz, f"dJdw{l + 1}": a @ dz.T / a.shape[1], f"dJdb{l + 1}": dz.mean(axis=1, keepdims=True)}
    if l == 0:
        return found, None
    return found | {f"dJda{l}": w @ dz}, (w @ dz) * a * (1 - a)

return down(0, X)[0]
"""
    ),
    "notes with rows as samples": of_extension(
        notes_gradients="""
a, layers, grads = [np.transpose(X)], range(1, len(params) // 2 + 1), {}
for l in layers:
    a.append(sigmoid(np.dot(a[-1], params["w%i" % l]) + params["b%i" % l].T))
delta = a[-1] - np.transpose(y)
for l in layers[::-1]:
    grads["dJdz%i" % l], grads["dJdb%i" % l] = delta.T, delta.mean(0)[:, None]
    grads["dJdw%i" % l] = a[l - 1].T.dot(delta) / delta.shape[0]
    if l > 1:
        error = delta.dot(params["w%i" % l].T)
        grads["dJda%i" % (l - 1)] = error.T
        delta = error * a[l - 1] * (1.0 - a[l - 1])
return grads
"""
    ),
    "notes sample by sample": of_extension(
        notes_gradients="""
from collections import defaultdict

L, m, columns = len(params) // 2, X.shape[1], defaultdict(list)
for i in range(m):
    a = [X[:, i]]
    for l in range(1, L + 1):
        a.append(sigmoid(a[-1] @ params[f"w{l}"] + params[f"b{l}"][:, 0]))
    dz = a[L] - y[:, i]
    for l in range(L, 0, -1):
        columns[f"dJdz{l}"].append(dz)
        columns[f"dJdw{l}"].append(np.multiply.outer(a[l - 1], dz))
        columns[f"dJdb{l}"].append(dz[:, None])
        if l > 1:
            columns[f"dJda{l - 1}"].append(params[f"w{l}"] @ dz)
            dz = columns[f"dJda{l - 1}"][-1] * a[l - 1] * (1 - a[l - 1])
return {key: np.mean(all_of, axis=0) if key[3] in "wb" else np.column_stack(all_of) for key, all_of in columns.items()}
"""
    ),
}

of_warmup = partial(rewritten, part="warmup")
WARMUP = {
    "dual numbers with operators": of_warmup(
        (
            "import numpy as np\n",
            """import numpy as np


class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __rmul__(self, factor):
        return Dual(factor * self.value, factor * self.slope)

    def exp(self):
        return Dual(np.exp(self.value), np.exp(self.value) * self.slope)

    def reciprocal(self):
        return Dual(1 / self.value, -self.slope / self.value**2)

    def pair(self):
        return self.value, self.slope
""",
        ),
        exp_exp_square="x = Dual(x, 1.0)\nreturn (x * x).exp().exp().pair()",
        reciprocal_exp_square="x = Dual(x, 1.0)\nreturn (x * x).exp().reciprocal().pair()",
        two_paths="x = Dual(x, 1.0)\nreturn (2 * (x * x) + x).pair()",
    ),
    "a list of functions and derivatives": of_warmup(
        (
            "import numpy as np\n",
            """import numpy as np

SQUARE = (lambda x: x * x, lambda x: 2 * x)
EXP = (np.exp, np.exp)
RECIPROCAL = (lambda x: 1 / x, lambda x: -1 / x**2)


def chain(x, *functions):
    derivative = 1.0
    for value, slope in functions:
        x, derivative = value(x), derivative * slope(x)
    return x, derivative
""",
        ),
        exp_exp_square="return chain(x, SQUARE, EXP, EXP)",
        reciprocal_exp_square="return chain(x, SQUARE, EXP, RECIPROCAL)",
    ),
    "gates with a backward": of_warmup(
        (
            "import numpy as np\n",
            """import numpy as np


class Exp:
    def forward(self, x):
        self.y = np.exp(x)
        return self.y

    def backward(self, grad):
        return grad * self.y


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, grad):
        return grad * 2 * self.x
""",
        ),
        exp_exp_square="""
gates, y, grad = [Square(), Exp(), Exp()], x, 1.0
for gate in gates:
    y = gate.forward(y)
for gate in gates[::-1]:
    grad = gate.backward(grad)
return y, grad
""",
    ),
    "the product of local derivatives": of_warmup(
        three_weight_chain="""
w, h = np.array([w1, w2, w3]), [x]
for weight in w:
    h.append(sigmoid(weight * h[-1]))
h = np.array(h)
derivatives = h[1:] * (1 - h[1:])
back = np.cumprod([-2 * (y - h[3]) * derivatives[2], w[2] * derivatives[1], w[1] * derivatives[0]])[::-1]
return float((y - h[3]) ** 2), {f"w{n}": float(value) for n, value in enumerate(back * h[:3], start=1)}
"""
    ),
    "every derivative written out": of_warmup(
        three_weight_chain="""
h1 = sigmoid(w1 * x)
h2 = sigmoid(w2 * h1)
y_hat = sigmoid(w3 * h2)
dl_dy, dy_dz3, dz3_dw3, dz3_dh2 = 2 * (y_hat - y), y_hat * (1 - y_hat), h2, w3
dh2_dz2, dz2_dw2, dz2_dh1 = h2 * (1 - h2), h1, w2
dh1_dz1, dz1_dw1 = h1 * (1 - h1), x
return (y_hat - y) ** 2, {
    "w3": dl_dy * dy_dz3 * dz3_dw3,
    "w2": dl_dy * dy_dz3 * dz3_dh2 * dh2_dz2 * dz2_dw2,
    "w1": dl_dy * dy_dz3 * dz3_dh2 * dh2_dz2 * dz2_dh1 * dh1_dz1 * dz1_dw1,
}
"""
    ),
    "the chain by closures": of_warmup(
        three_weight_chain="""
grads = {}

def unit(name, w, h):
    out = sigmoid(w * h)

    def back(dout):
        dz = dout * out * (1 - out)
        grads[name] = dz * h
        return dz * w

    return out, back

h1, back1 = unit("w1", w1, x)
h2, back2 = unit("w2", w2, h1)
y_hat, back3 = unit("w3", w3, h2)
back1(back2(back3(2 * (y_hat - y))))
return pow(y - y_hat, 2), grads
"""
    ),
    "logistic regression on flat vectors": of_warmup(
        logistic_gradients="""
w, m = w1.ravel(), y.size
a = sigmoid(w @ X + b1.item())
error = a - y.ravel()
return {"a1": a[None], "dJdz1": error[None], "dJdb1": np.array([[error.sum() / m]]), "dJdw1": (X @ error / m)[:, None]}
"""
    ),
    "logistic regression with rows as samples": of_warmup(
        logistic_gradients="""
samples, targets = X.T, y.T
predictions = sigmoid(samples @ w1 + b1)
errors = predictions - targets
gradient = np.c_[np.ones(len(samples)), samples].T @ errors / len(samples)
return {"a1": predictions.T, "dJdz1": errors.T, "dJdb1": gradient[:1], "dJdw1": gradient[1:]}
"""
    ),
    "logistic regression through the loss": of_warmup(
        logistic_gradients="""
a1 = sigmoid(np.dot(w1.T, X) + b1)
a = np.clip(a1, 1e-12, 1 - 1e-12)
dJda1 = -(y / a - (1 - y) / (1 - a))
dJdz1 = dJda1 * a * (1 - a)
m = X.shape[-1]
return dict(a1=a1, dJdz1=dJdz1, dJdb1=1 / m * np.sum(dJdz1, keepdims=True), dJdw1=1 / m * X @ dJdz1.T)
"""
    ),
}
