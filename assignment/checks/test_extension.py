"""Public checks of extension.py. Students get them, too.

The networks are built from the one in the dnn.py example, so the values up to Z2 are the same.
"""

import functools
from dataclasses import replace

import numpy as np

from checks.calling import outcome
from checks.case import in_the_notes
from checks.example import DNN, GENERAL, SOFTMAX, SQUARED_ERROR
from checks.observing import (
    Checks,
    all_right,
    observe_backward,
    observe_forward,
    observe_returned,
    reference,
)
from checks.running import (
    ON_REFERENCE,
    either,
    expect_cache,
    expect_usual_forms,
    network,
    run_backward,
    with_own_or_reference_cache,
)
from checks.softmax import expect_softmax_cache, on_right_base
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
from checks.naming import Observed

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
    """`SoftmaxDNN.forward` returns the softmax of Z2 and stores it in the cache as A2."""
    expect_softmax_cache(student, SOFTMAX.case, SOFTMAX.cache, ON_BASE.case, show=True)


@check
def test_example_cross_entropy(student):
    """`SoftmaxDNN` computes dZ of its output layer."""
    if not either(lambda: expect_gradients(student, SOFTMAX), lambda: expect_gradients(student, ON_BASE)):
        student.note_follows("Correct on top of a correct `DNN`, but not on top of yours.")
    expect_usual_forms(student, SOFTMAX.case)


@check
def test_example_squared_error(student):
    """`SquaredErrorSoftmaxDNN` computes its loss and dZ of its output layer."""
    case, out = SQUARED_ERROR.case, SQUARED_ERROR.cache[f"A{LAST}"]
    loss = student.fetch(network(student, case).loss(out, case.Y))
    expect_tensor("loss", loss, np.array(SQUARED_ERROR.loss), show=True)
    expect_gradients(student, SQUARED_ERROR)
    expect_usual_forms(student, SQUARED_ERROR.case)


def expect_gradients(student, example):
    """Raise CheckFailure unless the gradients have the example's values, on the student's own cache or on the example's."""

    def attempt(source):
        grads = run_backward(student, example.case, source)
        for key, want in example.grads.items():
            expect_tensor(key, require_key("grads", grads, key), want, case=example.case, show=True)

    if not with_own_or_reference_cache(student, example.case, reference(example), attempt):
        student.note_follows(ON_REFERENCE)


WORKED_FORWARD = {
    "a1": [2.9, 1.4, 2.1, 2.3],
    "h1": [0.94784644, 0.80218389, 0.89090318, 0.90887704],
    "a2": [1.65740178, 0.44719243],
    "y_hat": [0.77033599, 0.22966401],
}


WORKED_KEYS = [*WORKED_FORWARD, "dL_dw212", "dL_dw131", "w212_next"]


@check
def test_example_worked_forward(student):
    """`worked_example` returns a dict with every key and the correct a1, h1, a2 and y_hat."""
    values = mapping("The return value of worked_example", student.fetch(student.module("extension").worked_example()))
    require_keys("The dict", values, WORKED_KEYS)
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
    """`ACTIVATIONS` has the correct values and derivatives of sigmoid, tanh and relu at Z = -2, -0.5 and 1."""
    for name, (value, slope) in ACTIVATION_VALUES.items():
        for number, what, want in ((0, "g", value), (1, "g'", slope)):
            got, Z = call_activation(student, name, number)
            expect_tensor(f"{what} of {name}", got, np.array(want, float), show=True)
            expect_untouched("Z", Z, SLOPES_AT)


def call_activation(student, name, number):
    """Return the result of an activation, or of its derivative if number is 1, and the argument after the call."""
    Z = student.place(SLOPES_AT)
    return student.fetch(student.module("extension").ACTIVATIONS[name][number](Z), Z)


@check
def test_example_general(student):
    """`GeneralDNN` with tanh, relu and sigmoid fills its cache and computes dZ of every layer."""
    expect_cache(student, GENERAL.case, GENERAL.cache, show=True)
    expect_gradients(student, GENERAL)
    expect_usual_forms(student, GENERAL.case)


@check
def test_example_notes(student):
    """`notes_gradients` returns the gradients of the dnn.py example with the names and shapes of the notes."""
    grads = call_notes(student)
    mapping("The return value of notes_gradients", grads)
    wants = in_the_notes(DNN.grads, "dJd")
    require_keys("The dict", grads, wants)
    for key, want in wants.items():
        expect_notes(key, grads[key], want)


def call_notes(student):
    return call_function(student, "notes_gradients", in_the_notes(DNN.case.params), DNN.case.X, DNN.case.Y)


def expect_notes(key, value, want):
    """Raise CheckFailure unless a gradient is correct in the convention of the notes; detect the convention of dnn.py."""
    got = tensor(key, value)
    if got.shape != want.shape and got.shape == want.T.shape and agree(got, want.T):
        raise CheckFailure(f"`{key}` is transposed: here w_l is (n_{{l-1}}, n_l), and so is dJdw_l.", key)
    expect_tensor(key, value, want, show=True)


def observe(student):
    """Yield the results of the code on the examples, in the order in which a student should look at them."""
    Z = SOFTMAX.cache[f"Z{LAST}"]
    call = functools.partial(call_function, student, "softmax", Z)
    wants = {"softmax(Z)": SOFTMAX.cache[f"A{LAST}"]}
    yield from observe_function(student, "softmax", "example_softmax", lambda: {"softmax(Z)": call()}, wants, Z.shape[1])
    yield from observe_softmax_networks(student)
    yield from observe_function(
        student,
        "worked_example",
        "example_worked_forward",
        functools.partial(flat_values, student),
        WORKED_FORWARD,
        keys=WORKED_KEYS,
    )
    yield from observe_activations(student)
    yield from observe_network(student, GENERAL, "example_general")
    notes = lambda: mapping("The return value of notes_gradients", call_notes(student))  # noqa: E731
    yield from observe_function(
        student, "notes_gradients", "example_notes", notes, in_the_notes(DNN.grads, "dJd"), DNN.case.samples
    )


def observe_function(student, function, check, call, wants, m=0, keys=()):
    """Yield the values in the dict that a function returns."""
    yield from observe_returned(student, call, wants, functools.partial(Observed, (check,), function, m=m, topic=check), keys)


def call_function(student, name, *arguments):
    """Call a function of the extension, and return its result."""
    return student.fetch(getattr(student.module("extension"), name)(*map(student.place, arguments)))


def flat_values(student):
    """Return the result of worked_example, with columns flattened to vectors."""
    values = mapping("The return value of worked_example", call_function(student, "worked_example"))
    return {key: value.ravel() if isinstance(value, np.ndarray) else value for key, value in values.items()}


def observe_softmax_networks(student):
    """Yield the results of the networks with a softmax; mistakes in `DNN` or `softmax` are not reported again."""
    forward = Checks(("example_softmax_forward",), ("example_softmax_forward",))
    follows = outcome(student, lambda: test_example_softmax_forward(student)) is None
    if not follows:
        yield from observe_forward(student, base_if_wrong(student), forward)
    for example, name in ((SOFTMAX, "example_cross_entropy"), (SQUARED_ERROR, "example_squared_error")):
        if example is SQUARED_ERROR:
            yield from observe_loss(student, example, name)
        yield from observe_backward(student, example, None if follows else reference(example), Checks((name,), (name,)))


def base_if_wrong(student):
    """Return the softmax example, on a correct DNN if the student's own one is wrong."""
    below = replace(SOFTMAX, case=replace(SOFTMAX.case, model="DNN"))
    seen = observe_forward(student, below, Checks((), ()))
    return SOFTMAX if all_right([one for one in seen if one.name not in (f"A{LAST}", "out")]) else ON_BASE


def observe_loss(student, example, check):
    """Yield the loss of a network for the correct output."""
    case, out = example.case, example.cache[f"A{LAST}"]
    call = lambda: {"loss": student.fetch(network(student, case).loss(*map(student.place, (out, case.Y))))}  # noqa: E731
    yield from observe_function(student, f"{case.model}.loss", check, call, {"loss": example.loss}, case.samples)


def observe_network(student, example, check):
    """Yield the results of both passes; the backward pass gets the example's cache if the forward pass is wrong."""
    checks = Checks((check,), (check,))
    forward = [*observe_forward(student, example, checks)]
    yield from forward
    yield from observe_backward(student, example, None if all_right(forward) else reference(example), checks)


def observe_activations(student):
    """Yield each activation and its derivative, and their argument after the call, which must not change."""
    for name, (value, slope) in ACTIVATION_VALUES.items():
        for number, what, want in ((0, "g", value), (1, "g'", slope)):
            words = f"{what} of {name}"
            call = functools.partial(values_of_activation, student, name, number, words)
            wants = {words: np.array(want, float), "Z after the call": SLOPES_AT}
            yield from observe_function(student, words, "example_activations", call, wants)


def values_of_activation(student, name, number, words):
    """Return the result of an activation, and its argument after the call, as a dict."""
    got, Z = call_activation(student, name, number)
    return {words: got, "Z after the call": Z}
