"""`python -m autograder.platforms.gradescope ROOT` grades ROOT/submission; `--check` tests the grader once."""

import sys
from functools import partial
from pathlib import Path

from autograder.errors import AutograderError
from autograder.files import PUBLIC, atomic_write
from autograder.intake.read import Submission, read
from autograder.platforms.apart import STUDENT, judge, warn_of_public_secret
from autograder.platforms.gradescope.metadata import (
    NAME,
    Document,
    add_names,
    apply,
    limit_hand_ins,
    list_settings,
    mark,
    mark_without_time,
    read_metadata,
)
from autograder.report.gradescope import build_results, format_results
from autograder.results import Result
from autograder.settings import Gradescope, Settings, read_assignment, read_settings


def grade(root: Path) -> None:
    """Grade the submission and write results.json atomically; problems are printed to stdout, which only instructors see."""
    settings = read_settings()
    if warning := warn_of_public_secret():
        print(warning)
    metadata = None
    if settings.gradescope != Gradescope():
        metadata = apply(list_settings(settings.gradescope), partial(read_metadata, root / NAME), None)
    if metadata is None:
        document = build_results(mark_without_time(grade_submission(root), settings))
    else:
        document = apply_settings(root, metadata, settings)
    with atomic_write(root / "results/results.json", PUBLIC) as file:  # the platform may read it as another user
        file.write(format_results(document))


def grade_submission(root: Path) -> Result:
    """Grade the submission, and print notes and faults for instructors."""
    with judge() as ready:
        result = ready.grade(read(STUDENT, root / "submission", ready.assignment.graded_files))
    for line in filter(None, (*result.remarks, result.fault)):
        print(line)
    return result


def apply_settings(root: Path, metadata: Document, settings: Settings) -> Document:
    """Return the results.json with the course's rules on metadata applied; missing metadata never costs points."""
    limit = partial(limit_hand_ins, metadata, settings.gradescope, read_assignment().max_score, settings.feedback.hidden_checks)
    document = apply("[gradescope] hand_ins", limit, None)
    if document is None:
        result = grade_submission(root)
        marked = apply("[gradescope] late", partial(mark, result, metadata, settings), None)
        document = build_results(marked or mark_without_time(result, settings))
    return apply("[gradescope] names", partial(add_names, document, metadata, settings.gradescope), document)


def check() -> None:
    """Raise an error unless the course file can be used, the sandbox starts, and a submission can be graded."""
    read_settings()
    with judge() as ready:
        result = ready.grade(Submission(STUDENT, {ready.assignment.default_part: b"answer = 42"}))
    if result.status != "graded":
        raise SystemExit(result.fault)


if __name__ == "__main__":
    try:
        check() if sys.argv[1] == "--check" else grade(Path(sys.argv[1]))
    except AutograderError as refusal:
        raise SystemExit(str(refusal)) from None
