"""Marks of a grading run for the gradebook of an nbgrader course, by nbgrader's own interface.

https://nbgrader.readthedocs.io/en/stable/api/gradebook.html; nbgrader stores a gradebook in an SQLite file.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.gradebook import GradebookError
from autograder.platforms.nbgrader import points_by_cell, scores
from autograder.results import Result


@contextlib.contextmanager
def open_gradebook(path: Path, assignment: Assignment) -> Iterator[Any]:
    """Yield the gradebook at a path, ready for `record`; GradebookError if it is none, or not one for this assignment."""
    try:
        from nbgrader.api import Gradebook, InvalidEntry
        from sqlalchemy import URL
        from sqlalchemy.exc import DatabaseError, SAWarning
    except ModuleNotFoundError as error:
        raise GradebookError("nbgrader is not installed, which GRADEBOOK needs; it takes Python 3.11 or newer.") from error
    if not path.is_file():
        raise GradebookError(f"There is no {path}: GRADEBOOK must name the gradebook.db of an nbgrader course.")
    place = URL.create("sqlite", database=path.resolve().as_uri(), query={"uri": "true", "mode": "rw"})
    try:
        # Read-only, because nbgrader would add to any database the tables that it misses there.
        with Gradebook(place.update_query_dict({"mode": "ro"}), course_id="") as gradebook:
            check_cells(gradebook, path, assignment)
        with Gradebook(place, course_id="") as gradebook, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # about nbgrader's own way to add a submission
            yield gradebook
    except (DatabaseError, InvalidEntry) as error:
        raise GradebookError(f"{path} cannot be used as a gradebook of nbgrader: {str(error).splitlines()[0]}.") from error


def check_cells(gradebook: Any, path: Path, assignment: Assignment) -> None:
    """Raise GradebookError unless the assignment is in the gradebook, with the points of each task."""
    from nbgrader.api import MissingEntry

    try:
        cells = {cell.name: cell.max_score for cell in gradebook.find_notebook(assignment.name, assignment.name).grade_cells}
    except MissingEntry as error:
        raise GradebookError(
            f"{path} has no assignment {assignment.name}; `make nbgrader` builds a course that has it."
        ) from error
    if other := sorted(cell for cell, _ in points_by_cell(assignment).items() ^ cells.items()):
        raise GradebookError(f"{path} has another {other[0]} than this grader; build the course again with `make nbgrader`.")


def record(gradebook: Any, assignment: Assignment, result: Result) -> None:
    """Write the marks of one student, who is added if need be; what a TA has written there stays as it is."""
    gradebook.update_or_create_student(result.student)
    gradebook.update_or_create_submission(assignment.name, result.student)
    for name, score in scores(result).items():
        grade = gradebook.find_grade(name, assignment.name, assignment.name, result.student)
        grade.auto_score, grade.needs_manual_grade = score, False
    gradebook.db.commit()
