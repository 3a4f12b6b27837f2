"""Public checks of dnn.py. Students have them too.

They run on one small example whose numbers are written out below. Take a pencil to it: every value follows from the formulas in
the hand-out, and the checks point at the first one that differs.
"""

import numpy as np

from autograder.backprop.running import (
    arrays_in,
    expect_alive,
    expect_whole,
    on_either_cache,
    run_backward,
    run_cache,
    run_output,
)
from autograder.checking import (
    Case,
    CheckFailure,
    cache_keys,
    check,
    expect_shape,
    expect_tensor,
    gradient_keys,
    held,
    stood_up,
    take,
    take_all,
    tensor,
)

PARAMS = {
    "W1": [[0.5, -1.0], [1.5, 0.5], [-0.5, 2.0]],
    "B1": [[0.5], [-1.0], [0.2]],
    "W2": [[1.0, -2.0, 0.5], [0.5, 1.5, -1.0], [-1.5, 1.0, 2.0]],
    "B2": [[0.3], [-0.4], [0.1]],
    "W3": [[2.0, -1.5, 1.0]],
    "B3": [[-0.6]],
}
X = [[1.0, -2.0, 0.5, -1.0, 1.5], [2.0, 1.0, -1.5, -0.5, 0.5]]
Y = [[1.0, 0.0, 1.0, 0.0, 0.0]]

# What the forward pass must store.
CACHE = {
    "Z1": [[-1, -1.5, 2.25, 0.5, 0.75], [1.5, -3.5, -1, -2.75, 1.5], [3.7, 3.2, -3.05, -0.3, 0.45]],
    "A1": [
        [0.26894142, 0.18242552, 0.90465054, 0.62245933, 0.6791787],
        [0.81757448, 0.029312231, 0.26894142, 0.06008665, 0.81757448],
        [0.97587298, 0.96083428, 0.045217473, 0.42555748, 0.61063923],
    ],
    "Z2": [
        [-0.57827104, 0.9042182, 0.68937643, 1.0150648, -0.35065064],
        [-0.015040554, -1.2256532, 0.41051993, -0.42419784, 0.55531183],
        [2.4659083, 1.7773425, -0.89759943, 0.07751262, 1.1200849],
    ],
    "A2": [
        [0.35933052, 0.71181557, 0.6658282, 0.73401016, 0.41322465],
        [0.49623993, 0.22694313, 0.60121254, 0.39551268, 0.6353671],
        [0.92171704, 0.85536841, 0.28954406, 0.51936846, 0.75400446],
    ],
    "Z3": [[0.29601819, 1.3385849, 0.11938164, 0.79411976, 0.027403124]],
    "A3": [[0.57346884, 0.79225713, 0.52981002, 0.68871524, 0.50685035]],
}

# The gradients, in the order in which the backward pass finds them.
GRADS = {
    "Z3": [[-0.42653116, 0.79225713, -0.47018998, 0.68871524, 0.50685035]],
    "W3": [[0.16251532, 0.05597661, 0.17765087]],
    "B3": [[0.21822031]],
    "A2": [
        [-0.85306232, 1.5845143, -0.94037997, 1.3774305, 1.0137007],
        [0.63979674, -1.1883857, 0.70528498, -1.0330729, -0.76027553],
        [-0.42653116, 0.79225713, -0.47018998, 0.68871524, 0.50685035],
    ],
    "Z2": [
        [-0.19638527, 0.32503801, -0.20923549, 0.26892848, 0.24579205],
        [0.15994014, -0.20849032, 0.16909632, -0.24698954, -0.1761374],
        [-0.030776245, 0.098012739, -0.096721982, 0.17192045, 0.094011482],
    ],
    "W2": [
        [0.030305573, 0.0019616471, 0.075146856],
        [-0.023083213, 0.0022564889, -0.049852387],
        [0.018593502, 0.0077780128, 0.03806718],
    ],
    "B2": [[0.086827556], [-0.06051616], [0.047289288]],
    "A1": [
        [-0.07025083, 0.073773737, 0.020395641, -0.11244695, 0.016706126],
        [0.60190449, -0.86479875, 0.57539348, -0.73642083, -0.66177872],
        [-0.31968526, 0.5670348, -0.46715803, 0.72529467, 0.48705639],
    ],
    "Z1": [
        [-0.013812151, 0.011003091, 0.001759286, -0.026425452, 0.0036401812],
        [0.08977192, -0.02460614, 0.11312923, -0.041590283, -0.098701948],
        [-0.0075269601, 0.021338523, -0.020168545, 0.17730431, 0.11580202],
    ],
    "W1": [[-0.0006105934, -0.00084546485], [0.017817234, -0.008662394], [-0.012777912, 0.001157255]],
    "B1": [[-0.004767009], [0.0076005548], [0.05734987]],
}


def arrays(table):
    return {key: np.array(value) for key, value in table.items()}


EXAMPLE = Case("example", (2, 3, 3, 1), arrays(PARAMS), np.array(X), np.array(Y))
WANTED_CACHE = {**arrays(PARAMS), "A0": EXAMPLE.X, **arrays(CACHE)}
WANTED_GRADS = arrays(GRADS)


def reference(_):
    """The right cache of the example: compute_gradients is tried on it too, so it can be written before forward is right."""
    return WANTED_CACHE


def expect_gradients(student, keys):
    """Each of these gradients has the numbers written out above; where one has not, the first wrong one is named too."""

    def attempt(source):
        grads = run_backward(student, EXAMPLE, source)
        for key in keys:
            try:
                expect_gradient(grads, key)
            except CheckFailure as failure:
                first = next(earlier for earlier in gradient_keys(EXAMPLE) if earlier == key or is_wrong(grads, earlier))
                hint = "" if first == key else f" The first wrong one on the way back is `{first}`."
                raise CheckFailure(f"{failure}{hint}", key, failure.got, failure.wants, failure.case) from None

    on_either_cache(student, EXAMPLE, reference, attempt)


def expect_gradient(grads, key):
    got = stood_up(key, take("grads", grads, key))
    expect_tensor(key, got, WANTED_GRADS[key], *after_own_output_step(grads, key), case=EXAMPLE, show=True)


def after_own_output_step(grads, key):
    """What the numbers above become for a W or B where your dZ3 is another one: that mistake has a check of its own.

    There is one output, so every gradient of a sample is as many times too large as its dZ3.
    """
    Z3 = arrays_in(grads, ["Z3"]).get("Z3", np.zeros(0))
    if key[0] not in "WB" or Z3.shape != EXAMPLE.shape("Z3") or np.ptp(Z3) == 0:
        return
    layer = int(key[1:])
    columns = (WANTED_GRADS[f"Z{layer}"] * Z3 / WANTED_GRADS["Z3"]).T
    factors = WANTED_CACHE[f"A{layer - 1}"].T if key[0] == "W" else np.ones((EXAMPLE.samples, 1))
    yield sum(np.outer(*pair) for pair in zip(columns, factors, strict=True)) / EXAMPLE.samples


def is_wrong(grads, key):
    try:
        expect_gradient(grads, key)
    except CheckFailure:
        return True
    return False


@check
def test_example_output(student):
    """`forward` returns the right output for the example."""
    expect_tensor("out", run_output(student, EXAMPLE), WANTED_CACHE["A3"], show=True)


@check
def test_example_cache_keys(student):
    """The cache of the example has a key for every W, B, Z and A."""
    take_all("The cache", run_cache(student, EXAMPLE), cache_keys(EXAMPLE))


@check
def test_example_cache_values(student):
    """The cache of the example holds the right values."""
    cache = run_cache(student, EXAMPLE)
    for key in cache_keys(EXAMPLE):
        if key in cache or key[0] in "ZA":  # a W or B that is missing is paid for above
            expect_tensor(key, take("The cache", cache, key), WANTED_CACHE[key], show=True)


@check
def test_example_gradient_keys(student):
    """The gradients of the example have a key for every W, B, Z and A of the hidden layers."""

    def attempt(source):
        take_all("grads", run_backward(student, EXAMPLE, source), gradient_keys(EXAMPLE))

    on_either_cache(student, EXAMPLE, reference, attempt)


@check
def test_example_gradient_shapes(student):
    """Each gradient of the example has the shape of its variable."""
    expect_alive(student, EXAMPLE, reference)

    def attempt(source):
        grads = run_backward(student, EXAMPLE, source)
        for key in held(grads, gradient_keys(EXAMPLE)):
            got = tensor(key, take("grads", grads, key))
            expect_shape(key, got, EXAMPLE.shape(key), (WANTED_GRADS[key],), EXAMPLE)

    on_either_cache(student, EXAMPLE, reference, attempt)


@check
def test_example_output_Z(student):
    """dZ of the output layer is right on the example."""
    expect_gradients(student, ["Z3"])


@check
def test_example_W(student):
    """The gradient of every W is right on the example."""
    expect_gradients(student, ["W3", "W2", "W1"])


@check
def test_example_B(student):
    """The gradient of every B is right on the example."""
    expect_gradients(student, ["B3", "B2", "B1"])


@check
def test_example_gradients(student):
    """`gradients(X, Y)` gives the gradients of the example in one call."""
    expect_whole(student, EXAMPLE, WANTED_GRADS, show=True)
