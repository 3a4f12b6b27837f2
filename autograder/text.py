"""Text for people: what a student wrote or caused, made safe to show anywhere, and how numbers and times are written."""

import unicodedata
from datetime import datetime, timedelta

# Controls, bidirectional marks and zero widths, surrogates, private, unassigned, separators of lines and of paragraphs.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, most: int = 500) -> str:
    """Return the text with every invisible character written out as an escape, and cut after `most` characters."""
    shown = text[: most + 1].replace("\r\n", "\n")
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(map(visible, shown))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def visible(character: str) -> str:
    """Return the character, or an escape for one that is invisible."""
    invisible = unicodedata.category(character) in INVISIBLE and character not in "\n\t"
    return f"\\u{ord(character):04x}" if invisible else character


def format_number(value: float) -> str:
    """Return a number as people write it: 2, 0.5."""
    return f"{value:g}"


def format_count(value: float, noun: str = "point") -> str:
    """Return a number with its noun: 1 point, 0.5 points."""
    return f"{format_number(value)} {noun}{'' if value == 1 else 's'}"


def format_time(time: datetime, like: datetime) -> str:
    """Return a time in the time zone of another one, rounded up to the minute."""
    local = time.astimezone(like.tzinfo)
    if local.second or local.microsecond:
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return local.strftime("%Y-%m-%d %H:%M (%Z)")
