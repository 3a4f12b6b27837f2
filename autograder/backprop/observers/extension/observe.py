"""Calls a student's extension.py and puts what there is to see in the order in which a student should look at it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.backprop.case import Case
from autograder.backprop.cases import sample_cases
from autograder.backprop.observers.extension.functions import (
    ENTRIES,
    FUNCTIONS,
    GRID,
    LARGE,
    PART,
    RIGHT_FUNCTIONS,
    entry,
    functions_with,
    jacobian_scope,
    losses,
    notes_gradients,
    notes_scope,
    programs,
    softmax_scope,
    worked_example,
)
from autograder.backprop.observers.extension.networks import observe_backward, observe_forward
from autograder.backprop.oracle import activations, right_cache, truth
from autograder.backprop.running import laid_over, network
from autograder.diagnosis.observation import Observation, Raised, attempt, unloaded
from autograder.diagnosis.programs import (
    changed,
    fetch_all,
    observe,
    observe_changes,
    observe_random_state,
    one_by_one,
    own_sigmoid,
    remembered,
)
from autograder.sandbox.student import SandboxedStudent
from autograder.settings import read_secret
from autograder.student import Student

CASES = sample_cases(read_secret().encode())
GENERAL, GENERAL_RELU, NOTES, SOFTMAX, SOFTMAX_SATURATED, SOFTMAX_SHALLOW, SQUARED_ERROR = (
    CASES.general,
    CASES.general_relu,
    CASES.notes,
    CASES.softmax,
    CASES.softmax_saturated,
    CASES.softmax_shallow,
    CASES.squared_error,
)

TRACED = (SOFTMAX, SQUARED_ERROR, GENERAL_RELU)


def observe_extension(student: SandboxedStudent, failures: Mapping[str, Exception]) -> Iterator[Observation]:
    """What there is to see, in the order in which a student should look at it; nothing where no check has failed."""
    if not failures:
        return
    loaded = attempt(lambda: student.fetch(student.module("extension")))
    if isinstance(loaded, Raised):
        yield unloaded(PART, loaded)
        return
    returned = fetch_all(student, calls(student))
    seen = {name: observe(program, answer_in(returned[name])) for name, program in programs().items()}
    sigmoids = own_sigmoid(student, returned["sigmoid"], GRID)
    named = functions_with({}, sigmoids)
    seen |= {name: observe(entry(name), entry_in(returned[name]), named) for name in ENTRIES}
    own = own_functions(student, sigmoids, seen)
    forward = partial(observe_forward, student, own)
    backward = partial(observe_backward, student, own)
    yield from one_by_one(seen["softmax"], seen["softmax of large numbers"])
    yield from one_by_one(*map(forward, (SOFTMAX, SOFTMAX_SHALLOW)))
    yield from one_by_one(seen["SoftmaxDNN.loss"], seen["SoftmaxDNN.loss where out is 0"])
    yield from one_by_one(*map(backward, (SOFTMAX, SOFTMAX_SHALLOW, SOFTMAX_SATURATED)))
    yield from [*seen["softmax_backward"], *seen["SquaredErrorSoftmaxDNN.loss"]]
    yield from backward(SQUARED_ERROR)
    yield from observe(worked_example(), answer_in(returned["worked_example"]), own)
    for name in ENTRIES:
        yield from seen[name]
    yield from one_by_one(*map(forward, (GENERAL, GENERAL_RELU)))
    yield from one_by_one(*map(backward, (GENERAL, GENERAL_RELU)))
    yield from observe(notes_gradients(), answer_in(returned["notes_gradients"]), own)
    yield from observe_traces(returned)


# What is called: each call with what is to be looked at after it ------------------------------------------------------


def calls(student: SandboxedStudent) -> dict[str, Callable[[], list]]:
    """The calls of the student's functions, by the names of what is looked at."""
    extension = student.module("extension")
    return {
        "sigmoid": lambda: [student.module("dnn").sigmoid(GRID)],
        "softmax": lambda: traced(student, extension.softmax, softmax_scope()),
        "softmax of large numbers": lambda: [extension.softmax(LARGE)],
        "softmax_backward": lambda: traced(student, extension.softmax_backward, jacobian_scope()),
        **{name: partial(call_loss, student, case, out) for name, (case, out, _) in losses().items()},
        "worked_example": lambda: [extension.worked_example()],
        **{name: partial(call_entry, student, name) for name in ENTRIES},
        "notes_gradients": lambda: traced(student, extension.notes_gradients, notes_scope()),
        **{case.model: partial(call_network, student, case) for case in TRACED},
        "DNN": partial(call_network, student, SOFTMAX, "DNN"),
    }


def traced(student: SandboxedStudent, called: Any, scope: Mapping[str, Any]) -> list:
    """A call; its arguments and the global random state, before and after it."""
    before = student.stirred_random_state()
    placed = [student.place(value) for value in scope.values()]
    return [called(*placed), before, student.random_state(), *placed]


def call_loss(student: Student, case: Case, out: np.ndarray) -> list:
    """The loss of an output."""
    return [network(student, case).loss(out, case.Y)]


def call_entry(student: Student, name: str) -> list:
    """The values of g and g' of an entry of ACTIVATIONS, and what each has left of its argument."""
    placed = [student.place(GRID) for _ in range(2)]
    return [*(student.module("extension").ACTIVATIONS[name][number](placed[number]) for number in range(2)), *placed]


def call_network(student: SandboxedStudent, case: Case, model: str = "") -> list:
    """The backward pass on the right cache, of a network of another model if named."""
    called = replace(case, model=model or case.model)
    net = network(student, called)
    cache = laid_over(student, net, called, {**right_cache(case), "Y": case.Y})
    before = student.stirred_random_state()
    return [net.compute_gradients(truth(case).out, cache), before, student.random_state(), cache]


def answer_in(returned: Any) -> Any:
    """What a call returned, without what was looked at after it, as the answers of one call."""
    return returned if isinstance(returned, Raised) else returned[:1]


def entry_in(returned: Any) -> Any:
    """The same for the two functions of an entry of ACTIVATIONS."""
    return returned if isinstance(returned, Raised) else [returned[:2]]


# What follows from other mistakes, and what is left behind ------------------------------------------------------------


def own_functions(student: Student, sigmoids: dict[str, Any], seen: Mapping[str, Sequence[Observation]]) -> dict[str, Any]:
    """All functions, those of the student's in the places of those that are wrong there; nothing where all are right."""
    broken = {name for name in ("softmax", "softmax_backward") if not all(one.right for one in seen[name])}
    for name, names in ENTRIES.items():
        wrong = [one.key for one in seen[name] if not one.right]
        raised = not {f"g of {name}", f"g' of {name}"}.issuperset(wrong)
        broken |= {each for each, g in zip(names, ("g", "g'"), strict=True) if raised or f"{g} of {name}" in wrong}
    own = {name: remembered(partial(call_own, student, name)) for name in broken & FUNCTIONS.keys()} | sigmoids
    return functions_with({}, own) if own else {}


def call_own(student: Student, name: str, *arguments: Any) -> Any:
    """What a function of the student's extension.py returns."""
    return student.fetch(getattr(student.module("extension"), name)(*arguments))


def observe_traces(returned: Mapping[str, Any]) -> Iterator[Observation]:
    """What the calls changed: their arguments, and the global random state."""
    for name in ("softmax", "softmax_backward", "notes_gradients"):
        scope = {"softmax": softmax_scope, "softmax_backward": jacobian_scope, "notes_gradients": notes_scope}[name]()
        if not isinstance(returned[name], Raised):
            answer, before, after, *placed = returned[name]
            yield observe_random_state(PART, name, before, after)
            given = dict(zip(scope, placed, strict=True))
            names = {"answer": answer, "layers": NOTES.layers[-1]}
            yield from observe_changes(PART, name, spread(scope), spread(given), names)
    for name, pair_of_names in ENTRIES.items():
        if not isinstance(returned[name], Raised):
            for each, left in zip(pair_of_names, returned[name][2:], strict=True):
                yield from observe_changes(PART, each, {"Z": GRID}, {"Z": left}, {})
    for case in TRACED:
        if not isinstance(returned[case.model], Raised):
            yield from observe_network_traces(case, returned[case.model], returned["DNN"] if case is SOFTMAX else [])


def observe_network_traces(case: Case, returned: Any, of_dnn: Any) -> Iterator[Observation]:
    """What a backward pass changed; what the student's own DNN does there is no mistake of the extension."""
    _, before, after, cache = returned
    name = f"{case.model}.compute_gradients"
    follows = not isinstance(of_dnn, Raised) and bool(of_dnn)
    if not (follows and changed(*of_dnn[1:3])):
        yield observe_random_state(PART, name, before, after)
    slopes = [RIGHT_FUNCTIONS["ACTIVATIONS"].get(each, [None])[-1] for each in activations(case)]
    scope = {"slopes": slopes, "layers": case.layers[-1], "activations": activations(case)}
    others = spread({"cache": of_dnn[3]}) if follows else {}
    yield from observe_changes(PART, name, {**right_cache(case), "Y": case.Y}, spread({"cache": cache}), scope, others)


def spread(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, and in the place of a dict what is in it."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        found |= value if isinstance(value, Mapping) else {name: value}
    return found
