"""Wrong programs in many styles, the line at fault marked: programs for the line that made the first wrong tensor.

A comment `# wrong` marks the line that has to be named; where a program has none, no line may be named, because another line
could be at fault as well.
"""

from tests.golden.programs import edited
from tests.golden.variants.styles import CLASS, rewritten


BACKWARD = """
grads, m, L = {}, out.shape[1], self.num_layers
"""


def with_methods(helpers: str = "", **bodies: str) -> bytes:
    """Return the solution of dnn.py with helpers, and with other bodies of methods."""
    return rewritten((CLASS, f"{helpers}\n\n{CLASS}"), **bodies)


LAYERS = """
for layer in range(L, 0, -1):
    grads[f"Z{layer}"] = dZ
    grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m
    grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)
    if layer > 1:
"""

PROGRAMS = {
    "a local that is stored later": with_methods(
        compute_gradients=BACKWARD
        + """
dZ = out - cache["Y"]
for layer in range(L, 0, -1):
    dW = dZ @ cache[f"A{layer - 1}"].T  # wrong
    dB = dZ.mean(axis=1, keepdims=True)
    grads[f"Z{layer}"] = dZ
    grads[f"W{layer}"] = dW
    grads[f"B{layer}"] = dB
    if layer > 1:
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        A = cache[f"A{layer - 1}"]
        dZ = dA * A * (1 - A)
return grads
"""
    ),
    "a gradient that is the one of another variable": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA  # wrong
return grads
"""
    ),
    "a gradient that is stored from the wrong name": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS.replace('    grads[f"Z{layer}"] = dZ\n', "")
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA * cache[f"A{layer - 1}"] * (1 - cache[f"A{layer - 1}"])
        grads[f"Z{layer - 1}"] = dA  # wrong
grads[f"Z{L}"] = out - cache["Y"]
return grads
"""
    ),
    "a copy of the wrong gradient": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA.copy()  # wrong
return grads
"""
    ),
    "an update in place after the store": with_methods(
        forward="""
cache = {"A0": X}
for layer in range(1, self.num_layers + 1):
    W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
    Z = W @ cache[f"A{layer - 1}"] + B
    A = sigmoid(Z)
    cache.update({f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": A})
    A *= 2  # wrong
return A, cache
"""
    ),
    "an update in place of a view": with_methods(
        forward="""
cache = {"A0": X}
for layer in range(1, self.num_layers + 1):
    W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
    Z = W @ cache[f"A{layer - 1}"] + B
    A = sigmoid(Z)
    cache.update({f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": A})
    first = Z[:, 0]
    first += 1  # wrong
return A, cache
"""
    ),
    "an in-place product with out": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = np.empty_like(dA)
        np.multiply(dA, 1 - cache[f"A{layer - 1}"], out=dZ)  # wrong
return grads
"""
    ),
    "a helper with a wrong line": with_methods(
        """
def linear_backward(dZ, A_prev, W):
    m = dZ.shape[1]
    dW = np.dot(dZ, A_prev.T)  # wrong
    dB = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, dB
""",
        compute_gradients="""
grads, L = {}, self.num_layers
dZ = out - cache["Y"]
for l in reversed(range(L)):
    A_prev = cache["A" + str(l)]
    dA, grads["W" + str(l + 1)], grads["B" + str(l + 1)] = linear_backward(dZ, A_prev, cache["W" + str(l + 1)])
    grads["Z" + str(l + 1)] = dZ
    if l > 0:
        grads["A" + str(l)] = dA
        dZ = dA * A_prev * (1 - A_prev)
return grads
""",
    ),
    "a helper that returns one value": with_methods(
        """
def sigmoid_backward(dA, A):
    return dA * A * (1 + A)  # wrong
""",
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = sigmoid_backward(dA, cache[f"A{layer - 1}"])
return grads
""",
    ),
    "a helper that is given the wrong argument": with_methods(
        """
def sigmoid_backward(dA, Z):
    return dA * sigmoid(Z) * (1 - sigmoid(Z))
""",
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = sigmoid_backward(dA, cache[f"A{layer - 1}"])
return grads
""",
    ),
    "a helper with swapped arguments": with_methods(
        """
def sigmoid_backward(dA, A):
    return dA * A * (1 - A)
""",
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = sigmoid_backward(cache[f"A{layer - 1}"], dA)
return grads
""",
    ),
    "a derivative in a helper of its own": with_methods(
        """
def sigmoid_prime(Z):
    return sigmoid(Z) * (1 + sigmoid(Z))
""",
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA * sigmoid_prime(cache[f"Z{layer - 1}"])
return grads
""",
    ),
    "a derivative in a line of its own": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        A = cache[f"A{layer - 1}"]
        derivative = A * (1 + A)
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA * derivative
return grads
"""
    ),
    "a comprehension over the layers": with_methods(
        compute_gradients=BACKWARD
        + """
grads[f"Z{L}"] = out - cache["Y"]
for layer in range(L - 1, 0, -1):
    grads[f"A{layer}"] = cache[f"W{layer + 1}"].T @ grads[f"Z{layer + 1}"]
    grads[f"Z{layer}"] = grads[f"A{layer}"] * cache[f"A{layer}"] * (1 - cache[f"A{layer}"])
grads.update({f"W{l}": grads[f"Z{l}"] @ cache[f"A{l - 1}"].T for l in range(1, L + 1)})  # wrong
grads.update({f"B{l}": grads[f"Z{l}"].mean(axis=1, keepdims=True) for l in range(1, L + 1)})
return grads
"""
    ),
    "a list over the layers": with_methods(
        compute_gradients=BACKWARD
        + """
A = [cache[f"A{l}"] for l in range(L + 1)]
W = [None] + [cache[f"W{l}"] for l in range(1, L + 1)]
dZ, dA = [None] * (L + 1), [None] * (L + 1)
dZ[L] = out - cache["Y"]
for l in range(L - 1, 0, -1):
    dA[l] = W[l + 1].T @ dZ[l + 1]
    dZ[l] = dA[l] * (1 - A[l])  # wrong
for l in range(1, L + 1):
    grads[f"Z{l}"], grads[f"W{l}"], grads[f"B{l}"] = dZ[l], dZ[l] @ A[l - 1].T / m, dZ[l].mean(1, keepdims=True)
    if l < L:
        grads[f"A{l}"] = dA[l]
return grads
"""
    ),
    "a dict in the return statement": with_methods(
        compute_gradients="""
m, A1, A2, W2, W3 = out.shape[1], cache["A1"], cache["A2"], cache["W2"], cache["W3"]
dZ3 = out - cache["Y"]
dA2 = W3.T @ dZ3
dZ2 = dA2 * A2 * (1 - A2)
dA1 = W2.T @ dZ2
dZ1 = dA1 * A1 * (1 - A1)
return {
    "Z3": dZ3,
    "W3": dZ3 @ A2.T / m,
    "B3": dZ3.mean(1, keepdims=True),
    "A2": dA2,
    "Z2": dZ2,
    "W2": dZ2 @ A1.T / m,
    "B2": dZ2.sum(1, keepdims=True),  # wrong
    "A1": dA1,
    "Z1": dZ1,
    "W1": dZ1 @ cache["A0"].T / m,
    "B1": dZ1.mean(1, keepdims=True),
}
"""
    ),
    "a statement over several lines": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = (  # wrong
            dA
            * cache[f"A{layer - 1}"]
            * (2 - cache[f"A{layer - 1}"])
        )
return grads
"""
    ),
    "sample by sample, summed up": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS.replace(
            '    grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m\n',
            """\
    dW = np.zeros_like(cache[f"W{layer}"])
    for i in range(m):
        dW += np.outer(dZ[:, i], cache[f"A{layer - 1}"][:, i])  # wrong
    grads[f"W{layer}"] = dW
""",
        )
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA * cache[f"A{layer - 1}"] * (1 - cache[f"A{layer - 1}"])
return grads
"""
    ),
    "sample by sample, summed up and divided": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS.replace(
            '    grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / m\n',
            """\
    dW = np.zeros_like(cache[f"W{layer}"])
    for i in range(m):
        dW += np.outer(dZ[:, i], cache[f"A{layer - 1}"][:, 0])
    dW /= m
    grads[f"W{layer}"] = dW
""",
        )
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        dZ = dA * cache[f"A{layer - 1}"] * (1 - cache[f"A{layer - 1}"])
return grads
"""
    ),
    "element by element": with_methods(
        forward="""
cache = {"A0": X}
for layer in range(1, self.num_layers + 1):
    W, B, A = self.params[f"W{layer}"], self.params[f"B{layer}"], cache[f"A{layer - 1}"]
    Z = np.zeros((W.shape[0], A.shape[1]))
    for j in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            Z[j, i] = W[j] @ A[:, i] - B[j, 0]  # wrong
    cache[f"W{layer}"], cache[f"B{layer}"], cache[f"Z{layer}"], cache[f"A{layer}"] = W, B, Z, sigmoid(Z)
return cache[f"A{self.num_layers}"], cache
"""
    ),
    "lists of lists": with_methods(
        forward="""
cache = {"A0": X}
for layer in range(1, self.num_layers + 1):
    W, B, A = self.params[f"W{layer}"], self.params[f"B{layer}"], cache[f"A{layer - 1}"]
    Z = [[W[j] @ A[:, i] for i in range(A.shape[1])] for j in range(W.shape[0])]  # wrong
    cache[f"Z{layer}"] = np.array(Z)
    cache[f"W{layer}"], cache[f"B{layer}"], cache[f"A{layer}"] = W, B, sigmoid(cache[f"Z{layer}"])
return cache[f"A{self.num_layers}"], cache
"""
    ),
    "the number of samples in a line of its own": with_methods(
        compute_gradients="""
grads, L = {}, self.num_layers
m = out.shape[0]  # wrong
dZ = out - cache["Y"]
"""
        + LAYERS
        + """
        grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
        dZ = grads[f"A{layer - 1}"] * cache[f"A{layer - 1}"] * (1 - cache[f"A{layer - 1}"])
return grads
""",
    ),
    "an index that is looked up in a line of its own": with_methods(
        compute_gradients=BACKWARD
        + 'dZ = out - cache["Y"]'
        + LAYERS
        + """
        dA = cache[f"W{layer}"].T @ dZ
        grads[f"A{layer - 1}"] = dA
        A = cache[f"A{max(layer - 2, 1)}"]
        dZ = dA * A * (1 - A)
return grads
"""
    ),
    "a function inside that does every step": with_methods(
        compute_gradients=BACKWARD
        + """
grads[f"Z{L}"] = out - cache["Y"]

def step(layer):
    dZ, A_prev = grads[f"Z{layer}"], cache[f"A{layer - 1}"]
    grads[f"W{layer}"] = dZ @ A_prev.T / m
    grads[f"B{layer}"] = dZ.sum(axis=1, keepdims=True)  # wrong
    if layer > 1:
        grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
        grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * A_prev * (1 - A_prev)

for layer in range(L, 0, -1):
    step(layer)
return grads
"""
    ),
    "the sigmoid itself": edited(
        ("return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))", "return 1 / (1 + np.exp(np.clip(Z, -500, 500)))  # wrong")
    ),
    "an activation that is chosen from a dict": with_methods(
        """
ACTIVATIONS = {"sigmoid": sigmoid, "tanh": np.tanh}
""",
        forward="""
cache = {"A0": X}
for layer in range(1, self.num_layers + 1):
    W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
    Z = W @ cache[f"A{layer - 1}"] + B
    g = ACTIVATIONS["tanh"]
    A = g(Z)
    cache.update({f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": A})
return A, cache
""",
    ),
    "a generator of layers": with_methods(
        """
def layers_of(params):
    for layer in range(1, len(params) // 2 + 1):
        yield layer, params[f"W{layer}"], params[f"B{layer}"]
""",
        forward="""
cache, A = {"A0": X}, X
for layer, W, B in layers_of(self.params):
    Z = W @ A  # wrong
    A = sigmoid(Z)
    cache.update({f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": A})
return A, cache
""",
    ),
    "a sum in two lines": with_methods(
        forward="""
cache, A = {"A0": X}, X
for layer in range(1, self.num_layers + 1):
    W, B = self.params[f"W{layer}"], self.params[f"B{layer}"]
    product = W @ A
    Z = product - B
    A = sigmoid(Z)
    cache.update({f"W{layer}": W, f"B{layer}": B, f"Z{layer}": Z, f"A{layer}": A})
return A, cache
""",
    ),
    "recursion": with_methods(
        """
def walk(layer, dZ, cache, grads):
    grads[f"Z{layer}"] = dZ
    grads[f"W{layer}"] = dZ @ cache[f"A{layer - 1}"].T / dZ.shape[1]
    grads[f"B{layer}"] = dZ.mean(axis=1, keepdims=True)
    if layer > 1:
        A = cache[f"A{layer - 1}"]
        grads[f"A{layer - 1}"] = cache[f"W{layer}"].T @ dZ
        walk(layer - 1, grads[f"A{layer - 1}"] * A, cache, grads)  # wrong
    return grads
""",
        compute_gradients='return walk(self.num_layers, out - cache["Y"], cache, {})',
    ),
}
