"""The sentences that several reports share."""

from autograder.results import CheckResult, Result


def number(value: float) -> str:
    """A number of points as people write it: 2, 0.5."""
    return f"{value:g}"


def explanation(check: CheckResult) -> str:
    """What is told about a check that was not passed: what came, the likely cause, the student's own lines."""
    return "\n".join(text for text in (check.got, check.cause, check.detail.rstrip()) if text)


def headline(result: Result) -> str:
    """A sentence on a result: why it is not graded, or the first thing to mend in what was handed in."""
    if result.reason:
        return result.reason
    if not result.failed:
        return "Every check passed."
    to_mend = [check for check in result.failed if check.got not in result.notes]
    if not to_mend:
        return " ".join(result.notes)
    first = next((check for check in to_mend if check.cause), to_mend[0])
    return f"`{first.key}`: {first.cause}" if first.cause else first.got


def summary(result: Result) -> str:
    """A few sentences on top of a student's page: what failed, in numbers, hidden checks included."""
    if result.status == "error":
        return "The grader itself failed on this submission. This is not your fault, and these points are not your mark."
    if result.status == "invalid":
        return f"Nothing could be graded: {result.reason}"
    failed = {kind: sum(check.visibility == kind for check in result.failed) for kind in ("public", "hidden")}
    if not result.failed:
        return "All checks passed, the public and the hidden ones."
    counts = " and ".join(f"{count} {kind} check{'s' if count > 1 else ''}" for kind, count in failed.items() if count)
    return " ".join([f"{counts} did not pass.", *result.notes])
