"""Loads the files of a submission before anything is checked.

A class of another name stands in for one that is missing, and starter code for what other files need.
"""

import ast
import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import reduce

from autograder.assignment import Assignment
from autograder.checking import Check, StudentError
from autograder.intake.read import Submission
from autograder.sandbox.conversation import Printed
from autograder.sandbox.session import Session

STARTER = "starter_"  # begins the name of the module whose definitions stand in for those of a file
CLASS = re.compile(rb"^class[ \t]+([A-Za-z]\w{0,39})\b", re.MULTILINE)
MAX_CLASSES = 20  # of a file, that are looked at


class Loading:
    """The files of a submission as they are checked.

    problems says of each part why its file is not checked at all: a sentence, or what was raised when it was loaded. renamed
    has, for each file, the classes that are missing and the names of those that are graded instead. replaced has, for
    each file that others need, the names that it does not define; starter code stands in for these in dependent_session, and
    for such a file as a whole in fallback_session.
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
        self.renamed: dict[str, dict[str, str]] = {}
        self.replaced: dict[str, list[str]] = {}
        self.session = self.dependent_session = self.fallback_session = open_session(submission.sources)

    def open(self) -> None:
        """Open sessions for the files, with what stands in for other names."""
        for session in (self.session, self.dependent_session, self.fallback_session):
            session.end()
        sources = {name: source + self.aliases(name) for name, source in self.submission.sources.items()}
        self.session = self.dependent_session = self.open_session(sources)
        self.load_together(self.session)
        starters = {name: source + self.aliases(name, back=True) for name, source in self.starters.items()}
        self.fallback_session = self.open_session({**sources, **starters})
        self.open_dependent(sources)

    def open_dependent(self, sources: Mapping[str, bytes]) -> None:
        """Open a session in which starter code stands in for what files lack, if they lack anything."""
        if self.replaced:
            self.dependent_session = self.open_session(reduce(self.replace, self.replaced, dict(sources)))
            self.load_together(self.dependent_session)

    def load(self) -> None:
        """Load every file; those that need others are loaded beside starter code where these lack something."""
        self.open()
        for name in self.starters:
            self.load_file(name)
        lacking = {name: self.find_lacking(name) for name in self.starters}
        self.replaced = {name: names for name, names in lacking.items() if names}
        self.open_dependent(self.session.sources)
        for part in self.assignment.parts:
            if part.name not in self.starters:
                self.load_file(part.name)

    def load_together(self, session: Session) -> None:
        """Load every file that is there in a new child, which has more time for that than for anything later."""
        with contextlib.suppress(StudentError):
            if names := [name for name in self.assignment.part_names if name not in self.problems]:
                session.fetch(*map(session.module, names))

    def load_file(self, name: str) -> None:
        """Load a file that is there, and note what it raises; a second try is for a machine that was busy."""
        if name in self.problems:
            return
        session = self.session_of(name)
        if not (error := load_error(session, name)) or not load_error(session, name):
            self.rename(name)
        else:
            self.problems[name] = self.not_checked if self.is_by_starter(error) else error

    def rename(self, name: str) -> None:
        """Let classes of other names stand in for those that are missing in a file, where it leaves no choice which."""
        session, wanted = self.session_of(name), self.assignment.classes.get(name, {})
        missing = missing_names(session, name, wanted) if wanted else []
        if not missing:
            return
        found = [each.decode() for each in CLASS.findall(self.submission.sources[name])[:MAX_CLASSES]]
        methods = self.assignment.class_methods
        others = [
            each
            for each in dict.fromkeys(found)
            if each not in wanted and not any(load_error(session, name, each, method) for method in methods)
        ]
        if renamed := match_names(missing, others):
            self.renamed[name] = renamed
            self.open()

    def aliases(self, name: str, back: bool = False) -> bytes:
        """Return the lines that end a file in which classes have other names, or that give it these names back."""
        pairs = [names[::-1] if back else names for names in self.renamed.get(name, {}).items()]
        return "".join(f"\n{alias} = {known}\n" for alias, known in pairs).encode()

    def find_lacking(self, name: str) -> list[str]:
        """Return the names that the starter code of a file defines and the student's file does not."""
        wanted = definitions(self.starters[name])
        if name in self.problems:
            return wanted
        return missing_names(self.session, name, wanted)

    def replace(self, sources: Mapping[str, bytes], name: str) -> dict[str, bytes]:
        """Return the sources with a file in which starter code stands in for what it lacks."""
        starter = f"{STARTER}{name}"
        own = b"" if name in self.problems else sources[name]
        imported = "*" if name in self.problems else ", ".join(self.replaced[name])
        return {**sources, name: own + f"\nfrom {starter} import {imported}\n".encode(), starter: self.starters[name]}

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
        found += [tell_other_name(name, *names) for name in order for names in self.renamed.get(name, {}).items()]
        return tuple(note for note in dict.fromkeys(found) if note != self.not_checked)

    def name_problem(self, check: Check) -> str:
        """Return what a check says that fails for the name of a class; "" for other checks."""
        paid_by = self.assignment.classes.get(check.part, {})
        renamed = self.renamed.get(check.part, {}).items()
        return next((tell_other_name(check.part, *names) for names in renamed if paid_by[names[0]] == check.name), "")

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


def tell_other_name(file: str, missing: str, other: str) -> str:
    """Return what is said of a class that is graded instead of a missing one."""
    return f"{file}.py defines no `{missing}`; its class `{other}` was graded instead. Rename it to `{missing}`."


def match_names(missing: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Return for each missing name the one among the others that is nearest to it, unless that is nearer to another one."""
    if not others or len(others) > len(missing):
        return {}
    pairs = {name: nearest(name, others) for name in missing}
    return {name: other for name, other in pairs.items() if nearest(other, missing) == name}


def nearest(name: str, others: Iterable[str]) -> str:
    """Return the one of some names that is most like a name."""
    return max(others, key=lambda other: SequenceMatcher(None, name.lower(), other.lower()).ratio())


def load_error(session: Session, module: str, *names: str) -> StudentError | None:
    """Return why a file does not load, or has nothing of these names, one in another; None if it does."""
    try:
        session.fetch(reduce(getattr, names, session.module(module)))
    except StudentError as error:
        return error
    return None


def missing_names(session: Session, module: str, names: Iterable[str]) -> list[str]:
    """Return the names that a file does not define; in most files none is missing, which one look at all of them tells."""
    try:
        session.fetch(*(getattr(session.module(module), name) for name in names))
    except StudentError:
        return [name for name in names if load_error(session, module, name)]
    return []


def definitions(source: bytes) -> list[str]:
    """Return the names of the functions and classes of a source."""
    return [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
