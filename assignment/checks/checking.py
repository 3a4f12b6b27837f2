"""The vocabulary of the checks: how they are declared and collected, and how they compare tensors.

A check is a pytest function of `student`. It runs the student's code on an input, compares the returned values with the
expected ones, and raises CheckFailure with a sentence for the student.

Students get this file, too, so it needs only numpy and contains neither a forward pass nor a gradient.
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
ZERO = 1e-9  # what still counts as zero if the expected value is zero
MAX_DEPTH = 8  # of lists in lists of numbers
FLOAT = np.dtype(float)
FOUND = "{found}"  # placeholder in the message of a failure for what was found
GRADIENT_PREFIXES = ("", "d", "dj", "djd", "dl", "dld")  # prefixes that students use for the gradient of a variable


Failure = TypeVar("Failure", bound="CheckFailure | StudentError")
Rubric = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]  # part -> task -> visibility -> check -> points
WATCHERS: list[Callable[[str, Any, np.ndarray, tuple], None]] = []  # they get the key, the value and its references


@dataclass(frozen=True)
class Check:
    """A graded check: its place in the rubric, its points, the sentence that students read, and the function that runs it."""

    part: str
    task: str
    visibility: str
    points: float
    sentence: str
    name: str
    run: Callable[[Any], None] = field(repr=False, compare=False)


def check(function: Callable) -> Callable:
    """Mark a test function as a graded check; the first paragraph of its docstring is the sentence that students read."""
    function.is_graded = True  # type: ignore[attr-defined]
    return function


def practice(task: str) -> Callable[[Callable], Callable]:
    """Mark a test function as practice: students run it at home with the checks of this task, and it has no points."""

    def mark(function: Callable) -> Callable:
        function.practice_for = task  # type: ignore[attr-defined]
        return function

    return mark


def collect_checks(modules: Iterable[ModuleType], rubric: Rubric, **given: Any) -> list[Check]:
    """Return the graded checks of some modules, in the order in which they are written.

    Any parameter of a check other than `student` gets the resource with its name. Raise LookupError for a check without a row
    in the rubric, and ValueError if the rubric names a check twice.
    """
    rows = rubric_rows(rubric)
    functions = [function for module in modules for function in vars(module).values() if hasattr(function, "is_graded")]
    return [make_check(function, rows, given) for function in functions]


def make_check(function: Callable, rows: Mapping[str, tuple[str, str, str, float]], given: Mapping[str, Any]) -> Check:
    """Return the check for a test function and its row in the rubric."""
    name = function.__name__.removeprefix("test_")
    if name not in rows:
        raise LookupError(f"{function.__module__}.{function.__name__}: the rubric has no row `{name}`.")
    wanted = {parameter: given[parameter] for parameter in inspect.signature(function).parameters if parameter in given}
    return Check(*rows[name], sentence_of(function), name, functools.partial(function, **wanted) if wanted else function)


def sentence_of(function: Callable) -> str:
    """Return the first paragraph of a check's docstring on one line."""
    return " ".join((function.__doc__ or "").split("\n\n")[0].split())


def rubric_rows(rubric: Rubric) -> dict[str, tuple[str, str, str, float]]:
    """Return the part, task, visibility and points of every check by name; raise ValueError if a name occurs twice."""
    found: dict[str, tuple[str, str, str, float]] = {}
    for part, tasks in rubric.items():
        for task, checks in tasks.items():
            for visibility, worth in checks.items():
                if twice := found.keys() & worth.keys():
                    raise ValueError(f"The rubric has two rows for {', '.join(sorted(twice))}.")
                found |= {name: (part, task, visibility, points) for name, points in worth.items()}
    return found


class HasLengths(Protocol):
    """An input of a check; messages may mention the lengths of its axes even if its numbers are hidden."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """All possible lengths of an axis of a tensor computed from it."""


class Found(NamedTuple):
    """Words that depend on the student's values: in full, and in a form that cannot reveal a hidden input.

    Code that runs on a hidden input could encode it in the length of a list, the name of a key or the size of an error.
    """

    full: str
    discreet: str


class CheckFailure(AssertionError):
    """A check found something wrong; with a case, `key`, `got` and `wants` allow a diagnosis of the cause.

    Everything in the message that depends on the student's values is in `found`, which replaces FOUND in the message. str()
    gives the full message; `discreet` is the message for a hidden check. share is the share of the points that is earned
    anyway. independent says that the failure does not follow from another file, because that file passed the same check.
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
    """The student's code raised an exception, exited or did not finish; the text is a sentence for the student.

    raised is the full exception, which is never shown, because it may contain hidden inputs. raised_in is the file that raised
    it. share and independent are as in CheckFailure.
    """

    share = 0.0
    independent = False

    def __init__(self, sentence: str, detail: str = "", raised: str = "", raised_in: str = "") -> None:
        super().__init__(sentence)
        self.detail, self.raised, self.raised_in = detail, raised, raised_in


def describe(value: Any) -> Found:
    """Return a short description of a value that does not depend on its contents."""
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
    """Return words that a hidden check may quote in full."""
    return Found(words, words)


def capped_count(count: int, most: int = 4) -> str:
    """Return a count that reveals little: exact if it is small, capped otherwise."""
    return str(count) if count <= most else f"more than {most}"


def shape_of(got: np.ndarray, shape: tuple[int, ...], case: HasLengths | None) -> Found:
    """Return the shape of an array; the discreet form has only lengths that occur in the expected shape or the case."""
    known = {1, *shape, *(case.lengths if case else ())}
    lengths = [str(length) if length in known else "…" for length in got.shape]
    told = f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
    return Found(str(got.shape), told if got.ndim <= 2 else f"of {capped_count(got.ndim)} axes")


def size_of(error: float) -> Found:
    """Return a relative error; the discreet form has only its order of magnitude, because digits could reveal an input."""
    bound = next((percent for percent in (0.1, 1, 10, 100) if 100 * error < percent), None)
    return Found(f"{error:.2g}", f"below {bound} %" if bound else "100 % or more")


def tensor(key: str, value: Any) -> np.ndarray:
    """Return the value as an array of floats; raise CheckFailure if it is not an array of real numbers."""
    # A read-only array doesn't need a copy, and most values are read-only arrays of floats.
    if type(value) is np.ndarray and value.dtype is FLOAT and not value.flags.writeable:
        return value
    try:
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
    """Return whether a value is an array, a number, or lists of these; numpy could turn other values into huge arrays."""
    if isinstance(value, (list, tuple)):
        return depth > 0 and all(holds_numbers(item, depth - 1) for item in value)
    return isinstance(value, (np.ndarray, np.generic, numbers.Number))


def unbox(array: np.ndarray) -> np.ndarray:
    """Return an array of objects as floats if all of them are real numbers, and any other array as it is."""
    if array.dtype != object or not all(isinstance(item, numbers.Real) for item in array.flat):
        return array
    try:
        return array.astype(float)
    except OverflowError:  # an integer too large for a float
        return array


def agree(got: np.ndarray, want: np.ndarray) -> bool:
    """Return whether two tensors of one shape agree: ||got - want|| <= 1e-4 ||want||, or ||got|| <= 1e-9 if want is zero.

    A tensor with nan or infinity agrees with nothing.
    """
    size = norm(want)
    if size == math.inf and np.isfinite(want).all():  # the square of a large number overflows
        largest = np.abs(want).max()
        return agree(got / largest, want / largest)
    return norm(got - want) <= TOLERANCE * size if 0 < size < math.inf else size == 0 and norm(got) <= ZERO


def norm(tensor: np.ndarray) -> float:
    """Return ||tensor|| for real numbers; for small tensors, this is several times faster than numpy.linalg.norm."""
    return math.sqrt(np.vdot(tensor, tensor))


def two_values(function: str, value: Any, names: str) -> tuple[Any, Any]:
    """Return the two values in the result of a function; raise CheckFailure if it is anything else."""
    several = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if not several or len(value) != 2:
        raise CheckFailure(f"{function} must end with `return {names}`; it returned {FOUND}.", found=describe(value))
    first, second = value
    return first, second


def mapping(name: str, value: Any) -> Mapping:
    """Return the value if it is a dict; raise CheckFailure otherwise."""
    expect_mapping(name, value)
    return value


def expect_mapping(name: str, value: Any, key: str = "") -> None:
    """Raise CheckFailure if the value is not a dict; key is an example of the keys it must have."""
    if type(value) is not dict and not isinstance(value, Mapping):
        keys = f" with keys such as `{key}`" if key else ""
        raise CheckFailure(f"{name} must be a dict{keys}; it is {FOUND}.", found=describe(value))


def require_key(name: str, mapping: Mapping, key: str) -> Any:
    """Return mapping[key]; if it is missing, raise CheckFailure with the most similar key.

    A gradient stored under "dW1" or "dw1" is accepted, too, because separate checks grade the keys: a wrong name should not
    cost the points of a correct value as well.
    """
    expect_mapping(name, mapping)
    if key in mapping:
        return mapping[key]
    if (other := misnamed(mapping, key)) is not None:
        return mapping[other]
    near = difflib.get_close_matches(key, [str(k)[:20] for k in list(mapping)[:100]], n=1, cutoff=0.5)
    words = f"; the most similar key is `{near[0]}`" if near else ""
    found = Found(words, words if near and alike(near[0], key) else "")
    raise CheckFailure(f"{name} has no key `{key}`{FOUND}.", key, found=found)


def alike(name: str, key: str) -> bool:
    """Return whether a name is a common way to write a key, so that it cannot reveal anything else."""
    plain, wanted = (word.lower().replace("_", "") for word in (name, key))
    spare = len(name) - len(plain)
    return spare <= 2 and plain.endswith(wanted) and plain.removesuffix(wanted) in GRADIENT_PREFIXES


def present_keys(mapping: Mapping, keys: Iterable[str]) -> list[str]:
    """Return the keys that `require_key` finds in the mapping; missing ones cost points in the checks of the keys."""
    return [key for key in keys if key in mapping or misnamed(mapping, key) is not None]


def misnamed(mapping: Mapping, key: str) -> str | None:
    """Return another common name for the gradient of the variable `key`, if the mapping has it."""
    return next((other for other in (f"d{key}", f"d{key.lower()}") if other in mapping), None)


class RenamedDict(dict):
    """A student's dict with the expected keys; renamed maps each renamed key to the student's own name for it."""

    def __init__(self, original: Mapping, values: Mapping, renamed: Mapping[str, str]) -> None:
        super().__init__(values)
        self.original, self.renamed = original, renamed


def as_returned(mapping: Mapping) -> Mapping:
    """Return the student's dict with the student's own keys."""
    return mapping.original if isinstance(mapping, RenamedDict) else mapping


def require_keys(name: str, mapping: Mapping, keys: Collection[str]) -> None:
    """Raise CheckFailure, which names them, if keys are missing from the mapping or have other names."""
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
    """Check the tensor of each key.

    Unfinished work earns partial credit: if some tensors are missing and all others are correct, the failure has their share.
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
    """Return a failure to be stored, without its frames, which would keep every array in them alive."""
    failure.__traceback__ = failure.__context__ = None
    return failure


def expect_shape(key: str, got: np.ndarray, shape: tuple[int, ...], wants: tuple = (), case: HasLengths | None = None) -> None:
    """Raise CheckFailure if the array has another shape."""
    if got.shape != shape:
        message = f"`{key}` has the shape {FOUND}; it must be {shape}."
        raise CheckFailure(message, key, got, wants, case, shape_of(got, shape, case))


def expect_finite(key: str, got: np.ndarray) -> None:
    """Raise CheckFailure if the array contains nan or infinity."""
    if not np.isfinite(got).all():
        raise CheckFailure(f"`{key}` contains {'nan' if np.isnan(got).any() else 'infinity'}.", key)


def expect_tensor(key: str, value: Any, *wants: np.ndarray, case: HasLengths | None = None, show: bool = False) -> bool:
    """Raise CheckFailure unless the value agrees in shape and numbers with one of the tensors in wants.

    Return whether it agrees with the first one, the reference. A case allows a diagnosis of a wrong gradient. With show=True,
    which is for public inputs only, the failure has the two numbers at the entry with the largest error.
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
    cell = f", largest at [{', '.join(str(index) for index in worst)}]" if worst else ""
    numbers = f" (your value: {got[worst]:.6g}, expected: {want[worst]:.6g})" if show else ""
    shape = "has the right shape but wrong values" if worst else "is a wrong number"
    message = f"`{key}` {shape}: relative error {FOUND}{cell}{numbers}."
    raise CheckFailure(message, key, got, wants, case, size_of(error))


def expect_untouched(key: str, value: Any, want: np.ndarray) -> None:
    """Raise CheckFailure unless the value is bit for bit the one that the caller passed."""
    if not np.array_equal(tensor(key, value), want):
        raise CheckFailure(
            f"The call changed `{key}`, which belongs to the caller; work on a copy.", key, tensor(key, value), (want,)
        )


def expect_same_random_state(function: str, before: Any, after: Any) -> None:
    """Raise CheckFailure if the global random state was used or seeded in between."""
    if random_state_changed(before, after):
        raise CheckFailure(
            f"{function} changes the global random state, although it needs no random numbers.", RANDOM_STATE, RANDOM_STATE
        )


def random_state_changed(before: Any, after: Any) -> bool:
    """Return whether two global random states differ, or one of them is invalid because code tampered with it."""
    try:
        states = [[tensor(RANDOM_STATE, entry) for entry in state] for state in (before, after)]
    except (CheckFailure, TypeError):
        return True
    return len(states[0]) != len(states[1]) or not all(map(np.array_equal, *states))
