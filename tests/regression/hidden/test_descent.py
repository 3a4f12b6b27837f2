"""Hidden checks of descent.py."""

from autograder.checking import check
from tests.regression.public.test_descent import expect_descent


@check
def test_fit(student, data):
    """`fit` follows your gradients for several steps on other data."""
    expect_descent(student, data.X, data.y, rate=0.05, steps=3)
