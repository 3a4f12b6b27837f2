"""The Makefile: its help, its benchmarks, and the platforms that it finds by their folders."""

import os
import re
import subprocess

import pytest

from autograder.files import ROOT
from autograder.platforms import NAMES

COMMANDS = {
    *("grade", "adjust", "copies", "doctor", "assignment", "student", "package"),
    *("test", "attacks", "mutants", "container", "lint", "bench", "lock", "clean", "help"),
}
BENCHES = ("grade", "doors", "pages", "pictures", "runners", "matrix", "attacks")


def make(*arguments):
    """Run make as a terminal does, whatever make may have started the tests."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "WHAT")}
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
