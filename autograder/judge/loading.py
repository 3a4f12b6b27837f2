"""Loads the files of a submission before anything is checked, and lets starter code stand in for what other files need."""

import ast
import contextlib
import re
from collections.abc import Callable, Mapping

from autograder.assignment import Assignment
from autograder.checking import StudentError
from autograder.intake.read import Submission
from autograder.sandbox.conversation import Printed
from autograder.sandbox.session import Session

STARTER = "starter_"  # begins the name of the module whose definitions stand in for those of a file


class Loading:
    """The files of a submission as they are checked.

    problems says of each part why its file is not checked at all: a sentence, or what was raised when it was loaded. replaced
    has, for each file that others need, the names that it does not define; starter code stands in for these in
    dependent_session, and for such a file as a whole in fallback_session.
    """

    def __init__(
        self,
        assignment: Assignment,
        submission: Submission,
        starters: Mapping[str, bytes],
        open_session: Callable[[Mapping[str, bytes]], Session],
    ) -> None:
        self.assignment, self.submission, self.starters, self.open_session = assignment, submission, starters, open_session
        self.problems: dict[str, str | StudentError] = dict(submission.problems)
        self.replaced: dict[str, list[str]] = {}
        self.session = self.dependent_session = open_session(submission.sources)
        self.fallback_session = open_session({**submission.sources, **starters})

    def load(self) -> None:
        """Load every file; those that need others are loaded beside starter code where these lack something."""
        self.load_together(self.session)
        for name in self.starters:
            self.load_file(name, self.session)
        lacking = {name: self.find_lacking(name) for name in self.starters}
        self.replaced = {name: names for name, names in lacking.items() if names}
        if self.replaced:
            sources = dict(self.submission.sources)
            for name in self.replaced:
                sources |= self.replace(name)
            self.dependent_session = self.open_session(sources)
            self.load_together(self.dependent_session)
        for part in self.assignment.parts:
            if part.name not in self.starters:
                self.load_file(part.name, self.session_of(part.name))

    def load_together(self, session: Session) -> None:
        """Load every file that is there in a new child, which has more time for that than for anything later."""
        with contextlib.suppress(StudentError):
            if names := [name for name in self.assignment.part_names if name not in self.problems]:
                session.fetch(*map(session.module, names))

    def load_file(self, name: str, session: Session) -> None:
        """Load a file that is there, and note what it raises; a second try is for a machine that was busy."""
        if name in self.problems or not (error := load_error(session, name)):
            return
        if load_error(session, name):
            self.problems[name] = self.not_checked if self.is_by_starter(error) else error

    def find_lacking(self, name: str) -> list[str]:
        """Return the names that the starter code of a file defines and the student's file does not."""
        wanted = definitions(self.starters[name])
        if name in self.problems:
            return wanted
        return [each for each in wanted if load_error(self.session, name, each)]

    def replace(self, name: str) -> dict[str, bytes]:
        """Return the sources of a file in which starter code stands in for what it lacks."""
        starter = f"{STARTER}{name}"
        own = b"" if name in self.problems else self.submission.sources[name]
        imported = "*" if name in self.problems else ", ".join(self.replaced[name])
        return {name: own + f"\nfrom {starter} import {imported}\n".encode(), starter: self.starters[name]}

    def session_of(self, part: str) -> Session:
        """Return where the checks of a part run."""
        return self.dependent_session if self.assignment.part(part).needs else self.session

    @property
    def printed(self) -> Printed:
        """Return what was printed while the files were loaded; for `load`, before anything else is asked of the sessions."""
        own, other = self.session, self.dependent_session
        return own.printed if own is other else own.printed.and_then(*other.printed)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is wrong with the files, those first that others need."""
        order = sorted(self.assignment.part_names, key=lambda name: name not in self.starters)
        found = [str(self.problems[name]) for name in order if name in self.problems]
        return tuple(note for note in dict.fromkeys(found) if note != self.not_checked)

    @property
    def not_checked(self) -> str:
        """Return what is said of a check that fails by starter code alone."""
        gone = [f"{name}.py did not load" for name in self.replaced if name in self.problems]
        lacks = [f"{name}.py defines no {', no '.join(map('`{}`'.format, names))}" for name, names in self.replaced.items()]
        return f"Not checked: {'; '.join(gone or lacks)}."

    def is_by_starter(self, failure: Exception) -> bool:
        """Return whether something failed in the starter code that stands in, or for what that lacks of the student's file."""
        if not isinstance(failure, StudentError):
            return False
        gone = "|".join(map(re.escape, (name for name in self.replaced if name in self.problems)))
        lacks = gone and re.match(rf"(Import|Attribute)Error: .*\b(from|module) '({gone})'", failure.raised)
        return failure.raised_in.startswith(STARTER) or bool(lacks)


def load_error(session: Session, module: str, name: str = "") -> StudentError | None:
    """Return why a file does not load, or has nothing of a name; None if it does."""
    try:
        loaded = session.module(module)
        session.fetch(getattr(loaded, name) if name else loaded)
    except StudentError as error:
        return error
    return None


def definitions(source: bytes) -> list[str]:
    """Return the names of the functions and classes of a source."""
    return [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
