"""Both passes of a network as programs, and what there is to see of them on a case.

The four networks share them: another output step, other slopes, and other names in the catalog are all that differs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.case import Case, cache_keys, gradient_keys
from autograder.backprop.mistakes import STEPS
from autograder.backprop.observers.functions import functions, line, only
from autograder.backprop.oracle import right_cache, sigmoid, truth
from autograder.backprop.running import Source, arrays_in, pair, run_backward, run_forward
from autograder.checking import mapping, misnamed, tensor
from autograder.diagnosis.observation import Observation, Raised, attempt, evaluate, usable
from autograder.diagnosis.programs import Formulas, Line, Names, Program, function
from autograder.diagnosis.traces import NO_NAMES, observe
from autograder.student import Student

Tensors = Mapping[str, np.ndarray]
# The names in the catalog of the lines of a pass.
FORWARD = {
    "DNN": {
        "loop": "forward layers",
        "A0": "input",
        "W": "stored W",
        "B": "stored B",
        "Z": "Z",
        "stored Z": "stored Z",
        "A": "A",
        "returns": "forward returns",
        "keys": "missing in the cache",
    },
    "SoftmaxDNN": {"out": "softmax out", "returns": "softmax forward returns"},
    "GeneralDNN": {
        "g": "general g",
        "Z": "general Z",
        "stored Z": "general stored Z",
        "A": "general A",
        "out": "general out",
        "returns": "general forward returns",
    },
}
WALK = {
    "m": "walk m",
    "loop": "walk loop",
    "dW": "walk dW",
    "dB": "walk dB",
    "dA": "walk dA",
    "dZ": "walk dZ",
    "returns": "walk returns",
    "keys": "walk key",
}
BACKWARD = {
    "DNN": {
        "m": "m",
        "output": "output dZ",
        "loop": "backward layers",
        "dW": "dW",
        "dB": "dB",
        "dA": "dA",
        "dZ": "hidden dZ",
        "returns": "compute_gradients returns",
        "keys": "gradient key",
    },
    "SoftmaxDNN": {**WALK, "output": "cross-entropy dZ"},
    "SquaredErrorSoftmaxDNN": {**WALK, "output": "squared dZ", "slopes": "squared slopes"},
    "GeneralDNN": {**WALK, "output": "general dZ", "slopes": "general slopes"},
}


def part_of(case: Case) -> str:
    """Return the part that a network belongs to."""
    return "dnn" if case.model == "DNN" else "extension"


def method(case: Case, name: str) -> str:
    """Return how a method of a network is called."""
    return name if case.model == "DNN" else f"{case.model}.{name}"


def owner(case: Case) -> SimpleNamespace:
    """Return what `self` is in the lines of a network."""
    return SimpleNamespace(
        num_layers=case.layers[-1], layer_sizes=case.layer_sizes, params=case.params, activations=case.activations
    )


def readable(tensors: Mapping, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the tensors of a student's dict that can be calculated with, under the names of the assignment."""
    return {key: array for key, array in arrays_in(tensors, keys).items() if usable(array)}


# The programs ---------------------------------------------------------------------------------------------------------


def forward(case: Case, others: Sequence[Names | Raised] = (), finite: bool = False) -> Program:
    """Return the forward pass of a network; others are right answers besides the true one."""
    steps, last, of_dnn = FORWARD[case.model], case.layers[-1], case.model == "DNN"

    def store(step: str, right: str, key: str, **places: Any) -> Line:
        return Line(steps.get(step, ""), right, "cache", at=key, key=key, **places)

    def lines(formulas: Formulas) -> Iterator[Line]:
        yield store("A0", "X", "A0")
        for layer in evaluate(formulas.get(steps.get("loop", ""), "layers"), {"self": owner(case), "layers": case.layers}):
            activation = "ACTIVATIONS[name][0]" if case.model == "GeneralDNN" else "sigmoid"
            scope = {"layer": layer, "name": case.activations[layer - 1] if layer <= len(case.activations) else ""}
            for kind in "WB":
                yield Line("", f'self.params["{kind}{layer}"]', kind, scope=scope)
                yield store(kind, kind, f"{kind}{layer}")
            yield Line(steps.get("g", ""), activation, "g")
            yield Line(steps.get("Z", ""), 'W @ cache[f"A{layer - 1}"] + B', "Z")
            if case.model == "SoftmaxDNN" and layer == last:
                yield Line("softmax Z", "Z", "cache", at=f"Z{layer}", key=f"Z{layer}", pins="Z")
                yield Line("", "g(Z)", "cache", at=f"A{layer}")
                yield Line("softmax A", "softmax(Z)", "cache", at=f"A{layer}", key=f"A{layer}", scope={"last": last})
            else:
                yield store("stored Z", "Z", f"Z{layer}", pins="Z", shown=steps.get("Z", ""))
                yield store("A", "g(Z)", f"A{layer}")
        yield Line(steps.get("out", ""), f'cache["A{last}"]', key="out", shown="forward returns" if of_dnn else "")

    def read(value: Any) -> dict[str, Any]:
        out, cache = pair(value)
        return {**cache, "out": out}

    def words(key: str) -> str:
        named = {"A0": "the input in the cache", "out": "the output"}
        return named.get(key) or (f"`{key}` in the cache" if key[0] in "WB" else f"{key[0]} of layer {key[1:]}")

    right = right_cache(case)
    # The mistake of keys that are one layer early looks one layer ahead.
    ahead = {**right, f"A{last + 1}": right[f"A{last}"]}
    called = {"DNN": {"sigmoid": frozenset({"sigmoid"})}, "SoftmaxDNN": only("softmax"), "GeneralDNN": only("ACTIVATIONS")}
    return Program(
        part_of(case),
        method(case, "forward"),
        [{"X": case.X, "self": owner(case), "last": last, "cache": {}, "right": ahead}],
        lines,
        read,
        returns=steps["returns"],
        keys=steps.get("keys", ""),
        loops=frozenset({steps["loop"]}) if "loop" in steps else frozenset(),
        functions=own_sigmoid_with if of_dnn else functions,
        called=called[case.model],
        others=[{**right, "out": right[f"A{last}"]}, *others],
        finite=finite,
        words=words if of_dnn else None,
        samples=case.samples,
        network=case.name,
    )


def own_sigmoid_with(formulas: Formulas) -> Names:
    """Return the sigmoid of dnn.py with these formulas in it."""
    return {"sigmoid": function(("Z",), [line("dnn", "sigmoid")], formulas, {}) if "sigmoid" in formulas else sigmoid}


def backward(case: Case, given: Names, others: Sequence[Names | Raised] = (), finite: bool = False) -> Program:
    """Return the backward pass of a network on the out and the cache given; others are right besides the true answer."""
    part, steps, last, of_dnn = part_of(case), BACKWARD[case.model], case.layers[-1], case.model == "DNN"

    def lines(formulas: Formulas) -> Iterator[Line]:
        yield from start_of_dnn() if of_dnn else start_of_walk()
        right = STEPS[part][steps["loop"]].right
        for layer in evaluate(formulas.get(steps["loop"], right), {"self": owner(case), "slopes": case.layers}):
            scope, below = {"layer": layer}, layer - 1
            if of_dnn:
                yield Line("", f'grads["Z{layer}"]', "dZ", scope=scope)
                yield Line("", f'cache["A{below}"]', "A_previous")
            else:
                shown = steps["output" if layer == last else "dZ"]
                yield Line("", "dZ", key=f"Z{layer}", pins="dZ", shown=shown, scope=scope)
            yield store("dW", f"W{layer}")
            yield store("dB", f"B{layer}")
            if layer > 1:
                yield store("dA", f"A{below}")
                yield store("dZ", f"Z{below}") if of_dnn else line(part, steps["dZ"], "dZ")

    def start_of_dnn() -> Iterator[Line]:
        yield line(part, steps["m"], "m")
        yield store("output", f"Z{last}")

    def start_of_walk() -> Iterator[Line]:
        slopes = steps.get("slopes", "")
        yield Line(slopes, STEPS[part][slopes or "squared slopes"].right, "slopes")
        yield line(part, steps["output"], "dZ")
        yield line(part, steps["m"], "m")

    def store(step: str, key: str) -> Line:
        return line(part, steps[step], "grads", at=key, key=key)

    def read(value: Any) -> Mapping[str, Any]:
        grads = mapping("What compute_gradients returned", value)
        if of_dnn:
            return grads
        names = {key: misnamed(grads, key) for key in gradient_keys(case) if key not in grads}
        return {**grads, **{key: grads[name] for key, name in names.items() if name is not None}}

    def words(key: str) -> str:
        return f"d{key[0]} of {'the output layer' if key == f'Z{last}' else f'layer {key[1:]}'}"

    called = {"DNN": {}, "GeneralDNN": only("ACTIVATIONS")}
    by_dnn = frozenset({*WALK.values(), "softmax_backward", "sigmoid_prime"})
    right = [] if finite else [{key: truth(case).grads[key] for key in gradient_keys(case)}]
    return Program(
        part,
        method(case, "compute_gradients"),
        [{**given, "self": owner(case), "grads": {}}],
        lines,
        read,
        returns=steps["returns"],
        keys=steps["keys"],
        loops=frozenset({steps["loop"]}),
        functions=own_sigmoid_with if of_dnn else functions,
        called=called.get(case.model, only("softmax_backward", "sigmoid_prime")),
        # A SoftmaxDNN may leave everything but its first step to DNN.
        optional=by_dnn if case.model == "SoftmaxDNN" else frozenset(),
        others=[*right, *others],
        finite=finite,
        words=words if of_dnn else None,
        samples=case.samples,
        network=case.name,
    )


# What there is to see -------------------------------------------------------------------------------------------------


def observe_forward(student: Student, case: Case, own: Names = NO_NAMES, finite: bool = False) -> list[Observation]:
    """Return the cache and the output of a network, step by step."""
    answers = attempt(lambda: [run_forward(student, case)])
    seen = observe(forward(case, finite=finite), answers, own)
    if case.model == "SoftmaxDNN" and not all(one.right for one in seen):
        return observe(forward(case, [cache_of_dnn(student, case)]), answers, own)
    return seen


def cache_of_dnn(student: Student, case: Case) -> Tensors | Raised:
    """Return the cache of the student's own DNN, whose mistakes are not those of the extension, with the right output in it."""
    returned = attempt(lambda: run_forward(student, replace(case, model="DNN")))
    if isinstance(returned, Raised):
        return returned
    out = truth(case).out
    return {**readable(returned[1], cache_keys(case)), f"A{case.layers[-1]}": out, "out": out}


def observe_backward(student: Student, case: Case, own: Names = NO_NAMES, finite: bool = False) -> list[Observation]:
    """Return the gradients of a network step by step: on the own cache, or on the right one if that ends in an exception."""
    if not isinstance(attempt(lambda: run_forward(student, case)), Raised):
        seen = observe_gradients(student, case, own, finite, None)
        if not isinstance(seen[0].got, Raised) or not seen[0].right:
            return seen
    return observe_gradients(student, case, own, finite, right_cache)


def observe_gradients(student: Student, case: Case, own: Names, finite: bool, source: Source) -> list[Observation]:
    """Return the gradients of a network on a cache."""
    out, cache = (truth(case).out, right_cache(case)) if source else run_forward(student, case)
    own_out, own_cache = attempt(lambda: tensor("out", out)), readable(cache, cache_keys(case))
    given = {"out": own_out if usable(own_out) else None, "cache": {**own_cache, "Y": case.Y}}
    answers = attempt(lambda: [run_backward(student, case, source)])
    seen = observe(backward(case, given, finite=finite), answers, own)
    if case.model in ("DNN", "GeneralDNN") or all(one.right for one in seen):
        return seen
    begun = {} if isinstance(answers, Raised) else readable(answers[0], [f"Z{case.layers[-1]}"])
    others = list(ways_of_dnn(student, case, given, begun))
    return observe(backward(case, given, others, finite), answers, own)


def ways_of_dnn(student: Student, case: Case, given: Names, begun: Tensors) -> Iterator[Tensors | Raised]:
    """Yield what the student's own DNN makes, whose mistakes are not those of the extension.

    That is what it makes of the labels, where a SoftmaxDNN may leave all to it, and what it makes of the student's dZ of the
    output layer further back.
    """
    out, last = given["out"], f"Z{case.layers[-1]}"
    reference = {**given["cache"], f"A{case.layers[-1]}": out}

    def way(Y: np.ndarray) -> Tensors | Raised:
        walked = replace(case, model="DNN", Y=Y)
        grads = attempt(lambda: run_backward(student, walked, lambda _: reference))
        return grads if isinstance(grads, Raised) else readable(grads, gradient_keys(case))

    if np.shape(out) == case.Y.shape:
        if case.model == "SoftmaxDNN":
            yield way(case.Y)
        if last in begun and begun[last].shape == case.Y.shape:
            found = way(out - begun[last])
            yield found if isinstance(found, Raised) else {key: value for key, value in found.items() if key != last}
