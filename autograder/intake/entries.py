"""What a submission is made of, whether it came as a folder, as a zip or as a single file, and the two ways to refuse it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.text import clean

MOST_SOURCE = 1_000_000  # bytes of one file
MOST_ZIP = 20_000_000  # bytes of the zip of one submission
MOST_ENTRIES = 10_000  # files of one submission
DEEPEST = 2  # folders a file may lie in, below the submission
JUNK = {"__MACOSX", "__pycache__"}


class Refused(Exception):
    """A submission that cannot be trusted or read as a whole; the text is a sentence for the student."""


class Spoilt(Exception):
    """A graded file that cannot be read, at the cost of its own part alone; the text is a sentence for the student."""


class Missing(Spoilt):
    """A graded file that was not handed in."""


@dataclass(frozen=True)
class Entry:
    """A file in a submission: its path below it, its size in bytes, and its bytes on demand, if they are not more than so many.

    packed is the number of bytes it takes up where it lies; refusal says why the submission that holds it is refused.
    """

    path: PurePosixPath
    size: int
    packed: int
    take: Callable[[int], bytes]
    regular: bool = True
    refusal: str = ""


def is_junk(path: PurePosixPath) -> bool:
    """Whether a file is what systems leave behind: __MACOSX, .DS_Store, __pycache__ and the like."""
    return any(part in JUNK or part.startswith(".") for part in path.parts)


def shown(text: object, most: int = 60) -> str:
    """A path or a message as it can stand in a sentence: on one line, and not too long."""
    return clean(str(text).translate({9: " ", 10: " "}), most)


def folded(text: object) -> str:
    """A name as a disk may see it that knows no capital letters, or no difference between ways to write one character."""
    return unicodedata.normalize("NFKC", str(text)).casefold()
