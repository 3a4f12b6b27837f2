"""What `nbgrader autograde` does with a submission instead of running its notebook: the judge grades its files."""

import contextlib
import html
import textwrap
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.converters import NbGraderException
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade

from autograder.errors import AutograderError
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

MOST_TIMESTAMP = 100  # bytes
STYLE = "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"  # nbgrader's page breaks words


class GraderFaultError(Exception):
    """The grader's own fault, which is no mark: nbgrader notes the student as failed and goes on with the next."""


class FromRelease(NotebookExporter):
    """Reads the released notebook instead of a student's, in which nothing is graded, and holds the judge of a run."""

    parent: Any  # nbgrader's Autograde
    judge: Judge

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.assignment = read_assignment()
        if fnmatch(self.assignment.name, self.parent.coursedir.assignment_id):
            # nbgrader has no hook for the end of a run. Its hooks are for each student, and left out after an error. But a
            # run is this one call of the converter that has just made this exporter.
            self.parent.convert_notebooks = partial(self.run_with_judge, self.parent.convert_notebooks)

    def run_with_judge(self, convert_notebooks: Callable[[], None]) -> None:
        """Convert every notebook of a run with one judge, which ends with the run."""
        try:
            ready = judge()
        except AutograderError as error:
            self.log.error(error)
            raise NbGraderException(str(error)) from error
        with ready as self.judge:
            convert_notebooks()

    def from_filename(self, filename: str, resources: Any = None, **named: Any) -> tuple[NotebookNode, Any]:
        """Return the notebook as nbgrader goes on with it."""
        folders = Folders(self.parent.coursedir, resources["nbgrader"])
        if folders.assignment == self.assignment.name and Path(filename).parent == folders.submitted:
            filename = str(folders.released / Path(filename).name)
        return super().from_filename(filename, resources, **named)


class GradeFiles(Execute):
    """Writes into each graded cell what the student's files earn in its task; notebooks of other assignments are executed."""

    parent: Any  # a FromRelease

    def __call__(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the notebook with its marks. Not `preprocess`, which `nbgrader autograde --no-execute` leaves out."""
        folders = Folders(self.parent.parent.coursedir, resources["nbgrader"])
        if folders.assignment != self.parent.assignment.name:
            return super().__call__(nb, resources)
        submission = read(folders.student, folders.submitted, self.parent.assignment.graded_files)
        result = self.parent.judge.grade(submission)
        if result.status == "error":
            raise GraderFaultError(f"{result.reason}\n{result.fault}")
        mark = mark_of(result, settings=shown_settings())
        folders.keep(submission, mark)
        outputs = graded_outputs(mark.shown)
        for cell in nb.cells:
            if is_grade(cell):
                cell.outputs = [outputs[cell.metadata.nbgrader.grade_id]]
        return nb, resources


class Folders:
    """Where the course keeps what belongs to one submission."""

    def __init__(self, directory: Any, names: dict[str, str]) -> None:
        self.student, self.assignment = names["student"], names["assignment"]
        self.submitted = Path(directory.format_path(directory.submitted_directory, self.student, self.assignment))
        self.autograded = Path(directory.format_path(directory.autograded_directory, self.student, self.assignment))
        self.released = Path(directory.format_path(directory.release_directory, ".", self.assignment))
        # Not below autograded/, from where `nbgrader generate_feedback` copies every file: some words are for the TA alone.
        self.results = Path(directory.format_path("results", self.student, self.assignment))

    def keep(self, submission: Submission, mark: Mark) -> None:
        """Leave the files as they were graded in autograded/, with the time of the hand-in, and every check in results/."""
        for part, source in submission.sources.items():
            (self.autograded / f"{part}.py").write_bytes(source)
        with contextlib.suppress(OSError), open_file(self.submitted / "timestamp.txt") as timestamp:
            (self.autograded / "timestamp.txt").write_bytes(timestamp.read(MOST_TIMESTAMP))
        self.results.mkdir(parents=True, exist_ok=True)
        (self.results / "results.json").write_text(results_json(mark), encoding="utf-8")


def graded_outputs(result: Result) -> dict[str, NotebookNode]:
    """The output of each graded cell: the points, which nbgrader reads, and the checks of the task, which a student reads."""
    by_cell: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        by_cell.setdefault(grade_id(check.part, check.task), []).append(check)
    start = [*write_start(result, result.first_to_fix), *write_warnings(result)]
    return {
        name: new_output("execute_result", {"text/plain": str(float(score)), "text/html": page(by_cell[name], start)})
        for name, score in scores(result).items()
    }


def page(checks: Sequence[CheckResult], start: Sequence[str]) -> str:
    """Return what a student reads of a task, as HTML; a mistake behind several checks is explained at the first of them.

    start says what to fix first, which is told wherever something is to fix.
    """
    said: set[str] = set()
    lines = [*([] if all(check.passed for check in checks) else start), *(told(check, said) for check in checks)]
    return f'<pre style="{STYLE}">{html.escape(chr(10).join(lines))}</pre>'


def told(check: CheckResult, said: set[str]) -> str:
    """A check in a line, and below it why it did not earn all its points, without what was said; adds what it says to that."""
    hidden = " (hidden check)" if check.visibility == "hidden" else ""
    points = f"{format_number(check.score)}/{format_number(check.points)}"
    line = f"{'passed' if check.passed else 'failed'}  {points}  {check.sentence}{hidden}"
    why = [one for one in explain_check(check).splitlines() if one not in said]
    if check.cause in said:
        why.append("This is the mistake explained above.")
    said |= {check.cause, *check.hints}.intersection(why)
    return f"{line}\n{textwrap.indent(chr(10).join(why), ' ' * 8)}".rstrip()
