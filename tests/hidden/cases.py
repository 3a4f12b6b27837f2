"""The cases behind the hidden checks. Students never see them, and no message shows their numbers.

Each case is drawn from a named seed and screened: the first draw is taken in which every gradient is large enough that float32
rounding (1.3e-6 at worst on such cases) and the smallest real mistake (5e-3) lie on different sides of the tolerance.
"""

import itertools
import zlib

import numpy as np

from autograder.checking import Case
from autograder.judge.oracle import right_cache, truth

SMALLEST_NORM = 0.02  # of every gradient of a screened case
LARGEST_ENTRY = 0.1  # some gradient must be above it, or gradients clipped to a small range pass for right
SMALLEST_SPREAD = (
    0.1  # of each output over the samples; where samples are all alike, a product of means is the mean of products
)


def draw(name: str, attempt: int, layer_sizes: tuple[int, ...], samples: int) -> Case:
    """One draw of a case: normal weights, biases and inputs, labels that are 0 or 1 and hold both."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), attempt])
    params = {}
    for layer, (inputs, units) in enumerate(itertools.pairwise(layer_sizes), start=1):
        params[f"W{layer}"] = rng.normal(scale=2.0, size=(units, inputs))
        params[f"B{layer}"] = rng.normal(scale=0.7, size=(units, 1))
    X = rng.normal(size=(layer_sizes[0], samples))
    Y = (np.arange(layer_sizes[-1] * samples).reshape(layer_sizes[-1], samples) % 2).astype(float)
    return Case(f"{name} {layer_sizes} m={samples}", layer_sizes, params, X, rng.permuted(Y, axis=1))


def screened(name: str, layer_sizes: tuple[int, ...], samples: int) -> Case:
    """The first draw whose gradients can be told apart from rounding."""
    draws = (draw(name, attempt, layer_sizes, samples) for attempt in itertools.count())
    return next(case for case in draws if tells_apart(case))


def tells_apart(case: Case) -> bool:
    """Whether the gradients and the outputs of a case are large and varied enough to show a mistake."""
    out = right_cache(case)[f"A{case.layers[-1]}"]
    if case.samples > 1 and np.std(out, axis=1).min() <= SMALLEST_SPREAD:
        return False
    grads = truth(case).grads
    return (
        min(np.linalg.norm(gradient) for gradient in grads.values()) > SMALLEST_NORM
        and max(np.abs(grads[key]).max() for key in case.params) > LARGEST_ENTRY
    )


def saturated(case: Case) -> Case:
    """The same batch on weights so large that |Z| reaches 1000 in every layer."""
    params = dict(case.params)
    for layer in case.layers:
        below = np.abs(case.X).max() if layer == 1 else 1.0
        params[f"W{layer}"] = 1000 / below * np.sign(case.params[f"W{layer}"])
    return Case(f"{case.name} saturated", case.layer_sizes, params, case.X, case.Y)


# m is unlike any width, and such that m, 1/m, m/n_0, m/(m-1), 2 and 1/2 are all different factors.
MAIN = screened("main", (2, 3, 3, 1), 7)
OTHER = screened("other", (2, 3, 3, 1), 4)
SINGLE = screened("single", (2, 3, 3, 1), 1)
DEEP = screened("deep", (3, 4, 2, 5, 2), 8)
SHALLOW = screened("shallow", (4, 2), 7)
SATURATED = saturated(MAIN)
SAMPLES = [OTHER.columns(number) for number in range(OTHER.samples)]
TWICE = OTHER.columns(*range(OTHER.samples), *range(OTHER.samples))
MAIN_ON_OTHER = MAIN.with_params(OTHER.params)
