"""What every export of a platform is turned into, and the sentences that a TA is told about it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.intake.entries import shown
from autograder.intake.exports.tree import Tree
from autograder.intake.waiting import Waiting

UTC = timezone.utc
NAMED = 20  # names that one remark lists
DATE, CLOCK = r"(\d{4})-(\d\d)-(\d\d)", r"(\d\d)[:-](\d\d)[:-](\d\d)(?:\.(\d{1,9}))?"
TIME = re.compile(rf"{DATE}[T -] *{CLOCK} *([A-Za-z+-][\w+:/-]{{0,60}})?", re.ASCII)
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)


@dataclass(frozen=True)
class Export:
    """A recognised export: its submissions, each with a fuller name for where two would share one, and remarks for the TA."""

    kind: str
    waiting: Sequence[tuple[str, Waiting]]
    remarks: Sequence[str] = ()


Recogniser = Callable[[Tree, tzinfo], Export | None]


def moment(text: str, zone: tzinfo) -> datetime | None:
    """The time that a text tells, with its offset from UTC; where none is told, it is one in the zone. None if it is no time.

    Read is what Ruby writes (2026-11-21 09:30:00.123456789 Z, or +01:00 at the end), nbgrader (UTC or Europe/Berlin at the end)
    and Blackboard (2026-11-21-09-30-00).
    """
    found = TIME.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        there = zone_of(offset) if offset else zone
        time = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro, there)
        time.astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None
    return time


def zone_of(offset: str) -> tzinfo:
    """The zone that an offset (+01:00, +0100, Z) or a name (Europe/Berlin) stands for; ValueError if there is none."""
    if offset.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if found := OFFSET.fullmatch(offset):
        sign, hours, minutes = found.groups()
        return timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1))
    try:
        return ZoneInfo(offset)
    except OSError as error:  # the name of a folder of zones
        raise ValueError(offset) from error


def label(text: str) -> str:
    """A name that a platform gave, as one that can stand for a file: no part of a path, on one line, and nothing that acts."""
    return shown(text.strip(), 100).replace("/", "_").replace("\\", "_")


def mostly(matched: int, others: Iterable[str]) -> bool:
    """Whether so few entries look like submissions and do not match that the others cannot be there by accident."""
    return matched > 0 and 3 * len(list(others)) <= matched


def told(sentence: str, names: Iterable[str]) -> list[str]:
    """The remark that names some of what it is about, safe to show; none where there is nothing."""
    names = sorted(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [f"{sentence}: {', '.join(shown(name, 100) for name in names[:NAMED])}{more}."] if names else []


def ignored(names: Iterable[str]) -> list[str]:
    """The remark on files that belong to nobody."""
    return told("Not looked at, because it belongs to no submission", names)


def put_aside(waiting: Iterable[Waiting], which: str) -> list[str]:
    """The remark on hand-ins that do not count."""
    counts = [len(one.superseded) for one in waiting if one.superseded]
    if not counts:
        return []
    return [f"{counted(sum(counts), 'earlier hand-in')} of {counted(len(counts), 'submission')} put aside: {which}."]


def counted(number: int, noun: str) -> str:
    """A number and what it counts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
