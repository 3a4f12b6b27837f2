"""Hidden checks of side effects in extension.py: on the caller's arrays, and on later calls.

Whatever a network doesn't do at all, or inherits from dnn.py, costs points elsewhere.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.calling import as_gradients, put_labels, unpack_forward
from autograder.backprop.case import as_column, in_the_notes
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.backprop.running import (
    arrays_in,
    cache_with_overrides,
    network,
    on_another_batch,
    relabelled,
    remember,
    run_backward,
    run_output,
    same,
)
from autograder.checking import (
    CheckFailure,
    StudentError,
    check,
    expect_same_random_state,
    expect_untouched,
    require_key,
)
from autograder.diagnosis.calls import call_traced, fetch_all
from autograder.diagnosis.observation import Raised
from tests.hidden.credit import chain, expect_correct_step_on
from tests.hidden.inherited import is_right, runs, situation, unless_dnn_fails_too
from tests.hidden.used import expect_no_new_keys, nudge, with_nudge, with_other_input, with_other_params

POINTS = np.array([[-1.4, 0.3], [2.1, -0.8]])
NOTHING = MappingProxyType({})


def expect_of_networks(student, cases, attempt):
    """Raise CheckFailure unless every network of extension.py that runs passes, and one of them has a correct step."""
    usual = cases.softmax, cases.squared_error, cases.general_relu
    expect_correct_step_on(student, *usual)
    for case in usual:
        if runs(student, case):
            unless_dnn_fails_too(partial(attempt, student), case)


# Side effects on the caller's arrays -----------------------------------------------------------------------------------------


@check
def test_extension_leaves_no_trace(student, cases):
    """No function in `extension.py` changes its arguments, the parameters or the random state."""
    expect_of_networks(student, cases, expect_no_trace_of_network)
    extension, arguments = student.module("extension"), arguments_of(cases)

    def call(name):
        return call_traced(student, getattr(extension, name), *map(student.place, arguments[name].values()))

    for name, returned in fetch_all(student, {name: partial(call, name) for name in arguments}).items():
        if not isinstance(returned, Raised):
            _, before, after, *left = returned
            expect_same_arguments(arguments[name], dict(zip(arguments[name], left, strict=True)))
            expect_same_random_state(name, before, after)


def arguments_of(cases):
    """Return the arguments of the functions, by name."""
    case = cases.squared_error
    out, Z = reference_of(case).out, reference_cache(case)[f"Z{case.layers[-1]}"]
    return {
        "softmax": {"Z": Z},
        "softmax_backward": {"dA": 2 * (out - case.Y), "A": out},
        "worked_example": {},
        "notes_gradients": {"params": in_the_notes(cases.notes.params), "X": cases.notes.X, "y": cases.notes.Y},
    }


def expect_same_arguments(before, after, held=NOTHING):
    """Raise CheckFailure if an argument has changed, or if a dict has keys that neither it nor `held` had."""
    for name, value in before.items():
        if isinstance(value, dict):
            expect_no_new_keys(name, after[name], {**value, **held.get(name, {})})
            for key, want in value.items():
                expect_untouched(f'{name}["{key}"]', require_key(name, after[name], key), want)
        else:
            expect_untouched(name, after[name], value)


def expect_no_trace_of_network(student, case):
    """Raise CheckFailure if a pass of the network or its loss changes its arguments, the parameters or the random state."""
    net, out, given = network(student, case), reference_of(case).out, {**reference_cache(case), "Y": case.Y}
    cache = cache_with_overrides(student, net, case, given)
    arguments = {"forward": {"X": case.X}, "loss": {"out": out, "Y": case.Y}, "compute_gradients": {"out": out}}
    held = student.copy(cache)

    def call(name):
        more = [cache] if name == "compute_gradients" else []
        return call_traced(student, getattr(net, name), *map(student.place, arguments[name].values()), *more)

    found = fetch_all(student, {**{name: partial(call, name) for name in arguments}, "left": lambda: [held, net.params]})
    held, params = found.pop("left")
    for name, returned in found.items():
        if not isinstance(returned, Raised):
            _, before, after, *left = returned
            with situation(f"`{case.model}.{name}`"):
                expect_same_arguments(arguments[name], dict(zip(arguments[name], left, strict=False)))
                expect_same_random_state(name, before, after)
                if name == "compute_gradients":
                    expect_same_arguments({"cache": given}, {"cache": left[-1]}, {"cache": held})
    expect_same_arguments({"net.params": case.params}, {"net.params": params})


# Side effects on later calls ---------------------------------------------------------------------------------------


class Use(NamedTuple):
    """One use of a network: what was new about it, in words; the case; and the results: out, cache and gradients."""

    words: str
    case: Any
    results: tuple


@lru_cache(maxsize=64)
def other_uses_of(case):
    """Return the cases that a network is used for next, by a description of what is new."""
    return {
        "another batch": on_another_batch(case),
        "other labels": relabelled(case),
        "other parameters": with_other_params(case),
        "one other weight": with_nudge(case),
        "one other input": with_other_input(case),
    }


def uses_of(student, case):
    """Return the uses of one network, one after another, and the results of the first one as they are afterwards."""
    return remember(student, ("uses", case), partial(use_again, student, case))


def use_again(student, case):
    """Use a network repeatedly."""
    new = other_uses_of(case)
    net, uses = network(student, case), []

    def run(use, X):
        out, cache = unpack_forward(student, net.forward(X), case)
        return back(use, out, cache)

    def back(use, out, cache):
        put_labels(student, net, cache, use)
        return out, cache, net.compute_gradients(out, cache)

    def add(words, use, call):
        uses.append(Use(words, use, student.fetch(*call)))

    first = run(case, case.X)
    add("the first batch", case, first)
    for words in ("another batch", "the first batch once more", "other labels", "other parameters"):
        use = new.get(words, case)
        if words == "other parameters":
            net.params = student.parameters(use.params)
        add(words, use, run(use, use.X))
    later = student.fetch(*first)

    net.params, X = student.parameters(case.params), student.place(case.X)
    out, cache = unpack_forward(student, net.forward(case.X), case)
    net.forward(new["another batch"].X)
    add("the first of two forward passes", case, back(case, out, cache))
    nudge(net, case)
    add("one other weight", new["one other weight"], run(new["one other weight"], case.X))
    net.params = student.parameters(case.params)
    net.forward(X)
    X.put(0, float(new["one other input"].X.flat[0]))
    add("one other input", new["one other input"], run(new["one other input"], X))
    return uses, later


@check
def test_extension_second_call(student, cases):
    """A used network of `extension.py` returns the same as a new one, for other batches and parameters."""
    expect_of_networks(student, cases, expect_use_as_new)


def expect_use_as_new(student, case):
    """Raise CheckFailure unless every use of a network gives the correct values or, if the first doesn't, a new network's."""
    right = is_right(student, case)
    uses, _ = uses_of(student, case)
    for use in uses:
        out, _, grads = use.results
        got = {**as_gradients("compute_gradients", grads, use.case), "out": out}
        for key, want in (right_values(use.case) if right else values_of_new(student, use.case)).items():
            value = as_column(key, require_key("grads", got, key))
            if not same(value, want) and not same(value, values_of_new(student, use.case).get(key, want)):
                words = f"For {use.words}, a used `{case.model}` returns a different result than a new one"
                raise CheckFailure(f"{words}. Use only the arguments of the call and the current self.params.", key)


def right_values(case):
    """Return the output and the gradients of the parameters."""
    return {key: chain(case)[key] for key in case.params} | {"out": reference_cache(case)[f"A{case.layers[-1]}"]}


def values_of_new(student, case):
    """Return the same for a new network of the student's, without missing or infinite values."""
    found = {**arrays_in(run_backward(student, case), case.params), **arrays_in({"out": run_output(student, case)}, ["out"])}
    return {key: as_column(key, value) for key, value in found.items() if np.isfinite(value).all()}


@check
def test_extension_results_independent(student, cases):
    """A later call never changes what a function in `extension.py` has returned."""
    expect_of_networks(student, cases, expect_lasting_uses)
    calls, extension = {}, student.module("extension")
    for name, arguments in arguments_of(cases).items():
        calls[name] = getattr(extension, name), tuple(arguments.values()), tuple(map(another, arguments.values()))
    for name, number in (("sigmoid", 1), ("tanh", 0), ("tanh", 1), ("relu", 0), ("relu", 1)):
        calls[f"ACTIVATIONS[{name}]"] = extension.ACTIVATIONS[name][number], (POINTS,), (another(POINTS),)
    first = {name: function(*arguments) for name, (function, arguments, _) in calls.items()}
    early = fetch_all(student, {name: partial(list, [result]) for name, result in first.items()})
    again = {name: partial(lambda name: [calls[name][0](*calls[name][2]), first[name]], name) for name in first}
    for name, late in fetch_all(student, again).items():
        if not isinstance(late, Raised) and not isinstance(early[name], Raised):
            expect_lasting(name, early[name][0], late[1])


def another(value):
    """Return another argument of the same kind."""
    return value if isinstance(value, dict) else 0.5 * value[..., ::-1]


def expect_lasting_uses(student, case):
    """Raise CheckFailure if a later use of a network changes what the first one returned."""
    with suppress(StudentError):  # an exception in a later use costs points in the check of the second call
        uses, later = uses_of(student, case)
        for name, early, late in zip(("forward", "forward", "compute_gradients"), uses[0].results, later, strict=True):
            expect_lasting(f"{case.model}.{name}", early, late)


def expect_lasting(name, early, late):
    """Raise CheckFailure if a result has changed."""
    if not is_same_value(early, late):
        words = f"A later call changed what `{name}` had returned"
        raise CheckFailure(f"{words}. Create a new dict and new arrays in every call.")


def is_same_value(one, other):
    """Return whether two fetched values are equal, including everything in dicts and lists."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same_value(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_same_value, one, other))
    if isinstance(one, (np.ndarray, float, int)) and isinstance(other, (np.ndarray, float, int)):
        return np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other)
