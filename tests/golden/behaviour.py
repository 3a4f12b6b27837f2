"""Programs that are right on one batch and break a promise of the hand-out on the next, or on another kind of batch.

Most of them replace a function by one that calls the right one. Beside each stand the checks that it may lose.
"""

import textwrap
from typing import NamedTuple

from tests.golden.programs import DW, HIDDEN_DZ, OUTPUT_DZ, SIGMOID, STORE_A, STORE_Z, Z, edited, solution


class Behaviour(NamedTuple):
    """A program: the part it is in, its source, and the checks that it may lose."""

    part: str
    source: bytes
    checks: tuple[str, ...]


ARGUMENTS = {
    "forward": "self, X",
    "compute_gradients": "self, out, cache",
    "gradients": "self, X, Y",
    "fit": "self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3",
}


def around(method: str, checks: str, body: str) -> Behaviour:
    """Return a program with another method of this name, in whose body `right` is the right one."""
    lines = f"def replacement({ARGUMENTS[method]}):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    source = f"{solution()}\n\nright = DNN.{method}\n\n\n{lines}\n\nDNN.{method} = replacement\n"
    return Behaviour("dnn", source.encode(), tuple(checks.split()))


def dnn(checks: str, *edits: tuple[str, str]) -> Behaviour:
    """Return a program by edits of the solution of dnn.py."""
    return Behaviour("dnn", edited(*edits), tuple(checks.split()))


def warmup(name: str, body: str) -> Behaviour:
    """Return a program with another function of this name, in whose body `right` is the right one."""
    lines = f"def {name}(*given):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    source = f"{solution('warmup')}\n\nright = {name}\n\n\n{lines}"
    return Behaviour("warmup", source.encode(), ("warmup_conventions", "arrays"))


AGAIN, LARGE_Z, OTHER_FORWARD = "forward_leaves_no_trace", "forward_saturated", "forward_other_depths"
SECOND, NO_TRACE = "gradient_second_call", "gradient_leaves_no_trace"
LARGE, OTHER = "gradient_saturated", "gradient_other_depths"
GOES_ON, WHOLE = "fit_goes_on", "gradients_and_fit_leave_no_trace"
FIT = f"fit_losses fit_parameters fit_tolerance {GOES_ON}"

OUT = 'cache[f"A{self.num_layers}"]'
END = f"return {OUT}, cache"
M = "m = out.shape[1]"
STEP = "self.params[name] - learning_rate * grads[name]"
STOP = "            if losses[-1] < tolerance:\n                break\n"
LOOP = "        for _ in range(epochs):\n"
RUN_FIT = "right(self, X, Y, learning_rate, epochs, tolerance)"


def keeping(value: str) -> tuple[str, str]:
    """Return the edit that lets forward remember a value as self.last."""
    return END, f"self.last = {value}\n        {END}"


def stopping(condition: str, word: str = "break") -> tuple[str, str]:
    """Return the edit that ends an epoch of fit, or all, on a condition of its own."""
    return STOP, f"{STOP}            if len(losses) > 1 and {condition}:\n                {word}\n"


def before_loop(line: str) -> tuple[str, str]:
    """Return the edit that puts a line before the loop of fit."""
    return LOOP, f"        {line}\n{LOOP}"


# The backward pass takes something from the last forward pass, whatever batch that was.
REMEMBERS = {
    "out": dnn(SECOND, keeping(OUT), (OUTPUT_DZ, 'self.last - cache["Y"]')),
    "m": dnn(SECOND, keeping("X.shape[1]"), (M, "m = self.last")),
    "X": dnn(SECOND, keeping("X"), (M, f'{M}\n        cache = {{**cache, "A0": self.last}}')),
    "the slopes": dnn(
        SECOND,
        keeping('{n: cache[f"A{n}"] * (1 - cache[f"A{n}"]) for n in range(self.num_layers + 1)}'),
        ("A_previous * (1 - A_previous)", "self.last[layer - 1]"),
    ),
    "the hidden Z": dnn(
        SECOND, keeping("cache"), (HIDDEN_DZ, HIDDEN_DZ.replace("A_previous", 'sigmoid(self.last[f"Z{layer - 1}"])'))
    ),
    "the hidden A": dnn(
        SECOND,
        keeping("cache"),
        (DW, DW.replace("A_previous", '(A_previous if layer == 1 else self.last[f"A{layer - 1}"])')),
    ),
    "the whole batch": dnn(SECOND, keeping("X"), (M, f"{M}\n        cache = {{**cache, **self.forward(self.last)[1]}}")),
}
# The network answers from memory.
STALE = {
    "forward by the shape of X": around(
        "forward",
        AGAIN,
        """
        self.kept = getattr(self, "kept", {})
        return self.kept.setdefault(X.shape, right(self, X))
        """,
    ),
    "forward by the sum of X": around(
        "forward",
        AGAIN,
        """
        self.kept = getattr(self, "kept", {})
        return self.kept.setdefault((X.shape, X.sum()), right(self, X))
        """,
    ),
    "the first weights": around(
        "forward",
        AGAIN,
        """
        self.first = getattr(self, "first", {key: value.copy() for key, value in self.params.items()})
        now, self.params = self.params, self.first
        found = right(self, X)
        self.params = now
        return found
        """,
    ),
    "copies of the weights until they are replaced": around(
        "forward",
        f"{AGAIN} {FIT}",
        """
        if getattr(self, "seen", None) is not self.params:
            self.seen, self.copies = self.params, {key: value.copy() for key, value in self.params.items()}
        self.params = self.copies
        found = right(self, X)
        self.params = self.seen
        return found
        """,
    ),
    "gradients by the batch without its labels": around(
        "compute_gradients",
        SECOND,
        """
        self.kept = getattr(self, "kept", {})
        return dict(self.kept.setdefault((cache["A0"].tobytes(), cache["W1"].tobytes()), right(self, out, cache)))
        """,
    ),
    "gradients by the shape of out": around(
        "compute_gradients",
        SECOND,
        """
        self.kept = getattr(self, "kept", {})
        return dict(self.kept.setdefault((out.shape, cache["W1"].tobytes()), right(self, out, cache)))
        """,
    ),
    "the first transposed weights": dnn(
        SECOND,
        (M, f'{M}\n        self.T = getattr(self, "T", {{}})'),
        ('cache[f"W{layer}"].T @ dZ', 'self.T.setdefault(layer, cache[f"W{layer}"].T.copy()) @ dZ'),
    ),
    "the first labels": around(
        "compute_gradients",
        SECOND,
        """
        self.Y = getattr(self, "Y", cache["Y"])
        return right(self, out, {**cache, "Y": self.Y if self.Y.shape == out.shape else cache["Y"]})
        """,
    ),
}
# What is returned changes later, or is the caller's.
ALIASES = {
    "one cache": around(
        "forward",
        AGAIN,
        """
        out, cache = right(self, X)
        self.cache = getattr(self, "cache", {})
        self.cache.update(cache)
        return out, self.cache
        """,
    ),
    "one array for each Z": dnn(
        AGAIN,
        (STORE_Z, 'cache[f"Z{layer}"] = self.__dict__.setdefault((layer, Z.shape), Z)\n            cache[f"Z{layer}"][:] = Z'),
    ),
    "one dict of gradients": around(
        "compute_gradients",
        SECOND,
        """
        self.grads = getattr(self, "grads", {})
        self.grads.update(right(self, out, cache))
        return self.grads
        """,
    ),
    "one array for each gradient of a B": around(
        "compute_gradients",
        SECOND,
        """
        grads = right(self, out, cache)
        for key in [key for key in grads if key[0] == "B"]:
            kept = self.__dict__.setdefault(key, grads[key])
            kept[:] = grads[key]
            grads[key] = kept
        return grads
        """,
    ),
    "the gradients in the cache": around(
        "compute_gradients",
        NO_TRACE,
        """
        cache["grads"] = right(self, out, cache)
        return cache["grads"]
        """,
    ),
    "a gradient in the parameters": around(
        "compute_gradients",
        f"{NO_TRACE} {FIT}",
        """
        self.params["last"] = 0.0
        return right(self, out, cache)
        """,
    ),
    "out in the parameters": around(
        "forward",
        f"{AGAIN} {FIT}",
        """
        out, cache = right(self, X)
        self.params["out"] = out
        return out, cache
        """,
    ),
}
# Traces of gradients, fit and the warm-up.
TRACES = {
    "gradients halves Y": around("gradients", f"{WHOLE} gradients {FIT}", "grads = right(self, X, Y)\nY *= 0.5\nreturn grads"),
    "gradients draws": around("gradients", WHOLE, "np.random.normal()\nreturn right(self, X, Y)"),
    "gradients rounds the parameters": around(
        "gradients",
        WHOLE,
        """
        grads = right(self, X, Y)
        self.params = {key: np.round(value, 6) for key, value in self.params.items()}
        return grads
        """,
    ),
    "fit shuffles": around("fit", f"{WHOLE} {FIT}", f"np.random.default_rng(0).shuffle(X.T)\nreturn {RUN_FIT}"),
    "fit lowers Y": around("fit", f"{WHOLE} fit_parameters", f"losses = {RUN_FIT}\nY -= 0.1\nreturn losses"),
    "fit draws": around("fit", WHOLE, f"np.random.permutation(3)\nreturn {RUN_FIT}"),
    "x squared": warmup("two_paths", "found = right(*given)\nif np.ndim(given[0]):\n    given[0][...] **= 2\nreturn found"),
    "x returned": warmup(
        "exp_exp_square", "y, slope = right(*given)\nx = given[0]\nif np.ndim(x):\n    x[...], y = y, x\nreturn y, slope"
    ),
    "a number drawn": warmup("three_weight_chain", "np.random.random()\nreturn right(*given)"),
    "a seed": warmup("reciprocal_exp_square", "np.random.seed(1)\nreturn right(*given)"),
    "X moved": warmup("logistic_gradients", "found = right(*given)\ngiven[0][0, 0] += 1\nreturn found"),
    "one dict": warmup(
        "logistic_gradients", 'kept = globals().setdefault("KEPT", {})\nkept.update(right(*given))\nreturn kept'
    ),
}
# Right for the shapes and types of the other checks.
NARROW = {
    "A of the type of X": dnn(f"{OTHER_FORWARD} {OTHER}", (STORE_A, f"{STORE_A}.astype(X.dtype)")),
    "dZ of the type of Y": dnn(f"{OTHER} gradients", (OUTPUT_DZ, f'({OUTPUT_DZ}).astype(cache["Y"].dtype)')),
    "nine layers": dnn(
        f"{OTHER} gradients", ("range(self.num_layers, 0, -1)", "range(self.num_layers, max(self.num_layers - 9, 0), -1)")
    ),
    "parameters by their place": dnn(
        f"{OTHER_FORWARD} {OTHER} gradients",
        ('self.params[f"W{layer}"], self.params[f"B{layer}"]', "list(self.params.values())[2 * layer - 2 : 2 * layer]"),
    ),
    "at most ten samples": dnn(OTHER, (M, "m = min(out.shape[1], 10)")),
    "no bias in wide layers": dnn(OTHER_FORWARD, (Z, f"{Z} * (len(W) < 8)")),
    "square batches transposed": around(
        "forward", f"{OTHER_FORWARD} {OTHER}", "return right(self, X.T if X.shape[0] == X.shape[1] else X)"
    ),
    "gradients of three layers": around(
        "gradients",
        "gradients fit_parameters",
        "grads = right(self, X, Y)\nreturn {f'{kind}{n}': grads[f'{kind}{n}'] for n in (1, 2, 3) for kind in 'WB'}",
    ),
    "gradients of one output": around(
        "gradients", "gradients fit_parameters", "return right(self, X, np.where(np.arange(len(Y))[:, None] > 0, 0.5, Y))"
    ),
    "fit of three layers": dnn(
        "fit_parameters", ("for name in self.params:", 'for name in ("W1", "B1", "W2", "B2", "W3", "B3"):')
    ),
    "numbers of the type of X": warmup(
        "logistic_gradients", "return {key: value.astype(given[0].dtype) for key, value in right(*given).items()}"
    ),
    "a slope of the type of x": warmup(
        "exp_exp_square", "y, slope = right(*given)\nreturn y, np.asarray(slope).astype(np.asarray(given[0]).dtype)"
    ),
    "no slope for one sample": warmup(
        "logistic_gradients", 'found = right(*given)\nfound["dJdb1"] *= given[0].shape[1] > 1\nreturn found'
    ),
}
# Finite where Z is large, and wrong.
LARGE_VALUES = {
    "Z clipped": dnn(f"{LARGE_Z} {LARGE} {OTHER_FORWARD}", (Z, f"Z = np.clip({Z[4:]}, -30, 30)")),
    "a sigmoid that ends at 12": dnn(f"{LARGE_Z} {LARGE}", (SIGMOID, SIGMOID.replace("500, 500", "12, 12"))),
    "A above 1e-6": dnn(f"{LARGE_Z} {LARGE}", (STORE_A, STORE_A.replace("sigmoid(Z)", "np.maximum(sigmoid(Z), 1e-6)"))),
    "a half for large Z": dnn(
        f"{LARGE_Z} {LARGE}", (STORE_A, f"{STORE_A}\n            cache[f'A{{layer}}'][np.abs(Z) > 700] = 0.5")
    ),
    "large inputs scaled": around(
        "forward", f"{LARGE_Z} {LARGE} {OTHER_FORWARD}", "return right(self, X / max(1, np.abs(X).max() / 9))"
    ),
    "no gradient where out is sure": around(
        "compute_gradients",
        LARGE,
        "return {key: value * (np.abs(out - 0.5).min() < 0.499) for key, value in right(self, out, cache).items()}",
    ),
    "dZ away from zero": dnn(LARGE, (OUTPUT_DZ, f"(lambda dZ: np.where(np.abs(dZ) < 1e-4, 1e-4, dZ))({OUTPUT_DZ})")),
    "dZ of the clipped out": dnn(LARGE, (OUTPUT_DZ, 'np.clip(out, 1e-5, 1 - 1e-5) - cache["Y"]')),
    "dJdz1 clipped": warmup(
        "logistic_gradients", 'found = right(*given)\nfound["dJdz1"] = np.clip(found["dJdz1"], -0.99, 0.99)\nreturn found'
    ),
}
DESCENDS = {
    "a rate that decays": dnn(GOES_ON, (STEP, STEP.replace("learning_rate", "learning_rate / (1 + len(losses) // 8)"))),
    "a stop where the loss is flat": dnn(GOES_ON, stopping("abs(losses[-1] - losses[-2]) < 1e-9")),
    "a stop where the loss rises": dnn(GOES_ON, stopping("losses[-1] > losses[-2]")),
    "no update where the loss rises": dnn(GOES_ON, stopping("losses[-1] > losses[-2]", "continue")),
    "at least one epoch": dnn(GOES_ON, (LOOP, LOOP.replace("epochs", "max(1, epochs)"))),
    "the losses of all calls": dnn(GOES_ON, before_loop("losses = self.__dict__.setdefault('losses', [])")),
    "the first parameters again": dnn(
        GOES_ON, before_loop("self.params = dict(self.__dict__.setdefault('start', dict(self.params)))")
    ),
    "at most ten losses": dnn(GOES_ON, ("        return losses\n", "        return losses[-10:]\n")),
    "weights that decay": dnn(FIT, (STEP, f"{STEP} - 1e-2 * learning_rate * self.params[name]")),
    "one sample an epoch": dnn(
        FIT,
        (
            "grads = self.gradients(X, Y)",
            "n = len(losses) % X.shape[1]\n            grads = self.gradients(X[:, [n]], Y[:, [n]])",
        ),
    ),
}

KINDS = {
    "remembers": REMEMBERS,
    "stale": STALE,
    "aliases": ALIASES,
    "traces": TRACES,
    "narrow": NARROW,
    "large": LARGE_VALUES,
    "descends": DESCENDS,
}
BEHAVIOUR = {f"{kind}: {name}": one for kind, programs in KINDS.items() for name, one in programs.items()}
