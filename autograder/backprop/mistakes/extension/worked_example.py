"""worked_example: the 4-4-2 network of the published notes."""

from autograder.backprop.mistakes.families import chain_rule
from autograder.backprop.mistakes.families.matrices import Matrix, misfits
from autograder.diagnosis.mistake import Mistake, WrongLine

DA2_IS = "da2 = softmax_backward(2 (y_hat - y), y_hat)"
WORKED_EXAMPLE = {
    "worked-copied-from-notes": Mistake(
        {"worked w212": "-0.029", "worked w131": "-6.4e-3", "worked next": "0.865"},
        "Where do these numbers come from: from your code, or from the published notes?",
        "Look at what worked_example returns: these are the numbers in the notes, and they are wrong.",
        "Through the softmax, each a2 affects both outputs. Take dA through the full Jacobian to count every path.",
        title="worked_example returns the numbers printed in the notes",
    ),
    "worked-diagonal-only": WrongLine("worked da2", "2 * (y_hat - y) * y_hat * (1 - y_hat)").with_hints(
        "Along how many paths does a2_1 reach the loss?",
        "Look at dL/da2: it uses only the diagonal of the Jacobian, as the notes do.",
        f"Each a2 changes both outputs: {DA2_IS}.",
        title="dL/da2 in worked_example uses only the diagonal of the Jacobian",
    ),
    "worked-without-jacobian": chain_rule.stops_at_activation(
        "worked da2", "2 * (y_hat - y)", "dL/da2", "dL/dy_hat", "dL/da2", DA2_IS
    ),
    "worked-without-2": chain_rule.missing_two(
        "worked da2", "softmax_backward(y_hat - y, y_hat)", "dL/dy_hat", "dL/dy_hat is 2 (y_hat - y)"
    ),
    "worked-sign-flipped": chain_rule.sign_flipped(
        "worked da2", "softmax_backward(2 * (y - y_hat), y_hat)", "dL/dy_hat", "dL/dy_hat is 2 (y_hat - y)"
    ),
    "worked-steps-uphill": chain_rule.step_uphill(
        "worked next", "W2[0, 1] + 1.0 * dW2[0, 1]", "w212_next", "w212 - 1.0 * dL/dw212"
    ),
    "worked-without-step": Mistake.by_edits(
        "Which numbers does worked_example return besides the two gradients?",
        "Look at the dict that it returns: w212 after the step is missing.",
        '"w212_next" is w212 - 1.0 * dL/dw212.',
        "a dict without the step",
        {"worked key": 'None if key == "w212_next" else key'},
        (', "w212_next": W2[0, 1] - 1.0 * dW2[0, 1]', ""),
        title="worked_example doesn't return w212_next",
    ),
    "worked-step-without-weight": WrongLine("worked next", "-1.0 * dW2[0, 1]").with_hints(
        "Where does the step of gradient descent start?",
        "Look at w212_next: it is the step alone, without the weight.",
        "w212_next is w212 - 1.0 * dL/dw212.",
        title="w212_next is only the step, without the old weight",
    ),
    "worked-one-output": WrongLine("worked returned y_hat", "y_hat[:1]").with_hints(
        "How many outputs does the network have?",
        "Look at the y_hat that worked_example returns.",
        "Return both outputs: y_hat has two entries.",
        title="worked_example returns only one of the two outputs",
    ),
    "worked-indices-swapped": Mistake(
        {"worked w212": "dW2[1, 0]", "worked w131": "dW1[0, 2]"},
        "In w_lij, which index is the unit that the weight goes to?",
        "Look at where you read dL_dw212 and dL_dw131: row and column are swapped.",
        "The weight goes to unit i and comes from unit j: w212 is W2[0, 1] and w131 is W1[2, 0].",
        title="dL_dw212 and dL_dw131 are read with row and column swapped",
    ),
    "worked-indices-from-1": Mistake(
        {"worked w212": "dW2[1, 2]", "worked w131": "dW1[3, 1]"},
        "Does numpy count from 0 or from 1?",
        "Look at where you read dL_dw212 and dL_dw131: the indices are those in the names.",
        "The names count from 1: w212 is W2[0, 1] and w131 is W1[2, 0].",
        title="dL_dw212 and dL_dw131 are read with indices that count from 1",
    ),
    "worked-cross-entropy": WrongLine("worked da2", "y_hat - y").with_hints(
        "For which loss does a softmax have y_hat - y as its gradient?",
        "Look at dL/da2: it belongs to the cross-entropy.",
        f"Here the loss is a square, so {DA2_IS}.",
        title="dL/da2 in worked_example belongs to the cross-entropy",
    ),
    "worked-without-sigmoid": chain_rule.missing_sigmoid("worked h1", "a1", "h1", "h1", "h1 is sigmoid(a1)"),
    "worked-output-is-sigmoid": WrongLine("worked y_hat", "sigmoid(a2)").with_hints(
        "What do the two outputs add up to?",
        "Look at y_hat: it applies a sigmoid to each output separately.",
        "y_hat is softmax(a2).",
        title="y_hat in worked_example is a sigmoid, not a softmax",
    ),
    "worked-da1-without-derivative": chain_rule.missing_derivative(
        "worked da1", "W2.T @ da2", "a1", "h1", "dL/da1", "dL/dh1", "the derivative of the sigmoid at a1"
    ),
    "worked-derivative-at-h1": WrongLine("worked da1", "W2.T @ da2 * sigmoid_prime(h1)").with_hints(
        "Where is the derivative evaluated: at the value before or after the sigmoid?",
        "Look at the argument of sigmoid_prime: it is h1.",
        "sigmoid_prime takes a1. In terms of h1, the derivative is h1 (1 - h1).",
        title="worked_example evaluates sigmoid_prime at h1, not at a1",
    ),
    "worked-da1-1-plus-h1": chain_rule.sign_in_derivative(
        "worked da1", "W2.T @ da2 * h1 * (1 + h1)", "dL/da1", "1 + h1", "h1 (1 - h1)"
    ),
    "worked-da1-is-derivative": WrongLine("worked da1", "sigmoid_prime(a1)").with_hints(
        "Does dL/da1 depend on the outputs?",
        "Look at dL/da1: it is the derivative of the sigmoid alone.",
        "Multiply it by the gradient from the layer above, W2^T da2.",
        title="dL/da1 in worked_example is only the derivative of the sigmoid",
    ),
    **misfits(
        "worked-da1",
        "worked da1",
        (Matrix("W2", "W2", ("2", "4"), (2, 4)).T, Matrix("da2", "da2", ("2", "1"), (2, 1))),
        " * sigmoid_prime(a1)",
        "dL/da1",
        "dL/da1 is W2^T da2, times sigmoid_prime(a1)",
    ),
    "worked-dw2-from-a1": WrongLine("worked dW2", "da2 @ a1.T").with_hints(
        "In the forward pass, what did W2 multiply: a1 or h1?",
        "Look at dL/dW2: its second factor is a1.",
        "a2 = W2 h1, so dL/dW2 is da2 h1^T.",
        title="dL/dW2 in worked_example uses a1 where h1 belongs",
    ),
}
