"""The catalogue of mistakes: a table for each part, a row for each mistake."""

from autograder.diagnosis.catalogue import dnn
from autograder.diagnosis.catalogue.row import Mistake, Step

STEPS: dict[str, dict[str, Step]] = {"dnn": dnn.STEPS}
MISTAKES: dict[str, list[Mistake]] = {"dnn": dnn.MISTAKES}

__all__ = ["MISTAKES", "STEPS", "Mistake", "Step"]
