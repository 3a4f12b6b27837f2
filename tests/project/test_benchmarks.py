"""The benchmarks: what a command took is that of all its processes, and other tools run checks that the solution passes."""

import os
import subprocess
import sys

from autograder.files import ROOT
from benchmarks.runners.library import library
from tests.course import CHECKS
from tests.golden.programs import solutions

BUSY = "import time\nwhile time.process_time() < 1: pass\nopen('used', 'w').write(str(time.process_time()))"
ASLEEP = "import time\ntime.sleep(1e6)"
# In a process of its own, because it waits for every child.
MEASURE = """import sys
from benchmarks.commands import run
print(*run(sys.executable, "-c", sys.argv[1], cwd=sys.argv[2], patience=float(sys.argv[3])))"""


def measure_orphan(folder, helper, patience):
    """Return what a command took that starts a helper and does not wait for it: processor time, wall time, processes killed."""
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {helper!r}])"
    command = [sys.executable, "-c", MEASURE, start, folder, str(patience)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return map(float, done.stdout.split())


def test_processor_time_of_an_orphan_is_counted(tmp_path):
    processor, _, ended = measure_orphan(tmp_path, BUSY, patience=600)
    assert ended == 0
    assert processor > float((tmp_path / "used").read_text())


def test_an_orphan_that_does_not_end_is_ended(tmp_path):
    *_, ended = measure_orphan(tmp_path, ASLEEP, patience=1)
    assert ended == 1


def test_the_solution_passes_the_checks_that_other_tools_run(tmp_path):
    library(tmp_path)
    for part, source in solutions().items():
        (tmp_path / f"{part}.py").write_bytes(source)
    script = "import course\nfor name in course.CHECKS: course.check(name)\nprint(*course.CHECKS)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "GRADER_SECRET": ""}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(f"{check.part}.{check.name}" for check in CHECKS)
