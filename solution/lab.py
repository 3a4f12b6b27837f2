"""The notebook's pictures and sample data. Nothing here is graded, and it works while your code is unfinished.

As everywhere in this assignment, columns are samples: points in the plane are X (2, m). The pictures show what your own code
returns; this file has no forward pass and no gradients of its own.
"""

import contextlib
import time
from itertools import pairwise
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, LogNorm
from matplotlib.patches import Circle, Rectangle

TOLERANCE = 1e-4  # two tensors agree when ||got - expected|| <= TOLERANCE ||expected||
SMALLEST = 1e-5  # smaller values count as this large: a numerical gradient is only accurate to about 1e-10

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#707070"
FORWARD, BACKWARD = "#1b5e9e", "#b3261e"  # values, and gradients
SOFT, LINE, AGREES, WRONG = "#f3f3f6", "#d2d2d8", "#dcebf7", "#a8121f"  # as on the feedback page
CLASSES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"))
BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("blue_to_orange", ["#5aa5d6", "#ffffff", "#ee8a4a"])
ERROR_COLORS = LogNorm(TOLERANCE**2, 1)  # white, in the middle, is the tolerance

# The layout of the network, in the same units as on the feedback page. A matplotlib point is about as large as one of them.
MARGIN, STEP, SPACING, RADIUS = 44, 184, 42, 14
MAX_UNITS = 8  # units of a layer that are all drawn

ADVICE = "If the gradient check is all blue, try a smaller learning rate. Otherwise fix the gradients first."


def count(number, noun, ending="s"):
    """Return a number and its noun: "1 row", "3 rows"."""
    return f"{number:,} {noun}{ending if number != 1 else ''}"


def two_moons(samples=200, seed=0, noise=0.1):
    """Return X (2, samples) and Y (1, samples): two interlocking half circles, class 0 above and class 1 below."""
    rng = np.random.default_rng(seed)
    Y = np.arange(samples)[np.newaxis] % 2
    angle = rng.uniform(0, np.pi, samples)
    above, below = np.vstack([np.cos(angle), np.sin(angle)]), np.vstack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.where(Y == 0, above, below) + rng.normal(scale=noise, size=(2, samples)), Y.astype(float)


def three_arms(samples=300, seed=0, noise=0.05):
    """Return X (2, samples) and the one-hot Y (3, samples): three spiral arms around the origin."""
    rng = np.random.default_rng(seed)
    label = np.arange(samples) % 3
    radius = rng.uniform(0.15, 1, samples)
    angle = 2 * np.pi * label / 3 + 2.5 * radius
    X = radius * np.vstack([np.cos(angle), np.sin(angle)])
    return X + rng.normal(scale=noise, size=(2, samples)), np.eye(3)[:, label]


class Unit(NamedTuple):
    """A unit that is drawn: its layer, its row in the matrices of that layer, and the center of its circle."""

    layer: int
    row: int
    x: float
    y: float


def place_units(layer_sizes, spacing=SPACING):
    """Return every Unit that is drawn: all of a layer of up to eight, else its first three and its last three."""
    units = []
    for layer, size in enumerate(layer_sizes):
        slots = range(size) if size <= MAX_UNITS else (0, 1, 2, 5, 6, 7)
        for slot in slots:
            row = slot if slot < 3 or size <= MAX_UNITS else slot + size - MAX_UNITS
            units.append(Unit(layer, row, MARGIN + STEP * layer, spacing * (slots[-1] / 2 - slot)))
    return units


def draw_units(axes, layer_sizes, spacing=SPACING, radius=RADIUS, above=40, below=30):
    """Draw the units and connections of a network, and return (units, points in one unit of length).

    above and below are the room for text over and under the units, in units of length.
    """
    units, last = place_units(layer_sizes, spacing), len(layer_sizes) - 1
    top = max(unit.y for unit in units) + radius
    axes.set(xlim=(0, 2 * MARGIN + STEP * last), ylim=(-top - below, top + above), aspect="equal")
    axes.axis("off")
    lines = [[start[2:], end[2:]] for start in units for end in units if end.layer == start.layer + 1]
    axes.add_collection(LineCollection(lines, colors="#b5b5b5", linewidths=0.9, zorder=1))
    for unit in units:
        color = SOFT if unit.layer == 0 else AGREES
        axes.add_patch(Circle(unit[2:], radius, facecolor=color, edgecolor=GREY, linewidth=1.2, zorder=2))
    for layer, size in enumerate(layer_sizes):
        for y in (-0.3, 0, 0.3) if size > MAX_UNITS else ():
            axes.add_patch(Circle((MARGIN + STEP * layer, spacing * y), 2, color=GREY, zorder=2))
    window = axes.get_window_extent()
    scale = min(window.width / (2 * MARGIN + STEP * last), window.height / (2 * top + above + below))
    return units, scale * 72 / axes.figure.dpi


def draw_network(axes, layer_sizes):
    """Draw the units and connections for any layer_sizes, with the shapes of A_l, W_l and B_l; m is the size of the batch."""
    units, scale = draw_units(axes, layer_sizes, above=52, below=98)
    last, top = len(layer_sizes) - 1, max(unit.y for unit in units) + RADIUS
    text = {"ha": "center", "va": "center", "fontsize": max(6, min(12, 13 * scale))}
    for layer, size in enumerate(layer_sizes):
        role = {0: "input", last: "output"}.get(layer, "hidden")
        name = {0: "$A_0 = X$", last: f"$A_{{{last}}}$ = out"}.get(layer, f"$A_{{{layer}}}$")
        axes.text(MARGIN + STEP * layer, top + 28, f"{role}\n{count(size, 'unit')}", color=GREY, **text)
        axes.text(MARGIN + STEP * layer, -top - 30, f"{name}\n({size}, m)", **text)
    for layer, (inputs, size) in enumerate(pairwise(layer_sizes), start=1):
        shapes = f"$W_{{{layer}}}$ ({size}, {inputs})\n$B_{{{layer}}}$ ({size}, 1)"
        axes.text(MARGIN + STEP * (layer - 0.5), -top - 74, shapes, color=FORWARD, **text)


def draw_circuit(axes, layer_sizes, cache, grads, sample=0):
    """Draw the network for one sample: above each unit its value a from cache, below it the gradient dz from grads."""
    units, scale = draw_units(axes, layer_sizes, spacing=80, above=62, below=26)
    text = {"ha": "center", "fontsize": max(6, min(12, 14 * scale)), "zorder": 3}
    for unit in units:
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        value = read_entry(cache, f"A{unit.layer}", unit.row, sample)
        axes.text(unit.x, unit.y + RADIUS + 3, value, color=FORWARD, va="bottom", bbox=paper, **text)
        if unit.layer:
            gradient = read_entry(grads, f"Z{unit.layer}", unit.row, sample)
            axes.text(unit.x, unit.y - RADIUS - 3, gradient, color=BACKWARD, va="top", bbox=paper, **text)
    right, up = axes.get_xlim()[1], axes.get_ylim()[1]
    axes.text(6, up - 4, "forward → the value $a$, above", color=FORWARD, **{**text, "ha": "left", "va": "top"})
    axes.text(right - 6, up - 4, "the gradient $dz$, below ← backward", color=BACKWARD, **{**text, "ha": "right", "va": "top"})


def read_entry(matrices, key, row, column):
    """Return an entry of a matrix as it is drawn, or "?" if the matrix is missing or too small."""
    with contextlib.suppress(LookupError, TypeError):
        return f"{float(np.asarray(matrices[key])[row, column]):.3g}"
    return "?"


def draw_responses(axes, layer_sizes, cache):
    """Draw inside each circle the unit's value all over the plane; cache is what forward returns for the points of plane()."""
    units, _ = draw_units(axes, layer_sizes, radius=19, above=6, below=6)
    limits = axes.get_xlim(), axes.get_ylim()
    for unit in units:
        response = np.asarray(require(cache, f"A{unit.layer}", "the cache"))[unit.row]
        steps = round(np.sqrt(response.size))
        low, high = (0, 1) if unit.layer else (response.min(), response.max())
        extent = (unit.x - 19, unit.x + 19, unit.y - 19, unit.y + 19)
        picture = axes.imshow(
            response.reshape(steps, steps), cmap=BLUE_TO_ORANGE, vmin=low, vmax=high, extent=extent, origin="lower", zorder=3
        )
        picture.set_clip_path(axes.add_patch(Circle(unit[2:], 19, fill=False, edgecolor=GREY, linewidth=1.2, zorder=4)))
    axes.set(xlim=limits[0], ylim=limits[1])


def require(matrices, key, name):
    """Return the matrix stored under key; raise NotImplementedError if it is missing."""
    if not isinstance(matrices, dict) or matrices.get(key) is None:
        raise NotImplementedError(f"this picture needs `{key}` in {name}.")
    return matrices[key]


class Comparison(NamedTuple):
    """A gradient compared with the expected one: the relative error of each entry and of the whole matrix.

    trouble says why there are no errors; ratio is got / expected if that is the same number for every entry.
    """

    shape: tuple
    errors: np.ndarray | None
    error: float
    trouble: str = ""
    ratio: float | None = None

    @property
    def agrees(self):
        """Return whether the gradient is correct, within the accuracy of a numerical gradient."""
        return self.error <= TOLERANCE

    @property
    def verdict(self):
        """Return the title of the panel."""
        if self.agrees or self.trouble:
            return self.trouble or "agrees"
        if self.ratio is not None:
            return f"{name_ratio(self.ratio)} times expected"
        return f"error {shorten(self.error)}" if np.isfinite(self.error) else "nan or inf"


def compare(grads, wanted):
    """Return {key: Comparison} for every key of wanted; other keys of grads are ignored."""
    if not isinstance(grads, dict):
        raise NotImplementedError(f"`gradients` should return a dict, but what it returned is {describe(grads)}.")
    return {key: compare_one(grads.get(key), want) for key, want in wanted.items()}


def describe(value):
    """Return the kind of a value, for use in a sentence."""
    return "None" if value is None else f"of type {type(value).__name__}" if len(np.shape(value)) != 1 else "empty"


def compare_one(got, want):
    """Compare one gradient, or None if it is missing, with the expected one.

    The error of an entry is |got - want| / max |want|, so that rounding errors don't count against an entry that should be 0.
    The error of the matrix is ||got - want|| / ||want||. Values that aren't finite have an infinite error.
    """
    if got is None:
        return Comparison(want.shape, None, np.inf, "missing")
    if np.shape(got) != want.shape:
        return Comparison(want.shape, None, np.inf, f"got {np.shape(got)}\nexpected {want.shape}")
    got = np.asarray(got, dtype=float)
    if not np.isfinite(got).all() or not np.isfinite(want).all():
        errors = np.where(np.isfinite(got - want), 0, np.inf)
        return Comparison(want.shape, errors, np.inf)
    errors = np.abs(got - want) / max(np.abs(want).max(), SMALLEST)
    error = np.linalg.norm(got - want) / max(np.linalg.norm(want), SMALLEST)
    return Comparison(want.shape, errors, error, ratio=find_ratio(got, want))


def find_ratio(got, want):
    """Return the number r for which got is r times want, within the tolerance; None if there isn't one."""
    if np.linalg.norm(want) <= SMALLEST:
        return None
    ratio = np.vdot(want, got) / np.vdot(want, want)
    return (
        ratio if np.linalg.norm(got - ratio * want) <= TOLERANCE * max(abs(ratio), TOLERANCE) * np.linalg.norm(want) else None
    )


def name_ratio(ratio):
    """Return a ratio with enough digits to see that it isn't 1: 7.00, 0.143, 1.003."""
    if abs(ratio - 1) < 0.01:
        return f"{ratio:.4g}"
    return f"{ratio:.2f}" if abs(ratio) > 0.995 else f"{ratio + 0.0:.3g}"


def draw_gradient_check(grads, wanted, title=""):
    """Draw where grads differs from wanted, {"W1": ..., "B1": ..., ...}, and by how much; return whether all agree.

    If all agree, the picture is one row. Otherwise correct entries are blue. Wrong entries are orange with a frame, and a cross
    stands for an error that there is no room to print.
    """
    comparisons = compare(grads, wanted)
    print(f"{title}: " if title else "", end="")
    print(*explain(comparisons), sep="\n")
    if all(comparison.agrees for comparison in comparisons.values()):
        draw_row(comparisons)
        return True
    rows, columns = np.array([comparison.shape for comparison in comparisons.values()]).T
    cell = min(0.55, 9 / columns.sum(), 6 / rows.max())  # all lengths are in inches
    slots = np.maximum(columns * cell, 1.15) + 0.3
    lefts = np.cumsum([0, *slots[:-1]]) + (slots - columns * cell) / 2
    width, height = slots.sum() + 0.9, rows.max() * cell + 1.1
    figure = plt.figure(figsize=(width, height))
    for left, (key, comparison) in zip(lefts, comparisons.items(), strict=True):
        axes = add_panel(figure, left, comparison.shape[1] * cell, comparison.shape[0] * cell)
        draw_errors(axes, name_gradient(key), comparison, numbers=cell > 0.4)
    draw_scale(add_panel(figure, width - 0.75, 0.14, rows.max() * cell))
    figure.suptitle(title, x=0.5, y=1 - 0.05 / height, va="top", fontsize=11)
    return False


def explain(comparisons):
    """Return the sentences that sum up a gradient check."""
    wrong = {name_gradient(key): comparison for key, comparison in comparisons.items() if not comparison.agrees}
    if not wrong:
        return [f"All {len(comparisons)} gradients agree with the numerical ones."]
    ratios = {}
    for name, comparison in wrong.items():
        if comparison.ratio is not None:
            ratios.setdefault(name_ratio(comparison.ratio), []).append(name)
    verb = "doesn't" if len(wrong) == 1 else "don't"
    sentences = [f"{len(wrong)} of {count(len(comparisons), 'gradient')} {verb} agree with the numerical ones."]
    for ratio, names in ratios.items():
        if any(wrong[name].errors.size > 1 for name in names):  # a single entry is a multiple of any other
            sentences.append(f"Every entry of {listed(names)} is {ratio} times the numerical one.")
    return sentences


def listed(names):
    """Return names for a sentence: "dW1, dB1 and dW2"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def name_gradient(key):
    """Return the name of the gradient stored under key: dW1 for "W1"."""
    return key if key.startswith("d") else f"d{key}"


def draw_row(comparisons):
    """Draw a gradient check in which everything agrees: one blue tile for each matrix, with its error."""
    figure = plt.figure(figsize=(1.1 * len(comparisons), 0.55))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, len(comparisons)), ylim=(0, 1))
    axes.axis("off")
    for place, (key, comparison) in enumerate(comparisons.items()):
        axes.add_patch(Rectangle((place + 0.04, 0.05), 0.92, 0.9, facecolor=AGREES, edgecolor=LINE))
        words = f"{name_gradient(key)} ✓\n{shorten(comparison.error)}"
        axes.text(place + 0.5, 0.5, words, ha="center", va="center", fontsize=9, linespacing=1.2)


def add_panel(figure, left, width, height):
    """Return new axes of this size in inches, 0.95 inches below the top of the figure, so that the titles fit."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, (up - 0.95 - height) / up, width / across, height / up))


def draw_errors(axes, name, comparison, numbers):
    """Draw the panel of one matrix."""
    rows, columns = comparison.shape
    color = "black" if comparison.agrees else WRONG
    axes.set_title(f"{name}\n{comparison.verdict}", fontsize=9, color=color, linespacing=1.1)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    if comparison.trouble:
        axes.add_patch(Rectangle((0, 0), columns, rows, facecolor="#eeeeee", edgecolor=WRONG, hatch="//"))
        return
    axes.pcolormesh(np.clip(comparison.errors, TOLERANCE**2, 1), cmap=BLUE_TO_ORANGE, norm=ERROR_COLORS, edgecolors="white")
    for (row, column), error in np.ndenumerate(comparison.errors):
        wrong = error > TOLERANCE and not comparison.agrees
        if wrong:
            axes.add_patch(Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, fill=False, linewidth=1.6))
        mark = shorten(error) if numbers else "x" if wrong else ""
        axes.text(column + 0.5, row + 0.5, mark, ha="center", va="center", fontsize=8, weight="bold" if wrong else "normal")


def draw_scale(axes):
    """Draw what the colors of the entries mean."""
    scale = axes.figure.colorbar(ScalarMappable(ERROR_COLORS, BLUE_TO_ORANGE), cax=axes)
    scale.set_ticks([TOLERANCE**2, TOLERANCE, 1], labels=["1e-8", "1e-4", "1 or\nmore"], fontsize=8)
    scale.minorticks_off()


def shorten(error):
    """Return an error in a few characters: 0, 3e-9, 0.57, 6 or inf."""
    if not np.isfinite(error):
        return "inf"
    if error == 0 or 0.01 <= error < 1000:
        return f"{error:.2g}" if error < 100 else f"{error:.0f}"
    digit, exponent = f"{error:.0e}".split("e")
    return f"{digit}e{int(exponent)}"


def draw_derivative(axes, x, y, slope, numerical):
    """Draw y and its derivative over x, and a numerical derivative as dots, which belong on the line."""
    axes.plot(x, y, color=GREY, label="y")
    axes.plot(x, slope, color=BLUE, label="your dy/dx")
    axes.plot(x[::8], numerical[::8], "o", color=ORANGE, markersize=5, label="numerical dy/dx")
    axes.set_xlabel("x")
    axes.grid(alpha=0.3)
    axes.legend()


def draw_cost(axes, nets, X, Y, numerical_gradients):
    """Draw how long the gradients of each net take by finite differences and by backpropagation.

    The forward and backward passes are counted while they run. Prints what the largest net needs.
    """
    sizes = [sum(matrix.size for matrix in net.params.values()) for net in nets]
    runs = {"Finite differences": (numerical_gradients, ORANGE, "o-"), "Backpropagation": (type(nets[0]).gradients, BLUE, "s-")}
    for name, (function, color, style) in runs.items():
        costs = [min(measure(net, X, Y, function) for _ in range(3)) for net in nets]
        axes.loglog(sizes, [cost[-1] for cost in costs], style, color=color, label=name)
        for size, (forward, _, seconds) in zip(sizes, costs, strict=True):
            axes.annotate(forward, (size, seconds), (0, 7), textcoords="offset points", ha="center", fontsize=9, color=color)
        forward, backward, seconds = costs[-1]
        passes = f"{count(forward, 'forward pass', 'es')} and {count(backward, 'backward pass', 'es')}"
        print(f"{name} for {sizes[-1]:,} weights and biases: {passes}, {1000 * seconds:.3g} ms.")
    axes.set(xlabel="number of weights and biases", ylabel="seconds", title="Numbers at the points: forward passes")
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    axes.legend()


def measure(net, X, Y, function):
    """Return (forward passes, backward passes, seconds) of function(net, X, Y)."""
    passes = {"forward": 0, "compute_gradients": 0}

    def counted(name, method):
        def run(*arguments, **options):
            passes[name] += 1
            return method(*arguments, **options)

        return run

    for name in passes:
        setattr(net, name, counted(name, getattr(net, name)))
    start = time.perf_counter()
    try:
        function(net, X, Y)
        return *passes.values(), time.perf_counter() - start
    finally:
        for name in passes:
            delattr(net, name)


def draw_norms(axes, grads_of_nets, num_layers):
    """Draw the norm of dZ_l in each layer of each network, {"sigmoid": grads, ...}; prints how it changes over the depth."""
    layers = range(1, num_layers + 1)
    for (name, grads), (color, marker) in zip(grads_of_nets.items(), CLASSES, strict=False):
        norms = [float(np.linalg.norm(require(grads, f"Z{layer}", "grads"))) for layer in layers]
        axes.semilogy(layers, norms, color=color, marker=marker, label=name)
        print(f"{name}: the norm of dZ{num_layers} is {norms[-1]:.2g}, the norm of dZ1 is {norms[0]:.2g}.")
    axes.set(
        xlabel="layer $l$", ylabel=r"$\|dZ_l\|$, logarithmic", xticks=layers, title="Backpropagation runs from right to left"
    )
    axes.grid(alpha=0.3)
    axes.legend()


def watch_training(net, X, Y, learning_rate, epochs):
    """Train net with its own fit, then draw the loss and how net classifies the plane at up to five epochs.

    X is (2, m); Y is (1, m), or one-hot (3, m). Prints the share of samples classified correctly. If training failed (a loss or
    an output isn't finite, the loss went up, or all points get the same class), prints why and draws only the loss.
    """
    _, _, points = plane(X)
    losses, states, asked = [], {}, 0
    for epoch in sorted({epochs * part // 40 for part in (0, 1, 5, 13, 40)}):
        if len(losses) < asked:  # fit has stopped, because the loss is below its tolerance
            continue
        if epoch:
            losses += run_fit(net, X, Y, learning_rate, epoch - asked)
        asked, out = epoch, np.asarray(net.forward(points)[0], dtype=float)
        if divergence := find_divergence(losses, out):
            return draw_failure(divergence, losses)
        states[len(losses)] = out
    if losses[-1] > losses[0]:
        return draw_failure(f"Training failed: the loss went up from {losses[0]:.3g} to {losses[-1]:.3g}.", losses)
    if np.ptp(find_classes(out)) == 0:
        return draw_failure("Training failed: the network gives every point of the plane the same class.", losses)
    print(f"{np.mean(find_classes(net.forward(X)[0]) == find_classes(Y)):.1%} of the samples are classified correctly.")
    figure = plt.figure(figsize=(11, 7), layout="constrained")
    grid = figure.add_gridspec(2, 12, height_ratios=(1.5, 1))
    draw_loss(figure.add_subplot(grid[0, :6]), losses)
    *earlier, last = states
    for place, epoch in [(grid[0, 6:], last), *((grid[1, 3 * n : 3 * n + 3], epoch) for n, epoch in enumerate(earlier))]:
        axes = figure.add_subplot(place, title=f"after {count(epoch, 'epoch')}")
        draw_plane(axes, states[epoch], X, Y)
        if epoch == last:
            axes.legend(loc="upper right", framealpha=0.9)
    return None


def run_fit(net, X, Y, learning_rate, epochs):
    """Return the losses of net.fit as a list of floats; raise NotImplementedError if it returns anything else."""
    losses = net.fit(X, Y, learning_rate=learning_rate, epochs=epochs)
    if losses is None or np.ndim(losses) != 1 or not len(losses):
        raise NotImplementedError(
            f"`fit` should return a list with one loss per epoch, but what it returned is {describe(losses)}."
        )
    return [float(loss) for loss in losses]


def find_divergence(losses, out):
    """Return a sentence if a loss, or the output after the last epoch, isn't finite; otherwise an empty string."""
    finite = np.isfinite(losses)
    if not finite.all():
        return f"Training diverged: the loss is {losses[np.argmin(finite)]} from epoch {np.argmin(finite)} on."
    if not np.isfinite(out).all():
        return f"Training diverged: after {count(len(losses), 'epoch')}, the output of the network contains nan or inf."
    return ""


def draw_failure(sentence, losses):
    """Print how training failed and what to do, and draw the finite losses."""
    print(f"{sentence} {ADVICE}")
    finite = np.isfinite(losses)
    if finite.any():
        _, axes = plt.subplots(figsize=(5.5, 3.5), layout="constrained")
        draw_loss(axes, np.where(finite, losses, np.nan))


def draw_loss(axes, losses):
    """Draw the loss of every epoch, on a logarithmic scale."""
    axes.semilogy(losses, color=BLUE)
    axes.set(xlabel="epoch", ylabel="loss J, logarithmic", title=f"J from {losses[0]:.3g} to {losses[-1]:.3g}")
    axes.grid(alpha=0.3, which="both")


def draw_plane(axes, out, X, Y):
    """Draw the samples X (2, m), with out (1 or 3, points) for the points of the plane and the lines between the classes."""
    across, up, _ = plane(X)
    out = np.reshape(out, (len(Y), *across.shape))
    if len(Y) == 1:
        axes.contourf(across, up, out[0], levels=np.linspace(0, 1, 21), cmap=BLUE_TO_ORANGE)
        leads = [out[0] - 0.5]
    else:
        colors = ListedColormap(["#a8d1ea", "#f5c09c", "#a3dcc8"])
        axes.pcolormesh(across, up, out.argmax(axis=0), cmap=colors, vmin=0, vmax=2, rasterized=True)
        leads = [out[label] - np.delete(out, label, axis=0).max(axis=0) for label in range(len(Y))]
    for lead in leads:
        if lead.min() < 0 < lead.max():
            axes.contour(across, up, lead, levels=[0], colors="black", linewidths=1.6)
    labels = find_classes(Y)
    for label, (color, marker) in enumerate(CLASSES[: max(2, len(Y))]):
        members = X[:, labels == label]
        axes.scatter(*members, color=color, marker=marker, edgecolors="white", linewidths=0.6, s=24, label=f"class {label}")
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


def find_classes(outputs):
    """Return the class of each column of outputs (1 or more, m): whether the only row is above one half, or the largest row."""
    return (outputs[0] > 0.5).astype(int) if len(outputs) == 1 else np.argmax(outputs, axis=0)


def plane(X, steps=200):
    """Return a grid around the samples X (2, m): two coordinates (steps, steps), and the points as a batch (2, steps^2)."""
    low, high = X.min(axis=1) - 0.25, X.max(axis=1) + 0.25
    across, up = np.meshgrid(np.linspace(low[0], high[0], steps), np.linspace(low[1], high[1], steps))
    return across, up, np.vstack([across.ravel(), up.ravel()])
