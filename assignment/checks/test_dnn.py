"""Public checks of dnn.py. Students have them too.

They run on one small example, whose numbers are written out in example.py. Take a pencil to it: every value follows from the
formulas in the hand-out, and the checks point at the first one that differs. Where your code raises an exception on it, say
since two shapes do not fit, what does not depend on that is looked at on a second example, whose matrices are all square.
"""

import functools

import numpy as np

from checks.calling import answer_of_forward, expect_labels_in_cache, pair
from checks.case import as_column, cache_keys, gradient_keys
from checks.example import DNN, SQUARE
from checks.running import (
    arrays_in,
    either_way_up,
    expect_finite_tensors,
    expect_on_spare,
    expect_whole,
    has_correct_step,
    run_backward,
    run_cache,
    run_output,
    with_own_or_reference_cache,
)
from checks.checking import (
    CheckFailure,
    check,
    expect_each,
    expect_shape,
    expect_tensor,
    present_keys,
    require_key,
    require_keys,
    tensor,
)

LAST = DNN.case.layers[-1]


def also_on_square(check):
    """Let a check that ends in an exception be made on the square example, too."""

    @functools.wraps(check)
    def on_some_example(student):
        expect_on_spare(student, functools.partial(check, student), DNN, SQUARE)

    del on_some_example.__wrapped__  # whose other argument is no fixture of pytest's
    return on_some_example


@functools.cache
def reference(example):
    """The right cache of the example: compute_gradients is tried on it too, so it can be written before forward is right."""
    return lambda _: example.cache


def expect_gradients(student, example, keys):
    """Each of these gradients has the numbers of the example; where one has not, the first wrong one is named too."""

    def attempt(source):
        grads = run_backward(student, example.case, source)

        def expect(key):
            try:
                expect_gradient(example, grads, key)
            except CheckFailure as failure:
                first = next(
                    earlier for earlier in gradient_keys(example.case) if earlier == key or is_wrong(example, grads, earlier)
                )
                hint = "" if first == key else f" The first wrong one on the way back is `{first}`."
                raise CheckFailure(f"{failure}{hint}", key, failure.got, failure.wants, failure.case) from None

        expect_each(keys, present_keys(grads, keys), expect)

    with_own_or_reference_cache(student, example.case, reference(example), attempt)


def expect_gradient(example, grads, key):
    got = as_column(key, require_key("grads", grads, key))
    expect_tensor(key, got, example.grads[key], *after_own_output_step(example, grads, key), case=example.case, show=True)


def after_own_output_step(example, grads, key):
    """What the right numbers become below a dZ of the output that is another one: that mistake has its own check.

    Where there is one output, every gradient of a sample is as many times too large as its dZ of the output.
    """
    case, last = example.case, f"Z{example.case.layers[-1]}"
    dZ = arrays_in(grads, [last]).get(last, np.zeros(0))
    if key == last or case.layer_sizes[-1] > 1 or dZ.shape != case.shape(last) or not dZ.any():
        return
    layer, factors = int(key[1:]), dZ / example.grads[last]
    if key[0] in "ZA":
        yield example.grads[key] * factors
        return
    columns = (example.grads[f"Z{layer}"] * factors).T
    rows = example.cache[f"A{layer - 1}"].T if key[0] == "W" else np.ones((case.samples, 1))
    yield sum(np.outer(*pair) for pair in zip(columns, rows, strict=True)) / case.samples


def expect_correct_step(student, example):
    """CheckFailure unless some step of the backward pass is right: what has the right shape and nothing else earns nothing."""

    def attempt(source):
        grads = run_backward(student, example.case, source)
        forms = either_way_up(grads, example.case)
        rights = [[key for key in gradient_keys(example.case) if not is_wrong(example, form, key)] for form in forms]
        if not any(has_correct_step(student, example.case, source, right) for right in rights):
            expect_finite_tensors("grads", grads, gradient_keys(example.case))
            raise CheckFailure("No step of the backward pass is correct yet. Start with dZ of the output layer.")

    with_own_or_reference_cache(student, example.case, reference(example), attempt)


def is_wrong(example, grads, key):
    try:
        expect_gradient(example, grads, key)
    except CheckFailure:
        return True
    return False


@check
def test_example_output(student):
    """`forward` returns the right output for the example."""
    expect_tensor("out", run_output(student, DNN.case), DNN.cache[f"A{LAST}"], show=True)


@check
@also_on_square
def test_example_cache_keys(student, example):
    """The cache of the example has a key for every W, B, Z and A."""
    require_keys("The cache", run_cache(student, example.case), cache_keys(example.case))
    pair(answer_of_forward(student, example.case))


@check
def test_example_cache_values(student):
    """The cache of the example holds the right values."""
    cache = run_cache(student, DNN.case)
    for key in cache_keys(DNN.case):
        if key in cache or key[0] in "ZA":  # a W or B that is missing is paid for above
            expect_tensor(key, require_key("The cache", cache, key), DNN.cache[key], show=True)


@check
@also_on_square
def test_example_gradient_keys(student, example):
    """The gradients of the example have a key for every W, B, Z and A of the hidden layers."""

    def attempt(source):
        require_keys("grads", run_backward(student, example.case, source), gradient_keys(example.case))
        expect_labels_in_cache(student, example.case)

    with_own_or_reference_cache(student, example.case, reference(example), attempt)


@check
@also_on_square
def test_example_gradient_shapes(student, example):
    """Each gradient of the example has the shape of its variable."""
    expect_correct_step(student, example)

    def attempt(source):
        grads = run_backward(student, example.case, source)
        for key in present_keys(grads, gradient_keys(example.case)):
            got = tensor(key, require_key("grads", grads, key))
            expect_shape(key, got, example.case.shape(key), (example.grads[key],), example.case)

    with_own_or_reference_cache(student, example.case, reference(example), attempt)


@check
@also_on_square
def test_example_output_Z(student, example):
    """dZ of the output layer is right on the example."""
    expect_gradients(student, example, gradient_keys(example.case, "Z")[:1])


@check
@also_on_square
def test_example_W(student, example):
    """The gradient of every W is right on the example."""
    expect_gradients(student, example, gradient_keys(example.case, "W"))


@check
@also_on_square
def test_example_B(student, example):
    """The gradient of every B is right on the example."""
    expect_gradients(student, example, gradient_keys(example.case, "B"))


@check
@also_on_square
def test_example_gradients(student, example):
    """`gradients(X, Y)` gives the gradients of the example in one call."""
    expect_whole(student, example.case, example.grads, lambda: expect_correct_step(student, example), show=True)


def rehearse(student):
    """Run what no public check calls, so that what the grader lacks shows before the deadline."""
    case = DNN.case
    net = student.module("dnn").DNN(case.layer_sizes, seed=1)
    student.fetch(net.fit(case.X, case.Y, learning_rate=0.5, epochs=2, tolerance=0.0), net.predict(case.X))
