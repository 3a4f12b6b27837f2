"""The network of the public example, drawn: its units, and below them each value and each gradient, how it came out.

Where a step is broken, the units or the connections it belongs to are marked, too. Each mark is a sign beside its colour.
"""

from collections.abc import Iterator, Mapping, Sequence
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
MARGIN, STEP = 44, 184  # the middle of the first layer; between the middles of two
ACROSS = tuple(MARGIN + layer * STEP for layer in range(len(LAYER_SIZES)))
SPACING, RADIUS = 42, 14  # between two units; of one
UNITS = 30 + SPACING * (max(LAYER_SIZES) - 1) // 2  # the height of the middle unit
FORWARD, BACKWARD, ROW = 2 * UNITS + 41, 2 * UNITS + 141, 32  # of the first boxes forward and backward; between two
WIDTH, HEIGHT = ACROSS[-1] + MARGIN, 2 * UNITS + 206
BOX = 80, 27

SIGNS = {"right": "✓", "follows": "↳", "wrong": "✗", "missing": "?"}


class Box(NamedTuple):
    """A tensor as it is drawn: its corner, its name, how it came out, and the number of the mistake that spoils it, if any."""

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
    """A unit."""

    x: float
    y: float
    broken: bool


class Drawing(NamedTuple):
    """Everything that is drawn, and what it shows in words."""

    units: list[Unit]
    lines: list[Line]
    boxes: list[Box]
    words: str


def render(result: Result) -> "Markup | None":
    """Return the drawing of a result for the feedback page; None where nothing is broken, or nothing came."""
    from autograder.report.page import load_macro  # here, because a machine that only grades has no jinja2

    found = drawing(result)
    return load_macro("network.html", "draw", TEMPLATES)(found, WIDTH, HEIGHT, RADIUS, *BOX) if found else None


def drawing(result: Result) -> Drawing | None:
    """Return the network with the broken steps marked; None where nothing is broken, or nothing came."""
    causes = [(number, cause) for number, cause in enumerate(result.causes, start=1) if cause.part == "dnn"]
    numbers: dict[str, int] = {}
    for number, cause in causes:
        for key in cause.tensors:
            numbers.setdefault(key, number)
    states = (
        dict.fromkeys(places(), "right") | {step.name: step.state for step in result.steps} | dict.fromkeys(numbers, "wrong")
    )
    if set(states.values()) in ({"right"}, {"missing"}):
        return None
    first = next((cause.tensors[0] for _, cause in causes if cause.tensors), first_wrong(states))
    boxes = [Box(x, y, key, states[key], SIGNS[states[key]], numbers.get(key, 0)) for key, (x, y) in places().items()]
    return Drawing(list(units(first)), list(lines(first)), boxes, words(states, first))


def first_wrong(states: Mapping[str, str]) -> str:
    """Return the first tensor that is wrong, or that is not there."""
    return next((key for state in ("wrong", "missing") for key in places() if states[key] == state), "")


@cache
def places() -> dict[str, tuple[float, float]]:
    """Return the corner of the box of each tensor, forward and then backward."""
    forward, backward = {"A0": corner(0, FORWARD, 0)}, dict[str, tuple[float, float]]()
    for layer in range(1, len(LAYER_SIZES)):
        for row, kind in enumerate("WB"):
            forward[f"{kind}{layer}"] = corner(layer - 0.5, FORWARD, row)
        for row, kind in enumerate("ZA"):
            forward[f"{kind}{layer}"] = corner(layer, FORWARD, row)
    for layer in reversed(range(1, len(LAYER_SIZES))):
        if layer < len(LAYER_SIZES) - 1:
            backward[f"dA{layer}"] = corner(layer, BACKWARD, 0)
        backward[f"dZ{layer}"] = corner(layer, BACKWARD, 1)
        for row, kind in enumerate("WB"):
            backward[f"d{kind}{layer}"] = corner(layer - 0.5, BACKWARD, row)
    return forward | backward


def corner(layer: float, top: float, row: int) -> tuple[float, float]:
    """Return the corner of a box below a layer, or between two."""
    return MARGIN + layer * STEP - BOX[0] / 2, top + row * ROW


def heights(layer: int) -> list[float]:
    """Return the height of each unit of a layer."""
    size = LAYER_SIZES[layer]
    return [UNITS + SPACING * (unit - (size - 1) / 2) for unit in range(size)]


def units(first: str) -> Iterator[Unit]:
    """Yield the units; those of a layer are marked whose Z, A or B is what is broken first."""
    for layer, x in enumerate(ACROSS):
        for y in heights(layer):
            yield Unit(x, y, first[-2:] in {f"{kind}{layer}" for kind in "ZAB"})


def lines(first: str) -> Iterator[Line]:
    """Yield the connections; those of a layer are marked whose W is what is broken first."""
    for layer, (before, after) in enumerate(pairwise(range(len(LAYER_SIZES))), start=1):
        for y1 in heights(before):
            for y2 in heights(after):
                yield Line(ACROSS[before] + RADIUS, y1, ACROSS[after] - RADIUS, y2, first[-2:] == f"W{layer}")


def words(states: Mapping[str, str], first: str) -> str:
    """Return what the drawing shows, for who does not see it."""
    keys: Sequence[tuple[str, str]] = (
        ("wrong", "Wrong"),
        ("missing", "Not there"),
        ("follows", "Right by the formula, from a wrong value"),
        ("right", "Right"),
    )
    named = [(title, [key for key in places() if states[key] == state]) for state, title in keys]
    parts = [f"{title}: {', '.join(found)}." for title, found in named if found]
    return " ".join([f"The network of the example. The first broken step is {first}.", *parts])
