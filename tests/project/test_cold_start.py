"""check.py if something is missing: one sentence says what it is and what to type."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.files import ROOT
from checker.checks import starting
from tests.course import ASSIGNMENT, PARTS
from tests.golden.programs import solutions

READABLE = [ROOT / "checker/check.py", ROOT / "checker/checks/starting.py"]
PRETEND = "import sys, runpy; sys.version_info = (3, 8, 10); runpy.run_path(sys.argv[1], run_name='__main__')"


@pytest.fixture
def folder(tmp_path):
    """Return the download with everything done."""
    folder = shutil.copytree(ASSIGNMENT.starter, tmp_path / "backprop", ignore=shutil.ignore_patterns("__pycache__"))
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)
    return folder


def start(folder, *arguments, python=sys.executable, cwd=None, **environment):
    return subprocess.run(
        [python, folder / "check.py", *arguments],
        cwd=cwd or folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )


def refusal(run):
    """Return the one sentence, or two, with which check.py ends."""
    assert (run.returncode, run.stdout) == (2, ""), run
    (line,) = run.stderr.splitlines()
    return line


# Python and numpy


def test_without_numpy_it_says_how_to_install_it(folder, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (python,) = tmp_path.glob("env/*/python3")
    said = refusal(start(folder, python=python))
    assert said == f"numpy is not installed for this Python ({python}). Install it: `{python} -m pip install numpy`"
    activated = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    assert refusal(start(folder, python=python, PATH=activated)).endswith(" Install it: `python3 -m pip install numpy`")


def test_a_python_of_the_system_is_not_told_to_use_pip(folder, tmp_path, monkeypatch):
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(starting.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(starting.sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(starting.shutil, "which", {"apt": "/usr/bin/apt", "python3": "/usr/bin/python3"}.get)
    assert starting.install_command() == "sudo apt install python3-numpy"
    monkeypatch.setattr(starting.shutil, "which", {"python3": "/usr/bin/python3"}.get)
    assert starting.install_command().startswith("python3 -m venv .venv && .venv/bin/python -m pip install numpy && ")


def test_a_numpy_that_does_not_load_is_named_with_its_reason(folder, tmp_path):
    (tmp_path / "site/numpy").mkdir(parents=True)
    (tmp_path / "site/numpy/__init__.py").write_text("raise ImportError('\\n\\nIMPORTANT\\n\\nOriginal error was: no libblas')")
    said = refusal(start(folder, PYTHONPATH=str(tmp_path / "site")))
    assert (
        f"numpy is installed for this Python ({sys.executable}), but cannot be loaded (Original error was: no libblas)." in said
    )
    assert said.endswith("-m pip install --force-reinstall numpy`")


def test_a_file_of_the_students_that_hides_numpy_is_named(folder):
    (folder / "numpy.py").touch()
    assert refusal(start(folder)) == f"Your own `{folder / 'numpy.py'}` hides numpy. Rename it, then run check.py again."


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_old_pythons_can_read_what_they_have_to(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 7))  # no lower one is known to every Python
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.Starred, ast.AsyncFunctionDef, ast.Nonlocal)
    assert not [node for node in ast.walk(tree) if isinstance(node, too_new) or getattr(node, "returns", None)]


def test_an_old_python_is_refused(folder):
    """One that pretends to be old and, as far as they are here, old ones."""
    old = {name: [name] for name in ("python2.7", "python3.6", "python3.9") if can_be_called(name)}
    for name, python in {"python3.8": [sys.executable, "-c", PRETEND], **old}.items():
        run = subprocess.run([*python, folder / "check.py"], cwd=folder, capture_output=True, text=True)
        assert refusal(run).startswith(f"check.py needs Python 3.10 or newer; this is Python {name.removeprefix('python')} (")


def can_be_called(name):
    """Return whether there is a program of this name; what pyenv puts in its place may refuse."""
    return bool(shutil.which(name)) and subprocess.run([name, "-c", ""], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        ({"python3.12": "/x", "python3.9": "/y"}, "Run `python3.12 check.py` instead."),
        ({}, f"Install a newer one: {starting.DOWNLOADS}"),
    ],
)
def test_an_old_python_is_named_with_a_newer_one(monkeypatch, found, advice):
    monkeypatch.setattr(starting.sys, "version_info", (3, 8, 10))
    monkeypatch.setattr(starting.shutil, "which", found.get)
    said = starting.find_problem()
    assert said == f"check.py needs Python 3.10 or newer; this is Python 3.8 ({sys.executable}). {advice}"


def test_imported_it_raises_the_sentence(folder):
    """As in a notebook, whose kernel should live on."""
    shutil.rmtree(folder / "checks")
    run = subprocess.run([sys.executable, "-c", "import check"], cwd=folder, capture_output=True, text=True)
    assert run.stderr.splitlines()[-1].startswith(f"ImportError: The folder `checks` is missing or incomplete in {folder}.")


# What to type


@pytest.mark.parametrize(
    ("system", "programs", "typed"),
    [
        ("posix", {"python3": "{}", "python": "{}"}, "python3"),
        ("posix", {"python3": "/other/python3", "python": "{}"}, "python"),
        ("posix", {"python3": "/other/python3"}, "{}"),
        ("nt", {"python": "{}", "py": "/windows/py"}, "python"),
        ("nt", {"python": "/store/python", "py": "/windows/py"}, "py"),
        ("nt", {}, "{}"),
    ],
)
@pytest.mark.parametrize("place", ["bin", "with a space"])
def test_the_command_is_one_that_leads_to_this_python(tmp_path, monkeypatch, system, programs, typed, place):
    this = tmp_path / place / "thispython"
    this.parent.mkdir()
    this.touch()
    monkeypatch.setattr(starting.os, "name", system)
    monkeypatch.setattr(starting.sys, "executable", str(this))
    monkeypatch.setattr(starting.shutil, "which", {name: path.format(this) for name, path in programs.items()}.get)
    said = starting.python_command()
    monkeypatch.undo()
    assert said == (typed if typed != "{}" else f'"{this}"' if " " in place else str(this))


def test_the_launcher_of_windows_is_not_for_a_virtual_environment(tmp_path, monkeypatch):
    this = tmp_path / "Scripts/python.exe"
    this.parent.mkdir()
    this.touch()
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setattr(starting.os, "name", "nt")
    monkeypatch.setattr(starting.sys, "executable", str(this))
    monkeypatch.setattr(starting.shutil, "which", {"py": "/windows/py"}.get)
    said = starting.python_command()
    monkeypatch.undo()
    assert said == str(this)


# The folder


@pytest.mark.parametrize("lost", ["checks", "checks/rubric.py", "checks/starting.py", "checks/command.py"])
def test_without_its_modules_it_says_what_to_do(folder, lost):
    shutil.rmtree(folder / lost) if lost == "checks" else (folder / lost).unlink()
    said = refusal(start(folder))
    assert said.startswith(
        f"The folder `checks` is missing or incomplete in {folder}. Download the assignment again, unpack all"
    )


def test_it_may_be_called_from_another_folder(folder, tmp_path):
    run = start(folder, "warmup", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(f"Checking the files in {folder}.\n\nwarmup.py\n")
    (folder / "warmup.py").write_text("")
    said = start(folder, "warmup", cwd=tmp_path).stdout
    assert f"For a hint, run: {starting.python_command()} {folder / 'check.py'} warmup --hint\n" in said


def test_without_any_file_of_the_students_it_says_where_it_looked(folder):
    for part in PARTS:
        (folder / f"{part}.py").unlink()
    command = f"{starting.python_command()} check.py"
    there = f"There is no warmup.py, dnn.py or extension.py in {folder}."
    assert refusal(start(folder)) == f"{there} Put your work there, then run: {command}"
    assert refusal(start(folder, "dnn")) == f"There is no dnn.py in {folder}. Put your work there, then run: {command} dnn"
    (folder / "DNN (1).py").touch()
    assert refusal(start(folder)) == f"{there} Rename DNN (1).py to dnn.py, then run: {command}"


def test_it_writes_nothing(folder):
    """So the folder may be read-only, as a mounted share or a zip that is looked into."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for path in before:
        path.chmod(path.stat().st_mode & ~0o222)
    run = start(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*")} == before
