"""The networks of extension.py: both passes step by step, each step on the student's own values of the step before it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.case import Case, cache_keys, gradient_keys
from autograder.backprop.cases import sample_cases
from autograder.backprop.mistakes.extension import STEPS
from autograder.backprop.observers.extension.functions import PART, WALK_STEPS, functions, line, only
from autograder.backprop.oracle import right_cache, truth
from autograder.backprop.running import Source, pair, run_backward, run_forward
from autograder.checking import mapping, misnamed, tensor
from autograder.diagnosis.observation import Observation, Raised, attempt, evaluate, readable, usable
from autograder.diagnosis.programs import Formulas, Line, Names, Program, always, observe
from autograder.settings import read_secret
from autograder.student import Student

CASES = sample_cases(read_secret().encode())
SOFTMAX_SATURATED = CASES.softmax_saturated

Tensors = Mapping[str, np.ndarray]


def observe_forward(student: Student, own: Names, case: Case) -> list[Observation]:
    """The cache and the output of a network, step by step."""
    returned = attempt(lambda: [run_forward(student, case)])
    seen = observe(forward(case, ()), returned, own)
    if case.model == "SoftmaxDNN" and not all(one.right for one in seen):
        return observe(forward(case, [own_cache(student, case)]), returned, own)
    return seen


def own_cache(student: Student, case: Case) -> dict[str, np.ndarray] | Raised:
    """The cache of the student's own DNN, whose mistakes are not those of the extension, with the right output in it."""
    returned = attempt(lambda: run_forward(student, replace(case, model="DNN")))
    if isinstance(returned, Raised):
        return returned
    out = truth(case).out
    return {**readable(returned[1], cache_keys(case)), f"A{case.layers[-1]}": out, "out": out}


def forward(case: Case, others: Sequence[Names | Raised]) -> Program:
    """The forward pass of a network; others are right answers besides the true one."""
    general = case.model == "GeneralDNN"
    last = case.layers[-1]

    def lines() -> Iterator[Line]:
        yield Line("", "X", "cache", at="A0", key="A0")
        for layer in case.layers:
            for key in (f"W{layer}", f"B{layer}"):
                yield Line("", f'self.params["{key}"]', "cache", at=key, key=key)
            yield from general_layer(layer) if general else softmax_layer(layer)
        yield Line("general out" if general else "softmax out", f'cache["A{last}"]', key="out")

    def general_layer(layer: int) -> Iterator[Line]:
        scope = {"layer": layer, "name": case.activations[layer - 1]}
        yield Line("general g", "ACTIVATIONS[name][0]", "g", scope=scope)
        yield line("general Z", "Z", scope=scope)
        yield Line("general stored Z", "Z", "cache", at=f"Z{layer}", key=f"Z{layer}", shown="general Z")
        yield line("general A", "cache", at=f"A{layer}", key=f"A{layer}", scope=scope)

    def softmax_layer(layer: int) -> Iterator[Line]:
        yield Line("", STEPS["general Z"].right, "Z", scope={"layer": layer})
        yield Line("softmax Z" if layer == last else "", "Z", "cache", at=f"Z{layer}", key=f"Z{layer}")
        key = "" if layer == last else f"A{layer}"
        yield Line("", f'sigmoid(cache["Z{layer}"])', "cache", at=f"A{layer}", key=key)
        if layer == last:
            yield line("softmax A", "cache", at=f"A{layer}", key=f"A{layer}")

    def read(value: Any) -> dict[str, Any]:
        out, cache = pair(value)
        return {**cache, "out": out}

    owner = SimpleNamespace(num_layers=last, params=case.params, activations=case.activations)
    scope = {"X": case.X, "self": owner, "last": last, "cache": {}}
    answers = [{**right_cache(case), "out": truth(case).out}, *others]
    title = "general forward" if general else "softmax forward"
    called = only("ACTIVATIONS") if general else only("softmax")
    name = f"{case.model}.forward"
    return Program(
        PART, title, name, [scope], always(list(lines())), read, functions, called, others=answers, samples=case.samples
    )


def observe_backward(student: Student, own: Names, case: Case) -> list[Observation]:
    """The gradients of a network step by step: on the own cache or, where that ends in an exception, on the right one."""
    if not isinstance(attempt(lambda: run_forward(student, case)), Raised):
        seen = observe_gradients(student, own, case, None)
        if not isinstance(seen[0].got, Raised) or not seen[0].right:
            return seen
    return observe_gradients(student, own, case, right_cache)


def observe_gradients(student: Student, own: Names, case: Case, source: Source) -> list[Observation]:
    """The gradients of a network on a cache."""
    out, cache = (truth(case).out, right_cache(case)) if source else run_forward(student, case)
    own_out = attempt(lambda: tensor("out", out))
    scope = {"out": own_out if usable(own_out) else None, "cache": {**readable(cache, cache_keys(case)), "Y": case.Y}}
    returned = attempt(lambda: [run_backward(student, case, source)])
    seen = observe(backward(case, scope, ()), returned, own)
    if case.model == "GeneralDNN" or all(one.right for one in seen):
        return seen
    begun = {} if isinstance(returned, Raised) else readable(returned[0], [f"Z{case.layers[-1]}"])
    others = list(ways_of_dnn(student, case, scope, begun))
    return observe(backward(case, scope, others), returned, own)


def ways_of_dnn(student: Student, case: Case, scope: Names, begun: Tensors) -> Iterator[Tensors | Raised]:
    """What the student's own DNN makes, whose mistakes are not those of the extension.

    That is what it makes of the labels, where a SoftmaxDNN may leave all to it, and what it makes of the student's dZ of the
    output layer further back.
    """
    out, last = scope["out"], f"Z{case.layers[-1]}"
    reference = {**scope["cache"], f"A{case.layers[-1]}": out}

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


def backward(case: Case, given: Names, others: Sequence[Names | Raised]) -> Program:
    """The backward pass of a network on the out and the cache given; others are right answers besides the true one."""
    last = case.layers[-1]
    output = {"SoftmaxDNN": "cross-entropy dZ", "SquaredErrorSoftmaxDNN": "squared dZ", "GeneralDNN": "general dZ"}[case.model]
    slopes = "general slopes" if case.model == "GeneralDNN" else "squared slopes"

    def lines(formulas: Formulas, _: Names) -> Iterator[Line]:
        yield Line(slopes if case.model != "SoftmaxDNN" else "", STEPS[slopes].right, "slopes")
        yield line(output, "dZ")
        yield line("walk m", "m")
        for layer in evaluate(formulas.get("walk loop", STEPS["walk loop"].right), {"slopes": case.layers}):
            scope = {"layer": layer}
            step = output if layer == last else "walk dZ"
            yield Line("", "dZ", key=f"Z{layer}", pins="dZ", shown=step)
            yield line("walk dW", "grads", at=f"W{layer}", key=f"W{layer}", scope=scope)
            yield line("walk dB", "grads", at=f"B{layer}", key=f"B{layer}", scope=scope)
            if layer > 1:
                yield line("walk dA", "grads", at=f"A{layer - 1}", key=f"A{layer - 1}", scope=scope)
                yield line("walk dZ", "dZ", scope=scope)

    def read(value: Any) -> dict[str, Any]:
        grads = mapping("What compute_gradients returned", value)
        others = {key: misnamed(grads, key) for key in gradient_keys(case) if key not in grads}
        return {**grads, **{key: grads[name] for key, name in others.items() if name is not None}}

    owner = SimpleNamespace(num_layers=last, activations=case.activations)
    scope = {**given, "self": owner, "grads": {}}
    finite = case is SOFTMAX_SATURATED
    right = [] if finite else [{key: truth(case).grads[key] for key in gradient_keys(case)}]
    return Program(
        PART,
        "walk",
        f"{case.model}.compute_gradients",
        [scope],
        lines,
        read,
        functions,
        only("ACTIVATIONS") if case.model == "GeneralDNN" else only("softmax_backward", "sigmoid_prime"),
        # A SoftmaxDNN may leave everything but its first step to DNN.
        optional=WALK_STEPS | {"softmax_backward", "sigmoid_prime"} if case.model == "SoftmaxDNN" else frozenset(),
        others=[*right, *others],
        samples=case.samples,
        finite=finite,
    )
