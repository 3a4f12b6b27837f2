"""The Makefile: its help, its benchmarks, and the platforms that it finds by their folders."""

import os
import re
import subprocess

import pytest

from autograder.files import ROOT
from autograder.platforms import NAMES

COMMANDS = {
    *("grade", "explain", "adjust", "adjustments", "copies", "doctor", "assignment", "student", "package"),
    *("test", "attacks", "mutants", "container", "lint", "bench", "lock", "clean", "help"),
}
BENCHES = ("grade", "hangs", "scale", "doors", "pages", "pictures", "runners", "matrix", "attacks")


def make(*arguments, level=0):
    """Run make as a terminal does, whatever make may have started the tests, or as a recipe of another make does."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "WHAT")}
    clean["MAKELEVEL"] = str(level)
    return subprocess.run(["make", "-C", ROOT, "--no-print-directory", *arguments], env=clean, capture_output=True, text=True)


def test_help_lists_every_command_in_one_line():
    done = make("help")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(re.fullmatch(r"[a-z]+ +\S.*", line) for line in lines), done.stdout
    assert sorted(line.split()[0] for line in lines) == sorted({*COMMANDS, *NAMES})


@pytest.mark.parametrize("what", BENCHES)
def test_bench_has_a_recipe_for_each_name(what):
    done = make("--dry-run", "bench", f"WHAT={what}")
    assert done.returncode == 0, done.stderr
    assert re.search(r"-m (benchmarks|tests\.golden)\.", done.stdout)


@pytest.mark.parametrize("what", ["speed", "", "%", "grade speed"])
def test_bench_of_an_unknown_name_lists_the_names(what):
    assert "-m benchmarks" not in make("--dry-run", "bench", f"WHAT={what}").stdout  # it would take an hour
    done = make("bench", f"WHAT={what}")
    assert done.returncode == 2
    assert f'no benchmark named "{what}"' in done.stderr
    assert ", ".join(BENCHES) in done.stderr


@pytest.mark.parametrize("platform", NAMES)
def test_platform_is_built_in_its_own_environment_where_it_has_a_lock(platform):
    planned = make("--dry-run", "--always-make", platform).stdout
    assert f"-m autograder build {platform}\n" in planned
    assert "touch .venv/grade\n" in planned
    assert (f"-r requirements/{platform}.txt\n" in planned) == (ROOT / f"requirements/{platform}.txt").exists()


@pytest.mark.parametrize(
    ("given", "meant", "level"),
    [
        ("SUBMISSION=x", "SUBMISSIONS", 0),
        ("submissions=x", "SUBMISSIONS", 0),
        ("SUBMISSION=x", "SUBMISSIONS", 1),
        ("OUTPUT=x", "OUT", 0),
        ("OTHERCLASS=1", "OTHER_CLASS", 0),
        ("ROOSTER=x", "ROSTER", 1),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_nearest_name(given, meant, level):
    """Also where another make calls this one."""
    for goal in ("grade", "adjust", "help"):
        done = make(goal, given, level=level)
        assert done.returncode == 2
        assert f"There is no variable {given.partition('=')[0]}. Did you mean {meant}?" in done.stderr
        assert done.stdout == ""


def test_a_variable_like_no_other_is_refused_with_all_names():
    done = make("help", "a'quoted'name=1", "SUBMISSIONS=x")
    assert done.returncode == 2
    assert "The variables are SUBMISSIONS, OUT, JOBS, " in done.stderr
    assert make("help", "CLASS=x").returncode == 2
    assert make("help", "CLASS=x", level=1).returncode == 0  # it may be the other make's own


def test_standard_variables_and_the_environment_pass(monkeypatch):
    monkeypatch.setenv("SUBMISSION", "x")
    given = (
        "CC=gcc",
        "CFLAGS=-O2",
        "MAKEFLAGS=",
        "TMPDIR=/tmp",
        "LC_ALL=C",
        "PIP_INDEX_URL=x",
        "OMP_NUM_THREADS=1",
        "SHELL=/bin/sh",
    )
    done = make("help", *given, "PYTHON=python3", "COURSE=course.toml", "STUDENT=ada", "OTHER_CLASS=1")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_variable_of_a_recipe_may_be_given():
    """Those that the Makefile gives no value, such as STUDENT, can only come from the command line."""
    text = (ROOT / "Makefile").read_text()
    (known,) = re.findall(r"^VARIABLES :=((?:.*\\\n)*.*)", text, re.MULTILINE)
    used = set(re.findall(r"\$\(([A-Z_]+)\)", text)) - set(re.findall(r"^(?:export )?([A-Z_]+) :?=", text, re.MULTILINE))
    automatic = {"CURDIR", "MAKEFILE_LIST", "MAKELEVEL"}
    others = {"COURSE", "SHARE"}  # which the programs behind the recipes read
    assert {*known.replace("\\", "").split()} == used - automatic | others


@pytest.mark.parametrize(
    ("goal", "given", "out"),
    [
        ("grade", [], "out/examples"),
        ("grade", ["OUT=elsewhere"], "elsewhere"),
        ("grade", ["SUBMISSIONS=class"], "out"),
        ("grade", ["SUBMISSIONS=class", "OUT=elsewhere"], "elsewhere"),
        ("copies", [], "out/examples"),
        ("copies", ["SUBMISSIONS=class"], "out"),
        ("adjust", ["STUDENT=ada", "POINTS=1", "REASON=x"], "out"),
        ("adjust", ["STUDENT=ada", "POINTS=1", "REASON=x", "OUT=out/examples"], "out/examples"),
    ],
)
def test_the_bundled_examples_are_not_written_into_the_folder_of_a_class(goal, given, out):
    planned = make("--dry-run", goal, *given).stdout
    assert f'--out "{out}"' in planned
    assert "--other-class" not in planned
    assert "--other-class" in make("--dry-run", goal, *given, "OTHER_CLASS=1").stdout or goal == "adjust"


def test_clean_deletes_no_class():
    planned = make("--dry-run", "clean").stdout.split()
    assert "out/examples" in planned
    assert "out" not in planned
