"""The mistakes that are made in extension.py."""

from autograder.backprop.mistakes.extension.activations import ACTIVATIONS
from autograder.backprop.mistakes.extension.losses import LOSSES
from autograder.backprop.mistakes.extension.notes import NOTES, WHOLE
from autograder.backprop.mistakes.extension.softmax import SOFTMAX
from autograder.backprop.mistakes.extension.steps import STEPS
from autograder.backprop.mistakes.extension.walk import WALK
from autograder.backprop.mistakes.extension.worked import WORKED

MISTAKES = [*SOFTMAX, *LOSSES, *WALK, *WORKED, *ACTIVATIONS, *NOTES, *WHOLE]

__all__ = ["MISTAKES", "STEPS"]
