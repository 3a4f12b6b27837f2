"""A command loads only the modules, and starts only the processes, that it needs."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from autograder.files import ROOT
from autograder.gradebook.digest import LIBRARIES, find_version
from tests.golden.programs import solutions

# Runs a module as `python -m` does, then prints the memory of its largest child process and the modules that it has loaded.
WATCH = """
import resource, runpy, sys
module, sys.argv[1:] = sys.argv[1], sys.argv[2:]
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, *sys.modules)
"""
# What only other commands need, and what only grading, drawing pages and other programs need.
OTHER_COMMANDS = ["autograder.adjust", "autograder.build", "autograder.explain", "autograder.similarity", "autograder.doctor"]
JUDGE = ["msgpack", "greenlet", "autograder.judge.judge", "autograder.sandbox.host"]
WORKERS = ["multiprocessing", "autograder.judge.records", "autograder.workers"]
PAGES = ["jinja2", "markupsafe", "autograder.report.feedback", "autograder.report.page", "rich.progress"]
PROGRAMS = [
    "asyncio",
    "email.message",
    "importlib.metadata",
    "distributed",
    "sqlalchemy",
    "autograder.cluster",
    "autograder.cluster_access",
    "autograder.platforms.nbgrader",
]
CLASS = ["argparse", "rich", "sqlite3", "autograder.cli", "autograder.gradebook", "autograder.intake.exports", "autograder.run"]
CATALOG = ["autograder.backprop.diagnosis", "autograder.backprop.mistakes", "autograder.diagnosis.causes"]


def watch(module, *arguments):
    """Return whether a run has had child processes, and the modules that it has loaded."""
    command = [sys.executable, "-c", WATCH, module, *map(str, arguments)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert run.returncode == 0, run.stderr
    memory, *loaded = run.stdout.rpartition("LOADED")[2].split()
    return int(memory) > 0, set(loaded)


def lay(folder):
    """Write the solution into a folder."""
    folder.mkdir(parents=True)
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Return the arguments of a run in which everything is known, and what `watch` returned for the run before it."""
    place = tmp_path_factory.mktemp("class")
    lay(place / "class/ada")
    arguments = ["autograder", "grade", place / "class", "--out", place / "out"]
    return arguments, watch(*arguments)


def test_pages_load_the_named_modules(graded):
    """This and the test of Gradescope show that the names in the tests below are correct."""
    _, (has_children, loaded) = graded
    assert has_children
    assert {*WORKERS, *PAGES} - loaded == {"rich.progress"}  # no bar without a terminal


def test_only_workers_load_the_judge(graded):
    _, (_, loaded) = graded
    assert loaded & {*JUDGE} == set()


def test_a_known_class_starts_no_sandbox_and_loads_no_library(graded):
    arguments, _ = graded
    has_children, loaded = watch(*arguments)
    assert not has_children
    assert loaded & {"numpy", *OTHER_COMMANDS, *JUDGE, *WORKERS, *PAGES, *PROGRAMS, *CATALOG} == set()


def test_comparing_a_small_class_starts_no_process_and_loads_nothing_that_grades(tmp_path):
    lay(tmp_path / "class/ada")
    has_children, loaded = watch("autograder", "copies", tmp_path / "class", "--out", tmp_path / "out")
    assert not has_children
    assert "autograder.similarity" in loaded
    assert loaded & {"msgpack", "greenlet", "autograder.judge", "autograder.sandbox.host", "autograder.workers"} == set()


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_changed_or_missing_class_report_is_written_again(graded, damage):
    arguments, _ = graded
    report = arguments[-1] / "report.html"
    before = report.read_bytes()
    report.write_bytes(b"") if damage == "changed" else report.unlink()
    _, loaded = watch(*arguments)
    assert report.read_bytes() == before
    assert "jinja2" in loaded


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_version_of_a_library_is_the_one_in_its_metadata(library, monkeypatch, tmp_path):
    assert find_version(library) == version(library)
    info = tmp_path / f"{library}.egg-info"  # metadata of another kind
    info.mkdir()
    (info / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 0.5\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find_version(library) == version(library) == "0.5"


def test_gradescope_loads_nothing_of_a_class(tmp_path):
    lay(tmp_path / "submission")
    (tmp_path / "results").mkdir()
    has_children, loaded = watch("autograder.platforms.gradescope", tmp_path)
    assert has_children
    assert {"numpy", *JUDGE} <= loaded
    assert loaded & {*OTHER_COMMANDS, *PAGES, *PROGRAMS, *CLASS, *CATALOG, "multiprocessing", "autograder.workers"} == set()


def test_every_named_module_exists():
    """A name that is misspelt would never be found."""
    names = [*OTHER_COMMANDS, *CLASS, *CATALOG, *PROGRAMS]
    for name in (name for name in names if name.startswith("autograder.")):
        place = ROOT.joinpath(*name.split("."))
        assert place.is_dir() or place.with_suffix(".py").is_file(), name
