"""Every wrong program we know of loses marks in the right place, and nowhere else."""

import json
from pathlib import Path

import pytest

from tests.golden.mistakes import DNN, EXTENSION, MISTAKES, WARMUP
from tests.golden.programs import edited, solution

MARKS = json.loads(Path(__file__).with_name("marks.json").read_text())


def lost(result, part):
    """The names of the checks of a part that were not passed."""
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_caught(name, grade):
    mistake = MISTAKES[name]
    result = grade(mistake.sources)
    assert result.status == "graded"
    assert set(mistake.checks) <= lost(result, mistake.part)
    assert result.part_score(mistake.part) == MARKS[name]
    assert result.part_score(mistake.part) < result.part_max(mistake.part)
    for part in mistake.sources.keys() - {mistake.part}:
        assert lost(result, part) == set()


def test_every_check_catches_a_mistake(grade, judge):
    caught = {(mistake.part, name) for mistake in MISTAKES.values() for name in lost(grade(mistake.sources), mistake.part)}
    assert {(check.part, check.name) for check, _ in judge.checks} == caught


@pytest.mark.parametrize("name", ["R1", "R3", "R5", "C7", "W1", "W9", "F1", "F3"])
def test_a_mistake_in_dnn_is_not_paid_for_in_the_extension(name, grade):
    result = grade({**MISTAKES[name].sources, "extension": solution("extension").encode()})
    assert lost(result, "dnn")
    assert lost(result, "extension") == set()


def test_what_the_extension_takes_from_dnn_must_be_alive(grade):
    """Two walks back that agree on nothing but zeros earn nothing."""
    zeros = MISTAKES["zeros"].sources["dnn"]
    result = grade({"dnn": zeros, "extension": solution("extension").encode()})
    assert "cross_entropy_gradients" in lost(result, "extension")


def test_the_sign_of_the_output_step_is_paid_for_in_the_extension_too(grade):
    """A - Y is what the extension asks for, so taking over a wrong one is a mistake of its own."""
    result = grade({"dnn": edited(('out - cache["Y"]', 'cache["Y"] - out')), "extension": solution("extension").encode()})
    assert "cross_entropy_output_Z" in lost(result, "extension")


def test_no_mistake_hides_another_of_its_name():
    assert len(MISTAKES) == len(WARMUP) + len(DNN) + len(EXTENSION)
