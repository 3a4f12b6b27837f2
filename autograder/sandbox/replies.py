"""Validate the values in a child's replies."""

from collections.abc import Callable
from typing import Any

from autograder.sandbox import wire
from autograder.text import clean

MAX_TEXT = 2_000  # characters of a string, the limit of an honest child


class Opaque:
    """Stands for a value that cannot be sent over the pipe."""

    def __init__(self, described: str) -> None:
        self.described = clean(described, 120)


def decode(content: Any, describe_type: Callable[[str], str], depth: int = wire.MAX_DEPTH) -> Any:
    """Return the value in a reply; raise WireError if no honest child sends it."""
    kind = type(content)
    if kind is bytes:
        return wire.read_array(content)
    if content is None or kind in (bool, int, float):  # a reference is a subclass of int, and not a valid reply
        return content
    if kind is str:  # checks only need to know that it is a function
        return content[:MAX_TEXT]
    if kind is tuple and len(content) == 2 and depth > 0 and type(content[0]) is str:
        form, inside = content
        if form == "dict" and type(inside) is dict:
            return {key: decode(item, describe_type, depth - 1) for key, item in inside.items()}
        if form == "opaque" and type(inside) is str:
            return Opaque(describe_type(inside))
        if form in ("list", "tuple") and type(inside) is tuple:
            items = [decode(item, describe_type, depth - 1) for item in inside]
            return items if form == "list" else tuple(items)
    raise wire.WireError("a value of no known form")


def is_tagged(content: Any) -> bool:
    """Return whether this is a tuple that begins with a word. Arrays must not be compared with words."""
    return isinstance(content, tuple) and len(content) > 0 and isinstance(content[0], str)


def is_answer(answer: Any, wanted: int) -> bool:
    """Return whether this has the form of a child's reply to a request; the individual values are not validated."""
    return isinstance(answer, tuple) and [type(part) for part in answer] == [tuple, str, str] and len(answer[0]) == wanted
