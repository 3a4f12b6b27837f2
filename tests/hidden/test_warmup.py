"""Hidden checks of warmup.py."""

import functools

import numpy as np

from autograder.backprop.case import in_the_notes
from autograder.backprop.oracle import STEP, reference_cache, reference_of, sigmoid
from autograder.backprop.running import arrays_in, depends, either, expect_finite_tensors, on_another_batch, parallel, same
from autograder.checking import (
    CheckFailure,
    StudentError,
    check,
    expect_finite,
    expect_same_random_state,
    expect_shape,
    expect_tensor,
    expect_untouched,
    mapping,
    require_key,
    tensor,
    two_values,
)
from tests.hidden.credit import chain

FUNCTIONS = {
    "exp_exp_square": lambda x: np.exp(np.exp(x**2)),
    "reciprocal_exp_square": lambda x: np.exp(-(x**2)),
    "two_paths": lambda x: 2 * x**2 + x,
}


def run(student, name, *points):
    """Return (value, derivative) from this function at each of the points, which are numbers or arrays."""
    function = getattr(student.module("warmup"), name)
    handles = [function(x) for x in points]
    returned = student.fetch(*handles) if len(handles) > 1 else [student.fetch(*handles)]
    return [two_values(name, value, "value, derivative") for value in returned]


def value_and_slope(name, x):
    """Return the correct value and derivative at a number or an array."""
    function = FUNCTIONS[name]
    return np.asarray(function(x)), np.asarray(function(x + 1j * STEP).imag / STEP)


def expect_both(returned, wants):
    """Raise CheckFailure unless the value and the derivative are the expected ones."""
    for what, got, want in zip(("value", "derivative"), returned, wants, strict=True):
        expect_tensor(what, got, want)


def expect_at_points(student, cases, name):
    """Raise CheckFailure unless this function returns its value and its derivative at every number."""
    for x, returned in zip(cases.points, run(student, name, *cases.points), strict=True):
        expect_both(returned, value_and_slope(name, x))


@check
def test_exp_exp_square(student, cases):
    """`exp_exp_square` is correct for negative and positive numbers and for 0."""
    expect_at_points(student, cases, "exp_exp_square")


@check
def test_reciprocal_exp_square(student, cases):
    """`reciprocal_exp_square` is correct for negative and positive numbers and for 0."""
    expect_at_points(student, cases, "reciprocal_exp_square")


@check
def test_two_paths(student, cases):
    """`two_paths` is correct for negative and positive numbers and for 0."""
    expect_at_points(student, cases, "two_paths")


@check
def test_arrays(student, cases):
    """`exp_exp_square`, `reciprocal_exp_square` and `two_paths` work element by element on arrays of any shape."""
    for name in FUNCTIONS:
        for array, returned in zip(cases.arrays, run(student, name, *cases.arrays), strict=True):
            either(
                functools.partial(expect_both, returned, value_and_slope(name, array)),
                functools.partial(expect_number_by_number, student, array, name, returned),
            )


def expect_number_by_number(student, array, name, returned):
    """Raise CheckFailure unless both results agree with those for each number, and one is more than x or a constant."""
    wants = list(number_by_number(student, array, name))
    if all(parallel(want, array) or parallel(want, np.ones(array.shape)) for want in wants):
        raise CheckFailure(f"{name} doesn't compute anything from x.")
    expect_both(returned, wants)


def number_by_number(student, array, name):
    """Return the results of the student's function for each number in the array, as floats, combined into arrays."""
    halves = zip(*run(student, name, *array.ravel().astype(float).tolist()), strict=True)
    for half in halves:
        numbers = [tensor(name, number) for number in half]
        for number in numbers:
            expect_shape(name, number, ())
        yield np.reshape(numbers, array.shape)


WEIGHTS = ("w1", "w2", "w3")


def chain_loss(x, y, w1, w2, w3):
    return (y - sigmoid(w3 * sigmoid(w2 * sigmoid(w1 * x)))) ** 2


def expect_chain(student, cases, weights):
    """Raise CheckFailure unless the loss and the gradients of these weights are correct."""
    handles = [student.module("warmup").three_weight_chain(*arguments) for arguments in cases.chains]
    for arguments, returned in zip(cases.chains, student.fetch(*handles), strict=True):
        loss, grads = two_values("three_weight_chain", returned, "loss, grads")
        mapping("The second return value", grads)
        for key in weights:
            nudged = np.array(arguments, complex)
            nudged[2 + WEIGHTS.index(key)] += 1j * STEP
            want = np.asarray(chain_loss(*nudged).imag / STEP)
            expect_tensor(key, require_key("grads", grads, key), want)
        expect_tensor("loss", loss, np.asarray(chain_loss(*arguments)))


@check
def test_three_weight_chain_last(student, cases):
    """`three_weight_chain` returns the correct loss, and the correct gradient of w3, the last weight."""
    expect_chain(student, cases, ["w3"])


@check
def test_three_weight_chain_all(student, cases):
    """`three_weight_chain` returns the correct gradients of w2 and w1, which are further back."""
    expect_chain(student, cases, ["w2", "w1"])


LOGISTIC_KEYS = ("a1", "dJdz1", "dJdb1", "dJdw1")


def run_logistic(student, case):
    """Return the result of logistic_gradients on a case with one layer, and the arguments after the call."""
    given = {"X": case.X, "y": case.Y, **in_the_notes(case.params)}
    placed = [student.place(value) for value in given.values()]
    returned, *after = student.fetch(student.module("warmup").logistic_gradients(*placed), *placed)
    return mapping("The return value of logistic_gradients", returned), given, dict(zip(given, after, strict=True))


def expect_logistic(student, cases, key, *steps):
    """Raise CheckFailure unless the gradient is correct, or follows from the student's own dJdz1."""
    returned, _, _ = run_logistic(student, cases.logistic)
    right = in_the_notes(reference_of(cases.logistic).grads, "dJd")[key]
    wants = [step(dJdz1) for step in steps for dJdz1 in own_dJdz1(cases, returned)]
    expect_tensor(key, require_key("The dict", returned, key), right, *wants, case=cases.logistic)


def own_dJdz1(cases, returned):
    """Return the student's own dJdz1 if it can be followed: numbers with the shape (1, m), and not constant."""
    try:
        value = tensor("dJdz1", returned.get("dJdz1"))
    except CheckFailure:
        return
    if value.shape == cases.logistic.Y.shape and np.ptp(value) > 0:
        yield value


@check
def test_logistic_dJdz1(student, cases):
    """`logistic_gradients` returns the correct a1, and the correct dJdz1 with one column per sample."""
    returned, _, _ = run_logistic(student, cases.logistic)
    expect_tensor("a1", require_key("The dict", returned, "a1"), reference_of(cases.logistic).out)
    expect_logistic(student, cases, "dJdz1")


@check
def test_logistic_dJdb1(student, cases):
    """dJdb1 is the mean of your dJdz1 over the samples, with the shape (1, 1)."""
    expect_logistic(student, cases, "dJdb1", lambda dJdz1: dJdz1.mean(axis=1, keepdims=True))


@check
def test_logistic_dJdw1(student, cases):
    """dJdw1 follows from X and your dJdz1, averaged over the batch, with the shape (p, 1)."""
    expect_logistic(student, cases, "dJdw1", lambda dJdz1: cases.logistic.X @ dJdz1.T / cases.logistic.samples)


@check
def test_warmup_conventions(student, cases):
    """No function changes its arguments, earlier results or the random state; `logistic_gradients` works for any batch."""
    expect_alive_logistic(student, cases)
    for key, value in arrays_in(run_logistic(student, cases.logistic_saturated)[0], LOGISTIC_KEYS).items():
        expect_finite(key, value)
    for case in (cases.logistic_tail, cases.logistic_saturated, cases.logistic_single, cases.logistic_integers):
        expect_same_logistic(student, cases.logistic, case)
    _, given, after = run_logistic(student, cases.logistic)
    for name, value in given.items():
        expect_untouched(name, after[name], value)
    for name in FUNCTIONS:
        expect_lasting_result(student, name, cases.array)
    expect_lasting_logistic(student, cases.logistic)
    calls = {name: [cases.array] for name in FUNCTIONS}
    calls |= {"three_weight_chain": cases.chains[0], "logistic_gradients": given.values()}
    for name, arguments in calls.items():
        before = student.stirred_random_state()
        getattr(student.module("warmup"), name)(*arguments)
        expect_same_random_state(name, *student.fetch(before, student.random_state()))


def expect_same_logistic(student, usual, case):
    """Raise CheckFailure if something is correct on the usual case but not on this one."""
    returned, usually = (run_logistic(student, one)[0] for one in (case, usual))
    found, wants = arrays_in(usually, LOGISTIC_KEYS), logistic_by_hand(usual)
    for key in found:
        if same(found[key], wants[key]):
            expect_tensor(key, require_key("The dict", returned, key), logistic_by_hand(case)[key], case=case)


def logistic_by_hand(case):
    """Return the correct results on a case, even if complex steps of the loss overflow."""
    return {"a1": reference_cache(case)["A1"], **in_the_notes(chain(case), "dJd")}


def expect_lasting_result(student, name, array):
    """Raise CheckFailure if a function changes its array, or if its result changes when the array does."""
    x = student.place(array)
    returned = getattr(student.module("warmup"), name)(x)
    try:
        earlier, after = student.fetch(returned, x)
        x.put(0, 0.5)
        later = student.fetch(returned)
        values = [[tensor(name, value) for value in two_values(name, pair, "value, derivative")] for pair in (earlier, later)]
    except (CheckFailure, StudentError):
        return  # a result other than two arrays costs points in other checks
    if not np.array_equal(tensor("x", after), array):
        raise CheckFailure(f"`{name}` changes its argument x. Use a new array for the result.")
    if not all(np.array_equal(was, now, equal_nan=True) for was, now in zip(*values, strict=True)):
        raise CheckFailure(f"The result of `{name}` changes when x changes. Return a new array.")


def expect_lasting_logistic(student, case):
    """Raise CheckFailure if a second call changes what the first one returned."""
    function, batches = student.module("warmup").logistic_gradients, (case, on_another_batch(case))
    call, next_call = (functools.partial(function, one.X, one.Y, *in_the_notes(one.params).values()) for one in batches)
    returned = call()
    earlier = student.fetch(returned)
    later, _ = student.fetch(returned, next_call())
    earlier, later = (arrays_in(mapping("The dict", one), LOGISTIC_KEYS) for one in (earlier, later))
    if earlier.keys() != later.keys() or not all(np.array_equal(earlier[key], later[key], equal_nan=True) for key in earlier):
        raise CheckFailure("A second call of `logistic_gradients` changes what the first one returned.")


def expect_alive_logistic(student, cases):
    """Raise CheckFailure unless something is computed from X and y, correct or not; a copy of them does not count."""
    variants = (cases.logistic, cases.logistic, on_another_batch(cases.logistic))
    here, *others = (arrays_in(run_logistic(student, variant)[0], LOGISTIC_KEYS) for variant in variants)
    copies = {key for key, value in here.items() if parallel(value, cases.logistic.X) or parallel(value, cases.logistic.Y)}
    if not depends({key: value for key, value in here.items() if key not in copies}, *others):
        expect_finite_tensors("The dict", run_logistic(student, cases.logistic)[0], LOGISTIC_KEYS)
        raise CheckFailure("logistic_gradients doesn't compute anything from X and y.")
