"""The progress bar of a command that handles many submissions."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class Rate(ProgressColumn):
    """The column that shows submissions per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before the first submission is done."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def progress_bar(screen: Console) -> Progress:
    """Return the progress bar of a run; it draws nothing unless the output is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
