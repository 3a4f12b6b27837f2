"""Unusual networks and batches for extension.py; like those of `cases`, they are never shown."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from autograder.backprop.case import Case
from autograder.backprop.cases import (
    LONG,
    Cases,
    bears_rounding,
    in_reverse,
    integral,
    is_tame,
    spread_out,
    still_suits,
    varies,
)
from autograder.backprop.oracle import reference_cache
from autograder.backprop.running import relabelled

LARGE_Z = 1000.0  # the largest |Z|
# Eleven layers, in which every activation is above and below every other one.
ACTIVATIONS = ("tanh", "tanh", "sigmoid", "sigmoid", "relu", "relu", "tanh", "relu", "sigmoid", "tanh", "sigmoid")
SHALLOW, DEEP, IN_ANOTHER_ORDER = (
    "Without a hidden layer",
    "With more layers",
    "With the keys of the parameters in another order",
)
INTEGERS, AT_LARGE_Z = "With integers in X and Y", f"Where |Z| reaches {LARGE_Z:g}"


@lru_cache(maxsize=4)
def sample_variety(cases: Cases) -> dict[str, dict[str, Case]]:
    """Return networks by model (DNN for notes_gradients) and by a description of what is unusual."""
    softmax = sample_softmaxes(cases)
    squared = {words: as_squared_error(case) for words, case in softmax.items()}
    squared |= {IN_ANOTHER_ORDER: in_reverse(cases.squared_error), AT_LARGE_Z: shifted(cases.squared_error)}
    return {
        "SoftmaxDNN": softmax,
        "SquaredErrorSoftmaxDNN": squared,
        "GeneralDNN": sample_generals(cases),
        "DNN": networks_of_dnn(cases),
    }


def sample_softmaxes(cases: Cases) -> dict[str, Case]:
    """Return networks of SoftmaxDNN that suit the squared error as well; in the first of them m = n_0."""

    def sample(layer_sizes: tuple[int, ...], samples: int, *changes: Callable[[Case], Case]) -> Case:
        suits = [partial(still_suits, change) for change in (*changes, as_squared_error)]
        return cases.sampler.rejection_sample("softmax varied", layer_sizes, samples, "SoftmaxDNN", (), (is_tame, *suits))

    return {
        SHALLOW: sample((4, 3), 4),
        "For a single sample": sample((3, 4, 3), 1),
        DEEP: sample((5, 6, 4, 3), 5),
        INTEGERS: integral(sample((3, 5, 3), 6, integral, lambda case: as_squared_error(integral(case)))),
        IN_ANOTHER_ORDER: in_reverse(cases.softmax),
        AT_LARGE_Z: shifted(cases.softmax),
    }


def sample_generals(cases: Cases) -> dict[str, Case]:
    """Return networks of GeneralDNN; in the first of them m = n_0."""

    def sample(
        layer_sizes: tuple[int, ...], samples: int, activations: tuple[str, ...], *demands: Callable[[Case], bool]
    ) -> Case:
        return cases.sampler.rejection_sample(
            "general varied", layer_sizes, samples, "GeneralDNN", activations, (is_tame, *demands)
        )

    return {
        SHALLOW: sample((4, 3), 4, ("sigmoid",)),
        "For a single sample": sample((3, 4, 3), 1, ("tanh", "sigmoid")),
        DEEP: sample(LONG, 5, ACTIVATIONS, bears_rounding),
        INTEGERS: integral(sample((3, 5, 3), 6, ("relu", "sigmoid"), partial(still_suits, integral))),
        IN_ANOTHER_ORDER: in_reverse(cases.general_relu),
        AT_LARGE_Z: far_out(sample((3, 4, 4, 2), 7, ("relu", "relu", "sigmoid"), is_far_from_kinks)),
    }


def networks_of_dnn(cases: Cases) -> dict[str, Case]:
    """Return the networks of dnn.py for notes_gradients; two batches of the same shape follow each other."""
    return {
        "With three layers": cases.main,
        "For another batch of the same shape": relabelled(cases.main),
        SHALLOW: cases.shallow,
        "For a single sample": cases.single,
        "With eleven layers, and the parameters in another order": cases.long,
        "With integers in X and y": cases.integers,
        "Where |z| of the output is between 10 and 40": cases.tail,
        AT_LARGE_Z.replace("Z", "z"): cases.saturated,
    }


def as_squared_error(case: Case) -> Case:
    """Return the case of a SoftmaxDNN with the other loss."""
    return replace(case, model="SquaredErrorSoftmaxDNN")


def shifted(case: Case) -> Case:
    """Return the case with a constant added to every Z of the output, which doesn't change the softmax."""
    B = f"B{case.layers[-1]}"
    return replace(case, name=f"{case.name} shifted", params={**case.params, B: case.params[B] + LARGE_Z})


def far_out(case: Case) -> Case:
    """Return the network with inputs that make |Z| of layer 1 this large, and an output layer that spreads the samples."""
    size = np.abs(reference_cache(case)["Z1"]).max()
    return spread_out(replace(case, name=f"{case.name} far out", X=LARGE_Z / size * case.X))


def is_far_from_kinks(case: Case) -> bool:
    """Return whether the demands on every case hold for large values as well."""
    return varies(far_out(case))
