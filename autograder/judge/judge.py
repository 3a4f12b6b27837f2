"""Run every check on a submission and return the result.

CheckFailure and StudentError mean that the student has something to fix. So does a value so unusual that a check raises an
ordinary exception on it; the TA gets a note about that. Any other exception is a fault of the grader: the check counts as not
checked, and the whole result as an error that a TA has to look at.
"""

import ast
import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.assignment import Assignment, Credit, Inspection
from autograder.checking import Check, CheckFailure, StudentError, without_frames
from autograder.intake.read import Submission
from autograder.judge import compared
from autograder.judge.loading import Loading, OpenSession
from autograder.judge.records import MAX_FAULT, MAX_TEXT, invalid_result, record
from autograder.results import Cause, CheckResult, Result, Step, explain_by
from autograder.sandbox.conversation import Printed
from autograder.sandbox.limits import MAX_CHILDREN, Limits
from autograder.sandbox.scheduler import interleave
from autograder.sandbox.session import Sandbox, Session
from autograder.sandbox.timeouts import Usage
from autograder.settings import read_assignment, read_secret
from autograder.skipped import Skipped
from autograder.text import clean

# The exceptions that Python and numpy raise for a value of an unexpected type or shape.
ODD_VALUE = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
ODD = "Your code returned a value whose type or shape this check cannot use."
TOO_LARGE = "Your code returned a value that is too large to check."

SANDBOX = Sandbox.__module__.rpartition(".")[0]

T = TypeVar("T")


def starter_messages(assignment: Assignment) -> frozenset[str]:
    """Return the messages that functions of the starter code raise until the student completes them."""
    trees = [ast.parse((assignment.starter / f"{part}.py").read_text()) for part in assignment.part_names]
    raised = [node.exc for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    words = [argument for call in raised if isinstance(call, ast.Call) for argument in call.args]
    return frozenset(word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str))


class Judge:
    """A sandbox and the checks of an assignment, ready to grade submissions; use as a context manager.

    The assignment and the secret behind its hidden checks are the course's by default.
    """

    def __init__(self, limits: Limits = Limits(), assignment: Assignment | None = None, secret: bytes = b"") -> None:
        self.assignment = assignment or read_assignment()
        self.secret = secret or read_secret().encode()
        self.checks = self.assignment.checks(self.secret)
        self.messages = starter_messages(self.assignment)
        needed = dict.fromkeys(need for part in self.assignment.parts for need in part.needs)
        self.stand_ins = {name: (self.assignment.starter / f"{name}.py").read_bytes() for name in needed}
        self.sandbox = Sandbox(limits)  # last, so that no process is left running if an earlier line fails

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.close()

    def grade(self, submission: Submission) -> Result:
        """Grade one submission and return its result; if the grader itself fails, the status is "error"."""
        if not submission.sources:
            return invalid_result(submission, self.checks)
        self.sandbox.restart_if_dead()
        with self.begin(submission) as grading:
            # Public checks run before any hidden one, so nothing they show, not even points, can depend on hidden inputs. From
            # the first hidden check on, the submission knows hidden inputs, and its messages are redacted.
            found = grading.outcomes([check for check in self.checks if check.visibility == "public"])
            grading.observe()
            public_causes = grading.causes(grading.diagnose_public)
            credited = grading.inspected()
            found |= grading.outcomes([check for check in self.checks if check.visibility != "public"])
            causes = grading.causes(grading.diagnose)
        failed, printed = bool(grading.faults), grading.printed()
        checks = tuple(grading.finished(check, found[check], causes, public_causes, credited) for check in self.checks)
        return Result(
            student=submission.student,
            status="error" if failed else "graded",
            checks=checks,
            reason="the grader itself failed on this submission; its traceback is in the terminal" if failed else "",
            notes=tuple(clean(note, MAX_TEXT) for note in grading.files.notes),
            warnings=tuple(clean(warning, MAX_TEXT) for warning in grading.files.warnings),
            causes=grading.without_starter_code(causes, checks),
            steps=grading.steps(),
            printed=(clean(printed.output, MAX_TEXT), clean(printed.errors, MAX_TEXT)),
            layers=self.sandbox.zygote.layers,
            remarks=(*grading.remarks_on(credited), *grading.remarks()),
            fault=next(iter(grading.faults), grading.diagnosis_fault),
        )

    @contextlib.contextmanager
    def begin(self, submission: Submission) -> Iterator["Grading"]:
        """Load the files of a submission, and yield it while it is graded."""
        with contextlib.ExitStack() as stack:
            open_session = partial(self.sandbox.session, prompts=self.messages, usage=Usage())

            def enter_session(sources: Mapping[str, bytes], skipped: Sequence[Skipped]) -> Session:
                return stack.enter_context(open_session(sources, skipped=skipped))

            grading = Grading(self, submission, enter_session)
            grading.load()
            yield grading


class Grading:
    """One submission while it is graded: its sessions, its output, and any faults of the grader."""

    def __init__(self, judge: Judge, submission: Submission, open_session: OpenSession) -> None:
        self.judge, self.assignment = judge, judge.assignment
        self.files = Loading(judge.assignment, submission, judge.stand_ins, open_session)
        self.heard: dict[str, Printed] = {}  # name of a public check -> its output
        self.faults: list[str] = []
        self.diagnosis_fault = ""
        self.stumbles: dict[str, str] = {}  # name of a check that failed on an unusual value -> a note for the TA
        self.failures: dict[str, dict[str, Exception]] = {}  # part -> name of the check -> its failure
        self.seen: Any = None  # observations of public examples, made before any hidden check

    def load(self) -> None:
        """Load the files of the submission, and record faults of the grader."""
        try:
            self.files.load()
        except MemoryError:
            self.files.problems = {**dict.fromkeys(self.assignment.part_names, TOO_LARGE), **self.files.problems}
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))

    def printed(self) -> Printed:
        """Return the output of the submission while it was loaded and during the public checks."""
        heard = [self.heard[check.name] for check in self.judge.checks if check.name in self.heard]
        return reduce(lambda before, after: before.and_then(*after), heard, self.files.printed)

    def interleave(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Run the functions interleaved, and return their results; they may use every session."""
        return interleave(self.files.sessions, tasks)

    def outcomes(self, checks: Sequence[Check]) -> dict[Check, CheckResult]:
        """Return the records of some checks."""
        records = self.interleave([partial(self.outcome, check) for check in checks])
        return dict(zip(checks, records, strict=True))

    def outcome(self, check: Check) -> CheckResult:
        """Run one check and return its record; record faults of the grader."""
        if problem := self.files.problems.get(check.part):
            return self.blocked(check, problem)
        if problem := self.files.name_problem(check):
            return record(check, False, got=problem)
        try:
            failure = self.failure(check)
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))
            return record(check, None, got="The grader could not run this check. This is not your fault.")
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
        """Return how a check fails; None if it passes, or if the fault is in a file that the part needs, graded separately."""
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
        """Return the record of a check that could not run because of an unrelated problem."""
        if isinstance(problem, str):
            return replace(record(check, False, got=problem), blocked=True)
        self.failures.setdefault(check.part, {})[check.name] = problem
        return replace(record(check, False, got=str(problem), detail=problem.detail), blocked=True)

    @np.errstate(all="ignore")  # wrong results may overflow
    def run(self, check: Check, student: Session) -> CheckFailure | StudentError | None:
        """Run one check, and return its failure or None."""
        student.begin_check(hidden=check.visibility == "hidden")
        try:
            check.run(student)
        except (CheckFailure, StudentError) as failure:
            return without_frames(failure)
        except ODD_VALUE as error:
            if not is_about_a_value(error, student):
                raise
            stumbled = f"{check.part}.{check.name} raised an error on a value and counts as failed: {summarize(error)}."
            self.stumbles[check.name] = stumbled
            return CheckFailure(TOO_LARGE if isinstance(error, MemoryError) else ODD)
        return None

    def inspected(self) -> dict[Inspection, Credit]:
        """Run the inspections of submitted files, and return the credit of each."""
        inspections = [one for one in self.assignment.inspections(self.judge.secret) if one.part not in self.files.problems]
        found = self.interleave([partial(self.credit, one) for one in inspections])
        return dict(zip(inspections, found, strict=True))

    def credit(self, inspection: Inspection) -> Credit:
        """Run one inspection and return its credit; record faults of the grader."""
        try:
            student = self.files.session_of(inspection.part)
            student.begin_check(hidden=True)  # its output is discarded
            return inspection.inspect(student)
        except Exception as error:
            if isinstance(error, ODD_VALUE) and is_about_a_value(error, student):
                return Credit(remark=f"The inspection {inspection.name} raised an error on a value: {summarize(error)}.")
            self.faults.append(clean(traceback.format_exc(), MAX_FAULT))
            return Credit()

    def observe(self) -> None:
        """Record what feedback may quote from public examples of the parts with failures."""
        found = self.diagnosed(lambda: [self.assignment.observe(self.files.session, self.apart, list(self.failures))])
        self.seen = next(iter(found), None)

    def remarks_on(self, credited: Mapping[Inspection, Credit]) -> Iterator[str]:
        """Yield the TA's notes on inspections; a doubt only if everything it is about exists and is correct."""
        for inspection, credit in credited.items():
            needs = self.assignment.part(inspection.part).needs
            failed = self.failures.get(inspection.part, {}).keys() & set(inspection.checks)
            is_known = bool(failed) or any(part in self.failures or part in self.files.replaced for part in needs)
            if remark := credit.remark or ("" if is_known else credit.doubt):
                yield remark

    def steps(self) -> tuple[Step, ...]:
        """Return the outcome of each step of the public example, for parts with failures."""
        return self.diagnosed(lambda: self.assignment.steps(self.seen))

    def diagnose_public(self, part: str) -> Sequence[Cause]:
        """Return the mistakes that the public example shows in one part; call this before any hidden check."""
        student = self.files.session_of(part)
        student.begin_check()
        return self.assignment.diagnose_public(part, student, self.seen, self.failures[part])

    def causes(self, diagnose: Callable[[str], Sequence[Cause]]) -> tuple[Cause, ...]:
        """Return the mistakes that `diagnose` finds in each part with a failed check."""
        failed = [part for part in self.assignment.part_names if part in self.failures]
        return tuple(cause for part in failed for cause in self.diagnosed(partial(diagnose, part)))

    def diagnosed(self, look: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """Return what a diagnosis finds; if it fails itself, record that and return nothing. The score is unaffected."""
        try:
            return tuple(look())
        except Exception:
            self.diagnosis_fault = clean(traceback.format_exc(), MAX_FAULT)
            return ()

    def without_starter_code(self, causes: Sequence[Cause], checks: Iterable[CheckResult]) -> tuple[Cause, ...]:
        """Return the causes without those that starter code may be responsible for, unless they explain a check."""
        explained = {(check.part, check.cause) for check in checks}
        stands_in = [part.name for part in self.assignment.parts if part.needs] if self.files.replaced else []
        return tuple(cause for cause in causes if cause.part not in stands_in or (cause.part, cause.said) in explained)

    def remarks(self) -> Iterator[str]:
        """Yield notes for the TA about problems of the grader itself."""
        yield from self.stumbles.values()
        if self.diagnosis_fault:
            last = self.diagnosis_fault.rstrip().splitlines()[-1]
            yield f"The diagnosis failed, so no mistake is named here; the score is unaffected: {last}."

    def diagnose(self, part: str) -> Sequence[Cause]:
        """Return the mistakes behind the failures of one part."""
        student, failures = self.files.session_of(part), self.failures[part]
        return self.assignment.diagnose(part, student, self.seen, self.apart, failures, self.judge.secret)

    @contextlib.contextmanager
    def apart(self) -> Iterator[Session]:
        """Yield a session of the same files for a public example, in a child that no hidden input can reach.

        A child with hidden inputs could signal to this one through its use of memory or processor time, so once there are any,
        all others end first; before, one does if there would be a fourth. Even one that has ended chose the time at which this
        one starts, so messages are then redacted as in a hidden check.
        """
        hidden = any(session.redactor.hidden for session in self.files.sessions)
        for session in self.files.sessions[0 if hidden else MAX_CHILDREN - 1 :]:
            session.end()
        own = self.files.session
        with own.sandbox.session(own.sources, skipped=own.skipped, usage=own.usage) as fresh:
            fresh.redactor, fresh.unloadable = own.redactor, dict(own.unloadable)
            fresh.begin_check(hidden=hidden)
            yield fresh

    def finished(
        self,
        check: Check,
        found: CheckResult,
        causes: Sequence[Cause],
        public_causes: Sequence[Cause],
        credited: Mapping[Inspection, Credit],
    ) -> CheckResult:
        """Return the record of a check with its partial credit and, if known, the cause of its failure."""
        found = apply_partial_credit(found, check.name, credited)
        failure = self.failures.get(check.part, {}).get(check.name)
        if failure is None:
            return found
        if check.visibility == "public":
            found = replace(found, public_cause=self.assignment.cause_of(found, failure, public_causes))
        return explain_by(found, self.assignment.cause_of(found, failure, causes))


def apply_partial_credit(result: CheckResult, name: str, credited: Mapping[Inspection, Credit]) -> CheckResult:
    """Return the record of a check, with the reduced credit of an inspection that names it; one mistake costs points once."""
    lower = {inspection.name for inspection, credit in credited.items() if credit.share < 1}
    for inspection, credit in credited.items():
        if result.score and credit.share < 1 and name in inspection.checks and inspection.paid_by not in lower:
            return replace(result, worth=credit.share, note=credit.note)
    return result


def is_about_a_value(error: Exception, student: Session) -> bool:
    """Return whether an exception in ODD_VALUE is caused by a value of the student's and not by the grader.

    It is the grader's fault if the student's code has not returned a value yet, or if the sandbox raised it, which must accept
    any value. A MemoryError is always the student's, wherever it was raised.
    """
    if isinstance(error, MemoryError):
        return True
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    received = student.memory or student.conversation.done
    return bool(received) and not any(module.startswith(f"{SANDBOX}.") for module in modules)


def summarize(error: Exception) -> str:
    """Return an exception on one line, with the function and line of the grader that raised it."""
    here = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({here.name}, line {here.lineno} of {Path(here.filename).name})"


def describe_failure(failure: CheckFailure, check: Check) -> str:
    """Return the message about a failure for the student."""
    return failure.discreet if check.visibility == "hidden" else str(failure)


def with_share(result: CheckResult, share: float) -> CheckResult:
    """Return the record of a failed check with partial credit for what is correct."""
    partly = replace(result, partial=share)
    if not partly.score:
        return result
    words = f"What you have so far is correct and earns {partly.score:g} of {result.points:g} points."
    return replace(partly, got=f"{result.got} {words}")
