"""The course folder: source/, the grader, the configuration, and the output of `nbgrader generate_assignment`."""

import contextlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import PRIVATE, display_path
from autograder.packaging.grader import grader_files
from autograder.packaging.handout import starter_files
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.output import write_files
from autograder.packaging.regions import BuildError

# If a configuration raises anything but SystemExit, nbgrader continues without it, and would run the students' notebooks.
CONFIG = """\
# An nbgrader course with the assignment "{assignment.title}". `make nbgrader` writes this file once and keeps your changes.

import sys
from collections.abc import Mapping
from pathlib import Path

c = get_config()
c.CourseDirectory.course_id = "{assignment.name}"

# This part grades the assignment. To use it in a course of your own, copy grader/ and these lines.
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

    gradebook.db is not an output: nbgrader uses random ids in it, and it belongs to the TAs, like any other files there.
    """

    outputs: Mapping[str, str] = {"release": "students", "source": "TAs", "grader": "TAs", "nbgrader_config.py": "TAs"}

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write the course folder, or update source/, release/ and grader/ in it; the TAs' files are kept."""
        return build_course(assignment, out)


INTEGRATION = Nbgrader()


def build_course(assignment: Assignment, course: Path) -> str:
    """Write the course folder; raise BuildError if nbgrader cannot."""
    if not importlib.util.find_spec("nbgrader"):
        raise BuildError(
            f"nbgrader is not installed for this Python, {platform.python_version()}. It needs Python 3.11 or newer: run "
            "`make clean`, then `make nbgrader PYTHON=python3.11`, with the name of your newer Python."
        )
    # Imported here, because a machine that only grades has no nbformat.
    from autograder.platforms.nbgrader.cells import with_graded_cells

    files = starter_files(assignment)
    name = f"{assignment.name}.ipynb"
    files[name] = with_graded_cells(assignment, files[name])
    source = {name: text.encode() for name, text in files.items()}
    refuse_leaks(assignment, "nbgrader/source", source)
    grader = grader_files(assignment, "autograder.platforms.nbgrader.settings")
    grader |= grader_files(assignment, "autograder.platforms.nbgrader.grading")
    shutil.rmtree(course / "grader", ignore_errors=True)
    write_files(course / "grader", grader, private=True)
    write_files(course / "source" / assignment.name, source)
    for part in set(assignment.all_part_names).difference(assignment.part_names):  # from an earlier build with that part
        for left_out in (f"{part}.py", f"checks/test_{part}.py", f"checks/known_{part}.json"):
            (course / "source" / assignment.name / left_out).unlink(missing_ok=True)
    if not (course / "nbgrader_config.py").exists():
        write_files(course, {"nbgrader_config.py": CONFIG.format(assignment=assignment).encode()})
    with contextlib.suppress(FileExistsError):  # nbgrader fills an existing file, but would create one that everyone can read
        (course / "gradebook.db").touch(PRIVATE, exist_ok=False)
    generate_assignment(course, assignment.name)
    return f"{display_path(course)}/: a course; run `nbgrader autograde {assignment.name}` there to grade submitted/"


def generate_assignment(course: Path, name: str) -> None:
    """Have nbgrader write release/ and gradebook.db; raise BuildError with its message if that fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # where it looks for alembic
    # Without JUPYTER_NO_CONFIG, a configuration in the home folder may name another course. Use the course file in grader/.
    own = {"COURSE": "", "ASSIGNMENT": "", "JUPYTER_NO_CONFIG": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = os.environ | own | {"PATH": path}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", name, "--force"]
    finished = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    if finished.returncode:
        raise BuildError(f"nbgrader could not generate the assignment in {course}:\n{finished.stderr[-2_000:]}")
