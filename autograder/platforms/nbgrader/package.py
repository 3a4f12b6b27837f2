"""The course folder: source/, the grader, the configuration, and what `nbgrader generate_assignment` makes of them."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from autograder.handout.assignment import assignment_files
from autograder.handout.regions import BuildError
from autograder.leaks import refuse_leaks
from autograder.package import grader_files, shown, write_files
from autograder.platforms.nbgrader import ASSIGNMENT, NOTEBOOK

# If a configuration raises anything but SystemExit, nbgrader goes on without it, and would run the students' notebooks.
CONFIG = '''\
"""An nbgrader course with the backpropagation assignment. `make nbgrader` writes this once: what you change here stays."""

import sys
from pathlib import Path

c = get_config()
c.CourseDirectory.course_id = "backprop"

# What grades the assignment: in a course of your own, copy grader/ and these lines.
course = Path(__file__).parent
sys.path.insert(0, str(course / "grader"))
try:
    from autograder.platforms.nbgrader.settings import configure

    configure(c, course)
except Exception as error:
    raise SystemExit(f"The grader in {course / 'grader'} cannot be used ({error!r}); copy it anew from dist/nbgrader/.")
'''


def build_nbgrader(course: Path) -> str:
    """Write the course folder, or bring source/, release/ and grader/ in it up to date; BuildError if nbgrader cannot.

    What is a TA's in it stays as it is.
    """
    if not importlib.util.find_spec("nbgrader"):
        raise BuildError(
            f"nbgrader is not installed for this Python, {platform.python_version()}; it needs 3.11 or newer: "
            "`make clean`, then `make nbgrader PYTHON=python3.11`, or whatever your newer one is called."
        )
    # Here, because a machine that only grades has no nbformat.
    from autograder.platforms.nbgrader.cells import with_graded_cells

    files = assignment_files()
    name = f"{NOTEBOOK}.ipynb"
    files[name] = with_graded_cells(files[name])
    source = {name: text.encode() for name, text in files.items()}
    refuse_leaks("nbgrader/source", source)
    grader = grader_files()
    shutil.rmtree(course / "grader", ignore_errors=True)
    write_files(course / "grader", grader)
    write_files(course / "source" / ASSIGNMENT, source)
    if not (course / "nbgrader_config.py").exists():
        write_files(course, {"nbgrader_config.py": CONFIG.encode()})
    generate_assignment(course)
    return f"{shown(course)}/: a course; `nbgrader autograde {ASSIGNMENT}` in it grades what lies in submitted/"


def generate_assignment(course: Path) -> None:
    """Have nbgrader make release/ and gradebook.db; BuildError with its words if it does not."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # where it looks for alembic
    # Without JUPYTER_NO_CONFIG a configuration in one's home may name another course.
    environment = os.environ | {"PATH": path, "JUPYTER_NO_CONFIG": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT, "--force"]
    finished = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if finished.returncode:
        raise BuildError(f"nbgrader could not generate the assignment in {course}:\n{finished.stderr[-2_000:]}")
