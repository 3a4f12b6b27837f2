"""What `dask worker --preload tests.project.cluster_faults` breaks in a worker: its judge, for submissions of certain names."""

import os
import time

from autograder.judge.judge import Judge


def fail():
    raise RuntimeError("the grader breaks")


FAULTS = {"deadly": lambda: os._exit(1), "hanging": lambda: time.sleep(3600), "broken": fail}


def dask_setup(worker):
    whole = Judge.grade

    def grade(self, submission):
        FAULTS.get(submission.student, lambda: None)()
        return whole(self, submission)

    Judge.grade = grade
