"""The commands behind the Makefile."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from autograder.adjust import MAX_WHO, run_adjust, run_adjustments
from autograder.build import BUILDERS, build
from autograder.errors import CALLED_WRONGLY, AutograderError
from autograder.explain.command import run_explain
from autograder.files import atomic_write
from autograder.gradebook import Gradebook
from autograder.gradebook.book import NAME
from autograder.intake.find import find
from autograder.intake.read import Reader
from autograder.lock import lock
from autograder.marks import MOST_REASON, Adjustment
from autograder.out_folder import check_class, check_place, make_folders
from autograder.packaging.secret import secret_notices
from autograder.platforms import NAMES
from autograder.report.doctor import assess_layers, build_layers_table
from autograder.report.terminal import console
from autograder.run import STOPPED, GradeOptions, progress_bar, run_grade, warn
from autograder.sandbox import layers
from autograder.sandbox.host import Zygote
from autograder.sandbox.limits import Limits
from autograder.settings import old_names, read_assignment
from autograder.similarity.compare import compare
from autograder.similarity.report import copies_csv, copies_html, suspicious_pairs
from autograder.text import clean


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    commands = parser.add_subparsers(required=True)
    grade = commands.add_parser("grade", help="grade every submission in a folder or a zip")
    grade.add_argument("--jobs", type=count, default=os.cpu_count() or 1)
    grade.add_argument("--accept", type=dangers, default=(), help="protections you accept to grade without")
    grade.add_argument("--gradebook", type=Path, help="also write the scores to this gradebook.db of an nbgrader course")
    grade.add_argument("--roster", type=Path, help="a CSV file of everyone in the course")
    grade.add_argument("--scheduler", default="", help="grade on the workers of this Dask scheduler: tls://host:8786")
    grade.add_argument("--only", default="*", help="grade only students whose names match this pattern")
    grade.add_argument("--force", action="store_true", help="grade again even if nothing has changed")
    grade.set_defaults(run=lambda given: run_grade(read_options(given)))
    copies = commands.add_parser("copies", help="find suspiciously similar submissions")
    for command in (grade, copies):
        command.add_argument("submissions", type=submissions_path)
        command.add_argument("--out", type=folder, default=Path("out"))
        command.add_argument("--other-class", action="store_true", help="write to OUT even if it holds another class")
    copies.set_defaults(run=lambda given: run_copies(given.submissions, given.out, given.other_class))
    add_adjust(commands)
    add_explain(commands)
    doctor = commands.add_parser("doctor", help="list the isolation layers of this machine")
    doctor.set_defaults(run=lambda given: run_doctor())
    builder = commands.add_parser("build", help="build the assignment or a package")
    builder.add_argument("what", choices=[*BUILDERS, *NAMES])
    builder.set_defaults(run=lambda given: run_build(given.what))
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
    adjust.set_defaults(
        run=lambda given: run_adjust(
            given.out, given.student, Adjustment(given.points, given.reason, who=given.who), given.again
        )
    )
    adjustments = commands.add_parser("adjustments", help="list every adjustment: when, who, points, student, reason")
    adjustments.add_argument("--out", type=folder, default=Path("out"))
    adjustments.set_defaults(run=lambda given: run_adjustments(given.out))


def add_explain(commands: Any) -> None:
    """Add the command `explain`."""
    parser = commands.add_parser("explain", help="run one check of one submission again and show what it compared")
    parser.add_argument("student", type=name_or_id)
    parser.add_argument("check", type=name_or_id)
    parser.add_argument("--out", type=folder, default=Path("out"))
    parser.add_argument("--submissions", type=Path)
    parser.add_argument("--accept", type=dangers, default=())
    parser.set_defaults(run=lambda given: run_explain(given.out, given.student, given.check, given.submissions, given.accept))


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


def read_options(given: argparse.Namespace) -> GradeOptions:
    """Return the options of `grade` from the parsed arguments."""
    return GradeOptions(**{field.name: getattr(given, field.name) for field in fields(GradeOptions)})


def run_copies(submissions: Path, out: Path, other_class: bool = False) -> int:
    """Compare all submissions with each other and write copies.html and copies.csv to `out`; scores play no part."""
    check_place(submissions, out)
    assignment = read_assignment()
    files = assignment.graded_files
    found = find(submissions, files)
    warn(*found.remarks)
    make_folders(out)
    with lock(out, "looking for copies", warn), Gradebook(out / NAME, "", warn) as book:
        check_class(out, book, (one.student for one in found.submissions), other_class)
        with Reader(files) as reader, progress_bar(console(stderr=True)) as progress:
            comparison = compare(progress.track(found.submissions, description="Comparing"), reader.read, assignment)
        for name, lines in (("copies.html", [copies_html(comparison)]), ("copies.csv", copies_csv(comparison))):
            with atomic_write(out / name) as file:
                file.writelines(lines)
        book.keep_alike(suspicious_pairs(comparison))
    total, skipped, alike = len(found.submissions), len(comparison.unread), len(comparison.findings)
    print(f"Compared {total} submissions ({skipped} of them skipped); similar pairs: {alike}.")
    print(f"To read: {out / 'copies.html'}   As a spreadsheet: {out / 'copies.csv'}   No score was changed.")
    print(f"The next make grade lists the pairs in {out / 'report.html'}.")
    return 0


def run_build(what: str, out: Path | None = None) -> int:
    """Build the assignment or a package, in its usual folder unless `out` names another, and print where it is."""
    print(build(what, out))
    if what in (*NAMES, "package"):  # these hold the secret
        warn(*secret_notices(), *old_names())
    return 0


def run_doctor() -> int:
    """Print which isolation layers work on this machine; return CALLED_WRONGLY if they are too few to grade with."""
    zygote = Zygote(Limits(accept=tuple(layers.MINIMUM)))
    zygote.close()
    console().print(build_layers_table(zygote.missing))
    print(f"\n{assess_layers(zygote.missing)}")
    return CALLED_WRONGLY if layers.lacking(zygote.layers, ()) else 0
