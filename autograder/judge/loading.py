"""Load the files of a submission before anything is checked.

A class with a similar name replaces a missing one, and starter code replaces missing definitions that other files need.
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
from autograder.sandbox.first_load import load_statements
from autograder.sandbox.session import Session
from autograder.skipped import Skipped, find_missing_name

STARTER = "starter_"  # prefix of the module with the starter code that replaces missing definitions of a file
CLASS = re.compile(rb"^class[ \t]+([A-Za-z]\w{0,39})\b", re.MULTILINE)
MAX_WARNINGS = 20
MAX_CLASSES = 20  # per file

OpenSession = Callable[[Mapping[str, bytes], Sequence[Skipped]], Session]


class Loading:
    """The files of a submission as they are checked.

    problems maps a part to the reason why its file cannot be checked: a sentence, or the error raised when it was loaded.
    skipped are the statements that are not run, and printed is the output of the others. renamed maps a file to its missing
    classes and the names of the classes graded instead. replaced maps each file that others need to the names that it does not
    define. Starter code replaces these names in dependent_session, and the whole file in fallback_session.
    """

    def __init__(
        self,
        assignment: Assignment,
        submission: Submission,
        starters: Mapping[str, bytes],
        open_session: OpenSession,
    ) -> None:
        self.assignment, self.submission, self.starters, self.open_session = assignment, submission, starters, open_session
        self.problems: dict[str, str | StudentError] = dict(submission.problems)
        self.skipped: list[Skipped] = []
        self.renamed: dict[str, dict[str, str]] = {}
        self.replaced: dict[str, list[str]] = {}
        self.printed = Printed()
        self.session = self.dependent_session = self.fallback_session = open_session(submission.sources, ())

    def load(self) -> None:
        """Load every file; those that need others are loaded with starter code for anything the others lack."""
        self.open()
        for name in self.starters:
            self.load_file(name)
        lacking = {name: self.find_lacking(name) for name in self.starters}
        self.replaced = {name: names for name, names in lacking.items() if names}
        self.open_dependent()
        for part in self.assignment.parts:
            if part.name not in self.starters:
                self.load_file(part.name)
        if self.skipped:
            # New children skip these statements, which undoes whatever they did or printed before they failed.
            self.open()
            self.printed = Printed()
        unloadable = {name: problem for name, problem in self.problems.items() if isinstance(problem, StudentError)}
        self.session.unloadable |= unloadable
        self.dependent_session.unloadable |= {name: unloadable[name] for name in unloadable if name not in self.replaced}
        for session in dict.fromkeys((self.session, self.dependent_session)):
            self.load_again(session)

    def open(self) -> None:
        """Open sessions for the files, with aliases for renamed classes."""
        for session in self.sessions:
            session.end()
        self.session = self.dependent_session = self.open_session(self.sources, self.skipped)
        starters = {name: source + self.aliases(name, back=True) for name, source in self.starters.items()}
        own = [one for one in self.skipped if one.file not in starters]
        self.fallback_session = self.open_session({**self.sources, **starters}, own)
        self.open_dependent()

    def open_dependent(self) -> None:
        """Open a session in which starter code replaces whatever the files lack, if they lack anything."""
        if self.replaced:
            self.dependent_session = self.open_session(reduce(self.replace, self.replaced, self.sources), self.skipped)

    @property
    def sessions(self) -> list[Session]:
        """The different sessions: the student's own files, and those with starter code, if there are any."""
        return [*dict.fromkeys((self.session, self.dependent_session, self.fallback_session))]

    @property
    def sources(self) -> dict[str, bytes]:
        """The submitted files, with aliases for renamed classes."""
        return {name: source + self.aliases(name) for name, source in self.submission.sources.items()}

    def load_again(self, session: Session) -> None:
        """Load every file if the session has a new child; otherwise their output would appear during a check."""
        if session.child is None and (names := [name for name in self.assignment.part_names if name not in self.problems]):
            with contextlib.suppress(StudentError):
                session.fetch(*map(session.module, names))
            if self.skipped:
                self.printed = self.printed.and_then(*session.printed)

    def load_file(self, name: str) -> None:
        """Load a file if it was submitted, and record the skipped statements or the reason why it cannot be loaded."""
        if name in self.problems:
            return
        session = self.session_of(name)
        try:
            known = {(one.file, one.number) for one in self.skipped}
            found = [one for one in load_statements(session, name) if (one.file, one.number) not in known]
            self.skipped += [self.blame_missing_file(one) for one in found]
            session.skipped = self.skipped
        except StudentError as error:
            self.problems[name] = self.not_checked if self.is_by_starter(error) else error
        else:
            self.rename(name)
        finally:
            self.printed = self.printed.and_then(*session.printed)
            session.begin_check()

    def blame_missing_file(self, skipped: Skipped) -> Skipped:
        """Return a skipped statement; if it imports from a file that did not load, with that as the reason."""
        gone = [name for name in self.missing_files if skipped.text.startswith((f"from {name} ", f"import {name}"))]
        return skipped._replace(reason=did_not_load(gone[0])) if gone else skipped

    def rename(self, name: str) -> None:
        """Use classes with similar names for those that are missing in a file, if the match is unambiguous."""
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
        """Return lines to append to a file: aliases for its renamed classes or, with `back`, from the expected names."""
        pairs = [names[::-1] if back else names for names in self.renamed.get(name, {}).items()]
        return "".join(f"\n{alias} = {known}\n" for alias, known in pairs).encode()

    def find_lacking(self, name: str) -> list[str]:
        """Return the names that a file's starter code defines and the student's file does not."""
        wanted = definitions(self.starters[name])
        if name in self.problems:
            return wanted
        return missing_names(self.session, name, wanted)

    def replace(self, sources: Mapping[str, bytes], name: str) -> dict[str, bytes]:
        """Return the sources with starter code added for everything that one file lacks."""
        starter = f"{STARTER}{name}"
        own = b"" if name in self.problems else sources[name]
        imported = "*" if name in self.problems else ", ".join(self.replaced[name])
        return {**sources, name: own + f"\nfrom {starter} import {imported}\n".encode(), starter: self.starters[name]}

    def session_of(self, part: str) -> Session:
        """Return the session in which the checks of a part run."""
        return self.dependent_session if self.assignment.part(part).needs else self.session

    @property
    def missing_files(self) -> list[str]:
        """The files that others need and that starter code replaces completely."""
        return [name for name in self.replaced if name in self.problems]

    @property
    def warnings(self) -> tuple[str, ...]:
        """The notes on how files were read, and the statements that were skipped."""
        return (*self.submission.notes, *map(str, self.skipped[:MAX_WARNINGS]))

    @property
    def notes(self) -> tuple[str, ...]:
        """The problems with the files, starting with files that others need."""
        order = sorted(self.assignment.part_names, key=lambda name: name not in self.starters)
        found = [str(self.problems[name]) for name in order if name in self.problems]
        found += [tell_other_name(name, *names) for name in order for names in self.renamed.get(name, {}).items()]
        return tuple(note for note in dict.fromkeys(found) if note != self.not_checked)

    def name_problem(self, check: Check) -> str:
        """Return the sentence for a check that fails because a class has another name; "" for other checks."""
        paid_by = self.assignment.classes.get(check.part, {})
        renamed = self.renamed.get(check.part, {}).items()
        return next((tell_other_name(check.part, *names) for names in renamed if paid_by[names[0]] == check.name), "")

    @property
    def not_checked(self) -> str:
        """The sentence for a check that fails only because of starter code."""
        gone = [did_not_load(name) for name in self.missing_files]
        lacks = [f"{name}.py defines no {', no '.join(map('`{}`'.format, names))}" for name, names in self.replaced.items()]
        return f"Not checked: {'; '.join(gone or lacks)}."

    def is_by_starter(self, failure: Exception) -> bool:
        """Return whether something failed in the replacing starter code, or because that lacks part of the student's file."""
        if not isinstance(failure, StudentError):
            return False
        gone = "|".join(map(re.escape, self.missing_files))
        lacks = gone and re.match(rf"(Import|Attribute)Error: .*\b(from|module) '({gone})'", failure.raised)
        needed = find_missing_name(failure.raised, self.skipped)
        blamed = needed is not None and needed.reason in map(did_not_load, self.missing_files)
        return failure.raised_in.startswith(STARTER) or bool(lacks) or blamed


def tell_other_name(file: str, missing: str, other: str) -> str:
    """Return the sentence about a class that is graded instead of a missing one."""
    return f"{file}.py defines no `{missing}`; its class `{other}` was graded instead. Rename it to `{missing}`."


def match_names(missing: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Return the most similar other name for each missing one, if each is the other's best match."""
    if not others or len(others) > len(missing):
        return {}
    pairs = {name: nearest(name, others) for name in missing}
    return {name: other for name, other in pairs.items() if nearest(other, missing) == name}


def nearest(name: str, others: Iterable[str]) -> str:
    """Return the name most similar to a given one."""
    return max(others, key=lambda other: SequenceMatcher(None, name.lower(), other.lower()).ratio())


def load_error(session: Session, module: str, *names: str) -> StudentError | None:
    """Return the error from loading a file and looking up a chain of attributes in it; None if both work."""
    try:
        session.fetch(reduce(getattr, names, session.module(module)))
    except StudentError as error:
        return error
    return None


def missing_names(session: Session, module: str, names: Iterable[str]) -> list[str]:
    """Return the names that a file does not define. One request looks up all of them, since most files lack none."""
    try:
        session.fetch(*(getattr(session.module(module), name) for name in names))
    except StudentError:
        return [name for name in names if load_error(session, module, name)]
    return []


def definitions(source: bytes) -> list[str]:
    """Return the names of the functions and classes of a source."""
    return [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def did_not_load(name: str) -> str:
    """Return the reason given when a file that others need is missing."""
    return f"{name}.py did not load"
