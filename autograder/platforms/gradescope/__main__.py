"""`python -m autograder.platforms.gradescope ROOT` grades ROOT/submission; `--check` tries the grader out once."""

import sys
from functools import partial
from pathlib import Path

from autograder.errors import AutograderError
from autograder.files import atomic_write
from autograder.intake.read import Submission, read
from autograder.platforms.apart import STUDENT, judge
from autograder.platforms.gradescope.metadata import (
    Document,
    limited,
    marked,
    named,
    read_metadata,
    unless_bad,
    unmarked,
)
from autograder.report.gradescope import build_results, format_results
from autograder.results import Result
from autograder.settings import Gradescope, Settings, read_settings


def grade(root: Path) -> None:
    """Grade the one submission and write results.json in one step; what went wrong goes to stdout, for instructors alone."""
    settings = read_settings()
    asked = settings.gradescope != Gradescope()
    metadata = unless_bad(partial(read_metadata, root / "submission_metadata.json"), None) if asked else None
    document = build_results(unmarked(graded(root), settings)) if metadata is None else by_the_rules(root, metadata, settings)
    with atomic_write(root / "results/results.json") as file:
        file.write(format_results(document))


def graded(root: Path) -> Result:
    """Return the result of the submission."""
    with judge() as ready:
        result = ready.grade(read(STUDENT, root / "submission", ready.assignment.graded_files))
    if result.fault:
        print(result.fault)
    return result


def by_the_rules(root: Path, metadata: Document, settings: Settings) -> Document:
    """The results.json with what the course lets the metadata do; what the metadata does not say costs nobody anything."""
    document = unless_bad(partial(limited, metadata, settings.gradescope), None)
    if document is None:
        result = graded(root)
        mark = unless_bad(partial(marked, result, metadata, settings), None)
        document = build_results(mark or unmarked(result, settings))
    return unless_bad(partial(named, document, metadata, settings.gradescope), document)


def check() -> None:
    """Raise unless the assignment file can be used, the sandbox starts, and a submission comes through it."""
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
