"""Write scores to the gradebook of an nbgrader course, an SQLite file, through nbgrader's API.

https://nbgrader.readthedocs.io/en/stable/api/gradebook.html
"""

import contextlib
import os
import sqlite3
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.gradebook import GradebookError
from autograder.gradebook.book import SECONDS, explain_lock, is_locked
from autograder.platforms.nbgrader import points_by_cell, scores
from autograder.results import Result
from autograder.text import clean

# Programs that SQLite runs by itself when it reads or writes: a trigger could change scores, and a view could run forever.
PROGRAMS = """
SELECT type, name FROM sqlite_master AS entry
WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'
    OR EXISTS (SELECT 1 FROM pragma_table_xinfo(entry.name) WHERE hidden > 1)
"""


@contextlib.contextmanager
def open_gradebook(path: Path, assignment: Assignment) -> Iterator[Any]:
    """Yield the gradebook at a path, ready for `record`; raise GradebookError if it is unusable, or for another assignment."""
    try:
        from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
        from sqlalchemy import URL
        from sqlalchemy.exc import DatabaseError, SAWarning
    except ModuleNotFoundError as error:
        raise GradebookError("GRADEBOOK needs nbgrader, which is not installed; it requires Python 3.11 or newer.") from error
    if not path.is_file():
        raise GradebookError(f"There is no {path}: GRADEBOOK must name the gradebook.db of an nbgrader course.")
    check_contents(path)
    place = URL.create("sqlite", database=path.resolve().as_uri(), query={"uri": "true", "mode": "rw", "timeout": str(SECONDS)})
    try:
        # Read-only, because nbgrader would add missing tables to any database.
        with Gradebook(place.update_query_dict({"mode": "ro"}), course_id="") as gradebook:
            check_cells(gradebook, path, assignment)
        with Gradebook(place, course_id="") as gradebook, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # about how nbgrader itself adds a submission
            yield gradebook
    except (DatabaseError, InvalidEntry, MissingEntry, KeyError) as error:  # KeyError: a row is missing in SQLAlchemy
        if is_locked(error):
            raise GradebookError(explain_lock(path)) from error
        raise GradebookError(
            f"{path} cannot be used as a gradebook of nbgrader: {clean(str(error).splitlines()[0])}."
        ) from error


def check_contents(path: Path) -> None:
    """Raise GradebookError if the gradebook holds more than tables and indexes, or one of SQLite's files is not a file."""
    for suffix in ("-journal", "-wal", "-shm"):  # SQLite opens them by name, and would wait forever for a named pipe
        companion = Path(f"{path.resolve()}{suffix}")
        if os.path.lexists(companion) and not stat.S_ISREG(companion.lstat().st_mode):
            raise GradebookError(f"{companion}, which SQLite reads with the gradebook, is not a regular file. Delete it.")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=SECONDS)) as database:
            found = database.execute(PROGRAMS).fetchone()
    except sqlite3.Error as error:
        said = f"{path} cannot be used as a gradebook of nbgrader: {error}."
        raise GradebookError(explain_lock(path) if is_locked(error) else said) from error
    if found:
        kind, name = (clean(str(part), 100) for part in found)
        raise GradebookError(
            f"{path} cannot be used: its {kind} {name} would run a program when scores are written, and nbgrader never creates "
            "one. Use a gradebook.db that only nbgrader has written to."
        )


def check_cells(gradebook: Any, path: Path, assignment: Assignment) -> None:
    """Raise GradebookError unless the gradebook has the assignment with the same points for each task."""
    from nbgrader.api import MissingEntry

    try:
        cells = {cell.name: cell.max_score for cell in gradebook.find_notebook(assignment.name, assignment.name).grade_cells}
    except MissingEntry as error:
        raise GradebookError(
            f"{path} has no assignment {assignment.name}; `make nbgrader` builds a course that has it."
        ) from error
    if other := sorted(str(cell) for cell, _ in points_by_cell(assignment).items() ^ cells.items()):
        raise GradebookError(
            f"{path} and this grader differ in {clean(other[0], 100)}; build the course again with `make nbgrader`."
        )


def record(gradebook: Any, assignment: Assignment, result: Result) -> None:
    """Write a student's scores, adding the student if necessary; scores and comments entered by hand are kept.

    As with `nbgrader autograde`, a task scored by hand is marked for manual grading again:
    https://github.com/jupyter/nbgrader/blob/main/nbgrader/preprocessors/saveautogrades.py.
    """
    gradebook.update_or_create_student(result.student)
    gradebook.update_or_create_submission(assignment.name, result.student)
    for name, score in scores(result).items():
        grade = gradebook.find_grade(name, assignment.name, assignment.name, result.student)
        grade.auto_score, grade.needs_manual_grade = score, grade.manual_score is not None
    gradebook.db.commit()
