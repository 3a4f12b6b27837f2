"""The mistakes in warmup.py, a table for each task."""

from autograder.backprop.mistakes.warmup.logistic import LOGISTIC_GRADIENTS
from autograder.backprop.mistakes.warmup.one_path import ONE_PATH
from autograder.backprop.mistakes.warmup.steps import STEPS
from autograder.backprop.mistakes.warmup.three_weights import THREE_WEIGHTS
from autograder.backprop.mistakes.warmup.two_paths import ARRAYS, TWO_PATHS

TABLES = (ONE_PATH, TWO_PATHS, ARRAYS, THREE_WEIGHTS, LOGISTIC_GRADIENTS)

__all__ = ["STEPS", "TABLES"]
