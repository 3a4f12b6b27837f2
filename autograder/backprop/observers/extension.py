"""Observations of a student's extension.py: its functions, its networks, and their side effects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.backprop.calling import network
from autograder.backprop.case import Case, gradient_keys, in_the_notes
from autograder.backprop.cases import Cases
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.backprop.observers.functions import (
    CALLED,
    ENTRIES,
    FUNCTIONS,
    RIGHT_FUNCTIONS,
    functions,
    functions_with,
    own_sigmoid,
    steps_in,
)
from autograder.backprop.observers.functions import line as line_of
from autograder.backprop.observers.networks import observe_backward, observe_forward
from autograder.backprop.oracle import activations, reference_cache, reference_of
from autograder.backprop.running import cache_with_overrides
from autograder.checking import mapping, random_state_changed, tensor
from autograder.diagnosis.calls import (
    call_traced,
    fetch_all,
    observe_changes,
    observe_random_state,
    remember_calls,
)
from autograder.diagnosis.observation import Names, Observation, Raised, attempt, evaluate, observe_step
from autograder.diagnosis.programs import Formulas, Line, Program, always
from autograder.diagnosis.traces import observe, without_repeated_exceptions
from autograder.sandbox.student import SandboxedStudent
from autograder.student import Student

PART = "extension"
line = partial(line_of, PART)
MOST_KEYS = 100  # of a student's dict that are observed
LARGE = np.array([[1000.0, -1000.0, -998.0], [997.0, 999.0, -1002.0], [3.0, 1001.0, -1001.0], [-1000.0, 2.0, -1000.0]])
OTHER_NOTES = "notes_gradients of another depth"
GRID = np.array([[-2.5, -0.6, 0.3], [1.1, -1.4, 2.2]])
# The 4-4-2 network of the assignment.
WORKED_SCOPE = {
    "x": np.array([[2.0], [5.0], [3.0], [3.0]]),
    "y": np.array([[1.0], [0.0]]),
    "W1": np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]]),
    "W2": np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]),
}
WORKED = [
    line("worked a1", "a1", key="a1"),
    line("worked h1", "h1", key="h1"),
    line("worked a2", "a2"),
    Line("worked returned a2", "a2", key="a2", pins="a2"),
    line("worked y_hat", "y_hat"),
    line("worked returned y_hat", key="y_hat", pins="y_hat"),
    line("worked da2", "da2"),
    line("worked da1", "da1"),
    line("worked dW1", "dW1"),
    line("worked dW2", "dW2"),
    line("worked w212", key="dL_dw212", pins="dW2", recovered="np.r_[[np.r_[dW2[0, 0], own, dW2[0, 2:]]], dW2[1:]]"),
    line("worked next", key="w212_next"),
    line("worked w131", key="dL_dw131"),
]


def observe_extension(student: SandboxedStudent, failures: Mapping[str, Exception], cases: Cases) -> Iterator[Observation]:
    """Yield the observations, in the order in which a student should look at them; none if no check failed."""
    if not failures:
        return
    programs = programs_of(cases)
    returned = fetch_all(student, calls(student, cases, programs))
    seen = {name: observe(program, answers_in(returned[name], len(program.scopes))) for name, program in programs.items()}
    sigmoids = own_sigmoid(student, returned["sigmoid"], GRID)
    named = functions_with({}, sigmoids)
    seen |= {name: observe(entry(name), entries_in(returned[name]), named) for name in ENTRIES}
    own = own_functions(student, sigmoids, seen)
    forward, backward = (partial(look, student, own=own) for look in (observe_forward, observe_backward))
    yield from without_repeated_exceptions(seen["softmax"], seen["softmax of large numbers"])
    yield from without_repeated_exceptions(forward(cases.softmax), forward(cases.softmax_few))
    yield from without_repeated_exceptions(seen["SoftmaxDNN.loss"], seen["loss where out is 0"])
    saturated = backward(cases.softmax_saturated, finite=True)
    yield from without_repeated_exceptions(backward(cases.softmax), backward(cases.softmax_few), saturated)
    yield from [*seen["softmax_backward"], *seen["SquaredErrorSoftmaxDNN.loss"]]
    yield from without_repeated_exceptions(backward(cases.squared_error), backward(cases.squared_error_few))
    yield from observe(worked_example(), answers_in(returned["worked_example"]), own)
    for name in ENTRIES:
        yield from seen[name]
    yield from without_repeated_exceptions(forward(cases.general), forward(cases.general_few))
    yield from without_repeated_exceptions(backward(cases.general), backward(cases.general_few))
    notes = {"notes_gradients": cases.notes, OTHER_NOTES: cases.other}
    yield from without_repeated_exceptions(
        *(observe(notes_gradients(case), answers_in(returned[name]), own) for name, case in notes.items())
    )
    yield from observe_traces(returned, cases)


# The functions as programs --------------------------------------------------------------------------------------------


def programs_of(cases: Cases) -> dict[str, Program]:
    """Return the functions that depend on no other functions of the student's, by the names of their calls."""
    given, softmax = arguments(cases), cases.softmax
    losses = [(cases.softmax, cases.softmax_few), (cases.squared_error, cases.squared_error_few)]
    entropies, errors = ([{"out": reference_of(case).out, "Y": case.Y} for case in pair] for pair in losses)
    classes = softmax.layer_sizes[-1]
    sure = np.eye(classes)[:, (np.argmax(softmax.Y, axis=0) + 1) % classes]  # for a wrong class
    cross_entropy, squared_error = [line("cross-entropy loss")], [line("squared loss")]
    return {
        "softmax": one_value("softmax", [given["softmax"]], FUNCTIONS["softmax"][1]),
        "softmax of large numbers": one_value("softmax", [{"Z": LARGE}], FUNCTIONS["softmax"][1]),
        "softmax_backward": one_value("softmax_backward", [given["softmax_backward"]], FUNCTIONS["softmax_backward"][1]),
        "SoftmaxDNN.loss": one_value("SoftmaxDNN.loss", entropies, cross_entropy),
        "loss where out is 0": one_value("SoftmaxDNN.loss", [{"out": sure, "Y": softmax.Y}], cross_entropy, finite=True),
        "SquaredErrorSoftmaxDNN.loss": one_value("SquaredErrorSoftmaxDNN.loss", errors, squared_error),
    }


def one_value(name: str, scopes: Sequence[Names], lines: Sequence[Line], **more: Any) -> Program:
    """Return a function that returns the value of its last line."""
    returned = always([*lines[:-1], replace(lines[-1], key=name)])
    return Program(
        PART, name, scopes, returned, lambda value: {name: value}, functions=functions, inside=MISTAKES[PART], **more
    )


def entry(name: str) -> Program:
    """Return an entry of ACTIVATIONS."""
    keys = (f"g of {name}", f"g' of {name}")
    lines = [
        line(f"{name} entry", "entry"),
        *(Line("", f"entry[{number}](Z)", key=keys[number], shown=ENTRIES[name][number]) for number in (0, 1)),
    ]
    called = steps_in(*(each for each in ENTRIES[name] if each in CALLED))

    def read(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(keys, values, strict=True))

    title = f'ACTIVATIONS["{name}"]'
    return Program(
        PART,
        title,
        [{"Z": GRID}],
        always(lines),
        read,
        functions=functions,
        called=called,
        label=lambda key: key.partition(" of ")[0],
        owner=f"`{title}`",
    )


def worked_example() -> Program:
    """Return the 4-4-2 example; vectors count as columns."""

    def read(value: Any) -> Names:
        answer = mapping("The return value of worked_example", value)
        return {key: column_of(key, one) for key, one in answer.items()}

    called = steps_in("softmax", "softmax_backward", "sigmoid_prime")
    return Program(
        PART,
        "worked_example",
        [WORKED_SCOPE],
        always(WORKED),
        read,
        keys="worked key",
        returns="worked returns",
        functions=functions,
        called=called,
        inside=MISTAKES[PART],
        owner="`worked_example`",
    )


def column_of(key: str, value: Any) -> Any:
    """Return a vector as a column, and anything else as it is."""
    array = attempt(partial(tensor, key, value))
    return array.reshape(-1, 1) if isinstance(array, np.ndarray) and array.ndim == 1 else value


def notes_gradients(case: Case) -> Program:
    """Return the backward pass in the convention of the notes."""
    scope = {**notes_arguments(case), "a": {0: case.X}, "grads": {}}

    def limit(formulas: Formulas, step: str, names: Names) -> Any:
        return evaluate(formulas.get(step, STEPS[PART][step].right), names)

    def lines(formulas: Formulas) -> Iterator[Line]:
        layers = limit(formulas, "notes layers", scope)
        yield line("notes layers", "layers")
        for layer in range(1, layers + 1):
            yield line("notes a", "a", at=layer, scope={"layer": layer})
        yield line("notes output", "grads", at=f"dJdz{layers}", key=f"dJdz{layers}")
        for layer in limit(formulas, "notes loop", {"layers": layers}):
            yield Line("", f'grads["dJdz{layer}"]', "dJdz", scope={"layer": layer})
            for name in (f"b{layer}", f"w{layer}", *((f"a{layer - 1}", f"z{layer - 1}") if layer > 1 else ())):
                yield line(f"notes dJd{name[0]}", "grads", at=f"dJd{name}", key=f"dJd{name}")

    def read(value: Any) -> Names:
        return mapping("The return value of notes_gradients", value)

    truths = in_the_notes({key: reference_of(case).grads[key] for key in gradient_keys(case)}, "dJd")
    return Program(
        PART,
        "notes_gradients",
        [scope],
        lines,
        read,
        returns="notes returns",
        keys="notes key",
        loops=frozenset({"notes layers", "notes loop"}),
        functions=functions,
        others=[truths],
        inside=MISTAKES[PART],
        samples=case.samples,
        network=case.name,
        label=str,
        owner="`notes_gradients`",
    )


# The calls, each with what is observed after it -----------------------------------------------------------------------


def arguments(cases: Cases) -> dict[str, dict[str, Any]]:
    """Return the arguments of the functions whose side effects are observed, by name."""
    softmax, squared, out = cases.softmax, cases.squared_error, reference_of(cases.squared_error).out
    return {
        "softmax": {"Z": reference_cache(softmax)[f"Z{softmax.layers[-1]}"]},
        "softmax_backward": {"dA": 2 * (out - squared.Y), "A": out},
        "notes_gradients": notes_arguments(cases.notes),
    }


def notes_arguments(case: Case) -> dict[str, Any]:
    """Return the arguments of notes_gradients."""
    return {"params": in_the_notes(case.params), "X": case.X, "y": case.Y}


def calls(student: SandboxedStudent, cases: Cases, programs: Mapping[str, Program]) -> dict[str, Callable[[], list]]:
    """Return the calls of the student's functions, by the names of the observations."""
    extension, softmax = student.module(PART), cases.softmax

    def call(name: str) -> list:
        given = arguments(cases)[name].values()
        returned, *left = call_traced(student, getattr(extension, name), *map(student.place, given))
        return [student.copy(returned), *left]  # a later call may change an earlier result

    def call_loss(case: Case, name: str) -> list:
        return [network(student, case).loss(*scope.values()) for scope in programs[name].scopes]

    def call_entry(name: str) -> list:
        placed = [student.place(GRID) for _ in range(2)]
        return [*(extension.ACTIVATIONS[name][number](placed[number]) for number in range(2)), *placed]

    def call_network(case: Case, model: str) -> list:
        called = replace(case, model=model)
        net = network(student, called)
        cache = cache_with_overrides(student, net, called, {**reference_cache(case), "Y": case.Y})
        return call_traced(student, net.compute_gradients, student.place(reference_of(case).out), cache)

    def call_forward() -> list:
        net = network(student, cases.general_relu)
        return [net.forward(cases.general_relu.X), net.params]

    return {
        "sigmoid": lambda: [student.module("dnn").sigmoid(GRID)],
        **{name: partial(call, name) for name in arguments(cases)},
        "softmax of large numbers": lambda: [extension.softmax(LARGE)],
        **{name: partial(call_loss, softmax, name) for name in ("SoftmaxDNN.loss", "loss where out is 0")},
        "SquaredErrorSoftmaxDNN.loss": partial(call_loss, cases.squared_error, "SquaredErrorSoftmaxDNN.loss"),
        "worked_example": lambda: [extension.worked_example()],
        OTHER_NOTES: lambda: [extension.notes_gradients(*notes_arguments(cases.other).values())],
        **{name: partial(call_entry, name) for name in ENTRIES},
        **{case.model: partial(call_network, case, case.model) for case in (softmax, cases.squared_error, cases.general_relu)},
        "DNN": partial(call_network, softmax, "DNN"),
        "GeneralDNN.forward": call_forward,
    }


def answers_in(returned: Any, count: int = 1) -> Any:
    """Return only the results of calls, without what was observed after them."""
    return returned if isinstance(returned, Raised) else returned[:count]


def entries_in(returned: Any) -> Any:
    """Return both values of an entry of ACTIVATIONS as one result."""
    return returned if isinstance(returned, Raised) else [returned[:2]]


# Consequences of other mistakes, and side effects ---------------------------------------------------------------------


def own_functions(student: Student, sigmoids: dict[str, Any], seen: Mapping[str, Sequence[Observation]]) -> Names:
    """Return all functions, with the student's version of the wrong ones; none if all are correct."""
    broken = {name for name in ("softmax", "softmax_backward") if not all(one.right for one in seen[name])}
    for name, names in ENTRIES.items():
        wrong = [one.key for one in seen[name] if not one.right]
        raised = not {f"g of {name}", f"g' of {name}"}.issuperset(wrong)
        broken |= {each for each, g in zip(names, ("g", "g'"), strict=True) if raised or f"{g} of {name}" in wrong}

    def call(name: str, *arguments: Any) -> Any:
        return student.fetch(getattr(student.module(PART), name)(*arguments))

    own = {name: remember_calls(partial(call, name)) for name in broken & FUNCTIONS.keys() - {"sigmoid"}} | sigmoids
    return functions_with({}, own) if own else {}


def observe_traces(returned: Mapping[str, Any], cases: Cases) -> Iterator[Observation]:
    """Yield side effects of the calls on their arguments and on the global random state."""
    for name, scope in arguments(cases).items():
        if not isinstance(returned[name], Raised):
            answer, before, after, *placed = returned[name]
            yield observe_random_state(PART, name, before, after)
            names = {"answer": answer, "layers": cases.notes.layers[-1]}
            yield from observe_changes(PART, name, scope, dict(zip(scope, placed, strict=True)), names)
    for name, pair_of_names in ENTRIES.items():
        if not isinstance(returned[name], Raised):
            for each, left in zip(pair_of_names, returned[name][2:], strict=True):
                yield from observe_changes(PART, each, {"Z": GRID}, {"Z": left})
    for case in (cases.softmax, cases.squared_error, cases.general_relu):
        if not isinstance(returned[case.model], Raised):
            of_dnn = returned["DNN"] if case is cases.softmax else None
            yield from observe_network_traces(case, returned[case.model], of_dnn or Raised("not called"))
    if not isinstance(returned["GeneralDNN.forward"], Raised):
        yield observe_params(cases.general_relu, returned["GeneralDNN.forward"][1])


def observe_params(case: Case, params: Any) -> Observation:
    """Return the keys that the forward pass of GeneralDNN added to the parameters."""
    added = sorted(params.keys() - case.params.keys())[:MOST_KEYS] if isinstance(params, Mapping) else []
    more = {"owner": "`GeneralDNN.forward`", "statement": "`GeneralDNN.forward` adds keys to `self.params`"}
    names, label, step = {"last": case.layers[-1]}, "`self.params`", "changed by GeneralDNN.forward"
    return observe_step(PART, step, "params", label, added, ([],), names, task="GeneralDNN", **more)


def observe_network_traces(case: Case, returned: Any, of_dnn: Any) -> Iterator[Observation]:
    """Yield side effects of a backward pass; those of the student's own DNN are not mistakes in the extension."""
    _, before, after, _, cache = returned
    name, names, follows = f"{case.model}.compute_gradients", activations(case), not isinstance(of_dnn, Raised)
    if not (follows and random_state_changed(*of_dnn[1:3])):
        yield observe_random_state(PART, name, before, after)
    derivatives = [RIGHT_FUNCTIONS["ACTIVATIONS"].get(each, [None])[-1] for each in names]
    scope = {"derivatives": derivatives, "layers": case.layers[-1], "activations": names}
    given, others = {"cache": {**reference_cache(case), "Y": case.Y}}, {"cache": of_dnn[4]} if follows else {}
    yield from observe_changes(PART, name, given, {"cache": cache}, scope, others)
