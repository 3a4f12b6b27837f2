"""The vocabulary of the checks: which values count as arrays of numbers, and the messages about others."""

import re

import numpy as np
import pytest

from autograder.checking import CheckFailure, expect_finite, random_state_changed, real_numbers, tensor


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ([[1, 2], (3.5, True)], [[1, 2], [3.5, 1]]),
        (np.array([[1, 2.5]], object), [[1, 2.5]]),
        ([np.ones(2), np.zeros(2)], [[1, 1], [0, 0]]),
        (np.array([2 + 0j]), [2]),
        (np.float16(0.5), 0.5),
    ],
)
def test_real_numbers_are_an_array_however_they_are_kept(value, want):
    assert tensor("W1", value).dtype == float
    assert np.array_equal(tensor("W1", value), want)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([1, None]), "it has dtype object."),
        (np.array([10**400]), "it has dtype object."),
        (np.array([1 + 2j]), "it has dtype complex128."),
        (np.array(["x"]), "it has dtype <U1."),
        ([[1], [2, 3]], "it is a list of 2."),
        ([1, "2"], "it is a list of 2."),
        (None, "it is None (is the return missing?)."),
    ],
)
def test_anything_else_is_named(value, words):
    with pytest.raises(CheckFailure, match=re.escape(f"`W1` must be an array of numbers; {words}")):
        tensor("W1", value)


def test_no_array_of_strings_is_made_of_a_long_one(monkeypatch):
    """It would take four bytes for each character of the longest, times the number of strings."""
    monkeypatch.setattr(np, "asarray", None)
    with pytest.raises(TypeError, match=r"^$"):
        real_numbers([["x" * 10_000], [""] * 10_000])


def test_nan_and_infinity_are_told_apart():
    for value, words in ((np.array([np.inf, np.nan]), "nan"), (np.array([np.inf, 1]), "infinity")):
        with pytest.raises(CheckFailure, match=f"`W1` contains {words}."):
            expect_finite("W1", value)


STATE = [np.arange(3), 7, 12345]


@pytest.mark.parametrize("after", [[np.arange(3), 8, 12345], [np.arange(3), 7], 3, None, "xyz", {"x": 1}, [["x"], 7, 12345]])
def test_a_different_or_missing_random_state_is_a_change(after):
    assert random_state_changed(STATE, after)
    assert random_state_changed(after, STATE)
    assert not random_state_changed(STATE, list(STATE))
