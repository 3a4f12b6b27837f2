"""The cases of the hidden checks. Students never see them, and no message shows their numbers.

`sample_cases` draws all numbers from a seed made from a name and the course's secret, by rejection sampling: it takes the first
draw in which every gradient is large enough that the tolerance separates float32 rounding from the smallest real mistake.
"""

import copy
import hmac
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from autograder.backprop.case import Case, gradient_keys
from autograder.backprop.oracle import ACTIVATIONS, MODELS, activations, forward, reference_cache, reference_of, sample_losses
from autograder.checking import agree

SMALLEST_NORM = 0.02  # of every gradient of an accepted case
LARGEST_ENTRY = 0.15  # some gradient must be above it; otherwise, gradients clipped to 0.1 would pass
SMALLEST_SPREAD = 0.1  # of each output over the samples; if they are alike, a product of means equals the mean of products
OUTPUT_SPREAD = 1.0  # standard deviation of each Z of the output; with more, a wrong dZ that divides by outputs would be huge
SMALLEST_BEND = 1e-3  # |Z| of every ReLU, so that rounding doesn't move a unit across its kink
SMALLEST_BIAS = 0.1  # norm of every B; otherwise, a forgotten bias would not show
SMALLEST_FALL = 0.01  # relative change of the loss in one step of gradient descent
LONG = (2, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 2)  # eleven layers, because "W10" sorts before "W2"
NUDGE = 1e-3  # on all weights together
SMALLEST_DOUBT = 1e-5  # between an output and 0 or 1; float32 tells numbers below 1 apart by 6e-8
SMALLEST_CHANGE = 3e-4  # relative change of the loss by a nudge
LARGEST_WEIGHT = 20
MOST_AMPLIFIED = 1e-5  # relative change of a gradient if inputs are rounded to float32; a float32 pass has about 5 times that
EPOCHS = 4  # of fit
DECISIVE = 50  # |Z| of every unit of a saturated case, so that each A is 0 or 1 to rounding
TAIL = (-40.0, -10.5)  # Z of an output whose activation is small but not 0
FAR = 8.0  # X of these cases is larger than usual by this factor


@dataclass(frozen=True)
class Sampler:
    """Draws numbers that depend only on a secret and a name."""

    secret: bytes

    def generator(self, name: str, attempt: int = 0) -> np.random.Generator:
        """Return a generator whose numbers depend only on a name, an attempt and the secret."""
        seed = hmac.digest(self.secret, f"{name} {attempt}".encode(), "sha256")
        return np.random.default_rng(int.from_bytes(seed, "big"))

    def uniform(self, name: str, *ranges: tuple[float, float]) -> list[float]:
        """Return a number from each of these ranges."""
        rng = self.generator(name)
        return [float(rng.uniform(low, high)) for low, high in ranges]

    def draw(
        self, name: str, attempt: int, layer_sizes: tuple[int, ...], samples: int, model: str, chosen: tuple[str, ...]
    ) -> Case:
        """Return one draw of a case: normal weights, biases and inputs; labels of both 0 and 1, or one-hot labels."""
        rng = self.generator(name, attempt)
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
        case = Case(f"{name} {layer_sizes} m={samples}", layer_sizes, params, X, Y, model, chosen)
        return case if samples == 1 else spread_out(case)

    @np.errstate(all="ignore")  # dead units in a rejected draw divide by zero
    def rejection_sample(
        self,
        name: str,
        layer_sizes: tuple[int, ...],
        samples: int,
        model: str = "DNN",
        chosen: tuple[str, ...] = (),
        demands: tuple[Callable[[Case], bool], ...] = (),
    ) -> Case:
        """Return the first draw that meets all demands; demands that need no gradients are tested first."""
        draws = (self.draw(name, attempt, layer_sizes, samples, model, chosen) for attempt in itertools.count())
        return next(case for case in draws if all(demand(case) for demand in (varies, *demands, tells_apart)))


def spread_out(case: Case, layer: int = 0) -> Case:
    """Return the same case with an output layer, or another layer, that spreads the samples; few draws do so themselves."""
    layer = layer or case.layers[-1]
    W, B, A = case.params[f"W{layer}"], case.params[f"B{layer}"], reference_cache(case)[f"A{layer - 1}"]
    W = OUTPUT_SPREAD * W / np.std(W @ A, axis=1, keepdims=True)
    return replace(case, params={**case.params, f"W{layer}": W, f"B{layer}": B - (W @ A).mean(axis=1, keepdims=True)})


def spread_throughout(case: Case) -> Case:
    """Return the same case with every layer spread out; otherwise, many layers would make the samples alike."""
    last = f"B{case.layers[-1]}"
    drawn = reference_cache(case)[last.replace("B", "Z")].mean(axis=1, keepdims=True)  # as drawn
    case = replace(case, params={**case.params, last: drawn})
    for layer in case.layers:
        case = spread_out(case, layer)
    return case


def varies(case: Case) -> bool:
    """Return whether biases and outputs are large and varied enough to show a mistake, and no ReLU is near its kink."""
    cache = reference_cache(case)
    bends = [cache[f"Z{layer}"] for layer, name in enumerate(activations(case), start=1) if name == "relu"]
    return bool(
        min(np.linalg.norm(case.params[f"B{layer}"]) for layer in case.layers) > SMALLEST_BIAS
        and (case.samples == 1 or np.std(cache[f"A{case.layers[-1]}"], axis=1).min() > SMALLEST_SPREAD)
        and all(np.abs(Z).min() > SMALLEST_BEND and min(Z.max(), -Z.min()) > SMALLEST_SPREAD for Z in bends)
    )


def tells_apart(case: Case) -> bool:
    """Return whether the gradients are large enough to show a mistake."""
    grads = reference_of(case).grads
    return bool(
        min(np.linalg.norm(gradient) for gradient in grads.values()) > SMALLEST_NORM
        and max(np.abs(grads[key]).max() for key in case.params) > LARGEST_ENTRY
    )


# Further demands on some cases, so that a wrong program gets the same score with every secret.


def bears_rounding(case: Case) -> bool:
    """Return whether rounding parameters and inputs to float32 leaves the gradients nearly unchanged."""
    if not tells_apart(case):  # cheaper to test
        return False
    single = {key: value.astype(np.float32).astype(float) for key, value in case.params.items()}
    rounded = reference_of(replace(case, X=np.asarray(case.X, np.float32).astype(float), params=single)).grads
    right = reference_of(case).grads
    return all(np.linalg.norm(rounded[key] - right[key]) < MOST_AMPLIFIED * np.linalg.norm(right[key]) for key in case.params)


def misclassifies(case: Case) -> bool:
    """Return whether each output errs on both sides of 1/2, more often on one, so that gradients of decisions are not zero.

    The same must hold for a forward pass without hidden activations, whose outputs are nearly decisions.
    """
    straight = case.X
    for layer in case.layers:
        straight = case.params[f"W{layer}"] @ straight + case.params[f"B{layer}"]
    return all(((Z > 0) - case.Y).sum(axis=1).all() for Z in (reference_cache(case)[f"Z{case.layers[-1]}"], straight))


def is_sure_of_a_wrong_class(case: Case) -> bool:
    """Return whether the output of the correct class is exactly 0 for some sample in the saturated case."""
    cache = reference_cache(saturated(case))
    return bool((cache[f"A{case.layers[-1]}"][case.Y == 1] == 0).any())


def shows_clipping(case: Case) -> bool:
    """Return whether some W and some B gradient are so large that clipping shows in both."""
    grads = reference_of(case).grads
    return all(max(np.abs(grads[key]).max() for key in gradient_keys(case, kind)) > LARGEST_ENTRY for kind in "WB")


def lives_with_relu(case: Case) -> bool:
    """Return whether two ReLU units of each hidden layer still distinguish the samples, so that steps can be followed."""
    A = case.X
    for layer in list(case.layers)[:-1]:
        A = np.maximum(case.params[f"W{layer}"] @ A + case.params[f"B{layer}"], 0)
        if np.count_nonzero(np.std(A, axis=1)) < 2:
            return False
    return True


def has_active_units(case: Case) -> bool:
    """Return whether every hidden layer has a positive Z; without one, its ReLU derivatives would be 0 and hide the steps."""
    cache = reference_cache(case)
    return all((cache[f"Z{layer}"] > 0).any() for layer in list(case.layers)[:-1])


def shows_truncation(case: Case) -> bool:
    """Return whether truncating some W gradient to integers differs from the mean of the truncated gradients per sample."""
    samples = [reference_of(case.columns(number)).grads for number in range(case.samples)]
    whole = reference_of(case).grads
    return not all(
        agree(np.trunc(whole[key]), np.mean([np.trunc(one[key]) for one in samples], axis=0))
        for key in gradient_keys(case, "W")
    )


def descends(rate: float, case: Case) -> bool:
    """Return whether two steps of gradient descent both reduce the loss, which also changes if all weights are nudged."""
    least = np.inf
    for reached in two_steps(rate, case):
        right = reference_of(reached)
        nudged = {key: value + NUDGE * (key[0] == "W") for key, value in reached.params.items()}
        if right.loss > least or abs(loss_on(reached, nudged) - right.loss) < SMALLEST_CHANGE * right.loss:
            return False
        least = (1 - SMALLEST_FALL) * right.loss
    return True


def stays_undecided(rate: float, case: Case) -> bool:
    """Return whether no output is rounded to 0 or 1 by float32 in two steps of gradient descent."""
    outputs = [reference_cache(reached)[f"A{case.layers[-1]}"] for reached in two_steps(rate, case)]
    return all(out.min() > SMALLEST_DOUBT and out.max() < 1 - SMALLEST_DOUBT for out in outputs)


def two_steps(rate: float, case: Case) -> Iterator[Case]:
    """Yield the case with its parameters, and with those after one and after two steps of gradient descent."""
    yield case
    for _ in range(2):
        grads = reference_of(case).grads
        case = case.with_params({key: value - rate * grads[key] for key, value in case.params.items()})
        yield case


def loss_on(case: Case, params: dict[str, np.ndarray]) -> float:
    """Return J of a case with other parameters."""
    return float(np.mean(sample_losses(case, forward(case, params))))


def saturated(case: Case) -> Case:
    """Return the same batch with parameters so large that Z of every unit ranges from -1001 to 1001 over the samples."""
    params, A = {}, case.X
    for layer, name in enumerate(activations(case), start=1):
        W = case.params[f"W{layer}"]
        low, high = (W @ A).min(axis=1, keepdims=True), (W @ A).max(axis=1, keepdims=True)
        W, B = 2002 * W / (high - low), -1001 * (high + low) / (high - low)
        A, params[f"W{layer}"], params[f"B{layer}"] = ACTIVATIONS[name](W @ A + B), W, B
    return replace(case, name=f"{case.name} saturated", params=params)


def saturated_far_out(case: Case) -> Case:
    """Return the saturated case with inputs far from 0."""
    return saturated(replace(case, X=FAR * case.X))


def is_decisive(case: Case) -> bool:
    """Return whether every unit saturates on every sample, and the output errs in both directions, more often in one."""
    cache = reference_cache(saturated_far_out(case))
    least = min(np.abs(cache[f"Z{layer}"]).min() for layer in case.layers)
    errors = np.round(cache[f"A{case.layers[-1]}"] - case.Y)
    return bool(least > DECISIVE and errors.min() < 0 < errors.max() and errors.sum())


def in_the_tail(case: Case) -> Case:
    """Return the same network with Z of each output spread over TAIL, inputs far from 0, and labels of 0."""
    last, cache, (low, high) = case.layers[-1], reference_cache(case), TAIL
    Z = case.params[f"W{last}"] @ cache[f"A{last - 1}"]
    factor = (high - low) / (Z.max(axis=1, keepdims=True) - Z.min(axis=1, keepdims=True))
    W, B = factor * case.params[f"W{last}"], high - factor * Z.max(axis=1, keepdims=True)
    params = {**case.params, f"W{last}": W, f"B{last}": B}
    params["W1"] = params["W1"] / FAR
    return replace(case, name=f"{case.name} in the tail", params=params, X=FAR * case.X, Y=0 * case.Y)


def integral(case: Case) -> Case:
    """Return the same network with integer inputs and labels."""
    return replace(case, name=f"{case.name} of integers", X=np.rint(2 * case.X).astype(int), Y=case.Y.astype(int))


def is_tame(case: Case) -> bool:
    """Return whether the case doesn't amplify rounding from layer to layer."""
    return bool(max(np.abs(W).max() for W in case.params.values()) < LARGEST_WEIGHT)


def suits(case: Case) -> bool:
    """Return whether the demands on every case hold for one that was not drawn."""
    return is_tame(case) and varies(case) and tells_apart(case)


def still_suits(change: Callable[[Case], Case], case: Case) -> bool:
    """Return whether the demands on every case hold for the changed one, too."""
    return suits(change(case))


def still_suits_throughout(case: Case) -> bool:
    """Return whether the demands on every case hold with every layer spread out, and rounding doesn't accumulate."""
    changed = spread_throughout(case)
    return suits(changed) and bears_rounding(changed)


def in_reverse(case: Case) -> Case:
    """Return the same case with its parameters in the opposite order."""
    return case.with_params(dict(reversed(case.params.items())))


def numbers(sampler: Sampler) -> tuple[list[float], np.ndarray]:
    """Return numbers for the functions of one number, and an array of them: negative, zero and positive.

    None is near 1/2 or 1, where a forgotten factor 2x or x^2 would not show.
    """
    points = sampler.uniform("points", (-1.3, -1.1), (-0.4, -0.2), (0, 0), (0.6, 0.8), (1.1, 1.3))
    entries = sampler.uniform("array", (-1.3, -1.1), (-0.4, -0.2), (0, 0), (0.2, 0.4), (0.6, 0.8), (1.1, 1.3))
    return points, np.reshape(entries, (2, 3))


class Cases:
    """All inputs of the hidden checks: networks with their batches, and the numbers of the warm-up."""

    def __init__(self, secret: bytes) -> None:
        sampler = self.sampler = Sampler(secret)
        self.sample_dnn(sampler)
        self.sample_extension(sampler)
        self.sample_warmup(sampler)
        self.squares = self.on_squares()

    def sample_dnn(self, sampler: Sampler) -> None:
        """Draw the networks of dnn.py."""
        # The learning rate of fit: not the default of 0.5, and not near a common one.
        (self.learning_rate,) = sampler.uniform("learning rate", (0.3, 0.4))
        # m differs from every width, and m, 1/m, m/n_0, m/(m-1), 2 and 1/2 are all different factors.
        self.main = sampler.rejection_sample(
            "main",
            (2, 3, 3, 1),
            7,
            demands=(lives_with_relu, has_active_units, misclassifies, shows_clipping, partial(descends, self.learning_rate)),
        )
        self.other = sampler.rejection_sample(
            "other", (2, 3, 3, 1), 4, demands=(lives_with_relu, misclassifies, shows_clipping, shows_truncation)
        )
        self.single = sampler.rejection_sample("single", (2, 3, 3, 1), 1)
        self.deep = sampler.rejection_sample("deep", (3, 4, 2, 5, 2), 8, demands=(bears_rounding,))
        self.shallow = sampler.rejection_sample("shallow", (4, 2), 7)
        # Here, the shapes of all products fit, even of wrong ones.
        self.square = sampler.rejection_sample("square", (3, 3, 3, 3), 3, demands=(is_decisive,))
        self.point = sampler.rejection_sample("point", (1, 1, 1), 1)  # here, every tensor has a single entry
        # m = n_0, so a wrong axis has the right length.
        self.integers = integral(sampler.rejection_sample("integers", (3, 4, 2), 3, demands=(partial(still_suits, integral),)))
        long = sampler.rejection_sample("long", LONG, 5, demands=(still_suits_throughout,))
        self.long = in_reverse(spread_throughout(long))
        self.wide = sampler.rejection_sample("wide", (12, 9, 10, 3), 40)
        self.saturated = saturated_far_out(sampler.rejection_sample("saturated", (2, 3, 3, 1), 7, demands=(is_decisive,)))
        self.tail = in_the_tail(self.main)
        self.samples = [self.other.columns(number) for number in range(self.other.samples)]
        self.twice = self.other.columns(*range(self.other.samples), *range(self.other.samples))
        self.main_on_other = self.main.with_params(self.other.params)

    def sample_extension(self, sampler: Sampler) -> None:
        """Draw the networks of extension.py."""
        # K >= 3, because with two classes, a forgotten cross term of the softmax looks like a factor of exactly 1/2.
        self.softmax = sampler.rejection_sample("softmax", (3, 5, 4), 7, "SoftmaxDNN", demands=(is_sure_of_a_wrong_class,))
        self.softmax_shallow = sampler.rejection_sample("softmax shallow", (2, 3), 7, "SoftmaxDNN")
        self.softmax_saturated = saturated(self.softmax)
        self.squared_error = sampler.rejection_sample("squared error", (3, 5, 4), 7, "SquaredErrorSoftmaxDNN")
        trains = (partial(stays_undecided, self.learning_rate),)
        self.general = sampler.rejection_sample(
            "general", (3, 4, 5, 2, 1), 7, "GeneralDNN", ("tanh", "relu", "sigmoid", "sigmoid"), trains
        )
        self.general_relu = sampler.rejection_sample(
            "general relu", (2, 5, 4, 3), 7, "GeneralDNN", ("relu", "tanh", "sigmoid"), trains
        )
        self.notes = sampler.rejection_sample("notes", (3, 4, 2), 7)
        # For the diagnosis: if every batch had 7 samples, 1/7 would look like 1/m, and if no layer had one unit, a lost axis
        # would look like a squeezed one.
        self.softmax_few = sampler.rejection_sample("softmax few", (2, 1, 3), 5, "SoftmaxDNN")
        self.squared_error_few = replace(self.softmax_few, model="SquaredErrorSoftmaxDNN")
        self.general_few = self.general_relu.columns(*range(5))
        # Outputs that are exactly 0 and 1: correct for every other sample, wrong for the rest.
        self.sure = np.where(np.arange(self.softmax.samples) % 2, self.softmax.Y, np.roll(self.softmax.Y, 1, axis=0))
        # The largest Z of a column is near 1000 or -1000, so each column needs its own shift.
        self.large = np.array(
            [[1000.0, -1000.0, -1000.0], [998.0, 1000.0, -1002.0], [0.0, 1001.0, -1001.0], [-1000.0, 0.0, -1000.0]]
        )
        self.large += np.sign(self.large) * sampler.generator("large").uniform(size=self.large.shape)

    def sample_warmup(self, sampler: Sampler) -> None:
        """Draw the inputs of warmup.py."""
        self.points, self.array = numbers(sampler)
        self.arrays = (self.array, self.array.ravel(), self.array[None], np.array([[-1, 0, 1], [1, 1, -1]]))
        # x, y, w1, w2, w3: all different in each chain, no weight near 0, and no y_hat near its y.
        self.chains = (
            sampler.uniform("first chain", (0.3, 0.45), (0, 0), (1.3, 1.7), (-2.4, -1.9), (1.0, 1.2)),
            sampler.uniform("second chain", (-1.8, -1.3), (1, 1), (0.6, 0.9), (2.3, 2.8), (-2.0, -1.6)),
            sampler.uniform("third chain", (1.8, 2.2), (0.2, 0.4), (-0.5, -0.3), (1.1, 1.4), (2.7, 3.3)),
        )
        self.logistic = sampler.rejection_sample("logistic", (4, 1), 7, demands=(misclassifies,))
        self.logistic_saturated = saturated(self.logistic)
        self.logistic_few = self.logistic.columns(*range(5))
        self.logistic_tail = in_the_tail(self.logistic)
        self.logistic_single = sampler.rejection_sample("logistic single", (4, 1), 1)
        self.logistic_integers = integral(
            sampler.rejection_sample("logistic integers", (3, 1), 3, demands=(partial(still_suits, integral),))
        )

    def on_squares(self) -> "Cases":
        """Return the same cases with square matrices, for which the shapes of wrong products fit, too."""
        cases, square = copy.copy(self), self.square
        everything = range(square.samples)
        cases.main, cases.other, cases.saturated, cases.tail = square, square, saturated_far_out(square), in_the_tail(square)
        cases.samples, cases.twice = [square.columns(number) for number in everything], square.columns(*everything, *everything)
        cases.main_on_other = replace(square, X=-np.flip(square.X), Y=1 - square.Y)
        return cases


@lru_cache(maxsize=4)
def sample_cases(secret: bytes) -> Cases:
    """Return the cases of a course's secret; the same secret gives the same numbers everywhere."""
    return Cases(secret)
