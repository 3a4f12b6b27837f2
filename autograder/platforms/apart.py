"""Run the judge for a platform: `python -m autograder.platforms.apart SUBMISSION` prints a results.json.

The judge gets a process of its own, because the platform's process may run other people's code.
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
from autograder.sandbox.limits import Limits
from autograder.settings import ACCEPT_PUBLIC, Settings, is_public, read_secret, read_settings

STUDENT = "submission"  # the platform knows the student's name


def accepted() -> tuple[str, ...]:
    """Return the missing protections that this package was built to accept."""
    return layers.parse_dangers(ACCEPTED.read_text() if ACCEPTED.exists() else "", ACCEPT_PUBLIC)


def warn_of_public_secret() -> str:
    """Return a warning for instructors if the package was built with the public example secret; "" otherwise."""
    if ACCEPT_PUBLIC not in accepted() or not is_public(read_secret()):
        return ""
    return (
        f"This package was built with the public example secret (ACCEPT={ACCEPT_PUBLIC}), so any student can find out which "
        "inputs the hidden checks use. Put a secret of your own into course.toml and build the package again."
    )


def judge() -> Judge:
    """Return a judge with the package's accepted protections missing; raise WeakSandboxError if the machine lacks others."""
    return Judge(Limits(accept=accepted()))


def shown_settings() -> Settings:
    """Return only the course's feedback settings, because the platform applies its own rules to scores."""
    return Settings(feedback=read_settings().feedback)


def main(submission: Path) -> None:
    """Grade a submission and print its results.json, and any traceback of the grader to standard error."""
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
