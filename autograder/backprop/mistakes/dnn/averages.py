"""compute_gradients: what is averaged over the batch, along which axis, and with which shape."""

from autograder.backprop.mistakes.dnn.steps import ERROR, HIDDEN
from autograder.backprop.mistakes.families import averages
from autograder.diagnosis.mistake import Mistake, WrongLine


def mean_without_axis(expression: str, title: str) -> Mistake:
    """Return the row for a dB that is averaged over the units, too."""
    return WrongLine("dB", expression).with_hints(
        "How many biases does the layer have, and how many numbers are in your dB?",
        "Look at the mean in dB: without an axis, it runs over the units as well.",
        "Take the mean over axis 1 only and keep that axis, so that dB is a column with one number per unit.",
        title=title,
    )


AVERAGES = {
    "dw-and-db-summed": averages.both_summed({"dW": "dZ @ A_previous.T", "dB": "dZ.sum(axis=1, keepdims=True)"}, "dW", "dB"),
    "dw-summed": averages.weights_summed("dW", "dZ @ A_previous.T", "dW", "dB"),
    "db-summed": averages.biases_summed("dB", "dZ.sum(axis=1, keepdims=True)", "dW", "dB"),
    "output-dz-averaged": averages.averaged_twice(
        "output dZ", f"({ERROR}) / m", "dZ of the output layer", "dZ and dA", "dW and dB"
    ),
    "hidden-dz-averaged": WrongLine("hidden dZ", f"{HIDDEN} / m").with_hints(
        "The last layer is correct, the one below is off by 1/m, and the next one by 1/m^2. What happens in every layer?",
        "Look at dZ of the hidden layers: each step back divides by m again.",
        "Don't divide dZ by m. Only dW and dB are averaged, each of them once.",
        title="dZ is divided by m again in every hidden layer",
    ),
    "m-counts-rows": averages.rows_counted("m", 'cache["A0"].shape[0]', "the line that sets m"),
    "m-is-len-of-out": averages.length_taken("m", "len(out)", "out", "(1, m)", "compute_gradients"),
    "m-is-size-of-out": averages.size_counted("m", "out.size", "out", "compute_gradients"),
    "m-is-size-of-x": averages.size_counted("m", 'cache["A0"].size', "A0", "compute_gradients"),
    "db-mean-without-axis": mean_without_axis("np.mean(dZ)", "dB is a single number: its mean has no axis"),
    "db-mean-without-axis-keepdims": mean_without_axis(
        "np.mean(dZ, keepdims=True)", "The mean in dB has `keepdims=True` but no axis"
    ),
    "db-over-wrong-axis": averages.wrong_axis("dB", "dZ.mean(axis=0, keepdims=True)", "dB", "dZ"),
    "db-is-dz": WrongLine("dB", "dZ").with_hints(
        "All samples share the same bias. How many columns can its gradient have?",
        "Look at dB: it is dZ itself, with one column per sample.",
        "Every sample contributes to the gradient of the bias: dB is the mean of the columns of dZ.",
        title="dB is dZ itself, with one column per sample",
    ),
    "db-is-dz-over-m": WrongLine("dB", "dZ / m").with_hints(
        "You divide by m. What should you divide?",
        "Look at dB: it is scaled, but it still has one column per sample.",
        "Add up the columns of dZ (axis=1, keepdims=True) before you divide by m.",
        title="dB is `dZ / m`, still with one column per sample",
    ),
    "db-without-keepdims": averages.missing_keepdims("dB", "dZ.sum(axis=1) / m", "dB", "B"),
    "dw-per-sample": WrongLine("dW", 'np.einsum("im,jm->ijm", dZ, A_previous)').with_hints(
        "Your dW has three axes. What does the third one count?",
        "Look at dW: it holds one outer product per sample.",
        "The loss is a mean over the samples: average over the last axis, or use a matrix product and divide by m.",
        title="dW has a third axis, with one outer product per sample",
    ),
    "dw-product-of-means": averages.product_of_means("dW", "np.outer(dZ.mean(1), A_previous.mean(1))", "dW"),
    "only-last-sample": Mistake(
        {"dW": "np.outer(dZ[:, -1], A_previous[:, -1])", "dB": "dZ[:, -1:]"},
        "Which samples does your gradient depend on?",
        "Look at the loop over the samples: does it add to the gradient, or overwrite it?",
        "Only the last sample is left. Accumulate with +=, and divide by m after the loop.",
        title="dW and dB use only the last sample",
    ),
    "only-first-sample": Mistake(
        {"dW": "np.outer(dZ[:, 0], A_previous[:, 0])", "dB": "dZ[:, :1]"},
        "Which samples does your gradient depend on?",
        "Look at dW and dB: they use the first column and ignore the others.",
        "Only the first sample counts. dW and dB are means over all m columns.",
        title="dW and dB use only the first sample",
    ),
    "divided-by-m-minus-1": averages.divided_by_one_less(
        {"dW": "dZ @ A_previous.T / max(m - 1, 1)", "dB": "dZ.sum(axis=1, keepdims=True) / max(m - 1, 1)"},
        "dW and dB",
        name="a division by m - 1",
        divisor="m - 1, or by 1 if m is 1",
    ),
    "m-is-one-less": averages.divided_by_one_less(
        {"dW": "dZ @ A_previous.T / (m - 1)", "dB": "dZ.sum(axis=1, keepdims=True) / (m - 1)"}, "dW and dB"
    ),
    "dw-divided-by-m-minus-1": averages.divided_by_one_less({"dW": "dZ @ A_previous.T / (m - 1)"}, "dW"),
}
