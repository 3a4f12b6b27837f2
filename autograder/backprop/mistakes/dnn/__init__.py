"""The mistakes in dnn.py."""

from autograder.backprop.mistakes.dnn.averages import AVERAGES
from autograder.backprop.mistakes.dnn.contract import CONTRACT
from autograder.backprop.mistakes.dnn.derivatives import DERIVATIVES
from autograder.backprop.mistakes.dnn.fit import FIT
from autograder.backprop.mistakes.dnn.forward import FORWARD_PASS
from autograder.backprop.mistakes.dnn.products import PRODUCTS
from autograder.backprop.mistakes.dnn.steps import STEPS

TABLES = (FORWARD_PASS, AVERAGES, DERIVATIVES, PRODUCTS, CONTRACT, FIT)

__all__ = ["STEPS", "TABLES"]
