"""Convert results to JSON for the gradebook and back. The rubric, which all results share, is stored only once."""

import json
from dataclasses import fields
from typing import Any

from autograder.results import Cause, CheckResult, Comparison, Result, Step

RUBRIC = ("id", "part", "task", "sentence", "visibility", "points")  # fields of a check that are the same for everyone
DEFAULTS = {
    kind: {field.name: field.default for field in fields(kind)} for kind in (CheckResult, Result, Cause, Comparison, Step)
}
# The fields that hold nested records.
PARTS = {
    (Result, "causes"): Cause,
    (Result, "steps"): Step,
    (CheckResult, "comparison"): Comparison,
    (CheckResult, "public_cause"): Cause,
    (Step, "comparison"): Comparison,
}
Rubric = list[dict[str, Any]]


def rubric_of(result: Result) -> str:
    """Return the rubric's fields of each check as JSON."""
    return json.dumps([{name: getattr(check, name) for name in RUBRIC} for check in result.checks])


def to_record(result: Result) -> str:
    """Return a result as JSON, without the student's name and the rubric's fields."""
    record = changed_fields(result, without=("student", "checks"))
    record["checks"] = [changed_fields(check, without=RUBRIC) for check in result.checks]
    return json.dumps(record)


def from_record(student: str, record: str, rubric: Rubric) -> Result:
    """Return a student's result from its JSON."""
    given = json.loads(record)
    found = zip(rubric, given.pop("checks"), strict=True)
    checks = tuple(CheckResult(**fixed, **restore_fields(CheckResult, own)) for fixed, own in found)
    return Result(student=student, checks=checks, **restore_fields(Result, given))


def changed_fields(thing: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults, as values for JSON."""
    own = vars(thing)
    names = (name for name, value in DEFAULTS[type(thing)].items() if name not in without and own[name] != value)
    return {name: to_plain(own[name]) for name in names}


def to_plain(value: Any) -> Any:
    """Return a value for JSON, with records as dicts of their fields."""
    if type(value) is tuple:
        return [changed_fields(one) for one in value] if value and type(value[0]) in DEFAULTS else value
    return changed_fields(value) if type(value) in DEFAULTS else value


def restore_fields(kind: type, record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a record from JSON, with tuples instead of lists and nested records restored."""
    return {name: restore_value(PARTS.get((kind, name)), value) for name, value in record.items()}


def restore_value(kind: type | None, value: Any) -> Any:
    """Return the value of a field: records of a kind, or plain values."""
    if type(value) is list:
        return tuple(restore_value(kind, one) for one in value)
    return kind(**restore_fields(kind, value)) if kind else value
