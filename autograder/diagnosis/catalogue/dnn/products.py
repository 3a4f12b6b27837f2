"""Which matrix, of which layer, in which product."""

from autograder.diagnosis.catalogue.dnn.steps import BACK, DA, HIDDEN, PRODUCT, SLOPE
from autograder.diagnosis.catalogue.row import Mistake

PRODUCTS = [
    Mistake(
        "W1",
        {"dA": 'cache[f"W{layer}"].T @ cache[f"Z{layer}"]'},
        "What travels back through the transposed weights: a value or a gradient?",
        "Look at dA: the matrix on the right is Z.",
        "The chain carries gradients: dA_{l-1} is W_l^T dZ_l.",
    ),
    Mistake(
        "W2",
        {"dA": 'cache[f"W{layer}"] @ dZ'},
        "W_l is (n_l, n_{l-1}) and dZ_l is (n_l, m). Do these shapes meet?",
        "Look at dA: a transpose is missing.",
        "Each unit below collects what comes from all units above, a column of W_l: dA_{l-1} is W_l^T dZ_l.",
    ),
    Mistake(
        "W3",
        {"dA": '(cache[f"W{layer}"] if len(set(cache[f"W{layer}"].shape)) == 1 else cache[f"W{layer}"].T) @ dZ'},
        "W_2 is square: would you notice if its transpose were missing?",
        "Look at dA of layer 1: the shapes fit with and without the transpose, the numbers do not.",
        "dA_{l-1} is W_l^T dZ_l in every layer, the square one included.",
    ),
    Mistake(
        "W4",
        {"dA": 'cache[f"W{layer - 1}"].T @ dZ'},
        "Through which weights does Z_l depend on A_{l-1}?",
        "Look at the index of W in dA: it is one too low.",
        "dA_{l-1} is W_l^T dZ_l, with the weights and the dZ of the same layer.",
    ),
    Mistake(
        "W5",
        {"dA": 'grads[f"W{layer}"].T @ dZ'},
        "Does A_{l-1} reach the loss through W_l or through dW_l?",
        "Look at dA: the matrix on the left is a gradient.",
        "dA_{l-1} is W_l^T dZ_l, with the weight itself.",
    ),
    Mistake(
        "W6",
        {"dA": 'cache[f"W{layer}"].T * dZ'},
        "Is this product element by element?",
        "Look at dA: `*` multiplies cell by cell.",
        "Every unit below sums over all units above. That is a matrix product: W_l^T @ dZ_l.",
    ),
    Mistake(
        "W7",
        {"dA": f'{BACK} + cache[f"B{{layer - 1}}"]'},
        "Does a bias change how Z depends on A?",
        "Look at dA: a bias is added, as on the way forward.",
        "Biases have no part in dA: it is W_l^T dZ_l.",
    ),
    Mistake(
        "W8",
        {},
        "With which weights was the forward pass computed, and with which do you go back?",
        "Look at where the weights are updated: the layers below already see the new ones.",
        "Gradients first, updates afterwards, and not in compute_gradients at all: it changes nothing that it is given.",
        name="weights that are updated on the way back",
        shows={
            "dA": '(cache[f"W{layer}"] - 0.1 * grads[f"W{layer}"]).T @ dZ',
            "changed by compute_gradients": 'before - 0.1 * grads[key] if key[0] == "W" else before',
        },
        edits=(
            (
                f'grads[f"W{{layer}}"] = {PRODUCT}',
                f'grads[f"W{{layer}}"] = {PRODUCT}\n            cache[f"W{{layer}}"] -= 0.1 * grads[f"W{{layer}}"]',
            ),
        ),
    ),
    Mistake(
        "W9",
        {"dW": "A_previous @ dZ.T / m"},
        "Which shape has W_l, and which your dW_l?",
        "Look at the order of the product in dW.",
        "It is the transpose of the right one: dW_l is dZ_l A_{l-1}^T / m, in the shape of W_l.",
    ),
    Mistake(
        "W10",
        {"dW": 'dZ @ cache.get(f"Z{layer - 1}", A_previous).T / m'},
        "What did W_l multiply on the way forward: Z_{l-1} or A_{l-1}?",
        "Look at dW: Z stands where A is due. Layer 1 is right only because X has no Z.",
        "dW_l takes what went into the layer: dZ_l A_{l-1}^T / m.",
    ),
    Mistake(
        "W11",
        {"dW": 'dZ @ cache[f"A{layer}"].T / m'},
        "What did W_l multiply on the way forward: A_l or A_{l-1}?",
        "Look at the index of A in dW: it is one too high.",
        "dW_l takes the input of its layer, A_{l-1}.",
    ),
    Mistake(
        "W12",
        {"dW": 'dZ @ cache[f"A{max(layer - 1, 1)}"].T / m'},
        "Which A goes into layer 1, and is it in the cache?",
        "Look at dW_1: it takes A_1, its own output.",
        "The input of layer 1 is X, which the cache holds as A0: dW_1 is dZ_1 A_0^T / m.",
    ),
    Mistake(
        "W13",
        {"hidden dZ": f"{HIDDEN} if layer > 2 else {DA}"},
        "What is different about layer 1?",
        "Look at dZ_1: the slope is missing, in this layer alone.",
        "The last step of the way back is like the others: dZ_1 = dA_1 times A_1(1 - A_1).",
    ),
    Mistake(
        "W14",
        {"dB": 'grads.get(f"A{layer}", dZ).sum(axis=1, keepdims=True) / m'},
        "Is the bias added before the activation or after it?",
        "Look at dB of the hidden layers: it averages dA.",
        "The bias is part of Z, so dB_l is the mean of dZ_l.",
    ),
    Mistake(
        "W15",
        {"hidden dZ": f"{DA} @ ({SLOPE}).T"},
        "Each a depends on its own z alone. Is that a matrix product?",
        "Look at dZ of the hidden layers: the slope is multiplied with @.",
        "Element by element: dA_l * A_l * (1 - A_l).",
    ),
    Mistake(
        "W16",
        {"hidden dZ": f"{DA} * A_previous * 1 - A_previous"},
        "Which comes first for Python, the product or the subtraction?",
        "Look at dZ of the hidden layers: brackets are missing.",
        "Write A * (1 - A), with the brackets.",
    ),
    Mistake(
        "dZ for dW",
        {"dW": "dZ @ dZ.T / m"},
        "Which two matrices does dW need?",
        "Look at dW: it multiplies dZ by itself.",
        "dW_l is dZ_l A_{l-1}^T / m: what comes back, times what went in.",
    ),
    Mistake(
        "dA for dW",
        {"dW": 'grads.get(f"A{layer}", dZ) @ A_previous.T / m'},
        "Does the weight act before the activation or after it?",
        "Look at dW of the hidden layers: dA stands where dZ is due.",
        "The weight is part of Z, so dW_l is dZ_l A_{l-1}^T / m.",
    ),
]
