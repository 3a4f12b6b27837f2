"""From a wrong tensor to the mistake that makes exactly this tensor, in words."""

from autograder.diagnosis.patterns import explain

__all__ = ["explain"]
