"""What of a submission's own words is told: everything in a public check, and in a hidden one what cannot hold its inputs.

Code that runs in a hidden check has the hidden inputs in its hands, and all that it says may spell them: an exception by its
class, its message and its line, a process by its exit code, a value by the name of its type. So from the first hidden check on
a submission is quoted only where it says again what it said before, or chooses among few things that it did not write.
"""

import builtins
import re
from collections.abc import Mapping
from typing import NamedTuple

from autograder.sandbox import wire

MAX_TOLD = 6  # different exceptions in all hidden checks; more would be an alphabet, one letter in each check
MAX_NEW_LINES = 3  # lines that are named though no public check did; the number of a line says a number too
MAX_SOURCE_LINES = 999  # lines; in a longer file none is named anew

EXCEPTIONS = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
EXCEPTIONS |= {"AxisError", "LinAlgError", "_ArrayMemoryError", "_UFuncNoLoopError", "_UFuncOutputCastingError"}  # numpy's
TYPES = {name for name, value in vars(builtins).items() if isinstance(value, type)} - EXCEPTIONS
TYPES |= {"array of dtype object", "builtin_function_or_method", "dict_items", "dict_keys", "dict_values", "function"}
TYPES |= {"generator", "method", "module", "ufunc"}
# How messages of Python and numpy begin, up to where the values come in.
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
    """What is told of an exception: its class, its message, the line, and the student's own frames."""

    kind: str
    message: str
    where: str
    trace: str


class Redactor:
    """What one submission has said in public checks, and what it is quoted with in hidden ones.

    prompts are the messages of the NotImplementedErrors in the files that were handed out.
    """

    def __init__(self, sources: Mapping[str, bytes], prompts: frozenset[str] = frozenset()) -> None:
        self.lines = {name: re.split("\r\n|\r|\n", source.decode("utf-8", "replace")) for name, source in sources.items()}
        self.prompts = prompts
        self.hidden = False
        self.messages: set[tuple[str, str]] = set()  # heard in public checks, with the class
        self.places: set[tuple[str, str]] = set()  # likewise, where and the trace
        self.known_lines = {""}
        self.new_lines: set[str] = set()
        self.told: set[Words] = set()

    def begin(self, *, hidden: bool) -> None:
        """Begin a check; after the first hidden one, no check counts as public any more."""
        self.hidden = self.hidden or hidden

    def redact(self, words: Words) -> Words:
        """Return what is quoted of an exception."""
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
        """Record what is quoted in a public check."""
        self.messages.add((words.kind, words.message))
        self.places.add((words.where, words.trace))
        self.known_lines.add(self.locate(words.where))

    def generalize(self, words: Words) -> Words:
        """Return what has been quoted before, and of the rest what cannot be the student's own words."""
        kind, message, where, trace = words
        if (kind, message) not in self.messages:
            kind, message = (kind if kind in EXCEPTIONS else "an exception of your own"), known_beginning(message)
        if (where, trace) not in self.places:
            where, trace = self.limit_new_lines(self.locate(where)), ""
        return Words(kind, message, where, trace)

    def locate(self, where: str) -> str:
        """Return the line that is meant, as it is in the submission's source; "" if there is none."""
        if found := LINE.match(where):
            lines, number = self.lines.get(found[1], []), int(found[2])
            if 1 <= number <= len(lines) <= MAX_SOURCE_LINES:
                return f"{found[1]}.py, line {number}: {lines[number - 1].strip()}"
        return ""

    def limit_new_lines(self, line: str) -> str:
        """Return the line; "" if too many new ones have been named."""
        if line not in self.known_lines and len(self.new_lines) < MAX_NEW_LINES:
            self.new_lines.add(line)
        return line if line in self.known_lines | self.new_lines else ""

    def describe_type(self, name: str) -> str:
        """Return what is quoted of a value that cannot cross the pipe: its type."""
        if self.hidden and name not in TYPES:
            return "a value of a type of your own"
        return f"an {name}" if name.startswith("array of ") else f"a value of the type {name}"


def known_beginning(message: str) -> str:
    """Return how a message begins, if it is one of Python's or numpy's."""
    known = next((words for words in BEGINNINGS if message.startswith(words)), "")
    return f"{known} …" if known and known != message else known
