"""The reference values of a case: complex steps, central differences, an autodiff library and the solution agree."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from autograder.backprop import example
from autograder.backprop.case import cache_keys, gradient_keys, in_the_notes
from autograder.backprop.cases import sample_cases, tells_apart
from autograder.backprop.observers.counterexample import networks
from autograder.backprop.oracle import activations, forward, reference_of, sample_losses
from autograder.backprop.running import network, run_backward, run_forward
from autograder.checking import agree
from autograder.settings import read_secret
from tests.hidden import test_extension, test_warmup

HIDDEN = sample_cases(read_secret().encode())
SCREENED = [HIDDEN.main, HIDDEN.other, HIDDEN.single, HIDDEN.deep, HIDDEN.shallow, HIDDEN.square, HIDDEN.point]
SCREENED += [HIDDEN.logistic, HIDDEN.notes, HIDDEN.softmax, HIDDEN.softmax_shallow, HIDDEN.squared_error]
SCREENED += [HIDDEN.general, HIDDEN.general_relu]
EXAMPLES = [example.DNN, example.SQUARE, example.SOFTMAX, example.SQUARED_ERROR, example.GENERAL]
CASES = SCREENED + [each.case for each in EXAMPLES]


def by_name(given=CASES):
    return pytest.mark.parametrize("case", given, ids=lambda case: f"{case.model} {case.name}")


@pytest.mark.parametrize(
    ("got", "want", "right"),
    [
        ([1, 1.00009], [1, 1], True),
        ([1, 1.0002], [1, 1], False),
        ([0, 1e-9], [0, 0], True),
        ([0, 2e-9], [0, 0], False),
        ([1e300, 1], [1e300, -1], True),
        ([1.001e300, 1], [1e300, 1], False),
        ([np.inf, 1], [1e300, 1], False),
        ([np.nan, 1], [1, 1], False),
        ([np.nan, np.nan], [0, 0], False),
        ([np.inf, 1], [np.inf, 1], False),
        ([7, 1], [np.inf, 1], False),
        ([7, 1], [np.nan, 1], False),
    ],
)
def test_tensors_agree_by_their_norms(got, want, right):
    assert agree(np.array(got), np.array(want)) is right


def loss(case, params):
    return np.mean(sample_losses(case, forward(case, params)))


@by_name()
def test_central_differences_agree(case):
    for key in case.params:
        numerical = np.zeros(case.params[key].shape)
        for entry in np.ndindex(numerical.shape):
            up, down = case.params[key].copy(), case.params[key].copy()
            up[entry] += 1e-5
            down[entry] -= 1e-5
            numerical[entry] = (loss(case, {**case.params, key: up}) - loss(case, {**case.params, key: down})) / 2e-5
        assert np.linalg.norm(numerical - reference_of(case).grads[key]) < 1e-7 * max(1, np.linalg.norm(numerical))


# The same networks written down again, for the autodiff library.
AUTODIFF_ACTIVATIONS = {
    "sigmoid": lambda Z: 1 / (1 + anp.exp(-Z)),
    "tanh": anp.tanh,
    "relu": lambda Z: anp.maximum(Z, 0),
    "softmax": lambda Z: anp.exp(Z) / anp.sum(anp.exp(Z), axis=0),
}
AUTODIFF_LOSSES = {
    "DNN": lambda A, Y: -anp.sum(Y * anp.log(A) + (1 - Y) * anp.log(1 - A)),
    "GeneralDNN": lambda A, Y: -anp.sum(Y * anp.log(A) + (1 - Y) * anp.log(1 - A)),
    "SoftmaxDNN": lambda A, Y: -anp.sum(Y * anp.log(A)),
    "SquaredErrorSoftmaxDNN": lambda A, Y: anp.sum((A - Y) ** 2),
}


def autodiff_gradients(case):
    """Return the gradients of a case by automatic differentiation, under the names of their variables."""

    def loss_of(params, shifts):
        A = case.X
        for layer, name in enumerate(activations(case), start=1):
            Z = anp.dot(params[f"W{layer}"], A) + params[f"B{layer}"] + shifts[f"Z{layer}"]
            A = AUTODIFF_ACTIVATIONS[name](Z) + shifts[f"A{layer}"]
        return AUTODIFF_LOSSES[case.model](A, case.Y) / case.samples

    shifts = {f"{kind}{layer}": np.zeros(case.shape(f"Z{layer}")) for layer in case.layers for kind in "ZA"}
    averaged = autograd.grad(loss_of)(case.params, shifts)
    per_sample = autograd.grad(lambda shifts: loss_of(case.params, shifts) * case.samples)(shifts)
    return {**averaged, **per_sample}


@by_name()
def test_automatic_differentiation_agrees(case):
    for key, want in autodiff_gradients(case).items():
        np.testing.assert_allclose(reference_of(case).grads[key], want, rtol=1e-9, atol=1e-13)


@by_name()
def test_the_solution_agrees(case, student):
    out, cache = run_forward(student, case)
    grads = run_backward(student, case)
    np.testing.assert_allclose(out, reference_of(case).out, rtol=1e-12)
    np.testing.assert_allclose(student.fetch(network(student, case).loss(out, case.Y)), reference_of(case).loss, rtol=1e-12)
    for key in cache_keys(case):
        np.testing.assert_allclose(cache[key], reference_of(case).cache[key], rtol=1e-12)
    for key in gradient_keys(case):
        np.testing.assert_allclose(grads[key], reference_of(case).grads[key], rtol=1e-9, atol=1e-15)


@by_name([HIDDEN.notes, example.DNN.case, HIDDEN.main])
def test_the_convention_of_the_notes_agrees(case, student):
    grads = student.fetch(student.module("extension").notes_gradients(in_the_notes(case.params), case.X, case.Y))
    found = autodiff_gradients(case)
    for key, want in in_the_notes({key: found[key] for key in gradient_keys(case)}, "dJd").items():
        np.testing.assert_allclose(grads[key], want, rtol=1e-9, atol=1e-13)


W1 = np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]])
W2 = np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]])


def test_the_4_4_2_example_agrees(student):
    """The true numbers of the notes' example: by autodiff, by complex step, in the hidden check and in the solution."""
    x, y = np.array([[2.0], [5.0], [3.0], [3.0]]), np.array([[1.0], [0.0]])

    def loss_of(W1, W2):
        H = 1 / (1 + anp.exp(-anp.dot(W1, x)))
        E = anp.exp(anp.dot(W2, H))
        return anp.sum((E / anp.sum(E) - y) ** 2)

    dW1, dW2 = autograd.grad(loss_of, 0)(W1, W2), autograd.grad(loss_of, 1)(W1, W2)
    step = np.zeros((4, 4), complex)
    step[2, 0] = 1e-30j
    got = student.fetch(student.module("extension").worked_example())
    np.testing.assert_allclose(loss_of(W1 + step, W2).imag / 1e-30, dW1[2, 0], rtol=1e-12)
    np.testing.assert_allclose(test_extension.DL_DW131, dW1[2, 0], rtol=1e-9)
    np.testing.assert_allclose(test_extension.DL_DW212, dW2[0, 1], rtol=1e-9)
    np.testing.assert_allclose(got["dL_dw131"], dW1[2, 0], rtol=1e-12)
    np.testing.assert_allclose(got["dL_dw212"], dW2[0, 1], rtol=1e-12)
    np.testing.assert_allclose(got["w212_next"], 0.8 - dW2[0, 1], rtol=1e-12)


@pytest.mark.parametrize("name", test_warmup.FUNCTIONS)
def test_the_paths_of_the_warmup_agree(name, student):
    functions = {
        "exp_exp_square": lambda x: anp.exp(anp.exp(x**2)),
        "reciprocal_exp_square": lambda x: 1 / anp.exp(x**2),
        "two_paths": lambda x: 2 * x**2 + x,
    }
    for x in HIDDEN.points:
        value, slope = test_warmup.value_and_slope(name, x)
        np.testing.assert_allclose(slope, autograd.grad(functions[name])(x), rtol=1e-12)
        np.testing.assert_allclose(student.fetch(getattr(student.module("warmup"), name)(x)), (value, slope), rtol=1e-12)


def test_the_three_weights_of_the_warmup_agree(student):
    def chain(x, y, w1, w2, w3):
        s = AUTODIFF_ACTIVATIONS["sigmoid"]
        return (y - s(w3 * s(w2 * s(w1 * x)))) ** 2

    for arguments in HIDDEN.chains:
        loss, grads = student.fetch(student.module("warmup").three_weight_chain(*arguments))
        np.testing.assert_allclose(loss, chain(*arguments), rtol=1e-12)
        for position, key in enumerate(("w1", "w2", "w3"), start=2):
            np.testing.assert_allclose(grads[key], autograd.grad(chain, position)(*arguments), rtol=1e-12)


# The cases themselves


@by_name(SCREENED)
def test_hidden_cases_are_screened(case):
    assert tells_apart(case)


@by_name(
    [case for case in [*SCREENED, example.DNN.case] if case not in (HIDDEN.other, HIDDEN.single, HIDDEN.square, HIDDEN.point)]
)
def test_cases_keep_the_factors_apart(case):
    m, inputs = case.samples, case.layer_sizes[0]
    factors = [1, m, m / inputs, m / (m - 1), 1 / m, 2, 0.5, -1]
    assert len(set(factors)) == len(factors)
    assert m not in case.layer_sizes


@by_name([HIDDEN.softmax, HIDDEN.softmax_shallow, HIDDEN.squared_error, example.SOFTMAX.case])
def test_softmax_cases_have_three_classes_or_more(case):
    """With two, the diagonal of the Jacobian alone is a factor of exactly 1/2."""
    assert case.layer_sizes[-1] >= 3
    assert (case.Y.sum(axis=0) == 1).all()
    assert (case.Y.sum(axis=1) >= 1).all()


@by_name([HIDDEN.saturated, HIDDEN.logistic_saturated, HIDDEN.softmax_saturated])
def test_saturated_cases_reach_a_thousand(case):
    cache = forward(case)
    assert all(np.abs(cache[f"Z{layer}"]).max() >= 1000 for layer in case.layers)
    assert cache["Z1"].max() >= 1000
    assert cache["Z1"].min() <= -1000


def examples_of_students():
    """Return the examples as they are in the download."""
    given = {}
    exec(example.source().replace("from checks.case", "from autograder.backprop.case"), given)
    return [given[name] for name in ("DNN", "SQUARE", "SOFTMAX", "SQUARED_ERROR", "GENERAL")]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [*zip(EXAMPLES, examples_of_students(), strict=True)],
    ids=lambda each: f"{each.case.model} {each.case.name}",
)
def test_students_read_the_numbers_of_the_examples(ours, theirs):
    assert set(theirs.cache) == set(cache_keys(theirs.case))
    assert theirs.loss == ours.loss == pytest.approx(reference_of(ours.case).loss, rel=1e-7)
    for mine, given in ((ours.case.params, theirs.case.params), (ours.cache, theirs.cache), (ours.grads, theirs.grads)):
        assert mine.keys() == given.keys()
        assert all(np.array_equal(value, given[key]) for key, value in mine.items())
    right = reference_of(theirs.case)
    assert all(np.linalg.norm(value - right.cache[key]) <= 1e-7 * np.linalg.norm(value) for key, value in theirs.cache.items())
    assert all(np.linalg.norm(value - right.grads[key]) <= 1e-6 * np.linalg.norm(value) for key, value in theirs.grads.items())


def test_the_reference_of_every_small_network_is_cached():
    for _ in range(2):
        before = reference_of.cache_info().misses
        for case in networks():
            reference_of(case)
    assert reference_of.cache_info().misses == before
