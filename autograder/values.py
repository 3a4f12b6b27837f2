"""Parsers for the values in the course file: each returns the value, or raises ValueError, TypeError or the like."""

import re
from datetime import datetime, timedelta
from typing import Any

from autograder.intake.entries import fold_name, make_printable

MOST = 10_000  # minutes, days, submissions
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
YEARS = range(2000, 3000)  # far from where a calendar ends, so that days can be added
PERCENT = re.compile(r"(100|\d{1,2}(?:\.\d{1,2})?) ?%", re.ASCII)
SPAN = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) (minute|hour|day|week)s?", re.ASCII)
URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(/[^\s\"'<>#\\^`{|}]*)?", re.ASCII)  # without a fragment
COLUMN = re.compile(r"\S.* \(\d+\)", re.ASCII)  # https://github.com/instructure/canvas-lms: Assignment.title_and_id


def number(value: Any) -> float:
    """Return a number of at least 0."""
    if isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError
    return value


def positive(value: Any) -> float:
    """Return a number above 0."""
    if not number(value):
        raise ValueError
    return value


def count(value: Any) -> int:
    """Return a positive integer."""
    if not isinstance(value, int):
        raise TypeError
    return int(positive(value))


def match_form(form: re.Pattern[str], value: Any) -> re.Match[str]:
    """Return the match of a pattern with a whole text."""
    if not (found := form.fullmatch(value)):
        raise ValueError
    return found


def percent(value: Any) -> float:
    """Return the number in a percentage such as "10%"."""
    return float(match_form(PERCENT, value)[1])


def time(value: Any) -> datetime:
    """Return a TOML date and time, with or without an offset."""
    if not isinstance(value, datetime) or value.year not in YEARS:
        raise ValueError
    return value


def extension(value: Any) -> timedelta | datetime:
    """Return the extra time in a text such as "2 days", or a due date."""
    if isinstance(value, datetime):
        return time(value)
    found = match_form(SPAN, value)
    return timedelta(**{f"{found[2]}s": float(found[1])})


def extensions(value: Any) -> dict[str, timedelta | datetime]:
    """Return a table of extensions, by `fold_name`; two names that differ only in case are an error."""
    found = {fold_name(name.strip()): extension(one) for name, one in value.items()}
    if len(found) != len(value):
        raise ValueError
    return found


def names(value: Any) -> tuple[str, ...]:
    """Return a list of distinct names as a tuple."""
    if not isinstance(value, list) or not value or len(set(map(label, value))) != len(value):
        raise ValueError
    return tuple(value)


def visibility(value: Any) -> str:
    """Return one of Gradescope's visibilities of a test."""
    if value not in VISIBILITIES:
        raise ValueError
    return value


def flag(value: Any) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def label(value: Any) -> str:
    """Return a short text on one line."""
    if not value.strip() or make_printable(value, 200) != value:
        raise ValueError
    return value


def url(value: Any) -> str:
    """Return the address of a page: http or https, without a user name and without a fragment."""
    return label(match_form(URL, value)[0])


def column(value: Any) -> str:
    """Return the name of a column of Canvas's gradebook, such as "Backpropagation (12345)"."""
    return label(match_form(COLUMN, value)[0])
