"""The limits of a submission, apart from what enforces them: a digest of the checks needs them, but no sandbox."""

from dataclasses import dataclass

from autograder.skipped import STATEMENT_SECONDS

# Environment variables that numpy's libraries read when they are imported.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")

MAX_CHILDREN = 3  # of one submission at a time


@dataclass(frozen=True)
class Limits:
    """The limits of a submission; times are in seconds of wall-clock time unless noted otherwise."""

    call_seconds: float = 4.0
    statement_seconds: float = STATEMENT_SECONDS  # of processor time, for a top-level statement of a file
    import_seconds: float = 20.0  # for a file whose statements have used their processor time, on a busy machine
    submission_seconds: float = 60.0
    least_seconds: float = 0.1  # for a call, however often the submission has not finished in time
    strikes: int = 2  # a function that did not return this many times is not called again
    cpu_seconds: int = 60
    memory_bytes: int = 256 * 1024**2  # MAX_CHILDREN and the grader fit into the smallest of Gradescope's containers
    child_seconds: float = 240.0  # after this, the zygote ends a child, in case the judge hangs
    without: tuple[str, ...] = ()  # of `layers.LAYERS`, disabled to test the others
    accept: tuple[str, ...] = ()  # of `layers.MINIMUM`, accepted as missing
