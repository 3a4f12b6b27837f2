"""The two figures of the hand-out that readers step through: a circuit of numbers, and the batch with a pencil.

Everything that a step adds is in a group with `data-step`; what is given from the start is outside these groups. All steps are
drawn, so the figure is complete if no script hides them. Values are solid and gradients dashed, so readers can distinguish them
without color.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from html import escape
from math import log

import numpy as np

from autograder.backprop.case import Case
from autograder.backprop.oracle import reference_of
from solution.lab import BACKWARD, FORWARD

INK = "#1a1a1a"
DASHES = "5 3"
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
WIDTH = 360  # units of a drawing; on a phone one unit is about one pixel
FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
CELL_HEIGHT = 22
Grid = Sequence[Sequence[str]]  # the rows of a matrix, as they are written


def steps() -> dict[str, str]:
    """Return the SVG text of both figures, by file name."""
    return {"circuit.svg": circuit(), "pencil.svg": pencil()}


def svg(height: int, parts: Sequence[str]) -> str:
    """Return a drawing of this height with a white ground."""
    size = f'width="{1.2 * WIDTH:g}" height="{1.2 * height:g}" viewBox="0 0 {WIDTH} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" font-size="14">'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *parts, "</svg>\n"])


def group(step: int, *parts: str) -> str:
    """Return the parts that a step adds."""
    return "\n".join([f'<g data-step="{step}">', *parts, "</g>"])


def write(x: float, y: float, words: str, color: str = INK, anchor: str = "middle") -> str:
    """Return text with its baseline at y."""
    return f'<text x="{x:g}" y="{y:g}" fill="{color}" text-anchor="{anchor}">{escape(words)}</text>'


def arrow(start: tuple[float, float], end: tuple[float, float], backward: bool = False) -> str:
    """Return a straight arrow, horizontal or vertical, with its head at the end."""
    color, dashes = (BACKWARD, f' stroke-dasharray="{DASHES}"') if backward else (FORWARD, "")
    (x0, y0), (x1, y1) = start, end
    across, down = np.sign(x1 - x0), np.sign(y1 - y0)
    x, y = x1 - 8 * across, y1 - 8 * down  # where the head begins
    head = f"{x1:g},{y1:g} {x - 4 * down:g},{y - 4 * across:g} {x + 4 * down:g},{y + 4 * across:g}"
    line = f'<line x1="{x0:g}" y1="{y0:g}" x2="{x:g}" y2="{y:g}" stroke="{color}" stroke-width="1.6"{dashes}/>'
    return f'{line}\n<polygon points="{head}" fill="{color}"/>'


# The circuit

MIDDLE, SIDES = 190, {"w": 34, "x": 326, "b": 34, "y": 34}
FIRST, APART, RADIUS = 42, 92, 17  # of the circles that compute, from the top down


def circuit_numbers() -> dict[str, float]:
    """Return every value and gradient of the circuit J = (w x + b - y)^2, by its name in the hand-out."""
    w, x, b, y = 2, 3, -4, 1
    u = w * x
    z = u + b
    r = z - y
    dr = 2 * r
    values: dict[str, float] = {"w": w, "x": x, "b": b, "y": y, "u": u, "z": z, "r": r, "J": r**2}
    return {**values, "dJ": 1, "dr": dr, "dz": dr, "du": dr, "db": dr, "dw": dr * x, "dx": dr * w}


def circuit() -> str:
    """Return the drawing of the circuit: it computes from top to bottom, and a number is at every edge."""
    numbers = {name: f"{name} = {format_number(value)}" for name, value in circuit_numbers().items()}
    height = [FIRST + APART * row for row in range(5)]
    given = [("w", 0), ("x", 0), ("b", 1), ("y", 2)]
    parts = [circle(SIDES[name], height[row], name) for name, row in given]
    parts += [circle(MIDDLE, y, sign) for y, sign in zip(height, (TIMES, "+", MINUS, "( )²", "J"), strict=True)]
    parts += [side_edge(name, height[row], numbers[name]) for name, row in given]
    parts += [group(row + 1, down_edge(height[row], numbers[name])) for row, name in enumerate("uzrJ")]
    parts += [
        group(5, up_edge(height[3], numbers["dJ"]), up_edge(height[2], numbers["dr"])),
        group(6, up_edge(height[1], numbers["dz"])),
        group(7, up_edge(height[0], numbers["du"]), side_edge("b", height[1], numbers["db"], backward=True)),
        group(8, *(side_edge(name, height[0], numbers[f"d{name}"], backward=True) for name in "wx")),
    ]
    return svg(height[-1] + RADIUS + 12, parts)


def circle(x: float, y: float, sign: str) -> str:
    """Return a node of the circuit."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="#f3f3f1" stroke="{INK}"/>\n{write(x, y + 5, sign)}'


def side_edge(name: str, y: float, words: str, backward: bool = False) -> str:
    """Return the edge between an input and the circle that uses it, with its value above or its gradient below."""
    direction = 1 if SIDES[name] < MIDDLE else -1
    ends = (SIDES[name] + direction * (RADIUS + 2), MIDDLE - direction * (RADIUS + 2))
    line, baseline = (y + 5, y + 22) if backward else (y - 5, y - 11)
    tail, head = reversed(ends) if backward else ends
    words = write(sum(ends) / 2, baseline, words, BACKWARD if backward else FORWARD)
    return f"{arrow((tail, line), (head, line), backward)}\n{words}"


def down_edge(y: float, words: str) -> str:
    """Return the edge from the circle at this height to the one below, with its value on the left."""
    top, bottom = y + RADIUS + 2, y + APART - RADIUS - 2
    words = write(MIDDLE - 13, (top + bottom) / 2 + 5, words, FORWARD, "end")
    return f"{arrow((MIDDLE - 5, top), (MIDDLE - 5, bottom))}\n{words}"


def up_edge(y: float, words: str) -> str:
    """Return the edge back to the circle at this height from the one below, with its gradient on the right."""
    top, bottom = y + RADIUS + 2, y + APART - RADIUS - 2
    words = write(MIDDLE + 13, (top + bottom) / 2 + 5, words, BACKWARD, "start")
    return f"{arrow((MIDDLE + 5, bottom), (MIDDLE + 5, top), backward=True)}\n{words}"


def format_number(value: float) -> str:
    """Return a number with a minus sign instead of a hyphen."""
    return f"{value:g}".replace("-", MINUS)


# The batch with a pencil

C = log(3)  # the unit of the weights, which makes every activation a quarter
PENCIL = Case(
    "pencil",
    (2, 2, 1),
    {
        "W1": C * np.array([[2, 1], [2, 2]]),
        "B1": C * np.array([[0], [-1]]),
        "W2": C * np.array([[-4, 2]]),
        "B2": C * np.array([[1.5]]),
    },
    np.array([[-1.0, 1, -1], [2, -1, 1]]),
    np.array([[0.0, 0, 1]]),
)
# Which matrices are multiples of c.
IN_UNITS_OF_C = {"W1", "B1", "W2", "B2", "Z1", "Z2", "dA1", "dZ1", "dW1", "dB1"}
# From top to bottom: the matrices in each row, with the step that adds them, and the same for the gradients.
ROWS = [
    ({"X": 0}, {}),
    ({"W1": 0, "B1": 0}, {"dW1": 9, "dB1": 9}),
    ({"Z1": 1}, {"dZ1": 8}),
    ({"A1": 2}, {"dA1": 7}),
    ({"W2": 0, "B2": 0}, {"dW2": 6, "dB2": 6}),
    ({"Z2": 3}, {"dZ2": 5}),
    ({"A2": 4}, {}),
    ({"Y": 0}, {}),
]


def pencil_grids() -> dict[str, Grid]:
    """Return every matrix of the batch as it is written, by its name in the hand-out."""
    found = reference_of(PENCIL)
    gradients = {f"d{key}": found.grads[key] for key in ("W1", "B1", "Z1", "A1", "W2", "B2", "Z2")}
    matrices = {"X": PENCIL.X, "Y": PENCIL.Y, **found.cache, **gradients}
    return {name: [[exact(cell, name) for cell in row] for row in matrix] for name, matrix in matrices.items()}


def exact(value: float, name: str) -> str:
    """Return a number of a matrix as a fraction, times c where the matrix is a multiple of it: 3/4, 9c/32."""
    times = "c" if name in IN_UNITS_OF_C else ""
    number = Fraction(value / (C if times else 1)).limit_denominator(1000)
    if number == 0:
        return "0"
    size = abs(number.numerator)
    top = times if times and size == 1 else f"{size}{times}"
    return MINUS * (number < 0) + top + (f"/{number.denominator}" if number.denominator > 1 else "")


def pencil() -> str:
    """Return the drawing of the batch: values on the left, each with its gradient on the right."""
    left, right = 12, 176
    parts = [
        write(left, 20, "values, forward ↓", FORWARD, "start"),
        write(right, 20, "gradients, backward ↑", BACKWARD, "start"),
    ]
    grids, top = pencil_grids(), 34
    for values, gradients in ROWS:
        parts += [*lane(values, grids, left, top, False), *lane(gradients, grids, right, top, True)]
        top += 20 + CELL_HEIGHT * max(len(grids[name]) for name in values) + 10
    return svg(top, parts)


def lane(names: dict[str, int], grids: dict[str, Grid], x: float, top: float, backward: bool) -> Iterator[str]:
    """Yield the grids in one row, each within its step."""
    for name, step in names.items():
        drawn = draw_grid(name, grids[name], x, top, backward)
        yield group(step, drawn) if step else drawn
        x += cell_width(backward) * len(grids[name][0]) + 12


def cell_width(backward: bool) -> int:
    """Return the width of a cell, which is larger for gradients because of their longer fractions."""
    return 55 if backward else 40


def draw_grid(name: str, grid: Grid, x: float, top: float, backward: bool) -> str:
    """Return a matrix with its name above it."""
    color = BACKWARD if backward else FORWARD
    dashes = f' stroke-dasharray="{DASHES}"' if backward else ""
    width = cell_width(backward)
    parts = [write(x, top + 14, name, color, "start")]
    for row, cells in enumerate(grid):
        for column, words in enumerate(cells):
            left, up = x + column * width, top + 20 + row * CELL_HEIGHT
            parts.append(
                f'<rect x="{left:g}" y="{up:g}" width="{width}" height="{CELL_HEIGHT}" fill="none" stroke="{color}"{dashes}/>'
            )
            parts.append(write(left + width / 2, up + 16, words))
    return "\n".join(parts)
