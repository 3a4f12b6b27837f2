"""The checks of the course, each called by its name; the tools find this file as the package `course`."""

import copy
import importlib
import os
import random
from pathlib import Path

import numpy as np
from course.at_home import LocalStudent
from course.backprop.cases import sample_cases
from course.backprop.rubric import RUBRIC
from course.checking import collect_checks
from course.settings import read_secret

SECRET = os.environ["GRADER_SECRET"]  # what a submission must not get to know, in the memory of whoever runs the checks


class Student(LocalStudent):
    """The student's files, imported into this process, with what hidden checks ask for."""

    def fetch(self, *values):
        """Return copies of results: the checks compare them with what a later call makes of the originals."""
        return super().fetch(*map(copy.deepcopy, values))

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
modules = [
    importlib.import_module(f"course.{path.parent.name}.{path.stem}") for path in Path(__file__).parent.glob("*/test_*.py")
]
CHECKS = {
    f"{check.part}.{check.name}": check.run
    for check in collect_checks(modules, RUBRIC, cases=sample_cases(read_secret().encode()))
}


def check(name):
    """Run one check; it raises when the student's code does not pass."""
    with np.errstate(all="ignore"):
        CHECKS[name](STUDENT)
