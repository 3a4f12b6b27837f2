"""What a course sets for itself, from its course file: the secret behind the inputs of the hidden checks.

The judge and the commands read it. Student code never does: the interpreter that forks its processes is started without the
variable that names the file, and no text says what the secret is.
"""

import configparser
import os
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "course.ini"
SHORTEST = 32  # characters of a secret: half of what secrets.token_hex() makes, and far beyond trying out
OF_THE_REPOSITORY = "everybody-can-read-this-secret-of-the-repository"
TO_DO = 'write `secret = ...` below `[hidden checks]`; `python3 -c "import secrets; print(secrets.token_hex())"` makes one'


class CourseError(Exception):
    """The course file cannot be used; the text is a sentence."""


def course_file() -> Path:
    """The course file: what the environment variable COURSE names, else course.ini at the root of the project."""
    return Path(os.environ.get("COURSE") or HERE)


def read_secret() -> str:
    """The course's secret; CourseError if there is none, or one that can be guessed."""
    path = course_file()
    parser = configparser.ConfigParser(interpolation=None)  # a % is a character like any other
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(f"The course file {path} cannot be read ({error.strerror}); {TO_DO}.") from error
    except (configparser.Error, UnicodeDecodeError):  # their own words quote the line, and that may be the secret
        raise CourseError(f"The course file {path} is not written as a configuration file is; {TO_DO}.") from None
    secret = parser.get("hidden checks", "secret", fallback="").strip()
    if len(secret) < SHORTEST:
        found = f"a secret of {len(secret)} characters" if secret else "no secret"
        raise CourseError(f"The course file {path} holds {found}, and {SHORTEST} are the least; {TO_DO}.")
    return secret


def warning() -> str:
    """A sentence for who grades, where the secret is the one that everybody can read; else nothing."""
    if read_secret() != OF_THE_REPOSITORY:
        return ""
    return f"The hidden checks draw their inputs from the secret of the public repository: set your own in {course_file()}."
