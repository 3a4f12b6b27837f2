"""The real Gradescope package: its layout in a temporary root, setup.sh once, and run_autograder for each submission."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import pytest

from autograder.platforms import apart
from autograder.platforms.gradescope import __main__ as door
from autograder.sandbox.layers import WeakSandboxError
from autograder.sandbox.limits import Limits
from tests.course import OF_THE_REPOSITORY
from tests.project.grading import SCHEMA, build_package, rows
from tests.shares import in_turn


class Gradescope:
    """A folder laid out as /autograder is, and what the platform does with it."""

    def __init__(self, root: Path, package: Path) -> None:
        self.root, self.package = root, package
        with zipfile.ZipFile(package) as archive:
            archive.extractall(root / "source")
        shutil.copy(root / "source/run_autograder", root / "run_autograder")
        for script in (root / "source/setup.sh", root / "run_autograder"):
            script.chmod(0o755)
        (root / "results").mkdir()

    def call(self, script: str) -> subprocess.CompletedProcess:
        """Run one of the two scripts as the platform would: with an environment of its own, from the root.

        What the environment says to Python is hostile.
        """
        environment = {name: os.environ[name] for name in os.environ if name.startswith("PIP_") or name in ("PATH", "HOME")}
        environment |= {"AUTOGRADER_ROOT": str(self.root), "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
        environment |= plant_modules(self.root / "planted")
        return subprocess.run([self.root / script], cwd=self.root, env=environment, capture_output=True, text=True)

    def grade(self, submission: Path) -> dict:
        """Return what results.json says of a submission."""
        shutil.rmtree(self.root / "submission", ignore_errors=True)
        if submission.is_dir():
            shutil.copytree(submission, self.root / "submission")
        else:
            (self.root / "submission").mkdir()
            self.unpack(submission)
        self.call("run_autograder")
        document = json.loads((self.root / "results/results.json").read_text())
        SCHEMA.validate(document)
        return document

    def unpack(self, file: Path) -> None:
        """Gradescope unpacks a zip that is handed in, and keeps a single file under its name."""
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                archive.extractall(self.root / "submission")
        else:
            shutil.copy(file, self.root / "submission/dnn.py")


PLANTED = ("numpy", "sitecustomize", "usercustomize", "startup", "json")  # modules that leave a file where they are imported


def plant_modules(folder: Path) -> dict[str, str]:
    """Write modules that must not be imported, and return an environment in which Python would import them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in (folder, folder / f"lib/{version}/site-packages"):
        place.mkdir(parents=True, exist_ok=True)
        for name in PLANTED:
            (place / f"{name}.py").write_text(f"open({str(folder / 'imported')!r}, 'a').write({name!r})\n")
    return {
        "PYTHONPATH": str(folder),
        "PYTHONHOME": str(folder),
        "PYTHONUSERBASE": str(folder),
        "PYTHONSTARTUP": str(folder / "startup.py"),
        "PYTHONINSPECT": "1",
        "PYTHONPLATLIBDIR": "planted",
    }


@pytest.fixture(scope="module")
def gradescope(tmp_path_factory):
    build_package("gradescope", package := tmp_path_factory.mktemp("package"))
    platform = Gradescope(tmp_path_factory.mktemp("autograder"), package / "autograder.zip")
    finished = platform.call("source/setup.sh")
    assert finished.returncode == 0, finished.stderr
    assert "setup.sh: the grader is ready." in finished.stdout
    return platform


@pytest.fixture(scope="module")
def make_grade(graded):
    """Return the results.json of each example as `make grade` writes it."""
    finished, out = graded
    assert finished.returncode == 0
    return {row["student"]: json.loads((out / f"results/{row['student']}.json").read_text()) for row in rows(out)}


def test_the_marks_are_those_of_make_grade(gradescope, make_grade, examples):
    students = {path.stem if path.suffix else path.name: path for path in examples.iterdir()}
    assert students.keys() == make_grade.keys()
    for student in in_turn(sorted(students), every=3):
        path = students[student]
        document = gradescope.grade(path)
        assert document["tests"] == make_grade[student]["tests"], student
        assert document["score"] == make_grade[student]["score"], student


def test_what_the_environment_says_to_python_is_ignored(gradescope, tmp_path):
    """By both scripts; without them, the same environment has Python import what is planted."""
    (tmp_path / "dnn.py").write_text("x = 1")
    assert gradescope.grade(tmp_path / "dnn.py")["extra_data"]["status"] == "graded"
    assert not (gradescope.root / "planted/imported").exists()
    planted = plant_modules(tmp_path)
    for name in ("PYTHONHOME", "PYTHONPLATLIBDIR"):  # with which Python does not even start
        planted.pop(name)
    subprocess.run([sys.executable, "-c", "import numpy"], env={**os.environ, **planted}, stdin=subprocess.DEVNULL)
    assert "numpy" in (tmp_path / "imported").read_text()


def test_instructors_alone_read_that_the_public_secret_was_accepted(gradescope, tmp_path):
    (tmp_path / "empty").mkdir()
    document = gradescope.grade(tmp_path / "empty")
    said = gradescope.call("run_autograder").stdout
    assert said.startswith("This package was built with the public example secret (ACCEPT=public-secret), ")
    assert "secret" not in json.dumps(document)
    course = gradescope.root / "source/course.toml"
    kept = course.read_text()
    course.write_text(kept.replace(OF_THE_REPOSITORY, "0123456789abcdef" * 4))
    try:
        assert gradescope.call("run_autograder").stdout == ""
    finally:
        course.write_text(kept)


def test_an_empty_submission_gets_a_reason(gradescope, tmp_path):
    (tmp_path / "empty").mkdir()
    document = gradescope.grade(tmp_path / "empty")
    umask = os.umask(0o022)
    os.umask(umask)
    assert (gradescope.root / "results/results.json").stat().st_mode & 0o777 == 0o666 & ~umask  # for whoever collects it
    assert document["score"] == 0
    assert "There is no warmup.py, dnn.py or extension.py in it." in document["output"]


def test_results_are_there_when_the_grader_breaks(gradescope, tmp_path):
    (tmp_path / "dnn.py").write_text("x = 1")
    broken = gradescope.root / "source/autograder/backprop/cases.py"
    kept = broken.read_text()
    broken.write_text("raise RuntimeError")
    try:
        document = gradescope.grade(tmp_path / "dnn.py")
    finally:
        broken.write_text(kept)
    assert document["score"] == 0
    assert "This is not your fault" in document["output"]


def test_results_are_there_from_the_start_on(gradescope):
    """And say that they are no mark, should the grader be ended before it has written any."""
    interpreter = gradescope.root / "source/.venv/bin/python"
    kept = interpreter.readlink()
    interpreter.unlink()
    try:
        finished = gradescope.call("run_autograder")
    finally:
        interpreter.symlink_to(kept)
    document = json.loads((gradescope.root / "results/results.json").read_text())
    SCHEMA.validate(document)
    assert finished.returncode == 0
    assert (document["score"], document["extra_data"]["status"]) == (0, "error")
    assert "This is not your fault" in document["output"]


SETTINGS = '[late]\npenalty_per_day = "10%"\n[gradescope]\nhand_ins = 2\nhours = 24\nnames = true\nlate = true\n'
BEFORE = [
    {"submission_time": f"2026-10-10T0{hour}:00:00-07:00", "score": score, "autograder_error": False, "results": {}}
    for hour, score in ((9, 12.5), (8, 30.0))
]
TOLD = {
    "id": 1,
    "created_at": "2026-10-10T12:00:00.365935-07:00",
    "assignment": {"due_date": "2026-10-09T23:00:00.000000-07:00", "late_due_date": None, "total_points": "100.0"},
    "submission_method": "upload",
    "users": [{"email": "a@example.com", "id": 1, "name": "Ada\u202e"}, {"email": "g@example.com", "id": 2, "name": "Grace"}],
    "previous_submissions": [],
}


@pytest.fixture
def told(gradescope, examples):
    """Puts tables into the assignment file and metadata beside the submission, and gives what the solution then gets."""
    settings, metadata = gradescope.root / "source/course.toml", gradescope.root / "submission_metadata.json"
    kept = settings.read_text()

    def told(tables, content):
        settings.write_text(f"{kept.partition('[late]')[0]}{tables}")
        metadata.write_text(content if isinstance(content, str) else json.dumps(content))
        return gradescope.grade(examples / "solution")

    yield told
    settings.write_text(kept)
    metadata.unlink(missing_ok=True)


def test_metadata_does_what_the_course_asks_for(told, make_grade):
    document = told(SETTINGS, TOLD)
    assert document["score"] == 90
    assert document["tests"][:-1] == make_grade["solution"]["tests"][:-1]
    assert document["tests"][-1]["output"].startswith("Submitted 2026-10-10 12:01 (UTC-07:00), within the first")
    assert document["extra_data"]["student"] == "Ada\\u202e, Grace"
    assert document["output"].startswith(
        "Submitted by Ada\\u202e, Grace.\n\nSubmitted 2026-10-10 12:01 (UTC-07:00), within the first"
    )
    document = told(SETTINGS, {**TOLD, "previous_submissions": BEFORE})
    assert (document["score"], document["extra_data"]["status"]) == (12.5, "limited")
    assert "You can submit again from 2026-10-11 08:00 (UTC-07:00) on." in document["output"]
    (kept,) = document["tests"]
    assert (kept["score"], kept["visibility"]) == (12.5, "after_published")


@pytest.mark.parametrize("content", ["", "{", "[]", {}, {**TOLD, "created_at": math.nan, "users": 5}], ids=str)
def test_invalid_metadata_costs_no_points(told, make_grade, gradescope, content):
    assert told(SETTINGS, content) == make_grade["solution"] | {
        "extra_data": make_grade["solution"]["extra_data"] | {"student": "submission"}
    }


@pytest.mark.parametrize("content", ["{", {**TOLD, "previous_submissions": BEFORE}], ids=["bad", "good"])
def test_without_lines_on_it_metadata_is_not_read(told, make_grade, content):
    document = told("[gradescope]\n", content)
    assert (document["score"], document["tests"]) == (100, make_grade["solution"]["tests"])
    assert document["extra_data"]["student"] == "submission"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take the others' rights away")
def test_only_root_can_read_the_source(gradescope):
    for path in [gradescope.root / "source", *(gradescope.root / "source/tests").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0


def test_setup_fails_loudly(gradescope, tmp_path):
    other = Gradescope(tmp_path / "autograder", gradescope.package)
    pinned = other.root / "source/requirements.txt"
    pinned.write_text(re.sub("sha256:.{8}", "sha256:00000000", pinned.read_text()))
    finished = other.call("source/setup.sh")
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].startswith("setup.sh: the packages in requirements.txt could not be installed")


def test_a_machine_that_is_not_fit_is_refused_unless_it_is_accepted(tmp_path, monkeypatch):
    weak = partial(Limits, without=("filter", "network"))
    monkeypatch.setattr(apart, "Limits", weak)
    monkeypatch.setattr(apart, "ACCEPTED", tmp_path / "accept.txt")
    apart.ACCEPTED.write_text("")
    with pytest.raises(WeakSandboxError, match="ACCEPT=network"):
        door.check()
    apart.ACCEPTED.write_text("network")
    door.check()
