"""Every wrong program we know of loses marks in the right place and nowhere else, and hears why."""

import random

import pytest

from autograder.diagnosis.catalogue import MISTAKES as CATALOGUE
from tests.golden import matrix, record
from tests.golden.mistakes import MISTAKES, wrong_program
from tests.golden.programs import edited, solution

RECORD = record.read()["mistakes"]
PAIRS = 200


def lost(result, part):
    """The names of the checks of a part that were not passed."""
    return {check.id.partition(".")[2] for check in result.failed if check.part == part}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_caught(name, grade):
    """Marks, lost checks and named causes are those of the record, and every other part has all its points."""
    mistake = MISTAKES[name]
    result = grade(mistake.sources)
    assert result.status == "graded"
    assert result.fault == ""
    assert record.of_mistake(mistake, result) == RECORD[name]
    assert result.part_score(mistake.part) < result.part_max(mistake.part)
    for part in mistake.sources.keys() - {mistake.part}:
        assert lost(result, part) == set()


def test_the_record_is_that_of_the_catalogue():
    assert list(RECORD) == list(MISTAKES)
    assert len(MISTAKES) >= 100


def test_every_check_catches_a_mistake(judge):
    caught = {(MISTAKES[name].part, check) for name, row in RECORD.items() for check in row["lost"]}
    assert {(check.part, check.name) for check, _ in judge.checks} == caught


def test_the_cause_is_named_first():
    """Of at least 95 of 100 wrong programs the first cause is the mistake that was made, or one that gives the same numbers."""
    rows = [row.id for rows in CATALOGUE.values() for row in rows]
    named = [name for name in rows if RECORD[name]["named"] and name in RECORD[name]["named"][0]]
    assert len(named) >= 0.95 * len(rows), sorted(set(rows) - set(named))


def pairs():
    """Random pairs of mistakes in one part, those left out that cannot be made in one program."""
    chance = random.Random("pairs")
    while True:
        part = chance.choice(list(CATALOGUE))
        first, second = chance.sample(CATALOGUE[part], 2)
        try:
            program = wrong_program(part, first, second)
            compile(program.sources[part], part, "exec")
        except (ValueError, SyntaxError):
            continue
        yield part, first.id, second.id, program


def test_two_mistakes_are_two_findings(grade):
    """In at least 80 of 100 random pairs both mistakes are named."""
    missed = []
    for _, (part, first, second, program) in zip(range(PAIRS), pairs()):
        named = {name for cause in grade(program.sources).causes if cause.part == part for name in cause.mistakes}
        if not {first, second} <= named:
            missed.append((part, first, second))
    assert len(missed) <= 0.2 * PAIRS, missed


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
    ids = [row.id for rows in CATALOGUE.values() for row in rows]
    assert len(ids) == len(set(ids))


def test_the_page_shows_the_record():
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(record.read()), "`make matrix` writes it anew"


def test_nothing_is_unfair():
    assert matrix.unfair(record.read()) == []


def test_an_unfair_record_is_noticed():
    survivor = {**RECORD, "R1": {**RECORD["R1"], "lost": []}}
    blind = {name: {**one, "lost": [check for check in one["lost"] if check != "fit_losses"]} for name, one in RECORD.items()}
    strict = {"dnn: V2 einsum": {"marks": 59, "lost": ["dnn.fit_losses"]}}
    assert matrix.unfair({"mistakes": survivor, "variants": {}}) == ["R1 is caught by no check"]
    assert "fit_losses catches nothing" in matrix.unfair({"mistakes": blind, "variants": {}})
    assert matrix.unfair({"mistakes": RECORD, "variants": strict}) == ["dnn: V2 einsum loses dnn.fit_losses"]
