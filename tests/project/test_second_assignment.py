"""A second assignment, linear regression in tests/regression/, is graded and packaged like the first by the same engine."""

import subprocess
import sys
import zipfile
from typing import NamedTuple

import pytest

from autograder.build import build
from autograder.files import ROOT
from autograder.intake.read import read
from autograder.judge.judge import Judge
from autograder.packaging.handout import starter_files
from tests.limits import QUICK
from tests.regression import mistakes
from tests.regression.assignment import ASSIGNMENT
from tests.shares import in_turn

COURSE = "tests/regression/course.toml"  # relative, as one types it
SCORES = {"solution": 100, "skeleton": 0, "summed": 60, "halved": 60, "ascends": 70}
MISTAKES = {"summed": "model", "halved": "model", "ascends": "descent"}
DOORS = ("make grade", "Gradescope", "otter", "nbgrader")
needs_nbgrader = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader 0.9.6 needs Python 3.11")


@pytest.fixture(scope="module", autouse=True)
def in_the_project():
    """Stand where the commands are typed, for the course file has a relative path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield


@pytest.fixture(scope="module")
def submissions(tmp_path_factory, in_the_project):
    """Return the folder of the bundled submissions."""
    folder = tmp_path_factory.mktemp("regression") / "examples"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE", COURSE)
        build("examples", folder)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, in_the_project):
    """Return the folder of all packages."""
    folder = tmp_path_factory.mktemp("regression dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE", COURSE)
        build("package", folder)
    return folder


class Graded(NamedTuple):
    """The points of each check and of each task, by integration and then by submission."""

    points: dict[str, dict[str, dict[str, float]]]

    def scores(self, door):
        """Return the score of each submission."""
        points = {student: found.items() for student, found in self.points[door].items()}
        return {student: sum(value for name, value in found if "." in name) for student, found in points.items()}


@pytest.fixture(scope="module")
def graded(submissions, built, tmp_path_factory):
    """Return the bundled submissions, graded by all four integrations; otter needs eight seconds each, so some take turns."""
    from tests.golden import doors

    points = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE", COURSE)
        for door in DOORS:
            students = {name: submissions / name for name in in_turn(sorted(SCORES), every=3 if door == "otter" else 1)}
            points[door] = doors.DOORS[door](students, tmp_path_factory.mktemp("door"), built)
    return Graded(points)


@pytest.fixture(scope="module")
def results(submissions):
    """Return what the judge says of each submission."""
    with Judge(QUICK, ASSIGNMENT, b"a secret of the tests") as judge:
        return {path.name: judge.grade(read(path.name, path, ASSIGNMENT.graded_files)) for path in submissions.iterdir()}


def members(path):
    """Return every file below a folder or in a zip, by its path."""
    if path.is_dir():
        return {found.relative_to(path).as_posix(): found.read_bytes() for found in path.rglob("*") if found.is_file()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_scores_are_those_of_each_mistake(results):
    assert {student: result.score for student, result in results.items()} == SCORES
    assert {result.status for result in results.values()} == {"graded"}
    assert not any(result.remarks for result in results.values())


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_named_with_three_hints(results, name):
    (cause,) = results[name].causes
    assert (cause.part, cause.mistakes) == (MISTAKES[name], (name,))
    assert len(cause.hints) == 3
    assert {check.cause for check in results[name].failed} == {cause.said}
    assert {check.hints for check in results[name].failed} == {cause.hints}


@pytest.mark.parametrize(("name", "part"), MISTAKES.items())
def test_each_example_is_the_solution_with_the_lines_of_its_mistake(submissions, name, part):
    source = (submissions / f"solution/{part}.py").read_text()
    (mistake,) = (mistake for mistake in mistakes.MISTAKES[part] if mistake.id == name)
    for step, wrong in mistake.lines.items():
        line = mistakes.STEPS[part][step].line
        source = source.replace(line.format(mistakes.STEPS[part][step].right), line.format(wrong))
    assert source == (submissions / f"{name}/{part}.py").read_text()


@needs_nbgrader
@pytest.mark.parametrize("door", DOORS)
def test_each_integration_gives_the_same_scores(graded, door):
    assert len(graded.points[door]) >= 1
    for student, points in graded.points[door].items():
        assert graded.scores(door)[student] == SCORES[student], student
        assert points == graded.points["make grade"][student], student


@needs_nbgrader
@pytest.mark.parametrize(
    ("package", "grader"),
    [("gradescope/autograder.zip", ""), ("otter/autograder.zip", "files/grader/"), ("nbgrader/grader", "")],
)
def test_a_package_holds_this_assignment_alone(built, package, grader):
    names = [name.removeprefix(grader) for name in members(built / package) if name.startswith(grader)]
    sources = {name for name in names if name.startswith("tests/")}
    assert {"tests/__init__.py", "tests/regression/__init__.py", "tests/regression/starter/model.py"} < sources
    assert not [name for name in sources if not name.startswith("tests/regression/") and name != "tests/__init__.py"]
    assert not [name for name in sources if "/solution/" in name or "/examples/" in name]
    assert not [name for name in names if "backprop" in name or "warmup" in name or "dnn" in name]


@needs_nbgrader
@pytest.mark.parametrize("package", ["assignment.zip", "otter/student", "nbgrader/release"])
def test_students_read_nothing_of_another_assignment(built, package):
    files = members(built / package)
    assert any(name.endswith("regression.ipynb") for name in files)
    for name, data in files.items():
        if name.rpartition("/")[2] not in ("checking.py", "student.py"):  # the vocabulary of the checks has examples
            assert not [word for word in (b"backprop", b"dnn", b"warmup", b"network") if word in data.lower()], name


def test_the_starter_code_has_not_drifted():
    files = {name: data.decode() for name, data in members(ASSIGNMENT.starter).items() if "__pycache__" not in name}
    assert files == starter_files(ASSIGNMENT), f"run `make assignment COURSE={COURSE}` and commit what it changes"


@needs_nbgrader
def test_the_download_checks_itself(built, submissions, tmp_path):
    with zipfile.ZipFile(built / "assignment.zip") as archive:
        archive.extractall(tmp_path)
    assert "0 of 3 public checks passed." in check(tmp_path / "regression", returncode=1)
    for name, passed in (("summed", 2), ("solution", 3)):
        for part in ASSIGNMENT.part_names:
            (tmp_path / f"regression/{part}.py").write_bytes((submissions / f"{name}/{part}.py").read_bytes())
        assert f"{passed} of 3 public checks passed." in check(tmp_path / "regression", returncode=passed < 3)


def check(folder, returncode):
    """Return what check.py prints in a student's folder."""
    finished = subprocess.run([sys.executable, "check.py"], cwd=folder, capture_output=True, text=True)
    assert finished.returncode == returncode, finished.stderr
    return finished.stdout


def test_make_passes_the_course_on():
    """COURSE=... on make's command line reaches the commands, because make exports what stands there."""
    make = ["make", "-s", "--eval", "shown:; @printenv COURSE", "shown", f"COURSE={COURSE}"]
    assert subprocess.run(make, cwd=ROOT, capture_output=True, text=True).stdout.strip() == COURSE
