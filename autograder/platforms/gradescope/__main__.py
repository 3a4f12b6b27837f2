"""`python -m autograder.platforms.gradescope ROOT` grades ROOT/submission; `--check` tries the grader out once."""

import sys
from pathlib import Path

from autograder.course import CourseError
from autograder.intake import Submission, read
from autograder.platforms.apart import STUDENT, judge
from autograder.report.gradescope import results_json
from autograder.sandbox.layers import WeakSandboxError


def grade(root: Path) -> None:
    """Grade the one submission and write results.json in one step; what went wrong goes to stdout, for instructors alone."""
    with judge() as ready:
        result = ready.grade(read(STUDENT, root / "submission"))
    if result.fault:
        print(result.fault)
    draft = root / "results/results.json.part"
    draft.write_text(results_json(result), encoding="utf-8")
    draft.replace(root / "results/results.json")


def check() -> None:
    """Raise unless the sandbox starts and a submission comes through it."""
    with judge() as ready:
        result = ready.grade(Submission(STUDENT, {"dnn": b"class DNN: pass"}))
    if result.status != "graded":
        raise SystemExit(result.fault)


if __name__ == "__main__":
    try:
        check() if sys.argv[1] == "--check" else grade(Path(sys.argv[1]))
    except (CourseError, WeakSandboxError) as refusal:
        raise SystemExit(str(refusal)) from None
