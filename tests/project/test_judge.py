"""The judge: whatever a submission returns leads to a score and a message, never to a fault of the grader."""

import json

import numpy as np
import pytest

from autograder.backprop import running
from autograder.checking import CheckFailure
from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.sandbox.redaction import Redactor
from tests.course import PARTS
from tests.golden.programs import solution, solutions, with_body
from tests.golden.variants import ALONE
from tests.hidden.test_gradients_and_fit import step

WEIRD = [
    "None",
    "5",
    "'text'",
    "[]",
    "()",
    "{}",
    "(1, 2, 3)",
    "(None, None)",
    "([[1.0]], {})",
    "(X, {'A0': 'x', 'W1': None, 'Z1': {}})",
    "{'W1': [[1], [2, 3]], 'B1': np.array(['x']), 'Z3': 10**400}",
    "{key: np.zeros(0) for key in ('W1', 'W2', 'W3', 'B1', 'B2', 'B3', 'Z1', 'Z2', 'Z3', 'A1', 'A2')}",
    "{key: np.full((3, 3), np.nan) for key in ('W1', 'W2', 'W3', 'B1', 'B2', 'B3', 'Z1', 'Z2', 'Z3', 'A1', 'A2')}",
    "{key: np.full((3, 7), 1e308) for key in ('W1', 'W2', 'W3', 'B1', 'B2', 'B3', 'Z1', 'Z2', 'Z3', 'A1', 'A2')}",
    "{key: np.zeros((2, 2, 2)) for key in ('W1', 'W2', 'W3', 'B1', 'B2', 'B3', 'Z1', 'Z2', 'Z3', 'A1', 'A2')}",
    "{key: np.arange(7).reshape(1, 7) % 2 == 0 for key in ('a1', 'dJdz1', 'dJdb1', 'dJdw1', 'W3', 'B3', 'Z3', 'dJdz3')}",
    "{1: 2, None: 3, (1, 2): 4}",
    "np.array([object()])",
    "np.float64('inf')",
    "np.array(1 + 2j)",
    "(lambda: 0)",
    "(n for n in [])",
    "type('Bad', (dict,), {'items': lambda self: 1 / 0})(a=1)",
    "type('Bad', (dict,), {'__getitem__': lambda self, key: os._exit(3)})(a=1)",
    "type('Bad', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "self",
]
METHODS = ["forward", "compute_gradients", "gradients", "fit", "loss"]


@pytest.mark.in_turn(3)
@pytest.mark.parametrize("value", WEIRD)
@pytest.mark.parametrize("method", METHODS)
def test_any_answer_is_graded(grade, method, value):
    source = with_body(method, f"import os\nX = np.zeros((2, 3))\nreturn {value}")
    result = grade(source)
    assert result.status == "graded", result.fault
    assert all(check.got for check in result.failed)
    if method != "loss":
        assert result.failed


FUNCTIONS = {
    "warmup": ["exp_exp_square", "reciprocal_exp_square", "two_paths", "three_weight_chain", "logistic_gradients"],
    "extension": [
        *("softmax", "worked_example", "notes_gradients", "SoftmaxDNN", "SoftmaxDNN.forward", "SoftmaxDNN.loss"),
        *("SoftmaxDNN.compute_gradients", "SquaredErrorSoftmaxDNN.loss", "SquaredErrorSoftmaxDNN.compute_gradients"),
        *("GeneralDNN", "GeneralDNN.forward", "GeneralDNN.compute_gradients"),
        *("ACTIVATIONS", "ACTIVATIONS['tanh']", "ACTIVATIONS['relu']"),
    ],
}


@pytest.mark.in_turn(3)
@pytest.mark.parametrize("value", WEIRD)
@pytest.mark.parametrize(("part", "name"), [(part, name) for part, names in FUNCTIONS.items() for name in names])
def test_any_answer_of_the_other_files_is_graded(grade, part, name, value):
    weird = f"""
import os
X = np.zeros((2, 3))
def weird(self=None, *_, **__):
    return {value}
{name} = {"weird()" if name == "ACTIVATIONS" else "(weird, weird)" if "[" in name else "weird"}
"""
    result = grade({**solutions(), part: solutions()[part] + weird.encode()})
    assert result.status == "graded", result.fault
    assert any(check.part == part for check in result.failed)


@pytest.mark.parametrize("method", METHODS)
def test_any_exception_is_graded(grade, method):
    source = with_body(method, "class Bad(BaseException):\n    def __str__(self): raise SystemExit\nraise Bad")
    assert grade(source).status == "graded"


def test_the_backward_pass_is_graded_without_a_forward_pass(grade):
    result = grade(with_body("forward", "raise KeyError('x')"))
    sentences = {check.got for check in result.failed if check.task == "forward"}
    assert len(sentences) == 1
    assert sentences.pop().startswith("forward raised KeyError: 'x' (dnn.py, line ")
    assert not [check.id for check in result.failed if check.task == "compute_gradients"]


def test_a_parameter_cannot_be_made_to_grow_in_the_judge():
    with pytest.raises(CheckFailure, match="grows"):
        step(np.zeros((100_000, 1)), np.zeros((1, 100_000)))


# The three files


def scores(result):
    return {part: result.part_score(part) for part in PARTS}


@pytest.mark.parametrize("dnn", [{}, {"dnn": b"def broken(:\n"}, {"dnn": b"raise SystemExit"}, {"dnn": b"while True: pass"}])
def test_a_dnn_that_is_missing_or_does_not_load_costs_its_own_part(grade, dnn):
    """warmup.py and extension.py import from dnn; they are then checked beside the dnn.py that is handed out."""
    right = solutions()
    found = scores(grade({**dnn, "warmup": right["warmup"], "extension": ALONE["its own DNN"]}))
    assert found == {"warmup": 15, "dnn": 0, "extension": 25}


def test_each_file_may_be_submitted_alone(grade):
    for part, most in (("warmup", 15), ("dnn", 60)):
        result = grade({part: solutions()[part]})
        assert scores(result) == {**dict.fromkeys(PARTS, 0), part: most}
        assert {check.got for check in result.failed} == {f"{other}.py was not submitted." for other in PARTS if other != part}


def test_patches_of_numpy_do_not_reach_the_reference(grade):
    """A file that spoils numpy spoils it for itself alone."""
    spoilt = b"import numpy\nnumpy.exp = numpy.zeros_like\nnumpy.linalg.norm = lambda *_: 0.0\n" + solutions()["warmup"]
    assert scores(grade({**solutions(), "warmup": spoilt}))["warmup"] < 15
    assert grade(solutions()).score == 100


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("{}", "Reading from ACTIVATIONS raised KeyError: 'sigmoid'"),
        ("{'sigmoid': (1, 2)}", "ACTIVATIONS raised TypeError: 'int' object is not callable"),
    ],
)
def test_a_table_that_lacks_something_is_named(grade, table, words):
    sources = solutions()
    sources["extension"] += f"\nACTIVATIONS = {table}\n".encode()
    assert words in {check.got for check in grade(sources).failed}


def test_what_is_printed_in_public_checks_is_kept_and_in_hidden_ones_is_not(grade):
    source = solution().replace("def forward(self, X):", "def forward(self, X, said=[]):\n        print('rows', X.shape)", 1)
    result = grade(source.encode())
    output, errors = result.printed
    assert output.startswith("rows (2, ")
    assert errors == ""
    public = {check.id for check in result.checks if check.visibility == "public"}
    assert 0 < output.count("rows") < len(result.checks)
    assert public


def test_public_checks_come_before_hidden_ones(grade, monkeypatch):
    """So that what is hidden cannot be printed, or raised, in a check that is shown at once."""
    begun = []
    monkeypatch.setattr(Redactor, "begin", lambda self, *, hidden: begun.append(hidden))
    dnn = """
calls = []
def called(*_):
    calls.append(1)
    print(len(calls))
    raise ValueError(f"call {len(calls)}")
def sigmoid(Z):
    pass
class DNN:
    def __init__(self, layer_sizes=(2, 3, 3, 1), seed=None):
        self.params = {}
    forward = called
"""
    warmup = "from dnn import called\nexp_exp_square = reciprocal_exp_square = two_paths = called\n"
    result = grade({"dnn": dnn.encode(), "warmup": warmup.encode()})
    assert set(begun) == {False, True}
    assert begun == sorted(begun)
    printed = result.printed[0].split()
    assert printed == [str(number + 1) for number in range(len(printed))]
    public = [check.got for check in result.checks if check.visibility == "public" and "ValueError: call " in check.got]
    assert 1 <= max(int(got.split("call ")[1].split()[0]) for got in public) <= len(printed)


def test_what_is_printed_is_shown_escaped_and_cut(grade):
    source = "import sys\nprint('<b>bold</b> \\x1b[2J')\nprint('x' * 5000, file=sys.stderr)\n" + solution()
    result = grade(source.encode())
    assert result.part_score("dnn") == 60
    page, output = feedback_html(mark_of(result)), json.loads(results_json(mark_of(result)))["output"]
    assert "<h2>What your code printed</h2>" in page
    assert "&lt;b&gt;bold&lt;/b&gt; \\u001b[2J" in page
    assert "<b>" not in page
    assert "Your code printed while the public checks ran (output):\n<b>bold</b> \\u001b[2J" in output
    assert "(error output):\nxxx" in output
    assert 900 < output.count("x") < 1100


def test_no_output_is_shown_if_nothing_was_printed(grade):
    result = grade(solutions())
    assert "printed" not in feedback_html(mark_of(result)) + results_json(mark_of(result))


def test_correct_gradients_are_not_tested_for_input_dependence(grade, monkeypatch):
    """The test takes three more passes, and a correct result already proves it."""
    asked = []
    monkeypatch.setattr(running, "depends_on_input", lambda *arguments: not asked.append(arguments[1].name))
    assert grade(solutions()).score == 100
    assert len(asked) == 1, asked  # expect_input_dependence, for the keys
