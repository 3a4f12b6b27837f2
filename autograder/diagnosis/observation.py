"""Observations of a student's work, and what a mistake would have made of the same inputs.

An observation is one step on the student's own values: the student's result, the correct results, and a function that computes
the result with a mistake of the catalog.
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

MAX_NUMBERS = 1_000  # of a tensor that formulas are applied to; a product of two larger ones would not fit into memory
ROUNDING = 1e-14
Names = Mapping[str, Any]
NO_NAMES: Names = MappingProxyType({})


@dataclass(frozen=True)
class Raised:
    """What replaces a value: the text of an exception or, if refused, the message of a check about the returned value."""

    text: str
    refused: bool = field(default=False, compare=False)


def attempt(call: Callable[[], Any]) -> Any:
    """Return the result of a call to the student's code, or what it raised."""
    try:
        return call()
    except (CheckFailure, StudentError) as failure:
        return as_raised(failure)


def as_raised(failure: Exception) -> Raised:
    """Return the full exception of the student's code, or the refusal of its result."""
    if isinstance(failure, StudentError):
        return Raised(failure.raised or str(failure))
    return Raised(str(failure), refused=True)


@dataclass(frozen=True, eq=False)
class Observation:
    """One step of a student's work.

    step is its name in the catalog, key the tensor it gives, and samples is m. label is the name of the value for people, "" if
    it is everything that owner, the function or class it comes from, returns; path is where it is stored. statement says what
    is wrong in a sentence if a comparison of numbers would not explain it. task is the function or the task of the rubric it
    belongs to, "" if the whole part depends on it; network is the one it was observed on. wants are the correct values. make
    returns what a mistake would have made: several values if its inputs are unknown, none if it doesn't affect this step.

    A degenerate network, with one sample or equal sizes, cannot distinguish all mistakes. sources are the steps that the value
    depends on; inside says that the function is opaque, so that one line may affect several values. follows_missing says that
    the value belongs to a missing key. For an observation of the keys themselves, misnamed maps the missing ones to the names
    that they seem to have been given, or None.
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
        """Whether the value is correct; a rounding error is if only a rounding error is expected."""
        return any(same(self.got, want) or (is_rounding(self.got) and is_rounding(want)) for want in self.wants)

    def fits(self, mistake: Mistake) -> bool | None:
        """Return whether a mistake gives exactly the student's value; None if it doesn't affect this step.

        Return None also if the student's value is not finite, because the same formula may not overflow if written differently.
        """
        made = self.make(mistake)
        if any(same(self.got, one) for one in made):
            return True
        return None if not made or (isinstance(self.got, np.ndarray) and not np.isfinite(self.got).all()) else False


def observe_step(
    part: str, step: str, key: str, label: str, got: Any, wants: tuple, scope: Names = NO_NAMES, **more: Any
) -> Observation:
    """Return the observation of a step for which mistakes have separate formulas, evaluated with the names in scope."""

    def make(mistake: Mistake) -> list:
        return [evaluate(mistake.formulas[step], scope)] if step in mistake.formulas else []

    return Observation(part, step, key, label, got, wants, make, **more)


def observe_load_error(part: str, raised: Raised) -> Observation:
    """Return the observation of a file that does not load."""
    return observe_step(part, "load", f"{part}.py", "", raised, (), owner=f"`{part}.py`")


def is_usable(value: Any) -> bool:
    """Return whether a student's value is a valid array of numbers."""
    return isinstance(value, np.ndarray) and value.size <= MAX_NUMBERS


def same(got: Any, made: Any) -> bool:
    """Return whether a student's value equals a computed one: tensors within the checks' tolerance, others exactly."""
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
    """Return whether a value is a tensor of numbers so small that they may be rounding errors of probabilities."""
    return isinstance(value, np.ndarray) and bool(np.abs(value).max(initial=0) < ROUNDING)


def same_misfit(got: str, made: str) -> bool:
    """Return whether two exceptions are about the same mismatch of shapes, from `@` or from np.dot."""
    (lengths, shapes), (other_lengths, other_shapes) = misfit(got), misfit(made)
    return bool(lengths) and lengths == other_lengths and (not shapes or not other_shapes or shapes == other_shapes)


def same_unbound(got: str, made: str) -> bool:
    """Return whether both exceptions are about an unbound variable, whatever its name."""
    return got.startswith("UnboundLocalError") and made.startswith("NameError")


def misfit(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the two lengths that don't fit, and the shapes if known, from the exception of a matrix product."""
    if found := re.search(r"shapes (\([\d,]*\)) and (\([\d,]*\)) not aligned: (\d+) \(dim \d\) != (\d+)", text):
        return found.group(3, 4), found.group(1, 2)
    found = re.search(r"matmul: .* \(size (\d+) is different from (\d+)\)", text)
    return (found.group(2, 1) if found else ()), ()


@cache
def compiled(expression: str) -> CodeType:
    """Return an expression of the catalog, ready to be evaluated."""
    return compile(expression, "catalog", "eval")


def evaluate(expression: str, scope: Names) -> Any:
    """Return the value of an expression of the catalog, or what it raised. Student code is never evaluated here."""
    try:
        return eval(compiled(expression), {"np": np, **scope})  # noqa: S307
    except StudentError as error:  # raised by a student's function among the names
        return as_raised(error)
    except Exception as error:
        return Raised(f"{type(error).__name__}: {error}")
