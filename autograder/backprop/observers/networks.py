"""Both passes of a network as programs, and their observations on a case.

The four networks share them; only the output step, the derivatives and the names in the catalog are different.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.calling import answer_of_forward, arrays_in, pair
from autograder.backprop.case import Case, cache_keys, gradient_keys
from autograder.backprop.mistakes import STEPS
from autograder.backprop.observers.functions import functions, line, steps_in
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.backprop.running import Source, run_backward, run_forward
from autograder.checking import as_returned, mapping, misnamed, tensor
from autograder.diagnosis.observation import NO_NAMES, Names, Observation, Raised, attempt, evaluate, is_usable
from autograder.diagnosis.programs import Formulas, Line, Program
from autograder.diagnosis.traces import match_misnamed, observe, under_right_names
from autograder.student import Student

Tensors = Mapping[str, np.ndarray]
LARGEST_Z = 100  # of a network without saturated units
# The steps of a pass in the catalog, if it has them.
FORWARD = {
    "DNN": {role: role for role in ("Z", "stored Z", "A", "stored W", "stored B", "forward returns")}
    | {"loop": "forward layers", "A0": "input", "out": "forward out", "keys": "missing in the cache"},
    "SoftmaxDNN": {role: f"softmax {role}" for role in ("out", "forward returns")},
    "GeneralDNN": {role: f"general {role}" for role in ("g", "Z", "stored Z", "A", "out", "forward returns")}
    | {"keys": "missing in the general cache"},
}
WALK = {role: f"walk {role}" for role in ("loop", "m", "dW", "dB", "dA", "dZ", "returns")} | {"keys": "walk key"}
BACKWARD = {
    "DNN": {role: role for role in ("m", "dW", "dB", "dA")}
    | {"loop": "backward layers", "output": "output dZ", "dZ": "hidden dZ"}
    | {"returns": "compute_gradients returns", "keys": "gradient key"},
    "SoftmaxDNN": {**WALK, "output": "cross-entropy dZ"},
    "SquaredErrorSoftmaxDNN": {**WALK, "output": "squared dZ", "derivatives": "squared derivatives"},
    "GeneralDNN": {**WALK, "output": "general dZ", "derivatives": "general derivatives"},
}


def readable(tensors: Mapping, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the valid tensors in a student's dict, with the names of the assignment."""
    keys = list(keys)
    return {key: array for key, array in arrays_in(under_right_names(keys, tensors), keys).items() if is_usable(array)}


def under_own_names(tensors: Mapping, keys: Sequence[str]) -> dict[Any, np.ndarray]:
    """Return the valid tensors in a student's dict, with the student's own names."""
    names = match_misnamed(keys, tensors)
    return {names.get(key, key): array for key, array in readable(tensors, keys).items()}


# The programs ---------------------------------------------------------------------------------------------------------


def program_of(case: Case, method: str, scope: Names, steps: Mapping[str, str], **more: Any) -> Program:
    """Return a method of a network as a program; steps has the names for the method as a whole."""
    of_dnn = case.model == "DNN"
    return Program(
        "dnn" if of_dnn else "extension",
        method if of_dnn else f"{case.model}.{method}",
        [{**scope, "self": owner(case)}],
        keys=steps.get("keys", ""),
        loops=frozenset({steps["loop"]}) if "loop" in steps else frozenset(),
        functions=functions,
        samples=case.samples,
        network=case.name,
        degenerate=is_degenerate(case),
        owner="" if of_dnn else f"`{case.model}`",
        **more,
    )


def is_degenerate(case: Case) -> bool:
    """Return whether a network has equal sizes, a single sample or saturated units, so that mistakes may look alike."""
    saturated = np.abs(reference_cache(case)["Z1"]).max() > LARGEST_Z
    return bool(case.samples == 1 or len({case.samples, *case.layer_sizes}) == 1 or saturated)


def owner(case: Case) -> SimpleNamespace:
    """Return the `self` for the lines of a network, of a class with the name that occurs in exceptions."""
    return type(case.model, (SimpleNamespace,), {})(
        num_layers=case.layers[-1], layer_sizes=case.layer_sizes, params=case.params, activations=case.activations
    )


@lru_cache(maxsize=64)  # of the hidden cases, which are the same for every submission
def forward(case: Case, finite: bool = False) -> Program:
    """Return the forward pass of a network."""
    steps, last, right = FORWARD[case.model], case.layers[-1], reference_cache(case)
    activation = "ACTIVATIONS[name][0]" if case.model == "GeneralDNN" else "sigmoid"

    def store(step: str, value: str, key: str, **places: Any) -> Line:
        return Line(step, value, "cache", at=key, key=key, **places)

    def lines(formulas: Formulas) -> Iterator[Line]:
        step = lambda role: steps.get(role, "")  # noqa: E731
        names = dict(enumerate(case.activations, start=1))
        yield store(step("A0"), "X", "A0")
        for layer in evaluate(formulas.get(step("loop"), "layers"), {"self": owner(case), "layers": case.layers}):
            scope = {"layer": layer, "name": names.get(layer, "")}
            for kind in "WB":
                yield Line("", f'self.params["{kind}{layer}"]', kind, scope=scope)
                yield store(step(f"stored {kind}"), kind, f"{kind}{layer}")
            yield Line(step("g"), activation, "g")
            yield Line(step("Z"), 'W @ cache[f"A{layer - 1}"] + B', "Z")
            if case.model == "SoftmaxDNN" and layer == last:
                yield store("softmax Z", "Z", f"Z{layer}", pins="Z")
                yield Line("", "g(Z)", "cache", at=f"A{layer}")
                yield store("softmax A", "softmax(Z)", f"A{layer}", scope={"last": last})
            else:
                yield store(step("stored Z"), "Z", f"Z{layer}", pins="Z", shown=step("Z"))
                yield store(step("A"), "g(Z)", f"A{layer}")
        yield Line(step("out"), f'cache["A{last}"]', key="out", shown="forward returns" if case.model == "DNN" else "")

    def read(value: Any) -> Names:
        out, cache = pair(value)
        return {**as_returned(cache), "out": out}

    def path(key: str) -> str:
        return "" if key == "out" else f'`cache["{key}"]`'

    def label(key: str) -> str:
        return "`out`" if key == "out" else path(key) if key[0] in "WB" else key

    # Keys that are one layer too low use the next layer.
    scope = {"X": case.X, "last": last, "cache": {}, "right": {**right, f"A{last + 1}": right[f"A{last}"]}}
    return program_of(
        case,
        "forward",
        scope,
        steps,
        lines=lines,
        read=read,
        returns=steps["forward returns"],
        called=steps_in({"DNN": "sigmoid", "SoftmaxDNN": "softmax", "GeneralDNN": "ACTIVATIONS"}[case.model]),
        others=[{**right, "out": right[f"A{last}"]}],
        finite=finite,
        label=label,
        path=path,
    )


def backward(case: Case, given: Names, others: Sequence[Names | Raised] = (), finite: bool = False) -> Program:
    """Return the backward pass of a network for an out and a cache; others are also accepted as correct."""
    steps, last, of_dnn = BACKWARD[case.model], case.layers[-1], case.model == "DNN"
    step = partial(line, "dnn" if of_dnn else "extension")
    derivatives = steps.get("derivatives", "")

    def store(role: str, key: str) -> Line:
        return step(steps[role], "grads", at=key, key=key)

    def lines(formulas: Formulas) -> Iterator[Line]:
        if of_dnn:
            yield from (step(steps["m"], "m"), store("output", f"Z{last}"))
        else:
            yield Line(derivatives, STEPS["extension"][derivatives or "squared derivatives"].right, "derivatives")
            yield from (step(steps["output"], "dZ"), step(steps["m"], "m"))
        layers = formulas.get(steps["loop"], step(steps["loop"]).right)
        for layer in evaluate(layers, {"self": owner(case), "derivatives": case.layers}):
            scope, below = {"layer": layer}, layer - 1
            if of_dnn:
                yield Line("", f'grads["Z{layer}"]', "dZ", scope=scope)
                yield Line("", f'cache["A{below}"]', "A_previous")
            else:
                shown = steps["output" if layer == last else "dZ"]
                yield Line("", "dZ", key=f"Z{layer}", pins="dZ", shown=shown, scope=scope)
            yield from (store("dW", f"W{layer}"), store("dB", f"B{layer}"))
            if layer > 1:
                yield store("dA", f"A{below}")
                yield store("dZ", f"Z{below}") if of_dnn else step(steps["dZ"], "dZ")

    def read(value: Any) -> Names:
        grads = mapping("The return value of compute_gradients", value)
        if isinstance(as_returned(grads), Mapping) or not grads.keys() >= {*gradient_keys(case)}:
            grads = mapping("The return value of compute_gradients", as_returned(grads))
        names = {key: misnamed(grads, key) for key in gradient_keys(case) if key not in grads and not of_dnn}
        return {**grads, **{key: grads[name] for key, name in names.items() if name is not None}}

    # A SoftmaxDNN may leave everything except its first step to DNN.
    left_to_dnn = frozenset({*WALK.values(), "softmax_backward", "sigmoid_prime"})
    called = {"DNN": steps_in(), "GeneralDNN": steps_in("ACTIVATIONS")}.get(
        case.model, steps_in("softmax_backward", "sigmoid_prime")
    )
    right = [] if finite else [{key: reference_of(case).grads[key] for key in gradient_keys(case)}]
    return program_of(
        case,
        "compute_gradients",
        {**given, "grads": {}},
        steps,
        lines=lines,
        read=read,
        returns=steps["returns"],
        called=called,
        optional=left_to_dnn if case.model == "SoftmaxDNN" else frozenset(),
        others=[*right, *others],
        finite=finite,
        label="d{}".format,
        path='`grads["{}"]`'.format,
    )


# Observations ---------------------------------------------------------------------------------------------------------


def observe_forward(student: Student, case: Case, own: Names = NO_NAMES, finite: bool = False) -> list[Observation]:
    """Return the cache and the output of a network, step by step."""
    answers = attempt(lambda: [pair(answer_of_forward(student, case))])
    program = forward(case, finite)
    seen = observe(program, answers, own)
    if case.model == "SoftmaxDNN" and not all(one.right for one in seen):
        return observe(replace(program, others=[*program.others, cache_of_dnn(student, case)]), answers, own)
    return seen


def cache_of_dnn(student: Student, case: Case) -> Tensors | Raised:
    """Return the cache of the student's own DNN with the correct output; mistakes in DNN don't count in the extension."""
    returned = attempt(lambda: run_forward(student, replace(case, model="DNN")))
    if isinstance(returned, Raised):
        return returned
    out, last, cache = reference_of(case).out, f"A{case.layers[-1]}", returned[1]
    name = match_misnamed(cache_keys(case), cache).get(last) or last
    return {**under_own_names(cache, cache_keys(case)), name: out, "out": out}


def observe_backward(student: Student, case: Case, own: Names = NO_NAMES, finite: bool = False) -> list[Observation]:
    """Return the gradients of a network step by step, on its own cache or, if that raises, on the reference cache."""
    if not isinstance(attempt(lambda: run_forward(student, case)), Raised):
        seen = observe_gradients(student, case, own, finite, None)
        if not isinstance(seen[0].got, Raised) or not seen[0].right:
            return seen
    return observe_gradients(student, case, own, finite, reference_cache)


def observe_gradients(student: Student, case: Case, own: Names, finite: bool, source: Source) -> list[Observation]:
    """Return the gradients of a network on a cache."""
    out, cache = (reference_of(case).out, reference_cache(case)) if source else run_forward(student, case)
    own_out, own_cache = attempt(lambda: tensor("out", out)), readable(cache, cache_keys(case))
    given = {"out": own_out if is_usable(own_out) else None, "cache": {**own_cache, "Y": case.Y}}
    answers = attempt(lambda: [run_backward(student, case, source)])
    seen = observe(backward(case, given, finite=finite), answers, own)
    if case.model in ("DNN", "GeneralDNN") or all(one.right for one in seen):
        return seen
    begun = {} if isinstance(answers, Raised) else readable(answers[0], [f"Z{case.layers[-1]}"])
    others = list(ways_of_dnn(student, case, given, begun))
    return observe(backward(case, given, others, finite), answers, own)


def ways_of_dnn(student: Student, case: Case, given: Names, begun: Tensors) -> Iterator[Tensors | Raised]:
    """Yield the gradients of the student's own DNN, whose mistakes don't count in the extension.

    These are its gradients from the labels, if a SoftmaxDNN may leave everything to DNN, and those from the student's dZ of the
    output layer.
    """
    out, last = given["out"], f"Z{case.layers[-1]}"
    reference = {**given["cache"], f"A{case.layers[-1]}": out}

    def way(Y: np.ndarray, keys: Sequence[str]) -> Tensors | Raised:
        walked = replace(case, model="DNN", Y=Y)
        grads = attempt(lambda: run_backward(student, walked, lambda _: reference))
        return grads if isinstance(grads, Raised) else under_own_names(grads, keys)

    if np.shape(out) == case.Y.shape:
        if case.model == "SoftmaxDNN":
            yield way(case.Y, gradient_keys(case))
        if last in begun and begun[last].shape == case.Y.shape:
            yield way(out - begun[last], [key for key in gradient_keys(case) if key != last])
