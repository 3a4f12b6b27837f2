"""A backpropagation assignment for numpy, and its grader. `grade` is for everyone who wants neither folders nor a database."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.results import Result


def grade(path: str | Path, *, accept: Sequence[str] = ()) -> "Result":
    """Return the result of one submission: a folder, a zip or a single file, as a student hands it in.

    The marks are those of every other door; the student is the name of the folder or file. accept names what submissions need
    not be kept from on this machine ("files", "network", "processes"). Each call starts a sandbox and ends it; who has many
    submissions keeps one open: `with Judge() as judge: judge.grade(read(student, path, judge.assignment.graded_files))`.

    FileNotFoundError if there is nothing at the path; SettingsError if the course has no secret; WeakSandboxError if
    submissions cannot be kept from what they must be kept from. What a submission does raises nothing: it is in the result.
    """
    # The interpreter that student code is forked from imports this package too, and must know nothing of checks and secrets.
    from autograder.intake.read import read
    from autograder.intake.submission_ref import name_student
    from autograder.judge.judge import Judge
    from autograder.sandbox.host import Limits

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}: a submission is a folder, a zip or a .py file.")
    with Judge(Limits(accept=tuple(accept))) as judge:
        return judge.grade(read(name_student(path.absolute().name), path, judge.assignment.graded_files))
