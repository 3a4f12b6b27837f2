"""The batch: what is averaged, over which axis, and how many samples there are.

weights and biases are the names of the gradients, such as "dW" and "dB"; where says which function they are in.
"""

from collections.abc import Mapping

from autograder.diagnosis.mistake import Mistake, WrongLine


def both_summed(lines: Mapping[str, str], weights: str, biases: str) -> Mistake:
    """Return the row for two gradients that are sums over the batch."""
    return Mistake(
        lines,
        "The gradients are means over the batch. Which division is still missing?",
        f"Look at {weights} and {biases}: both add up the m samples, but neither is divided by m.",
        f"{weights} and {biases} are m times too large. Divide these two by m, the number of samples, and nothing else.",
        title=f"{weights} and {biases} are summed, not averaged",
    )


def weights_summed(step: str, expression: str, weights: str, biases: str, where: str = "") -> Mistake:
    """Return the row for a matrix product that is not divided by m."""
    return WrongLine(step, expression).with_hints(
        "Does a matrix product over m columns average the samples, or add them up?",
        f"Look at {weights}{where}: {biases} is averaged, but {weights} is not.",
        f"{weights} is m times too large, because the matrix product adds up the samples. Divide it by m.",
        title=f"{weights}{where} is summed, not averaged",
    )


def biases_summed(step: str, expression: str, weights: str, biases: str, where: str = "") -> Mistake:
    """Return the row for a gradient of the biases that is a sum over the batch."""
    return WrongLine(step, expression).with_hints(
        f"{weights} is averaged over the batch. Is {biases} averaged, too?",
        f"Look at {biases}{where}: it adds up the samples but never divides by m.",
        f"{biases} is m times too large. Take the mean over the samples instead of the sum.",
        title=f"{biases}{where} is summed, not averaged",
    )


def averaged_twice(step: str, expression: str, where: str, dz: str, gradients: str) -> Mistake:
    """Return the row for a dz that is divided by m before the gradients are averaged."""
    return WrongLine(step, expression).with_hints(
        "In how many places do you divide by m?",
        f"Look at {where}: it is already divided by m, and {gradients} divide by m again.",
        f"You average twice. Keep {dz} per sample, and average only {gradients}.",
        title=f"{where} is already divided by m",
    )


def product_of_means(step: str, expression: str, weights: str) -> Mistake:
    """Return the row for a product whose factors are averaged first."""
    return WrongLine(step, expression).with_hints(
        "Is the mean of a product the same as the product of the means?",
        f"Look at {weights}: both factors are averaged before they are multiplied.",
        "Multiply sample by sample first, then average. The two agree only for a batch of one sample.",
        title=f"{weights} is a product of means, not a mean of products",
    )


def missing_keepdims(step: str, expression: str, biases: str, variable: str, size: str = "n", where: str = "") -> Mistake:
    """Return the row for a gradient of the biases without its second axis."""
    return WrongLine(step, expression).with_hints(
        "What happens to an axis that you sum or average over?",
        f"Check the shape of {biases}{where}: it is ({size},), but {variable} is ({size}, 1).",
        "The numbers are correct, but the second axis is lost. Add keepdims=True to keep it.",
        title=f"{biases}{where} has lost its second axis",
    )


def wrong_axis(step: str, expression: str, biases: str, dz: str) -> Mistake:
    """Return the row for a mean over the units."""
    return WrongLine(step, expression).with_hints(
        f"Which axis of {dz} is the batch?",
        f"Look at the axis in {biases}: the mean runs over the units, so there is still a column for every sample.",
        "Samples are columns, so the mean runs over axis 1.",
        title=f"{biases} is averaged over units instead of samples",
    )


def divided(gradients: str, divisor: str) -> str:
    """Return the title of a row for gradients that are divided by a wrong number."""
    return f"{gradients} {'are' if ' and ' in gradients else 'is'} divided by {divisor}"


def divided_by_one_less(lines: Mapping[str, str], gradients: str, name: str = "", divisor: str = "m - 1") -> Mistake:
    """Return the row for a division by m - 1."""
    return Mistake(
        lines,
        "Are you computing a mean or a sample variance? What happens with a batch of one sample?",
        f"Look at the division in {gradients}: it divides by m - 1.",
        "The mean over the batch divides by m.",
        name=name,
        title=divided(gradients, divisor),
    )


def rows_counted(step: str, expression: str, where: str) -> Mistake:
    """Return the row for a batch size taken from the rows of X."""
    return WrongLine(step, expression).with_hints(
        "Is the number of samples the number of rows of X, or the number of columns?",
        f"Look at {where}: it uses the number of rows of X, which is the number of features.",
        "m is the number of columns, X.shape[1].",
        title="The rows of X are counted as samples",
    )


def length_taken(step: str, expression: str, array: str, shape: str, where: str) -> Mistake:
    """Return the row for a batch size taken with len."""
    return WrongLine(step, expression).with_hints(
        f"What does len return for an array of shape {shape}?",
        f"Look at the line that sets m in {where}: len counts rows, but the samples are columns.",
        f"m is the number of columns, {array}.shape[1].",
        title=f"m is `len({array})`, which counts rows instead of samples",
    )


def size_counted(step: str, expression: str, array: str, where: str) -> Mistake:
    """Return the row for a batch size taken from size."""
    return WrongLine(step, expression).with_hints(
        "What does size count: rows, columns, or numbers?",
        f"Look at the line that sets m in {where}: it counts every number in {array}.",
        "m is the number of columns: take shape[1].",
        title=f"m is the size of {array}, which counts every number",
    )
