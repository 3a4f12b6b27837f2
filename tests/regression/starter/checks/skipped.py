"""Messages about statements that were skipped, and about code that needs the names they would have defined.

Students get this file, too, like checking.py.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from checks.library import why_missing

STATEMENT_SECONDS = 2.0  # of processor time, for one statement
MAX_TEXT = 120  # characters quoted of a statement or an exception

IN_ONE_FOLDER = "the files are in one folder, not in a package, so `{}` is run instead"
NEEDS = "needs `{}` from line {}"
IN_A_NOTEBOOK = "only works in a notebook"
OUT_OF_TIME = f"takes too long (a statement has {STATEMENT_SECONDS:g} seconds of processor time)"
ENDS_THE_PROGRAM = "ends the program"
ASKS_THE_SYSTEM = "starts a process or a thread, or opens a connection, which is not possible in the grader"
NOT_FOUND = re.compile(r"(.+) not found\.")  # the wording of numpy
NOTEBOOK_NAMES = {"get_ipython", "display"}
CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
IMPORTS_EACH_OTHER = re.compile(r"partially initialized module '(\w+)'")
NOT_DEFINED = (
    re.compile(r"name '(\w+)' is not defined"),
    re.compile(r"module '\w+' has no attribute '(\w+)'"),
    re.compile(r"cannot import name '(\w+)' from '\w+'"),
)
FILE_REASONS = {
    errno.ENOENT: "opens `{}`, which the grader does not have",
    errno.EROFS: "writes `{}`, but the file system of the grader is read-only",
}


class OutOfTimeError(BaseException):
    """A statement has used up its processor time; not a subclass of Exception, which student code may catch."""


class SystemRefusalError(RuntimeError):
    """Code tried to start a process or a thread, or to open a connection."""


class Skipped(NamedTuple):
    """A skipped statement of a file: its place, the reason, and the names that it would have defined.

    number counts the statements of the file from 0; for a part of a statement, or a line of a notebook, it is negative.
    """

    file: str
    number: int
    line: int
    text: str
    reason: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence for students and TAs."""
        return f"{self.file}.py, line {self.line}, `{self.text}`: {self.reason}; skipped."


def shorten(text: str) -> str:
    """Return a text short enough to be quoted."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def reason_for(error: BaseException, skipped: Iterable[Skipped]) -> str:
    """Return the reason to skip a statement that raised this exception after others were skipped."""
    try:
        message = shorten(str(error).partition("\n")[0])
        needed = find_missing_name(message, skipped)
        if needed and isinstance(error, NameError):
            return NEEDS.format(error.name, needed.line)
        reasons = (describe(error, message) for kind, describe in REASONS if isinstance(error, kind))
        return next(filter(None, reasons), "") or f"raises {type(error).__name__}{f': {message}' if message else ''}"
    except Exception:  # reading a student's exception may run any code
        return f"raises {type(error).__name__}"


def describe_import(_: ImportError, message: str) -> str:
    """Return a better explanation than Python's of why an import failed, if there is one."""
    if IMPORTS_EACH_OTHER.search(message):
        return "imports a file that imports this one"
    found = CANNOT_IMPORT.match(message)
    return f"this `{found[2]}` has no `{found[1]}`" if found else ""


def describe_file(error: OSError, message: str) -> str:
    """Return which file could not be opened or written."""
    if isinstance(error.filename, str) and error.errno in FILE_REASONS:
        return FILE_REASONS[error.errno].format(shorten(error.filename))
    if error.errno == errno.EPERM:
        return ASKS_THE_SYSTEM
    named = NOT_FOUND.match(message) if isinstance(error, FileNotFoundError) else None
    return FILE_REASONS[errno.ENOENT].format(named[1]) if named else ""


# For each kind of exception, the reason given for a statement that raises it; "" means to try the next row.
REASONS: tuple[tuple[type[BaseException], Callable[[Any, str], str]], ...] = (
    (OutOfTimeError, lambda error, message: OUT_OF_TIME),
    (SystemRefusalError, lambda error, message: ASKS_THE_SYSTEM),
    (SystemExit, lambda error, message: ENDS_THE_PROGRAM),
    (EOFError, lambda error, message: "waits for input, which the grader doesn't give"),
    (ModuleNotFoundError, lambda error, message: why_missing(error.name) if error.name else ""),
    (ImportError, describe_import),
    (SyntaxError, lambda error, message: f"imports `{error.filename}`, whose line {error.lineno} is not valid Python"),
    (NameError, lambda error, message: IN_A_NOTEBOOK if error.name in NOTEBOOK_NAMES else ""),
    (OSError, describe_file),
)


def find_missing_name(message: str, skipped: Iterable[Skipped]) -> Skipped | None:
    """Return the skipped statement that would have defined the name that an exception is about, if there is one."""
    name = next((found[1] for pattern in NOT_DEFINED if (found := pattern.search(message))), None)
    return next((one for one in skipped if name in one.names), None)


def explain_missing_name(message: str, skipped: Iterable[Skipped]) -> str:
    """Return the sentence about the skipped statement whose name an exception is about, or ""."""
    source = find_missing_name(message, skipped)
    return f"{source.file}.py, line {source.line}, `{source.text}`, was skipped: {source.reason}." if source else ""
