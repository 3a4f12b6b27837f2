"""`make grade`: from what a TA holds to the files in OUT.

What was graded before with the same checks is taken from the gradebook, the rest is graded, and each result is kept there
before anything else is done with it. The files are made from the gradebook: whenever a run is broken off, the next one goes on.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder.cluster import grade_on_cluster
from autograder.files import atomic_write, read_if_there
from autograder.gradebook import Gradebook, checks_digest, content_digest
from autograder.gradebook.book import NAME
from autograder.gradebook.digest import digest, reports_digest
from autograder.intake.find import IntakeError, find
from autograder.intake.read import Reader, Submission
from autograder.intake.roster import read_roster
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef
from autograder.judge.judge import error_result
from autograder.marks import Mark, describe_unknown_extensions, mark_of
from autograder.platforms.nbgrader.gradebook import open_gradebook, record
from autograder.report.exports import export_sheets
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.overview import Overview
from autograder.report.spreadsheet import csv_lines
from autograder.report.table import Summary, grades_sheet, grades_table
from autograder.report.terminal import console
from autograder.results import Result
from autograder.sandbox import layers
from autograder.sandbox.host import Limits
from autograder.settings import Settings, notices, read_assignment, read_settings
from autograder.workers import grade_all

GRADER_FAILED, STOPPED = 1, 130
PLACES = {
    "The class": "report.html",
    "Its marks": "grades.csv",
    "For each student": "feedback/",
    "For Gradescope": "results/",
    "For spreadsheets of platforms": "exports/",
}


@dataclass(frozen=True)
class GradeOptions:
    """What is to be graded, and how: the settings of `make grade`.

    only is a pattern of names: others are left as they are. With force, what was graded before is graded again. accept names
    what submissions need not be kept from; gradebook is one of nbgrader that the marks are written to as well; scheduler is the
    address of a Dask cluster whose workers grade in place of this machine's.
    """

    submissions: Path
    out: Path = Path("out")
    jobs: int = 1
    accept: tuple[str, ...] = ()
    gradebook: Path | None = None
    roster: Path | None = None
    scheduler: str = ""
    only: str = "*"
    force: bool = False


def run_grade(order: GradeOptions) -> int:
    """Grade what is to be graded, show the progress and the table, and leave the files in OUT; the exit code.

    The files and marks of a submission are written as soon as it is graded, and grades.csv also when the run is broken off.
    """
    limits, settings = Limits(accept=order.accept), read_settings()
    files = read_assignment().graded_files
    found = find(order.submissions, files, settings.late.zone or timezone.utc)
    roster = read_roster(order.roster) if order.roster else None
    if roster:
        found = replace(found, submissions=tuple(map(roster.complete, found.submissions)))
    tell(
        *found.remarks,
        *(roster.format_remarks(found.submissions) if roster else ()),
        describe_unknown_extensions(settings.late, found.submissions),
        *notices(),
    )
    make_folders(order.out, "results", "feedback", "exports")
    with nbgraders(order):  # what is wrong with it is said before anything is graded
        pass
    with Gradebook(order.out / NAME, checks_digest(limits)) as book, Reader(files) as reader:
        run = Run(order, found, settings, book, reader, roster.list_missing(found.submissions) if roster else ())
        try:
            with progress_bar(console(stderr=True)) as progress:
                task = progress.add_task("Grading", total=len(found.submissions))
                for _ in run.results(limits):
                    progress.update(task, completed=run.done)
        except KeyboardInterrupt:
            run.write_all()
            tell(f"Stopped after {run.done} of {len(found.submissions)} submissions; the next make grade goes on from there.")
            return STOPPED
        return say(order, run, run.write_all())


class Run:
    """One run of `make grade`: which submissions are graded, and what becomes of the results."""

    def __init__(
        self,
        order: GradeOptions,
        found: Discovery,
        settings: Settings,
        book: Gradebook,
        reader: Reader,
        absent: Sequence[Person],
    ) -> None:
        self.order, self.found, self.settings, self.book, self.absent = order, found, settings, book, absent
        self.reader = reader
        self.waiting = {one.student: one for one in found.submissions}
        self.assignment = read_assignment()
        self.adjustments = book.adjustments()
        self.contents: dict[str, str] = {}  # the digest of what each student handed in
        self.faults: dict[str, Result] = {}  # where the grader failed; no gradebook keeps these
        self.graded = self.known = self.left_out = 0
        self.reports = reports_digest()

    @property
    def done(self) -> int:
        """How many submissions there is nothing more to be done about."""
        return self.graded + self.known + self.left_out

    def results(self, limits: Limits) -> Iterator[Result]:
        """Yield the result of every submission that is graded in this run, kept and written as soon as it is there."""
        for result in self.grade(limits):
            self.graded += 1
            if result.status == "error":
                self.faults[result.student] = result
            else:
                self.book.keep(self.contents[result.student], result)
            self.write(self.mark(result))
            yield result

    def grade(self, limits: Limits) -> Iterator[Result]:
        """Return the results from the workers of a cluster, or from those of this machine."""
        if self.order.scheduler:
            return grade_on_cluster(self.to_grade(), self.order.scheduler, limits)
        return grade_all(self.to_grade(), min(self.order.jobs, len(self.waiting)), limits)

    def to_grade(self) -> Iterator[Submission]:
        """Yield the submissions that are to be graded, read one after the other."""
        for waiting in self.found.submissions:
            if not fnmatchcase(waiting.student, self.order.only):
                self.left_out += 1
                continue
            submission = self.read(waiting)
            if waiting.student in self.faults:
                self.graded += 1
            elif self.book.has(self.contents[waiting.student]) and not self.order.force:
                self.known += 1
            else:
                yield submission

    def read(self, waiting: SubmissionRef) -> Submission:
        """Return a submission, whose content is noted; what is wrong with the grader costs this one alone."""
        try:
            submission = self.reader.read(waiting)
        except Exception as error:
            self.faults[waiting.student] = error_result(waiting.student, error)
            submission = Submission(waiting.student)
        self.contents[waiting.student] = content_digest(submission)
        return submission

    def result_of(self, waiting: SubmissionRef) -> Result | None:
        """Return the result of a submission, as far as there is one."""
        if waiting.student not in self.contents:  # it is not graded in this run
            self.read(waiting)
        return self.faults.get(waiting.student) or self.book.result(waiting.student, self.contents[waiting.student])

    def mark(self, result: Result) -> Mark:
        """Return what a result comes to."""
        return mark_of(result, self.waiting[result.student], self.settings, self.adjustments.get(result.student, ()))

    def write(self, mark: Mark) -> None:
        """Write the files of a student, unless they are on the disk just as they would be written."""
        student, is_fault = mark.result.student, mark.result.status == "error"
        paths = [self.order.out / "results" / f"{student}.json", self.order.out / "feedback" / f"{student}.html"]
        said = repr((mark.score, mark.said, mark.remarks, mark.hidden_checks))
        parts = {"reports": self.reports, "content": self.contents[student], "checks": self.book.checks, "said": said}
        source = digest(*((name, text.encode()) for name, text in parts.items()))
        if not is_fault and self.book.is_written(student, outputs_digest(source, map(read_if_there, paths))):
            return
        texts = [results_json(mark), feedback_html(mark, figure=self.assignment.figure(mark.shown))]
        for path, text in zip(paths, texts, strict=True):
            with atomic_write(path) as file:
                file.write(text)
        self.book.has_written(student, "" if is_fault else outputs_digest(source, (text.encode() for text in texts)))

    def write_all(self) -> Summary:
        """Write grades.csv, the report, the tables for platforms, and each student's files that are not as they should be."""
        summary, overview, out = Summary(), Overview(), self.order.out
        kind = "" if self.order.roster else self.found.kind  # whose ids people have; those of a roster are an office's
        exports = export_sheets(self.settings.exports, self.assignment.max_score, kind)
        sheets = {"grades.csv": grades_sheet(self.assignment.part_names)} | {
            f"exports/{name.lower()}.csv": sheet for name, sheet in exports.items()
        }
        with contextlib.ExitStack() as stack:
            book = stack.enter_context(nbgraders(self.order))
            tables = [(sheet, stack.enter_context(atomic_write(out / name))) for name, sheet in sheets.items()]
            for sheet, file in tables:
                file.writelines(csv_lines(sheet.head))
            for mark in self.marks():  # one after the other, however many there are
                self.write(mark)
                if book and mark.result.status != "error":
                    record(book, self.assignment, mark.result)
                for sheet, file in tables:
                    file.writelines(csv_lines(sheet.rows([mark], ())))
                summary.add(mark)
                overview.add(mark)
            for sheet, file in tables:
                file.writelines(csv_lines(sheet.rows((), self.absent)))
            stack.enter_context(atomic_write(out / "report.html")).write(overview.html(self.book.alike(), self.absent))
        return summary

    def marks(self) -> Iterator[Mark]:
        """Yield every mark there is, in the order of the names."""
        for waiting in self.found.submissions:
            if result := self.result_of(waiting):
                self.book.is_of(result.student, self.contents[result.student])
                yield self.mark(result)


def outputs_digest(source: str, contents: Iterable[bytes]) -> str:
    """Return the digest of a student's files together with the digest of what they were made from."""
    return digest(("source", source.encode()), *(("content", content) for content in contents))


def nbgraders(order: GradeOptions) -> contextlib.AbstractContextManager[Any]:
    """Return the gradebook of nbgrader that an order names, or None; IntakeError if it cannot be used."""
    return open_gradebook(order.gradebook, read_assignment()) if order.gradebook else contextlib.nullcontext()


def say(order: GradeOptions, run: Run, summary: Summary) -> int:
    """Print what came of a run; the exit code."""
    if summary.layers and (accepted := layers.lacking(summary.layers, ())):
        tell(f"Nothing here kept these submissions from the grader's {' and '.join(accepted)}: accepted.")
    screen = console()
    screen.print(grades_table(summary, screen.width))
    out = order.out
    if run.known:
        print(f"\n{run.known} had been graded before and are in {out / NAME}. FORCE=1 grades them again.")
    if run.left_out:
        print(f"\nONLY={order.only} leaves {run.left_out} as they are.")
    print()
    for what, name in PLACES.items():
        print(f"{what}: {out}/{name}")
    for result in run.faults.values():
        kept = f", whose marks in {order.gradebook} are as they were" if order.gradebook else ""
        tell(f"\nThe grader failed on {result.student}{kept}:\n{result.fault}")
    return GRADER_FAILED if run.faults else 0


def tell(*sentences: str) -> None:
    """Say something to the TA that is no result."""
    screen = console(stderr=True)
    for sentence in filter(None, sentences):
        screen.print(Text(sentence, style="yellow"), soft_wrap=not screen.is_terminal)  # a pipe has no width


class Rate(ProgressColumn):
    """How many submissions are graded in a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, once there is one."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def progress_bar(screen: Console) -> Progress:
    """Return the bar of a run; where nobody watches, nothing is drawn."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)


def make_folders(out: Path, *names: str) -> None:
    """Make OUT and these folders in it; IntakeError if that cannot be."""
    try:
        for folder in [out / name for name in names] or [out]:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IntakeError(f"OUT={out} cannot be written: {error.strerror}.") from error
