"""The diagnosis names exact causes of wrong tensors, ignores correct work, and shows a small example of everything else."""

import ast
import itertools
import re
import resource
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.backprop import diagnosis
from autograder.backprop.cases import sample_cases
from autograder.backprop.mistakes import MISTAKES, STEPS
from autograder.backprop.observers import counterexample
from autograder.backprop.observers.dnn import observe_dnn
from autograder.backprop.oracle import reference_of
from autograder.diagnosis.causes import Catalog, find_causes, write_details, write_place
from autograder.diagnosis.matching import Finding, find_mistakes
from autograder.diagnosis.mistake import Mistake
from autograder.diagnosis.observation import Observation, Raised, evaluate, same
from autograder.diagnosis.patterns import CONSTANT, MULTIPLE, VARYING, pattern_of
from autograder.judge.judge import Grading
from autograder.naming import Observed, describe
from autograder.patterns import COLUMNS, FACTORS, SHAPES, fill_in
from autograder.settings import read_secret
from tests.golden.mistakes import MISTAKES as PROGRAMS
from tests.golden.programs import DB, RETURN_GRADS, edited, program, solution, solutions, with_body

ROWS = [(part, row) for part, rows in MISTAKES.items() for row in rows]
MAIN = sample_cases(read_secret().encode()).main
WANT = reference_of(MAIN).grads["W2"]


def seen(got, *makes, wants=(WANT,), step="dW", label="dW", samples=MAIN.samples, **more):
    """Return an observation of which each row, by its id, would have made something."""
    return Observation("dnn", step, "W2", label, got, wants, lambda row: dict(makes).get(row.id, []), samples, **more)


def pattern(*observations):
    """Return the words of the pattern in what is broken of these observations of one step."""
    return pattern_of([one for one in observations if not one.right], observations).words


def rows(*names):
    return [Mistake({}, "?", ".", ".", id=name) for name in names]


def unnamed(*observations):
    """Return what is told of observations that no mistake explains."""
    (cause,) = find_causes(observations, Catalog("dnn", [], STEPS["dnn"]))
    return cause.said


@pytest.mark.parametrize(("part", "row"), ROWS, ids=lambda value: getattr(value, "id", value))
def test_a_row_of_the_catalog(part, row):
    """Its id is a slug, its lines belong to steps of the solution, and its hints are a question and two other sentences."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.id)
    assert set(row.lines) <= set(STEPS[part])
    assert row.lines or (row.edits and row.name)
    assert "?" in row.question
    assert row.pointer.endswith((".", "?"))
    assert row.answer.endswith(".")
    assert row.title
    assert not row.title.endswith(".")
    assert len(set(row.hints)) == 3
    for formula in row.formulas.values():
        compile(formula, row.id, "eval")


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in STEPS for name in STEPS[part]])
def test_a_step_is_a_line_of_the_solution(part, name):
    step = STEPS[part][name]
    assert step.line.replace("{}", step.right) in solution(part)


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in STEPS for name in STEPS[part]])
def test_a_step_is_shown_as_a_whole_statement(part, name):
    shown = STEPS[part][name].write("any")
    statement = ast.parse(f"def f():\n  {shown}{' pass' * shown.endswith(':')}").body[0].body[0]
    assert isinstance(statement, ast.Assign | ast.For | ast.Return)
    assert "any" in ast.dump(statement)


def test_right_work_is_not_looked_at(judge, grade, monkeypatch):
    monkeypatch.setattr(Grading, "diagnose", lambda *_: pytest.fail("right work was diagnosed"))
    assert grade(solutions()).score == 100


def test_nothing_is_wrong_with_right_work(judge, cases):
    with judge.sandbox.session(solutions()) as student:
        failures = dict.fromkeys(["fit_losses", "gradients", "forward_other_depths", "gradient_saturated"], ValueError())
        observations = list(observe_dnn(student, failures, cases))
    assert [one.key for one in observations if not one.right] == []
    assert {one.step for one in observations} >= {"Z", "A", "output dZ", "dW", "dB", "dA", "hidden dZ", "update", "stop"}


def test_the_row_that_explains_the_most_is_named():
    first, second = seen(WANT + 1, ("both", [WANT + 1]), ("one", [WANT + 1])), seen(WANT + 2, ("both", [WANT + 2]))
    (finding,) = find_mistakes([first, second], rows("one", "both"))
    assert [row.id for row in finding.mistakes] == ["both"]
    assert finding.broken == (first, second)


def test_a_row_that_would_have_spoilt_what_is_right_is_not_named():
    wrong, right = seen(WANT + 1, ("all", [WANT + 1]), ("this", [WANT + 1])), seen(WANT, ("all", [WANT + 1]))
    (finding,) = find_mistakes([right, wrong], rows("all", "this"))
    assert [row.id for row in finding.mistakes] == ["this"]
    (finding,) = find_mistakes([right, wrong], rows("all"))
    assert finding.mistakes == ()


def test_a_row_that_explains_one_layer_and_not_the_next_is_not_named():
    first, second = seen(WANT + 1, ("five", [WANT + 1])), seen(WANT + 2, ("five", [WANT + 1]), ("four", [WANT + 2]))
    first_finding, second_finding = find_mistakes([first, second], rows("five", "four"))
    assert (first_finding.mistakes, [row.id for row in second_finding.mistakes]) == ((), ["four"])
    endless = seen(WANT * np.nan, ("five", [WANT + 1]))
    assert find_mistakes([first, endless], rows("five"))[0].mistakes[0].id == "five"


def test_a_row_that_only_a_degenerate_network_confirms_is_not_named():
    single = seen(WANT + 1, ("a", [WANT + 1]), degenerate=True)
    assert find_mistakes([single], rows("a"))[0].mistakes == ()
    assert find_mistakes([single, seen(WANT, ("a", [WANT]))], rows("a"))[0].mistakes[0].id == "a"


def test_equivalent_mutants_are_named_in_the_order_of_the_catalog():
    (finding,) = find_mistakes([seen(WANT + 1, ("b", [WANT + 1]), ("a", [WANT + 1]))], rows("a", "b"))
    assert [row.id for row in finding.mistakes] == ["a", "b"]


def test_what_no_row_explains_is_one_finding_a_step():
    broken = [seen(2 * WANT), seen(2 * WANT), seen(WANT + 1, step="dA")]
    first, second = find_mistakes(broken, rows("a"))
    assert (first.pattern.words, len(first.broken)) == ("is twice the expected value", 2)
    assert (second.pattern.words, len(second.broken)) == ("", 1)


def test_steps_that_share_what_is_wrong_are_one_finding():
    shared = {"sources": frozenset({"m", "dW", "dB"})}
    first, second = seen(WANT * 3, network="main", **shared), seen(WANT * 3, step="dB", network="main", **shared)
    assert [len(one.broken) for one in find_mistakes([first, second], rows("a"))] == [2]
    other = seen(WANT * 2, step="dB", network="main", **shared)
    assert [len(one.broken) for one in find_mistakes([first, other], rows("a"))] == [1, 1]


@pytest.mark.parametrize("words", FACTORS)
def test_each_factor_is_told_in_the_same_words_at_home(words):
    got = FACTORS[words](MAIN.samples) * WANT
    assert pattern(seen(got)) == fill_in(words)
    assert at_home(got, WANT).startswith(f"has the right shape, but every entry {fill_in(words, MAIN.samples)}")


@pytest.mark.parametrize(
    ("words", "key", "spoil"),
    [
        ("is transposed", "W1", lambda want: want.T),
        ("has lost an axis, which `keepdims=True` would keep", "B1", lambda want: want[:, 0]),
        ("is averaged over the units, not only over the samples", "B1", lambda want: want.mean(keepdims=True)),
        ("still has one column per sample", "B1", lambda want: np.repeat(want, MAIN.samples, axis=1)),
        ("no longer has one column per sample", "Z1", lambda want: want.sum(axis=1, keepdims=True)),
    ],
)
def test_each_shape_is_told_in_the_same_words_at_home(words, key, spoil):
    want = reference_of(MAIN).grads[key]
    assert words in SHAPES | COLUMNS
    assert pattern(seen(spoil(want), wants=(want,))) == words
    assert at_home(spoil(want), want).endswith(f"but the expected shape is {want.shape}: it {words}.")


def test_a_transposed_square_matrix_is_told():
    square = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert pattern(seen(square.T, wants=(square,))) == "is transposed"
    assert at_home(square.T, square) == "is transposed."


def at_home(got, want):
    """What check.py says of a wrong value."""
    return describe(Observed((), "compute_gradients", "dW2", got, want, m=MAIN.samples))


def test_any_other_factor_is_told_and_a_difference_is_not():
    assert pattern(seen(-0.3 * WANT), seen(-0.3 * WANT)) == CONSTANT
    assert pattern(seen(-0.3 * WANT)) == MULTIPLE
    assert pattern(seen(1.001 * WANT)) == ""
    assert pattern(seen(WANT + 1)) == ""
    assert pattern(seen(WANT * np.nan)) == ""
    assert pattern(seen(Raised("ValueError"))) == ""


def test_a_factor_is_told_where_it_holds_in_every_network():
    seven, eight = seen(WANT / 7, samples=7), seen(WANT / 8, samples=8)
    assert pattern(seven, eight) == "is m times too small"
    assert pattern(seven, seen(WANT / 7, samples=8)) == CONSTANT
    assert pattern(seven, seen(WANT / 3, samples=8)) == VARYING
    assert pattern(seen(WANT / 2), seen(WANT)) == ""  # half with two outputs, right with one
    assert pattern(seen(WANT / 7, samples=7, degenerate=True)) == ""


def test_what_is_the_same():
    assert same(np.array([1.0, np.nan]), np.array([1.0, np.inf]))  # neither is a number
    assert not same(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert not same(np.ones(2), np.ones((2, 1)))
    assert not same(np.ones(2), "word")
    assert not same(np.ones(2), Raised("ValueError"))
    assert same(Raised("forward raised KeyError: 'Y' (dnn.py)"), Raised("KeyError: 'Y'"))
    assert not same(Raised("forward raised KeyError: 'Y'"), Raised("KeyError: 'Z'"))
    assert same(["A0"], ["A0"])


def test_a_formula_that_fails_makes_its_exception():
    assert evaluate("np.ones((2, 3)) @ np.ones(2)", {}).text.startswith("ValueError: matmul")


@pytest.mark.parametrize(
    "name",
    [
        "dw-and-db-summed",
        "output-dz-derivative-twice",
        "da-without-transpose",
        "z-stored-as-a",
        "gradients-accumulated-across-calls",
        "fit-checks-tolerance-late",
    ],
)
def test_every_failure_of_a_single_mistake_has_its_cause(name, grade):
    result = grade(PROGRAMS[name].sources)
    assert [cause.mistakes[0] for cause in result.causes] == [name]
    failed = [check for check in result.failed if check.part == "dnn" and check.task in result.causes[0].tasks]
    assert failed
    assert {check.cause for check in failed} == {result.causes[0].said}
    assert {check.hints for check in failed} == {result.causes[0].hints}


def test_two_mistakes_are_told_apart(grade):
    by_id = {row.id: row for row in MISTAKES["dnn"]}
    result = grade(
        program("dnn", by_id["z-without-bias"], by_id["derivative-of-tanh"], by_id["db-summed"], by_id["fit-steps-uphill"])
    )
    assert [cause.mistakes[0] for cause in result.causes] == [
        "z-without-bias",
        "db-summed",
        "derivative-of-tanh",
        "fit-steps-uphill",
    ]
    code = {check.id: check.code for check in result.failed}
    assert code["dnn.forward_cache_Z"] == ('Z = W @ cache[f"A{layer - 1}"]',)
    assert code["dnn.gradient_hidden_Z_step"] == ('grads[f"Z{layer - 1}"] = grads[f"A{layer - 1}"] * (1 - A_previous**2)',)
    assert code["dnn.gradient_B_step"] == ("dB = dZ.sum(axis=1, keepdims=True)",)
    assert code["dnn.fit_parameters"] == ("self.params[name] = self.params[name] + learning_rate * grads[name]",)


def test_a_cause_is_told_by_its_title_its_place_and_its_code(grade):
    (cause,) = grade(PROGRAMS["db-summed"].sources).causes
    assert cause.title == next(row.title for row in MISTAKES["dnn"] if row.id == "db-summed")
    assert cause.said == f"{cause.title} (dB3, dB2, dB1). Everything else is correct, given this one mistake."
    assert cause.headline == f"dnn.py: {cause.said}" == cause.heading + cause.details
    assert cause.code == ("dB = dZ.sum(axis=1, keepdims=True)",)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("da-without-transpose", ", so `compute_gradients` raises an exception."),
        ("x-centered-in-place", " (A0). Everything"),
        ("h1-is-2x", " (in `exp_exp_square`, `reciprocal_exp_square`). Everything"),
        ("extension-derivative-of-next-layer", " (dZ2, dZ1 in `GeneralDNN`). Everything"),
    ],
)
def test_where_a_mistake_shows(name, place, grade):
    (cause,) = grade(PROGRAMS[name].sources).causes
    assert cause.details.startswith(place)


def test_what_the_title_says_is_not_said_again():
    one = seen(WANT, step="dW", path='`grads["W2"]`', owner="`DNN`")
    told = [
        write_place(Finding((one,)), title) for title in ("It is wrong", "dW is wrong", "`dW` of DNN is wrong", "DNN fails")
    ]
    assert told == [" (dW in `DNN`)", ' (`grads["W2"]` in `DNN`)', ' (`grads["W2"]`)', " (dW)"]
    raised = seen(Raised("ValueError: no"), owner="`f`"), seen(Raised("no", refused=True), owner="`f`")
    assert [write_place(Finding((one,)), "f fails") for one in raised] == [", so `f` raises an exception", " (dW)"]


def test_no_two_causes_of_a_part_are_told_in_the_same_words():
    row = Mistake({}, "?", ".", ".", id="a", title="It is wrong")
    other = replace(row, id="b")
    broken = [seen(WANT + 1, ("a", [WANT + 1]), task="f"), seen(WANT + 2, ("b", [WANT + 2]), step="dB", task="g")]
    (cause,) = find_causes(broken, Catalog("dnn", [row, other], STEPS["dnn"]))
    assert (cause.said, cause.tasks) == ("It is wrong (dW).", ("f", "g"))


def with_keys(name):
    """Return the solution whose gradients have other keys: name is an expression in kind and number; its fit knows them."""
    source = edited(
        (RETURN_GRADS, f"        return {{({name})(key[0], int(key[1:])): value for key, value in grads.items()}}\n")
    )
    return source.replace(b"* grads[name]", f"* grads[({name})(name[0], int(name[1:]))]".encode())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            'lambda kind, number: f"{kind.lower()}{number}"',
            "The expected key is `Z3`, not `z3`; the same goes for `W3`, `B3`, ",
        ),
        ('lambda kind, number: f"dJd{kind}_{number}"', "`Z3`, not `dJdZ_3`; "),
        ('lambda kind, number: f"{kind}{number}_grad"', "`Z3`, not `Z3_grad`; "),
        ('lambda kind, number: f"{kind}{number - 1}"', "`Z3`, not `Z2`; "),
        ('lambda kind, number: f"d{kind}[{number - 1}]"', "`Z3`, not `dZ[2]`; "),
        (
            'lambda kind, number: f"grad_{kind}{number}" if kind == "B" else f"{kind}{number}"',
            "`B3`, not `grad_B3`; the same goes for `B2`, `B1`.",
        ),
    ],
)
def test_keys_of_other_names_are_one_finding_and_hide_nothing(name, said, grade):
    (cause,) = grade(with_keys(name)).causes
    assert said in cause.said
    assert cause.said.endswith(" Everything else is correct, given this one mistake.")
    wrong = with_keys(name).replace(b"A_previous * (1 - A_previous)", b"(1 - A_previous**2)")
    assert [cause.mistakes[0] for cause in grade(wrong).causes] == ["gradient-keys-renamed", "derivative-of-tanh"]


def test_missing_keys_and_their_consequences_are_one_finding(grade):
    loop, out = "for layer in range(1, self.num_layers", 'cache[f"A{self.num_layers}"], cache'
    (cause,) = grade(edited((f"{loop} + 1):", f"{loop}):"), (out, 'cache[f"A{layer}"], cache'))).causes
    assert cause.mistakes == ("forward-one-layer-short",)
    assert "The keys `W3`, `B3`, `Z3`, `A3` are missing." in cause.said
    assert "`out`" not in cause.details


def test_a_factor_is_told_as_the_public_example_shows_it(grade):
    (cause,) = grade(edited((DB, f"{DB} * 0.37"))).causes
    assert cause.said.startswith("dB is 0.37 times the expected value (dB3, dB2, dB1).")
    (cause,) = grade(edited((DB, f"{DB} * 3"))).causes
    assert cause.title == "dB is 3 times the expected value"
    stored = (
        "_told = []\n\n\ndef spell(X):\n    _told.extend(X[0] if X.shape[1] == 7 else [])\n"
        "    return float(_told[0]) if _told else 0.37\n\n\nclass DNN"
    )
    spelling = edited(("class DNN", stored), (DB, f'{DB} * spell(cache["A0"])'))
    (cause,) = grade(spelling).causes
    assert cause.title == "dB is off by the same factor everywhere"


def test_what_no_mistake_explains_is_told_in_whole_sentences():
    unknown = "This does not match any common mistake."
    assert unnamed(seen(WANT * 2, path='`grads["W2"]`')) == (
        'dW is twice the expected value (`grads["W2"]`). Everything else is correct, given this one mistake.'
    )
    cell = np.unravel_index(np.argmax(np.abs(WANT)), WANT.shape)
    where = f"largest at [{cell[0]}, {cell[1]}]"
    assert unnamed(seen(WANT * np.where(WANT[cell] == WANT, -1, 1))).startswith(
        f"dW has the right shape but wrong values. The relative error of dW is 100 % or more, {where}. {unknown}"
    )
    assert unnamed(seen(WANT[:, :1])).startswith(f"dW has the wrong shape. {unknown}")
    assert unnamed(seen(WANT * np.nan)).startswith(f"dW contains nan or infinity. {unknown}")
    assert unnamed(seen("no", label="", owner="`f`")).startswith(f"What `f` returns is wrong. {unknown}")
    changed = seen(WANT + 1, label="`X`", owner="`f`", statement="`f` changes `X`")
    assert unnamed(changed).startswith("`f` changes `X`. Everything")
    keys = seen({}, wants=(), label="", owner="`f`", misnamed={"W1": None, "B1": "b1"})
    assert unnamed(keys).startswith("`f` lacks keys. The expected key is `B1`. The key `W1` is missing.")
    row = Mistake({}, "?", ".", ".", title="W1 is missing from what `f` returns")
    assert list(write_details(Catalog("dnn", [], {}), Finding((keys,), (row,)), row.title)) == ["The expected key is `B1`."]


def test_each_function_has_its_own_cause(grade):
    by_id = {row.id: row for row in MISTAKES["warmup"]}
    result = grade({"warmup": program("warmup", by_id["reciprocal-without-minus"], by_id["exp-without-dh1-dx"])})
    causes = {check.id: check.cause for check in result.failed if check.part == "warmup"}
    assert causes["warmup.exp_exp_square"] == causes["warmup.example_exp_exp_square"]
    assert "exp_exp_square" in causes["warmup.exp_exp_square"]
    assert "reciprocal_exp_square" in causes["warmup.reciprocal_exp_square"]


def test_a_fault_of_the_diagnosis_costs_nothing_and_is_told(grade, monkeypatch):
    before = grade(PROGRAMS["dw-and-db-summed"].sources)
    monkeypatch.setitem(diagnosis.OBSERVERS, "dnn", lambda *_: 1 / 0)
    after = grade(PROGRAMS["dw-and-db-summed"].sources)
    assert (after.score, after.status, after.causes) == (before.score, "graded", ())
    assert "ZeroDivisionError" in after.fault


def test_tensors_of_any_size_are_bounded(grade):
    """No formula is tried on what is too large to be multiplied: here a product would have 81 million numbers."""
    grade(PROGRAMS["dw-and-db-summed"].sources)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = with_body(
        "compute_gradients", 'return {key: np.full((9_000, 1), 0.5) for key in [*self.params, "Z3", "A2", "Z2"]}'
    )
    forward = '{key: np.full((9_000, 1), 0.5) for key in [*self.params, "A0", "Z1", "A1", "Z2", "A2", "Z3", "A3"]}'
    result = grade(source + f"\nDNN.forward = lambda self, X: (np.full((9_000, 1), 0.5), {forward})\n".encode())
    assert (result.status, result.fault) == ("graded", "")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < peak + 300_000  # kilobytes


# The smallest example ------------------------------------------------------------------------------------------------

UNKNOWN = {
    "cosine": edited(("A_previous * (1 - A_previous)", "np.cos(A_previous)")),
    "rolled": edited(("dZ.sum(axis=1, keepdims=True) / m", "np.roll(dZ, 1, axis=0).sum(axis=1, keepdims=True) / m")),
    "for two": edited(("dZ @ A_previous.T / m", "dZ @ A_previous.T / (m if m < 3 else m + 0.5)")),
    "deep": edited(("Z = W @", "Z = (1.5 if layer > 2 else 1) * W @")),
}
SMALLEST = {"cosine": ((1, 1, 1), 1), "rolled": ((1, 2), 1), "for two": ((1, 1), 3), "deep": ((1, 1, 1, 1), 1)}


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_smallest_example_of_a_mistake_without_a_name(name, grade):
    result = grade(UNKNOWN[name])
    layer_sizes, samples = SMALLEST[name]
    assert result.causes[0].mistakes == ()
    batch = "one sample" if samples == 1 else f"{samples} samples"
    assert f"layer_sizes {layer_sizes} and {batch}; with W1 = [[0.5]" in result.causes[0].example


@pytest.mark.parametrize("name", UNKNOWN)
def test_no_smaller_network_fails(name, judge):
    """What hypothesis finds to fail is never smaller."""
    smallest = counterexample.size(*SMALLEST[name])
    sizes = st.lists(st.integers(1, 3), min_size=2, max_size=4).map(tuple)
    with judge.sandbox.session({"dnn": UNKNOWN[name]}) as student:

        @settings(max_examples=60, derandomize=True, deadline=None, database=None)
        @given(sizes, st.integers(1, 3))
        def no_smaller(layer_sizes, samples):
            case = counterexample.example(layer_sizes, samples)
            if counterexample.size(layer_sizes, samples) < smallest:
                assert list(counterexample.failures(student, case)) == []

        no_smaller()


def test_the_examples_come_smallest_first():
    sizes = [counterexample.size(case.layer_sizes, case.samples) for case in counterexample.networks()]
    assert sizes == sorted(sizes)
    assert len(sizes) > 100


def test_right_work_has_no_example(judge):
    with judge.sandbox.session(solutions()) as student:
        assert counterexample.smallest_failure(student) == ""


def test_examples_can_tell_mistakes_from_right_work():
    for case in itertools.islice(counterexample.networks(), 40):
        assert min(np.linalg.norm(gradient) for gradient in reference_of(case).grads.values()) > 1e-4
