"""What a line of the assignment file may say: each function gives its value, or raises ValueError, TypeError or the like."""

import re
from datetime import datetime, timedelta
from typing import Any

from autograder.intake.entries import fold_name, make_printable

MOST = 10_000  # minutes, days, hand-ins
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
YEARS = range(2000, 3000)  # far from where a calendar ends, so that days can be added
PERCENT = re.compile(r"(100|\d{1,2}(?:\.\d{1,2})?) ?%", re.ASCII)
SPAN = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) (minute|hour|day|week)s?", re.ASCII)
COLUMN = re.compile(r"\S.* \(\d+\)", re.ASCII)  # https://github.com/instructure/canvas-lms: Assignment.title_and_id


def number(value: Any) -> float:
    """Takes numbers from 0."""
    if isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError
    return value


def positive(value: Any) -> float:
    """Takes numbers above 0."""
    if not number(value):
        raise ValueError
    return value


def count(value: Any) -> int:
    """Takes whole numbers from 1."""
    if not isinstance(value, int):
        raise TypeError
    return int(positive(value))


def written(form: re.Pattern[str], value: Any) -> re.Match[str]:
    """Takes texts of a form."""
    if not (found := form.fullmatch(value)):
        raise ValueError
    return found


def percent(value: Any) -> float:
    """Takes "10%"."""
    return float(written(PERCENT, value)[1])


def time(value: Any) -> datetime:
    """Takes a date and time of TOML, with an offset or without."""
    if not isinstance(value, datetime) or value.year not in YEARS:
        raise ValueError
    return value


def extension(value: Any) -> timedelta | datetime:
    """Takes "2 days", or a time."""
    if isinstance(value, datetime):
        return time(value)
    found = written(SPAN, value)
    return timedelta(**{f"{found[2]}s": float(found[1])})


def extensions(value: Any) -> dict[str, timedelta | datetime]:
    """Takes a table of them; names that differ in nothing but capitals are one too many."""
    found = {fold_name(name.strip()): extension(one) for name, one in value.items()}
    if len(found) != len(value):
        raise ValueError
    return found


def names(value: Any) -> tuple[str, ...]:
    """Takes a list of names, none of them twice."""
    if not isinstance(value, list) or not value or len(set(map(label, value))) != len(value):
        raise ValueError
    return tuple(value)


def visibility(value: Any) -> str:
    """Takes one of Gradescope's words for who sees a test, and when."""
    if value not in VISIBILITIES:
        raise ValueError
    return value


def flag(value: Any) -> bool:
    """Takes true and false."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def label(value: Any) -> str:
    """Takes a short text on one line."""
    if not value.strip() or make_printable(value, 200) != value:
        raise ValueError
    return value


def column(value: Any) -> str:
    """Takes a column of Canvas's gradebook, "Backpropagation (12345)"."""
    return label(written(COLUMN, value)[0])
