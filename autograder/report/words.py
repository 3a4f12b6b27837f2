"""Sentences that several reports share."""

from autograder.results import CheckResult, Result
from autograder.text import format_count


def explain_check(check: CheckResult) -> str:
    """Return why a check did not earn all its points: the values, the cause with hints, the student's own lines.

    The last hint is the answer. It comes only with the hidden checks, after the grades are published.
    """
    hints = check.hints if check.visibility == "hidden" else check.hints[:-1]
    texts = (check.got, check.cause, *hints, check.example, check.detail.rstrip(), check.note)
    return "\n".join(filter(None, texts))


def list_printed(result: Result) -> list[tuple[str, str]]:
    """Return what the student's code printed while the public checks ran, as pairs (name of the stream, text)."""
    return [(stream, text) for stream, text in zip(("output", "error output"), result.printed, strict=True) if text]


def write_headline(result: Result) -> str:
    """Return one sentence for the TA: why a submission is not graded, or what to fix first in the submitted files."""
    if result.reason:
        return result.reason
    if not result.failed:
        return "Every check passed."
    failed = find_failures(result)
    if not failed:
        return " ".join(result.notes)
    return next((check.cause for check in failed if check.hints), failed[0].got)


def write_summary(result: Result) -> str:
    """Return a few sentences for the student: how many checks failed, including the hidden ones."""
    if result.status == "error":
        return "The grader itself failed on this submission. This is not your fault, and these points are not your mark."
    if result.status == "invalid":
        return f"Nothing could be graded: {result.reason}"
    if not result.failed:
        reductions = dict.fromkeys(check.note for check in result.checks if check.note)
        return " ".join(["All checks passed, the public and the hidden ones.", *reductions])
    return " ".join([count_failures(find_failures(result)), *result.notes])


def find_failures(result: Result) -> list[CheckResult]:
    """Return the failed checks of the submitted files; a note says why any other file was not checked."""
    return [check for check in result.failed if check.got not in result.notes]


def count_failures(failed: list[CheckResult]) -> str:
    """Return a sentence on how many checks failed."""
    if not failed:
        return "Every check of what was handed in passed."
    numbers = {kind: sum(check.visibility == kind for check in failed) for kind in ("public", "hidden")}
    return f"{' and '.join(format_count(count, f'{kind} check') for kind, count in numbers.items() if count)} did not pass."
