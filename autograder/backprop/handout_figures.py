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

from autograder.backprop.example import DNN
from solution.lab import draw_network

Graph = dict[str, tuple[str, ...]]  # what stands in the one or two boxes of each variable
LAYER_SIZES = DNN.case.layer_sizes
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
        """Return the middle of the right (1) or left (-1) side of one of the boxes."""
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


def graphs() -> dict[str, Graph]:
    """Return the graph of each layer of the example network by file name, the last layer first."""
    hidden = range(len(LAYER_SIZES) - 2, 0, -1)
    return {
        "graph-output.svg": graph_of(len(LAYER_SIZES) - 1),
        **{f"graph-hidden-{layer}.svg": graph_of(layer) for layer in hidden},
    }


def graph_of(layer: int) -> Graph:
    """Return the texts of a layer's boxes; a variable without a second text has no gradient that is asked for."""
    before, after = layer - 1, layer + 1
    inputs, units = LAYER_SIZES[before], LAYER_SIZES[layer]
    is_output, batch = after == len(LAYER_SIZES), f"({units}, m)"
    dZ = f"$dZ_{layer} = A_{layer} - Y$" if is_output else rf"$dZ_{layer} = dA_{layer} \odot A_{layer} \odot (1 - A_{layer})$"
    graph: Graph = {
        "weights": (
            f"$W_{layer}$  ({units}, {inputs})",
            rf"$dW_{layer} = \frac{{1}}{{m}}\, dZ_{layer}\, A_{before}^T$  ({units}, {inputs})",
        ),
        "input": (f"$A_{before}$  ({inputs}, m)", rf"$dA_{before} = W_{layer}^T\, dZ_{layer}$  ({inputs}, m)")
        if before
        else (f"$A_0 = X$  ({inputs}, m)",),
        "biases": (f"$B_{layer}$  ({units}, 1)", f"$dB_{layer}$ = mean of $dZ_{layer}$  ({units}, 1)"),
        "Z": (rf"$Z_{layer} = W_{layer}\, A_{before} + B_{layer}$  {batch}", f"{dZ}  {batch}"),
        "A": (rf"$A_{layer} = \sigma(Z_{layer})$  {batch}", f"$dA_{layer}$  {batch}"),
    }
    if is_output:
        return graph | {"next": ("loss $L$  (1, m)", r"$\partial L / \partial L = 1$"), "labels": (f"$Y$  {batch}",)}
    return graph | {"next": (f"$Z_{after}$  ({LAYER_SIZES[after]}, m)", f"$dZ_{after}$  ({LAYER_SIZES[after]}, m)")}


def draw_graph(axes: Axes, graph: Graph) -> None:
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
    """Return the text of a drawing of so many inches; the same bytes every time."""
    with matplotlib.rc_context(STYLE):
        figure = Figure((width, height), facecolor="white")
        draw(figure.add_axes((0, 0.02, 1, 0.96)))
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def figures() -> dict[str, str]:
    """Return the SVG text of every figure, by file name."""
    network = svg(partial(draw_network, layer_sizes=LAYER_SIZES), 7.5, 4.2)
    return {
        "network.svg": network,
        **{name: svg(partial(draw_graph, graph=graph), 10.4, 4.2) for name, graph in graphs().items()},
    }
