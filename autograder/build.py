"""Builds what is handed out from what is written once: solution/ and tests/ -> assignment/, build/ and dist/."""

import shutil
from collections.abc import Callable

from autograder.handout.assignment import SOLUTION, assignment_files
from autograder.handout.regions import skeleton, solved
from autograder.package import DIST, ROOT, write_zip
from autograder.platforms.gradescope.package import build_gradescope
from autograder.results import PARTS

ASSIGNMENT = ROOT / "assignment"


def build(what: str) -> str:
    """Build one thing and return a sentence on where it is."""
    return BUILDERS[what]()


def build_assignment() -> str:
    """Write assignment/ anew."""
    files = assignment_files()
    shutil.rmtree(ASSIGNMENT, ignore_errors=True)
    for name, text in files.items():
        (ASSIGNMENT / name).parent.mkdir(parents=True, exist_ok=True)
        (ASSIGNMENT / name).write_text(text)
    return f"assignment/: {', '.join(files)}"


def build_student() -> str:
    """Zip what students download."""
    files = {f"backprop/{name}": text.encode() for name, text in assignment_files().items()}
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


BUILDERS: dict[str, Callable[[], str]] = {
    "assignment": build_assignment,
    "student": build_student,
    "gradescope": build_gradescope,
    "examples": build_examples,
}
