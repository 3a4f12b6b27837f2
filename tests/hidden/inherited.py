"""Keep the hidden checks of extension.py from deducting points again for mistakes in dnn.py, and from rewarding nothing."""

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache

from autograder.backprop.oracle import reference_cache
from autograder.backprop.running import expect_cache, run_backward, run_forward
from autograder.checking import CheckFailure, StudentError, copy_failure
from tests.hidden.steps import expect_reference


@lru_cache(maxsize=256)
def as_dnn(case):
    """Return the same case for the network of dnn.py."""
    return replace(case, model="DNN", activations=())


def unless_dnn_fails_too(attempt, case):
    """Run an attempt with a network of extension.py; ignore a failure if the student's DNN fails in the same attempt."""
    try:
        attempt(case)
    except (CheckFailure, StudentError) as failure:
        try:
            attempt(as_dnn(case))
        except (CheckFailure, StudentError):
            return
        raise copy_failure(failure, independent=True) from failure.__cause__


def runs(student, case):
    """Return whether both passes of a network run; an exception costs points elsewhere."""
    with suppress(CheckFailure, StudentError):
        run_forward(student, case)
        run_backward(student, case)
        return True
    return False


def is_right(student, case):
    """Return whether the output and every W and B gradient of a network are correct."""
    with suppress(CheckFailure, StudentError):
        expect_cache(student, case, reference_cache(case))
        expect_reference(student, case)
        return True
    return False


@contextmanager
def situation(words):
    """Prefix failures in this context with a description of the input, if there is one."""
    try:
        yield
    except CheckFailure as failure:
        if not words:
            raise
        told = copy_failure(failure, args=(f"{words}: {failure}",), discreet=f"{words}: {failure.discreet}")
        raise told from failure.__cause__
