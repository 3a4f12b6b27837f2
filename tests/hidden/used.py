"""Cases for the hidden checks of networks that have been used before."""

from dataclasses import replace
from functools import lru_cache

from autograder.checking import CheckFailure, mapping

# Small, so that no output saturates, but every tensor changes.
FACTOR = 0.97  # of all parameters
NUDGE = 0.1  # of one weight, or of one input


@lru_cache(maxsize=256)
def with_other_params(case):
    """Return the case with other parameters of the same shapes."""
    return case.with_params({key: FACTOR * value for key, value in case.params.items()})


@lru_cache(maxsize=256)
def with_nudge(case):
    """Return the case with another first weight in W1."""
    W1 = case.params["W1"].copy()
    W1.flat[0] += NUDGE
    return case.with_params({**case.params, "W1": W1})


@lru_cache(maxsize=256)
def with_other_input(case):
    """Return the case with another first number in X."""
    X = case.X.copy()
    X.flat[0] += NUDGE
    return replace(case, X=X)


def nudge(net, case):
    """Change the first weight of W1 in place, as in `with_nudge`."""
    net.params["W1"].put(0, float(with_nudge(case).params["W1"].flat[0]))


def expect_no_new_keys(name, after, before):
    """Raise CheckFailure if a dict of the caller has keys that it did not have before the call."""
    if mapping(name, after).keys() - before.keys():
        raise CheckFailure(f"The call adds a key to `{name}`, which belongs to the caller.", name)
