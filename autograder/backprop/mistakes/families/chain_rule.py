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
    )


def derivative_applied_again(step: str, expression: str, where: str, factor: str, right: str) -> Mistake:
    """Return the row for a sigmoid derivative that had already canceled against the cross-entropy."""
    return WrongLine(step, expression).with_hints(
        "With the cross-entropy, hasn't the derivative of the output's sigmoid already canceled?",
        f"Look at {where}: it has an extra factor {factor}.",
        f"{right}, which already includes the derivative of the sigmoid. Remove the extra factor.",
    )


def doubled(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for the 2 of the squared error under the cross-entropy."""
    return WrongLine(step, expression).with_hints(
        "Where does the 2 come from? Is anything squared in this loss?",
        f"Look at the factors of {where}.",
        f"Your value is exactly twice the correct one. The 2 belongs to the squared error; here {right}.",
    )


def missing_two(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for the derivative of a square without its 2."""
    return WrongLine(step, expression).with_hints(
        "What is the derivative of a square?",
        f"Look at {where}: its factor 2 is missing.",
        f"{right}. This loss has no 1/2 that would cancel the 2.",
    )


def stops_at_activation(step: str, expression: str, dz: str, da: str, where: str, right: str) -> Mistake:
    """Return the row for a gradient that is not taken through the output's activation."""
    return WrongLine(step, expression).with_hints(
        f"Is this {dz}, or still {da}?",
        f"Look at {where}: it is the derivative with respect to the output, so it stops one step too early.",
        f"One factor of the chain rule is missing: {right}.",
    )


def uses_decisions(step: str, expression: str, where: str, probability: str, right: str) -> Mistake:
    """Return the row for decisions in place of probabilities."""
    return WrongLine(step, expression).with_hints(
        "Does a decision between 0 and 1 have a derivative?",
        f"Look at {where}: it uses decisions (0 or 1) instead of probabilities.",
        f"The loss depends on the probability {probability}, not on the decision: {right}.",
    )


def missing_derivative(step: str, expression: str, z: str, a: str, where: str, still: str, factor: str) -> Mistake:
    """Return the row for a step back that leaves out the derivative of the activation between z and a."""
    return WrongLine(step, expression).with_hints(
        f"What happens between {z} and {a} in the forward pass, and where is its derivative?",
        f"Look at {where}: it is still {still}.",
        f"Multiply by {factor}.",
    )


def half_derivative(step: str, expression: str, where: str, present: str, absent: str, right: str) -> Mistake:
    """Return the row for one factor of the derivative of the sigmoid without the other."""
    return WrongLine(step, expression).with_hints(
        "The derivative of the sigmoid has two factors. Where is the other one?",
        f"Look at {where}: it has the factor {present}, but not {absent}.",
        f"The derivative of the sigmoid is {right}, with both factors.",
    )


def sign_in_derivative(step: str, expression: str, where: str, found: str, right: str) -> Mistake:
    """Return the row for the derivative of an activation with a plus instead of its minus, or the other way round."""
    return WrongLine(step, expression).with_hints(
        "Where is this activation steepest, and what is its derivative there?",
        f"Look at {where}: the sign in its factor {found} is wrong.",
        f"The derivative is {right}.",
    )


def derivative_at_z(step: str, expression: str, function: str, where: str, rule: str, right: str) -> Mistake:
    """Return the row for the derivative of an activation that is written with Z instead of A."""
    return WrongLine(step, expression).with_hints(
        f"{rule} is the derivative of {function}(Z) for which x: for Z itself, or for {function}(Z)?",
        f"Look at {where}: it uses Z where it should use A.",
        f"With A = {function}(Z), the derivative is {right}.",
    )


def missing_sigmoid(step: str, expression: str, what: str, where: str, right: str) -> Mistake:
    """Return the row for a unit without its sigmoid."""
    return WrongLine(step, expression).with_hints(
        f"Can {what} be negative, or larger than 1?",
        f"Look at {where}: its sigmoid is missing.",
        f"Apply the sigmoid: {right}.",
    )


def missing_bias(step: str, expression: str, where: str, bias: str, right: str) -> Mistake:
    """Return the row for a weighted sum without its bias."""
    return WrongLine(step, expression).with_hints(
        "What does a neuron add to its weighted inputs?",
        f"Look at {where}: {bias} is missing. You won't notice that while all biases are 0.",
        f"Add the bias: {right}.",
    )


def passes_on_da(step: str, expression: str, da: str, dz: str, right: str, where: str = "") -> Mistake:
    """Return the row for a step back through the weights that skips the derivative of the layer above."""
    return WrongLine(step, expression).with_hints(
        "Which gradient goes back through the weights: the one before the activation, or the one after it?",
        f"Look at {da}{where}: its right factor is the {da} of the layer above, without that layer's derivative.",
        f"The weights are part of Z: {right}.",
        name=f"`W.T @ {da}` instead of `W.T @ {dz}`",
    )


def passes_on_a(step: str, expression: str, da: str, a: str, right: str, where: str = "") -> Mistake:
    """Return the row for a step back through the weights that takes an activation."""
    return WrongLine(step, expression).with_hints(
        "What goes back through the transposed weights: a value or a gradient?",
        f"Look at {da}{where}: its right factor is {a}.",
        f"The chain rule multiplies gradients: {right}.",
    )


def bias_on_the_way_back(step: str, expression: str, da: str, right: str) -> Mistake:
    """Return the row for a bias that is added to the gradient of the activations."""
    return WrongLine(step, expression).with_hints(
        "Does the bias change how much the output of a layer depends on its input?",
        f"Look at {da}: it adds a bias, as the forward pass does.",
        f"The derivative of a sum doesn't contain the bias: {right}.",
    )


def input_everywhere(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for layers that all take the input of the network."""
    return WrongLine(step, expression).with_hints(
        "What is the input of the second layer?",
        f"Look at {where}: every layer takes X, no matter what the previous layer computed.",
        f"Each layer takes the output of the previous one: {right}.",
    )


def missing_transpose(step: str, expression: str, left: str, right_factor: str, where: str, right: str) -> Mistake:
    """Return the row for a matrix product without its transpose; left and right_factor come with their shapes."""
    return WrongLine(step, expression).with_hints(
        f"{left} and {right_factor}. Do these shapes fit together in a matrix product?",
        f"Look at {where}: a transpose is missing.",
        f"Transpose the weights: {right}.",
    )


def gradient_transposed(step: str, expression: str, variable: str, gradient: str, right: str, where: str = "") -> Mistake:
    """Return the row for the transpose of a gradient."""
    return WrongLine(step, expression).with_hints(
        f"What is the shape of {variable}, and what is the shape of your {gradient}?",
        f"Look at the order of the two factors in {gradient}{where}.",
        f"You computed the transpose of the gradient: {right}.",
    )


def own_output(step: str, expression: str, weights: str, a: str, gradient: str, where: str = "") -> Mistake:
    """Return the row for a gradient of the weights that uses the output of their layer."""
    return WrongLine(step, expression).with_hints(
        f"In the forward pass, what did {weights}_l multiply: {a}_l or {a}_{{l-1}}?",
        f"Look at the index of {a} in {gradient}{where}: it is one too high.",
        f"{gradient}_l uses the input of its layer, {a}_{{l-1}}.",
    )


def never_negative(step: str, expression: str, where: str, derivative: str) -> Mistake:
    """Return the row for a derivative of x^2 that is correct only for positive x."""
    return WrongLine(step, expression).with_hints(
        "What is the sign of the derivative of x^2 at a negative x?",
        f"Look at {where}: it is never negative.",
        f"{derivative} is 2x, so it has the sign of x.",
    )


def step_uphill(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for a step of gradient descent with the wrong sign."""
    return WrongLine(step, expression).with_hints(
        "The gradient points uphill. Which way should a step of gradient descent go?",
        f"Look at the sign in {where}.",
        f"Gradient descent moves against the gradient: {right}.",
    )


def loss_slips(prefix: str, step: str, out: str, labels: str, where: str, right: str) -> dict[str, Mistake]:
    """Return the rows of slips in the derivative of the binary cross-entropy, with the sigmoid of the output and without it."""
    sigmoid, first, second = f"{out} * (1 - {out})", f"{labels} / {out}", f"(1 - {labels}) / (1 - {out})"
    signs = "The two terms of the cross-entropy have derivatives with different signs. Which one is negative?"
    used, distance = "Where does your backward pass use the labels?", "How far is the output from its label?"
    loss = "Is this the loss, or its derivative?"
    rows = {
        "second-term-sign": (f"-({first} + {second}) * {sigmoid}", signs, "the sign of the term with 1 - Y is wrong"),
        "first-term-sign": (f"({first} + {second}) * {sigmoid}", signs, "the sign of the term with Y is wrong"),
        "da-second-term-sign": (f"-({first} + {second})", signs, "a sign is wrong, and the sigmoid's derivative is missing"),
        "da-first-term-sign": (f"{first} + {second}", signs, "a sign is wrong, and the sigmoid's derivative is missing"),
        "is-derivative": (sigmoid, used, "it is the derivative of the sigmoid alone"),
        "without-labels": (out, used, "it is the output itself"),
        "adds-labels": (f"{out} + {labels}", distance, "it adds the labels instead of subtracting them"),
        "is-loss": (f"-{labels} * np.log({out}) - (1 - {labels}) * np.log(1 - {out})", loss, "it is the loss itself"),
        "is-squared-error": (f"({out} - {labels}) ** 2", loss, "it is a loss, the squared error"),
    }
    return slips(prefix, step, where, right, rows)


def mean_squared_error_slips(prefix: str, step: str, out: str, labels: str, where: str, right: str) -> dict[str, Mistake]:
    """Return the rows for the derivative of a squared error that is averaged over the outputs as well."""
    error, which = f"({out} - {labels}) / {out}.size", "Which loss has this derivative?"
    found, through = "it is the derivative of the mean squared error", f"{out} * (1 - {out})"
    rows = {
        "of-mean-squared-error": (f"2 * {error}", which, f"{found} with respect to the output"),
        "of-mean-squared-error-through-sigmoid": (f"2 * {error} * {through}", which, f"{found}, through the sigmoid"),
        "divided-by-size": (error, "In how many places do you divide?", "it is already divided, by the number of all outputs"),
    }
    return slips(prefix, step, where, right, rows)


def slips(prefix: str, step: str, where: str, right: str, rows: Mapping[str, tuple[str, str, str]]) -> dict[str, Mistake]:
    """Return a row for each expression, with its question and what is found where to look."""
    return {
        f"{prefix}-{key}": WrongLine(step, expression).with_hints(question, f"Look at {where}: {found}.", f"{right}.")
        for key, (expression, question, found) in rows.items()
    }
