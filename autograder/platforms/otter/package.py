"""The otter package: the files for students in a course that uses otter, the autograder.zip, and the plugin's wheel."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import ROOT, display_path, read_if_there
from autograder.packaging.grader import grader_files
from autograder.packaging.handout import starter_files
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.output import write_files, write_zip
from autograder.packaging.regions import BuildError, solved

HERE = Path(__file__).resolve().parent
SCRIPTS = ("setup.sh", "run_autograder")


class Otter:
    """The files for students in a course that uses otter, the autograder.zip, and the plugin's wheel."""

    outputs: Mapping[str, str] = {
        "student": "students",
        "autograder.zip": "otter",
        "autograder_otter-0.1.0-py3-none-any.whl": "otter",
    }

    def build(self, assignment: Assignment, out: Path) -> str:
        """Write the package into a folder, and install the plugin for this interpreter, so that `otter run` finds it."""
        notebook = f"{assignment.name}.ipynb"
        with tempfile.TemporaryDirectory() as folder:
            wheel = build_plugin(Path(folder))
            if not is_installed(wheel):
                install(wheel)
            work = Path(folder, "work")
            write_files(work, master_files(assignment, wheel))
            assign(work, notebook)
            student = student_files(assignment, student_notebook(work / "made/student" / notebook))
            refuse_leaks(assignment, "otter/student", student)
            (archive,) = (work / "made/autograder").glob("*.zip")
            with zipfile.ZipFile(archive) as made:
                files = {name: made.read(name) for name in made.namelist()}
            shutil.rmtree(out, ignore_errors=True)
            write_files(out / "student", student)
            shutil.copy(wheel, out)
        grading = write_zip(out / "autograder.zip", files, executable=SCRIPTS, private=True)
        return f"{display_path(out / 'student')}: {len(student)} files\n{grading}"


INTEGRATION = Otter()


def build_plugin(folder: Path) -> Path:
    """Build the plugin's wheel reproducibly in a folder, and return its path."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}  # 1980, the oldest time a zip can hold
    flit = [sys.executable, "-m", "flit_core.wheel", str(HERE), "--outdir", str(folder)]
    subprocess.run(flit, env=environment, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    return wheel


def is_installed(wheel: Path) -> bool:
    """Return whether this interpreter has a wheel's plugin; reinstalling it would remove it for a moment."""
    site = Path(sysconfig.get_path("purelib"))
    with zipfile.ZipFile(wheel) as archive:
        return all(
            read_if_there(site / name) == archive.read(name)
            for name in archive.namelist()
            if not name.endswith("/RECORD")  # pip writes its own
        )


def install(wheel: Path) -> None:
    """Install a wheel, without dependencies, for this interpreter."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--force-reinstall", wheel], check=True)


def master_files(assignment: Assignment, wheel: Path) -> dict[str, bytes]:
    """Return the input of `otter assign`: the master notebook, the solution, and the files for the grading machine.

    These include the master notebook: otter copies it over the student's, so submissions without a notebook work, too.
    """
    from autograder.packaging.notebook import notebook_text
    from autograder.platforms.otter.master import master

    locked = [line.rstrip(" \\") for line in (ROOT / "requirements/judge.txt").read_text().splitlines() if "==" in line]
    requirements = [*locked, f"/autograder/source/files/{wheel.name}"]
    notebook = f"{assignment.name}.ipynb"
    text = master(assignment, notebook_text(assignment), [notebook, "grader", wheel.name], requirements)
    parts = {f"{part}.py": (assignment.solution / f"{part}.py").read_text() for part in assignment.part_names}
    return {
        notebook: text.encode(),
        wheel.name: wheel.read_bytes(),
        **{name: solved(source).encode() for name, source in parts.items()},
        **{f"grader/{name}": data for name, data in grader_files(assignment, "autograder.platforms.apart").items()},
    }


def assign(folder: Path, notebook: str) -> None:
    """Run `otter assign` in the folder; raise BuildError if it fails, for example because the solution loses points."""
    command = [sys.executable, "-m", "otter", "assign", notebook, "made"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise BuildError(f"`otter assign` failed. It said:\n{run.stderr}")


def student_notebook(path: Path) -> str:
    """Return the text of the student's notebook made by `otter assign`."""
    import nbformat

    from autograder.packaging.notebook import written

    return written(nbformat.read(path, as_version=4))


def student_files(assignment: Assignment, notebook: str) -> dict[str, bytes]:
    """Return the files for students: the assignment with this notebook, and otter in the requirements."""
    files = starter_files(assignment) | {f"{assignment.name}.ipynb": notebook}
    files["requirements.txt"] = files.get("requirements.txt", "") + "otter-grader==7.0.0\n"
    return {name: text.encode() for name, text in files.items()}
