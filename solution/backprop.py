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
# Your code goes into <!-- the files to submit -->, in any editor you like. This notebook is the bench you try it
# on: it runs the public checks, measures gradients and draws. Nothing in it is graded and nothing in it is to be filled in.
#
# Save the file you are working on and run a cell again; the kernel need not be restarted. What is not written yet says so in
# one line; a mistake in your code shows its traceback, as always.

# %%
# %load_ext autoreload
# %autoreload 2
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

import check
import dnn
import lab

# BEGIN PART warmup
# %% [markdown]
# ## Part 1: the chain rule (`warmup.py`)
#
# Five functions, each with a value and its derivatives. These are the public checks. With `check.main(["warmup", "--hint"])`,
# or `python check.py warmup --hint` in a terminal, the first one that does not pass comes with a hint.

# %%
_ = check.main(["warmup"])

# %% [markdown]
# You can also check a derivative without knowing it. Move $x$ a little to both sides and see how much $y$ changes:
#
# $$\frac{dy}{dx} \approx \frac{y(x + h) - y(x - h)}{2h}$$
#
# Where the dots lie on the line, the derivative is right.

# %%
import warmup

function = warmup.reciprocal_exp_square  # or warmup.exp_exp_square, or warmup.two_paths
x, h = np.linspace(-1.5, 1.5, 121), 1e-5

with lab.still_to_do():
    y, slope = function(x)
    numerical = (function(x + h)[0] - function(x - h)[0]) / (2 * h)
    figure, axes = plt.subplots(figsize=(7, 3.6))
    lab.draw_derivative(axes, x, y, slope, numerical)

# END PART
# %% [markdown]
# ## Part 2: the network (`dnn.py`)
#
# This is the network of the example. Your code must work for any `layer_sizes` of two or more numbers: change them here and run
# the cells below again.

# %%
layer_sizes = (2, 3, 3, 1)
figure, axes = plt.subplots(figsize=(8, 4.2))
lab.draw_network(axes, layer_sizes)

# %% [markdown]
# ### Forward
#
# A batch of $m = 7$ samples goes through it. `forward` returns the output and the cache; the table shows what the cache holds.
# Is there a `W`, `B`, `Z` and `A` for every layer, and `A0`? Which of the shapes have an $m$ in them, and which have not?

# %%
m = 7
rng = np.random.default_rng(5)
X = rng.normal(size=(layer_sizes[0], m))
Y = rng.integers(0, 2, size=(layer_sizes[-1], m)).astype(float)
net = dnn.DNN(layer_sizes, seed=5)

with lab.still_to_do():
    out, cache = net.forward(X)
    for key, value in cache.items():
        print(f"{key:4}{np.shape(value)}")

# %% [markdown]
# The public checks of this part. Work on the first line that fails: the ones after it may follow from it.

# %%
_ = check.main(["dnn"])

# %% [markdown]
# ### Measure the gradients
#
# What worked for one $x$ works for every weight. Move a single number of $W_l$ or $B_l$ a little to both sides, run the whole
# network forward each time, and see how much the loss $J$ changes. This needs `forward` and `loss` only, no backpropagation: so
# it can tell whether your `compute_gradients` is right *for your `forward`*.
#
# Why not train like this? Count how often `forward` runs, and compare with one walk back.


# %%
def numerical_gradients(net, X, Y, h=1e-5):
    """Return the gradient of the loss for every W_l and B_l, by moving one number at a time."""

    def loss():
        out, _ = net.forward(X)
        return net.loss(out, Y)

    measured = {}
    for key, matrix in net.params.items():
        measured[key] = np.zeros(matrix.shape)
        for cell in np.ndindex(matrix.shape):
            kept = matrix[cell]
            matrix[cell] = kept + h
            above = loss()
            matrix[cell] = kept - h
            below = loss()
            matrix[cell] = kept
            measured[key][cell] = (above - below) / (2 * h)
    return measured


def gradient_check(net, X, Y, title=""):
    """Draw where net.gradients differs from what was measured."""
    with lab.still_to_do():
        measured = numerical_gradients(net, X, Y)
        lab.draw_gradient_check(net.gradients(X, Y), measured, title)


# %% [markdown]
# The number in a cell is how far it is off, compared with the largest number of its matrix. Blue is fine; orange, with a frame,
# is wrong. Right gradients come out at 1e-8 or less, and a matrix agrees up to 1e-4: real mistakes are far larger.

# %%
gradient_check(net, X, Y)

# %% [markdown]
# ### What mistakes look like
#
# Here the measured gradients are spoilt on purpose. In the first picture the division by $m = 7$ is forgotten: everything is 7
# times too large, so the error of every matrix is 6. In the second one `W2` is transposed, which the shape of a square matrix
# does not give away, but its diagonal does; `B2` has lost its second dimension, and `B3` was never stored. Come back here when
# your own picture is not all blue.

# %%
with lab.still_to_do():
    example, (X_example, Y_example) = dnn.DNN((2, 3, 3, 1), seed=9), lab.two_moons(samples=7)
    measured = numerical_gradients(example, X_example, Y_example)

    undivided = {key: 7 * gradient for key, gradient in measured.items()}
    lab.draw_gradient_check(undivided, measured, "The division by m is forgotten")

    mixed = {**measured, "W2": measured["W2"].T, "B2": measured["B2"].ravel(), "B3": None}
    lab.draw_gradient_check(mixed, measured, "W2 is transposed, B2 is flat, B3 is missing")

# %% [markdown]
# ### Train it
#
# Two half moons that no straight line can part. With right gradients the loss falls by two orders of magnitude and the line
# where the output is 0.5 winds between the moons. What happens with fewer units, or with another learning rate?

# %%
X_moons, Y_moons = lab.two_moons(samples=200, seed=2)

with lab.still_to_do():
    moons = dnn.DNN((2, 8, 8, 1), seed=0)
    losses = moons.fit(X_moons, Y_moons, learning_rate=2.0, epochs=2000)
    print(f"{np.mean(moons.predict(X_moons) == Y_moons):.1%} of the samples are on the right side.")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    lab.draw_loss(left, losses)
    lab.draw_boundary(right, lambda points: moons.forward(points)[0], X_moons, Y_moons)

# BEGIN PART extension
# %% [markdown]
# ## Part 3: the extension (`extension.py`)

# %%
_ = check.main(["extension"])

# %% [markdown]
# ### Softmax
#
# Adding the same number to a whole column changes nothing, however large it is. Both lines must be the same, without a `nan`.

# %%
import extension

Z = np.array([[1.0], [2.0], [3.0]])

with lab.still_to_do():
    print(extension.softmax(Z).ravel())
    print(extension.softmax(Z + 1000).ravel())

# %% [markdown]
# The same gradient check, for a batch of three classes. A column of $Y$ is one-hot.

# %%
X_classes = rng.normal(size=(2, 7))
Y_classes = np.eye(3)[:, [0, 1, 2, 0, 1, 2, 0]]

gradient_check(extension.SoftmaxDNN((2, 4, 3), seed=1), X_classes, Y_classes, "SoftmaxDNN")

# %%
gradient_check(extension.SquaredErrorSoftmaxDNN((2, 4, 3), seed=1), X_classes, Y_classes, "SquaredErrorSoftmaxDNN")

# %% [markdown]
# ### Other activations
#
# One of each: tanh, relu, sigmoid. The relu has a kink at 0. A measurement that straddles it is wrong although your gradient is
# right, but that takes a $Z$ within about $h$ of 0, which is rare.

# %%
X_general = rng.normal(size=(2, 7))
Y_general = np.array([[1.0, 0, 1, 0, 0, 1, 1]])

gradient_check(extension.GeneralDNN((2, 4, 3, 1), seed=2), X_general, Y_general, "GeneralDNN")

# %% [markdown]
# ### The worked example, and the convention of the notes
#
# The 4-4-2 network by hand: compare with your paper.

# %%
with lab.still_to_do():
    for name, value in extension.worked_example().items():
        print(f"{name:10}", np.round(np.ravel(value), 6))

# %% [markdown]
# In the notes a weight matrix is the transpose of ours. So are the gradients: here the measured ones of Part 2, turned round,
# are compared with what `notes_gradients` says about the same network.

# %%
with lab.still_to_do():
    layers = range(1, net.num_layers + 1)
    params = {f"w{layer}": net.params[f"W{layer}"].T for layer in layers}
    params |= {f"b{layer}": net.params[f"B{layer}"] for layer in layers}
    found = extension.notes_gradients(params, X, Y)
    measured = numerical_gradients(net, X, Y)
    turned = {f"dJd{key.lower()}": value.T if key[0] == "W" else value for key, value in measured.items()}
    lab.draw_gradient_check(found, turned, "notes_gradients")

# %% [markdown]
# ### Three classes
#
# Three arms wound around each other, and for every point of the plane the class to which `SoftmaxDNN` gives the largest share.

# %%
X_arms, Y_arms = lab.three_arms(samples=300, seed=1)

with lab.still_to_do():
    arms = extension.SoftmaxDNN((2, 12, 12, 3), seed=0)
    losses = arms.fit(X_arms, Y_arms, learning_rate=1.0, epochs=2000)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    lab.draw_loss(left, losses)
    lab.draw_regions(right, lambda points: arms.forward(points)[0], X_arms, Y_arms)

# END PART
# %% [markdown]
# ## What to hand in
#
# Hand in <!-- the files to submit -->. Nothing else is graded: not this notebook either.
#
# When every line above says that it passed, you have passed the *public* checks. Your hand-in is graded with further ones, on
# other batches, depths and widths. So before you hand in, change `layer_sizes` in Part 2, to `(3, 5, 4, 2)` for instance, and
# see whether everything still agrees.
