"""Sentences that several reports share."""

from autograder.results import Cause, CheckResult, Result, name_first
from autograder.text import format_count

CODE = "Your code computes"


def join_titles(course: str, assignment: str) -> str:
    """Return the name of the course and the title of the assignment in one line; either may be ""."""
    return " · ".join(filter(None, (course, assignment)))


def explain_check(check: CheckResult) -> str:
    """Return why a check did not earn all its points: the values, the cause with code and hints, the student's own lines.

    The last hint is the answer. It comes only with the hidden checks, after the grades are published.
    """
    hints = check.hints if check.visibility == "hidden" else check.hints[:-1]
    texts = (check.got, check.cause, *write_lead(check), *hints, check.example, check.detail.rstrip(), check.note)
    return "\n".join(filter(None, texts))


def write_lead(found: Cause | CheckResult) -> list[str]:
    """Return the student's own line that is at fault, and what the student's code computes, as far as they are known."""
    lines = [f"In your code: {found.line}"] if found.line else []
    return [*lines, f"{CODE}:", *(f"    {line}" for line in found.code)] if found.code else lines


def is_checked(check: CheckResult) -> bool:
    """Return whether a check has looked at the student's code: neither the grader nor a file kept it from that."""
    return check.passed is not None and not check.blocked


def list_printed(result: Result) -> list[tuple[str, str]]:
    """Return what the student's code printed while the public checks ran, as pairs (name of the stream, text)."""
    return [(stream, text) for stream, text in zip(("output", "error output"), result.printed, strict=True) if text]


def write_warnings(result: Result) -> list[str]:
    """Return the paragraph on what was skipped or guessed in the files; none if nothing was."""
    return ["\n".join(["Notes on your files:", *result.warnings])] if result.warnings else []


def write_headline(result: Result) -> str:
    """Return a few sentences for the TA: what to fix first, or why a submission is not graded, and what was skipped.

    What is wrong with one file is followed by what to fix first in the others.
    """
    in_other_files = name_first(result.failed_tasks, result.causes) if result.notes and result.status == "graded" else ""
    first = " ".join(filter(None, (result.first_to_fix or result.reason, in_other_files))) or "Every check passed."
    return " ".join([first, *result.warnings])


def write_start(result: Result, first: str) -> list[str]:
    """Return the paragraph that says what to fix first; none if there is nothing, or if the summary says it."""
    return [f"Start here: {first}"] if first and result.status == "graded" else []


def write_summary(result: Result) -> str:
    """Return a few sentences for the student: how many of the checks failed, public and hidden ones if the result has both."""
    if result.status == "error":
        return "The grader itself failed on this submission. This is not your fault, and these points are not your mark."
    if result.status == "invalid":
        return f"Nothing could be graded: {result.reason}"
    if not result.failed:
        reductions = dict.fromkeys(check.note for check in result.checks if check.note)
        is_public = all(check.visibility == "public" for check in result.checks)
        passed = "All public checks passed." if is_public else "All checks passed, the public and the hidden ones."
        return " ".join([passed, *reductions])
    return count_failures(result.failed_tasks)


def count_failures(failed: list[CheckResult]) -> str:
    """Return a sentence on how many checks failed."""
    if not failed:
        return "Every check that could be made passed."
    numbers = {kind: sum(check.visibility == kind for check in failed) for kind in ("public", "hidden")}
    return f"{' and '.join(format_count(count, f'{kind} check') for kind, count in numbers.items() if count)} did not pass."
