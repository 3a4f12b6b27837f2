"""Explanations in the notebook: what isn't written yet, which shapes don't match, and what numpy warns about.

Nothing here is graded. The pictures of gradients and training are in lab.py.
"""

import contextlib
import textwrap
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from autograder.tracing.misfits import find_misfit

ORANGE, GREY = "#D55E00", "#707070"
MEANINGS = {
    "overflow": "A result was too large for a floating-point number and became inf.",
    "divide by zero": "A division by 0, or the log of 0, gives inf.",
    "invalid value": "Operations such as inf - inf or 0 * inf give nan.",
}


@contextlib.contextmanager
def explain_problems():
    """Explain what goes wrong inside the block, instead of printing a traceback or a page of warnings.

    Prints a sentence for a function that isn't written yet, and one for each kind of warning. Prints and draws two operands
    whose shapes don't match. Any other error keeps its traceback. An unfinished picture is closed.
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
            elif misfit := find_misfit(error):
                print(misfit)
                draw_misfit(misfit)
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


def find_sizes(misfit):
    """Return the rows and columns of each operand. A vector is a row, but the right factor of a product is a column."""
    left, right = ((1, *shape)[-2:] for shape in misfit.shapes)
    return [left, right[::-1] if misfit.symbol == "@" and len(misfit.shapes[1]) == 1 else right]


def find_edges(misfit):
    """Return for each operand the edges that don't match: 0 for its rows, 1 for its columns."""
    if misfit.symbol == "@":
        return (1,), (0,)
    free = () if misfit.symbol.endswith("=") else (1,)  # an axis of length 1 is repeated, but += can't make its target larger
    pairs = enumerate(zip(*find_sizes(misfit), strict=True))
    return 2 * ([axis for axis, (left, right) in pairs if left != right and right != 1 and left not in free],)


def draw_misfit(misfit):
    """Draw the operands of a Misfit to scale, with the edges that don't match in orange; draw nothing in 3 dimensions."""
    if any(len(shape) > 2 for shape in misfit.shapes):
        return
    sizes = find_sizes(misfit)
    unit = 1.6 / max(map(max, sizes))  # all lengths are in inches
    tallest = max(0.3, unit * max(rows for rows, _ in sizes))
    figure = plt.figure(figsize=(7.5, tallest + 0.9))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 7.5), ylim=(-tallest / 2 - 0.2, tallest / 2 + 0.7))
    axes.axis("off")
    axes.text(3.75, 0, misfit.symbol, ha="center", va="center", fontsize=18)
    for x, code, size, edges in zip((1.85, 5.65), misfit.operands, sizes, find_edges(misfit), strict=True):
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
