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
}
