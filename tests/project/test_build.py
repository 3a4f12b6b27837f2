"""What is built from solution/ and tests/: the assignment, the student's zip and the packages."""

import ast
import subprocess
import sys
import zipfile

import pytest

from autograder import build
from autograder.build import ROOT, BuildError, assignment_files, skeleton, solved

SOURCE = (ROOT / "solution/dnn.py").read_text()
SOLUTION_LINES = {line for line in solved(SOURCE).splitlines() if line not in skeleton(SOURCE).splitlines()}


def test_assignment_has_not_drifted():
    committed = {path.name: path.read_text() for path in (ROOT / "assignment").iterdir() if path.is_file()}
    assert committed == assignment_files(), "run `make assignment` and commit what it changes"


def test_skeleton_is_what_otter_makes_of_the_solution():
    from otter.assign.solutions import replace_solutions

    assert skeleton(SOURCE) == "\n".join(replace_solutions(SOURCE.splitlines(), "python")) + "\n"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader 0.9.6 needs Python 3.11")
def test_nbgrader_takes_the_solutions_out():
    from nbformat.v4 import new_code_cell, new_notebook
    from nbgrader.preprocessors import ClearSolutions

    metadata = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False, "grade_id": "dnn"}
    cell = new_code_cell(SOURCE, metadata={"nbgrader": metadata})
    notebook = new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    notebook, _ = ClearSolutions().preprocess(notebook, {})
    released = notebook.cells[0].source
    ast.parse(released)
    assert "NotImplementedError" in released
    assert not SOLUTION_LINES & set(released.splitlines())


def test_skeleton_holds_no_line_of_the_solutions():
    assert len(SOLUTION_LINES) > 20
    assert not SOLUTION_LINES & set(skeleton(SOURCE).splitlines())


@pytest.mark.parametrize(
    "source",
    [
        "# BEGIN SOLUTION NO PROMPT\nx = 1\n",
        "x = 1\n# END SOLUTION\n",
        "# BEGIN SOLUTION NO PROMPT\n# BEGIN SOLUTION NO PROMPT\n# END SOLUTION\n# END SOLUTION\n",
    ],
)
def test_unbalanced_markers_are_refused(source):
    with pytest.raises(BuildError, match="solution"):
        skeleton(source)


def test_empty_skeleton_fails_each_check_with_the_sentence_of_its_task(grade):
    result = grade(skeleton(SOURCE).encode())
    assert (result.status, result.score) == ("graded", 0)
    for check in result.checks:
        task, function = ("Task 3", "forward") if check.task == "forward" else ("Task 4", "compute_gradients")
        if check.task == "gradients and fit":
            function = "fit" if "fit" in check.id else "gradients"
        assert check.got.startswith(f"{task}: let {function} "), check.id


@pytest.fixture(scope="module")
def download(tmp_path_factory):
    """The student's zip, unpacked."""
    build.build("student")
    folder = tmp_path_factory.mktemp("download")
    with zipfile.ZipFile(ROOT / "dist/assignment.zip") as archive:
        archive.extractall(folder)
    return folder / "backprop"


def run_pytest(folder):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder, capture_output=True, text=True
    )


def test_public_tests_explain_what_is_to_do(download):
    run = run_pytest(download)
    assert "9 failed" in run.stdout
    assert "Task 3: let forward compute every Z and A" in run.stdout
    assert "Task 4: let compute_gradients fill grads" in run.stdout


def test_public_tests_pass_with_the_solution(download):
    (download / "dnn.py").write_text(solved(SOURCE))
    run = run_pytest(download)
    assert (run.returncode, "9 passed" in run.stdout) == (0, True), run.stdout


@pytest.mark.parametrize(
    ("what", "path"), [("student", "dist/assignment.zip"), ("gradescope", "dist/gradescope/autograder.zip")]
)
def test_zips_are_the_same_bytes_every_time(what, path):
    build.build(what)
    first = (ROOT / path).read_bytes()
    build.build(what)
    assert (ROOT / path).read_bytes() == first
    with zipfile.ZipFile(ROOT / path) as archive:
        assert {member.date_time for member in archive.infolist()} == {build.EPOCH}


def test_student_zip_holds_nothing_hidden():
    build.build("student")
    hidden = [path.read_text() for path in (ROOT / "tests/hidden").glob("*.py")]
    with zipfile.ZipFile(ROOT / "dist/assignment.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert sorted(texts) == [f"backprop/{name}" for name in sorted(assignment_files())]
    for text in texts.values():
        assert text not in hidden
        assert not SOLUTION_LINES & set(text.splitlines())


def test_gradescope_zip_holds_no_solution():
    build.build("gradescope")
    with zipfile.ZipFile(ROOT / "dist/gradescope/autograder.zip") as archive:
        modes = {member.filename: member.external_attr >> 16 for member in archive.infolist()}
        lines = {line for name in modes for line in archive.read(name).decode().splitlines()}
    assert modes["run_autograder"] == modes["setup.sh"] == 0o100755
    assert not {line for line in SOLUTION_LINES & lines if "grads[" in line}
