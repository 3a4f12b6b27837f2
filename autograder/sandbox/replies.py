"""Validate the values in a child's replies."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from autograder.sandbox import wire
from autograder.text import clean

MAX_TEXT = 2_000  # characters of a string, the limit of an honest child
KNOWN_ARRAYS, LONG_ARRAY = 5_000, 2_000  # number of cached arrays, and the size in bytes above which an array is not cached

# Most arrays occur repeatedly, within a submission and in later ones. They are read-only.
known_array = lru_cache(maxsize=KNOWN_ARRAYS)(wire.unpack_array)


class Opaque:
    """Stands for a value that cannot be sent over the pipe."""

    def __init__(self, described: str) -> None:
        self.described = clean(described, 120)


def decode(content: Any, describe_type: Callable[[str], str], depth: int = wire.MAX_DEPTH) -> Any:
    """Return the value in a reply; raise WireError if no honest child sends it."""
    kind = type(content)
    if kind is bytes:
        return known_array(content) if len(content) < LONG_ARRAY else wire.unpack_array(content)
    if content is None or kind in (bool, int, float):  # a reference is a subclass of int, and not a valid reply
        return content
    if kind is str:  # checks only need to know that it is a function
        return content[:MAX_TEXT]
    if depth > 0 and is_tagged(content) and len(content) == 2:
        form, inside = content
        if form == "dict" and isinstance(inside, dict):
            return {key: decode(item, describe_type, depth - 1) for key, item in inside.items()}
        if form == "opaque" and isinstance(inside, str):
            return Opaque(describe_type(inside))
        if form in ("list", "tuple") and isinstance(inside, tuple):
            items = [decode(item, describe_type, depth - 1) for item in inside]
            return items if form == "list" else tuple(items)
    raise wire.WireError("a value of no known form")


def is_tagged(content: Any) -> bool:
    """Return whether this is a tuple that begins with a word. Arrays must not be compared with words."""
    return isinstance(content, tuple) and len(content) > 0 and isinstance(content[0], str)


def is_answer(answer: Any, wanted: int) -> bool:
    """Return whether this has the form of a child's reply to a request; the individual values are not validated."""
    return isinstance(answer, tuple) and [type(part) for part in answer] == [tuple, str, str] and len(answer[0]) == wanted
