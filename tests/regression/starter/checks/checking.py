"""The vocabulary of the checks: what a check may say about a case and about a tensor.

A check is a pytest function of `student`. It runs the student's code on an input, compares the returned values with the
expected ones, and raises CheckFailure with a sentence for the student.

This file is part of the hand-out, so it needs numpy alone and holds neither a forward pass nor a gradient.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

TOLERANCE = 1e-4  # relative, per tensor: 50 times below the smallest real mistake, 80 times above float32 rounding
RANDOM_STATE = "random state"  # the key of a failure that is about it
ZERO = 1e-9  # what still counts as zero where zero is due
MAX_DEPTH = 8  # of lists in lists of numbers
FOUND = "{found}"  # in the message of a failure, the place of what was found
GRADIENT_PREFIXES = ("", "d", "dj", "djd", "dl", "dld")  # what people put before a variable to name its gradient


Failure = TypeVar("Failure", bound="CheckFailure | StudentError")
Rubric = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]  # part -> task -> visibility -> check -> points
WATCHERS: list[Callable[[str, Any, np.ndarray, tuple], None]] = []  # get the key, the value and what it is compared with


@dataclass(frozen=True)
class Check:
    """A graded check: its place in the rubric, its points, the sentence a student reads, and the function that runs it."""

    part: str
    task: str
    visibility: str
    points: float
    sentence: str
    name: str
    run: Callable[[Any], None] = field(repr=False, compare=False)


def check(function: Callable) -> Callable:
    """Mark a test function as a graded check; the first paragraph of its docstring is the sentence a student reads."""
    function.is_graded = True  # type: ignore[attr-defined]
    return function


def practice(task: str) -> Callable[[Callable], Callable]:
    """Mark a test function as practice: students run it at home with the checks of this task. It has no points."""

    def mark(function: Callable) -> Callable:
        function.practice_for = task  # type: ignore[attr-defined]
        return function

    return mark


def collect_checks(modules: Iterable[ModuleType], rubric: Rubric, **given: Any) -> list[Check]:
    """Return the graded checks of some modules, in the order in which they are written.

    A check that has a parameter besides `student` gets what is given under its name. Raises LookupError for a check that has no
    row in the rubric, and ValueError if the rubric names a check twice.
    """
    rows = rubric_rows(rubric)
    functions = [function for module in modules for function in vars(module).values() if hasattr(function, "is_graded")]
    return [make_check(function, rows, given) for function in functions]


def make_check(function: Callable, rows: Mapping[str, tuple[str, str, str, float]], given: Mapping[str, Any]) -> Check:
    """Return a test function with what the rubric says of it."""
    name = function.__name__.removeprefix("test_")
    if name not in rows:
        raise LookupError(f"{function.__module__}.{function.__name__}: the rubric has no row `{name}`.")
    wanted = {parameter: given[parameter] for parameter in inspect.signature(function).parameters if parameter in given}
    return Check(*rows[name], sentence_of(function), name, functools.partial(function, **wanted) if wanted else function)


def sentence_of(function: Callable) -> str:
    """Return the first paragraph of a check's docstring on one line."""
    return " ".join((function.__doc__ or "").split("\n\n")[0].split())


def rubric_rows(rubric: Rubric) -> dict[str, tuple[str, str, str, float]]:
    """Return part, task, visibility and points of every check by its name; ValueError if a name is there twice."""
    found: dict[str, tuple[str, str, str, float]] = {}
    for part, tasks in rubric.items():
        for task, checks in tasks.items():
            for visibility, worth in checks.items():
                if twice := found.keys() & worth.keys():
                    raise ValueError(f"The rubric has two rows for {', '.join(sorted(twice))}.")
                found |= {name: (part, task, visibility, points) for name, points in worth.items()}
    return found


class HasLengths(Protocol):
    """An input of a check: the lengths of its axes may be named even where its numbers are hidden."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that an axis of a tensor computed from it can have."""


class Found(NamedTuple):
    """Words that the student's values decide: in full, and so that no hidden input can be read from them.

    Code that runs on a hidden input can put it into the length of a list, the name of a key or the size of an error.
    """

    full: str
    discreet: str


class CheckFailure(AssertionError):
    """A check has found something wrong; with a case, `key`, `got` and `wants` are there for whoever looks for the cause.

    Whatever in the message comes from the student's values is in `found` and stands where the message says FOUND. str() tells
    all of it; `discreet` is the message for a hidden check. share is the share of the points that is earned all the same.
    independent says that it does not follow from another file, which has passed the same.
    """

    share = 0.0
    independent = False

    def __init__(
        self,
        message: str,
        key: str = "",
        got: Any = None,
        wants: tuple = (),
        case: HasLengths | None = None,
        found: Found = Found("", ""),
    ) -> None:
        super().__init__(message.replace(FOUND, found.full))
        self.discreet = message.replace(FOUND, found.discreet)
        self.key, self.got, self.wants, self.case = key, got, wants, case


class StudentError(Exception):
    """The student's code raised, ended or did not answer; the text is a sentence for the student.

    raised is the exception in full, which is never shown: it may hold what is hidden. raised_in is the file that raised it.
    share and independent are as in a CheckFailure.
    """

    share = 0.0
    independent = False

    def __init__(self, sentence: str, detail: str = "", raised: str = "", raised_in: str = "") -> None:
        super().__init__(sentence)
        self.detail, self.raised, self.raised_in = detail, raised, raised_in


def describe(value: Any) -> Found:
    """What a value is, in a few words that do not depend on its contents."""
    if value is None:
        return undisclosing("None (is the return missing?)")
    if isinstance(value, (tuple, list)):
        return Found(f"a {type(value).__name__} of {len(value)}", f"a {type(value).__name__} of {capped_count(len(value))}")
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            return undisclosing(f"an array of dtype {value.dtype}")
        return Found(f"an array of shape {value.shape}", "an array")
    return undisclosing(getattr(value, "described", f"a {type(value).__name__}"))


def undisclosing(words: str) -> Found:
    """Words that may be told in a hidden check too."""
    return Found(words, words)


def capped_count(count: int, most: int = 4) -> str:
    """A number of things, discreetly: exactly when it is small."""
    return str(count) if count <= most else f"more than {most}"


def shape_of(got: np.ndarray, shape: tuple[int, ...], case: HasLengths | None) -> Found:
    """The shape of an array; discreetly, only lengths that have to do with the wanted shape or with the case."""
    known = {1, *shape, *(case.lengths if case else ())}
    lengths = [str(length) if length in known else "…" for length in got.shape]
    told = f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
    return Found(str(got.shape), told if got.ndim <= 2 else f"of {capped_count(got.ndim)} axes")


def size_of(error: float) -> Found:
    """A relative error; discreetly, its order of magnitude: digits would tell the norm of what is due, or spell an input."""
    bound = next((percent for percent in (0.1, 1, 10, 100) if 100 * error < percent), None)
    return Found(f"{error:.2g}", f"below {bound} %" if bound else "100 % or more")


def tensor(key: str, value: Any) -> np.ndarray:
    """The value as an array of floats; CheckFailure if it is no array of real numbers."""
    try:
        # What cannot be written to needs no copy to stay what it is.
        array = real_numbers(value)
        return array if array.dtype == float and not array.flags.writeable else array.astype(float)
    except (TypeError, ValueError):
        found = Found(*(f"is {words}".replace("is an array of dtype", "has dtype") for words in describe(value)))
        raise CheckFailure(f"`{key}` must be an array of numbers; it {FOUND}.", key, found=found) from None


def real_numbers(value: Any) -> np.ndarray:
    """Return the value as an array of real numbers; raise TypeError or ValueError if it is not one."""
    if not holds_numbers(value):
        raise TypeError
    array = unbox(np.asarray(value))
    if array.dtype.kind == "c" and not np.any(array.imag):
        return array.real
    if array.dtype.kind not in "fiub":
        raise TypeError
    return array


def holds_numbers(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether a value is an array, a number, or lists of these; of anything else numpy could make a giant array of strings."""
    if isinstance(value, (list, tuple)):
        return depth > 0 and all(holds_numbers(item, depth - 1) for item in value)
    return isinstance(value, (np.ndarray, np.generic, numbers.Number))


def unbox(array: np.ndarray) -> np.ndarray:
    """Return an array of objects as floats if all of them are real numbers, and any other array as it is."""
    if array.dtype != object or not all(isinstance(item, numbers.Real) for item in array.flat):
        return array
    try:
        return array.astype(float)
    except OverflowError:  # an integer that no float can hold
        return array


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
    expect_mapping(name, value)
    return value


def expect_mapping(name: str, value: Any, key: str = "") -> None:
    """CheckFailure if the value is no dict; the key is an example of the keys it must have."""
    if not isinstance(value, Mapping):
        keys = f" with keys such as `{key}`" if key else ""
        raise CheckFailure(f"{name} must be a dict{keys}; it is {FOUND}.", found=describe(value))


def require_key(name: str, mapping: Mapping, key: str) -> Any:
    """mapping[key]; CheckFailure, with the nearest key there is, if it is missing.

    A gradient that lies under "dW1" or "dw1" is found too: the checks of the keys have their own points, and a wrong name
    should not cost the marks of a right number as well.
    """
    expect_mapping(name, mapping)
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


def present_keys(mapping: Mapping, keys: Iterable[str]) -> list[str]:
    """Those of the keys that `take` finds in the mapping; the others are paid for in the checks of the keys."""
    return [key for key in keys if key in mapping or misnamed(mapping, key) is not None]


def misnamed(mapping: Mapping, key: str) -> str | None:
    """The name that other courses give to the gradient of the variable `key`, if it is there."""
    return next((other for other in (f"d{key}", f"d{key.lower()}") if other in mapping), None)


class RenamedDict(dict):
    """A student's dict under the expected keys; renamed has the student's own name for each key that has another one."""

    def __init__(self, original: Mapping, values: Mapping, renamed: Mapping[str, str]) -> None:
        super().__init__(values)
        self.original, self.renamed = original, renamed


def as_returned(mapping: Mapping) -> Mapping:
    """The student's dict under the student's own keys."""
    return mapping.original if isinstance(mapping, RenamedDict) else mapping


def require_keys(name: str, mapping: Mapping, keys: Collection[str]) -> None:
    """CheckFailure, naming them, if keys are missing in the mapping or have other names."""
    expect_mapping(name, as_returned(mapping), next(iter(keys), ""))
    renamed = mapping.renamed if isinstance(mapping, RenamedDict) else {}
    missing = [key for key in keys if key not in mapping or key in renamed]
    if not missing:
        return
    first = missing[0]
    if (other := renamed.get(first) or misnamed(mapping, first)) is not None:
        found = Found(f"the name `{other[:20]}`", f"the name `{other}`" if alike(other, first) else "another name")
        raise CheckFailure(f"{name} stores `{first}` under {FOUND}. The expected key is `{first}`.", first, found=found)
    held = ", ".join(f"`{str(key)[:20]}`" for key in list(as_returned(mapping))[:12]) or "nothing"
    full = f"{', '.join(f'`{key}`' for key in missing)}; it holds {held}"
    raise CheckFailure(f"{name} lacks {FOUND}.", first, found=Found(full, f"`{first}`{' and others' if missing[1:] else ''}"))


def expect_each(keys: Sequence[str], present: Collection[str], expect: Callable[[str], None]) -> None:
    """Expect something of the tensor of each key.

    Unfinished work earns its share: where some tensors are missing and all that are present are right, the failure has it.
    """
    missing = [key for key in keys if key not in present]
    for key in keys:
        if key in present:
            expect(key)
    if missing:
        try:
            expect(missing[0])
        except CheckFailure as failure:
            raise copy_failure(failure, share=1 - len(missing) / len(keys)) from failure.__cause__


def copy_failure(failure: Failure, **changes: Any) -> Failure:
    """Return a copy of a failure with other attributes; the failure itself may be recorded and raised again elsewhere."""
    # Not by copy.copy: where distributed is imported, tblib's reducer gives both exceptions one dict of attributes.
    copied = type(failure).__new__(type(failure), *failure.args)
    vars(copied).update(vars(failure))
    for name, value in changes.items():
        setattr(copied, name, value)
    return copied


def without_frames(failure: Failure) -> Failure:
    """Return a failure that is to be kept, without the frames it passed: these would keep every array in them alive."""
    failure.__traceback__ = failure.__context__ = None
    return failure


def expect_shape(key: str, got: np.ndarray, shape: tuple[int, ...], wants: tuple = (), case: HasLengths | None = None) -> None:
    """CheckFailure if the array has another shape."""
    if got.shape != shape:
        message = f"`{key}` has the shape {FOUND}; it must be {shape}."
        raise CheckFailure(message, key, got, wants, case, shape_of(got, shape, case))


def expect_finite(key: str, got: np.ndarray) -> None:
    """CheckFailure if the array holds a nan or an infinity."""
    if not np.isfinite(got).all():
        raise CheckFailure(f"`{key}` contains {'nan' if np.isnan(got).any() else 'infinity'}.", key)


def expect_tensor(key: str, value: Any, *wants: np.ndarray, case: HasLengths | None = None, show: bool = False) -> bool:
    """CheckFailure unless the value agrees, in shape and numbers, with one of the wanted tensors; the first one is the truth.

    Returns whether it agrees with that one. With a case, the mistake behind a wrong gradient can be looked for. With show=True,
    the failure names the two numbers at the worst cell: for public inputs only.
    """
    got, want = tensor(key, value), wants[0]
    for watch in WATCHERS:
        watch(key, value, got, wants)
    for other in wants:
        if got.shape == other.shape and agree(got, other):
            return other is want
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
    if random_state_changed(before, after):
        raise CheckFailure(
            f"{function} changes the global random state; it needs no random numbers.", RANDOM_STATE, RANDOM_STATE
        )


def random_state_changed(before: Any, after: Any) -> bool:
    """Whether two global random states differ; code that tampers with what is observed has changed it, too."""
    try:
        states = [[tensor(RANDOM_STATE, entry) for entry in state] for state in (before, after)]
    except (CheckFailure, TypeError):
        return True
    return len(states[0]) != len(states[1]) or not all(map(np.array_equal, *states))
