"""How the hidden checks of extension.py leave alone what has been paid for in dnn.py, and what earns nothing."""

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
    """Let a network of extension.py try; where the student's DNN fails in the same attempt, that is paid for in dnn.py."""
    try:
        attempt(case)
    except (CheckFailure, StudentError) as failure:
        try:
            attempt(as_dnn(case))
        except (CheckFailure, StudentError):
            return
        raise copy_failure(failure, independent=True) from failure.__cause__


def runs(student, case):
    """Return whether both passes of a network run; where one of them raises, that is paid for elsewhere."""
    with suppress(CheckFailure, StudentError):
        run_forward(student, case)
        run_backward(student, case)
        return True
    return False


def is_right(student, case):
    """Return whether the output and every W and B gradient of a network are right."""
    with suppress(CheckFailure, StudentError):
        expect_cache(student, case, reference_cache(case))
        expect_reference(student, case)
        return True
    return False


@contextmanager
def situation(words):
    """Let a failure inside begin with the words for the input that it is about, if there are any."""
    try:
        yield
    except CheckFailure as failure:
        if not words:
            raise
        told = copy_failure(failure, args=(f"{words}: {failure}",), discreet=f"{words}: {failure.discreet}")
        raise told from failure.__cause__
