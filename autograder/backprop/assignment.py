"""The backpropagation assignment, as the interface of the engine requires it.

Methods import what they compute with, because a command that grades nothing needs neither numpy nor the catalog.
"""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from autograder.assignment import Apart, Assignment, Credit, Inspection, WrongProgram, parts_of
from autograder.backprop.rubric import BACKWARD, FINITE_DIFFERENCES, RUBRIC, SECTIONS
from autograder.files import ROOT
from autograder.text import format_count

if TYPE_CHECKING:
    from markupsafe import Markup

    from autograder.backprop.diagnosis import Seen
    from autograder.checking import Check
    from autograder.results import Cause, CheckResult, Result, Step
    from autograder.sandbox.student import SandboxedStudent
    from autograder.student import Student

CHECKS = (
    "tests.public.test_warmup",
    "tests.hidden.test_warmup",
    "tests.public.test_dnn",
    "tests.hidden.test_forward",
    "tests.hidden.test_compute_gradients",
    "tests.hidden.test_gradients_and_fit",
    "tests.public.test_extension",
    "tests.hidden.test_extension",
    "tests.hidden.test_extension_conventions",
)


class Backprop(Assignment):
    """Backpropagation by hand for a small numpy network: the chain rule, a sigmoid network, and extensions."""

    name = "backprop"
    title = "Backpropagation"
    parts = parts_of(RUBRIC, needs={"warmup": ("dnn",), "extension": ("dnn",)})
    default_part = "dnn"
    solution = ROOT / "solution"
    starter = ROOT / "assignment"
    examples = ROOT / "examples"
    public = ROOT / "tests/public"
    hidden = ROOT / "tests/hidden"
    sources = (ROOT / "autograder/backprop", public, hidden)
    public_modules = tuple(
        f"autograder.backprop.{name}" for name in ("case", "calling", "running", "softmax", "tracing", "observing")
    )
    sections = SECTIONS
    classes = {
        "dnn": {"DNN": "example_output"},
        "extension": {
            "SoftmaxDNN": "example_softmax_forward",
            "SquaredErrorSoftmaxDNN": "example_squared_error",
            "GeneralDNN": "example_general",
        },
    }
    class_methods = ("forward", "compute_gradients")

    def checks(self, secret: bytes) -> Sequence[Check]:
        """Return the graded checks of the parts in use; raise LookupError if a row of the rubric has no check."""
        from autograder.backprop.cases import sample_cases
        from autograder.checking import collect_checks, rubric_rows

        found = collect_checks(map(importlib.import_module, CHECKS), RUBRIC, cases=sample_cases(secret))
        if missing := rubric_rows(RUBRIC).keys() - {check.name for check in found}:
            raise LookupError(f"The rubric has a row for {', '.join(sorted(missing))}, but no check has that name.")
        return [check for check in found if check.part in self.part_names]

    def inspections(self, secret: bytes) -> Sequence[Inspection]:
        """Return an inspection of each network for finite differences; those that SoftmaxDNN inherits cost points in DNN."""
        part_of = {model: "dnn" if model == "DNN" else "extension" for model in BACKWARD}
        return [
            Inspection(
                model, part_of[model], checks, partial(credit_of, model, secret), paid_by="DNN" if model == "SoftmaxDNN" else ""
            )
            for model, checks in BACKWARD.items()
            if part_of[model] in self.part_names
        ]

    def observe(self, student: Student, apart: Apart, failed: Sequence[str]) -> Seen | None:
        """Return observations on public networks, for the parts with a failed public check; None if there is no such part."""
        if not failed:
            return None
        from autograder.backprop import diagnosis

        return diagnosis.observe(student, apart, failed)

    def diagnose(
        self,
        part: str,
        student: SandboxedStudent,
        seen: Seen | None,
        apart: Apart,
        failures: Mapping[str, Exception],
        secret: bytes,
    ) -> Sequence[Cause]:
        """Return the mistakes of the catalog that explain the failures of a part."""
        from autograder.backprop import diagnosis
        from autograder.backprop.cases import sample_cases

        return diagnosis.diagnose(part, student, seen or diagnosis.Seen(), apart, failures, sample_cases(secret))

    def diagnose_public(self, part: str, student: Student, seen: Seen, failures: Mapping[str, Exception]) -> Sequence[Cause]:
        """Return the mistakes of the catalog that the public example reveals."""
        from autograder.backprop import diagnosis

        return diagnosis.diagnose_public(part, student, seen, failures)

    def cause_of(self, check: CheckResult, failure: Exception, causes: Sequence[Cause]) -> Cause | None:
        """Return the cause of a failed check."""
        from autograder.backprop import diagnosis

        return diagnosis.cause_of(check, failure, causes)

    def steps(self, seen: Seen | None) -> Sequence[Step]:
        """Return the outcome of each tensor of the public example, if a public check of dnn.py failed."""
        if not seen:
            return ()
        from autograder.backprop import diagnosis

        return diagnosis.steps(seen)

    def figure(self, result: Result) -> Markup | None:
        """Return the network of the public example with the broken steps marked."""
        from autograder.backprop import figure

        return figure.render(result)

    def check_modules(self) -> Mapping[str, str]:
        """Return the modules that public checks import, with the examples as literal numbers."""
        from autograder.backprop import example

        return {**super().check_modules(), example.__name__: example.source(self.part_names)}

    def wrong_programs(self, solutions: Mapping[str, str]) -> Iterator[WrongProgram]:
        """Yield one mutant of the solution for each mistake in the catalog."""
        from autograder.backprop.mistakes import MISTAKES
        from autograder.backprop.mutants import make_mistakes

        for part, source in solutions.items():
            for row in MISTAKES[part]:
                yield WrongProgram(part, make_mistakes(part, source, row), row.title, row.hints[:2])

    def private_texts(self) -> Mapping[str, str]:
        """Return the answers and the correct and wrong expressions in the catalog."""
        from autograder.backprop.mistakes import MISTAKES, STEPS

        parts = self.all_part_names
        rows = [row for part in parts for row in MISTAKES[part]]
        texts = {row.answer: "the answer of a mistake" for row in rows}
        told = " ".join(text for row in rows for text in (row.title, row.question, row.pointer))  # may quote wrong expressions
        wrong = [formula for row in rows for formula in row.lines.values() if formula not in told]
        texts |= dict.fromkeys(wrong, "a wrong formula of the catalog")
        return texts | {step.right: "a formula of the solution" for part in parts for step in STEPS[part].values()}

    def figures(self) -> Mapping[str, str]:
        """Return the figures of the hand-out as SVG, by file name."""
        from autograder.backprop.handout_figures import figures  # a machine that only grades has no matplotlib

        return figures()

    def hand_out_texts(self) -> Mapping[str, str]:
        """Return the points of each task, and the rule on finite differences with the share of the rubric."""
        points = {f"<!-- points: {task.name} -->": format_count(task.points) for part in self.parts for task in part.tasks}
        words = (
            "Finite differences, which change one weight at a time and recompute the loss, can test a backward pass but cannot "
            "replace it. If `compute_gradients` of a network computes its gradients that way, the checks of its backward pass "
            f"earn {FINITE_DIFFERENCES:.0%} of their points."
        )
        return {**points, "<!-- the rule on finite differences -->": textwrap.fill(words, 124)}


def credit_of(model: str, secret: bytes, student: SandboxedStudent) -> Credit:
    """Return the credit for the backward pass of a network, which is reduced if it uses finite differences."""
    from autograder.backprop.finite_differences import detect_finite_differences

    way = detect_finite_differences(student, model, secret)
    if not way.uses_finite_differences or FINITE_DIFFERENCES == 1:
        return Credit(remark=way.remark, doubt=way.doubt)
    share = f"{FINITE_DIFFERENCES:.0%}"
    note = f"`compute_gradients` of `{model}` uses finite differences, which earn {share} of the points."
    return Credit(FINITE_DIFFERENCES, note, way.remark)


ASSIGNMENT = Backprop()
