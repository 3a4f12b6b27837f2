"""Hidden checks of `forward` and its cache.

Z_l is checked on the student's own A_{l-1} and A_l on the student's own Z_l, so that one slip is not paid for twice.
"""

from autograder.backprop.case import cache_keys
from autograder.backprop.oracle import reference_of, sigmoid
from autograder.backprop.running import (
    answer_of_forward,
    expect_input_dependence_of_forward,
    network,
    run_cache,
    run_output,
    tensors_of_forward,
)
from autograder.checking import (
    CheckFailure,
    check,
    expect_finite,
    expect_same_random_state,
    expect_tensor,
    expect_untouched,
    require_key,
    require_keys,
)
from tests.hidden.steps import Tensors, also_on_squares

# What the tensors of a layer follow from.
STEPS = {
    "Z": lambda case, cache, layer: case.params[f"W{layer}"] @ cache[f"A{layer - 1}"] + case.params[f"B{layer}"],
    "A": lambda case, cache, layer: sigmoid(cache[f"Z{layer}"]),
}


def expect_cache(student, case, kinds):
    """The tensors of these kinds are right."""
    cache = run_cache(student, case)
    for key in keys_of(case, kinds):
        expect_tensor(key, require_key("The cache", cache, key), reference_of(case).cache[key])


def expect_cache_steps(student, case, kind):
    """The tensors of this kind are right, or follow from the student's own ones."""
    cache = run_cache(student, case)
    for key in keys_of(case, kind):
        expect_tensor(key, require_key("The cache", cache, key), reference_of(case).cache[key], *followed(case, cache, key))


def keys_of(case, kinds):
    return [key for key in cache_keys(case) if key[0] in kinds]


def followed(case, cache, key):
    """What the step must give from the student's own results, where they can be followed."""
    try:
        yield STEPS[key[0]](case, Tensors(cache, case), int(key[1:]))
    except (CheckFailure, KeyError):
        return


@check
def test_forward_output(student, cases):
    """`forward` returns the right output for batches of shape 2 x m, one column or many."""
    for case in (cases.main, cases.single):
        expect_tensor("out", run_output(student, case), reference_of(case).out)


@check
@also_on_squares
def test_forward_cache_keys(student, cases):
    """The cache has a key for every W, B, Z and A on a batch of shape 2 x m."""
    expect_input_dependence_of_forward(student, cases.main)
    require_keys("The cache", run_cache(student, cases.main), cache_keys(cases.main))


@check
@also_on_squares
def test_forward_cache_Z(student, cases):
    """The cache holds every Z_l as it was before the activation, in the shape (n_l, m)."""
    expect_cache_steps(student, cases.main, "Z")


@check
@also_on_squares
def test_forward_cache_A(student, cases):
    """The cache holds every A_l from the input A_0 to the output, in the shape (n_l, m)."""
    expect_cache_steps(student, cases.main, "A")


@check
@also_on_squares
def test_forward_cache_W_and_B(student, cases):
    """The cache holds the W_l and B_l that the forward pass used."""
    expect_input_dependence_of_forward(student, cases.main)
    expect_cache(student, cases.main, "WB")


@check
def test_forward_other_depths(student, cases):
    """`forward` and its cache are right for any layer_sizes, deeper, wider or without a hidden layer."""
    for case in (cases.deep, cases.shallow):
        expect_tensor("out", run_output(student, case), reference_of(case).out)
        expect_cache(student, case, "ZA")


@check
@also_on_squares
def test_forward_saturated(student, cases):
    """`forward` stays finite where |Z| reaches 1000."""
    expect_input_dependence_of_forward(student, cases.main)
    for key, value in tensors_of_forward(answer_of_forward(student, cases.saturated), cases.saturated).items():
        expect_finite(key, value)


@check
@also_on_squares
def test_forward_leaves_no_trace(student, cases):
    """`forward` changes neither X nor the parameters nor the random state, and answers the same call the same way twice."""
    expect_input_dependence_of_forward(student, cases.main)
    net = network(student, cases.main)
    X = student.place(cases.main.X)
    before = student.stirred_random_state()
    first = net.forward(X)
    after = student.random_state()
    net.forward(cases.other.X)
    again = net.forward(X)
    first, again, X, params, before, after = student.fetch(first, again, X, net.params, before, after)
    expect_untouched("X", X, cases.main.X)
    for key, value in cases.main.params.items():
        expect_untouched(key, require_key("net.params", params, key), value)
    expect_same_random_state("forward", before, after)
    second = tensors_of_forward(again, cases.main)
    for key, want in tensors_of_forward(first, cases.main).items():
        expect_tensor(key, require_key("The second cache", second, key), want)
