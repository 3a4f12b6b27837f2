"""The activations with their derivatives, and GeneralDNN, which has a different activation in each layer."""

from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.backprop.mistakes.families.matrices import Matrix, misfits
from autograder.diagnosis.mistake import Mistake, WrongLine

GENERAL_Z = 'cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]'
OUTPUT_DZ = "dZ_L in GeneralDNN"
Z_IS, DZ_IS = "Z_l is W_l A_{l-1} + B_l", "dZ_L is A_L - Y"
TANH_PRIME_IS = "With A = tanh(Z), the derivative is 1 - A^2."
ACTIVATIONS = {
    "sigmoid-prime-at-z": chain_rule.derivative_at_z(
        "sigmoid_prime", "Z * (1 - Z)", "sigmoid", "sigmoid_prime", "x(1 - x)", "A(1 - A)"
    ),
    "sigmoid-prime-only-1-minus-a": chain_rule.half_derivative(
        "sigmoid_prime", "1 - A", "sigmoid_prime", "1 - A", "A", "A(1 - A)"
    ),
    "sigmoid-prime-1-plus-a": chain_rule.sign_in_derivative(
        "sigmoid_prime", "A * (1 + A)", "sigmoid_prime", "1 + A", "A(1 - A)"
    ),
    "sigmoid-prime-is-sigmoid": WrongLine("sigmoid_prime", "A").with_hints(
        "Is this the sigmoid, or its derivative?",
        "Look at sigmoid_prime: it returns A.",
        "The derivative is A(1 - A).",
        title="sigmoid_prime is the sigmoid itself",
    ),
    "tanh-prime-of-tanh": WrongLine("tanh_prime", "1 - np.tanh(np.tanh(Z)) ** 2").with_hints(
        "Is Z the value before or after the activation?",
        "Look at tanh_prime: it applies tanh twice.",
        TANH_PRIME_IS,
        title="tanh_prime applies tanh twice",
    ),
    "tanh-prime-at-z": chain_rule.derivative_at_z("tanh_prime", "1 - Z**2", "tanh", "tanh_prime", "1 - x^2", "1 - A^2"),
    "tanh-prime-1-plus-a": chain_rule.sign_in_derivative(
        "tanh_prime", "1 + np.tanh(Z) ** 2", "tanh_prime", "1 + A^2", "1 - A^2, with A = tanh(Z)"
    ),
    "tanh-prime-without-square": WrongLine("tanh_prime", "1 - np.tanh(Z)").with_hints(
        "Can the derivative of tanh be larger than 1?",
        "Look at tanh_prime: a square is missing.",
        TANH_PRIME_IS,
        title="tanh_prime is missing a square",
    ),
    "tanh-prime-like-sigmoid": WrongLine("tanh_prime", "np.tanh(Z) * (1 - np.tanh(Z))").with_hints(
        "Which activation has the derivative A(1 - A)?",
        "Look at tanh_prime: it uses the formula for the sigmoid.",
        TANH_PRIME_IS,
        title="tanh_prime uses the formula for the derivative of the sigmoid",
    ),
    "relu-leaky": WrongLine("relu", "np.where(Z > 0, Z, 0.01 * Z)").with_hints(
        "What does relu return for a negative Z?",
        "Look at relu: it multiplies negative numbers by 0.01.",
        "relu returns 0 there. What you wrote is the leaky ReLU.",
        title="relu is a leaky ReLU",
    ),
    "relu-is-its-derivative": WrongLine("relu", "(Z > 0).astype(float)").with_hints(
        "Is this relu, or its derivative?",
        "Look at relu: it returns 0 and 1.",
        "relu returns Z where Z is positive, and 0 elsewhere.",
        title="relu returns its own derivative",
    ),
    "relu-is-absolute": WrongLine("relu", "np.abs(Z)").with_hints(
        "What does relu return for a negative Z?",
        "Look at relu: it makes negative numbers positive.",
        "relu returns 0 there.",
        title="relu returns the absolute value of Z",
    ),
    "relu-prime-is-relu": WrongLine("relu_prime", "np.maximum(Z, 0)").with_hints(
        "What is the derivative of relu at Z = 3?",
        "Look at relu_prime: it returns Z where Z is positive.",
        "The derivative is 1 where Z is positive, and 0 elsewhere.",
        title="relu_prime is relu itself",
    ),
    "relu-prime-is-sign": WrongLine("relu_prime", "np.sign(Z)").with_hints(
        "What is the derivative of relu at a negative Z?",
        "Look at relu_prime: it returns -1 there.",
        "The derivative is 0 where Z is negative.",
        title="relu_prime returns -1 where Z is negative",
    ),
    "relu-prime-changes-z": Mistake.by_edits(
        "Does Z belong to your function, or to its caller?",
        "Look for an assignment to Z[...] in relu_prime.",
        "You overwrite the caller's Z, which is in the cache. Create a mask instead: (Z > 0).astype(float).",
        "a derivative that is written into Z",
        {
            "changed by relu_prime": "(before > 0).astype(float)",
            "changed by GeneralDNN.compute_gradients": (
                '(before > 0).astype(float) if key[0] == "Z" and activations[int(key[1:]) - 1] == "relu" else before'
            ),
        },
        ("    return (Z > 0).astype(float)\n", "    Z[Z > 0] = 1\n    Z[Z <= 0] = 0\n    return Z\n"),
        title="relu_prime overwrites the Z it is given",
    ),
    "activations-name-for-function": WrongLine("tanh entry", '("tanh", tanh_prime)').with_hints(
        "Can you call a string like a function?",
        "Look at ACTIVATIONS: the first item of the tanh entry is a string.",
        "Use the function itself: np.tanh, without quotes.",
        title="The tanh entry of ACTIVATIONS holds a string, not a function",
    ),
    "activations-derivative-first": WrongLine("relu entry", "(relu_prime, relu)").with_hints(
        "Which comes first in ACTIVATIONS: g or its derivative?",
        "Look at the order of the two functions in the relu entry.",
        "Each entry is (g, g'), in this order.",
        title="The relu entry of ACTIVATIONS lists the derivative first",
    ),
}
GENERAL_WEIGHTS = Matrix("W", 'cache[f"W{layer}"]', ("n_l", "n_{l-1}"), (3, 2))
GENERAL_INPUT = Matrix("A", 'cache[f"A{layer - 1}"]', ("n_{l-1}", "m"), (2, 5))
GENERAL_DNN = {
    "general-sigmoid-everywhere": WrongLine("general g", "sigmoid").with_hints(
        "Which activation does layer 1 of this network have?",
        "Look at A in GeneralDNN.forward: every layer uses the sigmoid.",
        "Use the activation of the layer: ACTIVATIONS[name][0].",
        title="GeneralDNN.forward applies the sigmoid in every layer",
    ),
    "general-a-stored-as-z": Mistake.by_edits(
        "Is Z the value before or after the activation?",
        "Look at what GeneralDNN.forward stores as Z: it is A.",
        "Store Z_l as it is before the activation, because the derivative is evaluated there.",
        "an activation that is stored as Z",
        {"general stored Z": "g(Z)", "general A": "Z"},
        (f'            cache[f"Z{{layer}}"] = {GENERAL_Z}', f"            Z = {GENERAL_Z}"),
        (
            'cache[f"A{layer}"] = g(cache[f"Z{layer}"])',
            'cache[f"Z{layer}"] = cache[f"A{layer}"] = g(Z)',
        ),
        title="GeneralDNN.forward stores A_l as Z_l",
    ),
    "general-params-as-cache": Mistake.by_edits(
        "Is the cache a dict of its own, or another name for self.params?",
        "Look at the first assignment to cache in GeneralDNN.forward.",
        "You store the cache in self.params, where the next call overwrites it and fit updates it. Start with a new dict.",
        "a cache that is self.params itself",
        {"changed by GeneralDNN.forward": '[f"{kind}{layer}" for kind in "AZ" for layer in range(kind == "Z", last + 1)]'},
        ('        cache = {"A0": X, **self.params}\n', '        cache = self.params\n        cache["A0"] = X\n'),
        title="GeneralDNN.forward uses `self.params` as its cache",
    ),
    "general-without-bias": chain_rule.missing_bias(
        "general Z", 'cache[f"W{layer}"] @ cache[f"A{layer - 1}"]', "Z in GeneralDNN.forward", "B", Z_IS
    ),
    "general-x-into-every-layer": chain_rule.input_everywhere(
        "general Z", 'np.dot(cache[f"W{layer}"], X) + cache[f"B{layer}"]', "Z in GeneralDNN.forward", Z_IS
    ),
    "general-without-activation": WrongLine("general A", 'cache[f"Z{layer}"]').with_hints(
        "What does a layer do with its Z?",
        "Look at A in GeneralDNN.forward: it is Z, unchanged.",
        "A_l is g_l(Z_l).",
        title="GeneralDNN.forward skips the activation, so A_l is Z_l",
    ),
    "general-cache-keys-renamed": contract.keys_renamed(
        "the cache of GeneralDNN.forward",
        "The keys are those of dnn.py, with capital letters: W1, B1, Z1, A0, A1 and so on.",
        "missing in the general cache",
        ("**self.params}", '**{key.replace("B", "b"): value for key, value in self.params.items()}}'),
        ('+ cache[f"B{layer}"]', '+ cache[f"b{layer}"]'),
    ),
    "general-forward-returns-only-out": contract.incomplete_return(
        "general forward returns", 'cache[f"A{self.num_layers}"]', "GeneralDNN.forward", "the cache", "`return out, cache`"
    ),
    "general-dz-sign-flipped": chain_rule.sign_flipped("general dZ", 'cache["Y"] - out', OUTPUT_DZ, DZ_IS),
    "general-dz-derivative-twice": chain_rule.derivative_applied_again(
        "general dZ", '(out - cache["Y"]) * out * (1 - out)', OUTPUT_DZ, "A(1 - A)", DZ_IS
    ),
    "general-sigmoid-derivatives": WrongLine("general derivatives", "[sigmoid_prime] * self.num_layers").with_hints(
        "The activations are different from DNN's. Are the derivatives, too?",
        "Look at the list that GeneralDNN passes to backward_pass: every layer gets the derivative of the sigmoid.",
        "Each layer needs the derivative of its own activation: ACTIVATIONS[name][1].",
        title="GeneralDNN uses the derivative of the sigmoid in every layer",
    ),
    "general-activations-for-derivatives": Mistake(
        {"general derivatives": "[ACTIVATIONS[name][0] for name in self.activations]"},
        "Which item of an entry in ACTIVATIONS is the derivative?",
        "Look at the list that GeneralDNN passes to backward_pass: it holds the activations themselves.",
        "Each entry is (g, g'), so the derivative is ACTIVATIONS[name][1].",
        title="GeneralDNN passes activations to backward_pass instead of derivatives",
    ),
    "general-derivatives-reversed": Mistake(
        {"general derivatives": "[ACTIVATIONS[name][1] for name in reversed(self.activations)]"},
        "In which order does backward_pass expect the derivatives of the layers?",
        "Look at the list that GeneralDNN passes to backward_pass: the last layer comes first.",
        "derivatives[l - 1] belongs to layer l, regardless of the direction of the loop.",
        title="GeneralDNN passes the derivatives to backward_pass in reverse order",
    ),
    **misfits(
        "general-z", "general Z", (GENERAL_WEIGHTS, GENERAL_INPUT), ' + cache[f"B{layer}"]', "Z in GeneralDNN.forward", Z_IS
    ),
    **chain_rule.loss_slips("general-dz", "general dZ", "out", 'cache["Y"]', OUTPUT_DZ, DZ_IS),
    **chain_rule.mean_squared_error_slips("general-dz", "general dZ", "out", 'cache["Y"]', OUTPUT_DZ, DZ_IS),
}
