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

RETURN_CACHE = 'return cache[f"A{self.num_layers}"], cache'
PLAIN_STEP = ("learning_rate * grads[name]", "learning_rate * np.asarray(grads[name])")



def tested(verdict: str) -> bytes:
    """The solution with its dW1 compared with central differences at the end of every backward pass."""
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
    "latin-1 cookie": b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + solution().encode(),
    "windows-1252 cookie below a blank line": b"\n# coding=windows-1252\n# caf\xe9 for 2 \x80\n" + solution().encode(),
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
}
