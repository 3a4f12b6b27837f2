"""compute_gradients: the derivative of the loss in the output layer, and that of the sigmoid in the hidden layers."""

from autograder.backprop.mistakes.dnn.steps import DA, DERIVATIVE, ERROR, HIDDEN
from autograder.backprop.mistakes.families import chain_rule
from autograder.backprop.mistakes.families.backward import squeezed
from autograder.diagnosis.mistake import Mistake, WrongLine

OUTPUT_DZ, HIDDEN_DZ = "dZ of the output layer", "dZ of the hidden layers"
DERIVATIVE_ABOVE = 'cache[f"A{layer}"] * (1 - cache[f"A{layer}"])'
RIGHT = "dZ_L is A_L - Y"


def derivative_of_next_layer(expression: str, title: str) -> Mistake:
    """Return the row for the derivative of the layer above."""
    return WrongLine("hidden dZ", expression).with_hints(
        "Which layer's derivative does dZ_{l-1} need?",
        "Look at the index of A in the derivative: it belongs to the layer above. If both have the same size, nothing fails.",
        "dZ_{l-1} needs the derivative of its own layer, A_{l-1}(1 - A_{l-1}).",
        name="the derivative of the layer above",
        title=title,
    )


def half_of_cross_entropy(expression: str, label: int, missing: str) -> Mistake:
    """Return the row for the derivative of one term of the cross-entropy."""
    return WrongLine("output dZ", expression).with_hints(
        f"What do samples with label {label} contribute?",
        "Look at dZ of the output layer: it differentiates only one of the two terms of the cross-entropy.",
        f"Both terms count: {missing}. Together they are A - Y.",
        title=f"{OUTPUT_DZ} ignores samples with label {label}",
    )


def of_one_sample(function: str, found: str) -> Mistake:
    """Return the row for a dZ of the output layer that has lost its samples."""
    return WrongLine("output dZ", f"{function}({ERROR}, axis=1, keepdims=True)").with_hints(
        "How many columns does dZ have?",
        f"Look at {OUTPUT_DZ}: it has one column for all samples.",
        f"dZ has one column per sample: {RIGHT}. Only dW and dB are averaged.",
        title=f"{OUTPUT_DZ} is {found} over the samples",
    )


DERIVATIVES = {
    "output-dz-sign-flipped": chain_rule.sign_flipped("output dZ", 'cache["Y"] - out', OUTPUT_DZ, RIGHT),
    "output-dz-derivative-twice": chain_rule.derivative_applied_again(
        "output dZ", f"({ERROR}) * out * (1 - out)", OUTPUT_DZ, "A(1 - A)", RIGHT
    ),
    "hidden-dz-without-derivative": chain_rule.missing_derivative(
        "hidden dZ", DA, "Z_l", "A_l", HIDDEN_DZ, "dA", "the derivative of the sigmoid, A_l(1 - A_l), element by element"
    ),
    "derivative-at-sigmoid-of-a": WrongLine("hidden dZ", f"{DA} * sigmoid(A_previous) * (1 - sigmoid(A_previous))").with_hints(
        "A is already the output of the sigmoid. What does sigmoid(A) mean?",
        "Look at the derivative in dZ of the hidden layers: it applies the sigmoid to an activation.",
        "The derivative is A(1 - A) with A = sigmoid(Z). A function that applies the sigmoid itself needs Z.",
        title="dZ of the hidden layers applies the sigmoid to A again",
    ),
    "derivative-at-z": chain_rule.derivative_at_z(
        "hidden dZ",
        f'{DA} * cache[f"Z{{layer - 1}}"] * (1 - cache[f"Z{{layer - 1}}"])',
        "sigmoid",
        HIDDEN_DZ,
        "x(1 - x)",
        "A(1 - A)",
    ),
    "derivative-of-next-layer": derivative_of_next_layer(
        f"{DA} * ({DERIVATIVE_ABOVE}).mean()", f"{HIDDEN_DZ} uses the mean derivative of the layer above"
    ),
    "derivative-of-next-layer-of-same-size": derivative_of_next_layer(
        f"{DA} * ({DERIVATIVE_ABOVE} if layer < self.num_layers else {DERIVATIVE})",
        "Between hidden layers, dZ uses the derivative of the layer above",
    ),
    "derivative-of-next-layer-as-it-is": derivative_of_next_layer(
        f"{DA} * {DERIVATIVE_ABOVE}", f"{HIDDEN_DZ} uses the derivative of the layer above"
    ),
    "derivative-of-relu": WrongLine("hidden dZ", f'{DA} * (cache[f"Z{{layer - 1}}"] > 0)').with_hints(
        "Which activation has a derivative of 0 or 1?",
        "Look at the derivative in dZ of the hidden layers: it asks whether Z is positive.",
        "That derivative belongs to ReLU. These layers are sigmoids, so it is A(1 - A).",
        title="dZ of the hidden layers uses the derivative of ReLU",
    ),
    "derivative-of-tanh": WrongLine("hidden dZ", f"{DA} * (1 - A_previous**2)").with_hints(
        "Which activation has the derivative 1 - A^2?",
        "Look at the derivative in dZ of the hidden layers.",
        "1 - A^2 belongs to tanh. These layers are sigmoids, so the derivative is A(1 - A).",
        title="dZ of the hidden layers uses the derivative of tanh",
    ),
    "derivative-only-1-minus-a": chain_rule.half_derivative(
        "hidden dZ", f"{DA} * (1 - A_previous)", HIDDEN_DZ, "1 - A", "A", "A(1 - A)"
    ),
    "derivative-only-a": chain_rule.half_derivative("hidden dZ", f"{DA} * A_previous", HIDDEN_DZ, "A", "1 - A", "A(1 - A)"),
    "derivative-a-times-1-plus-a": chain_rule.sign_in_derivative(
        "hidden dZ", f"{DA} * A_previous * (1 + A_previous)", HIDDEN_DZ, "1 + A", "A(1 - A)"
    ),
    "derivative-squared": WrongLine("hidden dZ", f"{DA} * ({DERIVATIVE}) ** 2").with_hints(
        "How often does the backward pass go through the sigmoid of a layer?",
        "Look at dZ of the hidden layers: it contains the derivative twice.",
        "Multiply by the derivative once: dZ_l is dA_l times A_l(1 - A_l).",
        title="dZ of the hidden layers contains the derivative twice",
    ),
    "output-dz-derivative-of-error": WrongLine("output dZ", f"({ERROR}) * (1 - ({ERROR}))").with_hints(
        "x(1 - x) is the derivative of the sigmoid for which x?",
        "Look at dZ of the output layer: it treats the error like an activation.",
        "The error A - Y is not an activation, so this derivative doesn't apply to it. dZ_L is A_L - Y.",
        title="dZ of the output layer treats the error like an activation",
    ),
    "output-dz-squared-error": WrongLine("output dZ", f"2 * ({ERROR}) * out * (1 - out)").with_hints(
        "Which loss has this derivative?",
        "Look at dZ of the output layer: it is the derivative of the squared error through a sigmoid.",
        "The loss here is the binary cross-entropy, so dZ_L is A_L - Y.",
        title="dZ of the output layer is the derivative of the squared error",
    ),
    "output-dz-doubled": chain_rule.doubled("output dZ", f"2 * ({ERROR})", OUTPUT_DZ, RIGHT),
    "output-dz-halved": WrongLine("output dZ", f"({ERROR}) / 2").with_hints(
        "Where does the factor 1/2 come from? This loss has none.",
        "Look at the factors of dZ of the output layer.",
        "Your value is exactly half of the correct one. dZ_L is A_L - Y.",
        title="dZ of the output layer is divided by 2",
    ),
    "output-dz-only-label-1": half_of_cross_entropy('-cache["Y"] * (1 - out)', 0, "(1 - Y) log(1 - A) contributes (1 - Y)A"),
    "output-dz-only-label-0": half_of_cross_entropy('(1 - cache["Y"]) * out', 1, "Y log A contributes -Y(1 - A)"),
    "output-dz-is-da": chain_rule.stops_at_activation(
        "output dZ",
        '-cache["Y"] / out + (1 - cache["Y"]) / (1 - out)',
        "dZ",
        "dA",
        OUTPUT_DZ,
        "dZ_L is dA_L times A_L(1 - A_L), which is A_L - Y",
    ),
    "output-dz-from-decisions": chain_rule.uses_decisions("output dZ", '(out > 0.5) - cache["Y"]', OUTPUT_DZ, "A_L", RIGHT),
    "output-dz-absolute": WrongLine("output dZ", f"abs({ERROR})").with_hints(
        "If the label of a sample is 1, should its output go up or down?",
        "Look at dZ of the output layer: it is never negative.",
        "The sign gives the direction of the update. dZ_L is A_L - Y, without abs.",
        title="dZ of the output layer is an absolute value",
    ),
    "output-dz-is-one": WrongLine("output dZ", "np.ones_like(out)").with_hints(
        "Where does your backward pass use the labels?",
        "Look at dZ of the output layer: it is 1 for every sample.",
        "The backward pass starts with the derivative of the loss: dZ_L is A_L - Y.",
        title="dZ of the output layer is 1 for every sample",
    ),
    "output-dz-from-z": WrongLine("output dZ", 'cache[f"Z{self.num_layers}"] - cache["Y"]').with_hints(
        "The labels are compared with the output of the network. Is that Z_L or A_L?",
        "Look at dZ of the output layer: it uses Z_L instead of A_L.",
        "dZ_L is A_L - Y: use the activation.",
        title="dZ of the output layer uses Z instead of A",
    ),
    "output-dz-squeezed": squeezed("output dZ", ERROR, OUTPUT_DZ),
    "hidden-dz-squeezed": squeezed("hidden dZ", HIDDEN, HIDDEN_DZ),
    "derivative-is-matrix-product": WrongLine("hidden dZ", f"{DA} * np.dot(A_previous, 1 - A_previous)").with_hints(
        "Each a depends only on its own z. Does that call for a matrix product?",
        f"Look at the derivative in {HIDDEN_DZ}: A and 1 - A are multiplied with @ or np.dot.",
        "Multiply element by element, with `*`: A * (1 - A).",
        title="The derivative in dZ of the hidden layers is a matrix product",
    ),
    "output-dz-averaged-over-samples": of_one_sample("np.mean", "averaged"),
    "output-dz-summed-over-samples": of_one_sample("np.sum", "summed"),
    "derivative-in-two-products": WrongLine("hidden dZ", f"np.dot({DA}, np.dot(A_previous.T, 1 - A_previous))").with_hints(
        "Each a depends only on its own z. Does that call for matrix products?",
        f"Look at {HIDDEN_DZ}: it has two matrix products.",
        "Multiply element by element, with `*`: dA_l * A_l * (1 - A_l).",
        title="dZ of the hidden layers has two matrix products",
    ),
    "derivative-times-z": WrongLine("hidden dZ", f'{HIDDEN} * cache[f"Z{{layer - 1}}"]').with_hints(
        "Does g'(Z) mean g' times Z?",
        "Look at dZ of the hidden layers: it has an extra factor Z.",
        "g'(Z) is the derivative evaluated at Z, which is A(1 - A).",
        title="dZ of the hidden layers has an extra factor Z",
    ),
    "derivative-in-last-hidden-layer-only": Mistake(
        {"hidden dZ": f"{HIDDEN} if layer == self.num_layers else {DA}"},
        "The last two layers are correct. What changes in the second iteration of your loop?",
        "Look at what one layer passes on to the next: is it dZ or dA?",
        "Below the last hidden layer, the derivative is missing. In every layer, dZ_l is dA_l times A_l(1 - A_l).",
        name="a derivative in the last hidden layer only",
        title="The derivative is applied in the last hidden layer only",
    ),
    "output-dz-divides-by-zero": Mistake(
        {"output dZ": '(-cache["Y"] / out + (1 - cache["Y"]) / (1 - out)) * out * (1 - out)'},
        "What is Y / A when A is exactly 0?",
        "Look at dZ of the output layer: it divides by A and by 1 - A, and then multiplies by both again.",
        "This is correct on paper, but gives nan when a unit saturates. Simplify it first: dZ_L is A_L - Y.",
        title="dZ of the output layer divides by zero when A is 0 or 1",
    ),
    **chain_rule.loss_slips("output-dz", "output dZ", "out", 'cache["Y"]', OUTPUT_DZ, RIGHT),
    **chain_rule.mean_squared_error_slips("output-dz", "output dZ", "out", 'cache["Y"]', OUTPUT_DZ, RIGHT),
}
