"""Wrong programs for warmup.py."""

from functools import partial

from tests.golden.programs import edited as edited_part

edited = partial(edited_part, part="warmup")

EXP_EXP = "return y, y * h2 * 2 * x"
RECIPROCAL = "return y, -y * 2 * x"
TWO_PATHS = "return 2 * g1 + g2, 2 * (2 * x) + 1 * 1"
DZ3 = "dz3 = -2 * (y - y_hat) * y_hat * (1 - y_hat)"
DZ2 = "dz2 = dz3 * w3 * h2 * (1 - h2)"
DZ1 = "dz1 = dz2 * w2 * h1 * (1 - h1)"
CHAIN = '{"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}'
A1 = "a1 = sigmoid(np.dot(w1.T, X) + b1)"
DJDZ = "dJdz1 = a1 - y"
DJDB = "np.mean(dJdz1, axis=1, keepdims=True)"
DJDW = "np.dot(X, dJdz1.T) / X.shape[1]"

ONE_PATH, RECIPROCALS = ("example_exp_exp_square", "exp_exp_square"), ("example_reciprocal_exp_square", "reciprocal_exp_square")
PATHS, ALL_WEIGHTS = ("example_two_paths", "two_paths"), ("three_weight_chain_last", "three_weight_chain_all")

WARMUP = {
    # along one path
    "no dh1/dx": (edited((EXP_EXP, "return y, y * h2")), ONE_PATH),
    "no dh2/dh1": (edited((EXP_EXP, "return y, y * 2 * x")), ONE_PATH),
    "no dy/dh2": (edited((EXP_EXP, "return y, h2 * 2 * x")), ONE_PATH),
    "factors added": (edited((EXP_EXP, "return y, y + h2 + 2 * x")), ONE_PATH),
    "e^(x^2) squared": (edited(("y = np.exp(h2)", "y = h2**2")), ONE_PATH),
    "only y": (edited((EXP_EXP, "return y")), ONE_PATH),
    "slope first": (edited((EXP_EXP, "return y * h2 * 2 * x, y")), ONE_PATH),
    "only right of 0": (edited((EXP_EXP, "return y, y * h2 * 2 * abs(x)")), ("exp_exp_square",)),
    "sign of 1/h2": (edited((RECIPROCAL, "return y, y * 2 * x")), RECIPROCALS),
    "-1/h2^2 alone": (edited((RECIPROCAL, "return y, -(y**2) * 2 * x")), RECIPROCALS),
    "1/x^2 for 1/h2": (edited((RECIPROCAL, "return y, -1 / x**2 * h2 * 2 * x")), RECIPROCALS),
    "reciprocal right of 0": (edited((RECIPROCAL, "return y, -y * 2 * abs(x)")), ("reciprocal_exp_square",)),
    # along several paths
    "one path of two": (edited((TWO_PATHS, "return 2 * g1 + g2, 2 * (2 * x)")), PATHS),
    "paths multiplied": (edited((TWO_PATHS, "return 2 * g1 + g2, 2 * (2 * x) * 1")), PATHS),
    "df/dg1 forgotten": (edited((TWO_PATHS, "return 2 * g1 + g2, 2 * x + 1")), PATHS),
    "paths right of 0": (edited((TWO_PATHS, "return 2 * g1 + g2, 4 * abs(x) + 1")), ("two_paths",)),
    # arrays
    "math.exp": (edited(("import numpy as np\n", "import math\n\nimport numpy as np\n"), ("np.exp(h", "math.exp(h")), ("arrays",)),
    "sum over the array": (edited((TWO_PATHS, "return 2 * g1 + g2, np.sum(4 * x + 1)")), ("arrays",)),
    "shapes that vary": (
        edited((TWO_PATHS, "return 2 * g1 + g2, np.zeros(3) if np.ndim(x) or x > 0 else 4 * x + 1")),
        ("two_paths", "arrays"),
    ),
    # through three weights
    "chain: sign": (edited((DZ3, DZ3.replace("-2", "2"))), ALL_WEIGHTS),
    "chain: no factor 2": (edited((DZ3, DZ3.replace("-2", "-1"))), ALL_WEIGHTS),
    "chain: no slope at the output": (edited((DZ3, "dz3 = -2 * (y - y_hat)")), ALL_WEIGHTS),
    "chain: cross-entropy": (edited((DZ3, "dz3 = y_hat - y")), ALL_WEIGHTS),
    "chain: w2 for w3": (edited((DZ2, DZ2.replace("w3", "w2"))), ("three_weight_chain_all",)),
    "chain: no slope of h2": (edited((DZ2, "dz2 = dz3 * w3")), ("three_weight_chain_all",)),
    "chain: no slope of h1": (edited((DZ1, "dz1 = dz2 * w2")), ("three_weight_chain_all",)),
    "chain: slope of h2 twice": (edited((DZ1, DZ1.replace("h1", "h2"))), ("three_weight_chain_all",)),
    "chain: h1 for x": (edited((CHAIN, CHAIN.replace("dz1 * x", "dz1 * h1"))), ("three_weight_chain_all",)),
    "chain: y_hat for h2": (edited((CHAIN, CHAIN.replace("dz3 * h2", "dz3 * y_hat"))), ("three_weight_chain_last",)),
    "chain: half the loss": (edited(("return (y - y_hat) ** 2,", "return 0.5 * (y - y_hat) ** 2,")), ALL_WEIGHTS),
    "chain: a tuple": (edited((CHAIN, "(dz1 * x, dz2 * h1, dz3 * h2)")), ALL_WEIGHTS),
    "chain: None": (edited((CHAIN, "None")), ALL_WEIGHTS),
    "chain: dw1": (edited((CHAIN, CHAIN.replace('"w', '"dw'))), ("example_three_weight_chain",)),
    # logistic regression
    "logistic: sums": (edited((DJDB, DJDB.replace("mean", "sum")), (DJDW, DJDW[:-13])), ("logistic_dJdb1", "logistic_dJdw1")),
    "logistic: sum for b": (edited((DJDB, DJDB.replace("mean", "sum"))), ("logistic_dJdb1",)),
    "logistic: no keepdims": (edited((DJDB, "np.mean(dJdz1, axis=1)")), ("logistic_dJdb1",)),
    "logistic: wrong axis": (edited((DJDB, DJDB.replace("axis=1", "axis=0"))), ("logistic_dJdb1",)),
    "logistic: divided by p": (edited((DJDW, DJDW.replace("shape[1]", "shape[0]"))), ("logistic_dJdw1",)),
    "logistic: dJdw1 transposed": (edited((DJDW, DJDW.replace("np.dot(X, dJdz1.T)", "np.dot(dJdz1, X.T)"))), ("logistic_dJdw1",)),
    "logistic: y - a1": (edited((DJDZ, "dJdz1 = y - a1")), ("logistic_dJdz1",)),
    "logistic: slope again": (edited((DJDZ, "dJdz1 = (a1 - y) * a1 * (1 - a1)")), ("logistic_dJdz1",)),
    "logistic: dJdz1 averaged": (edited((DJDZ, "dJdz1 = (a1 - y) / X.shape[1]")), ("logistic_dJdz1",)),
    "logistic: no bias": (edited((A1, "a1 = sigmoid(np.dot(w1.T, X))")), ("logistic_dJdz1",)),
    "logistic: decisions": (edited((DJDZ, "dJdz1 = (a1 > 0.5) - y")), ("logistic_dJdz1",)),
    "logistic: z1 for a1": (edited(('"a1": a1', '"a1": np.dot(w1.T, X) + b1')), ("logistic_dJdz1",)),
    "logistic: keys": (edited(('"dJdz1": dJdz1', '"dz1": dJdz1')), ("example_logistic_gradients", "logistic_dJdz1")),
    "logistic: centres X": (edited((A1, "X -= X.mean(axis=1, keepdims=True)\n    " + A1)), ("warmup_conventions",)),
    "logistic: e^z / (1 + e^z)": (
        edited((A1, "E = np.exp(np.dot(w1.T, X) + b1)\n    a1 = E / (1 + E)")),
        ("warmup_conventions",),
    ),
}
