"""exp_exp_square and reciprocal_exp_square: the chain rule along one path."""

from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.backprop.mistakes.warmup.steps import EXP
from autograder.diagnosis.mistake import Mistake, WrongLine


def missing_factor(function: str, step: str, expression: str, start: str, end: str, right: str) -> Mistake:
    """Return the row for a product without the derivative of the step from start to end."""
    return WrongLine(step, expression).with_hints(
        "Three steps lead from x to y. How many factors does your dy/dx have?",
        f"Look at dy/dx in {function}: the step from {start} to {end} contributes no factor.",
        right,
        title=f"dy/dx in {function} lacks the factor d{end}/d{start}",
    )


ONE_PATH = {
    "exp-without-dh1-dx": missing_factor(
        "exp_exp_square", "exp slope", "y * h2", "x", "h1", "dh1/dx is 2x, so dy/dx = y * h2 * 2x."
    ),
    "exp-without-dh2-dh1": missing_factor(
        "exp_exp_square", "exp slope", "y * 2 * x", "h1", "h2", "h2 is e^h1, so dh2/dh1 is h2 itself: dy/dx = y * h2 * 2x."
    ),
    "exp-without-dy-dh2": missing_factor(
        "exp_exp_square", "exp slope", "h2 * 2 * x", "h2", "y", "y is e^h2, so dy/dh2 is y itself: dy/dx = y * h2 * 2x."
    ),
    "exp-factors-added": WrongLine("exp slope", "y + h2 + 2 * x").with_hints(
        "Along a single path, do you add the derivatives of the steps or multiply them?",
        "Look at dy/dx in exp_exp_square: it is a sum.",
        "Derivatives along one path are multiplied; you add only across different paths. dy/dx = y * h2 * 2x.",
        title="exp_exp_square adds the factors of dy/dx instead of multiplying them",
    ),
    "exp-squares-h2": WrongLine("exp y", "h2**2").with_hints(
        "Is e^(e^(x^2)) the square of something?",
        "Look at y in exp_exp_square: it squares h2.",
        "The last step raises e to the power h2: y = np.exp(h2).",
        title="exp_exp_square squares h2 to get y",
    ),
    "exp-dh1-dx-without-2": WrongLine("exp slope", "y * h2 * x").with_hints(
        "What is the derivative of x^2?",
        "Look at dy/dx in exp_exp_square: a factor 2 is missing.",
        "dh1/dx is 2x, not x.",
        title="dy/dx in exp_exp_square is missing a factor of 2",
    ),
    "exp-h1-for-dh1-dx": WrongLine("exp slope", "y * h2 * h1").with_hints(
        "Which factor belongs to the step from x to h1: h1 itself, or its derivative?",
        "Look at dy/dx in exp_exp_square: it uses x^2 instead of the derivative of x^2.",
        "dh1/dx is 2x.",
        title="dy/dx in exp_exp_square uses h1 where dh1/dx belongs",
    ),
    "exp-power-rule": WrongLine("exp slope", "h2 * np.exp(h2 - 1) * h1 * np.exp(h1 - 1) * 2 * x").with_hints(
        "What is the derivative of e^h? Does the power rule apply to it?",
        "Look at dy/dx in exp_exp_square: it treats e^h like a power of h.",
        "The power rule is for h^n. The derivative of e^h is e^h.",
        title="exp_exp_square applies the power rule to an exponential",
    ),
    "exp-returns-only-y": contract.incomplete_return(
        "exp returns", "y", "exp_exp_square", "the derivative", "`return y, dy_dx`"
    ),
    "exp-returns-derivative-first": contract.swapped_return("exp returns", f"{EXP}, y", "exp_exp_square", "y", "dy/dx"),
    "exp-absolute-x": chain_rule.never_negative("exp slope", "y * h2 * 2 * abs(x)", "dh1/dx in exp_exp_square", "dh1/dx"),
    "h1-is-2x": WrongLine("h1", "2 * x").with_hints(
        "Is x^2 the same as 2x?",
        "Look at h1: it is the derivative, but the forward pass needs the value.",
        "In the forward pass, h1 is x^2. Its derivative, 2x, belongs to the backward pass.",
        title="h1 holds the derivative of x^2, not its value",
    ),
    "h2-base-2": WrongLine("h2", "2**h1").with_hints(
        "What is the base of this exponential?",
        "Look at h2: it is a power of 2.",
        "h2 is e^h1, which is np.exp(h1).",
        title="h2 is a power of 2, not of e",
    ),
    "reciprocal-without-minus": WrongLine("reciprocal slope", "y * 2 * x").with_hints(
        "As h2 grows, does 1/h2 grow or shrink?",
        "Look at the sign of dy/dx in reciprocal_exp_square.",
        "The derivative of 1/h2 is -1/h2^2. The minus sign is missing.",
        title="dy/dx in reciprocal_exp_square has the wrong sign",
    ),
    "reciprocal-without-dh2-dh1": missing_factor(
        "reciprocal_exp_square",
        "reciprocal slope",
        "-(y**2) * 2 * x",
        "h1",
        "h2",
        "dy/dh2 = -1/h2^2 and dh2/dh1 = h2. Their product is -1/h2; multiply it by 2x.",
    ),
    "reciprocal-evaluated-at-x": WrongLine("reciprocal slope", "-1 / x**2 * h2 * 2 * x").with_hints(
        "Where do you evaluate the derivative of 1/h2: at x or at h2?",
        "Look at the first factor of dy/dx in reciprocal_exp_square: it uses x instead of h2.",
        "Evaluate each derivative at the input of its own step: dy/dh2 = -1/h2^2.",
        title="dy/dh2 in reciprocal_exp_square is evaluated at x, not at h2",
    ),
    "reciprocal-log": WrongLine("reciprocal slope", "np.log(h2) * h2 * 2 * x").with_hints(
        "Is the logarithm the derivative of 1/h, or is 1/h the derivative of the logarithm?",
        "Look at the first factor of dy/dx in reciprocal_exp_square.",
        "The derivative of 1/h2 is -1/h2^2. The logarithm is its antiderivative.",
        title="reciprocal_exp_square uses log(h2) as the derivative of 1/h2",
    ),
    "reciprocal-without-dh1-dx": missing_factor(
        "reciprocal_exp_square", "reciprocal slope", "-y", "x", "h1", "dh1/dx is 2x, so dy/dx = -y * 2x."
    ),
    "reciprocal-y-is-h2": WrongLine("reciprocal y", "h2").with_hints(
        "Does y grow or shrink as x moves away from 0?",
        "Look at y in reciprocal_exp_square: it is h2 itself.",
        "The last step is the reciprocal: y = 1 / h2.",
        title="y in reciprocal_exp_square is h2 itself",
    ),
    "reciprocal-absolute-x": chain_rule.never_negative(
        "reciprocal slope", "-y * 2 * abs(x)", "dh1/dx in reciprocal_exp_square", "dh1/dx"
    ),
}
