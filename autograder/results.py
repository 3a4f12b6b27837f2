"""The record of a grading. The judge writes it and the reports read it; they exchange nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

Rows = tuple[tuple[float, ...], ...]


def name_file(part: str, text: str) -> str:
    """Return a sentence about a part, with the name of its file in front."""
    return text if text.startswith(f"{part}.py") else f"{part}.py: {text}"


@dataclass(frozen=True)
class Cause:
    """The cause of failures in a part: a mistake that explains the student's results exactly.

    tasks, keys and functions say what it affects. mistakes are the rows of the catalog that give the same numbers, the
    likeliest first; none if no row does. said describes it in complete sentences, different for each cause of a part; they
    begin with the title, a few words without a period. code has the lines that the student's code computes, if known. hints are
    a question, where to look, and the answer in words. example is the smallest public network that shows an unnamed mistake.
    tensors are those of a network with two hidden layers that it makes wrong, in order: "Z1" in the forward pass, "dZ1" in the
    backward pass. line is the student's line with the mistake, with file and number, if that is certain.
    """

    part: str
    tasks: tuple[str, ...]
    keys: tuple[str, ...]
    mistakes: tuple[str, ...]
    said: str
    hints: tuple[str, ...] = ()
    example: str = ""
    tensors: tuple[str, ...] = ()
    title: str = ""
    code: tuple[str, ...] = ()
    line: str = ""

    @property
    def heading(self) -> str:
        """The title, with the name of the file in front."""
        return name_file(self.part, self.title)

    @property
    def details(self) -> str:
        """The sentences after the title."""
        return self.said[len(self.title) :]

    @property
    def headline(self) -> str:
        """The sentences, with the name of the file in front."""
        return self.heading + self.details


@dataclass(frozen=True)
class Comparison:
    """A tensor of a public check and its expected value, row by row; for a gradient, that from numerical differentiation."""

    key: str
    got: Rows
    want: Rows
    is_gradient: bool = False


@dataclass(frozen=True)
class Step:
    """A tensor of the public example, named as in a cause, and its outcome.

    state is "right", "follows" (correct formula, but computed from a wrong value), "wrong" or "missing"; the first wrong one
    has its numbers.
    """

    name: str
    state: str
    comparison: Comparison | None = None


@dataclass(frozen=True)
class CheckResult:
    """One check of one submission.

    passed is True, False, or None for "could not be checked", if the grader itself failed. got describes what is wrong with the
    result, key is the variable it is about, cause the mistake that explains it, and line its place; code, hints and example
    help to find it. detail has the student's own lines of a traceback; comparison has the numbers of a public check. worth is
    the share of the points that passing earns, and note explains in a sentence why it is less than 1. partial is the share that
    a failed check earns for the correct part of unfinished work. blocked says that the check failed because of a problem with a
    file, described in got, and not because of the code for its own task.
    """

    id: str
    part: str
    task: str
    sentence: str
    visibility: str
    points: float
    passed: bool | None
    got: str = ""
    key: str = ""
    cause: str = ""
    hints: tuple[str, ...] = ()
    example: str = ""
    detail: str = ""
    comparison: Comparison | None = None
    line: str = ""
    worth: float = 1
    note: str = ""
    partial: float = 0
    blocked: bool = False
    public_cause: Cause | None = None
    code: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The points earned, to two decimals."""
        return round(self.points * self.worth * (1 if self.passed else self.partial), 2)


def total(checks: Iterable[CheckResult]) -> float:
    """Return the points earned in these checks, to two decimals."""
    return round(sum(check.score for check in checks), 2)


@dataclass(frozen=True)
class Result:
    """One graded submission.

    status is "graded", "invalid" (nothing could be read from it) or "error" (the grader's own fault). reason explains in a
    sentence why a submission is invalid or what went wrong. notes describe problems with individual files, and warnings what
    was skipped or guessed in files that were graded anyway. printed is what its code wrote to standard output and standard
    error during the public checks; later output may contain hidden inputs. causes are the mistakes behind its failures. steps
    are those of the public example, in order; none if they are all correct. layers names the isolation layers while its code
    ran (`sandbox.layers`); none if it did not run. remarks are sentences for the TA only, as is fault, the grader's own
    traceback.
    """

    student: str
    status: str
    checks: tuple[CheckResult, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    steps: tuple[Step, ...] = ()
    printed: tuple[str, str] = ("", "")
    layers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    fault: str = field(default="", compare=False)

    @cached_property
    def score(self) -> float | None:
        """The points of all checks, or None if the grader failed."""
        return None if self.status == "error" else total(self.checks)

    @cached_property
    def max_score(self) -> float:
        """The maximum number of points."""
        return sum(check.points for check in self.checks)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts of the assignment, in the order of its checks."""
        return tuple(dict.fromkeys(check.part for check in self.checks))

    def part_score(self, part: str) -> float | None:
        """Return the points of one part, or None if the grader failed."""
        return None if self.status == "error" else total(check for check in self.checks if check.part == part)

    def part_max(self, part: str) -> float:
        """Return the maximum number of points in one part."""
        return sum(check.points for check in self.checks if check.part == part)

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that did not pass, in order."""
        return [check for check in self.checks if not check.passed]

    @property
    def failed_tasks(self) -> list[CheckResult]:
        """The failed checks of code that could be checked; notes explain why other code could not."""
        return [check for check in self.failed if not check.blocked]

    @cached_property
    def first_to_fix(self) -> str:
        """What to fix first, in one or two sentences that all reports share; "" if there is nothing to fix.

        Problems with a file come first, then a cause or else a failed check among the public checks, then the hidden checks.
        """
        hidden_too = self.failed_tasks if self.status == "graded" else ()
        return self.first_public_to_fix or name_first(hidden_too, self.causes)

    @cached_property
    def first_public_to_fix(self) -> str:
        """What to fix first, without anything that depends on hidden checks."""
        if self.status == "error":
            return ""
        public = [check for check in self.failed_tasks if check.visibility == "public"]
        return self.reason or " ".join(self.notes) or name_first(public, self.causes)


def name_first(failed: Sequence[CheckResult], causes: Iterable[Cause]) -> str:
    """Return the first cause of failed checks, or else the message of the first one; "" if there are none."""
    explained = {(check.part, check.cause) for check in failed}
    said = (cause.headline for cause in causes if (cause.part, cause.said) in explained)
    return next(said, "") or next((name_file(check.part, check.got or check.sentence) for check in failed), "")


def leave_public(result: Result) -> Result:
    """Return only what the public checks reveal about a result: the same for submissions with the same public outcomes.

    The checks don't have the reductions by inspections, and have the causes that the public example reveals.
    """
    checks = tuple(leave_public_cause(check) for check in result.checks if check.visibility == "public")
    causes = dict.fromkeys(check.public_cause for check in checks if check.public_cause)
    return replace(result, checks=checks, causes=tuple(causes), steps=(), remarks=())


def leave_public_cause(check: CheckResult) -> CheckResult:
    """Return a public check with only the information from public checks."""
    return explain_by(replace(check, worth=1, note=""), check.public_cause)


def explain_by(check: CheckResult, cause: Cause | None) -> CheckResult:
    """Return a check with this cause, its code, hints and example, or without a cause if it is None."""
    if cause is None:
        return replace(check, cause="", code=(), hints=(), example="", line="")
    return replace(check, cause=cause.said, code=cause.code, hints=cause.hints, example=cause.example, line=cause.line)


def conceal_hidden_checks(result: Result) -> Result:
    """Return a result whose hidden checks have only names, points, and why a file was not checked at all.

    Causes that explain no public check are removed, too.
    """
    checks = tuple(check if check.visibility == "public" else conceal_check(check) for check in result.checks)
    explained = {(check.part, check.cause) for check in checks}
    return replace(
        result, checks=checks, causes=tuple(cause for cause in result.causes if (cause.part, cause.said) in explained)
    )


def conceal_check(check: CheckResult) -> CheckResult:
    """Return a check without its explanation, unless that is about a file as a whole."""
    got = check.got if check.blocked else ""
    return replace(
        check, got=got, key="", cause="", code=(), hints=(), example="", detail="", comparison=None, line="", note=""
    )
