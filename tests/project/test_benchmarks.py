"""The benchmarks: other tools run checks that the solution passes."""

import os
import subprocess
import sys

from benchmarks.runners.library import library
from tests.course import CHECKS
from tests.golden.programs import solutions


def test_the_solution_passes_the_checks_that_other_tools_run(tmp_path):
    library(tmp_path)
    for part, source in solutions().items():
        (tmp_path / f"{part}.py").write_bytes(source)
    script = "import course\nfor name in course.CHECKS: course.check(name)\nprint(*course.CHECKS)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "GRADER_SECRET": ""}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(f"{check.part}.{check.name}" for check in CHECKS)
