"""Softmax outputs with two losses, other activations, and the same network in the convention of the notes.

A softmax output has K units, one per class. Y is (K, m), and each of its columns is one-hot: it has a single 1.
Everything else is as in dnn.py: samples are columns, Z_l and A_l are (n_l, m), W_l is (n_l, n_{l-1}), B_l is (n_l, 1), and

    dW_l = dZ_l A_{l-1}^T / m        dB_l = mean of the columns of dZ_l        dA_{l-1} = W_l^T dZ_l
"""

import numpy as np

from dnn import DNN, sigmoid


def softmax(Z):
    """Return the softmax of each column of Z (K, m); it is numerically stable for large |Z|."""
    """ # BEGIN PROMPT
    # TODO: e^z overflows above z = 709. Subtracting a number from a whole column doesn't change its softmax. Which one helps?
    raise NotImplementedError("Extension 1: complete softmax, which normalizes e^Z in each column, without overflow.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)
    # END SOLUTION


def softmax_backward(dA, A):
    """Return dZ (K, m) from dA (K, m), where A (K, m) is the output of a softmax.

    Each A_k depends on every Z_j in its column: the derivative of A_k with respect to Z_j is A_k (1 - A_k) if j is k, and
    -A_k A_j otherwise.
    """
    """ # BEGIN PROMPT
    # TODO: in each column, dZ_j is the sum over k of this derivative times dA_k. You don't need a loop.
    raise NotImplementedError("Extension 3: complete softmax_backward, which uses the full Jacobian of the softmax.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    return A * (dA - np.sum(A * dA, axis=0, keepdims=True))
    # END SOLUTION


def backward_pass(dZ, cache, derivatives):
    """Return all gradients, as compute_gradients does, given dZ (n_L, m) of the last layer.

    derivatives has one function per layer: derivatives[l - 1](Z_l) is g'_l(Z_l).
    """
    """ # BEGIN PROMPT
    # TODO: write the loop of task 4, with the derivative of each hidden layer instead of A(1 - A).
    raise NotImplementedError("Extension 3: complete backward_pass, which fills grads from the last layer back to the first.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    grads, m = {}, dZ.shape[1]
    for layer in range(len(derivatives), 0, -1):
        grads[f"Z{layer}"] = dZ
        grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m
        grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)
        if layer > 1:
            grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
            dZ = grads[f"A{layer - 1}"] * derivatives[layer - 2](cache[f"Z{layer - 1}"])
    return grads
    # END SOLUTION


class SoftmaxDNN(DNN):
    """A network with sigmoid hidden layers, a softmax output, and the cross-entropy loss J_s = -sum_k y_k log a_k."""

    def forward(self, X):
        """Run the batch X (n_0, m) through the network, and return (out, cache) like DNN.forward, with out = softmax(Z_L)."""
        """ # BEGIN PROMPT
        # TODO: only the last activation is different from your DNN.
        raise NotImplementedError("Extension 2: complete SoftmaxDNN.forward, which returns the softmax and caches it.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        _, cache = super().forward(X)
        last = self.num_layers
        cache[f"A{last}"] = softmax(cache[f"Z{last}"])
        return cache[f"A{last}"], cache
        # END SOLUTION

    def loss(self, out, Y):
        """Return J, the cross-entropy of out (K, m) and Y (K, m), averaged over the samples; finite even if an output is 0."""
        """ # BEGIN PROMPT
        # TODO: take the sum over the classes and the mean over the samples. log(0) is not finite.
        raise NotImplementedError("Extension 2: complete SoftmaxDNN.loss, which returns the cross-entropy.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))
        # END SOLUTION

    def compute_gradients(self, out, cache):
        """Return the gradients of the cross-entropy, as DNN.compute_gradients does; the one-hot labels are in cache["Y"]."""
        """ # BEGIN PROMPT
        # TODO: on paper, multiply the Jacobian of the softmax by dA_L = -Y / A_L. What does your DNN have to do differently?
        raise NotImplementedError("Extension 2: complete SoftmaxDNN.compute_gradients, with gradients of the cross-entropy.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        # In A (dA - sum A dA) with dA = -Y/A, the sum is -1, because a column of Y adds up to 1: dZ = A - Y, as in DNN.
        return super().compute_gradients(out, cache)
        # END SOLUTION


class SquaredErrorSoftmaxDNN(SoftmaxDNN):
    """A network with a softmax output and the squared error J_s = sum_k (a_k - y_k)^2, without a factor of 1/2."""

    def loss(self, out, Y):
        """Return J, the squared error of out (K, m) and Y (K, m): summed over the classes, averaged over the samples."""
        """ # BEGIN PROMPT
        raise NotImplementedError("Extension 3: complete SquaredErrorSoftmaxDNN.loss, which returns the squared error.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        return float(np.mean(np.sum((out - Y) ** 2, axis=0)))
        # END SOLUTION

    def compute_gradients(self, out, cache):
        """Return the gradients of the squared error, as DNN.compute_gradients does; the one-hot labels are in cache["Y"]."""
        """ # BEGIN PROMPT
        # TODO: compute dA_L of this loss, then call softmax_backward, then backward_pass.
        raise NotImplementedError("Extension 3: complete SquaredErrorSoftmaxDNN.compute_gradients, with the full Jacobian.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        dZ = softmax_backward(2 * (out - cache["Y"]), out)
        return backward_pass(dZ, cache, [sigmoid_prime] * self.num_layers)
        # END SOLUTION


def worked_example():
    """Return the correct numbers of the 4-4-2 example in the PadhAI notes: sigmoid, softmax, L = sum_k (y_hat_k - y_k)^2.

    Returns a dict with "a1" (4), "h1" (4), "a2" (2) and "y_hat" (2), as vectors or columns, and three numbers: "dL_dw212",
    "dL_dw131" and "w212_next", which is w212 after one step of gradient descent with a learning rate of 1.
    w_lij is the weight in layer l to unit i from unit j, so w212 is W2[0, 1] and w131 is W1[2, 0].
    """
    x = np.array([[2.0], [5.0], [3.0], [3.0]])
    y = np.array([[1.0], [0.0]])
    W1 = np.array([[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0.0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]])
    W2 = np.array([[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]])
    """ # BEGIN PROMPT
    # TODO: go forward (all biases are 0), then backward with the full Jacobian. Along which two paths does w212 reach the loss?
    raise NotImplementedError("Extension 4: complete worked_example, which returns the correct numbers of the 4-4-2 network.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    a1 = W1 @ x
    h1 = sigmoid(a1)
    a2 = W2 @ h1
    y_hat = softmax(a2)
    da2 = softmax_backward(2 * (y_hat - y), y_hat)
    da1 = W2.T @ da2 * sigmoid_prime(a1)
    dW1, dW2 = da1 @ x.T, da2 @ h1.T
    gradients = {"dL_dw212": dW2[0, 1], "dL_dw131": dW1[2, 0], "w212_next": W2[0, 1] - 1.0 * dW2[0, 1]}
    return {"a1": a1, "h1": h1, "a2": a2, "y_hat": y_hat, **gradients}
    # END SOLUTION


def sigmoid_prime(Z):
    """Return the derivative of the sigmoid at Z, element by element."""
    """ # BEGIN PROMPT
    raise NotImplementedError("Extension 5: complete sigmoid_prime, which returns the derivative of the sigmoid.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    A = sigmoid(Z)
    return A * (1 - A)
    # END SOLUTION


def tanh_prime(Z):
    """Return the derivative of tanh at Z, element by element."""
    """ # BEGIN PROMPT
    raise NotImplementedError("Extension 5: complete tanh_prime, which returns the derivative of tanh.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    return 1 - np.tanh(Z) ** 2
    # END SOLUTION


def relu(Z):
    """Return Z where Z is positive, and 0 elsewhere."""
    """ # BEGIN PROMPT
    raise NotImplementedError("Extension 5: complete relu, which returns Z where Z is positive and 0 elsewhere.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    return np.maximum(Z, 0)
    # END SOLUTION


def relu_prime(Z):
    """Return the derivative of relu at Z, element by element: 1 where Z is positive, and 0 elsewhere, also at 0."""
    """ # BEGIN PROMPT
    # TODO: don't write into Z, because it belongs to the caller.
    raise NotImplementedError("Extension 5: complete relu_prime, which returns the derivative of relu.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
    return (Z > 0).astype(float)
    # END SOLUTION


# Each activation g with its derivative g', both as functions of Z.
ACTIVATIONS = {"sigmoid": (sigmoid, sigmoid_prime), "tanh": (np.tanh, tanh_prime), "relu": (relu, relu_prime)}


class GeneralDNN(DNN):
    """A network with one activation per layer; the last one is the sigmoid, with the binary cross-entropy loss."""

    def __init__(self, layer_sizes=(2, 3, 3, 1), activations=("tanh", "relu", "sigmoid"), seed=None):
        """Draw the weights; activations has a key of ACTIVATIONS for each layer 1..L (provided).

        As in DNN, you can pass the seed as the second argument: GeneralDNN(layer_sizes, 7) keeps the default activations.
        """
        if not np.iterable(activations):
            activations, seed = ("tanh", "relu", "sigmoid"), activations
        super().__init__(layer_sizes, seed)
        self.activations = tuple(activations)

    def forward(self, X):
        """Run the batch X (n_0, m) through the network, and return (out, cache) like DNN.forward, with A_l = g_l(Z_l)."""
        """ # BEGIN PROMPT
        # TODO: write the loop of task 3, with the activation of each layer.
        raise NotImplementedError("Extension 5: complete GeneralDNN.forward, which uses the activation of each layer.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        cache = {"A0": X, **self.params}
        for layer, name in enumerate(self.activations, start=1):
            g, _ = ACTIVATIONS[name]
            cache[f"Z{layer}"] = cache[f"W{layer}"] @ cache[f"A{layer - 1}"] + cache[f"B{layer}"]
            cache[f"A{layer}"] = g(cache[f"Z{layer}"])
        return cache[f"A{self.num_layers}"], cache
        # END SOLUTION

    def compute_gradients(self, out, cache):
        """Return the gradients, as DNN.compute_gradients does, with dZ_l = dA_l * g'_l(Z_l) in the hidden layers."""
        """ # BEGIN PROMPT
        # TODO: compute dZ_L as in task 4, then call backward_pass with the derivative of each layer.
        raise NotImplementedError("Extension 5: complete GeneralDNN.compute_gradients, with the derivative of each layer.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        return backward_pass(out - cache["Y"], cache, [ACTIVATIONS[name][1] for name in self.activations])
        # END SOLUTION


def notes_gradients(params, X, y):
    """Return the gradients of a sigmoid network with the binary cross-entropy, in the convention of the handwritten notes.

    params has the keys "w1", "b1", "w2" and so on. w_l is (n_{l-1}, n_l), the transpose of W_l in dnn.py, and b_l is (n_l, 1).
    X is (n_0, m) and y is (n_L, m). z_l = w_l^T a_{l-1} + b_l, a_l = sigmoid(z_l) and a_0 = X.

    Returns "dJdw1", "dJdb1", "dJdz1", ... for every layer and "dJda1", ... for the hidden ones. dJdw_l (n_{l-1}, n_l) and
    dJdb_l (n_l, 1) are averaged over the batch; dJdz_l and dJda_l (n_l, m) are not.
    """
    """ # BEGIN PROMPT
    # TODO: go forward first. Going backward, every product is the transpose of the one in dnn.py. Which ones still need a .T?
    raise NotImplementedError("Extension 6: complete notes_gradients, which uses the convention of the notes.")
    """  # END PROMPT
    # BEGIN SOLUTION NO PROMPT
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
    # END SOLUTION
