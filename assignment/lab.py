"""The drawings and small helpers of the notebook: none of it is graded, and none of it needs your code to be finished.

As everywhere in this assignment, columns are samples: points in the plane are X (2, m).
"""

from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, LogNorm

TOLERANCE = 1e-4  # two tensors agree when ||got - want|| <= TOLERANCE ||want||
SMALLEST = 1e-5  # what is smaller counts as being of this size: a numerical gradient is only good to about 1e-10

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#707070"
CLASSES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"))
BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("blue_to_orange", ["#5aa5d6", "#ffffff", "#ee8a4a"])
MIDDLE = 0.565  # the height at which the units of a layer are centred
ERROR_COLOURS = LogNorm(TOLERANCE**2, 1)  # in the middle, and white, is the tolerance


@contextmanager
def still_to_do():
    """Print the sentence of a piece that is not written yet instead of its traceback; every other error passes through."""
    try:
        yield
    except NotImplementedError as missing:
        print(f"Still to do - {missing}")


def two_moons(samples=200, seed=0, noise=0.1):
    """Return X (2, samples) and Y (1, samples): two half circles that reach into each other, class 0 above and 1 below."""
    rng = np.random.default_rng(seed)
    Y = np.arange(samples)[np.newaxis] % 2
    angle = rng.uniform(0, np.pi, samples)
    above, below = np.vstack([np.cos(angle), np.sin(angle)]), np.vstack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.where(Y == 0, above, below) + rng.normal(scale=noise, size=(2, samples)), Y.astype(float)


def three_arms(samples=300, seed=0, noise=0.05):
    """Return X (2, samples) and the one-hot Y (3, samples): three arms that wind around the origin."""
    rng = np.random.default_rng(seed)
    label = np.arange(samples) % 3
    radius = rng.uniform(0.15, 1, samples)
    angle = 2 * np.pi * label / 3 + 2.5 * radius
    X = radius * np.vstack([np.cos(angle), np.sin(angle)])
    return X + rng.normal(scale=noise, size=(2, samples)), np.eye(3)[:, label]


def draw_network(axes, layer_sizes):
    """Draw the units and connections for any layer_sizes, with the shapes of A_l, W_l and B_l; m is the size of the batch."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    spacing = 0.62 / max(3, min(8, max(layer_sizes)))
    across = np.linspace(0.08, 0.92, len(layer_sizes))
    points = [unit_points(x, units, spacing) for x, units in zip(across, layer_sizes, strict=True)]
    for before, after in pairwise(points):
        lines = [(start, end) for start in before for end in after]
        axes.add_collection(LineCollection(lines, colors="#b5b5b5", linewidths=0.9, zorder=1))
    for layer, units in enumerate(points):
        colour = {0: "#e4e4e4", len(points) - 1: "#f6c6a3"}.get(layer, "#b9dcf0")
        draw_units(axes, units, layer_sizes[layer], spacing, colour)
    write_shapes(axes, across, layer_sizes)


def unit_points(x, units, spacing):
    """Return the middles (shown, 2) of the circles of a layer: one a unit, but only the outer six of more than eight."""
    slots = np.arange(units) if units <= 8 else np.array([0, 1, 2, 5, 6, 7])
    return np.column_stack([np.full(len(slots), x), MIDDLE + spacing * (slots[-1] / 2 - slots)])


def draw_units(axes, points, size, spacing, colour):
    """Draw the circles of a layer of this size at the points (units, 2), and dots where units have been left out."""
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    diameter = min(30, 0.75 * spacing * height)
    axes.scatter(*points.T, s=diameter**2, color=colour, edgecolors="black", linewidths=1, zorder=2)
    if len(points) < size:
        dots = MIDDLE + spacing * np.array([-0.5, 0, 0.5])
        axes.scatter(np.full(3, points[0, 0]), dots, s=9, color="black", zorder=2)


def write_shapes(axes, across, layer_sizes):
    """Write the name and the shape of A_l under each layer, and those of W_l and B_l under each gap."""
    last = len(layer_sizes) - 1
    text = {"ha": "center", "va": "center", "fontsize": max(6.5, min(11, 46 / last))}
    for layer, units in enumerate(layer_sizes):
        role = {0: "input", last: "output"}.get(layer, "hidden")
        name = {0: "$A_0 = X$", last: f"$A_{{{last}}}$ = out"}.get(layer, f"$A_{{{layer}}}$")
        axes.text(across[layer], 0.965, f"{role}\n{units} unit{'s' * (units > 1)}", color=GREY, **text)
        axes.text(across[layer], 0.15, f"{name}\n({units}, m)", **text)
    for layer in range(1, last + 1):
        units, inputs = layer_sizes[layer], layer_sizes[layer - 1]
        shapes = f"$W_{{{layer}}}$ ({units}, {inputs})\n$B_{{{layer}}}$ ({units}, 1)"
        axes.text((across[layer - 1] + across[layer]) / 2, 0.05, shapes, color=BLUE, **text)


class Comparison(NamedTuple):
    """One gradient beside the one it should be: the relative error of each cell and of the whole, or why there is none."""

    shape: tuple
    errors: np.ndarray | None
    error: float
    trouble: str = ""

    @property
    def agrees(self):
        """Whether the gradient is right, up to what a numerical gradient can tell."""
        return self.error <= TOLERANCE


def compare(grads, wanted):
    """Return {key: Comparison} for every key of wanted; whatever else grads holds does not matter."""
    return {key: compare_one(grads.get(key), want) for key, want in wanted.items()}


def compare_one(got, want):
    """Compare one gradient, or None where it is missing, with the wanted one.

    The error of a cell is |got - want| / max |want|, so that a cell which ought to be zero is not blamed for a rounding error;
    the error of the whole is ||got - want|| / ||want||. What is not finite has an infinite error.
    """
    if got is None:
        return Comparison(want.shape, None, np.inf, "missing")
    if np.shape(got) != want.shape:
        return Comparison(want.shape, None, np.inf, f"got {np.shape(got)}\nwant {want.shape}")
    difference = np.asarray(got, dtype=float) - want
    errors = np.abs(difference) / max(np.abs(want).max(), SMALLEST)
    error = np.linalg.norm(difference) / max(np.linalg.norm(want), SMALLEST)
    return Comparison(want.shape, np.nan_to_num(errors, nan=np.inf, posinf=np.inf), error if np.isfinite(error) else np.inf)


def draw_gradient_check(grads, wanted, title=""):
    """Draw a panel for each matrix of wanted, {"W1": ..., "B1": ..., ...}: where grads is wrong, and by how much.

    Blue cells are right, orange ones wrong; a wrong cell also has a frame, and a cross where there is no room for its number.
    """
    comparisons = compare(grads, wanted)
    rows, columns = np.array([comparison.shape for comparison in comparisons.values()]).T
    cell = min(0.55, 9 / columns.sum(), 6 / rows.max())  # all lengths are in inches
    slots = np.maximum(columns * cell, 1) + 0.3
    lefts = np.cumsum([0, *slots[:-1]]) + (slots - columns * cell) / 2
    width, height = slots.sum() + 0.9, rows.max() * cell + 1.1
    figure = plt.figure(figsize=(width, height))
    for left, (key, comparison) in zip(lefts, comparisons.items(), strict=True):
        axes = add_panel(figure, left, comparison.shape[1] * cell, comparison.shape[0] * cell)
        draw_errors(axes, key, comparison, numbers=cell > 0.4)
    draw_scale(add_panel(figure, width - 0.75, 0.14, rows.max() * cell))
    figure.suptitle(title, x=0.5, y=1 - 0.05 / height, va="top", fontsize=11)


def add_panel(figure, left, width, height):
    """Return new axes of this size in inches, 0.95 inches below the top of the figure: there is room for the titles."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, (up - 0.95 - height) / up, width / across, height / up))


def draw_errors(axes, key, comparison, numbers):
    """Draw the panel of one matrix."""
    rows, columns = comparison.shape
    verdict = "agrees" if comparison.agrees else comparison.trouble or f"error {short(comparison.error)}"
    axes.set_title(f"{key}\n{verdict}", fontsize=9, color="black" if comparison.agrees else "#b00020", linespacing=1.1)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    if comparison.trouble:
        axes.add_patch(plt.Rectangle((0, 0), columns, rows, facecolor="#eeeeee", edgecolor="#b00020", hatch="//"))
        return
    axes.pcolormesh(np.clip(comparison.errors, TOLERANCE**2, 1), cmap=BLUE_TO_ORANGE, norm=ERROR_COLOURS, edgecolors="white")
    for (row, column), error in np.ndenumerate(comparison.errors):
        wrong = error > TOLERANCE and not comparison.agrees
        if wrong:
            axes.add_patch(plt.Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, fill=False, linewidth=1.6))
        mark = short(error) if numbers else "x" if wrong else ""
        axes.text(column + 0.5, row + 0.5, mark, ha="center", va="center", fontsize=8, weight="bold" if wrong else "normal")


def draw_scale(axes):
    """Draw what the colours of the cells mean."""
    scale = axes.figure.colorbar(ScalarMappable(ERROR_COLOURS, BLUE_TO_ORANGE), cax=axes)
    scale.set_ticks([TOLERANCE**2, TOLERANCE, 1], labels=["1e-8", "1e-4", "1 or\nmore"], fontsize=8)
    scale.minorticks_off()


def short(error):
    """Return an error in a few characters: 0, 3e-9, 0.57, 6 or inf."""
    if not np.isfinite(error):
        return "inf"
    if error == 0 or 0.01 <= error < 1000:
        return f"{error:.2g}"
    digit, exponent = f"{error:.0e}".split("e")
    return f"{digit}e{int(exponent)}"


def draw_derivative(axes, x, y, slope, numerical):
    """Draw y and its derivative over x, and a numerical derivative as dots: the dots belong on the line."""
    axes.plot(x, y, color=GREY, label="y")
    axes.plot(x, slope, color=BLUE, label="dy/dx, yours")
    axes.plot(x[::8], numerical[::8], "o", color=ORANGE, markersize=5, label="dy/dx, numerical")
    axes.set_xlabel("x")
    axes.grid(alpha=0.3)
    axes.legend()


def draw_loss(axes, losses):
    """Draw the loss of every epoch, on a logarithmic scale."""
    axes.semilogy(losses, color=BLUE)
    axes.set(xlabel="epoch", ylabel="loss J, logarithmic", title=f"J from {losses[0]:.3g} to {losses[-1]:.3g}")
    axes.grid(alpha=0.3, which="both")


def draw_boundary(axes, outputs, X, Y):
    """Draw the samples X (2, m), Y (1, m), what outputs(X) (1, m) says all over the plane, and the line where it says 0.5."""
    across, up, points = plane(X)
    out = np.reshape(outputs(points), across.shape)
    axes.contourf(across, up, out, levels=np.linspace(0, 1, 21), cmap=BLUE_TO_ORANGE)
    axes.contour(across, up, out, levels=[0.5], colors="black", linewidths=1.8)
    mark_classes(axes, X, (Y[0] > 0.5).astype(int), 2)


def draw_regions(axes, outputs, X, Y):
    """Draw the samples X (2, m), Y (3, m), and the class with the largest of outputs(X) (3, m) all over the plane."""
    across, up, points = plane(X)
    out = np.reshape(outputs(points), (3, *across.shape))
    colours = ListedColormap(["#a8d1ea", "#f5c09c", "#a3dcc8"])
    axes.pcolormesh(across, up, out.argmax(axis=0), cmap=colours, vmin=0, vmax=2, rasterized=True)
    for label in range(3):
        lead = out[label] - np.delete(out, label, axis=0).max(axis=0)
        axes.contour(across, up, lead, levels=[0], colors="black", linewidths=1.4)
    mark_classes(axes, X, Y.argmax(axis=0), 3)


def plane(X, steps=200):
    """Return a grid around the samples X (2, m): two coordinates (steps, steps), and its points as a batch (2, steps^2)."""
    low, high = X.min(axis=1) - 0.25, X.max(axis=1) + 0.25
    across, up = np.meshgrid(np.linspace(low[0], high[0], steps), np.linspace(low[1], high[1], steps))
    return across, up, np.vstack([across.ravel(), up.ravel()])


def mark_classes(axes, X, labels, classes):
    """Draw the samples X (2, m), each class with a colour and a marker of its own."""
    for label, (colour, marker) in enumerate(CLASSES[:classes]):
        members = X[:, labels == label]
        axes.scatter(*members, color=colour, marker=marker, edgecolors="white", linewidths=0.6, s=38, label=f"class {label}")
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    axes.legend(loc="upper right", framealpha=0.9)
