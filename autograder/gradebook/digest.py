"""What a result depends on, as two digests: the submission, and everything that it is graded with."""

import hashlib
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from autograder.files import ROOT, source_files
from autograder.intake.read import Submission
from autograder.sandbox.host import Limits
from autograder.settings import read_assignment, read_secret

# All of the engine that makes a result. A change elsewhere, in a report or an integration, changes no result.
GRADING = (
    *("autograder/assignment.py", "autograder/checking.py", "autograder/student.py", "autograder/results.py"),
    *("autograder/text.py", "autograder/judge", "autograder/diagnosis", "autograder/sandbox"),
)
REPORTS = ("autograder/report", "autograder/marks.py")
LIBRARIES = ("numpy", "msgpack", "greenlet")


def checks_digest(limits: Limits) -> str:
    """Return the digest of checks, catalog, sandbox, limits, libraries and the course's secret; SettingsError if there is none.

    Two machines that agree in it give a submission the same result.
    """
    return digest(("limits", repr(limits).encode()), *((name, value.encode()) for name, value in checks_parts().items()))


def checks_parts() -> dict[str, str]:
    """What the digest is made of but for the limits, by name: digests and versions; SettingsError if there is no secret."""
    return {
        "the grader's files": digest(*files([*(ROOT / place for place in GRADING), *assignment_places()])),
        "the secret": digest(("secret", read_secret().encode())),
        "Python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }


def reports_digest() -> str:
    """Return the digest of what makes a student's files of a result."""
    return digest(*files(ROOT / place for place in REPORTS))


def assignment_places() -> Iterator[Path]:
    """Yield the folders and files of the assignment that make a result."""
    assignment = read_assignment()
    yield from assignment.sources
    yield from (assignment.starter / f"{part}.py" for part in assignment.part_names)


def files(places: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the files in some places, by name."""
    for file in (file for place in places for file in source_files(place)):
        yield file.relative_to(ROOT).as_posix(), file.read_bytes()


def content_digest(submission: Submission) -> str:
    """Return the digest of what was handed in, as it was read; the student's name is no part of it."""
    return digest(
        *((f"source {part}", source) for part, source in sorted(submission.sources.items())),
        *((f"problem {part}", problem.encode()) for part, problem in sorted(submission.problems.items())),
        ("reason", submission.reason.encode()),
        *(("note", note.encode()) for note in submission.notes),
    )


def digest(*named: tuple[str, bytes]) -> str:
    """One digest of several things, none of which can pass for two."""
    whole = hashlib.sha256()
    for piece in pieces(named):
        whole.update(len(piece).to_bytes(8, "big") + piece)
    return whole.hexdigest()


def pieces(named: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Names and contents in turn."""
    for name, content in named:
        yield name.encode()
        yield content
