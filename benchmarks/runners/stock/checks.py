"""The checks of the course, each called by its name; the tools find this file as the package `course`."""

import importlib
import os
import random

import numpy as np
from course.running import LocalStudent

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
        """The global random state of numpy and of Python, as something that can be compared."""
        _, keys, position, *_ = np.random.get_state()
        return [keys, position, hash(random.getstate())]

    def stirred_random_state(self):
        """The global random state after a draw."""
        np.random.random()
        random.random()
        return self.random_state()


STUDENT = Student()
CHECKS = {
    f"{function.check.part}.{function.check.name}": function
    for module in MODULES
    for function in vars(importlib.import_module(f"course.{module}")).values()
    if hasattr(function, "check")
}


def check(name):
    """Run one check; it raises when the student's code does not pass."""
    with np.errstate(all="ignore"):
        CHECKS[name](STUDENT)
