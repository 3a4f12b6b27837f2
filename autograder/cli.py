"""The commands behind the Makefile.

Each command's module is imported when the command is called, because none should wait for the libraries of the others.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from autograder.errors import STOPPED, AutograderError
from autograder.marks import MAX_WHO, MOST_REASON, Adjustment
from autograder.packaging.output import TARGETS
from autograder.platforms import NAMES
from autograder.sandbox import layers
from autograder.text import clean


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    commands = parser.add_subparsers(required=True)
    grade = commands.add_parser("grade", help="grade every submission in a folder or a zip")
    grade.add_argument("--accept", type=dangers, default=(), help="protections you accept to grade without")
    grade.add_argument("--gradebook", type=Path, help="also write the scores to this gradebook.db of an nbgrader course")
    grade.add_argument("--roster", type=Path, help="a CSV file of everyone in the course")
    grade.add_argument("--scheduler", default="", help="grade on the workers of this Dask scheduler: tls://host:8786")
    grade.add_argument("--only", default="*", help="grade only students whose names match this pattern")
    grade.add_argument("--force", action="store_true", help="grade again even if nothing has changed")
    grade.set_defaults(run=call_grade)
    copies = commands.add_parser("copies", help="find suspiciously similar submissions")
    for command in (grade, copies):
        command.add_argument("submissions", type=submissions_path)
        command.add_argument("--out", type=folder, default=Path("out"))
        command.add_argument("--jobs", type=count, default=os.cpu_count() or 1)
        command.add_argument("--other-class", action="store_true", help="write to OUT even if it holds another class")
    copies.set_defaults(run=call_copies)
    add_adjust(commands)
    add_explain(commands)
    doctor = commands.add_parser("doctor", help="list the isolation layers of this machine")
    doctor.set_defaults(run=call_doctor)
    builder = commands.add_parser("build", help="build the assignment or a package")
    builder.add_argument("what", choices=[*TARGETS, *NAMES])
    builder.set_defaults(run=call_build)
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except AutograderError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return STOPPED


def add_adjust(commands: Any) -> None:
    """Add the commands `adjust` and `adjustments`."""
    adjust = commands.add_parser("adjust", help="add points to a score by hand, or deduct some, and give a reason")
    adjust.add_argument("student", type=name_or_id)
    adjust.add_argument("--points", type=points, required=True)
    adjust.add_argument("--reason", type=reason, required=True)
    adjust.add_argument("--out", type=folder, default=Path("out"))
    adjust.add_argument("--who", type=lambda text: clean(" ".join(text.split()), MAX_WHO), default="")
    adjust.add_argument("--again", action="store_true", help="add the same adjustment once more")
    adjust.set_defaults(run=call_adjust)
    adjustments = commands.add_parser("adjustments", help="list every adjustment: when, who, points, student, reason")
    adjustments.add_argument("--out", type=folder, default=Path("out"))
    adjustments.set_defaults(run=call_adjustments)


def add_explain(commands: Any) -> None:
    """Add the command `explain`."""
    parser = commands.add_parser("explain", help="run one check of one submission again and show what it compared")
    parser.add_argument("student", type=name_or_id)
    parser.add_argument("check", type=name_or_id)
    parser.add_argument("--out", type=folder, default=Path("out"))
    parser.add_argument("--submissions", type=Path)
    parser.add_argument("--accept", type=dangers, default=())
    parser.set_defaults(run=call_explain)


def submissions_path(text: str) -> Path:
    """Parse SUBMISSIONS. Reject an empty path, because Path("") means the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("SUBMISSIONS is empty; it must name a folder or a zip of submissions")
    return Path(text)


def folder(text: str) -> Path:
    """Parse the path of a folder to write to. Reject an empty one."""
    if not text:
        raise argparse.ArgumentTypeError("OUT is empty; it must name a folder, which is created if it does not exist")
    return Path(text)


def name_or_id(text: str) -> str:
    """Parse a name or an id. Reject an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; write a name or an id, such as STUDENT=ada")
    return text


def count(text: str) -> int:
    """Parse a positive integer."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"JOBS must be a positive integer, not {text!r}")
    return int(text)


def dangers(text: str) -> tuple[str, ...]:
    """Parse the names of the protections that the TA accepts to grade without."""
    try:
        return layers.parse_dangers(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def points(text: str) -> float:
    """Parse a number of points with at most two decimals."""
    if not re.fullmatch(r"[+-]?\d{1,4}(\.\d{1,2})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"POINTS must be a number such as 2, -5 or +0.5, not {text!r}")
    return float(text)


def reason(text: str) -> str:
    """Parse the reason for an adjustment, as one line. Reject an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("REASON is empty; the student and the next TA will read it")
    return clean(" ".join(text.split()), MOST_REASON)


def call_grade(given: argparse.Namespace) -> int:
    """Run `grade` with the parsed arguments."""
    from autograder.run import GradeOptions, run_grade

    return run_grade(GradeOptions(**{field.name: getattr(given, field.name) for field in fields(GradeOptions)}))


def call_copies(given: argparse.Namespace) -> int:
    """Run `copies` with the parsed arguments."""
    from autograder.similarity.command import run_copies

    return run_copies(given.submissions, given.out, given.other_class, given.jobs)


def call_adjust(given: argparse.Namespace) -> int:
    """Run `adjust` with the parsed arguments."""
    from autograder.adjust import run_adjust

    return run_adjust(given.out, given.student, Adjustment(given.points, given.reason, who=given.who), given.again)


def call_adjustments(given: argparse.Namespace) -> int:
    """Run `adjustments` with the parsed arguments."""
    from autograder.adjust import run_adjustments

    return run_adjustments(given.out)


def call_explain(given: argparse.Namespace) -> int:
    """Run `explain` with the parsed arguments."""
    from autograder.explain.command import run_explain

    return run_explain(given.out, given.student, given.check, given.submissions, given.accept)


def call_doctor(given: argparse.Namespace) -> int:  # noqa: ARG001 - it has no arguments
    """Run `doctor`."""
    from autograder.doctor import run_doctor

    return run_doctor()


def call_build(given: argparse.Namespace) -> int:
    """Run `build` with the parsed arguments."""
    from autograder.build import run_build

    return run_build(given.what)
