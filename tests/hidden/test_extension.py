"""Hidden checks of extension.py.

Networks with a softmax have at least three classes: with two, a forgotten cross term of the Jacobian is exactly a factor 1/2.
Everything below the output layer of a SoftmaxDNN is computed by dnn.py, whose mistakes cost no points here.
"""

import contextlib
import functools
import math
from functools import partial

import numpy as np

from autograder.backprop.calling import labels_place, network, outcome, same
from autograder.backprop.case import as_column, gradient_keys, in_the_notes
from autograder.backprop.cases import loss_on
from autograder.backprop.oracle import ACTIVATIONS, reference_cache, reference_of, softmax
from autograder.backprop.running import expect_cache, expect_usual_forms, own_gradients, run_backward
from autograder.backprop.softmax import expect_softmax_cache
from autograder.backprop.variety import DEEP, SHALLOW, sample_variety
from autograder.checking import (
    FOUND,
    CheckFailure,
    Found,
    StudentError,
    check,
    expect_finite,
    expect_tensor,
    mapping,
    require_key,
    tensor,
)
from tests.hidden.credit import chain, expect_correct_step_on
from tests.hidden.inherited import is_right, situation, unless_dnn_fails_too
from tests.hidden.steps import (
    SLOPES,
    expect_finite_gradients,
    expect_on_either_base,
    expect_reference,
    expect_reference_or_result_of_dnn,
    expect_steps,
    on_base,
)


@functools.cache
def logits_of(cases):
    """Return an argument for softmax."""
    return reference_cache(cases.softmax)["Z2"]


# The smaller entries of its softmax are about 1e-6: more than some programs add to a probability before taking its logarithm.
LARGE_LOGITS = np.array([[30.0, -12.5], [17.5, -26.0], [16.0, -24.5]])


@check
def test_softmax_columns(student, cases):
    """`softmax` is correct for several columns, for a single one, and for integers."""
    logits, function = logits_of(cases), student.module("extension").softmax
    batches = [logits, logits[:, ::-1], logits[:, :1], logits[:3, :5], np.rint(2 * logits).astype(int)]
    for Z, got in zip(batches, student.fetch(*(student.copy(function(Z)) for Z in batches)), strict=True):
        expect_tensor("softmax(Z)", got, softmax(Z))


@check
def test_softmax_stable(student, cases):
    """`softmax` is correct when |Z| is large: from 10 to 40, and at 1000."""
    extension, right = student.module("extension"), softmax(LARGE_LOGITS)
    large, got = student.fetch(extension.softmax(cases.large), extension.softmax(LARGE_LOGITS))
    expect_tensor("softmax(Z)", large, softmax(cases.large))
    expect_tensor("softmax(Z)", got, right)
    expect_tensor("softmax(Z)", tensor("softmax(Z)", got)[1:], right[1:])  # the small ones, beside which no larger one counts


@check
def test_softmax_forward(student, cases):
    """`SoftmaxDNN.forward` and its cache are correct for any layer_sizes and any batch, also when |Z| reaches 1000."""
    for case in (cases.softmax, cases.softmax_shallow):
        expect_softmax_cache(student, case, reference_cache(case), on_base(case))
    expect_varied(student, cases, cases.softmax, expect_right_cache)


def expect_right_cache(student, case):
    """Raise CheckFailure unless the output and the cache are correct, apart from mistakes that cost points elsewhere."""
    if "Softmax" in case.model:
        expect_softmax_cache(student, case, reference_cache(case), on_base(case))
    else:
        expect_cache(student, case, reference_cache(case))


def expect_right_gradients(student, case):
    """Raise CheckFailure unless every W and B gradient is correct, apart from mistakes in dnn.py."""
    if case.model == "DNN":  # whose outputs are exactly 0 or 1 where those of a softmax are not
        grads = run_backward(student, case)
        for key in case.params:
            expect_tensor(key, as_column(key, require_key("grads", grads, key)), chain(case)[key])
    else:
        (expect_reference_or_result_of_dnn if "Softmax" in case.model else expect_reference)(student, case)


def expect_varied(student, cases, case, expect):
    """Raise CheckFailure unless an expectation holds for other networks on which the student's softmax and DNN are correct."""
    for words, other in sample_variety(cases)[case.model].items():
        try:
            with situation(words):
                unless_dnn_fails_too(partial(expect, student), other)
        except (CheckFailure, StudentError):
            if "Softmax" not in case.model or has_right_softmax(student, other):
                raise


def has_right_softmax(student, case):
    """Return whether the student's softmax is correct for the output layer of a case; if not, that cost points elsewhere."""
    with contextlib.suppress(CheckFailure, StudentError):
        right = reference_cache(case)
        Z, A = (right[f"{kind}{case.layers[-1]}"] for kind in "ZA")
        expect_tensor("softmax(Z)", student.fetch(student.module("extension").softmax(Z)), A)
        return True
    return False


def expect_losses(student, cases, case):
    """Raise CheckFailure unless the loss of a model is correct for the correct output, for any layer_sizes and any batch."""
    networks = {"": case, **sample_variety(cases)[case.model]}
    losses = student.fetch(*(network(student, one).loss(reference_of(one).out, one.Y) for one in networks.values()))
    for (words, one), loss in zip(networks.items(), losses, strict=True):
        with situation(words):
            expect_tensor("loss", loss, np.asarray(reference_of(one).loss))


@check
def test_cross_entropy_loss(student, cases):
    """`SoftmaxDNN.loss` is the mean over the samples; it is correct for small outputs, and finite if an output is exactly 0."""
    case, Y = cases.softmax, cases.softmax.Y
    expect_losses(student, cases, case)
    chosen = np.where(np.arange(case.samples) == 0, 6e-6, 3e-5)  # so small that what others add to them, up to 1e-8, is nothing
    net = network(student, case)
    small, sure = student.fetch(net.loss(np.where(Y == 1, chosen, (1 - chosen) / (len(Y) - 1)), Y), net.loss(cases.sure, Y))
    with situation("Where the output of the correct class is small"):
        expect_tensor("loss", small, -np.mean(np.log(chosen)))
    with situation("Where the output of the correct class is exactly 0"):
        sure = tensor("loss", sure)
        expect_finite("loss", sure)
        if sure.size != 1 or sure < -np.mean(cases.sure[Y == 1] == 0) * np.log(chosen.min()):
            raise CheckFailure("`loss` is too small; the loss of a sample is largest there.", "loss")


@check
def test_cross_entropy_output_Z(student, cases):
    """dZ of the output layer of `SoftmaxDNN` follows from your output, with one column per sample."""
    expect_on_either_base(lambda case: expect_steps(student, case, ["Z2"]), cases.softmax)


@check
def test_cross_entropy_gradients(student, cases):
    """Every W and B gradient of `SoftmaxDNN` is correct for any layer_sizes and any batch, also in `gradients` and `fit`."""
    for case in (cases.softmax, cases.softmax_shallow):
        expect_on_either_base(partial(expect_reference_or_result_of_dnn, student), case)
    expect_on_either_base(partial(expect_finite_gradients, student), cases.softmax_saturated)
    expect_correct_step_on(student, cases.softmax, on_base(cases.softmax))  # or what comes from DNN is nonsense
    expect_other_gradients(student, cases, cases.softmax, *more_to_train_on(cases, "SoftmaxDNN"))


def more_to_train_on(cases, model):
    """Return a shallow and a deep network of the model."""
    return [sample_variety(cases)[model][words] for words in (SHALLOW, DEEP)]


def expect_other_gradients(student, cases, case, *more):
    """Raise CheckFailure unless the model's gradients are correct for other networks, and `gradients` and `fit` use them."""
    if labels_place(student, "DNN"):  # which costs points in other checks
        return
    expect_varied(student, cases, case, expect_right_gradients)
    # Mistakes and other forms cost points in other checks.
    is_usual = outcome(student, partial(expect_usual_forms, student, case)) is None
    for one in (case, *more):
        if is_usual and is_right(student, one):
            unless_dnn_fails_too(partial(expect_training, student, cases.learning_rate), one)


@functools.cache
def two_steps(case, rate):
    """Return the case with its parameters, and with those after one and after two steps of gradient descent."""
    descent = [case]
    for _ in range(2):
        grads = chain(descent[-1])
        descent.append(case.with_params({key: value - rate * grads[key] for key, value in descent[-1].params.items()}))
    return descent


@functools.cache
def reference_losses(case, rate):
    """Return the reference losses before each of the two steps."""
    return np.array([loss_on(one, one.params) for one in two_steps(case, rate)[:-1]])


def expect_training(student, rate, case):
    """Raise CheckFailure unless the inherited `gradients` and `fit` use the passes and the loss of the model itself."""
    *descent, last = two_steps(case, rate)
    net = network(student, case)
    gradients = student.copy(network(student, case).gradients(case.X, case.Y))  # a later call may change what was returned
    losses = fit_twice(net, case, rate)
    try:
        gradients, losses, params = student.fetch(gradients, losses, net.params)
    except StudentError:
        if own_losses(student, descent):
            raise
        return  # a loss that raises costs points elsewhere, and ends fit
    with situation(f"In what `gradients` of `{case.model}` returns"):
        gradients = mapping("It", gradients)
        for key in case.params:
            got, want = require_key("It", gradients, key), chain(case)[key]
            try:
                expect_tensor(key, got, want)
            except CheckFailure:
                own = own_gradients(student, case)
                expect_tensor(key, got, *((want, own[key]) if key in own else (want,)))
    with situation(f"After `fit` of `{case.model}`"):
        params = mapping("net.params", params)
        for key, want in last.params.items():
            expect_tensor(f'params["{key}"]', require_key("net.params", params, key), want)
        right = reference_losses(case, rate)
        if not same(tensor("losses", losses), right):
            expect_tensor("losses", losses, right, *own_losses(student, descent))


def fit_twice(net, case, rate):
    """Return the losses that fit records in two epochs, still on the student's side."""
    return net.fit(case.X, case.Y, learning_rate=rate, epochs=2, tolerance=-math.inf)


def own_losses(student, descent):
    """Return the student's losses for the correct outputs of these cases; none if one of them raises or isn't a number."""
    with contextlib.suppress(CheckFailure, StudentError):
        outputs = [reference_cache(one)[f"A{one.layers[-1]}"] for one in descent]
        losses = student.fetch(*(network(student, one).loss(out, one.Y) for one, out in zip(descent, outputs, strict=True)))
        return [tensor("loss", losses)]
    return []


@check
def test_squared_error_loss(student, cases):
    """`SquaredErrorSoftmaxDNN.loss` sums over the classes and averages over the samples, without a factor of 1/2."""
    expect_losses(student, cases, cases.squared_error)
    Y = cases.softmax.Y
    with situation("Where an output is exactly 0 or 1"):
        loss = student.fetch(network(student, cases.squared_error).loss(cases.sure, Y))
        expect_tensor("loss", loss, np.mean(np.sum((cases.sure - Y) ** 2, axis=0)))


@check
def test_squared_error_output_Z(student, cases):
    """dZ of the output layer of `SquaredErrorSoftmaxDNN` uses the full Jacobian of the softmax."""
    expect_steps(student, cases.squared_error, ["Z2"])


@check
def test_squared_error_gradients(student, cases):
    """Every W and B gradient of `SquaredErrorSoftmaxDNN` is correct for any layer_sizes and any batch, also in `fit`."""
    expect_reference_or_result_of_dnn(student, cases.squared_error)
    expect_correct_step_on(student, cases.squared_error)
    expect_other_gradients(student, cases, cases.squared_error, *more_to_train_on(cases, "SquaredErrorSoftmaxDNN"))


W212, DL_DW212, DL_DW131 = 0.8, -0.130376706180, 0.003159356764
# What the numbers and formulas in the notes give, and what they leave out.
IN_THE_NOTES = {
    "dL_dw212": ((-0.029, -0.065), "the softmax couples both outputs, so w212 reaches the loss along two paths"),
    "dL_dw131": (
        (-6.4e-3, -6.494e-3, 1.58e-3),
        "the derivatives of the softmax contain only its outputs, and w131 reaches the loss along four paths",
    ),
    "w212_next": ((0.865,), "the step must use the correct dL_dw212"),
}


def expect_worked(values, key, want):
    """Raise CheckFailure unless a number is correct; say so if it is the one in the notes."""
    got = tensor(key, require_key("The dict", values, key))
    got = got.reshape(()) if got.size == 1 else got
    in_the_notes, reason = IN_THE_NOTES[key]
    if got.shape == () and any(abs(got - number) < 0.008 * abs(number) for number in in_the_notes):
        found = Found(f"{got:.3g}, as in the notes", "the number of the notes")
        raise CheckFailure(f"`{key}` is {FOUND}, which is wrong: {reason}.", key, found=found)
    expect_tensor(key, got, np.asarray(want))


def run_worked(student):
    return mapping("The return value of worked_example", student.fetch(student.module("extension").worked_example()))


@check
def test_worked_w212(student):
    """`worked_example` returns the correct dL/dw212, and the correct w212 after one step."""
    values = run_worked(student)
    expect_worked(values, "dL_dw212", DL_DW212)
    expect_worked(values, "w212_next", W212 - DL_DW212)


@check
def test_worked_w131(student):
    """`worked_example` returns the correct dL/dw131."""
    expect_worked(run_worked(student), "dL_dw131", DL_DW131)


POINTS = np.array([-2.1, -0.6, 0.4, 1.3, 2.6, -1.7])
# Beside numbers near 0, since derivatives that are nearly 0 are rounded to 0 by some formulas and not by others.
ACTIVATIONS_AT = {
    "On an array of one dimension": POINTS,
    "On an array of two dimensions": POINTS.reshape(2, 3),
    "On an array of three dimensions": POINTS.reshape(3, 1, 2),
    "On integers": np.array([[-2, 1, 3], [2, -1, -3]]),
    "Where |Z| is between 10 and 40": np.array([[-0.6, 0.8, -38.0, -25.5], [-11.2, 10.4, 22.8, 36.1]]),
    "Where |Z| reaches 1000": np.array([[-0.6, 0.8, -1000.0], [-740.0, 730.0, 1000.0]]),
}
TAILS = {"Where Z is between -40 and -10": np.array([[-11.3, -12.7]]), "Where Z is far below 0": np.array([[-21.4, -23.9]])}


def points_of(name, number):
    """Return the arrays to try an activation or its derivative on, by their description."""
    at_zero = "At Z = 0, where the hand-out sets the derivative of relu to 0" if (name, number) == ("relu", 1) else "At Z = 0"
    return {**ACTIVATIONS_AT, at_zero: np.zeros((2, 3)), **(TAILS if (name, number) == ("sigmoid", 0) else {})}


@check
def test_activations(student, cases):
    """`ACTIVATIONS` has the correct values and derivatives for any Z; the derivative of relu at 0 is 0."""
    table = student.module("extension").ACTIVATIONS
    entries = [(name, number) for name in SLOPES for number in (0, 1)]
    asked = [(name, number, words, Z) for name, number in entries for words, Z in points_of(name, number).items()]
    found = student.fetch(*(student.copy(table[name][number](Z)) for name, number, _, Z in asked))
    for (name, number, words, Z), got in zip(asked, found, strict=True):
        value = ACTIVATIONS[name](Z)
        with situation(words):
            expect_tensor(f"g{chr(39) * number} of {name}", got, SLOPES[name](value).astype(float) if number else value)


@check
def test_general_forward(student, cases):
    """`GeneralDNN.forward` and its cache are correct for any layer_sizes, activations and batch, also when |Z| reaches 1000."""
    for case in (cases.general, cases.general_relu):
        expect_cache(student, case, reference_cache(case))
    expect_varied(student, cases, cases.general_relu, expect_right_cache)


@check
def test_general_hidden_Z_step(student, cases):
    """Every dZ_l of a hidden layer of `GeneralDNN` follows from your dA_l and the derivative of the layer's activation."""
    for case in (cases.general, cases.general_relu):
        expect_steps(student, case, [key for key in gradient_keys(case, "Z") if key != f"Z{case.layers[-1]}"])


@check
def test_general_gradients(student, cases):
    """Every W and B gradient of `GeneralDNN` is correct for any layer_sizes, activations and batch, also in `fit`."""
    for case in (cases.general, cases.general_relu):
        expect_reference(student, case)
    expect_other_gradients(student, cases, cases.general_relu, cases.general, sample_variety(cases)["GeneralDNN"][SHALLOW])


@check
def test_notes_gradients(student, cases):
    """`notes_gradients` is correct for any depth and batch, also when |z| reaches 1000; each dJdw_l has the shape of w_l."""
    networks = {"": cases.notes, **sample_variety(cases)["DNN"]}
    function = student.module("extension").notes_gradients
    found = student.fetch(*(student.copy(function(in_the_notes(case.params), case.X, case.Y)) for case in networks.values()))
    for (words, case), grads in zip(networks.items(), found, strict=True):
        with situation(words):
            grads = mapping("The return value of notes_gradients", grads)
            for key, want in in_the_notes({key: chain(case)[key] for key in gradient_keys(case)}, "dJd").items():
                expect_tensor(key, require_key("The dict", grads, key), want, case=case)
