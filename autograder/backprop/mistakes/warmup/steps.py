"""The lines of warmup.py that a mistake can be in, and the correct expressions that wrong ones are made from."""

from autograder.diagnosis.mistake import Step

EXP, RECIPROCAL, PATHS = "y * h2 * 2 * x", "-y * 2 * x", "2 * (2 * x) + 1 * 1"
CHAIN = '{"w1": dz1 * x, "w2": dz2 * h1, "w3": dz3 * h2}'
LOGISTIC = '{"a1": a1, "dJdz1": dJdz1, "dJdb1": dJdb1, "dJdw1": dJdw1}'
Z1 = "np.dot(w1.T, X) + b1"
STEPS = {
    # exp_exp_square and reciprocal_exp_square begin alike
    "h1": Step("h1", "x**2", "    h1 = {}\n"),
    "h2": Step("h2", "np.exp(h1)", "    h2 = {}\n"),
    "exp y": Step("y of `exp_exp_square`", "np.exp(h2)", "    y = {}\n"),
    "exp slope": Step("dy/dx of `exp_exp_square`", EXP, "    return y, {}\n", target="dy_dx"),
    "exp returns": Step("what `exp_exp_square` returns", f"y, {EXP}", "    return {}\n"),
    "reciprocal y": Step("y of `reciprocal_exp_square`", "1 / h2", "    y = {}\n"),
    "reciprocal slope": Step("dy/dx of `reciprocal_exp_square`", RECIPROCAL, "    return y, {}  #", target="dy_dx"),
    "reciprocal returns": Step("what `reciprocal_exp_square` returns", f"y, {RECIPROCAL}", "    return {}  #"),
    "paths f": Step("f of `two_paths`", "2 * g1 + g2", "    return {}, ", target="f"),
    "paths slope": Step("df/dx of `two_paths`", PATHS, ", {}\n", target="df_dx"),
    "paths returns": Step("what `two_paths` returns", f"2 * g1 + g2, {PATHS}", "    return {}\n"),
    # three_weight_chain
    "chain h1": Step("h1", "sigmoid(w1 * x)", "    h1 = {}\n"),
    "chain h2": Step("h2", "sigmoid(w2 * h1)", "    h2 = {}\n"),
    "chain y_hat": Step("y_hat", "sigmoid(w3 * h2)", "    y_hat = {}\n"),
    "chain loss": Step("the loss", "(y - y_hat) ** 2", "    return {}, ", target="loss"),
    "chain dz3": Step("dloss/dz3", "-2 * (y - y_hat) * y_hat * (1 - y_hat)", "    dz3 = {}\n"),
    "chain w3": Step("the gradient of w3", "dz3 * h2", '"w3": {}', target="dw3"),
    "chain dz2": Step("dloss/dz2", "dz3 * w3 * h2 * (1 - h2)", "    dz2 = {}\n"),
    "chain w2": Step("the gradient of w2", "dz2 * h1", '"w2": {}', target="dw2"),
    "chain dz1": Step("dloss/dz1", "dz2 * w2 * h1 * (1 - h1)", "    dz1 = {}\n"),
    "chain w1": Step("the gradient of w1", "dz1 * x", '"w1": {}', target="dw1"),
    "chain returns": Step("what `three_weight_chain` returns", f"(y - y_hat) ** 2, {CHAIN}", "    return {}\n"),
    # logistic_gradients
    "logistic a1": Step("a1", f"sigmoid({Z1})", "    a1 = {}\n"),
    "logistic dJdz1": Step("dJdz1", "a1 - y", "    dJdz1 = {}\n"),
    "logistic dJdb1": Step("dJdb1", "np.mean(dJdz1, axis=1, keepdims=True)", "    dJdb1 = {}\n"),
    "logistic dJdw1": Step("dJdw1", "np.dot(X, dJdz1.T) / X.shape[1]", "    dJdw1 = {}\n"),
    "returned a1": Step("the returned a1", "a1", '{"a1": {},', target="a1"),
    "logistic returns": Step("what `logistic_gradients` returns", LOGISTIC, "    return {}\n"),
}
