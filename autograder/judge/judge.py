"""Runs every check on one submission after the other and writes down what came of it.

A check that fails by CheckFailure or StudentError is the student's to mend. Any other exception is the grader's own fault: the
check counts as not checked, and the whole result as an error that a TA has to look at.
"""

import ast
import importlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial, reduce
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.backprop.cases import sample_cases
from autograder.backprop.finite_differences import Way, way_back
from autograder.backprop.rubric import BACKWARD, FINITE_DIFFERENCES, RUBRIC
from autograder.checking import Check, CheckFailure, StudentError, collect_checks, rubric_rows
from autograder.intake import Submission
from autograder.judge import compared
from autograder.results import PARTS, Cause, CheckResult, Result, Step
from autograder.sandbox.host import Limits
from autograder.sandbox.session import Printed, Sandbox, Session
from autograder.sandbox.turns import side_by_side
from autograder.settings import read_secret
from autograder.student import Student
from autograder.text import clean

MODULES = (
    "tests.public.test_warmup",
    "tests.hidden.test_warmup",
    "tests.public.test_dnn",
    "tests.hidden.test_forward",
    "tests.hidden.test_compute_gradients",
    "tests.hidden.test_gradients_and_fit",
    "tests.public.test_extension",
    "tests.hidden.test_extension",
)
HANDED_OUT = Path(__file__).resolve().parents[2] / "assignment"
MOST_TEXT = 1_000  # characters of what a student is told about one check
MOST_FAULT = 5_000  # characters of a traceback of the grader's own

CheckFunction = Callable[[Student], None]
T = TypeVar("T")


@cache
def load_checks() -> tuple[tuple[Check, CheckFunction], ...]:
    """Every graded check with its rubric, in the order of the modules and of the lines in them.

    LookupError where the rubric has a row that no check stands behind.
    """
    modules = [importlib.import_module(name) for name in MODULES]
    found = collect_checks(modules, RUBRIC, cases=sample_cases(read_secret().encode()))
    if missing := rubric_rows(RUBRIC).keys() - {check.name for check in found}:
        raise LookupError(f"The rubric has a row for {', '.join(sorted(missing))}; there is no such check.")
    return tuple((check, check.run) for check in found)


@cache
def load_diagnosis() -> Any:
    """What finds the mistakes behind failures. Like the checks it needs the hidden inputs, which need the course's secret."""
    return importlib.import_module("autograder.diagnosis.report")


@cache
def prompts() -> frozenset[str]:
    """What the functions that are handed out say as long as nothing is written in them."""
    trees = [ast.parse((HANDED_OUT / f"{part}.py").read_text()) for part in PARTS]
    raised = [node.exc for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    words = [argument for call in raised if isinstance(call, ast.Call) for argument in call.args]
    return frozenset(word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str))


class Judge:
    """A sandbox and the checks, ready for submissions; use as a context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.sandbox = Sandbox(limits)
        self.checks = load_checks()
        load_diagnosis()  # once, and not while a submission waits

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.close()

    def grade(self, submission: Submission) -> Result:
        """The result of one submission; a fault of the grader itself is a result too, with the status "error"."""
        if not submission.sources:
            return refuse(submission, self.checks)
        self.sandbox.mend()
        beside = {**submission.sources, "dnn": (HANDED_OUT / "dnn.py").read_bytes()}
        with self.sandbox.session(submission.sources, prompts()) as own, self.sandbox.session(beside, prompts()) as spare:
            grading = Grading(submission, own, spare)
            # Before any hidden check, so that nothing a public one shows, its marks included, can hold what is hidden: with the
            # first hidden one the submission has what it must not tell, and from then on it is quoted with discretion.
            found = grading.outcomes([row for row in self.checks if row[0].visibility == "public"])
            steps = grading.steps()
            ways = grading.ways_back()
            found |= grading.outcomes([row for row in self.checks if row[0].visibility != "public"])
            causes = grading.causes()
        failed, printed = bool(grading.faults), grading.printed()
        return Result(
            student=submission.student,
            status="error" if failed else "graded",
            checks=tuple(grading.finished(check, found[check], causes, ways) for check, _ in self.checks),
            reason="the grader itself failed on this submission; its traceback is in the terminal" if failed else "",
            notes=tuple(submission.problems[part] for part in submission.problems if part in PARTS),
            causes=causes,
            steps=steps,
            printed=(clean(printed.output, MOST_TEXT), clean(printed.errors, MOST_TEXT)),
            layers=self.sandbox.zygote.layers,
            remarks=(*(way.remark for way in ways.values() if way.remark), *grading.remarks()),
            fault=next(iter(grading.faults), grading.diagnosis_fault),
        )


class Grading:
    """One submission while it is graded: its sessions, what it printed, and the grader's own faults."""

    def __init__(self, submission: Submission, own: Session, spare: Session) -> None:
        self.submission, self.own, self.spare = submission, own, spare
        self.loading = Printed()
        self.heard: dict[Check, Printed] = {}  # in the public checks
        self.faults: list[str] = []
        self.diagnosis_fault = ""
        self.failures: dict[str, dict[str, Exception]] = {}  # by part, then by the name of the check

    @cached_property
    def beside(self) -> Session:
        """Where the files that build on dnn.py are checked."""
        try:
            return self.own if loads_dnn(self.own) else self.spare
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MOST_FAULT))
            return self.spare
        finally:
            self.loading = self.own.printed

    def printed(self) -> Printed:
        """What the submission printed when it was loaded and in the public checks."""
        heard = [self.heard[check] for check, _ in load_checks() if check in self.heard]
        return reduce(lambda before, after: before.and_then(*after), heard, self.loading)

    def side_by_side(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What each function returns; they may use both sessions."""
        return side_by_side([self.own, self.beside], tasks)

    def outcomes(self, rows: Sequence[tuple[Check, CheckFunction]]) -> dict[Check, CheckResult]:
        """The records of some checks."""
        records = self.side_by_side([partial(self.outcome, *row) for row in rows])
        return {check: record for (check, _), record in zip(rows, records, strict=True)}

    def ways_back(self) -> dict[str, Way]:
        """How each network that was handed in finds its gradients; what is the grader's own fault is noted."""
        models = [model for model in BACKWARD if part_of(model) not in self.submission.problems]
        ways = self.side_by_side([partial(self.way_back, model) for model in models])
        return dict(zip(models, ways, strict=True))

    def way_back(self, model: str) -> Way:
        """How one network finds its gradients."""
        try:
            student = self.session_of(part_of(model))
            student.begin_check(hidden=True)  # nothing that is said here is heard
            return way_back(student, model)
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MOST_FAULT))
            return Way()

    def outcome(self, check: Check, function: CheckFunction) -> CheckResult:
        """The record of one check; what is the grader's own fault is noted."""
        if problem := self.submission.problems.get(check.part):
            return record(check, False, got=problem)
        try:
            student = self.session_of(check.part)
            student.begin_check(hidden=check.visibility == "hidden")
            failure = run(function, student)
        except Exception:
            self.faults.append(clean(traceback.format_exc(), MOST_FAULT))
            return record(check, None, got="The grader could not carry out this check; this is not your fault.")
        if check.visibility == "public":
            self.heard[check] = student.printed
        if failure is None:
            return record(check, True)
        self.failures.setdefault(check.part, {})[check.name] = failure
        if isinstance(failure, StudentError):
            return record(check, False, got=str(failure), detail=failure.detail)
        found = record(check, False, got=told(failure, check), key=failure.key)
        return replace(found, comparison=compared.of_failure(failure)) if check.visibility == "public" else found

    def session_of(self, part: str) -> Session:
        """Where the checks of a part run."""
        return self.own if part == "dnn" else self.beside

    def steps(self) -> tuple[Step, ...]:
        """How each tensor of the public example came out, where something of dnn.py is wrong there."""
        return self.diagnosed(lambda: load_diagnosis().steps(self.own)) if "dnn" in self.failures else ()

    def causes(self) -> tuple[Cause, ...]:
        """The mistakes behind the failures."""
        return self.diagnosed(
            lambda: (cause for part, failures in self.failures.items() for cause in self.diagnose(part, failures))
        )

    def diagnosed(self, look: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """What is seen; nothing, and a word to the TA, where the diagnosis itself fails: the marks stand."""
        try:
            return tuple(look())
        except Exception:
            self.diagnosis_fault = clean(traceback.format_exc(), MOST_FAULT)
            return ()

    def remarks(self) -> Iterator[str]:
        """What the TA is told of the grader's own trouble that costs nobody a mark."""
        if self.diagnosis_fault:
            last = self.diagnosis_fault.rstrip().splitlines()[-1]
            yield f"The diagnosis failed, so no mistake is named here, and the marks stand: {last}."

    def diagnose(self, part: str, failures: Mapping[str, Exception]) -> list[Cause]:
        """The mistakes behind the failures of one part."""
        student = self.session_of(part)
        with student.sandbox.session(student.sources) as fresh:
            return load_diagnosis().diagnose(part, student, fresh, failures)

    def finished(self, check: Check, found: CheckResult, causes: Sequence[Cause], ways: Mapping[str, Way]) -> CheckResult:
        """The record of a check with the cause of its failure, if one is known, and at what it is worth."""
        found = at_its_worth(found, check.name, ways)
        failure = self.failures.get(check.part, {}).get(check.name)
        cause = load_diagnosis().cause_of(found, failure, causes) if failure else None
        return replace(found, cause=cause.said, hints=cause.hints, example=cause.example) if cause else found


def at_its_worth(result: CheckResult, name: str, ways: Mapping[str, Way]) -> CheckResult:
    """The record of a check at what it is worth: less where it is passed by a backward pass of finite differences.

    A SoftmaxDNN that takes its backward pass from such a DNN has been paid for there.
    """
    differing = [model for model, way in ways.items() if way.by_differences]
    paid = {"SoftmaxDNN"} if "DNN" in differing else set()
    model = next((model for model in differing if model not in paid and name in BACKWARD[model]), "")
    if not model or not result.passed or FINITE_DIFFERENCES == 1:
        return result
    share = f"{FINITE_DIFFERENCES:.0%}"
    note = f"`compute_gradients` of `{model}` works by finite differences; the rubric gives {share} of the points for that."
    return replace(result, worth=FINITE_DIFFERENCES, note=note)


def part_of(model: str) -> str:
    """The part that a network belongs to."""
    return "dnn" if model == "DNN" else "extension"


def loads_dnn(student: Student) -> bool:
    """Whether the student's dnn.py is there and loads; where not, the other files are checked beside the dnn.py handed out."""
    try:
        student.fetch(student.module("dnn"))
    except StudentError:
        return False
    return True


def refuse(submission: Submission, checks: Iterable[tuple[Check, CheckFunction]]) -> Result:
    """The result of a submission that holds nothing to grade."""
    results = tuple(record(check, False, got=submission.reason) for check, _ in checks)
    return Result(submission.student, "invalid", results, submission.reason)


def faulty(student: str, error: Exception) -> Result:
    """The result of a submission on which the grader failed before any check."""
    results = tuple(
        record(check, None, got="The grader failed before this check; this is not your fault.") for check, _ in load_checks()
    )
    fault = clean(f"{type(error).__name__}: {error}", MOST_FAULT)
    return Result(student, "error", results, "the grader itself failed before it could grade this submission", fault=fault)


@np.errstate(all="ignore")  # a wrong gradient may be larger than any float
def run(function: CheckFunction, student: Student) -> CheckFailure | StudentError | None:
    """What the student has to mend by one check on one submission; None if nothing."""
    try:
        function(student)
    except (CheckFailure, StudentError) as failure:
        return failure
    return None


def told(failure: CheckFailure, check: Check) -> str:
    """What the student is told of a failure."""
    return failure.discreet if check.visibility == "hidden" else str(failure)


def record(check: Check, passed: bool | None, got: str = "", key: str = "", detail: str = "") -> CheckResult:
    """The record of a check, its words made safe to show."""
    rubric = (f"{check.part}.{check.name}", check.part, check.task, check.sentence, check.visibility, check.points)
    return CheckResult(*rubric, passed, clean(got, MOST_TEXT), clean(key, MOST_TEXT), detail=clean(detail, 2 * MOST_TEXT))
