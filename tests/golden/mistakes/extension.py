"""Wrong programs for extension.py."""

from functools import partial

from tests.golden.programs import edited as edited_part

edited = partial(edited_part, part="extension")

E = "E = np.exp(Z - Z.max(axis=0, keepdims=True))"
NORMALISED = "return E / E.sum(axis=0, keepdims=True)"
JACOBIAN = "return A * (dA - np.sum(A * dA, axis=0, keepdims=True))"
STORE_A = 'cache[f"A{last}"] = softmax(cache[f"Z{last}"])'
RETURN_A = '        return cache[f"A{last}"], cache\n'
CROSS_ENTROPY_LOSS = "return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))"
CROSS_ENTROPY = "return super().compute_gradients(out, cache)"
SQUARED_LOSS = "return float(np.mean(np.sum((out - Y) ** 2, axis=0)))"
SQUARED = 'dZ = softmax_backward(2 * (out - cache["Y"]), out)'
TANH_PRIME = "return 1 - np.tanh(Z) ** 2"
RELU_PRIME = "return (Z > 0).astype(float)"
SLOPES = "[ACTIVATIONS[name][1] for name in self.activations]"
WALK_DW = 'grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m'
WALK_DZ = 'dZ = grads[f"A{layer - 1}"] * slopes[layer - 2](cache[f"Z{layer - 1}"])'
GENERAL_Z = 'cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]'
W212, W131, NEXT = '"dL_dw212": dW2[0, 1]', '"dL_dw131": dW1[2, 0]', '"w212_next": W2[0, 1] - 1.0 * dW2[0, 1]'
NOTES_DW = 'grads[f"dJdw{layer}"] = np.dot(a[layer - 1], dJdz.T) / X.shape[1]'
NOTES_DB = 'grads[f"dJdb{layer}"] = np.mean(dJdz, axis=1, keepdims=True)'
NOTES_DA = 'np.dot(params[f"w{layer}"], dJdz)'
NOTES_DZ = 'grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 - a[layer - 1])'


def cross_entropy(dZ: str) -> bytes:
    """SoftmaxDNN with another dZ of the output layer."""
    walk = f"return walk_back({dZ}, cache, [sigmoid_prime] * self.num_layers)"
    return edited((CROSS_ENTROPY, walk))


SOFTMAX = ("example_softmax", "softmax_columns")
CROSS = ("example_cross_entropy", "cross_entropy_output_Z", "cross_entropy_gradients")
SQUARE = ("example_squared_error", "squared_error_output_Z", "squared_error_gradients")
HIDDEN = ("general_hidden_Z_step", "general_gradients")
NOTES = ("example_notes", "notes_gradients")
WORKED = ("worked_w212", "worked_w131")

EXTENSION = {
    # softmax and its Jacobian
    "S1": (edited((JACOBIAN, "return dA * A * (1 - A)")), SQUARE + WORKED),
    "S2": (cross_entropy('-cache["Y"] * (1 - out)'), CROSS),
    "S3": (edited((SQUARED, 'dZ = out - cache["Y"]')), SQUARE),
    "S4": (cross_entropy('2 * (out - cache["Y"]) * out * (1 - out)'), CROSS),
    "S4 full": (cross_entropy('softmax_backward(2 * (out - cache["Y"]), out)'), CROSS),
    "S5": (edited((SQUARED, 'dZ = 2 * (out - cache["Y"])')), SQUARE),
    "S6": (edited((JACOBIAN, "return dA * A * (1 - A) * -np.roll(np.log(A), 1, axis=0)")), SQUARE + WORKED),
    "S7": (edited((SQUARED, 'dZ = 2 * (out - cache["Y"]) * out * (1 - cache[f"Z{self.num_layers}"])')), SQUARE),
    "S8": (edited((JACOBIAN, "return A * (dA - 2 * A * dA + np.sum(A * dA, axis=0))")), SQUARE + WORKED),
    "S9": (edited((NORMALISED, "return E / E.sum(axis=1, keepdims=True)")), SOFTMAX),
    "S10": (edited((NORMALISED, "return E / E.sum()")), SOFTMAX),
    "S11": (cross_entropy('out - np.argmax(cache["Y"], axis=0)'), CROSS),
    "S12": (
        edited((SQUARED_LOSS, "return float(np.mean((out - Y) ** 2))"), (SQUARED, SQUARED + " / len(out)")),
        ("squared_error_loss", *SQUARE),
    ),
    "S13": (
        edited((SQUARED_LOSS, SQUARED_LOSS.replace("float(", "0.5 * float(")), (SQUARED, SQUARED.replace("2 * ", ""))),
        ("squared_error_loss", *SQUARE),
    ),
    "S14": (edited((STORE_A, STORE_A.replace("softmax(", "sigmoid("))), ("example_softmax_forward", "softmax_forward")),
    "S15": (edited((E, "E = np.exp(Z)")), ("softmax_stable",)),
    "S15 one maximum": (edited((E, "E = np.exp(Z - Z.max())")), ("softmax_stable",)),
    "S16": (edited((SQUARED, "dZ = np.diagflat(out[:, 0]) - out[:, :1] @ out[:, :1].T")), SQUARE),
    "softmax of |Z|": (edited((E, "E = np.abs(Z)")), SOFTMAX),
    "softmax in place": (edited((E, "Z -= Z.max(axis=0, keepdims=True)\n    E = np.exp(Z)")), ("extension_leaves_no_trace",)),
    "A not stored": (
        edited((STORE_A, f'out = softmax(cache[f"Z{{last}}"])\n{RETURN_A.replace(RETURN_A.split()[1][:-1], "out")}'), (RETURN_A, "")),
        ("example_softmax_forward", "softmax_forward"),
    ),
    "Z for out": (
        edited((RETURN_A, '        return cache[f"Z{last}"], cache\n')),
        ("example_softmax_forward", "softmax_forward"),
    ),
    "seeds in softmax": (edited((E, "np.random.seed(0)\n    " + E)), ("extension_leaves_no_trace",)),
    "Jacobian of everything": (edited((JACOBIAN, "return A * (dA - np.sum(A * dA))")), SQUARE),
    # the losses
    "loss: log of 0": (edited((CROSS_ENTROPY_LOSS, "return float(-np.mean(np.sum(Y * np.log(out), axis=0)))")), ("cross_entropy_loss",)),
    "loss: a sum": (edited((CROSS_ENTROPY_LOSS, "return float(-np.sum(Y * np.log(np.clip(out, 1e-300, 1))))")), ("cross_entropy_loss",)),
    "loss: binary": (edited((CROSS_ENTROPY_LOSS, "return super().loss(out, Y)")), ("cross_entropy_loss",)),
    "loss: a square root": (edited((SQUARED_LOSS, "return float(np.mean(np.sqrt(np.sum((out - Y) ** 2, axis=0))))")), ("squared_error_loss",)),
    # the walk back
    "walk: sums": (edited((WALK_DW, WALK_DW[:-4])), ("general_gradients", "squared_error_gradients")),
    "walk: slope of the next layer": (edited((WALK_DZ, WALK_DZ.replace("layer - 2", "layer - 1"))), HIDDEN),
    "walk: no slope": (edited((WALK_DZ, 'dZ = grads[f"A{layer - 1}"]')), HIDDEN),
    "walk: slope in place": (
        edited((WALK_DZ, 'cache[f"Z{layer - 1}"][:] = slopes[layer - 2](cache[f"Z{layer - 1}"])\n            dZ = grads[f"A{layer - 1}"] * cache[f"Z{layer - 1}"]')),
        ("extension_leaves_no_trace",),
    ),
    "SoftmaxDNN: averages dZ": (cross_entropy('(out - cache["Y"]) / out.shape[1]'), CROSS),
    "SoftmaxDNN: sign": (cross_entropy('cache["Y"] - out'), CROSS),
    "SoftmaxDNN: the chain divides by 0": (cross_entropy('softmax_backward(-cache["Y"] / out, out)'), ("cross_entropy_gradients",)),
    # the 4-4-2 example
    "worked: as printed": (
        edited((W212, '"dL_dw212": -0.029'), (W131, '"dL_dw131": -6.4e-3'), (NEXT, '"w212_next": 0.865')),
        WORKED,
    ),
    "worked: step uphill": (edited((NEXT, NEXT.replace("-", "+"))), ("worked_w212",)),
    "worked: no step": (edited((", " + NEXT, "")), ("example_worked_forward", "worked_w212")),
    "worked: one output": (edited(('"y_hat": y_hat,', '"y_hat": y_hat[:1],')), ("example_worked_forward",)),
    "worked: source and destination": (edited((W212, '"dL_dw212": dW2[1, 0]'), (W131, '"dL_dw131": dW1[0, 2]')), WORKED),
    "worked: cross-entropy": (edited(("da2 = softmax_backward(2 * (y_hat - y), y_hat)", "da2 = y_hat - y")), WORKED),
    "worked: no sigmoid": (edited(("h1 = sigmoid(a1)", "h1 = a1")), ("example_worked_forward", *WORKED)),
    # activations
    "G1": (edited((SLOPES, "[sigmoid_prime] * self.num_layers")), HIDDEN),
    "G2": (edited((WALK_DZ, WALK_DZ.replace('(cache[f"Z{layer - 1}"])', '(grads[f"A{layer - 1}"])'))), HIDDEN),
    "G3": (edited((TANH_PRIME, "return 1 - np.tanh(np.tanh(Z)) ** 2")), ("example_activations", *HIDDEN)),
    "G4": (edited((TANH_PRIME, "return 1 - Z**2")), ("example_activations", *HIDDEN)),
    "G5": (
        edited((RELU_PRIME, "Z[Z > 0] = 1\n    Z[Z <= 0] = 0\n    return Z")),
        ("example_activations", "extension_leaves_no_trace"),
    ),
    "leaky relu": (edited(("return np.maximum(Z, 0)", "return np.where(Z > 0, Z, 0.01 * Z)")), ("example_activations", "general_forward")),
    "sigmoid everywhere": (edited(("g, _ = ACTIVATIONS[name]", "g = sigmoid")), ("example_general", "general_forward")),
    "Z after the activation": (
        edited((GENERAL_Z, GENERAL_Z.replace('cache[f"Z{layer}"] =', "Z =")),
               ('cache[f"A{layer}"] = g(cache[f"Z{layer}"])', 'cache[f"Z{layer}"] = cache[f"A{layer}"] = g(Z)')),
        ("general_forward",),
    ),
    "names for functions": (edited(('"tanh": (np.tanh, tanh_prime)', '"tanh": ("tanh", tanh_prime)')), ("example_activations",)),
    # the convention of the notes
    "notes: dW of dnn.py": (edited((NOTES_DW, 'grads[f"dJdw{layer}"] = np.dot(dJdz, a[layer - 1].T) / X.shape[1]')), NOTES),
    "notes: sums, as their J": (edited((NOTES_DW, NOTES_DW[:-13]), (NOTES_DB, NOTES_DB.replace("mean", "sum"))), NOTES),
    "notes: W dz of the wrong layer": (edited((NOTES_DA, 'np.dot(params[f"w{layer}"], dJdz) + params[f"b{layer - 1}"]')), NOTES),
    "notes: no slope": (edited((NOTES_DZ, 'grads[f"dJda{layer - 1}"]')), NOTES),
    "notes: keys of dnn.py": (edited((NOTES_DW, NOTES_DW.replace("dJdw", "W"))), NOTES),
    "notes: three layers": (edited(("layers = len(params) // 2", "layers = 3")), ("notes_gradients",)),
    "notes: no return": (edited(("layers = len(params) // 2", "return None")), NOTES),
    "notes: updates on the way": (
        edited((NOTES_DZ, NOTES_DZ + '\n            params[f"w{layer}"] -= 0.1 * grads[f"dJdw{layer}"]')),
        ("extension_leaves_no_trace",),
    ),
    "notes: writes into y": (
        edited(("a[layers] - y}", "-np.subtract(y, a[layers], out=y)}")),
        ("extension_leaves_no_trace",),
    ),
}
