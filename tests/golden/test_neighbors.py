"""Variations of the catalog's mistakes are named, too: with another number, sign or factor, or written differently."""

import re

import numpy as np
import pytest

from autograder.backprop.mistakes import MISTAKES
from autograder.diagnosis.derived import number_between
from autograder.diagnosis.observation import Raised, same
from tests.golden.programs import DB, DW, HIDDEN_DZ, OUTPUT_DZ, RETURN_GRADS, Z, edited, program

ROWS = {row.id: row for rows in MISTAKES.values() for row in rows}
W, ERROR = 'cache[f"W{layer}"]', '(out - cache["Y"])'
SIGMOID = "out * (1 - out)"


def first_cause(grade, *edits):
    """Return the first cause of a program made from the solution of dnn.py."""
    result = grade(edited(*edits))
    assert result.fault == ""
    return result.causes[0]


# A number that may be any ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", ["0.001", "0.03", "2.0", "-0.5", "0.4 / m", "1.0 / m"])
def test_any_multiple_of_the_weights_is_told(factor, grade):
    cause = first_cause(grade, (DW, f"{DW} + {factor} * {W}"))
    assert cause.mistakes == ("dw-regularized-per-sample" if "m" in factor else "dw-regularized",)
    assert cause.code[0].endswith(f"/ m + {factor} * {W}")


def test_a_number_that_is_not_round_is_not_told(grade):
    """A program could spell an input with its digits."""
    cause = first_cause(grade, (DW, f"{DW} + 0.0123 * {W}"))
    assert cause.mistakes == ("dw-regularized",)
    assert "0.012" not in cause.said
    assert cause.code == ()


@pytest.mark.parametrize("factor", ["0.3 * layer", "np.abs(out).sum()", "0.3 * (m == 7)"])
def test_numbers_that_differ_between_layers_or_batches_are_no_number(factor, grade):
    assert not any("dw-regularized" in cause.mistakes for cause in grade(edited((DW, f"{DW} + {factor} * {W}"))).causes)


@pytest.mark.parametrize("rate", ["0.02", "0.25"])
def test_weights_that_are_updated_on_the_way_back_with_any_rate(rate, grade):
    update = f'{DW}\n            self.params[f"W{{layer}}"] -= {rate} * grads[f"W{{layer}}"]'
    assert first_cause(grade, (DW, update)).mistakes == ("weights-updated-in-backward-pass",)


def test_the_number_between_two_values():
    start, end = np.array([1.0, 2.0]), np.array([2.0, 4.0])
    assert number_between(np.array([1.5, 3.0]), start, end) == pytest.approx(0.5)
    assert number_between(np.array([1.5, 3.5]), start, end) is None
    assert number_between(start, start, end) is None  # nothing of it
    assert number_between(end, start, start) is None
    assert number_between(np.ones(3), start, end) is None
    assert number_between(Raised("ValueError"), start, end) is None
    assert number_between(np.array([np.nan, 1.0]), start, end) is None


# Times a factor -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (OUTPUT_DZ, f'(cache["Y"] - out) * {SIGMOID}', "output-dz-derivative-twice"),
        (OUTPUT_DZ, f'2 * (cache["Y"] - out) * {SIGMOID}', "output-dz-squared-error"),
        (OUTPUT_DZ, f"{ERROR} * {SIGMOID} / m", "output-dz-derivative-twice"),
        (OUTPUT_DZ, '-(cache["Y"] / out - (1 - cache["Y"]) / (1 - out)) / 2', "output-dz-is-da"),
        (OUTPUT_DZ, f'-(cache["Y"] / out + (1 - cache["Y"]) / (1 - out)) * {SIGMOID}', "output-dz-second-term-sign"),
        (HIDDEN_DZ, HIDDEN_DZ.replace("(1 - A_previous)", "(A_previous + 1) * -1"), "derivative-a-times-1-plus-a"),
        (HIDDEN_DZ, HIDDEN_DZ.replace("(1 - A_previous)", "2"), "derivative-only-a"),
        (DW, DW.replace("dZ @ A_previous.T / m", "-(A_previous @ dZ.T) / m"), "dw-transposed"),
        (DB, DB.replace("axis=1, keepdims=True) / m", "axis=0)"), "db-summed-over-units-flat"),
    ],
)
def test_a_row_times_a_factor_is_named(old, new, named, grade):
    new = new if old == OUTPUT_DZ or "=" in new.split("(")[0] else f"{old.partition('=')[0]}= {new}"
    cause = first_cause(grade, (old, new))
    assert cause.mistakes[0] == named
    assert cause.hints[:2] == ROWS[named].hints[:2]
    assert cause.hints[2].startswith(ROWS[named].answer)


def test_a_factor_is_told_in_the_line_the_title_and_the_answer(grade):
    cause = first_cause(grade, (OUTPUT_DZ, f'(cache["Y"] - out) * {SIGMOID}'))
    assert cause.code == ('dZ = -((out - cache["Y"]) * out * (1 - out))',)
    assert cause.title == f"{ROWS['output-dz-derivative-twice'].title}, and the sign is wrong"
    assert cause.hints[2].endswith("The sign is wrong, too.")


# Products that do not fit ---------------------------------------------------------------------------------------------

MISFITS = [row for row in ROWS.values() if "-dot-" in row.id and re.match(r"(dw|da|z)-", row.id)]


def as_matmul(row):
    """Return the wrong line of a row with `@` in the place of np.dot."""
    return {step: re.sub(r"np\.dot\((.*?), (.*?)\)(?= |$)", r"\1 @ \2", line) for step, line in row.lines.items()}


def test_all_products_that_do_not_fit_are_there():
    assert len(MISFITS) == 17  # of the 24: three are right, three the transpose of that, and W @ dZ has a row of its own


@pytest.mark.parametrize("row", MISFITS, ids=lambda row: row.id)
def test_a_product_that_does_not_fit_is_named_by_its_operands(row, grade):
    ((step, line),) = as_matmul(row).items()
    assert "@" in line
    assert "dot" not in line
    old = {"dW": "dZ @ A_previous.T / m", "dA": f"{W}.T @ dZ", "Z": Z.partition("= ")[2]}[step]
    assert first_cause(grade, (old, line)).mistakes[0] == row.id


def test_the_shapes_are_those_of_the_operands(grade):
    cause = first_cause(grade, ("dZ @ A_previous.T", "np.dot(dZ, A_previous)"))
    assert cause.title == ROWS["dw-dz-dot-a"].title
    assert cause.code == ()
    assert cause.hints[0] == "dZ is (n_l, m) and A is (n_{l-1}, m). Do they fit together in a matrix product?"


def test_exceptions_of_products_are_the_same_by_their_lengths():
    dot = Raised("ValueError: shapes (1,7) and (3,7) not aligned: 7 (dim 1) != 3 (dim 0)")
    matmul = Raised("ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0 (size 3 is different from 7)")
    assert same(dot, matmul)
    assert same(matmul, dot)
    assert not same(dot, Raised(dot.text.replace("(1,7)", "(2,7)")))
    assert not same(matmul, Raised(matmul.text.replace("3", "4")))
    assert not same(Raised("ValueError: a mismatch"), matmul)


# Names ----------------------------------------------------------------------------------------------------------------


RULES = ['f"dJd{key}"', 'f"grad_{key}"', 'f"{key[0]}_{key[1:]}"', 'f"{key}_grad"', "key.lower()", 'key[0] + str(int(key[1:]) - 1)']


@pytest.mark.parametrize("rule", RULES)
def test_gradients_under_any_names(rule, grade):
    result = grade(edited((RETURN_GRADS, f"        return {{{rule}: value for key, value in grads.items()}}\n")))
    assert [cause.mistakes[0] for cause in result.causes] == ["gradient-keys-renamed"]


def test_two_layers_of_three_are_not_the_output_layer_alone(grade):
    by_id = grade(program("dnn", ROWS["only-last-two-layers"])).causes[0]
    assert by_id.mistakes[0] in ("only-last-two-layers", "layer-1-not-reached")
