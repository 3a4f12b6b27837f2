"""The judge as the platforms call it: `python -m autograder.platforms.apart SUBMISSION` prints a results.json.

So a platform's own process, which may run code of others, and the judge's are two.
"""

import sys
from pathlib import Path

from autograder.errors import AutograderError
from autograder.files import ACCEPTED
from autograder.intake.read import read
from autograder.judge.judge import Judge
from autograder.marks import mark_of
from autograder.report.gradescope import results_json
from autograder.sandbox import layers
from autograder.sandbox.host import Limits
from autograder.settings import Settings, read_settings

STUDENT = "submission"  # the platform knows who it is


def accepted() -> tuple[str, ...]:
    """Return what this package was built to accept that submissions are not kept from."""
    return layers.parse_dangers(ACCEPTED.read_text() if ACCEPTED.exists() else "")


def judge() -> Judge:
    """Return a judge that accepts what the package was built to accept; WeakSandboxError where the machine lacks more."""
    return Judge(Limits(accept=accepted()))


def shown_settings() -> Settings:
    """Return of the course's settings those on feedback: what becomes of a score is the platform's own business."""
    return Settings(feedback=read_settings().feedback)


def main(submission: Path) -> None:
    """Print the results.json of a submission, and the grader's own traceback, if there is one, to standard error."""
    with judge() as ready:
        result = ready.grade(read(STUDENT, submission, ready.assignment.graded_files))
    if result.fault:
        print(result.fault, file=sys.stderr)
    sys.stdout.write(results_json(mark_of(result, settings=shown_settings())))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except AutograderError as refusal:
        raise SystemExit(str(refusal)) from None
