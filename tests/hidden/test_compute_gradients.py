"""Hidden checks of `compute_gradients`."""

import numpy as np

from autograder.backprop.oracle import right_cache, truth
from autograder.backprop.running import call_backward, expect_alive, laid_over, network, on_either_cache, run_backward
from autograder.checking import (
    CheckFailure,
    check,
    expect_same_random_state,
    expect_shape,
    expect_tensor,
    expect_untouched,
    gradient_keys,
    mapping,
    take,
    take_all,
    tensor,
)
from tests.hidden.cases import DEEP, MAIN, MAIN_ON_OTHER, OTHER, SAMPLES, SATURATED, SHALLOW, SINGLE, SQUARE, TWICE
from tests.hidden.steps import expect_finite_gradients, expect_steps, expect_truth, parameter_gradients


@check
def test_gradient_keys_and_shapes(student):
    """The gradients have the keys and the shapes of their variables on a batch of shape 2 x m."""
    expect_alive(student, MAIN, right_cache)

    def attempt(source):
        grads = run_backward(student, MAIN, source)
        take_all("grads", grads, gradient_keys(MAIN))
        for key in gradient_keys(MAIN):
            expect_shape(key, tensor(key, grads[key]), MAIN.shape(key), (truth(MAIN).grads[key],), MAIN)

    on_either_cache(student, MAIN, right_cache, attempt)


@check
def test_gradient_output_Z(student):
    """dZ of the output layer is right, one column for each sample."""
    expect_steps(student, MAIN, ["Z3"], SQUARE)


@check
def test_gradient_W_step(student):
    """Every dW_l follows from your dZ_l and A_{l-1}, averaged over the batch."""
    expect_steps(student, MAIN, gradient_keys(MAIN, "W"), SQUARE)


@check
def test_gradient_B_step(student):
    """Every dB_l follows from your dZ_l, averaged over the batch."""
    expect_steps(student, MAIN, gradient_keys(MAIN, "B"), SQUARE)


@check
def test_gradient_A_step(student):
    """Every dA_{l-1} follows from W_l and your dZ_l."""
    expect_steps(student, MAIN, gradient_keys(MAIN, "A"), SQUARE)


@check
def test_gradient_hidden_Z_step(student):
    """Every dZ_l of a hidden layer follows from your dA_l and the slope of the sigmoid."""
    expect_steps(student, MAIN, ["Z2", "Z1"], SQUARE)


@check
def test_gradient_mean_of_samples(student):
    """The gradient of a batch is the mean of the gradients of its samples taken one by one."""
    expect_alive(student, MAIN, right_cache, "WB")

    def attempt(source):
        batch = parameter_gradients(student, OTHER, source)
        singles = [parameter_gradients(student, sample, source) for sample in SAMPLES]
        for key, got in batch.items():
            one_by_one = [take("grads", single, key) for single in singles]
            if len({one.shape for one in one_by_one}) > 1:
                raise CheckFailure(f"`{key}` changes its shape from sample to sample.", key)
            expect_tensor(key, got, np.mean(one_by_one, axis=0))

    on_either_cache(student, OTHER, right_cache, attempt)


@check
def test_gradient_duplicated_batch(student):
    """A batch in which every sample comes twice has the same gradients as the batch itself."""
    expect_alive(student, MAIN, right_cache, "WB")

    def attempt(source):
        once = parameter_gradients(student, OTHER, source)
        twice = parameter_gradients(student, TWICE, source)
        for key, want in once.items():
            expect_tensor(key, take("grads", twice, key), want)

    on_either_cache(student, OTHER, right_cache, attempt)


@check
def test_gradient_single_sample(student):
    """A batch of one sample gets right gradients too."""
    expect_truth(student, SINGLE)


@check
def test_gradient_numerical_W(student):
    """The gradient of every W_l agrees with numerical differentiation of the loss."""
    expect_truth(student, MAIN, "W")


@check
def test_gradient_numerical_B(student):
    """The gradient of every B_l agrees with numerical differentiation of the loss."""
    expect_truth(student, MAIN, "B")


@check
def test_gradient_other_depths(student):
    """The gradients are right for any layer_sizes, deeper, wider or without a hidden layer."""
    for case in (DEEP, SHALLOW):
        expect_truth(student, case)


@check
def test_gradient_saturated(student):
    """The gradients stay finite where |Z| reaches 1000."""
    expect_alive(student, MAIN, right_cache)
    expect_finite_gradients(student, SATURATED)


@check
def test_gradient_leaves_no_trace(student):
    """`compute_gradients` changes neither its arguments nor the parameters nor the random state."""
    expect_alive(student, MAIN, right_cache)
    net = network(student, MAIN)
    given = {**right_cache(MAIN), "Y": MAIN.Y}
    out, cache = student.place(given["A3"]), laid_over(student, net, MAIN, given)
    params_before = student.fetch(net.params)
    before = student.stirred_random_state()
    grads = net.compute_gradients(out, cache)
    after = student.random_state()
    grads, out, cache, params, before, after = student.fetch(grads, out, cache, net.params, before, after)
    mapping("What compute_gradients returned", grads)
    expect_untouched("out", out, given["A3"])
    for key, value in given.items():
        expect_untouched(f'cache["{key}"]', take("The cache", cache, key), value)
    for key in MAIN.params:
        value = tensor(key, take("net.params", params_before, key))  # what forward did to it is paid for there
        expect_untouched(f'params["{key}"]', take("net.params", params, key), value)
    expect_same_random_state("compute_gradients", before, after)


@check
def test_gradient_second_call(student):
    """A second call gives what a first call would: nothing is carried over from one batch to the next."""
    expect_alive(student, MAIN, right_cache, "WB")

    def attempt(source):
        first = parameter_gradients(student, OTHER, source)
        net = network(student, OTHER)
        call_backward(student, net, MAIN_ON_OTHER, source)
        for _ in range(2):
            again = mapping("grads", student.fetch(call_backward(student, net, OTHER, source)))
            for key, want in first.items():
                expect_tensor(key, take("grads", again, key), want)

    on_either_cache(student, OTHER, right_cache, attempt)
