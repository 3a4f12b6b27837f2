"""The figures of the hand-out: the example network, and the computational graph of each of its layers.

In a graph a variable has two boxes. The upper one, with a solid outline, holds its value and is reached going forward; the
lower one, dashed, holds its gradient and is reached going backward. So the two are told apart without colour too.
"""

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from solution.lab import draw_network

LAYER_SIZES = (2, 3, 3, 1)
HEIGHT, GAP = 0.6, 0.1  # of a box; between the box of a value and that of its gradient
FORWARD: dict[str, Any] = {"linestyle": "-", "color": "#1b5e9e"}
BACKWARD: dict[str, Any] = {"linestyle": (0, (4, 2)), "color": "#b3261e"}
STYLE = {"svg.hashsalt": "hand-out", "svg.fonttype": "path", "mathtext.fontset": "stix", "font.family": "DejaVu Sans"}


class Place(NamedTuple):
    """Where the upper box of a variable is, and how wide both its boxes are."""

    x: float
    y: float
    width: float

    def side(self, direction: int, backward: bool) -> tuple[float, float]:
        """The middle of the right (1) or left (-1) side of one of the boxes."""
        return self.x + direction * self.width / 2, self.y - backward * (HEIGHT + GAP)


PLACES = {
    "weights": Place(1.55, 4.0, 3.1),
    "input": Place(1.55, 2.2, 3.1),
    "biases": Place(1.55, 0.4, 3.1),
    "Z": Place(6.0, 2.2, 3.9),
    "A": Place(9.5, 2.2, 2.3),
    "next": Place(11.95, 2.2, 1.8),
    "labels": Place(11.95, 4.0, 1.8),
}
ARROWS = [("weights", "Z"), ("input", "Z"), ("biases", "Z"), ("Z", "A"), ("A", "next"), ("labels", "next")]

# What stands in the two boxes of each variable; where there is no second text, no gradient is asked for.
GRAPHS: dict[str, dict[str, tuple[str, ...]]] = {
    "graph-output.svg": {
        "weights": ("$W_3$  (1, 3)", r"$dW_3 = \frac{1}{m}\, dZ_3\, A_2^T$  (1, 3)"),
        "input": ("$A_2$  (3, m)", r"$dA_2 = W_3^T\, dZ_3$  (3, m)"),
        "biases": ("$B_3$  (1, 1)", "$dB_3$ = mean of $dZ_3$  (1, 1)"),
        "Z": (r"$Z_3 = W_3\, A_2 + B_3$  (1, m)", "$dZ_3 = A_3 - Y$  (1, m)"),
        "A": (r"$A_3 = \sigma(Z_3)$  (1, m)", "$dA_3$  (1, m)"),
        "next": ("loss $L$  (1, m)", r"$\partial L / \partial L = 1$"),
        "labels": ("$Y$  (1, m)",),
    },
    "graph-hidden-2.svg": {
        "weights": ("$W_2$  (3, 3)", r"$dW_2 = \frac{1}{m}\, dZ_2\, A_1^T$  (3, 3)"),
        "input": ("$A_1$  (3, m)", r"$dA_1 = W_2^T\, dZ_2$  (3, m)"),
        "biases": ("$B_2$  (3, 1)", "$dB_2$ = mean of $dZ_2$  (3, 1)"),
        "Z": (r"$Z_2 = W_2\, A_1 + B_2$  (3, m)", r"$dZ_2 = dA_2 \odot A_2 \odot (1 - A_2)$  (3, m)"),
        "A": (r"$A_2 = \sigma(Z_2)$  (3, m)", "$dA_2$  (3, m)"),
        "next": ("$Z_3$  (1, m)", "$dZ_3$  (1, m)"),
    },
    "graph-hidden-1.svg": {
        "weights": ("$W_1$  (3, 2)", r"$dW_1 = \frac{1}{m}\, dZ_1\, A_0^T$  (3, 2)"),
        "input": ("$A_0 = X$  (2, m)",),
        "biases": ("$B_1$  (3, 1)", "$dB_1$ = mean of $dZ_1$  (3, 1)"),
        "Z": (r"$Z_1 = W_1\, A_0 + B_1$  (3, m)", r"$dZ_1 = dA_1 \odot A_1 \odot (1 - A_1)$  (3, m)"),
        "A": (r"$A_1 = \sigma(Z_1)$  (3, m)", "$dA_1$  (3, m)"),
        "next": ("$Z_2$  (3, m)", "$dZ_2$  (3, m)"),
    },
}


def draw_graph(axes: Axes, graph: dict[str, tuple[str, ...]]) -> None:
    """Draw the boxes of a graph, and between them the arrows forward, and backward where there is a gradient."""
    axes.set(xlim=(-0.1, 12.95), ylim=(-0.75, 4.45))
    axes.axis("off")
    for name, texts in graph.items():
        for backward, text in enumerate(texts):
            draw_box(axes, PLACES[name], text, bool(backward))
    for start, end in ARROWS:
        if end in graph and start in graph:
            draw_arrows(axes, PLACES[start], PLACES[end], with_gradient=len(graph[start]) == 2)


def draw_box(axes: Axes, place: Place, text: str, backward: bool) -> None:
    """Draw one box of a variable, with its text."""
    line = BACKWARD if backward else FORWARD
    left, middle = place.side(-1, backward)
    corner, rounded = (left, middle - HEIGHT / 2), "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, place.width, HEIGHT, rounded, fill=False, linewidth=1.4, **line))
    axes.text(place.x, middle, text, color=line["color"], ha="center", va="center_baseline", fontsize=13)


def draw_arrows(axes: Axes, start: Place, end: Place, with_gradient: bool) -> None:
    """Draw the arrow from a variable to one it feeds, and the arrow that its gradient comes back along."""
    if start.x == end.x:
        draw_arrow(axes, (start.x, start.y - HEIGHT / 2), (end.x, end.y + HEIGHT / 2), "-|>", FORWARD)
    else:
        draw_arrow(axes, start.side(1, False), end.side(-1, False), "-|>", FORWARD)
    if with_gradient:
        draw_arrow(axes, end.side(-1, True), start.side(1, True), "->", BACKWARD)


def draw_arrow(axes: Axes, tail: tuple[float, float], head: tuple[float, float], tip: str, line: dict[str, Any]) -> None:
    """Draw one arrow between two points."""
    axes.add_patch(FancyArrowPatch(tail, head, arrowstyle=tip, mutation_scale=15, shrinkA=2, shrinkB=2, linewidth=1.4, **line))


def svg(draw: Callable[[Axes], None], width: float, height: float) -> str:
    """The text of a drawing of so many inches; the same bytes every time."""
    with matplotlib.rc_context(STYLE):
        figure = Figure((width, height), facecolor="white")
        draw(figure.add_axes((0, 0.02, 1, 0.96)))
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def figures() -> dict[str, str]:
    """The SVG text of every figure, by file name."""
    network = svg(partial(draw_network, layer_sizes=LAYER_SIZES), 7.5, 4.2)
    return {
        "network.svg": network,
        **{name: svg(partial(draw_graph, graph=graph), 10.4, 4.2) for name, graph in GRAPHS.items()},
    }
