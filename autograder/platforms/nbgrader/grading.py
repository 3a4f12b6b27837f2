"""Have the judge grade a submission's files in `nbgrader autograde`, instead of running its notebook."""

import html
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.converters import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, parse_utc

from autograder.errors import AutograderError
from autograder.files import atomic_write, make_private_folder
from autograder.intake.folders import open_file
from autograder.intake.read import Submission, read
from autograder.judge.judge import Judge
from autograder.marks import Mark, mark_of
from autograder.platforms.apart import judge, shown_settings
from autograder.platforms.nbgrader import grade_id, scores
from autograder.report.gradescope import results_json
from autograder.report.words import explain_check, write_start, write_warnings
from autograder.results import CheckResult, Result
from autograder.settings import read_assignment
from autograder.text import format_number

TIMESTAMP, MAX_TIMESTAMP = "timestamp.txt", 100  # bytes
STYLE = "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"  # nbgrader's page breaks words


class GraderFaultError(Exception):
    """The grader itself failed, so there is no score: nbgrader reports the student as failed and continues with the next."""


class FromRelease(NotebookExporter):
    """Reads the released notebook instead of the student's, which is not graded, and holds the judge of a run."""

    parent: Any  # nbgrader's Autograde
    judge: Judge

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.assignment = read_assignment()
        if fnmatch(self.assignment.name, self.parent.coursedir.assignment_id):
            # nbgrader has no hook for the end of a run, only hooks for each student, which it skips after an error. But a run
            # is a single call of this method on the converter that has just created this exporter.
            self.parent.convert_notebooks = partial(self.run_with_judge, self.parent.convert_notebooks)
            self.parent.coursedir.get_existing_timestamp = self.read_time
            self.leave_out_patterns(self.parent.assignments)
            self.untimed: set[Path] = set()  # submissions with unreadable times, which nbgrader reads more than once

    def run_with_judge(self, convert_notebooks: Callable[[], None]) -> None:
        """Convert every notebook of a run with one judge, and close it at the end."""
        try:
            ready = judge()
        except AutograderError as error:
            self.log.error(error)
            raise NbGraderException(str(error)) from error
        with ready as self.judge:
            convert_notebooks()

    def leave_out_patterns(self, assignments: dict[str, list[str]]) -> None:
        """Skip submissions whose names nbgrader treats as patterns, which may end the run or match another student's files."""
        for folder in [place for place in assignments if set("*?[\n").intersection(Path(place).parent.name)]:
            del assignments[folder]
            self.log.error(
                "The submission %r is not graded: nbgrader cannot read a folder with *, ?, [ or a line break in its name. "
                "Rename the folder, and run the command again.",
                Path(folder).parent.name,
            )

    def read_time(self, place: str) -> datetime | None:
        """Return the time of a submission, None if it is not known.

        nbgrader itself follows links, and stops the whole run at an invalid timestamp.txt. Here, that only logs a warning.
        """
        folder = Path(place)
        if folder.name != self.assignment.name:
            return CourseDirectory.get_existing_timestamp(self.parent.coursedir, place)
        try:
            text = read_timestamp(folder)
            return parse_utc(text) if text else None
        except (OSError, ValueError, OverflowError):
            if folder not in self.untimed:
                self.log.warning(
                    "%s holds no valid time, so it is unknown when %s submitted and whether that was late. "
                    "Correct it, and run the command again with --force.",
                    folder / TIMESTAMP,
                    folder.parent.name,
                )
            self.untimed.add(folder)
            return None

    def from_filename(self, filename: str, resources: Any = None, **named: Any) -> tuple[NotebookNode, Any]:
        """Return the notebook for nbgrader to process: the released one for submissions to the assignment."""
        folders = Folders(self.parent.coursedir, resources["nbgrader"])
        if folders.assignment == self.assignment.name and Path(filename).parent == folders.submitted:
            filename = str(folders.released / Path(filename).name)
        return super().from_filename(filename, resources, **named)


class GradeFiles(Execute):
    """Writes the score of each task into its graded cell; notebooks of other assignments are executed as usual."""

    parent: Any  # a FromRelease

    def __call__(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the notebook with its scores. This is not `preprocess`, which `nbgrader autograde --no-execute` skips."""
        folders = Folders(self.parent.parent.coursedir, resources["nbgrader"])
        if folders.assignment != self.parent.assignment.name:
            return super().__call__(nb, resources)
        submission = read(folders.student, folders.submitted, self.parent.assignment.graded_files)
        result = self.parent.judge.grade(submission)
        if result.status == "error":
            raise GraderFaultError(f"{result.reason}\n{result.fault}")
        mark = mark_of(result, settings=shown_settings())
        folders.keep(submission, mark, folders.submitted not in self.parent.untimed)
        outputs = graded_outputs(mark.shown)
        for cell in nb.cells:
            if is_grade(cell):
                cell.outputs = [outputs[cell.metadata.nbgrader.grade_id]]
        return nb, resources


class Folders:
    """The folders of a course that belong to one submission."""

    def __init__(self, directory: Any, names: dict[str, str]) -> None:
        self.student, self.assignment = names["student"], names["assignment"]
        self.submitted = Path(directory.format_path(directory.submitted_directory, self.student, self.assignment))
        self.autograded = Path(directory.format_path(directory.autograded_directory, self.student, self.assignment))
        self.released = Path(directory.format_path(directory.release_directory, ".", self.assignment))
        # Not in autograded/: `nbgrader generate_feedback` copies every file there to students, and some notes are for the TA.
        self.results = Path(directory.format_path("results", self.student, self.assignment))

    def keep(self, submission: Submission, mark: Mark, has_time: bool) -> None:
        """Write the graded files and the time, if known, to autograded/, and results.json with every check to results/."""
        for part, source in submission.sources.items():
            (self.autograded / f"{part}.py").write_bytes(source)
        if has_time and (timestamp := read_timestamp(self.submitted)):
            (self.autograded / TIMESTAMP).write_text(timestamp, encoding="utf-8")
        make_private_folder(self.results)
        with atomic_write(self.results / "results.json") as file:
            file.write(results_json(mark))


def read_timestamp(folder: Path) -> str:
    """Return the text of timestamp.txt, "" if it is missing; raise OSError if it is not a file, ValueError if not text."""
    try:
        with open_file(folder / TIMESTAMP) as file:
            return file.read(MAX_TIMESTAMP).decode("utf-8-sig").strip()
    except FileNotFoundError:
        return ""


def graded_outputs(result: Result) -> dict[str, NotebookNode]:
    """Return the output of each graded cell: the points for nbgrader, and the checks of the task for the student."""
    by_cell: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        by_cell.setdefault(grade_id(check.part, check.task), []).append(check)
    start = [*write_start(result, result.first_to_fix), *write_warnings(result)]
    return {
        name: new_output("execute_result", {"text/plain": str(float(score)), "text/html": page(by_cell[name], start)})
        for name, score in scores(result).items()
    }


def page(checks: Sequence[CheckResult], start: Sequence[str]) -> str:
    """Return the feedback on a task as HTML; a mistake behind several checks is explained only once.

    start says what to fix first; it is shown in every task with a failed check.
    """
    said: set[str] = set()
    lines = [*([] if all(check.passed for check in checks) else start), *(write_check(check, said) for check in checks)]
    return f'<pre style="{STYLE}">{html.escape(chr(10).join(lines))}</pre>'


def write_check(check: CheckResult, said: set[str]) -> str:
    """Return a check on one line, and below it why it lost points, leaving out what is in `said`; add to `said`."""
    hidden = " (hidden check)" if check.visibility == "hidden" else ""
    points = f"{format_number(check.score)}/{format_number(check.points)}"
    line = f"{'passed' if check.passed else 'failed'}  {points}  {check.sentence}{hidden}"
    is_repeated = check.cause in said
    why = [one for one in explain_check(replace(check, code=()) if is_repeated else check).splitlines() if one not in said]
    if is_repeated:
        why.append("This is the mistake explained above.")
    said |= {check.cause, *check.hints}.intersection(why)
    return f"{line}\n{textwrap.indent(chr(10).join(why), ' ' * 8)}".rstrip()
