"""Programs whose compute_gradients works by finite differences, with the exact marks of the part they are in."""

import textwrap
from typing import NamedTuple

from tests.golden.programs import SIGMOID, solution, with_body

LOSS = 'net.loss(net.forward(cache["A0"])[0], cache["Y"])'
COMPLEX_LOSS = (
    '(lambda A: -np.mean(np.sum(cache["Y"] * np.log(A) + (1 - cache["Y"]) * np.log(1 - A), axis=0)))(net.forward(cache["A0"])[0])'
)
CENTRAL = "(up - down) / (2 * h)"


def nudging(loss: str = LOSS, slope: str = CENTRAL, step: str = "1e-5", keys: str = "self.params", rest: str = "{}") -> str:
    """A body of compute_gradients: `loss` is that of a copy of the network in which one entry of a parameter is nudged."""
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
# The forward pass written once more where it is needed: nothing is called but numpy.
WITHOUT_A_CALL = """
grads, h = {}, 1e-6
for key, value in self.params.items():
    grads[key] = np.zeros_like(value)
    for entry in np.ndindex(value.shape):
        losses = []
        for by in (h, -h):
            nudged = {**self.params, key: value.copy()}
            nudged[key][entry] += by
            A = cache["A0"]
            for layer in range(1, self.num_layers + 1):
                A = 1 / (1 + np.exp(-(nudged[f"W{layer}"] @ A + nudged[f"B{layer}"])))
            losses.append(-np.mean(np.sum(cache["Y"] * np.log(A) + (1 - cache["Y"]) * np.log(1 - A), axis=0)))
        grads[key][entry] = (losses[0] - losses[1]) / (2 * h)
return grads
"""
PRIVATE_LOSS = """

def loss_of(params, X, Y):
    A = X
    for layer in range(1, len(params) // 2 + 1):
        A = sigmoid(params[f"W{layer}"] @ A + params[f"B{layer}"])
    return -np.mean(np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=0))
"""
REMEMBERED = b"def remembered(function):\n    return lambda *given: function(*given)\n\n\nclass DNN:"


def alone(body: str) -> bytes:
    """The solution of dnn.py with this body of compute_gradients."""
    return with_body("compute_gradients", body)


def replaced(name: str, body: str, part: str = "dnn") -> bytes:
    """The solution with another compute_gradients in the class of this name, where the right one is called `right`."""
    lines = f"def uses_finite_differences(self, out, cache):\n{textwrap.indent(body, '    ')}\n"
    return f"{solution(part)}\n\nright = {name}.compute_gradients\n\n\n{lines}\n\n{name}.compute_gradients = uses_finite_differences\n".encode()


class Differences(NamedTuple):
    """A program by differences: its source, and its marks of 60 in dnn.py, or of 25 in extension.py."""

    source: bytes
    marks: float


RIGHT = "right(self, out, cache)"
# Those that leave Z and A out, which differences of the weights do not give, lose their checks besides. Where units are nearly
# saturated, most differences are too rough.
DNN = {
    "central": Differences(alone(nudging()), 36),
    "upwards": Differences(alone(nudging(slope="(up - here) / h", step="1e-6")), 36),
    "downwards": Differences(alone(nudging(slope="(here - down) / h", step="1e-6")), 36),
    "a large step": Differences(alone(nudging(step="1e-3")), 35.5),
    "a small step": Differences(alone(nudging(step="1e-9")), 36),
    "in place": Differences(alone(IN_PLACE), 35.5),
    "through the class": Differences(alone(nudging(LOSS.replace("net.forward(", "DNN.forward(net, "))), 36),
    "through a decorated forward": Differences(
        alone(nudging()).replace(b"    def forward(", b"    @remembered\n    def forward(").replace(b"class DNN:", REMEMBERED), 36
    ),
    "through a private loss": Differences(
        alone(nudging('loss_of(net.params, cache["A0"], cache["Y"])')) + PRIVATE_LOSS.encode(), 36
    ),
    "without a call": Differences(alone(WITHOUT_A_CALL), 36),
    "along the imaginary axis": Differences(alone(nudging(COMPLEX_LOSS, "up.imag / 1e-20", "1e-20j")), 36),
    "of a wrong forward pass": Differences(
        alone(nudging()).replace(SIGMOID.encode(), b"return np.tanh(Z) / 3 + 0.5"), 8
    ),
    "W and B, beside right Z and A": Differences(replaced("DNN", nudging(rest=RIGHT)), 42.5),
    "W alone": Differences(replaced("DNN", nudging(rest=RIGHT, keys='[key for key in self.params if key[0] == "W"]')), 42.5),
    "W1 alone": Differences(replaced("DNN", nudging(rest=RIGHT, keys='["W1"]')), 43),
}
EXTENSION = {
    name: Differences(replaced(name, nudging(rest=RIGHT), "extension"), marks)
    for name, marks in {"SoftmaxDNN": 23.5, "SquaredErrorSoftmaxDNN": 23.5, "GeneralDNN": 23.5}.items()
}
