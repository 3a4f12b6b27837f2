"""Load a file of a submission for the first time, and find out which of its statements must be skipped."""

from collections.abc import Collection
from typing import Any

from autograder.checking import StudentError
from autograder.sandbox.conversation import Conversation
from autograder.sandbox.sentences import NO_ANSWER
from autograder.sandbox.session import Session
from autograder.skipped import Skipped

MAX_LOST = 5  # statements of a submission that may end a child


def load_statements(session: Session, name: str) -> list[Skipped]:
    """Load a file, and return the skipped statements of this file and of the files that it imports.

    If a statement ends the child or doesn't finish, the next child skips it. Raise StudentError if the file cannot be loaded at
    all.
    """
    while True:
        known, loading = len(session.lost), session.note("load", name, name)
        try:
            reports = session.fetch(loading)
        except StudentError:
            if len(session.lost) == known or known == MAX_LOST:
                raise
            del session.strikes[name]  # the next attempt is a new one
            session.conversation = Conversation(session.conversation.number)
        else:
            return [as_skipped(report, session.sources) for report in reports] if isinstance(reports, list) else []


def as_skipped(report: Any, files: Collection[str]) -> Skipped:
    """Return the skipped statement in a child's report; raise StudentError if the report is invalid."""
    if isinstance(report, list) and [type(part) for part in report] == [str, int, int, str, str, tuple]:
        file, *_, names = report
        if file in files and all(type(name) is str for name in names):
            return Skipped(*report)
    raise StudentError(NO_ANSWER.format(name="The submission"))
