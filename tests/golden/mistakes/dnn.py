"""Wrong programs for dnn.py."""

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
    STORE_Z,
    Z,
    edited,
    with_body,
)

SLOPE = "A_previous * (1 - A_previous)"
STEPS_W, STEPS_B = ("gradient_W_step",), ("gradient_B_step",)
OUTPUT, HIDDEN, PROPAGATE = ("gradient_output_Z",), ("gradient_hidden_Z_step",), ("gradient_A_step",)
BATCH = ("gradient_mean_of_samples", "gradient_duplicated_batch")
NUMERICAL = ("gradient_numerical_W", "gradient_numerical_B")

DNN = {
    # averaging, the batch axis and shapes
    "R1": (edited((DW, DW[:-4]), (DB, DB[:-4])), STEPS_W + STEPS_B + BATCH + NUMERICAL),
    "R2": (edited((DW, DW[:-4])), STEPS_W + BATCH),
    "R3": (edited((DB, DB[:-4])), STEPS_B + BATCH),
    "R4": (edited((OUTPUT_DZ, f"({OUTPUT_DZ}) / m")), OUTPUT + BATCH + NUMERICAL),
    "R5": (edited((HIDDEN_DZ, HIDDEN_DZ + " / m")), HIDDEN + NUMERICAL),
    "R6": (edited(("m = out.shape[1]", 'm = cache["A0"].shape[0]')), STEPS_W + STEPS_B + BATCH),
    "R7": (edited(("m = out.shape[1]", "m = len(out)")), STEPS_W + STEPS_B + BATCH),
    "R8": (edited((DB, 'grads[f"B{layer}"] = np.mean(dZ)')), STEPS_B),
    "R9": (edited((DB, 'grads[f"B{layer}"] = dZ.mean(axis=0, keepdims=True)')), STEPS_B),
    "R10": (edited((DB, 'grads[f"B{layer}"] = dZ')), STEPS_B),
    "R11": (edited((DB, 'grads[f"B{layer}"] = dZ / m')), STEPS_B),
    "R12": (edited((DB, 'grads[f"B{layer}"] = dZ.sum(axis=1) / m')), STEPS_B + ("gradient_keys_and_shapes",)),
    "R13": (edited((DW, 'grads[f"W{layer}"] = np.einsum("im,jm->ijm", dZ, A_previous)')), STEPS_W),
    "R14": (edited((DW, 'grads[f"W{layer}"] = np.outer(dZ.mean(1), A_previous.mean(1))')), STEPS_W),
    "R15": (
        edited((DW, 'grads[f"W{layer}"] = np.outer(dZ[:, -1], A_previous[:, -1])'), (DB, 'grads[f"B{layer}"] = dZ[:, -1:]')),
        STEPS_W + STEPS_B,
    ),
    "R16": (edited((DW, DW[:-1] + "max(m - 1, 1)"), (DB, DB[:-1] + "max(m - 1, 1)")), STEPS_W + STEPS_B),
    # the chain rule and the derivative of the loss
    "C1": (edited((OUTPUT_DZ, 'cache["Y"] - out')), OUTPUT + NUMERICAL),
    "C2": (edited((OUTPUT_DZ, f"({OUTPUT_DZ}) * out * (1 - out)")), OUTPUT + NUMERICAL),
    "C3": (edited((HIDDEN_DZ, HIDDEN_DZ.replace(f" * {SLOPE}", ""))), HIDDEN + NUMERICAL),
    "C4": (edited((SLOPE, "sigmoid(A_previous) * (1 - sigmoid(A_previous))")), HIDDEN),
    "C5": (edited((SLOPE, 'cache[f"Z{layer - 1}"] * (1 - cache[f"Z{layer - 1}"])')), HIDDEN),
    "C6": (
        edited((SLOPE, '(cache[f"A{layer}"] * (1 - cache[f"A{layer}"])).mean()')),
        HIDDEN,
    ),
    "C7": (edited((SLOPE, "(1 - A_previous**2)")), HIDDEN),
    "C8": (edited((SLOPE, "(1 - A_previous)")), HIDDEN),
    "C9": (edited((OUTPUT_DZ, f"({OUTPUT_DZ}) * (1 - ({OUTPUT_DZ}))")), OUTPUT),
    "C10": (edited((OUTPUT_DZ, f"2 * ({OUTPUT_DZ}) * out * (1 - out)")), OUTPUT),
    "C11": (edited((OUTPUT_DZ, f"2 * ({OUTPUT_DZ})")), OUTPUT + NUMERICAL),
    "C12": (edited((OUTPUT_DZ, '-cache["Y"] * (1 - out)')), OUTPUT),
    "C13": (edited((OUTPUT_DZ, '-cache["Y"] / out + (1 - cache["Y"]) / (1 - out)')), OUTPUT),
    "C14": (edited((OUTPUT_DZ, '(out > 0.5) - cache["Y"]')), OUTPUT),
    "C15": (edited((OUTPUT_DZ, f"abs({OUTPUT_DZ})")), OUTPUT),
    "C16": (edited((SLOPE, f'{SLOPE} * cache[f"Z{{layer - 1}}"]')), HIDDEN),
    "C17": (edited((HIDDEN_DZ, HIDDEN_DZ + ' if layer == 3 else grads[f"A{layer - 1}"]')), HIDDEN),
    # which matrix, which layer, which product
    "W1": (edited((DA, 'grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ cache[f"Z{layer}"]')), PROPAGATE),
    "W2": (edited((DA, 'grads[f"A{layer - 1}"] = cache[f"W{layer}"] @ dZ')), PROPAGATE),
    "W3": (
        edited((DA, 'W = cache[f"W{layer}"]\n                ' + DA.replace('cache[f"W{layer}"].T', "(W if W.shape == (3, 3) else W.T)"))),
        PROPAGATE,
    ),
    "W4": (edited((DA, 'grads[f"A{layer - 1}"] = cache[f"W{layer - 1}"].T @ dZ')), PROPAGATE),
    "W5": (edited((DA, 'grads[f"A{layer - 1}"] = grads[f"W{layer}"].T @ dZ')), PROPAGATE),
    "W6": (edited((DA, 'grads[f"A{layer - 1}"] = cache[f"W{layer}"].T * dZ')), PROPAGATE),
    "W7": (edited((DA, DA + ' + cache[f"B{layer - 1}"]')), PROPAGATE),
    "W8": (edited((DW, DW + '\n            cache[f"W{layer}"] -= 0.1 * grads[f"W{layer}"]')), ("gradient_leaves_no_trace",)),
    "W9": (edited((DW, 'grads[f"W{layer}"] = A_previous @ dZ.T / m')), STEPS_W),
    "W10": (edited((DW, 'grads[f"W{layer}"] = dZ @ cache.get(f"Z{layer - 1}", A_previous).T / m')), STEPS_W),
    "W11": (edited((DW, 'grads[f"W{layer}"] = dZ @ cache[f"A{layer}"].T / m')), STEPS_W),
    "W12": (edited((DW, 'grads[f"W{layer}"] = dZ @ cache[f"A{max(layer - 1, 1)}"].T / m')), STEPS_W),
    "W13": (edited((HIDDEN_DZ, HIDDEN_DZ + ' if layer > 2 else grads[f"A{layer - 1}"]')), HIDDEN),
    "W14": (edited((DB, 'grads[f"B{layer}"] = grads.get(f"A{layer}", dZ).sum(axis=1, keepdims=True) / m')), STEPS_B),
    "W15": (edited((SLOPE, "(A_previous * (1 - A_previous)).T"), ("grads[f\"A{layer - 1}\"] * (A", "grads[f\"A{layer - 1}\"] @ (A")), HIDDEN),
    "W16": (edited((SLOPE, "A_previous * 1 - A_previous")), HIDDEN),
    # the forward pass and its cache
    "F1": (edited((Z, Z[:-4])), ("forward_output", "forward_cache_Z")),
    "F2": (edited((STORE_A, 'cache[f"A{layer}"] = sigmoid(Z)\n            cache[f"A{layer}"], A = Z, cache[f"A{layer}"]'),
                  (Z, 'Z = W @ (A if layer > 1 else X) + B'), ('return cache[f"A{self.num_layers}"], cache', "return A, cache")),
           ("forward_cache_A",)),
    "F3": (edited((STORE_Z, 'cache[f"Z{layer}"] = sigmoid(Z)')), ("forward_cache_Z",)),
    "F5": (edited((STORE_A, 'cache[f"A{layer}"] = sigmoid(Z) if layer == self.num_layers else Z')), ("forward_output",)),
    "F6": (edited((STORE_A, 'cache[f"A{layer}"] = Z if layer == self.num_layers else sigmoid(Z)')), ("forward_output",)),
    "F7": (edited((SIGMOID, SIGMOID.replace("-np.clip", "np.clip"))), ("forward_output",)),
    "F8": (
        edited(('return cache[f"A{self.num_layers}"], cache',
                'out = cache[f"A{self.num_layers}"]\n        for layer in range(self.num_layers):\n'
                '            cache[f"A{layer}"] = cache[f"A{layer + 1}"]\n        return out, cache')),
        ("forward_cache_A",),
    ),
    "F9": (
        edited((HIDDEN_DZ, 'A_previous *= 1 - A_previous\n                grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * A_previous')),
        ("gradient_leaves_no_trace",),
    ),
    "F10": (edited(('cache["A0"] = X', 'X -= X.mean(axis=1, keepdims=True)\n        cache["A0"] = X')), ("forward_leaves_no_trace",)),
    "no W and B": (edited(('            cache[f"W{layer}"] = W\n            cache[f"B{layer}"] = B\n', ""), (DA, DA.replace("cache[f\"W{layer}\"]", "self.params[f\"W{layer}\"]"))), ("forward_cache_W_and_B",)),
    "naive exp": (edited((SIGMOID, "return np.exp(Z) / (1 + np.exp(Z))")), ("forward_saturated",)),
    "out first": (edited(('return cache[f"A{self.num_layers}"], cache', 'return cache, cache[f"A{self.num_layers}"]')), ("forward_output",)),
    "only out": (edited(('return cache[f"A{self.num_layers}"], cache', 'return cache[f"A{self.num_layers}"]')), ("forward_output",)),
    "three layers": (edited(("range(1, self.num_layers + 1):\n            W, B", "(1, 2, 3):\n            W, B")), ("forward_other_depths",)),
    # contract, state and plumbing
    "K1": (edited(*((f'grads[f"{kind}{{', f'grads[f"d{kind}{{') for kind in "WBZA")), ("gradient_keys_and_shapes", "example_gradient_keys")),
    "K2": (edited(("range(self.num_layers, 0, -1)", "range(self.num_layers, 1, -1)")), ("gradient_keys_and_shapes",) + NUMERICAL),
    "K3": (edited(("range(self.num_layers, 0, -1)", "range(self.num_layers - 1, 0, -1)")), NUMERICAL),
    "K4": (edited((RETURN_GRADS, "        return {key: -0.1 * value for key, value in grads.items()}\n")), NUMERICAL),
    "K5": (edited((DW, 'grads[f"W{layer}"] = (dZ @ A_previous.T / m).astype(int)')), STEPS_W),
    "K6": (edited((RETURN_GRADS, "        return {key: np.clip(value, -0.1, 0.1) for key, value in grads.items()}\n")), NUMERICAL),
    "K7": (edited((DW, 'grads[f"W{layer}"] = np.round(dZ @ A_previous.T / m, 3)')), STEPS_W),
    "K8": (
        edited((DW, 'self.total = getattr(self, "total", {})\n            '
                    'self.total[layer] = self.total.get(layer, 0) + dZ @ A_previous.T / m\n            '
                    'grads[f"W{layer}"] = self.total[layer]')),
        ("gradient_second_call",),
    ),
    "K9": (edited((GRADS, GRADS + '        cache = self.first = getattr(self, "first", cache)\n        out = cache[f"A{self.num_layers}"]\n')), ("gradient_second_call",)),
    "K10": (edited((DW, DW + ' + 0.1 * cache[f"W{layer}"]')), STEPS_W + NUMERICAL[:1]),
    "K11": (edited(("m = out.shape[1]", "m = 4")), STEPS_W + STEPS_B),
    "K12": (
        edited((DA, 'grads[f"A{layer - 1}"] = np.random.default_rng(1).normal(size=cache[f"W{layer}"].shape).T @ dZ')),
        PROPAGATE,
    ),
    "K13": (edited((DB, 'grads["B3"] = dZ.sum(axis=1, keepdims=True) / m')), STEPS_B),
    "seeds": (edited((GRADS, GRADS + "        np.random.seed(0)\n")), ("gradient_leaves_no_trace",)),
    "seeds forward": (edited(('cache["A0"] = X', 'np.random.seed(0)\n        cache["A0"] = X')), ("forward_leaves_no_trace",)),
    "moves params": (edited((Z, Z + '\n            W += 1e-3')), ("forward_leaves_no_trace",)),
    "no return": (edited((RETURN_GRADS, "")), NUMERICAL),
    "zeros": (edited((RETURN_GRADS, "        return {key: 0 * value for key, value in grads.items()}\n")), STEPS_W + STEPS_B + BATCH),
    "constants": (
        edited((RETURN_GRADS, "        return {key: np.ones(value.shape) for key, value in grads.items()}\n")),
        STEPS_W + STEPS_B + ("gradient_mean_of_samples",),
    ),
    "divides by zero": (edited((DW, 'grads[f"W{layer}"] = dZ @ A_previous.T / (m - 1)')), ("gradient_single_sample",)),
    "full chain": (
        edited((OUTPUT_DZ, '(-cache["Y"] / out + (1 - cache["Y"]) / (1 - out)) * out * (1 - out)')),
        ("gradient_saturated",),
    ),
    "three layers back": (edited(("range(self.num_layers, 0, -1)", "(3, 2, 1)")), ("gradient_other_depths",)),
    # gradients and fit
    "no labels": (edited(('        cache["Y"] = Y\n', "")), ("gradients",)),
    "gradients of X": (with_body("gradients", 'return {"X": X}'), ("gradients", "example_gradients")),
    "fit by sum": (edited(("- learning_rate * grads[name]", "+ learning_rate * grads[name]")), ("fit_losses", "fit_parameters")),
    "fit late": (
        edited(("            if losses[-1] < tolerance:\n                break\n", ""),
               ("learning_rate * grads[name]\n", "learning_rate * grads[name]\n            if losses[-1] < tolerance:\n                break\n")),
        (),
    ),
    "fit never stops": (edited(("            if losses[-1] < tolerance:\n                break\n", "")), ("fit_tolerance",)),
    "fit no return": (edited(("        return losses\n", "")), ("fit_losses",)),
    "fit one more": (edited(("for _ in range(epochs)", "for _ in range(epochs + 1)")), ("fit_losses", "fit_parameters")),
    "fit fixed rate": (edited(("- learning_rate * grads[name]", "- 0.1 * grads[name]")), ("fit_losses", "fit_parameters")),
}
