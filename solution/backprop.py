# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # <!-- the title -->: the lab notebook
#
# Write your code in <!-- the files to submit -->, in any editor. Use this notebook to try it out: it runs the public checks,
# measures gradients and draws pictures. You don't need to fill in anything here, and nothing here is graded.
#
# After you change a file, save it and rerun the cell. You don't have to restart the kernel. A function you haven't written yet
# gives you one line that says so. If two shapes don't match, you'll see both of them; any other error shows its traceback.

# %%
# %load_ext autoreload
# %autoreload 2
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

import check
import dnn
import lab
from problems import explain_problems

# BEGIN PART warmup
# %% [markdown]
# ## Part 1: the chain rule (`warmup.py`)
#
# The five functions each return a value and its derivatives. The next cell runs their public checks. For a hint on the first
# check that fails, run `check.main(["warmup", "--hint"])` here or `python check.py warmup --hint` in a terminal.

# %%
_ = check.main(["warmup"])

# %% [markdown]
# You can also test a derivative without knowing the right answer. Move $x$ a little in both directions and see how much $y$
# changes:
#
# $$\frac{dy}{dx} \approx \frac{y(x + h) - y(x - h)}{2h}$$
#
# This is called a finite difference. If the dots lie on the line, your derivative is correct.

# %%
import warmup

function = warmup.reciprocal_exp_square  # or warmup.exp_exp_square, or warmup.two_paths
x, h = np.linspace(-1.5, 1.5, 121), 1e-5

with explain_problems():
    y, derivative = function(x)
    numerical = (function(x + h)[0] - function(x - h)[0]) / (2 * h)
    figure, axes = plt.subplots(figsize=(7, 3.6))
    lab.draw_derivative(axes, x, y, derivative, numerical)

# END PART
# %% [markdown]
# ## Part 2: the network (`dnn.py`)
#
# This is the example network. Your code must work for any `layer_sizes` with two or more numbers, so try other sizes: change
# them here and rerun the cells below.

# %%
layer_sizes = (2, 3, 3, 1)
figure, axes = plt.subplots(figsize=(8, 4.2))
lab.draw_network(axes, layer_sizes)

# %% [markdown]
# ### Forward
#
# Let's run a batch of $m = 7$ samples through the network. `forward` returns the output and the cache, and the table lists the
# shapes in the cache. Is there a `W`, `B`, `Z` and `A` for every layer, and an `A0`? Which shapes contain $m$, and which don't?

# %%
m = 7
rng = np.random.default_rng(5)
X = rng.normal(size=(layer_sizes[0], m))
Y = rng.integers(0, 2, size=(layer_sizes[-1], m)).astype(float)
net = dnn.DNN(layer_sizes, seed=5)

with explain_problems():
    out, cache = net.forward(X)
    for key, value in cache.items():
        print(f"{key:4}{np.shape(value)}")

# %% [markdown]
# Here are the public checks of this part. Work on the first one that fails, because later ones may fail for the same reason.

# %%
_ = check.main(["dnn"])

# %% [markdown]
# ### Forward and backward for one sample
#
# The blue number above each unit is its value $a$, taken from your cache. The red number below is $dz$, the derivative of this
# sample's loss with respect to the unit's $z$, taken from your gradients. A question mark means that the entry is missing.
#
# Check the output by hand: with a sigmoid and the cross-entropy, $dz$ is the output minus the label. Then look at the signs: if
# $dz$ is negative, a larger $z$ would make the loss smaller.

# %%
with explain_problems():
    out, cache = net.forward(X)
    grads = net.compute_gradients(out, cache | {"Y": Y})
    figure, axes = plt.subplots(figsize=(9, 4.6))
    lab.draw_circuit(axes, layer_sizes, cache, grads, sample=0)
    print("The label of this sample is", Y[:, 0])

# %% [markdown]
# ### Measure the gradients
#
# The finite difference works for weights, too. Move one entry of $W_l$ or $B_l$ a little in both directions, run the whole
# network forward each time, and see how much the loss $J$ changes. This only needs `forward` and `loss`, not backpropagation.
# So it tells you whether your `compute_gradients` is correct *for your `forward`*.


# %%
def numerical_gradients(net, X, Y, h=1e-5):
    """Return the gradient of the loss with respect to every W_l and B_l, by moving one entry at a time."""

    def loss():
        out, _ = net.forward(X)
        return net.loss(out, Y)

    measured = {}
    for key, matrix in net.params.items():
        measured[key] = np.zeros(matrix.shape)
        for entry in np.ndindex(matrix.shape):
            original = matrix[entry]
            matrix[entry] = original + h
            above = loss()
            matrix[entry] = original - h
            below = loss()
            matrix[entry] = original
            measured[key][entry] = (above - below) / (2 * h)
    return measured


def gradient_check(net, X, Y, title=""):
    """Compare net.gradients with the numerical gradients."""
    with explain_problems():
        measured = numerical_gradients(net, X, Y)
        if not lab.draw_gradient_check(net.gradients(X, Y), measured, title):
            print("The public checks can pass anyway, because they don't test every gradient. The hidden checks do.")


# %% [markdown]
# If every gradient agrees, you get one row of blue tiles. Each shows the relative error of a matrix: about 1e-8 or less is
# typical, and up to 1e-4 counts as agreeing. Real mistakes are far larger.
#
# Otherwise you'll see every matrix. The number in an entry is its error, relative to the largest entry of the matrix. Blue
# entries are correct; orange ones with a frame are wrong. If a whole matrix is off by one factor, its title shows the factor,
# which often tells you what the mistake is.
#
# Can this picture be orange even though all public checks pass? Yes. The public checks only look at some gradients of a small
# example. This picture shows all of them on another batch, and the hidden checks, which also count toward your score, do the
# same. Keep going until the picture is blue.

# %%
gradient_check(net, X, Y)

# %% [markdown]
# ### What mistakes look like
#
# Here the numerical gradients are changed on purpose. In the first picture, the division by $m = 7$ is missing, so every entry
# is 7 times too large. In the second picture, `W2` is transposed. The shape of a square matrix doesn't reveal that, but its
# diagonal does: only the diagonal is blue. `B2` has lost its second dimension, and `B3` is missing. Come back here when your
# own picture isn't all blue.

# %%
with explain_problems():
    example, (X_example, Y_example) = dnn.DNN((2, 3, 3, 1), seed=9), lab.two_moons(samples=7)
    measured = numerical_gradients(example, X_example, Y_example)

    undivided = {key: 7 * gradient for key, gradient in measured.items()}
    lab.draw_gradient_check(undivided, measured, "Division by m missing")

    mixed = {**measured, "W2": measured["W2"].T, "B2": measured["B2"].ravel(), "B3": None}
    lab.draw_gradient_check(mixed, measured, "W2 transposed, B2 flat, B3 missing")

# %% [markdown]
# ### Why not train with finite differences?
#
# They need two forward passes for every weight and bias. Backpropagation needs one forward and one backward pass, however many
# weights there are. Here both are counted and timed for networks with 2 to 32 units in each hidden layer.

# %%
with explain_problems():
    figure, axes = plt.subplots(figsize=(7, 4))
    nets = [dnn.DNN((2, width, width, 1), seed=0) for width in (2, 4, 8, 16, 32)]
    lab.draw_cost(axes, nets, *lab.two_moons(samples=7), numerical_gradients)

# %% [markdown]
# ### Train it
#
# No straight line separates these two half moons. With correct gradients, the loss falls by about two orders of magnitude, and
# the black line, where the output is 0.5, winds between the moons. The small pictures show how it gets there. What happens with
# fewer units, or with another learning rate?

# %%
X_moons, Y_moons = lab.two_moons(samples=200, seed=2)

with explain_problems():
    moons = dnn.DNN((2, 8, 8, 1), seed=0)
    lab.watch_training(moons, X_moons, Y_moons, learning_rate=2.0, epochs=2000)

# %% [markdown]
# ### What the units have learned
#
# Each circle shows the value of one unit of the trained network for every point of the plane: blue is 0, orange is 1. Units in
# the first hidden layer each respond to one side of a straight line. Why are the shapes more complicated in the next layer?

# %%
with explain_problems():
    _, _, points = lab.plane(X_moons, steps=60)
    figure, axes = plt.subplots(figsize=(9, 5.4))
    lab.draw_responses(axes, moons.layer_sizes, moons.forward(points)[1])

# %% [markdown]
# ### Vanishing gradients
#
# How large is $dZ_l$ in a deep network? On the way back, each layer multiplies by the derivative of the sigmoid, which is at
# most 1/4. In this network with ten layers, the first ones hardly learn at all.

# %%
with explain_problems():
    figure, axes = plt.subplots(figsize=(7, 4))
    deep = dnn.DNN((2, *[8] * 9, 1), seed=0)
    out, cache = deep.forward(X_moons)
    grads = deep.compute_gradients(out, cache | {"Y": Y_moons})
    lab.draw_norms(axes, {"sigmoid": grads}, deep.num_layers)

# BEGIN PART extension
# %% [markdown]
# ## Part 3: the extension (`extension.py`)

# %%
_ = check.main(["extension"])

# %% [markdown]
# ### Softmax
#
# Adding the same number to a whole column doesn't change its softmax, no matter how large the number is. Both lines should be
# equal, without a `nan`.

# %%
import extension

Z = np.array([[1.0], [2.0], [3.0]])

with explain_problems():
    print(extension.softmax(Z).ravel())
    print(extension.softmax(Z + 1000).ravel())

# %% [markdown]
# ### Gradient checks
#
# Two losses for a batch with three classes (each column of $Y$ is one-hot), and a network with one layer each of tanh, relu and
# sigmoid. The derivative of relu jumps at 0. If a $Z$ is within about $h$ of 0, the numerical gradient is wrong although yours
# is correct, but that is rare.

# %%
X_other = rng.normal(size=(2, 7))
Y_classes = np.eye(3)[:, [0, 1, 2, 0, 1, 2, 0]]
Y_general = np.array([[1.0, 0, 1, 0, 0, 1, 1]])

gradient_check(extension.SoftmaxDNN((2, 4, 3), seed=1), X_other, Y_classes, "SoftmaxDNN")
gradient_check(extension.SquaredErrorSoftmaxDNN((2, 4, 3), seed=1), X_other, Y_classes, "SquaredErrorSoftmaxDNN")
gradient_check(extension.GeneralDNN((2, 4, 3, 1), seed=2), X_other, Y_general, "GeneralDNN")

# %% [markdown]
# ### Why relu?
#
# The same deep network as in Part 2, with other activations in the hidden layers. The derivative of relu is 1 for every
# positive $Z$, so $dZ_l$ shrinks much less from layer to layer.

# %%
with explain_problems():
    figure, axes = plt.subplots(figsize=(7, 4))
    grads_of_nets = {}
    for name in ("sigmoid", "tanh", "relu"):
        deep = extension.GeneralDNN((2, *[8] * 9, 1), [name] * 9 + ["sigmoid"], seed=0)
        out, cache = deep.forward(X_moons)
        grads_of_nets[name] = deep.compute_gradients(out, cache | {"Y": Y_moons})
    lab.draw_norms(axes, grads_of_nets, deep.num_layers)

# %% [markdown]
# ### The worked example, and the convention of the notes
#
# These are the results for the 4-4-2 network. Compare them with your calculation on paper.

# %%
with explain_problems():
    for name, value in extension.worked_example().items():
        print(f"{name:10}", np.round(np.ravel(value), 6))

# %% [markdown]
# In the notes, every weight matrix is the transpose of ours, and so is its gradient. This cell transposes the numerical
# gradients from Part 2 and compares them with what `notes_gradients` returns for the same network.

# %%
with explain_problems():
    layers = range(1, net.num_layers + 1)
    params = {f"w{layer}": net.params[f"W{layer}"].T for layer in layers}
    params |= {f"b{layer}": net.params[f"B{layer}"] for layer in layers}
    found = extension.notes_gradients(params, X, Y)
    measured = numerical_gradients(net, X, Y)
    transposed = {f"dJd{key.lower()}": value.T if key[0] == "W" else value for key, value in measured.items()}
    lab.draw_gradient_check(found, transposed, "notes_gradients")

# %% [markdown]
# ### Three classes
#
# Three spiral arms. Each point of the plane has the color of the class that `SoftmaxDNN` considers most likely there.

# %%
X_arms, Y_arms = lab.three_arms(samples=300, seed=1)

with explain_problems():
    arms = extension.SoftmaxDNN((2, 12, 12, 3), seed=0)
    lab.watch_training(arms, X_arms, Y_arms, learning_rate=1.0, epochs=2000)

# END PART
# %% [markdown]
# ## What to submit
#
# Submit <!-- the files to submit -->. Nothing else is graded, not even this notebook.
#
# If all the checks above pass, you have passed the *public* checks. Your score also depends on hidden checks, with other
# batches, depths and widths. Before you submit, change `layer_sizes` in Part 2, for instance to `(3, 5, 4, 2)`, and see whether
# everything still agrees.
