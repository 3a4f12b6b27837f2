"""A mistake costs the marks of what it spoils: each kind of mistake has a list of the checks it may lose, and loses no others.

The checks of the whole, such as the comparison with numerical differentiation, fail wherever the final gradient is wrong. All
others follow the student's own results.
"""

import pytest

from autograder.backprop.mistakes import MISTAKES as CATALOGUE
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import DA, DB, DW, GRADS, OUTPUT_DZ, RETURN_GRADS, STORE_A, edited, with_body

ROWS = {row.id: row for rows in CATALOGUE.values() for row in rows}

ONE_BY_ONE = {"gradient_mean_of_samples", "gradient_duplicated_batch"}
WHOLE = {"gradient_single_sample", "gradient_other_depths"}
WHOLE_W, WHOLE_B = WHOLE | {"gradient_numerical_W"}, WHOLE | {"gradient_numerical_B"}
SHAPES = {"example_gradient_shapes", "gradient_keys_and_shapes"}
KEYS = {"example_gradient_keys", "gradient_keys_and_shapes"}
FIT = {"fit_losses", "fit_parameters", "fit_tolerance"}
TOGETHER = {"example_gradients", "gradients", *FIT}
STEPS = {f"gradient_{step}" for step in ("output_Z", "W_step", "B_step", "A_step", "hidden_Z_step")}
CALLS = {"gradient_saturated", "gradient_leaves_no_trace", "gradient_second_call"}

W = {"example_W", "gradient_W_step"} | ONE_BY_ONE | WHOLE_W
B = {"example_B", "gradient_B_step"} | ONE_BY_ONE | WHOLE_B
OUTPUT = {"example_output_Z", "gradient_output_Z"} | ONE_BY_ONE | WHOLE_W | WHOLE_B
# The public checks have no step for the hidden layers: a mistake there shows in W and B.
HIDDEN = {"example_W", "example_B"} | ONE_BY_ONE | WHOLE_W | WHOLE_B
DOES_NOT_RUN = KEYS | SHAPES | CALLS | {"example_output_Z", "example_gradients", "gradients"} | HIDDEN
BACKWARD = DOES_NOT_RUN | STEPS | TOGETHER

FORWARD = {"example_output", "example_cache_values", "forward_output", "forward_other_depths"}
CACHE = {"example_cache_values", "forward_other_depths"}
CACHE_KEYS = {"example_cache_keys", "forward_cache_keys"}
ALL_OF_FORWARD = (
    FORWARD
    | CACHE_KEYS
    | {f"forward_{name}" for name in ("saturated", "leaves_no_trace")}
    | {f"forward_cache_{kind}" for kind in ("Z", "A", "W_and_B")}
)

# kind of mistake: (the checks it may lose, the mistakes)
DNN = {
    "dW": (W, ["R2", "R14", "W10", "K7", "K10", "K5"]),
    "dB": (B, ["R3", "W14"]),
    "dW and dB": (W | B, ["R1", "R6", "R7", "R15", "R16", "K11", "K4"]),
    "the shape of dW": (W | SHAPES, ["W9", "W11", "W12"]),
    "another axis in dW, with which fit cannot go on": (W | SHAPES | FIT, ["R13"]),
    "the shape of dB": (B | SHAPES, ["R8", "R9", "R10", "R11"]),
    "dB without its second axis": (SHAPES | {"gradient_B_step"}, ["R12"]),
    "dZ of the output layer": (OUTPUT, ["R4", "C1", "C2", "C9", "C10", "C11", "C12", "C14", "C15"]),
    "dZ of the output layer, divided by zero": (OUTPUT | {"gradient_saturated"}, ["C13"]),
    "dZ of the hidden layers": (
        HIDDEN | {"gradient_hidden_Z_step"},
        ["R5", "C3", "C4", "C5", "C6", "C7", "C8", "C16", "C17", "W13", "W16"],
    ),
    "dA": (HIDDEN | {"gradient_A_step"}, ["W1", "W3", "W5", "W7", "K12"]),
    "a dA that raises": (DOES_NOT_RUN | {"gradient_A_step"}, ["W2", "W4", "W6"]),
    "a hidden dZ that raises": (DOES_NOT_RUN | {"gradient_hidden_Z_step"}, ["W15"]),
    "no gradients at all": (BACKWARD, ["K3", "no return"]),
    "all gradients spoilt": (STEPS | OUTPUT | HIDDEN, ["K6"]),
    "weights changed on the way": (HIDDEN | {"gradient_A_step", "gradient_leaves_no_trace"}, ["W8"]),
    "the names of the gradients": (KEYS | FIT, ["K1"]),
    "a layer that is left out": (KEYS | W | B | FIT, ["K2"]),
    "biases that are left out": (KEYS | SHAPES | B | FIT, ["K13"]),
    "traces": ({"gradient_leaves_no_trace"}, ["F9", "seeds"]),
    "the second call": ({"gradient_second_call"}, ["K8", "K9"]),
    "one sample": (W, ["divides by zero"]),
    "saturation": ({"gradient_saturated"}, ["full chain"]),
    "other depths": ({"gradient_other_depths"}, ["three layers back"]),
    "nothing computed": (BACKWARD - {"example_gradient_keys"}, ["zeros", "constants"]),
    "Z": (FORWARD | {"forward_cache_Z"}, ["F1"]),
    "A": (FORWARD | {"forward_cache_A"}, ["F5", "F6", "F7"]),
    "the Z in the cache": (CACHE | {"forward_cache_Z"}, ["F3"]),
    "the A in the cache": (CACHE | {"forward_cache_A"}, ["F2", "F8"]),
    "X": (FORWARD | {"forward_cache_A", "forward_leaves_no_trace"}, ["F10"]),
    "the W and B in the cache": (CACHE_KEYS | {"forward_cache_W_and_B"}, ["no W and B"]),
    "parameters moved by forward": (
        {"example_cache_values", "forward_cache_W_and_B", "forward_leaves_no_trace", "fit_tolerance"},
        ["moves params"],
    ),
    "traces of forward": ({"forward_leaves_no_trace"}, ["seeds forward"]),
    "saturation of forward": ({"forward_saturated"}, ["naive exp"]),
    "other depths of forward": ({"forward_other_depths"}, ["three layers"]),
    "cache before out": ({"example_output", "forward_output", "forward_other_depths"} | TOGETHER, ["out first"]),
    "no cache": (ALL_OF_FORWARD | TOGETHER, ["only out"]),
    "gradients": (TOGETHER, ["no labels", "gradients of X"]),
    "fit": (FIT, ["fit by sum", "fit no return", "fit one more", "fit fixed rate"]),
    "the end of fit": ({"fit_tolerance"}, ["fit late", "fit never stops"]),
}


def both(name):
    return {f"example_{name}", name}


CHAIN = {"example_three_weight_chain", "three_weight_chain_last", "three_weight_chain_all"}
LOGISTIC = {"example_logistic_gradients"}
WARMUP = {
    "exp_exp_square": (
        both("exp_exp_square") | {"arrays"},
        [
            "no dh1/dx",
            "no dh2/dh1",
            "no dy/dh2",
            "factors added",
            "e^(x^2) squared",
            "only y",
            "slope first",
            "only right of 0",
        ],
    ),
    "reciprocal_exp_square": (
        both("reciprocal_exp_square") | {"arrays"},
        ["sign of 1/h2", "-1/h2^2 alone", "1/x^2 for 1/h2", "reciprocal right of 0"],
    ),
    "two_paths": (
        both("two_paths") | {"arrays"},
        [
            "one path of two",
            "paths multiplied",
            "df/dg1 forgotten",
            "paths right of 0",
            "shapes that vary",
        ],
    ),
    "arrays": ({"arrays"}, ["math.exp", "sum over the array"]),
    "the end of the chain": (
        CHAIN,
        [
            "chain: sign",
            "chain: no factor 2",
            "chain: no slope at the output",
            "chain: cross-entropy",
            "chain: half the loss",
            "chain: a tuple",
            "chain: None",
        ],
    ),
    "further back on the chain": (
        CHAIN - {"three_weight_chain_last"},
        [
            "chain: w2 for w3",
            "chain: no slope of h2",
            "chain: no slope of h1",
            "chain: slope of h2 twice",
            "chain: h1 for x",
        ],
    ),
    "the last weight": (CHAIN - {"three_weight_chain_all"}, ["chain: y_hat for h2"]),
    "the names of the weights": ({"example_three_weight_chain"}, ["chain: dw1"]),
    "dJdz1": (
        LOGISTIC | {"logistic_dJdz1"},
        [
            "logistic: y - a1",
            "logistic: slope again",
            "logistic: dJdz1 averaged",
            "logistic: no bias",
            "logistic: decisions",
            "logistic: z1 for a1",
            "logistic: keys",
        ],
    ),
    "dJdb1": (LOGISTIC | {"logistic_dJdb1"}, ["logistic: sum for b", "logistic: no keepdims", "logistic: wrong axis"]),
    "dJdw1": (LOGISTIC | {"logistic_dJdw1"}, ["logistic: divided by p", "logistic: dJdw1 transposed"]),
    "dJdb1 and dJdw1": (LOGISTIC | {"logistic_dJdb1", "logistic_dJdw1"}, ["logistic: sums"]),
    "another X": (LOGISTIC | {"logistic_dJdz1", "logistic_dJdw1", "warmup_conventions"}, ["logistic: centres X"]),
    "saturation": ({"warmup_conventions"}, ["logistic: e^z / (1 + e^z)"]),
}

WORKED = {"worked_w212", "worked_w131"}
SOFTMAX = {"example_softmax", "softmax_columns", "softmax_stable", "example_worked_forward", *WORKED}
SOFTMAX_FORWARD = {"example_softmax_forward", "softmax_forward"}
CROSS_ENTROPY = {"example_cross_entropy", "cross_entropy_output_Z", "cross_entropy_gradients"}
SQUARED_ERROR = {"example_squared_error", "squared_error_output_Z", "squared_error_gradients"}
GENERAL = {"example_general", "general_hidden_Z_step", "general_gradients"}
TRACE = {"extension_leaves_no_trace"}
EXTENSION = {
    "softmax": (SOFTMAX, ["S9", "S10", "softmax of |Z|"]),
    "softmax of large numbers": ({"softmax_stable"}, ["S15", "S15 one maximum"]),
    "softmax that writes into Z": (SOFTMAX_FORWARD | {"example_worked_forward"} | TRACE, ["softmax in place"]),
    "the Jacobian": (SQUARED_ERROR | WORKED, ["S1", "S6", "S8", "Jacobian of everything"]),
    "dZ of the squared error": (SQUARED_ERROR, ["S3", "S5", "S7"]),
    "a dZ that raises": (SQUARED_ERROR | TRACE, ["S16"]),
    "the squared error and its dZ": (SQUARED_ERROR | {"squared_error_loss"}, ["S12", "S13"]),
    "the squared error alone": ({"example_squared_error", "squared_error_loss"}, ["loss: a square root"]),
    "dZ of the cross-entropy": (CROSS_ENTROPY, ["S2", "S4", "S4 full", "S11", "SoftmaxDNN: averages dZ", "SoftmaxDNN: sign"]),
    "saturation": ({"cross_entropy_gradients"}, ["SoftmaxDNN: the chain divides by 0"]),
    "the cross-entropy": ({"cross_entropy_loss"}, ["loss: log of 0", "loss: a sum", "loss: binary"]),
    "the end of SoftmaxDNN": (SOFTMAX_FORWARD, ["S14", "A not stored", "Z for out"]),
    "traces": (
        TRACE,
        [
            "seeds in softmax",
            "walk: slope in place",
            "notes: updates on the way",
            "notes: writes into y",
        ],
    ),
    "dW of the walk back": ({"squared_error_gradients", "general_gradients"}, ["walk: sums"]),
    "the slopes of the walk back": (
        GENERAL | {"squared_error_gradients"},
        ["walk: slope of the next layer", "walk: no slope", "G1", "G2"],
    ),
    "a slope": (GENERAL | {"example_activations"}, ["G3", "G4"]),
    "a slope that writes into Z": (TRACE | {"example_activations"}, ["G5"]),
    "an activation": ({"example_activations", "example_general", "general_forward"}, ["leaky relu", "names for functions"]),
    "the forward pass of GeneralDNN": (
        {"example_general", "general_forward"},
        ["sigmoid everywhere", "Z after the activation"],
    ),
    "the 4-4-2 example": (
        WORKED,
        [
            "worked: as printed",
            "worked: step uphill",
            "worked: source and destination",
            "worked: cross-entropy",
        ],
    ),
    "the 4-4-2 example, forward": (
        WORKED | {"example_worked_forward"},
        ["worked: no step", "worked: one output", "worked: no sigmoid"],
    ),
    "the notes": (
        {"example_notes", "notes_gradients"},
        [
            "notes: dW of dnn.py",
            "notes: sums, as their J",
            "notes: W dz of the wrong layer",
            "notes: no slope",
            "notes: keys of dnn.py",
            "notes: no return",
        ],
    ),
    "notes that raise": ({"notes_gradients"} | TRACE, ["notes: three layers"]),
}

# What a row of the catalogue that no kind above lists may lose, by the lines of dnn.py it is in and by where it shows.
SPOILS = {
    "m": W | B,
    "dW": W | SHAPES,
    "dB": B | SHAPES,
    "dA": HIDDEN | {"gradient_A_step"},
    "hidden dZ": HIDDEN | {"gradient_hidden_Z_step"},
    "output dZ": OUTPUT,
    "input": FORWARD | {"forward_cache_A"},
    "Z": FORWARD | {"forward_cache_Z"},
    "A": FORWARD | {"forward_cache_A"},
    "stored W": CACHE | {"forward_cache_W_and_B"},
    "forward returns": ALL_OF_FORWARD | TOGETHER,
    "missing in the cache": CACHE_KEYS | CACHE | {"forward_cache_A", "forward_cache_W_and_B"},
    "gradient key": KEYS | FIT,
    "changed by forward": {"forward_leaves_no_trace"},
    "changed by compute_gradients": {"gradient_leaves_no_trace"},
    "gradients": TOGETHER,
    "epochs": FIT,
    "update": FIT,
    "fit returns": FIT,
    "load": ALL_OF_FORWARD | BACKWARD,
}
EXTRA = {
    "E5": BACKWARD,  # the name that is missing raises in every call
    "F1 X": ALL_OF_FORWARD | {"example_gradients", "gradients"},  # raises where the second layer has another width than X
    "F11": {"gradient_leaves_no_trace"},
    "output one": STEPS | HIDDEN,  # the same number throughout carries nothing that could be followed
    "stored W transposed": {"gradient_leaves_no_trace"},
    "C6 square": WHOLE,
}


def by_lines(name):
    """What a row may lose by the lines it is in."""
    row = ROWS[name]
    return name, set().union(*(SPOILS[step] for step in row.formulas), EXTRA.get(name, set()))


ALLOWANCES = {
    name: (kind, checks) for table in (DNN, WARMUP, EXTENSION) for kind, (checks, names) in table.items() for name in names
}


def lost(result, part):
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


# The others are in one function, and test_mistakes says exactly what each of them loses.
@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.part == "dnn" or name in ALLOWANCES])
def test_a_mistake_costs_what_it_spoils(name, grade_mistake):
    kind, checks = ALLOWANCES.get(name) or by_lines(name)
    assert lost(grade_mistake(name), MISTAKES[name].part) <= checks, kind


def test_every_kind_has_its_mistakes():
    assert set(ALLOWANCES) <= set(MISTAKES)
    assert set(EXTRA) <= set(MISTAKES) - set(ALLOWANCES)


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
        (W | B) - {"gradient_duplicated_batch"},
    ),
    "W and B cut to whole numbers": (
        edited((DW, f"{DW.replace('dZ @', '(dZ @')}).astype(int)"), (DB, f"{DB.replace('dZ.sum', '(dZ.sum')}).astype(int)")),
        W | B | {"example_gradients", "gradients", "gradient_second_call"},
    ),
    "A in half precision": (edited((STORE_A, STORE_A + ".astype(np.float16)")), FORWARD | {"forward_cache_A"}),
    "every gradient transposed": (
        edited((RETURN_GRADS, "        return {key: value.T for key, value in grads.items()}\n")),
        SHAPES | STEPS | (OUTPUT | HIDDEN) - ONE_BY_ONE,
    ),
    "other random weights each time": (
        edited((DA, 'grads[f"A{layer - 1}"] = np.random.default_rng().normal(size=cache[f"W{layer}"].shape).T @ dZ')),
        {"gradient_A_step", "gradient_second_call"} | HIDDEN | TOGETHER,
    ),
    "a wrong sign, and dW transposed": (
        edited((OUTPUT_DZ, 'cache["Y"] - out'), (DW, 'grads[f"W{layer}"] = A_previous @ dZ.T / m')),
        (OUTPUT | W | SHAPES) - ONE_BY_ONE,
    ),
    "only dZ of the output layer": (
        with_body("compute_gradients", 'return {f"Z{self.num_layers}": out - cache["Y"]}'),
        BACKWARD - SHAPES - {"example_output_Z", "gradient_output_Z", "gradient_saturated", "gradient_leaves_no_trace"}
        | {"gradient_keys_and_shapes"},
    ),
    "only the output layer": (
        with_body("compute_gradients", LAST_LAYER),
        KEYS | FIT | (STEPS | HIDDEN) - ONE_BY_ONE - {"gradient_output_Z"},
    ),
    "dnn.py without a backward pass": (with_body("compute_gradients", "raise NotImplementedError"), BACKWARD),
    "grads that are no dict": (edited((GRADS, GRADS + "        return []\n")), BACKWARD),
}


@pytest.mark.parametrize("name", PARTLY_RIGHT)
def test_a_partly_right_program_loses_exactly(name, grade):
    source, checks = PARTLY_RIGHT[name]
    assert lost(grade(source), "dnn") == checks
