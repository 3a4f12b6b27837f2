"""backward_pass: the backward pass from dZ of the last layer to the first layer."""

from autograder.backprop.mistakes.families import averages, chain_rule, contract
from autograder.backprop.mistakes.families.backward import Layer, backward_slips
from autograder.diagnosis.mistake import Mistake, WrongLine

DA, Z = 'grads[f"A{layer - 1}"]', 'cache[f"Z{layer - 1}"]'
FUNCTION, WHERE = "backward_pass", " in backward_pass"
DERIVATIVE = f"derivatives[layer - 2]({Z})"
LAYER = Layer(
    *("extension-", WHERE),
    *("walk dW", "walk dB", "walk dA", "walk dZ"),
    DZ="dZ",
    W='cache[f"W{layer}"]',
    A='cache[f"A{layer - 1}"]',
    output='cache[f"A{layer}"]',
    da_above='grads.get(f"A{layer}", dZ)',
    da_below=DA,
    derivative=DERIVATIVE,
)
LOOP = "    for layer in range(len(derivatives), 0, -1):\n"
BACKWARD_LOOP = {
    "extension-dw-summed": averages.weights_summed("walk dW", 'dZ @ cache[f"A{layer - 1}"].T', "dW", "dB", WHERE),
    "extension-db-summed": averages.biases_summed("walk dB", "dZ.sum(axis=1, keepdims=True)", "dW", "dB", WHERE),
    "extension-db-over-wrong-axis": averages.wrong_axis("walk dB", "dZ.mean(axis=0, keepdims=True)", "dB", "dZ"),
    "extension-db-without-keepdims": averages.missing_keepdims("walk dB", "dZ.mean(axis=1)", "dB", "B", where=WHERE),
    "extension-m-is-len-of-dz": averages.length_taken("walk m", "len(dZ)", "dZ", "(n, m)", FUNCTION),
    "extension-m-counts-rows": averages.rows_counted("walk m", 'cache["A0"].shape[0]', "the line that sets m in backward_pass"),
    "extension-m-is-size-of-dz": averages.size_counted("walk m", "dZ.size", "dZ", FUNCTION),
    "extension-dw-transposed": chain_rule.gradient_transposed(
        "walk dW", 'cache[f"A{layer - 1}"] @ dZ.T / m', "W_l", "dW_l", "dW_l is dZ_l A_{l-1}^T / m", WHERE
    ),
    "extension-dw-from-own-output": chain_rule.own_output("walk dW", 'dZ @ cache[f"A{layer}"].T / m', "W", "A", "dW", WHERE),
    "extension-da-without-transpose": chain_rule.missing_transpose(
        "walk dA",
        'np.dot(cache[f"W{layer}"], dZ)',
        "W_l is (n_l, n_{l-1})",
        "dZ_l is (n_l, m)",
        "dA in backward_pass",
        "dA_{l-1} is W_l^T dZ_l",
    ),
    "extension-loop-skips-layer-1": contract.layer_one_skipped("walk loop", "range(len(derivatives), 1, -1)", FUNCTION),
    "extension-loop-ends-after-layer-1": WrongLine("walk loop", "range(len(derivatives), -1, -1)").with_hints(
        "At which layer should the backward pass stop?",
        "Look at the loop of backward_pass: it continues to layer 0.",
        "range(L, 0, -1) counts L, ..., 1, because the end is not included.",
        title="The loop in backward_pass continues to layer 0",
    ),
    "extension-derivative-of-next-layer": WrongLine("walk dZ", f"{DA} * derivatives[layer - 1]({Z})").with_hints(
        "derivatives[0] belongs to layer 1. Which layer does derivatives[l - 1] belong to?",
        "Look at the index of derivatives in backward_pass: it belongs to the layer above.",
        "dZ_{l-1} uses the derivative of layer l - 1, which is derivatives[layer - 2].",
        title="backward_pass uses the derivative g' of the layer above",
    ),
    "extension-hidden-dz-without-derivative": chain_rule.missing_derivative(
        "walk dZ",
        DA,
        "Z_l",
        "A_l",
        "dZ_l in backward_pass",
        "dA",
        "the derivative g'_l(Z_l), element by element",
    ),
    "extension-derivative-at-a": WrongLine("walk dZ", f'{DA} * derivatives[layer - 2](cache[f"A{{layer - 1}}"])').with_hints(
        "Where is the derivative g' evaluated: at the value before or after the activation?",
        "Look at the argument of the derivative in backward_pass: it is A.",
        "The derivatives are functions of Z: g'_l(Z_l).",
        title="backward_pass evaluates g' at A_l, not at Z_l",
    ),
    "extension-derivative-at-da": WrongLine("walk dZ", f"{DA} * derivatives[layer - 2]({DA})").with_hints(
        "In the forward pass, which value decides whether a ReLU is active?",
        "Look at the argument of the derivative in backward_pass: it is the gradient.",
        "Evaluate the derivative at Z_l, the value from the forward pass.",
        title="backward_pass evaluates g' at dA_l, which is a gradient",
    ),
    "extension-derivative-stored-in-cache": Mistake.by_edits(
        "Is the cache the same before and after your backward pass?",
        "Look for an assignment to a slice of an array from the cache in backward_pass.",
        "You overwrite Z with the derivative, so a second call returns different gradients. Use a new array.",
        "derivatives that are written into the cache",
        {
            f"changed by {model}.compute_gradients": (
                'derivatives[int(key[1:]) - 1](before) if key[0] == "Z" and 0 < int(key[1:]) < layers else before'
            )
            for model in ("SquaredErrorSoftmaxDNN", "GeneralDNN")
        },
        (
            f"            dZ = {DA} * derivatives[layer - 2]({Z})\n",
            f"            {Z}[:] = derivatives[layer - 2]({Z})\n            dZ = {DA} * {Z}\n",
        ),
        title="backward_pass overwrites Z_l in the cache with g'(Z_l)",
    ),
    "extension-keys-renamed": contract.keys_renamed(
        "the grads that backward_pass returns",
        'Each gradient has the key of its variable: dW_3 is grads["W3"], and layers count from 1.',
        "walk key",
        *((f'grads[f"{kind}{{', f'grads[f"grad_{kind}{{') for kind in "WBZ"),
    ),
    "extension-only-output-layer": contract.unfinished(
        "a backward pass of the output layer alone",
        "backward_pass returns only those of layer L",
        {"walk key": '[f"{kind}{layer}" for layer in range(1, self.num_layers) for kind in "ZWBA"]'},
        (LOOP, "    for layer in (len(derivatives),):\n"),
        ("        if layer > 1:\n            grads", "        if layer > len(derivatives):\n            grads"),
        title="backward_pass stops after the output layer",
    ),
    "extension-layer-1-not-reached": contract.unfinished(
        "a loop that ends before layer 1",
        "backward_pass returns none for layer 1",
        {"walk key": '["Z1", "W1", "B1", "A1"] if self.num_layers > 1 else []'},
        (LOOP, "    for layer in range(len(derivatives), min(len(derivatives) - 1, 1), -1):\n"),
        ("        if layer > 1:\n            grads", "        if layer > 2:\n            grads"),
        title="backward_pass stops before layer 1",
    ),
    "extension-gradients-unfinished": contract.unfinished(
        "a backward pass that is not finished",
        "some of them are missing or have other names",
        {"walk key": contract.UNFINISHED},
        ('        grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)\n', ""),
        title="Some gradients of backward_pass are missing or misnamed",
    ),
    "extension-loop-returns-nothing": contract.missing_return(FUNCTION, "End it with `return grads`", {"walk returns": "None"}),
    **backward_slips(LAYER),
}
