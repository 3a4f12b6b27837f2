"""The terminal that a report is written to: in colour where it can, plain where it cannot or where nobody watches."""

import os

from rich.console import Console
from rich.text import Text


def console(stderr: bool = False) -> Console:
    """Standard output or standard error. Where NO_COLOR is set to anything nothing is bold either: https://no-color.org."""
    return Console(stderr=stderr, color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False)


def warn(*sentences: str) -> None:
    """Print warnings and notes for the TA to stderr, skipping empty ones."""
    screen = console(stderr=True)
    for sentence in filter(None, sentences):
        screen.print(Text(sentence, style="yellow"), soft_wrap=not screen.is_terminal)  # a pipe has no width
