"""Faults of the grader that the tests put into worker processes, which import them from here."""

import os

from autograder import workers


def break_for_bob(submission):
    """Grade everybody but bob."""
    if submission.student == "bob":
        raise RuntimeError("the grader breaks")
    return workers.grade_one(submission)


def die_for_bob(submission):
    """Grade everybody but bob, whose submission ends the worker."""
    if submission.student == "bob":
        os._exit(1)
    return workers.grade_one(submission)


def start_no_judge(limits):
    """Fail as a machine does on which no sandbox starts."""
    raise RuntimeError("this machine has no sandbox")
