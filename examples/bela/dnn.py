"""A small fully connected network that learns by backpropagation.

The columns of every matrix are the samples of the batch, m of them. For a network with layer_sizes (n_0, n_1, ..., n_L):

    X = A_0        (n_0, m)          W_l   (n_l, n_{l-1})
    Z_l, A_l       (n_l, m)          B_l   (n_l, 1)
    Y, out = A_L   (n_L, m)          J     one number: the mean over the samples of the loss

    Z_l = W_l A_{l-1} + B_l          A_l = sigmoid(Z_l)
"""

import numpy as np


def sigmoid(Z):
    """Squash Z into (0, 1), element by element; a Z of -1000 or 1000 is no trouble."""
    return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))


class DNN:
    """A network of fully connected sigmoid layers with the binary cross-entropy as its loss."""

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
        """Run the batch X (n_0, m) through the network and remember every matrix on the way.

        Returns (out, cache): out is A_L (n_L, m); cache is a dict that holds W_l, B_l, Z_l for l = 1..L and A_l for
        l = 0..L, under the keys "W1", "B1", "Z1", "A0", "A1" and so on.
        """
        cache = {}
        cache["A0"] = X
        for layer in range(1, self.num_layers + 1):
            W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
            Z = W @ cache[f"A{layer - 1}"] + B
            cache[f"W{layer}"] = W
            cache[f"B{layer}"] = B
            cache[f"Z{layer}"] = Z
            cache[f"A{layer}"] = sigmoid(Z)
        return cache[f"A{self.num_layers}"], cache

    def loss(self, out, Y):
        """Return J, the binary cross-entropy averaged over the samples and summed over the outputs (provided)."""
        A = np.clip(out, 1e-12, 1 - 1e-12)
        return float(-np.mean(np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=0)))

    def compute_gradients(self, out, cache):
        """Walk back through the network and return the gradient of the loss for every variable.

        out is A_L (n_L, m). cache is what forward returned; whoever calls this has put the labels into cache["Y"] (n_L, m).

        Returns a dict: the gradient of a variable has the key of the variable, so grads["W3"] is dW_3.
        W_l and B_l (l = 1..L) have the shapes of W_l and B_l and are averaged over the batch.
        Z_l (l = 1..L) and A_l (l = 1..L-1) have one column a sample and are not averaged.
        """
        m = cache["A0"].shape[1]
        L = self.num_layers
        grads = {}
        dZ = out - cache["Y"]
        for layer in reversed(range(1, L + 1)):
            grads[f"Z{layer}"] = dZ
            grads[f"W{layer}"] = (1 / m) * dZ @ cache[f"A{layer - 1}"].T
            grads[f"B{layer}"] = (1 / m) * np.sum(dZ, axis=1)
            if layer > 1:
                dA = cache[f"W{layer}"].T @ dZ
                grads[f"A{layer - 1}"] = dA
                s = cache[f"A{layer - 1}"]
                dZ = dA * s * (1 - s)
        return grads

    def gradients(self, X, Y):
        """Return the gradients of the loss of the batch X (n_0, m) with the labels Y (n_L, m): at least every W_l and B_l."""
        out, cache = self.forward(X)
        cache["Y"] = Y
        return self.compute_gradients(out, cache)

    def fit(self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3):
        """Train on the whole batch by gradient descent and return the list of losses, one for each epoch.

        Each epoch records the loss first. Training stops, without a further update, when that loss is below tolerance,
        or after epochs updates.
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
        """Return the decisions for X (n_0, m): 1 where the output is above one half, else 0; shape (n_L, m) (provided)."""
        out, _ = self.forward(X)
        return (out > 0.5).astype(int)
