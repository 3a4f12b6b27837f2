"""The truth of a case: complex step, central differences, an autodiff library and the solution agree on it."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from autograder.checking import agree, cache_keys, gradient_keys
from autograder.judge.oracle import forward, sample_losses, truth
from autograder.running import run_backward, run_forward
from tests.hidden import cases
from tests.hidden.cases import DEEP, MAIN, OTHER, SATURATED, SHALLOW, SINGLE
from tests.public import test_dnn

CASES = [MAIN, OTHER, SINGLE, DEEP, SHALLOW, test_dnn.EXAMPLE]
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def loss(case, params):
    return np.mean(sample_losses(forward(params, case.X)[f"A{case.layers[-1]}"], case.Y))


@by_name
def test_central_differences_agree(case):
    for key in case.params:
        numerical = np.zeros(case.params[key].shape)
        for entry in np.ndindex(numerical.shape):
            up, down = case.params[key].copy(), case.params[key].copy()
            up[entry] += 1e-5
            down[entry] -= 1e-5
            numerical[entry] = (loss(case, {**case.params, key: up}) - loss(case, {**case.params, key: down})) / 2e-5
        assert np.linalg.norm(numerical - truth(case).grads[key]) < 1e-7 * max(1, np.linalg.norm(numerical))


@by_name
def test_automatic_differentiation_agrees(case):
    def loss_of(params, shifts):
        A = case.X
        for layer in case.layers:
            Z = anp.dot(params[f"W{layer}"], A) + params[f"B{layer}"] + shifts[f"Z{layer}"]
            A = 1 / (1 + anp.exp(-Z)) + shifts[f"A{layer}"]
        return -anp.sum(case.Y * anp.log(A) + (1 - case.Y) * anp.log(1 - A)) / case.samples

    shifts = {f"{kind}{layer}": np.zeros(case.shape(f"Z{layer}")) for layer in case.layers for kind in "ZA"}
    averaged = autograd.grad(loss_of)(case.params, shifts)
    per_sample = autograd.grad(lambda shifts: loss_of(case.params, shifts) * case.samples)(shifts)
    for key, want in {**averaged, **per_sample}.items():
        np.testing.assert_allclose(truth(case).grads[key], want, rtol=1e-9, atol=1e-13)


@by_name
def test_the_solution_agrees(case, student):
    out, cache = run_forward(student, case)
    grads = run_backward(student, case)
    np.testing.assert_allclose(out, truth(case).out, rtol=1e-12)
    for key in cache_keys(case):
        np.testing.assert_allclose(cache[key], truth(case).cache[key], rtol=1e-12)
    for key in gradient_keys(case):
        np.testing.assert_allclose(grads[key], truth(case).grads[key], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("case", [MAIN, OTHER, SINGLE, DEEP, SHALLOW], ids=lambda case: case.name)
def test_hidden_cases_are_screened(case):
    assert cases.tells_apart(case)


@pytest.mark.parametrize("case", [MAIN, DEEP, SHALLOW, test_dnn.EXAMPLE], ids=lambda case: case.name)
def test_cases_keep_the_factors_apart(case):
    m, inputs = case.samples, case.layer_sizes[0]
    factors = [1, m, m / inputs, m / (m - 1), 1 / m, 2, 0.5, -1]
    assert len(set(factors)) == len(factors)
    assert m not in case.layer_sizes


def test_saturated_case_reaches_a_thousand_in_every_layer():
    cache = forward(SATURATED.params, SATURATED.X)
    assert all(np.abs(cache[f"Z{layer}"]).max() >= 1000 for layer in SATURATED.layers)


def test_numbers_of_the_public_example_are_the_truth():
    right = truth(test_dnn.EXAMPLE)
    assert all(agree(value, right.cache[key]) for key, value in test_dnn.WANTED_CACHE.items())
    assert set(test_dnn.WANTED_CACHE) == set(cache_keys(test_dnn.EXAMPLE))
    assert all(agree(value, right.grads[key]) for key, value in test_dnn.WANTED_GRADS.items())
    assert set(test_dnn.WANTED_GRADS) == set(gradient_keys(test_dnn.EXAMPLE))
