"""The two digests that a result depends on: one of the submission, and one of everything it is graded with."""

import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.files import ROOT, source_files
from autograder.intake.read import Submission
from autograder.sandbox.limits import Limits
from autograder.settings import read_assignment, read_secret

# The parts of the engine that a result depends on. Changes elsewhere, in a report or an integration, change no result.
GRADING = (
    *("autograder/assignment.py", "autograder/checking.py", "autograder/library.py", "autograder/processor_time.py"),
    *("autograder/results.py", "autograder/skipped.py", "autograder/statements.py", "autograder/student.py"),
    *("autograder/text.py", "autograder/judge", "autograder/diagnosis", "autograder/sandbox", "autograder/tracing"),
)
REPORTS = ("autograder/report", "autograder/marks.py")
LIBRARIES = ("numpy", "msgpack", "greenlet")


def checks_digest(limits: Limits) -> str:
    """Return the digest of checks, sandbox, limits, libraries and the course's secret; raise SettingsError without a secret.

    Two machines with the same digest give a submission the same result.
    """
    return digest(("limits", repr(limits).encode()), *((name, value.encode()) for name, value in checks_parts().items()))


def checks_parts() -> dict[str, str]:
    """Return the parts of the digest except the limits: digests and versions by name; raise SettingsError without a secret."""
    return {
        "the grader's files": digest(*files([*(ROOT / place for place in GRADING), *assignment_places()])),
        "the secret": digest(("secret", read_secret().encode())),
        "Python": platform.python_version(),
        **{library: find_version(library) for library in LIBRARIES},
    }


def find_version(library: str) -> str:
    """Return the version of an installed library. The name of its metadata's folder tells it faster than its content."""
    for place in map(Path, sys.path):
        for found in place.glob(f"{library}-*.dist-info"):
            return found.name.removeprefix(f"{library}-").removesuffix(".dist-info")
    from importlib.metadata import version  # there are other kinds of metadata

    return version(library)


def reports_digest() -> str:
    """Return the digest of the code that turns a result into a student's files."""
    return digest(*files(ROOT / place for place in REPORTS))


def assignment_places() -> Iterator[Path]:
    """Yield the folders and files of the assignment that a result depends on."""
    assignment = read_assignment()
    yield from assignment.sources
    yield from (assignment.starter / f"{part}.py" for part in assignment.part_names)


def files(places: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the files in some places, by name."""
    for file in (file for place in places for file in source_files(place)):
        yield file.relative_to(ROOT).as_posix(), file.read_bytes()


def content_digest(submission: Submission) -> str:
    """Return the digest of a submission's content as it was read, without the student's name."""
    return digest(
        *((f"source {part}", source) for part, source in sorted(submission.sources.items())),
        *((f"problem {part}", problem.encode()) for part, problem in sorted(submission.problems.items())),
        ("reason", submission.reason.encode()),
        *(("note", note.encode()) for note in submission.notes),
    )


def digest(*named: tuple[str, bytes]) -> str:
    """Return one digest of several named contents, framed by their lengths so that no two lists give the same bytes."""
    whole = hashlib.sha256()
    for piece in pieces(named):
        whole.update(len(piece).to_bytes(8, "big") + piece)
    return whole.hexdigest()


def pieces(named: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield names and contents alternately."""
    for name, content in named:
        yield name.encode()
        yield content
