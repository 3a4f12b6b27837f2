"""Hidden checks of `compute_gradients`."""

import numpy as np

from autograder.backprop.case import gradient_keys
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.backprop.running import (
    as_gradients,
    cache_with_overrides,
    call_backward,
    expect_input_dependence,
    forward_on,
    network,
    on_another_batch,
    put_labels,
    relabelled,
    run_backward,
    same,
    with_own_or_reference_cache,
)
from autograder.checking import (
    CheckFailure,
    check,
    expect_same_random_state,
    expect_shape,
    expect_tensor,
    expect_untouched,
    require_key,
    require_keys,
    tensor,
)
from tests.hidden.credit import expect_correct_step, expect_same_steps
from tests.hidden.steps import also_on_squares, expect_finite_gradients, expect_reference, expect_steps, parameter_gradients
from tests.hidden.used import expect_no_new_keys, nudge, with_nudge, with_other_params


@check
@also_on_squares
def test_gradient_keys_and_shapes(student, cases):
    """The gradients have the keys and the shapes of their variables on a batch of shape 2 x m."""
    expect_input_dependence(student, cases.main, reference_cache)

    def attempt(source):
        grads = run_backward(student, cases.main, source)
        require_keys("grads", grads, gradient_keys(cases.main))
        for key in gradient_keys(cases.main):
            expect_shape(
                key, tensor(key, grads[key]), cases.main.shape(key), (reference_of(cases.main).grads[key],), cases.main
            )

    with_own_or_reference_cache(student, cases.main, reference_cache, attempt)


@check
@also_on_squares
def test_gradient_output_Z(student, cases):
    """dZ of the output layer is correct, with one column per sample."""
    expect_steps(student, cases.main, ["Z3"], cases.shallow)


@check
@also_on_squares
def test_gradient_W_step(student, cases):
    """Every dW_l follows from your dZ_l and A_{l-1}, averaged over the batch."""
    expect_steps(student, cases.main, gradient_keys(cases.main, "W"), cases.shallow)
    expect_correct_step(student, cases)


@check
@also_on_squares
def test_gradient_B_step(student, cases):
    """Every dB_l follows from your dZ_l, averaged over the batch."""
    expect_steps(student, cases.main, gradient_keys(cases.main, "B"), cases.shallow)
    expect_correct_step(student, cases)


@check
@also_on_squares
def test_gradient_A_step(student, cases):
    """Every dA_{l-1} follows from W_l and your dZ_l."""
    expect_steps(student, cases.main, gradient_keys(cases.main, "A"))
    expect_correct_step(student, cases)


@check
@also_on_squares
def test_gradient_hidden_Z_step(student, cases):
    """Every dZ_l of a hidden layer follows from your dA_l and the derivative of the sigmoid."""
    expect_steps(student, cases.main, ["Z2", "Z1"])
    expect_correct_step(student, cases)


@check
@also_on_squares
def test_gradient_mean_of_samples(student, cases):
    """The gradients of a batch are the means of the gradients of its individual samples."""
    expect_correct_step(student, cases)

    def attempt(source):
        batch = parameter_gradients(student, cases.other, source)
        singles = [parameter_gradients(student, sample, source) for sample in cases.samples]
        for key, got in batch.items():
            one_by_one = [require_key("grads", single, key) for single in singles]
            if len({one.shape for one in one_by_one}) > 1:
                raise CheckFailure(f"`{key}` changes its shape from sample to sample.", key)
            expect_tensor(key, got, np.mean(one_by_one, axis=0))

    with_own_or_reference_cache(student, cases.other, reference_cache, attempt)


@check
@also_on_squares
def test_gradient_duplicated_batch(student, cases):
    """A batch that contains every sample twice has the same gradients as the original batch."""
    expect_correct_step(student, cases)

    def attempt(source):
        once = parameter_gradients(student, cases.other, source)
        twice = parameter_gradients(student, cases.twice, source)
        for key, want in once.items():
            expect_tensor(key, require_key("grads", twice, key), want)

    with_own_or_reference_cache(student, cases.other, reference_cache, attempt)


@check
def test_gradient_single_sample(student, cases):
    """The gradients are correct for a batch of one sample, too."""
    expect_reference(student, cases.single)


@check
@also_on_squares
def test_gradient_numerical_W(student, cases):
    """The gradient of every W_l agrees with numerical differentiation of the loss."""
    expect_reference(student, cases.main, "W")


@check
@also_on_squares
def test_gradient_numerical_B(student, cases):
    """The gradient of every B_l agrees with numerical differentiation of the loss."""
    expect_reference(student, cases.main, "B")


@check
def test_gradient_other_depths(student, cases):
    """The gradients are correct for any layer_sizes and any batch: deep, shallow, large, and with integers in X and Y."""
    for case in (cases.deep, cases.shallow, cases.integers, cases.long, cases.wide):
        expect_reference(student, case)


@check
@also_on_squares
def test_gradient_saturated(student, cases):
    """The gradients are correct when |Z| is large: from 10 to 40, and at 1000."""
    expect_correct_step(student, cases)
    for case in (cases.tail, cases.saturated):
        expect_finite_gradients(student, case)
        expect_same_steps(student, cases.main, case)


@check
@also_on_squares
def test_gradient_leaves_no_trace(student, cases):
    """`compute_gradients` doesn't change its arguments, the parameters or the random state."""
    expect_correct_step(student, cases)
    given = {**reference_cache(cases.main), "Y": cases.main.Y}
    net = network(student, cases.main)
    out, cache = student.place(given["A3"]), cache_with_overrides(student, net, cases.main, given)
    cache_before, params_before = student.fetch(student.copy(cache), net.params)
    before = student.stirred_random_state()
    grads = net.compute_gradients(out, cache)
    after = student.random_state()
    grads, out, cache, params, before, after = student.fetch(grads, out, cache, net.params, before, after)
    as_gradients("compute_gradients", grads, cases.main)
    expect_untouched("out", out, given["A3"])
    for key, value in given.items():
        expect_untouched(f'cache["{key}"]', require_key("The cache", cache, key), value)
    expect_no_new_keys("cache", cache, cache_before)
    for key in cases.main.params:
        value = tensor(key, require_key("net.params", params_before, key))  # changes made by forward cost points there
        expect_untouched(f'params["{key}"]', require_key("net.params", params, key), value)
    expect_no_new_keys("net.params", params, params_before)
    expect_same_random_state("compute_gradients", before, after)


@check
@also_on_squares
def test_gradient_second_call(student, cases):
    """A used network returns the same gradients as a new one, and a later call never changes an earlier result."""
    expect_correct_step(student, cases)

    def attempt(source):
        first = parameter_gradients(student, cases.other, source)
        net = network(student, cases.other)
        call_backward(student, net, cases.main_on_other, source)
        for _ in range(2):
            again = as_gradients(
                "compute_gradients", student.fetch(call_backward(student, net, cases.other, source)), cases.other
            )
            for key, want in first.items():
                expect_tensor(key, require_key("grads", again, key), want)
        expect_use_again(student, cases, source)

    with_own_or_reference_cache(student, cases.other, reference_cache, attempt)


def expect_use_again(student, cases, source):
    """Raise CheckFailure unless a network used on several batches returns the gradients of each, with new labels, too."""
    case = cases.other
    net, others = network(student, case), (on_another_batch(case), cases.main_on_other)
    one, another = (forward_on(student, net, batch, source) for batch in (case, others[0]))
    first = backward_on(student, net, case, one)
    remembers = "`compute_gradients` uses values from the last `forward`. Use only the out and the cache that are passed in."
    expect_as_new(student, case, source, student.fetch(first), remembers)
    larger = forward_on(student, net, others[1], source)
    found = [backward_on(student, net, *batch) for batch in zip(others, (another, larger), strict=True)]
    out, cache = forward_on(student, net, case, source)
    put_labels(student, net, cache, relabelled(case))
    first, labels, *found = student.fetch(first, net.compute_gradients(out, cache), *found)
    expect_as_new(student, case, source, first, "A second `compute_gradients` changed what the first one returned.")
    for batch, grads in zip(others, found, strict=True):
        expect_as_new(student, batch, source, grads, remembers)
    expect_as_new(student, relabelled(case), source, labels, '`compute_gradients` does not notice that cache["Y"] has changed.')
    expect_use_of_weights(student, net, case, source)


def backward_on(student, net, case, passed):
    """Return the gradients for an out and a cache of the case, with its labels where compute_gradients looks for them."""
    out, cache = passed
    put_labels(student, net, cache, case)
    return net.compute_gradients(out, cache)


def expect_use_of_weights(student, net, case, source):
    """Raise CheckFailure unless a used network returns the same as a new one after its parameters or one weight change."""
    net.params = student.parameters(with_other_params(case).params)
    replaced = student.fetch(call_backward(student, net, with_other_params(case), source))
    net.params = student.parameters(case.params)
    call_backward(student, net, case, source)
    nudge(net, case)
    nudged = student.fetch(call_backward(student, net, with_nudge(case), source))
    for changed, grads in ((with_other_params(case), replaced), (with_nudge(case), nudged)):
        message = "After net.params changes, `compute_gradients` returns different gradients than on a new network."
        expect_as_new(student, changed, source, grads, message)


def expect_as_new(student, case, source, grads, message):
    """Raise CheckFailure unless the W and B gradients are those of a new network on the case."""
    got = as_gradients("compute_gradients", grads, case)
    for key, want in parameter_gradients(student, case, source).items():
        if not same(tensor(key, require_key("grads", got, key)), want):
            raise CheckFailure(message, key)
