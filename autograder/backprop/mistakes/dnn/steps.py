"""The lines of dnn.py that a mistake can be in, and the correct expressions that wrong ones are made from."""

from autograder.diagnosis.mistake import Step

STEPS = {
    "sigmoid": Step("the sigmoid", "1 / (1 + np.exp(-np.clip(Z, -500, 500)))", "    return {}"),
    # forward
    "input": Step("`A0`", "X", 'cache["A0"] = {}'),
    "forward layers": Step(
        "the layers of the forward pass", "range(1, self.num_layers + 1)", "for layer in {}:\n            W, B"
    ),
    "Z": Step("Z", 'W @ cache[f"A{layer - 1}"] + B', "            Z = {}"),
    "stored W": Step("the stored W", "W", 'cache[f"W{layer}"] = {}'),
    "stored B": Step("the stored B", "B", 'cache[f"B{layer}"] = {}'),
    "stored Z": Step("the stored Z", "Z", 'cache[f"Z{layer}"] = {}'),
    "A": Step("A", "sigmoid(Z)", 'cache[f"A{layer}"] = {}'),
    "forward returns": Step(
        "what `forward` returns", 'cache[f"A{self.num_layers}"], cache', "        return {}\n\n    def loss"
    ),
    # compute_gradients
    "m": Step("m", "out.shape[1]", "        m = {}"),
    "output dZ": Step("dZ of the output layer", 'out - cache["Y"]', 'grads[f"Z{self.num_layers}"] = {}', target="dZ"),
    "backward layers": Step(
        "the layers of the backward pass", "range(self.num_layers, 0, -1)", "for layer in {}:\n            dZ"
    ),
    "dW": Step("dW", "dZ @ A_previous.T / m", 'grads[f"W{layer}"] = {}'),
    "dB": Step("dB", "dZ.sum(axis=1, keepdims=True) / m", 'grads[f"B{layer}"] = {}'),
    "dA": Step("dA", 'cache[f"W{layer}"].T @ dZ', 'grads[f"A{layer - 1}"] = {}'),
    "hidden dZ": Step(
        "dZ of a hidden layer",
        'grads[f"A{layer - 1}"] * A_previous * (1 - A_previous)',
        '                grads[f"Z{layer - 1}"] = {}',
    ),
    "compute_gradients returns": Step("what `compute_gradients` returns", "grads", "        return {}\n\n    def gradients"),
    # fit
    "epochs": Step("the epochs of `fit`", "range(epochs)", "for _ in {}:"),
    "update": Step(
        "the update in `fit`", "self.params[name] - learning_rate * grads[name]", "                self.params[name] = {}\n"
    ),
    "fit returns": Step("what `fit` returns", "losses", "        return {}\n\n    def predict"),
}

PRODUCT, MEAN = "dZ @ A_previous.T / m", "dZ.sum(axis=1, keepdims=True) / m"
DA, DERIVATIVE = 'grads[f"A{layer - 1}"]', "A_previous * (1 - A_previous)"
BACK, HIDDEN = 'cache[f"W{layer}"].T @ dZ', f"{DA} * {DERIVATIVE}"
ERROR, FORWARD = 'out - cache["Y"]', 'W @ cache[f"A{layer - 1}"] + B'
EVERY_STEP = {"output dZ": ERROR, "dW": PRODUCT, "dB": MEAN, "dA": BACK, "hidden dZ": HIDDEN}
