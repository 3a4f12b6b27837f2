"""The course folder: source/, the grader, the configuration, and what `nbgrader generate_assignment` makes of them."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import display_path
from autograder.packaging.grader import grader_files
from autograder.packaging.handout import starter_files
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.output import write_files
from autograder.packaging.regions import BuildError

# If a configuration raises anything but SystemExit, nbgrader goes on without it, and would run the students' notebooks.
CONFIG = """\
# An nbgrader course with the assignment "{assignment.title}". `make nbgrader` writes this once: what you change here stays.

import sys
from collections.abc import Mapping
from pathlib import Path

c = get_config()
c.CourseDirectory.course_id = "{assignment.name}"

# What grades the assignment: in a course of your own, copy grader/ and these lines.
course = Path(__file__).parent
sys.path.insert(0, str(course / "grader"))
try:
    from autograder.platforms.nbgrader.settings import configure

    configure(c, course)
except Exception as error:
    raise SystemExit(f"The grader in {{course / 'grader'}} cannot be used ({{error!r}}); copy it again from dist/nbgrader/.")
"""


class Nbgrader:
    """A course folder in which nbgrader's own commands release the assignment and grade it.

    Its gradebook.db is no output: nbgrader draws random numbers for it, and what TAs keep beside it is theirs.
    """

    outputs: Mapping[str, str] = {"release": "students", "source": "TAs", "grader": "TAs", "nbgrader_config.py": "TAs"}

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write the course folder, or bring source/, release/ and grader/ in it up to date; what is a TA's stays as it is."""
        return build_course(assignment, out)


INTEGRATION = Nbgrader()


def build_course(assignment: Assignment, course: Path) -> str:
    """Write the course folder; BuildError if nbgrader cannot."""
    if not importlib.util.find_spec("nbgrader"):
        raise BuildError(
            f"nbgrader is not installed for this Python, {platform.python_version()}; it needs 3.11 or newer: "
            "`make clean`, then `make nbgrader PYTHON=python3.11`, or whatever your newer one is called."
        )
    # Here, because a machine that only grades has no nbformat.
    from autograder.platforms.nbgrader.cells import with_graded_cells

    files = starter_files(assignment)
    name = f"{assignment.name}.ipynb"
    files[name] = with_graded_cells(assignment, files[name])
    source = {name: text.encode() for name, text in files.items()}
    refuse_leaks(assignment, "nbgrader/source", source)
    grader = grader_files(assignment, "autograder.platforms.nbgrader.settings")
    grader |= grader_files(assignment, "autograder.platforms.nbgrader.grading")
    shutil.rmtree(course / "grader", ignore_errors=True)
    write_files(course / "grader", grader)
    write_files(course / "source" / assignment.name, source)
    for part in set(assignment.all_part_names).difference(assignment.part_names):  # of a course that was built with it
        for left_out in (f"{part}.py", f"checks/test_{part}.py"):
            (course / "source" / assignment.name / left_out).unlink(missing_ok=True)
    if not (course / "nbgrader_config.py").exists():
        write_files(course, {"nbgrader_config.py": CONFIG.format(assignment=assignment).encode()})
    generate_assignment(course, assignment.name)
    return f"{display_path(course)}/: a course; `nbgrader autograde {assignment.name}` in it grades what lies in submitted/"


def generate_assignment(course: Path, name: str) -> None:
    """Have nbgrader make release/ and gradebook.db; BuildError with its words if it does not."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # where it looks for alembic
    # Without JUPYTER_NO_CONFIG a configuration in one's home may name another course. The course file is that of grader/.
    own = {"COURSE": "", "ASSIGNMENT": "", "JUPYTER_NO_CONFIG": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = os.environ | own | {"PATH": path}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", name, "--force"]
    finished = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if finished.returncode:
        raise BuildError(f"nbgrader could not generate the assignment in {course}:\n{finished.stderr[-2_000:]}")
