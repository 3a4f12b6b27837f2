"""The figures of the hand-out: the example network, the computational graph of each of its layers, and the figures with steps.

In a graph, a variable has two boxes next to each other. The left one, with a solid outline, holds its value and is reached
going forward, from top to bottom; the right one, dashed, holds its gradient and is reached going backward. So readers can
distinguish them without color. All figures are narrow, so that they can be read on a phone.
"""

from collections.abc import Callable, Sequence
from functools import partial
from io import StringIO
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from autograder.backprop.example import DNN
from autograder.backprop.handout_steps import steps
from solution import lab

Graph = dict[str, tuple[str, ...]]  # the text in the one or two boxes of each variable
LAYER_SIZES = DNN.case.layer_sizes
FORWARD: dict[str, Any] = {"linestyle": "-", "color": lab.FORWARD}
BACKWARD: dict[str, Any] = {"linestyle": (0, (4, 2)), "color": lab.BACKWARD}
STYLE = {"svg.hashsalt": "hand-out", "svg.fonttype": "path", "mathtext.fontset": "stix", "font.family": "DejaVu Sans"}


class Lane(NamedTuple):
    """The boxes of one kind: the middle and the width of each, and the place of the line that connects them."""

    x: float
    width: float
    rail: float
    line: dict[str, Any]

    @property
    def side(self) -> float:
        """Return the side of the boxes that faces the rail."""
        return self.x + (self.width / 2 if self.rail > self.x else -self.width / 2)


# All lengths are in inches.
VALUES, GRADIENTS = Lane(1.13, 1.75, 0.08, FORWARD), Lane(3.27, 2.2, 4.52, BACKWARD)
WIDTH, HEIGHT, BETWEEN = 4.6, 0.5, 0.73  # of the drawing, of a box, and from one row to the next
INPUTS = ("weights", "input", "biases")  # of Z, above it
ROWS = (*INPUTS, "Z", "A", "next", "labels")


def graphs() -> dict[str, Graph]:
    """Return the graph of each layer of the example network by file name, the last layer first."""
    hidden = range(len(LAYER_SIZES) - 2, 0, -1)
    return {
        "graph-output.svg": graph_of(len(LAYER_SIZES) - 1),
        **{f"graph-hidden-{layer}.svg": graph_of(layer) for layer in hidden},
    }


def graph_of(layer: int) -> Graph:
    """Return the texts of a layer's boxes; a variable without a second text has no required gradient."""
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
        return graph | {"next": ("loss $J_s$  (1, m)", r"$\partial J_s / \partial J_s = 1$"), "labels": (f"$Y$  {batch}",)}
    return graph | {"next": (f"$Z_{after}$  ({LAYER_SIZES[after]}, m)", f"$dZ_{after}$  ({LAYER_SIZES[after]}, m)")}


def draw_graph(axes: Axes, graph: Graph) -> None:
    """Draw the boxes of a graph, and between them the arrows forward, and backward where there is a gradient."""
    axes.set(xlim=(0, WIDTH), ylim=(-graph_height(graph), 0))
    axes.axis("off")
    for name, texts in graph.items():
        for lane, text in zip((VALUES, GRADIENTS), texts, strict=False):
            draw_box(axes, lane, height_of(name), text)
    draw_rail(axes, VALUES, [height_of(name) for name in INPUTS], height_of("Z"), inwards=True)
    draw_rail(axes, GRADIENTS, [height_of(name) for name in INPUTS if len(graph[name]) == 2], height_of("Z"), inwards=False)
    for above, below in (("Z", "A"), ("A", "next")):
        draw_arrow(axes, VALUES, height_of(above) - HEIGHT / 2, height_of(below) + HEIGHT / 2)
        draw_arrow(axes, GRADIENTS, height_of(below) + HEIGHT / 2, height_of(above) - HEIGHT / 2)
    if "labels" in graph:
        draw_arrow(axes, VALUES, height_of("labels") + HEIGHT / 2, height_of("next") - HEIGHT / 2)


def graph_height(graph: Graph) -> float:
    """Return the height of the drawing of a graph."""
    return BETWEEN * len(graph)


def height_of(name: str) -> float:
    """Return the middle of the boxes of a variable."""
    return -BETWEEN * (ROWS.index(name) + 0.5)


def draw_box(axes: Axes, lane: Lane, middle: float, text: str) -> None:
    """Draw one box of a variable, with its text and, on a separate line, its shape."""
    corner, rounded = (lane.x - lane.width / 2, middle - HEIGHT / 2), "round,pad=0,rounding_size=0.06"
    axes.add_patch(FancyBboxPatch(corner, lane.width, HEIGHT, rounded, fill=False, linewidth=1.3, **lane.line))
    words = text.replace("  (", "\n(")
    axes.text(lane.x, middle, words, color=lane.line["color"], ha="center", va="center", fontsize=12, linespacing=1.25)


def draw_rail(axes: Axes, lane: Lane, inputs: Sequence[float], Z: float, inwards: bool) -> None:
    """Draw the line next to the boxes from the heights `inputs` to that of Z, with arrows into Z or out of it."""
    heads, tails = ([Z], inputs) if inwards else (inputs, [Z])
    axes.plot([lane.rail, lane.rail], [max(inputs), Z], linewidth=1.3, **lane.line)
    for y in tails:
        axes.plot([lane.side, lane.rail], [y, y], linewidth=1.3, **lane.line)
    for y in heads:
        connect(axes, (lane.rail, y), (lane.side, y), lane.line)


def draw_arrow(axes: Axes, lane: Lane, start: float, end: float) -> None:
    """Draw an arrow between two boxes of a lane, one above the other."""
    connect(axes, (lane.x, start), (lane.x, end), lane.line)


def connect(axes: Axes, tail: tuple[float, float], head: tuple[float, float], line: dict[str, Any]) -> None:
    """Draw an arrow between two points."""
    tip = "-|>" if line is FORWARD else "->"
    axes.add_patch(FancyArrowPatch(tail, head, arrowstyle=tip, mutation_scale=12, shrinkA=0, shrinkB=1, linewidth=1.3, **line))


def svg(draw: Callable[[Axes], None], width: float, height: float) -> str:
    """Return the SVG text of a drawing with this size in inches, reproducibly."""
    with matplotlib.rc_context(STYLE):
        figure = Figure((width, height), facecolor="white")
        draw(figure.add_axes((0, 0.02, 1, 0.96)))
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def figures() -> dict[str, str]:
    """Return the SVG text of every figure, by file name."""
    network = svg(partial(lab.draw_network, layer_sizes=LAYER_SIZES), 7.5, 4.2)
    drawn = {name: svg(partial(draw_graph, graph=graph), WIDTH, graph_height(graph)) for name, graph in graphs().items()}
    return {"network.svg": network, **drawn, **steps()}
