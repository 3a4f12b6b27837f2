"""Every wrong program we know of loses marks in the right place."""

import json
from pathlib import Path

import pytest

from tests.golden.mistakes import MISTAKES

MARKS = json.loads(Path(__file__).with_name("marks.json").read_text())


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_caught(name, grade):
    source, checks = MISTAKES[name]
    result = grade(source)
    lost = {check.id.partition(".")[2] for check in result.failed}
    assert result.status == "graded"
    assert set(checks) <= lost
    assert result.score == MARKS[name]
    assert result.score < result.max_score


def test_every_check_catches_a_mistake(grade, judge):
    caught = {check.id for source, _ in MISTAKES.values() for check in grade(source).failed}
    assert {f"{check.part}.{check.name}" for check, _ in judge.checks} == caught
