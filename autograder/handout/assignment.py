"""Every file that students get, made from solution/ and tests/public/."""

import json
import re
from collections.abc import Callable

from autograder.backprop import example
from autograder.backprop.rubric import RUBRIC
from autograder.handout.marks import marks_table, rule_on_finite_differences
from autograder.handout.regions import BuildError, skeleton
from autograder.package import ROOT
from autograder.results import PARTS

SOLUTION = ROOT / "solution"
COPIED = ("check.py", "conftest.py", "lab.py", "requirements.txt")
# The public checks are a package of their own there: checks/.
CHECKS = {
    "hints.py": SOLUTION / "hints.py",
    "checking.py": ROOT / "autograder/checking.py",
    "case.py": ROOT / "autograder/backprop/case.py",
    "running.py": ROOT / "autograder/backprop/running.py",
    "student.py": ROOT / "autograder/student.py",
    **{f"test_{part}.py": ROOT / f"tests/public/test_{part}.py" for part in PARTS},
}
# What the hand-out says of the rubric, by the line of solution/README.md that keeps a place for it.
PLACES: dict[str, Callable[[], str]] = {
    "<!-- the table of marks -->": marks_table,
    "<!-- the rule on finite differences -->": rule_on_finite_differences,
}


def assignment_files() -> dict[str, str]:
    """Every file of assignment/, by its path below it."""
    from autograder.backprop.handout_figures import figures  # here, because a machine that only grades has no matplotlib
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
        "checks/example.py": example.source(),
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
    return re.sub(r"^from (autograder(\.backprop)?|tests\.public)\.", "from checks.", source, flags=re.MULTILINE)
