"""Unusual right programs for dnn.py."""

from tests.golden.programs import (
    DA,
    DB,
    DW,
    GRADS,
    HIDDEN_DZ,
    OUTPUT_DZ,
    RETURN_GRADS,
    SIGMOID,
    STORE_A,
    Z,
    edited,
    solution,
    with_body,
)

HEAD = "import numpy as np\n"
LOOP = "        for layer in range(self.num_layers, 0, -1):\n"
SLOPE = "A_previous * (1 - A_previous)"
NEW_CACHE = "        cache = {}\n"
RETURN_CACHE = 'return cache[f"A{self.num_layers}"], cache'
PLAIN_STEP = ("learning_rate * grads[name]", "learning_rate * np.asarray(grads[name])")



def tested(verdict: str) -> bytes:
    """Return the solution with its dW1 compared with central differences at the end of every backward pass."""
    return edited(
        (
            RETURN_GRADS,
            f"""
        W1 = self.params["W1"]
        numerical = np.zeros(W1.shape)
        for entry in np.ndindex(W1.shape):
            losses = []
            for by in (1e-5, -1e-5):
                self.params["W1"] = W1.copy()
                self.params["W1"][entry] += by
                losses.append(self.loss(self.forward(cache["A0"])[0], cache["Y"]))
            numerical[entry] = (losses[0] - losses[1]) / 2e-5
        self.params["W1"] = W1
        {verdict}
        return grads
""",
        )
    )


DNN = {
    "solution": solution().encode(),
    "V1 loop over samples": edited(
        (DW, 'grads[f"W{layer}"] = sum(np.outer(dZ[:, i], A_previous[:, i]) for i in range(m)) / m'),
        (DB, 'grads[f"B{layer}"] = sum(dZ[:, i : i + 1] for i in range(m)) / m'),
    ),
    "V2 einsum": edited((DW, 'grads[f"W{layer}"] = np.einsum("im,jm->ij", dZ, A_previous) / m')),
    "V3 np.dot": edited((DW, 'grads[f"W{layer}"] = (1 / m) * np.dot(dZ, A_previous.T)'), (DA, DA.replace(" @ dZ", ".dot(dZ)"))),
    "V4 float32 parts": edited((STORE_A, STORE_A + ".astype(np.float32)")),
    "V4b float32 all": edited(
        ('cache["A0"] = X', 'cache["A0"] = X = X.astype(np.float32)'),
        ('self.params[f"W{layer}"], self.params[f"B{layer}"]', '(self.params[f"{k}{layer}"].astype(np.float32) for k in "WB")'),
        (OUTPUT_DZ, 'out - cache["Y"].astype(np.float32)'),
    ),
    "V5 own cache keys in use": edited(
        (RETURN_CACHE, f'cache["m"] = X.shape[1]\n        {RETURN_CACHE}'), ("m = out.shape[1]", 'm = cache["m"]')
    ),
    "V5b own objects in the cache": edited(
        (RETURN_CACHE, f'cache["slope"] = lambda A: A * (1 - A)\n        {RETURN_CACHE}'),
        ("A_previous * (1 - A_previous)", 'cache["slope"](A_previous)'),
    ),
    "V6 A0 among the gradients": edited(("if layer > 1:", "if True:"), (HIDDEN_DZ, f"if layer > 1:\n                    {HIDDEN_DZ}")),
    "V8 A0 is a copy": edited(('cache["A0"] = X', 'cache["A0"] = X.copy()')),
    "V10 copies of W and B": edited(('cache[f"W{layer}"] = W', 'cache[f"W{layer}"] = W.copy()')),
    "V12 sigmoid with where": edited((SIGMOID, "E = np.exp(-np.abs(Z))\n    return np.where(Z >= 0, 1 / (1 + E), E / (1 + E))")),
    "V13 sigmoid by tanh": edited((SIGMOID, "return 0.5 * (1 + np.tanh(0.5 * Z))")),
    "V13b sigmoid that warns": edited((SIGMOID, "return 1 / (1 + np.exp(-Z))")),
    "V14 slope from Z": edited(
        ("A_previous * (1 - A_previous)", 'sigmoid(cache[f"Z{layer - 1}"]) * (1 - sigmoid(cache[f"Z{layer - 1}"]))')
    ),
    "V16 Fortran order": edited((DW, 'grads[f"W{layer}"] = np.asfortranarray(dZ @ A_previous.T / m)')),
    "V17 transposed view": edited((DW, 'grads[f"W{layer}"] = (A_previous @ dZ.T / m).T')),
    "V18 np.matrix": edited((DW, 'grads[f"W{layer}"] = np.asmatrix(dZ) * np.asmatrix(A_previous).T / m'), PLAIN_STEP),
    "V19 OrderedDict": edited(
        ("        cache = {}\n", "        import collections\n\n        cache = collections.OrderedDict()\n"),
        (GRADS, "import collections\n\n        grads = collections.defaultdict(list)\n"),
    ),
    "V21 unrolled where it fits": edited((RETURN_GRADS, "        return dict(sorted(grads.items()))\n")),
    "V22 mean": edited((DB, 'grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)')),
    "V23 matmul with ones": edited((DB, 'grads[f"B{layer}"] = dZ @ np.ones((m, 1)) / m')),
    "V24 clipped chain": edited(
        (OUTPUT_DZ, "self.slope(np.clip(out, 1e-9, 1 - 1e-9), cache)"),
        (
            "    def predict",
            '    def slope(self, A, cache):\n        return (-cache["Y"] / A + (1 - cache["Y"]) / (1 - A)) * A * (1 - A)\n\n    def predict',
        ),
    ),
    "V25 homogeneous": edited((Z, 'Z = np.hstack([W, B]) @ np.vstack([cache[f"A{layer - 1}"], np.ones((1, X.shape[1]))])')),
    "V29 nested lists": edited((DB, DB.replace("dZ.sum", "(dZ.sum") + ").tolist()"), PLAIN_STEP),
    "V30 longdouble": edited((DW, 'grads[f"W{layer}"] = (dZ @ A_previous.T / m).astype(np.longdouble)')),
    "V31 out is a copy": edited((RETURN_CACHE, 'return cache[f"A{self.num_layers}"].copy(), cache')),
    "V32 ignores out": edited((OUTPUT_DZ, 'cache[f"A{self.num_layers}"] - cache["Y"]')),
    "V34 caches slopes": edited(
        (STORE_A, STORE_A + '\n            cache[f"slope{layer}"] = cache[f"A{layer}"] * (1 - cache[f"A{layer}"])'),
        ("A_previous * (1 - A_previous)", 'cache[f"slope{layer - 1}"]'),
    ),
    "V36 read-only gradients": edited(
        (RETURN_GRADS, "        for value in grads.values():\n            value.flags.writeable = False\n        return grads\n")
    ),
    "V37 helpers": edited(
        ("class DNN:", "def step(dZ, A):\n    return dZ @ A.T / dZ.shape[1]\n\n\nclass DNN:"),
        (DW, 'grads[f"W{layer}"] = step(dZ, A_previous)'),
    ),
    "V38 hints and decorators": edited(
        ("import numpy as np\n", "import functools\nfrom typing import Any\n\nimport numpy as np\n"),
        ("    def gradients(self, X, Y):", "    def gradients(self, X: np.ndarray, Y: np.ndarray) -> dict[str, Any]:"),
    ),
    "V40 complex with no imaginary part": edited((DW, DW + " + 0j")),
    "V41 prints": edited((GRADS, GRADS + '        print("backward", out)\n')),
    "prints at import": solution().encode() + b'\nprint("hello", DNN().params)\n',
    "main guard": solution().encode() + b'\nif __name__ == "__main__":\n    raise SystemExit(input())\n',
    "own seed at import": b"import numpy as np\nnp.random.seed(7)\n" + solution().encode(),
    "future import and BOM": b"\xef\xbb\xbf" + solution().encode(),
    "latin-1 cookie": "# -*- coding: latin-1 -*-\n# caf\u00e9\n".encode() + solution().encode(),
    "windows-1252 cookie below a blank line": "\n# coding=windows-1252\n# caf\u00e9 for 2 \u20ac\n".encode() + solution().encode(),
    "windows line ends": solution().replace("\n", "\r\n").encode(),
    "whole grads from gradients": with_body(
        "gradients", 'out, cache = self.forward(X)\ncache["Y"] = Y\ngrads = self.compute_gradients(out, cache)\nreturn {k: grads[k] for k in self.params}'
    ),
    "fit in place on its own arrays": edited(
        ("self.params[name] = self.params[name] - learning_rate * grads[name]", "self.params[name] -= learning_rate * grads[name]")
    ),
    "fit with one pass an epoch": with_body(
        "fit",
        """
losses = []
while len(losses) < epochs:
    out, cache = self.forward(X)
    cache["Y"] = Y
    losses.append(self.loss(out, Y))
    if losses[-1] < tolerance:
        return losses
    grads = self.compute_gradients(out, cache)
    self.params = {k: v - learning_rate * grads[k] for k, v in self.params.items()}
return losses
""",
    ),
    "forward once more in the backward pass": edited(("m = out.shape[1]", 'm = out.shape[1]\n        self.forward(cache["A0"])')),
    "forward once more for every sample and layer": edited(
        ("dZ, A_previous = ", 'for i in range(m):\n                self.forward(cache["A0"][:, i : i + 1])\n            dZ, A_previous = ')
    ),
    "the cache of another forward pass": edited(
        ("m = out.shape[1]", 'm = out.shape[1]\n        cache = {**self.forward(cache["A0"])[1], "Y": cache["Y"], "A0": cache["A0"]}')
    ),
    "a function for every element": edited(
        ("class DNN:", "def product(a, b):\n    return sum(x * y for x, y in zip(a, b))\n\n\ndef slope(a):\n    return a * (1 - a)\n\n\nclass DNN:"),
        (DW, 'grads[f"W{layer}"] = np.array([[product(z, a) / m for a in A_previous] for z in dZ])'),
        (DA, 'grads[f"A{layer - 1}"] = np.array([[product(w, z) for z in dZ.T] for w in cache[f"W{layer}"].T])'),
        ("A_previous * (1 - A_previous)", "np.array([[slope(a) for a in row] for row in A_previous])"),
    ),
    "layers that have a forward of their own": edited(
        ("class DNN:", "class Layer:\n    def forward(self, W, A, B):\n        return W @ A + B\n\n\nclass DNN:"),
        (Z, 'Z = Layer().forward(W, cache[f"A{layer - 1}"], B)'),
        ("dZ, A_previous = ", 'again = Layer().forward(cache[f"W{layer}"], cache[f"A{layer - 1}"], cache[f"B{layer}"])\n            dZ, A_previous = '),
    ),
    "a test of the gradients left in": tested("pass"),
    "a test of the gradients that insists": tested('assert np.allclose(numerical, grads["W1"], atol=1e-6)'),
    "losses as an array": edited(("        return losses\n", "        return np.array(losses)\n")),
    "losses as a tuple": edited(("        return losses\n", "        return tuple(losses)\n")),
    "V15 in place on its own arrays": edited(
        (DB, 'dB = dZ.sum(axis=1, keepdims=True)\n            dB /= m\n            grads[f"B{layer}"] = dB'),
        (HIDDEN_DZ, HIDDEN_DZ.replace(f" * {SLOPE}", ".copy()") + f'\n                grads[f"Z{{layer - 1}}"] *= {SLOPE}'),
    ),
    "V19 its own dict with methods": edited(
        (HEAD, HEAD + "\n\nclass Cache(dict):\n    def slope(self, layer):\n        A = self[f'A{layer}']\n        return A * (1 - A)\n"),
        (NEW_CACHE, "        cache = Cache()\n"),
        (SLOPE, "(cache.slope(layer - 1) if isinstance(cache, Cache) else A_previous * (1 - A_previous))"),
    ),
    "V19 UserDict": edited(
        (HEAD, "from collections import UserDict\n\n" + HEAD), (NEW_CACHE, "        cache = UserDict()\n"), (GRADS, "grads = UserDict()\n")
    ),
    "V19 ChainMap over the parameters": edited(
        (HEAD, "from collections import ChainMap\n\n" + HEAD), (NEW_CACHE, "        cache = ChainMap({}, self.params)\n"),
        ('            cache[f"W{layer}"] = W\n            cache[f"B{layer}"] = B\n', ""),
    ),
    "V26 averages inside and rescales": edited(
        (OUTPUT_DZ, f"({OUTPUT_DZ}) / m"),
        (DW, DW[:-4]),
        (DB, DB[:-4]),
        (RETURN_GRADS, '        return {key: value * m if key[0] in "ZA" else value for key, value in grads.items()}\n'),
    ),
    "V33 buffers": edited(
        (Z, "Z = np.empty((W.shape[0], X.shape[1]))\n            np.matmul(W, cache[f\"A{layer - 1}\"], out=Z)\n            np.add(Z, B, out=Z)"),
        (HIDDEN_DZ, f'grads[f"Z{{layer - 1}}"] = np.empty_like(A_previous)\n                np.multiply(grads[f"A{{layer - 1}}"], {SLOPE}, out=grads[f"Z{{layer - 1}}"])'),
    ),
    "V33 one buffer for the slopes": edited(
        (GRADS, GRADS + "        buffer = np.empty((max(self.layer_sizes), out.shape[1]))\n"),
        (HIDDEN_DZ, 'slope = buffer[: len(A_previous)]\n                np.multiply(A_previous, 1 - A_previous, out=slope)\n'
                    '                grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * slope'),
    ),
    "V37 a dataclass and __call__": edited(
        (HEAD, "from dataclasses import dataclass\n\n" + HEAD + "\n\n@dataclass(frozen=True)\nclass Layer:\n    W: np.ndarray\n    B: np.ndarray\n\n"
               "    def __call__(self, A):\n        return self.W @ A + self.B\n"),
        (Z, 'Z = Layer(W, B)(cache[f"A{layer - 1}"])'),
    ),
    "V38 static method and partial": edited(
        (HEAD, "from functools import partial\n\n" + HEAD),
        ("class DNN:\n", "class DNN:\n    @staticmethod\n    def mean(product, m):\n        return product / m\n\n"),
        ("m = out.shape[1]", "mean = partial(self.mean, m=out.shape[1])"),
        (DW, 'grads[f"W{layer}"] = mean(dZ @ A_previous.T)'),
        (DB, 'grads[f"B{layer}"] = mean(dZ.sum(axis=1, keepdims=True))'),
    ),
    "recursion forward": with_body(
        "forward",
        """
def run(layer):
    if layer == 0:
        return {"A0": X}
    cache = run(layer - 1)
    W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
    Z = W @ cache[f"A{layer - 1}"] + B
    return {**cache, f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": sigmoid(Z)}

cache = run(self.num_layers)
return cache[f"A{self.num_layers}"], cache
""",
    ),
    "recursion back": with_body(
        "compute_gradients",
        """
def back(layer, dZ):
    A = cache[f"A{layer - 1}"]
    grads = {f"Z{layer}": dZ, f"W{layer}": dZ @ A.T / dZ.shape[1], f"B{layer}": dZ.mean(1, keepdims=True)}
    if layer == 1:
        return grads
    dA = cache[f"W{layer}"].T @ dZ
    return {**back(layer - 1, dA * A * (1 - A)), f"A{layer - 1}": dA, **grads}

return back(self.num_layers, out - cache["Y"])
""",
    ),
    "lists inside": with_body(
        "compute_gradients",
        """
L, m = self.num_layers, out.shape[1]
A = [cache[f"A{layer}"] for layer in range(L + 1)]
dA, dZ = [None] * L, [None] * L + [A[L] - cache["Y"]]
for layer in reversed(range(1, L)):
    dA[layer] = cache[f"W{layer + 1}"].T @ dZ[layer + 1]
    dZ[layer] = dA[layer] * A[layer] * (1 - A[layer])
grads = {}
for layer in range(1, L + 1):
    grads.update({f"W{layer}": dZ[layer] @ A[layer - 1].T / m, f"B{layer}": dZ[layer].mean(1)[:, None], f"Z{layer}": dZ[layer]})
grads.update((f"A{layer}", value) for layer, value in enumerate(dA) if value is not None)
return grads
""",
    ),
    "forward first to last again": with_body(
        "compute_gradients",
        """
A, slopes = cache["A0"], []
for layer in range(1, self.num_layers + 1):
    A = sigmoid(cache[f"W{layer}"] @ A + cache[f"B{layer}"])
    slopes.append(A * (1 - A))
grads, m, dZ = {}, out.shape[1], A - cache["Y"]
for layer in range(self.num_layers, 0, -1):
    grads |= {f"Z{layer}": dZ, f"W{layer}": dZ @ cache[f"A{layer - 1}"].T / m, f"B{layer}": dZ.mean(1, keepdims=True)}
    if layer > 1:
        grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
        dZ = grads[f"A{layer - 1}"] * slopes[layer - 2]
return grads
""",
    ),
    "sample by sample in plain Python": with_body(
        "compute_gradients",
        """
L, m = self.num_layers, out.shape[1]
sizes = [len(cache[f"A{layer}"]) for layer in range(L + 1)]
grads = {f"{k}{n}": np.zeros((sizes[n], m)) for n in range(1, L + 1) for k in "ZA" if (k, n) != ("A", L)}
grads |= {f"W{n}": np.zeros((sizes[n], sizes[n - 1])) for n in range(1, L + 1)}
grads |= {f"B{n}": np.zeros((sizes[n], 1)) for n in range(1, L + 1)}
for i in range(m):
    for unit in range(sizes[L]):
        grads[f"Z{L}"][unit, i] = out[unit, i] - cache["Y"][unit, i]
    for layer in range(L, 0, -1):
        for unit in range(sizes[layer]):
            dz = grads[f"Z{layer}"][unit, i]
            grads[f"B{layer}"][unit, 0] += dz / m
            for j in range(sizes[layer - 1]):
                grads[f"W{layer}"][unit, j] += dz * cache[f"A{layer - 1}"][j, i] / m
                if layer > 1:
                    grads[f"A{layer - 1}"][j, i] += cache[f"W{layer}"][unit, j] * dz
        if layer > 1:
            a = cache[f"A{layer - 1}"][:, i]
            grads[f"Z{layer - 1}"][:, i] = grads[f"A{layer - 1}"][:, i] * a * (1 - a)
return grads
""",
    ),
    "rows are samples inside": with_body(
        "compute_gradients",
        """
delta, grads, m = (out - cache["Y"]).T, {}, out.shape[1]
for layer in range(self.num_layers, 0, -1):
    before = cache[f"A{layer - 1}"].T
    grads[f"Z{layer}"] = delta.T
    grads[f"W{layer}"] = (before.T @ delta / m).T
    grads[f"B{layer}"] = delta.mean(axis=0)[:, np.newaxis]
    if layer > 1:
        grads[f"A{layer - 1}"] = (delta @ cache[f"W{layer}"]).T
        delta = (delta @ cache[f"W{layer}"]) * before * (1 - before)
return grads
""",
    ),
    "the slopes in the cache as a list, and m": edited(
        (RETURN_CACHE, 'cache["slopes"] = [A * (1 - A) for A in (cache[f"A{n}"] for n in range(self.num_layers + 1))]\n        '
                       f'cache["m"], cache["shape"] = X.shape[1], X.shape\n        {RETURN_CACHE}'),
        ("m = out.shape[1]", 'm = cache["m"]\n        assert cache["shape"][1] == m'),
        (SLOPE, 'cache["slopes"][layer - 1]'),
    ),
    "a tuple for each layer in the cache": edited(
        (STORE_A, STORE_A + '\n            cache[layer] = (W, cache[f"A{layer - 1}"])'),
        (DA, 'W, _ = cache[layer]\n                grads[f"A{layer - 1}"] = W.T @ dZ'),
    ),
    "class attributes": edited(
        ("class DNN:\n", "class DNN:\n    squash = staticmethod(sigmoid)\n    kinds = \"WB\"\n\n"), (STORE_A, STORE_A.replace("sigmoid", "self.squash"))
    ),
    "params behind a property": edited(
        ("    def forward(self, X):\n", "    @property\n    def params(self):\n        return self._params\n\n    @params.setter\n"
                                       "    def params(self, params):\n        self._params = params\n\n    def forward(self, X):\n"),
    ),
    "a base class": edited(("class DNN:\n", "class Network:\n    def mean(self, product, m):\n        return product / m\n\n\nclass DNN(Network):\n"),
                           (DW, 'grads[f"W{layer}"] = self.mean(dZ @ A_previous.T, m)')),
    "einsum everywhere": edited(
        (Z, 'Z = np.einsum("ij,jm->im", W, cache[f"A{layer - 1}"]) + B'),
        (DW, 'grads[f"W{layer}"] = np.einsum("im,jm->ij", dZ, A_previous) / m'),
        (DB, 'grads[f"B{layer}"] = np.einsum("im->i", dZ)[:, None] / m'),
        (DA, 'grads[f"A{layer - 1}"] = np.einsum("ij,im->jm", cache[f"W{layer}"], dZ)'),
    ),
    "tensordot and average": edited(
        (DW, 'grads[f"W{layer}"] = np.tensordot(dZ, A_previous, axes=(1, 1)) / m'), (DB, 'grads[f"B{layer}"] = np.average(dZ, axis=1).reshape(-1, 1)')
    ),
    "outer products in a generator": edited((DW, 'grads[f"W{layer}"] = sum(np.outer(dz, a) for dz, a in zip(dZ.T, A_previous.T)) / m')),
    "mean of outer products": edited((DW, 'grads[f"W{layer}"] = np.mean(dZ[:, None, :] * A_previous[None, :, :], axis=2)')),
    "add.reduce": edited((DB, 'grads[f"B{layer}"] = np.add.reduce(dZ, axis=1, keepdims=True) / m')),
    "fsum": edited(
        (HEAD, "import math\n\n" + HEAD), (DB, 'grads[f"B{layer}"] = np.array([[math.fsum(row) / m] for row in dZ.tolist()])')
    ),
    "math.exp through vectorize": edited(
        (HEAD, "import math\n\n" + HEAD),
        (SIGMOID, "return np.vectorize(lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0, otypes=[float])(Z)"),
    ),
    "logaddexp": edited((SIGMOID, "return np.exp(-np.logaddexp(0, -Z))")),
    "Fortran order everywhere": edited(
        (Z, Z.replace("Z = ", "Z = np.asfortranarray(") + ")"),
        (RETURN_GRADS, "        return {key: np.asfortranarray(value) for key, value in grads.items()}\n"),
    ),
    "views": edited(
        ('cache[f"B{layer}"] = B', 'cache[f"B{layer}"] = B[:, :1]'),
        ('cache[f"W{layer}"] = W', 'cache[f"W{layer}"] = W.T.T[::-1][::-1]'),
        (OUTPUT_DZ, '(out - cache["Y"])[:, ::-1][:, ::-1]'),
    ),
    "read-only cache": edited((STORE_A, STORE_A + '\n            cache[f"Z{layer}"].flags.writeable = cache[f"A{layer}"].flags.writeable = False')),
    "labels as integers": edited((OUTPUT_DZ, 'out - np.asarray(cache["Y"]).astype(int)')),
    "labels as booleans": edited((OUTPUT_DZ, 'np.where(cache["Y"].astype(bool), out - 1, out)')),
    "labels by fancy indexing": edited(
        (OUTPUT_DZ, "self.error(out, cache)"),
        ("    def predict", '    def error(self, out, cache):\n        dZ = out.copy()\n        dZ[cache["Y"] == 1] -= 1\n        return dZ\n\n    def predict'),
    ),
    "further keys among the gradients": edited((RETURN_GRADS, '        return {**grads, "A0": cache["W1"].T @ grads["Z1"], "m": m, "Y": cache["Y"], "loss": None}\n')),
    "A of the output among the gradients": edited((RETURN_GRADS, '        grads[f"A{self.num_layers}"] = np.zeros_like(out)\n        return grads\n')),
    "walrus": edited((DB, 'if (total := dZ.sum(axis=1, keepdims=True)) is not None:\n                grads[f"B{layer}"] = total / m')),
    "match": edited(
        (LOOP + '            dZ, A_previous = grads[f"Z{layer}"], cache[f"A{layer - 1}"]\n',
         LOOP + '            match (grads[f"Z{layer}"], cache):\n                case (dZ, {**rest}):\n                    A_previous = rest[f"A{layer - 1}"]\n')
    ),
    "future annotations": b"from __future__ import annotations\n" + edited(
        ("    def compute_gradients(self, out, cache):", "    def compute_gradients(self, out: Array, cache: dict[str, Array]) -> dict[str, Array]:")
    ).replace(b'"""A small', b'_ = """A small', 1),
    "a cached helper": edited(
        (HEAD, "import functools\n\n" + HEAD + '\n\n@functools.lru_cache(maxsize=None)\ndef key(kind, layer):\n    return f"{kind}{layer}"\n'),
        ('cache[f"Z{layer}"] = Z', 'cache[key("Z", layer)] = Z'),
        (DA, DA.replace('f"W{layer}"', 'key("W", layer)')),
    ),
    "a configuration at module level": edited(
        (HEAD, HEAD + '\nCONFIG = {"axis": 1, "dtype": np.float64}\n'),
        (DB, 'grads[f"B{layer}"] = dZ.sum(axis=CONFIG["axis"], keepdims=True, dtype=CONFIG["dtype"]) / m'),
    ),
    "decorators": edited(
        (HEAD, "import functools\nimport time\n\n" + HEAD + "\n\ndef timed(method):\n    @functools.wraps(method)\n    def inner(self, *given, **named):\n"
               "        started = time.perf_counter()\n        try:\n            return method(self, *given, **named)\n        finally:\n"
               "            self.seconds = time.perf_counter() - started\n\n    return inner\n"),
        ("    def forward(", "    @timed\n    def forward("),
        ("    def compute_gradients(", "    @timed\n    @np.errstate(all=\"ignore\")\n    def compute_gradients("),
    ),
    "lambdas": edited(
        (HEAD, HEAD + "\nslope = lambda A: A * (1 - A)\nmean = lambda dZ: dZ.mean(axis=1, keepdims=True)\n"),
        (SLOPE, "slope(A_previous)"), (DB, 'grads[f"B{layer}"] = mean(dZ)'),
    ),
    "methods put onto the class afterwards": edited(("    def compute_gradients(self", "    def _walk(self"), ("self.compute_gradients(", "self._walk("))
    + b"\n\nDNN.compute_gradients = DNN._walk\n",
    "remembers its cache but uses the one it is given": edited((RETURN_CACHE, f"self.cache = cache\n        {RETURN_CACHE}")),
    "copies of everything": edited(
        (HEAD, "import copy\n\n" + HEAD), (RETURN_CACHE, RETURN_CACHE.replace(", cache", ", copy.deepcopy(cache)")),
        (GRADS, GRADS + "        cache = copy.deepcopy(dict(cache))\n"),
    ),
    "gradients by the chain written out": with_body(
        "gradients",
        "out, cache = self.forward(X)\nreturn self.compute_gradients(out, {**cache, 'Y': Y})",
    ),
    "gradients for W and B alone": with_body(
        "gradients", "out, cache = self.forward(X)\ncache['Y'] = Y\nreturn {k: v for k, v in self.compute_gradients(out, cache).items() if k[0] in 'WB'}"
    ),
    "fit while": with_body(
        "fit",
        """
losses, epoch = [], 0
while epoch < epochs:
    epoch += 1
    losses += [self.loss(self.forward(X)[0], Y)]
    if losses[-1] < tolerance:
        return losses
    grads = self.gradients(X, Y)
    self.params.update({name: value - learning_rate * grads[name] for name, value in self.params.items()})
return losses
""",
    ),
    "fit by recursion": with_body(
        "fit",
        """
if epochs == 0:
    return []
loss = self.loss(self.forward(X)[0], Y)
if loss < tolerance:
    return [loss]
grads = self.gradients(X, Y)
self.params = {name: value - learning_rate * grads[name] for name, value in self.params.items()}
return [loss, *self.fit(X, Y, learning_rate, epochs - 1, tolerance)]
""",
    ),
    "fit by a generator": with_body(
        "fit",
        """
def descend():
    for _ in range(epochs):
        loss = self.loss(self.forward(X)[0], Y)
        yield loss
        if loss < tolerance:
            return
        for name, gradient in self.gradients(X, Y).items():
            if name in self.params:
                self.params[name] = self.params[name] + -learning_rate * gradient

return list(descend())
""",
    ),
    "fit layer by layer": edited(
        ("            for name in self.params:\n                self.params[name] = self.params[name] - learning_rate * grads[name]\n",
         '            for layer in range(1, self.num_layers + 1):\n                for kind in "WB":\n'
         '                    np.subtract(self.params[f"{kind}{layer}"], learning_rate * grads[f"{kind}{layer}"], out=self.params[f"{kind}{layer}"])\n')
    ),
    "fit on copies of X and Y": edited(("        losses = []\n", "        losses, X, Y = [], np.array(X), np.array(Y)\n")),
    "V35 frozen cache": edited(
        (HEAD, "from types import MappingProxyType\n\n" + HEAD),
        (RETURN_CACHE, RETURN_CACHE.replace(", cache", ", MappingProxyType(cache)")),
        ('        cache["Y"] = Y\n', '        cache = {**cache, "Y": Y}\n'),
    ),
    "V35 read-only dicts": edited(
        (HEAD, HEAD + "\n\nclass Frozen(dict):\n    def __setitem__(self, *_):\n        raise TypeError(self)\n"),
        (RETURN_CACHE, RETURN_CACHE.replace(", cache", ", Frozen(cache)")),
        ('        cache["Y"] = Y\n', '        cache = {**cache, "Y": Y}\n'),
        (RETURN_GRADS, "        return Frozen(grads)\n"),
    ),
}
