"""Sentences for the TA that name or count what they are about."""

from collections.abc import Iterable

from autograder.intake.entries import make_printable

MAX_NAMED = 20  # names in one remark


def list_names(sentence: str, names: Iterable[str]) -> list[str]:
    """Return the remark that ends with some of the names, made safe to show; none if there are no names."""
    names = sorted(names)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return [f"{sentence}: {', '.join(make_printable(name, 100) for name in names[:MAX_NAMED])}{more}."] if names else []


def count_noun(number: int, noun: str) -> str:
    """Return a number and what it counts, such as "1 submission" or "2 submissions"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
