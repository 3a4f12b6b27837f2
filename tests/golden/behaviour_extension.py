"""Programs for extension.py whose values are right wherever one looks once, by kind: each with the check that it must lose.

The solution with an edit or two. What these programs do wrong shows in a second call, in what belongs to the caller, or on
inputs that are unlike the usual ones.
"""

from tests.golden.programs import edited

SECOND, INDEPENDENT, TRACE = "extension_second_call", "extension_results_independent", "extension_leaves_no_trace"
GENERAL, SQUARED, CROSS_ENTROPY_GRADIENTS = "general_gradients", "squared_error_gradients", "cross_entropy_gradients"

SOFTMAX = "    E = np.exp(Z - Z.max(axis=0, keepdims=True))\n    return E / E.sum(axis=0, keepdims=True)\n"
JACOBIAN = "    return A * (dA - np.sum(A * dA, axis=0, keepdims=True))\n"
BEGIN_WALK = "    grads, m = {}, dZ.shape[1]\n"
SOFTMAX_FORWARD = "        _, cache = super().forward(X)\n"
SOFTMAX_RETURNS = '        return cache[f"A{last}"], cache\n'
CROSS_ENTROPY = "        return super().compute_gradients(out, cache)\n"
CROSS_ENTROPY_LOSS = "        return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))\n"
SQUARED_DZ = '        dZ = softmax_backward(2 * (out - cache["Y"]), out)\n'
SQUARED_WALK = "        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)\n"
SQUARED_LOSS = "        return float(np.mean(np.sum((out - Y) ** 2, axis=0)))\n"
RELU, RELU_PRIME = "    return np.maximum(Z, 0)\n", "    return (Z > 0).astype(float)\n"
SIGMOID_PRIME, TANH_PRIME = "    A = sigmoid(Z)\n    return A * (1 - A)\n", "    return 1 - np.tanh(Z) ** 2\n"
WORKED = "    a1 = W1 @ x\n"
INIT = "        self.activations = tuple(activations)\n"
GENERAL_CACHE = '        cache = {"A0": X, **self.params}\n'
GENERAL_Z = 'cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]\n'
GENERAL_RETURNS = '        return cache[f"A{self.num_layers}"], cache\n'
GENERAL_WALK = '        return backward_pass(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])\n'
NOTES = "    layers = len(params) // 2\n"
NOTES_A = "    a = {0: X}\n"
NOTES_GRADS = '    grads = {f"dJdz{layers}": a[layers] - y}\n'
NOTES_RETURNS = "            grads[f\"dJdz{layer - 1}\"] = grads[f\"dJda{layer - 1}\"] * a[layer - 1] * (1 - a[layer - 1])\n    return grads\n"
END = NOTES_RETURNS


def before(line: str, *new: str) -> tuple[str, str]:
    """Return the edit that puts lines, indented like this one, before it."""
    indent = line[: len(line) - len(line.lstrip())]
    return line, "".join(f"{indent}{one}\n" for one in new) + line


def instead(line: str, *new: str) -> tuple[str, str]:
    """Return the edit that puts lines, indented like this one, in its place."""
    return line, before(line, *new)[1].removesuffix(line)


def at_the_end(text: str) -> tuple[str, str]:
    """Return the edit that appends something to the program."""
    return END, f"{END}\n\n{text}"


def remembering(model: str, key: str) -> tuple[str, str]:
    """Return the edit by which `forward` of a network answers from memory where this key was there before."""
    return at_the_end(
        f"first = {model}.forward\n\n\n"
        "def forward(self, X):\n"
        "    seen = self.__dict__.setdefault('seen', {})\n"
        f"    if {key} not in seen:\n"
        f"        seen[{key}] = first(self, X), X, list(self.params.values())\n"
        f"    out, cache = seen[{key}][0]\n"
        "    return out.copy(), dict(cache)\n\n\n"
        f"{model}.forward = forward\n"
    )


FIT = """def fit(self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3):
    losses = []
    for _ in range(epochs):
        losses.append(self.loss(self.forward(X)[0], Y))
        if losses[-1] < tolerance:
            break
        grads = self.gradients(X, Y)
        for name in self.params:
            self.params[name] = self.params[name] - learning_rate * grads[name]
    return losses
"""


def fit_with(model: str, old: str, new: str) -> tuple[str, str]:
    """Return the edit by which a network has a fit of its own, with a mistake in it."""
    assert old in FIT
    return at_the_end(f"{FIT.replace(old, new)}\n\n{model}.fit = fit\n")


LAST_FORWARD = {
    "the cache in GeneralDNN": (
        SECOND,
        before(GENERAL_RETURNS, "self.kept = cache"),
        (GENERAL_WALK, GENERAL_WALK.replace(", cache, [", ", self.kept, [")),
    ),
    "the output in GeneralDNN": (
        SECOND,
        before(GENERAL_RETURNS, 'self.last_out = cache[f"A{self.num_layers}"]'),
        (GENERAL_WALK, GENERAL_WALK.replace("out - ", "self.last_out - ")),
    ),
    "the derivatives in GeneralDNN": (
        SECOND,
        before(
            GENERAL_RETURNS, 'self.derivatives = [ACTIVATIONS[n][1](cache[f"Z{l}"]) for l, n in enumerate(self.activations, start=1)]'
        ),
        instead(GENERAL_WALK, 'return backward_pass(out - cache["Y"], cache, [lambda Z, s=s: s for s in self.derivatives])'),
    ),
    "the probabilities in SquaredErrorSoftmaxDNN": (
        SECOND,
        before(SOFTMAX_RETURNS, 'self.probabilities = cache[f"A{last}"]'),
        before(SQUARED_DZ, "out = self.probabilities"),
    ),
    "the cache in SoftmaxDNN": (
        SECOND,
        before(SOFTMAX_RETURNS, "self.kept = dict(cache)"),
        before(CROSS_ENTROPY, 'cache = {**self.kept, "Y": cache["Y"]}'),
    ),
    "the result of softmax in softmax_backward": (
        SECOND,
        (SOFTMAX, SOFTMAX.replace("return ", "softmax.last = ") + "    return softmax.last\n"),
        before(JACOBIAN, "A = softmax.last if softmax.last.shape == A.shape else A"),
    ),
    "the input in SquaredErrorSoftmaxDNN": (
        SECOND,
        before(SOFTMAX_FORWARD, "self.X = X"),
        before(SQUARED_WALK, 'cache = {**cache, "A0": self.X}'),
    ),
}
FROM_MEMORY = {
    "GeneralDNN, by the shape of X": (SECOND, remembering("GeneralDNN", "X.shape")),
    "GeneralDNN, by the values of X": (SECOND, remembering("GeneralDNN", "X.tobytes()")),
    "SoftmaxDNN, by the values of X": (SECOND, remembering("SoftmaxDNN", "X.tobytes()")),
    "SquaredErrorSoftmaxDNN, by the first column": (SECOND, remembering("SquaredErrorSoftmaxDNN", "X[:, :1].shape")),
    "GeneralDNN, by the arrays of the parameters": (
        SECOND,
        remembering("GeneralDNN", "(X.tobytes(), *map(id, self.params.values()))"),
    ),
    "SoftmaxDNN, by the array X": (SECOND, remembering("SoftmaxDNN", "(id(X), *map(id, self.params.values()))")),
    "the first labels in SquaredErrorSoftmaxDNN": (
        SECOND,
        before(SQUARED_DZ, 'self.Y = getattr(self, "Y", cache["Y"])'),
        (SQUARED_DZ, SQUARED_DZ.replace('cache["Y"]', "self.Y")),
    ),
    "the first labels in SoftmaxDNN": (
        SECOND,
        before(CROSS_ENTROPY, 'cache = {**cache, "Y": self.__dict__.setdefault("Y", cache["Y"])}'),
    ),
    "the first parameters in GeneralDNN": (
        SECOND,
        instead(GENERAL_CACHE, 'self.weights = getattr(self, "weights", None) or dict(self.params)', 'cache = {"A0": X, **self.weights}'),
    ),
    "notes_gradients, by the shape of X": (
        "notes_gradients",
        before(NOTES, "seen = notes_gradients.__dict__", "if str(X.shape) in seen:", "    return dict(seen[str(X.shape)])"),
        (END, END.replace("return grads", "seen[str(X.shape)] = grads\n    return dict(grads)")),
    ),
    "softmax, by the shape of Z": (
        "softmax_columns",
        before(SOFTMAX, "seen = softmax.__dict__", "if str(Z.shape) in seen and len(seen) < 99 and Z.max() < 99:", "    return seen[str(Z.shape)]"),
        (SOFTMAX, SOFTMAX.replace("return ", "seen[str(Z.shape)] = ") + "    return seen[str(Z.shape)]\n"),
    ),
}
ALIASES = {
    "one dict of gradients for all calls": (
        INDEPENDENT,
        (BEGIN_WALK, "    grads, m = GRADS, dZ.shape[1]\n    grads.clear()\n"),
        at_the_end("GRADS = {}\n"),
    ),
    "gradients that are written into the arrays of the last call": (
        INDEPENDENT,
        at_the_end(
            "walk, kept = backward_pass, {}\n\n\n"
            "def backward_pass(dZ, cache, derivatives):\n"
            "    grads = walk(dZ, cache, derivatives)\n"
            "    for key, value in grads.items():\n"
            "        kept.setdefault((key, value.shape), value)[...] = value\n"
            "    return {key: kept[key, value.shape] for key, value in grads.items()}\n"
        ),
    ),
    "one dict for all gradients of notes_gradients": (
        INDEPENDENT,
        instead(NOTES_GRADS, "grads = notes_gradients.__dict__", 'grads[f"dJdz{layers}"] = a[layers] - y'),
    ),
    "one cache for each GeneralDNN": (
        INDEPENDENT,
        before(INIT, "self.cache = {}"),
        instead(GENERAL_CACHE, "cache = self.cache", 'cache.update({"A0": X, **self.params})'),
    ),
    "one array for all results of softmax": (
        INDEPENDENT,
        (
            SOFTMAX,
            SOFTMAX.replace("return ", "E = ") + "    kept = softmax.__dict__.setdefault(str(Z.shape), E)\n    kept[...] = E\n    return kept\n",
        ),
    ),
    "one array for all results of relu": (
        INDEPENDENT,
        instead(RELU, "kept = relu.__dict__.setdefault(str(Z.shape), np.empty(Z.shape))", "return np.maximum(Z, 0, out=kept)"),
    ),
    "one array for all results of tanh_prime": (
        INDEPENDENT,
        instead(TANH_PRIME, "kept = tanh_prime.__dict__.setdefault(str(Z.shape), np.empty(Z.shape))", "kept[...] = 1 - np.tanh(Z) ** 2", "return kept"),
    ),
    "the output of each SoftmaxDNN in one array": (
        INDEPENDENT,
        before(SOFTMAX_RETURNS, 'kept = self.__dict__.setdefault(str(X.shape), cache[f"A{last}"])', 'kept[...] = cache[f"A{last}"]', 'cache[f"A{last}"] = kept'),
    ),
    "the parameters as the cache": (TRACE, instead(GENERAL_CACHE, "cache = self.params", "cache.update(A0=X)")),
}
SIDE_EFFECTS = {
    "softmax shifts Z in place": (TRACE, before(SOFTMAX, "Z -= Z.max(axis=0, keepdims=True)")),
    "softmax_backward changes dA": (TRACE, instead(JACOBIAN, "dA *= A", "return dA - A * dA.sum(axis=0, keepdims=True)")),
    "softmax_backward changes A": (TRACE, instead(JACOBIAN, "kept = A * (dA - np.sum(A * dA, axis=0, keepdims=True))", "A *= dA", "return kept")),
    "worked_example sets a seed": (TRACE, before(WORKED, "np.random.seed(1)")),
    "notes_gradients draws numbers": (TRACE, before(NOTES, "np.random.rand(3)")),
    "notes_gradients adds a parameter": (TRACE, (END, END.replace("return grads", 'params["m"] = X.shape[1]\n    return grads'))),
    "GeneralDNN.forward clears X": (TRACE, instead(GENERAL_CACHE, 'cache = {"A0": X.copy(), **self.params}', "X[:] = 0")),
    "GeneralDNN.forward sets a seed": (TRACE, before(GENERAL_CACHE, "np.random.seed(0)")),
    "GeneralDNN.compute_gradients adds to the cache": (TRACE, before(GENERAL_WALK, 'cache["dZ"] = out - cache["Y"]')),
    "SquaredErrorSoftmaxDNN.compute_gradients subtracts in out": (
        TRACE,
        instead(SQUARED_DZ, "A = out.copy()", 'out -= cache["Y"]', "dZ = softmax_backward(2 * out, A)"),
    ),
    "SquaredErrorSoftmaxDNN.loss subtracts in Y": (TRACE, instead(SQUARED_LOSS, "Y -= out", "return float(np.mean(np.sum(Y**2, axis=0)))")),
    "GeneralDNN.compute_gradients keeps a step in params": (TRACE, before(GENERAL_WALK, 'self.params["step"] = np.ones(1)')),
}
LARGE_NUMBERS = {
    "softmax is at least 1e-5": ("softmax_stable", (SOFTMAX, SOFTMAX.replace("return ", "return np.maximum(1e-5, ").rstrip() + ")\n")),
    "softmax clips Z at 25": ("softmax_stable", before(SOFTMAX, "Z = np.clip(Z, -25, 25)")),
    "the cross-entropy clips at 1e-4": ("cross_entropy_loss", (CROSS_ENTROPY_LOSS, CROSS_ENTROPY_LOSS.replace("1e-300", "1e-4"))),
    "the cross-entropy leaves out what is 0": (
        "cross_entropy_loss",
        instead(CROSS_ENTROPY_LOSS, "return float(-np.mean(np.sum(Y * np.log(np.where(out > 0, out, 1)), axis=0)))"),
    ),
    "the squared error clips at 1e-3": ("squared_error_loss", before(SQUARED_LOSS, "out = np.clip(out, 1e-3, 1 - 1e-3)")),
    "no gradients where Z of the softmax is large": (
        "cross_entropy_gradients",
        before(CROSS_ENTROPY, 'out = np.where(abs(cache[f"Z{self.num_layers}"]) > 500, cache["Y"], out)'),
    ),
    "relu ends at 100": ("activations", instead(RELU, "return np.clip(Z, 0, 100)")),
    "relu leaks far below 0": ("activations", instead(RELU, "return np.where(Z < -5, 0.01 * Z, np.maximum(Z, 0))")),
    "the slope of relu at 0 is 1": ("activations", (RELU_PRIME, RELU_PRIME.replace(">", ">="))),
    "the slope of relu at 0 is a half": ("activations", instead(RELU_PRIME, "return np.heaviside(Z, 0.5)")),
    "tanh_prime by e^2Z": ("activations", instead(TANH_PRIME, "E = np.exp(2 * Z)", "return 1 - ((E - 1) / (E + 1)) ** 2")),
    "sigmoid_prime by e^Z": ("activations", instead(SIGMOID_PRIME, "E = np.exp(Z)", "return E / (1 + E) ** 2")),
    "GeneralDNN clips Z at 50": ("general_forward", (GENERAL_Z, GENERAL_Z.replace("= cache", "= np.clip(cache", 1).rstrip() + ", -50, 50)\n")),
    "notes_gradients by e^z": ("notes_gradients", before(NOTES, "def sigmoid(z):", "    return np.exp(z) / (1 + np.exp(z))", "")),
}
USUAL_INPUTS = {
    "SquaredErrorSoftmaxDNN with two layers": (SQUARED, (SQUARED_WALK, SQUARED_WALK.replace("self.num_layers", "2"))),
    "SquaredErrorSoftmaxDNN with several samples": (SQUARED, (SQUARED_DZ, SQUARED_DZ.replace('cache["Y"]', 'np.squeeze(cache["Y"])'))),
    "SquaredErrorSoftmaxDNN with a hidden layer": (SQUARED, before(SQUARED_WALK, 'dZ = dZ if "Z2" in cache else 0 * dZ')),
    "backward_pass with two samples or more": (SQUARED, (BEGIN_WALK, BEGIN_WALK.replace("dZ.shape[1]", "max(2, dZ.shape[1])"))),
    "SoftmaxDNN with more samples than inputs": (
        "softmax_forward",
        before(SOFTMAX_FORWARD, "X = X.T if X.shape[0] == X.shape[1] else X"),
    ),
    "GeneralDNN with up to nine layers": (
        GENERAL,
        ('            dZ = grads[f"A{layer - 1}"] * derivatives', '            dZ = grads[f"A{layer - 1}"[:2]] * derivatives'),
    ),
    "GeneralDNN with up to four activations": (
        GENERAL,
        (GENERAL_WALK, GENERAL_WALK.replace("[ACTIVATIONS[name][1] for name in self.activations]", "[ACTIVATIONS[name][1] for name in (self.activations * 3)[:4]] + [sigmoid_prime] * (self.num_layers - 4)")),
    ),
    "GeneralDNN with a hidden layer": ("general_forward", before(GENERAL_CACHE, 'self.params["W2"]')),
    "GeneralDNN with its parameters in order": (
        "general_forward",
        instead(GENERAL_CACHE, "keys = list(self.params)", 'names = [f"{kind}{layer + 1}" for layer in range(self.num_layers) for kind in "WB"]', 'cache = {"A0": X, **{name: self.params[key] for name, key in zip(names, keys)}}'),
    ),
    "GeneralDNN with floats in X": (
        "general_forward",
        (GENERAL_Z, GENERAL_Z.rstrip() + '\n            cache[f"Z{layer}"] = cache[f"Z{layer}"].astype(X.dtype)\n'),
    ),
    "notes_gradients with its parameters in order": (
        "notes_gradients",
        before(NOTES, 'params = {f"{kind}{n // 2 + 1}": value for (n, value), kind in zip(enumerate(params.values()), "wb" * len(params))}'),
    ),
    "notes_gradients with a hidden layer": ("notes_gradients", before(NOTES, 'params["w2"]')),
    "notes_gradients with two samples or more": ("notes_gradients", (NOTES_A, NOTES_A + "    y = y if y.shape[1] > 1 else 1 - y\n")),
    "relu of arrays of two dimensions": ("activations", instead(RELU, "return np.array([[max(z, 0) for z in row] for row in Z])")),
    "tanh_prime of arrays of up to two dimensions": ("activations", instead(TANH_PRIME, "return 1 - np.tanh(Z) ** 2 if Z.ndim < 3 else Z")),
    "relu_prime of arrays of two dimensions or more": ("activations", instead(RELU_PRIME, "return (Z > 0).astype(float) if Z.ndim > 1 else Z")),
}
TRAINING = {
    "SoftmaxDNN.gradients with the labels of DNN": (
        CROSS_ENTROPY_GRADIENTS,
        at_the_end("SoftmaxDNN.gradients = lambda self, X, Y: DNN.gradients(self, X, 1 - Y)\n"),
    ),
    "GeneralDNN.gradients of sigmoids": (
        GENERAL,
        at_the_end(
            "def gradients(self, X, Y):\n"
            "    out, cache = DNN.forward(self, X)\n"
            '    return self.compute_gradients(out, {**cache, "Y": Y})\n\n\n'
            "GeneralDNN.gradients = gradients\n"
        ),
    ),
    "SquaredErrorSoftmaxDNN.fit that never moves": (SQUARED, fit_with("SquaredErrorSoftmaxDNN", "- learning_rate", "- 0")),
    "SquaredErrorSoftmaxDNN.fit that records the cross-entropy": (
        SQUARED,
        fit_with("SquaredErrorSoftmaxDNN", "self.loss(", "SoftmaxDNN.loss(self, "),
    ),
    "SoftmaxDNN.fit of two layers": (
        CROSS_ENTROPY_GRADIENTS,
        fit_with("SoftmaxDNN", "in self.params", 'in ("W1", "B1", "W2", "B2")'),
    ),
    "GeneralDNN.fit with a fixed rate": (GENERAL, fit_with("GeneralDNN", "- learning_rate", "- 0.5")),
    "GeneralDNN.fit of three layers": (GENERAL, fit_with("GeneralDNN", "in self.params", "in list(self.params)[:6]")),
    "GeneralDNN.fit that takes the weights first": (
        GENERAL,
        fit_with("GeneralDNN", "- learning_rate * grads[name]", "- learning_rate * self.gradients(X, Y)[name]"),
    ),
}

KINDS = {
    "remembers the last forward pass": LAST_FORWARD,
    "answers from memory": FROM_MEMORY,
    "results alias each other": ALIASES,
    "side effects": SIDE_EFFECTS,
    "finite but wrong": LARGE_NUMBERS,
    "right for the usual inputs": USUAL_INPUTS,
    "training": TRAINING,
}
BEHAVIOUR = {
    f"{kind}: {name}": (check, edited(*edits, part="extension"))
    for kind, programs in KINDS.items()
    for name, (check, *edits) in programs.items()
}
