"""Compare a returned value with its references, as text. The scripts that reproduce a check contain these functions.

They need only numpy, so a script runs wherever the student's code does.
"""

from typing import Any

import numpy as np

from autograder.checking import holds_numbers

TOLERANCE, ZERO = 1e-4, 1e-9  # as in autograder.checking, which scripts cannot import


def as_numbers(value: Any) -> Any:
    """Return a value as an array of floats; None if it is not made of real numbers."""
    if not holds_numbers(value):
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c" and not np.any(array.imag):
            array = array.real
        return array.astype(float) if array.dtype.kind in "fiubO" else None
    except (TypeError, ValueError, OverflowError):
        return None


def describe_value(value: Any, most: int, digits: int | None = None) -> str:
    """Return a description of a value: for an array, its shape and numbers, and only its corners if it is large.

    Numbers have as many digits as they need, or at most `digits` after the decimal point.
    """
    if isinstance(value, dict):
        inside = [f"  {describe_key(key)}: {describe_kind(item)}" for key, item in list(value.items())[:most]]
        return "\n".join(["a dict with", *inside]) if value else "an empty dict"
    array = None if value is None or isinstance(value, str) else as_numbers(value)
    if array is None:
        return describe_kind(value)
    if array.ndim == 0:
        return repr(float(array))
    with np.printoptions(threshold=most, edgeitems=3, floatmode="unique" if digits is None else "maxprec"):
        text = np.array2string(array, 110, digits, separator=", ")
    return f"{describe_kind(value)}\n{text}"


def describe_key(key: Any) -> str:
    """Return a key of a dict on one line."""
    return str(key) if str(key).isidentifier() and len(str(key)) < 60 else repr(str(key)[:60])


def describe_kind(value: Any) -> str:
    """Return a short description of a value's type and size."""
    if isinstance(value, (np.ndarray, np.generic)):
        return f"array of shape {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    return getattr(value, "described", "") or (repr(value)[:60] if isinstance(value, (int, float)) else type(value).__name__)


def measure(got: Any, want: Any) -> tuple[float, float]:
    """Return the relative error of an array and its tolerance; both are absolute if the reference is zero.

    The shapes must be equal.
    """
    largest = np.abs(want).max() if want.size else 0.0
    scale = largest if 0 < largest < np.inf else 1.0  # so that squares do not overflow
    size = float(np.linalg.norm(want / scale))
    if size == 0:
        return float(np.linalg.norm(got)), ZERO
    return float(np.linalg.norm(got / scale - want / scale)) / size, TOLERANCE


def describe_comparison(returned: Any, references: Any, most: int) -> list[str]:
    """Return the lines that compare a value with each reference that the check accepts."""
    lines = [f"returned: {describe_value(returned, most)}"]
    got = as_numbers(returned)
    for number, reference in enumerate(references, start=1):
        name = "reference" if len(references) == 1 else f"reference {number} of {len(references)} (any one is accepted)"
        lines.append(f"{name}: {describe_value(reference, most)}")
        want = as_numbers(reference)
        if got is None or want is None:
            lines.append("difference: not measurable, because the returned value is not numeric")
        elif got.shape != want.shape:
            lines.append(f"difference: not measurable, because the shape is {got.shape} and must be {want.shape}")
        else:
            difference, allowed = measure(got, want)
            share = "" if allowed == ZERO else " / ||reference||"
            lines.append(f"difference: ||returned - reference||{share} = {difference!r}, allowed {allowed!r}")
            if got.ndim and got.size and not np.array_equal(got, want):
                worst = np.unravel_index(np.argmax(np.abs(got - want)), got.shape)
                place = ", ".join(str(index) for index in worst)
                lines.append(f"largest difference at [{place}]: {float(got[worst])!r} instead of {float(want[worst])!r}")
    return lines
