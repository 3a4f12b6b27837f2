"""The cases behind the hidden checks. Students never see them, and no message shows their numbers.

Each case is drawn from a named seed and screened: the first draw is taken in which every gradient is large enough that float32
rounding (1.3e-6 at worst on such cases) and the smallest real mistake (5e-3) lie on different sides of the tolerance.
"""

import itertools
import zlib
from dataclasses import replace

import numpy as np

from autograder.checking import Case
from autograder.judge.oracle import MODELS, activations, right_cache, truth

SMALLEST_NORM = 0.02  # of every gradient of a screened case
LARGEST_ENTRY = 0.1  # some gradient must be above it, or gradients clipped to a small range pass for right
SMALLEST_SPREAD = (
    0.1  # of each output over the samples; where samples are all alike, a product of means is the mean of products
)
SMALLEST_BEND = 1e-3  # |Z| of every ReLU, so that rounding does not move a unit over its kink


def draw(name: str, attempt: int, layer_sizes: tuple[int, ...], samples: int, model: str, chosen: tuple[str, ...]) -> Case:
    """One draw of a case: normal weights, biases and inputs; labels that are 0 or 1 and hold both, or one-hot."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), attempt])
    params = {}
    for layer, (inputs, units) in enumerate(itertools.pairwise(layer_sizes), start=1):
        params[f"W{layer}"] = rng.normal(scale=2.0, size=(units, inputs))
        params[f"B{layer}"] = rng.normal(scale=0.7, size=(units, 1))
    X = rng.normal(size=(layer_sizes[0], samples))
    classes = layer_sizes[-1]
    if MODELS[model][0] == "softmax":
        Y = np.eye(classes)[:, rng.permutation(np.arange(samples) % classes)]
    else:
        Y = rng.permuted((np.arange(classes * samples).reshape(classes, samples) % 2).astype(float), axis=1)
    return Case(f"{name} {layer_sizes} m={samples}", layer_sizes, params, X, Y, model, chosen)


def screened(name: str, layer_sizes: tuple[int, ...], samples: int, model: str = "DNN", chosen: tuple[str, ...] = ()) -> Case:
    """The first draw whose gradients can be told apart from rounding."""
    draws = (draw(name, attempt, layer_sizes, samples, model, chosen) for attempt in itertools.count())
    return next(case for case in draws if tells_apart(case))


def tells_apart(case: Case) -> bool:
    """Whether the gradients and the outputs of a case are large and varied enough to show a mistake."""
    cache = right_cache(case)
    if case.samples > 1 and np.std(cache[f"A{case.layers[-1]}"], axis=1).min() <= SMALLEST_SPREAD:
        return False
    bends = [cache[f"Z{layer}"] for layer, name in enumerate(activations(case), start=1) if name == "relu"]
    if any(np.abs(Z).min() <= SMALLEST_BEND for Z in bends):
        return False
    grads = truth(case).grads
    return bool(
        min(np.linalg.norm(gradient) for gradient in grads.values()) > SMALLEST_NORM
        and max(np.abs(grads[key]).max() for key in case.params) > LARGEST_ENTRY
    )


def saturated(case: Case) -> Case:
    """The same batch on weights so large that |Z| reaches 1000 in every layer, on both sides of zero in the first one."""
    params = dict(case.params)
    for layer in case.layers:
        W = case.params[f"W{layer}"]
        reach = nearer_end(W @ case.X) if layer == 1 else np.abs(W)
        params[f"W{layer}"] = 1001 * W / reach
    return replace(case, name=f"{case.name} saturated", params=params)


def nearer_end(Z: np.ndarray) -> np.ndarray:
    """How far each unit of Z (n, m) gets from zero on both sides: (n, 1)."""
    return np.minimum(Z.max(axis=1, keepdims=True), -Z.min(axis=1, keepdims=True))


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

# K >= 3: with two classes a forgotten cross term of the softmax looks like a factor of exactly 1/2.
SOFTMAX = screened("softmax", (3, 5, 4), 7, "SoftmaxDNN")
SOFTMAX_SHALLOW = screened("softmax shallow", (2, 3), 7, "SoftmaxDNN")
SOFTMAX_SATURATED = saturated(SOFTMAX)
SQUARED_ERROR = screened("squared error", (3, 5, 4), 7, "SquaredErrorSoftmaxDNN")
GENERAL = screened("general", (3, 4, 5, 2, 1), 7, "GeneralDNN", ("tanh", "relu", "sigmoid", "sigmoid"))
GENERAL_RELU = screened("general relu", (2, 5, 4, 3), 7, "GeneralDNN", ("relu", "tanh", "sigmoid"))
NOTES = screened("notes", (3, 4, 2), 7)
LOGISTIC = screened("logistic", (4, 1), 7)
LOGISTIC_SATURATED = saturated(LOGISTIC)
SQUARE = screened("square", (3, 3, 3, 3), 7)  # every matrix product fits here, transposed or not; for the diagnosis alone
