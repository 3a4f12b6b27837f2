"""compute_gradients: which layers it covers, what it changes, and what it returns; and what runs when dnn.py is imported."""

from dataclasses import replace

from autograder.backprop.mistakes.dnn.steps import EVERY_STEP, MEAN, PRODUCT
from autograder.backprop.mistakes.families import contract
from autograder.diagnosis.mistake import Mistake, WrongLine


def wrong_layers(expression: str, found: str) -> Mistake:
    """Return the row for a loop over layers that do not exist, or in an order that needs what is not there yet."""
    return WrongLine("backward layers", expression).with_hints(
        "At which layer should the backward pass start, and at which one should it stop?",
        f"Look at the loop of the backward pass: it {found}.",
        "range(L, 0, -1) counts L, ..., 1, because the end is not included.",
        title=f"The backward loop {found}",
    )


LOOP = "for layer in range(self.num_layers, 0, -1):\n"
ROOM_ONLY = "gradients that are never computed"


def fixed_batch_size(number: int, where: str) -> Mistake:
    """Return the row for a batch size that is written into the code."""
    return WrongLine("m", str(number)).with_hints(
        "How many samples does another batch have?",
        f"Look at the line that sets m: it is {where}.",
        "m is the number of columns of the current batch, out.shape[1].",
        title=f"m is {number} for every batch",
    )


def room_only(expression: str, number: int, function: str) -> Mistake:
    """Return the row for gradients that are allocated and never computed."""
    return Mistake(
        {step: expression.format(right) for step, right in EVERY_STEP.items()},
        "You allocate arrays for the gradients. What do you store in them afterwards?",
        f"Look at where you fill grads: every number in it is {number}.",
        f"{function} only allocates the arrays. You still have to store the formulas' results in them.",
        title=f"The gradients are still all {number}, as `{function}` created them",
    )


CONTRACT = {
    "keys-with-d": contract.misnamed_keys(
        "gradients under names like dW3",
        "grads",
        'Each gradient has the key of its variable: dW_3 is grads["W3"].',
        {"gradient key": '"d" + key'},
        *((f'grads[f"{kind}{{', f'grads[f"d{kind}{{') for kind in "WBZA"),
        title="The gradients are stored under names like `dW3`",
    ),
    "keys-in-lowercase-with-d": contract.misnamed_keys(
        "gradients under names like dw3",
        "grads: dw3 and db3 are the names in other courses",
        'Each gradient has the key of its variable: dW_3 is grads["W3"], and dB_3 is grads["B3"].',
        {"gradient key": '"d" + key.lower() if key[0] in "WB" else key'},
        ('grads[f"W{layer}"] =', 'grads[f"dw{layer}"] ='),
        ('grads[f"B{layer}"] =', 'grads[f"db{layer}"] ='),
        title="dW and dB are stored under names like `dw3` and `db3`",
    ),
    "gradient-keys-renamed": contract.keys_renamed(
        "grads",
        'Each gradient has the key of its variable: dW_3 is grads["W3"], and layers count from 1.',
        "gradient key",
        *((f'grads[f"{kind}{{', f'grads[f"dJd{kind}{{') for kind in "WBZA"),
    ),
    "only-output-layer": contract.unfinished(
        "a backward pass of the output layer alone",
        "it has the gradients of layer L and no others",
        {"gradient key": '[f"{kind}{layer}" for layer in range(1, self.num_layers) for kind in "ZWBA"]'},
        (LOOP, "for layer in (self.num_layers,):\n"),
        ("if layer > 1:\n                grads", "if layer > self.num_layers:\n                grads"),
        title="The backward pass stops after the output layer",
    ),
    "only-last-two-layers": contract.unfinished(
        "a backward pass of the last two layers alone",
        "it has the gradients of the layers L and L - 1, and no others",
        {"gradient key": '[f"{kind}{layer}" for layer in range(1, self.num_layers - 1) for kind in "ZWBA"]'},
        (LOOP, "for layer in range(self.num_layers, self.num_layers - 2, -1):\n"),
        ("if layer > 1:\n                grads", "if layer == self.num_layers:\n                grads"),
        title="The backward pass stops after the last two layers",
    ),
    "layer-1-not-reached": contract.unfinished(
        "a loop that ends before layer 1",
        "it has no gradient of layer 1",
        {"gradient key": '["Z1", "W1", "B1", "A1"] if self.num_layers > 1 else []'},
        (LOOP, "for layer in range(self.num_layers, min(self.num_layers - 1, 1), -1):\n"),
        ("if layer > 1:\n                grads", "if layer > 2:\n                grads"),
        title="The backward pass stops before layer 1",
    ),
    "only-output-dz": contract.unfinished(
        "a backward pass of nothing but dZ of the output layer",
        "it has dZ_L and nothing else",
        {"gradient key": 'key if key == f"Z{self.num_layers}" else None'},
        (LOOP, "for layer in ():\n"),
        title="grads holds only dZ of the output layer",
    ),
    "backward-loop-skips-layer-1": contract.layer_one_skipped(
        "backward layers", "range(self.num_layers, 1, -1)", "the backward pass"
    ),
    "backward-loop-ends-after-layer-1": wrong_layers("range(self.num_layers, -1, -1)", "continues to layer 0"),
    "backward-loop-forwards": wrong_layers("range(1, self.num_layers + 1)", "starts at layer 1"),
    "backward-loop-skips-output-layer": WrongLine("backward layers", "range(self.num_layers - 1, 0, -1)").with_hints(
        "At which layer should the backward pass start?",
        "Look at the loop of the backward pass: it skips the output layer.",
        "range(L, 0, -1) starts with the output layer L, which needs its dW_L and dB_L, too.",
        title="The backward loop skips the output layer",
    ),
    "backward-loop-counts-from-0": wrong_layers("range(self.num_layers - 1, -1, -1)", "counts layers from 0"),
    "gradients-times-learning-rate": Mistake(
        {"dW": f"-0.1 * ({PRODUCT})", "dB": f"-0.1 * ({MEAN})"},
        "Is this the gradient, or the step that fit will take?",
        "Look at dW and dB: they are multiplied by a negative learning rate.",
        "compute_gradients returns plain gradients. The learning rate belongs in fit.",
        title="dW and dB are multiplied by a negative learning rate",
    ),
    "dw-truncated-to-int": WrongLine("dW", f"({PRODUCT}).astype(int)").with_hints(
        "What is 0.4 as an integer?",
        "Look at the array that you store dW in: it holds integers.",
        "Everything after the decimal point is cut off. Create the array with floats: np.zeros(shape).",
        title="dW is truncated to integers",
    ),
    "gradients-clipped": Mistake(
        {step: f"np.clip({right}, -0.1, 0.1)" for step, right in EVERY_STEP.items()},
        "Why is none of your numbers larger than one tenth?",
        "Look for np.clip around the gradients.",
        "Return the gradients as they are. This assignment doesn't clip gradients.",
        title="The gradients are clipped",
    ),
    "dw-rounded": WrongLine("dW", f"np.round({PRODUCT}, 3)").with_hints(
        "How many digits does your dW have?",
        "Look for np.round in dW.",
        "Your numbers are rounded to three digits. Round when you print, not when you compute.",
        title="dW is rounded to three digits",
    ),
    "gradients-accumulated-across-calls": Mistake.by_edits(
        "What is in grads when compute_gradients starts its second call?",
        "Look for a `self.` attribute that you add gradients to.",
        "The second call returns the sum over two batches. Start every call with a new, empty grads.",
        "gradients that are added to those of the previous call",
        {"second call": 'other + first if key[0] == "W" else first'},
        (
            f'grads[f"W{{layer}}"] = {PRODUCT}',
            'self.total = getattr(self, "total", {})\n'
            f"            self.total[layer] = self.total.get(layer, 0) + {PRODUCT}\n"
            '            grads[f"W{layer}"] = self.total[layer]',
        ),
        title="Gradients from the previous call are added to the new ones",
    ),
    "cache-of-first-call-reused": Mistake.by_edits(
        "Which cache does your second call use?",
        "Look for a `self.` attribute that keeps a cache.",
        "The first call is correct, but later calls still use the first batch. Use the cache that is passed in.",
        "the cache of the first call in every later one",
        {"second call": "other"},
        (
            "        grads = {}\n",
            '        grads = {}\n        cache = self.first = getattr(self, "first", cache)\n'
            '        out = cache[f"A{self.num_layers}"]\n',
        ),
        title="Later calls still use the cache of the first call",
    ),
    "m-fixed-at-4": fixed_batch_size(4, "a constant"),
    "m-fixed-at-5": fixed_batch_size(5, "the batch size of the example"),
    "m-fixed": Mistake(
        {"dW": "0.1 * (dZ @ A_previous.T)", "dB": "0.1 * dZ.sum(axis=1, keepdims=True)"},
        "How many samples does another batch have?",
        "Look at the division in dW and dB: it is by the same number for every batch.",
        "m is the number of columns of the current batch, out.shape[1].",
        name="a fixed number instead of m",
        any_number="0.1",
        title="dW and dB are divided by a constant instead of m",
    ),
    "weights-redrawn": WrongLine("dA", 'np.random.default_rng(1).normal(size=cache[f"W{layer}"].shape).T @ dZ').with_hints(
        "Does your backward pass use the same weights as the forward pass?",
        "Look at where the backward pass gets W from: it draws new random weights.",
        "Use the weights of the forward pass. They are in the cache.",
        name="newly drawn weights",
        title="dA uses newly drawn random weights",
    ),
    "one-key-for-all-db": Mistake.by_edits(
        "Under which key do you store the gradient of the bias of layer 1?",
        "Look at the key of dB: its number doesn't change with the layer.",
        'Each layer has its own key: grads[f"B{layer}"].',
        "one key for the dB of all layers",
        {
            "gradient key": 'None if key[0] == "B" and key != "B3" else key',
            "dB": 'grads["Z1"].sum(axis=1, keepdims=True) / m',
        },
        ('grads[f"B{layer}"] =', 'grads["B3"] ='),
        title="dB of every layer is stored under the same key",
    ),
    "compute-gradients-sets-seed": contract.seed_set(
        "compute_gradients",
        {"changed by compute_gradients": '"random state"'},
        ("        grads = {}\n", "        grads = {}\n        np.random.seed(0)\n"),
    ),
    "compute-gradients-returns-nothing": contract.missing_return(
        "compute_gradients", "End it with `return grads`", {"compute_gradients returns": "None"}
    ),
    "gradients-are-zeros": replace(room_only("0 * ({})", 0, "np.zeros"), name=ROOM_ONLY),
    "gradients-are-ones": replace(room_only("np.ones(np.shape({}))", 1, "np.ones"), name=ROOM_ONLY),
    "backward-loop-of-fixed-depth": contract.fixed_depth(
        "backward layers", "(3, 2, 1)", "the loop of the backward pass", "Loop from self.num_layers down to 1."
    ),
    "labels-from-global-variable": WrongLine("output dZ", "out - Y").with_hints(
        "Where does compute_gradients get the labels from?",
        "Look at Y: it is not an argument. In a notebook, an old variable may hide that.",
        'The labels are passed in the cache: cache["Y"].',
        title="The labels come from a global variable Y",
    ),
    "dw-correct-only-for-m-5": WrongLine("dW", f"{PRODUCT} if m == 5 else dZ @ A_previous.T").with_hints(
        "Is your dW correct for batches other than the example?",
        "Look for an `if` that singles out one batch size.",
        "The same formula holds for every m: dW_l is dZ_l A_{l-1}^T / m.",
        name="a formula that is correct for m = 5 only",
        title="dW is correct only for batches of five samples",
    ),
    "gradients-unfinished": contract.unfinished(
        "a backward pass that is not finished",
        "some of them are missing or have other names",
        {"gradient key": contract.UNFINISHED},
        (f'            grads[f"B{{layer}}"] = {MEAN}\n', ""),
        title="Some gradients are missing or misnamed",
    ),
}
