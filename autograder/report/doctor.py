"""The isolation layers of this machine as a table for the terminal."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from autograder.sandbox.layers import LAYERS, lacking, refusal


def build_layers_table(missing: Mapping[str, str]) -> Table:
    """Return a row for each layer: whether it is live, what it leaves a submission, and why it is missing."""
    table = Table(title="Isolation layers on this machine", title_justify="left", header_style="bold", pad_edge=False, box=None)
    for name in ("layer", "live", "leaves a submission"):
        table.add_column(name, no_wrap=name != "leaves a submission", overflow="fold")
    for name, leaves in LAYERS.items():
        cells = (name, "no", missing[name]) if name in missing else (name, "yes", leaves)
        table.add_row(*map(Text, cells), style="yellow" if name in missing else "")
    return table


def assess_layers(missing: Mapping[str, str]) -> str:
    """Return a sentence on whether the layers that are live are enough to grade hidden checks."""
    dangers = lacking(LAYERS.keys() - missing.keys(), ())
    return refusal(dangers) if dangers else "This is enough to grade hidden checks."
