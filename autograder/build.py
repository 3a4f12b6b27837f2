"""Build everything that is distributed from a single source, the solution and the checks: starter code, build/ and dist/."""

import shutil
from collections.abc import Callable
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import display_path
from autograder.packaging.handout import starter_files
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.manifest import MANIFEST, manifest, table
from autograder.packaging.output import DIST, TARGETS, write_files, write_zip
from autograder.packaging.regions import skeleton, solved
from autograder.packaging.secret import secret_notices
from autograder.platforms import NAMES, integration
from autograder.report.terminal import warn
from autograder.settings import old_names, read_assignment

STUDENT_ZIP = "assignment.zip"


def run_build(what: str, out: Path | None = None) -> int:
    """Build the assignment or a package, in its usual folder unless `out` names another, and print where it is."""
    print(build(what, out))
    if what in (*NAMES, "package"):  # these hold the secret
        warn(*secret_notices(), *old_names())
    return 0


def build(what: str, out: Path | None = None) -> str:
    """Build one target into a folder, its default one if none is given, and return a sentence about where it is."""
    assignment = read_assignment()
    if what in NAMES:
        return integration(what).build(assignment, out or DIST / what)
    return BUILDERS[what](assignment, out or TARGETS[what] or assignment.starter)


def build_starter(assignment: Assignment, out: Path) -> str:
    """Write the files for students into a folder, which is emptied first."""
    files = {name: text.encode() for name, text in starter_files(assignment).items()}
    refuse_leaks(assignment, display_path(out), files)
    shutil.rmtree(out, ignore_errors=True)
    write_files(out, files)
    return f"{display_path(out)}/: {', '.join(files)}"


def build_student(assignment: Assignment, out: Path) -> str:
    """Write assignment.zip, which students download, into a folder."""
    files = {f"{assignment.name}/{name}": text.encode() for name, text in starter_files(assignment).items()}
    refuse_leaks(assignment, STUDENT_ZIP, files)
    return write_zip(out / STUDENT_ZIP, files)


def build_examples(assignment: Assignment, out: Path) -> str:
    """Write the bundled submissions into a folder: the examples, one of them zipped, the solution and the starter code."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(assignment.examples, out, ignore=shutil.ignore_patterns("README.md", "__pycache__"))
    for zipped in sorted(out.glob("*.zip")):
        files = {path.relative_to(zipped).as_posix(): path.read_bytes() for path in sorted(zipped.rglob("*")) if path.is_file()}
        shutil.rmtree(zipped)
        write_zip(zipped, files)
    for student, version in (("solution", solved), ("skeleton", skeleton)):
        (out / student).mkdir()
        for part in assignment.part_names:
            (out / student / f"{part}.py").write_text(version((assignment.solution / f"{part}.py").read_text()))
    return f"{display_path(out)}/: {len(list(out.iterdir()))} submissions"


def build_package(assignment: Assignment, out: Path) -> str:
    """Build the download for students and the package of each platform into a folder, and list all files in MANIFEST there."""
    build_student(assignment, out)
    outputs = {STUDENT_ZIP: "students"}
    for name in NAMES:
        platform = integration(name)
        platform.build(assignment, out / name)
        outputs |= {f"{name}/{output}": readers for output, readers in platform.outputs.items()}
    (out / MANIFEST).write_text(manifest(out, outputs))
    return f"{table(out, outputs)}\nThe digests of every file: {display_path(out / MANIFEST)}"


BUILDERS: dict[str, Callable[[Assignment, Path], str]] = {
    "assignment": build_starter,
    "student": build_student,
    "package": build_package,
    "examples": build_examples,
}
