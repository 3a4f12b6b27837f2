"""Detect backward passes that use finite differences: change something, run forward again, and divide by the change.

The detection doesn't depend on how a program is written. Each test is a network whose sizes and numbers are drawn from the
course's secret.

- DETACHED. A backward pass should use the cache it is given. This test passes a cache that no forward pass of the network can
  produce. A program that returns the gradients of this cache is cleared; nearly all programs are, after one call.
- FAINT. The remaining programs run the forward pass again, as a small autodiff engine may, too. In this network, the output of
  the last hidden layer is about 2^-60, and so are the gradients, so no step changes the loss by more than its rounding error. A
  program that is correct on an ordinary network and wrong on this one uses differences: of weights, sums or activations, in one
  direction at a time or in many at once.
- FAR. Complex steps have no rounding error. But if one input is 2^400 and its weights are 2^-400, they are too large, unless
  they are proportional to each weight.
- EFFORT. A deeper network has more weights, and each step runs through more layers. A backward pass goes through the network
  once. A faster growth alone is a reason for a TA to look at the code; together with FAR, it is proof.

The child runs the student's code and can report any effort. That can hide only FAR.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.calling import arrays_in, as_gradients, network
from autograder.backprop.case import Case, gradient_keys
from autograder.backprop.cases import Sampler
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.backprop.running import cache_with_overrides, copied_cache, forward_on
from autograder.checking import CheckFailure, StudentError
from autograder.sandbox.student import SandboxedStudent

LAYERS = 3
SAMPLES = 9, 14  # unlike in any check, so that a program cannot recognize a batch by its shape and return recorded results
HIDDEN = ("tanh", "relu")  # of a GeneralDNN, repeated in order
TINY = 2.0**-60
OFF = -45.0  # where the sigmoid and its derivative are about as small
LARGE = 2.0**400  # a power of two, so that division by it is exact
# How far the direction of a gradient may be from the reference: little for a suspect, which is correct on the ordinary network;
# more to clear a program, which may round. APART is how far apart the gradients of the two caches must be.
STRICT, LENIENT, APART = 1e-3, 0.05, 0.2
WIDTH, DEPTHS = 3, (2, 8)  # of the networks whose effort is compared
GROWTH = 5  # with 8 layers instead of 2, one pass takes four times as many instructions, and one pass per weight about 16 times
LEAST_EFFORT = 2  # instructions per weight and layer
MAX_COUNT = 10**12  # a child that reports more is not believed

# A network, the cache to pass, and the reference gradients for it.
Question = tuple[Case, Mapping[str, np.ndarray], Mapping[str, np.ndarray]]
Run = Callable[[SandboxedStudent, Any, Any, Any], Any]  # of a network, an output and a cache


class GradientMethod(NamedTuple):
    """How a network computes its gradients: whether by finite differences, and a remark for the TA.

    doubt is shown only if every check of the backward pass passes.
    """

    uses_finite_differences: bool = False
    remark: str = ""
    doubt: str = ""


@np.errstate(all="ignore")  # a student's gradient may overflow, and that of a wrong step does
def detect_finite_differences(student: SandboxedStudent, model: str, secret: bytes) -> GradientMethod:
    """Return how the student's network of this class computes its gradients."""
    near = draw_apart(model, secret)
    keys = set(gradient_keys(near))
    cleared = right_keys(student, detached(near)) or set()
    if cleared == keys:
        return GradientMethod()
    known = right_keys(student, ordinary(near), STRICT)
    doubt = f"compute_gradients of {model} returns no gradients in the test for finite differences, although its checks pass."
    if known is None:
        return GradientMethod(doubt="" if cleared else doubt)
    suspects = known - cleared
    if not suspects:
        return GradientMethod()
    seen = right_keys(student, faint(near))
    if seen is None:
        return GradientMethod(doubt=doubt)
    if suspects - seen - unaffected(near):
        return GradientMethod(True, f"compute_gradients of {model} uses finite differences.")
    if not takes_a_walk_for_each_weight(student, model, secret):
        return GradientMethod()
    seen = right_keys(student, far(near))
    if seen is not None and suspects - seen:
        return GradientMethod(True, f"compute_gradients of {model} uses differences along the imaginary axis.")
    return GradientMethod(remark=f"compute_gradients of {model} runs forward once per weight. Read the code to see why.")


# The tests


@cache
def draw_apart(model: str, secret: bytes) -> Case:
    """Return an ordinary network of this class whose gradients all differ clearly from those of the detached cache."""
    for attempt in itertools.count():
        case = draw(model, secret, attempt=attempt)
        pairs = zip(*(map(question[2].get, gradient_keys(case)) for question in (ordinary(case), detached(case))), strict=True)
        if all(distance(*pair) > APART for pair in pairs):
            return case
    raise AssertionError


def draw(model: str, secret: bytes, sizes: tuple[int, ...] = (), attempt: int = 0) -> Case:
    """Return an ordinary network of this class, with given or drawn sizes; the labels are valid for a softmax, too."""
    rng = Sampler(secret).generator(f"finite differences {model} {sizes}", attempt)
    sizes = sizes or (*map(int, rng.integers(3, 7, LAYERS)), int(rng.integers(3, 5)))
    samples, params = int(rng.integers(*SAMPLES)), {}
    for layer in range(1, len(sizes)):
        params[f"W{layer}"] = rng.normal(size=(sizes[layer], sizes[layer - 1]))
        params[f"B{layer}"] = rng.uniform(0.3, 1, (sizes[layer], 1))  # so that no relu layer is dead
    X, Y = rng.normal(size=(sizes[0], samples)), np.eye(sizes[-1])[:, np.arange(samples) % sizes[-1]]
    activations = tuple(HIDDEN[layer % 2] for layer in range(len(sizes) - 2))
    return Case(
        "a network drawn for finite differences",
        sizes,
        params,
        X,
        Y,
        model,
        (*activations, "sigmoid") if model == "GeneralDNN" else (),
    )


def ordinary(case: Case) -> Question:
    """Return the network with its own cache."""
    return case, reference_cache(case), reference_of(case).grads


@cache
def detached(case: Case) -> Question:
    """Return the network with the cache of another one, whose biases are different for each sample."""
    rng = np.random.default_rng(case.samples)
    shifts = {
        key: rng.normal(scale=1.5, size=(len(value), case.samples)) for key, value in case.params.items() if key[0] == "B"
    }
    other = case.with_params({key: value + shifts.get(key, 0) for key, value in case.params.items()})
    grads = {
        key: value.sum(axis=1, keepdims=True) if key[0] == "B" else value for key, value in reference_of(other).grads.items()
    }
    return case, {**reference_cache(other), **case.params}, grads


@cache
def faint(case: Case) -> Question:
    """Return the network with a last hidden layer whose outputs are nearly 0 and hardly affect the loss."""
    last, params = case.layers[-1], dict(case.params)
    if case.activations:
        params |= {key: TINY * params[key] for key in (f"W{last - 1}", f"B{last - 1}", f"W{last}")}
    else:
        params[f"B{last - 1}"] = params[f"B{last - 1}"] + OFF
    return ordinary(case.with_params(params))


@cache
def far(case: Case) -> Question:
    """Return the network with one huge input and tiny weights for it, so that nothing else changes."""
    scale = np.ones((case.layer_sizes[0], 1))
    scale[0] = LARGE
    much = replace(case, X=case.X * scale, params={**case.params, "W1": case.params["W1"] / scale.T})
    grads = reference_of(case).grads  # because the reference uses complex steps, too
    return much, reference_cache(much), {**grads, "W1": grads["W1"] * scale.T}


def unaffected(case: Case) -> set[str]:
    """Return the gradients that are not faint: the first ones of the backward pass."""
    last = case.layers[-1]
    return {f"B{last}", f"Z{last}"}


# Results of the student's code


def right_keys(student: SandboxedStudent, question: Question, likeness: float = LENIENT) -> set[str] | None:
    """Return the keys of the gradients with the reference direction; None if compute_gradients returns no gradients."""
    case, given, grads = question
    try:
        found = as_gradients("compute_gradients", call(student, case, given, backward), case)
    except (CheckFailure, StudentError):
        return None
    return {key for key, value in arrays_in(found, gradient_keys(case)).items() if distance(value, grads[key]) <= likeness}


def call(student: SandboxedStudent, case: Case, given: Mapping[str, np.ndarray], run: Run) -> Any:
    """Return the result of compute_gradients for this cache, which overrides the student's own.

    If that raises, and the cache comes from a forward pass, use the student's own cache unchanged.
    """
    out, values = given[f"A{case.layers[-1]}"], {**given, "Y": case.Y}
    try:
        # In one step, which works for nearly every forward pass; for the others, find out what their cache is.
        net = network(student, case)
        cache = copied_cache(student, net, case)
        student.fill(cache, values)
        return run(student, net, out, cache)
    except StudentError as error:
        if not error.raised:  # it timed out, so don't call it again
            raise
    net = network(student, case)
    try:
        return run(student, net, out, cache_with_overrides(student, net, case, values))
    except StudentError:
        if given is not reference_cache(case):
            raise
    net = network(student, case)
    return run(student, net, *forward_on(student, net, case, None))


def backward(student: SandboxedStudent, net: Any, out: Any, cache: Any) -> Any:
    """Return the gradients."""
    return student.fetch(net.compute_gradients(out, cache))


def effort(student: SandboxedStudent, net: Any, out: Any, cache: Any) -> Any:
    """Return how many instructions Python executes for the gradients."""
    return student.fetch(student.counted(net.compute_gradients, out, cache)[1])


def distance(got: np.ndarray, want: np.ndarray) -> float:
    """Return the distance between the directions of two tensors: 0 to 2, or more if a shape is wrong or a value not finite."""
    if got.shape != want.shape or not np.isfinite(got).all():
        return np.inf
    return float(np.linalg.norm(unit(got) - unit(want)))


def unit(tensor: np.ndarray) -> np.ndarray:
    """Return a tensor scaled to norm 1, however large or small it is."""
    largest = np.abs(tensor).max()
    return tensor / largest / np.linalg.norm(tensor / largest) if largest else tensor


def takes_a_walk_for_each_weight(student: SandboxedStudent, model: str, secret: bytes) -> bool:
    """Return whether the effort grows with the number of weights times the number of layers."""
    counts = []
    for depth in DEPTHS:
        case = draw(model, secret, (WIDTH,) * (depth + 1))
        try:
            count = call(student, case, reference_cache(case), effort)
        except StudentError:
            return False
        if type(count) is not int or not 0 < count < MAX_COUNT:
            return False
        counts.append(count)
    weights = sum(value.size for value in case.params.values())
    return counts[1] > GROWTH * counts[0] and counts[1] >= LEAST_EFFORT * weights * DEPTHS[1]
