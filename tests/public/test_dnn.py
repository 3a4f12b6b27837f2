"""Public checks of dnn.py. Students have them too.

They run on one small example, whose numbers are written out in example.py. Take a pencil to it: every value follows from the
formulas in the hand-out, and the checks point at the first one that differs.
"""

import numpy as np

from autograder.backprop.case import as_column, cache_keys, gradient_keys
from autograder.backprop.example import DNN
from autograder.backprop.running import (
    arrays_in,
    expect_input_dependence,
    expect_whole,
    run_backward,
    run_cache,
    run_output,
    with_own_or_reference_cache,
)
from autograder.checking import (
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

EXAMPLE, WANTED_CACHE, WANTED_GRADS = DNN.case, DNN.cache, DNN.grads
LAST = EXAMPLE.layers[-1]


def reference(_):
    """The right cache of the example: compute_gradients is tried on it too, so it can be written before forward is right."""
    return WANTED_CACHE


def expect_gradients(student, keys):
    """Each of these gradients has the numbers of the example; where one has not, the first wrong one is named too."""

    def attempt(source):
        grads = run_backward(student, EXAMPLE, source)

        def expect(key):
            try:
                expect_gradient(grads, key)
            except CheckFailure as failure:
                first = next(earlier for earlier in gradient_keys(EXAMPLE) if earlier == key or is_wrong(grads, earlier))
                hint = "" if first == key else f" The first wrong one on the way back is `{first}`."
                raise CheckFailure(f"{failure}{hint}", key, failure.got, failure.wants, failure.case) from None

        expect_each(keys, present_keys(grads, keys), expect)

    with_own_or_reference_cache(student, EXAMPLE, reference, attempt)


def expect_gradient(grads, key):
    got = as_column(key, require_key("grads", grads, key))
    expect_tensor(key, got, WANTED_GRADS[key], *after_own_output_step(grads, key), case=EXAMPLE, show=True)


def after_own_output_step(grads, key):
    """What the right numbers become for a W or B where your dZ of the output is another one: that mistake has its own check.

    There is one output, so every gradient of a sample is as many times too large as its dZ of the output.
    """
    last = f"Z{LAST}"
    dZ = arrays_in(grads, [last]).get(last, np.zeros(0))
    if key[0] not in "WB" or dZ.shape != EXAMPLE.shape(last) or np.ptp(dZ) == 0:
        return
    layer = int(key[1:])
    columns = (WANTED_GRADS[f"Z{layer}"] * dZ / WANTED_GRADS[last]).T
    factors = WANTED_CACHE[f"A{layer - 1}"].T if key[0] == "W" else np.ones((EXAMPLE.samples, 1))
    yield sum(np.outer(*pair) for pair in zip(columns, factors, strict=True)) / EXAMPLE.samples


def is_wrong(grads, key):
    try:
        expect_gradient(grads, key)
    except CheckFailure:
        return True
    return False


@check
def test_example_output(student):
    """`forward` returns the right output for the example."""
    expect_tensor("out", run_output(student, EXAMPLE), WANTED_CACHE[f"A{LAST}"], show=True)


@check
def test_example_cache_keys(student):
    """The cache of the example has a key for every W, B, Z and A."""
    require_keys("The cache", run_cache(student, EXAMPLE), cache_keys(EXAMPLE))


@check
def test_example_cache_values(student):
    """The cache of the example holds the right values."""
    cache = run_cache(student, EXAMPLE)
    for key in cache_keys(EXAMPLE):
        if key in cache or key[0] in "ZA":  # a W or B that is missing is paid for above
            expect_tensor(key, require_key("The cache", cache, key), WANTED_CACHE[key], show=True)


@check
def test_example_gradient_keys(student):
    """The gradients of the example have a key for every W, B, Z and A of the hidden layers."""

    def attempt(source):
        require_keys("grads", run_backward(student, EXAMPLE, source), gradient_keys(EXAMPLE))

    with_own_or_reference_cache(student, EXAMPLE, reference, attempt)


@check
def test_example_gradient_shapes(student):
    """Each gradient of the example has the shape of its variable."""
    expect_input_dependence(student, EXAMPLE, reference)

    def attempt(source):
        grads = run_backward(student, EXAMPLE, source)
        for key in present_keys(grads, gradient_keys(EXAMPLE)):
            got = tensor(key, require_key("grads", grads, key))
            expect_shape(key, got, EXAMPLE.shape(key), (WANTED_GRADS[key],), EXAMPLE)

    with_own_or_reference_cache(student, EXAMPLE, reference, attempt)


@check
def test_example_output_Z(student):
    """dZ of the output layer is right on the example."""
    expect_gradients(student, [f"Z{LAST}"])


@check
def test_example_W(student):
    """The gradient of every W is right on the example."""
    expect_gradients(student, gradient_keys(EXAMPLE, "W"))


@check
def test_example_B(student):
    """The gradient of every B is right on the example."""
    expect_gradients(student, gradient_keys(EXAMPLE, "B"))


@check
def test_example_gradients(student):
    """`gradients(X, Y)` gives the gradients of the example in one call."""
    expect_whole(student, EXAMPLE, WANTED_GRADS, show=True)
