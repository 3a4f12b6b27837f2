"""nbgrader: a course folder in which its own commands hand out, grade and give feedback, and marks for a gradebook of its own.

What nbgrader does with the folder is https://nbgrader.readthedocs.io/en/stable/user_guide/philosophy.html. Each task has one
graded cell in the notebook with all its points; the marks come from the student's files, by the judge, and never from a cell.
"""

from autograder.backprop.rubric import RUBRIC
from autograder.results import Result, total

ASSIGNMENT = NOTEBOOK = "backprop"
TASKS = tuple((part, task) for part, tasks in RUBRIC.items() for task in tasks)


def grade_id(part: str, task: str) -> str:
    """The name of a task's graded cell, in the notebook and in the gradebook."""
    return f"{part}-{task}".replace(" ", "-")


def most(part: str, task: str) -> float:
    """The points of a task, public and hidden checks together, to two places."""
    return round(sum(points for checks in RUBRIC[part][task].values() for points in checks.values()), 2)


def scores(result: Result) -> dict[str, float]:
    """The points earned in each task, by the name of its graded cell."""
    return {
        grade_id(part, task): total(check for check in result.checks if (check.part, check.task) == (part, task))
        for part, task in TASKS
    }
