"""softmax, its Jacobian, and SoftmaxDNN.forward."""

from autograder.backprop.mistakes.families import contract
from autograder.diagnosis.mistake import Mistake, WrongLine

STORE = '        cache[f"A{last}"] = softmax(cache[f"Z{last}"])\n'
RETURN = '        return cache[f"A{last}"], cache\n'
SOFTMAX = {
    "softmax-sums-over-axis-1": WrongLine("softmax", "E / E.sum(axis=1, keepdims=True)").with_hints(
        "What has to add up to 1: the classes of one sample, or the samples of one class?",
        "Look at the axis of the sum in softmax.",
        "Classes are rows and samples are columns, so sum over axis 0.",
        title="softmax normalizes the rows instead of the columns",
    ),
    "softmax-sums-over-everything": WrongLine("softmax", "E / E.sum()").with_hints(
        "What has to add up to 1: each column, or the whole array?",
        "Look at the sum in softmax: it has no axis. You won't notice with a single sample.",
        "Sum over axis 0 and keep that axis.",
        title="softmax normalizes the whole batch at once, not each column",
    ),
    "softmax-not-normalized": WrongLine("softmax", "E").with_hints(
        "What do the columns of a softmax add up to?",
        "Look at what softmax returns: nothing is divided.",
        "Divide E by the sum of its column.",
        title="softmax returns the exponentials without normalizing them",
    ),
    "softmax-returns-log": WrongLine("softmax", "np.log(E / E.sum(axis=0, keepdims=True))").with_hints(
        "Can a probability be negative?",
        "Look at what softmax returns: it is a logarithm.",
        "Return the probabilities. The logarithm belongs in the loss.",
        title="softmax returns the logarithms of the probabilities",
    ),
    "softmax-of-minus-z": WrongLine("softmax E", "np.exp(Z.min(axis=0, keepdims=True) - Z)").with_hints(
        "Which class should have the largest probability: the one with the largest Z or with the smallest Z?",
        "Look at the sign inside the exponential in softmax.",
        "Use e^Z, without a minus sign.",
        title="softmax has the wrong sign in the exponent",
    ),
    "softmax-of-absolute-z": WrongLine("softmax E", "np.abs(Z)").with_hints(
        "How does a softmax make its numbers positive?",
        "Look at E in softmax: it is not an exponential.",
        "E is e^Z. With |Z|, -3 and 3 would get the same probability.",
        title="softmax takes absolute values instead of exponentials",
    ),
    "softmax-overflows": WrongLine("softmax E", "np.exp(Z)").with_hints(
        "What is e^1000?",
        "Look at the exponential in softmax: it overflows above 709.",
        "Subtract the largest Z of each column first. That doesn't change the softmax.",
        title="softmax overflows when an entry of Z is large",
    ),
    "softmax-one-maximum-for-batch": WrongLine("softmax E", "np.exp(Z - Z.max())").with_hints(
        "If every number in one column is 1000 less than in another, what do its exponentials become?",
        "Look at the maximum in softmax: it is a single number for the whole batch.",
        "Each column needs its own maximum: axis=0, keepdims=True.",
        title="softmax subtracts the same maximum from every column",
    ),
    "softmax-maximum-over-rows": WrongLine("softmax E", "np.exp(Z - Z.max(axis=1, keepdims=True))").with_hints(
        "Which numbers can you subtract without changing the softmax?",
        "Look at the axis of the maximum in softmax: it subtracts a different number from each row.",
        "Subtract the same number from a whole column: take the maximum over axis 0.",
        title="softmax subtracts the maximum of each row, not of each column",
    ),
    "softmax-changes-z": contract.subtraction_in_place(
        "Z",
        "softmax",
        "Z - Z.max(...)",
        {
            "changed by softmax": "before - before.max(axis=0, keepdims=True)",
            "softmax Z": "Z - Z.max(axis=0, keepdims=True)",
            "worked returned a2": "a2 - a2.max(axis=0, keepdims=True)",
        },
        (
            "    E = np.exp(Z - Z.max(axis=0, keepdims=True))\n",
            "    Z -= Z.max(axis=0, keepdims=True)\n    E = np.exp(Z)\n",
        ),
    ),
    "softmax-sets-seed": contract.seed_set(
        "softmax", {"random state after softmax": "'changed'"}, ("    E = np.exp(", "    np.random.seed(0)\n    E = np.exp(")
    ),
}
SOFTMAX_BACKWARD = {
    "softmax-backward-diagonal-only": WrongLine("softmax_backward", "dA * A * (1 - A)").with_hints(
        "Does A_k depend only on Z_k?",
        "Look at softmax_backward: it uses only the diagonal of the Jacobian.",
        "Each output depends on every Z in its column. The cross terms are -A_k A_j.",
        title="softmax_backward uses only the diagonal of the Jacobian",
    ),
    "softmax-backward-uses-z": WrongLine("softmax_backward", "dA * A * (1 - A) * -np.roll(np.log(A), 1, axis=0)").with_hints(
        "Does the Jacobian of a softmax contain its outputs or its inputs?",
        "Look at softmax_backward: it contains the Z of another class.",
        "The Jacobian contains only A: A_k (1 - A_k) on the diagonal, and -A_k A_j elsewhere.",
        title="softmax_backward multiplies by the Z of another class",
    ),
    "softmax-backward-cross-terms-positive": Mistake(
        {"softmax_backward": "A * (dA - 2 * A * dA + np.sum(A * dA, axis=0))"},
        "If one Z grows, do the probabilities of the other classes grow or shrink?",
        "Look at the sign of the cross terms in softmax_backward.",
        "They shrink: dA_k/dZ_j is -A_k A_j if j is not k.",
        title="The cross terms in softmax_backward have the wrong sign",
    ),
    "softmax-backward-returns-da": WrongLine("softmax_backward", "dA").with_hints(
        "Is this dZ, or still dA?",
        "Look at softmax_backward: it returns its argument.",
        "dZ_j is the sum over k of dA_k/dZ_j times dA_k.",
        title="softmax_backward returns dA unchanged",
    ),
    "softmax-backward-without-a": WrongLine("softmax_backward", "dA - np.sum(A * dA, axis=0, keepdims=True)").with_hints(
        "The derivative A_k (1 - A_k) has two factors. Where is the other one?",
        "Look at the first factor of softmax_backward: A is missing.",
        "dZ = A (dA - sum of A dA).",
        title="softmax_backward lacks a factor of A outside the sum",
    ),
    "softmax-backward-plain-sum": WrongLine("softmax_backward", "A * (dA - np.sum(dA, axis=0, keepdims=True))").with_hints(
        "How is each dA_k weighted in the sum for dZ_j?",
        "Look at the sum in softmax_backward: it doesn't contain A.",
        "The cross terms are -A_k A_j, so take the sum of A dA.",
        title="softmax_backward sums dA without weighting it by A",
    ),
    "softmax-backward-over-wrong-axis": Mistake(
        {"softmax_backward": "A * (dA - np.sum(A * dA, axis=1, keepdims=True))"},
        "Which numbers depend on each other in a softmax: the classes of one sample, or the samples?",
        "Look at the axis of the sum in softmax_backward.",
        "Classes are rows, so the sum runs over axis 0.",
        title="softmax_backward sums over the samples, not over the classes",
    ),
    "softmax-backward-sums-over-everything": WrongLine("softmax_backward", "A * (dA - np.sum(A * dA))").with_hints(
        "Does one sample depend on another?",
        "Look at the sum in softmax_backward: it has no axis.",
        "Each column has its own Jacobian: axis=0, keepdims=True.",
        title="softmax_backward sums over the whole batch, not column by column",
    ),
    "softmax-backward-sign-flipped": Mistake(
        {"softmax_backward": "A * (np.sum(A * dA, axis=0, keepdims=True) - dA)"},
        "If one Z grows, does its own probability grow or shrink?",
        "Look at the order of the subtraction in softmax_backward.",
        "dA_k/dZ_k = A_k (1 - A_k) is positive, so dZ = A (dA - sum of A dA).",
        title="softmax_backward returns dZ with the wrong sign",
    ),
}
SOFTMAX_FORWARD = {
    "softmax-output-is-sigmoid": WrongLine("softmax A", 'sigmoid(cache[f"Z{last}"])').with_hints(
        "What do the outputs of one sample add up to?",
        "Look at A of the output layer of SoftmaxDNN: it applies a sigmoid to each class separately.",
        "A softmax normalizes over the classes: A_L = softmax(Z_L).",
        title="SoftmaxDNN ends in a sigmoid, not a softmax",
    ),
    "softmax-output-of-sigmoid": WrongLine("softmax A", 'softmax(cache[f"A{last}"])').with_hints(
        "What is the input of the softmax: Z_L, or the A_L that DNN.forward computed from it?",
        "Look at A of the output layer of SoftmaxDNN: it still contains the sigmoid of DNN.",
        "A_L = softmax(Z_L), with Z_L from the cache.",
        title="SoftmaxDNN applies the softmax on top of the sigmoid",
    ),
    "softmax-output-not-stored": Mistake.by_edits(
        "Which A_L will the backward pass find in the cache?",
        "Look at the end of SoftmaxDNN.forward: it returns the softmax but doesn't store it.",
        "Store the softmax as A_L, too. The cache still holds the sigmoid of DNN.",
        "a softmax that is returned but not stored",
        {"softmax A": 'sigmoid(cache[f"Z{last}"])', "softmax out": 'softmax(cache[f"Z{last}"])'},
        (STORE, '        out = softmax(cache[f"Z{last}"])\n        return out, cache\n\n'),
        (RETURN, ""),
        title="SoftmaxDNN.forward doesn't store its softmax in the cache",
    ),
    "softmax-forward-returns-z": WrongLine("softmax forward returns", 'cache[f"Z{last}"], cache').with_hints(
        "Is out the value before or after the softmax?",
        "Look at the return statement of SoftmaxDNN.forward.",
        "out is A_L = softmax(Z_L).",
        title="SoftmaxDNN.forward returns Z_L as out",
    ),
    "softmax-forward-returns-only-out": contract.incomplete_return(
        "softmax forward returns", 'cache[f"A{last}"]', "SoftmaxDNN.forward", "the cache", "`return out, cache`"
    ),
}
