"""Decide what to quote from a submission: everything in public checks, and in hidden checks only what cannot reveal inputs.

Code that runs in a hidden check knows the hidden inputs, and everything it outputs could encode them: the class, message and
line of an exception, the exit code of a process, the name of a type. So from the first hidden check on, a submission is quoted
only if it repeats what it said before, or chooses among a few words that it did not write.
"""

import builtins
import re
from collections.abc import Mapping
from typing import NamedTuple

from autograder.sandbox import wire

MAX_TOLD = 6  # different exceptions in all hidden checks; with more, each check could reveal a letter
MAX_NEW_LINES = 3  # lines that are named in hidden checks only, because a line number could encode a number
MAX_SOURCE_LINES = 999  # lines of a file; in a longer one, no new line is named

EXCEPTIONS = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
EXCEPTIONS |= {"AxisError", "LinAlgError", "_ArrayMemoryError", "_UFuncNoLoopError", "_UFuncOutputCastingError"}  # numpy's
TYPES = {name for name, value in vars(builtins).items() if isinstance(value, type)} - EXCEPTIONS
TYPES |= {"array of dtype object", "builtin_function_or_method", "dict_items", "dict_keys", "dict_values", "function"}
TYPES |= {"generator", "method", "module", "ufunc"}
# The beginnings of messages from Python and numpy, up to the first value.
BEGINNINGS = (
    "'NoneType' object is not",
    "all the input array dimensions",
    "axis",
    "cannot reshape array",
    "could not broadcast input array",
    "division by zero",
    "index",
    "list index out of range",
    "loop of ufunc does not support argument",
    "matmul: Input operand",
    "maximum recursion depth exceeded",
    "non-broadcastable output operand",
    "not enough values to unpack",
    "operands could not be broadcast together",
    "setting an array element with a sequence",
    "shapes",
    "too many values to unpack",
    "unsupported operand type",
    wire.TOO_LARGE,
)
LINE = re.compile(r"(\w+)\.py, line (\d{1,9})(?::|$)")


class Words(NamedTuple):
    """What is quoted of an exception: its class, its message, the line, and the student's own frames."""

    kind: str
    message: str
    where: str
    trace: str


class Redactor:
    """Records what a submission said in public checks, and decides what to quote in hidden ones.

    prompts are the messages of the NotImplementedErrors in the starter code.
    """

    def __init__(self, sources: Mapping[str, bytes], prompts: frozenset[str] = frozenset()) -> None:
        self.lines = {name: re.split("\r\n|\r|\n", source.decode("utf-8", "replace")) for name, source in sources.items()}
        self.prompts = prompts
        self.hidden = False
        self.messages: set[tuple[str, str]] = set()  # messages in public checks, with the class
        self.places: set[tuple[str, str]] = set()  # likewise, with the line and the trace
        self.known_lines = {""}
        self.new_lines: set[str] = set()
        self.told: set[Words] = set()

    def begin(self, *, hidden: bool) -> None:
        """Begin a check; after the first hidden one, no check counts as public anymore."""
        self.hidden = self.hidden or hidden

    def redact(self, words: Words) -> Words:
        """Return what may be quoted of an exception."""
        if not self.hidden:
            self.record(words)
            return words
        if words.kind == "NotImplementedError" and words.message in self.prompts:
            return Words(words.kind, words.message, "", "")
        told = self.generalize(words)
        if told not in self.told and len(self.told) >= MAX_TOLD:
            return Words("an exception", "", "", "")
        self.told.add(told)
        return told

    def record(self, words: Words) -> None:
        """Record what was quoted in a public check."""
        self.messages.add((words.kind, words.message))
        self.places.add((words.where, words.trace))
        self.known_lines.add(self.locate(words.where))

    def generalize(self, words: Words) -> Words:
        """Return what was quoted before, and from the rest only words that cannot be the student's own."""
        kind, message, where, trace = words
        if (kind, message) not in self.messages:
            kind, message = (kind if kind in EXCEPTIONS else "an exception class of your own"), known_beginning(message)
        if (where, trace) not in self.places:
            where, trace = self.limit_new_lines(self.locate(where)), ""
        return Words(kind, message, where, trace)

    def locate(self, where: str) -> str:
        """Return the line with its text from the submission's source; "" if it doesn't exist."""
        if found := LINE.match(where):
            lines, number = self.lines.get(found[1], []), int(found[2])
            if 1 <= number <= len(lines) <= MAX_SOURCE_LINES:
                return f"{found[1]}.py, line {number}: {lines[number - 1].strip()}"
        return ""

    def limit_new_lines(self, line: str) -> str:
        """Return the line; "" if too many new lines have been named."""
        if line not in self.known_lines and len(self.new_lines) < MAX_NEW_LINES:
            self.new_lines.add(line)
        return line if line in self.known_lines | self.new_lines else ""

    def describe_type(self, name: str) -> str:
        """Return what may be quoted of a value that cannot be sent over the pipe: its type."""
        if self.hidden and name not in TYPES:
            return "a value of a type that you defined"
        return f"an {name}" if name.startswith("array of ") else f"a value of the type {name}"


def known_beginning(message: str) -> str:
    """Return the beginning of a message if it is one of Python's or numpy's."""
    known = next((words for words in BEGINNINGS if message.startswith(words)), "")
    return f"{known} …" if known and known != message else known
