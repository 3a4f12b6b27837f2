"""How the tests of the sandbox run a function of a submission, and read what is said when it fails."""

import pytest

from autograder.checking import StudentError
from autograder.sandbox.limits import Limits

LIMITS = Limits(call_seconds=0.6, import_seconds=2.5, submission_seconds=8.0)


def runner(sandbox):
    """run(source, "f", 1) calls f(1) of a dnn.py and returns what comes back."""

    def run(source, name, *arguments):
        with sandbox.session({"dnn": source.encode()}) as session:
            return session.fetch(getattr(session.module("dnn"), name)(*arguments))

    return run


def sentence(run, source, name="f", *arguments):
    """Return what the student is told of a call that fails."""
    with pytest.raises(StudentError) as caught:
        run(source, name, *arguments)
    return str(caught.value)
