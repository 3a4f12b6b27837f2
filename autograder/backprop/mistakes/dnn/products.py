"""compute_gradients: which matrices, of which layer, are multiplied in which order."""

from autograder.backprop.mistakes.dnn.steps import BACK, DA, DERIVATIVE, HIDDEN, PRODUCT
from autograder.backprop.mistakes.families import chain_rule
from autograder.backprop.mistakes.families.backward import Layer, backward_slips
from autograder.diagnosis.mistake import Mistake, WrongLine

DA_IS, DW_IS = "dA_{l-1} is W_l^T dZ_l", "dW_l is dZ_l A_{l-1}^T / m"
LAYER = Layer(
    *("", ""),
    *("dW", "dB", "dA", "hidden dZ"),
    DZ="dZ",
    W='cache[f"W{layer}"]',
    A="A_previous",
    output='cache[f"A{layer}"]',
    da_above='grads.get(f"A{layer}", dZ)',
    da_below=DA,
    derivative=f"({DERIVATIVE})",
)
PRODUCTS = {
    "da-from-z": WrongLine("dA", 'cache[f"W{layer}"].T @ cache[f"Z{layer}"]').with_hints(
        "What goes back through the transposed weights: a value or a gradient?",
        "Look at dA: its right factor is Z.",
        f"The chain rule multiplies gradients: {DA_IS}.",
        title="dA uses Z instead of a gradient",
    ),
    "da-without-transpose": chain_rule.missing_transpose(
        "dA", 'np.dot(cache[f"W{layer}"], dZ)', "W_l is (n_l, n_{l-1})", "dZ_l is (n_l, m)", "dA", DA_IS
    ),
    "da-without-transpose-if-square": Mistake(
        {"dA": '(cache[f"W{layer}"] if len(set(cache[f"W{layer}"].shape)) == 1 else cache[f"W{layer}"].T) @ dZ'},
        "W_2 is square. Would you notice if its transpose were missing?",
        "Look at dA of layer 1: the shapes fit with and without the transpose, but the numbers don't.",
        f"{DA_IS} in every layer, including the one with a square W.",
        name="a W_2 that is not transposed",
        title="dA uses W without its transpose where W is square",
    ),
    "da-weights-one-layer-low": WrongLine("dA", 'cache[f"W{layer - 1}"].T @ dZ').with_hints(
        "Through which weights does Z_l depend on A_{l-1}?",
        "Look at the index of W in dA: it is one too low.",
        f"{DA_IS}, with the weights and the dZ of the same layer.",
        title="dA uses W of the layer below",
    ),
    "da-from-dw": WrongLine("dA", 'grads[f"W{layer}"].T @ dZ').with_hints(
        "Does A_{l-1} affect the loss through W_l or through dW_l?",
        "Look at dA: its left factor is a gradient.",
        f"{DA_IS}, with the weights themselves.",
        title="dA uses dW instead of W",
    ),
    "da-elementwise": WrongLine("dA", 'cache[f"W{layer}"].T * dZ').with_hints(
        "Is this an element-wise product?",
        "Look at dA: `*` multiplies element by element.",
        "Every unit below adds up the contributions of all units above. That is a matrix product: W_l^T @ dZ_l.",
        title="dA multiplies W.T and dZ element by element",
    ),
    "da-from-output-dz": WrongLine("dA", 'cache[f"W{layer}"].T @ grads[f"Z{self.num_layers}"]').with_hints(
        "Which dZ goes back through W_l?",
        "Look at dA: it takes dZ of the output layer in every layer.",
        f"Each layer passes on its own dZ: {DA_IS}.",
        name="dZ_L instead of dZ_l",
        title="dA uses dZ of the output layer in every layer",
    ),
    "da-plus-bias": chain_rule.bias_on_the_way_back("dA", f'{BACK} + cache[f"B{{layer - 1}}"]', "dA", DA_IS),
    "weights-updated-in-backward-pass": Mistake(
        {},
        "Which weights did the forward pass use, and which ones does your backward pass use?",
        "Look at where you update the weights: the layers below already see the new values.",
        "Compute all gradients first and update afterwards, in fit. compute_gradients must not change its arguments.",
        {
            "dA": '(cache[f"W{layer}"] - 0.1 * grads[f"W{layer}"]).T @ dZ',
            "changed by compute_gradients": 'before - 0.1 * grads[key] if key[0] in "WB" else before',
        },
        (
            (
                f'grads[f"W{{layer}}"] = {PRODUCT}',
                f'grads[f"W{{layer}}"] = {PRODUCT}\n            cache[f"W{{layer}}"] -= 0.1 * grads[f"W{{layer}}"]',
            ),
        ),
        name="weights that are updated during the backward pass",
        any_number="0.1",
        title="The weights are updated during the backward pass",
    ),
    "dw-transposed": chain_rule.gradient_transposed(
        "dW", "A_previous @ dZ.T / m", "W_l", "dW_l", f"{DW_IS}, in the shape of W_l"
    ),
    "dw-from-z": WrongLine("dW", 'dZ @ cache.get(f"Z{layer - 1}", A_previous).T / m').with_hints(
        "In the forward pass, what did W_l multiply: Z_{l-1} or A_{l-1}?",
        "Look at dW: it uses Z instead of A. Only layer 1 is correct, because its input X has no Z.",
        f"dW_l uses the input of its layer: {DW_IS}.",
        name="Z_{l-1} instead of A_{l-1}",
        title="dW uses Z_{l-1} instead of A_{l-1}",
    ),
    "dw-from-own-output": chain_rule.own_output("dW", 'dZ @ cache[f"A{layer}"].T / m', "W", "A", "dW"),
    "dw1-from-a1": WrongLine("dW", 'dZ @ cache[f"A{max(layer - 1, 1)}"].T / m').with_hints(
        "Which A is the input of layer 1, and is it in the cache?",
        "Look at dW_1: it uses A_1, which is its own output.",
        "The input of layer 1 is X, stored in the cache as A0, so dW_1 is dZ_1 A_0^T / m.",
        name="A_1 instead of A_0",
        title="dW of layer 1 uses A1, the output of layer 1",
    ),
    "layer-1-without-derivative": WrongLine("hidden dZ", f"{HIDDEN} if layer > 2 else {DA}").with_hints(
        "What is different about layer 1?",
        "Look at dZ_1: the derivative of the sigmoid is missing in this layer only.",
        "Layer 1 works like the other layers: dZ_1 is dA_1 times A_1(1 - A_1).",
        name="a layer 1 without its derivative",
        title="dZ of layer 1 lacks the activation's derivative",
    ),
    "db-from-da": WrongLine("dB", 'grads.get(f"A{layer}", dZ).sum(axis=1, keepdims=True) / m').with_hints(
        "Is the bias added before or after the activation?",
        "Look at dB of the hidden layers: it averages dA.",
        "The bias is part of Z, so dB_l is the mean of dZ_l over the samples.",
        name="the mean of dA instead of the mean of dZ",
        title="dB is the mean of dA instead of dZ",
    ),
    "hidden-dz-matrix-product": WrongLine("hidden dZ", f"{DA} @ ({DERIVATIVE}).T").with_hints(
        "Each a depends only on its own z. Does that call for a matrix product?",
        "Look at dZ of the hidden layers: it multiplies by the derivative with @.",
        "Multiply element by element: dA_l * A_l * (1 - A_l).",
        title="dZ of the hidden layers is a matrix product with a transpose",
    ),
    "hidden-dz-without-parentheses": WrongLine("hidden dZ", f"{DA} * A_previous * 1 - A_previous").with_hints(
        "Which operation does Python evaluate first: the product or the subtraction?",
        "Look at dZ of the hidden layers: parentheses are missing.",
        "Write A * (1 - A), with the parentheses.",
        title="Parentheses are missing in dZ of the hidden layers",
    ),
    "dw-from-dz-twice": WrongLine("dW", "dZ @ dZ.T / m").with_hints(
        "Which two matrices does dW need?",
        "Look at dW: it multiplies dZ by itself.",
        f"{DW_IS}: the gradient of Z, times the input of the layer.",
        title="dW multiplies dZ by itself",
    ),
    "dw-from-da": WrongLine("dW", 'grads.get(f"A{layer}", dZ) @ A_previous.T / m').with_hints(
        "Do the weights act before or after the activation?",
        "Look at dW of the hidden layers: it uses dA instead of dZ.",
        f"The weights are part of Z, so {DW_IS}.",
        name="dA instead of dZ",
        title="dW uses dA instead of dZ",
    ),
    **backward_slips(LAYER),
}
