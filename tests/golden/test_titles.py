"""Each mistake of the catalog has a unique short title for students, which says what is wrong but not the solution."""

from collections import Counter

import pytest

from autograder.backprop.mistakes import MISTAKES, STEPS

MAX_LENGTH = 70
MIN_EXPRESSION = 8  # without spaces: a shorter one, such as `x**2`, is no secret
ROWS = [(part, row) for part, rows in MISTAKES.items() for row in rows]


def squeeze(text):
    """Return a text without its spaces."""
    return "".join(text.split())


SOLUTIONS = {
    expression for steps in STEPS.values() for step in steps.values() if len(expression := squeeze(step.right)) >= MIN_EXPRESSION
}


@pytest.mark.parametrize(("part", "row"), ROWS, ids=[f"{part}-{row.id}" for part, row in ROWS])
def test_a_title_is_short_and_gives_no_solution_away(part, row):
    assert row.title
    assert len(row.title) <= MAX_LENGTH
    assert row.title == row.title.strip()
    assert not row.title.endswith(".")
    assert [expression for expression in SOLUTIONS if expression in squeeze(row.title)] == []


@pytest.mark.parametrize("part", MISTAKES)
def test_no_two_mistakes_of_a_part_share_a_title(part):
    titles = Counter(row.title for row in MISTAKES[part])
    assert [title for title, count in titles.items() if count > 1] == []
