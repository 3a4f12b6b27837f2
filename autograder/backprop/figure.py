"""The drawing of the feedback page: the network of the public example, and the state of each value and gradient below it.

The tiles of Z and A are centered below the units of their layer, those of W and B below the connections. The units or
connections of the first wrong step are marked, too. Every color comes with a sign. On a phone one unit is about one pixel.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from autograder.backprop.example import DNN
from autograder.results import Result

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
LAYER_SIZES = DNN.case.layer_sizes
LAYERS = range(1, len(LAYER_SIZES))
MARGIN, STEP = 28, 102  # from the side to the first layer, and from one layer to the next
SPACING, RADIUS = 38, 12  # from one unit to the next, and of a unit
MIDDLE = 16 + SPACING * (max(LAYER_SIZES) - 1) // 2  # the height of the middle unit
TILE, ROW = (47, 27), 32  # the size of a tile, and the distance between two rows of them
FORWARD = 2 * MIDDLE + 36  # the top of the first row of tiles of each pass
BACKWARD = FORWARD + 2 * ROW + 36
WIDTH, HEIGHT = 2 * MARGIN + STEP * LAYERS[-1], BACKWARD + 2 * ROW

SIGNS = {"right": "✓", "follows": "↳", "wrong": "✗", "missing": "?"}
MEANINGS = {
    "wrong": "wrong",
    "missing": "missing",
    "follows": "correct, given an earlier wrong value",
    "right": "correct",
}


class Tile(NamedTuple):
    """A tensor as it is drawn: its center, its name and state, and the number of the mistake that spoils it, or 0."""

    x: float
    y: float
    name: str
    state: str
    sign: str
    number: int


class Line(NamedTuple):
    """A connection between two units."""

    x1: float
    y1: float
    x2: float
    y2: float
    broken: bool


class Unit(NamedTuple):
    """A unit of the network."""

    x: float
    y: float
    broken: bool


class Drawing(NamedTuple):
    """Everything that is drawn, the signs with their meanings, the first wrong step, and a description in words."""

    units: list[Unit]
    lines: list[Line]
    tiles: list[Tile]
    legend: list[tuple[str, str, str]]
    first: str
    words: str


def render(result: Result) -> "Markup | None":
    """Return the drawing of a result for the feedback page, or None if there is nothing to draw."""
    from autograder.report.page import load_macro  # here, because a machine that only grades has no jinja2

    found = drawing(result)
    frame = {"size": (WIDTH, HEIGHT), "radius": RADIUS, "tile": TILE, "rows": (FORWARD, BACKWARD)}
    return load_macro("network.html", "draw", TEMPLATES)(found, **frame) if found else None


def drawing(result: Result) -> Drawing | None:
    """Return the network with its wrong steps marked.

    Return None if no value of it was returned, or if what is wrong is not in it. If nothing is wrong, every step is correct.
    """
    causes = [(number, cause) for number, cause in enumerate(result.causes, start=1) if cause.part == "dnn"]
    numbers: dict[str, int] = {}
    for number, cause in causes:
        for key in cause.tensors:
            numbers.setdefault(key, number)
    states = (
        dict.fromkeys(centers(), "right") | {step.name: step.state for step in result.steps} | dict.fromkeys(numbers, "wrong")
    )
    if set(states.values()) == {"missing"} or (set(states.values()) == {"right"} and not is_all_correct(result)):
        return None
    first = next((cause.tensors[0] for _, cause in causes if cause.tensors), first_wrong(states))
    tiles = [Tile(x, y, key, states[key], SIGNS[states[key]], numbers.get(key, 0)) for key, (x, y) in centers().items()]
    legend = [(state, SIGNS[state], meaning) for state, meaning in MEANINGS.items() if state in states.values()]
    return Drawing(list(units(first)), list(lines(first)), tiles, legend, first, describe(states, first))


def is_all_correct(result: Result) -> bool:
    """Return whether the network was graded and no check of any part failed."""
    return result.status == "graded" and "dnn" in result.parts and not result.failed


def first_wrong(states: Mapping[str, str]) -> str:
    """Return the first tensor that is wrong or, if none is, the first that is missing; "" if there are neither."""
    return next((key for state in ("wrong", "missing") for key in centers() if states[key] == state), "")


@cache
def centers() -> dict[str, tuple[float, float]]:
    """Return the center of each tensor's tile, those of the forward pass first, each in the order of computation."""
    forward, backward = {"A0": center(0, FORWARD, 1)}, dict[str, tuple[float, float]]()
    for layer in LAYERS:
        for row, kind in enumerate("WB"):
            forward[f"{kind}{layer}"] = center(layer - 0.5, FORWARD, row)
        for row, kind in enumerate("ZA"):
            forward[f"{kind}{layer}"] = center(layer, FORWARD, row)
    for layer in reversed(LAYERS):
        if layer != LAYERS[-1]:
            backward[f"dA{layer}"] = center(layer, BACKWARD, 1)
        backward[f"dZ{layer}"] = center(layer, BACKWARD, 0)
        for row, kind in enumerate("WB"):
            backward[f"d{kind}{layer}"] = center(layer - 0.5, BACKWARD, row)
    return forward | backward


def center(layer: float, top: float, row: int) -> tuple[float, float]:
    """Return the center of a tile below a layer, or between two layers."""
    return MARGIN + layer * STEP, top + row * ROW + TILE[1] / 2


def heights(layer: int) -> list[float]:
    """Return the height of each unit of a layer."""
    size = LAYER_SIZES[layer]
    return [MIDDLE + SPACING * (unit - (size - 1) / 2) for unit in range(size)]


def units(first: str) -> Iterator[Unit]:
    """Yield the units; those of a layer are marked if its Z, A or B is the first wrong step."""
    for layer in range(len(LAYER_SIZES)):
        for y in heights(layer):
            yield Unit(MARGIN + layer * STEP, y, first[-2:] in {f"{kind}{layer}" for kind in "ZAB"})


def lines(first: str) -> Iterator[Line]:
    """Yield the connections; those into a layer are marked if its W is the first wrong step."""
    for before, after in pairwise(range(len(LAYER_SIZES))):
        x1, x2 = MARGIN + before * STEP + RADIUS, MARGIN + after * STEP - RADIUS
        for y1 in heights(before):
            for y2 in heights(after):
                yield Line(x1, y1, x2, y2, first[-2:] == f"W{after}")


def describe(states: Mapping[str, str], first: str) -> str:
    """Return in words what the drawing shows."""
    named = {meaning: [key for key in centers() if states[key] == state] for state, meaning in MEANINGS.items()}
    parts = [f"{meaning.capitalize()}: {', '.join(found)}." for meaning, found in named.items() if found]
    lead = f"The network of the example. The first wrong step is {first}." if first else "The network of the example."
    return " ".join([lead, *parts])
