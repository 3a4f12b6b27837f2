"""Private content is rejected in everything for students, whatever its name and however it is packed."""

import io
import json
import zipfile
from pathlib import PurePosixPath

import pytest

from autograder import build
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.files import ROOT
from autograder.packaging import leaks
from autograder.packaging.handout import starter_files
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.regions import BuildError, solved
from autograder.settings import read_secret
from tests.course import ASSIGNMENT, PARTS


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def in_a_notebook(text):
    cell = {"cell_type": "code", "source": text.splitlines(keepends=True), "outputs": [], "metadata": {}}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


ROW = MISTAKES["dnn"][0]
HIDDEN = (ROOT / "tests/hidden/test_compute_gradients.py").read_text()
SOLVED = solved((ASSIGNMENT.solution / "dnn.py").read_text())
LEAKS = {
    "a solution": ("dnn.py", SOLVED.encode(), "the solution of dnn.py"),
    "a solution with its markers": ("dnn.py", (ASSIGNMENT.solution / "dnn.py").read_bytes(), "is solution/dnn.py"),
    "hidden checks": ("checks/test_dnn.py", HIDDEN.encode(), "is tests/hidden/test_compute_gradients.py"),
    "hidden checks under their name": ("checks/test_compute_gradients.py", b"", "the same name as a file with hidden checks"),
    "a folder of hidden checks": ("tests/hidden/any.py", b"", "not for students (hidden)"),
    "hidden checks with other imports": (
        "checks/more.py",
        HIDDEN.replace("autograder.", "checks.").encode(),
        "contains a line of",
    ),
    "a solution in a notebook": ("backprop.ipynb", in_a_notebook(SOLVED), "the solution of dnn.py"),
    "hidden checks in a notebook": ("backprop.ipynb", in_a_notebook(HIDDEN), "tests/hidden/test_compute_gradients.py"),
    "a solution in a zip": ("more.zip", zipped({"later.py": SOLVED}), "more.zip/later.py contains a line of the solution"),
    "a zip in a zip": ("more.zip", zipped({"inner.bin": zipped({"later.py": SOLVED})}), "more.zip/inner.bin/later.py contains"),
    "the secret": ("notes.bin", b"\0" + read_secret().encode() + b"\0", "the course's secret"),
    "the assignment file": ("course.toml", b"", "not for students (course.toml)"),
    "an answer": ("checks/hints.py", f'HINTS = {{"a": ("{ROW.answer}",)}}'.encode(), "the answer of a mistake"),
    "an answer on two lines": ("README.md", ROW.answer.replace(" ", "\n").encode(), "the answer of a mistake"),
    "a formula in a table": (
        "checks/known_dnn.json",
        json.dumps([STEPS["dnn"]["hidden dZ"].right.replace(" ", "")]).encode(),
        "grads[fA{layer-1}]",
    ),
    "a wrong formula": ("checks/more.py", b"x = 2 * ( dZ@A_previous.T/m )", "a wrong formula of the catalog"),
    "the truth": ("oracle.py", (ROOT / "autograder/backprop/oracle.py").read_bytes(), "is autograder/backprop/oracle.py"),
    "a golden program": ("any.py", (ROOT / "tests/golden/programs.py").read_bytes(), "is tests/golden/programs.py"),
}


@pytest.mark.parametrize(("name", "data", "words"), LEAKS.values(), ids=list(LEAKS))
def test_a_leak_is_refused(name, data, words):
    with pytest.raises(BuildError) as refusal:
        refuse_leaks(ASSIGNMENT, "assignment.zip", {"README.md": b"Welcome.", name: data})
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("assignment.zip is for students, but its ")
    assert read_secret() not in str(refusal.value)


def test_every_telling_line_is_missed_when_it_leaks():
    """No line of a solution or of a hidden check is known to students, unless it stands in what they get."""
    private = leaks.private_lines(ASSIGNMENT)
    assert {f"the solution of {part}.py" for part in PARTS} < set(private.values())
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/hidden").glob("test_*.py")} < set(private.values())
    for line in private:
        with pytest.raises(BuildError):
            refuse_leaks(ASSIGNMENT, "any", {"README.md": f"Welcome.\n    {line}\n".encode()})


def test_a_package_that_leaks_is_not_written(tmp_path, monkeypatch):
    build.build("student", tmp_path)
    kept = (tmp_path / "assignment.zip").read_bytes()
    monkeypatch.setattr(build, "starter_files", lambda _: {**starter_files(ASSIGNMENT), "dnn.py": SOLVED})
    with pytest.raises(BuildError, match="Nothing was written"):
        build.build("student", tmp_path)
    assert (tmp_path / "assignment.zip").read_bytes() == kept


def test_every_answer_and_every_formula_is_missed_when_it_leaks():
    private = leaks.private_texts(ASSIGNMENT)
    assert {*private.values()} == {"the answer of a mistake", "a wrong formula of the catalog", "a formula of the solution"}
    answers = {leaks.without_spaces(row.answer) for rows in MISTAKES.values() for row in rows}
    assert answers <= private.keys()
    for text in private:
        assert leaks.leak(ASSIGNMENT, PurePosixPath("checks/hints.py"), f"x = {text} .".encode())


def test_a_formula_within_a_longer_one_is_another():
    wrong = [text for text, what in leaks.private_texts(ASSIGNMENT).items() if what == "a wrong formula of the catalog"]
    formula = next(text for text in wrong if text[-1].isalnum())
    assert leaks.leak(ASSIGNMENT, PurePosixPath("any.txt"), f"{formula}x".encode()) == ""
    assert leaks.leak(ASSIGNMENT, PurePosixPath("any.txt"), f"Is it {formula}. No.".encode())
