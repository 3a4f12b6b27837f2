"""What the tests share: a judge, the student whose files are the solution, and a way to grade a source."""

import zlib

import pytest

from autograder.intake import Submission
from autograder.judge.judge import Judge
from autograder.results import PARTS
from autograder.sandbox.host import Limits
from tests.golden.programs import solutions

QUICK = Limits(call_seconds=1.0, import_seconds=2.0, submission_seconds=20.0)


# They build in the same folders.
BUILDING = {
    "test_build.py",
    "test_doors.py",
    "test_faults.py",
    "test_grade.py",
    "test_gradescope.py",
    "test_otter.py",
    "test_packages.py",
    "test_settings.py",
}


SLOW = BUILDING | {"test_cluster.py", "test_copies.py", "test_nbgrader.py", "test_pages.py"}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Keep the tests of a file on one worker, for they share what they set up; the many of the attacks are dealt out.

    Those that take longest come first, so that no worker is alone with them in the end.
    """
    for item in items:
        parameters = getattr(item, "callspec", None)
        layer = parameters.params.get("weakened") if parameters else None
        share = zlib.crc32(item.name.encode()) % 8 if item.originalname == "test_attack_in_a_batch" else layer
        group = "building" if item.path.name in BUILDING else f"{item.path.name} {share}"
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.name not in SLOW)


@pytest.fixture(scope="session")
def judge():
    with Judge(QUICK) as judge:
        yield judge


@pytest.fixture
def student(judge):
    """The solution in the sandbox: every graded check must pass on it."""
    with judge.sandbox.session(solutions()) as session:
        yield session


@pytest.fixture
def grade(judge):
    """Grades the bytes of a dnn.py, or of several parts by their names."""

    def grade(source, student="someone"):
        sources = source if isinstance(source, dict) else {"dnn": source}
        missing = {part: f"{part}.py was not handed in." for part in PARTS if part not in sources}
        return judge.grade(Submission(student, sources, missing))

    return grade
