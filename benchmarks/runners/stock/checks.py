"""The checks of the course, each called by its name; the tools find this file as the package `course`."""

import importlib
import os
import random

import numpy as np
from course.at_home import LocalStudent
from course.cases import sample_cases
from course.checking import collect_checks
from course.rubric import RUBRIC
from course.settings import read_secret

SECRET = os.environ["GRADER_SECRET"]  # what a submission must not get to know, in the memory of whoever runs the checks
MODULES = (
    "public.test_warmup",
    "hidden.test_warmup",
    "public.test_dnn",
    "hidden.test_forward",
    "hidden.test_compute_gradients",
    "hidden.test_gradients_and_fit",
    "public.test_extension",
    "hidden.test_extension",
)


class Student(LocalStudent):
    """The student's files, imported into this process, with the random state that hidden checks ask for."""

    def random_state(self):
        """Return the global random state of numpy and of Python, as something that can be compared."""
        _, keys, position, *_ = np.random.get_state()
        return [keys, position, hash(random.getstate())]

    def stirred_random_state(self):
        """Return the global random state after a draw."""
        np.random.random()
        random.random()
        return self.random_state()


STUDENT = Student()
modules = [importlib.import_module(f"course.{module}") for module in MODULES]
CHECKS = {
    f"{check.part}.{check.name}": check.run
    for check in collect_checks(modules, RUBRIC, cases=sample_cases(read_secret().encode()))
}


def check(name):
    """Run one check; it raises when the student's code does not pass."""
    with np.errstate(all="ignore"):
        CHECKS[name](STUDENT)
