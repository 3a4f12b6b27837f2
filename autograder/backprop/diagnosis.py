"""Diagnose a submission of this assignment: find the mistakes behind the failed checks of a part."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from autograder.assignment import Apart
from autograder.backprop.cases import Cases
from autograder.backprop.example import DNN
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.backprop.observers.counterexample import smallest_failure
from autograder.backprop.observers.dnn import observe_dnn, observe_passes
from autograder.backprop.observers.extension import observe_extension
from autograder.backprop.observers.lines import find_lines
from autograder.backprop.observers.networks import backward, forward
from autograder.backprop.observers.public import observe_public
from autograder.backprop.observers.warmup import observe_warmup
from autograder.backprop.oracle import reference_of
from autograder.checking import CheckFailure
from autograder.diagnosis.causes import Catalog, find_causes
from autograder.diagnosis.matching import Finding
from autograder.diagnosis.observation import Observation, Raised, attempt, observe_load_error, same
from autograder.judge.compared import compared
from autograder.results import Cause, CheckResult, Step
from autograder.sandbox.student import SandboxedStudent
from autograder.student import Student

EXAMPLE = DNN.case
OBSERVERS: dict[str, Callable[[SandboxedStudent, Mapping[str, Exception], Cases], Iterator[Observation]]] = {
    "warmup": observe_warmup,
    "dnn": observe_dnn,
    "extension": observe_extension,
}
# The tasks of the rubric that check a function of the student's.
TASKS = {
    "exp_exp_square": ("one path", "arrays"),
    "reciprocal_exp_square": ("one path", "arrays"),
    "two_paths": ("several paths", "arrays"),
    "three_weight_chain": ("three weights",),
    "logistic_gradients": ("logistic regression", "warm-up conventions"),
    "softmax": ("softmax", "extension conventions"),
    "softmax_backward": ("softmax and squared error", "the 4-4-2 example", "extension conventions"),
    "SoftmaxDNN": ("softmax and cross-entropy", "extension conventions"),
    "SquaredErrorSoftmaxDNN": ("softmax and squared error", "extension conventions"),
    "worked_example": ("the 4-4-2 example",),
    "ACTIVATIONS": ("activations",),
    "GeneralDNN": ("activations", "extension conventions"),
    "notes_gradients": ("the convention of the notes", "extension conventions"),
}


@dataclass(frozen=True)
class Seen:
    """Observations made before any hidden check: both passes of dnn.py on the public example, and the smallest failure.

    lines are the student's lines that computed wrong values on the public examples.
    """

    passes: Sequence[Observation] = ()
    example: str = ""
    lines: Mapping[tuple[str, str], str] = field(default_factory=dict)


@np.errstate(all="ignore")
def observe(student: Student, apart: Apart, failed: Sequence[str]) -> Seen:
    """Return observations on public networks for the parts that failed; apart opens a session for the search."""
    passes = observe_passes(student, EXAMPLE) if "dnn" in failed and loads(student, "dnn") else []
    wrong = any(not one.right and not isinstance(one.got, Raised) for one in passes)  # an exception says enough
    parts = [part for part in failed if part != "dnn" or wrong]
    if not parts:
        return Seen(passes)
    with apart() as fresh:
        return Seen(passes, smallest_failure(fresh) if wrong else "", find_lines(fresh, parts))


def loads(student: Student, part: str) -> bool:
    """Return whether a file can be loaded."""
    return not isinstance(attempt(lambda: student.fetch(student.module(part))), Raised)


@np.errstate(all="ignore")
def diagnose(
    part: str, student: SandboxedStudent, seen: Seen, apart: Apart, failures: Mapping[str, Exception], cases: Cases
) -> list[Cause]:
    """Return the causes of the failures of a part, in the order in which a student should look at them.

    student is the session that the checks ran in; seen and apart are as in `Assignment.diagnose`. failures maps the names of
    checks to exceptions.
    """
    student.begin_check(hidden=True)
    public = seen.passes if part == "dnn" else ()
    catalog = Catalog(part, MISTAKES[part], STEPS[part], TASKS, partial(spoiled_tensors, cases), partial(like, public))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, for example about the mean of an empty array
        loaded = attempt(lambda: student.fetch(student.module(part)))
        raised = isinstance(loaded, Raised)
        observed = [observe_load_error(part, loaded)] if raised else OBSERVERS[part](student, failures, cases)
        causes = with_lines(find_causes(list(observed), catalog), seen)
        if part != "dnn" or all(cause.mistakes for cause in causes):
            return causes
        example = seen.example
        if not example:  # of what no public check shows
            with apart() as fresh:
                example = smallest_failure(fresh, discreet=True)
    return [cause if cause.mistakes else replace(cause, example=example) for cause in causes]


@np.errstate(all="ignore")
def diagnose_public(part: str, student: Student, seen: Seen, failures: Mapping[str, Exception]) -> list[Cause]:
    """Return the causes of failed public checks that the public example reveals, in the order in which to fix them."""
    found = list(observe_public(part, student, failures))
    catalog = Catalog(part, MISTAKES[part], STEPS[part], TASKS, shown=partial(like, found), complete=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return with_lines(find_causes(found, catalog), seen)


def with_lines(causes: Sequence[Cause], seen: Seen) -> list[Cause]:
    """Return the causes, each with the student's line that computed its first wrong value; each line is used once."""
    lines, found = dict(seen.lines), []
    for cause in causes:
        place = next(((task, key) for key in cause.keys for task in cause.keys if (task, key) in lines), None)
        found.append(replace(cause, line=lines.pop(place)) if place else cause)
    return found


def cause_of(check: CheckResult, failure: Exception, causes: Sequence[Cause]) -> Cause | None:
    """Return the cause of a failure: the one about its tensor, or else its function, or else the first of its task."""
    mine = [one for one in causes if one.part == check.part and (check.task in one.tasks or "" in one.tasks)]
    key = failure.key if isinstance(failure, CheckFailure) else ""
    about = [one for one in mine if key and key in one.keys]
    about += [one for one in mine if any(name in TASKS and name in check.id for name in one.keys)]
    return next(iter(about + mine), None)


def like(public: Sequence[Observation], finding: Finding) -> list[Observation]:
    """Return the wrong values on the public example in the step and the function that a finding is about."""
    first = finding.broken[0]
    return [one for one in public if not one.right and (one.task, one.step) == (first.task, first.step)]


# Z1 is a value of the public example, or of a network of its depth, and dZ1 its gradient.


@cache
def step_of() -> dict[str, str]:
    """Return the step of the catalog that computes each tensor, in the order of computation."""
    passes = ("", forward(EXAMPLE)), ("d", backward(EXAMPLE, {}))
    lines = [(f"{prefix}{line.key}", line) for prefix, program in passes for line in program.right_lines if line.key]
    return {name: line.shown or line.step for name, line in lines if name != "out"}


def spoiled_tensors(cases: Cases, finding: Finding) -> tuple[str, ...]:
    """Return the tensors that a mistake makes wrong; if it raises an exception, those of the lines that raise."""
    if isinstance(finding.broken[0].got, Raised):
        lines = finding.mistakes[0].lines if finding.mistakes else ()
        return tuple(name for name, step in step_of().items() if step in lines)
    return tuple(short_name(one) for one in finding.broken if one.network == cases.main.name and is_tensor(one))


def is_tensor(observation: Observation) -> bool:
    """Return whether a network computed a tensor, correct or not."""
    return isinstance(observation.got, np.ndarray) and observation.key != "out"


def short_name(observation: Observation) -> str:
    """Return how a tensor of a network is written."""
    return f"{'d' * (observation.task == 'compute_gradients')}{observation.key}"


@np.errstate(all="ignore")
def steps(seen: Seen) -> list[Step]:
    """Return the tensors of both passes on the public example, in the order of computation."""
    if not seen.passes:
        return []
    due = {**reference_of(EXAMPLE).cache, **{f"d{key}": value for key, value in reference_of(EXAMPLE).grads.items()}}
    tensors = {short_name(one): one for one in seen.passes if is_tensor(one)}
    found = [Step(name, state(tensors.get(name), due[name])) for name in step_of()]
    first = next((step.name for step in found if step.state == "wrong"), "")
    shown = compared(first, tensors[first].got, due[first], is_gradient=first[0] == "d") if first else None
    return [replace(step, comparison=shown) if step.name == first else step for step in found]


def state(observation: Observation | None, due: np.ndarray) -> str:
    """Return whether a tensor of the example is correct, follows from a wrong one, is wrong itself, or is missing."""
    if observation is None:
        return "missing"
    return "right" if same(observation.got, due) else "follows" if observation.right else "wrong"
