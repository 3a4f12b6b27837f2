"""The settings of a course, from course.toml: the secret behind hidden checks, and the rules for scores.

The judge and the commands read the file. Student code cannot: the interpreter that forks its processes starts without the
environment variable that names the file, and no output contains the secret.
"""

import copy
import hashlib
import importlib
import math
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from autograder import values
from autograder.assignment import Assignment
from autograder.errors import AutograderError
from autograder.files import ROOT
from autograder.intake.entries import make_printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COURSE_FILE, OLD_NAME = "course.toml", "assignment.toml"
ASSIGNMENT = "autograder.backprop.assignment"  # the module of the assignment, unless the course names another
SHORTEST = 32  # characters of a secret: half the length of secrets.token_hex(), and far too many to guess
# The digest of the public example secret, so that packages can recognize it without containing it.
PUBLIC_DIGEST = "6d6d89855dd833af87fa05aa98c056c584032b07f6a9c890a243ff36ce41b225"
ACCEPT_PUBLIC = "public-secret"  # the name in ACCEPT that allows packages to contain it
TO_DO = 'write `secret = "..."` below `[hidden_checks]`; `python3 -c "import secrets; print(secrets.token_hex())"` makes one'

PLACE = re.compile(r"\(at (line \d+), column \d+\)$")


class SettingsError(AutograderError):
    """The course file cannot be used; the text is a sentence for the TA."""


@dataclass(frozen=True)
class Late:
    """The penalty for late submissions; there is none without a due date.

    Each day begun costs penalty_per_day percent of the score, at most at_most percent in all. Nothing is late within
    grace_minutes after the due date, and a submission more than refuse_after_days late scores 0. extensions maps students, ids
    or emails, as `fold_name` returns them, to extra time or a due date of their own. zone applies to times without an offset.
    """

    due: datetime | None = None
    zone: tzinfo | None = None
    grace_minutes: float = 0
    penalty_per_day: float = 0
    at_most: float = 100
    refuse_after_days: float = math.inf
    extensions: Mapping[str, timedelta | datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """The maximum number of tasks to drop, and the parts they may be in; None means all parts."""

    lowest_tasks: int = 0
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Gradescope:
    """How a course uses Gradescope's metadata; by default it does not.

    At most `hand_ins` submissions are graded within `hours`; 0 means no limit. names adds the submitters' names to the results;
    late applies the rules for late submissions.
    """

    hand_ins: int = 0
    hours: float = 24
    names: bool = False
    late: bool = False


@dataclass(frozen=True)
class Feedback:
    """When students see hidden checks on Gradescope: one of `values.VISIBILITIES`."""

    hidden_checks: str = "after_published"


@dataclass(frozen=True)
class Exports:
    """The assignment's name on the platforms, by default its title; canvas_id is its column in Canvas's gradebook."""

    name: str = ""
    canvas_id: str = ""


@dataclass(frozen=True)
class Course:
    """What feedback pages say about the course: its name, and the URL of the hand-out; "" leaves them out."""

    name: str = ""
    handout: str = ""


@dataclass(frozen=True)
class Settings:
    """All settings of a course except the secret; with the defaults, the score is the points of the checks."""

    late: Late = Late()
    drop: Drop = Drop()
    gradescope: Gradescope = Gradescope()
    exports: Exports = Exports()
    feedback: Feedback = Feedback()
    course: Course = Course()


class Line(NamedTuple):
    """A setting in a table of the course file: its parser, an example, and the setting it requires."""

    read: Callable[[Any], Any]
    example: str
    needs: str = ""


TABLES: dict[str, dict[str, Line]] = {
    "course": {
        "name": Line(values.label, 'name = "CS 101"'),
        "assignment": Line(values.label, 'assignment = "autograder.backprop.assignment"'),
        "parts": Line(values.names, 'parts = ["part1", "part2"]'),
        "title": Line(values.label, 'title = "Backpropagation"'),
        "handout": Line(values.url, 'handout = "https://example.org/handout.html"'),
    },
    "feedback": {
        "hidden_checks": Line(values.visibility, 'hidden_checks = "after_published"'),
    },
    "late": {
        "due": Line(values.time, "due = 2026-10-01T23:59:00-04:00"),
        "time_zone": Line(ZoneInfo, 'time_zone = "America/Montreal"'),
        "grace_minutes": Line(values.number, "grace_minutes = 15"),
        "penalty_per_day": Line(values.percent, 'penalty_per_day = "10%"'),
        "at_most": Line(values.percent, 'at_most = "50%"', "penalty_per_day"),
        "refuse_after_days": Line(values.number, "refuse_after_days = 7"),
        "extensions": Line(values.extensions, '"ada" = "2 days" below [late.extensions]'),
    },
    "drop": {
        "lowest_tasks": Line(values.count, "lowest_tasks = 1"),
        "parts": Line(values.names, 'parts = ["part1"]', "lowest_tasks"),
    },
    "gradescope": {
        "hand_ins": Line(values.count, "hand_ins = 5", "hours"),
        "hours": Line(values.positive, "hours = 24", "hand_ins"),
        "names": Line(values.flag, "names = true"),
        "late": Line(values.flag, "late = true"),
    },
    "exports": {
        "name": Line(values.label, 'name = "Backpropagation"'),
        "canvas_id": Line(values.column, 'canvas_id = "Backpropagation (12345)"'),
    },
}
HIDDEN = "hidden_checks"


def course_file() -> Path:
    """Return the course file: the path in the environment variable COURSE, or else course.toml at the root of the project.

    The old names ASSIGNMENT and assignment.toml still work if the new ones are absent; `notices` warns about them.
    """
    if named := os.environ.get("COURSE") or os.environ.get("ASSIGNMENT"):
        return Path(named)
    return next((path for path in (ROOT / COURSE_FILE, ROOT / OLD_NAME) if path.exists()), ROOT / COURSE_FILE)


def refused(found: str) -> SettingsError:
    """Return the error for a course file that cannot be used; it never quotes a value, which may be the secret."""
    return SettingsError(f"The course file {course_file()} {found}")


def read_file() -> dict[str, dict[str, Any]]:
    """Return the tables of the course file; raise SettingsError if it cannot be read, or has a table that does not exist."""
    try:
        tables = tomllib.loads(course_file().read_text(encoding="utf-8"))
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror}); {TO_DO}.") from error
    except (ValueError, RecursionError) as error:  # their messages quote the line, which may be the secret
        place = PLACE.search(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
        raise refused(f"is not TOML{f' in {place[1]}' if place else ''}; {TO_DO}.") from None
    for name, table in tables.items():
        if name not in (HIDDEN, *TABLES) or not isinstance(table, dict):
            there = ", ".join(f"[{name}]" for name in (HIDDEN, *TABLES))
            raise refused(f"has {quoted(name)}, which is not one of its tables: {there}.")
    return tables


def quoted(name: str) -> str:
    """Return a name in backquotes, unless it is so long that it may be a misplaced secret."""
    return f"`{make_printable(name)}`" if len(name) < SHORTEST else "a long name"


def read_secret() -> str:
    """Return the course's secret; raise SettingsError if there is none, or if it is too short."""
    table = read_file().get(HIDDEN, {})
    if table.keys() - {"secret"}:
        raise refused(f"has a line other than `secret` below [{HIDDEN}]; {TO_DO}.")
    secret = table.get("secret", "")
    if not isinstance(secret, str):
        raise refused(f"has a secret without quotes; {TO_DO}.")
    if len(secret.strip()) < SHORTEST:
        found = f"a secret of {len(secret.strip())} characters" if secret.strip() else "no secret"
        raise refused(f"has {found}; at least {SHORTEST} characters are needed: {TO_DO}.")
    return secret.strip()


def read_settings() -> Settings:
    """Return all settings except the secret; raise SettingsError for an invalid one, or one without effect."""
    tables = read_file()
    said = {name: values_of(name, tables.get(name, {})) for name in TABLES}
    late, gradescope = late_of(said["late"]), Gradescope(**said["gradescope"])
    if replace(late, zone=None) != Late() and not (late.due or gradescope.late):
        raise refused(f"has lines below [late] that have no effect without `{TABLES['late']['due'].example}`.")
    if gradescope.late and not said["late"].keys() & {"penalty_per_day", "refuse_after_days"}:
        example = TABLES["late"]["penalty_per_day"].example
        raise refused(f"has `late = true` below [gradescope], which has no effect without `{example}` below [late].")
    assignment = read_assignment()
    exports = Exports(**{"name": assignment.title, **said["exports"]})
    drop = Drop(**said["drop"])
    if unknown := set(drop.parts or ()) - {*assignment.part_names}:
        raise refused(
            f"has the part {quoted(min(unknown))} below [drop]; the parts in use are {', '.join(assignment.part_names)}."
        )
    course = Course(**{key: said["course"][key] for key in ("name", "handout") if key in said["course"]})
    return Settings(late, drop, gradescope, exports, Feedback(**said["feedback"]), course)


def values_of(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parsed settings of a table; raise SettingsError for an unknown or invalid one, or one without effect."""
    lines, found = TABLES[name], {}
    for key, value in table.items():
        if key not in lines:
            raise refused(f"has a line {quoted(key)} below [{name}]; the settings there are {', '.join(lines)}.")
        line = lines[key]
        try:
            found[key] = line.read(value)
        except (ValueError, TypeError, AttributeError, KeyError, OSError):
            raise refused(f"has an invalid `{key}` below [{name}]; write it like `{line.example}`.") from None
        if line.needs and line.needs not in table:
            raise refused(f"has a `{key}` below [{name}], which has no effect without `{lines[line.needs].example}`.")
    return found


def late_of(said: Mapping[str, Any]) -> Late:
    """Return the rules for late submissions, every time with its zone; raise SettingsError for an ambiguous time."""
    zone = said.get("time_zone")
    due = in_zone(said["due"], zone) if "due" in said else None
    more = {name: in_zone(one, zone) if isinstance(one, datetime) else one for name, one in said.get("extensions", {}).items()}
    rules = {name: value for name, value in said.items() if name not in ("due", "time_zone", "extensions")}
    return Late(due, zone or (due.tzinfo if due else None), extensions=more, **rules)


def in_zone(when: datetime, zone: tzinfo | None) -> datetime:
    """Return a time from the file with its zone; raise SettingsError if it has none, or if clocks change then."""
    if when.tzinfo:
        return when
    if not zone:
        example = TABLES["late"]["time_zone"].example
        raise refused(f"has the time {when} below [late], which needs an offset from UTC or `{example}`.")
    local = when.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise refused(f"has the time {when} below [late], when clocks change in {zone}; add its offset from UTC.")
    return local


def read_assignment() -> Assignment:
    """Return the course's assignment with its title and the parts in use; raise SettingsError if it does not exist."""
    said = values_of("course", read_file().get("course", {}))
    module = said.get("assignment", ASSIGNMENT)
    try:
        assignment: Assignment = importlib.import_module(module).ASSIGNMENT
        if "parts" in said:
            assignment = assignment.with_parts(said["parts"])
    except ModuleNotFoundError as error:
        if not (error.name and f"{module}.".startswith(f"{error.name}.")):
            raise
        raise refused(f"names the assignment `{make_printable(module)}`, but there is no such module.") from None
    except ValueError as error:
        raise refused(f"has invalid `parts` below [course]: the assignment {error}.") from None
    if "title" in said:
        assignment = copy.copy(assignment)
        assignment.title = said["title"]
    return assignment


def is_public(secret: str) -> bool:
    """Return whether a secret is the public example, which anyone can read in the repository."""
    return hashlib.sha256(secret.encode()).hexdigest() == PUBLIC_DIGEST


def notices() -> list[str]:
    """Return warnings about the course file: that its secret is the public example, or that it has its old name."""
    public = (
        f"The hidden checks use the example secret, which anyone can read in the repository: set your own in {course_file()}."
    )
    return [*([public] if is_public(read_secret()) else []), *old_names()]


def old_names() -> list[str]:
    """Return warnings about old names under which the course file was found."""
    found = []
    if course_file().name == OLD_NAME:
        found.append(f"{course_file()} is still read; rename it to {COURSE_FILE}.")
    if os.environ.get("ASSIGNMENT") and not os.environ.get("COURSE"):
        found.append("The environment variable ASSIGNMENT is still read; rename it to COURSE.")
    return found
