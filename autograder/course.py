"""What a course sets for itself, from its course file: the secret behind hidden checks, and what Gradescope's metadata does.

The judge and the commands read it. Student code never does: the interpreter that forks its processes is started without the
variable that names the file, and no text says what the secret is.
"""

import configparser
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parents[1] / "course.ini"
SHORTEST = 32  # characters of a secret: half of what secrets.token_hex() makes, and far beyond trying out
OF_THE_REPOSITORY = "everybody-can-read-this-secret-of-the-repository"
TO_DO = 'write `secret = ...` below `[hidden checks]`; `python3 -c "import secrets; print(secrets.token_hex())"` makes one'

NUMBER = r"(\d{1,4}(?:\.\d{1,2})?)"
PERCENT = r"(100|\d{1,2}(?:\.\d{1,2})?) ?%"


class Line(NamedTuple):
    """A line that may stand below [gradescope]: its form, what it becomes, an example, the line it says nothing without."""

    form: str
    kind: Callable[[str], Any]
    example: str
    needs: str = ""


GRADESCOPE = {
    "hand-ins": Line(r"([1-9]\d{0,3})", int, "5", "hours"),
    "hours": Line(r"(?![0.]+$)" + NUMBER, float, "24", "hand-ins"),
    "late penalty": Line(PERCENT + " a day", float, "10% a day"),
    "grace minutes": Line(NUMBER, float, "15", "late penalty"),
    "at most": Line(PERCENT, float, "50%", "late penalty"),
    "names": Line("(yes|no)", "yes".__eq__, "yes"),
}


class CourseError(Exception):
    """The course file cannot be used; the text is a sentence."""


@dataclass(frozen=True)
class Gradescope:
    """What a course does with Gradescope's metadata; without a line on it, nothing.

    At most `hand_ins` graded within `hours`; 0 is no limit. late_penalty is the percentage of the score that each day begun
    takes, at_most the most that all of them take; within grace_minutes after the due date nothing is late. names tells in the
    results who handed in.
    """

    hand_ins: int = 0
    hours: float = 24
    late_penalty: float = 0
    grace_minutes: float = 0
    at_most: float = 100
    names: bool = False


def course_file() -> Path:
    """The course file: what the environment variable COURSE names, else course.ini at the root of the project."""
    return Path(os.environ.get("COURSE") or HERE)


def read_file() -> configparser.ConfigParser:
    """The course file; CourseError if it cannot be read."""
    path = course_file()
    parser = configparser.ConfigParser(interpolation=None)  # a % is a character like any other
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(f"The course file {path} cannot be read ({error.strerror}); {TO_DO}.") from error
    except (configparser.Error, UnicodeDecodeError):  # their own words quote the line, and that may be the secret
        raise CourseError(f"The course file {path} is not written as a configuration file is; {TO_DO}.") from None
    return parser


def read_secret() -> str:
    """The course's secret; CourseError if there is none, or one that can be guessed."""
    secret = read_file().get("hidden checks", "secret", fallback="").strip()
    if len(secret) < SHORTEST:
        found = f"a secret of {len(secret)} characters" if secret else "no secret"
        raise CourseError(f"The course file {course_file()} holds {found}, and {SHORTEST} are the least; {TO_DO}.")
    return secret


def read_gradescope() -> Gradescope | None:
    """What stands below [gradescope], or None if nothing does; CourseError for a line that means nothing there."""
    parser = read_file()
    lines = dict(parser["gradescope"]) if parser.has_section("gradescope") else {}
    if not lines:
        return None
    return Gradescope(**{re.sub("[- ]", "_", name): value_of(name, text, lines) for name, text in lines.items()})


def value_of(name: str, text: str, lines: Mapping[str, str]) -> Any:
    """What a line below [gradescope] says; CourseError if that is nothing."""
    where = f"The course file {course_file()} has below [gradescope]"
    if name not in GRADESCOPE:
        raise CourseError(f"{where} a line `{name}`; there may be {', '.join(GRADESCOPE)}.")
    line = GRADESCOPE[name]
    found = re.fullmatch(line.form, text, re.ASCII)
    if not found:
        raise CourseError(f"{where} the line `{name} = {text}`; write it like `{name} = {line.example}`.")
    if line.needs and line.needs not in lines:
        raise CourseError(f"{where} the line `{name} = {text}`, which says nothing without `{line.needs} = ...`.")
    return line.kind(found[1])


def warning() -> str:
    """A sentence for who grades, where the secret is the one that everybody can read; else nothing."""
    if read_secret() != OF_THE_REPOSITORY:
        return ""
    return f"The hidden checks draw their inputs from the secret of the public repository: set your own in {course_file()}."
