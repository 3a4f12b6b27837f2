"""Unusual right programs for extension.py."""

from functools import partial

from tests.golden.programs import edited as edited_part
from tests.golden.programs import solution

edited = partial(edited_part, part="extension")

E = "E = np.exp(Z - Z.max(axis=0, keepdims=True))\n    return E / E.sum(axis=0, keepdims=True)"
JACOBIAN = "return A * (dA - np.sum(A * dA, axis=0, keepdims=True))"
CROSS_ENTROPY = "return super().compute_gradients(out, cache)"
SQUARED = 'dZ = softmax_backward(2 * (out - cache["Y"]), out)\n        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)'
TABLE = 'ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (np.tanh, tanh_prime), "relu": (relu, relu_prime)}'
WORKED = 'return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, **gradients}'
WALK_DW = 'grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m'
GENERAL_A = 'cache[f"A{layer}"] = g(cache[f"Z{layer}"])'

EXTENSION = {
    "solution": solution("extension").encode(),
    "softmax by logarithms": edited((E, "Z = Z - Z.max(axis=0)\n    return np.exp(Z - np.log(np.exp(Z).sum(axis=0)))")),
    "softmax column by column": edited(
        (E, "columns = [np.exp(z - z.max()) for z in Z.T]\n    return np.array([column / column.sum() for column in columns]).T")
    ),
    "softmax by broadcasting": edited((E, "E = np.exp(Z - np.max(Z, 0))\n    return E / np.sum(E, 0)")),
    "the Jacobian of each sample": edited(
        (JACOBIAN, "J = [np.diag(a) - np.outer(a, a) for a in A.T]\n    return np.column_stack([j @ da for j, da in zip(J, dA.T)])")
    ),
    "the Jacobian by einsum": edited(
        (JACOBIAN, 'J = np.einsum("ki,kj->kji", A, np.eye(len(A))) - np.einsum("ki,ji->kji", A, A)\n    return np.einsum("kji,ki->ji", J, dA)')
    ),
    "two sums": edited((JACOBIAN, "return A * dA - A * (A * dA).sum(0)")),
    "cross-entropy walked back": edited(
        (CROSS_ENTROPY, 'return backward_pass(out - cache["Y"], cache, [sigmoid_prime] * self.num_layers)')
    ),
    "cross-entropy through a clipped Jacobian": edited(
        (CROSS_ENTROPY,
         'dA = -cache["Y"] / np.clip(out, 1e-12, 1)\n'
         "        return backward_pass(softmax_backward(dA, out), cache, [sigmoid_prime] * self.num_layers)")
    ),
    "squared error by labels that fit": edited(
        (SQUARED,
         'dZ = softmax_backward(2 * (out - cache["Y"]), out)\n'
         '        return super().compute_gradients(out, {**cache, "Y": out - dZ})')
    ),
    "loss with a small number added": edited(("np.log(np.clip(out, 1e-300, 1))", "np.log(out + 1e-12)")),
    "loss as an array of one number": edited(
        ("return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))",
         "return -np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0))")
    ),
    "lambdas": edited(
        (TABLE,
         'ACTIVATIONS = dict(sigmoid=[sigmoid, lambda Z: sigmoid(Z) * (1 - sigmoid(Z))],\n'
         '                   tanh=[np.tanh, lambda Z: 1 / np.cosh(Z) ** 2], relu=[lambda Z: Z * (Z > 0), lambda Z: 1.0 * (Z > 0)])')
    ),
    "more activations": edited((TABLE, TABLE[:-1] + ', "identity": (lambda Z: Z, np.ones_like)}')),
    "slope as booleans": edited(("return (Z > 0).astype(float)", "return Z > 0")),
    "own keys in the cache": edited(
        (GENERAL_A, GENERAL_A + '\n            cache[f"slope of {layer}"] = ACTIVATIONS[name][1](cache[f"Z{layer}"])'),
        ('return backward_pass(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])',
         'derivatives = [lambda Z, at=layer: cache[f"slope of {at}"] for layer in range(1, self.num_layers + 1)]\n'
         '        return backward_pass(out - cache["Y"], cache, derivatives)'),
    ),
    "A0 among the gradients": edited(
        ("        if layer > 1:\n            grads[f\"A{layer - 1}\"] = cache[f\"W{layer}\"].T @ dZ\n",
         "        grads[f\"A{layer - 1}\"] = cache[f\"W{layer}\"].T @ dZ\n        if layer > 1:\n")
    ),
    "loop over samples": edited(
        (WALK_DW, 'grads[f"W{layer}"] = sum(np.outer(dZ[:, i], cache[f"A{layer - 1}"][:, i]) for i in range(m)) / m')
    ),
    "float32": edited((GENERAL_A, GENERAL_A + ".astype(np.float32)"), (WALK_DW, WALK_DW.replace("dZ @", "dZ.astype(np.float32) @"))),
    "worked example as flat vectors and floats": edited(
        (WORKED, 'named = {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat}\n'
                 '    return {**{k: v.ravel() for k, v in named.items()}, **{k: float(v) for k, v in gradients.items()}}')
    ),
    "worked example as lists": edited(
        (WORKED, 'named = {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat}\n    return {**{k: v[:, 0].tolist() for k, v in named.items()}, **gradients}')
    ),
    "worked example with numbers as (1, 1)": edited((WORKED, WORKED.replace("**gradients", "**{k: np.full((1, 1), v) for k, v in gradients.items()}"))),
    "notes by the network of dnn.py": edited(
        ("    layers = len(params) // 2\n",
         "    layers = len(params) // 2\n"
         "    sizes = [X.shape[0]] + [params[f\"b{layer}\"].shape[0] for layer in range(1, layers + 1)]\n"
         "    net = DNN(sizes)\n"
         "    net.params = {k.upper(): v.T if k[0] == \"w\" else v for k, v in params.items()}\n"
         "    found = net.gradients(X, y)\n"
         "    return {f\"dJd{k.lower()}\": v.T if k[0] == \"W\" else v for k, v in found.items()}\n")
    ),
    "no super": edited(("_, cache = super().forward(X)", "_, cache = DNN.forward(self, X)")),
    "all of SoftmaxDNN by itself": edited(
        ("_, cache = super().forward(X)\n        last = self.num_layers\n",
         'last, cache = self.num_layers, {"A0": X}\n'
         "        for layer in range(1, last + 1):\n"
         '            cache[f"W{layer}"], cache[f"B{layer}"] = self.params[f"W{layer}"], self.params[f"B{layer}"]\n'
         '            cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]\n'
         '            cache[f"A{layer}"] = sigmoid(cache[f"Z{layer}"])\n'),
        (CROSS_ENTROPY, 'return backward_pass(cache[f"A{self.num_layers}"] - cache["Y"], cache, [sigmoid_prime] * self.num_layers)'),
    ),
    "classes as integers": edited(
        (CROSS_ENTROPY, 'dZ, m = out.copy(), out.shape[1]\n        dZ[np.argmax(cache["Y"], axis=0), np.arange(m)] -= 1\n'
                        "        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)"),
        ("return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))",
         "chosen = out[np.argmax(Y, axis=0), np.arange(Y.shape[1])]\n        return float(-np.mean(np.log(np.maximum(chosen, 1e-300))))"),
    ),
    "labels as booleans": edited(
        (CROSS_ENTROPY, 'dZ = np.where(cache["Y"].astype(bool), out - 1, out)\n        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)'),
    ),
    "loss sample by sample": edited(
        ("return float(np.mean(np.sum((out - Y) ** 2, axis=0)))",
         "return sum(float(np.dot(a - y, a - y)) for a, y in zip(out.T, Y.T)) / Y.shape[1]")
    ),
    "loss by einsum": edited(
        ("return float(np.mean(np.sum((out - Y) ** 2, axis=0)))", 'return float(np.einsum("km,km->", out - Y, out - Y) / Y.shape[1])')
    ),
    "walk back by recursion": edited(
        ("    grads, m = {}, dZ.shape[1]\n",
         "    layer, m = len(derivatives), dZ.shape[1]\n"
         '    grads = {f"Z{layer}": dZ, f"W{layer}": dZ @ cache[f"A{layer - 1}"].T / m, f"B{layer}": dZ.mean(axis=1, keepdims=True)}\n'
         "    if layer == 1:\n        return grads\n"
         '    dA = cache[f"W{layer}"].T @ dZ\n'
         '    below = backward_pass(dA * derivatives[layer - 2](cache[f"Z{layer - 1}"]), cache, derivatives[:-1])\n'
         '    return {**below, f"A{layer - 1}": dA, **grads}\n\n\ndef unused(dZ, cache, derivatives, grads, m):\n')
    ),
    "activations in classes": edited(
        (TABLE,
         "class Tanh:\n    def value(self, Z):\n        return np.tanh(Z)\n\n    def slope(self, Z):\n        return 1 - self.value(Z) ** 2\n\n\n"
         'ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (Tanh().value, Tanh().slope), "relu": (relu, relu_prime)}'),
    ),
    "activations as named tuples": edited(
        (TABLE,
         "from collections import namedtuple\n\nActivation = namedtuple('Activation', 'g slope')\n"
         'ACTIVATIONS = {"sigmoid": Activation(sigmoid, sigmoid_prime), "tanh": Activation(np.tanh, tanh_prime), "relu": Activation(relu, relu_prime)}'),
    ),
    "a read-only table": edited((TABLE, "from types import MappingProxyType\n\n" + TABLE.replace("{", "MappingProxyType({").replace("}", "})"))),
    "a table that is a class": edited((TABLE, TABLE + "\nclass Table(dict):\n    pass\n\n\nACTIVATIONS = Table(ACTIVATIONS)")),
    "partials": edited(
        (TABLE,
         "from functools import partial\n\n\ndef power(Z, n):\n    return np.where(Z > 0, Z, 0.0) ** n if n else (Z > 0) * 1.0\n\n\n"
         'ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (np.tanh, tanh_prime), "relu": (partial(power, n=1), partial(power, n=0))}'),
    ),
    "relu by multiplication": edited(("return np.maximum(Z, 0)", "return Z * (Z > 0)")),
    "relu by absolute values": edited(("return np.maximum(Z, 0)", "return (Z + np.abs(Z)) / 2")),
    "slope of relu by heaviside": edited(("return (Z > 0).astype(float)", "return np.heaviside(Z, 0)")),
    "slope of relu as integers": edited(("return (Z > 0).astype(float)", "return np.where(Z > 0, 1, 0)")),
    "slope of tanh by hand": edited(("return 1 - np.tanh(Z) ** 2", "T = np.tanh(Z)\n    return (1 - T) * (1 + T)")),
    "slope of sigmoid by itself": edited(
        ("    A = sigmoid(Z)\n    return A * (1 - A)\n", "    E = np.exp(-np.abs(Z))\n    return E / (1 + E) ** 2\n")
    ),
    "match": edited(
        ("            g, _ = ACTIVATIONS[name]\n",
         '            match name:\n                case "relu":\n                    g = relu\n                case "tanh":\n                    g = np.tanh\n'
         "                case _:\n                    g = sigmoid\n")
    ),
    "float32 everywhere": edited(
        ("E = np.exp(Z - Z.max(axis=0, keepdims=True))", "Z = Z.astype(np.float32)\n    E = np.exp(Z - Z.max(axis=0, keepdims=True))"),
        (WALK_DW, WALK_DW.replace("dZ @", "dZ.astype(np.float32) @")),
        (GENERAL_A, GENERAL_A + ".astype(np.float32)"),
        ('"y_hat": y_hat, **gradients', '"y_hat": y_hat.astype(np.float32), **gradients'),
        ("a[layer] = sigmoid(", "a[layer] = np.float32(1) * sigmoid("),
    ),
    "Fortran order": edited((E, "return np.asfortranarray(np.exp(Z - Z.max(0)) / np.exp(Z - Z.max(0)).sum(0))"), (GENERAL_A, GENERAL_A.replace("g(", "np.asfortranarray(g(") + ")")),
    "read-only results": edited(
        ("    return grads\n\n\nclass SoftmaxDNN", "    for value in grads.values():\n        value.flags.writeable = False\n    return grads\n\n\nclass SoftmaxDNN")
    ),
    "worked example by the network": edited(
        ("    a1 = W1 @ x\n",
         "    net = SquaredErrorSoftmaxDNN((4, 4, 2))\n"
         '    net.params = {"W1": W1, "B1": np.zeros((4, 1)), "W2": W2, "B2": np.zeros((2, 1))}\n'
         "    out, cache = net.forward(x)\n    grads = net.gradients(x, y)\n"
         '    w212, w131 = grads["W2"][0, 1], grads["W1"][2, 0]\n'
         '    return {"a1": cache["Z1"], "h1": cache["A1"], "a2": cache["Z2"], "y_hat": out,\n'
         '            "dL_dw212": w212, "dL_dw131": w131, "w212_next": 0.8 - w212}\n'
         "    a1 = W1 @ x\n"),
    ),
    "worked example by differences": edited(
        (WORKED,
         "def loss(i, j, W, step):\n        moved = [W1.copy(), W2.copy()]\n        moved[W][i, j] += step\n"
         "        return float(np.sum((softmax(moved[1] @ sigmoid(moved[0] @ x)) - y) ** 2))\n\n"
         "    w212 = (loss(0, 1, 1, 1e-5) - loss(0, 1, 1, -1e-5)) / 2e-5\n    w131 = (loss(2, 0, 0, 1e-5) - loss(2, 0, 0, -1e-5)) / 2e-5\n"
         '    return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, "dL_dw212": w212, "dL_dw131": w131, "w212_next": 0.8 - w212}'),
    ),
    "notes by lists": edited(
        ("    layers = len(params) // 2\n",
         "    layers = len(params) // 2\n"
         "    a = [X]\n"
         "    for n in range(layers):\n"
         '        a.append(sigmoid(params[f"w{n + 1}"].T @ a[-1] + params[f"b{n + 1}"]))\n'
         "    dz = [a[-1] - y]\n    da = []\n"
         "    for n in range(layers, 1, -1):\n"
         '        da.insert(0, params[f"w{n}"] @ dz[0])\n        dz.insert(0, da[0] * a[n - 1] * (1 - a[n - 1]))\n'
         "    grads = {}\n"
         "    for n, one in enumerate(dz, start=1):\n"
         '        grads |= {f"dJdz{n}": one, f"dJdw{n}": a[n - 1] @ one.T / X.shape[1], f"dJdb{n}": one.mean(1, keepdims=True)}\n'
         '    return grads | {f"dJda{n}": one for n, one in enumerate(da, start=1)}\n'),
    ),
    "notes with further keys": edited(('grads = {f"dJdz{layers}": a[layers] - y}', 'grads = {f"dJdz{layers}": a[layers] - y, "m": X.shape[1]}')),
    "a mean for the loss of each sample": edited(
        ("return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))",
         "return float(np.mean([-np.log(max(a @ y, 1e-300)) for a, y in zip(out.T, Y.T)]))")
    ),
}

# One that needs no dnn.py at all: the network of dnn.py written into it.
ALONE = {
    "its own DNN": (
        solution("dnn") + "\n\n" + solution("extension").replace("from dnn import DNN, sigmoid\n", "")
    ).encode(),
}
