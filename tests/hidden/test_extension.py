"""Hidden checks of extension.py.

Networks with a softmax have three classes or more: with two, a forgotten cross term of the Jacobian is exactly a factor 1/2.
What lies below the output layer of a SoftmaxDNN is the work of dnn.py; its mistakes are not paid for here again.
"""

import contextlib
import functools
from functools import partial

import numpy as np

from autograder.backprop.case import gradient_keys, in_the_notes
from autograder.backprop.oracle import reference_cache, reference_of, softmax
from autograder.backprop.running import (
    cache_with_overrides,
    expect_cache,
    expect_input_dependence,
    expect_softmax_cache,
    network,
)
from autograder.checking import (
    FOUND,
    CheckFailure,
    Found,
    StudentError,
    check,
    expect_finite,
    expect_same_random_state,
    expect_tensor,
    expect_untouched,
    mapping,
    require_key,
    tensor,
)
from tests.hidden.steps import (
    expect_finite_gradients,
    expect_on_either_base,
    expect_reference,
    expect_reference_or_result_of_dnn,
    expect_steps,
    on_base,
)


@functools.cache
def logits_of(cases):
    """The argument of softmax."""
    return reference_cache(cases.softmax)["Z2"]


@check
def test_softmax_columns(student, cases):
    """`softmax` is right on a batch of columns and on a single one."""
    logits = logits_of(cases)
    for Z in (logits, logits[:, :1], logits[:3, :5]):
        expect_tensor("softmax(Z)", student.fetch(student.module("extension").softmax(Z)), softmax(Z))


@check
def test_softmax_stable(student, cases):
    """`softmax` is finite and right where |Z| reaches 1000."""
    expect_tensor("softmax(Z)", student.fetch(student.module("extension").softmax(cases.large)), softmax(cases.large))


@check
def test_softmax_forward(student, cases):
    """`SoftmaxDNN.forward` and its cache are right with and without a hidden layer."""
    for case in (cases.softmax, cases.softmax_shallow):
        expect_softmax_cache(student, case, reference_cache(case), on_base(case))


def expect_loss(student, case):
    """The loss is right on the true output and on the labels."""
    got = student.fetch(network(student, case).loss(reference_of(case).out, case.Y))
    expect_tensor("loss", got, np.asarray(reference_of(case).loss))


@check
def test_cross_entropy_loss(student, cases):
    """`SoftmaxDNN.loss` is the mean over the samples, and finite where the output is exactly 0 or 1."""
    expect_loss(student, cases.softmax)
    expect_finite("loss", tensor("loss", student.fetch(network(student, cases.softmax).loss(cases.sure, cases.softmax.Y))))


@check
def test_cross_entropy_output_Z(student, cases):
    """dZ of the output layer of `SoftmaxDNN` follows from your output, one column for each sample."""
    expect_on_either_base(lambda case: expect_steps(student, case, ["Z2"]), cases.softmax)


@check
def test_cross_entropy_gradients(student, cases):
    """Every W and B gradient of `SoftmaxDNN` is right, and finite where |Z| reaches 1000."""
    for case in (cases.softmax, cases.softmax_shallow):
        expect_on_either_base(partial(expect_reference_or_result_of_dnn, student), case)
    expect_on_either_base(partial(expect_finite_gradients, student), cases.softmax_saturated)


@check
def test_squared_error_loss(student, cases):
    """`SquaredErrorSoftmaxDNN.loss` sums over the classes and averages over the samples, without a factor 1/2."""
    expect_loss(student, cases.squared_error)


@check
def test_squared_error_output_Z(student, cases):
    """dZ of the output layer of `SquaredErrorSoftmaxDNN` goes through the full Jacobian of the softmax."""
    expect_steps(student, cases.squared_error, ["Z2"])


@check
def test_squared_error_gradients(student, cases):
    """Every W and B gradient of `SquaredErrorSoftmaxDNN` agrees with numerical differentiation of the loss."""
    expect_reference_or_result_of_dnn(student, cases.squared_error)


W212, DL_DW212, DL_DW131 = 0.8, -0.130376706180, 0.003159356764
# The numbers and formulas of the notes give these, and this is what they forget.
IN_THE_NOTES = {
    "dL_dw212": ((-0.029, -0.065), "the softmax couples both outputs, so w212 reaches the loss along two paths"),
    "dL_dw131": (
        (-6.4e-3, -6.494e-3, 1.58e-3),
        "the slopes of the softmax hold its outputs alone, and w131 reaches the loss along four paths",
    ),
    "w212_next": ((0.865,), "the step takes the right dL_dw212"),
}


def expect_worked(values, key, want):
    """The number is right; one that comes from the notes is named as such."""
    got = tensor(key, require_key("The dict", values, key))
    got = got.reshape(()) if got.size == 1 else got
    in_the_notes, reason = IN_THE_NOTES[key]
    if got.shape == () and any(abs(got - number) < 0.008 * abs(number) for number in in_the_notes):
        found = Found(f"{got:.3g}, as in the notes", "the number of the notes")
        raise CheckFailure(f"`{key}` is {FOUND}, and that is wrong: {reason}.", key, found=found)
    expect_tensor(key, got, np.asarray(want))


def run_worked(student):
    return mapping("What worked_example returned", student.fetch(student.module("extension").worked_example()))


@check
def test_worked_w212(student):
    """`worked_example` puts dL/dw212 right, and w212 after one step with it."""
    values = run_worked(student)
    expect_worked(values, "dL_dw212", DL_DW212)
    expect_worked(values, "w212_next", W212 - DL_DW212)


@check
def test_worked_w131(student):
    """`worked_example` puts dL/dw131 right."""
    expect_worked(run_worked(student), "dL_dw131", DL_DW131)


@check
def test_general_forward(student, cases):
    """`GeneralDNN.forward` and its cache are right for other depths and activations."""
    for case in (cases.general, cases.general_relu):
        expect_cache(student, case, reference_cache(case))


@check
def test_general_hidden_Z_step(student, cases):
    """Every dZ_l of a hidden layer of `GeneralDNN` follows from your dA_l and the slope of the layer's own activation."""
    for case in (cases.general, cases.general_relu):
        expect_steps(student, case, [key for key in gradient_keys(case, "Z") if key != f"Z{case.layers[-1]}"])


@check
def test_general_gradients(student, cases):
    """Every W and B gradient of `GeneralDNN` agrees with numerical differentiation of the loss."""
    for case in (cases.general, cases.general_relu):
        expect_reference(student, case)


@check
def test_notes_gradients(student, cases):
    """`notes_gradients` is right for another depth, every dJdw_l in the shape of its w_l."""
    grads = student.fetch(
        student.module("extension").notes_gradients(in_the_notes(cases.notes.params), cases.notes.X, cases.notes.Y)
    )
    mapping("What notes_gradients returned", grads)
    wants = {key: reference_of(cases.notes).grads[key] for key in gradient_keys(cases.notes)}
    for key, want in in_the_notes(wants, "dJd").items():
        expect_tensor(key, require_key("The dict", grads, key), want, case=cases.notes)


@check
def test_extension_leaves_no_trace(student, cases):
    """Neither `softmax` nor the backward passes nor `notes_gradients` change what belongs to the caller."""
    expect_on_either_base(partial(expect_no_trace, student, cases), cases.softmax)


def expect_no_trace(student, cases, softmax_case):
    """Nothing that belongs to the caller is changed, and the networks, a SoftmaxDNN on its case first, compute something."""
    caches = []
    for case in (softmax_case, cases.squared_error, cases.general_relu):
        net = network(student, case)
        caches.append((case, net, cache_with_overrides(student, net, case, {**reference_cache(case), "Y": case.Y})))
    before = student.stirred_random_state()
    Z, params, X, y = (
        student.place(value) for value in (logits_of(cases), in_the_notes(cases.notes.params), cases.notes.X, cases.notes.Y)
    )
    results = [student.module("extension").softmax(Z), student.module("extension").notes_gradients(params, X, y)]
    results += [net.compute_gradients(reference_of(case).out, cache) for case, net, cache in caches]
    after = student.random_state()
    handles = [before, after, Z, X, y, params, *(cache for _, _, cache in caches), *results]
    before, after, Z, X, y, params, *rest = student.fetch(*handles)
    for name, value, want in (("Z", Z, logits_of(cases)), ("X", X, cases.notes.X), ("y", y, cases.notes.Y)):
        expect_untouched(name, value, want)
    for key, want in in_the_notes(cases.notes.params).items():
        expect_untouched(f'params["{key}"]', require_key("params", params, key), want)
    for (case, *_), cache in zip(caches, rest[: len(caches)], strict=True):
        for key, want in {**reference_cache(case), "Y": case.Y}.items():
            expect_untouched(f'cache["{key}"] of {case.model}', require_key("The cache", cache, key), want)
    expect_same_random_state("extension.py", before, after)
    expect_something_alive(student, cases)


def expect_something_alive(student, cases):
    """CheckFailure unless one of the networks computes a gradient, right or wrong."""
    for case in (cases.softmax, cases.squared_error):
        with contextlib.suppress(CheckFailure, StudentError):
            return expect_input_dependence(student, case, reference_cache)
    return expect_input_dependence(student, cases.general_relu, reference_cache)
