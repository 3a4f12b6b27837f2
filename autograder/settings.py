"""What a course sets for itself, in course.toml: the secret behind hidden checks, and what counts in the end.

The judge and the commands read it. Student code never does: the interpreter that forks its processes is started without the
variable that names the file, and no text says what the secret is.
"""

import copy
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
SHORTEST = 32  # characters of a secret: half of what secrets.token_hex() makes, and far beyond trying out
OF_THE_REPOSITORY = "everybody-can-read-this-secret-of-the-repository"
TO_DO = 'write `secret = "..."` below `[hidden_checks]`; `python3 -c "import secrets; print(secrets.token_hex())"` makes one'

PLACE = re.compile(r"\(at (line \d+), column \d+\)$")


class SettingsError(AutograderError):
    """The course file cannot be used; the text is a sentence."""


@dataclass(frozen=True)
class Late:
    """What late hand-ins lose; without a due time, nothing.

    penalty_per_day is the percentage of the score that each day begun takes, at_most the most that all of them take; within
    grace_minutes after the due time nothing is late, and what comes more than refuse_after_days after it counts 0. extensions
    are more time, or a due time of their own, by the fold_name student, id or email. zone is that of times that have none.
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
    """How many tasks are left out at most, and of which parts; None is all of them."""

    lowest_tasks: int = 0
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Gradescope:
    """What a course does with Gradescope's metadata; without a line on it, nothing.

    At most `hand_ins` graded within `hours`; 0 is no limit. names tells in the results who handed in; late lets Late hold.
    """

    hand_ins: int = 0
    hours: float = 24
    names: bool = False
    late: bool = False


@dataclass(frozen=True)
class Feedback:
    """Who sees hidden checks on Gradescope, and when: one of `values.VISIBILITIES`."""

    hidden_checks: str = "after_published"


@dataclass(frozen=True)
class Exports:
    """What the assignment is called on the platforms, by default its title; canvas_id is its column in Canvas's gradebook."""

    name: str = ""
    canvas_id: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that a course sets, but the secret; as it is here, nothing happens to what the checks earn."""

    late: Late = Late()
    drop: Drop = Drop()
    gradescope: Gradescope = Gradescope()
    exports: Exports = Exports()
    feedback: Feedback = Feedback()


class Line(NamedTuple):
    """A line that may stand in a table: what it becomes, an example, the line it says nothing without."""

    read: Callable[[Any], Any]
    example: str
    needs: str = ""


TABLES: dict[str, dict[str, Line]] = {
    "course": {
        "assignment": Line(values.label, 'assignment = "autograder.backprop.assignment"'),
        "parts": Line(values.names, 'parts = ["part1", "part2"]'),
        "title": Line(values.label, 'title = "Backpropagation"'),
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
    """Return the course's file: what the environment variable COURSE names, else course.toml at the root of the project.

    ASSIGNMENT and assignment.toml, its names before, are read where nothing has the new one; `notices` says so.
    """
    if named := os.environ.get("COURSE") or os.environ.get("ASSIGNMENT"):
        return Path(named)
    return next((path for path in (ROOT / COURSE_FILE, ROOT / OLD_NAME) if path.exists()), ROOT / COURSE_FILE)


def refused(found: str) -> SettingsError:
    """Return the sentence for a course file that cannot be used; no value is ever quoted, for it may be the secret."""
    return SettingsError(f"The course file {course_file()} {found}")


def read_file() -> dict[str, dict[str, Any]]:
    """Return the tables of the course file; SettingsError if it cannot be read, or there is something else in it."""
    try:
        tables = tomllib.loads(course_file().read_text(encoding="utf-8"))
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror}); {TO_DO}.") from error
    except (ValueError, RecursionError) as error:  # their own words quote the line, and that may be the secret
        place = PLACE.search(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
        raise refused(f"is not TOML{f' in {place[1]}' if place else ''}; {TO_DO}.") from None
    for name, table in tables.items():
        if name not in (HIDDEN, *TABLES) or not isinstance(table, dict):
            there = ", ".join(f"[{name}]" for name in (HIDDEN, *TABLES))
            raise refused(f"has {quoted(name)}, which is no table of it; there may be {there}.")
    return tables


def quoted(name: str) -> str:
    """Return the name of a line, unless it may be a secret that lost its place."""
    return f"`{make_printable(name)}`" if len(name) < SHORTEST else "a long name"


def read_secret() -> str:
    """Return the course's secret; SettingsError if there is none, or one that can be guessed."""
    table = read_file().get(HIDDEN, {})
    if table.keys() - {"secret"}:
        raise refused(f"has another line than `secret` below [{HIDDEN}]; {TO_DO}.")
    secret = table.get("secret", "")
    if not isinstance(secret, str):
        raise refused(f"holds a secret without quotes; {TO_DO}.")
    if len(secret.strip()) < SHORTEST:
        found = f"a secret of {len(secret.strip())} characters" if secret.strip() else "no secret"
        raise refused(f"holds {found}, and {SHORTEST} are the least; {TO_DO}.")
    return secret.strip()


def read_settings() -> Settings:
    """Return what the course sets beside the secret; SettingsError for a line that means nothing."""
    tables = read_file()
    said = {name: values_of(name, tables.get(name, {})) for name in TABLES}
    late, gradescope = late_of(said["late"]), Gradescope(**said["gradescope"])
    if replace(late, zone=None) != Late() and not (late.due or gradescope.late):
        raise refused(f"has below [late] lines that say nothing without `{TABLES['late']['due'].example}`.")
    if gradescope.late and not said["late"].keys() & {"penalty_per_day", "refuse_after_days"}:
        example = TABLES["late"]["penalty_per_day"].example
        raise refused(f"has below [gradescope] `late = true`, which says nothing without `{example}` below [late].")
    assignment = read_assignment()
    exports = Exports(**{"name": assignment.title, **said["exports"]})
    drop = Drop(**said["drop"])
    if unknown := set(drop.parts or ()) - {*assignment.part_names}:
        raise refused(
            f"has below [drop] the part {quoted(min(unknown))}; the parts in use are {', '.join(assignment.part_names)}."
        )
    return Settings(late, drop, gradescope, exports, Feedback(**said["feedback"]))


def values_of(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the lines of a table say; SettingsError for one that says nothing."""
    lines, found = TABLES[name], {}
    for key, value in table.items():
        if key not in lines:
            raise refused(f"has below [{name}] a line {quoted(key)}; there may be {', '.join(lines)}.")
        line = lines[key]
        try:
            found[key] = line.read(value)
        except (ValueError, TypeError, AttributeError, KeyError, OSError):
            raise refused(f"has below [{name}] a `{key}` that means nothing; write it like `{line.example}`.") from None
        if line.needs and line.needs not in table:
            raise refused(f"has below [{name}] a `{key}`, which says nothing without `{lines[line.needs].example}`.")
    return found


def late_of(said: Mapping[str, Any]) -> Late:
    """Return the rules for late hand-ins, every time with its zone; SettingsError for a time that can be two, or none."""
    zone = said.get("time_zone")
    due = in_zone(said["due"], zone) if "due" in said else None
    more = {name: in_zone(one, zone) if isinstance(one, datetime) else one for name, one in said.get("extensions", {}).items()}
    rules = {name: value for name, value in said.items() if name not in ("due", "time_zone", "extensions")}
    return Late(due, zone or (due.tzinfo if due else None), extensions=more, **rules)


def in_zone(when: datetime, zone: tzinfo | None) -> datetime:
    """Return a time of the file with its zone."""
    if when.tzinfo:
        return when
    if not zone:
        example = TABLES["late"]["time_zone"].example
        raise refused(f"has below [late] the time {when}, which is none without its distance from UTC or `{example}`.")
    local = when.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise refused(f"has below [late] the time {when}, at which clocks are set in {zone}; write its distance from UTC.")
    return local


def read_assignment() -> Assignment:
    """Return the course's assignment, with the parts in use and the course's title; SettingsError if there is no such one."""
    said = values_of("course", read_file().get("course", {}))
    module = said.get("assignment", ASSIGNMENT)
    try:
        assignment: Assignment = importlib.import_module(module).ASSIGNMENT
        if "parts" in said:
            assignment = assignment.with_parts(said["parts"])
    except ModuleNotFoundError as error:
        if not (error.name and f"{module}.".startswith(f"{error.name}.")):
            raise
        raise refused(f"names the assignment `{make_printable(module)}`, and there is no such module.") from None
    except ValueError as error:
        raise refused(f"has below [course] `parts` that cannot be: the assignment {error}.") from None
    if "title" in said:
        assignment = copy.copy(assignment)
        assignment.title = said["title"]
    return assignment


def notices() -> list[str]:
    """Return sentences for the TA on the course's file: where everybody can read its secret, and where it has its old name."""
    found = []
    if read_secret() == OF_THE_REPOSITORY:
        found.append(
            f"The hidden checks draw their inputs from the secret of the public repository: set your own in {course_file()}."
        )
    if course_file().name == OLD_NAME:
        found.append(f"{course_file()} is still read; rename it to {COURSE_FILE}.")
    if os.environ.get("ASSIGNMENT") and not os.environ.get("COURSE"):
        found.append("The environment variable ASSIGNMENT is still read; rename it to COURSE.")
    return found
