"""What a hidden check quotes from a submission: what it said before, and what cannot reveal anything."""

import numpy as np
import pytest

from autograder.checking import CheckFailure, StudentError, describe, expect_shape, expect_tensor, require_key, require_keys
from autograder.files import ROOT
from autograder.judge.judge import starter_messages
from autograder.sandbox.limits import Limits
from autograder.sandbox.redaction import MAX_NEW_LINES, MAX_SOURCE_LINES, MAX_TOLD, Redactor, Words
from autograder.sandbox.session import Sandbox
from tests.course import ASSIGNMENT
from tests.golden.programs import solution, with_body

MESSAGES = starter_messages(ASSIGNMENT)

SOURCE = b"first\n    second\r\nthird\n"
SAID = Words("ValueError", "said before", "dnn.py, line 1: first", "a trace")
LIMITS = Limits(call_seconds=0.6, import_seconds=0.6, submission_seconds=8.0)


@pytest.fixture
def hidden():
    """Return the redactor of a submission that has said SAID in public, in a hidden check."""
    redactor = Redactor({"dnn": SOURCE}, frozenset({"Task 3: do it."}))
    redactor.begin(hidden=False)
    assert redactor.redact(SAID) == SAID
    redactor.begin(hidden=True)
    return redactor


def test_what_was_said_in_a_public_check_is_told_again(hidden):
    assert hidden.redact(SAID) == SAID


def test_no_check_counts_as_public_after_a_hidden_one(hidden):
    hidden.begin(hidden=False)
    hidden.redact(SAID._replace(message="said later"))
    assert hidden.redact(SAID._replace(message="said later")).message == ""


@pytest.mark.parametrize(
    ("kind", "message", "told"),
    [
        ("ValueError", "0.537", ("ValueError", "")),
        ("Own537", "said before", ("an exception class of your own", "")),
        ("TypeError", "said before", ("TypeError", "")),
        ("LinAlgError", "Singular 537", ("LinAlgError", "")),
        ("NotImplementedError", "Task 3: do it.", ("NotImplementedError", "Task 3: do it.")),
        ("NotImplementedError", "Task 3: do it. 537", ("NotImplementedError", "")),
        ("ValueError", "Task 3: do it.", ("ValueError", "")),
        ("ZeroDivisionError", "division by zero", ("ZeroDivisionError", "division by zero")),
        ("ValueError", "index 537 is out of bounds", ("ValueError", "index …")),
    ],
)
def test_class_and_message_of_an_exception(hidden, kind, message, told):
    assert hidden.redact(Words(kind, message, "", ""))[:2] == told


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("dnn.py, line 2: 0.537", "dnn.py, line 2: second"),
        ("dnn.py, line 3", "dnn.py, line 3: third"),
        ("dnn.py, line 537: third", ""),
        ("dnn.py, line 0: x", ""),
        ("warmup.py, line 1: first", ""),
        ("dnn.py, line 2 537", ""),
        ("537", ""),
    ],
)
def test_a_line_is_quoted_from_the_source(hidden, where, told):
    assert hidden.redact(SAID._replace(where=where))[2:] == (told, "")


def test_few_new_lines_are_named():
    redactor = Redactor({"dnn": b"x\n" * 100})
    redactor.begin(hidden=True)
    assert [redactor.redact(SAID._replace(where=f"dnn.py, line {number}")).where for number in (0, 200)] == ["", ""]
    lines = [redactor.redact(SAID._replace(where=f"dnn.py, line {number}: x")).where for number in range(1, 7)]
    assert lines[:MAX_NEW_LINES] == [f"dnn.py, line {number}: x" for number in range(1, MAX_NEW_LINES + 1)]
    assert set(lines[MAX_NEW_LINES:]) == {""}
    assert redactor.redact(SAID._replace(where="dnn.py, line 1: x")).where == "dnn.py, line 1: x"


def test_no_line_of_a_very_long_file_is_named():
    redactor = Redactor({"dnn": b"x\n" * MAX_SOURCE_LINES})
    redactor.begin(hidden=True)
    assert redactor.redact(SAID._replace(where="dnn.py, line 7: x")).where == ""


def test_repeated_messages_cannot_encode_numbers():
    redactor = Redactor({"dnn": b"x\n" * 500})
    said = [Words("ValueError", str(number), f"dnn.py, line {number}: x", str(number)) for number in range(1, 400)]
    for words in said:
        redactor.redact(words)
    redactor.begin(hidden=True)
    told = [redactor.redact(words) for words in said]
    assert told[:MAX_TOLD] == said[:MAX_TOLD]
    assert set(told[MAX_TOLD:]) == {Words("an exception", "", "", "")}
    assert redactor.redact(said[0]) == said[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("lambda: 0", "a value of the type function"),
        ("np.array([object()])", "an array of dtype object"),
        ("type('Own537', (), {})()", "a value of a type that you defined"),
        ("np.zeros(200_537)", "a value of a type that you defined"),
        ("np.zeros(1, [('c537', 'f8')])", "a value of a type that you defined"),
    ],
)
def test_type_of_a_value_that_does_not_cross(value, words):
    source = f"import numpy as np\ndef f(): return {value}".encode()
    with Sandbox(LIMITS) as sandbox, sandbox.session({"dnn": source}) as session:
        session.begin_check(hidden=True)
        assert describe(session.fetch(session.module("dnn").f())).discreet == words


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os._exit(53)", "f ended the program."),
        ("ctypes.string_at(0)", "f ended the program by a segmentation fault."),
        ("raise ValueError(53)", "f raised ValueError (dnn.py, line 3: raise ValueError(53))"),
    ],
)
def test_the_end_of_a_call(end, words):
    source = f"import ctypes, os\ndef f():\n    {end}".encode()
    with Sandbox(LIMITS) as sandbox, sandbox.session({"dnn": source}) as session:
        session.begin_check(hidden=True)
        with pytest.raises(StudentError) as caught:
            session.fetch(session.module("dnn").f())
    assert str(caught.value) == words


# What checks say


def discreetly(check, *arguments, **named):
    with pytest.raises(CheckFailure) as caught:
        check(*arguments, **named)
    return caught.value.discreet


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((537, 1), "(…, 1)"),
        ((7, 53), "(7, …)"),
        ((3, 2), "(3, 2)"),
        ((4,), "(…,)"),
        ((), "()"),
        ((5, 3, 7), "of 3 axes"),
        ((1,) * 8, "of more than 4 axes"),
    ],
)
def test_a_shape_tells_lengths_of_the_case(shape, words, cases):
    """The main case has the layer sizes 2, 3, 3, 1 and 7 samples."""
    found = discreetly(expect_shape, "W1", np.zeros(shape), (3, 3), (), cases.main)
    assert found == f"`W1` has the shape {words}; it must be (3, 3)."


@pytest.mark.parametrize(
    ("got", "words"),
    [(1.0002, "below 0.1 %"), (1.0537, "below 10 %"), (1.537, "below 100 %"), (0.0, "100 % or more"), (1e308, "100 % or more")],
)
def test_an_error_tells_its_order_of_magnitude(got, words):
    assert discreetly(expect_tensor, "J", np.array(got), np.array(1.0)) == f"`J` is a wrong number: relative error {words}."


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([0] * 537, "a list of more than 4"),
        ((1, 2, 3), "a tuple of 3"),
        (np.zeros((5, 3)), "an array"),
        ({"537": 1}, "a dict"),
        ("537", "a str"),
        (537, "a int"),
        (None, "None (is the return missing?)"),
    ],
)
def test_a_value_is_described_without_its_numbers(value, words):
    assert describe(value).discreet == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [("z1", True), ("Z_1", True), ("dJdZ1", True), ("Z1537", False), ("9Z1", False), ("Z____1", False)],
)
def test_the_nearest_key_is_told_if_it_says_no_more_than_the_key(name, shown):
    words = discreetly(require_key, "grads", {name: 1}, "Z1")
    assert words == ("grads has no key `Z1`" + f"; the most similar key is `{name}`" * shown + ".")


def test_a_list_of_keys_is_not_told():
    assert discreetly(require_keys, "grads", {"537": 1, "W9": 2}, ["Z1", "W1"]) == "grads lacks `Z1` and others."
    assert discreetly(require_keys, "grads", {"537": 1, "W1": 2}, ["Z1", "W1"]) == "grads lacks `Z1`."


# What comes through all the same


def test_the_prompts_are_those_of_the_starter_code():
    assert "Task 3: complete forward, which computes every Z and A and saves all matrices in the cache." in MESSAGES
    handed_out = "".join((ROOT / f"assignment/{part}.py").read_text() for part in ("warmup", "dnn", "extension"))
    assert len(MESSAGES) == handed_out.count("raise NotImplementedError(")


@pytest.mark.parametrize(
    ("method", "name"), [("fit", "fit_losses"), ("gradients", "gradients"), ("compute_gradients", "gradient_W_step")]
)
def test_a_task_to_do_is_named_in_hidden_checks(grade, method, name):
    words = next(prompt for prompt in MESSAGES if prompt.startswith(f"Task 4: complete {method},"))
    result = grade(with_body(method, f"raise NotImplementedError({words!r})"))
    assert {check.got for check in result.failed if check.id == f"dnn.{name}"} == {words}


def test_a_task_of_the_extension_without_a_public_check_is_named(grade):
    skeleton = (ROOT / "assignment/extension.py").read_bytes()
    result = grade({"dnn": solution().encode(), "extension": skeleton})
    words = {check.id: check.got for check in result.failed}
    assert words["extension.squared_error_loss"].startswith("Extension 3: complete SquaredErrorSoftmaxDNN.loss")
    assert words["extension.general_gradients"].startswith("Extension 5: complete GeneralDNN.")


def test_a_line_that_fails_on_a_hidden_batch_alone_is_quoted(grade):
    """Code for the five samples of the example: the line and the kind of error are told, the shapes are not."""
    result = grade(with_body("forward", "return self.params['W1'] @ X + np.ones((3, 5)), {}"))
    assert {check.got for check in result.failed if check.id == "dnn.forward_cache_Z"} == {
        "forward raised ValueError: operands could not be broadcast together … "
        "(dnn.py, line 40: return self.params['W1'] @ X + np.ones((3, 5)), {})"
    }
