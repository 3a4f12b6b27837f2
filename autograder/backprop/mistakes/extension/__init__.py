"""The mistakes in extension.py."""

from autograder.backprop.mistakes.extension.activations import ACTIVATIONS, GENERAL_DNN
from autograder.backprop.mistakes.extension.backward_loop import BACKWARD_LOOP
from autograder.backprop.mistakes.extension.losses import CROSS_ENTROPY, SQUARED_ERROR
from autograder.backprop.mistakes.extension.notes import NOTES
from autograder.backprop.mistakes.extension.softmax import SOFTMAX, SOFTMAX_BACKWARD, SOFTMAX_FORWARD
from autograder.backprop.mistakes.extension.steps import STEPS
from autograder.backprop.mistakes.extension.worked_example import WORKED_EXAMPLE

TABLES = (
    *(SOFTMAX, SOFTMAX_BACKWARD, SOFTMAX_FORWARD),
    *(CROSS_ENTROPY, SQUARED_ERROR),
    *(BACKWARD_LOOP, WORKED_EXAMPLE, ACTIVATIONS, GENERAL_DNN, NOTES),
)

__all__ = ["STEPS", "TABLES"]
