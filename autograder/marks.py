"""What counts in the end: from what the checks earned, by the course's rules and a TA's adjustments, to the mark.

Pure functions. Three steps in this order: tasks left out, points taken for lateness, points that a TA added or took; each says
a sentence. Time is known from the hand-in alone, never from the clock, so that who is graded again gets the same mark.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from autograder.intake.entries import fold_name, make_printable
from autograder.intake.submission_ref import SubmissionRef
from autograder.results import Result, conceal_hidden_checks
from autograder.settings import Drop, Feedback, Late, Settings
from autograder.text import format_count, format_number, format_time
from autograder.values import YEARS

DAY = timedelta(days=1)
MOST_REASON = 300  # characters


@dataclass(frozen=True)
class Adjustment:
    """Points that a TA adds, or takes if there are fewer than none, and why; the student reads it."""

    points: float
    reason: str

    def __post_init__(self) -> None:
        """Raise ValueError for what is no number of points."""
        if not math.isfinite(self.points):
            raise ValueError(f"an adjustment of {self.points} points")


@dataclass(frozen=True)
class Mark:
    """A result and what becomes of it.

    dropped is what leaving tasks out added, penalty what lateness took, late how long after the due time it came, None where
    that is not known. said explains each step to the student and the TA; remarks are for the TA alone. hidden_checks says
    who sees hidden checks, one of `values.VISIBILITIES`.
    """

    result: Result
    waiting: SubmissionRef
    dropped: float = 0
    penalty: float = 0
    adjustments: tuple[Adjustment, ...] = ()
    late: timedelta | None = None
    said: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    hidden_checks: str = Feedback.hidden_checks

    @property
    def shown(self) -> Result:
        """Return the result as the student's page may show it."""
        return conceal_hidden_checks(self.result) if self.hidden_checks == "hidden" else self.result

    @property
    def earned(self) -> float:
        """The points of all checks."""
        return self.result.score or 0

    @property
    def adjustment(self) -> float:
        """What the TA added or took, all together, to two places."""
        return round(sum(one.points for one in self.adjustments), 2)

    @property
    def score(self) -> float | None:
        """The final score, to two places: never below 0, above the most only by adjustments, None where the grader failed."""
        if self.result.score is None:
            return None
        return max(0, round(self.earned + self.dropped - self.penalty + self.adjustment, 2))


@dataclass(frozen=True)
class Lateness:
    """How late a hand-in is, as far as that is known, the points that this takes, and a sentence on it or a remark."""

    over: timedelta | None = None
    penalty: float = 0
    said: str = ""
    remark: str = ""


def mark_of(
    result: Result,
    waiting: SubmissionRef | None = None,
    settings: Settings = Settings(),
    adjustments: Iterable[Adjustment] = (),
) -> Mark:
    """Return the mark of a result, by what the course sets; without anything set, what the checks earned."""
    waiting = waiting or SubmissionRef(result.student, Path(result.student))
    adjustments = tuple(adjustments)
    if result.score is None:
        return Mark(result, waiting, adjustments=adjustments, hidden_checks=settings.feedback.hidden_checks)
    dropped, left_out = without_lowest(result, settings.drop)
    points = round(result.score + dropped, 2)
    lateness = lateness_of(points, waiting, settings.late)
    by_hand = [adjusted(one) for one in adjustments]
    if points - lateness.penalty + sum(one.points for one in adjustments) < 0:
        by_hand.append("No score is below 0.")
    said = tuple(sentence for sentence in (left_out, lateness.said, *by_hand) if sentence)
    remarks = (lateness.remark,) if lateness.remark else ()
    hidden_checks = settings.feedback.hidden_checks
    return Mark(result, waiting, dropped, lateness.penalty, adjustments, lateness.over, said, remarks, hidden_checks)


def without_lowest(result: Result, drop: Drop) -> tuple[float, str]:
    """Return the points that leaving tasks out adds, and a sentence on it.

    One after the other: of the tasks of which a smaller share was earned than of all that are left, the one on which most
    points were lost, the first of equals. What the others earned then counts for all, so leaving out never takes anything.
    """
    if not drop.lowest_tasks:
        return 0, ""
    tasks: dict[tuple[str, str], tuple[float, float]] = {}
    for check in result.checks:
        earned, most = tasks.get((check.part, check.task), (0, 0))
        tasks[check.part, check.task] = round(earned + check.score, 2), round(most + check.points, 2)
    score, whole = result.score or 0, result.max_score
    kept, rest, names = score, whole, list[str]()
    for _ in range(min(drop.lowest_tasks, len(tasks))):
        low = {
            name: most - earned
            for name, (earned, most) in tasks.items()
            if (drop.parts is None or name[0] in drop.parts) and round(earned * rest, 6) < round(kept * most, 6)
        }
        if not low:
            break
        lowest = max(low, key=lambda name: round(low[name], 2))
        earned, most = tasks.pop(lowest)
        kept, rest = round(kept - earned, 2), round(rest - most, 2)
        names.append(f"{lowest[1]} ({format_number(earned)} of {format_number(most)})")
    scaled = round(kept * whole / rest, 2) if names else score
    if scaled <= score:
        return 0, ""
    said = (
        f"Left out, because most points were lost there: {', '.join(names)}. The other tasks, {format_number(kept)} of "
        f"{format_count(rest)}, count for all {format_number(whole)}, which makes {format_number(scaled)} instead of "
        f"{format_number(score)}."
    )
    return round(scaled - score, 2), said


def lateness_of(points: float, waiting: SubmissionRef, late: Late) -> Lateness:
    """Return how late a hand-in is and what that takes of these points; where no time is told, nothing."""
    due = due_of(waiting, late)
    if not due:
        return Lateness()
    if not waiting.submitted or waiting.submitted.year not in YEARS:
        marked = "The platform marks it as late without a time" if waiting.marked_late else "No time of the hand-in is told"
        return Lateness(remark=f"{marked}: nothing was taken for lateness.")
    over = max(waiting.submitted.astimezone(timezone.utc) - due.astimezone(timezone.utc), timedelta(0))
    grace = timedelta(minutes=late.grace_minutes)
    if over <= grace or not points:
        return Lateness(over)
    days, came = math.ceil(over / DAY), f"Handed in {format_time(waiting.submitted, due)}"
    after = f"after {'the' if due == late.due else 'your own'} due date, {format_time(due, due)}"
    if (over - grace) / DAY > late.refuse_after_days:
        span = f"more than {format_count(late.refuse_after_days, 'day')} " if late.refuse_after_days else ""
        return Lateness(over, points, f"{came}, {span}{after}: that is too late to count.")
    percent = min(days * late.penalty_per_day, late.at_most, 100)
    left = round(points * (1 - percent / 100), 2)
    span = "the first day" if days == 1 else f"{days} days"
    taken = f"{format_number(percent)} % of {format_count(points)}"
    said = f"{came}, within {span} {after}: that takes {taken} and leaves {format_number(left)}."
    return Lateness(over, round(points - left, 2), said)


def due_of(waiting: SubmissionRef, late: Late) -> datetime | None:
    """When a hand-in is due: in a group, when it is for the one who has the most time."""
    if not late.due:
        return None
    more = [late.extensions[name] for name in names_of(waiting) if name in late.extensions]
    return max([late.due, *(late.due + one if isinstance(one, timedelta) else one for one in more)])


def names_of(waiting: SubmissionRef) -> set[str]:
    """Return what an extension may call those who handed in."""
    names = [waiting.student, *(name for person in waiting.people for name in (person.id, person.email))]
    return {fold_name(name.strip()) for name in names} - {""}


def describe_unknown_extensions(late: Late, waitings: Sequence[SubmissionRef]) -> str:
    """Return a sentence for the TA on extensions that are nobody's here; nothing if there are none."""
    known = {name for waiting in waitings for name in names_of(waiting)}
    unknown = ", ".join(make_printable(name) for name in late.extensions if name not in known)
    return f"These have more time by the assignment file, but handed in nothing under that name: {unknown}." if unknown else ""


def adjusted(adjustment: Adjustment) -> str:
    """Return a sentence on an adjustment."""
    done = "added" if adjustment.points >= 0 else "taken"
    return (
        f"{format_count(abs(adjustment.points))} {done} by hand: {make_printable(adjustment.reason, MOST_REASON).rstrip('.')}."
    )
