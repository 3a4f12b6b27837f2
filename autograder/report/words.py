"""The sentences that several reports share, and how numbers and times stand in them."""

from datetime import datetime, timedelta

from autograder.results import CheckResult, Result


def number(value: float) -> str:
    """A number of points as people write it: 2, 0.5."""
    return f"{value:g}"


def counted(value: float, what: str = "point") -> str:
    """So many points, or of something else: 1 point, 0.5 points."""
    return f"{number(value)} {what}" if value == 1 else f"{number(value)} {what}s"


def clock(time: datetime, like: datetime) -> str:
    """A time as people read it, at the offset from UTC of another one; never earlier than it is."""
    local = time.astimezone(like.tzinfo)
    if local.second or local.microsecond:
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return local.strftime("%Y-%m-%d %H:%M (%Z)")


def explanation(check: CheckResult) -> str:
    """What is told about a check that did not earn all its points: what came, the cause with hints, the student's own lines.

    The last hint is the answer, which comes with the hidden checks: after the grades are published.
    """
    hints = check.hints if check.visibility == "hidden" else check.hints[:-1]
    return "\n".join(
        text for text in (check.got, check.cause, *hints, check.example, check.detail.rstrip(), check.note) if text
    )


def printed(result: Result) -> list[tuple[str, str]]:
    """What the student's code printed while the public checks ran, each under what it was printed to."""
    return [(stream, text) for stream, text in zip(("output", "error output"), result.printed, strict=True) if text]


def headline(result: Result) -> str:
    """A sentence on a result: why it is not graded, or the first thing to mend in what was handed in."""
    if result.reason:
        return result.reason
    if not result.failed:
        return "Every check passed."
    failed = to_mend(result)
    if not failed:
        return " ".join(result.notes)
    named = next((check for check in failed if check.hints), None)
    return named.cause if named else failed[0].got


def summary(result: Result) -> str:
    """A few sentences on top of a student's page: what failed, in numbers, hidden checks included."""
    if result.status == "error":
        return "The grader itself failed on this submission. This is not your fault, and these points are not your mark."
    if result.status == "invalid":
        return f"Nothing could be graded: {result.reason}"
    if not result.failed:
        less = dict.fromkeys(check.note for check in result.checks if check.note)
        return " ".join(["All checks passed, the public and the hidden ones.", *less])
    return " ".join([count_of(to_mend(result)), *result.notes])


def to_mend(result: Result) -> list[CheckResult]:
    """The checks that were not passed in what was handed in; a note says of every other file why it was not checked."""
    return [check for check in result.failed if check.got not in result.notes]


def count_of(failed: list[CheckResult]) -> str:
    """How many checks did not pass, as a sentence."""
    if not failed:
        return "Every check of what was handed in passed."
    numbers = {kind: sum(check.visibility == kind for check in failed) for kind in ("public", "hidden")}
    counts = " and ".join(f"{count} {kind} check{'s' if count > 1 else ''}" for kind, count in numbers.items() if count)
    return f"{counts} did not pass."
