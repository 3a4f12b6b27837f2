"""Build every file that students get, from the solution and the public checks."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import ROOT, module_name
from autograder.packaging.fingerprints import fingerprints
from autograder.packaging.points import points_table
from autograder.packaging.regions import BuildError, for_course, skeleton

CHECKER = ROOT / "checker"  # check.py with its modules, and pytest's settings: the same for every assignment
# Modules of the engine that public checks import. They need numpy alone.
SHIPPED = (
    "autograder.at_home",
    "autograder.checking",
    "autograder.library",
    "autograder.naming",
    "autograder.patterns",
    "autograder.processor_time",
    "autograder.skipped",
    "autograder.statements",
    "autograder.student",
    "autograder.tracing.expressions",
    "autograder.tracing.history",
    "autograder.tracing.lines",
    "autograder.tracing.misfits",
    "autograder.tracing.search",
    "autograder.tracing.record",
    "autograder.tracing.syntax",
    "autograder.tracing.watching",
)
POINTS_PLACE = "<!-- the table of points -->"  # in the hand-out's text
NO_HINTS = '"""The hints of check.py for each public check; this assignment has none."""\n\nHINTS = {}\n'


def starter_files(assignment: Assignment) -> dict[str, str]:
    """Return the text of every file that students download, by its path."""
    from autograder.packaging.notebook import (  # imported here, because a machine that only grades has no nbformat
        notebook,
        notebook_text,
    )
    from autograder.packaging.page import page

    pictures, text = assignment.figures(), hand_out(assignment)
    return {
        **{path.name: path.read_text() for path in sorted(CHECKER.glob("*.py"))},
        **{path.name: at_home(path.read_text(), shipped_modules(assignment)) for path in copied_files(assignment)},
        "README.md": text,
        "handout.html": page(text, pictures),
        f"{assignment.name}.ipynb": notebook(notebook_text(assignment)),
        **{f"{part}.py": skeleton((assignment.solution / f"{part}.py").read_text()) for part in assignment.part_names},
        **{f"figures/{name}": picture for name, picture in pictures.items()},
        **{f"checks/{name}": source for name, source in check_files(assignment).items()},
    }


def copied_files(assignment: Assignment) -> list[Path]:
    """Return the files of the solution that students get in full: all but parts, hints, hand-out and notebook."""
    made = {"README.md", "hints.py", f"{assignment.name}.py"}
    parts = {path.name for path in assignment.solution.glob("*.py") if "# BEGIN SOLUTION" in path.read_text()}
    return sorted(path for path in assignment.solution.iterdir() if path.is_file() and path.name not in made | parts)


def hand_out(assignment: Assignment) -> str:
    """Return the text of the hand-out with all computed texts inserted."""
    text = for_course(assignment, (assignment.solution / "README.md").read_text())
    for place, made in {POINTS_PLACE: points_table(assignment), **assignment.hand_out_texts()}.items():
        if place not in text:
            raise BuildError(f"{assignment.solution.name}/README.md has no placeholder for a computed text: {place}")
        text = text.replace(place, made)
    return text


def check_files(assignment: Assignment) -> dict[str, str]:
    """Return the sources of the package checks/, with imports as in the student's folder."""
    public = [assignment.public / f"test_{part}.py" for part in assignment.part_names]
    hints = assignment.solution / "hints.py"
    checker = {path.name: path.read_text() for path in sorted(CHECKER.glob("checks/*.py"))}
    modules = {**shipped_modules(assignment), **{module_name(path): path.read_text() for path in public}}
    return {
        "__init__.py": '"""The public checks."""\n',
        **checker,
        "rubric.py": public_rubric(assignment),
        "hints.py": for_course(assignment, hints.read_text()) if hints.exists() else NO_HINTS,
        **{f"{name.rpartition('.')[2]}.py": at_home(source, modules) for name, source in modules.items()},
        **{f"known_{part}.json": table for part, table in fingerprints(assignment).items()},
    }


def shipped_modules(assignment: Assignment) -> dict[str, str]:
    """Return the sources of the modules that public checks import, by their names in the project."""
    engine = {name: ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text() for name in SHIPPED}
    return {**engine, **assignment.check_modules()}


def at_home(source: str, modules: Mapping[str, str]) -> str:
    """Return one of our sources with its imports as in the student's folder."""

    def moved(found: re.Match[str]) -> str:
        return f"from checks.{found[1].rpartition('.')[2]} import" if found[1] in modules else found[0]

    return re.sub(r"^from ([\w.]+) import", moved, source, flags=re.MULTILINE)


def public_rubric(assignment: Assignment) -> str:
    """Return the source of the students' rubric, with the rows of the public checks."""
    public = {
        part.name: {task.name: {"public": task.public} for task in part.tasks if task.public} for part in assignment.parts
    }
    return f'"""The points of the public checks."""\n\nRUBRIC = {json.dumps(public, indent=4)}\n'
