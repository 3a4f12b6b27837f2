"""The mistakes in warmup.py, a table for each task."""

from autograder.backprop.mistakes.families import contract
from autograder.backprop.mistakes.warmup.logistic import LOGISTIC_GRADIENTS
from autograder.backprop.mistakes.warmup.one_path import ONE_PATH
from autograder.backprop.mistakes.warmup.steps import STEPS
from autograder.backprop.mistakes.warmup.three_weights import THREE_WEIGHTS
from autograder.backprop.mistakes.warmup.two_paths import ARRAYS, TWO_PATHS

WHOLE_FILE = {
    "warmup-waits-for-keyboard": contract.waits_for_keyboard("warmup.py"),
    "warmup-imports-torch": contract.imports_torch("warmup.py"),
}
TABLES = (ONE_PATH, TWO_PATHS, ARRAYS, THREE_WEIGHTS, LOGISTIC_GRADIENTS, WHOLE_FILE)

__all__ = ["STEPS", "TABLES"]
