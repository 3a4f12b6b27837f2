"""notes_gradients: the same network in the convention of the notes, with transposed weights and other names."""

from autograder.backprop.mistakes.families import averages, chain_rule, contract
from autograder.backprop.mistakes.families.backward import Layer, averaged, backward_slips, counted, derived
from autograder.backprop.mistakes.families.matrices import Matrix, misfits
from autograder.diagnosis.mistake import WrongLine

DA = 'np.dot(params[f"w{layer}"], dJdz)'
STEP_DZ = '            grads[f"dJdz{layer - 1}"] = grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 - a[layer - 1])\n'
FUNCTION, OUTPUT_DZ, DZ_IS = "notes_gradients", "dJdz of the last layer", "dJdz_L is a_L - y"
Z_IS, DA_IS = "z_l is w_l^T a_{l-1} + b_l", "dJda_{l-1} is w_l dJdz_l"
DW_IS = "dJdw_l is a_{l-1} dJdz_l^T / m"
# In the last layer of the public example.
WEIGHTS = Matrix("w", 'params[f"w{layer}"]', ("n_{l-1}", "n_l"), (3, 1))
INPUT = Matrix("a", "a[layer - 1]", ("n_{l-1}", "m"), (3, 5))
ERROR = Matrix("dJdz", "dJdz", ("n_l", "m"), (1, 5))
LAYER = Layer(
    *("notes-", " in notes_gradients"),
    *("notes dJdw", "notes dJdb", "notes dJda", "notes dJdz"),
    DZ="dJdz",
    W='params[f"w{layer}"].T',
    A="a[layer - 1]",
    output="a[layer]",
    da_above="",
    da_below='grads[f"dJda{layer - 1}"]',
    derivative="(a[layer - 1] * (1 - a[layer - 1]))",
    m="X.shape[1]",
    product="np.dot({A}, {DZ}.T)",
    words=("dJdw", "dJdb", "dJda", "dJdz"),
)
NOTES = {
    "notes-dw-transposed": chain_rule.gradient_transposed(
        "notes dJdw",
        "np.dot(dJdz, a[layer - 1].T) / X.shape[1]",
        "w_l in the notes",
        "dJdw_l",
        f"here w_l is (n_{{l-1}}, n_l), so {DW_IS}",
    ),
    "notes-both-summed": averages.both_summed(
        {"notes dJdw": "np.dot(a[layer - 1], dJdz.T)", "notes dJdb": "np.sum(dJdz, axis=1, keepdims=True)"}, "dJdw", "dJdb"
    ),
    "notes-dw-summed": averages.weights_summed("notes dJdw", "np.dot(a[layer - 1], dJdz.T)", "dJdw", "dJdb"),
    "notes-db-without-keepdims": averages.missing_keepdims("notes dJdb", "np.mean(dJdz, axis=1)", "dJdb", "b"),
    "notes-sign-flipped": chain_rule.sign_flipped("notes output", "y - a[layers]", OUTPUT_DZ, DZ_IS),
    "notes-derivative-twice": chain_rule.derivative_applied_again(
        "notes output", "(a[layers] - y) * a[layers] * (1 - a[layers])", OUTPUT_DZ, "a (1 - a)", DZ_IS
    ),
    "notes-without-bias": chain_rule.missing_bias(
        "notes a", 'sigmoid(params[f"w{layer}"].T @ a[layer - 1])', "z in notes_gradients", "b", Z_IS
    ),
    "notes-without-transpose": chain_rule.missing_transpose(
        "notes a",
        'sigmoid(np.dot(params[f"w{layer}"], a[layer - 1]) + params[f"b{layer}"])',
        "w_l is (n_{l-1}, n_l)",
        "a_{l-1} is (n_{l-1}, m)",
        "z in notes_gradients",
        Z_IS,
    ),
    "notes-da-transposed": WrongLine("notes dJda", 'np.dot(params[f"w{layer}"].T, dJdz)').with_hints(
        "w_l is (n_{l-1}, n_l) and dJdz_l is (n_l, m). Which product has n_{l-1} rows?",
        "Look at dJda: it still has the transpose of dnn.py.",
        f"Here the weights are already transposed: {DA_IS}.",
        title="dJda in notes_gradients still uses the transpose of w, as in dnn.py",
    ),
    "notes-da-plus-bias": chain_rule.bias_on_the_way_back("notes dJda", f'{DA} + params[f"b{{layer - 1}}"]', "dJda", DA_IS),
    "notes-without-derivative": chain_rule.missing_derivative(
        "notes dJdz",
        'grads[f"dJda{layer - 1}"]',
        "z_l",
        "a_l",
        "dJdz of the hidden layers",
        "dJda",
        "the derivative of the sigmoid, a_l (1 - a_l), element by element",
    ),
    "notes-dw-from-own-output": chain_rule.own_output("notes dJdw", "np.dot(a[layer], dJdz.T) / X.shape[1]", "w", "a", "dJdw"),
    "notes-loop-skips-layer-1": contract.layer_one_skipped(
        "notes loop", "range(layers, 1, -1)", "the backward pass in notes_gradients"
    ),
    "notes-derivative-1-plus-a": chain_rule.sign_in_derivative(
        "notes dJdz",
        'grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 + a[layer - 1])',
        "dJdz of the hidden layers",
        "1 + a",
        "a (1 - a)",
    ),
    "notes-da-from-a": chain_rule.passes_on_a("notes dJda", 'np.dot(params[f"w{layer}"], a[layer])', "dJda", "a", DA_IS),
    "notes-keys-of-dnn": contract.misnamed_keys(
        "the names of dnn.py for the weights",
        "grads: the weights have the names of dnn.py",
        'Use the names of the notes: "dJdw1", "dJdb1", "dJdz1", and so on.',
        {"notes key": 'key.replace("dJdw", "W")'},
        ('grads[f"dJdw{layer}"] =', 'grads[f"W{layer}"] ='),
        title="dJdw is stored under names like `W1`, as in dnn.py",
    ),
    "notes-of-fixed-depth": contract.fixed_depth(
        "notes layers",
        "3",
        "the line that sets the number of layers",
        "params holds a w and a b for each layer, so there are len(params) // 2 layers.",
    ),
    "notes-returns-nothing": contract.missing_return(
        FUNCTION,
        "Return the dict of gradients",
        {"notes returns": "None"},
        ("    layers = len(params) // 2\n", "    return None\n"),
    ),
    "notes-updates-weights": contract.weights_updated(
        FUNCTION,
        "params",
        {
            "changed by notes_gradients": (
                'before - 0.1 * answer[f"dJd{key}"] if key[0] == "w" and key != "w1" and f"dJd{key}" in answer else before'
            )
        },
        (STEP_DZ, f'{STEP_DZ}            params[f"w{{layer}}"] -= 0.1 * grads[f"dJdw{{layer}}"]\n'),
    ),
    "notes-changes-y": contract.subtraction_in_place(
        "y",
        FUNCTION,
        "a_L - y",
        {"changed by notes_gradients": '-answer[f"dJdz{layers}"] if key == "y" else before'},
        ('layers}": a[layers] - y}\n', 'layers}": -np.subtract(y, a[layers], out=y)}\n'),
    ),
    **misfits("notes-dw", "notes dJdw", (INPUT, ERROR.T), " / X.shape[1]", "dJdw", DW_IS),
    **misfits("notes-da", "notes dJda", (WEIGHTS, ERROR), "", "dJda", DA_IS, skip=("w.T @ dJdz",)),
    **backward_slips(LAYER, counted, averaged, derived),
    **chain_rule.loss_slips("notes-output", "notes output", "a[layers]", "y", OUTPUT_DZ, DZ_IS, "dJda"),
    **chain_rule.mean_squared_error_slips("notes-output", "notes output", "a[layers]", "y", OUTPUT_DZ, DZ_IS, "dJda"),
    "notes-keys-renamed": contract.keys_renamed(
        "the dict that notes_gradients returns",
        'Use the names of the notes: "dJdw1", "dJdb1", "dJdz1", and so on.',
        "notes key",
        *((f'"dJd{kind}{{', f'"d{kind}{{') for kind in "wbza"),
    ),
}
