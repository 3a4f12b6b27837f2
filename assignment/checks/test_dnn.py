"""Public checks of dnn.py. Students get them, too.

They run on one small example, whose numbers are in example.py. You can compute every value with a pencil and the formulas in
the hand-out; the checks name the first value that differs. If your code raises an exception on this example, for instance
because two shapes don't fit, the checks use a second example with square matrices for everything that doesn't depend on it.
"""

import functools

import numpy as np

from checks.calling import answer_of_forward, as_gradients, expect_labels_in_cache, network, outcome, pair
from checks.case import as_column, cache_keys, gradient_keys
from checks.example import DNN, SQUARE
from checks.observing import (
    Checks,
    all_right,
    observe_backward,
    observe_forward,
    observe_gradients,
    reference,
)
from checks.running import (
    ON_REFERENCE,
    arrays_in,
    call_backward,
    either_way_up,
    expect_finite_tensors,
    expect_on_spare,
    expect_whole,
    has_correct_step,
    on_another_batch,
    run_backward,
    run_cache,
    run_output,
    same,
    tensors_of_backward,
    tensors_of_forward,
    with_own_or_reference_cache,
)
from checks.checking import (
    CheckFailure,
    check,
    expect_each,
    expect_shape,
    expect_tensor,
    practice,
    present_keys,
    require_key,
    require_keys,
    tensor,
)
from checks.naming import Observed

LAST = DNN.case.layers[-1]
LARGE = DNN.case.with_params({key: 1000 * value for key, value in DNN.case.params.items()})


def also_on_square(check):
    """Decorate a check so that it also runs on the square example if the first one raises an exception."""

    @functools.wraps(check)
    def on_some_example(student):
        expect_on_spare(student, functools.partial(check, student), DNN, SQUARE)

    del on_some_example.__wrapped__  # its other argument is not a pytest fixture
    return on_some_example


def on_either_cache(student, example, attempt):
    """Try the backward pass on the student's own cache, then on the example's; add a note if only the latter works."""
    if not with_own_or_reference_cache(student, example.case, reference(example), attempt):
        student.note_follows(ON_REFERENCE)


def expect_gradients(student, example, keys):
    """Raise CheckFailure unless these gradients have the values of the example; it also names the first wrong gradient."""
    outright = {}

    def attempt(source):
        grads = run_backward(student, example.case, source)

        def expect(key):
            try:
                outright[key] = expect_gradient(example, grads, key)
            except CheckFailure as failure:
                first = next(
                    earlier for earlier in gradient_keys(example.case) if earlier == key or is_wrong(example, grads, earlier)
                )
                hint = "" if first == key else f" The first wrong gradient in the backward pass is `{first}`."
                raise CheckFailure(f"{failure}{hint}", key, failure.got, failure.wants, failure.case) from None

        expect_each(keys, present_keys(grads, keys), expect)

    on_either_cache(student, example, attempt)
    if not all(outright.values()):
        student.note_follows("Correct given your dZ of the output layer, whose values are wrong.")


def expect_gradient(example, grads, key):
    """Return whether a gradient has the value of the example, rather than one that follows from the student's dZ of the output.

    Raise CheckFailure if it has neither.
    """
    got = as_column(key, require_key("grads", grads, key))
    wants = example.grads[key], *after_own_output_step(example, grads, key)
    return expect_tensor(key, got, *wants, case=example.case, show=True)


def after_own_output_step(example, grads, key):
    """Yield the value that a gradient should have given the student's dZ of the output layer, which has its own check.

    With a single output, every gradient of a sample is off by the same factor as the sample's dZ.
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
    """Raise CheckFailure unless some step of the backward pass is correct; correct shapes alone earn no points."""

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
    """`forward` returns the correct output for the example."""
    expect_tensor("out", run_output(student, DNN.case), DNN.cache[f"A{LAST}"], show=True)


@check
@also_on_square
def test_example_cache_keys(student, example):
    """The cache of the example has a key for every W, B, Z and A."""
    require_keys("The cache", run_cache(student, example.case), cache_keys(example.case))
    pair(answer_of_forward(student, example.case))


@check
def test_example_cache_values(student):
    """The cache of the example holds the correct values."""
    cache = run_cache(student, DNN.case)
    for key in cache_keys(DNN.case):
        if key in cache or key[0] in "ZA":  # a missing W or B costs points in the check above
            expect_tensor(key, require_key("The cache", cache, key), DNN.cache[key], show=True)


@practice("forward")
def test_practice_forward_again(student):
    """`forward` returns the same result for the same batch, and the correct result for another batch, when called again."""
    net = network(student, DNN.case)
    net.forward(DNN.case.X)
    for case in (DNN.case, on_another_batch(DNN.case)):
        got = tensors_of_forward(student.fetch(net.forward(case.X)), case)
        expect_as_new("forward", got, tensors_of_forward(answer_of_forward(student, case), case))


@practice("forward")
def test_practice_forward_large(student):
    """`forward` returns neither nan nor infinity when |Z| is 1000 or more."""
    cache = tensors_of_forward(answer_of_forward(student, LARGE), LARGE)
    expect_any("forward", cache)
    expect_finite_tensors("The cache", cache, cache)


@check
@also_on_square
def test_example_gradient_keys(student, example):
    """The gradients of the example have a key for every W, B and Z, and for A of every hidden layer."""

    def attempt(source):
        require_keys("grads", run_backward(student, example.case, source), gradient_keys(example.case))
        expect_labels_in_cache(student, example.case)

    on_either_cache(student, example, attempt)


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

    on_either_cache(student, example, attempt)


@check
@also_on_square
def test_example_output_Z(student, example):
    """`compute_gradients` computes dZ of the output layer."""
    expect_gradients(student, example, gradient_keys(example.case, "Z")[:1])


@practice("compute_gradients")
def test_practice_A2(student):
    """`compute_gradients` computes dA2 from dZ3."""
    expect_gradients(student, DNN, ["A2"])


@practice("compute_gradients")
def test_practice_Z2(student):
    """`compute_gradients` computes dZ2 from dA2."""
    expect_gradients(student, DNN, ["Z2"])


@practice("compute_gradients")
def test_practice_A1(student):
    """`compute_gradients` computes dA1 from dZ2."""
    expect_gradients(student, DNN, ["A1"])


@practice("compute_gradients")
def test_practice_Z1(student):
    """`compute_gradients` computes dZ1 from dA1."""
    expect_gradients(student, DNN, ["Z1"])


@check
@also_on_square
def test_example_W(student, example):
    """`compute_gradients` computes dW of every layer."""
    expect_gradients(student, example, gradient_keys(example.case, "W"))


@check
@also_on_square
def test_example_B(student, example):
    """`compute_gradients` computes dB of every layer."""
    expect_gradients(student, example, gradient_keys(example.case, "B"))


@practice("compute_gradients")
def test_practice_square(student):
    """`compute_gradients` computes the gradients of a second network, with two outputs and two samples."""
    expect_gradients(student, SQUARE, gradient_keys(SQUARE.case))


@practice("compute_gradients")
def test_practice_gradients_again(student):
    """`compute_gradients` returns the same gradients for the same batch, and those of another batch, when called again."""
    net = network(student, DNN.case)
    call_backward(student, net, DNN.case, None)
    for case in (DNN.case, on_another_batch(DNN.case)):
        grads = as_gradients("compute_gradients", student.fetch(call_backward(student, net, case, None)), case)
        expect_as_new("compute_gradients", arrays_in(grads, gradient_keys(case)), tensors_of_backward(student, case, None))


@practice("compute_gradients")
def test_practice_gradients_large(student):
    """`compute_gradients` returns neither nan nor infinity when |Z| is 1000 or more."""
    grads = run_backward(student, LARGE)
    expect_any("compute_gradients", present_keys(grads, gradient_keys(LARGE)))
    expect_finite_tensors("grads", grads, gradient_keys(LARGE))


@check
@also_on_square
def test_example_gradients(student, example):
    """`gradients(X, Y)` runs both passes and returns the gradients of every W and B."""
    expect_whole(student, example.case, example.grads, lambda: expect_correct_step(student, example), show=True)


def expect_as_new(method, got, wants):
    """Raise CheckFailure unless a used network returns the same as a new one."""
    expect_any(method, wants)
    for key, want in wants.items():
        if key not in got or not same(got[key], want, equal_nan=True):
            advice = "Use only the arguments of the call and self.params, and start with an empty dict every time."
            raise CheckFailure(f"`{method}` returns a different `{key}` when you use the same network again. {advice}", key)


def expect_any(method, tensors):
    """Raise CheckFailure if there are no tensors to check."""
    if not tensors:
        raise CheckFailure(f"`{method}` does not return any of the expected arrays yet.")


def rehearse(student):
    """Run the functions that no public check calls, so that students see before the deadline if they need a missing module."""
    case = DNN.case
    net = student.module("dnn").DNN(case.layer_sizes, seed=1)
    student.fetch(net.fit(case.X, case.Y, learning_rate=0.5, epochs=2, tolerance=0.0), net.predict(case.X))


OF_FORWARD = Checks(
    ("example_output", "example_cache_values", "example_gradients"), ("example_cache_keys", "example_gradients")
)
OF_BACKWARD = Checks(
    ("example_gradients",),
    ("example_gradient_keys", "example_gradients"),
    ("example_gradient_shapes",),
    {
        "Z": ("example_output_Z", "example_W", "example_B"),
        "A": ("example_W", "example_B"),
        "W": ("example_W",),
        "B": ("example_B",),
        **{key: (f"practice_{key}",) for key in ("A2", "Z2", "A1", "Z1")},
    },
)
ON_SQUARE = OF_BACKWARD._replace(values=(*OF_BACKWARD.values, "practice_square"))
OF_BOTH = Checks(("example_gradients",), ("example_gradients",))


def observe(student):
    """Yield the results of the code on the example, in order, and then on the square example, which has a different m."""
    yield from observe_passes(student, DNN, OF_BACKWARD)
    yield from observe_both(student, DNN.case)
    yield from observe_passes(student, SQUARE, ON_SQUARE)


def observe_passes(student, example, backward):
    """Yield the results of both passes; the backward pass gets the example's cache if the forward pass is wrong."""
    forward = [*observe_forward(student, example, OF_FORWARD)]
    yield from forward
    yield from observe_backward(student, example, None if all_right(forward) else reference(example), backward)


def observe_both(student, case):
    """Yield the results of `gradients`; whatever the two passes return by themselves counts as correct here."""
    grads = outcome(
        student,
        lambda: as_gradients("gradients", student.fetch(network(student, case).gradients(case.X, case.Y)), case),
    )
    if isinstance(grads, Exception):
        yield Observed(OF_BOTH.values, "gradients", "gradients", grads, None, topic="gradients")
        return
    wants, own = {key: DNN.grads[key] for key in gradient_keys(case, "WB")}, tensors_of_backward(student, case, None)
    found = arrays_in(grads, wants)
    wants |= {key: own[key] for key in wants if key in own and np.array_equal(own[key], found.get(key), equal_nan=True)}
    yield from observe_gradients(student, case, grads, wants, OF_BOTH, "gradients", "gradients(X, Y)")
