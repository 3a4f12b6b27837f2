"""A mistake costs the marks of what it spoils: each step has a list of the checks that a mistake in it may lose, and no others.

The checks of the whole, such as the comparison with numerical differentiation, fail wherever the final gradient is wrong. All
others follow the student's own results.
"""

import pytest

from autograder.backprop.mistakes import MISTAKES as CATALOG
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import DA, DB, DW, GRADS, OUTPUT_DZ, RETURN_GRADS, STORE_A, edited, with_body

ROWS = {row.id: row for rows in CATALOG.values() for row in rows}

ONE_BY_ONE = {"gradient_mean_of_samples", "gradient_duplicated_batch"}
WHOLE = {"gradient_single_sample", "gradient_other_depths"}
WHOLE_W, WHOLE_B = WHOLE | {"gradient_numerical_W"}, WHOLE | {"gradient_numerical_B"}
SHAPES = {"example_gradient_shapes", "gradient_keys_and_shapes"}
KEYS = {"example_gradient_keys", "gradient_keys_and_shapes"}
FIT = {"fit_losses", "fit_parameters", "fit_tolerance", "fit_goes_on"}
TOGETHER = {"example_gradients", "gradients", "gradients_and_fit_leave_no_trace", *FIT}
STEPS = {f"gradient_{step}" for step in ("output_Z", "W_step", "B_step", "A_step", "hidden_Z_step")}
CALLS = {"gradient_saturated", "gradient_leaves_no_trace", "gradient_second_call"}

W = {"example_W", "gradient_W_step"} | ONE_BY_ONE | WHOLE_W
B = {"example_B", "gradient_B_step"} | ONE_BY_ONE | WHOLE_B
OUTPUT = {"example_output_Z", "gradient_output_Z"} | ONE_BY_ONE | WHOLE_W | WHOLE_B
# The public checks have no step for the hidden layers: a mistake there shows in W and B.
HIDDEN = {"example_W", "example_B"} | ONE_BY_ONE | WHOLE_W | WHOLE_B
BACKWARD = KEYS | SHAPES | CALLS | HIDDEN | OUTPUT | STEPS | TOGETHER

FORWARD = {"example_output", "example_cache_values", "forward_output", "forward_other_depths"}
CACHE = {"example_cache_values", "forward_other_depths"}
CACHE_KEYS = {"example_cache_keys", "forward_cache_keys"}
ALL_OF_FORWARD = (
    FORWARD
    | CACHE_KEYS
    | {f"forward_{name}" for name in ("saturated", "leaves_no_trace")}
    | {f"forward_cache_{kind}" for kind in ("Z", "A", "W_and_B")}
)

# What a row of dnn.py may lose, by the lines that it is in and by where it shows.
SPOILS = {
    "m": W | B,
    "dW": W | SHAPES,
    "dB": B | SHAPES,
    "dA": HIDDEN | {"gradient_A_step"},
    "hidden dZ": HIDDEN | {"gradient_hidden_Z_step"},
    "output dZ": OUTPUT,
    "backward layers": BACKWARD,
    "compute_gradients returns": BACKWARD,
    "gradient key": KEYS | FIT,
    "input": FORWARD | {"forward_cache_A"},
    "sigmoid": FORWARD | {"forward_cache_A"},
    "Z": FORWARD | {"forward_cache_Z"},
    "A": FORWARD | {"forward_cache_A"},
    "stored W": CACHE | {"forward_cache_W_and_B"},
    "stored Z": CACHE | {"forward_cache_Z"},
    "missing in the cache": CACHE_KEYS | CACHE | {"forward_cache_A", "forward_cache_W_and_B"},
    "forward layers": ALL_OF_FORWARD | TOGETHER,
    "forward returns": ALL_OF_FORWARD | TOGETHER,
    "forward out": FORWARD,
    "changed by forward": {"forward_leaves_no_trace"},
    "changed by compute_gradients": {"gradient_leaves_no_trace"},
    "changed by gradients": {"gradients_and_fit_leave_no_trace"},
    "second call": {"gradient_second_call"},
    "gradients": TOGETHER,
    "epochs": FIT,
    "update": FIT,
    "fit returns": FIT,
    "fit": FIT,
    "stop": {"fit_tolerance"},
    "plateau": {"fit_goes_on"},
    "load": ALL_OF_FORWARD | BACKWARD,
}
# What goes beyond that: a raise hides the whole, a division by zero shows where units are saturated, and a descent needs numbers.
NO_NUMBERS = {"gradient_saturated", "fit_goes_on"}
UNFINISHED = W | B | STEPS
BEYOND = {
    "dw-per-sample": FIT,
    "forward-changes-params": {"fit_tolerance"},
    "gradients-are-zeros": BACKWARD,
    "gradients-are-ones": BACKWARD,
    "gradients-clipped": {"example_gradients"},
    "gradients-unfinished": UNFINISHED,
    "labels-from-global-variable": BACKWARD,
    "layer-1-not-reached": UNFINISHED,
    "only-last-two-layers": UNFINISHED,
    "only-output-dz": UNFINISHED | CALLS | TOGETHER,
    "only-output-layer": UNFINISHED,
    "output-dz-averaged-over-samples": BACKWARD,
    "output-dz-da-first-term-sign": NO_NUMBERS,
    "output-dz-da-second-term-sign": NO_NUMBERS,
    "output-dz-divides-by-zero": NO_NUMBERS,
    "output-dz-first-term-sign": NO_NUMBERS,
    "output-dz-is-da": NO_NUMBERS,
    "output-dz-is-loss": NO_NUMBERS,
    "output-dz-is-one": STEPS,  # the same number throughout carries nothing that could be followed
    "output-dz-second-term-sign": NO_NUMBERS,
    "output-dz-squeezed": FIT,
    "output-dz-summed-over-samples": BACKWARD,
    "sigmoid-overflows": {"forward_saturated"},
    "sigmoid-without-parentheses": {"forward_saturated", "forward_leaves_no_trace"} | TOGETHER,
}


def both(name):
    return {f"example_{name}", name}


CHAIN = {"example_three_weight_chain", "three_weight_chain_last", "three_weight_chain_all"}
LOGISTIC = {"example_logistic_gradients"}
WARMUP = {
    "exp_exp_square": (
        both("exp_exp_square") | {"arrays"},
        [
            "exp-without-dh1-dx",
            "exp-without-dh2-dh1",
            "exp-without-dy-dh2",
            "exp-factors-added",
            "exp-squares-h2",
            "exp-returns-only-y",
            "exp-returns-derivative-first",
            "exp-absolute-x",
        ],
    ),
    "reciprocal_exp_square": (
        both("reciprocal_exp_square") | {"arrays"},
        ["reciprocal-without-minus", "reciprocal-without-dh2-dh1", "reciprocal-evaluated-at-x", "reciprocal-absolute-x"],
    ),
    "two_paths": (
        both("two_paths") | {"arrays"},
        [
            "paths-only-g1",
            "paths-multiplied",
            "paths-without-df-dg1",
            "paths-absolute-x",
            "paths-shape-varies",
        ],
    ),
    "arrays": ({"arrays"}, ["math-exp", "paths-summed-over-array"]),
    "the end of the chain": (
        CHAIN,
        [
            "chain-sign-flipped",
            "chain-without-2",
            "chain-no-derivative-at-output",
            "chain-cross-entropy",
            "chain-loss-halved",
            "chain-returns-tuple",
            "chain-returns-none",
        ],
    ),
    "further back on the chain": (
        CHAIN - {"three_weight_chain_last"},
        [
            "chain-w2-for-w3",
            "chain-no-derivative-of-h2",
            "chain-no-derivative-of-h1",
            "chain-derivative-of-h2-twice",
            "chain-h1-for-x",
        ],
    ),
    "the last weight": (CHAIN - {"three_weight_chain_all"}, ["chain-y-hat-for-h2"]),
    "the names of the weights": ({"example_three_weight_chain"}, ["chain-keys-dw1"]),
    "dJdz1": (
        LOGISTIC | {"logistic_dJdz1"},
        [
            "logistic-sign-flipped",
            "logistic-derivative-twice",
            "logistic-averaged-twice",
            "logistic-without-bias",
            "logistic-decisions",
            "logistic-returns-z1-as-a1",
            "logistic-key-dz1",
        ],
    ),
    "dJdb1": (
        LOGISTIC | {"logistic_dJdb1"},
        ["logistic-db-summed", "logistic-db-without-keepdims", "logistic-db-over-wrong-axis"],
    ),
    "dJdw1": (LOGISTIC | {"logistic_dJdw1"}, ["logistic-divided-by-features", "logistic-dw-transposed"]),
    "dJdb1 and dJdw1": (LOGISTIC | {"logistic_dJdb1", "logistic_dJdw1"}, ["logistic-both-summed"]),
    "another X": (LOGISTIC | {"logistic_dJdz1", "logistic_dJdw1", "warmup_conventions"}, ["logistic-centers-x-in-place"]),
    "saturation": ({"warmup_conventions"}, ["logistic-overflow"]),
}

WORKED = {"worked_w212", "worked_w131"}
SOFTMAX = {"example_softmax", "softmax_columns", "softmax_stable", "example_worked_forward", *WORKED}
SOFTMAX_FORWARD = {"example_softmax_forward", "softmax_forward"}
CROSS_ENTROPY = {"example_cross_entropy", "cross_entropy_output_Z", "cross_entropy_gradients"}
SQUARED_ERROR = {"example_squared_error", "squared_error_output_Z", "squared_error_gradients"}
GENERAL = {"example_general", "general_hidden_Z_step", "general_gradients"}
TRACE = {"extension_leaves_no_trace"}
EXTENSION = {
    "softmax": (SOFTMAX, ["softmax-sums-over-axis-1", "softmax-sums-over-everything", "softmax-of-absolute-z"]),
    "softmax of large numbers": ({"softmax_stable"}, ["softmax-overflows", "softmax-one-maximum-for-batch"]),
    "softmax that writes into Z": (SOFTMAX_FORWARD | {"example_worked_forward"} | TRACE, ["softmax-changes-z"]),
    "the Jacobian": (
        SQUARED_ERROR | WORKED,
        [
            "softmax-backward-diagonal-only",
            "softmax-backward-uses-z",
            "softmax-backward-cross-terms-positive",
            "softmax-backward-sums-over-everything",
        ],
    ),
    "dZ of the squared error": (
        SQUARED_ERROR,
        ["squared-error-dz-cross-entropy", "squared-error-dz-is-da", "squared-error-dz-uses-z"],
    ),
    "a dZ that raises": (SQUARED_ERROR | TRACE, ["squared-error-dz-is-jacobian"]),
    "the squared error and its dZ": (
        SQUARED_ERROR | {"squared_error_loss"},
        ["squared-error-averaged-over-classes", "squared-error-halved"],
    ),
    "the squared error alone": ({"example_squared_error", "squared_error_loss"}, ["squared-error-loss-square-root"]),
    "dZ of the cross-entropy": (
        CROSS_ENTROPY,
        [
            "cross-entropy-dz-diagonal-only",
            "cross-entropy-dz-squared-error-diagonal",
            "cross-entropy-dz-squared-error",
            "cross-entropy-dz-class-numbers",
            "cross-entropy-dz-averaged",
            "cross-entropy-dz-sign-flipped",
        ],
    ),
    "saturation": ({"cross_entropy_gradients"}, ["cross-entropy-dz-divides-by-zero"]),
    "the cross-entropy": (
        {"cross_entropy_loss"},
        ["cross-entropy-log-of-zero", "cross-entropy-summed", "cross-entropy-binary"],
    ),
    "the end of SoftmaxDNN": (
        SOFTMAX_FORWARD,
        ["softmax-output-is-sigmoid", "softmax-output-not-stored", "softmax-forward-returns-z"],
    ),
    "traces": (
        TRACE,
        [
            "softmax-sets-seed",
            "extension-derivative-stored-in-cache",
            "notes-updates-weights",
        ],
    ),
    "dW of the walk back": ({"squared_error_gradients", "general_gradients"}, ["extension-dw-summed"]),
    "the slopes of the walk back": (
        GENERAL | {"squared_error_gradients"},
        [
            "extension-derivative-of-next-layer",
            "extension-hidden-dz-without-derivative",
            "general-sigmoid-derivatives",
            "extension-derivative-at-da",
        ],
    ),
    "y, which may be of integers": (TRACE | {"notes_gradients"}, ["notes-changes-y"]),
    "a slope": (GENERAL | {"example_activations", "activations"}, ["tanh-prime-of-tanh", "tanh-prime-at-z"]),
    "a slope that writes into Z": (TRACE | {"example_activations"}, ["relu-prime-changes-z"]),
    "an activation": (
        {"example_activations", "activations", "example_general", "general_forward"},
        ["relu-leaky", "activations-name-for-function"],
    ),
    "the forward pass of GeneralDNN": (
        {"example_general", "general_forward"},
        ["general-sigmoid-everywhere", "general-a-stored-as-z"],
    ),
    "the parameters as the cache": (
        TRACE | {"general_gradients", "extension_second_call", "extension_results_independent"},
        ["general-params-as-cache"],
    ),
    "the 4-4-2 example": (
        WORKED,
        [
            "worked-copied-from-notes",
            "worked-steps-uphill",
            "worked-indices-swapped",
            "worked-cross-entropy",
        ],
    ),
    "the 4-4-2 example, forward": (
        WORKED | {"example_worked_forward"},
        ["worked-without-step", "worked-one-output", "worked-without-sigmoid"],
    ),
    "the notes": (
        {"example_notes", "notes_gradients"},
        [
            "notes-dw-transposed",
            "notes-both-summed",
            "notes-da-plus-bias",
            "notes-without-derivative",
            "notes-keys-of-dnn",
            "notes-returns-nothing",
        ],
    ),
    "notes of a fixed depth": ({"notes_gradients"}, ["notes-of-fixed-depth"]),
}

ALLOWANCES = {name: checks for table in (WARMUP, EXTENSION) for checks, names in table.values() for name in names}


def lost(result, part):
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.part == "dnn"])
def test_a_mistake_in_dnn_costs_what_it_spoils(name, grade_mistake):
    result = grade_mistake(name)
    allowed = set().union(*(SPOILS[step] for step in ROWS[name].formulas), BEYOND.get(name, set()))
    if any(" raised " in check.got for check in result.failed if check.part == "dnn"):
        allowed |= WHOLE_W | WHOLE_B
    assert lost(result, "dnn") <= allowed


# The others are in one function, and test_mistakes says exactly what each of them loses.
@pytest.mark.parametrize("name", ALLOWANCES)
def test_a_mistake_costs_what_it_spoils(name, grade_mistake):
    assert lost(grade_mistake(name), MISTAKES[name].part) <= ALLOWANCES[name]


def test_every_mistake_is_one_of_the_catalog():
    assert set(ALLOWANCES) | set(BEYOND) <= set(MISTAKES)


# Unfinished, unusual and doubly wrong programs for dnn.py, and exactly what they lose.
WB_ALONE = (RETURN_GRADS, '        return {key: value for key, value in grads.items() if key[0] in "WB"}\n')
NO_STEPS = {"example_output_Z", "gradient_output_Z", "gradient_A_step", "gradient_hidden_Z_step"}
LAST_LAYER = """
last, dZ = self.num_layers, out - cache["Y"]
return {f"Z{last}": dZ, f"W{last}": dZ @ cache[f"A{last - 1}"].T / dZ.shape[1], f"B{last}": dZ.mean(1, keepdims=True)}
"""
PARTLY_RIGHT = {
    "no Z and A among the gradients": (edited(WB_ALONE), KEYS | NO_STEPS),
    "no A among the gradients": (edited((RETURN_GRADS, WB_ALONE[1].replace('"WB"', '"WBZ"'))), KEYS | {"gradient_A_step"}),
    "dZ and dA averaged": (
        edited(
            (RETURN_GRADS, '        return {key: value / m if key[0] in "ZA" else value for key, value in grads.items()}\n')
        ),
        {"example_output_Z", "gradient_output_Z"},
    ),
    "no labels in dZ": (
        edited((OUTPUT_DZ, "out")),
        {"example_output_Z", "gradient_output_Z", "gradient_numerical_W", "gradient_numerical_B", "gradient_other_depths"},
    ),
    "W and B in half precision": (
        edited(
            (DW, f"{DW.replace('dZ @', '(dZ @')}).astype(np.float16)"),
            (DB, f"{DB.replace('dZ.sum', '(dZ.sum')}).astype(np.float16)"),
        ),
        (W | B | {"gradient_saturated", "fit_parameters", "fit_goes_on"}) - {"gradient_duplicated_batch"},
    ),
    "W and B cut to whole numbers": (
        edited((DW, f"{DW.replace('dZ @', '(dZ @')}).astype(int)"), (DB, f"{DB.replace('dZ.sum', '(dZ.sum')}).astype(int)")),
        (W | B | {"example_gradients", "gradients"}) - {"gradient_duplicated_batch"},
    ),
    "A in half precision": (edited((STORE_A, STORE_A + ".astype(np.float16)")), FORWARD | {"forward_cache_A"}),
    "every gradient transposed": (
        edited((RETURN_GRADS, "        return {key: value.T for key, value in grads.items()}\n")),
        SHAPES | STEPS | (OUTPUT | HIDDEN) - ONE_BY_ONE,
    ),
    "other random weights each time": (
        edited((DA, 'grads[f"A{layer - 1}"] = np.random.default_rng().normal(size=cache[f"W{layer}"].shape).T @ dZ')),
        {"gradient_A_step", "gradient_second_call"} | HIDDEN | TOGETHER - {"gradients_and_fit_leave_no_trace"},
    ),
    "a wrong sign, and dW transposed": (
        edited((OUTPUT_DZ, 'cache["Y"] - out'), (DW, 'grads[f"W{layer}"] = A_previous @ dZ.T / m')),
        (OUTPUT | W | SHAPES) - ONE_BY_ONE,
    ),
    "only dZ of the output layer": (
        with_body("compute_gradients", 'return {f"Z{self.num_layers}": out - cache["Y"]}'),
        BACKWARD - SHAPES - {"example_output_Z", "gradient_output_Z", "gradient_saturated", "gradient_leaves_no_trace"}
        - {"gradients_and_fit_leave_no_trace"}
        | {"gradient_keys_and_shapes"},
    ),
    "only the output layer": (
        with_body("compute_gradients", LAST_LAYER),
        KEYS | (STEPS | HIDDEN) - ONE_BY_ONE - {"gradient_output_Z"},
    ),
    "dnn.py without a backward pass": (with_body("compute_gradients", "raise NotImplementedError"), BACKWARD),
    "grads that are no dict": (edited((GRADS, GRADS + "        return []\n")), BACKWARD),
}


@pytest.mark.parametrize("name", PARTLY_RIGHT)
def test_a_partly_right_program_loses_exactly(name, grade):
    source, checks = PARTLY_RIGHT[name]
    assert lost(grade(source), "dnn") == checks
