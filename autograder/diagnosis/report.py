"""What was found in a submission, as causes in words: what came, which line gives exactly that, and three hints."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.backprop.case import cache_keys, gradient_keys
from autograder.backprop.cases import sample_cases
from autograder.backprop.example import DNN
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.backprop.observers.counterexample import smallest_failure
from autograder.backprop.observers.dnn import observe_dnn
from autograder.backprop.observers.extension import observe_extension
from autograder.backprop.observers.network import observe_passes, step_of
from autograder.backprop.observers.warmup import observe_warmup
from autograder.backprop.oracle import truth
from autograder.checking import CheckFailure, StudentError, size_of
from autograder.diagnosis.matching import Finding, find_mistakes
from autograder.diagnosis.observation import Observation, Raised, same
from autograder.judge.compared import compared
from autograder.results import Cause, CheckResult, Step
from autograder.sandbox.student import SandboxedStudent
from autograder.settings import read_secret
from autograder.student import Student

EXAMPLE, MAIN = DNN.case, sample_cases(read_secret().encode()).main
OBSERVERS: dict[str, Callable[[SandboxedStudent, Mapping[str, Exception]], Iterator[Observation]]] = {
    "warmup": observe_warmup,
    "dnn": observe_dnn,
    "extension": observe_extension,
}
# The tasks of the rubric that a function of the student's is checked in.
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
# The tensors of the public example as they are written in short, in the order in which they are found.
TENSORS = (*cache_keys(EXAMPLE), *(f"d{key}" for key in gradient_keys(EXAMPLE)))


@np.errstate(all="ignore")
def diagnose(part: str, student: SandboxedStudent, fresh: Student, failures: Mapping[str, Exception]) -> list[Cause]:
    """The causes of the failures of a part, in the order in which a student should look at them.

    student is the session that the checks ran in; fresh is one that has seen nothing hidden, for examples that are shown.
    """
    student.begin_check(hidden=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, about the mean of nothing and the like
        observations = list(OBSERVERS[part](student, failures))
        findings = find_mistakes(observations, MISTAKES[part])
    broken = [one for one in observations if not one.right]
    causes = [cause(part, finding, alone=len(finding.broken) == len(broken)) for finding in findings if tells_more(finding)]
    if part == "dnn" and any(not finding.mistakes for finding in findings):
        example = smallest_failure(fresh)
        return [one if one.mistakes else replace(one, example=example) for one in causes]
    return causes


def tells_more(finding: Finding) -> bool:
    """Whether a finding says more than the failure itself: an exception that no row explains does not."""
    return bool(finding.mistakes) or not isinstance(finding.broken[0].got, Raised)


def cause(part: str, finding: Finding, alone: bool) -> Cause:
    """A finding in words."""
    keys = tuple(dict.fromkeys(name for one in finding.broken for name in (one.key, one.task) if name))
    tasks = tuple(dict.fromkeys(task for one in finding.broken for task in tasks_of(one.task)))
    hints = finding.mistakes[0].hints if finding.mistakes else ()
    followed = alone and not isinstance(finding.broken[0].got, Raised)
    said = what_came(part, finding) + (" Everything else is right, or follows correctly from it." if followed else "")
    mistakes = tuple(mistake.id for mistake in finding.mistakes)
    return Cause(part, tasks, keys, mistakes, f"In your work, {said}", hints, tensors=spoilt(finding))


def spoilt(finding: Finding) -> tuple[str, ...]:
    """The tensors of a network of two hidden layers that a mistake spoils; if it raises, those of the lines that do."""
    if isinstance(finding.broken[0].got, Raised):
        lines = finding.mistakes[0].lines if finding.mistakes else ()
        return tuple(name for name in TENSORS if step_that_gives(name) in lines)
    return tuple(in_short(one) for one in finding.broken if one.network == MAIN.name and is_tensor(one))


def step_that_gives(name: str) -> str:
    """The step that gives a tensor of the public example."""
    if name[0] == "d":
        return step_of(EXAMPLE, name[1:])[0]
    return "input" if name == "A0" else {"W": "stored W", "B": "stored B"}.get(name[0], name[0])


def is_tensor(observation: Observation) -> bool:
    """Whether a tensor of a network came out, right or wrong."""
    return isinstance(observation.got, np.ndarray) and observation.key != "out"


def in_short(observation: Observation) -> str:
    """How a tensor of a network is written: Z1 for a value, dZ1 for its gradient."""
    return f"{'d' * (observation.task == 'compute_gradients')}{observation.key}"


@np.errstate(all="ignore")
def steps(student: Student) -> list[Step]:
    """The tensors of the two passes on the public example, in the order in which they are found."""
    try:
        student.fetch(student.module("dnn"))
    except StudentError:
        return []
    due = {**truth(EXAMPLE).cache, **{f"d{key}": value for key, value in truth(EXAMPLE).grads.items()}}
    seen = {in_short(one): one for one in observe_passes(student, EXAMPLE) if is_tensor(one)}
    found = [Step(name, state(seen.get(name), due[name])) for name in TENSORS]
    first = next((step.name for step in found if step.state == "wrong"), "")
    shown = compared(first, seen[first].got, due[first], is_gradient=first[0] == "d") if first else None
    return [replace(step, comparison=shown) if step.name == first else step for step in found]


def state(observation: Observation | None, due: np.ndarray) -> str:
    """Whether a tensor of the example is right, follows from a wrong one, is wrong itself, or is missing."""
    if observation is None:
        return "missing"
    return "right" if same(observation.got, due) else "follows" if observation.right else "wrong"


def tasks_of(task: str) -> tuple[str, ...]:
    """The tasks of the rubric behind a task or a function."""
    return TASKS.get(task.partition(".")[0].partition("[")[0], (task,))


def what_came(part: str, finding: Finding) -> str:
    """What is wrong first, and the lines that give exactly that."""
    first = finding.broken[0]
    where = place(part, finding, first.step)
    if finding.pattern:
        return f"{where} is exactly {finding.pattern}{tensors(finding)}."
    if not finding.mistakes:
        return f"{where} is wrong, and no mistake we know of gives exactly this. {difference(first)}".rstrip()
    raised, lines, name = isinstance(first.got, Raised), finding.mistakes[0].lines, finding.mistakes[0].name
    seen = [step for step in dict.fromkeys(one.step for one in finding.broken) if step in lines]
    if seen and not raised and not name:
        gives = [f"{place(part, finding, step)} is exactly what `{lines[step]}` gives" for step in seen]
        return f"{', and '.join(gives)}{tensors(finding)}."
    instead = [f"`{line}` in the place of {STEPS[part][step].words}" for step, line in lines.items()]
    verb = "fails" if raised else "comes out"
    return f"{where}{tensors(finding)} {verb} exactly as with {name or instead[0]}."


def place(part: str, finding: Finding, step: str) -> str:
    """What a step gives: of its layer, if it is wrong in one layer alone."""
    seen = [one for one in finding.broken if one.step == step]
    alone = len({one.key for one in seen}) == 1
    return seen[0].words if alone or step not in STEPS[part] else STEPS[part][step].words


def tensors(finding: Finding) -> str:
    """The keys that are wrong in the network where the mistake is seen first, in brackets, where there are several."""
    first = finding.broken[0]
    keys = list(dict.fromkeys(f"`{one.key}`" for one in finding.broken if one.network == first.network))
    return f" ({', '.join(keys)})" if len(keys) > 1 else ""


def difference(observation: Observation) -> str:
    """How far a tensor is from the right one, and where most; not what is right."""
    got, wants = observation.got, [want for want in observation.wants if isinstance(want, np.ndarray)]
    if not isinstance(got, np.ndarray) or not wants:
        return ""
    want = wants[0]
    if got.shape != want.shape:
        return "Its shape is not that of the variable."
    if not np.isfinite(got).all():
        return "It holds nan or infinity."
    size = float(np.linalg.norm(want))
    error = float(np.linalg.norm(got - want)) / size if size else 1.0
    cell = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
    place = f"`{observation.key}`, most at [{', '.join(str(index) for index in cell)}]"
    return f"Its relative error is {size_of(error).discreet}: {place}."


def cause_of(check: CheckResult, failure: Exception, causes: Sequence[Cause]) -> Cause | None:
    """The cause behind the failure of a check: the one about its tensor, about its function, or the first one of its task."""
    mine = [one for one in causes if one.part == check.part and (check.task in one.tasks or "" in one.tasks)]
    key = failure.key if isinstance(failure, CheckFailure) else ""
    about = [one for one in mine if key and key in one.keys]
    about += [one for one in mine if any(name in TASKS and name in check.id for name in one.keys)]
    return next(iter(about + mine), None)
