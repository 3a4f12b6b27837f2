"""The mistakes that are made in dnn.py."""

from autograder.diagnosis.catalogue.dnn.averages import AVERAGES
from autograder.diagnosis.catalogue.dnn.chain import CHAIN
from autograder.diagnosis.catalogue.dnn.contract import PLUMBING
from autograder.diagnosis.catalogue.dnn.fit import WHOLE
from autograder.diagnosis.catalogue.dnn.forward import PASS
from autograder.diagnosis.catalogue.dnn.products import PRODUCTS
from autograder.diagnosis.catalogue.dnn.steps import STEPS

MISTAKES = [*PASS, *AVERAGES, *CHAIN, *PRODUCTS, *PLUMBING, *WHOLE]

__all__ = ["MISTAKES", "STEPS"]
