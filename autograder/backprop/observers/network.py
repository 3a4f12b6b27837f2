"""Looks at a network's two passes step by step, each step on the student's own values of the step before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.backprop.case import Case, cache_keys, gradient_keys
from autograder.backprop.mistakes import STEPS, Mistake
from autograder.backprop.oracle import right_cache, sigmoid, truth
from autograder.backprop.running import pair, run_backward, run_forward
from autograder.checking import CheckFailure, StudentError, describe, misnamed, tensor
from autograder.diagnosis.observation import Observation, Raised, evaluate, raised, readable
from autograder.student import Student

Tensors = Mapping[str, Any]
RIGHT = {name: step.right for name, step in STEPS["dnn"].items()}
# The lines that set a name which a step uses.
BINDS = {"dW": "m", "dB": "m", "A": "sigmoid"}
FORWARD = {"sigmoid", "forward layers", "Z", "A", "forward returns"}
BACKWARD = {"m", "output dZ", "backward layers", "dW", "dB", "dA", "hidden dZ", "compute_gradients returns"}


@dataclass(frozen=True)
class Walk:
    """A network and a batch on which a mistake is tried."""

    case: Case

    @cached_property
    def scope(self) -> dict[str, Any]:
        """The names that every line can use."""
        case = self.case
        network = SimpleNamespace(num_layers=case.layers[-1], layer_sizes=case.layer_sizes, params=case.params)
        return {"self": network, "X": case.X, "m": case.samples, "sigmoid": sigmoid, "right": right_cache(case)}

    def value(self, formulas: Mapping[str, str], step: str, scope: Mapping[str, Any]) -> list:
        """What the wrong formulas of a mistake make of a step, if they have anything to do with it."""
        binding = BINDS.get(step, "")
        if step not in formulas and binding not in formulas:
            return []
        bound = {}
        if binding == "sigmoid" and binding in formulas:
            bound = {binding: lambda Z: evaluate(formulas["sigmoid"], {"Z": Z})}
        elif binding in formulas:
            bound = {binding: evaluate(formulas[binding], scope)}
        return [evaluate(formulas.get(step, RIGHT[step]), {**scope, **bound})]


def observe_passes(student: Student, case: Case, only_finite: bool = False) -> Iterator[Observation]:
    """What there is to see of both passes of the student's DNN on a case; with only_finite every finite tensor is right."""
    for observation in observe_both(student, case):
        finite = only_finite and isinstance(observation.got, np.ndarray) and np.isfinite(observation.got).all()
        wants = (observation.got,) if finite else observation.wants
        yield replace(observation, wants=wants, network=case.name)


def observe_both(student: Student, case: Case) -> Iterator[Observation]:
    """What there is to see of both passes, step by step."""
    walk = Walk(case)
    try:
        out, cache = run_forward(student, case)
    except (CheckFailure, StudentError) as failure:
        yield refused(walk, "forward", failure, partial(forward_raises, walk))
        yield from observe_backward(student, walk, right_cache)
        return
    yield from observe_forward(walk, out, readable(cache, cache_keys(case)), cache)
    yield from observe_backward(student, walk, None)


def refused(walk: Walk, method: str, failure: Exception, make: Callable[[Mistake], list]) -> Observation:
    """A call that gave nothing to look at."""
    return Observation("dnn", method, method, f"`{method}`", raised(failure), (), make, walk.case.samples, method)


# forward -------------------------------------------------------------------------------------------------------------


def observe_forward(walk: Walk, out: Any, own: dict[str, np.ndarray], cache: Mapping) -> Iterator[Observation]:
    """The keys of the cache, then its tensors in the order in which they are computed, and the output."""
    case, scope = walk.case, walk.scope
    missing = [key for key in cache_keys(case) if key not in cache]

    def look(step: str, key: str, words: str, wants: Iterable, make: Callable[[Mistake], list]) -> Iterator[Observation]:
        if key in own:
            yield Observation("dnn", step, key, words, own[key], tuple(wants), make, case.samples, "forward")

    keys = partial(missing_keys, walk)
    yield Observation(
        "dnn", "missing in the cache", ", ".join(missing), "the set of keys in the cache", missing, ([],), keys, task="forward"
    )
    yield from look("input", "A0", "the input in the cache", [case.X], partial(values, walk, "input", [scope]))
    befores = [*named(own, "A0"), case.X]
    for layer in case.layers:
        W, B, right = case.params[f"W{layer}"], case.params[f"B{layer}"], right_cache(case)
        names = {**scope, "cache": own, "W": W, "B": B, "layer": layer}
        for kind in "WB":
            key, step = f"{kind}{layer}", f"stored {kind}"
            yield from look(step, key, f"`{key}` in the cache", [case.params[key]], partial(values, walk, step, [names]))
        Zs = [Z for A in befores if isinstance(Z := evaluate("W @ A + B", {**names, "A": A}), np.ndarray)]
        caches = [{**names, "cache": {**own, f"A{layer - 1}": before}} for before in befores]
        key = f"Z{layer}"
        yield from look("Z", key, f"Z of layer {layer}", [*Zs, right[key]], partial(what_is_stored, walk, caches, Zs))
        Zs = [*named(own, key), *Zs]
        key = f"A{layer}"
        scopes = [{**names, "Z": Z} for Z in Zs]
        yield from look("A", key, f"A of layer {layer}", [*map(sigmoid, Zs), right[key]], partial(values, walk, "A", scopes))
        befores = [*named(own, key), *map(sigmoid, Zs[:2]), right[key]]
    last = f"A{case.layers[-1]}"
    try:
        got: Any = tensor("out", out)
    except CheckFailure as failure:
        got = Raised(str(failure))
    wants = (*named(own, last), right_cache(case)[last])
    yield Observation("dnn", "forward returns", "out", "the output", got, wants, partial(made_out, walk, own), task="forward")


def named(own: Tensors, key: str) -> list:
    """The tensor of this name, if it is there."""
    return [own[key]] if key in own else []


def values(walk: Walk, step: str, scopes: Iterable[Mapping[str, Any]], mistake: Mistake) -> list:
    """What a mistake makes of a step, from each of the values it may have started with."""
    return [value for scope in scopes for value in walk.value(mistake.formulas, step, scope)]


def missing_keys(walk: Walk, mistake: Mistake) -> list:
    """The keys that the cache lacks by a mistake."""
    case, formulas = walk.case, mistake.formulas
    if "forward layers" in formulas:
        layers = evaluate(formulas["forward layers"], walk.scope)
        return [[key for key in cache_keys(case) if key != "A0" and int(key[1:]) not in layers]]
    if "missing in the cache" in formulas:
        return [evaluate(formulas["missing in the cache"], walk.scope)]
    return []


def what_is_stored(walk: Walk, scopes: list[dict[str, Any]], right: list[np.ndarray], mistake: Mistake) -> list:
    """What a mistake stores as Z: another Z, or something else in its place."""
    made = values(walk, "Z", scopes, mistake)
    if "stored Z" not in mistake.formulas:
        return made
    return values(walk, "stored Z", [{**scopes[0], "Z": Z} for Z in made or right], mistake)


def made_out(walk: Walk, own: Tensors, mistake: Mistake) -> list:
    """What a mistake returns as the output, where it returns two values."""
    answers = walk.value(mistake.formulas, "forward returns", {**walk.scope, "cache": own})
    return [answer[0] for answer in answers if isinstance(answer, tuple) and isinstance(answer[1], dict)]


def forward_raises(walk: Walk, mistake: Mistake) -> list:
    """The exception, or the refusal of what is returned, that a mistake in forward ends in."""
    formulas, case = mistake.formulas, walk.case
    if formulas.keys().isdisjoint(FORWARD):
        return []
    scope, cache = walk.scope, {"A0": case.X, **case.params}
    layers = evaluate(formulas.get("forward layers", RIGHT["forward layers"]), scope)
    for layer in layers:
        names = {**scope, "W": case.params.get(f"W{layer}"), "B": case.params.get(f"B{layer}"), "layer": layer}
        if names["W"] is None:
            return [Raised(f"KeyError: 'W{layer}'")]
        for step, key in (("Z", f"Z{layer}"), ("A", f"A{layer}")):
            made = walk.value(mistake.formulas, step, {**names, "cache": cache, "Z": cache.get(f"Z{layer}")})
            value = made[0] if made else evaluate(RIGHT[step], {**names, "cache": cache, "Z": cache.get(f"Z{layer}")})
            if isinstance(value, Raised):
                return [value]
            cache[key] = value
    returned = formulas.get("forward returns", RIGHT["forward returns"])
    for answer in [evaluate(returned, {**scope, "cache": cache})]:
        if isinstance(answer, Raised):
            return [answer]
        try:
            pair(answer)
        except CheckFailure as failure:
            return [Raised(str(failure))]
    return []


# compute_gradients ---------------------------------------------------------------------------------------------------


def observe_backward(student: Student, walk: Walk, source: Any) -> Iterator[Observation]:
    """The keys of the gradients, then the tensors in the order in which they are found."""
    case = walk.case
    cache = run_forward(student, case)[1] if source is None else source(case)
    cache = {**readable(cache, cache_keys(case)), "Y": case.Y}
    try:
        grads = run_backward(student, case, source)
    except (CheckFailure, StudentError) as failure:
        follows = first_exception(walk, {}, cache)
        observation = refused(walk, "compute_gradients", failure, partial(backward_raises, walk, cache))
        observation = replace(observation, wants=tuple(follows))
        yield observation
        if source is None and observation.right:
            yield from observe_backward(student, walk, right_cache)
        return
    own = readable(grads, gradient_keys(case))
    for key in gradient_keys(case):
        name = key if key in grads else misnamed(grads, key)
        words = f"the key of the gradient of `{key}`"
        yield Observation(
            "dnn", "gradient key", key, words, name, (key,), partial(keys_by, walk, key), task="compute_gradients"
        )
    filled = {key: own.get(key, truth(case).grads[key]) for key in gradient_keys(case)}
    for key in gradient_keys(case):
        if key in own:
            step, layer = step_of(case, key)
            scope = backward_scope(walk, cache, filled, layer)
            wants = (evaluate(RIGHT[step], scope), truth(case).grads[key])
            make = partial(values, walk, step, [scope])
            yield Observation("dnn", step, key, words_for(step, key), own[key], wants, make, case.samples, "compute_gradients")


def step_of(case: Case, key: str) -> tuple[str, int]:
    """The step that finds a gradient, and the layer in whose round of the loop it is found."""
    kind, layer = key[0], int(key[1:])
    if kind == "Z":
        return ("output dZ", layer) if layer == case.layers[-1] else ("hidden dZ", layer + 1)
    return ("dA", layer + 1) if kind == "A" else (f"d{kind}", layer)


def words_for(step: str, key: str) -> str:
    """What a gradient is, for people."""
    where = " of the output layer" if step == "output dZ" else ""
    return f"d{key[0]} of layer {key[1:]}" if not where else f"dZ{where}"


def backward_scope(walk: Walk, cache: Tensors, grads: Tensors, layer: int) -> dict[str, Any]:
    """The names that a line of the backward pass can use."""
    last = walk.case.layers[-1]
    found = {"dZ": grads.get(f"Z{layer}"), "A_previous": cache.get(f"A{layer - 1}"), "out": cache.get(f"A{last}")}
    return {**walk.scope, "cache": cache, "grads": grads, "layer": layer, **found}


def keys_by(walk: Walk, key: str, mistake: Mistake) -> list:
    """The key under which a mistake puts the gradient of a variable, None where it puts none anywhere."""
    formulas, last = mistake.formulas, walk.case.layers[-1]
    if "backward layers" in formulas:
        _, layer = step_of(walk.case, key)
        layers = evaluate(formulas["backward layers"], walk.scope)
        return [key if layer in layers or key == f"Z{last}" else None]
    return [evaluate(formulas["gradient key"], {"key": key})] if "gradient key" in formulas else []


def backward_raises(walk: Walk, cache: Tensors, mistake: Mistake) -> list:
    """The exception, or the refusal of what is returned, that a mistake in compute_gradients ends in."""
    return [] if mistake.formulas.keys().isdisjoint(BACKWARD) else first_exception(walk, mistake.formulas, cache)


def first_exception(walk: Walk, formulas: Mapping[str, str], cache: Tensors) -> list:
    """The exception that the backward pass ends in with these lines in the place of the right ones, if it does."""
    last = walk.case.layers[-1]
    grads: dict[str, Any] = {}

    def step(name: str, key: str, layer: int) -> Any:
        scope = backward_scope(walk, cache, grads, layer)
        made = walk.value(formulas, name, scope)
        grads[key] = made[0] if made else evaluate(RIGHT[name], scope)
        return grads[key]

    def steps() -> Iterator[Any]:
        yield step("output dZ", f"Z{last}", last)
        for layer in evaluate(formulas.get("backward layers", RIGHT["backward layers"]), walk.scope):
            if f"Z{layer}" not in grads:
                yield Raised(f"KeyError: 'Z{layer}'")
            yield step("dW", f"W{layer}", layer)
            yield step("dB", f"B{layer}", layer)
            if layer > 1:
                yield step("dA", f"A{layer - 1}", layer)
                yield step("hidden dZ", f"Z{layer - 1}", layer)
        for answer in walk.value(formulas, "compute_gradients returns", {"grads": grads}):
            if not isinstance(answer, dict):
                yield Raised(describe(answer).full)

    return [value for value in steps() if isinstance(value, Raised)][:1]
