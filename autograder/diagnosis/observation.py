"""What can be looked at in a student's work, and what a mistake would have made of it.

An observation is one step on the student's own values: what came, what would be right, and a way to ask what a mistake of the
catalog would have given instead.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import CodeType, MappingProxyType
from typing import Any

import numpy as np

from autograder.checking import CheckFailure, StudentError, agree
from autograder.diagnosis.mistake import Mistake

MAX_NUMBERS = 1_000  # of a tensor that formulas are tried on; a product of two larger ones would not fit into memory
ROUNDING = 1e-14
Names = Mapping[str, Any]
NO_NAMES: Names = MappingProxyType({})


@dataclass(frozen=True)
class Raised:
    """What came instead of a value: the text of an exception or, if refused, what a check says of the value it was given."""

    text: str
    refused: bool = field(default=False, compare=False)


def attempt(call: Callable[[], Any]) -> Any:
    """Return what a call to the student's code gives, or what it raised."""
    try:
        return call()
    except (CheckFailure, StudentError) as failure:
        return as_raised(failure)


def as_raised(failure: Exception) -> Raised:
    """Return an exception of the student's, in full, or the refusal of what was returned."""
    if isinstance(failure, StudentError):
        return Raised(failure.raised or str(failure))
    return Raised(str(failure), refused=True)


@dataclass(frozen=True, eq=False)
class Observation:
    """One step of a student's work.

    step names it in the catalog, key the tensor it gives, samples is m. People read label as the name of the value, "" if it is
    all that owner returns, the function or class it comes from; path is where it is stored. statement says what is wrong if the
    value is, where comparing numbers does not tell. task is the function or the task of the rubric it belongs to, "" where the
    whole part depends on it; network says which one it was seen on. wants are the values that are right here. make gives what a
    mistake would have made: several values where it cannot be known what it was made from, none where it has nothing to do with
    this step.

    A degenerate network, with one sample or with equal sizes, cannot tell all mistakes apart. sources are the steps that the
    value depends on; inside says that much stays inside the function, so that one line may be behind several values.
    follows_missing says that the value is the one of a key that is missing. Where the keys themselves are looked at, misnamed
    has those that are missing, each with the name that it seems to have been given, or None.
    """

    part: str
    step: str
    key: str
    label: str
    got: Any
    wants: tuple
    make: Callable[[Mistake], list]
    samples: int = 1
    task: str = ""
    network: str = ""
    degenerate: bool = False
    sources: frozenset[str] = frozenset()
    misnamed: Mapping[str, Any] | None = None
    follows_missing: bool = False
    inside: bool = False
    path: str = ""
    owner: str = ""
    statement: str = ""

    @cached_property
    def right(self) -> bool:
        """Whether the value is right; a rounding error is, where only a rounding error is expected."""
        return any(same(self.got, want) or (is_rounding(self.got) and is_rounding(want)) for want in self.wants)

    def fits(self, mistake: Mistake) -> bool | None:
        """Return whether a mistake makes exactly what came; None if it has nothing to do with this step.

        That cannot be said either where what came is not finite: the same formula, written in another way, may not overflow.
        """
        made = self.make(mistake)
        fits = any(same(self.got, one) for one in made) if made else None
        return fits or (None if isinstance(self.got, np.ndarray) and not np.isfinite(self.got).all() else fits)


def observe_step(
    part: str, step: str, key: str, label: str, got: Any, wants: tuple, scope: Names = NO_NAMES, **more: Any
) -> Observation:
    """Return the observation of a step that mistakes have formulas of their own for, with the names of scope in them."""

    def make(mistake: Mistake) -> list:
        return [evaluate(mistake.formulas[step], scope)] if step in mistake.formulas else []

    return Observation(part, step, key, label, got, wants, make, **more)


def observe_load_error(part: str, raised: Raised) -> Observation:
    """Return the observation of a file that does not load."""
    return observe_step(part, "load", f"{part}.py", "", raised, (), owner=f"`{part}.py`")


def is_usable(value: Any) -> bool:
    """Return whether a student's value is an array that can be calculated with."""
    return isinstance(value, np.ndarray) and value.size <= MAX_NUMBERS


def same(got: Any, made: Any) -> bool:
    """Return whether a value that came is the one that was made: tensors by the tolerance of the checks, others outright."""
    if isinstance(got, Raised):
        text = made.text if isinstance(made, Raised) else made
        return isinstance(text, str) and (text in got.text or same_misfit(got.text, text) or same_unbound(got.text, text))
    if isinstance(made, Raised):
        return False
    if not isinstance(got, np.ndarray):
        return not isinstance(made, np.ndarray) and bool(got == made)
    try:
        made = np.asarray(made, float)
    except (TypeError, ValueError):
        return False
    if got.shape != made.shape:
        return False
    finite = np.isfinite(got)
    return bool(np.array_equal(finite, np.isfinite(made)) and agree(got[finite], made[finite]))


def is_rounding(value: Any) -> bool:
    """Return whether a value is a tensor of numbers so small that the rounding of probabilities may have left them."""
    return isinstance(value, np.ndarray) and bool(np.abs(value).max(initial=0) < ROUNDING)


def same_misfit(got: str, made: str) -> bool:
    """Return whether two exceptions are about matrices of the same shapes that do not fit, by `@` or by np.dot."""
    (lengths, shapes), (other_lengths, other_shapes) = misfit(got), misfit(made)
    return bool(lengths) and lengths == other_lengths and (not shapes or not other_shapes or shapes == other_shapes)


def same_unbound(got: str, made: str) -> bool:
    """Return whether a variable of a student's own, whatever its name, is not bound where one of the catalog's is not."""
    return got.startswith("UnboundLocalError") and made.startswith("NameError")


def misfit(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the two lengths that do not fit, and the shapes if they are told, from the exception of a matrix product."""
    if found := re.search(r"shapes (\([\d,]*\)) and (\([\d,]*\)) not aligned: (\d+) \(dim \d\) != (\d+)", text):
        return found.group(3, 4), found.group(1, 2)
    found = re.search(r"matmul: .* \(size (\d+) is different from (\d+)\)", text)
    return (found.group(2, 1) if found else ()), ()


@cache
def compiled(expression: str) -> CodeType:
    """Return an expression of the catalog, ready to be evaluated."""
    return compile(expression, "catalog", "eval")


def evaluate(expression: str, scope: Names) -> Any:
    """Return the value of an expression of the catalog, or what it raised. Nothing of a submission is ever evaluated here."""
    try:
        return eval(compiled(expression), {"np": np, **scope})  # noqa: S307
    except StudentError as error:  # of a function of the student's among the names
        return as_raised(error)
    except Exception as error:
        return Raised(f"{type(error).__name__}: {error}")
