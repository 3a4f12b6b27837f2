"""nbgrader: a course folder for nbgrader's own commands, and scores for the gradebook of an nbgrader course.

How nbgrader uses the folder: https://nbgrader.readthedocs.io/en/stable/user_guide/philosophy.html. Each task has one graded
cell in the notebook with all its points. The judge computes the scores from the student's files, never from a cell.
"""

from autograder.assignment import Assignment
from autograder.results import CheckResult, Result, total


def grade_id(part: str, task: str) -> str:
    """Return the name of a task's graded cell in the notebook and in the gradebook."""
    return f"{part}-{task}".replace(" ", "-")


def points_by_cell(assignment: Assignment) -> dict[str, float]:
    """Return the points of each task, public and hidden checks together, by the name of its graded cell."""
    return {grade_id(part.name, task.name): task.points for part in assignment.parts for task in part.tasks}


def scores(result: Result) -> dict[str, float]:
    """Return the points earned in each task, by the name of its graded cell."""
    by_cell: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        by_cell.setdefault(grade_id(check.part, check.task), []).append(check)
    return {name: total(checks) for name, checks in by_cell.items()}
