"""`from autograder import grade`: a path in, a Result out."""

import shutil
import subprocess
import sys

import pytest

from autograder import grade
from autograder.files import ROOT
from tests.golden.programs import solutions


@pytest.fixture
def ada(tmp_path):
    (tmp_path / "ada").mkdir()
    for part, source in solutions().items():
        (tmp_path / f"ada/{part}.py").write_bytes(source)
    return tmp_path / "ada"


def test_a_folder_a_zip_and_a_file_are_graded(ada, tmp_path):
    shutil.make_archive(str(tmp_path / "grace"), "zip", ada)
    folder, zipped, single = grade(ada), grade(str(tmp_path / "grace.zip")), grade(ada / "dnn.py")
    assert (folder.student, folder.status, folder.score) == ("ada", "graded", 100)
    assert (zipped.student, zipped.checks) == ("grace", folder.checks)
    assert (single.student, single.part_score("dnn"), single.part_score("warmup")) == ("dnn", 60, 0)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="a submission is a folder, a zip or"):
        grade(tmp_path / "nobody")


def test_what_a_submission_does_is_in_the_result(tmp_path):
    (tmp_path / "eve.zip").write_bytes(b"no zip")
    result = grade(tmp_path / "eve.zip")
    assert (result.status, result.score) == ("invalid", 0)
    assert result.reason


def test_importing_the_package_knows_nothing_of_checks_and_secrets():
    """The interpreter that student code is forked from imports it."""
    code = "import sys, autograder; print([name for name in sys.modules if 'tests' in name or name.startswith('autograder.')])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "[]\n"
