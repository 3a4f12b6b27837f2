"""The lines of extension.py that a mistake can be in."""

from autograder.diagnosis.mistake import Step

STEPS = {
    # softmax and softmax_backward
    "softmax E": Step("e^Z in `softmax`", "np.exp(Z - Z.max(axis=0, keepdims=True))", "    E = {}\n"),
    "softmax": Step("`softmax`", "E / E.sum(axis=0, keepdims=True)", "    return {}\n"),
    "softmax_backward": Step(
        "`softmax_backward`", "A * (dA - np.sum(A * dA, axis=0, keepdims=True))", "    return {}\n\n\ndef backward_pass"
    ),
    # backward_pass
    "walk m": Step("m", "dZ.shape[1]", ", {}\n"),
    "walk loop": Step("the layers of `backward_pass`", "range(len(derivatives), 0, -1)", "for layer in {}:"),
    "walk dW": Step("dW", 'dZ @ cache[f"A{layer - 1}"].T / m', 'grads[f"W{layer}"] = {}\n'),
    "walk dB": Step("dB", "dZ.mean(axis=1, keepdims=True)", 'grads[f"B{layer}"] = {}\n'),
    "walk dA": Step("dA", 'cache[f"W{layer}"].T @ dZ', 'grads[f"A{layer - 1}"] = {}\n'),
    "walk dZ": Step(
        "dZ of a hidden layer",
        'grads[f"A{layer - 1}"] * derivatives[layer - 2](cache[f"Z{layer - 1}"])',
        "            dZ = {}\n",
    ),
    "walk returns": Step("what `backward_pass` returns", "grads", "    return {}\n\n\nclass SoftmaxDNN"),
    # SoftmaxDNN: its compute_gradients calls that of DNN, so a wrong dZ needs a different line
    "softmax A": Step("A of the softmax", 'softmax(cache[f"Z{last}"])', '        cache[f"A{last}"] = {}\n'),
    "softmax forward returns": Step(
        "what `SoftmaxDNN.forward` returns", 'cache[f"A{last}"], cache', "        return {}\n\n    def loss"
    ),
    "cross-entropy loss": Step(
        "the cross-entropy", "float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))", "        return {}\n"
    ),
    "cross-entropy dZ": Step(
        "dZ of the output layer of `SoftmaxDNN`",
        'out - cache["Y"]',
        "        return super().compute_gradients(out, cache)\n",
        "        return backward_pass({}, cache, [sigmoid_prime] * self.num_layers)\n",
        target="dZ",
    ),
    # SquaredErrorSoftmaxDNN
    "squared loss": Step("the squared error", "float(np.mean(np.sum((out - Y) ** 2, axis=0)))", "        return {}\n"),
    "squared dZ": Step(
        "dZ of the output layer of `SquaredErrorSoftmaxDNN`",
        'softmax_backward(2 * (out - cache["Y"]), out)',
        "        dZ = {}\n        return backward_pass",
    ),
    "squared derivatives": Step(
        "the `derivatives` of `SquaredErrorSoftmaxDNN`",
        "[sigmoid_prime] * self.num_layers",
        "(dZ, cache, {})\n",
        target="derivatives",
    ),
    # worked_example
    "worked a1": Step("a1", "W1 @ x", "    a1 = {}\n"),
    "worked h1": Step("h1", "sigmoid(a1)", "    h1 = {}\n"),
    "worked a2": Step("a2", "W2 @ h1", "    a2 = {}\n"),
    "worked y_hat": Step("y_hat", "softmax(a2)", "    y_hat = {}\n"),
    "worked da2": Step("dL/da2", "softmax_backward(2 * (y_hat - y), y_hat)", "    da2 = {}\n"),
    "worked da1": Step("dL/da1", "W2.T @ da2 * sigmoid_prime(a1)", "    da1 = {}\n"),
    "worked dW1": Step("dL/dW1", "da1 @ x.T", "    dW1, dW2 = {}, ", target="dW1"),
    "worked dW2": Step("dL/dW2", "da2 @ h1.T", ", {}\n    gradients", target="dW2"),
    "worked w212": Step("dL/dw212", "dW2[0, 1]", '"dL_dw212": {}', target="dL_dw212"),
    "worked w131": Step("dL/dw131", "dW1[2, 0]", '"dL_dw131": {}', target="dL_dw131"),
    "worked next": Step("w212 after a step", "W2[0, 1] - 1.0 * dW2[0, 1]", '"w212_next": {}', target="w212_next"),
    "worked returned y_hat": Step("the returned y_hat", "y_hat", '"y_hat": {},', target="y_hat"),
    # the activations and their derivatives
    "sigmoid_prime": Step("`sigmoid_prime`", "A * (1 - A)", "    return {}\n\n\ndef tanh_prime"),
    "tanh_prime": Step("`tanh_prime`", "1 - np.tanh(Z) ** 2", "    return {}\n"),
    "relu": Step("`relu`", "np.maximum(Z, 0)", "    return {}\n"),
    "relu_prime": Step("`relu_prime`", "(Z > 0).astype(float)", "    return {}\n"),
    "sigmoid entry": Step(
        "the sigmoid entry of `ACTIVATIONS`", "(sigmoid, sigmoid_prime)", '"sigmoid": {}', target='ACTIVATIONS["sigmoid"]'
    ),
    "tanh entry": Step("the tanh entry of `ACTIVATIONS`", "(np.tanh, tanh_prime)", '"tanh": {}', target='ACTIVATIONS["tanh"]'),
    "relu entry": Step("the relu entry of `ACTIVATIONS`", "(relu, relu_prime)", '"relu": {}', target='ACTIVATIONS["relu"]'),
    # GeneralDNN
    "general g": Step("the activation of a layer", "ACTIVATIONS[name]", "            g, _ = {}\n", "            g = {}\n"),
    "general Z": Step("Z", 'cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]', 'cache[f"Z{layer}"] = {}\n'),
    "general A": Step("A", 'g(cache[f"Z{layer}"])', 'cache[f"A{layer}"] = {}\n'),
    "general forward returns": Step(
        "what `GeneralDNN.forward` returns", 'cache[f"A{self.num_layers}"], cache', "        return {}\n"
    ),
    "general dZ": Step(
        "dZ of the output layer of `GeneralDNN`", 'out - cache["Y"]', "backward_pass({}, cache, [ACT", target="dZ"
    ),
    "general derivatives": Step(
        "the `derivatives` of `GeneralDNN`",
        "[ACTIVATIONS[name][1] for name in self.activations]",
        ", cache, {})\n",
        target="derivatives",
    ),
    # notes_gradients
    "notes layers": Step("the number of layers", "len(params) // 2", "    layers = {}\n"),
    "notes a": Step("a", 'sigmoid(params[f"w{layer}"].T @ a[layer - 1] + params[f"b{layer}"])', "        a[layer] = {}\n"),
    "notes output": Step("dJdz of the output layer", "a[layers] - y", 'layers}": {}}\n', target="dJdz"),
    "notes loop": Step("the layers of the backward pass", "range(layers, 0, -1)", "for layer in {}:"),
    "notes dJdb": Step("dJdb", "np.mean(dJdz, axis=1, keepdims=True)", 'grads[f"dJdb{layer}"] = {}\n'),
    "notes dJdw": Step("dJdw", "np.dot(a[layer - 1], dJdz.T) / X.shape[1]", 'grads[f"dJdw{layer}"] = {}\n'),
    "notes dJda": Step("dJda", 'np.dot(params[f"w{layer}"], dJdz)', 'grads[f"dJda{layer - 1}"] = {}\n'),
    "notes dJdz": Step(
        "dJdz of a hidden layer",
        'grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 - a[layer - 1])',
        'grads[f"dJdz{layer - 1}"] = {}\n',
    ),
}
