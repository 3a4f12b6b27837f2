"""The entries of a submission, whether it is a folder, a zip or a single file, and the errors that reject it."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.text import clean

MAX_SOURCE = 1_000_000  # bytes of one file
MAX_ZIP = 20_000_000  # bytes of the zip of one submission
MAX_ENTRIES = 10_000  # files in one submission
USUAL_DEPTH = 2  # levels of folders a file may be in
MAX_DEPTH = 8  # levels of folders to search if it is not there
MAX_NAMED = 6  # files in one sentence
JUNK = {"__MACOSX", "__pycache__"}


class SubmissionError(Exception):
    """Something in a submission cannot be graded; the text is a sentence for the student."""


class RejectedSubmissionError(SubmissionError):
    """The submission as a whole cannot be trusted or read."""


class UnreadableFileError(SubmissionError):
    """A graded file cannot be read; only its own part is affected."""


class MissingFileError(UnreadableFileError):
    """A graded file was not submitted."""


@dataclass(frozen=True)
class Entry:
    """A file in a submission: its path, its size in bytes, and a function that reads its bytes up to a limit.

    packed is the number of bytes it occupies in a zip or on disk; refusal says why the whole submission is rejected, if it is.
    """

    path: PurePosixPath
    size: int
    packed: int
    read: Callable[[int], bytes]
    regular: bool = True
    refusal: str = ""


def is_junk(path: PurePosixPath) -> bool:
    """Return whether a file is left over from an operating system or tool: __MACOSX, .DS_Store, __pycache__ and the like."""
    return any(part in JUNK or part.startswith(".") for part in path.parts)


def make_printable(text: object, limit: int = 60) -> str:
    """Return a path or a message made safe for a sentence: on one line, and at most `limit` characters."""
    return clean(str(text).translate({9: " ", 10: " "}), limit)


def fold_name(text: object) -> str:
    """Return a name normalized like on a disk that ignores case and different encodings of the same character."""
    return unicodedata.normalize("NFKC", str(text)).casefold()


def list_paths(entries: Sequence[Entry]) -> str:
    """Return the first paths of some entries, and the number of the others, for a sentence."""
    more = f" and {len(entries) - MAX_NAMED} more" if len(entries) > MAX_NAMED else ""
    return ", ".join(make_printable(entry.path, 40) for entry in entries[:MAX_NAMED]) + more
