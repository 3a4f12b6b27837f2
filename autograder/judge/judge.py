"""Runs every check on one submission after the other and writes down what came of it.

A check that fails by CheckFailure or StudentError is the student's to mend. Any other exception is the grader's own fault: the
check counts as not checked, and the whole result as an error that a TA has to look at.
"""

import importlib
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from autograder.checking import Check, CheckFailure, StudentError
from autograder.diagnosis import explain
from autograder.intake import Submission
from autograder.results import CheckResult, Result
from autograder.sandbox.host import Limits
from autograder.sandbox.session import Sandbox
from autograder.text import clean

MODULES = (
    "tests.public.test_dnn",
    "tests.hidden.test_forward",
    "tests.hidden.test_compute_gradients",
    "tests.hidden.test_gradients_and_fit",
)
MOST_TEXT = 1_000  # characters of what a student is told about one check


@cache
def load_checks() -> tuple[tuple[Check, Callable[[Any], None]], ...]:
    """Every graded check with its rubric, in the order of the modules and of the lines in them."""
    modules = [importlib.import_module(name) for name in MODULES]
    return tuple(
        (function.check, function) for module in modules for function in vars(module).values() if hasattr(function, "check")
    )


class Judge:
    """A sandbox and the checks, ready for submissions; use as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.sandbox = Sandbox(limits)
        self.checks = load_checks()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.zygote.close()

    def grade(self, submission: Submission) -> Result:
        """The result of one submission. Raises nothing but SandboxError, when the sandbox itself is gone."""
        if not submission.sources:
            reason = submission.reason
            return refuse(submission.student, reason, self.checks)
        fault, results = "", []
        with self.sandbox.session(submission.sources) as student:
            for check, function in self.checks:
                problem = submission.problems.get(check.part)
                if problem:
                    results.append(record(check, False, got=problem))
                    continue
                student.begin_check()
                try:
                    results.append(run(check, function, student))
                except Exception:
                    fault = fault or traceback.format_exc()
                    results.append(
                        record(check, None, got="The grader could not carry out this check; this is not your fault.")
                    )
        graded = {check.part for check, _ in self.checks}
        notes = tuple(problem for part, problem in submission.problems.items() if part in graded)
        if fault:
            reason = "the grader itself failed on this submission; its traceback is in the terminal"
            return Result(submission.student, "error", tuple(results), reason, notes, fault)
        return Result(submission.student, "graded", tuple(results), "", notes)


def refuse(student: str, reason: str, checks: tuple) -> Result:
    """The result of a submission that holds nothing to grade."""
    return Result(student, "invalid", tuple(record(check, False, got=reason) for check, _ in checks), reason)


@np.errstate(all="ignore")  # a wrong gradient may be larger than any float
def run(check: Check, function: Callable[[Any], None], student: Any) -> CheckResult:
    """One check on one submission."""
    try:
        function(student)
    except CheckFailure as failure:
        cause = explain(failure.key, failure.got, failure.wants, failure.samples) if failure.samples else ""
        return record(check, False, got=str(failure), key=failure.key, cause=cause)
    except StudentError as error:
        return record(check, False, got=str(error), detail=error.detail)
    return record(check, True)


def record(check: Check, passed: bool | None, **words: str) -> CheckResult:
    """The record of a check, its words made safe to show."""
    shown: Mapping[str, str] = {
        name: clean(text, 2 * MOST_TEXT if name == "detail" else MOST_TEXT) for name, text in words.items()
    }
    number = f"{check.part}.{check.name}"
    return CheckResult(number, check.part, check.task, check.sentence, check.visibility, check.points, passed, **shown)
