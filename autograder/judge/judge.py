"""Runs every check on one submission after the other and writes down what came of it.

A check that fails by CheckFailure or StudentError is for the student to fix, and so is a value so odd that a check stumbles
over it; the TA is told of that. Any other exception is the grader's own fault: the check counts as not checked, and the whole
result as an error that a TA has to look at.
"""

import ast
import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import TypeVar

import numpy as np

from autograder.assignment import Assignment, Credit, Inspection
from autograder.checking import Check, CheckFailure, StudentError
from autograder.intake.read import Submission
from autograder.judge import compared
from autograder.judge.loading import Loading, OpenSession
from autograder.results import Cause, CheckResult, Result, Step
from autograder.sandbox.conversation import Printed
from autograder.sandbox.host import Limits
from autograder.sandbox.scheduler import interleave
from autograder.sandbox.session import Sandbox, Session
from autograder.settings import read_assignment, read_secret
from autograder.skipped import Skipped
from autograder.text import clean

MAX_TEXT = 1_000  # characters of what a student is told about one check
MAX_FAULT = 5_000  # characters of a traceback of the grader's own
# What Python and numpy raise about a value of another kind or shape than the code expects.
ODD_VALUE = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)

SANDBOX = Sandbox.__module__.rpartition(".")[0]

T = TypeVar("T")


def starter_messages(assignment: Assignment) -> frozenset[str]:
    """Return what the functions of the starter code raise as long as nothing is written in them."""
    trees = [ast.parse((assignment.starter / f"{part}.py").read_text()) for part in assignment.part_names]
    raised = [node.exc for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    words = [argument for call in raised if isinstance(call, ast.Call) for argument in call.args]
    return frozenset(word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str))


class Judge:
    """A sandbox and the checks of an assignment, ready for submissions; use as a context manager.

    The assignment and the secret behind its hidden checks are the course's, unless others are given.
    """

    def __init__(self, limits: Limits = Limits(), assignment: Assignment | None = None, secret: bytes = b"") -> None:
        self.assignment = assignment or read_assignment()
        self.secret = secret or read_secret().encode()
        self.checks = self.assignment.checks(self.secret)
        self.messages = starter_messages(self.assignment)
        needed = dict.fromkeys(need for part in self.assignment.parts for need in part.needs)
        self.stand_ins = {name: (self.assignment.starter / f"{name}.py").read_bytes() for name in needed}
        self.sandbox = Sandbox(limits)  # last, so that nothing is left running if one of the others fails

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.close()

    def grade(self, submission: Submission) -> Result:
        """Return the result of one submission; a fault of the grader itself is a result too, with the status "error"."""
        if not submission.sources:
            return invalid_result(submission, self.checks)
        self.sandbox.restart_if_dead()
        with self.begin(submission) as grading:
            # Before any hidden check, so that nothing a public one shows, its points included, can hold what is hidden: with
            # the first hidden one the submission has what it must not tell, and from then on its words are redacted.
            found = grading.outcomes([check for check in self.checks if check.visibility == "public"])
            steps = grading.steps()
            credited = grading.inspected()
            found |= grading.outcomes([check for check in self.checks if check.visibility != "public"])
            causes = grading.causes()
        failed, printed = bool(grading.faults), grading.printed()
        checks = tuple(grading.finished(check, found[check], causes, credited) for check in self.checks)
        return Result(
            student=submission.student,
            status="error" if failed else "graded",
            checks=checks,
            reason="the grader itself failed on this submission; its traceback is in the terminal" if failed else "",
            notes=tuple(clean(note, MAX_TEXT) for note in grading.files.notes),
            warnings=tuple(clean(warning, MAX_TEXT) for warning in grading.files.warnings),
            causes=grading.without_starter_code(causes, checks),
            steps=steps,
            printed=(clean(printed.output, MAX_TEXT), clean(printed.errors, MAX_TEXT)),
            layers=self.sandbox.zygote.layers,
            remarks=(*(credit.remark for credit in credited.values() if credit.remark), *grading.remarks()),
            fault=next(iter(grading.faults), grading.diagnosis_fault),
        )

    @contextlib.contextmanager
    def begin(self, submission: Submission) -> Iterator["Grading"]:
        """Yield a submission whose files are loaded, for as long as it is graded."""
        with contextlib.ExitStack() as stack:
            open_session = partial(self.sandbox.session, prompts=self.messages)

            def enter_session(sources: Mapping[str, bytes], skipped: Sequence[Skipped]) -> Session:
                return stack.enter_context(open_session(sources, skipped=skipped))

            grading = Grading(self, submission, enter_session)
            grading.load()
            yield grading


class Grading:
    """One submission while it is graded: its sessions, what it printed, and the grader's own faults."""

    def __init__(self, judge: Judge, submission: Submission, open_session: OpenSession) -> None:
        self.judge, self.assignment = judge, judge.assignment
        self.files = Loading(judge.assignment, submission, judge.stand_ins, open_session)
        self.heard: dict[str, Printed] = {}  # in the public checks, by their names
        self.faults: list[str] = []
        self.diagnosis_fault = ""
        self.stumbles: dict[str, str] = {}  # remarks on checks that an odd value has ended, by their names
        self.failures: dict[str, dict[str, Exception]] = {}  # by part, then by the name of the check

    def load(self) -> None:
        """Load the files of the submission; what is the grader's own fault is noted."""
        try:
            self.files.load()
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))

    def printed(self) -> Printed:
        """Return what the submission printed when it was loaded and in the public checks."""
        heard = [self.heard[check.name] for check in self.judge.checks if check.name in self.heard]
        return reduce(lambda before, after: before.and_then(*after), heard, self.files.printed)

    def interleave(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Return what each function returns; they may use both sessions."""
        files = self.files
        return interleave([*dict.fromkeys((files.session, files.dependent_session, files.fallback_session))], tasks)

    def outcomes(self, checks: Sequence[Check]) -> dict[Check, CheckResult]:
        """Return the records of some checks."""
        records = self.interleave([partial(self.outcome, check) for check in checks])
        return dict(zip(checks, records, strict=True))

    def outcome(self, check: Check) -> CheckResult:
        """Return the record of one check; what is the grader's own fault is noted."""
        if problem := self.files.problems.get(check.part):
            return self.blocked(check, problem)
        if problem := self.files.name_problem(check):
            return record(check, False, got=problem)
        try:
            failure = self.failure(check)
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))
            return record(check, None, got="The grader could not carry out this check; this is not your fault.")
        if failure is None:
            return record(check, True)
        if self.files.is_by_starter(failure):
            return self.blocked(check, self.files.not_checked)
        self.failures.setdefault(check.part, {})[check.name] = failure
        if isinstance(failure, StudentError):
            return with_share(record(check, False, got=str(failure), detail=failure.detail), failure.share)
        found = with_share(record(check, False, got=describe_failure(failure, check), key=failure.key), failure.share)
        return replace(found, comparison=compared.of_failure(failure)) if check.visibility == "public" else found

    def failure(self, check: Check) -> CheckFailure | StudentError | None:
        """Return what the student has to fix by one check; None if that is in a file that its part needs, graded itself."""
        student = self.files.session_of(check.part)
        failure = self.run(check, student)
        if check.visibility == "public":
            self.heard[check.name] = student.printed
        may_follow = failure and not failure.independent and self.assignment.part(check.part).needs
        if may_follow and self.run(check, self.files.fallback_session) is None:
            self.stumbles.pop(check.name, None)
            return None
        return failure

    def blocked(self, check: Check, problem: str | StudentError) -> CheckResult:
        """Return the record of a check that has nothing to do with what is wrong."""
        if isinstance(problem, str):
            return replace(record(check, False, got=problem), blocked=True)
        self.failures.setdefault(check.part, {})[check.name] = problem
        return replace(record(check, False, got=str(problem), detail=problem.detail), blocked=True)

    @np.errstate(all="ignore")  # a wrong result may be larger than any float
    def run(self, check: Check, student: Session) -> CheckFailure | StudentError | None:
        """Return what the student has to fix by one check; None if nothing."""
        student.begin_check(hidden=check.visibility == "hidden")
        try:
            check.run(student)
        except (CheckFailure, StudentError) as failure:
            return failure
        except ODD_VALUE as error:
            if not is_about_a_value(error, student):
                raise
            stumbled = f"{check.part}.{check.name} stumbled over a value and counts as failed: {summarize(error)}."
            self.stumbles[check.name] = stumbled
            return CheckFailure("Some value that your code returned is not of the kind or the shape that this check needs.")
        return None

    def inspected(self) -> dict[Inspection, Credit]:
        """Return what came of each inspection of a file that was submitted; what is the grader's own fault is noted."""
        inspections = [one for one in self.assignment.inspections() if one.part not in self.files.problems]
        found = self.interleave([partial(self.credit, one) for one in inspections])
        return dict(zip(inspections, found, strict=True))

    def credit(self, inspection: Inspection) -> Credit:
        """Return what came of one inspection."""
        try:
            student = self.files.session_of(inspection.part)
            student.begin_check(hidden=True)  # nothing that is said here is heard
            return inspection.inspect(student)
        except Exception as error:
            if isinstance(error, ODD_VALUE) and is_about_a_value(error, student):
                return Credit(remark=f"The look at {inspection.name} stumbled over a value: {summarize(error)}.")
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))
            return Credit()

    def steps(self) -> tuple[Step, ...]:
        """Return how each step of the public example came out, where something of its part is wrong."""
        return self.diagnosed(lambda: self.assignment.steps(self.files.session, list(self.failures)))

    def causes(self) -> tuple[Cause, ...]:
        """Return the mistakes behind the failures."""
        failed = [part for part in self.assignment.part_names if part in self.failures]
        return tuple(cause for part in failed for cause in self.diagnosed(partial(self.diagnose, part, self.failures[part])))

    def diagnosed(self, look: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """Return what is seen; nothing, and a word to the TA, where the diagnosis itself fails: the score stands."""
        try:
            return tuple(look())
        except Exception:
            self.diagnosis_fault = clean(traceback.format_exc(), MAX_FAULT)
            return ()

    def without_starter_code(self, causes: Sequence[Cause], checks: Iterable[CheckResult]) -> tuple[Cause, ...]:
        """Return the causes but for those that starter code may be behind, as they explain no check of the student's code."""
        explained = {(check.part, check.cause) for check in checks}
        stands_in = [part.name for part in self.assignment.parts if part.needs] if self.files.replaced else []
        return tuple(cause for cause in causes if cause.part not in stands_in or (cause.part, cause.said) in explained)

    def remarks(self) -> Iterator[str]:
        """Yield what the TA is told of the grader's own trouble."""
        yield from self.stumbles.values()
        if self.diagnosis_fault:
            last = self.diagnosis_fault.rstrip().splitlines()[-1]
            yield f"The diagnosis failed, so no mistake is named here, and the score stands: {last}."

    def diagnose(self, part: str, failures: Mapping[str, Exception]) -> Sequence[Cause]:
        """Return the mistakes behind the failures of one part."""
        student = self.files.session_of(part)
        # What is said there is shown, so it must not come to know what is hidden, as it might from a child that does.
        apart_from = self.files.session, self.files.dependent_session
        with student.sandbox.session(student.sources, apart_from=apart_from, skipped=student.skipped) as fresh:
            return self.assignment.diagnose(part, student, fresh, failures, self.judge.secret)

    def finished(
        self, check: Check, found: CheckResult, causes: Sequence[Cause], credited: Mapping[Inspection, Credit]
    ) -> CheckResult:
        """Return the record of a check with the cause of its failure, if one is known, and at the credit it gets."""
        found = apply_partial_credit(found, check.name, credited)
        failure = self.failures.get(check.part, {}).get(check.name)
        cause = self.assignment.cause_of(found, failure, causes) if failure else None
        return replace(found, cause=cause.said, hints=cause.hints, example=cause.example) if cause else found


def apply_partial_credit(result: CheckResult, name: str, credited: Mapping[Inspection, Credit]) -> CheckResult:
    """Return the record of a check at the lower credit of an inspection that names it; one mistake is paid for once."""
    lower = {inspection.name for inspection, credit in credited.items() if credit.share < 1}
    for inspection, credit in credited.items():
        if result.score and credit.share < 1 and name in inspection.checks and inspection.paid_by not in lower:
            return replace(result, worth=credit.share, note=credit.note)
    return result


def invalid_result(submission: Submission, checks: Iterable[Check]) -> Result:
    """Return the result of a submission that holds nothing to grade."""
    results = tuple(record(check, False, got=submission.reason) for check in checks)
    return Result(submission.student, "invalid", results, submission.reason)


def error_result(student: str, error: Exception, checks: Iterable[Check] | None = None) -> Result:
    """Return the result of a submission on which the grader failed before any check; the checks are the course's by default."""
    checks = read_assignment().checks(read_secret().encode()) if checks is None else checks
    results = tuple(record(check, None, got="The grader failed before this check; this is not your fault.") for check in checks)
    fault = clean(f"{type(error).__name__}: {error}", MAX_FAULT)
    return Result(student, "error", results, "the grader itself failed before it could grade this submission", fault=fault)


def is_about_a_value(error: Exception, student: Session) -> bool:
    """Return whether an exception of a kind in ODD_VALUE is about a value of the student's, and no fault of the grader.

    It is the grader's where no value has come from the student yet, or where the sandbox raised it: that takes any value.
    """
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    received = student.memory or student.conversation.done
    return bool(received) and not any(module.startswith(f"{SANDBOX}.") for module in modules)


def summarize(error: Exception) -> str:
    """Return an exception in a line, with the place of the grader's code that raised it."""
    here = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({here.name}, line {here.lineno} of {Path(here.filename).name})"


def describe_failure(failure: CheckFailure, check: Check) -> str:
    """Return what the student is told of a failure."""
    return failure.discreet if check.visibility == "hidden" else str(failure)


def with_share(result: CheckResult, share: float) -> CheckResult:
    """Return the record of a failed check with the share of the points that it earns for what is right."""
    partly = replace(result, partial=share)
    if not partly.score:
        return result
    words = f"What you have so far is correct and earns {partly.score:g} of {result.points:g} points."
    return replace(partly, got=f"{result.got} {words}")


def record(check: Check, passed: bool | None, got: str = "", key: str = "", detail: str = "") -> CheckResult:
    """Return the record of a check, its words made safe to show."""
    rubric = (f"{check.part}.{check.name}", check.part, check.task, check.sentence, check.visibility, check.points)
    return CheckResult(*rubric, passed, clean(got, MAX_TEXT), clean(key, MAX_TEXT), detail=clean(detail, 2 * MAX_TEXT))
