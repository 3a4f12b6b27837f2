"""`dask worker --preload tests.project.cluster_forgeries` starts a worker that returns forged results."""

from dataclasses import replace

from autograder import cluster
from autograder.gradebook.digest import content_digest
from autograder.intake.read import Submission

EARLIER = {"warmup": b"def two_paths(x):\n    return 1, 1\n"}  # what a student handed in before


def forge(change):
    """Return a function that changes the first check of a result."""
    return lambda content, result: (content, replace(result, checks=(change(result.checks[0]), *result.checks[1:])))


FORGERIES = {
    "of a neighbor": lambda content, result: (content, replace(result, student="ada")),
    "of an earlier submission": lambda _, result: (content_digest(Submission(result.student, EARLIER)), result),
    "with more points": forge(lambda check: replace(check, points=1000.0)),
    "with more than all points": forge(lambda check: replace(check, worth=1e9)),
    "with points for nothing": forge(lambda check: replace(check, passed=False, partial=float("inf"))),
    "that is no number": forge(lambda check: replace(check, worth=float("nan"))),
    "with text for points": forge(lambda check: replace(check, worth="all")),
    "with one check": lambda content, result: (content, replace(result, checks=result.checks[:1])),
    "without checks": lambda content, result: (content, replace(result, checks=())),
    "of an older worker": lambda _, result: result,
    "nothing": lambda *_: None,
    "ten megabytes": lambda *_: bytes(10_000_000),
}


def dask_setup(worker):
    graded = cluster.grade_here

    def grade_here(submission, limits, parts):
        """Forge what is asked for by the name of the submission."""
        content, result = graded(submission, limits, parts)
        return FORGERIES.get(submission.student, lambda *both: both)(content, result)

    cluster.grade_here = grade_here
