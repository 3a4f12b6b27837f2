"""Unusual right programs for warmup.py."""

from functools import partial

from tests.golden.programs import edited as edited_part
from tests.golden.programs import solution

edited = partial(edited_part, part="warmup")

WARMUP = {
    "solution": solution("warmup").encode(),
    "e^(-x^2) outright": edited(("y = 1 / h2\n", "y = np.exp(-h1)\n")),
    "the formula of the notes": edited(("return y, -y * 2 * x", "return y, (-1 / h2**2) * (2 * x * h2)")),
    "4x + 1": edited(("return 2 * g1 + g2, 2 * (2 * x) + 1 * 1", "return 2 * x**2 + x, 4 * x + 1")),
    "a list of two": edited(("return y, y * h2 * 2 * x", "return [y, y * h2 * 2 * x]")),
    "an array of two": edited(("return y, y * h2 * 2 * x", "return np.array([y, y * h2 * 2 * x])")),
    "math.exp through vectorize": edited(
        ("import numpy as np\n", "import math\n\nimport numpy as np\n\nexp = np.vectorize(math.exp, otypes=[float])\n"),
        ("np.exp(", "exp("),
    ),
    "arrays by a loop": edited(
        ("    h1 = x**2\n    h2 = np.exp(h1)\n    y = np.exp(h2)\n    return y, y * h2 * 2 * x\n",
         "    def one(x):\n        y = np.exp(np.exp(x * x))\n        return y, y * np.exp(x * x) * 2 * x\n\n"
         "    if np.ndim(x) == 0:\n        return one(x)\n"
         "    pairs = np.array([one(number) for number in np.ravel(x)])\n"
         "    return pairs[:, 0].reshape(np.shape(x)), pairs[:, 1].reshape(np.shape(x))\n"),
    ),
    "plain floats": edited(('{"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}', '{"w1": float(dz1 * x), "w2": float(dz2 * h1), "w3": float(dz3 * h2)}')),
    "own sigmoid": edited(("from dnn import sigmoid\n", "def sigmoid(z):\n    return 0.5 * (1 + np.tanh(z / 2))\n")),
    "sigmoid that warns": edited(("from dnn import sigmoid\n", "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n")),
    "extra keys": edited(('return {"a1": a1,', 'return {"m": X.shape[1], "z1": np.dot(w1.T, X) + b1, "a1": a1,')),
    "loop over samples": edited(
        ("dJdw1 = np.dot(X, dJdz1.T) / X.shape[1]",
         "dJdw1 = sum(dJdz1[0, i] * X[:, i : i + 1] for i in range(X.shape[1])) / X.shape[1]"),
    ),
    "float32": edited(("a1 = sigmoid(np.dot(w1.T, X) + b1)", "a1 = sigmoid(np.dot(w1.T, X) + b1).astype(np.float32)")),
    "nested lists": edited(('"dJdb1": dJdb1', '"dJdb1": dJdb1.tolist()')),
    "by the network of dnn.py": edited(
        ("from dnn import sigmoid\n", "import dnn\nfrom dnn import sigmoid\n"),
        ("dJdz1 = a1 - y\n", "dJdz1 = a1 - y\n    assert dnn.DNN((X.shape[0], 1)).num_layers == 1\n"),
    ),
    "a loop down the chain": edited(
        ("    h1 = sigmoid(w1 * x)\n",
         "    weights, values = (w1, w2, w3), [x]\n    for w in weights:\n        values.append(sigmoid(w * values[-1]))\n"
         "    back, grads = -2 * (y - values[-1]), {}\n"
         "    for n in (3, 2, 1):\n        back = back * values[n] * (1 - values[n])\n"
         "        grads[f'w{n}'] = back * values[n - 1]\n        back = back * weights[n - 1]\n"
         "    return (y - values[-1]) ** 2, grads\n    h1 = sigmoid(w1 * x)\n"),
    ),
    "recursion down the chain": edited(
        ("    h1 = sigmoid(w1 * x)\n",
         "    def run(value, weights):\n        if not weights:\n            return (y - value) ** 2, -2 * (y - value), {}\n"
         "        (name, w), *rest = weights\n        h = sigmoid(w * value)\n        loss, dh, grads = run(h, rest)\n"
         "        dz = dh * h * (1 - h)\n        return loss, dz * w, {**grads, name: dz * value}\n\n"
         '    loss, _, grads = run(x, [("w1", w1), ("w2", w2), ("w3", w3)])\n    return loss, grads\n    h1 = sigmoid(w1 * x)\n'),
    ),
    "its own dual numbers": edited(
        ("    h1 = x**2\n    h2 = np.exp(h1)\n    y = np.exp(h2)\n    return y, y * h2 * 2 * x\n",
         "    value, slope = x * x, 2 * x\n    for _ in range(2):\n        value = np.exp(value)\n        slope = value * slope\n    return value, slope\n"),
    ),
    "factors multiplied by prod": edited(("return y, y * h2 * 2 * x", "return y, np.prod([y, h2, 2 * x], axis=0)")),
    "factors multiplied by reduce": edited(
        ("import numpy as np\n", "import functools\nimport operator\n\nimport numpy as np\n"),
        ("return y, y * h2 * 2 * x", "return y, functools.reduce(operator.mul, (y, h2, 2 * x))"),
    ),
    "paths as lambdas": edited(
        ("return 2 * g1 + g2, 2 * (2 * x) + 1 * 1", "paths = [(2, lambda x: 2 * x), (1, lambda x: 1)]\n    return 2 * g1 + g2, sum(outer * inner(x) for outer, inner in paths)")
    ),
    "a named tuple": edited(
        ("import numpy as np\n", "from typing import NamedTuple\n\nimport numpy as np\n\n\nclass Answer(NamedTuple):\n    value: object\n    slope: object\n"),
        ("return y, y * h2 * 2 * x", "return Answer(y, y * h2 * 2 * x)"),
        ("return 2 * g1 + g2, 2 * (2 * x) + 1 * 1", "return Answer(2 * g1 + g2, 4 * x + 1)"),
    ),
    "walrus": edited(("    h2 = np.exp(h1)\n    y = np.exp(h2)\n", "    y = np.exp(h2 := np.exp(h1))\n")),
    "one number as an array of none": edited(("return 2 * g1 + g2, 2 * (2 * x) + 1 * 1", "return np.asarray(2 * g1 + g2), np.asarray(4 * x + 1)")),
    "float32 everywhere": edited(
        ("    h1 = x**2\n", "    x = np.float32(x)\n    h1 = x**2\n"), ("g1, g2 = x**2, x", "x = np.asarray(x, np.float32)\n    g1, g2 = x**2, x"),
        ("    h1 = sigmoid(w1 * x)\n", "    h1 = np.float32(sigmoid(w1 * x))\n"),
        ("a1 = sigmoid(np.dot(w1.T, X) + b1)", "X, y = X.astype(np.float32), y.astype(np.float32)\n    a1 = sigmoid(np.dot(w1.T.astype(np.float32), X) + b1)"),
    ),
    "longdouble": edited(("    h1 = x**2\n", "    x = np.asarray(x, np.longdouble)[()]\n    h1 = x**2\n")),
    "einsum": edited(
        ("dJdw1 = np.dot(X, dJdz1.T) / X.shape[1]", 'dJdw1 = np.einsum("pm,om->po", X, dJdz1) / X.shape[1]'),
        ("np.dot(w1.T, X)", 'np.einsum("po,pm->om", w1, X)'),
    ),
    "mean of products": edited(("dJdw1 = np.dot(X, dJdz1.T) / X.shape[1]", "dJdw1 = (X * dJdz1).mean(axis=1, keepdims=True)")),
    "sample by sample in plain Python": edited(
        ("    a1 = sigmoid(np.dot(w1.T, X) + b1)\n",
         "    p, m = X.shape\n    a1 = [[float(sigmoid(sum(w1[j, 0] * X[j, i] for j in range(p)) + b1[0, 0])) for i in range(m)]]\n"
         "    dz = [[a1[0][i] - y[0, i] for i in range(m)]]\n"
         "    dw = [[sum(dz[0][i] * X[j, i] for i in range(m)) / m] for j in range(p)]\n"
         '    return {"a1": a1, "dJdz1": dz, "dJdb1": [[sum(dz[0]) / m]], "dJdw1": dw}\n'
         "    a1 = sigmoid(np.dot(w1.T, X) + b1)\n"),
    ),
    "np.matrix": edited(("dJdw1 = np.dot(X, dJdz1.T) / X.shape[1]", "dJdw1 = np.asmatrix(X) * np.asmatrix(dJdz1).T / X.shape[1]")),
    "an ordered dict": edited(
        ("import numpy as np\n", "from collections import OrderedDict\n\nimport numpy as np\n"),
        ('return {"a1": a1, "dJdz1": dJdz1, "dJdb1": dJdb1, "dJdw1": dJdw1}', "return OrderedDict(a1=a1, dJdz1=dJdz1, dJdb1=dJdb1, dJdw1=dJdw1)"),
    ),
    "read-only dict": edited(
        ("import numpy as np\n", "from types import MappingProxyType\n\nimport numpy as np\n"),
        ('{"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}', 'MappingProxyType({"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2})'),
    ),
    "labels as booleans": edited(("dJdz1 = a1 - y", "dJdz1 = np.where(y == 1, a1 - 1, a1)")),
    "labels as integers": edited(("dJdz1 = a1 - y", "dJdz1 = a1 - y.astype(int)")),
    "hints and a decorator": edited(
        ("from dnn import sigmoid\n", "from dnn import sigmoid\n\n\ndef quiet(function):\n    def inner(*given):\n        with np.errstate(all=\"ignore\"):\n"
                                     "            return function(*given)\n\n    return inner\n"),
        ("def two_paths(x):", "@quiet\ndef two_paths(x: float) -> tuple[float, float]:"),
    ),
}
