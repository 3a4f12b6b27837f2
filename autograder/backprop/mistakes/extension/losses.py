"""The two losses of a softmax, and dZ of the output layer under each of them."""

from autograder.diagnosis.mistake import Mistake

ERROR = 'out - cache["Y"]'
FULL = f"softmax_backward(2 * ({ERROR}), out)"
LOSSES = [
    Mistake(
        "loss: log of 0",
        {"cross-entropy loss": "float(-np.mean(np.sum(Y * np.log(out), axis=0)))"},
        "What is 0 times the logarithm of 0?",
        "Look at the logarithm in SoftmaxDNN.loss, where an output is exactly 0.",
        "Keep the output away from 0 before the logarithm, for instance with np.clip.",
    ),
    Mistake(
        "loss: a sum",
        {"cross-entropy loss": "float(-np.sum(Y * np.log(np.clip(out, 1e-300, 1))))"},
        "Is J a sum over the samples, or their mean?",
        "Look at SoftmaxDNN.loss: nothing is divided by m.",
        "Sum over the classes, mean over the samples.",
    ),
    Mistake(
        "loss: a mean over the classes",
        {"cross-entropy loss": "float(-np.mean(Y * np.log(np.clip(out, 1e-300, 1))))"},
        "Over which axis does J take the mean?",
        "Look at SoftmaxDNN.loss: the classes are averaged too.",
        "Sum over the classes, mean over the samples.",
    ),
    Mistake(
        "loss: sign",
        {"cross-entropy loss": "float(np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))"},
        "Is the logarithm of a probability positive or negative?",
        "Look at the sign of SoftmaxDNN.loss.",
        "L_i is minus the sum of y_k log a_k.",
    ),
    Mistake(
        "loss: binary",
        {},
        "What does the binary cross-entropy add for the classes whose label is 0?",
        "Look at SoftmaxDNN.loss: it is that of DNN.",
        "With a softmax the loss is minus the sum of y_k log a_k, and no more.",
        name="the loss of `DNN`",
        shows={
            "cross-entropy loss": "float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-12, 1 - 1e-12))"
            " + (1 - Y) * np.log(1 - np.clip(out, 1e-12, 1 - 1e-12)), axis=0)))"
        },
        edits=(
            (
                "return float(-np.mean(np.sum(Y * np.log(np.clip(out, 1e-300, 1)), axis=0)))",
                "return super().loss(out, Y)",
            ),
        ),
    ),
    Mistake(
        "S2",
        {"cross-entropy dZ": '-cache["Y"] * (1 - out)'},
        "Do the classes whose label is 0 stay where they are?",
        "Look at dZ of the output layer of SoftmaxDNN: only the diagonal of the Jacobian is there.",
        "With the cross terms it is A - Y: every Z moves.",
    ),
    Mistake(
        "S4",
        {"cross-entropy dZ": f"2 * ({ERROR}) * out * (1 - out)"},
        "To which loss does this dZ belong?",
        "Look at dZ of the output layer of SoftmaxDNN: it is that of a squared error.",
        "With the cross-entropy it is A - Y.",
    ),
    Mistake(
        "S4 full",
        {"cross-entropy dZ": FULL},
        "To which loss does this dZ belong?",
        "Look at dZ of the output layer of SoftmaxDNN: it is that of the squared error.",
        "With the cross-entropy dA is -Y / A, and dZ becomes A - Y.",
    ),
    Mistake(
        "S11",
        {"cross-entropy dZ": 'out - np.argmax(cache["Y"], axis=0)'},
        "Which shape has Y: one number a sample, or a column?",
        "Look at dZ of the output layer of SoftmaxDNN: the number of a class is subtracted from every row.",
        "Y is one-hot, (K, m), like A: dZ is A - Y.",
    ),
    Mistake(
        "SoftmaxDNN: averages dZ",
        {"cross-entropy dZ": f"({ERROR}) / out.shape[1]"},
        "In how many places do you divide by m?",
        "Look at dZ of the output layer of SoftmaxDNN: it is divided already, and dW and dB divide again.",
        "dZ stays per sample: A - Y.",
    ),
    Mistake(
        "SoftmaxDNN: sign",
        {"cross-entropy dZ": 'cache["Y"] - out'},
        "If an output is too large, should its gradient be positive or negative?",
        "Look at the order of the subtraction in dZ of SoftmaxDNN.",
        "dZ is A - Y.",
    ),
    Mistake(
        "SoftmaxDNN: twice",
        {"cross-entropy dZ": f"2 * ({ERROR})"},
        "Where does the 2 come from? Is anything squared in this loss?",
        "Look at dZ of the output layer of SoftmaxDNN.",
        "The 2 belongs to the squared error. Here dZ is A - Y.",
    ),
    Mistake(
        "SoftmaxDNN: still dA",
        {"cross-entropy dZ": '-cache["Y"] / out'},
        "Is that dZ, or still dA?",
        "Look at dZ of the output layer of SoftmaxDNN: it is the derivative by A.",
        "One link is missing, the Jacobian of the softmax. With it dZ is A - Y.",
    ),
    Mistake(
        "SoftmaxDNN: the chain divides by 0",
        {"cross-entropy dZ": 'softmax_backward(-cache["Y"] / out, out)'},
        "What is Y / A where A is exactly 0?",
        "Look at dZ of the output layer of SoftmaxDNN: it divides by A, and the Jacobian multiplies by it again.",
        "Cancel it on paper: dZ is A - Y, and nothing divides.",
    ),
    # the squared error
    Mistake(
        "S3",
        {"squared dZ": ERROR},
        "With which loss does a softmax have A - Y as its dZ?",
        "Look at dZ of the output layer of SquaredErrorSoftmaxDNN: it is that of the cross-entropy.",
        "The loss has changed: dA is 2 (A - Y), and the Jacobian of the softmax makes dZ of it.",
    ),
    Mistake(
        "S5",
        {"squared dZ": f"2 * ({ERROR})"},
        "Is that dZ, or still dA?",
        "Look at dZ of the output layer of SquaredErrorSoftmaxDNN: it is the derivative by A.",
        "One link is missing: dZ = softmax_backward(dA, A).",
    ),
    Mistake(
        "S7",
        {"squared dZ": f'2 * ({ERROR}) * out * (1 - cache[f"Z{{self.num_layers}}"])'},
        "What do the slopes of a softmax hold: its outputs or its inputs?",
        "Look at dZ of the output layer of SquaredErrorSoftmaxDNN: there is a Z in it.",
        "The Jacobian holds A's alone, and cross terms: dZ = softmax_backward(dA, A).",
    ),
    Mistake(
        "S12",
        {"squared loss": "float(np.mean((out - Y) ** 2))", "squared dZ": f"{FULL} / len(out)"},
        "Over which axis does J take the mean?",
        "Look at the squared error and at its dZ: the classes are averaged too.",
        "Sum over the classes, mean over the samples; the number of classes divides nothing.",
    ),
    Mistake(
        "squared loss: mean over the classes",
        {"squared loss": "float(np.mean((out - Y) ** 2))"},
        "Over which axis does J take the mean?",
        "Look at SquaredErrorSoftmaxDNN.loss: the classes are averaged too.",
        "Sum over the classes, mean over the samples.",
    ),
    Mistake(
        "S13",
        {
            "squared loss": "0.5 * float(np.mean(np.sum((out - Y) ** 2, axis=0)))",
            "squared dZ": f"softmax_backward(({ERROR}), out)",
        },
        "Is there a 1/2 in this loss?",
        "Look at the squared error and at its dZ: both are half of what is asked for.",
        "L_i is the sum of (a_k - y_k)^2, without 1/2; dA is 2 (A - Y).",
    ),
    Mistake(
        "squared loss: a sum",
        {"squared loss": "float(np.sum((out - Y) ** 2))"},
        "Is J a sum over the samples, or their mean?",
        "Look at SquaredErrorSoftmaxDNN.loss: nothing is divided by m.",
        "Sum over the classes, mean over the samples.",
    ),
    Mistake(
        "no 2 in dA",
        {"squared dZ": f"softmax_backward({ERROR}, out)"},
        "What is the derivative of a square?",
        "Look at dA in SquaredErrorSoftmaxDNN: its 2 is missing.",
        "dA is 2 (A - Y); the loss has no 1/2 that would cancel it.",
    ),
    Mistake(
        "squared error: sign",
        {"squared dZ": 'softmax_backward(2 * (cache["Y"] - out), out)'},
        "If an output is too large, should its gradient be positive or negative?",
        "Look at the order of the subtraction in SquaredErrorSoftmaxDNN.",
        "dA is 2 (A - Y).",
    ),
    Mistake(
        "S16",
        {"squared dZ": "np.diagflat(out[:, 0]) - out[:, :1] @ out[:, :1].T"},
        "Which shape has a Jacobian, and which has dZ?",
        "Look at dZ of SquaredErrorSoftmaxDNN: it is a matrix of classes by classes.",
        "Multiply the Jacobian by dA, sample by sample: dZ is (K, m).",
    ),
    Mistake(
        "loss: a square root",
        {"squared loss": "float(np.mean(np.sqrt(np.sum((out - Y) ** 2, axis=0))))"},
        "Is the loss a distance, or its square?",
        "Look at SquaredErrorSoftmaxDNN.loss: a root is taken.",
        "L_i is the sum of (a_k - y_k)^2 itself.",
    ),
]
