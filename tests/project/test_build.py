"""The builds from solution/ and tests/: the assignment, the students' zip and the packages."""

import ast
import importlib
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution

import numpy as np
import pytest
from packaging.requirements import Requirement

from autograder import build
from autograder.build import run_build
from autograder.files import ROOT
from autograder.packaging.handout import starter_files
from autograder.packaging.output import EPOCH
from autograder.packaging.regions import BuildError, skeleton, solved
from autograder.sandbox import layers
from autograder.settings import ACCEPT_PUBLIC, SettingsError
from tests.course import ASSIGNMENT, LOCAL_CHECKS, OF_THE_REPOSITORY, PARTS
from tests.golden.programs import solution_lines

SOURCES = {part: (ROOT / f"solution/{part}.py").read_text() for part in PARTS}
by_part = pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))


@pytest.fixture(autouse=True)
def accept_public_secret(monkeypatch):
    """Build packages with the secret of the tests; tests/project/test_package_secret.py builds them with others."""
    monkeypatch.setenv("ACCEPT", ACCEPT_PUBLIC)


def test_assignment_has_not_drifted():
    found = {path.relative_to(ROOT / "assignment"): path for path in (ROOT / "assignment").rglob("*") if path.is_file()}
    committed = {name.as_posix(): path.read_text() for name, path in found.items() if "__pycache__" not in name.parts}
    files = starter_files(ASSIGNMENT)
    assert sorted(committed) == sorted(files)
    for name, text in files.items():
        assert committed[name] == text, f"{name}: run `make assignment` and commit what it changes"


@pytest.mark.parametrize(
    ("arguments", "named", "activations"),
    [
        (((2, 3, 3, 1), 7), {}, ("tanh", "relu", "sigmoid")),
        (((2, 3, 3, 1),), {"seed": 7}, ("tanh", "relu", "sigmoid")),
        (((2, 3, 3, 1), ("relu", "relu", "sigmoid"), 7), {}, ("relu", "relu", "sigmoid")),
        (((2, 3, 3, 1), ["relu", "relu", "sigmoid"]), {"seed": 7}, ("relu", "relu", "sigmoid")),
        ((), {"seed": 7}, ("tanh", "relu", "sigmoid")),
    ],
)
def test_general_network_takes_the_arguments_of_dnn(monkeypatch, arguments, named, activations):
    monkeypatch.syspath_prepend(str(ROOT / "assignment"))
    dnn, extension = importlib.import_module("dnn"), importlib.import_module("extension")
    for name in ("dnn", "extension"):
        monkeypatch.delitem(sys.modules, name)
    network, expected = extension.GeneralDNN(*arguments, **named), dnn.DNN((2, 3, 3, 1), 7)
    assert network.activations == activations
    assert network.params.keys() == expected.params.keys()
    for name, value in expected.params.items():
        np.testing.assert_array_equal(network.params[name], value)


@by_part
def test_skeleton_is_what_otter_makes_of_the_solution(source):
    from otter.assign.solutions import replace_solutions

    assert skeleton(source) == "\n".join(replace_solutions(source.splitlines(), "python")) + "\n"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader 0.9.6 needs Python 3.11")
@by_part
def test_nbgrader_takes_the_solutions_out(source):
    from nbformat.v4 import new_code_cell, new_notebook
    from nbgrader.preprocessors import ClearSolutions

    metadata = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False, "grade_id": "dnn"}
    cell = new_code_cell(source, metadata={"nbgrader": metadata})
    notebook = new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    notebook, _ = ClearSolutions().preprocess(notebook, {})
    released = notebook.cells[0].source
    ast.parse(released)
    assert "NotImplementedError" in released
    assert not solution_lines() & set(released.splitlines())


@by_part
def test_skeleton_holds_no_line_of_the_solutions(source):
    assert len(set(solved(source).splitlines()) & solution_lines()) >= 15
    assert not solution_lines() & set(skeleton(source).splitlines())


@pytest.mark.parametrize(
    "source",
    [
        "# BEGIN SOLUTION NO PROMPT\nx = 1\n",
        "x = 1\n# END SOLUTION\n",
        "# BEGIN SOLUTION NO PROMPT\n# BEGIN SOLUTION NO PROMPT\n# END SOLUTION\n# END SOLUTION\n",
    ],
)
def test_unbalanced_markers_are_refused(source):
    with pytest.raises(BuildError, match=r"(?i)solution"):
        skeleton(source)


TASKS = {
    "forward": "Task 3: complete forward,",
    "compute_gradients": "Task 4: complete compute_gradients,",
    "gradients and fit": "Task 4: complete ",
    "one path": "Warm-up ",
    "several paths": "Warm-up 3: complete two_paths,",
    "arrays": "Warm-up 1: ",
    "three weights": "Warm-up 4: complete three_weight_chain,",
    "logistic regression": "Warm-up 5: complete logistic_gradients,",
    "warm-up conventions": "Warm-up 5: ",
    "softmax": "Extension 1: complete softmax,",
    "softmax and cross-entropy": "Extension 2: complete SoftmaxDNN.",
    "softmax and squared error": "Extension 3: complete SquaredErrorSoftmaxDNN.",
    "the 4-4-2 example": "Extension 4: complete worked_example,",
    "activations": "Extension 5: complete ",
    "the convention of the notes": "Extension 6: complete notes_gradients,",
    "extension conventions": "Extension ",
}


def test_empty_skeleton_fails_each_check_with_the_sentence_of_its_task(grade):
    result = grade({part: skeleton(source).encode() for part, source in SOURCES.items()})
    assert (result.status, result.score, result.max_score) == ("graded", 0, 100)
    for check in result.checks:
        assert check.got.startswith(TASKS[check.task]), check.id


def test_the_solution_with_an_empty_extension_earns_nothing_for_it(grade):
    """What the skeleton of the extension inherits from a right dnn.py is no work done."""
    sources = {part: (solved if part == "dnn" else skeleton)(source).encode() for part, source in SOURCES.items()}
    result = grade(sources)
    assert {part: result.part_score(part) for part in PARTS} == {"warmup": 0, "dnn": 60, "extension": 0}


@pytest.fixture(scope="module")
def download(tmp_path_factory):
    """Return the student's zip, unpacked."""
    folder = tmp_path_factory.mktemp("download")
    build.build("student", folder)
    with zipfile.ZipFile(folder / "assignment.zip") as archive:
        archive.extractall(folder)
    return folder / "backprop"


COUNT = sum(map(len, LOCAL_CHECKS.values()))


def run_pytest(folder):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder, capture_output=True, text=True
    )


def test_public_tests_explain_what_is_to_do(download):
    run = run_pytest(download)
    assert f"{COUNT} failed" in run.stdout
    assert "Warm-up 4: complete three_weight_chain" in run.stdout
    assert "Task 3: complete forward, which computes every Z and A" in run.stdout
    assert "Task 4: complete compute_gradients, which fills grads" in run.stdout
    assert "Extension 6: complete notes_gradients" in run.stdout


def environment(folder, lines):
    """Return the Python of a new environment with these requirements and their dependencies, linked to installed packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    wanted, linked = [Requirement(line) for line in lines], set()
    while wanted:
        requirement = wanted.pop()
        if requirement.name in linked or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        linked.add(requirement.name)
        found = distribution(requirement.name)
        assert requirement.specifier.contains(found.version), requirement
        wanted += map(Requirement, found.requires or [])
        for name in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
            (site / name).symlink_to(found.locate_file(name))
    return folder / "bin/python"


def test_the_download_needs_numpy_matplotlib_and_pytest_alone(download, tmp_path):
    """An environment that holds what requirements.txt names runs check.py and pytest and imports what the notebook imports."""
    python = environment(tmp_path / "env", (download / "requirements.txt").read_text().splitlines())
    imports = "import check, dnn, extension, lab, problems, warmup"
    for arguments, code in ((["check.py"], 1), (["-m", "pytest", "-q"], 1), (["-c", imports], 0)):
        run = subprocess.run([python, *arguments], cwd=download, capture_output=True, text=True)
        assert run.returncode == code, run.stderr
        assert "Error" not in run.stderr
    names = {line.partition(">")[0] for line in (download / "requirements.txt").read_text().splitlines()}
    assert names == {"numpy", "matplotlib", "pytest"}


def test_public_tests_pass_with_the_solution(download):
    for part, source in SOURCES.items():
        (download / f"{part}.py").write_text(solved(source))
    run = run_pytest(download)
    assert (run.returncode, f"{COUNT} passed" in run.stdout) == (0, True), run.stdout


@pytest.mark.parametrize(("what", "name"), [("student", "assignment.zip"), ("gradescope", "autograder.zip")])
def test_zips_are_the_same_bytes_every_time(what, name, tmp_path):
    for folder in ("first", "second"):
        build.build(what, tmp_path / folder)
    assert (tmp_path / "second" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "first" / name) as archive:
        assert {member.date_time for member in archive.infolist()} == {EPOCH}


def test_a_zip_that_holds_the_secret_is_readable_by_its_owner_alone(tmp_path, monkeypatch):
    """From the moment at which it is made, also in the place of one that everybody could read."""
    modes = []
    real = zipfile.ZipFile.writestr

    def look(archive, *arguments):
        modes.append((tmp_path / "autograder.zip").stat().st_mode & 0o777)
        real(archive, *arguments)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", look)
    (tmp_path / "autograder.zip").touch(0o666)
    before = os.umask(0)
    try:
        build.build("gradescope", tmp_path)
        build.build("student", tmp_path / "student")
    finally:
        os.umask(before)
    assert {*modes} == {0o600}
    assert (tmp_path / "autograder.zip").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "student/assignment.zip").stat().st_mode & 0o777 == 0o666


def test_student_zip_holds_nothing_hidden(tmp_path):
    build.build("student", tmp_path)
    hidden = [path.read_text() for path in (ROOT / "tests/hidden").glob("*.py")]
    with zipfile.ZipFile(tmp_path / "assignment.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert sorted(texts) == [f"backprop/{name}" for name in sorted(starter_files(ASSIGNMENT))]
    for text in texts.values():
        assert text not in hidden
        assert not solution_lines() & set(text.splitlines())


def test_gradescope_zip_holds_no_solution(tmp_path):
    build.build("gradescope", tmp_path)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        modes = {member.filename: member.external_attr >> 16 for member in archive.infolist()}
        lines = {line for name in modes if name != "pip.whl" for line in archive.read(name).decode().splitlines()}
    assert modes["run_autograder"] == modes["setup.sh"] == 0o100755
    assert not {line for line in solution_lines() & lines if "grads[" in line}


def test_what_is_accepted_travels_in_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCEPT", f"network, files,{ACCEPT_PUBLIC}")
    build.build("gradescope", tmp_path)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        accepted = archive.read("accept.txt").decode()
    assert layers.parse_dangers(accepted, ACCEPT_PUBLIC) == ("network", "files", ACCEPT_PUBLIC)
    monkeypatch.setenv("ACCEPT", "fire")
    with pytest.raises(BuildError, match="ACCEPT names fire; it may name files, network, processes, public-secret"):
        build.build("gradescope", tmp_path)
    monkeypatch.setenv("ACCEPT", "")
    monkeypatch.setenv("COURSE", str(own_course(tmp_path)))
    build.build("gradescope", tmp_path)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        assert archive.read("accept.txt") == b""


def own_course(folder, secret="0123456789abcdef" * 4):
    """Return a course file with a secret of its own."""
    ours = folder / "ours.toml"
    ours.write_text(f'[hidden_checks]\nsecret = "{secret}"\n')
    return ours


@pytest.mark.parametrize(("own", "warned"), [("0123456789abcdef" * 4, False), (OF_THE_REPOSITORY, True)])
def test_the_assignment_file_travels_in_the_package(tmp_path, monkeypatch, capsys, own, warned):
    """And who builds it is told where the secret in it is no secret."""
    ours = own_course(tmp_path, own)
    monkeypatch.setenv("COURSE", str(ours))
    assert run_build("gradescope", tmp_path) == 0
    shown = capsys.readouterr()
    assert ("The packages use the public example secret" in shown.err) == warned
    assert len(shown.err.splitlines()) == warned
    assert own not in shown.out + shown.err
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        assert archive.read("course.toml") == ours.read_bytes()
        archive.extractall(tmp_path / "package")
    monkeypatch.delenv("COURSE")
    check = [sys.executable, "-m", "autograder.platforms.gradescope", "--check"]
    assert subprocess.run(check, cwd=tmp_path / "package").returncode == 0
    packed = tmp_path / "package/course.toml"
    packed.write_text('[hidden_checks]\nsecret = "short"\n')
    refused = subprocess.run(check, cwd=tmp_path / "package", capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"The course file {packed} has a secret of 5 characters")


def test_no_package_is_built_without_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE", str(tmp_path / "missing.toml"))
    with pytest.raises(SettingsError, match="cannot be read"):
        build.build("gradescope", tmp_path)
