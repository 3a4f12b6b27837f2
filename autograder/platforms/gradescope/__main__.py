"""`python -m autograder.platforms.gradescope ROOT` grades ROOT/submission; `--check` tries the grader out once."""

import sys
from functools import partial
from pathlib import Path

from autograder.course import CourseError, Gradescope, read_gradescope
from autograder.intake import Submission, read
from autograder.platforms.apart import STUDENT, judge
from autograder.platforms.gradescope.metadata import Document, late, limited, named, read_metadata, unless_bad
from autograder.report.gradescope import document_of, written
from autograder.sandbox.layers import WeakSandboxError


def grade(root: Path) -> None:
    """Grade the one submission and write results.json in one step; what went wrong goes to stdout, for instructors alone."""
    settings = read_gradescope()
    metadata = unless_bad(partial(read_metadata, root / "submission_metadata.json"), None) if settings else None
    document = graded(root) if settings is None or metadata is None else by_the_rules(root, metadata, settings)
    draft = root / "results/results.json.part"
    draft.write_text(written(document), encoding="utf-8")
    draft.replace(root / "results/results.json")


def graded(root: Path) -> Document:
    """The results.json of the submission."""
    with judge() as ready:
        result = ready.grade(read(STUDENT, root / "submission"))
    if result.fault:
        print(result.fault)
    return document_of(result)


def by_the_rules(root: Path, metadata: Document, settings: Gradescope) -> Document:
    """The same with what the course lets the metadata do; what the metadata does not say costs nobody anything."""
    document = unless_bad(partial(limited, metadata, settings), None)
    if document is None:
        document = graded(root)
        document = unless_bad(partial(late, document, metadata, settings), document)
    return unless_bad(partial(named, document, metadata, settings), document)


def check() -> None:
    """Raise unless the course file can be used, the sandbox starts, and a submission comes through it."""
    read_gradescope()
    with judge() as ready:
        result = ready.grade(Submission(STUDENT, {"dnn": b"class DNN: pass"}))
    if result.status != "graded":
        raise SystemExit(result.fault)


if __name__ == "__main__":
    try:
        check() if sys.argv[1] == "--check" else grade(Path(sys.argv[1]))
    except (CourseError, WeakSandboxError) as refusal:
        raise SystemExit(str(refusal)) from None
