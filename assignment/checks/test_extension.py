"""Public checks of extension.py. Students have them too.

The networks are built from that of the dnn.py example, so the values up to Z2 are known from there.
"""

from dataclasses import replace

import numpy as np

from checks.running import expect_cache, expect_softmax_cache, network, on_either_cache, run_backward
from checks.checking import (
    CheckFailure,
    agree,
    check,
    expect_tensor,
    expect_untouched,
    in_the_notes,
    mapping,
    take,
    take_all,
    tensor,
)
from checks.test_dnn import EXAMPLE, WANTED_CACHE, WANTED_GRADS

# Three classes: the first two layers of the dnn.py example, and a softmax on Z2.
LABELS = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [0, 0, 1, 0, 0]], float)
TWO_LAYERS = {key: EXAMPLE.params[key] for key in ("W1", "B1", "W2", "B2")}
CROSS_ENTROPY = replace(EXAMPLE, layer_sizes=(2, 3, 3), params=TWO_LAYERS, Y=LABELS, model="SoftmaxDNN")
SQUARED_ERROR = replace(CROSS_ENTROPY, model="SquaredErrorSoftmaxDNN")
PROBABILITIES = np.array(
    [
        [0.0421068, 0.284638149, 0.509894057, 0.613991239, 0.127766993],
        [0.073953737, 0.033829979, 0.385810559, 0.145578876, 0.316135433],
        [0.883939463, 0.681531873, 0.104295384, 0.240429885, 0.556097574],
    ]
)
SOFTMAX_CACHE = {**{key: WANTED_CACHE[key] for key in (*TWO_LAYERS, "A0", "Z1", "A1", "Z2")}, "A2": PROBABILITIES}
SQUARED_ERROR_LOSS = 1.08314745
SQUARED_ERROR_Z2 = np.array(
    [
        [-0.143531765, -0.129897983, 0.198318375, -0.279983078, 0.004699755],
        [-0.099472299, -0.100068338, 0.054311849, 0.088391166, -0.501542328],
        [0.243004064, 0.229966321, -0.252630224, 0.191591912, 0.496842573],
    ]
)

# The whole dnn.py example with tanh in the first and ReLU in the second layer.
GENERAL = replace(EXAMPLE, model="GeneralDNN", activations=("tanh", "relu", "sigmoid"))
GENERAL_CACHE = {
    **EXAMPLE.params,
    "A0": EXAMPLE.X,
    "Z1": WANTED_CACHE["Z1"],
    "A1": np.tanh(WANTED_CACHE["Z1"]),
    "Z2": np.array(
        [
            [-1.772501543, 1.88954874, 2.303452275, 2.6001803, -0.664198052],
            [-0.421852939, -3.346523371, -0.057853874, -1.365418396, 0.853397851],
            [4.14509597, 2.452909279, -4.119681934, -2.167660685, 0.896222836],
        ]
    ),
    "A2": np.array(
        [
            [0, 1.88954874, 2.303452275, 2.6001803, 0],
            [0, 0, 0, 0, 0.853397851],
            [4.14509597, 2.452909279, 0, 0, 0.896222836],
        ]
    ),
    "Z3": np.array([[3.54509597, 5.63200676, 4.00690455, 4.600360601, -0.983873942]]),
    "A3": np.array([[0.971944008, 0.996431399, 0.982135338, 0.99005175, 0.272123786]]),
}
GENERAL_GRADS = {
    "Z3": np.array([[-0.028055992, 0.996431399, -0.017864662, 0.99005175, 0.272123786]]),
    "Z2": np.array(
        [
            [0, 1.992862799, -0.035729324, 1.980103501, 0],
            [0, 0, 0, 0, -0.408185678],
            [-0.028055992, 0.996431399, 0, 0, 0.272123786],
        ]
    ),
    "Z1": np.array(
        [
            [0.017674195, 0.090030885, -0.001552972, 1.557247909, -0.365276674],
            [-0.005069904, -0.010883676, 0.030010799, -0.064211932, -0.061468218],
            [-0.000137027, 0.019801676, -0.000159556, 0.906032951, 0.782901302],
        ]
    ),
}


@check
def test_example_softmax(student):
    """`softmax` returns the softmax of each column of a (3, 5) example."""
    got = student.fetch(student.extension.softmax(SOFTMAX_CACHE["Z2"]))
    expect_tensor("softmax(Z)", got, PROBABILITIES, show=True)


@check
def test_example_softmax_forward(student):
    """`SoftmaxDNN.forward` returns the right output for the example and stores it in the cache as A2."""
    expect_softmax_cache(student, CROSS_ENTROPY, SOFTMAX_CACHE, show=True)


@check
def test_example_cross_entropy(student):
    """dZ of the output layer of `SoftmaxDNN` is right on the example."""
    expect_gradients(student, CROSS_ENTROPY, SOFTMAX_CACHE, {"Z2": PROBABILITIES - LABELS})


@check
def test_example_squared_error(student):
    """The loss of `SquaredErrorSoftmaxDNN` and dZ of its output layer are right on the example."""
    loss = student.fetch(network(student, SQUARED_ERROR).loss(PROBABILITIES, LABELS))
    expect_tensor("loss", loss, np.array(SQUARED_ERROR_LOSS), show=True)
    expect_gradients(student, SQUARED_ERROR, SOFTMAX_CACHE, {"Z2": SQUARED_ERROR_Z2})


def expect_gradients(student, case, cache, wants):
    """These gradients have these values, on the student's own cache or on the one written out above."""

    def attempt(source):
        grads = run_backward(student, case, source)
        for key, want in wants.items():
            expect_tensor(key, take("grads", grads, key), want, case=case, show=True)

    def reference(_):
        return cache

    on_either_cache(student, case, reference, attempt)


WORKED_FORWARD = {
    "a1": [2.9, 1.4, 2.1, 2.3],
    "h1": [0.94784644, 0.80218389, 0.89090318, 0.90887704],
    "a2": [1.65740178, 0.44719243],
    "y_hat": [0.77033599, 0.22966401],
}


@check
def test_example_worked_forward(student):
    """`worked_example` has every key, and the forward half of the 4-4-2 network: a1, h1, a2 and y_hat."""
    values = mapping("What worked_example returned", student.fetch(student.extension.worked_example()))
    take_all("The dict", values, [*WORKED_FORWARD, "dL_dw212", "dL_dw131", "w212_next"])
    for key, want in WORKED_FORWARD.items():
        expect_tensor(key, tensor(key, values[key]).ravel(), np.array(want), show=True)


SLOPES_AT = np.array([[-2.0, -0.5, 1.0]])
ACTIVATION_VALUES = {
    "sigmoid": ([[0.11920292, 0.37754067, 0.73105858]], [[0.10499359, 0.23500371, 0.19661193]]),
    "tanh": ([[-0.96402758, -0.46211716, 0.76159416]], [[0.07065082, 0.78644773, 0.41997434]]),
    "relu": ([[0, 0, 1]], [[0, 0, 1]]),
}


@check
def test_example_activations(student):
    """`ACTIVATIONS` has the right value and the right slope of sigmoid, tanh and relu at Z = -2, -0.5 and 1."""
    for name, (value, slope) in ACTIVATION_VALUES.items():
        for number, what, want in ((0, "g", value), (1, "g'", slope)):
            Z = student.place(SLOPES_AT)
            got, Z = student.fetch(student.extension.ACTIVATIONS[name][number](Z), Z)
            expect_tensor(f"{what} of {name}", got, np.array(want, float), show=True)
            expect_untouched("Z", Z, SLOPES_AT)


@check
def test_example_general(student):
    """`GeneralDNN` with tanh, relu and sigmoid has the right cache and the right dZ in every layer of the example."""
    expect_cache(student, GENERAL, GENERAL_CACHE, show=True)
    expect_gradients(student, GENERAL, GENERAL_CACHE, GENERAL_GRADS)


@check
def test_example_notes(student):
    """`notes_gradients` returns the gradients of the dnn.py example under the names, and in the shapes, of the notes."""
    grads = student.fetch(student.extension.notes_gradients(in_the_notes(EXAMPLE.params), EXAMPLE.X, EXAMPLE.Y))
    mapping("What notes_gradients returned", grads)
    wants = in_the_notes(WANTED_GRADS, "dJd")
    take_all("The dict", grads, wants)
    for key, want in wants.items():
        expect_notes(key, grads[key], want)


def expect_notes(key, value, want):
    """A gradient of the notes' convention; one in the convention of dnn.py is named as such."""
    got = tensor(key, value)
    if got.shape != want.shape and got.shape == want.T.shape and agree(got, want.T):
        raise CheckFailure(f"`{key}` is the transpose of the right one: here w_l is (n_{{l-1}}, n_l), and dJdw_l like it.", key)
    expect_tensor(key, value, want, show=True)
