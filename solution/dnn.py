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
        cache = {}
        """ # BEGIN PROMPT
        # TODO (task 3): start with A_0 = X. Then, for each layer,
        #   - read W_l and B_l from self.params,
        #   - compute Z_l from W_l, A_{l-1} and B_l, and then A_l = sigmoid(Z_l),
        #   - store all four in the cache, because the backward pass needs them.
        raise NotImplementedError("Task 3: complete forward, which computes every Z and A and saves all matrices in the cache.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        cache["A0"] = X
        for layer in range(1, self.num_layers + 1):
            W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
            Z = W @ cache[f"A{layer - 1}"] + B
            cache[f"W{layer}"] = W
            cache[f"B{layer}"] = B
            cache[f"Z{layer}"] = Z
            cache[f"A{layer}"] = sigmoid(Z)
        # END SOLUTION
        return cache[f"A{self.num_layers}"], cache

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
        grads = {}
        """ # BEGIN PROMPT
        # TODO (task 4): start at the output layer L, with dZ_L.
        # Then go through the layers from the last to the first. Each step needs these matrices:
        #   dZ_l and A_{l-1}      -->  dW_l        (how many samples does this product add up?)
        #   dZ_l                  -->  dB_l        (dZ_l has one column per sample: how many does dB_l have?)
        #   W_l and dZ_l          -->  dA_{l-1}    (not needed for A_0, which is the input)
        #   dA_{l-1} and A_{l-1}  -->  dZ_{l-1}    (the derivative of the sigmoid, element by element)
        raise NotImplementedError("Task 4: complete compute_gradients, which fills grads from the last layer to the first.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        m = out.shape[1]
        grads[f"Z{self.num_layers}"] = out - cache["Y"]
        for layer in range(self.num_layers, 0, -1):
            dZ, A_previous = grads[f"Z{layer}"], cache[f"A{layer - 1}"]
            grads[f"W{layer}"] = dZ @ A_previous.T / m
            grads[f"B{layer}"] = dZ.sum(axis=1, keepdims=True) / m
            if layer > 1:
                grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
                grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * A_previous * (1 - A_previous)
        # END SOLUTION
        return grads

    def gradients(self, X, Y):
        """Return the gradients for the batch X (n_0, m) with the labels Y (n_L, m), at least those of every W_l and B_l."""
        """ # BEGIN PROMPT
        # TODO (task 4): call forward, put the labels into the cache, and call compute_gradients.
        raise NotImplementedError("Task 4: complete gradients, which runs forward, sets the labels and runs compute_gradients.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        out, cache = self.forward(X)
        cache["Y"] = Y
        return self.compute_gradients(out, cache)
        # END SOLUTION

    def fit(self, X, Y, learning_rate=0.5, epochs=1000, tolerance=1e-3):
        """Train on the whole batch by gradient descent, and return the list of losses, one per epoch.

        Each epoch first records the loss. Training stops without another update when this loss is below tolerance, and
        otherwise after `epochs` updates.
        """
        losses = []
        """ # BEGIN PROMPT
        # TODO (task 4): in every epoch, record the loss and stop if it is small enough. Otherwise, update every W_l and B_l:
        # move against its gradient, scaled by learning_rate.
        raise NotImplementedError("Task 4: complete fit, which records the loss and updates every W and B in each epoch.")
        """  # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        for _ in range(epochs):
            out, _ = self.forward(X)
            losses.append(self.loss(out, Y))
            if losses[-1] < tolerance:
                break
            grads = self.gradients(X, Y)
            for name in self.params:
                self.params[name] = self.params[name] - learning_rate * grads[name]
        # END SOLUTION
        return losses

    def predict(self, X):
        """Return the predictions for X (n_0, m): 1 if an output is above 0.5, else 0. Their shape is (n_L, m) (provided)."""
        out, _ = self.forward(X)
        return (out > 0.5).astype(int)
