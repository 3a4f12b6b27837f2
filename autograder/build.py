"""Builds what is handed out from what is written once: solution/ and tests/ -> assignment/, build/ and dist/."""

import shutil
from collections.abc import Callable
from pathlib import Path

from autograder.handout.assignment import SOLUTION, assignment_files
from autograder.handout.regions import skeleton, solved
from autograder.leaks import refuse_leaks
from autograder.manifest import MANIFEST, manifest, table
from autograder.package import DIST, ROOT, shown, write_files, write_zip
from autograder.platforms.gradescope.package import build_gradescope
from autograder.platforms.nbgrader.package import build_nbgrader
from autograder.platforms.otter.package import build_otter
from autograder.results import PARTS

ASSIGNMENT = ROOT / "assignment"


def build(what: str, out: Path | None = None) -> str:
    """Build one thing into a folder, `PLACES[what]` if none is named, and return a sentence on where it is."""
    return BUILDERS[what](out or PLACES[what])


def build_assignment(out: Path) -> str:
    """Write what students get into a folder, which is emptied first."""
    files = assignment_files()
    shutil.rmtree(out, ignore_errors=True)
    write_files(out, {name: text.encode() for name, text in files.items()})
    return f"{shown(out)}/: {', '.join(files)}"


def build_student(out: Path) -> str:
    """Write assignment.zip, which students download, into a folder."""
    files = {f"backprop/{name}": text.encode() for name, text in assignment_files().items()}
    refuse_leaks("assignment.zip", files)
    return write_zip(out / "assignment.zip", files)


def build_examples(out: Path) -> str:
    """Write the bundled submissions into a folder: examples/, one of them zipped, the solution and the empty skeleton."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT / "examples", out, ignore=shutil.ignore_patterns("README.md", "__pycache__"))
    for zipped in sorted(out.glob("*.zip")):
        files = {path.relative_to(zipped).as_posix(): path.read_bytes() for path in sorted(zipped.rglob("*")) if path.is_file()}
        shutil.rmtree(zipped)
        write_zip(zipped, files)
    for student, version in (("solution", solved), ("skeleton", skeleton)):
        (out / student).mkdir()
        for part in PARTS:
            (out / student / f"{part}.py").write_text(version((SOLUTION / f"{part}.py").read_text()))
    return f"{shown(out)}/: {len(list(out.iterdir()))} submissions"


def build_package(out: Path) -> str:
    """Build what students download and what each platform takes into a folder, and list all of it in MANIFEST there."""
    build_student(out)
    for platform in ("gradescope", "otter", "nbgrader"):
        build(platform, out / platform)
    (out / MANIFEST).write_text(manifest(out))
    return f"{table(out)}\nThe digests of every file: {shown(out / MANIFEST)}"


BUILDERS: dict[str, Callable[[Path], str]] = {
    "assignment": build_assignment,
    "student": build_student,
    "gradescope": build_gradescope,
    "otter": build_otter,
    "nbgrader": build_nbgrader,
    "package": build_package,
    "examples": build_examples,
}
PLACES = {
    "assignment": ASSIGNMENT,
    "student": DIST,
    "gradescope": DIST / "gradescope",
    "otter": DIST / "otter",
    "nbgrader": DIST / "nbgrader",
    "package": DIST,
    "examples": ROOT / "build/examples",
}
