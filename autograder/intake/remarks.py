"""Notes for the TA that list names or counts."""

from collections.abc import Iterable

from autograder.intake.entries import make_printable

MAX_NAMED = 20  # names in one note
UNUSED = "Ignored, because they belong to no submission"


def list_names(sentence: str, names: Iterable[str]) -> list[str]:
    """Return a note that ends with the first names, made safe to show; an empty list if there are no names."""
    names = sorted(names)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return [f"{sentence}: {', '.join(make_printable(name, 100) for name in names[:MAX_NAMED])}{more}."] if names else []


def count_noun(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 submission" or "2 submissions"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
