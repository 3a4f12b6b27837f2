"""A small fully connected network that learns by backpropagation.

A batch has m samples, and each sample is one column. In a network with layer_sizes (n_0, n_1, ..., n_L), the shapes are:

    X = A_0        (n_0, m)          W_l   (n_l, n_{l-1})
    Z_l, A_l       (n_l, m)          B_l   (n_l, 1)
    Y, out = A_L   (n_L, m)          J     one number: the mean loss over the samples

    Z_l = W_l A_{l-1} + B_l          A_l = sigmoid(Z_l)
"""

import numpy as np


def sigmoid(Z):
    """Return the sigmoid of Z, element by element; it is numerically stable for large |Z|."""
    return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))


class DNN:
    """A fully connected network with sigmoid activations and the binary cross-entropy loss."""

    def __init__(self, layer_sizes=(2, 3, 3, 1), seed=None):
        """Draw the weights and set the biases to zero (provided)."""
        rng = np.random.default_rng(seed)
        self.layer_sizes = tuple(layer_sizes)
        self.num_layers = len(self.layer_sizes) - 1
        self.params = {}
        for layer in range(1, self.num_layers + 1):
            units, inputs = self.layer_sizes[layer], self.layer_sizes[layer - 1]
            self.params[f"W{layer}"] = rng.normal(size=(units, inputs)) / np.sqrt(inputs)
            self.params[f"B{layer}"] = np.zeros((units, 1))

    def forward(self, X):
        """Run the batch X (n_0, m) through the network, and save every matrix in the cache.

        Returns (out, cache): out is A_L (n_L, m), and cache is a dict with W_l, B_l and Z_l for l = 1..L and A_l for l = 0..L.
        Its keys are "W1", "B1", "Z1", "A0", "A1" and so on.
        """
        A = X.astype(np.float32)
        cache = {"A0": A, "m": A.shape[1]}
        for n in range(1, self.num_layers + 1):
            W, B = (self.params[f"{kind}{n}"].astype(np.float32) for kind in "WB")
            Z = np.einsum("ij,jm->im", W, A) + B
            A = sigmoid(Z).astype(np.float32)
            cache.update({f"W{n}": W, f"B{n}": B, f"Z{n}": Z, f"A{n}": A})
        return A, cache

    def loss(self, out, Y):
        """Return J, the binary cross-entropy, summed over the outputs and averaged over the samples (provided)."""
        A = np.clip(out, 1e-12, 1 - 1e-12)
        return float(-np.mean(np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=0)))

    def compute_gradients(self, out, cache):
        """Return the gradient of the loss with respect to every variable, from the last layer back to the first.

        out is A_L (n_L, m), and cache is the cache that forward returned. Labels are passed in the cache: set cache["Y"] = Y
        (n_L, m) before you call this method.

        Returns a dict in which each gradient has the key of its variable: grads["W3"] is dW_3.
        dW_l and dB_l (l = 1..L) have the shapes of W_l and B_l, and are averaged over the batch.
        dZ_l (l = 1..L) and dA_l (l = 1..L-1) have one column per sample, and are not averaged.
        """
        grads, dA, m = {}, None, cache["m"]
        for n in range(self.num_layers, 0, -1):
            A, A_prev = cache[f"A{n}"], cache[f"A{n - 1}"]
            dZ = A - cache["Y"] if dA is None else dA * A * (1 - A)
            dA = np.einsum("ij,im->jm", cache[f"W{n}"], dZ)
            grads.update({
                f"Z{n}": dZ,
                f"W{n}": np.einsum("im,jm->ij", dZ, A_prev) / m,
                f"B{n}": np.einsum("im->i", dZ)[:, None] / m,
                f"A{n - 1}": dA,
            })
        return grads

    def gradients(self, X, Y):
        """Return the gradients for the batch X (n_0, m) with the labels Y (n_L, m), at least those of every W_l and B_l."""
        out, cache = self.forward(X)
        cache["Y"] = Y
        return self.compute_gradients(out, cache)

    def fit(self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3):
        """Train on the whole batch by gradient descent, and return the list of losses, one per epoch.

        Each epoch first records the loss. Training stops without another update when this loss is below tolerance, and
        otherwise after `epochs` updates.
        """
        losses = []
        for _ in range(epochs):
            out, _ = self.forward(X)
            losses.append(self.loss(out, Y))
            if losses[-1] < tolerance:
                break
            grads = self.gradients(X, Y)
            for name in self.params:
                self.params[name] = self.params[name] - learning_rate * grads[name]
        return losses

    def predict(self, X):
        """Return the predictions for X (n_0, m): 1 if an output is above 0.5, else 0. Their shape is (n_L, m) (provided)."""
        out, _ = self.forward(X)
        return (out > 0.5).astype(int)
