"""Explanations in the notebook: what isn't written yet, which shapes don't fit, and what numpy warns about.

Nothing here is graded. The pictures of gradients and training are in lab.py.
"""

import ast
import contextlib
import linecache
import re
import textwrap
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

ORANGE, GREY = "#D55E00", "#707070"
MEANINGS = {
    "overflow": "A result was too large for a floating-point number and became inf.",
    "divide by zero": "A division by 0, or the log of 0, gives inf.",
    "invalid value": "Operations such as inf - inf or 0 * inf give nan.",
}
NUMPY_CALLS = {"array", "asarray", "exp", "mean", "reshape", "sqrt", "square", "sum", "transpose"}  # safe to evaluate again
F_STRING = re.compile(r"\bf(['\"]).*?\1")
PRODUCTS = {"dot", "matmul"}
SYMBOLS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@contextlib.contextmanager
def explain_problems():
    """Explain what goes wrong inside the block, instead of printing a traceback or a page of warnings.

    Prints a sentence for a function that isn't written yet, and one for each kind of warning. Draws the operands of an
    operation if their shapes don't fit. Any other error keeps its traceback. An unfinished picture is closed.
    """
    figures = set(plt.get_fignums())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            yield
        except Exception as error:
            for number in set(plt.get_fignums()) - figures:
                plt.close(number)
            if isinstance(error, NotImplementedError):
                print(f"Still to do - {error}")
            elif mismatch := find_mismatch(error):
                draw_mismatch(mismatch)
            else:
                raise
        finally:
            print_warnings(caught)


def print_warnings(caught):
    """Print one sentence for each kind of warning, with the line that caused it first."""
    first = {}
    for warning in caught:
        first.setdefault(str(warning.message), warning)
    for message, warning in first.items():
        meaning = next((f" {meaning}" for word, meaning in MEANINGS.items() if word in message), "")
        print(f"Warning from {Path(warning.filename).name}, line {warning.lineno}: {message}.{meaning}")


class Mismatch(NamedTuple):
    """An operation whose operands don't fit: where it is, its symbol, and the code and the shape of each operand."""

    place: str
    symbol: str
    codes: tuple
    shapes: tuple

    @property
    def sizes(self):
        """The rows and columns of each operand. A vector is a row, but the right factor of a product is a column."""
        left, right = ((1, *shape)[-2:] for shape in self.shapes)
        return [left, right[::-1] if self.symbol == "@" and len(self.shapes[1]) == 1 else right]

    @property
    def edges(self):
        """For each operand the edges that don't fit: 0 for its rows, 1 for its columns."""
        if self.symbol == "@":
            return (1,), (0,)
        free = () if self.symbol.endswith("=") else (1,)  # a side of length 1 is repeated, but += can't make its target larger
        pairs = enumerate(zip(*self.sizes, strict=True))
        return 2 * ([axis for axis, (left, right) in pairs if left != right and right != 1 and left not in free],)

    def __str__(self):
        rule = "an element-wise operation needs equal shapes"
        if self.symbol == "@":
            rule = "a product needs as many columns on the left as rows on the right"
        left, right = (f"`{code}` is {shape}" for code, shape in zip(self.codes, self.shapes, strict=True))
        return f"{self.place}: the shapes in `{f' {self.symbol} '.join(self.codes)}` don't fit. {left} and {right}, but {rule}."


def find_mismatch(error):
    """Return the Mismatch that raised error, or None if error isn't a ValueError about the shapes of two vectors or matrices.

    It looks at the line that failed, in the innermost function first, and evaluates the operands there once more.
    """
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__ if isinstance(error, ValueError) else None))):
        for symbol, *operands in list_operations(frame.f_code.co_filename, line):
            shapes = tuple(read_shape(operand, frame) for operand in operands)
            if None not in shapes:
                place = f"{Path(frame.f_code.co_filename).name}, line {line}"
                found = Mismatch(place, symbol, tuple(name_operand(operand, frame) for operand in operands), shapes)
                if shapes[0][-1] != shapes[1][0] if symbol == "@" else found.edges[0]:
                    return found
    return None


def list_operations(file, line):
    """Return (symbol, left, right) for each operation on two operands in a line of a file."""
    linecache.checkcache(file)
    found = []
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(ast.parse("".join(linecache.getlines(file)))):
            if not getattr(node, "lineno", line + 1) <= line <= node.end_lineno:
                continue
            if isinstance(node, ast.BinOp):
                found.append((SYMBOLS.get(type(node.op)), node.left, node.right))
            elif isinstance(node, ast.AugAssign):
                found.append((f"{SYMBOLS.get(type(node.op))}=", node.target, node.value))
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in PRODUCTS:
                found.append(("@", *(node.args if len(node.args) == 2 else [node.func.value, *node.args])))
    return [operation for operation in found if operation[0] and len(operation) == 3]


def read_shape(expression, frame):
    """Return the shape of a vector or matrix in a function that failed, or None; never call a function other than numpy's."""
    calls = [node.func for node in ast.walk(expression) if isinstance(node, ast.Call)]
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        if all(call.attr in NUMPY_CALLS | PRODUCTS for call in calls):
            shape = np.shape(eval(ast.unparse(expression), frame.f_globals, frame.f_locals))  # noqa: S307 - the student's own line
            return shape if len(shape) in (1, 2) else None
    return None


def name_operand(expression, frame):
    """Return the code of an operand with its f-strings filled in: cache['W3'] for cache[f"W{layer}"]."""
    return F_STRING.sub(lambda found: repr(eval(found[0], frame.f_globals, frame.f_locals)), ast.unparse(expression))  # noqa: S307


def draw_mismatch(mismatch):
    """Print a Mismatch and draw its operands to scale, with the edges that don't fit in orange."""
    print(mismatch)
    unit = 1.6 / max(map(max, mismatch.sizes))  # all lengths are in inches
    tallest = max(0.3, unit * max(rows for rows, _ in mismatch.sizes))
    figure = plt.figure(figsize=(7.5, tallest + 0.9))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 7.5), ylim=(-tallest / 2 - 0.2, tallest / 2 + 0.7))
    axes.axis("off")
    axes.text(3.75, 0, mismatch.symbol, ha="center", va="center", fontsize=18)
    for x, code, size, edges in zip((1.85, 5.65), mismatch.codes, mismatch.sizes, mismatch.edges, strict=True):
        height, width = (max(0.3, unit * length) for length in size)
        left, top = x - width / 2, height / 2
        axes.add_patch(Rectangle((left, -top), width, height, facecolor="#f3f3f6", edgecolor=GREY))
        axes.text(x, top + 0.32, textwrap.shorten(code, 34), ha="center", family="monospace", fontsize=11)
        sides = ([left, left], [-top, top]), ([left, left + width], [top, top])
        places = (left - 0.1, 0, "right", "center"), (x, top + 0.07, "center", "bottom")
        for axis, (across, up, ha, va) in enumerate(places):
            style = {"color": ORANGE, "weight": "bold"} if axis in edges else {"color": GREY}
            axes.text(across, up, f"{('rows', 'columns')[axis]}: {size[axis]}", ha=ha, va=va, fontsize=10, **style)
            if axis in edges:
                axes.plot(*sides[axis], color=ORANGE, linewidth=5, solid_capstyle="butt")
