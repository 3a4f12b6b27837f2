"""A result as JSON for the gradebook, and back. What the rubric says of every check alike is written once for all results."""

import json
from dataclasses import fields
from typing import Any

from autograder.results import Cause, CheckResult, Comparison, Result

RUBRIC = ("id", "part", "task", "sentence", "visibility", "points")  # of a check, the same for every submission
DEFAULTS = {kind: {field.name: field.default for field in fields(kind)} for kind in (CheckResult, Result, Cause, Comparison)}
Rubric = list[dict[str, Any]]


def rubric_of(result: Result) -> str:
    """What the rubric says of the checks of a result."""
    return json.dumps([{name: getattr(check, name) for name in RUBRIC} for check in result.checks])


def to_record(result: Result) -> str:
    """A result without the student's name and without what the rubric says."""
    record = told(result, without=("student", "checks", "causes"))
    record["causes"] = [told(cause) for cause in result.causes]
    record["checks"] = [told(check, without=RUBRIC) for check in result.checks]
    return json.dumps(record)


def from_record(student: str, record: str, rubric: Rubric) -> Result:
    """The result of a student again."""
    given = frozen(json.loads(record))
    checks = zip(rubric, given.pop("checks"), strict=True)
    causes = tuple(Cause(**frozen(cause)) for cause in given.pop("causes"))
    found = tuple(CheckResult(**fixed, **frozen(own)) for fixed, own in checks)
    return Result(student=student, causes=causes, checks=found, **given)


def told(thing: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a record that are not as they would be anyway."""
    own = vars(thing)
    changed = {name: own[name] for name, value in DEFAULTS[type(thing)].items() if name not in without and own[name] != value}
    return {name: told(value) if isinstance(value, Comparison) else value for name, value in changed.items()}


def frozen(record: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record, with tuples for the lists that JSON gives, and a comparison for its fields."""
    return {name: Comparison(**frozen(value)) if type(value) is dict else tuples(value) for name, value in record.items()}


def tuples(value: Any) -> Any:
    """A value with tuples for its lists, however deep."""
    return tuple(map(tuples, value)) if type(value) is list else value
