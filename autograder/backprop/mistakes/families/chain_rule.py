"""The chain rule: the derivatives of the loss and of the activations, and the matrix products between layers.

where says which tensor to look at; right is a clause with the correct formula, such as "dZ_L is A_L - Y".
"""

from collections.abc import Mapping

from autograder.diagnosis.mistake import Mistake, WrongLine


def sign_flipped(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for a subtraction in the wrong order."""
    return WrongLine(step, expression).with_hints(
        "If an output is too large, should its gradient be positive or negative?",
        f"Look at the order of the subtraction in {where}.",
        f"Your gradients have the right size but the wrong sign: {right}.",
        title=f"{where} has the wrong sign",
    )


def derivative_applied_again(step: str, expression: str, where: str, factor: str, right: str) -> Mistake:
    """Return the row for a sigmoid derivative that had already canceled against the cross-entropy."""
    return WrongLine(step, expression).with_hints(
        "With the cross-entropy, hasn't the derivative of the output's sigmoid already canceled?",
        f"Look at {where}: it has an extra factor {factor}.",
        f"{right}, which already includes the derivative of the sigmoid. Remove the extra factor.",
        title=f"{where} has an extra factor {factor}",
    )


def doubled(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for the 2 of the squared error under the cross-entropy."""
    return WrongLine(step, expression).with_hints(
        "Where does the 2 come from? Is anything squared in this loss?",
        f"Look at the factors of {where}.",
        f"Your value is exactly twice the correct one. The 2 belongs to the squared error; here {right}.",
        title=f"{where} has an extra factor of 2",
    )


def missing_two(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for the derivative of a square without its 2."""
    return WrongLine(step, expression).with_hints(
        "What is the derivative of a square?",
        f"Look at {where}: its factor 2 is missing.",
        f"{right}. This loss has no 1/2 that would cancel the 2.",
        title=f"{where} is missing a factor of 2",
    )


def stops_at_activation(step: str, expression: str, dz: str, da: str, where: str, right: str) -> Mistake:
    """Return the row for a gradient that is not taken through the output's activation."""
    return WrongLine(step, expression).with_hints(
        f"Is this {dz}, or still {da}?",
        f"Look at {where}: it is the derivative with respect to the output, so it stops one step too early.",
        f"One factor of the chain rule is missing: {right}.",
        title=f"{where} is still {da}",
    )


def uses_decisions(step: str, expression: str, where: str, probability: str, right: str) -> Mistake:
    """Return the row for decisions in place of probabilities."""
    return WrongLine(step, expression).with_hints(
        "Does a decision between 0 and 1 have a derivative?",
        f"Look at {where}: it uses decisions (0 or 1) instead of probabilities.",
        f"The loss depends on the probability {probability}, not on the decision: {right}.",
        title=f"{where} uses decisions instead of probabilities",
    )


def missing_derivative(step: str, expression: str, z: str, a: str, where: str, still: str, factor: str) -> Mistake:
    """Return the row for a step back that leaves out the derivative of the activation between z and a."""
    return WrongLine(step, expression).with_hints(
        f"What happens between {z} and {a} in the forward pass, and where is its derivative?",
        f"Look at {where}: it is still {still}.",
        f"Multiply by {factor}.",
        title=f"{where} lacks the activation's derivative",
    )


def half_derivative(step: str, expression: str, where: str, present: str, absent: str, right: str) -> Mistake:
    """Return the row for one factor of the derivative of the sigmoid without the other."""
    return WrongLine(step, expression).with_hints(
        "The derivative of the sigmoid has two factors. Where is the other one?",
        f"Look at {where}: it has the factor {present}, but not {absent}.",
        f"The derivative of the sigmoid is {right}, with both factors.",
        title=f"{where} has only the factor {present} of the derivative",
    )


def sign_in_derivative(step: str, expression: str, where: str, found: str, right: str) -> Mistake:
    """Return the row for the derivative of an activation with a plus instead of its minus, or the other way round."""
    return WrongLine(step, expression).with_hints(
        "Where is this activation steepest, and what is its derivative there?",
        f"Look at {where}: the sign in its factor {found} is wrong.",
        f"The derivative is {right}.",
        title=f"{where} has the wrong sign in {found}",
    )


def derivative_at_z(step: str, expression: str, function: str, where: str, rule: str, right: str) -> Mistake:
    """Return the row for the derivative of an activation that is written with Z instead of A."""
    return WrongLine(step, expression).with_hints(
        f"{rule} is the derivative of {function}(Z) for which x: for Z itself, or for {function}(Z)?",
        f"Look at {where}: it uses Z where it should use A.",
        f"With A = {function}(Z), the derivative is {right}.",
        title=f"The derivative in {where} uses Z instead of A",
    )


def missing_sigmoid(step: str, expression: str, what: str, where: str, right: str) -> Mistake:
    """Return the row for a unit without its sigmoid."""
    return WrongLine(step, expression).with_hints(
        f"Can {what} be negative, or larger than 1?",
        f"Look at {where}: its sigmoid is missing.",
        f"Apply the sigmoid: {right}.",
        title=f"The sigmoid is missing from {where}",
    )


def missing_bias(step: str, expression: str, where: str, bias: str, right: str) -> Mistake:
    """Return the row for a weighted sum without its bias."""
    return WrongLine(step, expression).with_hints(
        "What does a neuron add to its weighted inputs?",
        f"Look at {where}: {bias} is missing. You won't notice that while all biases are 0.",
        f"Add the bias: {right}.",
        title=f"{where} is computed without the bias {bias}",
    )


def passes_on_da(step: str, expression: str, da: str, dz: str, right: str, where: str = "") -> Mistake:
    """Return the row for a step back through the weights that skips the derivative of the layer above."""
    return WrongLine(step, expression).with_hints(
        "Which gradient goes back through the weights: the one before the activation, or the one after it?",
        f"Look at {da}{where}: its right factor is the {da} of the layer above, without that layer's derivative.",
        f"The weights are part of Z: {right}.",
        name=f"`W.T @ {da}` instead of `W.T @ {dz}`",
        title=f"{da}{where} uses {da} of the layer above instead of {dz}",
    )


def passes_on_a(step: str, expression: str, da: str, a: str, right: str, where: str = "") -> Mistake:
    """Return the row for a step back through the weights that takes an activation."""
    return WrongLine(step, expression).with_hints(
        "What goes back through the transposed weights: a value or a gradient?",
        f"Look at {da}{where}: its right factor is {a}.",
        f"The chain rule multiplies gradients: {right}.",
        title=f"{da}{where} uses the activation {a} instead of a gradient",
    )


def bias_on_the_way_back(step: str, expression: str, da: str, right: str) -> Mistake:
    """Return the row for a bias that is added to the gradient of the activations."""
    return WrongLine(step, expression).with_hints(
        "Does the bias change how much the output of a layer depends on its input?",
        f"Look at {da}: it adds a bias, as the forward pass does.",
        f"The derivative of a sum doesn't contain the bias: {right}.",
        title=f"A bias is added to {da}",
    )


def input_everywhere(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for layers that all take the input of the network."""
    return WrongLine(step, expression).with_hints(
        "What is the input of the second layer?",
        f"Look at {where}: every layer takes X, no matter what the previous layer computed.",
        f"Each layer takes the output of the previous one: {right}.",
        title=f"{where} uses X in every layer",
    )


def missing_transpose(step: str, expression: str, left: str, right_factor: str, where: str, right: str) -> Mistake:
    """Return the row for a matrix product without its transpose; left and right_factor come with their shapes."""
    return WrongLine(step, expression).with_hints(
        f"{left} and {right_factor}. Do these shapes fit together in a matrix product?",
        f"Look at {where}: a transpose is missing.",
        f"Transpose the weights: {right}.",
        title=f"{where} uses {left.partition(' ')[0].removesuffix('_l')} without its transpose",
    )


def gradient_transposed(step: str, expression: str, variable: str, gradient: str, right: str, where: str = "") -> Mistake:
    """Return the row for the transpose of a gradient."""
    return WrongLine(step, expression).with_hints(
        f"What is the shape of {variable}, and what is the shape of your {gradient}?",
        f"Look at the order of the two factors in {gradient}{where}.",
        f"You computed the transpose of the gradient: {right}.",
        title=f"{gradient.removesuffix('_l')}{where} is transposed",
    )


def own_output(step: str, expression: str, weights: str, a: str, gradient: str, where: str = "") -> Mistake:
    """Return the row for a gradient of the weights that uses the output of their layer."""
    return WrongLine(step, expression).with_hints(
        f"In the forward pass, what did {weights}_l multiply: {a}_l or {a}_{{l-1}}?",
        f"Look at the index of {a} in {gradient}{where}: it is one too high.",
        f"{gradient}_l uses the input of its layer, {a}_{{l-1}}.",
        title=f"{gradient}{where} uses the output of its own layer",
    )


def never_negative(step: str, expression: str, where: str, derivative: str) -> Mistake:
    """Return the row for a derivative of x^2 that is correct only for positive x."""
    return WrongLine(step, expression).with_hints(
        "What is the sign of the derivative of x^2 at a negative x?",
        f"Look at {where}: it is never negative.",
        f"{derivative} is 2x, so it has the sign of x.",
        title=f"{where} is never negative",
    )


def step_uphill(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for a step of gradient descent with the wrong sign."""
    return WrongLine(step, expression).with_hints(
        "The gradient points uphill. Which way should a step of gradient descent go?",
        f"Look at the sign in {where}.",
        f"Gradient descent moves against the gradient: {right}.",
        title=f"The gradient is added instead of subtracted in {where}",
    )


def loss_slips(prefix: str, step: str, out: str, labels: str, where: str, right: str, da: str = "dA") -> dict[str, Mistake]:
    """Return the rows of slips in the derivative of the binary cross-entropy, with the sigmoid of the output and without it.

    da is the name of the derivative without it.
    """
    sigmoid, first, second = f"{out} * (1 - {out})", f"{labels} / {out}", f"(1 - {labels}) / (1 - {out})"
    signs = "The two terms of the cross-entropy have derivatives with different signs. Which one is negative?"
    used, distance = "Where does your backward pass use the labels?", "How far is the output from its label?"
    loss = "Is this the loss, or its derivative?"
    y = "y" if labels == "y" else "Y"
    rows = {
        "second-term-sign": (f"-({first} + {second}) * {sigmoid}", signs, f"has a sign error in the 1 - {y} term"),
        "first-term-sign": (f"({first} + {second}) * {sigmoid}", signs, f"has a sign error in the {y} term"),
        "da-second-term-sign": (f"-({first} + {second})", signs, f"is {da} with a sign error in the 1 - {y} term"),
        "da-first-term-sign": (f"{first} + {second}", signs, f"is {da} with a sign error in the {y} term"),
        "is-derivative": (sigmoid, used, "is the derivative of the sigmoid alone"),
        "without-labels": (out, used, "is the output itself"),
        "adds-labels": (f"{out} + {labels}", distance, "adds the labels instead of subtracting them"),
        "is-loss": (f"-{labels} * np.log({out}) - (1 - {labels}) * np.log(1 - {out})", loss, "is the loss itself"),
        "is-squared-error": (f"({out} - {labels}) ** 2", loss, "is the squared error itself"),
    }
    return slips(prefix, step, where, right, rows)


def mean_squared_error_slips(
    prefix: str, step: str, out: str, labels: str, where: str, right: str, da: str = "dA"
) -> dict[str, Mistake]:
    """Return the rows for the derivative of a squared error that is averaged over the outputs as well."""
    error, which, sigmoid = f"({out} - {labels}) / {out}.size", "Which loss has this derivative?", f"{out} * (1 - {out})"
    rows = {
        "of-mean-squared-error": (f"2 * {error}", which, f"is {da} of the mean squared error"),
        "of-mean-squared-error-through-sigmoid": (
            f"2 * {error} * {sigmoid}",
            which,
            "is the derivative of the mean squared error",
        ),
        "divided-by-size": (error, "In how many places do you divide?", "is already divided by its number of entries"),
    }
    return slips(prefix, step, where, right, rows)


def slips(prefix: str, step: str, where: str, right: str, rows: Mapping[str, tuple[str, str, str]]) -> dict[str, Mistake]:
    """Return a row for each expression, with its question and what is wrong where to look."""
    return {
        f"{prefix}-{key}": WrongLine(step, expression).with_hints(
            question, f"Look at {where}: it {found}.", f"{right}.", title=f"{where} {found}"
        )
        for key, (expression, question, found) in rows.items()
    }
