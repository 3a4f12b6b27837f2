"""Unusual right programs for extension.py."""

from functools import partial

from tests.golden.programs import edited as edited_part
from tests.golden.programs import solution

edited = partial(edited_part, part="extension")

E = "E = np.exp(Z - Z.max(axis=0, keepdims=True))\n    return E / E.sum(axis=0, keepdims=True)"
JACOBIAN = "return A * (dA - np.sum(A * dA, axis=0, keepdims=True))"
CROSS_ENTROPY = "return super().compute_gradients(out, cache)"
SQUARED = 'dZ = softmax_backward(2 * (out - cache["Y"]), out)\n        return walk_back(dZ, cache, [sigmoid_prime] * self.num_layers)'
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
        (CROSS_ENTROPY, 'return walk_back(out - cache["Y"], cache, [sigmoid_prime] * self.num_layers)')
    ),
    "cross-entropy through a clipped Jacobian": edited(
        (CROSS_ENTROPY,
         'dA = -cache["Y"] / np.clip(out, 1e-12, 1)\n'
         "        return walk_back(softmax_backward(dA, out), cache, [sigmoid_prime] * self.num_layers)")
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
    "slope of relu at 0 is 1": edited(("return (Z > 0).astype(float)", "return (Z >= 0).astype(float)")),
    "own keys in the cache": edited(
        (GENERAL_A, GENERAL_A + '\n            cache[f"slope of {layer}"] = ACTIVATIONS[name][1](cache[f"Z{layer}"])'),
        ('return walk_back(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])',
         'slopes = [lambda Z, at=layer: cache[f"slope of {at}"] for layer in range(1, self.num_layers + 1)]\n'
         '        return walk_back(out - cache["Y"], cache, slopes)'),
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
}

# One that needs no dnn.py at all: the network of dnn.py written into it.
ALONE = {
    "its own DNN": (
        solution("dnn") + "\n\n" + solution("extension").replace("from dnn import DNN, sigmoid\n", "")
    ).encode(),
}
