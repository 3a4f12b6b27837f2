"""The vocabulary of the checks: what a check may say about a case and about a tensor.

A check is a pytest function with one argument, `student`. It runs the student's code on a case (see running.py), compares what
comes with what is due, and raises CheckFailure with a sentence for the student.

This file is part of the hand-out, so it needs numpy alone and holds neither a forward pass nor a gradient.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autograder.backprop.rubric import RUBRIC

TOLERANCE = 1e-4  # relative, per tensor: 50 times below the smallest real mistake, 80 times above float32 rounding
RANDOM_STATE = "random state"  # the key of a failure that is about it
ZERO = 1e-9  # what still counts as zero where zero is due
FOUND = "{found}"  # in the message of a failure, the place of what was found
GRADIENT_PREFIXES = ("", "d", "dj", "djd", "dl", "dld")  # what people put before a variable to name its gradient


@dataclass(frozen=True)
class Check:
    """What is printed beside a check: its points, its part and task, and who may see it."""

    part: str
    task: str
    visibility: str
    points: float
    sentence: str
    name: str


def rows(rubric: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]) -> dict[str, tuple[str, str, str, float]]:
    """The part, task, visibility and points of every check of the rubric, by its name; ValueError if a name is there twice."""
    found: dict[str, tuple[str, str, str, float]] = {}
    for part, tasks in rubric.items():
        for task, checks in tasks.items():
            for visibility, worth in checks.items():
                if twice := found.keys() & worth.keys():
                    raise ValueError(f"The rubric has two rows for {', '.join(sorted(twice))}.")
                found |= {name: (part, task, visibility, points) for name, points in worth.items()}
    return found


ROWS = rows(RUBRIC)


def check(function: Callable) -> Callable:
    """Put what the rubric says of a test function beside it, as `function.check`; LookupError if it has no row there.

    The first paragraph of the function's docstring is the sentence the student reads.
    """
    name = function.__name__.removeprefix("test_")
    if name not in ROWS:
        raise LookupError(f"{function.__module__}.{function.__name__}: the rubric has no row `{name}`.")
    sentence = " ".join((function.__doc__ or "").split("\n\n")[0].split())
    function.check = Check(*ROWS[name], sentence, name)  # type: ignore[attr-defined]
    return function


class Found(NamedTuple):
    """Words that the student's values decide: in full, and so that no hidden input can be read from them.

    Code that runs on a hidden input can put it into the length of a list, the name of a key or the size of an error.
    """

    full: str
    discreet: str


class CheckFailure(AssertionError):
    """A check has found something wrong; with a case, `key`, `got` and `wants` are there for whoever looks for the cause.

    Whatever in the message comes from the student's values is in `found` and stands where the message says FOUND. str() tells
    all of it; `discreet` is the message for a hidden check.
    """

    def __init__(
        self,
        message: str,
        key: str = "",
        got: Any = None,
        wants: tuple = (),
        case: Case | None = None,
        found: Found = Found("", ""),
    ) -> None:
        super().__init__(message.replace(FOUND, found.full))
        self.discreet = message.replace(FOUND, found.discreet)
        self.key, self.got, self.wants, self.case = key, got, wants, case


class StudentError(Exception):
    """The student's code raised, ended or did not answer; the text is a sentence for the student.

    raised is the exception in full, which is never shown: it may hold what is hidden.
    """

    def __init__(self, sentence: str, detail: str = "", raised: str = "") -> None:
        super().__init__(sentence)
        self.detail, self.raised = detail, raised


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a batch: params as in `DNN.params`, X (n_0, m), Y (n_L, m).

    model is the student's class that it is for; activations names the activation of every layer where these can be chosen.
    """

    name: str
    layer_sizes: tuple[int, ...]
    params: dict[str, np.ndarray]
    X: np.ndarray
    Y: np.ndarray
    model: str = "DNN"
    activations: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """m, the number of columns of X."""
        return self.X.shape[1]

    @property
    def layers(self) -> range:
        """1..L, the layers that have weights."""
        return range(1, len(self.layer_sizes))

    def with_params(self, params: dict[str, np.ndarray]) -> Case:
        """The same batch on other parameters of the same shapes."""
        return replace(self, name=f"{self.name} on other parameters", params=params)

    def columns(self, *numbers: int) -> Case:
        """The same network with these samples of the batch, in this order; a number may come twice."""
        chosen = list(numbers)
        return replace(self, name=f"{self.name}{chosen}", X=self.X[:, chosen], Y=self.Y[:, chosen])

    def shape(self, key: str) -> tuple[int, int]:
        """The shape that the variable `key` (such as "W1" or "A0"), and its gradient, must have."""
        kind, layer = key[0], int(key[1:])
        units = self.layer_sizes[layer]
        return {"W": (units, self.layer_sizes[layer - 1]), "B": (units, 1)}.get(kind, (units, self.samples))


def cache_keys(case: Case) -> list[str]:
    """The keys the cache must have, in the order of the forward pass."""
    return ["A0"] + [f"{kind}{layer}" for layer in case.layers for kind in "WBZA"]


def gradient_keys(case: Case, kinds: str = "ZWBA") -> list[str]:
    """The keys of the gradients of these kinds, in the order of the backward pass; dA_0 and dA_L are not asked for."""
    last = case.layers[-1]
    return [
        f"{kind}{layer}"
        for layer in reversed(case.layers)
        for kind in ("A", "Z", "W", "B")
        if kind in kinds and not (kind == "A" and layer == last)
    ]


def in_the_notes(tensors: Mapping[str, np.ndarray], prefix: str = "") -> dict[str, np.ndarray]:
    """Tensors under the names and in the shapes of the handwritten notes; w_l is W_l transposed, dJd begins a gradient."""
    return {f"{prefix}{key.lower()}": value.T if key[0] == "W" else value for key, value in tensors.items()}


def describe(value: Any) -> Found:
    """What a value is, in a few words that do not depend on its contents."""
    if value is None:
        return same("None (is the return missing?)")
    if isinstance(value, (tuple, list)):
        return Found(f"a {type(value).__name__} of {len(value)}", f"a {type(value).__name__} of {few(len(value))}")
    if isinstance(value, np.ndarray):
        return Found(f"an array of shape {value.shape}", "an array")
    return same(getattr(value, "described", f"a {type(value).__name__}"))


def same(words: str) -> Found:
    """Words that may be told in a hidden check too."""
    return Found(words, words)


def few(count: int, most: int = 4) -> str:
    """A number of things, discreetly: exactly when it is small."""
    return str(count) if count <= most else f"more than {most}"


def shape_of(got: np.ndarray, shape: tuple[int, ...], case: Case | None) -> Found:
    """The shape of an array; discreetly, only lengths that have to do with the wanted shape or with the case."""
    known = {1, *shape, *((case.samples, *case.layer_sizes) if case else ())}
    lengths = [str(length) if length in known else "…" for length in got.shape]
    told = f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
    return Found(str(got.shape), told if got.ndim <= 2 else f"of {few(got.ndim)} axes")


def size_of(error: float) -> Found:
    """A relative error; discreetly, its order of magnitude: digits would tell the norm of what is due, or spell an input."""
    bound = next((percent for percent in (0.1, 1, 10, 100) if 100 * error < percent), None)
    return Found(f"{error:.2g}", f"below {bound} %" if bound else "100 % or more")


def tensor(key: str, value: Any) -> np.ndarray:
    """The value as an array of floats; CheckFailure if it is no array of real numbers."""
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c" and not np.any(array.imag):
            array = array.real
        if array.dtype.kind not in "fiub":
            raise TypeError
        # What cannot be written to needs no copy to stay what it is.
        return array if array.dtype == float and not array.flags.writeable else array.astype(float)
    except (TypeError, ValueError):
        raise CheckFailure(f"`{key}` must be an array of numbers; it is {FOUND}.", key, found=describe(value)) from None


def stood_up(key: str, value: Any) -> np.ndarray:
    """The array, a B of the shape (n,) stood up as the column (n, 1): the checks of the shapes have points of their own."""
    array = tensor(key, value)
    return array.reshape(-1, 1) if key[0] == "B" and array.ndim == 1 else array


def agree(got: np.ndarray, want: np.ndarray) -> bool:
    """Whether two tensors of one shape agree: ||got - want|| <= 1e-4 ||want||, or ||got|| <= 1e-9 where want is zero.

    Nothing agrees with what is not finite, and nothing that is not finite agrees.
    """
    size = norm(want)
    if size == math.inf and np.isfinite(want).all():  # there are numbers whose square is none
        largest = np.abs(want).max()
        return agree(got / largest, want / largest)
    return norm(got - want) <= TOLERANCE * size if 0 < size < math.inf else size == 0 and norm(got) <= ZERO


def norm(tensor: np.ndarray) -> float:
    """||tensor||, of real numbers; for the small tensors here several times faster than numpy.linalg.norm."""
    return math.sqrt(np.vdot(tensor, tensor))


def two_values(function: str, value: Any, names: str) -> tuple[Any, Any]:
    """The two values that a function returned; CheckFailure if it returned something else."""
    several = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if not several or len(value) != 2:
        raise CheckFailure(f"{function} must end with `return {names}`; it returned {FOUND}.", found=describe(value))
    first, second = value
    return first, second


def mapping(name: str, value: Any) -> Mapping:
    """The value as a dict; CheckFailure if it is none."""
    if not isinstance(value, Mapping):
        raise CheckFailure(f"{name} must be a dict; it is {FOUND}.", found=describe(value))
    return value


def take(name: str, mapping: Mapping, key: str) -> Any:
    """mapping[key]; CheckFailure, with the nearest key there is, if it is missing.

    A gradient that lies under "dW1" or "dw1" is found too: the checks of the keys have their own points, and a wrong name
    should not cost the marks of a right number as well.
    """
    if key in mapping:
        return mapping[key]
    if (other := misnamed(mapping, key)) is not None:
        return mapping[other]
    near = difflib.get_close_matches(key, [str(k)[:20] for k in list(mapping)[:100]], n=1, cutoff=0.5)
    words = f"; the nearest one it has is `{near[0]}`" if near else ""
    found = Found(words, words if near and alike(near[0], key) else "")
    raise CheckFailure(f"{name} has no key `{key}`{FOUND}.", key, found=found)


def alike(name: str, key: str) -> bool:
    """Whether a name is another way to write a key, so that it says nothing but that."""
    plain, wanted = (word.lower().replace("_", "") for word in (name, key))
    spare = len(name) - len(plain)
    return spare <= 2 and plain.endswith(wanted) and plain.removesuffix(wanted) in GRADIENT_PREFIXES


def held(mapping: Mapping, keys: Iterable[str]) -> list[str]:
    """Those of the keys that `take` finds in the mapping; the others are paid for in the checks of the keys."""
    return [key for key in keys if key in mapping or misnamed(mapping, key) is not None]


def misnamed(mapping: Mapping, key: str) -> str | None:
    """The name that other courses give to the gradient of the variable `key`, if it is there."""
    return next((other for other in (f"d{key}", f"d{key.lower()}") if other in mapping), None)


def take_all(name: str, mapping: Mapping, keys: Iterable[str]) -> None:
    """CheckFailure, naming them, if keys are missing in the mapping."""
    missing = [key for key in keys if key not in mapping]
    if not missing:
        return
    first = missing[0]
    if (other := misnamed(mapping, first)) is not None:
        words = f"{name} calls `{first}` by the name `{other}`; the key of a gradient is that of its variable."
        raise CheckFailure(words, first)
    held = ", ".join(f"`{str(key)[:20]}`" for key in list(mapping)[:12]) or "nothing"
    full = f"{', '.join(f'`{key}`' for key in missing)}; it holds {held}"
    raise CheckFailure(f"{name} lacks {FOUND}.", first, found=Found(full, f"`{first}`{' and others' if missing[1:] else ''}"))


def expect_shape(key: str, got: np.ndarray, shape: tuple[int, ...], wants: tuple = (), case: Case | None = None) -> None:
    """CheckFailure if the array has another shape."""
    if got.shape != shape:
        message = f"`{key}` has the shape {FOUND}; it must be {shape}."
        raise CheckFailure(message, key, got, wants, case, shape_of(got, shape, case))


def expect_finite(key: str, got: np.ndarray) -> None:
    """CheckFailure if the array holds a nan or an infinity."""
    if not np.isfinite(got).all():
        raise CheckFailure(f"`{key}` contains {'nan' if np.isnan(got).any() else 'inf'}.", key)


def expect_tensor(key: str, value: Any, *wants: np.ndarray, case: Case | None = None, show: bool = False) -> None:
    """CheckFailure unless the value agrees, in shape and numbers, with one of the wanted tensors; the first one is the truth.

    With a case the mistake behind a wrong gradient can be looked for. With show=True the failure names the two numbers at the
    worst cell: for public inputs only.
    """
    got, want = tensor(key, value), wants[0]
    if any(got.shape == other.shape and agree(got, other) for other in wants):
        return
    expect_shape(key, got, want.shape, wants, case)
    expect_finite(key, got)
    difference = np.abs(got - want)
    error = norm(difference) / max(norm(want), ZERO)
    worst = np.unravel_index(np.argmax(difference), difference.shape)
    cell = f", most at [{', '.join(str(index) for index in worst)}]" if worst else ""
    numbers = f", where it is {got[worst]:.6g} and should be {want[worst]:.6g}" if show else ""
    shape = "has the right shape but wrong values" if worst else "is a wrong number"
    message = f"`{key}` {shape}: relative error {FOUND}{cell}{numbers}."
    raise CheckFailure(message, key, got, wants, case, size_of(error))


def expect_untouched(key: str, value: Any, want: np.ndarray) -> None:
    """CheckFailure unless the value is bit by bit what the caller handed in."""
    if not np.array_equal(tensor(key, value), want):
        raise CheckFailure(
            f"`{key}` was changed by the call; work on copies of what belongs to the caller.", key, tensor(key, value), (want,)
        )


def expect_same_random_state(function: str, before: Any, after: Any) -> None:
    """CheckFailure if the global random state was used or seeded in between."""
    if not all(np.array_equal(was, now) for was, now in zip(before, after, strict=True)):
        raise CheckFailure(
            f"{function} changes the global random state; it needs no random numbers.", RANDOM_STATE, RANDOM_STATE
        )
