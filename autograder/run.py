"""`make grade`: grade the submissions and write the files in OUT.

Results that the gradebook already has for the same checks are reused. All other submissions are graded, and each new result is
saved in the gradebook first. The files are written from the gradebook, so an interrupted run can be resumed at any point.

What grades, renders pages or talks to other programs is imported where it is used, because a class that is already graded
needs none of it.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timezone
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice
from pathlib import Path

from autograder.errors import STOPPED
from autograder.files import atomic_write, read_if_there
from autograder.gradebook import Gradebook, checks_digest, content_digest, people
from autograder.gradebook.book import NAME
from autograder.gradebook.digest import digest, reports_digest
from autograder.intake.entries import make_printable
from autograder.intake.find import PLAIN, IntakeError, find
from autograder.intake.read import Reader, Submission
from autograder.intake.remarks import count_noun
from autograder.intake.roster import Roster, format_person, read_roster
from autograder.intake.submission_ref import Discovery, SubmissionRef
from autograder.lock import lock
from autograder.marks import Mark, describe_drop, describe_unknown_extensions, describe_unknown_times, mark_of
from autograder.out_folder import FOLDERS, check_class, check_place, clear_drafts, make_folders, set_aside
from autograder.report.needs import Need, write_needs
from autograder.report.outputs import Outputs, plan_outputs
from autograder.report.overview import Overview
from autograder.report.table import Summary, grades_table
from autograder.report.terminal import console, warn
from autograder.report.words import join_titles
from autograder.results import Result
from autograder.sandbox import layers
from autograder.sandbox.limits import Limits
from autograder.settings import Settings, notices, read_assignment, read_settings

GRADER_FAILED = 1
PLACES = {
    "Class report": "report.html",
    "Scores": "grades.csv",
    "Feedback for each student": "feedback/",
    "For Gradescope": "results/",
    "To upload or mail": "exports/",
}


@dataclass(frozen=True)
class GradeOptions:
    """The options of `make grade`.

    only is a pattern of names; all other students keep their results. force grades every submission again. accept names the
    protections that may be missing. gradebook is an nbgrader gradebook that also gets the scores. scheduler is the address of a
    Dask scheduler whose workers grade instead of this machine's. other_class allows an OUT that holds another class.
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
    other_class: bool = False


def run_grade(order: GradeOptions) -> int:
    """Grade the submissions, show the progress and a table of scores, and write the files in OUT; return the exit code.

    A student's files are written as soon as the submission is graded, and grades.csv even if the run is interrupted.
    """
    access = ""
    if order.scheduler:
        from autograder.cluster_access import warn_of_access

        access = warn_of_access(order.scheduler)
    check_place(order.submissions, order.out)
    limits, settings = Limits(accept=order.accept), read_settings()
    files = read_assignment().graded_files
    found = find(order.submissions, files, settings.late.zone or timezone.utc)
    roster = read_roster(order.roster) if order.roster else None
    if roster:
        found = replace(found, submissions=tuple(map(roster.complete, found.submissions)))
    check_only(order.only, found.submissions)
    outputs = plan_outputs(found, roster, settings.exports, read_assignment())
    remarks = [
        *outputs.remarks,
        describe_unknown_extensions(settings.late, found.submissions),
        describe_unknown_times(settings.late, found.submissions),
        describe_drop(settings.drop, read_assignment()),
    ]
    warn(*found.remarks, *(roster.format_remarks(found.submissions) if roster else ()), *remarks, *notices(), access)
    make_folders(order.out, *FOLDERS)
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock(order.out, "grading", warn))
        clear_drafts(order.out)
        with open_nbgrader(order):  # report an unusable gradebook before anything is graded
            pass
        book = stack.enter_context(Gradebook(order.out / NAME, checks_digest(limits), warn))
        check_class(order.out, book, (one.student for one in found.submissions), order.other_class)
        reader = stack.enter_context(Reader(files))
        run = Run(order, found, settings, book, reader, outputs, roster)
        try:
            with show_progress(len(found.submissions)) as show:
                for _ in run.results(limits):
                    show(run.done)
        except KeyboardInterrupt:
            run.write_all()
            warn(f"Stopped after {run.done} of {len(found.submissions)} submissions; the next make grade resumes from there.")
            return STOPPED
        summary, needs = run.write_all()
        print_summary(order, run, summary)
        print("", *write_needs(needs, [*found.remarks[found.kind != PLAIN :], *remarks]), sep="\n")
        return GRADER_FAILED if run.faults else 0


def check_only(only: str, refs: Sequence[SubmissionRef]) -> None:
    """Raise IntakeError if the pattern of ONLY matches no submission."""
    names = [ref.student for ref in refs]
    if any(fnmatchcase(name, only) for name in names):
        return
    near = ", ".join(people.nearest(only.strip("*"), names) or [make_printable(name, 100) for name in names[:3]])
    shown, count = make_printable(only, 100), count_noun(len(names), "submission")
    raise IntakeError(
        f'ONLY="{shown}" matches none of {count}. It is compared with the names in the first column of grades.csv, such as '
        f"{near}; an asterisk matches any text."
    )


def list_needs(run: "Run") -> Iterator[Need]:
    """Yield what a run needs from the TA because of its roster and of adjustments."""
    if roster := run.roster:
        unknown = roster.list_unknown(run.found.submissions)
        yield Need("Submitted, but not on the roster", len(unknown), unknown, "Find out who they are.")
        twice = [format_person(person) for person in roster.list_repeated(run.found.submissions)]
        yield Need("More than one submission for one person", len(twice), twice, "Remove those that do not count.")
        absent = [format_person(person) for person in run.outputs.absent]
        what, todo = "On the roster, but submitted nothing", "Their rows in exports/ have no score."
        yield Need(what, len(absent), absent, todo, is_decision=False)
    gone = sorted(run.adjustments.keys() - run.waiting.keys())
    yield Need("Adjusted by hand, but not in this class", len(gone), gone, "`make adjustments` lists them.")


class Run:
    """One run of `make grade`: select the submissions to grade, save their results and write the files."""

    def __init__(
        self,
        order: GradeOptions,
        found: Discovery,
        settings: Settings,
        book: Gradebook,
        reader: Reader,
        outputs: Outputs,
        roster: Roster | None,
    ) -> None:
        self.order, self.found, self.settings, self.book, self.outputs = order, found, settings, book, outputs
        self.reader, self.roster = reader, roster
        self.waiting = {one.student: one for one in found.submissions}
        self.assignment = read_assignment()
        self.adjustments = book.adjustments()
        self.contents: dict[str, str] = {}  # student -> digest of the submitted files
        self.faults: dict[str, Result] = {}  # student -> a failure of the grader; these are never saved in the gradebook
        self.graded = self.known = self.left_out = 0
        self.reports = reports_digest()

    @property
    def done(self) -> int:
        """The number of submissions that are finished."""
        return self.graded + self.known + self.left_out

    def results(self, limits: Limits) -> Iterator[Result]:
        """Yield the result of every submission graded in this run, after saving it and writing the student's files."""
        for result in self.grade(limits):
            self.graded += 1
            if result.status == "error":
                self.faults[result.student] = result
            else:
                self.book.keep(self.contents[result.student], result)
            self.write(self.mark(result))
            yield result

    def grade(self, limits: Limits) -> Iterator[Result]:
        """Grade on the workers of the cluster, or else on those of this machine, and return the results."""
        if self.order.scheduler:
            from autograder.cluster import grade_on_cluster

            return grade_on_cluster(self.to_grade(), self.order.scheduler, limits)
        coming = self.to_grade()
        if not (first := [*islice(coming, 1)]):
            return iter(())
        from autograder.workers import grade_all

        return grade_all(chain(first, coming), min(self.order.jobs, len(self.waiting)), limits)

    def to_grade(self) -> Iterator[Submission]:
        """Yield the submissions to grade, reading one at a time."""
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
        """Read a submission and record the digest of its content; a failure of the grader affects only this submission."""
        try:
            submission = self.reader.read(waiting)
        except Exception as error:
            from autograder.judge.records import error_result

            self.faults[waiting.student] = error_result(waiting.student, error)
            submission = Submission(waiting.student)
        self.contents[waiting.student] = content_digest(submission)
        return submission

    def result_of(self, waiting: SubmissionRef) -> Result | None:
        """Return the result of a submission, or None if it has not been graded."""
        if waiting.student not in self.contents:  # it was left out of this run
            self.read(waiting)
        return self.faults.get(waiting.student) or self.book.result(waiting.student, self.contents[waiting.student])

    def mark(self, result: Result) -> Mark:
        """Return the final score of a result, with the course's rules and adjustments applied."""
        return mark_of(result, self.waiting[result.student], self.settings, self.adjustments.get(result.student, ()))

    def write(self, mark: Mark) -> None:
        """Write a student's files."""
        student = mark.result.student
        said = repr(
            (mark.score, mark.said, mark.remarks, mark.hidden_checks, mark.date, self.assignment.title, self.settings.course)
        )
        source = self.digest_source(content=self.contents[student], checks=self.book.checks, said=said)
        paths = (f"results/{student}.json", f"feedback/{student}.html")
        self.write_files(student, source if mark.result.status != "error" else "", paths, partial(self.render, mark))

    def render(self, mark: Mark) -> Sequence[str]:
        """Return the texts of a student's files."""
        from autograder.report.feedback import feedback_html
        from autograder.report.gradescope import results_json

        figure = self.assignment.figure(mark.shown)
        return results_json(mark), feedback_html(mark, figure, self.assignment, self.settings.course)

    def digest_source(self, **parts: str) -> str:
        """Return the digest of what files are written from: these parts, and the code that writes them."""
        return digest(*((name, text.encode()) for name, text in {"reports": self.reports, **parts}.items()))

    def write_files(self, student: str, source: str, names: Sequence[str], render: Callable[[], Sequence[str]]) -> None:
        """Write a student's files, or those of the class if student is "", unless they were written from the same source.

        Files without a source are always written. A file that was changed since is written again.
        """
        paths = [self.order.out / name for name in names]
        if source and self.book.is_written(student, outputs_digest(source, map(read_if_there, paths))):
            return
        texts = render()
        for path, text in zip(paths, texts, strict=True):
            with atomic_write(path) as file:
                file.write(text)
        self.book.has_written(student, outputs_digest(source, (text.encode() for text in texts)) if source else "")

    def write_all(self) -> tuple[Summary, list[Need]]:
        """Write grades.csv, the report, the tables for platforms, and every student's file that is missing or outdated.

        Return what the terminal shows of the class, and what needs the TA's attention.
        """
        overview = Overview(title=join_titles(self.settings.course.name, self.assignment.title), due=self.settings.late.due)
        summary, out, alike = Summary(), self.order.out, self.book.alike()
        warn(*set_aside(out, self.book, self.waiting))
        self.book.keep_class(self.found.submissions, self.outputs.absent)
        with contextlib.ExitStack() as stack:
            record = stack.enter_context(open_nbgrader(self.order))
            add = stack.enter_context(self.outputs.open(out))
            for mark in self.marks():  # one at a time, so that memory does not grow with the class
                self.write(mark)
                if mark.result.status != "error":
                    record(mark.result)
                add(mark)
                summary.add(mark)
                overview.add(mark)
            others = [*list_needs(self)]
            source = self.digest_source(shown=repr((vars(overview), alike, others)))
            self.write_files("", source, ["report.html"], lambda: [overview.html(alike, others)])
        return summary, overview.list_needs(alike, others)

    def marks(self) -> Iterator[Mark]:
        """Yield the mark of every submission that has a result, in name order."""
        for waiting in self.found.submissions:
            if result := self.result_of(waiting):
                self.book.is_of(result.student, self.contents[result.student])
                yield self.mark(result)


def outputs_digest(source: str, contents: Iterable[bytes]) -> str:
    """Return one digest of a student's files and of the data they were written from."""
    return digest(("source", source.encode()), *(("content", content) for content in contents))


@contextlib.contextmanager
def open_nbgrader(order: GradeOptions) -> Iterator[Callable[[Result], object]]:
    """Yield what records a result in the nbgrader gradebook that the options name; raise GradebookError if it is unusable."""
    if not order.gradebook:
        yield lambda result: None
        return
    from autograder.platforms.nbgrader.gradebook import open_gradebook, record

    assignment = read_assignment()
    with open_gradebook(order.gradebook, assignment) as book:
        yield partial(record, book, assignment)


def print_summary(order: GradeOptions, run: Run, summary: Summary) -> None:
    """Print the table of scores, failures of the grader, and where the files are."""
    if summary.layers and (accepted := layers.lacking(summary.layers, ())):
        warn(f"As you accepted, nothing protected the grader's {' and '.join(accepted)} from these submissions.")
    screen = console()
    screen.print(grades_table(summary, screen.width))
    out = order.out
    for result in run.faults.values():
        kept = f" (their scores in {order.gradebook} are unchanged)" if order.gradebook else ""
        warn(f"\nThe grader failed on {result.student}{kept}:\n{result.fault}")
    if run.known:
        known = "1 was" if run.known == 1 else f"{run.known} were"
        print(f"\n{known} already graded; the results are in {out / NAME}. FORCE=1 grades again.")
    if run.left_out:
        print(f"\nONLY={order.only} left out {run.left_out}; their results are unchanged.")
    print()
    for what, name in PLACES.items():
        print(f"{what}: {out}/{name}")


@contextlib.contextmanager
def show_progress(total: int) -> Iterator[Callable[[int], object]]:
    """Yield what moves the progress bar to a number of submissions; there is no bar unless standard error is a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda done: None
        return
    from autograder.report.progress import progress_bar

    with progress_bar(screen) as progress:
        task = progress.add_task("Grading", total=total)
        yield lambda done: progress.update(task, completed=done)
