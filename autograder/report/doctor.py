"""What holds a submission on this machine, as a table for the terminal."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from autograder.sandbox.layers import LAYERS, lacking, refusal


def layers_table(missing: Mapping[str, str]) -> Table:
    """A row for each layer: whether it is live, what it leaves a submission, and why it is missing."""
    table = Table(title="What holds a submission here", title_justify="left", header_style="bold", pad_edge=False, box=None)
    for name in ("layer", "live", "leaves a submission"):
        table.add_column(name, no_wrap=name != "leaves a submission", overflow="fold")
    for name, leaves in LAYERS.items():
        live = name not in missing
        table.add_row(
            Text(name), Text("yes" if live else "no"), Text(leaves if live else missing[name]), style="" if live else "yellow"
        )
    return table


def verdict(missing: Mapping[str, str]) -> str:
    """Whether that is enough to grade hidden checks, as a sentence."""
    dangers = lacking(LAYERS.keys() - missing.keys(), ())
    return refusal(dangers) if dangers else "This is enough to grade hidden checks."
