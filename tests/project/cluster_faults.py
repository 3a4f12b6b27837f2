"""What `dask worker --preload tests.project.cluster_faults` breaks in a worker: its judge, for submissions of certain names."""

import os
import threading
import time

from autograder.judge.judge import Judge


def fail():
    raise RuntimeError("the grader breaks")


FAULTS = {"deadly": lambda: os._exit(1), "hanging": lambda: time.sleep(3600), "broken": fail}


def dask_setup(worker):
    whole, alone = Judge.grade, threading.Lock()

    def grade(self, submission):
        FAULTS.get(submission.student, lambda: None)()
        if not alone.acquire(blocking=False):
            raise RuntimeError("two threads use one judge")
        try:
            return whole(self, submission)
        finally:
            alone.release()

    Judge.grade = grade
