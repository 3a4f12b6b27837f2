"""How a wrong value is described, and how it is looked up among those of known mistakes."""

from types import ModuleType

import numpy as np
import pytest

from autograder.at_home import LocalStudent
from autograder.checking import CheckFailure, StudentError
from autograder.naming import Known, Observed, describe, digest, find_at_home, find_mistake, read_table, rounded, write_table

WANT = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
HINTS = {"ValueError": ("Which shapes?",), "stack": ("Which plates?",), "check": ("Which one?",)}


def observed(got, want=WANT, name="top", **more):
    return Observed(**{"checks": ("check",), "m": 3, "topic": "stack", **more}, function="stack", name=name, got=got, want=want)


def described(got, want=WANT, **more):
    return describe(observed(np.asarray(got, float), np.asarray(want, float), **more))


def known(title, hints=("Why?",), **wrong):
    digests = {
        f"{'' if name == 'stack' else 'stack '}{name}" if " " not in name else name: rounded(digest(value))
        for name, value in wrong.items()
    }
    return Known(title, hints, digests)


def raising(text):
    return StudentError("It raised.", raised=text)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (WANT * 3, "has the right shape, but every entry is 3 times too large (the batch has m = 3 samples)."),
        (WANT / 3, "has the right shape, but every entry is 3 times too small (the batch has m = 3 samples)."),
        (-WANT, "has the right shape, but every entry has the wrong sign."),
        (WANT * 2, "has the right shape, but every entry is twice the expected value."),
        (WANT / 2, "has the right shape, but every entry is half the expected value."),
        (
            WANT / -3,
            "has the right shape, but every entry is 3 times too small and has the wrong sign (the batch has m = 3 samples).",
        ),
        (WANT / 9, "has the right shape, but every entry is 3² times too small (the batch has m = 3 samples)."),
        (WANT * 1.5, "has the right shape, but every entry is 3/2 times the expected value (the batch has m = 3 samples)."),
        (WANT * 1.7, "has the right shape, but every entry is 1.7 times the expected value."),
        (WANT * 0, "has the right shape, but every entry is 0."),
        (WANT * np.nan, "contains nan."),
        (WANT * np.inf, "contains infinity."),
        (WANT.T, "has the shape (3, 2), but the expected shape is (2, 3): it is transposed."),
        (WANT[:, :1], "has the shape (2, 1), but the expected shape is (2, 3): it no longer has one column per sample."),
        (WANT[:1], "has the shape (1, 3), but the expected shape is (2, 3)."),
        (WANT + np.eye(2, 3), "has the right shape but wrong values: at [0, 0], your value is 2, and the expected value is 1."),
    ],
)
def test_a_wrong_array_is_described(got, words):
    assert described(got) == words


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (
            [1, 2],
            [[1], [2]],
            "has the shape (2,), but the expected shape is (2, 1): it has lost an axis, which `keepdims=True`",
        ),
        (
            np.ones((2, 3)),
            [[1], [2]],
            "has the shape (2, 3), but the expected shape is (2, 1): it still has one column per sample.",
        ),
        (3.0, 1.0, "is 3, but the expected value is 1: it is 3 times too large (the batch has m = 3 samples)."),
        (-1.0, 1.0, "is -1, but the expected value is 1: it has the wrong sign."),
        (0.0, 1.0, "is 0, but the expected value is 1."),
        (1.7, 1.0, "is 1.7, but the expected value is 1."),  # any number is a multiple of any other
        ([[1.7]], [[1.0]], "has the right shape but wrong values: at [0, 0], your value is 1.7, and the expected value is 1."),
    ],
)
def test_a_column_or_a_number_is_described(got, want, words):
    assert described(got, want).startswith(words)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"W3": "dW3", "W2": "dW2"}, "The keys of your gradients look like `dW3`. The expected key is `W3`."),
        ({"W3": "W2", "W2": "W1"}, "The keys of your gradients count the layers from 0: `W3` is stored under `W2`."),
        ({"W3": None}, "`W3` is missing from your gradients."),
        ({"W3": None, "W2": None, "W1": None}, "`W3`, `W2` and `W1` are missing from your gradients."),
    ],
)
def test_keys_are_described(missing, words):
    found = find_mistake([observed(missing, {}, "your gradients")], [], "check", HINTS)
    assert found.said == words


def test_a_digest_survives_rounding_and_writing():
    value = np.random.default_rng(1).normal(size=(3, 4)) * 1e5
    (again,) = read_table(write_table([Known("A", ("Why?",), {"top": rounded(digest(value))})]))
    assert again.hints == ("Why?",)
    for one in (value, value.astype(np.float32).astype(float), value * (1 + 1e-7)):
        assert again.wrong["top"].matches(digest(one))
    for other in (value.T, -value, value * 1.001, value[::-1], value[:, ::-1], value + np.eye(3, 4) * 10, value.ravel()):
        assert not again.wrong["top"].matches(digest(other))


def test_a_digest_knows_where_numbers_are_missing():
    holes = [np.where(np.arange(4) == place, np.nan, 1.0) for place in (0, 1)]
    assert digest(holes[0]).matches(digest(holes[0].copy()))
    assert not digest(holes[0]).matches(digest(holes[1]))


def test_the_mistake_that_explains_most_is_named():
    seen = [observed(WANT * 2), observed(WANT * 5, name="below")]
    one, other = known("A", top=WANT * 2, below=WANT * 5), known("B", top=WANT * 2, below=WANT * 7)
    assert find_mistake(seen, [other, one], "check", HINTS).said.startswith("`top`: A.\nIt has the right shape, but")
    assert find_mistake(seen, [other], "check", HINTS).titles == ["B"]  # the value below may be wrong for another reason


def test_correct_values_rule_out_a_mistake():
    seen = [observed(WANT * 2), observed(WANT, name="below")]
    found = find_mistake(seen, [known("A", top=WANT * 2, below=WANT * 5)], "check", HINTS)
    assert (found.titles, found.hints) == ([], HINTS["stack"])


def test_a_mistake_has_to_explain_the_same_value_on_another_example():
    seen = [observed(WANT * 2), observed(WANT * 3, example="second")]
    row = known("A", top=WANT * 2)
    assert find_mistake(seen[:1], [row], "check", HINTS).titles == ["A"]
    assert find_mistake(seen, [row], "check", HINTS).titles == []


def test_the_line_is_that_of_a_value_whose_inputs_are_right():
    seen = [
        observed(WANT * 2),
        observed(WANT * 3, name="below", checks=("second check",), find_line=lambda: "stack.py, line 3"),
    ]
    assert find_mistake(seen[1:], [], "second check", HINTS).said.endswith("\n  stack.py, line 3")
    assert "stack.py" not in find_mistake(seen, [], "second check", HINTS).said


def test_what_shows_on_the_second_example_alone_is_found_there():
    seen = [observed(WANT), observed(WANT * 2, example="second", find_line=lambda: "stack.py, line 3")]
    assert find_mistake(seen, [], "check", HINTS).said.endswith("twice the expected value.\n  stack.py, line 3")


def test_of_several_mistakes_two_are_told_and_three_are_not():
    seen = [observed(WANT * 2)]
    rows = [known(title, top=WANT * 2) for title in "ABC"]
    two = find_mistake(seen, rows[:2], "check", HINTS)
    assert two.said.startswith("`top` is wrong. There are two possible reasons:\n  - A\n  - B\n")
    assert two.hints == ("Why?",)
    assert find_mistake(seen, rows, "check", HINTS).titles == []
    assert find_mistake(seen, [*rows[:1], known("", top=WANT * 2)], "check", HINTS).titles == []
    differently = [rows[0], known("B", hints=("Where?",), top=WANT * 2)]
    assert find_mistake(seen, differently, "check", HINTS).hints == HINTS["stack"]


DOT = "ValueError: shapes (2,3) and (2,3) not aligned: 3 (dim 1) != 2 (dim 0)"
AT = "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0 (size 2 is different from 3)"
OTHER = "ValueError: shapes (4,3) and (2,1) not aligned: 3 (dim 1) != 2 (dim 0)"


def test_an_exception_needs_the_same_shapes_or_another_wrong_array():
    row = known("A", stack=raising(DOT), **{"second stack top": WANT * 2})
    row = row._replace(wrong={"stack stack": row.wrong["stack"], "second stack top": row.wrong["second stack top"]})
    first, second = observed(raising(DOT), None, "stack"), observed(WANT * 2, example="second")
    assert find_mistake([first], [row], "check", HINTS).titles == ["A"]
    assert find_mistake([first, second], [row], "check", HINTS).titles == ["A"]
    assert find_mistake([first, second._replace(got=WANT * 3)], [row], "check", HINTS).titles == []
    by_at = first._replace(got=raising(AT))
    assert find_mistake([by_at], [row], "check", HINTS).titles == []
    assert find_mistake([by_at, second], [row], "check", HINTS).titles == ["A"]
    assert find_mistake([first._replace(got=raising(OTHER)), second], [row], "check", HINTS).titles == []


def test_an_exception_is_quoted_and_has_its_own_hints():
    found = find_mistake([observed(raising(DOT), None, "stack")], [], "check", HINTS)
    assert (found.with_exception("It raised."), found.hints) == ("It raised.", HINTS["ValueError"])
    refused = find_mistake([observed(CheckFailure("It is None."), None, "stack", topic="")], [], "check", HINTS)
    assert (refused.with_exception("It is None."), refused.hints) == ("It is None.", HINTS["check"])


def test_unwritten_code_is_not_a_mistake():
    assert find_mistake([observed(NotImplementedError("Task 1"), None, "stack")], [], "check", HINTS) is None


def test_nothing_is_said_of_values_that_another_check_looks_at():
    assert find_mistake([observed(WANT * 2)], [], "another check", HINTS) is None


def public_checks(folder, observe):
    """A module of public checks that observes, next to a table with one mistake."""
    (folder / "known_stack.json").write_text(write_table([known("A", top=WANT * 2)]))
    module = ModuleType("checks.test_stack")
    module.__file__, module.observe = str(folder / "test_stack.py"), observe
    return module


def test_the_students_code_is_observed_once_for_all_checks(tmp_path):
    calls = []

    def observe(student):
        calls.append(student)
        yield observed(WANT * 2, checks=("one", "other"))

    module, student = public_checks(tmp_path, observe), LocalStudent()
    assert [find_at_home(module, check, student, HINTS).titles for check in ("one", "other")] == [["A"], ["A"]]
    assert calls == [student]
    assert find_at_home(module, "one", LocalStudent(), HINTS).titles == ["A"]
    assert len(calls) == 2


def test_an_observation_that_fails_finds_nothing_and_is_not_repeated(tmp_path):
    calls = []

    def observe(student):
        calls.append(student)
        raise SystemExit

    module, student = public_checks(tmp_path, observe), LocalStudent()
    assert [find_at_home(module, check, student, HINTS) for check in ("one", "other")] == [None, None]
    assert len(calls) == 1
