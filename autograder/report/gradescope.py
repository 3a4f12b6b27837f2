"""A mark as Gradescope's results.json.

Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. By default hidden checks are shown after the grades are
published; until then Gradescope also hides the total.
"""

import json
from typing import Any

from autograder.marks import Mark
from autograder.report.words import explain_check, is_checked, list_printed, write_start, write_summary, write_warnings
from autograder.results import CheckResult

encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def results_json(mark: Mark) -> str:
    """Return the text of results.json; the same mark gives the same bytes."""
    return format_results(build_results(mark))


def format_results(document: dict[str, Any]) -> str:
    """Return a results.json as text, with a line for each field and each test, which is fast and readable."""
    tests = "[\n" + ",\n".join(map(encode, document.get("tests", ()))) + "\n]"
    fields = (f"{encode(key)}: {tests if key == 'tests' else encode(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(fields) + "\n}\n"


def build_results(mark: Mark) -> dict[str, Any]:
    """Return a mark as the fields of results.json; its score overrides the sum of the tests, and its output explains it."""
    result = mark.result
    start = write_start(result, find_start(mark))
    printed = [
        f"Your code printed while the public checks ran ({stream}):\n{text.rstrip()}" for stream, text in list_printed(result)
    ]
    return {
        "score": mark.score or 0,
        "output": "\n\n".join([*mark.said, write_summary(result), *start, *write_warnings(result), *printed]),
        "output_format": "text",
        "tests": [build_test(check, mark.hidden_checks) for check in result.checks],
        "extra_data": {
            "student": result.student,
            "status": result.status,
            "reason": result.reason,
            "first_to_fix": find_start(mark),
            "warnings": list(result.warnings),
            "layers": list(result.layers),
            "remarks": [*result.remarks, *mark.remarks],
        },
    }


def find_start(mark: Mark) -> str:
    """Return what to fix first, as far as it may be said as soon as the mark is there."""
    return mark.result.first_to_fix if mark.hidden_checks == "visible" else mark.result.first_public_to_fix


def build_test(check: CheckResult, hidden_checks: str) -> dict[str, Any]:
    """Return one entry of "tests"; hidden_checks says who sees one that is hidden."""
    return {
        "name": check.sentence,
        "name_format": "text",
        "score": check.score,
        "max_score": check.points,
        "status": "passed" if check.passed else "failed",
        "output": explain_check(check),
        "output_format": "text",
        "visibility": "visible" if check.visibility == "public" else hidden_checks,
        "extra_data": {"id": check.id, "part": check.part, "task": check.task, "checked": is_checked(check)},
    }
