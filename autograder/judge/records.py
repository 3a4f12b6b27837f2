"""The records of checks, and the results of submissions on which no check was run; nothing here needs the sandbox."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autograder.intake.read import Submission
from autograder.results import CheckResult, Result
from autograder.settings import read_assignment, read_secret
from autograder.text import clean

if TYPE_CHECKING:
    from autograder.checking import Check

MAX_TEXT = 1_000  # characters of the message about one check
MAX_FAULT = 5_000  # characters of a traceback from the grader


def record(check: "Check", passed: bool | None, got: str = "", key: str = "", detail: str = "") -> CheckResult:
    """Return the record of a check, with its texts made safe to show."""
    rubric = (f"{check.part}.{check.name}", check.part, check.task, check.sentence, check.visibility, check.points)
    return CheckResult(*rubric, passed, clean(got, MAX_TEXT), clean(key, MAX_TEXT), detail=clean(detail, 2 * MAX_TEXT))


def invalid_result(submission: Submission, checks: Iterable["Check"]) -> Result:
    """Return the result of a submission with nothing to grade."""
    results = tuple(record(check, False, got=submission.reason) for check in checks)
    return Result(submission.student, "invalid", results, submission.reason)


def error_result(student: str, error: Exception, checks: "Iterable[Check] | None" = None) -> Result:
    """Return the result of a submission that the grader failed on before any check; checks are the course's by default."""
    checks = read_assignment().checks(read_secret().encode()) if checks is None else checks
    results = tuple(record(check, None, got="The grader failed before this check. This is not your fault.") for check in checks)
    fault = clean(f"{type(error).__name__}: {error}", MAX_FAULT)
    return Result(student, "error", results, "the grader itself failed before it could grade this submission", fault=fault)
