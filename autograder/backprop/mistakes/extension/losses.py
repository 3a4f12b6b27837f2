"""The two losses of a softmax, and dZ of the output layer for each of them."""

from autograder.backprop.mistakes.families import averages, chain_rule
from autograder.diagnosis.mistake import Mistake, WrongLine

ERROR = 'out - cache["Y"]'
FULL = f"softmax_backward(2 * ({ERROR}), out)"
CROSS_ENTROPY_DZ, SQUARED_DZ = "dZ of the output layer of SoftmaxDNN", "dZ of the output layer of SquaredErrorSoftmaxDNN"
DZ_IS, DA_IS = "dZ is A - Y", "dA is 2 (A - Y)"


def loss_summed(step: str, expression: str, model: str) -> Mistake:
    """Return the row for a loss that is a sum over the samples."""
    return WrongLine(step, expression).with_hints(
        "Is J the sum or the mean over the samples?",
        f"Look at {model}.loss: nothing is divided by m.",
        "Take the sum over the classes and the mean over the samples.",
        title=f"{model}.loss is summed over the samples, not averaged",
    )


def classes_averaged(lines: dict[str, str], where: str, title: str) -> Mistake:
    """Return the row for a loss that is a mean over the classes."""
    return Mistake(
        lines,
        "Over which axis does J take the mean?",
        f"Look at {where}: the classes are averaged, too.",
        "Take the sum over the classes and the mean over the samples. Don't divide by the number of classes.",
        title=title,
    )


def loss_mixed_up(expression: str, found: str, right: str) -> Mistake:
    """Return the row for a dZ of the squared error under the cross-entropy."""
    return WrongLine("cross-entropy dZ", expression).with_hints(
        "Which loss does this dZ belong to?",
        f"Look at {CROSS_ENTROPY_DZ}: it is the derivative of the squared error{found}.",
        right,
        title=f"SoftmaxDNN uses the dZ_L of the squared error{found}",
    )


CROSS_ENTROPY = {
    "cross-entropy-log-of-zero": WrongLine("cross-entropy loss", "float(-np.mean(np.sum(Y * np.log(out), axis=0)))").with_hints(
        "What is 0 times the logarithm of 0?",
        "Look at the logarithm in SoftmaxDNN.loss when an output is exactly 0.",
        "Keep the output away from 0 before you take the logarithm, for example with np.clip.",
        title="SoftmaxDNN.loss takes the logarithm of an output that can be 0",
    ),
    "cross-entropy-summed": loss_summed(
        "cross-entropy loss", "float(-np.sum(Y * np.log(np.clip(out, 1e-300, 1))))", "SoftmaxDNN"
    ),
    "cross-entropy-averaged-over-classes": classes_averaged(
        {"cross-entropy loss": "float(-np.mean(Y * np.log(np.clip(out, 1e-300, 1))))"},
        "SoftmaxDNN.loss",
        "SoftmaxDNN.loss is averaged over the classes as well",
    ),
    "cross-entropy-sign-flipped": Mistake(
        {"cross-entropy loss": "float(np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))"},
        "Is the logarithm of a probability positive or negative?",
        "Look at the sign of SoftmaxDNN.loss.",
        "J_s is minus the sum of y_k log a_k.",
        title="SoftmaxDNN.loss has the wrong sign",
    ),
    "cross-entropy-binary": Mistake.by_edits(
        "What does the binary cross-entropy add for the classes whose label is 0?",
        "Look at SoftmaxDNN.loss: it is the loss of DNN.",
        "With a softmax, the loss is just minus the sum of y_k log a_k.",
        "the loss of `DNN`",
        {
            "cross-entropy loss": "float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-12, 1 - 1e-12))"
            " + (1 - Y) * np.log(1 - np.clip(out, 1e-12, 1 - 1e-12)), axis=0)))"
        },
        (
            "return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))",
            "return super().loss(out, Y)",
        ),
        title="SoftmaxDNN.loss is the binary cross-entropy of DNN",
    ),
    "cross-entropy-dz-diagonal-only": WrongLine("cross-entropy dZ", '-cache["Y"] * (1 - out)').with_hints(
        "Should the Z of a class with label 0 have a gradient of 0?",
        f"Look at {CROSS_ENTROPY_DZ}: it uses only the diagonal of the Jacobian.",
        "With the cross terms, dZ is A - Y, and every Z gets a gradient.",
        title="dZ_L in SoftmaxDNN uses only the diagonal of the Jacobian",
    ),
    "cross-entropy-dz-squared-error-diagonal": loss_mixed_up(
        f"2 * ({ERROR}) * out * (1 - out)", " with a sigmoid output", "With the cross-entropy, dZ is A - Y."
    ),
    "cross-entropy-dz-squared-error": loss_mixed_up(FULL, "", "With the cross-entropy, dA is -Y / A, and dZ becomes A - Y."),
    "cross-entropy-dz-class-numbers": WrongLine("cross-entropy dZ", 'out - np.argmax(cache["Y"], axis=0)').with_hints(
        "What is the shape of Y: one number per sample, or one column?",
        f"Look at {CROSS_ENTROPY_DZ}: it subtracts the number of the class from every row.",
        "Y is one-hot with the shape (K, m), like A, so dZ is A - Y.",
        title="SoftmaxDNN subtracts class numbers instead of one-hot labels",
    ),
    "cross-entropy-dz-averaged": averages.averaged_twice(
        "cross-entropy dZ", f"({ERROR}) / out.shape[1]", CROSS_ENTROPY_DZ, "dZ", "dW and dB"
    ),
    "cross-entropy-dz-sign-flipped": chain_rule.sign_flipped("cross-entropy dZ", 'cache["Y"] - out', CROSS_ENTROPY_DZ, DZ_IS),
    "cross-entropy-dz-doubled": chain_rule.doubled("cross-entropy dZ", f"2 * ({ERROR})", CROSS_ENTROPY_DZ, DZ_IS),
    "cross-entropy-dz-is-da": chain_rule.stops_at_activation(
        "cross-entropy dZ",
        '-cache["Y"] / out',
        "dZ",
        "dA",
        CROSS_ENTROPY_DZ,
        "with the Jacobian of the softmax, dZ is A - Y",
    ),
    "cross-entropy-dz-divides-by-zero": WrongLine("cross-entropy dZ", 'softmax_backward(-cache["Y"] / out, out)').with_hints(
        "What is Y / A when A is exactly 0?",
        f"Look at {CROSS_ENTROPY_DZ}: it divides by A, and then the Jacobian multiplies by A again.",
        "Simplify it on paper first: dZ is A - Y, without a division.",
        title="dZ_L in SoftmaxDNN divides by A_L, which can be 0",
    ),
}
SQUARED_ERROR = {
    "squared-error-dz-cross-entropy": WrongLine("squared dZ", ERROR).with_hints(
        "For which loss does a softmax have A - Y as its dZ?",
        f"Look at {SQUARED_DZ}: it belongs to the cross-entropy.",
        "This loss is different: dA is 2 (A - Y), and the Jacobian of the softmax turns it into dZ.",
        title="SquaredErrorSoftmaxDNN uses the dZ_L of the cross-entropy",
    ),
    "squared-error-dz-is-da": chain_rule.stops_at_activation(
        "squared dZ", f"2 * ({ERROR})", "dZ", "dA", SQUARED_DZ, "dZ = softmax_backward(dA, A)"
    ),
    "squared-error-dz-uses-z": Mistake(
        {"squared dZ": f'2 * ({ERROR}) * out * (1 - cache[f"Z{{self.num_layers}}"])'},
        "Does the Jacobian of a softmax contain its outputs or its inputs?",
        f"Look at {SQUARED_DZ}: it contains Z.",
        "The Jacobian contains only A, and it has cross terms: dZ = softmax_backward(dA, A).",
        title="SquaredErrorSoftmaxDNN puts Z_L into the Jacobian of the softmax",
    ),
    "squared-error-averaged-over-classes": classes_averaged(
        {"squared loss": "float(np.mean((out - Y) ** 2))", "squared dZ": f"{FULL} / len(out)"},
        "the squared error and its dZ",
        "SquaredErrorSoftmaxDNN averages its loss and its dZ_L over the classes",
    ),
    "squared-error-loss-averaged-over-classes": classes_averaged(
        {"squared loss": "float(np.mean((out - Y) ** 2))"},
        "SquaredErrorSoftmaxDNN.loss",
        "SquaredErrorSoftmaxDNN.loss is averaged over the classes as well",
    ),
    "squared-error-halved": Mistake(
        {
            "squared loss": "0.5 * float(np.mean(np.sum((out - Y) ** 2, axis=0)))",
            "squared dZ": f"softmax_backward(({ERROR}), out)",
        },
        "Does this loss have a factor of 1/2?",
        "Look at the squared error and its dZ: both are half of the expected value.",
        "J_s is the sum of (a_k - y_k)^2 without 1/2, so dA is 2 (A - Y).",
        title="SquaredErrorSoftmaxDNN halves its loss and its dZ_L",
    ),
    "squared-error-loss-summed": loss_summed("squared loss", "float(np.sum((out - Y) ** 2))", "SquaredErrorSoftmaxDNN"),
    "squared-error-da-without-2": chain_rule.missing_two(
        "squared dZ", f"softmax_backward({ERROR}, out)", "dA in SquaredErrorSoftmaxDNN", DA_IS
    ),
    "squared-error-da-sign-flipped": chain_rule.sign_flipped(
        "squared dZ", 'softmax_backward(2 * (cache["Y"] - out), out)', "dA in SquaredErrorSoftmaxDNN", DA_IS
    ),
    "squared-error-dz-is-jacobian": WrongLine("squared dZ", "np.diagflat(out[:, 0]) - out[:, :1] @ out[:, :1].T").with_hints(
        "What is the shape of a Jacobian, and what is the shape of dZ?",
        f"Look at {SQUARED_DZ}: it is a square matrix with one row and one column per class.",
        "Multiply the Jacobian by dA, sample by sample. dZ is (K, m).",
        title="dZ_L in SquaredErrorSoftmaxDNN is the Jacobian itself",
    ),
    "squared-error-loss-square-root": Mistake(
        {"squared loss": "float(np.mean(np.sqrt(np.sum((out - Y) ** 2, axis=0))))"},
        "Is the loss a distance, or a squared distance?",
        "Look at SquaredErrorSoftmaxDNN.loss: it takes a square root.",
        "J_s is the sum of (a_k - y_k)^2, without a square root.",
        title="SquaredErrorSoftmaxDNN.loss takes a square root",
    ),
}
