"""What one mistake may cost: nothing in another part, and no more for its form than for what it is."""

import pytest

from autograder.backprop.calling import gradients_in
from autograder.backprop.case import recover_names
from autograder.backprop.example import NETWORK
from autograder.judge.loading import match_names
from tests.golden.programs import DA, DB, DW, GRADS, HIDDEN_DZ, OUTPUT_DZ, RETURN_GRADS, SIGMOID, STORE_Z, Z, edited, solution, with_body

# A mistake in dnn.py --------------------------------------------------------------------------------------------------

WRONG_DNN = {
    "dW that raises": edited((DW, DW.replace("A_previous.T", "A_previous"))),
    "Z that raises": edited((Z, Z.replace("W @", "W.T @"))),
    "a sign": edited((OUTPUT_DZ, 'cache["Y"] - out')),
    "no Z in the cache": edited((STORE_Z, "pass")),
    "gradients under other names": edited(
        (RETURN_GRADS, '        return {f"{key}_grad": value for key, value in grads.items()}\n')
    ),
    "no W1": edited((RETURN_GRADS, '        return {key: value for key, value in grads.items() if key != "W1"}\n')),
    "labels from elsewhere": edited((OUTPUT_DZ, "out - self.labels")),
    "three layers alone": edited(("range(1, self.num_layers + 1):\n            W, B", "(1, 2, 3):\n            W, B")),
    "a seed": edited((RETURN_GRADS, f"        np.random.seed(0)\n{RETURN_GRADS}")),
    "a sigmoid without its sign": edited((SIGMOID, SIGMOID.replace("exp(-", "exp("))),
    "another class": edited(("class DNN", "class Network")),
    "no sigmoid": edited(("def sigmoid", "def squash"), ("sigmoid(Z)", "squash(Z)")),
    "nothing done": with_body("forward", "raise NotImplementedError"),
    "a file that does not load": b"import nowhere\n",
}


@pytest.mark.parametrize("name", WRONG_DNN)
def test_a_mistake_in_dnn_costs_nothing_elsewhere(name, grade):
    result = grade({"warmup": solution("warmup").encode(), "dnn": WRONG_DNN[name], "extension": solution("extension").encode()})
    assert (result.part_score("warmup"), result.part_score("extension")) == (15, 25)


SUPER = "return super().compute_gradients(out, cache)"
WRONG_EXTENSION = {
    "another output": edited((SUPER, SUPER.replace("out,", "2 * out,")), part="extension"),
    "a gradient doubled": edited(
        (SUPER, f'grads = {SUPER[7:]}\n        grads["Z2"] = 2 * grads["Z2"]\n        return grads'), part="extension"
    ),
    "no softmax": edited(('cache[f"A{last}"] = softmax(cache[f"Z{last}"])', "pass"), part="extension"),
    "nothing done": edited(("_, cache = super().forward(X)", "raise NotImplementedError"), part="extension"),
}


@pytest.mark.parametrize("name", WRONG_EXTENSION)
@pytest.mark.parametrize("dnn", ["dW that raises", "Z that raises", "a sign", "another class"])
def test_a_wrong_extension_loses_its_points_on_a_wrong_dnn(name, dnn, grade):
    alone, both = (
        grade({"dnn": source, "extension": WRONG_EXTENSION[name]}).part_score("extension")
        for source in (solution().encode(), WRONG_DNN[dnn])
    )
    assert alone - 1 <= both <= alone < 25  # what a DNN that raises leaves of the arguments cannot be looked at


# A wrong product that raises ------------------------------------------------------------------------------------------

DA_PRODUCT = 'cache[f"W{layer}"].T @ dZ'
# A slip in a line: so that it raises, and so that it does not.
SLIPS = {
    "dZ @ A": (DW, "dZ @ A_previous.T", "dZ @ A_previous", "dZ @ (2 * A_previous).T"),
    "A.T @ dZ": (DW, "dZ @ A_previous.T", "A_previous.T @ dZ", "dZ @ (2 * A_previous).T"),
    "dZ * A.T": (DW, "dZ @ A_previous.T", "dZ * A_previous.T", "dZ @ (2 * A_previous).T"),
    "dB by a product": (DB, "dZ.sum(axis=1, keepdims=True)", "np.ones((1, m)) @ dZ", "dZ.sum(axis=0, keepdims=True)"),
    "W @ dZ": (DA, DA_PRODUCT, 'cache[f"W{layer}"] @ dZ', f"2 * {DA_PRODUCT}"),
    "dZ.T @ W": (DA, DA_PRODUCT, 'dZ.T @ cache[f"W{layer}"]', f"2 * {DA_PRODUCT}"),
    "W.T @ A": (DA, DA_PRODUCT, 'cache[f"W{layer}"].T @ A_previous', f"2 * {DA_PRODUCT}"),
    "dA @ A in dZ": (HIDDEN_DZ, '"] * A_previous * (1', '"] @ A_previous * (1', '"] * 2 * A_previous * (1'),
    "W.T @ A in Z": (Z, "W @ ", "W.T @ ", "2 * W @ "),
    "A.T in Z": (Z, '"] + B', '"].T + B', '"] + 2 * B'),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_costs_no_more_because_it_raises(name, grade):
    line, old, raising, wrong = SLIPS[name]
    results = [grade(edited((line, line.replace(old, new)))) for new in (raising, wrong)]
    assert any("raised" in check.got for check in results[0].failed)
    raises, errs = (result.part_score("dnn") for result in results)
    assert errs - 3 <= raises < 60


def test_a_program_for_square_matrices_only_is_not_a_mistake(grade):
    squares = edited((GRADS, f'        if len({{*self.layer_sizes, out.shape[1]}}) > 1:\n            raise ValueError\n{GRADS}'))
    assert grade(squares).part_score("dnn") <= 55


# Unfinished work ------------------------------------------------------------------------------------------------------

STEPS = [
    'last, m, grads = self.num_layers, out.shape[1], {}',
    'grads[f"Z{last}"] = out - cache["Y"]',
    'grads[f"B{last}"] = grads[f"Z{last}"].mean(axis=1, keepdims=True)',
    'grads[f"W{last}"] = grads[f"Z{last}"] @ cache[f"A{last - 1}"].T / m',
    'if last > 1: grads[f"A{last - 1}"] = cache[f"W{last}"].T @ grads[f"Z{last}"]',
    'if last > 1: grads[f"Z{last - 1}"] = grads[f"A{last - 1}"] * cache[f"A{last - 1}"] * (1 - cache[f"A{last - 1}"])',
    'if last > 1: grads[f"W{last - 1}"] = grads[f"Z{last - 1}"] @ cache[f"A{last - 2}"].T / m',
    'if last > 1: grads[f"B{last - 1}"] = grads[f"Z{last - 1}"].mean(axis=1, keepdims=True)',
]


def test_each_finished_step_raises_the_score(grade):
    scores = []
    for count in range(1, len(STEPS) + 1):
        result = grade(with_body("compute_gradients", "\n".join([*STEPS[:count], "return grads"])))
        scores.append(result.part_score("dnn"))
        partly = [check for check in result.failed if check.score]
        assert all(0 < check.score < check.points and f"earns {check.score:g} of" in check.got for check in partly)
    assert scores == sorted(set(scores))
    assert scores[0] == 18


def test_a_wrong_layer_earns_no_share_for_the_others(grade):
    wrong = edited((RETURN_GRADS, f'        grads["W2"] = 2 * grads["W2"]\n{RETURN_GRADS}'))
    assert all(check.score == 0 for check in grade(wrong).failed)


# Keys under other names -----------------------------------------------------------------------------------------------

KEYS = {"example_gradient_keys", "gradient_keys_and_shapes"}
CACHE_KEYS = {"example_cache_keys", "forward_cache_keys"}
FIT = "self.params[name] - learning_rate * grads[name]"


def lost(result, part="dnn"):
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


def renamed(name, of_param):
    """Return the solution with other keys of the gradients, and a fit that knows them."""
    return edited(
        (RETURN_GRADS, f"        return {{{name}: value for key, value in grads.items()}}\n"),
        (FIT, f"self.params[name] - learning_rate * grads[{of_param}]"),
    )


NAMES = {
    "small letters": renamed("key.lower()", "name.lower()"),
    "an underscore": renamed('f"{key[0]}_{key[1:]}"', 'f"{name[0]}_{name[1:]}"'),
    "a suffix": renamed('f"{key}_grad"', 'f"{name}_grad"'),
    "a long prefix": renamed('f"dLoss_d{key}"', 'f"dLoss_d{name}"'),
    "tuples": renamed("(key[0], int(key[1:]))", "(name[0], int(name[1:]))"),
    "counted from zero": renamed('f"{key[0]}{int(key[1:]) - 1}"', 'f"{name[0]}{int(name[1:]) - 1}"'),
    "small b": renamed('key.replace("B", "b")', 'name.replace("B", "b")'),
}


@pytest.mark.parametrize("name", NAMES)
def test_gradients_under_other_names_lose_their_keys_alone(name, grade):
    assert lost(grade(NAMES[name])) == KEYS


def test_a_dict_for_each_variable_loses_its_keys_alone(grade):
    nested = '        return {kind: {key: grads[f"{kind}{key}"] for key in range(1, 12) if f"{kind}{key}" in grads} for kind in "WBZA"}\n'
    assert lost(grade(edited((RETURN_GRADS, nested), (FIT, FIT[:-6] + "[name[0]][int(name[1:])]")))) == KEYS


@pytest.mark.parametrize("kinds", ["B", "WB", "WBZA"])
def test_a_cache_under_other_names_loses_its_keys_alone(kinds, grade):
    source = solution()
    for kind in kinds:
        source = source.replace(f'cache["{kind}0"]', f'cache["{kind.lower()}_0"]')
        source = source.replace(f'cache[f"{kind}{{', f'cache[f"{kind.lower()}_{{')
    assert lost(grade(source.encode())) == CACHE_KEYS


def test_wrong_values_under_other_names_still_lose_their_points(grade):
    wrong = NAMES["a suffix"].replace(DW.encode(), DW.replace(" / m", "").encode())
    assert {"example_W", "gradient_W_step", "gradient_numerical_W", *KEYS} <= lost(grade(wrong))


AMBIGUOUS = [
    ["mW1", "mW2", "vW1", "vW2"],
    ["W1_old", "W2_old", "W1_new", "W2_new"],
    ["first", "second"],
    ["W1", "W2", "dW1", "dW2"],  # nothing is missing
]


@pytest.mark.parametrize("names", AMBIGUOUS)
def test_names_that_leave_a_choice_are_not_recovered(names):
    assert recover_names(names, ["W2", "W1"]) == {}


def test_of_two_families_the_gradients_are_used():
    assert recover_names(["vW1", "vW2", "dW1", "dW2"], ["W2", "W1"]) == {"W2": "dW2", "W1": "dW1"}


# Classes of other names -----------------------------------------------------------------------------------------------

RENAMED = edited(("class DNN", "class Perceptron"))
MODELS = ("SoftmaxDNN", "SquaredErrorSoftmaxDNN", "GeneralDNN")
NAME_CHECKS = {"example_softmax_forward", "example_squared_error", "example_general"}


def with_extension(dnn, *edits):
    return {"dnn": dnn, "extension": edited(*edits, part="extension")}


def test_a_class_of_another_name_costs_its_name_alone(grade):
    result = grade(RENAMED)
    assert lost(result) == {"example_output"}
    assert result.notes[-1] == "dnn.py defines no `DNN`; its class `Perceptron` was graded instead. Rename it to `DNN`."


def test_a_mistake_under_another_name_costs_what_it_costs(grade):
    wrong = (DW, DW.replace(" / m", ""))
    alone, both = grade(edited(wrong)), grade(edited(wrong, ("class DNN", "class Perceptron")))
    assert lost(both) == {*lost(alone), "example_output"}
    assert [cause.said for cause in both.causes] == [cause.said for cause in alone.causes]


@pytest.mark.parametrize(
    "edits",
    [
        [("DNN", "DNN")],
        [("import DNN", "import Perceptron"), ("(DNN)", "(Perceptron)")],
        [("import DNN", "import Perceptron as DNN")],
    ],
)
def test_an_extension_finds_the_class_under_either_name(edits, grade):
    result = grade(with_extension(RENAMED, *edits))
    assert (lost(result), lost(result, "extension")) == ({"example_output"}, set())


def test_classes_of_an_extension_cost_a_name_each(grade):
    names = [(f"class {name}", f"class {name.replace('DNN', 'Network')}") for name in MODELS]
    names.append(("(SoftmaxDNN)", "(SoftmaxNetwork)"))
    assert lost(grade(with_extension(solution().encode(), *names)), "extension") == NAME_CHECKS
    both = grade(with_extension(RENAMED, *names))
    assert (lost(both), lost(both, "extension")) == ({"example_output"}, NAME_CHECKS)
    only = grade(with_extension(solution().encode(), ("class GeneralDNN", "class AnyDNN")))
    assert lost(only, "extension") == {"example_general"}


@pytest.mark.parametrize(
    ("missing", "others", "matched"),
    [
        (["DNN"], ["First", "Second"], {}),
        (["DNN"], [], {}),
        (["SoftmaxDNN", "GeneralDNN"], ["SoftmaxNet"], {"SoftmaxDNN": "SoftmaxNet"}),
        (["SoftmaxDNN", "GeneralDNN"], ["generalnet", "softmaxnet"], {"SoftmaxDNN": "softmaxnet", "GeneralDNN": "generalnet"}),
    ],
)
def test_names_are_matched_where_they_leave_no_choice(missing, others, matched):
    assert match_names(missing, others) == matched


def test_a_class_that_is_not_a_network_is_not_graded(grade):
    result = grade(edited(("class DNN", "class Perceptron"), ("def compute_gradients", "def backward_pass")))
    assert result.part_score("dnn") == 0


# Other forms of the same ----------------------------------------------------------------------------------------------

RETURN_FORWARD = 'return cache[f"A{self.num_layers}"], cache'
UNPACK_FORWARD = "out, cache = self.forward(X)"
OUT_OF_FORWARD = "out, _ = self.forward(X)"


def with_forward(returned, cache, out):
    """Return the solution with another form of what forward returns, which its own methods know."""
    unpacked = f"answer = self.forward(X)\n        out, cache = answer[{out}], answer[{cache}]"
    return (
        (RETURN_FORWARD, f'out = cache[f"A{{self.num_layers}}"]\n        return {returned}'),
        (UNPACK_FORWARD, unpacked),
        (OUT_OF_FORWARD, f"out = self.forward(X)[{out}]"),
    )


FORWARDS = {
    "the cache first": with_forward("cache, out", 0, 1),
    "labels in between": with_forward("out, None, cache", 2, 0),
    "the input as well": with_forward("(out, cache, X)", 1, 0),
    "a dict": with_forward('{"out": out, "cache": cache}', "'cache'", "'out'"),
    "a list of three": with_forward("[cache, out, X]", 0, 1),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_another_form_of_what_forward_returns_costs_one_check(name, grade):
    assert lost(grade(edited(*FORWARDS[name]))) == {"example_cache_keys"}


def test_a_mistake_in_another_form_costs_what_it_costs(grade):
    wrong = (DW, DW.replace(" / m", ""))
    assert lost(grade(edited(wrong, *FORWARDS["a dict"]))) == {*lost(grade(edited(wrong))), "example_cache_keys"}


def test_an_output_alone_is_not_another_form(grade):
    result = grade(edited((RETURN_FORWARD, 'return cache[f"A{self.num_layers}"]')))
    assert {"example_output", "example_cache_values", "forward_output"} <= lost(result)


PUT_LABELS = '        cache["Y"] = Y\n'
WITH_ARGUMENT = (
    ("return self.compute_gradients(out, cache)", "return self.compute_gradients(out, cache, Y)"),
    ("def compute_gradients(self, out, cache)", "def compute_gradients(self, out, cache, Y)"),
    (OUTPUT_DZ, "out - Y"),
)
LABELS = {
    "self.labels": ((PUT_LABELS, "        self.labels = Y\n"), (OUTPUT_DZ, "out - self.labels")),
    "self.y": ((PUT_LABELS, "        self.y = Y\n"), (OUTPUT_DZ, "out - self.y")),
    "self.target": (
        (PUT_LABELS, "        self.target = Y\n"),
        (OUTPUT_DZ, "out - self.target"),
        ("self.params = {}", "self.params, self.target = {}, None"),
    ),
    'cache["target"]': ((PUT_LABELS, '        cache["target"] = Y\n'), (OUTPUT_DZ, 'out - cache["target"]')),
    "an argument `Y`": WITH_ARGUMENT,
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_in_another_place_cost_one_check(name, grade):
    result = grade(with_extension(edited(*LABELS[name])))
    assert lost(result) == {"example_gradient_keys"}
    assert lost(result, "extension") == set()
    (said,) = (check.got for check in result.failed if check.part == "dnn")
    assert name in said
    assert 'cache["Y"]' in said


def test_a_mistake_with_labels_in_another_place_costs_what_it_costs(grade):
    wrong = (DW, DW.replace(" / m", ""))
    alone, both = grade(edited(wrong)), grade(edited(wrong, *LABELS["self.labels"]))
    assert lost(both) == {*lost(alone), "example_gradient_keys"}
    assert [cause.said for cause in both.causes] == [cause.said for cause in alone.causes]


def test_an_attribute_that_is_never_set_is_not_a_place_for_labels(grade):
    missing = grade(edited((OUTPUT_DZ, "out - self.labels")))
    assert "example_output_Z" in lost(missing)


def with_gradients(returned, of_param):
    """Return the solution with another form of the gradients, which its own fit knows."""
    return edited(
        (RETURN_GRADS, f"        layers = range(1, self.num_layers + 1)\n        return {returned}\n"),
        (FIT, f"self.params[name] - learning_rate * grads{of_param}"),
    )


BY_LAYER = "[2 * int(name[1:]) - 2 + 'WB'.index(name[0])]"
UNNAMED = {
    "a tuple with the dict": with_gradients("grads, 0.5", "[0][name]"),
    "the order of the way back": with_gradients(
        "list(grads.values())", "[[f'{k}{n}' for n in reversed(range(1, len(self.params) // 2 + 1)) for k in 'ZWBA'].index(name)]"
    ),
}
WITHOUT_STEPS = {
    "two lists": with_gradients(
        "tuple([grads[f'{kind}{layer}'] for layer in layers] for kind in 'WB')", "['WB'.index(name[0])][int(name[1:]) - 1]"
    ),
    "pairs": with_gradients(
        "[(grads[f'W{layer}'], grads[f'B{layer}']) for layer in layers]", "[int(name[1:]) - 1]['WB'.index(name[0])]"
    ),
    "a flat list": with_gradients("[grads[f'{kind}{layer}'] for layer in layers for kind in 'WB']", BY_LAYER),
}
STEPS_OF_Z_AND_A = {"example_output_Z", "gradient_output_Z", "gradient_A_step", "gradient_hidden_Z_step"}


@pytest.mark.parametrize("name", UNNAMED)
def test_gradients_without_names_lose_their_keys_alone(name, grade):
    result = grade(UNNAMED[name])
    assert lost(result) == KEYS
    assert all("grads must be a dict" in check.got for check in result.failed if check.part == "dnn")


@pytest.mark.parametrize("name", WITHOUT_STEPS)
def test_gradients_without_names_lose_what_they_lack(name, grade):
    assert lost(grade(WITHOUT_STEPS[name])) == KEYS | STEPS_OF_Z_AND_A


def test_another_form_of_what_gradients_returns_costs_one_check(grade):
    source = edited(
        ("return self.compute_gradients(out, cache)", "return self.compute_gradients(out, cache), 0.5"),
        ("grads = self.gradients(X, Y)", "grads, _ = self.gradients(X, Y)"),
    )
    assert lost(grade(source)) == {"example_gradients"}


def test_gradients_whose_order_is_unknown_are_not_guessed(case=NETWORK):
    weights = [case.params[f"W{layer}"] for layer in (3, 1, 2)]
    assert gradients_in(weights, case) is None
    assert gradients_in([{}, {}], case) is None
    assert gradients_in("W1", case) is None


def test_objects_that_are_numbers_cost_what_cannot_compute_with_them(grade):
    result = grade(edited((OUTPUT_DZ, '(out - cache["Y"]).astype(object)')))
    assert lost(result) == {"fit_losses", "fit_parameters", "fit_tolerance", "fit_goes_on"}
    assert all("an array here has dtype object" in check.got for check in result.failed if check.part == "dnn")


GENERAL_FORWARD = 'A{layer}"] = g(cache[f"Z{layer}"])\n        return cache[f"A{self.num_layers}"], cache'
GENERAL_GRADIENTS = "return backward_pass(out - cache["


def test_another_form_in_an_extension_costs_one_check(grade):
    swapped = (GENERAL_FORWARD, GENERAL_FORWARD.replace('cache[f"A{self.num_layers}"], cache', 'cache, cache[f"A{self.num_layers}"]'))
    assert lost(grade(with_extension(solution().encode(), swapped)), "extension") == {"example_general"}
    with_loss = (GENERAL_GRADIENTS, "return 0.5, backward_pass(out - cache[")
    assert lost(grade(with_extension(solution().encode(), with_loss)), "extension") == {"example_general"}


def test_a_form_that_the_class_above_has_too_is_paid_for_there(grade):
    dnn = edited(*FORWARDS["the cache first"])
    unpacked = ("_, cache = super().forward(X)", "cache, _ = super().forward(X)")
    softmax = ('return cache[f"A{last}"], cache', 'return cache, cache[f"A{last}"]')
    general = (GENERAL_FORWARD, GENERAL_FORWARD.replace('cache[f"A{self.num_layers}"], cache', 'cache, cache[f"A{self.num_layers}"]'))
    result = grade(with_extension(dnn, unpacked, softmax, general))
    assert (lost(result), lost(result, "extension")) == ({"example_cache_keys"}, set())
