"""Compute the final score from the points of the checks, the course's rules and a TA's adjustments.

Pure functions, in three steps: drop tasks, subtract the late penalty, apply adjustments. Each step writes a sentence. An
adjustment for one member of a group changes only that member's score. The only time used is the submission's own, never the
clock's, so grading a submission again gives the same score.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from autograder.assignment import Assignment
from autograder.intake.entries import fold_name, make_printable
from autograder.intake.remarks import count_noun, list_names
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.results import Result, conceal_hidden_checks
from autograder.settings import Drop, Feedback, Late, Settings
from autograder.text import format_count, format_number, format_time
from autograder.values import YEARS

DAY = timedelta(days=1)
MOST_REASON, MAX_WHO = 300, 100  # characters of an adjustment


@dataclass(frozen=True)
class Adjustment:
    """Points that a TA adds, or deducts if negative, and the reason, which the student reads.

    person is the member of a group that it applies to, as an email address, id or name; "" means everyone who submitted. who
    made it and when (UTC, ISO 8601) are for staff; "" if unknown.
    """

    points: float
    reason: str
    person: str = ""
    who: str = field(default="", compare=False)
    when: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Raise ValueError if points is not finite."""
        if not math.isfinite(self.points):
            raise ValueError(f"an adjustment of {self.points} points")


@dataclass(frozen=True)
class Mark:
    """A result with its final score.

    dropped is the number of points that dropping tasks added, penalty the points lost for lateness, and late the time since the
    due date, None if unknown. adjustments apply to everyone who submitted, personal ones to a single member of a group. said
    explains each step to the student and the TA; remarks are for the TA only. hidden_checks, one of `values.VISIBILITIES`, says
    when students see hidden checks. announced holds sentences that depend on no score, so they may be shown before that. date
    says when it was submitted, or else when it was due; "" if neither is known.
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
    personal: tuple[Adjustment, ...] = ()
    announced: tuple[str, ...] = ()
    date: str = ""

    def of(self, person: Person) -> "Mark":
        """Return the mark of one of the people who submitted, with the adjustments for that person."""
        mine = tuple(one for one in self.personal if is_for(one, person))
        if not mine or self.result.score is None:
            return self
        mark = replace(self, adjustments=self.adjustments + mine, personal=())
        floor = ["A score cannot be negative, so it is 0."] if mark.is_below_zero else []
        return replace(mark, said=(*self.said, *map(describe_adjustment, mine), *floor))

    @property
    def is_below_zero(self) -> bool:
        """Whether the adjustments deduct more points than there are."""
        return self.earned + self.dropped - self.penalty + self.adjustment < 0

    @property
    def shown(self) -> Result:
        """The result as the student's page may show it."""
        return conceal_hidden_checks(self.result) if self.hidden_checks == "hidden" else self.result

    @property
    def earned(self) -> float:
        """The points of all checks."""
        return self.result.score or 0

    @property
    def adjustment(self) -> float:
        """The sum of the TA's adjustments, to two decimals."""
        return round(sum(one.points for one in self.adjustments), 2)

    @property
    def score(self) -> float | None:
        """The final score, to two decimals: at least 0, above the maximum only by adjustments; None if the grader failed."""
        if self.result.score is None:
            return None
        return max(0, round(self.earned + self.dropped - self.penalty + self.adjustment, 2))


@dataclass(frozen=True)
class Lateness:
    """How late a submission is (None if unknown), the penalty in points, and a sentence for the student or a note for the TA.

    announced is the part of the sentence that depends on no score.
    """

    over: timedelta | None = None
    penalty: float = 0
    said: str = ""
    remark: str = ""
    announced: str = ""


def mark_of(
    result: Result,
    waiting: SubmissionRef | None = None,
    settings: Settings = Settings(),
    adjustments: Iterable[Adjustment] = (),
) -> Mark:
    """Return the mark of a result under the course's rules; without any rules, the score is the points of the checks."""
    waiting = waiting or SubmissionRef(result.student, Path(result.student))
    adjustments = tuple(adjustments)
    personal = tuple(one for one in adjustments if one.person)
    adjustments = tuple(one for one in adjustments if not one.person)
    hidden_checks, date = settings.feedback.hidden_checks, describe_date(waiting, settings.late)
    if result.score is None:
        return Mark(result, waiting, adjustments=adjustments, hidden_checks=hidden_checks, personal=personal, date=date)
    dropped, left_out = without_lowest(result, settings.drop)
    points = round(result.score + dropped, 2)
    lateness = lateness_of(points, waiting, settings.late)
    by_hand = [describe_adjustment(one) for one in adjustments]
    if points - lateness.penalty + sum(one.points for one in adjustments) < 0:
        by_hand.append("A score cannot be negative, so it is 0.")
    said = tuple(sentence for sentence in (left_out, lateness.said, *by_hand) if sentence)
    remarks = tuple(filter(None, (lateness.remark, *(describe_personal(one, waiting) for one in personal))))
    announced = (lateness.announced,) if lateness.announced else ()
    steps = dropped, lateness.penalty, adjustments, lateness.over
    return Mark(result, waiting, *steps, said, remarks, hidden_checks, personal, announced, date)


def without_lowest(result: Result, drop: Drop) -> tuple[float, str]:
    """Return the points that dropping tasks adds, and a sentence about it.

    Tasks are dropped one at a time. The candidates are tasks with a smaller share of points than the average of the remaining
    ones; the one with the most points lost is dropped, the first of equals. The score of the remaining tasks is then scaled to
    the maximum, so dropping never lowers a score.
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
        f"Dropped, because most points were lost there: {', '.join(names)}. The other tasks ({format_number(kept)} of "
        f"{format_count(rest)}) are scaled to {format_number(whole)}, which gives {format_number(scaled)} instead of "
        f"{format_number(score)}."
    )
    return round(scaled - score, 2), said


def is_for(adjustment: Adjustment, person: Person) -> bool:
    """Return whether an adjustment for one member of a group is for this person."""
    return fold_name(adjustment.person.strip()) in {fold_name(text.strip()) for text in (person.name, *person.keys)}


def describe_personal(adjustment: Adjustment, waiting: SubmissionRef) -> str:
    """Return a note for the TA on an adjustment for one member of a group."""
    who = make_printable(adjustment.person, 100)
    if any(is_for(adjustment, person) for person in waiting.people):
        return f"For {who} only: {describe_adjustment(adjustment)}"
    return f"An adjustment for {who} has no effect, because no one in this group has that name or id any more."


def lateness_of(points: float, waiting: SubmissionRef, late: Late) -> Lateness:
    """Return how late a submission is and the penalty on its points; there is none if the submission time is unknown."""
    due = due_of(waiting, late)
    if not due:
        return Lateness()
    if waiting.submitted is None or not has_time(waiting):
        remark = "The platform marks it as late but gives no time, so there is no late penalty." if waiting.marked_late else ""
        return Lateness(remark=remark)
    over = max(waiting.submitted.astimezone(timezone.utc) - due.astimezone(timezone.utc), timedelta(0))
    grace = timedelta(minutes=late.grace_minutes)
    if over <= grace:
        return Lateness(over)
    span = to_local(waiting.submitted, late) - to_local(due, late)
    days, came = max(math.ceil(span / DAY), 1), f"Submitted {format_time(waiting.submitted, due)}"
    after = f"after {'the' if due == late.due else 'your own'} due date, {format_time(due, due)}"
    if (span - grace) / DAY > late.refuse_after_days or not late.refuse_after_days:
        limit = f"more than {format_count(late.refuse_after_days, 'day')} " if late.refuse_after_days else ""
        refused = f"{came}, {limit}{after}. That is too late, so the score is 0."
        return Lateness(over, points, refused if points else "", announced=refused)
    percent = min(days * late.penalty_per_day, late.at_most, 100)
    left = round(points * (1 - percent / 100), 2)
    within = "the first day" if days == 1 else f"{days} days"
    taken = f"{came}, within {within} {after}. The late penalty is {format_number(percent)} %"
    said = f"{taken} of {format_count(points)}, which leaves {format_number(left)}." if points else ""
    return Lateness(over, round(points - left, 2), said, announced=f"{taken} of the points.")


def has_time(waiting: SubmissionRef) -> bool:
    """Return whether the time of a submission is known."""
    return waiting.submitted is not None and waiting.submitted.year in YEARS


def describe_date(waiting: SubmissionRef, late: Late) -> str:
    """Return when a submission was submitted, in the course's time zone, or else when it was due; "" if neither is known."""
    due = due_of(waiting, late)
    if waiting.submitted is not None and has_time(waiting):
        zone = late.zone or waiting.submitted.tzinfo
        return f"Submitted {format_time(waiting.submitted, due or waiting.submitted.astimezone(zone))}"
    return f"Due {format_time(due, due)}" if due else ""


def to_local(time: datetime, late: Late) -> datetime:
    """Return a time in the course's time zone, without its offset, so that a day is 24 hours even when clocks change."""
    return time.astimezone(late.zone or (late.due.tzinfo if late.due else None)).replace(tzinfo=None)


def due_of(waiting: SubmissionRef, late: Late) -> datetime | None:
    """Return the due date of a submission, with extensions; for a group, the latest of its members' due dates."""
    if not late.due:
        return None
    more = [late.extensions[name] for name in names_of(waiting) if name in late.extensions]
    local = late.due.astimezone(late.zone) if late.zone else late.due
    dues = [late.due, *(local + one if isinstance(one, timedelta) else one for one in more)]
    return max(dues, key=datetime.timestamp)  # Python compares times in the same zone by the clock, ignoring changes of offset


def names_of(waiting: SubmissionRef) -> set[str]:
    """Return every name or id under which an extension may list the people who submitted."""
    names = [waiting.student, *(key for person in waiting.people for key in person.keys)]
    return {fold_name(name.strip()) for name in names} - {""}


def describe_unknown_extensions(late: Late, waitings: Sequence[SubmissionRef]) -> str:
    """Return a warning about extensions for names that did not submit; "" if there are none."""
    known = {name for waiting in waitings for name in names_of(waiting)}
    unknown = ", ".join(make_printable(name) for name in late.extensions if name not in known)
    return f"Extensions in the course file for names that did not submit: {unknown}." if unknown else ""


def describe_unknown_times(late: Late, waitings: Sequence[SubmissionRef]) -> str:
    """Return a warning about submissions whose time is unknown; "" if there are none, or if the course has no due date."""
    if not late.due:
        return ""
    unknown = [waiting.student for waiting in waitings if not has_time(waiting) and not waiting.marked_late]
    count = f"{len(unknown)} of {count_noun(len(waitings), 'submission')}"
    names = "." if len(unknown) == len(waitings) else "".join(list_names("", unknown))
    return f"The submission time is unknown for {count}, which therefore got no late penalty{names}" if unknown else ""


def describe_drop(drop: Drop, assignment: Assignment) -> str:
    """Return a warning that the largest task can be dropped; "" if the course drops none."""
    parts = [part for part in assignment.parts if drop.parts is None or part.name in drop.parts]
    tasks = [(task.points, part.name, task.name) for part in parts for task in part.tasks]
    if not drop.lowest_tasks or not tasks:
        return ""
    points, part, task = max(tasks, key=lambda item: item[0])
    return (
        f"[drop] drops the task with the most points lost, so a student can skip even the largest one: {task} in {part}.py, "
        f"{format_number(points)} of {format_count(assignment.max_score)}. `parts` in [drop] limits it to some parts."
    )


def describe_adjustment(adjustment: Adjustment) -> str:
    """Return the sentence that reports an adjustment."""
    done = "added" if adjustment.points >= 0 else "deducted"
    return (
        f"{format_count(abs(adjustment.points))} {done} by hand: {make_printable(adjustment.reason, MOST_REASON).rstrip('.')}."
    )
