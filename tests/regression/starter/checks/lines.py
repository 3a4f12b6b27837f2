"""Finds the line of a student's file that made a wrong value, by running the code again and watching its lines.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import linecache
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from checks.statements import parse
from checks.history import History
from checks.record import Item, Place
from checks.search import MAX_TASKS, Search
from checks.watching import MAX_RECORDED, Watcher

MAX_LINE = 120  # characters that are shown


class Line(NamedTuple):
    """A line of a student's file: the name of the file, such as "stack.py", the line's number, and its text in one line."""

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}: {self.text}"


def find_line(
    run: Callable[[], Any],
    path: Sequence[str | int],
    right: Mapping[str, Any],
    sources: Collection[str],
    files: Collection[str],
) -> Line | None:
    """Return the line that made a wrong value, or None unless there is only one line that can be at fault.

    run calls the student's code on a public example and returns its result; it is called once, and its lines are watched. What
    it passes in, such as an object of the student's, has to be right and made before.
    path leads to the wrong value in that result: the keys of dicts and the indexes of tuples and lists, as the student wrote
    them, such as (1, "Z2") in what `forward` returns or ("W3",) in what `compute_gradients` returns.
    right has the values that are known to be right on this example, by name: every tensor, and numbers such as m. A gradient
    has a "d" before its name, so "Z2" and "dZ2" are two values. Rounded values will do.
    sources are the names of the values from which the wrong one has to be computed: "dZ3" and "A2" (and "m") for "dW3". They
    must be correct, so call this for the first wrong value only.
    files are the paths of the student's files, as their code objects name them (`LocalStudent.files.paths`).
    What `run` raises is not caught.
    """
    watcher = Watcher(files)
    watcher.begin(MAX_RECORDED)
    try:
        result = run()
    finally:
        watcher.end()
    place = find_place(watcher, result, path, right, sources)
    return show_line(*place, "".join(linecache.getlines(place[0]))) if place else None


def find_place(
    watcher: Watcher, result: Any, path: Sequence[str | int], right: Mapping[str, Any], sources: Collection[str]
) -> Place | None:
    """Return the file and the number of the only line that can be at fault for a wrong value; None if there is no such line."""
    if watcher.is_over:
        return None
    try:
        history = History(watcher)
        return Search(history, right, sources).find(*history.locate(result, path))
    except (RecursionError, MemoryError, LookupError, TypeError, ValueError):  # of a value or an expression of an odd kind
        return None


def find_places(watcher: Watcher, result: Any, path: Sequence[str | int]) -> list[Place]:
    """Return the places that made a value and stored it where it is, right or wrong; line 0 if it was passed in unchanged.

    Of a list that was made item by item, the last item is meant.
    """
    history = History(watcher)
    location, value = history.locate(result, path)
    if isinstance(value, list) and value:
        location = Item(id(value), len(value) - 1)
    before, places = watcher.next, list[Place]()
    for _ in range(MAX_TASKS):
        definition = history.define(location, before)
        if definition is None or definition.is_unknown:
            return [(history.frames[0].file, 0)] if history.frames and not definition else []
        if not definition.is_passive:
            places.append(definition.place)
        source = history.moved_from(definition) or history.entered(definition)
        if source is None:
            break
        location, before = source
    return list(dict.fromkeys([*places[-1:], *places[:1]]))


def show_line(file: str, number: int, source: str) -> Line | None:
    """Return a line of a source with its text, a statement over several lines joined; None if there is no such line."""
    name = os.path.basename(file)
    lines = re.split("\r\n|\r|\n", source)
    if not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return None
    try:
        tree, _ = parse(name.removesuffix(".py"), lines)
        end = max((end_of(node) for node in ast.walk(tree) if starts_at(node, number)), default=number)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        end = number
    text = " ".join(line.strip() for line in lines[number - 1 : end])
    return Line(name, number, text if len(text) <= MAX_LINE else f"{text[: MAX_LINE - 1]}…")


def starts_at(node: ast.AST, number: int) -> bool:
    """Return whether a node that begins in a line is shown as a whole: a statement without others in it, or an expression."""
    return isinstance(node, (ast.stmt, ast.expr)) and not hasattr(node, "body") and node.lineno == number


def end_of(node: ast.AST) -> int:
    """Return the last line of a node."""
    return getattr(node, "end_lineno", None) or 0
