"""The cases behind the hidden checks. Students never see them, and no message shows their numbers.

`sample_cases` draws every number from a seed that is made of a name and of the course's secret. Each case is screened: the
first draw is taken in which every gradient is large enough that float32 rounding and the smallest real mistake lie on different
sides of the tolerance.
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

SMALLEST_NORM = 0.02  # of every gradient of a screened case
LARGEST_ENTRY = 0.15  # some gradient must be above it, or gradients clipped to a range of 0.1 pass for right
SMALLEST_SPREAD = 0.1  # of each output over the samples; where these are alike, a product of means is the mean of products
OUTPUT_SPREAD = 1.0  # the standard deviation of each Z of the output; more would make a wrong dZ that divides by outputs huge
SMALLEST_BEND = 1e-3  # |Z| of every ReLU, so that rounding does not move a unit over its kink
SMALLEST_BIAS = 0.1  # the norm of every B, or a forgotten one does not show
SMALLEST_FALL = 0.01  # of the loss in a step of descent, relative
LONG = (2, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 2)  # eleven layers: "W10" comes before "W2" in the alphabet
NUDGE = 1e-3  # on all weights together
SMALLEST_DOUBT = 1e-5  # between an output and 0 or 1; float32 tells numbers below 1 apart by 6e-8
SMALLEST_CHANGE = 3e-4  # of the loss by a nudge, relative
LARGEST_WEIGHT = 20
MOST_AMPLIFIED = 1e-5  # by which rounding the inputs to float32 changes a gradient; a pass in float32 is some five times worse
EPOCHS = 4  # of fit
DECISIVE = 50  # |Z| of every unit of a saturated case, so that each A is 0 or 1 to rounding
TAIL = (-40.0, -10.5)  # Z of the output where its activation is small and not yet 0
FAR = 8.0  # X of these cases is so many times as large as usual


@dataclass(frozen=True)
class Sampler:
    """Draws numbers that depend on a secret and on a name alone."""

    secret: bytes

    def generator(self, name: str, attempt: int = 0) -> np.random.Generator:
        """Return a generator whose numbers depend on a name, an attempt and the secret alone."""
        seed = hmac.digest(self.secret, f"{name} {attempt}".encode(), "sha256")
        return np.random.default_rng(int.from_bytes(seed, "big"))

    def uniform(self, name: str, *ranges: tuple[float, float]) -> list[float]:
        """Return a number from each of these ranges."""
        rng = self.generator(name)
        return [float(rng.uniform(low, high)) for low, high in ranges]

    def draw(
        self, name: str, attempt: int, layer_sizes: tuple[int, ...], samples: int, model: str, chosen: tuple[str, ...]
    ) -> Case:
        """Return one draw of a case: normal weights, biases and inputs; labels that are 0 or 1 and hold both, or one-hot."""
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

    @np.errstate(all="ignore")  # units that are dead in a draw that is rejected divide by zero
    def rejection_sample(
        self,
        name: str,
        layer_sizes: tuple[int, ...],
        samples: int,
        model: str = "DNN",
        chosen: tuple[str, ...] = (),
        demands: tuple[Callable[[Case], bool], ...] = (),
    ) -> Case:
        """Return the first draw that meets every demand; those that take no gradient come first."""
        draws = (self.draw(name, attempt, layer_sizes, samples, model, chosen) for attempt in itertools.count())
        return next(case for case in draws if all(demand(case) for demand in (varies, *demands, tells_apart)))


def spread_out(case: Case, layer: int = 0) -> Case:
    """The same case on an output layer, or another one, that sets the samples apart; few draws do by themselves."""
    layer = layer or case.layers[-1]
    W, B, A = case.params[f"W{layer}"], case.params[f"B{layer}"], reference_cache(case)[f"A{layer - 1}"]
    W = OUTPUT_SPREAD * W / np.std(W @ A, axis=1, keepdims=True)
    return replace(case, params={**case.params, f"W{layer}": W, f"B{layer}": B - (W @ A).mean(axis=1, keepdims=True)})


def spread_throughout(case: Case) -> Case:
    """The same case with every layer spread out: through many layers as drawn, the samples become alike."""
    last = f"B{case.layers[-1]}"
    drawn = reference_cache(case)[last.replace("B", "Z")].mean(axis=1, keepdims=True)  # what it was before it was spread out
    case = replace(case, params={**case.params, last: drawn})
    for layer in case.layers:
        case = spread_out(case, layer)
    return case


def varies(case: Case) -> bool:
    """The biases and the outputs are large and varied enough to show a mistake, and no ReLU is near its kink."""
    cache = reference_cache(case)
    bends = [cache[f"Z{layer}"] for layer, name in enumerate(activations(case), start=1) if name == "relu"]
    return bool(
        min(np.linalg.norm(case.params[f"B{layer}"]) for layer in case.layers) > SMALLEST_BIAS
        and (case.samples == 1 or np.std(cache[f"A{case.layers[-1]}"], axis=1).min() > SMALLEST_SPREAD)
        and all(np.abs(Z).min() > SMALLEST_BEND and min(Z.max(), -Z.min()) > SMALLEST_SPREAD for Z in bends)
    )


def tells_apart(case: Case) -> bool:
    """The gradients are large enough to show a mistake."""
    grads = reference_of(case).grads
    return bool(
        min(np.linalg.norm(gradient) for gradient in grads.values()) > SMALLEST_NORM
        and max(np.abs(grads[key]).max() for key in case.params) > LARGEST_ENTRY
    )


# What some cases must offer beyond that, so that a wrong program gets the same marks whatever is drawn.


def bears_rounding(case: Case) -> bool:
    """On parameters and inputs that are rounded to float32, the gradients are nearly the same."""
    if not tells_apart(case):  # which is sooner found out
        return False
    single = {key: value.astype(np.float32).astype(float) for key, value in case.params.items()}
    rounded = reference_of(replace(case, X=np.asarray(case.X, np.float32).astype(float), params=single)).grads
    right = reference_of(case).grads
    return all(np.linalg.norm(rounded[key] - right[key]) < MOST_AMPLIFIED * np.linalg.norm(right[key]) for key in case.params)


def misclassifies(case: Case) -> bool:
    """Each output is on the wrong side of 1/2, more often on one of them, so that a gradient made of decisions is not zero.

    Nor is it where a forward pass leaves out the hidden activations: there the outputs are as good as decisions.
    """
    straight = case.X
    for layer in case.layers:
        straight = case.params[f"W{layer}"] @ straight + case.params[f"B{layer}"]
    return all(((Z > 0) - case.Y).sum(axis=1).all() for Z in (reference_cache(case)[f"Z{case.layers[-1]}"], straight))


def is_sure_of_a_wrong_class(case: Case) -> bool:
    """Saturated, the output of the right class is exactly 0 for some sample."""
    cache = reference_cache(saturated(case))
    return bool((cache[f"A{case.layers[-1]}"][case.Y == 1] == 0).any())


def shows_clipping(case: Case) -> bool:
    """Some W and some B gradient are large enough that clipping shows in both."""
    grads = reference_of(case).grads
    return all(max(np.abs(grads[key]).max() for key in gradient_keys(case, kind)) > LARGEST_ENTRY for kind in "WB")


def lives_with_relu(case: Case) -> bool:
    """With ReLU in the hidden layers two units of each still tell the samples apart, so that steps can be followed."""
    A = case.X
    for layer in list(case.layers)[:-1]:
        A = np.maximum(case.params[f"W{layer}"] @ A + case.params[f"B{layer}"], 0)
        if np.count_nonzero(np.std(A, axis=1)) < 2:
            return False
    return True


def has_active_units(case: Case) -> bool:
    """In every hidden layer some Z is above 0, or a slope of ReLU would be 0 throughout, and no step could be followed."""
    cache = reference_cache(case)
    return all((cache[f"Z{layer}"] > 0).any() for layer in list(case.layers)[:-1])


def shows_truncation(case: Case) -> bool:
    """Some W gradient, its digits behind the point cut off, is another than the mean of those of the samples cut off."""
    samples = [reference_of(case.columns(number)).grads for number in range(case.samples)]
    whole = reference_of(case).grads
    return not all(
        agree(np.trunc(whole[key]), np.mean([np.trunc(one[key]) for one in samples], axis=0))
        for key in gradient_keys(case, "W")
    )


def descends(rate: float, case: Case) -> bool:
    """Two steps of gradient descent each make the loss smaller, and on the way a nudge of all weights together shows in it."""
    least = np.inf
    for reached in two_steps(rate, case):
        right = reference_of(reached)
        nudged = {key: value + NUDGE * (key[0] == "W") for key, value in reached.params.items()}
        if right.loss > least or abs(loss_on(reached, nudged) - right.loss) < SMALLEST_CHANGE * right.loss:
            return False
        least = (1 - SMALLEST_FALL) * right.loss
    return True


def stays_undecided(rate: float, case: Case) -> bool:
    """In two steps of gradient descent no output comes so near to 0 or 1 that float32 rounds it to that."""
    outputs = [reference_cache(reached)[f"A{case.layers[-1]}"] for reached in two_steps(rate, case)]
    return all(out.min() > SMALLEST_DOUBT and out.max() < 1 - SMALLEST_DOUBT for out in outputs)


def two_steps(rate: float, case: Case) -> Iterator[Case]:
    """The case on its parameters, and on those after one and after two steps of gradient descent."""
    yield case
    for _ in range(2):
        grads = reference_of(case).grads
        case = case.with_params({key: value - rate * grads[key] for key, value in case.params.items()})
        yield case


def loss_on(case: Case, params: dict[str, np.ndarray]) -> float:
    """J of a case on other parameters."""
    return float(np.mean(sample_losses(case, forward(case, params))))


def saturated(case: Case) -> Case:
    """The same batch on parameters so large that Z of every unit reaches from -1001 to 1001 over the samples."""
    params, A = {}, case.X
    for layer, name in enumerate(activations(case), start=1):
        W = case.params[f"W{layer}"]
        low, high = (W @ A).min(axis=1, keepdims=True), (W @ A).max(axis=1, keepdims=True)
        W, B = 2002 * W / (high - low), -1001 * (high + low) / (high - low)
        A, params[f"W{layer}"], params[f"B{layer}"] = ACTIVATIONS[name](W @ A + B), W, B
    return replace(case, name=f"{case.name} saturated", params=params)


def saturated_far_out(case: Case) -> Case:
    """The saturated case on inputs that are far from 0."""
    return saturated(replace(case, X=FAR * case.X))


def is_decisive(case: Case) -> bool:
    """Saturated, every unit is sure of every sample, and the output is wrong in both directions, in one of them more often."""
    cache = reference_cache(saturated_far_out(case))
    least = min(np.abs(cache[f"Z{layer}"]).min() for layer in case.layers)
    errors = np.round(cache[f"A{case.layers[-1]}"] - case.Y)
    return bool(least > DECISIVE and errors.min() < 0 < errors.max() and errors.sum())


def in_the_tail(case: Case) -> Case:
    """The same network with Z of each output spread over TAIL, on inputs that are far from 0; every label is 0."""
    last, cache, (low, high) = case.layers[-1], reference_cache(case), TAIL
    Z = case.params[f"W{last}"] @ cache[f"A{last - 1}"]
    factor = (high - low) / (Z.max(axis=1, keepdims=True) - Z.min(axis=1, keepdims=True))
    W, B = factor * case.params[f"W{last}"], high - factor * Z.max(axis=1, keepdims=True)
    params = {**case.params, f"W{last}": W, f"B{last}": B}
    params["W1"] = params["W1"] / FAR
    return replace(case, name=f"{case.name} in the tail", params=params, X=FAR * case.X, Y=0 * case.Y)


def integral(case: Case) -> Case:
    """The same network on inputs and labels that are integers."""
    return replace(case, name=f"{case.name} of integers", X=np.rint(2 * case.X).astype(int), Y=case.Y.astype(int))


def is_tame(case: Case) -> bool:
    """The case does not amplify rounding from layer to layer."""
    return bool(max(np.abs(W).max() for W in case.params.values()) < LARGEST_WEIGHT)


def suits(case: Case) -> bool:
    """What is asked of any case holds for one that was not drawn."""
    return is_tame(case) and varies(case) and tells_apart(case)


def still_suits(change: Callable[[Case], Case], case: Case) -> bool:
    """What is asked of any case holds for the changed one, too."""
    return suits(change(case))


def still_suits_throughout(case: Case) -> bool:
    """What is asked of any case holds with every layer spread out, and rounding does not add up over the layers."""
    changed = spread_throughout(case)
    return suits(changed) and bears_rounding(changed)


def in_reverse(case: Case) -> Case:
    """The same case with its parameters in the opposite order."""
    return case.with_params(dict(reversed(case.params.items())))


def numbers(sampler: Sampler) -> tuple[list[float], np.ndarray]:
    """Numbers for the functions of one number, and an array of them: negative, zero and positive.

    None is near 1/2 or 1, where 2x or x^2 is a factor that can be left out.
    """
    points = sampler.uniform("points", (-1.3, -1.1), (-0.4, -0.2), (0, 0), (0.6, 0.8), (1.1, 1.3))
    entries = sampler.uniform("array", (-1.3, -1.1), (-0.4, -0.2), (0, 0), (0.2, 0.4), (0.6, 0.8), (1.1, 1.3))
    return points, np.reshape(entries, (2, 3))


class Cases:
    """Every input of the hidden checks: networks with their batches, and the numbers of the warm-up."""

    def __init__(self, secret: bytes) -> None:
        sampler = self.sampler = Sampler(secret)
        self.sample_dnn(sampler)
        self.sample_extension(sampler)
        self.sample_warmup(sampler)
        self.squares = self.on_squares()

    def sample_dnn(self, sampler: Sampler) -> None:
        """Draw the networks of dnn.py."""
        # The learning rate of fit: neither its default, 0.5, nor near a usual one.
        (self.learning_rate,) = sampler.uniform("learning rate", (0.3, 0.4))
        # m is unlike any width, and such that m, 1/m, m/n_0, m/(m-1), 2 and 1/2 are all different factors.
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
        # Every product has a shape here, the wrong ones too.
        self.square = sampler.rejection_sample("square", (3, 3, 3, 3), 3, demands=(is_decisive,))
        self.point = sampler.rejection_sample("point", (1, 1, 1), 1)  # here every tensor is one number
        # m = n_0, where a wrong axis has the right length.
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
        # K >= 3: with two classes a forgotten cross term of the softmax looks like a factor of exactly 1/2.
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
        # For the diagnosis: where every batch has 7 samples, a seventh is as good as 1/m, and where no layer has one unit, an
        # axis that is lost is as good as one that is squeezed.
        self.softmax_few = sampler.rejection_sample("softmax few", (2, 1, 3), 5, "SoftmaxDNN")
        self.squared_error_few = replace(self.softmax_few, model="SquaredErrorSoftmaxDNN")
        self.general_few = self.general_relu.columns(*range(5))
        # Outputs that are exactly 0 and 1: right for every other sample, wrong for the rest.
        self.sure = np.where(np.arange(self.softmax.samples) % 2, self.softmax.Y, np.roll(self.softmax.Y, 1, axis=0))
        # The largest Z of a column is near 1000 or -1000: neither no shift nor one shift for all columns will do.
        self.large = np.array(
            [[1000.0, -1000.0, -1000.0], [998.0, 1000.0, -1002.0], [0.0, 1001.0, -1001.0], [-1000.0, 0.0, -1000.0]]
        )
        self.large += np.sign(self.large) * sampler.generator("large").uniform(size=self.large.shape)

    def sample_warmup(self, sampler: Sampler) -> None:
        """Draw the inputs of warmup.py."""
        self.points, self.array = numbers(sampler)
        self.arrays = (self.array, self.array.ravel(), self.array[None], np.array([[-1, 0, 1], [1, 1, -1]]))
        # x, y, w1, w2, w3: no two of a chain are alike, no weight is near 0, and no y_hat is near its y.
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
        """Return the same cases with square matrices in place of the usual ones: there the wrong products have a shape, too."""
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
