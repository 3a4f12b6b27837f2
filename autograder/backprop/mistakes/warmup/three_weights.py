"""three_weight_chain: a chain of three units, each with a weight of its own."""

from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.backprop.mistakes.warmup.steps import CHAIN
from autograder.diagnosis.mistake import Mistake, WrongLine

FUNCTION, KEYS = "three_weight_chain", 'Return a dict: {"w1": ..., "w2": ..., "w3": ...}.'


def half_derivative(step: str, before: str, z: str, present: str, absent: str) -> Mistake:
    """Return the row for a step to z with one factor of the derivative alone."""
    derivative = f"{present} ({absent})" if absent.startswith("1") else f"{absent} ({present})"
    factor = f"({present})" if " " in present else present
    return chain_rule.half_derivative(step, f"{before} * {factor}", f"dloss/d{z}", present, absent, derivative)


def missing_derivative(step: str, expression: str, z: str, a: str) -> Mistake:
    """Return the row for a unit whose sigmoid is left out on the way back."""
    still = f"the derivative with respect to {a}"
    return chain_rule.missing_derivative(
        step, expression, z, a, f"dloss/d{z}", still, f"the derivative of the sigmoid, {a} (1 - {a})"
    )


def wrong_weight(step: str, expression: str, wrong: str, z: str, a: str, weight: str) -> Mistake:
    """Return the row for a step back from z to a through another weight."""
    return WrongLine(step, expression).with_hints(
        f"Which weight connects {a} to {z}?",
        f"Look at the step from {z} back to {a}: it multiplies by {wrong}.",
        f"{z} = {weight} {a}, so this step multiplies by {weight}.",
        title=f"{FUNCTION} uses {wrong} where {weight} belongs",
    )


def wrong_derivative(step: str, expression: str, z: str, a: str, wrong: str) -> Mistake:
    """Return the row for the derivative of the next unit's sigmoid."""
    return WrongLine(step, expression).with_hints(
        f"Which unit's derivative do you need to get to {z}?",
        f"Look at dloss/d{z}: it uses the derivative of the sigmoid at {wrong}.",
        f"Use {a} (1 - {a}). The previous step already used {wrong} (1 - {wrong}).",
        title=f"dloss/d{z} uses the derivative of the sigmoid at {wrong}, not at {a}",
    )


def own_output(step: str, expression: str, number: int, output: str, right: str) -> Mistake:
    """Return the row for the gradient of a weight that uses the output of its unit."""
    return WrongLine(step, expression).with_hints(
        f"What does w{number} multiply in the forward pass?",
        f"Look at the gradient of w{number}: its last factor is {output}.",
        f"z{number} = w{number} {right}, so the last factor is {right}.",
        title=f"dloss/dw{number} uses {output}, the output of its unit, instead of the input",
    )


THREE_WEIGHTS = {
    "chain-sign-flipped": WrongLine("chain dz3", "2 * (y - y_hat) * y_hat * (1 - y_hat)").with_hints(
        "If y_hat is too large, should its gradient be positive or negative?",
        "Look at the inner derivative of (y - y_hat)^2.",
        "The inner derivative is -1, so dloss/dy_hat = -2 (y - y_hat).",
        title="dloss/dy_hat in three_weight_chain has the wrong sign",
    ),
    "chain-without-2": chain_rule.missing_two(
        "chain dz3", "-1 * (y - y_hat) * y_hat * (1 - y_hat)", "dloss/dy_hat", "dloss/dy_hat = -2 (y - y_hat)"
    ),
    "chain-no-derivative-at-output": missing_derivative("chain dz3", "-2 * (y - y_hat)", "z3", "y_hat"),
    "chain-cross-entropy": WrongLine("chain dz3", "y_hat - y").with_hints(
        "For which loss is y_hat - y the derivative with respect to z3?",
        "Look at dloss/dz3: it belongs to the cross-entropy.",
        "Here the loss is a square, so dloss/dz3 = -2 (y - y_hat) y_hat (1 - y_hat).",
        title="three_weight_chain starts from the gradient of the cross-entropy",
    ),
    "chain-1-plus-y-hat": chain_rule.sign_in_derivative(
        "chain dz3", "-2 * (y - y_hat) * y_hat * (1 + y_hat)", "dloss/dz3", "1 + y_hat", "y_hat (1 - y_hat)"
    ),
    "chain-1-plus-h2": chain_rule.sign_in_derivative(
        "chain dz2", "dz3 * w3 * h2 * (1 + h2)", "dloss/dz2", "1 + h2", "h2 (1 - h2)"
    ),
    "chain-1-plus-h1": chain_rule.sign_in_derivative(
        "chain dz1", "dz2 * w2 * h1 * (1 + h1)", "dloss/dz1", "1 + h1", "h1 (1 - h1)"
    ),
    "chain-w2-for-w3": wrong_weight("chain dz2", "dz3 * w2 * h2 * (1 - h2)", "w2", "z3", "h2", "w3"),
    "chain-w1-for-w2": wrong_weight("chain dz1", "dz2 * w1 * h1 * (1 - h1)", "w1", "z2", "h1", "w2"),
    "chain-without-w3": WrongLine("chain dz2", "dz3 * h2 * (1 - h2)").with_hints(
        "If h2 changes a little, by how much does z3 change?",
        "Look at the step from z3 back to h2: it has no weight in it.",
        "z3 = w3 h2, so this step multiplies by w3, and then by the derivative of the sigmoid at h2.",
        title="dloss/dz2 in three_weight_chain lacks the factor w3",
    ),
    "chain-no-derivative-of-h2": missing_derivative("chain dz2", "dz3 * w3", "z2", "h2"),
    "chain-no-derivative-of-h1": missing_derivative("chain dz1", "dz2 * w2", "z1", "h1"),
    "chain-derivative-of-h2-twice": wrong_derivative("chain dz1", "dz2 * w2 * h2 * (1 - h2)", "z1", "h1", "h2"),
    "chain-derivative-of-y-hat-twice": wrong_derivative("chain dz2", "dz3 * w3 * y_hat * (1 - y_hat)", "z2", "h2", "y_hat"),
    "chain-z3-only-y-hat": half_derivative("chain dz3", "-2 * (y - y_hat)", "z3", "y_hat", "1 - y_hat"),
    "chain-z2-only-h2": half_derivative("chain dz2", "dz3 * w3", "z2", "h2", "1 - h2"),
    "chain-z2-only-1-minus-h2": half_derivative("chain dz2", "dz3 * w3", "z2", "1 - h2", "h2"),
    "chain-z1-only-h1": half_derivative("chain dz1", "dz2 * w2", "z1", "h1", "1 - h1"),
    "chain-half-derivative": half_derivative("chain dz1", "dz2 * w2", "z1", "1 - h1", "h1"),
    "chain-skips-unit": WrongLine("chain dz1", "dz3 * w2 * h1 * (1 - h1)").with_hints(
        "From which derivative does the step to z1 start?",
        "Look at dloss/dz1: it starts at z3 and skips a unit.",
        "Each step starts where the previous one ended: z3, z2, z1.",
        title="dloss/dz1 in three_weight_chain starts at z3 and skips a unit",
    ),
    "chain-h1-for-x": own_output("chain w1", "dz1 * h1", 1, "h1", "x"),
    "chain-without-x": WrongLine("chain w1", "dz1").with_hints(
        "What does w1 multiply in the forward pass?",
        "Look at the gradient of w1: the input of the unit is missing.",
        "z1 = w1 x, so the last factor is x.",
        title="dloss/dw1 isn't multiplied by the input of its unit",
    ),
    "chain-h2-for-h1": own_output("chain w2", "dz2 * h2", 2, "h2", "h1"),
    "chain-y-hat-for-h2": own_output("chain w3", "dz3 * y_hat", 3, "y_hat", "h2"),
    "chain-weights-for-inputs": Mistake(
        {"chain w1": "dz1 * w1", "chain w2": "dz2 * w2", "chain w3": "dz3 * w3"},
        "If z = w h, what is the derivative of z with respect to w?",
        "Look at the last factors of the gradients: they are the weights themselves.",
        "The derivative of w h with respect to w is h: that is x for w1, h1 for w2, and h2 for w3.",
        title="three_weight_chain multiplies by each weight instead of its input",
    ),
    "chain-y-hat-no-sigmoid": chain_rule.missing_sigmoid("chain y_hat", "w3 * h2", "y_hat", "y_hat", "y_hat = sigmoid(w3 h2)"),
    "chain-h1-no-sigmoid": chain_rule.missing_sigmoid("chain h1", "w1 * x", "h1", "h1", "h1 = sigmoid(w1 x)"),
    "chain-x-into-every-unit": WrongLine("chain h2", "sigmoid(w2 * x)").with_hints(
        "What is the input of the second unit?",
        "Look at h2: it uses x.",
        "Each unit takes the output of the previous one: h2 = sigmoid(w2 h1).",
        title="The second unit of three_weight_chain takes x as its input",
    ),
    "chain-loss-halved": WrongLine("chain loss", "0.5 * (y - y_hat) ** 2").with_hints(
        "Does this loss have a factor of 1/2?",
        "Look at the loss that three_weight_chain returns.",
        "The loss here is (y - y_hat)^2. Other texts put 1/2 in front of it.",
        title="The loss of three_weight_chain has an extra factor of 1/2",
    ),
    "chain-loss-not-squared": WrongLine("chain loss", "y - y_hat").with_hints(
        "Can this loss be negative?",
        "Look at the loss that three_weight_chain returns: it is not squared.",
        "The loss is (y - y_hat)^2.",
        title="The loss of three_weight_chain isn't squared",
    ),
    "chain-returns-tuple": WrongLine("chain returns", "(y - y_hat) ** 2, (dz1 * x, dz2 * h1, dz3 * h2)").with_hints(
        "Which key would a caller use to get the gradient of w1?",
        "Look at the second value that three_weight_chain returns: it has no keys.",
        KEYS,
        title="three_weight_chain returns its gradients as a tuple, not a dict",
    ),
    "chain-returns-none": WrongLine("chain returns", "(y - y_hat) ** 2, None").with_hints(
        "What is the second value that three_weight_chain returns?",
        "Look at its return statement: it returns None instead of the gradients.",
        KEYS,
        title="three_weight_chain returns None instead of the gradients",
    ),
    "chain-returns-only-gradients": contract.incomplete_return(
        "chain returns", CHAIN, FUNCTION, "the loss", "the loss and the dict of gradients"
    ),
    "chain-keys-dw1": contract.misnamed_keys(
        "gradients under names like dw1",
        f"the dict that {FUNCTION} returns",
        'Each gradient has the key of its variable: "w1", "w2", "w3".',
        {"chain key": '"d" + key if key[0] == "w" else key'},
        *((f'"w{number}": dz', f'"dw{number}": dz') for number in (1, 2, 3)),
        title="The gradients are returned under names like `dw1`",
    ),
    "chain-keys-renamed": contract.keys_renamed(
        f"the dict that {FUNCTION} returns",
        'Each gradient has the key of its variable: "w1", "w2", "w3".',
        "chain key",
        *((f'"w{number}": dz', f'"W{number}": dz') for number in (1, 2, 3)),
    ),
}
