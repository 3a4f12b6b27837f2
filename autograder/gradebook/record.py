"""A result as JSON for the gradebook, and back. What the rubric says of every check alike is written once for all results."""

import json
from dataclasses import MISSING, fields
from typing import Any

from autograder.results import Cause, CheckResult, Result

RUBRIC = ("id", "part", "task", "sentence", "visibility", "points")  # of a check, the same for every submission
DEFAULTS = {
    kind: {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    for kind in (CheckResult, Result, Cause)
}
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
    causes = tuple(Cause(**cause) for cause in given.pop("causes"))
    return Result(student=student, causes=causes, checks=tuple(CheckResult(**fixed, **own) for fixed, own in checks), **given)


def told(thing: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a record that are not as they would be anyway."""
    defaults = DEFAULTS[type(thing)]
    return {
        name: value
        for name, value in vars(thing).items()
        if name not in without and (name not in defaults or value != defaults[name])
    }


def frozen(value: Any) -> Any:
    """What JSON gives, with tuples for its lists."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value
