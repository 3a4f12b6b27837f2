"""Builds what is handed out from what is written once: solution/ and tests/ -> assignment/, build/ and dist/."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from autograder.course import HERE, course_file, read_secret
from autograder.handout.marks import marks_table, rule_on_finite_differences
from autograder.results import PARTS
from autograder.rubric import RUBRIC
from autograder.sandbox import layers

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = ROOT / "assignment"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: two builds of the same files are the same bytes
SOLUTION = ROOT / "solution"
GRADING = ("autograder", "tests/public", "tests/hidden")  # what a machine that grades needs, besides the platform's scripts
GRADESCOPE = "autograder/platforms/gradescope"


class BuildError(Exception):
    """Something cannot be built; the text is a sentence."""


def build(what: str) -> str:
    """Build one thing and return a sentence on where it is."""
    return BUILDERS[what]()


# Solution regions. The markers are otter's own (https://otter-grader.readthedocs.io: "# BEGIN SOLUTION NO PROMPT" and
# "# BEGIN PROMPT"); nbgrader's ClearSolutions knows them too, since it looks for "BEGIN SOLUTION" in a line.


def skeleton(source: str) -> str:
    """The student's version of a source: without the solutions, and with the prompts in their place."""
    kept, inside = [], False
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.rstrip()
        if text.endswith("# BEGIN SOLUTION NO PROMPT"):
            if inside:
                raise BuildError(f"line {number}: a solution begins inside another.")
            inside = True
        elif text.endswith("# END SOLUTION"):
            if not inside:
                raise BuildError(f"line {number}: a solution ends that has not begun.")
            inside = False
        elif not inside and not text.endswith(("# BEGIN PROMPT", "# END PROMPT")):
            kept.append(line)
    if inside:
        raise BuildError("the last solution does not end.")
    return "\n".join(kept) + "\n"


def solved(source: str) -> str:
    """The solution without prompts and markers: what a very good student would hand in."""
    kept, prompt = [], False
    for line in source.splitlines():
        text = line.rstrip()
        if text.endswith("# BEGIN PROMPT"):
            prompt = True
        elif text.endswith("# END PROMPT"):
            prompt = False
        elif not prompt and not text.endswith(("# BEGIN SOLUTION NO PROMPT", "# END SOLUTION")):
            kept.append(line)
    return "\n".join(kept) + "\n"


# The assignment ------------------------------------------------------------------------------------------------------


COPIED = ("check.py", "conftest.py", "lab.py", "requirements.txt")
# The public checks are a package of their own there: checks/.
CHECKS = {
    "hints.py": SOLUTION / "hints.py",
    "checking.py": ROOT / "autograder/checking.py",
    "running.py": ROOT / "autograder/running.py",
    **{f"test_{part}.py": ROOT / f"tests/public/test_{part}.py" for part in PARTS},
}
# What the hand-out says of the rubric, by the line of solution/README.md that keeps a place for it.
PLACES: dict[str, Callable[[], str]] = {
    "<!-- the table of marks -->": marks_table,
    "<!-- the rule on finite differences -->": rule_on_finite_differences,
}


def assignment_files() -> dict[str, str]:
    """Every file of assignment/, by its path below it."""
    from autograder.handout.figures import figures  # here, because a machine that only grades has no matplotlib
    from autograder.handout.notebook import notebook
    from autograder.handout.page import page

    pictures, text = figures(), handout()
    return {
        **{name: (SOLUTION / name).read_text() for name in COPIED},
        "README.md": text,
        "handout.html": page(text, pictures),
        "backprop.ipynb": notebook((SOLUTION / "backprop.py").read_text()),
        **{f"{part}.py": skeleton((SOLUTION / f"{part}.py").read_text()) for part in PARTS},
        **{f"figures/{name}": picture for name, picture in pictures.items()},
        "checks/__init__.py": '"""The public checks."""\n',
        "checks/rubric.py": public_rubric(),
        **{f"checks/{name}": at_home(path.read_text()) for name, path in CHECKS.items()},
    }


def handout() -> str:
    """The text of the hand-out: solution/README.md with what the rubric says in the places kept for it."""
    text = (SOLUTION / "README.md").read_text()
    for place, made in PLACES.items():
        if place not in text:
            raise BuildError(f"solution/README.md has no place for what the rubric says: {place}")
        text = text.replace(place, made())
    return text


def public_rubric() -> str:
    """The source of the rubric that students get: the rows of the public checks."""
    public = {
        part: {task: {"public": checks["public"]} for task, checks in tasks.items() if "public" in checks}
        for part, tasks in RUBRIC.items()
    }
    return f'"""What the public checks are worth."""\n\nRUBRIC = {json.dumps(public, indent=4)}\n'


def at_home(source: str) -> str:
    """A source of ours with its imports as they are in the student's folder."""
    return re.sub(r"^from (autograder|tests\.public)\.", "from checks.", source, flags=re.MULTILINE)


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
    return write_zip(ROOT / "dist/assignment.zip", files)


# The packages --------------------------------------------------------------------------------------------------------


def build_gradescope() -> str:
    """Zip what Gradescope runs: setup.sh and run_autograder at the root, then what grading needs.

    What the environment variable ACCEPT names, submissions need not be kept from there.
    """
    accepted = os.environ.get("ACCEPT", "")
    try:
        layers.named(accepted)
    except ValueError as error:
        raise BuildError(str(error)) from error
    files = {name: (ROOT / GRADESCOPE / name).read_bytes() for name in ("setup.sh", "run_autograder")}
    files["requirements.txt"] = (ROOT / "requirements/judge.txt").read_bytes()
    files["accept.txt"] = accepted.encode()
    read_secret()  # a package that lacks one would fail on the platform
    files[HERE.name] = course_file().read_bytes()
    files["tests/__init__.py"] = b""
    files |= {f"assignment/{part}.py": skeleton((SOLUTION / f"{part}.py").read_text()).encode() for part in PARTS}
    for folder in GRADING:
        files |= {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources(ROOT / folder)}
    return write_zip(ROOT / "dist/gradescope/autograder.zip", files, executable={"setup.sh", "run_autograder"})


def sources(folder: Path) -> Iterable[Path]:
    """The files of a package that git would keep."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in {".py", ".html"})


def write_zip(path: Path, files: dict[str, bytes], executable: Iterable[str] = ()) -> str:
    """Write a zip whose bytes depend on nothing but the files, and say how large it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, so that the permissions count
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    return f"{path.relative_to(ROOT)}: {len(files)} files, {path.stat().st_size:,} bytes"


# The examples --------------------------------------------------------------------------------------------------------


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
