"""Everything there is to see of a student's dnn.py: both passes step by step, what they change, and gradients and fit."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.case import Case, gradient_keys
from autograder.backprop.cases import sample_cases
from autograder.backprop.mistakes import Mistake
from autograder.backprop.mistakes.dnn.steps import STEPS
from autograder.backprop.observers.network import observe_passes
from autograder.backprop.oracle import right_cache
from autograder.backprop.running import network, run_backward
from autograder.checking import RANDOM_STATE, CheckFailure, StudentError, describe, mapping, take, tensor
from autograder.diagnosis.observation import Observation, Raised, attempt, evaluate, raised, readable, told, unloaded
from autograder.settings import read_secret
from autograder.student import Student

CASES = sample_cases(read_secret().encode())
DEEP, MAIN, MAIN_ON_OTHER, OTHER, SATURATED, SHALLOW, SINGLE, SQUARE = (
    CASES.deep,
    CASES.main,
    CASES.main_on_other,
    CASES.other,
    CASES.saturated,
    CASES.shallow,
    CASES.single,
    CASES.square,
)

LEARNING_RATE = 0.5
WHOLE = "gradients and fit"
Failures = Mapping[str, Exception]  # by the name of the check


def observe_dnn(student: Student, failures: Failures) -> Iterator[Observation]:
    """What there is to see, in the order in which a student should look at it."""
    try:
        student.fetch(student.module("dnn"))
    except StudentError as error:
        yield unloaded("dnn", raised(error))
        return
    seen = [*observe_networks(student, failures), *observe_changes(student, failures)]
    yield from seen
    case = next((case for case in (MAIN, SQUARE, SHALLOW) if walks(student, case)), None)
    if case and failures.keys() & {"gradients", "example_gradients"}:
        seen += observe_gradients(student, case)
        yield seen[-1]
    if case and any(name.startswith("fit") for name in failures):
        broken = {one.step for one in seen if not one.right}
        yield from observe_fit(student, case, broken)


def walks(student: Student, case: Case) -> bool:
    """Whether both of the student's passes answer on a case."""
    return not isinstance(attempt(lambda: run_backward(student, case)), Raised)


def observe_networks(student: Student, failures: Failures) -> Iterator[Observation]:
    """Both passes on the main case, and on other networks.

    Where the backward pass raises, a network in which every shape fits and one without hidden layers show the steps that the
    exception hides. Other depths tell mistakes apart that are alike in three layers.
    """
    found = list(observe_passes(student, MAIN))
    yield from found
    raised = any(isinstance(one.got, Raised) for one in found)
    for case in (SQUARE, SHALLOW) if raised else (DEEP,):
        yield from observe_passes(student, case)
    if "forward_other_depths" in failures or "gradient_other_depths" in failures:
        yield from observe_passes(student, SHALLOW)
    hidden = all(one.right for one in found)
    if hidden or ("gradient_single_sample" in failures and not raised):
        yield from observe_passes(student, SINGLE)
    if hidden or "forward_saturated" in failures or "gradient_saturated" in failures:
        yield from observe_passes(student, SATURATED, only_finite=True)


def observe_changes(student: Student, failures: Failures) -> Iterator[Observation]:
    """What a call changed that belongs to its caller, and what it carried over into the next."""
    for function, check in (("forward", "forward_leaves_no_trace"), ("compute_gradients", "gradient_leaves_no_trace")):
        failure = failures.get(check)
        if isinstance(failure, CheckFailure) and failure.got is not None:
            key = failure.key.partition('"')[2].rstrip('"]') or failure.key
            step = f"changed by {function}"
            before = failure.wants[0] if failure.wants else None
            scope = {"key": key, "before": before, "cache": {**right_cache(MAIN), "Y": MAIN.Y}, "grads": LazyGradients(student)}
            words = f"the {RANDOM_STATE}" if key == RANDOM_STATE else f"`{failure.key}`"
            yield told("dnn", step, key, f"{words} after `{function}`", failure.got, (), scope, function)
    failure = failures.get("gradient_second_call")
    if isinstance(failure, CheckFailure) and isinstance(failure.got, np.ndarray):
        first, other = (own_gradients(student, case).get(failure.key) for case in (OTHER, MAIN_ON_OTHER))
        scope = {"key": failure.key, "first": first, "other": other}
        yield told(
            "dnn", "second call", failure.key, f"`{failure.key}` of a second call", failure.got, (), scope, "compute_gradients"
        )


def own_gradients(student: Student, case: Case) -> dict[str, np.ndarray]:
    """The gradients of the student's own passes, or those on the right cache; empty where there are none."""
    for source in (None, right_cache):
        try:
            return readable(run_backward(student, case, source), gradient_keys(case))
        except (CheckFailure, StudentError):
            continue
    return {}


class LazyGradients:
    """The student's gradients on the right cache of the main case, fetched when a formula asks for one."""

    def __init__(self, student: Student) -> None:
        self.student = student

    def __getitem__(self, key: str) -> np.ndarray:
        return tensor(key, take("grads", run_backward(self.student, MAIN, right_cache), key))


# gradients and fit ---------------------------------------------------------------------------------------------------


def observe_gradients(student: Student, case: Case) -> Iterator[Observation]:
    """What `gradients` returns: its keys."""
    returned = attempt(lambda: student.fetch(network(student, case).gradients(case.X, case.Y)))
    got = sorted(str(key) for key in returned) if isinstance(returned, Mapping) else returned
    enough = isinstance(got, list) and set(own_gradients(student, case)) & set(case.params) <= set(got)
    got = got if isinstance(got, (list, Raised)) else describe(got).full
    words = "what `gradients` returns"

    def make(mistake: Mistake) -> list:
        if "gradients" not in mistake.formulas:
            return []
        made = evaluate(mistake.formulas["gradients"], {})
        return [made if isinstance(made, (str, list)) else describe(made).full]

    yield Observation("dnn", "gradients", "gradients", words, got, (got,) if enough else (), make, task=WHOLE)


def observe_fit(student: Student, case: Case, broken: set[str]) -> Iterator[Observation]:
    """What `fit` returns, how often it records a loss, the step it takes, and when it stops.

    What it raises is looked at only where nothing before is broken, and the step where nothing moves the parameters besides.
    """

    def run(epochs: int, tolerance: float) -> Any:
        net = network(student, case)
        losses = net.fit(case.X, case.Y, learning_rate=LEARNING_RATE, epochs=epochs, tolerance=tolerance)
        return student.fetch(losses, net.params)

    returned = attempt(lambda: run(1, 0.0))
    if isinstance(returned, Raised):
        if not broken:
            yield told("dnn", "fit", "fit", "`fit`", returned, (), task=WHOLE)
        return
    losses, params = returned
    listed = isinstance(losses, (list, tuple)) or (isinstance(losses, np.ndarray) and losses.ndim == 1)
    kind = "a list" if listed else describe(losses).full

    def returns(mistake: Mistake) -> list:
        formula = mistake.formulas.get("fit returns")
        return [] if formula is None else [describe(evaluate(formula, {"losses": [0.5]})).full]

    yield Observation("dnn", "fit returns", "fit", "what `fit` returns", kind, ("a list",), returns, task=WHOLE)
    if listed:
        yield from observe_epochs(len(losses))
    moved = any(step == "gradients" or step.startswith("changed by") for step in broken)
    if not moved and (not listed or len(losses) == 1):
        yield from observe_update(student, case, mapping("net.params", params))
        yield from observe_stop(case, attempt(lambda: run(3, 1e9)))


def observe_epochs(count: int) -> Iterator[Observation]:
    """How many losses one epoch records."""

    def make(mistake: Mistake) -> list:
        formula = mistake.formulas.get("epochs")
        return [] if formula is None else [len(evaluate(formula, {"epochs": 1}))]

    yield Observation("dnn", "epochs", "fit", "the number of losses that `fit` records", count, (1,), make, task=WHOLE)


def observe_update(student: Student, case: Case, params: Mapping) -> Iterator[Observation]:
    """The parameters after one step, from the student's own gradients."""
    grads = attempt(lambda: student.fetch(network(student, case).gradients(case.X, case.Y)))
    grads = readable(grads, case.params) if isinstance(grads, Mapping) else {}
    for key, after in readable(params, case.params).items():
        scope = {"self": SimpleNamespace(params=case.params), "name": key, "learning_rate": LEARNING_RATE, "grads": grads}
        right = evaluate(STEPS["update"].right, scope)
        if not isinstance(right, Raised):
            yield told("dnn", "update", key, f"`{key}` after a step of `fit`", after, (right,), scope, WHOLE)


def observe_stop(case: Case, returned: Any) -> Iterator[Observation]:
    """Whether `fit` stops at once where any loss is small enough, and without an update."""
    if isinstance(returned, Raised):
        return
    losses, params = returned
    if isinstance(losses, (list, tuple, np.ndarray)) and np.ndim(losses) == 1:
        after = readable(mapping("net.params", params), case.params)
        moved = any(key not in after or not np.array_equal(after[key], value) for key, value in case.params.items())
        words = "where `fit` stops"
        yield told("dnn", "stop", "fit", words, (len(losses), moved), ((1, False),), {"epochs": 3}, WHOLE)
