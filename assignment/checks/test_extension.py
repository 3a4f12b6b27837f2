"""Public checks of extension.py. Students have them too.

The networks are built from that of the dnn.py example, so the values up to Z2 are known from there.
"""

from dataclasses import replace

import numpy as np

from checks.case import in_the_notes
from checks.example import DNN, GENERAL, SOFTMAX, SQUARED_ERROR
from checks.running import (
    either,
    expect_cache,
    expect_softmax_cache,
    expect_usual_forms,
    network,
    on_right_base,
    run_backward,
    with_own_or_reference_cache,
)
from checks.checking import (
    CheckFailure,
    agree,
    check,
    expect_tensor,
    expect_untouched,
    mapping,
    require_key,
    require_keys,
    tensor,
)

LAST = SOFTMAX.case.layers[-1]
# The same on a DNN that is right: what your own one has wrong costs nothing here.
ON_BASE = replace(SOFTMAX, case=on_right_base(SOFTMAX.case, SOFTMAX.cache, SOFTMAX.grads))


@check
def test_example_softmax(student):
    """`softmax` returns the softmax of each column of a (3, 5) example."""
    got = student.fetch(student.module("extension").softmax(SOFTMAX.cache[f"Z{LAST}"]))
    expect_tensor("softmax(Z)", got, SOFTMAX.cache[f"A{LAST}"], show=True)


@check
def test_example_softmax_forward(student):
    """`SoftmaxDNN.forward` returns the right output for the example and stores it in the cache as A2."""
    expect_softmax_cache(student, SOFTMAX.case, SOFTMAX.cache, ON_BASE.case, show=True)


@check
def test_example_cross_entropy(student):
    """dZ of the output layer of `SoftmaxDNN` is right on the example."""
    either(lambda: expect_gradients(student, SOFTMAX), lambda: expect_gradients(student, ON_BASE))
    expect_usual_forms(student, SOFTMAX.case)


@check
def test_example_squared_error(student):
    """The loss of `SquaredErrorSoftmaxDNN` and dZ of its output layer are right on the example."""
    case, out = SQUARED_ERROR.case, SQUARED_ERROR.cache[f"A{LAST}"]
    loss = student.fetch(network(student, case).loss(out, case.Y))
    expect_tensor("loss", loss, np.array(SQUARED_ERROR.loss), show=True)
    expect_gradients(student, SQUARED_ERROR)
    expect_usual_forms(student, SQUARED_ERROR.case)


def expect_gradients(student, example):
    """The gradients have the values of the example, on the student's own cache or on that of the example."""

    def attempt(source):
        grads = run_backward(student, example.case, source)
        for key, want in example.grads.items():
            expect_tensor(key, require_key("grads", grads, key), want, case=example.case, show=True)

    def reference(_):
        return example.cache

    with_own_or_reference_cache(student, example.case, reference, attempt)


WORKED_FORWARD = {
    "a1": [2.9, 1.4, 2.1, 2.3],
    "h1": [0.94784644, 0.80218389, 0.89090318, 0.90887704],
    "a2": [1.65740178, 0.44719243],
    "y_hat": [0.77033599, 0.22966401],
}


@check
def test_example_worked_forward(student):
    """`worked_example` has every key, and the forward half of the 4-4-2 network: a1, h1, a2 and y_hat."""
    values = mapping("What worked_example returned", student.fetch(student.module("extension").worked_example()))
    require_keys("The dict", values, [*WORKED_FORWARD, "dL_dw212", "dL_dw131", "w212_next"])
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
            got, Z = student.fetch(student.module("extension").ACTIVATIONS[name][number](Z), Z)
            expect_tensor(f"{what} of {name}", got, np.array(want, float), show=True)
            expect_untouched("Z", Z, SLOPES_AT)


@check
def test_example_general(student):
    """`GeneralDNN` with tanh, relu and sigmoid has the right cache and the right dZ in every layer of the example."""
    expect_cache(student, GENERAL.case, GENERAL.cache, show=True)
    expect_gradients(student, GENERAL)
    expect_usual_forms(student, GENERAL.case)


@check
def test_example_notes(student):
    """`notes_gradients` returns the gradients of the dnn.py example under the names, and in the shapes, of the notes."""
    grads = student.fetch(student.module("extension").notes_gradients(in_the_notes(DNN.case.params), DNN.case.X, DNN.case.Y))
    mapping("What notes_gradients returned", grads)
    wants = in_the_notes(DNN.grads, "dJd")
    require_keys("The dict", grads, wants)
    for key, want in wants.items():
        expect_notes(key, grads[key], want)


def expect_notes(key, value, want):
    """A gradient of the notes' convention; one in the convention of dnn.py is named as such."""
    got = tensor(key, value)
    if got.shape != want.shape and got.shape == want.T.shape and agree(got, want.T):
        raise CheckFailure(f"`{key}` is the transpose of the right one: here w_l is (n_{{l-1}}, n_l), and dJdw_l like it.", key)
    expect_tensor(key, value, want, show=True)
