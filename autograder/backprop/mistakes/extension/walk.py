"""walk_back: from dZ of the last layer to the first one."""

from autograder.diagnosis.mistake import Mistake

DA, Z = 'grads[f"A{layer - 1}"]', 'cache[f"Z{layer - 1}"]'
WALK = [
    Mistake(
        "walk: sums",
        {"walk dW": 'dZ @ cache[f"A{layer - 1}"].T'},
        "What does the matrix product over m columns do with the samples: does it average them or add them up?",
        "Look at dW in walk_back: dB is averaged, dW is not.",
        "dW is m times too large: divide the product by m.",
    ),
    Mistake(
        "walk: sum for B",
        {"walk dB": "dZ.sum(axis=1, keepdims=True)"},
        "dW is the mean over the samples. Is dB, too?",
        "Look at dB in walk_back: it is a sum.",
        "dB is m times too large: take the mean of the columns of dZ.",
    ),
    Mistake(
        "walk: no keepdims",
        {"walk dB": "dZ.mean(axis=1)"},
        "What becomes of an axis that is averaged over, if nothing keeps it?",
        "Look at the shape of dB in walk_back: it is (n,), and B is (n, 1).",
        "The numbers are right; keepdims=True keeps the second axis.",
    ),
    Mistake(
        "walk: rows for samples",
        {"walk m": "len(dZ)"},
        "What is len of an array of shape (n, m)?",
        "Look at the line that sets m in walk_back: len counts rows.",
        "m is the number of columns, dZ.shape[1].",
    ),
    Mistake(
        "walk: dW transposed",
        {"walk dW": 'cache[f"A{layer - 1}"] @ dZ.T / m'},
        "Which shape has W_l, and which your dW_l?",
        "Look at the order of the product in dW in walk_back.",
        "It is the transpose of the right one: dW_l is dZ_l A_{l-1}^T / m.",
    ),
    Mistake(
        "walk: its own output",
        {"walk dW": 'dZ @ cache[f"A{layer}"].T / m'},
        "What did W_l multiply on the way forward: A_l or A_{l-1}?",
        "Look at the index of A in dW in walk_back: it is one too high.",
        "dW_l takes the input of its layer, A_{l-1}.",
    ),
    Mistake(
        "walk: no transpose",
        {"walk dA": 'cache[f"W{layer}"] @ dZ'},
        "W_l is (n_l, n_{l-1}) and dZ_l is (n_l, m). Do these shapes meet?",
        "Look at dA in walk_back: a transpose is missing.",
        "dA_{l-1} is W_l^T dZ_l.",
    ),
    Mistake(
        "walk: ends too early",
        {"walk loop": "range(len(slopes), 1, -1)"},
        "Which number does a range end before?",
        "Look at the loop of walk_back: layer 1 is never reached.",
        "range(L, 0, -1) is L, ..., 1.",
    ),
    Mistake(
        "walk: slope of the next layer",
        {"walk dZ": f"{DA} * slopes[layer - 1]({Z})"},
        "slopes[0] belongs to layer 1. Whose slope is slopes[l - 1]?",
        "Look at the index of slopes in walk_back: it is that of the layer above.",
        "dZ_{l-1} takes the slope of layer l - 1, which is slopes[layer - 2].",
    ),
    Mistake(
        "walk: no slope",
        {"walk dZ": DA},
        "What lies between Z_l and A_l, and where is its slope?",
        "Look at dZ of the hidden layers in walk_back: it is still dA.",
        "dZ_l is dA_l times g'_l(Z_l), element by element.",
    ),
    Mistake(
        "walk: slope at A",
        {"walk dZ": f'{DA} * slopes[layer - 2](cache[f"A{{layer - 1}}"])'},
        "At which value is the slope g' taken: before the activation or after it?",
        "Look at the argument of the slope in walk_back: it is A.",
        "The slopes are functions of Z: g'_l(Z_l).",
    ),
    Mistake(
        "G2",
        {"walk dZ": f"{DA} * slopes[layer - 2]({DA})"},
        "Which value opens and shuts a ReLU on the way forward?",
        "Look at the argument of the slope in walk_back: it is the gradient.",
        "The slope is taken at Z_l, the value of the forward pass.",
    ),
    Mistake(
        "walk: slope in place",
        {},
        "What is in the cache after you have gone back through it?",
        "Look for an assignment to a slice of cache in walk_back.",
        "Z has become its slope, and a second call gives other gradients. Compute into a new array.",
        name="slopes that are written into the cache",
        shows={
            f"changed by {model}.compute_gradients": (
                'slopes[int(key[1:]) - 1](before) if key[0] == "Z" and 0 < int(key[1:]) < layers else before'
            )
            for model in ("SquaredErrorSoftmaxDNN", "GeneralDNN")
        },
        edits=(
            (
                f"            dZ = {DA} * slopes[layer - 2]({Z})\n",
                f"            {Z}[:] = slopes[layer - 2]({Z})\n            dZ = {DA} * {Z}\n",
            ),
        ),
    ),
    Mistake(
        "walk: no return",
        {"walk returns": "None"},
        "What does a function return whose return is missing?",
        "Look at the end of walk_back.",
        "`return grads`.",
    ),
]
