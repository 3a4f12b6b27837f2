"""Call the student's networks, also if they return their results in an unexpected form.

An unexpected form costs the points of one check; the values in it are still checked. Students get this file, too, like
checking.py.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from checks.at_home import LocalStudent
from checks.case import Case, gradient_keys, under_expected_keys
from checks.checking import (
    FOUND,
    CheckFailure,
    RenamedDict,
    StudentError,
    agree,
    copy_failure,
    describe,
    mapping,
    present_keys,
    require_key,
    tensor,
    two_values,
    without_frames,
)
from checks.student import Student

OUT_AND_CACHE = (0, 1)  # where they are in what forward returns
MAX_GRADIENTS = 100  # in a tuple or a list

# Other places where compute_gradients may expect the labels: an attribute of the network, another key of the cache, an
# argument.
Place = tuple[str, str]
PLACES = {"self": "`self.{}`", "cache": '`cache["{}"]`', "argument": "an argument `{}`"}
NO_ATTRIBUTE = re.compile(r"AttributeError: '\w{1,60}' object has no attribute '([A-Za-z]\w{0,29})'")
NO_ARGUMENT = re.compile(
    r"TypeError: (?:\w{1,60}\.)?compute_gradients\(\) missing 1 required positional argument: '([A-Za-z]\w{0,29})'"
)
NO_KEY = re.compile(r"KeyError: '([A-Za-z_]{1,30})'")
SELF = re.compile(r"\bself\.([A-Za-z]\w{0,29})\b")  # in the line that an exception is quoted with
MAX_GUESSES = 3
ATTRIBUTES = ("Y", "y", "labels", "targets", "y_true")


def network(student: Student, case: Case) -> Any:
    """Return a network of the student's class for the case, with the case's layer sizes and parameters."""
    module = student.module("dnn" if case.model == "DNN" else "extension")
    chosen = [case.activations] if case.activations else []
    model = getattr(module, case.model)
    if case.base:
        model = student.with_base_results(model, student.module("dnn").DNN, case.base)
    net = model(case.layer_sizes, *chosen)
    net.params = student.parameters(case.params)
    return net


def remember(student: Student, key: tuple, run: Callable[[], Any]) -> Any:
    """Return the result of run(), or the recorded one if this key was run before; an exception is recorded and raised again."""
    if key not in student.memory:
        with student.single_flight(key):
            if key not in student.memory:
                student.memory[key] = outcome(student, run)
    result = student.memory[key]
    if isinstance(result, (CheckFailure, StudentError)):
        raise copy_failure(result) from result.__cause__  # a raised exception keeps its frames alive
    return result


def outcome(student: Student, run: Callable[[], Any]) -> Any:
    """Return the result of run(), or the exception that tells the student what to fix."""
    try:
        return run()
    except (CheckFailure, StudentError) as failure:
        return without_frames(failure)
    except Exception as error:
        if not isinstance(student, LocalStudent):
            raise
        words = f"{type(error).__name__}: {error}"
        raised = StudentError(words, raised=words)
        raised.__cause__ = error
        return raised


# forward ----------------------------------------------------------------------------------------------------------------


def pair(value: Any) -> tuple[Any, Mapping]:
    """Return (out, cache) from the result of `forward`; raise CheckFailure if it has another form."""
    out, cache = two_values("forward", value, "out, cache")
    if not isinstance(cache, Mapping):
        what = "they are in the wrong order" if isinstance(out, Mapping) else f"the second one is {FOUND}"
        message = f"forward must return two values, out and the cache (a dict); {what}."
        raise CheckFailure(message, found=describe(cache))
    return out, cache


def halves(answer: Any) -> tuple[Any, Mapping | None]:
    """Return (out, cache) from the result of `forward`, with None for a missing one.

    A missing cache, or another order, doesn't cost the points of the output.
    """
    if places := places_in(answer):
        return answer[places[0]], answer[places[1]]
    out, cache = two_values("forward", answer, "out, cache")
    if isinstance(cache, Mapping):
        return out, cache
    return (None, out) if isinstance(out, Mapping) else (out, None)


def places_in(answer: Any) -> tuple[Any, Any] | None:
    """Return the indexes or keys of the output and the cache in the result of `forward`; None if they are ambiguous.

    The cache is the only dict. If there are two other values, such as the output and the labels, the first one is the output.
    """
    if type(answer) is tuple and [type(item) for item in answer] == [np.ndarray, dict]:
        return OUT_AND_CACHE
    items = answer.items() if isinstance(answer, Mapping) else enumerate(answer) if isinstance(answer, (tuple, list)) else ()
    known = [(place, isinstance(item, Mapping)) for place, item in items if item is not None]
    caches, others = ([place for place, is_cache in known if is_cache == wanted] for wanted in (True, False))
    return (others[0], caches[0]) if len(caches) == 1 and len(others) in (1, 2) else None


def answer_of_forward(student: Student, case: Case) -> Any:
    """Return the result of the student's forward pass on the case, in any form."""

    def run() -> Any:
        answer = student.fetch(network(student, case).forward(case.X))
        student.memory["places", case.model] = places_in(answer) or OUT_AND_CACHE
        return answer

    return remember(student, ("forward", case), run)


def unpack_forward(student: Student, value: Any, case: Case) -> tuple[Any, Any]:
    """Return the output and the cache of a forward pass, still on the student's side."""
    places = student.memory.get(("places", case.model), OUT_AND_CACHE)
    return student.unpack(value) if places == OUT_AND_CACHE else (value[places[0]], value[places[1]])


# compute_gradients --------------------------------------------------------------------------------------------------------


def labels_place(student: Student, model: str) -> Place | None:
    """Return the other place where the student's compute_gradients expects the labels, if one was found."""
    return student.memory.get(("labels", model))


def put_labels(student: Student, net: Any, cache: Any, case: Case) -> None:
    """Put the labels into the cache, and where the student's compute_gradients expects them."""
    cache["Y"] = case.Y
    hand_labels(student, net, cache, case.Y, labels_place(student, case.model))


def hand_labels(student: Student, net: Any, cache: Any, Y: np.ndarray, place: Place | None) -> None:
    """Put the labels into a place, if there is one."""
    kind, name = place or ("", "")
    if kind == "self":
        setattr(net, name, Y)
    elif kind == "argument":
        net.compute_gradients = student.module("functools").partial(net.compute_gradients, **{name: Y})
    elif kind == "cache":
        cache[name] = Y


def find_labels(student: Student, case: Case, error: StudentError) -> bool:
    """Return whether compute_gradients failed because it expects the labels in another place; record that place."""
    if labels_place(student, case.model):
        return False
    for place in places_missed(error):
        with contextlib.suppress(CheckFailure, StudentError):
            remember(student, ("labels in", place, case.model), partial(expect_labels_to_do, student, case, place))
            student.memory["labels", case.model] = place
            return True
    return False


def places_missed(error: StudentError) -> Iterator[Place]:
    """Yield the places where the labels may be expected, according to an exception."""
    if found := NO_ATTRIBUTE.match(error.raised):
        yield "self", found[1]
    elif found := NO_ARGUMENT.match(error.raised):
        yield "argument", found[1]
    elif found := NO_KEY.match(error.raised):
        yield "cache", found[1]
    elif error.raised.startswith("TypeError") and "NoneType" in error.raised:
        yield from (("self", name) for name in dict.fromkeys([*SELF.findall(str(error))[:MAX_GUESSES], *ATTRIBUTES]))


def expect_labels_to_do(student: Student, case: Case, place: Place) -> None:
    """Raise CheckFailure unless compute_gradients, with the labels in this place, returns the same as `gradients`."""
    net = network(student, case)
    out, cache = unpack_forward(student, net.forward(case.X), case)
    hand_labels(student, net, cache, case.Y, place)
    both = student.fetch(net.compute_gradients(out, cache), network(student, case).gradients(case.X, case.Y))
    own, whole = (arrays_in(as_gradients("compute_gradients", grads, case), case.params) for grads in both)
    if not own or own.keys() != whole.keys() or not all(same(own[key], whole[key]) for key in own):
        raise CheckFailure("compute_gradients does not work with the labels in this place.")


def expect_labels_in_cache(student: Student, case: Case) -> None:
    """Raise CheckFailure if compute_gradients expects the labels anywhere but in cache["Y"]."""
    if place := labels_place(student, case.model):
        words = PLACES[place[0]].format(place[1])
        instead = 'Read them from `cache["Y"]`, and set `cache["Y"]` in `gradients`.'
        raise CheckFailure(f"`compute_gradients` takes the labels from {words}. {instead}")


def as_gradients(method: str, value: Any, case: Case) -> Mapping:
    """Return the gradients that a method returned, with the expected keys; raise CheckFailure if they are ambiguous."""
    if not isinstance(value, Mapping):
        grads = gradients_in(value, case)
        return mapping(f"The return value of {method}", value) if grads is None else RenamedDict(value, grads, {})
    return under_expected_keys(value, gradient_keys(case))


def gradients_in(value: Any, case: Case) -> Mapping | None:
    """Return the gradients in a tuple or a list: those in its only dict, or its items in the order that fits their shapes."""
    if not isinstance(value, (tuple, list)) or len(value) > MAX_GRADIENTS:
        return None
    dicts = [item for item in value if isinstance(item, Mapping)]
    if dicts:
        return under_expected_keys(dicts[0], gradient_keys(case)) if len(dicts) == 1 else None
    flat = [inner for item in value for inner in (item if isinstance(item, (tuple, list)) else [item])][:MAX_GRADIENTS]
    fits = {order: fit_of(order, flat, case) for order in orders_of(case) if len(order) == len(flat)}
    best = [order for order, fit in fits.items() if fit == max(fits.values()) > len(flat) / 2]
    return dict(zip(best[0], flat, strict=True)) if len(best) == 1 else None


def fit_of(order: tuple[str, ...], values: list, case: Case) -> int:
    """Return how many values have the shapes of the variables of these keys; a B may lack its second axis."""
    shapes = [case.shape(key) for key in order]
    allowed = [{shape, shape[:1]} if key[0] == "B" else {shape} for key, shape in zip(order, shapes, strict=True)]
    return sum(getattr(value, "shape", None) in shapes for value, shapes in zip(values, allowed, strict=True))


def orders_of(case: Case) -> set[tuple[str, ...]]:
    """Return the orders that gradients may be in: by layer, forward or backward, or by variable."""
    orders = {tuple(gradient_keys(case, kinds)) for kinds in ("WB", "ZWB", "ZWBA")}
    for kinds in ("WB", "BW", "ZWB", "WBZ", "ZWBA", "WBZA"):
        for layers in (case.layers, case.layers[::-1]):
            by_layer = tuple(f"{kind}{layer}" for layer in layers for kind in kinds)
            by_kind = tuple(f"{kind}{layer}" for kind in kinds for layer in layers)
            orders |= {tuple(key for key in order if key != f"A{case.layers[-1]}") for order in (by_layer, by_kind)}
    return orders


def arrays_in(tensors: Mapping, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the valid arrays among the values of these keys; missing or invalid ones cost points in other checks."""
    found = {}
    for key in present_keys(tensors, keys):
        with contextlib.suppress(CheckFailure):
            found[key] = tensor(key, require_key("", tensors, key))
    return found


def same(one: np.ndarray, other: np.ndarray, equal_nan: bool = False) -> bool:
    """Return whether two tensors agree in shape and numbers."""
    return one.shape == other.shape and (agree(one, other) or np.array_equal(one, other, equal_nan=equal_nan))


def have_overflowed(tensors: Iterable[np.ndarray]) -> bool:
    """Return whether a tensor contains infinity, which explains nan in the others."""
    return any(np.isinf(array).any() for array in tensors)
