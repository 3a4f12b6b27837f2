"""forward and the sigmoid, and what they leave in the cache."""

from dataclasses import replace

from autograder.backprop.mistakes.dnn.steps import BACK, DA, ERROR, FORWARD, HIDDEN
from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.backprop.mistakes.families.matrices import Matrix, elementwise, misfits
from autograder.diagnosis.mistake import Mistake, WrongLine

Z_IS = "Z_l is W_l A_{l-1} + B_l"


def other_activation(expression: str, found: str, name: str) -> Mistake:
    """Return the row for hidden layers with an activation of the extension."""
    return WrongLine("A", f"{expression} if layer < self.num_layers else sigmoid(Z)").with_hints(
        "Which activation does this network use?",
        f"Look at A of the hidden layers: {found}.",
        f"Every layer uses the sigmoid here. {name} comes in the extension.",
        title=f"The hidden layers use {name} instead of the sigmoid",
    )


def loop_over(layers: str, found: str) -> Mistake:
    """Return the row for a loop over too few layers, or over some that do not exist."""
    return WrongLine("forward layers", layers).with_hints(
        "Which layers have weights, and does a range include its end?",
        f"Look at the loop of forward: it {found}.",
        "The layers are 1, ..., L: range(1, self.num_layers + 1), because the end is not included.",
        title=f"The forward loop {found}",
    )


WEIGHTS = Matrix("W", "W", ("n_l", "n_{l-1}"), (3, 2))
INPUT = Matrix("A", 'cache[f"A{layer - 1}"]', ("n_{l-1}", "m"), (2, 5))
FORWARD_PASS = {
    "z-without-bias": chain_rule.missing_bias("Z", 'W @ cache[f"A{layer - 1}"]', "Z", "B", Z_IS),
    "z-minus-bias": WrongLine("Z", 'W @ cache[f"A{layer - 1}"] - B').with_hints(
        "Is the bias added or subtracted?",
        "Look at the sign of B in Z.",
        f"{Z_IS}.",
        title="The bias in Z is subtracted, not added",
    ),
    "x-into-every-layer": chain_rule.input_everywhere("Z", "np.dot(W, X) + B", "Z", Z_IS),
    "z-stored-as-a": Mistake.by_edits(
        "Is A the value before or after the activation?",
        "Look at what you store as A: it contains numbers outside (0, 1).",
        "Your cache holds Z under the key of A. A_l is sigmoid(Z_l).",
        "Z stored under the key of A",
        {"A": "Z"},
        (
            'cache[f"A{layer}"] = sigmoid(Z)',
            'cache[f"A{layer}"] = sigmoid(Z)\n            cache[f"A{layer}"], A = Z, cache[f"A{layer}"]',
        ),
        (f"Z = {FORWARD}", "Z = W @ (A if layer > 1 else X) + B"),
        ('return cache[f"A{self.num_layers}"], cache', "return A, cache"),
        title="The cache holds Z under the keys of A",
    ),
    "a-stored-as-z": WrongLine("stored Z", "sigmoid(Z)").with_hints(
        "Is Z the value before or after the activation?",
        "Look at what you store as Z. Your gradients don't reveal it, because the sigmoid's derivative needs only A.",
        "Store Z_l as it is before the sigmoid. Other activations will need it.",
        title="The cache holds A under the keys of Z",
    ),
    "hidden-layers-without-sigmoid": WrongLine("A", "sigmoid(Z) if layer == self.num_layers else Z").with_hints(
        "What does a hidden layer do with its Z?",
        "Look at A of the hidden layers: it is Z, unchanged.",
        "Every layer applies the sigmoid: A_l is sigmoid(Z_l).",
        title="The sigmoid is missing from the hidden layers",
    ),
    "output-without-sigmoid": chain_rule.missing_sigmoid(
        "A", "Z if layer == self.num_layers else sigmoid(Z)", "a probability", "the output layer", "A_L is sigmoid(Z_L)"
    ),
    "output-sigmoid-twice": WrongLine("A", "sigmoid(sigmoid(Z)) if layer == self.num_layers else sigmoid(Z)").with_hints(
        "How often do you apply the sigmoid to the output?",
        "Look at the output layer: all of its numbers are between 0.5 and 0.73.",
        "Apply it once: A_L is sigmoid(Z_L).",
        title="The sigmoid is applied twice in the output layer",
    ),
    "hidden-layers-with-tanh": other_activation("np.tanh(Z)", "some of its numbers are negative", "tanh"),
    "hidden-layers-with-relu": other_activation("np.maximum(Z, 0)", "many of its numbers are 0 or larger than 1", "ReLU"),
    "sigmoid-sign-flipped": WrongLine("sigmoid", "1 / (1 + np.exp(np.clip(Z, -500, 500)))").with_hints(
        "What does your sigmoid return for a large positive Z?",
        "Look at the sign inside exp.",
        "Your values are 1 minus the correct ones: the sigmoid is 1 / (1 + e^-z).",
        title="The exponent in the sigmoid has the wrong sign",
    ),
    "sigmoid-without-parentheses": WrongLine("sigmoid", "1 / 1 + np.exp(-Z)").with_hints(
        "In which order does Python divide and add?",
        "Look at the denominator of your sigmoid: it has no parentheses.",
        "1 / 1 + e^-z is 1 + e^-z. Write 1 / (1 + e^-z).",
        title="The denominator of the sigmoid has no parentheses",
    ),
    "sigmoid-is-tanh": WrongLine("sigmoid", "np.tanh(Z)").with_hints(
        "Between which numbers does the sigmoid lie?",
        "Look at your sigmoid: it returns numbers below 0.",
        "tanh goes from -1 to 1. The sigmoid goes from 0 to 1: 1 / (1 + e^-z).",
        title="sigmoid returns the tanh of Z",
    ),
    "sigmoid-overflows": WrongLine("sigmoid", "np.exp(Z) / (1 + np.exp(Z))").with_hints(
        "What is infinity divided by infinity?",
        "Look at the sigmoid when Z is 1000: e^1000 is too large for any float.",
        "Let only the denominator overflow, as in 1 / (1 + e^-z). The result is then 0 instead of nan.",
        title="The sigmoid returns nan for large Z",
    ),
    "a-keys-one-layer-early": Mistake.by_edits(
        "Which key does the input have?",
        "Look at the keys of A: each one is one layer too early.",
        "A0 is X, A1 is the output of layer 1, and so on up to A_L.",
        "keys of A that are one layer early",
        {"input": 'right["A1"]', "A": 'right[f"A{layer + 1}"]'},
        (
            'return cache[f"A{self.num_layers}"], cache',
            'out = cache[f"A{self.num_layers}"]\n        for layer in range(self.num_layers):\n'
            '            cache[f"A{layer}"] = cache[f"A{layer + 1}"]\n        return out, cache',
        ),
        title="Each A is stored under the key of the layer below",
    ),
    "derivative-computed-in-cache": Mistake.by_edits(
        "Is the cache the same before and after your backward pass?",
        "Look for `*=`, `-=`, or an assignment to a slice of an array from the cache.",
        "You compute the derivative in place, so A is lost and a second call differs. Use a new array.",
        "a derivative that is computed in the cache itself",
        {"changed by compute_gradients": 'before * (1 - before) if key[0] == "A" else before'},
        (
            f'grads[f"Z{{layer - 1}}"] = {HIDDEN}',
            f'A_previous *= 1 - A_previous\n                grads[f"Z{{layer - 1}}"] = {DA} * A_previous',
        ),
        title="compute_gradients overwrites A in the cache",
    ),
    "output-dz-computed-in-out": contract.subtraction_in_place(
        "`out`",
        "compute_gradients",
        "out - Y",
        {"changed by compute_gradients": 'before - cache["Y"] if key == "out" else before'},
        (
            f'grads[f"Z{{self.num_layers}}"] = {ERROR}',
            'out -= cache["Y"]\n        grads[f"Z{self.num_layers}"] = out.copy()',
        ),
    ),
    "x-centered-in-copy": WrongLine("input", "X - X.mean(axis=1, keepdims=True)").with_hints(
        "Which input should the network process?",
        "Look at A0: its mean has been subtracted.",
        "You don't need to normalize anything here: A0 is X.",
        title="A0 is X with its mean subtracted",
    ),
    "x-centered-in-place": contract.input_centered(
        "forward",
        {
            "input": "X - X.mean(axis=1, keepdims=True)",
            "changed by forward": 'before - before.mean(axis=1, keepdims=True) if key == "X" else before',
        },
        ('cache["A0"] = X', 'X -= X.mean(axis=1, keepdims=True)\n        cache["A0"] = X'),
    ),
    "weights-transposed-throughout": Mistake(
        {"stored W": "W.T", "dW": "A_previous @ dZ.T / m", "dA": 'cache[f"W{layer}"] @ dZ'},
        "What is the shape of W_l in this assignment?",
        "Look at W in the cache, and at dW: both are transposed.",
        "Other texts use (n_{l-1}, n_l). Here W_l and dW_l are (n_l, n_{l-1}).",
        title="W and dW are transposed everywhere",
    ),
    "stored-w-transposed": Mistake(
        {"stored W": "W.T", "dA": 'cache[f"W{layer}"] @ dZ'},
        "What is the shape of W_l in this assignment?",
        "Look at W in the cache: it is transposed.",
        "Store W_l as it is, (n_l, n_{l-1}), and transpose it only where the backward pass needs it.",
        title="W is transposed in the cache",
    ),
    "cache-keys-renamed": contract.keys_renamed(
        "the cache",
        "The keys are those of the hand-out, with capital letters: W1, B1, Z1, A0, A1 and so on.",
        "missing in the cache",
        ('            cache[f"B{layer}"] = B\n', '            cache[f"b{layer}"] = B\n'),
    ),
    "cache-without-w-and-b": Mistake.by_edits(
        "What does the cache have to hold besides Z and A?",
        "Look at the end of the loop in forward: it doesn't store W and B.",
        "Store W_l and B_l of every layer, too. The backward pass needs W_l.",
        "a cache without W and B",
        {"missing in the cache": '[f"{kind}{layer}" for layer in range(1, self.num_layers + 1) for kind in "WB"]'},
        ('            cache[f"W{layer}"] = W\n            cache[f"B{layer}"] = B\n', ""),
        (BACK, 'self.params[f"W{layer}"].T @ dZ'),
        title="W and B are missing from the cache",
    ),
    "cache-without-a0": Mistake.by_edits(
        "Which A is the input of layer 1?",
        "Look at the beginning of forward: it doesn't store X.",
        'Store the input as cache["A0"]. dW_1 needs it.',
        "a cache without the input",
        {"missing in the cache": '["A0"]'},
        ('cache["A0"] = X', 'cache["X"] = X'),
        (f"Z = {FORWARD}", 'Z = W @ (cache[f"A{layer - 1}"] if layer > 1 else X) + B'),
        ('cache[f"A{layer - 1}"]\n', 'cache[f"A{layer - 1}"] if layer > 1 else cache["X"]\n'),
        title="A0 is missing from the cache",
    ),
    "forward-returns-cache-first": contract.swapped_return(
        "forward returns", 'cache, cache[f"A{self.num_layers}"]', "forward", "out", "the cache: `return out, cache`"
    ),
    "forward-returns-only-out": contract.incomplete_return(
        "forward returns", 'cache[f"A{self.num_layers}"]', "forward", "the cache", "`return out, cache`"
    ),
    "forward-returns-nothing": contract.missing_return(
        "forward", "End it with `return out, cache`", {"forward returns": "None"}
    ),
    "forward-of-fixed-depth": contract.fixed_depth(
        "forward layers", "(1, 2, 3)", "the loop of forward", "Loop from 1 to self.num_layers."
    ),
    "forward-without-loop": replace(
        contract.fixed_depth(
            "forward layers", "range(1, max(self.num_layers, 3) + 1)", "forward", "Loop from 1 to self.num_layers."
        ),
        shows={
            "missing in the cache": '[f"{kind}{layer}" for layer in range(4, self.num_layers + 1) for kind in "ZA"]',
            "forward out": 'cache["A3"]',
        },
        edits=(
            (
                '        return cache[f"A{self.num_layers}"], cache',
                "        for layer in range(4, self.num_layers + 1):\n"
                '            del cache[f"Z{layer}"], cache[f"A{layer}"]\n'
                '        return cache["A3"], cache',
            ),
        ),
        name="a forward pass of three layers, whatever the depth of the network",
        title="forward is written out for three layers, without a loop",
    ),
    "forward-one-layer-short": replace(
        loop_over("range(1, self.num_layers)", "never reaches layer L"),
        shows={"forward out": 'cache[f"A{layer}"]'},
        edits=(('return cache[f"A{self.num_layers}"], cache', 'return cache[f"A{layer}"], cache'),),
        name="a loop that ends one layer too early",
        title="forward stops one layer early and returns that layer's A",
    ),
    "forward-loop-ends-early": loop_over("range(1, self.num_layers)", "never reaches layer L"),
    "forward-loop-from-0": loop_over("range(self.num_layers)", "starts at layer 0"),
    "forward-loop-from-2": loop_over("range(2, self.num_layers + 1)", "starts at layer 2"),
    "forward-loop-one-layer-more": loop_over("range(1, self.num_layers + 2)", "continues past layer L"),
    "forward-sets-seed": contract.seed_set(
        "forward", {"changed by forward": '"random state"'}, ('cache["A0"] = X', 'np.random.seed(0)\n        cache["A0"] = X')
    ),
    "forward-changes-params": Mistake.by_edits(
        "Do W and B belong to this call, or to the whole network?",
        "Look for `+=` on W in forward.",
        "forward changes the parameters of the network. Only fit may do that.",
        "weights that are changed by `forward`",
        {
            "changed by forward": 'before + 0.003 if key[0] == "W" else before',
            "changed by compute_gradients": 'before + 0.001 if key[0] == "W" else before',
            "stored W": "W + 0.001",
        },
        (f"Z = {FORWARD}", f"Z = {FORWARD}\n            W += 1e-3"),
        title="forward changes the weights of the network",
    ),
    "z-squeezed": WrongLine("Z", f"({FORWARD}).squeeze() if layer < self.num_layers else {FORWARD}").with_hints(
        "What is the shape of a batch with one sample?",
        "Look for squeeze in forward: with m = 1 it removes the axis of the samples.",
        "Z_l is (n_l, m) for every m, including m = 1. Remove squeeze.",
        title="Z is squeezed and loses the sample axis when m is 1",
    ),
    "z-plus-transposed-bias": WrongLine("Z", 'W @ cache[f"A{layer - 1}"] + B.T').with_hints(
        "What is the shape of B, and along which axis does it repeat?",
        "Look at B in Z: it is transposed.",
        f"B_l is a column (n_l, 1), which repeats for every sample: {Z_IS}.",
        title="The bias in Z is transposed",
    ),
    "z-times-bias": WrongLine("Z", 'W @ cache[f"A{layer - 1}"] * B').with_hints(
        "Is the bias added or multiplied?",
        "Look at the last operation in Z.",
        f"{Z_IS}.",
        title="The bias in Z is multiplied, not added",
    ),
    **elementwise("z", "Z", WEIGHTS, (INPUT,), " + B", "Z", Z_IS),
    **misfits("z", "Z", (WEIGHTS, INPUT), " + B", "Z", Z_IS),
}
