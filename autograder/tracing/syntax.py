"""What the statements of a student's file say: what they bind, change and call.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.statements import parse

BLANK = (  # functions that make something without values of its own
    "zeros",
    "zeros_like",
    "empty",
    "empty_like",
    "ones",
    "ones_like",
    "full",
    "list",
    "dict",
)
CONVERSIONS = ("array", "asarray", "copy", "deepcopy", "float")


Key = ast.expr | str | int  # as it is written, or as it is known


class Statements:
    """The statements of a file, by their lines."""

    def __init__(self, file: str) -> None:
        self.by_line: dict[int, list[ast.AST]] = {}
        self.lambdas: dict[int, list[ast.Lambda]] = {}
        self.functions: list[tuple[str, tuple[str, ...]]] = []  # their names and their parameters
        source = "".join(linecache.getlines(file))
        try:
            tree, _ = parse(file.removesuffix(".py"), re.split("\r\n|\r|\n", source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Lambda):
                self.lambdas.setdefault(node.lineno, []).append(node)
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                self.functions.append(
                    (node.name, tuple(one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)))
                )
            if not isinstance(node, ast.stmt) or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            end = node.end_lineno or node.lineno
            if body:
                end = max(node.lineno, body[0].lineno - 1) if isinstance(body[0], ast.stmt) else node.lineno
            for line in range(node.lineno, end + 1):
                self.by_line.setdefault(line, []).append(node)

    def at(self, line: int, function: str) -> Sequence[ast.AST]:
        """Return the statements in a line, or the lambda that runs there."""
        return self.lambdas.get(line, []) if function == "<lambda>" else self.by_line.get(line, [])


def bindings(statements: Sequence[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the targets of some statements, each with the expression whose value it gets, the last ones first."""
    for node in reversed(statements):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AugAssign):
            yield node.target, ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        elif isinstance(node, ast.AnnAssign) and node.value:
            yield node.target, node.value
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            yield node.target, node.iter
        for expression in expressions_of(node):
            for one in ast.walk(expression):
                if isinstance(one, ast.NamedExpr):
                    yield one.target, one.value


def entries_of(node: ast.expr) -> Iterator[tuple[Key, ast.expr]]:
    """Yield the keys and the values of a dict that is written out, or the indexes and the items of a tuple or a list."""
    if isinstance(node, ast.Dict):
        yield from ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key)
    elif isinstance(node, (ast.Tuple, ast.List)) and not any(isinstance(one, ast.Starred) for one in node.elts):
        yield from enumerate(node.elts)
    elif isinstance(node, ast.Call) and name_called(node) == "dict":
        yield from ((one.arg, one.value) for one in node.keywords if one.arg)


def added_by(call: ast.expr) -> Iterator[tuple[Key | None, ast.expr]]:
    """Yield what a call of a method of a container puts into it, with the key, or with None where that is any."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return
    if call.func.attr == "append":
        yield from ((None, one) for one in call.args)
    elif call.func.attr == "setdefault":
        yield from ((None, one) for one in call.args[1:])
    elif call.func.attr == "update":
        yield from ((one.arg, one.value) for one in call.keywords if one.arg)
        for one in call.args:
            yield from entries_of(one) if isinstance(one, ast.Dict) else [(None, one)]


def path_to(target: ast.expr, fits: Callable[[ast.expr], bool]) -> tuple[int, ...] | None:
    """Return the indexes that lead to the part of a target that fits; None if none does."""
    if fits(target):
        return ()
    if isinstance(target, (ast.Tuple, ast.List)) and not any(isinstance(one, ast.Starred) for one in target.elts):
        for index, one in enumerate(target.elts):
            if (rest := path_to(one, fits)) is not None:
                return index, *rest
    return None


def changing(statements: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """Yield the expressions that may change an array in place."""
    for node in statements:
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            yield node.value
        else:
            yield from expressions_of(node)


def expressions_of(node: ast.AST) -> list[ast.expr]:
    """Return the expressions of a statement, without the expressions of nested statements."""
    return [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that a statement makes itself."""
    return (one for expression in expressions_of(node) for one in ast.walk(expression) if isinstance(one, ast.Call))


def name_called(call: ast.expr) -> str:
    """Return the name of the function that is called, without what it is an attribute of."""
    called = call.func if isinstance(call, ast.Call) else call
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def is_moving(expression: ast.expr | None) -> bool:
    """Return whether an expression is a mere name."""
    return isinstance(expression, ast.Name)


def is_read(expression: ast.expr) -> bool:
    """Return whether an expression only reads something, or is a constant."""
    return isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript, ast.Constant))


def is_conversion(expression: ast.expr) -> bool:
    """Return whether an expression only makes a copy, or an array of a list."""
    if not isinstance(expression, ast.Call) or expression.keywords:
        return False
    name = name_called(expression)
    return (name == "copy" and not expression.args) or (name in CONVERSIONS and len(expression.args) == 1)


def converted(call: ast.expr) -> ast.expr:
    """Return what a conversion converts."""
    assert isinstance(call, ast.Call)
    return call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else call


def is_blank(expression: ast.expr | None) -> bool:
    """Return whether an expression makes an array or a container without values of its own, or 0, 1 and the like."""
    if isinstance(expression, ast.Call):
        return name_called(expression) in BLANK
    if isinstance(expression, ast.Constant):
        return not isinstance(expression.value, (int, float)) or is_plain_number(expression.value)
    if isinstance(expression, ast.BinOp) and isinstance(expression.left, ast.List):
        return all(map(is_blank, expression.left.elts))
    return isinstance(expression, (ast.List, ast.Tuple, ast.Dict)) and not any(ast.iter_child_nodes(expression))


def is_plain_number(contents: Any) -> bool:
    """Return whether a number is one that formulas commonly contain."""
    return np.ndim(contents) == 0 and isinstance(contents, (int, float, np.number)) and contents in (-2, -1, 0, 0.5, 1, 2)
