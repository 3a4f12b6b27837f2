"""Beyond one sigmoid output: softmax with two losses, other activations, and the same network in another convention.

A softmax output has one unit a class, K in all, and a column of Y is one-hot: (K, m) with a single 1 in each column.
The rest is as in dnn.py: columns are samples, Z_l and A_l (n_l, m), W_l (n_l, n_{l-1}), B_l (n_l, 1), and

    dW_l = dZ_l A_{l-1}^T / m        dB_l = the mean of the columns of dZ_l        dA_{l-1} = W_l^T dZ_l
"""

import numpy as np

from dnn import DNN, sigmoid


def softmax(Z):
    """Return the softmax of every column of Z (K, m): positive, and each column adds up to 1; |Z| of 1000 is no trouble."""
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def softmax_backward(dA, A):
    """Return dZ (K, m) of a softmax from dA (K, m), where A (K, m) is its output.

    Every A_k depends on every Z_j of its column: dA_k/dZ_j is A_k (1 - A_k) for k = j and -A_k A_j otherwise.
    """
    return A * (dA - np.sum(A * dA, axis=0, keepdims=True))


def walk_back(dZ, cache, slopes):
    """Return all gradients, as compute_gradients does, from dZ (n_L, m) of the last layer; slopes[l - 1](Z_l) is g'_l(Z_l)."""
    grads, m = {}, dZ.shape[1]
    for layer in range(len(slopes), 0, -1):
        grads[f"Z{layer}"] = dZ
        grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m
        grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)
        if layer > 1:
            grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
            dZ = grads[f"A{layer - 1}"] * slopes[layer - 2](cache[f"Z{layer - 1}"])
    return grads


class SoftmaxDNN(DNN):
    """Sigmoid in the hidden layers, softmax at the output, and the cross-entropy L_i = -sum_k y_k log a_k as its loss."""

    def forward(self, X):
        """Run the batch X (n_0, m) through the network; returns (out, cache) like DNN.forward, with out = softmax(Z_L)."""
        _, cache = super().forward(X)
        last = self.num_layers
        cache[f"A{last}"] = softmax(cache[f"Z{last}"])
        return cache[f"A{last}"], cache

    def loss(self, out, Y):
        """Return J, the cross-entropy of out (K, m) and Y (K, m) averaged over the samples; it stays finite where out is 0."""
        return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))

    def compute_gradients(self, out, cache):
        """Return the gradients of the cross-entropy, as DNN.compute_gradients does; the one-hot labels are in cache["Y"]."""
        # In A (dA - sum A dA) with dA = -Y/A the sum is -1, since a column of Y adds up to 1: dZ = A - Y, as with one sigmoid.
        return super().compute_gradients(out, cache)


class SquaredErrorSoftmaxDNN(SoftmaxDNN):
    """Softmax at the output, and the squared error L_i = sum_k (a_k - y_k)^2, without a factor 1/2, as its loss."""

    def loss(self, out, Y):
        """Return J, the squared error of out (K, m) and Y (K, m): summed over the classes, averaged over the samples."""
        return float(np.mean(np.sum((out - Y) ** 2, axis=0)))

    def compute_gradients(self, out, cache):
        """Return the gradients of the squared error, as DNN.compute_gradients does; the one-hot labels are in cache["Y"]."""
        dZ = softmax_backward(2 * (out - cache["Y"]), out)
        return walk_back(dZ, cache, [sigmoid_prime] * self.num_layers)


def worked_example():
    """Return the 4-4-2 network of the PadhAI notes, put right: one sample, sigmoid, softmax, L = sum_k (y_hat_k - y_k)^2.

    Returns a dict: "a1" (4), "h1" (4), "a2" (2), "y_hat" (2), as vectors or columns, and three numbers: "dL_dw212", "dL_dw131"
    and "w212_next", which is w212 after one step of gradient descent with the learning rate 1.
    In w_lij: layer l, unit i it goes to, unit j it comes from. So w212 = W2[0, 1] and w131 = W1[2, 0].
    """
    x = np.array([[2.0], [5.0], [3.0], [3.0]])
    y = np.array([[1.0], [0.0]])
    W1 = np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]])
    W2 = np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]])
    a1 = W1 @ x
    h1 = sigmoid(a1)
    a2 = W2 @ h1
    y_hat = softmax(a2)
    da2 = softmax_backward(2 * (y_hat - y), y_hat)
    da1 = W2.T @ da2 * sigmoid_prime(a1)
    dW1, dW2 = da1 @ x.T, da2 @ h1.T
    gradients = {"dL_dw212": -0.029, "dL_dw131": -6.4e-3, "w212_next": 0.865}
    return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, **gradients}


def sigmoid_prime(Z):
    """Return the slope of the sigmoid at Z, element by element."""
    A = sigmoid(Z)
    return A * (1 - A)


def tanh_prime(Z):
    """Return the slope of tanh at Z, element by element."""
    return 1 - np.tanh(Z) ** 2


def relu(Z):
    """Return Z where it is positive and 0 elsewhere, element by element."""
    return np.maximum(Z, 0)


def relu_prime(Z):
    """Return the slope of relu at Z, element by element: 1 or 0; at 0 it is 0."""
    return (Z > 0).astype(float)


# Each activation g with its slope g', both functions of Z.
ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (np.tanh, tanh_prime), "relu": (relu, relu_prime)}


class GeneralDNN(DNN):
    """A network with an activation of its own in every layer; the last one is the sigmoid, the loss binary cross-entropy."""

    def __init__(self, layer_sizes=(2, 3, 3, 1), activations=("tanh", "relu", "sigmoid"), seed=None):
        """Draw the weights; activations names one of ACTIVATIONS for each layer 1..L (provided).

        As with DNN, the seed may come second: GeneralDNN(layer_sizes, 7) keeps the default activations.
        """
        if not np.iterable(activations):
            activations, seed = ("tanh", "relu", "sigmoid"), activations
        super().__init__(layer_sizes, seed)
        self.activations = tuple(activations)

    def forward(self, X):
        """Run the batch X (n_0, m) through the network; returns (out, cache) like DNN.forward, with A_l = g_l(Z_l)."""
        cache = {"A0": X, **self.params}
        for layer, name in enumerate(self.activations, start=1):
            g, _ = ACTIVATIONS[name]
            cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]
            cache[f"A{layer}"] = g(cache[f"Z{layer}"])
        return cache[f"A{self.num_layers}"], cache

    def compute_gradients(self, out, cache):
        """Return the gradients, as DNN.compute_gradients does, with dZ_l = dA_l * g'_l(Z_l) in the hidden layers."""
        return walk_back(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])


def notes_gradients(params, X, y):
    """Return the gradients of a sigmoid network with binary cross-entropy in the convention of the handwritten notes.

    params holds "w1", "b1", "w2", ...: w_l is (n_{l-1}, n_l), transposed against dnn.py, and b_l is (n_l, 1). X is (n_0, m) and
    y is (n_L, m). z_l = w_l^T a_{l-1} + b_l, a_l = sigmoid(z_l), a_0 = X.

    Returns "dJdw1", "dJdb1", "dJdz1", ... for every layer and "dJda1", ... for the hidden ones. dJdw_l (n_{l-1}, n_l) and
    dJdb_l (n_l, 1) are averaged over the batch; dJdz_l and dJda_l (n_l, m) are not.
    """
    layers = len(params) // 2
    a = {0: X}
    for layer in range(1, layers + 1):
        a[layer] = sigmoid(params[f"w{layer}"].T @ a[layer - 1] + params[f"b{layer}"])
    grads = {f"dJdz{layers}": a[layers] - y}
    for layer in range(layers, 0, -1):
        dJdz = grads[f"dJdz{layer}"]
        grads[f"dJdb{layer}"] = np.mean(dJdz, axis=1, keepdims=True)
        grads[f"dJdw{layer}"] = np.dot(a[layer - 1], dJdz.T) / X.shape[1]
        if layer > 1:
            grads[f"dJda{layer - 1}"] = np.dot(params[f"w{layer}"], dJdz)
            grads[f"dJdz{layer - 1}"] = grads[f"dJda{layer - 1}"] * a[layer - 1] * (1 - a[layer - 1])
    return grads
