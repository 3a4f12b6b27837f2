"""`make adjust` and `make adjustments`: points that TAs add or deduct by hand, with who did it and when."""

import getpass
import sys
from dataclasses import replace
from pathlib import Path

from rich.table import Table
from rich.text import Text

from autograder.errors import AutograderError
from autograder.gradebook import Gradebook, people
from autograder.gradebook.book import check_graded, open_existing
from autograder.lock import lock
from autograder.marks import MAX_WHO, Adjustment
from autograder.report.terminal import console, warn
from autograder.text import clean, format_count

PATIENCE = 10.0  # seconds that an adjustment waits for a run to end


class AdjustmentError(AutograderError):
    """An adjustment cannot be made; the text is a sentence for the TA."""


def run_adjust(out: Path, student: str, adjustment: Adjustment, again: bool) -> int:
    """Save an adjustment of a score; the next run applies it to the files. Return the exit code.

    Raise UnknownPersonError unless the student names exactly one person or submission of the class. Raise AdjustmentError if
    that person submitted nothing, or if the same adjustment exists and there is no terminal to ask whether to add it again.
    """
    check_graded(out)
    with lock(out, "adjusting a score", warn, PATIENCE), open_existing(out, "", warn) as book:
        member = people.find_member(book.members(), student, book.path)
        if not member.student:
            raise AdjustmentError(f"{people.describe(member)} did not submit, so there is no score to adjust.")
        adjustment = replace(adjustment, person=member.label, who=adjustment.who or read_user())
        if (before := find_same(book, member.student, adjustment)) and not again and not confirm(before):
            print("Nothing was changed.")
            return 0
        book.adjust(member.student, adjustment)
    name = clean(people.describe(member), 200)
    print(f"{name}: {adjustment.points:+g} ({adjustment.reason}), by {adjustment.who}.")
    if member.label:
        print("The rest of the group keeps its score, and the group's page does not show this adjustment: only exports/ does.")
    print(f"The next make grade applies it to {out}/. make adjustments lists all adjustments.")
    return 0


def read_user() -> str:
    """Return the name of the user who is logged in; raise AdjustmentError if the system does not know it.

    getpass.getuser raises different errors for this: https://docs.python.org/3/library/getpass.html#getpass.getuser.
    """
    try:
        return clean(getpass.getuser(), MAX_WHO)
    except (OSError, KeyError, ImportError) as error:
        raise AdjustmentError("The system does not know your user name. Add WHO=your-name.") from error


def find_same(book: Gradebook, student: str, adjustment: Adjustment) -> Adjustment | None:
    """Return the last adjustment with the same points, person and reason, if there is one."""
    return next((one for one in reversed(book.adjustments().get(student, ())) if one == adjustment), None)


def confirm(before: Adjustment) -> bool:
    """Ask whether to add the same adjustment again, and return the answer; raise AdjustmentError if there is no terminal."""
    made = f"{format_count(before.points)} for the same reason, by {before.who or 'somebody'} on {format_when(before)}"
    if not sys.stdin.isatty():
        raise AdjustmentError(f"This adjustment was already made: {made}. Pass AGAIN=1 to add it again.")
    print(f"This adjustment was already made: {made}. Add it again? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def format_when(adjustment: Adjustment) -> str:
    """Return the time at which an adjustment was made, to the minute."""
    return f"{adjustment.when[:16].replace('T', ' ')} UTC" if adjustment.when else "an unknown day"


def run_adjustments(out: Path) -> int:
    """Print every adjustment, oldest first; return the exit code."""
    with open_existing(out) as book:
        found = book.list_adjustments()
    if not found:
        print(f"There are no adjustments in {out}/. To make one: make adjust STUDENT=… POINTS=… REASON=…")
        return 0
    table = Table(header_style="bold", pad_edge=False, box=None)
    for column in ("when", "who", "points", "student", "person", "reason"):
        table.add_column(column, justify="right" if column == "points" else "left", overflow="fold")
    for student, one in found:
        person = one.person or "everyone"
        cells = (format_when(one), one.who or "unknown", f"{one.points:+g}", student, person, one.reason)
        table.add_row(*(Text(clean(cell, 300)) for cell in cells))
    screen = console()
    screen.print(table, soft_wrap=not screen.is_terminal)
    return 0
