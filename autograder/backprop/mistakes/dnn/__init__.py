"""The mistakes that are made in dnn.py."""

from autograder.backprop.mistakes.dnn.averages import AVERAGES
from autograder.backprop.mistakes.dnn.chain import CHAIN
from autograder.backprop.mistakes.dnn.contract import PLUMBING
from autograder.backprop.mistakes.dnn.fit import WHOLE
from autograder.backprop.mistakes.dnn.forward import PASS
from autograder.backprop.mistakes.dnn.products import PRODUCTS
from autograder.backprop.mistakes.dnn.steps import STEPS

MISTAKES = [*PASS, *AVERAGES, *CHAIN, *PRODUCTS, *PLUMBING, *WHOLE]

__all__ = ["MISTAKES", "STEPS"]
