"""Reads expressions of a student's file with recorded variables, without calling anything of the student's.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from checks.watching import MAX_TEXT, Box, Opaque, Seen, Value

MAX_NUMBER = 10**9  # of what an index is computed with
OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
ABOUT_SHAPES = ("shape", "size", "ndim", "dtype")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def read(node: ast.expr, names: Mapping[str, Seen]) -> Seen | None:
    """Return what a name, an attribute, an item or a slice holds; None if it cannot be known without a call."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = read(node.value, names)
        return base.items.get(node.attr) if isinstance(base, Box) and base.kind == "object" else None
    if isinstance(node, ast.Subscript):
        base = read(node.value, names)
        if isinstance(base, Box) and base.kind != "object":
            key = read_key(node.slice, names)
            if base.kind != "dict" and type(key) is int and key < 0:
                key += len(base.items)
            return base.items.get(key) if isinstance(key, (str, int, tuple)) else None
        if isinstance(base, Value) and isinstance(base.contents, np.ndarray):
            return read_slice(base.contents, node.slice, names)
    return None


def read_slice(array: np.ndarray, index: ast.expr, names: Mapping[str, Seen]) -> Value | None:
    """Return a part of an array; None if its index cannot be known."""
    places: list[Any] = []
    for one in index.elts if isinstance(index, ast.Tuple) else [index]:
        if isinstance(one, ast.Slice):
            ends = [None if end is None else read_key(end, names) for end in (one.lower, one.upper, one.step)]
            if any(type(end) is not int for end, given in zip(ends, (one.lower, one.upper, one.step), strict=True) if given):
                return None
            places.append(slice(*ends))
        elif is_new_axis(one):
            places.append(None)
        elif type(place := read_key(one, names)) is int:
            places.append(place)
        else:
            return None
    try:
        part = array[tuple(places)]
    except (IndexError, ValueError):
        return None
    return Value(part, (np.shape(part), np.asarray(part).tobytes()), None)


def is_new_axis(node: ast.expr) -> bool:
    """Return whether an index is None or np.newaxis."""
    is_none = isinstance(node, ast.Constant) and node.value is None
    return is_none or (isinstance(node, ast.Attribute) and node.attr == "newaxis")


def read_key(node: ast.expr, names: Mapping[str, Seen]) -> Any:
    """Return an index or a key that is computed from constants and variables; None if it cannot be known."""
    try:
        return read_plain(node, names)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def read_plain(node: ast.expr, names: Mapping[str, Seen]) -> Any:
    """Return an integer, a string or a tuple of these; raise TypeError, LookupError, ... if it is something else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(read_plain(part, names)) for part in node.values)
    if isinstance(node, ast.Tuple):
        return tuple(read_plain(part, names) for part in node.elts)
    return require_plain(read_operation(node, names))


def read_operation(node: ast.expr, names: Mapping[str, Seen]) -> Any:
    """Return what an operation or a variable gives; raise as `read_plain` does."""
    if isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None:
        return read_plain(node.value, names)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -read_plain(node.operand, names)
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](read_plain(node.left, names), read_plain(node.right, names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
        if node.func.id == "str":
            return str(read_plain(node.args[0], names))
        box = read(node.args[0], names)
        return len(box.items) if node.func.id == "len" and isinstance(box, Box) else None
    seen = read(node, names)
    return seen.contents if isinstance(seen, Value) else None


def require_plain(value: Any) -> Any:
    """Return a small integer or a short string; raise TypeError for another value."""
    if (type(value) is int and abs(value) <= MAX_NUMBER) or (isinstance(value, str) and len(value) <= MAX_TEXT):
        return value
    if isinstance(value, np.integer):
        return int(value)
    raise TypeError("not plain")


def operands(node: ast.AST, names: Mapping[str, Seen]) -> Iterator[tuple[ast.expr, Seen]]:
    """Yield the values that an expression is computed from, each with the part of the expression that reads it.

    What a comprehension or a lambda binds itself is not known. Of a shape the array is meant.
    """
    if isinstance(node, COMPREHENSIONS):
        bound = {name for part in node.generators for name in stored_names(part.target)}
        names = {name: seen for name, seen in names.items() if name not in bound}
    elif isinstance(node, ast.Lambda):
        bound = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        names = {name: seen for name, seen in names.items() if name not in bound}
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and (seen := read(node, names)) is not None:
        yield node, seen
        return
    if isinstance(node, ast.Attribute) and is_object(read(node.value, names)):
        yield node, Opaque(None)  # such as a property
        return
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr in ABOUT_SHAPES:
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_object(read(node.func.value, names)):
        children: list[ast.AST] = [*node.args, *node.keywords]  # the method is a function that is watched itself
        for child in children:
            yield from operands(child, names)
        return
    for child in ast.iter_child_nodes(node):
        yield from operands(child, names)


def is_object(seen: Seen | None) -> bool:
    """Return whether a value has attributes of its own."""
    return isinstance(seen, Box) and seen.kind == "object"


def stored_names(node: ast.AST) -> list[str]:
    """Return the names that a target or a statement binds."""
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
