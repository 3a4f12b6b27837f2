"""The hints of check.py where no known mistake explains a wrong value: first a question, then where to look.

They are found by the name of an exception, else by what the first wrong value is, else by the public check that fails. None of
them gives the answer away.
"""

HINTS = {
    # Exceptions
    "ValueError": (
        "Which two shapes meet in this line, and which shape should the result have?",
        "Print the `.shape` of each operand just before this line and compare it with the table of shapes in the hand-"
        "out. For a product, the two inner lengths have to be equal.",
    ),
    "KeyError": (
        "Who was supposed to store this key, and had that line run yet?",
        "Compare the key with those you have stored: print `list(cache)` or `list(grads)` before this line. If the number"
        " in it is not the number of a layer, look at the `range` of your loop.",
    ),
    "IndexError": (
        "How many axes does this array have, and how long is each of them?",
        "Print its `.shape` before this line. Samples are columns, so m is the length of axis 1.",
    ),
    "TypeError": (
        "What type does each value in this line have? One of them is not what you expect.",
        "Print `type(...)` of each value. A None usually comes from a function without a `return`; a dict, a tuple or a "
        "function may still need an index or a call.",
    ),
    "AttributeError": (
        "Which object is this attribute looked up on, and where should it have been set?",
        "Print `type(...)` of the object in front of the dot. Only what `__init__` sets is there on every network.",
    ),
    "NameError": (
        "Where does this function get the variable from?",
        "A function sees its arguments and what it assigns itself. A variable of your notebook is not there when your "
        "file is graded.",
    ),
    "UnboundLocalError": (
        "Is the variable assigned on every path that leads to this line?",
        "Look at the first iteration of the loop: the variable is read before anything has been assigned to it.",
    ),
    # warmup.py
    "example_exp_exp_square": (
        "There are three steps from x to y. What is the derivative of each step by itself, at the value that goes into it?",
        "Print h1, h2 and y for x = 0.8 and check them with a calculator first. Then check each of the three factors of dy_dx.",
    ),
    "example_reciprocal_exp_square": (
        "Does y grow or fall as x grows from 0.8? Which sign must the derivative have, then?",
        "Only the last step differs from exp_exp_square. Check the factor of that step by itself.",
    ),
    "example_two_paths": (
        "In how many ways does a change of x reach f?",
        "Write down what a small change of x adds to f along each path. What happens to the contributions where the paths"
        " meet?",
    ),
    "example_three_weight_chain": (
        "What is the derivative of the loss with respect to y_hat? Which sign does it have if y_hat is too small?",
        "Go backward one unit at a time, and compare the gradient of w3 first: it needs only the last unit. The gradient "
        "of a weight has one factor for every step between the weight and the loss.",
    ),
    "example_logistic_gradients": (
        "Which of the four keep one column per sample, and which are averages over the batch?",
        "Print the shape of each of them. Those of the gradients are the shapes of z1, b1 and w1.",
    ),
    # dnn.py: what is wrong first
    "forward": (
        "What does a caller expect from `out, cache = net.forward(X)`?",
        "Look at the `return` of `forward`: it returns two values, the output first and the dict second.",
    ),
    "cache keys": (
        "Which variables will the backward pass need? A network of three layers has 13 of them.",
        "Look at every line that stores something in the cache. The key is the letter and the number of the layer, "
        "starting at 1; the input is stored, too.",
    ),
    "A0": (
        "What goes into the first layer?",
        "Look at what you store under `A0`, and whether a later line changes that array.",
    ),
    "W": (
        "Does the cache hold the weights that this forward pass used?",
        "Look at what you store under the keys with W: it should be the array in `self.params`, unchanged.",
    ),
    "B": (
        "Does the cache hold the biases that this forward pass used?",
        "Look at what you store under the keys with B: it should be the array in `self.params`, unchanged.",
    ),
    "Z": (
        "Take the first column of X through this layer with a pencil. Which number comes out?",
        "Look at the line that computes Z: the product, its order, the bias, and the layer whose A goes in. Z is stored "
        "before you apply the activation.",
    ),
    "A": (
        "Z of this layer is correct. What still has to happen to it?",
        "Look at the line that computes A: which function is applied, to which value, and how often?",
    ),
    "compute_gradients": (
        "What should a caller get from `compute_gradients(out, cache)`, and where does it get the labels from?",
        "Look at the `return`, and at the line that reads the labels.",
    ),
    "gradient keys": (
        "A gradient has the key of its variable. Which variables should have one?",
        "Look at the lines that store into your dict, and at the layers your loop visits: print the layer in each iteration.",
    ),
    "output dZ": (
        "The backward pass starts here. What is the derivative of the loss of one sample with respect to Z of the last layer?",
        "Look at dZ of the output layer: check its sign and its factors. It has one column per sample, and nothing is "
        "averaged yet.",
    ),
    "hidden dA": (
        "Through which weights does a change of A reach the next layer?",
        "Look at the line that computes dA: which layer's weights and which layer's dZ does it use, and in which order?",
    ),
    "hidden dZ": (
        "dA of this layer is correct. Which factor is between dA and dZ?",
        "Look at the derivative of the activation: at which value, and of which layer? It is multiplied element by element.",
    ),
    "dW": (
        "dZ of this layer is correct. What else goes into dW, and is the result a sum over the samples or a mean?",
        "Look at the line that computes dW: which layer's A does it use, which factor is transposed, and what is it "
        "divided by?",
    ),
    "dB": (
        "dZ has one column per sample, but all samples share the bias. What becomes of the columns?",
        "Look at the line that computes dB: is it a sum or a mean, along which axis, and does the result keep two axes?",
    ),
    "gradients": (
        "`gradients(X, Y)` combines what you already have. In which order?",
        "Look at what `compute_gradients` expects in the cache, at who puts it there, and at the `return`.",
    ),
    # dnn.py: by the check
    "example_output": (
        "Which of the five outputs is wrong? Take that column of X through the network with a pencil.",
        "Print Z1 and compare it with the cache of the example in checks/example.py, then A1, and so on.",
    ),
    "example_cache_keys": (
        "Which variables will the backward pass need? A network of three layers has 13 of them.",
        "Look at every line that stores something in the cache. The input is stored, too.",
    ),
    "example_cache_values": (
        "The message names the first wrong key. What do you store under it, and when?",
        "If a later line writes into an array that is in the cache, the cache changes with it.",
    ),
    "practice_forward_again": (
        "What is left over from the first call? Look for attributes of self, and for a dict that is created outside `forward`.",
        "Create the cache inside `forward`, and read W and B from self.params on every call.",
    ),
    "practice_forward_large": (
        "np.exp overflows above 709. In which form of the sigmoid does that lead to infinity divided by infinity?",
        "Only one of 1 / (1 + exp(-Z)) and exp(Z) / (1 + exp(Z)) stays finite for a large Z. What about a very negative one?",
    ),
    "example_gradient_keys": (
        "A gradient has the key of its variable. Which variables should have one?",
        "Does your loop reach layer 1? Print the layer in each iteration.",
    ),
    "example_gradient_shapes": (
        "A gradient has the shape of its variable. Which variable has the shape you got?",
        "Write the shape of each factor next to it. What has to change so that the result has the expected shape?",
    ),
    "example_output_Z": (
        "What is the derivative of the loss of one sample with respect to Z of the last layer?",
        "Work it out on paper for a single output: first the derivative with respect to A, then the one of the activation.",
    ),
    "practice_A2": (
        "A2 reaches the loss through Z3 alone. Which matrix connects the two?",
        "Each unit of layer 2 feeds every unit of layer 3, and its paths add up. Over which axis of W3 is that a sum?",
    ),
    "practice_Z2": (
        "The sigmoid works on each element alone. So is this step a matrix product or an element-wise one?",
        "The derivative of the sigmoid can be written with its own value. Which A is that here?",
    ),
    "practice_A1": (
        "This is the step from dZ3 to dA2 again, one layer down. Which W and which dZ does your loop use here?",
        "W2 is square, so a product in the wrong order or a missing transpose raises no exception.",
    ),
    "practice_Z1": (
        "This is the step from dA2 to dZ2 again, one layer down. Which A does your loop use here?",
        "Print the keys that your loop reads and writes when it gets to layer 1.",
    ),
    "example_W": (
        "Which layer is the first wrong one in the backward pass? The message names it.",
        "Compare dZ of that layer first, then what dW makes of it.",
    ),
    "example_B": (
        "dZ has one column per sample, but all samples share the bias. What becomes of the columns?",
        "Compare dZ of that layer first, then what dB makes of it.",
    ),
    "practice_square": (
        "What is different in this network: the number of layers, of outputs, of samples? Which line of yours depends on that?",
        "Look at how you count the samples and the layers, and for numbers that are written out in your code.",
    ),
    "practice_gradients_again": (
        "What is left over from the first call: an attribute of self, a default argument, a `+=` on an array in the cache?",
        "Create `grads` inside the method, and take A, W and Y from the cache that the call is given.",
    ),
    "practice_gradients_large": (
        "Where do you divide? The outputs are exactly 0 or 1 here.",
        "The hand-out has a short form for dZ of the output layer, in which nothing is divided.",
    ),
    "example_gradients": (
        "`gradients(X, Y)` combines what you already have. In which order?",
        "Look at what `compute_gradients` expects in the cache, and at who puts it there.",
    ),
    # extension.py
    "example_softmax": (
        "Does each column of your result add up to 1? Classes are rows, samples are columns.",
        "Look at the axis you sum over, and at whether the sum keeps that axis for the division.",
    ),
    "example_softmax_forward": (
        "The forward pass of DNN does nearly everything. Which single entry of the cache has to change?",
        "Compare Z2 first: it stays as it is. Then look at what you store as A2, and at what you return.",
    ),
    "example_cross_entropy": (
        "Each output depends on every Z in its column. What is left of the sum when a column of Y is one-hot?",
        "Work out dZ for one column on paper. Compare it with dZ of a single sigmoid output.",
    ),
    "example_squared_error": (
        "Is the loss wrong, or dZ? This loss has no factor 1/2.",
        "Look at the step from dA to dZ: does it use the whole Jacobian of the softmax, or only its diagonal?",
    ),
    "example_worked_forward": (
        "The first half of the notes' example is correct to two digits. Which of your numbers differs from theirs?",
        "Compare a1 first, then h1, a2 and y_hat: each follows from the one before it.",
    ),
    "example_activations": (
        "Both functions of a pair take Z. Which derivative does the lecture write in terms of A?",
        "Compare the derivative with a small difference quotient at Z = 1. The functions must not write into Z.",
    ),
    "example_general": (
        "Which is the first wrong one: an A of the forward pass, or a dZ of the backward pass?",
        "Look at which layer each activation belongs to: activations[0] is that of layer 1.",
    ),
    "example_notes": (
        "w_l has the shape (n_{l-1}, n_l) here. Which products need a transpose now, and which no longer need one?",
        "Write the shape of each factor next to it, starting with z1.",
    ),
}
