"""The values in what a child replies, as the judge believes them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from autograder.sandbox import wire
from autograder.text import clean

MAX_TEXT = 2_000  # characters of a string, as many as an honest child sends
KNOWN_ARRAYS, LONG_ARRAY = 5_000, 2_000  # how many arrays are cached, and from how many bytes on one is not

# Most arrays come again and again, in a submission and in the next one. Nobody can write to them.
known_array = lru_cache(maxsize=KNOWN_ARRAYS)(wire.unpack_array)


class Opaque:
    """Stands for a value that cannot cross the pipe."""

    def __init__(self, described: str) -> None:
        self.described = clean(described, 120)


def decode(content: Any, describe_type: Callable[[str], str], depth: int = wire.MAX_DEPTH) -> Any:
    """Return the value that a reply stands for; raise WireError for what no child sends."""
    kind = type(content)
    if kind is bytes:
        return known_array(content) if len(content) < LONG_ARRAY else wire.unpack_array(content)
    if content is None or kind in (bool, int, float):  # a reference is a subclass of int, and no answer
        return content
    if kind is str:  # no check asks for more of it than that it is one
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
    """Return whether this is a tuple that begins with a word. An array is none, and must not be compared with a word."""
    return isinstance(content, tuple) and len(content) > 0 and isinstance(content[0], str)


def is_answer(answer: Any, wanted: int) -> bool:
    """Return whether a child answers a request with this, as far as can be told without looking at each reply."""
    return isinstance(answer, tuple) and [type(part) for part in answer] == [tuple, str, str] and len(answer[0]) == wanted
