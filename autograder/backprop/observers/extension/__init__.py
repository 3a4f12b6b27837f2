"""Everything there is to see of a student's extension.py: its functions, its networks, and what they change."""

from autograder.backprop.observers.extension.observe import observe_extension

__all__ = ["observe_extension"]
