"""The mistakes that are made in extension.py."""

from autograder.diagnosis.catalogue.extension.activations import ACTIVATIONS
from autograder.diagnosis.catalogue.extension.losses import LOSSES
from autograder.diagnosis.catalogue.extension.notes import NOTES, WHOLE
from autograder.diagnosis.catalogue.extension.softmax import SOFTMAX
from autograder.diagnosis.catalogue.extension.steps import STEPS
from autograder.diagnosis.catalogue.extension.walk import WALK
from autograder.diagnosis.catalogue.extension.worked import WORKED

MISTAKES = [*SOFTMAX, *LOSSES, *WALK, *WORKED, *ACTIVATIONS, *NOTES, *WHOLE]

__all__ = ["MISTAKES", "STEPS"]
