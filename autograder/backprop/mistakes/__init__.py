"""The catalogue of mistakes: a table for each part, a row for each mistake."""

from autograder.backprop.mistakes import dnn, extension, warmup
from autograder.diagnosis.mistake import Mistake, Step

STEPS: dict[str, dict[str, Step]] = {"warmup": warmup.STEPS, "dnn": dnn.STEPS, "extension": extension.STEPS}
MISTAKES: dict[str, list[Mistake]] = {"warmup": warmup.MISTAKES, "dnn": dnn.MISTAKES, "extension": extension.MISTAKES}

__all__ = ["MISTAKES", "STEPS", "Mistake", "Step"]
