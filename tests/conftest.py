"""Shared fixtures: a judge, submissions and packages that are created once; and the distribution of tests to workers."""

import signal
import zlib
from collections import defaultdict
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from autograder.backprop.cases import sample_cases
from autograder.build import build
from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.settings import read_secret
from tests.course import PARTS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions, submission
from tests.limits import QUICK
from tests.project.grading import build_package, command
from tests.shares import in_turn

# Tests that need all packages share the ones that their worker builds.
OF_PACKAGES = {"test_doors.py", "test_otter.py", "test_packages.py", "test_second_assignment.py"}
# Likewise what `make grade` makes of the examples.
OF_EXAMPLES = {"test_grade.py", "test_gradescope.py"}
# Files that take longest.
SLOW = OF_PACKAGES | OF_EXAMPLES | {"test_cluster.py", "test_copies.py", "test_nbgrader.py", "test_pages.py"}


def pytest_addoption(parser):
    parser.addoption("--skips", type=int, help="how many tests are skipped on this machine; another number is a failure")


def pytest_configure():
    # In a shell's background job SIGINT is ignored, which every process would inherit that a test ends with Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail where other tests are skipped than expected: a test that no machine runs proves nothing."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    expected = session.config.getoption("skips")
    if expected is None or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = len(reporter.stats.get("skipped", ()))
    if skipped != expected:
        reporter.write_line(f"{skipped} tests were skipped, and {expected} are expected: -rs names them", red=True, bold=True)
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config, items):
    """Keep tests on one worker that share what they set up, and start with the slow ones, so that none is alone in the end."""
    families = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("in_turn"):
            families[item.path, mark.args[0]].append(item)
    waiting = {item for (_, every), family in families.items() for item in {*family}.difference(in_turn(family, every))}
    config.hook.pytest_deselected(items=[*waiting])
    items[:] = [item for item in items if item not in waiting]
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: item.path.name not in SLOW)


def group_of(item):
    """Return the name of the group of a test: its file, unless it shares with other files what is dear."""
    if "grade_mistake" in item.fixturenames:
        return f"mistakes {zlib.crc32(item.callspec.params['name'].encode()) % 8}"
    if item.path.name in OF_PACKAGES:
        return "packages"
    return "examples" if item.path.name in OF_EXAMPLES else item.path.name


@pytest.fixture(scope="session")
def judge():
    with Judge(QUICK) as judge:
        yield judge


@pytest.fixture
def student(judge):
    """Yield the solution in the sandbox: every graded check must pass on it."""
    with judge.sandbox.session(solutions()) as session:
        yield session


@pytest.fixture(scope="session")
def cases():
    """Return the inputs of the hidden checks."""
    return sample_cases(read_secret().encode())


@pytest.fixture
def grade(judge):
    """Grades the bytes of a dnn.py, or of several parts by their names."""

    def grade(source, student="someone"):
        sources = source if isinstance(source, dict) else {"dnn": source}
        missing = {part: f"{part}.py was not submitted." for part in PARTS if part not in sources}
        return judge.grade(Submission(student, sources, missing))

    return grade


@pytest.fixture(scope="session")
def grade_mistake(judge):
    """Return the result of a program of MISTAKES, by its name: each is graded once, for all tests that ask what comes of it."""
    results = {}

    def grade_mistake(name):
        if name not in results:
            results[name] = judge.grade(submission(MISTAKES[name].sources))
        return results[name]

    return grade_mistake


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """Return the folder of the bundled submissions."""
    folder = tmp_path_factory.mktemp("bundled") / "examples"
    build("examples", folder)
    return folder


class Graded(NamedTuple):
    """The finished command `make grade`, and the folder it has written to."""

    finished: CompletedProcess
    out: Path


@pytest.fixture(scope="session")
def graded(examples, tmp_path_factory):
    """Return the bundled examples, graded by two workers."""
    out = tmp_path_factory.mktemp("graded") / "out"
    return Graded(command("grade", examples, "--out", out, "--jobs", 2), out)


class Packages(NamedTuple):
    """The folder of all packages, and what building them printed."""

    folder: Path
    said: str


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    return Packages(folder, build_package("package", folder))
