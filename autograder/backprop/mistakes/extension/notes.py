"""The same network in the convention of the notes; and what keeps the whole file from loading."""

from autograder.diagnosis.mistake import Mistake

DW, DA = "np.dot(a[layer - 1], dJdz.T) / X.shape[1]", 'np.dot(params[f"w{layer}"], dJdz)'
STEP_DZ = '            grads[f"dJdz{layer - 1}"] = grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 - a[layer - 1])\n'
NOTES = [
    Mistake(
        "notes: dW of dnn.py",
        {"notes dJdw": "np.dot(dJdz, a[layer - 1].T) / X.shape[1]"},
        "Which shape has w_l in the notes?",
        "Look at the order of the product in dJdw.",
        "Here w_l is (n_{l-1}, n_l), and dJdw_l like it: a_{l-1} dJdz_l^T / m.",
    ),
    Mistake(
        "notes: sums, as their J",
        {"notes dJdw": "np.dot(a[layer - 1], dJdz.T)", "notes dJdb": "np.sum(dJdz, axis=1, keepdims=True)"},
        "Are dJdw and dJdb sums over the samples, or means?",
        "Look at dJdw and dJdb: nothing is divided by m.",
        "The notes sum in one place; what is asked for here is averaged over the batch.",
    ),
    Mistake(
        "notes: sum for w",
        {"notes dJdw": "np.dot(a[layer - 1], dJdz.T)"},
        "dJdb is the mean over the samples. Is dJdw, too?",
        "Look at dJdw: the product adds up the samples.",
        "Divide it by m.",
    ),
    Mistake(
        "notes: no keepdims",
        {"notes dJdb": "np.mean(dJdz, axis=1)"},
        "What becomes of an axis that is averaged over, if nothing keeps it?",
        "Look at the shape of dJdb: it is (n,), and b is (n, 1).",
        "The numbers are right; keepdims=True keeps the second axis.",
    ),
    Mistake(
        "notes: sign",
        {"notes output": "y - a[layers]"},
        "If the output is too large, should its gradient be positive or negative?",
        "Look at the order of the subtraction in dJdz of the last layer.",
        "dJdz_L is a_L - y.",
    ),
    Mistake(
        "notes: slope again",
        {"notes output": "(a[layers] - y) * a[layers] * (1 - a[layers])"},
        "With the cross-entropy, has the slope of the output's sigmoid not cancelled already?",
        "Look at dJdz of the last layer: it is multiplied by a (1 - a) once too often.",
        "dJdz_L is a_L - y; the slope is in it.",
    ),
    Mistake(
        "notes: no bias",
        {"notes a": 'sigmoid(params[f"w{layer}"].T @ a[layer - 1])'},
        "What does a neuron add to its weighted inputs?",
        "Look at z in notes_gradients: there is no b in it.",
        "z_l is w_l^T a_{l-1} + b_l.",
    ),
    Mistake(
        "notes: no transpose",
        {"notes a": 'sigmoid(params[f"w{layer}"] @ a[layer - 1] + params[f"b{layer}"])'},
        "w_l is (n_{l-1}, n_l) and a_{l-1} is (n_{l-1}, m). Do these shapes meet?",
        "Look at z in notes_gradients: a transpose is missing.",
        "z_l is w_l^T a_{l-1} + b_l.",
    ),
    Mistake(
        "notes: transposed on the way back",
        {"notes dJda": 'np.dot(params[f"w{layer}"].T, dJdz)'},
        "w_l is (n_{l-1}, n_l) and dJdz_l is (n_l, m). Which product has n_{l-1} rows?",
        "Look at dJda: the transpose of dnn.py is still there.",
        "Here the weights are transposed already: dJda_{l-1} is w_l dJdz_l.",
    ),
    Mistake(
        "notes: W dz of the wrong layer",
        {"notes dJda": f'{DA} + params[f"b{{layer - 1}}"]'},
        "Does a bias change how z depends on a?",
        "Look at dJda: a bias is added, as on the way forward.",
        "Biases have no part in dJda: it is w_l dJdz_l.",
    ),
    Mistake(
        "notes: no slope",
        {"notes dJdz": 'grads[f"dJda{layer - 1}"]'},
        "What lies between z_l and a_l, and where is its slope?",
        "Look at dJdz of the hidden layers: it is still dJda.",
        "Multiply by a_l (1 - a_l), element by element.",
    ),
    Mistake(
        "notes: its own output",
        {"notes dJdw": "np.dot(a[layer], dJdz.T) / X.shape[1]"},
        "What did w_l multiply on the way forward: a_l or a_{l-1}?",
        "Look at the index of a in dJdw: it is one too high.",
        "dJdw_l takes the input of its layer, a_{l-1}.",
    ),
    Mistake(
        "notes: ends too early",
        {"notes loop": "range(layers, 1, -1)"},
        "Which number does a range end before?",
        "Look at the loop of the way back: layer 1 is never reached.",
        "range(L, 0, -1) is L, ..., 1.",
    ),
    Mistake(
        "notes: keys of dnn.py",
        {},
        "Under which names does this function return its gradients?",
        "Look at the keys of grads: those of the weights are the names of dnn.py.",
        'The names of the notes: "dJdw1", "dJdb1", "dJdz1" and so on.',
        name="the names of dnn.py for the weights",
        shows={"notes key": 'key.replace("dJdw", "W")'},
        edits=(('grads[f"dJdw{layer}"] =', 'grads[f"W{layer}"] ='),),
    ),
    Mistake(
        "notes: three layers",
        {"notes layers": "3"},
        "How many layers has another network?",
        "Look at the line that sets the number of layers: it is that of the example.",
        "params holds a w and a b for each layer: len(params) // 2.",
    ),
    Mistake(
        "notes: no return",
        {},
        "What does a function return whose return is missing?",
        "Look at every way out of notes_gradients.",
        "Return the dict of the gradients.",
        name="a missing return",
        shows={"notes returns": "None"},
        edits=(("    layers = len(params) // 2\n", "    return None\n"),),
    ),
    Mistake(
        "notes: updates on the way",
        {},
        "Whose arrays are in params?",
        "Look for `-=` on params in notes_gradients.",
        "The function returns gradients; its caller decides on the step. Leave params as they are.",
        name="weights that are updated on the way",
        shows={
            "changed by notes_gradients": (
                'before - 0.1 * answer[f"dJd{key}"] if key[0] == "w" and key != "w1" and f"dJd{key}" in answer else before'
            )
        },
        edits=((STEP_DZ, f'{STEP_DZ}            params[f"w{{layer}}"] -= 0.1 * grads[f"dJdw{{layer}}"]\n'),),
    ),
    Mistake(
        "notes: writes into y",
        {},
        "Whose array is y?",
        "Look for `out=y` or `-=` on y in notes_gradients.",
        "y belongs to the caller. Write a_L - y into a new array.",
        name="a subtraction that is made in y itself",
        shows={"changed by notes_gradients": '-answer[f"dJdz{layers}"] if key == "y" else before'},
        edits=(('layers}": a[layers] - y}\n', 'layers}": -np.subtract(y, a[layers], out=y)}\n'),),
    ),
]
WHOLE = [
    Mistake(
        "extension: asks a question",
        {},
        "What runs when another program imports your file?",
        "Look at the lines outside of functions and classes in extension.py: one of them waits for a keyboard.",
        'Keep tries and questions out of the file, or below `if __name__ == "__main__":`.',
        name="a question that waits for a keyboard",
        shows={"load": '"EOFError"'},
        edits=(("import numpy as np\n", "import numpy as np\n\ninput('go on?')\n"),),
    ),
    Mistake(
        "extension: torch",
        {},
        "What is there to write if another library finds the gradients?",
        "Look at the imports of extension.py.",
        "Automatic differentiation is what you are writing: numpy and the standard library are all there is.",
        name="an import of torch",
        shows={"load": '"torch"'},
        edits=(("import numpy as np\n", "import numpy as np\nimport torch\n"),),
    ),
]
