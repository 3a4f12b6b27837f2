"""The commands behind the Makefile."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from autograder.build import BUILDERS, build
from autograder.errors import CALLED_WRONGLY, AutograderError
from autograder.files import atomic_write
from autograder.gradebook import Gradebook, GradebookError
from autograder.gradebook.book import NAME
from autograder.intake.find import find
from autograder.intake.read import Reader
from autograder.marks import MOST_REASON, Adjustment
from autograder.platforms import NAMES
from autograder.report.doctor import assess_layers, build_layers_table
from autograder.report.terminal import console
from autograder.run import STOPPED, GradeOptions, make_folders, progress_bar, run_grade, tell
from autograder.sandbox import layers
from autograder.sandbox.host import Limits, Zygote
from autograder.settings import notices, read_assignment
from autograder.similarity.compare import compare
from autograder.similarity.report import copies_csv, copies_html, suspicious_pairs
from autograder.text import clean


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    commands = parser.add_subparsers(required=True)
    grade = commands.add_parser("grade", help="grade every submission in a folder or a zip")
    grade.add_argument("submissions", type=named)
    grade.add_argument("--out", type=Path, default=Path("out"))
    grade.add_argument("--jobs", type=count, default=os.cpu_count() or 1)
    grade.add_argument("--accept", type=dangers, default=(), help="what submissions need not be kept from, by name")
    grade.add_argument("--gradebook", type=Path, help="an nbgrader gradebook.db that the marks are written to as well")
    grade.add_argument("--roster", type=Path, help="a CSV file of the people of the course")
    grade.add_argument("--scheduler", default="", help="the address of a Dask scheduler whose workers are to grade")
    grade.add_argument("--only", default="*", help="a pattern of names; the others are left as they are")
    grade.add_argument("--force", action="store_true", help="grade again what was graded before")
    grade.set_defaults(run=lambda given: run_grade(order(given)))
    copies = commands.add_parser("copies", help="find suspiciously similar submissions")
    copies.add_argument("submissions", type=named)
    copies.add_argument("--out", type=Path, default=Path("out"))
    copies.set_defaults(run=lambda given: run_copies(given.submissions, given.out))
    adjust = commands.add_parser("adjust", help="add points to a score by hand, or take some away, with a reason")
    adjust.add_argument("student")
    adjust.add_argument("--points", type=points, required=True)
    adjust.add_argument("--reason", type=reason, required=True)
    adjust.add_argument("--out", type=Path, default=Path("out"))
    adjust.set_defaults(run=lambda given: run_adjust(given.out, given.student, given.points, given.reason))
    doctor = commands.add_parser("doctor", help="show what holds a submission on this machine")
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


def named(text: str) -> Path:
    """Return a path that is not empty: an empty one would mean the folder one stands in."""
    if not text:
        raise argparse.ArgumentTypeError("SUBMISSIONS is empty; it must name a folder or a zip of submissions")
    return Path(text)


def count(text: str) -> int:
    """Return a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"JOBS must be a whole number from 1; it is {text!r}")
    return int(text)


def dangers(text: str) -> tuple[str, ...]:
    """Return what a submission need not be kept from."""
    try:
        return layers.parse_dangers(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def points(text: str) -> float:
    """Return a number of points to two places."""
    if not re.fullmatch(r"[+-]?\d{1,4}(\.\d{1,2})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"POINTS must be a number such as 2, -5 or +0.5; it is {text!r}")
    return float(text)


def reason(text: str) -> str:
    """Return a sentence."""
    if not text.strip():
        raise argparse.ArgumentTypeError("REASON is empty; the student and the next TA will read it")
    return clean(" ".join(text.split()), MOST_REASON)


def order(given: argparse.Namespace) -> GradeOptions:
    """Return what `grade` is asked for."""
    return GradeOptions(**{field.name: getattr(given, field.name) for field in fields(GradeOptions)})


def run_adjust(out: Path, student: str, added: float, why: str) -> int:
    """Keep what a TA decided about a score; the next run writes it into the files."""
    if not (out / NAME).is_file():
        raise GradebookError(f"There is no {out / NAME}: OUT must name what make grade has written to.")
    with Gradebook(out / NAME, "") as book:
        if student not in book.students():
            raise GradebookError(f"{student} is nobody in {out / NAME}; its names are those of {out / 'grades.csv'}.")
        book.adjust(student, Adjustment(added, why))
    print(f"{student}: {added:+g} ({why}). The next make grade writes it into {out / 'grades.csv'} and the feedback.")
    return 0


def run_copies(submissions: Path, out: Path) -> int:
    """Compare all submissions with each other, and leave copies.html and copies.csv in `out`; no mark is looked at."""
    assignment = read_assignment()
    files = assignment.graded_files
    found = find(submissions, files)
    tell(*found.remarks)
    make_folders(out)
    with Reader(files) as reader, progress_bar(console(stderr=True)) as progress:
        comparison = compare(progress.track(found.submissions, description="Comparing"), reader.read, assignment)
    for name, lines in (("copies.html", [copies_html(comparison)]), ("copies.csv", copies_csv(comparison))):
        with atomic_write(out / name) as file:
            file.writelines(lines)
    with Gradebook(out / NAME, "") as book:
        book.keep_alike(suspicious_pairs(comparison))
    total, skipped, alike = len(found.submissions), len(comparison.unread), len(comparison.findings)
    print(f"{total} submissions, {skipped} of them skipped; {alike} pairs are alike.")
    print(f"For your eyes: {out / 'copies.html'}   For a spreadsheet: {out / 'copies.csv'}   No mark was changed.")
    print(f"The next make grade lists the pairs in {out / 'report.html'}.")
    return 0


def run_build(what: str, out: Path | None = None) -> int:
    """Build one thing, in its usual place if `out` names none, and say where it is."""
    print(build(what, out))
    if what in (*NAMES, "package"):  # these hold the secret
        tell(*notices())
    return 0


def run_doctor() -> int:
    """Show which layers are live; CALLED_WRONGLY where they are too few to grade hidden checks."""
    zygote = Zygote(Limits(accept=tuple(layers.MINIMUM)))
    zygote.close()
    console().print(build_layers_table(zygote.missing))
    print(f"\n{assess_layers(zygote.missing)}")
    return CALLED_WRONGLY if layers.lacking(zygote.layers, ()) else 0
