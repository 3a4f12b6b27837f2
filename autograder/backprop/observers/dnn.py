"""Observations of a student's dnn.py: both passes step by step, their side effects, and gradients and fit."""

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.calling import network
from autograder.backprop.case import Case, gradient_keys
from autograder.backprop.cases import Cases
from autograder.backprop.mistakes import STEPS
from autograder.backprop.observers.networks import observe_backward, observe_forward, readable
from autograder.backprop.oracle import reference_cache
from autograder.backprop.running import Source, run_backward
from autograder.checking import RANDOM_STATE, CheckFailure, StudentError, tensor
from autograder.diagnosis.calls import observe_change
from autograder.diagnosis.observation import NO_NAMES, Names, Observation, Raised, attempt, evaluate, observe_step
from autograder.diagnosis.traces import match_misnamed
from autograder.student import Student

LEARNING_RATE = 0.37  # not a common rate; with 1/2, a doubled rate would look like a step without one
WHOLE = "gradients and fit"
LEAVE_NO_TRACE = {
    "forward": "forward_leaves_no_trace",
    "compute_gradients": "gradient_leaves_no_trace",
    "gradients": "gradients_and_fit_leave_no_trace",
}
Failures = Mapping[str, Exception]  # by the name of the check


def observe_dnn(student: Student, failures: Failures, cases: Cases) -> Iterator[Observation]:
    """Yield the observations, in the order in which a student should look at them."""
    seen = [*observe_networks(student, failures, cases), *observe_effects(student, failures, cases)]
    yield from seen
    case = next((case for case in (cases.main, cases.square, cases.shallow) if walks(student, case)), None)
    if case and failures.keys() & {"gradients", "example_gradients"}:
        seen.append(observe_gradients(student, case))
        yield seen[-1]
    if case and any(name.startswith("fit") for name in failures):
        yield from observe_fit(student, case, {one.step for one in seen if not one.right})


def walks(student: Student, case: Case) -> bool:
    """Return whether both of the student's passes return a result on a case."""
    return not isinstance(attempt(lambda: run_backward(student, case)), Raised)


def observe_networks(student: Student, failures: Failures, cases: Cases) -> Iterator[Observation]:
    """Yield both passes on the main case, and on other networks.

    If the backward pass raises an exception, a network in which all shapes fit, and one without hidden layers, show the steps
    that the exception hides. Other depths distinguish mistakes that look alike with three layers.
    """
    found = observe_passes(student, cases.main)
    yield from found
    raised = any(isinstance(one.got, Raised) for one in found)
    for case in (cases.square, cases.shallow) if raised else (cases.deep,):
        yield from observe_passes(student, case)
    if "forward_other_depths" in failures or "gradient_other_depths" in failures:
        yield from observe_passes(student, cases.shallow)
    hidden = all(one.right for one in found)
    if hidden or ("gradient_single_sample" in failures and not raised):
        yield from observe_passes(student, cases.single)
    if hidden or "forward_saturated" in failures or "gradient_saturated" in failures:
        yield from observe_passes(student, cases.saturated, finite=True)


def observe_passes(student: Student, case: Case, finite: bool = False) -> list[Observation]:
    """Return the observations of both passes on a case; with finite, every finite tensor counts as correct."""
    return [*observe_forward(student, case, finite=finite), *observe_backward(student, case, finite=finite)]


def observe_effects(student: Student, failures: Failures, cases: Cases) -> Iterator[Observation]:
    """Yield the side effects of calls on arrays of their caller, and on later calls."""
    for function, check in LEAVE_NO_TRACE.items():
        failure = failures.get(check)
        if isinstance(failure, CheckFailure) and failure.got is not None:
            key = failure.key.partition('"')[2].rstrip('"]') or failure.key
            before = failure.wants[0] if failure.wants else None
            # The check passes a reference cache, too.
            grads = own_gradients(student, cases.main, (reference_cache, None)) if function == "compute_gradients" else {}
            scope = {"key": key, "before": before, "cache": {**reference_cache(cases.main), "Y": cases.main.Y}, "grads": grads}
            label = f"the global {RANDOM_STATE}" if key == RANDOM_STATE else f"`{failure.key}`"
            yield observe_change("dnn", function, key, label, failure.got, (), scope)
    failure = failures.get("gradient_second_call")
    if isinstance(failure, CheckFailure) and isinstance(failure.got, np.ndarray):
        key = failure.key
        first, other = (own_gradients(student, case).get(key) for case in (cases.other, cases.main_on_other))
        scope, label, name = {"key": key, "first": first, "other": other}, f"d{key}", "compute_gradients"
        statement = f"A second call of `{name}` returns wrong gradients"
        yield observe_step("dnn", "second call", key, label, failure.got, (), scope, task=name, statement=statement)


def own_gradients(student: Student, case: Case, sources: Sequence[Source] = (None, reference_cache)) -> dict[str, np.ndarray]:
    """Return the gradients of the student's own passes, or those on the reference cache; empty if there are none."""
    for source in sources:
        try:
            return readable(run_backward(student, case, source), gradient_keys(case))
        except (CheckFailure, StudentError):
            continue
    return {}


# gradients and fit ---------------------------------------------------------------------------------------------------


def observe_gradients(student: Student, case: Case) -> Observation:
    """Return the observation of the keys that `gradients` returns."""
    returned = attempt(lambda: student.fetch(network(student, case).gradients(case.X, case.Y)))
    got = sorted(str(key) for key in returned) if isinstance(returned, Mapping) else returned
    own = list(own_gradients(student, case))
    names = match_misnamed(own, returned) if isinstance(returned, Mapping) else {}
    enough = isinstance(returned, Mapping) and all(names.get(key, key) for key in own if key in case.params)
    return of_whole("gradients", "gradients", got, (got,) if enough else (), "does not return every gradient of W and B")


def of_whole(name: str, step: str, got: Any, wants: tuple, fault: str, scope: Names = NO_NAMES) -> Observation:
    """Return the observation of `gradients` or `fit` as a whole; fault completes the sentence if it is wrong."""
    more = {"owner": f"`{name}`", "statement": f"`{name}` {fault}"}
    return observe_step("dnn", step, name, "", got, wants, scope, task=WHOLE, **more)


def observe_fit(student: Student, case: Case, broken: set[str]) -> Iterator[Observation]:
    """Yield observations of the result of `fit`, its number of losses, its step, and when it stops.

    An exception is observed only if nothing before it is wrong, and the step only if nothing else changes the parameters.
    """
    returned = attempt(lambda: run_fit(student, case, epochs=1, tolerance=0.0))
    if isinstance(returned, Raised):
        if not broken:
            yield of_whole("fit", "fit", returned, (), "raises an exception")
        return
    losses, after = returned
    listed = isinstance(losses, (list, tuple)) or (isinstance(losses, np.ndarray) and losses.ndim == 1)
    scope = {"losses": [losses if isinstance(losses, float) else 0.0]}
    yield of_whole("fit", "fit returns", losses, (losses,) if listed else (), "does not return a list of losses", scope)
    if listed:
        fault, recorded = "does not record one loss per epoch", range(len(losses))
        yield of_whole("fit", "epochs", recorded, (range(1),), fault, {"epochs": 1})
    moved = any(step == "gradients" or step.startswith("changed by") for step in broken)
    if not moved and (not listed or len(losses) == 1):
        yield from observe_update(student, case, after)
        yield from observe_stop(case, attempt(lambda: run_fit(student, case, epochs=3, tolerance=1e9)))
        yield from observe_plateau(attempt(lambda: run_fit(student, case, epochs=3, tolerance=0.0, learning_rate=0.0)))


def run_fit(
    student: Student, case: Case, epochs: int, tolerance: float, learning_rate: float = LEARNING_RATE
) -> tuple[Any, dict[str, np.ndarray]]:
    """Return the result of `fit`, and the parameters after it."""
    net = network(student, case)
    losses = net.fit(case.X, case.Y, learning_rate=learning_rate, epochs=epochs, tolerance=tolerance)
    losses, params = student.fetch(losses, net.params)
    return losses, readable(params, case.params) if isinstance(params, Mapping) else {}


def observe_update(student: Student, case: Case, after: Mapping[str, np.ndarray]) -> Iterator[Observation]:
    """Yield the parameters after one step, from the student's own gradients."""
    grads = attempt(lambda: student.fetch(network(student, case).gradients(case.X, case.Y)))
    grads = readable(grads, case.params) if isinstance(grads, Mapping) else {}
    for key, value in after.items():
        scope = {"self": SimpleNamespace(params=case.params), "name": key, "learning_rate": LEARNING_RATE, "grads": grads}
        right = evaluate(STEPS["dnn"]["update"].right, scope)
        if not isinstance(right, Raised):
            yield observe_step("dnn", "update", key, key, value, (right,), scope, task=WHOLE, owner="`fit`")


def observe_stop(case: Case, returned: Any) -> Iterator[Observation]:
    """Yield whether `fit` stops immediately, without an update, if any loss is small enough."""
    if isinstance(returned, Raised):
        return
    losses, after = attempt(lambda: tensor("losses", returned[0])), returned[1]
    if isinstance(losses, np.ndarray) and losses.ndim == 1:
        moved = any(key not in after or not np.array_equal(after[key], value) for key, value in case.params.items())
        got = len(losses), moved
        yield of_whole("fit", "stop", got, ((1, False),), "stops at the wrong epoch", {"epochs": 3})


def observe_plateau(returned: Any) -> Iterator[Observation]:
    """Yield how many losses `fit` records if the loss stays the same."""
    losses = None if isinstance(returned, Raised) else attempt(lambda: tensor("losses", returned[0]))
    if isinstance(losses, np.ndarray) and losses.ndim == 1:
        yield of_whole("fit", "plateau", len(losses), (3,), "stops when the loss stays the same", {"epochs": 3})
