"""A mark as Gradescope's results.json.

Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Hidden checks are shown after the grades are published;
until then Gradescope also hides the total.
"""

import json
from collections.abc import Iterable
from typing import Any

from autograder.marks import Mark
from autograder.report.words import explanation, printed, summary
from autograder.results import CheckResult, Result

VISIBILITY = {"public": "visible", "hidden": "after_published"}


def results_json(mark: Mark) -> str:
    """The text of results.json; the same mark gives the same bytes."""
    return written(document_of(mark))


def written(document: dict[str, Any]) -> str:
    """A results.json as text: a line for each of its fields and for each test, which is quickly made and can be read."""
    told = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = [
        f"{told(key)}: [\n{comma_lines(map(told, value))}\n]" if key == "tests" else f"{told(key)}: {told(value)}"
        for key, value in document.items()
    ]
    return f"{{\n{comma_lines(lines)}\n}}\n"


def comma_lines(items: Iterable[str]) -> str:
    """Lines with commas between them."""
    return ",\n".join(items)


def document_of(mark: Mark) -> dict[str, Any]:
    """A mark as results.json says it; its score overrides the sum of the tests', and sentences say what it is made of."""
    result = mark.result
    return {
        "score": mark.score or 0,
        "output": "\n\n".join([*mark.said, summary(result), *printed_texts(result)]),
        "output_format": "text",
        "tests": [test(check) for check in result.checks],
        "extra_data": {
            "student": result.student,
            "status": result.status,
            "reason": result.reason,
            "layers": list(result.layers),
            "remarks": [*result.remarks, *mark.remarks],
        },
    }


def printed_texts(result: Result) -> list[str]:
    """What the student's code printed, each stream under a line of its own."""
    return [f"Your code printed while the public checks ran ({stream}):\n{text.rstrip()}" for stream, text in printed(result)]


def test(check: CheckResult) -> dict[str, Any]:
    """One entry of "tests"."""
    return {
        "name": check.sentence,
        "name_format": "text",
        "score": check.score,
        "max_score": check.points,
        "status": "passed" if check.passed else "failed",
        "output": explanation(check),
        "output_format": "text",
        "visibility": VISIBILITY[check.visibility],
        "extra_data": {"id": check.id, "part": check.part, "task": check.task, "checked": check.passed is not None},
    }
