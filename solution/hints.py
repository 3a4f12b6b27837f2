"""The hints of check.py, for each public check: first a question, then where to look, then the answer in words."""

HINTS = {
    # BEGIN PART warmup
    # warmup.py
    "example_exp_exp_square": (
        "There are three steps from x to y. What is the derivative of each step alone, at the value that goes into it?",
        "dh1/dx = 2x, dh2/dh1 = h2 and dy/dh2 = y. Are all three in your product?",
        "Compute h1, h2 and y first and keep them; dy/dx is the product of the three derivatives, nothing is added.",
    ),
    "example_reciprocal_exp_square": (
        "Does y grow or fall when x grows from 0.8? So which sign must the derivative have?",
        "Only the last step differs from exp_exp_square: the derivative of 1/h2 with respect to h2 is -1/h2^2.",
        "The product of -1/h2^2, h2 and 2x. Two of the three can be shortened to something you have already computed.",
    ),
    "example_two_paths": (
        "In how many ways does a change of x reach f?",
        "Along g1 it arrives as 2 times 2x, along g2 as 1 times 1.",
        "What arrives along different paths is added.",
    ),
    "example_three_weight_chain": (
        "What is dloss/dy_hat? Which sign has it when y_hat is too small?",
        "Walk back unit by unit: through a sigmoid you multiply by h(1 - h), through a weight by the weight. The gradient of a "
        "weight is what has arrived behind it times the value that went into it.",
        "Call dz3 what arrives before the last sigmoid. w3 takes dz3 times h2; dz2 is dz3 times w3 times the slope of h2; then "
        "the same once more.",
    ),
    "example_logistic_gradients": (
        "Which shapes must the four have: (1, m), (1, m), (1, 1) and (p, 1)? Which ones are averaged?",
        "z1 = w1^T X + b1 has the shape (1, m). dJdz1 = a1 - y keeps one column for each sample.",
        "b1 is shared by the samples: take the mean over axis 1 and keep that axis. The product X dJdz1^T adds up the samples "
        "already; divide it by m.",
    ),
    # END PART
    # dnn.py
    "example_output": (
        "Which of the five numbers is off? Take that column of X through the network with a pencil.",
        "Z_l = W_l A_{l-1} + B_l and A_l = sigmoid(Z_l), for every layer from 1 to L, the last one included.",
        "Print Z1 and compare it with CACHE in checks/test_dnn.py. Is the bias added? Is sigmoid applied once, to Z?",
    ),
    "example_cache_keys": (
        "Which variables will the backward pass ask for? For a network of three layers there are 13 of them.",
        'The key is the letter and the layer: f"Z{layer}". The input has the key "A0".',
        "Put A0 into the cache before the loop, and W, B, Z and A of the layer in each round.",
    ),
    "example_cache_values": (
        "The message names the first key that is wrong. What do you store under it, and when?",
        "Z is stored as it is before the activation, A after it, and A0 is X itself.",
        "If a later line writes into an array that is in the cache, the cache changes with it: compute into a new array.",
    ),
    "example_gradient_keys": (
        "A gradient has the key of its variable. What is the key of dW_3?",
        'dW_3 is grads["W3"], dZ_2 is grads["Z2"]. A_1 and A_2 have gradients too; A_0 needs none.',
        "Does your loop run down to layer 1? range(3, 0, -1) is 3, 2, 1.",
    ),
    "example_gradient_shapes": (
        "A gradient has the shape of its variable. Which variable has the shape that came?",
        "dZ_l is (n_l, m) and A_{l-1} is (n_{l-1}, m). Which of the two has to be transposed to make (n_l, n_{l-1})?",
        "For B: one number for each unit, in a column. keepdims=True keeps the second axis.",
    ),
    "example_output_Z": (
        "What is the derivative of the cross-entropy with respect to A_3, and what is the slope of the sigmoid?",
        "Multiply -Y/A + (1 - Y)/(1 - A) by A(1 - A) on paper. What is left?",
        "A_3 minus the labels, and the labels are in the cache.",
    ),
    "example_W": (
        "Which layer is the first wrong one on the way back? The message names it.",
        "dW_l takes dZ_l of its own layer and A of the layer below, so that its shape is that of W_l.",
        "The matrix product adds up the m samples; the loss is a mean. What is still owed?",
    ),
    "example_B": (
        "dZ_l has a column for each sample, and B_l is shared by the samples. What becomes of the columns?",
        "The mean over axis 1, with keepdims=True.",
        "It is dZ that is averaged, not dA: the bias is added before the activation.",
    ),
    "example_gradients": (
        "gradients(X, Y) only puts together what you have. In which order?",
        'compute_gradients expects the labels under cache["Y"]. Who puts them there?',
        "Run forward, put Y into the cache, return what compute_gradients returns.",
    ),
    # BEGIN PART extension
    # extension.py
    "example_softmax": (
        "Does each column of your result add up to 1? Classes are rows, samples are columns.",
        "Sum over axis 0 and keep that axis, so that the division runs down each column.",
        "Subtract the largest number of each column before np.exp; it changes nothing but the size of the numbers.",
    ),
    "example_softmax_forward": (
        "Your DNN's forward does nearly everything. Which one entry of the cache must be another?",
        "Z2 stays as it is; A2, and out with it, is the softmax of Z2.",
        "Call the forward of DNN, replace A of the last layer in the cache, and return it with the cache.",
    ),
    "example_cross_entropy": (
        "Each output depends on every Z of its column. What does the sum over all of them give when dA = -Y/A?",
        "softmax_backward with dA = -Y/A: the sum of A dA over a column is minus the sum of Y, and Y is one-hot.",
        "It is A - Y again. So what has to change in the gradients below it?",
    ),
    "example_squared_error": (
        "Is it the loss or dZ that is wrong? There is no factor 1/2 in this loss.",
        "dA = 2 (A - Y). From there to dZ it takes the whole Jacobian of the softmax: the diagonal alone is not enough.",
        "dZ_j = A_j (dA_j - the sum over k of A_k dA_k), in every column.",
    ),
    "example_worked_forward": (
        "The first half of the notes' example is right to two digits. Which of your numbers differs from theirs?",
        "a1 = W1 x, h1 = sigmoid(a1), a2 = W2 h1, y_hat = softmax(a2); x is a column.",
        "The dict needs seven keys: the four vectors, and the three numbers you put right.",
    ),
    "example_activations": (
        "Both functions of a pair take Z. Which slope is written with A in the lecture, and what must it be with Z?",
        "The slope of tanh at Z is 1 - tanh(Z)^2; that of relu is 1 where Z is positive, else 0.",
        "Comparing makes a new array: Z > 0. Writing into Z changes the caller's array.",
    ),
    "example_general": (
        "Which is the first wrong one: an A of the forward pass, or a dZ of the backward pass?",
        "dZ_l = dA_l times the slope of layer l's own activation at Z_l. Is the slope that of layer l, not of the layer above?",
        "ACTIVATIONS[name] is a pair: the function for forward, its slope for the way back. activations[0] belongs to layer 1.",
    ),
    "example_notes": (
        "w_l is (n_{l-1}, n_l) here. Which products need a transpose that they did not need before, and the other way round?",
        "z_l = w_l^T a_{l-1} + b_l; on the way back dJda_{l-1} = w_l dJdz_l, without a transpose.",
        "dJdw_l = a_{l-1} dJdz_l^T / m has the shape of w_l. dJdz and dJda are not averaged.",
    ),
    # END PART
}
