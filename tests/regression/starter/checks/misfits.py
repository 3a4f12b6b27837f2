"""Finds the line of a student's file that raised an exception and, if the shapes of two operands don't match, these operands.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import re
import traceback
from collections.abc import Collection, Iterator
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from checks.lines import Line, show_line
from checks.syntax import Statements, expressions_of, name_called

Shape = tuple[int, ...]
PRODUCT = "@"
SYMBOLS = {ast.MatMult: PRODUCT, ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
FUNCTIONS = {
    "add": "+",
    "divide": "/",
    "dot": PRODUCT,
    "matmul": PRODUCT,
    "maximum": "maximum",
    "minimum": "minimum",
    "multiply": "*",
    "power": "**",
    "subtract": "-",
    "true_divide": "/",
}
# Operands may call these again, functions and methods of numpy and functions of Python: that changes nothing.
NUMPY_CALLS = {"abs", "array", "asarray", "clip", "exp", "log", "mean", "reshape", "sqrt", "square", "sum", "tanh", "transpose"}
PYTHON_CALLS = {"len", "str"}
# What numpy says of the two shapes, or of the two lengths that differ, the one of the second operand first.
SHAPES = re.compile(
    r"shapes \((?P<one>[\d,]*)\) and \((?P<other>[\d,]*)\) not aligned"
    r"|could not be broadcast together with (?:remapped )?shapes \((?P<left>[\d,]*)\) \((?P<right>[\d,]*)\)"
)
LENGTHS = re.compile(r"matmul: .*\(size (\d+) is different from (\d+)\)")
MAX_OPERAND = 60  # characters of an operand that are quoted
PRODUCT_RULE = "In a matrix product, the number of columns on the left{} must equal the number of rows on the right{}."
ELEMENTWISE_RULE = "Element-wise operations need equal shapes; only an axis of length 1 is repeated."
IN_PLACE_RULE = "An in-place operation can't change the shape of its left operand."


class Misfit(NamedTuple):
    """An operation whose operands don't match: its place, its code and symbol, and the code and the shape of each operand.

    The symbol of an in-place operation ends with "=".
    """

    place: str
    code: str
    symbol: str
    operands: tuple[str, str]
    shapes: tuple[Shape, Shape]

    def __str__(self) -> str:
        left, right = (f"`{code}` is {shape}" for code, shape in zip(self.operands, self.shapes, strict=True))
        rule = IN_PLACE_RULE if result_shape(self.symbol, *self.shapes) else ELEMENTWISE_RULE
        if self.symbol == PRODUCT:
            rule = PRODUCT_RULE.format(*(f" ({length})" for length in inner_lengths(*self.shapes)))
        return f"{self.place}: the shapes in `{self.code}` don't match: {left} and {right}. {rule}"


def find_raise(error: BaseException, files: Collection[str]) -> Line | None:
    """Return the student's line that raised an exception, or called what did; None if none of these files did."""
    found = own_frames(error, files)[-1:]
    return next((show_line(frame.f_code.co_filename, number, source_of(frame)) for frame, number in found), None)


def describe_misfit(error: BaseException, files: Collection[str]) -> str:
    """Return a sentence on operands whose shapes don't match, with the student's line; "" for any other exception.

    files are the paths of the student's files, as their code objects name them (`LocalStudent.files.paths`).
    """
    if misfit := find_misfit(error, files):
        return str(misfit)
    message = str(error) if isinstance(error, ValueError) else ""
    shapes, lengths, line = SHAPES.search(message), LENGTHS.search(message), find_raise(error, files)
    if line is None or not (shapes or lengths):
        return ""
    where = f"{line.file}, line {line.number}: `{line.text}`"
    if lengths:
        return f"{where}. {PRODUCT_RULE.format(f' ({lengths[2]})', f' ({lengths[1]})')}"
    assert shapes is not None
    one, other = (tuple(map(int, filter(None, text.split(",")))) for text in shapes.groups() if text is not None)
    rule = ELEMENTWISE_RULE if shapes["one"] is None else PRODUCT_RULE.format("", "")
    return f"{where}. The operands have the shapes {one} and {other}. {rule}"


def find_misfit(error: BaseException, files: Collection[str] | None = None) -> Misfit | None:
    """Return the operation whose operands don't match; None for any other exception, or if their shapes cannot be known.

    files are the files to look at, all by default. The operands are evaluated again; no function of the student's is called.
    """
    for frame, number in reversed(own_frames(error, files) if isinstance(error, ValueError) else []):
        source = source_of(frame)
        for node, symbol, *operands in operations_of(frame, number):
            one, other = (shape_of(operand, frame) for operand in operands)
            if one is not None and other is not None and is_raised(str(error), symbol, one, other):
                place = f"{os.path.basename(frame.f_code.co_filename)}, line {number}"
                left, right = (name_operand(operand, frame, source) for operand in operands)
                return Misfit(place, quote(node, source), symbol, (left, right), (one, other))
    return None


def own_frames(error: BaseException, files: Collection[str] | None) -> list[tuple[FrameType, int]]:
    """Return the frames of some files in a traceback, the innermost last, each with its line."""
    frames = traceback.walk_tb(error.__traceback__)
    return [(frame, line) for frame, line in frames if files is None or frame.f_code.co_filename in files]


def source_of(frame: FrameType) -> str:
    """Return the source of the file that a frame is in."""
    linecache.checkcache(frame.f_code.co_filename)
    return "".join(linecache.getlines(frame.f_code.co_filename))


def operations_of(frame: FrameType, number: int) -> Iterator[tuple[ast.AST, str, ast.expr, ast.expr]]:
    """Yield the operations in a line in the order in which they run, each with its symbol and its two operands."""
    for statement in Statements(frame.f_code.co_filename).at(number, frame.f_code.co_name):
        nodes = [node for expression in expressions_of(statement) for node in inner_first(expression)]
        for node in [*nodes, statement]:
            if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
                yield node, SYMBOLS[type(node.op)], node.left, node.right
            elif isinstance(node, ast.AugAssign) and type(node.op) in SYMBOLS:
                yield node, f"{SYMBOLS[type(node.op)]}=", node.target, node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
                symbol = FUNCTIONS[node.func.attr]
                operands = [node.func.value, *node.args] if len(node.args) == 1 and symbol == PRODUCT else node.args
                if len(operands) == 2:
                    yield node, symbol, operands[0], operands[1]


def inner_first(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of an expression, and then the expression."""
    for child in ast.iter_child_nodes(node):
        yield from inner_first(child)
    yield node


def is_raised(message: str, symbol: str, one: Shape, other: Shape) -> bool:
    """Return whether an operation raises, and numpy's message is about it and not about another one in the same line."""
    result = result_shape(symbol, one, other)
    if result is not None and (result == one or not symbol.endswith("=")):
        return False
    if lengths := LENGTHS.search(message):
        return symbol == PRODUCT and [lengths[2], lengths[1]] == [*map(str, inner_lengths(one, other))]
    return all(str(shape).replace(" ", "") in message for shape in (one, result or other))


def result_shape(symbol: str, one: Shape, other: Shape) -> Shape | None:
    """Return the shape of the result of an operation; None if the operands don't match."""
    if symbol == PRODUCT and one and other:
        left, right = inner_lengths(one, other)
        return None if left != right else (*one[:-1], *other[:-2], *other[-1:]) if len(other) > 1 else one[:-1]
    with contextlib.suppress(ValueError):
        return np.broadcast_shapes(one, other)
    return None


def inner_lengths(one: Shape, other: Shape) -> tuple[int, int]:
    """Return the two lengths that have to be equal in a matrix product."""
    return one[-1], other[-2 if len(other) > 1 else 0]


def evaluate(node: ast.expr, frame: FrameType) -> Any:
    """Return the value of an expression in a frame; None if it cannot be known without calling the student's functions."""
    called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    if all(
        name_called(one) in (NUMPY_CALLS | FUNCTIONS.keys() if isinstance(one, ast.Attribute) else PYTHON_CALLS)
        for one in called
    ):
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            return eval(ast.unparse(node), frame.f_globals, frame.f_locals)  # noqa: S307 - the student's own line, at home
    return None


def shape_of(node: ast.expr, frame: FrameType) -> Shape | None:
    """Return the shape of the value of an expression, None if it cannot be known."""
    value = evaluate(node, frame)
    with contextlib.suppress(Exception):
        return None if value is None else np.shape(value)
    return None


def name_operand(node: ast.expr, frame: FrameType, source: str) -> str:
    """Return the code of an operand with its computed keys filled in: cache["W3"] for cache[f"W{layer}"]."""
    code = quote(node, source)
    for index in (one.slice for one in ast.walk(node) if isinstance(one, ast.Subscript)):
        if not isinstance(index, ast.Constant) and isinstance(key := evaluate(index, frame), str):
            code = code.replace(quote(index, source), json.dumps(key, ensure_ascii=False))
    return code


def quote(node: ast.AST, source: str) -> str:
    """Return code as it is written, in one line and shortened."""
    text = " ".join((ast.get_source_segment(source, node) or ast.unparse(node)).split())
    return text if len(text) <= MAX_OPERAND else f"{text[: MAX_OPERAND - 1]}…"
