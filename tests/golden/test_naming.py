"""check.py names the mistakes of the catalog from their results on the public examples, and never a wrong one."""

from collections import Counter

import pytest

from autograder.backprop.mistakes import MISTAKES as CATALOG
from autograder.packaging.fingerprints import fingerprints
from tests.course import ASSIGNMENT
from tests.golden.mistakes import MISTAKES, PAIRS
from tests.golden.naming import TITLES, known_mistakes, name_mistake
from tests.golden.programs import edited, program
from tests.golden.variants import VARIANTS

NAMED: Counter[str] = Counter()  # how many mistakes have which verdict, of those whose turn it is
DW, DB = 'grads[f"W{layer}"] = dZ @ A_previous.T / m', 'grads[f"B{layer}"] = dZ.sum(axis=1, keepdims=True) / m'


@pytest.mark.in_turn(4)
@pytest.mark.parametrize("name", MISTAKES)
def test_no_mistake_has_the_name_of_another(name, judge):
    one = MISTAKES[name]
    verdict = name_mistake(judge, one.part, one.sources).verdict(TITLES[name])
    NAMED[verdict] += 1
    assert verdict != "false"


def test_nine_of_ten_mistakes_are_named():
    """Of those that show on the examples and have run in the test above; a message that says it all needs no name."""
    seen = NAMED.total() - NAMED["not seen"]
    assert NAMED["named"] + NAMED["told as it is"] >= 0.9 * seen
    assert NAMED["named"] >= 0.75 * seen


@pytest.mark.in_turn(4)
@pytest.mark.parametrize("name", PAIRS)
def test_two_mistakes_are_not_named_as_a_third(name, judge):
    pair = PAIRS[name]
    alike = [row.id for row in CATALOG[pair.part] if program(pair.part, row) == pair.sources[pair.part]]
    titles = [TITLES[one] for one in (*pair.mistakes, *alike)]
    assert name_mistake(judge, pair.part, pair.sources).verdict(*titles) != "false"


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_wrong_with_a_correct_program(name, judge):
    for part in VARIANTS[name]:
        assert name_mistake(judge, part, VARIANTS[name]).check == ""


@pytest.mark.parametrize(
    "edits",
    [
        [(DW, f"{DW} * 5")],  # m of one example
        [(DB, f"{DB} * 5")],
        [(DW, f"{DW} * (m if layer == 3 else 1)")],
        [(DB, f"{DB} * (m if layer == 1 else 1)")],
        [(DW, f"{DW} + 0.3 * cache[f'B{{layer}}']")],
    ],
)
def test_what_looks_like_a_known_mistake_in_one_place_alone_has_no_name(edits, judge):
    naming = name_mistake(judge, "dnn", {"dnn": edited(*edits)})
    assert naming.verdict() == "not named"
    assert naming.found.said.startswith("d")


def test_the_tables_are_small_and_made_again_the_same():
    tables = fingerprints(ASSIGNMENT)
    assert fingerprints.__wrapped__(ASSIGNMENT) == tables
    assert sum(map(len, tables.values())) < 200_000


def test_the_tables_hold_titles_and_two_hints_and_no_more():
    for part, known in known_mistakes().items():
        texts = {(TITLES[row.id], row.hints[:2]) for row in CATALOG[part]} | {("", ())}
        assert {(one.title, one.hints) for one in known} <= texts
