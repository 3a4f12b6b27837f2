"""Builds what is handed out from what is written once: solution/ and tests/ -> assignment/, build/ and dist/."""

import shutil
from collections.abc import Callable

from autograder.handout.assignment import SOLUTION, assignment_files
from autograder.handout.regions import skeleton, solved
from autograder.leaks import refuse_leaks
from autograder.manifest import MANIFEST, manifest, table
from autograder.package import DIST, ROOT, write_files, write_zip
from autograder.platforms.gradescope.package import build_gradescope
from autograder.platforms.nbgrader.package import build_nbgrader
from autograder.platforms.otter.package import build_otter
from autograder.results import PARTS

ASSIGNMENT = ROOT / "assignment"


def build(what: str) -> str:
    """Build one thing and return a sentence on where it is."""
    return BUILDERS[what]()


def build_assignment() -> str:
    """Write assignment/ anew."""
    files = assignment_files()
    shutil.rmtree(ASSIGNMENT, ignore_errors=True)
    write_files(ASSIGNMENT, {name: text.encode() for name, text in files.items()})
    return f"assignment/: {', '.join(files)}"


def build_student() -> str:
    """Zip what students download."""
    files = {f"backprop/{name}": text.encode() for name, text in assignment_files().items()}
    refuse_leaks("assignment.zip", files)
    return write_zip(DIST / "assignment.zip", files)


def build_examples() -> str:
    """Lay out the bundled submissions: examples/, one of them zipped, with the solution and the empty skeleton."""
    target = ROOT / "build/examples"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "examples", target, ignore=shutil.ignore_patterns("README.md", "__pycache__"))
    for zipped in sorted(target.glob("*.zip")):
        files = {path.relative_to(zipped).as_posix(): path.read_bytes() for path in sorted(zipped.rglob("*")) if path.is_file()}
        shutil.rmtree(zipped)
        write_zip(zipped, files)
    for student, version in (("solution", solved), ("skeleton", skeleton)):
        (target / student).mkdir()
        for part in PARTS:
            (target / student / f"{part}.py").write_text(version((SOLUTION / f"{part}.py").read_text()))
    return f"build/examples/: {len(list(target.iterdir()))} submissions"


def build_package() -> str:
    """Build what students download and what each platform takes, and write down what came of it in dist/MANIFEST."""
    for what in ("student", "gradescope", "otter", "nbgrader"):
        build(what)
    MANIFEST.write_text(manifest())
    return f"{table()}\nThe digests of every file: {MANIFEST.relative_to(ROOT)}"


BUILDERS: dict[str, Callable[[], str]] = {
    "assignment": build_assignment,
    "student": build_student,
    "gradescope": build_gradescope,
    "otter": build_otter,
    "nbgrader": build_nbgrader,
    "package": build_package,
    "examples": build_examples,
}
