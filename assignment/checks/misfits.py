"""Says which line of a student's file raised, and for operands whose shapes do not fit, what these are.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import ast
import linecache
import re
import traceback
from collections.abc import Collection, Iterator, Mapping
from types import FrameType
from typing import NamedTuple

import numpy as np

from checks.expressions import read
from checks.lines import Line, show_line
from checks.syntax import Statements, expressions_of, name_called
from checks.watching import MAX_VALUES, Seen, Value, Watcher

Shape = tuple[int, ...]
PRODUCTS = ("dot", "matmul")
ELEMENTWISE = ("add", "subtract", "multiply", "divide", "true_divide", "power", "maximum", "minimum")
# What numpy says of the two shapes, or of the two lengths that differ, the one of the second operand first.
SHAPES = re.compile(
    r"shapes \((?P<one>[\d,]*)\) and \((?P<other>[\d,]*)\) not aligned"
    r"|could not be broadcast together with (?:remapped )?shapes \((?P<left>[\d,]*)\) \((?P<right>[\d,]*)\)"
)
LENGTHS = re.compile(r"matmul: .*\(size (\d+) is different from (\d+)\)")
MAX_OPERAND = 60  # characters of an operand that are quoted
PRODUCT_RULE = "In a matrix product, the number of columns on the left{} must equal the number of rows on the right{}."
ELEMENTWISE_RULE = "Element-wise operations need equal shapes; only an axis of length 1 is repeated."


class Operation(NamedTuple):
    """A product or an element-wise operation in a line: its two operands, their shapes, and whether it is a matrix product."""

    node: ast.expr
    operands: tuple[ast.expr, ast.expr]
    shapes: tuple[Shape, Shape]
    is_product: bool

    @property
    def fits(self) -> bool:
        """Whether numpy accepts the shapes."""
        one, other = self.shapes
        if self.is_product and one and other:
            return one[-1] == other[-2 if len(other) > 1 else 0]
        try:
            np.broadcast_shapes(one, other)
        except ValueError:
            return False
        return True


def find_raise(error: BaseException, files: Collection[str]) -> Line | None:
    """Return the student's line that raised an exception, or called what did; None if none of these files did."""
    found = own_frame(error, files)
    if found is None:
        return None
    file, number = found[0].f_code.co_filename, found[1]
    return show_line(file, number, "".join(linecache.getlines(file)))


def describe_product(error: BaseException, files: Collection[str]) -> str:
    """Return a sentence on operands whose shapes do not fit, with the student's line; "" for any other exception.

    files are the paths of the student's files, as their code objects name them (`LocalStudent.files.paths`).
    """
    message = str(error) if isinstance(error, ValueError) else ""
    shapes, lengths = SHAPES.search(message), LENGTHS.search(message)
    found, line = own_frame(error, files), find_raise(error, files)
    if not (shapes or lengths) or found is None or line is None:
        return ""
    where = f"{line.file}, line {line.number}"
    misfits = [one for one in operations_of(*found) if not one.fits and is_told(one, message)]
    if operation := next(iter(misfits), None):
        return f"{where}: {describe_operation(operation, ''.join(linecache.getlines(found[0].f_code.co_filename)))}"
    if lengths:
        return f"{where}: `{line.text}`. {PRODUCT_RULE.format(f' ({lengths[2]})', f' ({lengths[1]})')}"
    assert shapes is not None
    one, other = (shapes["one"], shapes["other"]) if shapes["one"] is not None else (shapes["left"], shapes["right"])
    rule = PRODUCT_RULE.format("", "") if shapes["one"] is not None else ELEMENTWISE_RULE
    return f"{where}: `{line.text}`. The operands have the shapes {written(one)} and {written(other)}. {rule}"


def is_told(operation: Operation, message: str) -> bool:
    """Return whether numpy's message is about the operands of an operation, and not about others in the same line."""
    if lengths := LENGTHS.search(message):
        one, other = operation.shapes
        return operation.is_product and [lengths[2], lengths[1]] == [str(one[-1]), str(other[-2 if len(other) > 1 else 0])]
    return all(str(shape).replace(" ", "") in message for shape in operation.shapes)


def describe_operation(operation: Operation, source: str) -> str:
    """Return a sentence on an operation whose operands do not fit."""
    left, right, whole = (quote(node, source) for node in (*operation.operands, operation.node))
    one, other = operation.shapes
    rule = ELEMENTWISE_RULE
    if operation.is_product and one and other:
        rule = PRODUCT_RULE.format(f" ({one[-1]})", f" ({other[-2 if len(other) > 1 else 0]})")
    return f"`{whole}` doesn't fit: `{left}` is {one} and `{right}` is {other}. {rule}"


def quote(node: ast.expr, source: str) -> str:
    """Return an expression as it is written, in one line and shortened."""
    text = ast.get_source_segment(source, node) if hasattr(node, "lineno") else None
    text = " ".join((text or ast.unparse(node)).split())
    return text if len(text) <= MAX_OPERAND else f"{text[: MAX_OPERAND - 1]}…"


def written(lengths: str) -> str:
    """Return a shape of numpy's message as Python writes it."""
    return str(tuple(int(one) for one in lengths.split(",") if one))


def own_frame(error: BaseException, files: Collection[str]) -> tuple[FrameType, int] | None:
    """Return the innermost frame of some files in a traceback, and its line."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename in files]
    return frames[-1] if frames else None


def operations_of(frame: FrameType, number: int) -> Iterator[Operation]:
    """Yield the operations of a line in the order in which they run, as far as the shapes of both operands are known."""
    watcher = Watcher([frame.f_code.co_filename])
    names = watcher.record_names(frame, [MAX_VALUES])
    for statement in Statements(frame.f_code.co_filename).at(number, frame.f_code.co_name):
        for expression in expressions_of(statement):
            yield from operations_in(expression, names)
        if isinstance(statement, ast.AugAssign):
            yield from operation_of(ast.BinOp(statement.target, statement.op, statement.value), names)


def operations_in(node: ast.AST, names: Mapping[str, Seen]) -> Iterator[Operation]:
    """Yield the operations in an expression, inner ones first."""
    for child in ast.iter_child_nodes(node):
        yield from operations_in(child, names)
    if isinstance(node, ast.expr):
        yield from operation_of(node, names)


def operation_of(node: ast.expr, names: Mapping[str, Seen]) -> Iterator[Operation]:
    """Yield the operation that an expression is, if it is one, and the shapes of both operands are known."""
    pair = operands_of(node)
    if pair is None:
        return
    one, other = (shape_of(operand, names) for operand in pair)
    if one is not None and other is not None:
        yield Operation(node, pair, (one, other), is_matrix_product(node))


def operands_of(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return the two operands of an operator, of a function such as np.dot, or of the method dot."""
    if isinstance(node, ast.BinOp):
        return node.left, node.right
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    name, base = name_called(node), node.func.value
    if name in (*PRODUCTS, *ELEMENTWISE) and len(node.args) == 2:
        return node.args[0], node.args[1]
    return (base, node.args[0]) if name == "dot" and len(node.args) == 1 else None


def is_matrix_product(node: ast.expr) -> bool:
    """Return whether an operation is a matrix product."""
    return name_called(node) in PRODUCTS if isinstance(node, ast.Call) else isinstance(getattr(node, "op", None), ast.MatMult)


def shape_of(node: ast.expr, names: Mapping[str, Seen]) -> Shape | None:
    """Return the shape of what an expression gives; None if it cannot be known without a call of the student's."""
    if isinstance(node, ast.Constant):
        return ()
    if isinstance(node, ast.UnaryOp):
        return shape_of(node.operand, names)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        base = shape_of(node.value, names)
        return base and base[::-1]
    for operation in operation_of(node, names):
        return shape_of_result(operation)
    seen = read(node, names)
    return np.shape(seen.contents) if isinstance(seen, Value) and not isinstance(seen.contents, str) else None


def shape_of_result(operation: Operation) -> Shape | None:
    """Return the shape of the result of an operation; None if there is none."""
    if not operation.fits:
        return None
    one, other = operation.shapes
    if not operation.is_product or not one or not other:
        return np.broadcast_shapes(one, other)
    return (*one[:-1], *other[:-2], *other[-1:]) if len(other) > 1 else one[:-1]
