"""A mark as Gradescope's results.json.

Format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Hidden checks have the visibility that the course sets.
Until they are shown, Gradescope hides the total ("If test cases are hidden, students will not be able to see their total
score."), but shows the top-level output and visible tests. These therefore tell what the public checks tell, and nothing that
depends on a hidden one: the rest stands in further tests at the end, which have the visibility of hidden checks.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.marks import Mark
from autograder.report.words import (
    explain_check,
    is_checked,
    list_printed,
    write_lead,
    write_start,
    write_summary,
    write_warnings,
)
from autograder.results import CheckResult, Result, leave_public, leave_public_cause
from autograder.text import format_count

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
    at_once = mark.hidden_checks == "visible"
    result, remarks = mark.result, [*mark.result.remarks, *mark.remarks]
    shown = result if at_once else leave_public(result)
    return {
        "score": mark.score or 0,
        "output": write_output(shown, mark.said if at_once else mark.announced),
        "output_format": "text",
        "tests": [*build_tests(result.checks, mark.hidden_checks), *([] if at_once else build_later_tests(mark, remarks))],
        "extra_data": {
            "student": result.student,
            "status": result.status,
            "reason": result.reason,
            "first_to_fix": shown.first_to_fix,
            "warnings": list(result.warnings),
            "layers": list(result.layers),
            **({"remarks": remarks} if at_once else {}),
        },
    }


def write_output(result: Result, said: Sequence[str], more: Sequence[str] = ()) -> str:
    """Return the text on a whole submission: what became of its score, what to fix first, and what else there is to say."""
    printed = [
        f"Your code printed while the public checks ran ({stream}):\n{text.rstrip()}" for stream, text in list_printed(result)
    ]
    start = write_start(result, result.first_to_fix)
    return "\n\n".join([*said, write_summary(result), *start, *more, *write_warnings(result), *printed])


def build_tests(checks: Sequence[CheckResult], hidden_checks: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of "tests" for the checks; hidden_checks says who sees the hidden ones."""
    for check in checks:
        if check.visibility == "public":
            yield build_test(check if hidden_checks == "visible" else leave_public_cause(check), "visible")
        else:
            yield build_test(check, hidden_checks)


def build_test(check: CheckResult, visibility: str) -> dict[str, Any]:
    """Return the entry of a check."""
    return {
        **build_entry(check.sentence, explain_check(check), visibility, check.score),
        "max_score": check.points,
        "status": "passed" if check.passed else "failed",
        "extra_data": {"id": check.id, "part": check.part, "task": check.task, "checked": is_checked(check)},
    }


def build_later_tests(mark: Mark, remarks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the entries that are no checks: what inspections took from public checks of a task, and the text on all checks.

    Each belongs to a part, so that the scores of a part add up to what it earned; the last one, of 0 points, to the last part.
    """
    result = mark.result
    public = [check for check in result.checks if check.visibility == "public"]
    taken: dict[tuple[str, str, str], float] = {}
    for check in public:
        if check.note:
            row = check.part, check.task, check.note
            taken[row] = round(taken.get(row, 0) + check.score - leave_public_cause(check).score, 2)
    for (part, task, note), points in taken.items():
        output = f"{note} Of the public checks of this task, that takes {format_count(-points)}."
        yield {
            **build_entry(f"Points taken from the public checks: {task}", output, mark.hidden_checks, points),
            "max_score": 0,
            "status": "failed",
            "extra_data": {"id": f"{part}.{task} taken", "part": part, "task": task, "checked": False},
        }
    explained = {(check.part, check.cause) for check in public}
    causes = [cause for cause in result.causes if (cause.part, cause.said) in explained]
    more = ["\n".join(filter(None, (cause.headline, *write_lead(cause), *cause.hints, cause.example))) for cause in causes]
    last = result.checks[-1]
    place = {"id": f"{last.part}.all checks", "part": last.part, "task": last.task}
    yield {
        **build_entry("All checks, public and hidden", write_output(result, mark.said, more), mark.hidden_checks, 0),
        "max_score": 0,
        "status": "passed",
        "extra_data": {**place, "checked": False, "remarks": remarks},
    }


def build_entry(name: str, output: str, visibility: str, score: float) -> dict[str, Any]:
    """Return what every entry of "tests" has."""
    texts = {"name": name, "name_format": "text", "output": output, "output_format": "text"}
    return {**texts, "score": score, "visibility": visibility}
