"""The charts of the class report: drawn by matplotlib, as SVG that takes its colours from the page around it.

A chart becomes part of a page whose content security policy forbids styles of its own, so what matplotlib writes as styles
becomes attributes; and each colour becomes a variable of the page, so that it is right in the dark as well.
"""

import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:  # it takes a third of a second to load, which only who needs a chart should wait for
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SIZE = 4.9, 2.4  # inches
BINS = 20
# Colours that stand for a variable of the page until the chart is written.
INK, DIM, BAR, LINE = "#000001", "#000002", "#000003", "#000004"
VARIABLES = {INK: "var(--ink)", DIM: "var(--dim)", BAR: "var(--bar)", LINE: "var(--line)"}
STYLE = {
    "svg.hashsalt": "report",
    "svg.fonttype": "none",
    "font.size": 9,
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none"),
    **dict.fromkeys(("text.color", "axes.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), DIM),
    **{f"axes.spines.{side}": False for side in ("top", "right", "left")},
}


def distribution(scores: Sequence[float], most: float) -> Markup:
    """How many submissions have how many points, with the median; scores must not be empty."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_axes((0.12, 0.2, 0.85, 0.68))
        histogram(axes, scores, max([most, *scores]), BINS)
        middle = statistics.median(scores)
        axes.set(xlabel="points", ylabel="submissions")
        axes.axvline(middle, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        side = "right" if middle > most / 2 else "left"
        axes.annotate(f" median {middle:g} ", (middle, 1.03), xycoords=("data", "axes fraction"), ha=side)

    return chart(draw, f"Histogram of the points of {len(scores)} submissions; the table below has its numbers.")


def by_part(scores: Mapping[str, Sequence[float]], most: Mapping[str, float]) -> Markup:
    """The same for each part, side by side; no part may be empty."""

    def draw(figure: "Figure") -> None:
        for place, (part, values) in enumerate(scores.items()):
            # Room for five digits beside each; a layout that matplotlib finds itself takes as long as all the rest.
            axes = figure.add_axes((0.09 + 0.335 * place, 0.2, 0.235, 0.68))
            histogram(axes, values, most[part], BINS // 2)
            axes.set_title(f"{part}, of {most[part]:g}", fontsize=9)

    return chart(draw, "Histograms of the points in each part; the table below has their numbers.")


def histogram(axes: "Axes", values: Sequence[float], most: float, bins: int) -> None:
    """Draw how many values are in each of some bins from 0 to the most."""
    from matplotlib.ticker import MaxNLocator

    axes.hist(values, bins=bins, range=(0, most), color=BAR, rwidth=0.9)
    axes.set_xlim(0, most)
    axes.tick_params(length=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5 if bins == BINS else 3))
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def chart(draw: Callable[["Figure"], None], words: str) -> Markup:
    """A drawing as SVG for a page, with what it shows in words; the same bytes every time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(SIZE)
        draw(figure)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline(text.getvalue(), words)


def inline(text: str, words: str) -> Markup:
    """What matplotlib wrote, as an element of a page."""
    root = ElementTree.fromstring(text)  # noqa: S314 - it is our own
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        element.attrib = dict(attributes(element.attrib))
    root.attrib = {"class": "chart", "viewBox": root.attrib["viewBox"], "role": "img", "aria-label": words}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704


def declarations(style: str) -> dict[str, str]:
    """What a style sets."""
    named = (one.partition(":") for one in style.split(";") if one.strip())
    return {name.strip(): value.strip() for name, _, value in named}


def attributes(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The attributes of an element, its styles among them; names only of what is pointed to."""
    for name, value in given.items():
        if name == "style":
            yield from attributes(declarations(value))
        elif name == f"{{{XLINK}}}href":
            yield "href", value
        elif name == "id" and not re.fullmatch(r"[mp][0-9a-f]{10}", value):  # of neither marker nor clip
            continue
        elif name != "font-family":
            yield name, VARIABLES.get(value, value)
