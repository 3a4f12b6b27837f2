"""What one mistake may cost: nothing in another part, and no more for its form than for what it is."""

import pytest

from tests.golden.programs import DW, OUTPUT_DZ, RETURN_GRADS, SIGMOID, STORE_Z, Z, edited, solution, with_body

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
