"""The commands behind the Makefile."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.build import BUILDERS, build
from autograder.course import CourseError, warning
from autograder.handout.regions import BuildError
from autograder.intake import IntakeError, find
from autograder.platforms.nbgrader.gradebook import GradebookError, open_gradebook, record
from autograder.report.doctor import layers_table, verdict
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.table import grades_csv, grades_table
from autograder.results import Result
from autograder.run import grade_all
from autograder.sandbox import layers
from autograder.sandbox.host import Limits, Zygote

GRADER_FAILED, CALLED_WRONGLY, STOPPED = 1, 2, 130


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
    grade.set_defaults(run=lambda given: run_grade(given.submissions, given.out, given.jobs, given.accept, given.gradebook))
    doctor = commands.add_parser("doctor", help="show what holds a submission on this machine")
    doctor.set_defaults(run=lambda given: run_doctor())
    builder = commands.add_parser("build", help="build the assignment or a package")
    builder.add_argument("what", choices=list(BUILDERS))
    builder.set_defaults(run=lambda given: run_build(given.what))
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except (IntakeError, BuildError, CourseError, GradebookError, layers.WeakSandboxError) as error:
        print(error, file=sys.stderr)
        return CALLED_WRONGLY


def named(text: str) -> Path:
    """A path that is not empty: an empty one would mean the folder one stands in."""
    if not text:
        raise argparse.ArgumentTypeError("SUBMISSIONS is empty; it must name a folder or a zip of submissions")
    return Path(text)


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"JOBS must be a whole number from 1; it is {text!r}")
    return int(text)


def dangers(text: str) -> tuple[str, ...]:
    """What a submission need not be kept from."""
    try:
        return layers.named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run_build(what: str) -> int:
    """Build one thing and say where it is."""
    print(build(what))
    if what in ("gradescope", "otter", "nbgrader", "package"):  # these hold the secret
        warn()
    return 0


def warn() -> None:
    """Tell who grades, and no student, where the course has no secret of its own; CourseError where it has none at all."""
    if words := warning():
        print(words, file=sys.stderr)


def run_doctor() -> int:
    """Show which layers are live; CALLED_WRONGLY where they are too few to grade hidden checks."""
    zygote = Zygote(Limits(accept=tuple(layers.MINIMUM)))
    zygote.close()
    Console().print(layers_table(zygote.missing))
    print(f"\n{verdict(zygote.missing)}")
    return CALLED_WRONGLY if layers.lacking(zygote.layers, ()) else 0


def run_grade(submissions: Path, out: Path, jobs: int, accept: tuple[str, ...] = (), gradebook: Path | None = None) -> int:
    """Grade everything, show the progress and the table, and leave the files in `out` and the marks in the gradebook.

    The files and marks of a submission are written as soon as it is graded, and grades.csv also when the run is broken off.
    """
    console = Console(stderr=True)
    taken_in = find(submissions)
    for remark in taken_in.remarks:
        print(remark, file=sys.stderr)
    found = taken_in.waiting
    warn()
    make_folders(out)
    results: list[Result] = []
    try:
        with open_gradebook(gradebook) if gradebook else contextlib.nullcontext() as marks, progress_bar(console) as progress:
            task = progress.add_task("Grading", total=len(found))
            for result in grade_all(found, min(jobs, len(found)), Limits(accept=accept)):
                results.append(result)
                write(out / "results" / f"{result.student}.json", results_json(result))
                write(out / "feedback" / f"{result.student}.html", feedback_html(result))
                if marks and result.status != "error":
                    record(marks, result)
                progress.advance(task)
    except KeyboardInterrupt:
        print(f"Stopped after {len(results)} of {len(found)} submissions; these are in {out}.", file=sys.stderr)
        return STOPPED
    finally:
        results.sort(key=lambda result: result.student)
        if results:
            write(out / "grades.csv", grades_csv(results))
    ran = next((result for result in results if result.layers), None)
    if ran and (accepted := layers.lacking(ran.layers, ())):
        print(f"Nothing here kept these submissions from the grader's {' and '.join(accepted)}: accepted.", file=sys.stderr)
    Console().print(grades_table(results))
    print(f"\nMarks: {out / 'grades.csv'}   Results: {out / 'results'}/   Feedback: {out / 'feedback'}/")
    faults = [result for result in results if result.status == "error"]
    for result in faults:
        kept = f", whose marks in {gradebook} are as they were" if gradebook else ""
        print(f"\nThe grader failed on {result.student}{kept}:\n{result.fault}", file=sys.stderr)
    return GRADER_FAILED if faults else 0


def progress_bar(console: Console) -> Progress:
    """The bar of a run; where nobody watches, nothing is drawn."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def make_folders(out: Path) -> None:
    """Make OUT and the folders in it; IntakeError if that cannot be."""
    try:
        for folder in (out / "results", out / "feedback"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IntakeError(f"OUT={out} cannot be written: {error.strerror}.") from error


def write(path: Path, text: str) -> None:
    """Replace a file in one step, so that whoever reads it finds the old one or the new one."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text, encoding="utf-8", newline="")
    draft.replace(path)
