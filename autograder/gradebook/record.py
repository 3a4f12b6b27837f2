"""A result as JSON for the gradebook, and back. What the rubric says of every check alike is written once for all results."""

import json
from dataclasses import fields
from typing import Any

from autograder.results import Cause, CheckResult, Comparison, Result, Step

RUBRIC = ("id", "part", "task", "sentence", "visibility", "points")  # of a check, the same for every submission
DEFAULTS = {
    kind: {field.name: field.default for field in fields(kind)} for kind in (CheckResult, Result, Cause, Comparison, Step)
}
# The fields that hold records.
PARTS = {
    (Result, "causes"): Cause,
    (Result, "steps"): Step,
    (CheckResult, "comparison"): Comparison,
    (Step, "comparison"): Comparison,
}
Rubric = list[dict[str, Any]]


def rubric_of(result: Result) -> str:
    """Return what the rubric says of the checks of a result."""
    return json.dumps([{name: getattr(check, name) for name in RUBRIC} for check in result.checks])


def to_record(result: Result) -> str:
    """Return a result without the student's name and without what the rubric says."""
    record = told(result, without=("student", "checks"))
    record["checks"] = [told(check, without=RUBRIC) for check in result.checks]
    return json.dumps(record)


def from_record(student: str, record: str, rubric: Rubric) -> Result:
    """Return the result of a student again."""
    given = json.loads(record)
    found = zip(rubric, given.pop("checks"), strict=True)
    checks = tuple(CheckResult(**fixed, **made(CheckResult, own)) for fixed, own in found)
    return Result(student=student, checks=checks, **made(Result, given))


def told(thing: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a record that are not as they would be anyway."""
    own = vars(thing)
    names = (name for name, value in DEFAULTS[type(thing)].items() if name not in without and own[name] != value)
    return {name: plain(own[name]) for name in names}


def plain(value: Any) -> Any:
    """Return a value for JSON: a record as its fields, alone or several of them."""
    if type(value) is tuple:
        return [told(one) for one in value] if value and type(value[0]) in DEFAULTS else value
    return told(value) if type(value) in DEFAULTS else value


def made(kind: type, record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a record, with tuples for the lists that JSON gives and records where they belong."""
    return {name: whole(PARTS.get((kind, name)), value) for name, value in record.items()}


def whole(kind: type | None, value: Any) -> Any:
    """Return a field: records of a kind, or plain values."""
    if type(value) is list:
        return tuple(whole(kind, one) for one in value)
    return kind(**made(kind, value)) if kind else value
