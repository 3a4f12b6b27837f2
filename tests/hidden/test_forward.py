"""Hidden checks of `forward` and its cache."""

from autograder.checking import (
    cache_keys,
    check,
    expect_finite,
    expect_same_random_state,
    expect_tensor,
    expect_untouched,
    take,
    take_all,
    tensor,
)
from autograder.judge.oracle import truth
from autograder.running import network, pair, run_forward
from tests.hidden.cases import DEEP, MAIN, OTHER, SATURATED, SHALLOW, SINGLE


def expect_cache(student, case, kinds):
    _, cache = run_forward(student, case)
    for key in cache_keys(case):
        if key[0] in kinds:
            expect_tensor(key, take("The cache", cache, key), truth(case).cache[key])


@check
def test_forward_output(student):
    """`forward` returns the right output for batches of shape 2 x m, one column or many."""
    for case in (MAIN, SINGLE):
        out, _ = run_forward(student, case)
        expect_tensor("out", out, truth(case).out)


@check
def test_forward_cache_keys(student):
    """The cache has a key for every W, B, Z and A on a batch of shape 2 x m."""
    _, cache = run_forward(student, MAIN)
    take_all("The cache", cache, cache_keys(MAIN))


@check
def test_forward_cache_Z(student):
    """The cache holds every Z_l as it was before the activation, in the shape (n_l, m)."""
    expect_cache(student, MAIN, "Z")


@check
def test_forward_cache_A(student):
    """The cache holds every A_l from the input A_0 to the output, in the shape (n_l, m)."""
    expect_cache(student, MAIN, "A")


@check
def test_forward_cache_W_and_B(student):
    """The cache holds the W_l and B_l that the forward pass used."""
    expect_cache(student, MAIN, "WB")


@check
def test_forward_other_depths(student):
    """`forward` and its cache are right for any layer_sizes, deeper, wider or without a hidden layer."""
    for case in (DEEP, SHALLOW):
        out, cache = run_forward(student, case)
        expect_tensor("out", out, truth(case).out)
        take_all("The cache", cache, cache_keys(case))
        expect_cache(student, case, "ZA")


@check
def test_forward_saturated(student):
    """`forward` stays finite where |Z| reaches 1000."""
    out, cache = run_forward(student, SATURATED)
    expect_finite("out", tensor("out", out))
    for key in cache_keys(SATURATED):
        expect_finite(key, tensor(key, take("The cache", cache, key)))


@check
def test_forward_leaves_no_trace(student):
    """`forward` changes neither X nor the parameters nor the random state, and answers the same call the same way twice."""
    net = network(student, MAIN)
    X = student.place(MAIN.X)
    before = student.stirred_random_state()
    first = net.forward(X)
    after = student.random_state()
    net.forward(OTHER.X)
    again = net.forward(X)
    first, again, X, params, before, after = student.fetch(first, again, X, net.params, before, after)
    expect_untouched("X", X, MAIN.X)
    for key, value in MAIN.params.items():
        expect_untouched(key, take("net.params", params, key), value)
    expect_same_random_state("forward", before, after)
    (out, cache), (out_again, cache_again) = pair(first), pair(again)
    expect_tensor("out", out_again, tensor("out", out))
    for key in cache_keys(MAIN):
        expect_tensor(key, take("The second cache", cache_again, key), tensor(key, take("The cache", cache, key)))
