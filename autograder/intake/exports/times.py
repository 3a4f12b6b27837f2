"""Times as platforms write them."""

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = timezone.utc
DATE, CLOCK = r"(\d{4})-(\d\d)-(\d\d)", r"(\d\d)[:-](\d\d)[:-](\d\d)(?:\.(\d{1,9}))?"
TIME = re.compile(rf"{DATE}[T -] *{CLOCK} *([A-Za-z+-][\w+:/-]{{0,60}})?", re.ASCII)
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)


def parse_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the time in a text, with its offset from UTC, or else in the given zone; None if it is not a time.

    Ruby writes 2026-11-21 09:30:00.123456789 Z, or +01:00 at the end; nbgrader writes UTC or Europe/Berlin at the end;
    Blackboard writes 2026-11-21-09-30-00.
    """
    found = TIME.fullmatch(text.strip())
    if not found:
        return None
    *numbers, fraction, offset = found.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        time = datetime(year, month, day, hour, minute, second, micro, parse_zone(offset) if offset else zone)
        time.astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None
    return time


def parse_zone(offset: str) -> tzinfo:
    """Return the zone for an offset (+01:00, +0100, Z) or a name (Europe/Berlin); raise ValueError if it is invalid."""
    if offset.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if found := OFFSET.fullmatch(offset):
        sign, hours, minutes = found.groups()
        return timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1))
    try:
        return ZoneInfo(offset)
    except OSError as error:  # the name of a folder of zones
        raise ValueError(offset) from error
