"""The messages about problems in a student's code."""

import re
import signal
import sys
from collections.abc import Collection

from autograder.checking import StudentError
from autograder.library import why_missing
from autograder.sandbox import wire
from autograder.sandbox.redaction import Words
from autograder.skipped import ASKS_THE_SYSTEM, ENDS_THE_PROGRAM, OUT_OF_TIME
from autograder.statements import newer_python
from autograder.text import clean


def last_of(label: str) -> str:
    """Return the name that a student knows: `push` for stack.push and stack.Stack.push, `Heap.push` for stack.Heap.push."""
    module, _, name = label.partition(".")
    owner, _, method = name.partition(".")
    return method if method and owner.lower() == module.lower() else name or label


def how_it_ended(status: int, redacted: bool) -> str:
    """Return a description of an exit status; with `redacted`, without a number that the program chose."""
    if status >= 0:
        return "" if redacted else f" with exit code {status}"
    reasons = {
        -signal.SIGSEGV: " by a segmentation fault",
        -signal.SIGXCPU: ": it used up its processor time",
        -signal.SIGKILL: " or closed its connection",
        -signal.SIGSYS: ": it tried to do something that submissions may not do (such as starting a process)",
    }
    return reasons.get(status, " by a signal" if redacted else f" by signal {-status}")


NO_ANSWER = "{name} returned an invalid reply."
TOO_MUCH = f"{{name}} returned too much data: the grader accepts {wire.MAX_RECEIVED >> 20} MB in total from one submission."
TOO_LARGE = "A value that your code returned is too large to be passed to the next call."
NO_MODULE = re.compile(r"No module named '([\w.]+)'")
LATE = "{name} did not finish within the time limit. Is there an endless loop?"
LATE_LOADING = '{name} takes too long. Move code that trains, plots or prints below `if __name__ == "__main__":`.'
# Why a statement is skipped, by the signal with which it ended the child.
REASONS: dict[int, str] = {signal.SIGSYS: ASKS_THE_SYSTEM, signal.SIGVTALRM: OUT_OF_TIME, signal.SIGXCPU: OUT_OF_TIME}
PHRASES = {
    "call": "{name} raised",
    "counted": "{name} raised",
    "get": "Reading `{name}` raised",
    "set": "Setting an attribute of `{name}` raised",
    "item": "Reading from {name} raised",
    "fill": "Writing to the result of {name} raised",
    "copy": "Copying the result of {name} raised",
}


def failure(operation: str, label: str, words: Words, explanation: str = "") -> StudentError:
    """Return the error for an exception, quoted in these words, in an operation on the object that the label names.

    explanation is an additional sentence about the cause.
    """
    kind, message, where, trace = clean(words.kind, 60), clean(words.message), clean(words.where, 200), clean(words.trace, 2000)
    if message.startswith("loop of ufunc does not support argument"):
        message = "an array here has dtype object instead of float"
    said = f"{kind}: {message}" if message else kind
    place = f" ({where})" if where else ""
    more = f" {explanation}" if explanation else ""
    module, _, inside = label.partition(".")
    if kind == "NotImplementedError" and message:
        return StudentError(message, trace)
    if kind == "ModuleNotFoundError":
        missing = NO_MODULE.match(message)
        return StudentError(f"{why_missing(missing[1]) if missing else said}{place}.", trace)
    if operation in ("module", "load"):
        if kind == "SyntaxError" and (version := newer_python(where.partition(": ")[2])):
            own = ".".join(map(str, sys.version_info[:2]))
            more = f". Python {version} accepts this, but the grader has Python {own}."
        return StudentError(f"{module}.py could not be loaded: {said}{place}{more}", trace)
    if operation == "get" and kind == "AttributeError" and not where:
        return StudentError(f"{module}.py defines no `{inside}`.{more}", trace)
    phrase = PHRASES.get(operation, "The result of {name} could not be read:")
    return StudentError(f"{phrase.format(name=last_of(label))} {said}{place}{more and f'.{more}'}", trace)


def lost_statement(
    files: Collection[str], statement: tuple[int, int], status: int, sentence: str
) -> list[tuple[str, int, str]]:
    """Return the statement that a child ran last while it loaded a file, if that is plausible, and why it is skipped."""
    place, number = statement
    reason = OUT_OF_TIME if sentence == LATE else REASONS.get(-status, ENDS_THE_PROGRAM)
    return [(sorted(files)[place - 1], number, reason)] if 1 <= place <= len(files) else []
