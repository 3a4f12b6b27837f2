"""The record of a grading. The judge writes it, the reports read it, and nothing else passes between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

Rows = tuple[tuple[float, ...], ...]


def name_file(part: str, text: str) -> str:
    """Return a sentence on a part that begins with the name of its file."""
    return text if text.startswith(f"{part}.py") else f"{part}.py: {text}"


@dataclass(frozen=True)
class Cause:
    """What is behind the failures of a part: a mistake that makes exactly what came.

    tasks, and keys and functions, say what it spoils; mistakes are the rows of the catalog that make the same numbers, the
    likeliest first, none where no row does. said names it in whole sentences, no two causes of a part in the same ones; they
    begin with the title, a few words without a period. code has the lines that the student's code computes, if they are known.
    hints are a question, where to look, and the answer in words; example is the smallest public network that shows a mistake
    without a name. tensors are those of a network of two hidden layers that it spoils, the first one first: "Z1" of the forward
    pass, "dZ1" of the backward pass. line is the student's own line that makes it, with file and number, if that is certain.
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
        """The title with the file that it is about."""
        return name_file(self.part, self.title)

    @property
    def details(self) -> str:
        """What the sentences say after the title."""
        return self.said[len(self.title) :]

    @property
    def headline(self) -> str:
        """The sentences with the file that they are about."""
        return self.heading + self.details


@dataclass(frozen=True)
class Comparison:
    """A tensor of a public check, row by row, beside what is due: of a gradient, what numerical differentiation gives."""

    key: str
    got: Rows
    want: Rows
    is_gradient: bool = False


@dataclass(frozen=True)
class Step:
    """A tensor of the public example, written as in a cause, and how it came out.

    state is "right", "follows" (right by the formula, from a wrong value before it), "wrong" or "missing"; the first wrong one
    has its numbers.
    """

    name: str
    state: str
    comparison: Comparison | None = None


@dataclass(frozen=True)
class CheckResult:
    """One check of one submission.

    passed is True, False, or None for "could not be checked", when the grader itself failed. got says what came and why it is
    wrong, key which variable it is about, cause which mistake makes exactly that, line where; code, hints and an example lead
    to it. detail carries the student's own lines of a traceback; comparison has the numbers of a public check. worth is the
    share of the points that passing earns, and note says in a sentence why it is not all of them. partial is the share that a
    failed check earns for what is right of unfinished work. blocked says that the check failed for what got says of a file,
    whatever the student's code for its own task is.
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
        """The points earned, to two places."""
        return round(self.points * self.worth * (1 if self.passed else self.partial), 2)


def total(checks: Iterable[CheckResult]) -> float:
    """The points earned in these checks, to two places."""
    return round(sum(check.score for check in checks), 2)


@dataclass(frozen=True)
class Result:
    """One graded submission.

    status is "graded", "invalid" (nothing could be read from it) or "error" (the grader's own fault); reason says in a sentence
    why a submission is invalid or what went wrong, and notes say what is wrong with single files; warnings say what was skipped
    or guessed in files that were graded all the same. printed is what its code
    wrote to standard output and standard error while the public checks ran; what it writes later may hold what is hidden.
    causes are the mistakes behind its failures; steps are those of the public example, in their order, none where everything is
    right there. layers names what held its code while it ran (`sandbox.layers`); none where none of it did. remarks are
    sentences for the TA alone, as is fault, the grader's own traceback.
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
        """The points of all checks, or None where the grader failed."""
        return None if self.status == "error" else total(self.checks)

    @cached_property
    def max_score(self) -> float:
        """The points that could be had."""
        return sum(check.points for check in self.checks)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts of the assignment, in the order of its checks."""
        return tuple(dict.fromkeys(check.part for check in self.checks))

    def part_score(self, part: str) -> float | None:
        """The points of one part, or None where the grader failed."""
        return None if self.status == "error" else total(check for check in self.checks if check.part == part)

    def part_max(self, part: str) -> float:
        """The points that could be had in one part."""
        return sum(check.points for check in self.checks if check.part == part)

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that were not passed, in their order."""
        return [check for check in self.checks if not check.passed]

    @property
    def failed_tasks(self) -> list[CheckResult]:
        """The failed checks of code that could be checked; notes say why other code could not."""
        return [check for check in self.failed if not check.blocked]

    @cached_property
    def first_to_fix(self) -> str:
        """What to fix first, in a sentence or two that all reports share; "" if there is nothing to fix.

        What is wrong with a file comes first. Then come a cause and a failed check, in this order, of the public checks; what
        only hidden checks show comes last.
        """
        hidden_too = self.failed_tasks if self.status == "graded" else ()
        return self.first_public_to_fix or name_first(hidden_too, self.causes)

    @cached_property
    def first_public_to_fix(self) -> str:
        """What to fix first, as far as it may be said before hidden checks are shown."""
        if self.status == "error":
            return ""
        public = [check for check in self.failed_tasks if check.visibility == "public"]
        return self.reason or " ".join(self.notes) or name_first(public, self.causes)


def name_first(failed: Sequence[CheckResult], causes: Iterable[Cause]) -> str:
    """Return the first cause of failed checks, or else what the first of them found; "" if there are none."""
    explained = {(check.part, check.cause) for check in failed}
    said = (cause.headline for cause in causes if (cause.part, cause.said) in explained)
    return next(said, "") or next((name_file(check.part, check.got or check.sentence) for check in failed), "")


def leave_public(result: Result) -> Result:
    """Return what the public checks alone tell of a result: the same for any two submissions on which these come out alike.

    The checks are without what inspections took from them, and have the causes that the public example tells.
    """
    checks = tuple(leave_public_cause(check) for check in result.checks if check.visibility == "public")
    causes = dict.fromkeys(check.public_cause for check in checks if check.public_cause)
    return replace(result, checks=checks, causes=tuple(causes), steps=(), remarks=())


def leave_public_cause(check: CheckResult) -> CheckResult:
    """Return a public check as it was before anything was known but what public checks tell."""
    return explain_by(replace(check, worth=1, note=""), check.public_cause)


def explain_by(check: CheckResult, cause: Cause | None) -> CheckResult:
    """Return a check with this cause of its failure, with its code, hints and example, or without a cause if that is None."""
    if cause is None:
        return replace(check, cause="", code=(), hints=(), example="", line="")
    return replace(check, cause=cause.said, code=cause.code, hints=cause.hints, example=cause.example, line=cause.line)


def conceal_hidden_checks(result: Result) -> Result:
    """Return a result of whose hidden checks nothing is left but names and points, and why a file was not checked at all.

    Causes that explain no public check go, too.
    """
    checks = tuple(check if check.visibility == "public" else conceal_check(check) for check in result.checks)
    explained = {(check.part, check.cause) for check in checks}
    return replace(
        result, checks=checks, causes=tuple(cause for cause in result.causes if (cause.part, cause.said) in explained)
    )


def conceal_check(check: CheckResult) -> CheckResult:
    """Return a check without its explanation, unless that is about a file."""
    got = check.got if check.blocked else ""
    return replace(
        check, got=got, key="", cause="", code=(), hints=(), example="", detail="", comparison=None, line="", note=""
    )
