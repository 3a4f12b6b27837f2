"""Programs whose compute_gradients uses finite differences, by method, and which of them are detected.

`.venv/bin/python -m tests.golden.differences` prints a table of every method in every network.
"""

import textwrap
from typing import NamedTuple

from autograder.backprop.finite_differences import detect_finite_differences
from autograder.judge.judge import Judge
from autograder.settings import read_secret
from tests.golden.programs import SIGMOID, solution, solutions, with_body

LOSS = 'net.loss(net.forward(cache["A0"])[0], cache["Y"])'
CENTRAL = "(up - down) / (2 * h)"


def nudging(loss: str = LOSS, slope: str = CENTRAL, step: str = "1e-5", keys: str = "self.params", rest: str = "{}") -> str:
    """Return a body of compute_gradients: `loss` is that of a copy of the network in which one entry of a parameter is nudged."""
    return f"""
import copy
grads, h, here = {rest}, {step}, self.loss(out, cache["Y"])
for key in {keys}:
    grads[key] = np.zeros(self.params[key].shape)
    for entry in np.ndindex(grads[key].shape):
        def nudged(by):
            net = copy.deepcopy(self)
            net.params[key] = net.params[key] + 0 * by
            net.params[key][entry] += by
            return {loss}
        up, down = nudged(h), nudged(-h)
        grads[key][entry] = {slope}
return grads
"""


IN_PLACE = """
grads, h = {}, 1e-4
for key, value in self.params.items():
    grads[key] = np.zeros_like(value)
    for entry in np.ndindex(value.shape):
        value[entry] += h
        up = self.loss(self.forward(cache["A0"])[0], cache["Y"])
        value[entry] -= 2 * h
        down = self.loss(self.forward(cache["A0"])[0], cache["Y"])
        value[entry] += h
        grads[key][entry] = (up - down) / (2 * h)
return grads
"""
REMEMBERED = b"def remembered(function):\n    return lambda *given: function(*given)\n\n\nclass DNN:"
RIGHT = "right(self, out, cache)"


def alone(body: str) -> bytes:
    """Return the solution of dnn.py with this body of compute_gradients."""
    return with_body("compute_gradients", body)


def replaced(name: str, body: str, part: str = "dnn") -> bytes:
    """Return the solution with another compute_gradients in the class of this name, where the right one is called `right`."""
    lines = f"def uses_finite_differences(self, out, cache):\n{textwrap.indent(body, '    ')}\n"
    return f"{solution(part)}\n\nright = {name}.compute_gradients\n\n\n{lines}\n\n{name}.compute_gradients = uses_finite_differences\n".encode()


class Differences(NamedTuple):
    """A program by differences: its source, and its marks of 60 in dnn.py, or of 25 in extension.py."""

    source: bytes
    marks: float


# Those that leave Z and A out, which differences of the weights do not give, lose their checks besides. Where units are nearly
# saturated, most differences are too rough.
DNN = {
    "central": Differences(alone(nudging()), 36),
    "in place": Differences(alone(IN_PLACE), 35.5),
    "through the class": Differences(alone(nudging(LOSS.replace("net.forward(", "DNN.forward(net, "))), 36),
    "through a decorated forward": Differences(
        alone(nudging()).replace(b"    def forward(", b"    @remembered\n    def forward(").replace(b"class DNN:", REMEMBERED),
        36,
    ),
    "W and B, beside right Z and A": Differences(replaced("DNN", nudging(rest=RIGHT)), 42.5),
    "W1 alone": Differences(replaced("DNN", nudging(rest=RIGHT, keys='["W1"]')), 43),
}
# Of a wrong network nothing is said, whose marks are lost as they are.
WRONG = alone(nudging()).replace(SIGMOID.encode(), b"return np.tanh(Z) / 3 + 0.5")
EXTENSION = {
    name: Differences(replaced(name, nudging(rest=RIGHT), "extension"), marks)
    for name, marks in {"SoftmaxDNN": 23.5, "SquaredErrorSoftmaxDNN": 23.5, "GeneralDNN": 23.5}.items()
}

# The ways ---------------------------------------------------------------------------------------------------------------

SLOPED = {"sigmoid": "1 / (1 + np.exp(-Z))", "tanh": "np.tanh(Z)", "relu": "np.where(Z.real > 0, Z, 0)"}
SOFTMAX = "(lambda E: E / E.sum(axis=-2, keepdims=True))(np.exp(Z - Z.real.max(axis=-2, keepdims=True)))"
ENTROPY = "-np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=-2)"
# The activations, and the losses of the samples, of each network.
NETWORKS = {
    "DNN": (repr(SLOPED["sigmoid"]), SLOPED["sigmoid"], ENTROPY),
    "SoftmaxDNN": (repr(SLOPED["sigmoid"]), SOFTMAX, "-np.sum(Y * np.log(A), axis=-2)"),
    "SquaredErrorSoftmaxDNN": (repr(SLOPED["sigmoid"]), SOFTMAX, "np.sum((A - Y) ** 2, axis=-2)"),
    "GeneralDNN": (f"{SLOPED!r}[self.activations[layer - 1]]", SLOPED["sigmoid"], ENTROPY),
}
# A forward pass of its own, which takes any numbers, stacks of matrices, and something that is added to Z or to A.
PRIVATE = """
X, Y, L, grads = cache["A0"], cache["Y"], self.num_layers, right(self, out, cache)
def losses_of(params=None, added=None):
    A, params, added = X, params or self.params, added or {{}}
    for layer in range(1, L + 1):
        Z = params[f"W{{layer}}"] @ A + params[f"B{{layer}}"] + added.get(f"Z{{layer}}", 0)
        A = ({last} if layer == L else eval({hidden})) + added.get(f"A{{layer}}", 0)
    return {losses}
def loss_of(*given):
    return np.mean(losses_of(*given), axis=-1)
"""


def each(step: str, slope: str = CENTRAL, keys: str = "self.params", before: str = "", kind: str = "float") -> str:
    """One weight after the other; h is the step, in terms of `key`, `value` and `entry`."""
    return f"""
{before}
for key in {keys}:
    value = self.params[key]
    grads[key] = np.zeros(value.shape)
    for entry in np.ndindex(value.shape):
        h = {step}
        def nudged(by):
            moved = value.astype({kind})
            moved[entry] += by
            return loss_of({{**self.params, key: moved}})
        up, down = nudged(h), nudged(-h)
        grads[key][entry] = {slope}
return grads
"""


def along(step: str) -> str:
    """One weight after the other, along the imaginary axis."""
    return each(step, slope="up.imag / h.imag", kind="complex")


SUMS = """
h = 1e-5
for layer in range(1, L + 1):
    key = f"{kind}{{layer}}"
    if key == f"A{{L}}":
        continue
    grads[key] = np.zeros((self.layer_sizes[layer], X.shape[1]))
    for unit in range(len(grads[key])):
        by = np.zeros_like(grads[key])
        by[unit] = h
        grads[key][unit] = (losses_of(added={{key: by}}) - losses_of(added={{key: -by}})) / (2 * h)
"""
PRODUCTS = """
for layer in range(1, L + 1):
    grads[f"W{layer}"] = grads[f"Z{layer}"] @ cache[f"A{layer - 1}"].T / X.shape[1]
    grads[f"B{layer}"] = grads[f"Z{layer}"].mean(axis=1, keepdims=True)
return grads
"""
DIRECTIONS = """
rng, h = np.random.default_rng(1), 1e-5
shapes = {key: value.shape for key, value in self.params.items()}
size = sum(value.size for value in self.params.values())
ways, slopes = rng.normal(size=(2 * size, size)), []
for way in ways:
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1].astype(int)
    parts = dict(zip(shapes, (part.reshape(shape) for part, shape in zip(np.split(way, ends), shapes.values()))))
    up, down = (loss_of({key: value + by * parts[key] for key, value in self.params.items()}) for by in (h, -h))
    slopes.append((up - down) / (2 * h))
found = np.linalg.lstsq(ways, np.array(slopes), rcond=None)[0]
for (key, shape), part in zip(shapes.items(), np.split(found, ends)):
    grads[key] = part.reshape(shape)
return grads
"""
ALL_AT_ONCE = """
for key, value in self.params.items():
    moved = value + {h} * np.eye(value.size).reshape(-1, *value.shape)
    grads[key] = ({slope}).reshape(value.shape)
return grads
"""
REFUSING = """
if max(np.abs(value).max() for value in [X, *self.params.values()]) > 1e6:
    raise ValueError("standardize the inputs first")
"""
TIMID = """
if any(0 < np.abs(value).max() < 1e-6 or np.abs(value).max() > 20 for value in self.params.values()):
    raise ValueError("these weights are unusual")
"""
STANDARDIZED = """
scale = np.abs(X).max(axis=1, keepdims=True) + 1e-300
X, self = X / scale, __import__("copy").copy(self)
self.params = {**self.params, "W1": self.params["W1"] * scale.T}
"""


class Way(NamedTuple):
    """A way to work by differences: the body of compute_gradients, and what comes of it.

    outcome is "half" where it costs half of the points, "remark" where a TA is told, "doubt" where a TA is told if every check of
    the backward pass passes, and "nothing".
    """

    body: str
    outcome: str = "half"


WAYS = {
    "central": Way(each("1e-5")),
    "upwards": Way(each("1e-6", "(up - loss_of()) / h")),
    "downwards": Way(each("1e-6", "(loss_of() - down) / h")),
    "a large step": Way(each("1e-3")),
    "a small step": Way(each("1e-9")),
    "in proportion to the matrix": Way(each("1e-5 * (np.abs(value).mean() + 1e-30)")),
    "in proportion to each weight": Way(each("1e-5 * (np.abs(value[entry]) + 1e-9)")),
    "four points, with a jitter": Way(
        each(
            "1e-3 * (1 + rng.random()) * np.abs(value).mean()",
            "(8 * (up - down) - nudged(2 * h) + nudged(-2 * h)) / (12 * h)",
            before="rng = np.random.default_rng(0)",
        )
    ),
    "standardized inputs": Way(
        STANDARDIZED + each("1e-5").replace("return grads", 'grads["W1"] = grads["W1"] * scale.T\nreturn grads')
    ),
    "long doubles": Way(each("np.longdouble(1e-6)", kind="np.longdouble")),
    "through forward and loss": Way(nudging(rest="grads")),
    "in random directions": Way(DIRECTIONS),
    "all weights at once": Way(
        ALL_AT_ONCE.format(
            h="1e-5", slope="(loss_of({**self.params, key: moved}) - loss_of({**self.params, key: 2 * value - moved})) / 2e-5"
        )
    ),
    "the sums, then products": Way(SUMS.format(kind="Z") + PRODUCTS),
    "the sums alone": Way(SUMS.format(kind="Z") + "return grads"),
    "the activations alone": Way(SUMS.format(kind="A") + "return grads"),
    "refusing large inputs": Way(REFUSING + each("1e-5")),
    "refusing tiny and large weights": Way(TIMID + each("1e-5"), "doubt"),
    "the first weights alone": Way(each("1e-5", keys='["W1"]')),
    "the last weights alone": Way(each("1e-5", keys='[f"W{L}"]')),
    "the last biases alone": Way(each("1e-5", keys='[f"B{L}"]'), "nothing"),
    "along the imaginary axis": Way(along("1e-20j")),
    "along it, in proportion to the matrix": Way(along("1e-20j * (np.abs(value).mean() + 1e-280)")),
    "along it, in proportion to each weight": Way(along("1e-20j * (np.abs(value[entry]) + 1e-280)"), "remark"),
    "along it, all weights at once": Way(
        ALL_AT_ONCE.format(h="1e-20j", slope="loss_of({**self.params, key: moved}).imag / 1e-20")
    ),
}


def by_way(name: str, model: str) -> dict[str, bytes]:
    """Return the files of a solution in which this network works by differences in this way."""
    hidden, last, losses = NETWORKS[model]
    private = PRIVATE.format(hidden=hidden, last=last, losses=losses)
    part = "dnn" if model == "DNN" else "extension"
    return {**solutions(), part: replaced(model, private + WAYS[name].body, part)}


def outcome_of(judge: Judge, sources: dict[str, bytes], model: str, secret: bytes) -> str:
    """Return what comes of the look at a network."""
    with judge.sandbox.session(sources) as session:
        way = detect_finite_differences(session, model, secret)
    kinds = {"half": way.uses_finite_differences, "remark": way.remark, "doubt": way.doubt}
    return next((kind for kind, applies in kinds.items() if applies), "nothing")


if __name__ == "__main__":
    print(f"{'':40}" + "".join(f"{model:>24}" for model in NETWORKS))
    with Judge() as judge:
        for name in WAYS:
            found = [outcome_of(judge, by_way(name, model), model, read_secret().encode()) for model in NETWORKS]
            print(f"{name:40}" + "".join(f"{outcome:>24}" for outcome in found))
