"""Find the smallest network on which a student's passes are wrong, for mistakes that no row of the catalog explains.

All networks up to a size are tried, in order of size, so the first failure is the smallest. Their numbers are public, so they
may be shown.
"""

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np

from autograder.backprop.case import Case, cache_keys, gradient_keys
from autograder.backprop.oracle import reference_cache, reference_of
from autograder.backprop.running import run_backward, run_forward
from autograder.checking import (
    CheckFailure,
    StudentError,
    expect_tensor,
    require_key,
)
from autograder.student import Student

MOST_LAYERS, MOST_UNITS, MOST_SAMPLES = 3, 3, 3


@cache
def networks() -> tuple[Case, ...]:
    """Return every network up to the limits, sorted by the total size of its parameters and the batch."""
    sizes = itertools.chain.from_iterable(
        itertools.product(range(1, MOST_UNITS + 1), repeat=layers + 1) for layers in range(1, MOST_LAYERS + 1)
    )
    shapes = itertools.product(sizes, range(1, MOST_SAMPLES + 1))
    return tuple(example(sizes, samples) for sizes, samples in sorted(shapes, key=lambda shape: (size(*shape), shape)))


def size(layer_sizes: tuple[int, ...], samples: int) -> int:
    """Return the total number of entries in a network and a batch."""
    weights = sum((inputs + 1) * units for inputs, units in itertools.pairwise(layer_sizes))
    return weights + samples * (layer_sizes[0] + layer_sizes[-1])


def example(layer_sizes: tuple[int, ...], samples: int) -> Case:
    """Return a network for calculation by hand, with multiples of 1/2 other than 0; it is the same for everyone."""
    halves = (value / 2 for value in itertools.cycle((1, -2, 3, 2, -1, 4, -3)))

    def fill(*shape: int) -> np.ndarray:
        return np.array(list(itertools.islice(halves, int(np.prod(shape))))).reshape(shape)

    params = {}
    for layer, (inputs, units) in enumerate(itertools.pairwise(layer_sizes), start=1):
        params[f"W{layer}"] = fill(units, inputs)
        params[f"B{layer}"] = fill(units, 1)
    X = fill(layer_sizes[0], samples)
    Y = np.resize([1.0, 0.0], (layer_sizes[-1], samples))
    return Case(f"example {layer_sizes} m={samples}", layer_sizes, params, X, Y)


def smallest_failure(student: Student, discreet: bool = False) -> str:
    """Describe what is wrong on the smallest network on which a student's forward or backward pass fails; "" if none fails.

    With discreet, the description is redacted as in a hidden check.
    """
    failed = ((case, failure) for case in networks() for failure in failures(student, case, not discreet))
    for case, failure in failed:
        return f"{introduction(case)}: {failure.discreet if discreet and isinstance(failure, CheckFailure) else failure}"
    return ""


def failures(student: Student, case: Case, show: bool = True) -> Iterator[CheckFailure | StudentError]:
    """Yield the failures of the passes on a case, in order, with numbers if show is true."""
    try:
        out, cache = run_forward(student, case)
        for key in cache_keys(case):
            expect_tensor(key, require_key("The cache", cache, key), reference_cache(case)[key], show=show)
        expect_tensor("out", out, reference_of(case).out, show=show)
        grads = run_backward(student, case)
        for key in gradient_keys(case):
            expect_tensor(key, require_key("grads", grads, key), reference_of(case).grads[key], show=show)
    except (CheckFailure, StudentError) as failure:
        yield failure


def introduction(case: Case) -> str:
    """Return a description of the network and the batch, which are small enough to be written out."""
    given = {**case.params, "X": case.X, "Y": case.Y}
    tensors = ", ".join(f"{key} = {value.tolist()}" for key, value in given.items())
    samples = "one sample" if case.samples == 1 else f"{case.samples} samples"
    return f"The smallest network that shows it has layer_sizes {case.layer_sizes} and {samples}; with {tensors}"
