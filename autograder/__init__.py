"""A backpropagation assignment for numpy, and its grader. `grade` grades one submission without writing any files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.results import Result


def grade(path: str | Path, *, accept: Sequence[str] = ()) -> "Result":
    """Return the result of one submission: a folder, a zip or a single file, as the student submitted it.

    The score is the same as with every other integration, and the student is named after the folder or file. accept names the
    protections that may be missing on this machine ("files", "network", "processes"). Each call starts a sandbox and ends it.
    For many submissions, keep one open: `with Judge() as judge: judge.grade(read(student, path,
    judge.assignment.graded_files))`.

    Raise FileNotFoundError if nothing is at the path, SettingsError if the course has no secret, and WeakSandboxError if this
    machine lacks protections that were not accepted. Errors in a submission are never raised; they are in the result.
    """
    # Imported here, because the interpreter that student code is forked from imports this package and must not load the checks.
    from autograder.intake.read import read
    from autograder.intake.submission_ref import name_student
    from autograder.judge.judge import Judge
    from autograder.sandbox.limits import Limits

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}: a submission is a folder, a zip or a .py file.")
    with Judge(Limits(accept=tuple(accept))) as judge:
        return judge.grade(read(name_student(path.absolute().name), path, judge.assignment.graded_files))
