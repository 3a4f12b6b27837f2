"""logistic_gradients: one unit and a batch of samples."""

from autograder.backprop.mistakes.families import averages, chain_rule, contract
from autograder.backprop.mistakes.families.matrices import Matrix, misfits
from autograder.backprop.mistakes.warmup.steps import Z1
from autograder.diagnosis.mistake import WrongLine

FUNCTION, WEIGHTS, BIASES, DZ_IS, Z_IS = "logistic_gradients", "dJdw1", "dJdb1", "dJdz1 is a1 - y", "z1 is w1^T X + b1"
W, B, DZ = "logistic dJdw1", "logistic dJdb1", "logistic dJdz1"
DICT = "Return the dict of a1, dJdz1, dJdb1 and dJdw1"
DW_IS = "dJdw1 is X dJdz1^T / m"
# In the public example.
X, ERROR = Matrix("X", "X", ("p", "m"), (2, 3)), Matrix("dJdz1", "dJdz1", ("1", "m"), (1, 3))
KEYS = 'Use the names of the notes: "a1", "dJdz1", "dJdb1", "dJdw1".'
LOGISTIC_GRADIENTS = {
    "logistic-both-summed": averages.both_summed(
        {B: "np.sum(dJdz1, axis=1, keepdims=True)", W: "np.dot(X, dJdz1.T)"}, WEIGHTS, BIASES
    ),
    "logistic-db-summed": averages.biases_summed(B, "np.sum(dJdz1, axis=1, keepdims=True)", WEIGHTS, BIASES),
    "logistic-dw-summed": averages.weights_summed(W, "np.dot(X, dJdz1.T)", WEIGHTS, BIASES),
    "logistic-db-without-keepdims": averages.missing_keepdims(B, "np.mean(dJdz1, axis=1)", BIASES, "b1", "1"),
    "logistic-db-is-a-number": WrongLine(B, "np.mean(dJdz1)").with_hints(
        "What is the shape of b1, and what is the shape of your dJdb1?",
        "Look at dJdb1: it is a plain number, not an array.",
        "The value is correct. Pass axis=1 and keepdims=True to get the shape (1, 1).",
        title="dJdb1 is a plain number, not an array",
    ),
    "logistic-db-over-wrong-axis": averages.wrong_axis(B, "np.mean(dJdz1, axis=0, keepdims=True)", BIASES, "dJdz1"),
    "logistic-divided-by-features": averages.rows_counted(W, "np.dot(X, dJdz1.T) / X.shape[0]", "the division in dJdw1"),
    "logistic-divided-by-m-minus-1": averages.divided_by_one_less(
        {
            B: "np.sum(dJdz1, axis=1, keepdims=True) / (X.shape[1] - 1)",
            W: "np.dot(X, dJdz1.T) / (X.shape[1] - 1)",
        },
        "dJdb1 and dJdw1",
    ),
    "logistic-dw-transposed": chain_rule.gradient_transposed(
        W, "np.dot(dJdz1, X.T) / X.shape[1]", "w1", WEIGHTS, f"{DW_IS}, a column like w1"
    ),
    "logistic-dw-flat": WrongLine(W, "np.mean(X * dJdz1, axis=1)").with_hints(
        "What is the shape of w1, and what is the shape of your dJdw1?",
        "Look at the mean in dJdw1: it drops the second axis.",
        "The numbers are correct. Add keepdims=True to keep the shape (p, 1).",
        title="dJdw1 is a flat array, not a column",
    ),
    "logistic-product-of-means": averages.product_of_means(W, "X.mean(axis=1, keepdims=True) * dJdz1.mean()", WEIGHTS),
    "logistic-sign-flipped": chain_rule.sign_flipped(DZ, "y - a1", "dJdz1", DZ_IS),
    "logistic-derivative-twice": chain_rule.derivative_applied_again(
        DZ, "(a1 - y) * a1 * (1 - a1)", "dJdz1", "a1 (1 - a1)", DZ_IS
    ),
    "logistic-doubled": chain_rule.doubled(DZ, "2 * (a1 - y)", "dJdz1", DZ_IS),
    "logistic-stops-at-da": chain_rule.stops_at_activation(
        DZ, "-y / a1 + (1 - y) / (1 - a1)", "dJdz1", "dJda1", "dJdz1", "multiply by a1 (1 - a1), which leaves a1 - y"
    ),
    "logistic-averaged-twice": averages.averaged_twice(DZ, "(a1 - y) / X.shape[1]", "dJdz1", "dJdz1", "dJdb1 and dJdw1"),
    "logistic-without-bias": chain_rule.missing_bias("logistic a1", "sigmoid(np.dot(w1.T, X))", "z1", "b1", Z_IS),
    "logistic-without-sigmoid": chain_rule.missing_sigmoid("logistic a1", Z1, "a probability", "a1", "a1 is sigmoid(z1)"),
    "logistic-without-transpose": chain_rule.missing_transpose(
        "logistic a1", "sigmoid(np.dot(w1, X) + b1)", "w1 is (p, 1)", "X is (p, m)", "z1", Z_IS
    ),
    "logistic-decisions": chain_rule.uses_decisions(DZ, "(a1 > 0.5) - y", "dJdz1", "a1", DZ_IS),
    "logistic-returns-z1-as-a1": WrongLine("returned a1", Z1).with_hints(
        "Is a1 the value before or after the sigmoid?",
        "Look at what you return as a1.",
        "Return a1 = sigmoid(z1). Your function already computes it.",
        title="logistic_gradients returns z1 as a1",
    ),
    "logistic-key-dz1": contract.misnamed_keys(
        "the name dz1 for dJdz1",
        f"the dict that {FUNCTION} returns",
        KEYS,
        {"logistic key": 'key.replace("dJ", "") if key == "dJdz1" else key'},
        ('"dJdz1": dJdz1', '"dz1": dJdz1'),
        title="dJdz1 is returned under the name `dz1`",
    ),
    "logistic-short-keys": contract.misnamed_keys(
        "names like dz1 and dw1",
        f"the dict that {FUNCTION} returns: dz1, db1 and dw1 are the names in other courses",
        KEYS,
        {"logistic key": 'key.replace("dJ", "")'},
        *((f'"dJd{kind}1": ', f'"d{kind}1": ') for kind in "zbw"),
        title="The gradients are returned under names like `dz1` and `dw1`",
    ),
    "logistic-no-return": contract.missing_return(FUNCTION, DICT, {"logistic returns": "None"}),
    "logistic-centers-x-in-place": contract.input_centered(
        FUNCTION,
        {
            "logistic a1": "sigmoid(np.dot(w1.T, X - X.mean(axis=1, keepdims=True)) + b1)",
            "logistic dJdw1": "np.dot(X - X.mean(axis=1, keepdims=True), dJdz1.T) / X.shape[1]",
            "changed by logistic_gradients": 'before - before.mean(axis=1, keepdims=True) if key == "X" else before',
        },
        ("    a1 = ", "    X -= X.mean(axis=1, keepdims=True)\n    a1 = "),
    ),
    "logistic-updates-weights": contract.weights_updated(
        FUNCTION,
        "w1 and b1",
        {"changed by logistic_gradients": 'before - 0.1 * answer[f"dJd{key}"] if key in ("w1", "b1") else before'},
        ('    return {"a1"', '    w1 -= 0.1 * dJdw1\n    b1 -= 0.1 * dJdb1\n    return {"a1"'),
    ),
    "logistic-overflow": WrongLine("logistic a1", f"np.exp({Z1}) / (1 + np.exp({Z1}))").with_hints(
        "What is infinity divided by infinity?",
        "Look at a1 when z1 is 1000: e^1000 is too large for any float.",
        "Use the sigmoid provided in dnn.py, which handles such large values.",
        title="a1 in logistic_gradients overflows when z1 is large",
    ),
    **misfits("logistic-dw", W, (X, ERROR.T), " / X.shape[1]", WEIGHTS, DW_IS),
    **chain_rule.loss_slips("logistic-dz", DZ, "a1", "y", "dJdz1", DZ_IS, "dJda1"),
    "logistic-keys-renamed": contract.keys_renamed(
        f"the dict that {FUNCTION} returns",
        KEYS,
        "logistic key",
        *((f'"dJd{kind}1": ', f'"{kind}1": ') for kind in "zbw"),
    ),
}
