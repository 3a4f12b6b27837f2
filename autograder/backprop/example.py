"""The examples of the public checks. All values and gradients are computed from the weights and the batch below.

Students get the numbers in checks/example.py, which `make assignment` generates, so a change here also changes the checks, the
hand-out and the figures.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from autograder.backprop.case import Case, Example, cache_keys, gradient_keys
from autograder.backprop.oracle import reference_of

DIGITS = 8  # significant digits that students see

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
# One class per sample; there are as many classes as units in the last hidden layer.
LABELS = [[1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
ACTIVATIONS = ("tanh", "relu", "sigmoid")


def arrays(table: Mapping[str, list]) -> dict[str, np.ndarray]:
    """Return the arrays of a table of lists."""
    return {key: np.array(value, float) for key, value in table.items()}


def rounded(value: np.ndarray) -> np.ndarray:
    """Return an array as students see it, with every number rounded to DIGITS significant digits."""
    return np.array([float(f"{number:.{DIGITS}g}") for number in np.ravel(value)]).reshape(np.shape(value))


def example_of(case: Case, gradients: Iterable[str]) -> Example:
    """Return a case with its correct cache, its loss, and the gradients that its checks compare."""
    right = reference_of(case)
    cache = {key: rounded(right.cache[key]) for key in cache_keys(case)}
    return Example(case, cache, {key: rounded(right.grads[key]) for key in gradients}, float(f"{right.loss:.{DIGITS}g}"))


NETWORK = Case(
    "example", (len(X), *(len(PARAMS[key]) for key in PARAMS if key[0] == "B")), arrays(PARAMS), np.array(X), np.array(Y)
)
HIDDEN = len(NETWORK.layers) - 1
# Everything but the last layer, with a softmax on top.
CLASSES = replace(
    NETWORK,
    layer_sizes=NETWORK.layer_sizes[:-1],
    params={key: value for key, value in NETWORK.params.items() if int(key[1:]) <= HIDDEN},
    Y=np.array(LABELS),
    model="SoftmaxDNN",
)

# As many samples as units in every layer, so that the shapes of wrong products fit, too.
SQUARES = Case(
    "square example",
    (2, 2, 2),
    arrays({"W1": [[0.5, -1.0], [1.5, 0.5]], "B1": [[0.5], [-1.0]], "W2": [[1.0, -2.0], [0.5, 1.5]], "B2": [[0.3], [-0.4]]}),
    np.array([[1.0, -0.5], [2.0, 1.5]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
)

DNN = example_of(NETWORK, gradient_keys(NETWORK))
SQUARE = example_of(SQUARES, gradient_keys(SQUARES))
SOFTMAX = example_of(CLASSES, [f"Z{HIDDEN}"])
SQUARED_ERROR = example_of(replace(CLASSES, model="SquaredErrorSoftmaxDNN"), [f"Z{HIDDEN}"])
GENERAL = example_of(replace(NETWORK, model="GeneralDNN", activations=ACTIVATIONS), gradient_keys(NETWORK, "Z"))
# By the first part whose public checks use them.
EXAMPLES = {
    "dnn": {"DNN": DNN, "SQUARE": SQUARE},
    "extension": {"SOFTMAX": SOFTMAX, "SQUARED_ERROR": SQUARED_ERROR, "GENERAL": GENERAL},
}


HEAD = '''"""The examples of the public checks, with all expected numbers.

You can compute every value of the first one with a pencil and the formulas in the hand-out; the checks name the first value
that differs.
"""

import numpy as np

from checks.case import Case, Example


def arrays(table):
    return {key: np.array(value, float) for key, value in table.items()}


'''


def source(parts: Collection[str] = tuple(EXAMPLES)) -> str:
    """Return checks/example.py: the examples of these parts as literal numbers, because students have no reference."""
    found = {name: example for part in EXAMPLES if part in parts for name, example in EXAMPLES[part].items()}
    return HEAD + "\n".join(f"{name} = {literal(example)}" for name, example in found.items())


def literal(example: Example) -> str:
    """Return the expression that constructs an example."""
    case = example.case
    settings = f'model="{case.model}", activations={case.activations!r}'.replace("'", '"')
    return (
        f'Example(\n    Case(\n        "{case.name}",\n        {case.layer_sizes!r},\n        params={table(case.params, 8)},\n'
        f"        X=np.array({rows(case.X, 8)}),\n        Y=np.array({rows(case.Y, 8)}),\n        {settings},\n    ),\n"
        f"    cache={table(example.cache, 4)},\n    grads={table(example.grads, 4)},\n    loss={example.loss!r},\n)\n"
    )


def table(tensors: Mapping[str, np.ndarray], indent: int) -> str:
    """Return some tensors as the call that constructs them, with one line per row."""
    pad = " " * indent
    lines = "".join(f'{pad}        "{key}": {rows(value, indent + 8)},\n' for key, value in tensors.items())
    return f"arrays(\n{pad}    {{\n{lines}{pad}    }}\n{pad})"


def rows(tensor: np.ndarray, indent: int) -> str:
    """Return the numbers of a matrix, with one line per row if there are several."""
    lines = ["[" + ", ".join(f"{number:.{DIGITS}g}" for number in row) + "]" for row in tensor]
    if len(lines) == 1:
        return f"[{lines[0]}]"
    pad = " " * indent
    return "[\n" + "".join(f"{pad}    {line},\n" for line in lines) + f"{pad}]"
