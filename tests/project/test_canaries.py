"""No hidden input or expected value appears in anything that students read, whatever a submission does."""

import contextlib
import html
import json
import re
from dataclasses import replace

import pytest

from autograder.backprop.assignment import Backprop
from autograder.backprop.diagnosis import Seen
from autograder.judge.judge import Grading
from autograder.marks import mark_of
from autograder.report.exports import export_sheets
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.table import grades_sheet
from autograder.report.words import explain_check, write_headline
from autograder.sandbox.limits import MAX_CHILDREN
from autograder.sandbox.redaction import MAX_NEW_LINES, Redactor
from autograder.sandbox.session import Session
from autograder.settings import Exports
from tests.course import ASSIGNMENT, PARTS
from tests.golden.canaries import CANARY, PROGRAMS, hidden_numbers, leaking
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions, submission

PLACE = re.compile(r"\(\w+\.py, line \d+: .*\)|File \"\w+\.py\", line \d+, in .*")
NAME = re.compile(r"\b(dL_d)?w\d{3}(_next)?\b")  # of a weight of the worked example
LINE = re.compile(r"`[^`]*`")  # of the catalog
NUMBER = re.compile(r"\d+\.?\d*")


def reports(result):
    """Return everything that is written about a result, with escapes undone."""
    mark = mark_of(result)
    return [
        html.unescape(feedback_html(mark, figure=ASSIGNMENT.figure(result))),
        json.dumps(json.loads(results_json(mark)), ensure_ascii=False),
        *grades_sheet(PARTS).lines([mark]),
        *(line for sheet in export_sheets(Exports(), ASSIGNMENT.max_score).values() for line in sheet.lines([mark])),
        write_headline(result),
    ]


def hidden_words(result):
    """Return what is said about the hidden checks."""
    hidden = replace(result, checks=tuple(check for check in result.checks if check.visibility == "hidden"))
    page = re.sub(
        r"<style>.*?</style>|<[^>]*>", "", feedback_html(mark_of(hidden), figure=ASSIGNMENT.figure(hidden)), flags=re.DOTALL
    )
    outputs = [test["output"] for test in json.loads(results_json(mark_of(hidden)))["tests"]]
    return [html.unescape(page), *outputs, write_headline(hidden), *(f"{check.got} {check.detail}" for check in hidden.checks)]


def carried_out(name, result):
    """Return the secrets that a program has brought into the reports, and the canaries."""
    text = "\n".join(hidden_words(result))
    shown = [words for words in map(PROGRAMS[name].shows, hidden_numbers()) if words and words in text]
    return shown + [word for word in (CANARY, CANARY[::-1]) if any(word in report for report in reports(result))]


@pytest.fixture
def without_redaction(monkeypatch):
    monkeypatch.setattr(Redactor, "begin", lambda self, *, hidden: None)
    monkeypatch.setattr("autograder.judge.judge.describe_failure", lambda failure, check: str(failure))


def test_there_are_secrets_to_look_for():
    assert len(hidden_numbers()) > 1000


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_canary_stays_inside(name, grade):
    result = grade(PROGRAMS[name].sources)
    assert result.status == "graded", result.fault
    assert carried_out(name, result) == []
    assert long_numbers(result) == []


@pytest.mark.in_turn(3)
@pytest.mark.parametrize("name", PROGRAMS)
def test_without_redaction_the_canary_is_out(name, grade, without_redaction):
    """Or the test above would pass for a program that carries nothing."""
    assert [words for words in carried_out(name, grade(PROGRAMS[name].sources)) if words not in (CANARY, CANARY[::-1])]


def test_what_is_printed_on_hidden_inputs_is_not_shown(grade):
    code = """
    def at_forward(net, known, right):
        print(MARK, digits(known[0]))
        return right

    print("loaded")
    """
    result = grade(leaking(code).sources)
    assert result.printed == ("loaded\n", "")
    assert CANARY not in "".join(reports(result))


def test_few_lines_are_named_by_their_numbers(grade):
    """The number of a line can be any number that the file is long enough for, so only some are told."""
    program = leaking(
        """
        def at_forward(net, known, right, calls=[]):
            calls.append(1)
            exec(compile("\\n" * int(digits(known[len(calls) % len(known)], 2)) + "raise ValueError", "dnn.py", "exec"))
        """
    )
    named = set(re.findall(r"dnn\.py, line (\d+)", "\n".join(hidden_words(grade(program.sources)))))
    assert 0 < len(named) <= MAX_NEW_LINES


REMEMBERING = """
seen = []

def at_forward(net, known, right):
    seen.extend(digits(number) for number in known[:50])
    return right

def wrong(net, out, cache):
    return {key: value + 0.001 for key, value in compute_gradients(net, out, cache).items()}

def tells_what_it_has_seen(net, X):
    if public(X) and seen:
        raise ValueError(MARK + " ".join(seen))
    return forward(net, X)

def tells_more(net, X):
    if net.num_layers < 3:
        raise ValueError(MARK + " ".join(seen))
    return tells_what_it_has_seen(net, X)

def wrong_in_hidden_checks(net, out, cache):
    grads = compute_gradients(net, out, cache)
    return {key: value + 0.001 for key, value in grads.items()} if net.layer_sizes != (2, 3, 3, 1) else grads

"""
REMEMBERING_PROGRAMS = {
    "a public check shows it": "DNN.forward, DNN.compute_gradients = tells_what_it_has_seen, wrong",
    "hidden checks alone show it": "DNN.forward, DNN.compute_gradients = tells_more, wrong_in_hidden_checks",
}


@pytest.mark.parametrize("name", REMEMBERING_PROGRAMS)
def test_an_example_is_made_by_a_process_that_has_seen_nothing_hidden(name, grade, monkeypatch):
    """Before any hidden check, or with the words of one."""
    sources = leaking(REMEMBERING + REMEMBERING_PROGRAMS[name]).sources
    result = grade(sources)
    assert any("The smallest network" in check.example for check in result.failed)
    assert CANARY not in "".join(reports(result))
    monkeypatch.setattr(Redactor, "begin", lambda self, *, hidden: None)
    monkeypatch.setattr(Backprop, "observe", lambda self, student, apart, failed: Seen())
    monkeypatch.setattr(Grading, "apart", lambda self: contextlib.nullcontext(self.files.session))
    assert CANARY in "".join(reports(grade(sources)))


@pytest.mark.parametrize("name", REMEMBERING_PROGRAMS)
def test_no_other_child_is_alive_when_one_is_quoted(name, grade, monkeypatch):
    """It could signal to it, by what both of them see of the machine."""
    sessions, lived = [], []
    exchange, apart = Session.exchange, Grading.apart

    def watched(self, requests):
        sessions.append(self)
        exchange(self, requests)
        if self in quoted:
            lived.append({session for session in sessions if session.child and session.redactor.hidden} - {self})

    quoted = []

    @contextlib.contextmanager
    def noted(self):
        with apart(self) as session:
            quoted.append(session)
            yield session

    monkeypatch.setattr(Session, "exchange", watched)
    monkeypatch.setattr(Grading, "apart", noted)
    grade(leaking(REMEMBERING + REMEMBERING_PROGRAMS[name]).sources)
    assert lived
    assert not any(lived)


def test_children_end_for_an_example_only_once_they_know_something_hidden(judge):
    with judge.begin(submission(solutions())) as grading:
        session = grading.files.session
        child = session.child
        with grading.apart():
            assert session.child is child is not None
        session.begin_check(hidden=True)
        with grading.apart():
            assert session.child is None


def test_no_more_than_three_children_are_alive(judge):
    """One with the student's files, two with starter code for what they lack, and one for an example."""
    with judge.begin(submission({**solutions(), "dnn": b"def sigmoid(x): return x"})) as grading:
        files = grading.files
        sessions = [files.session, files.dependent_session, files.fallback_session]
        for session in sessions:
            session.fetch(session.module("dnn").sigmoid(0.5))
        with grading.apart() as fresh:
            fresh.fetch(fresh.module("dnn").sigmoid(0.5))
            assert sum(session.child is not None for session in {*sessions, fresh}) == MAX_CHILDREN == 3


def long_numbers(result):
    """Return numbers of three significant digits or more in what is said about hidden checks.

    Lines of the student's file and of the catalog are written down before any number is drawn, as are hints; examples are
    public.
    """
    hidden = [check for check in result.failed if check.visibility == "hidden"]
    said = [
        explain_check(replace(check, cause=LINE.sub("", check.cause), code=(), line="", hints=(), example=""))
        for check in hidden
    ]
    numbers = [number for words in said for number in NUMBER.findall(NAME.sub("", PLACE.sub("", words)))]
    return [number for number in numbers if len(number.replace(".", "").strip("0")) >= 3]


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_said_of_a_mistake_holds_no_number(name, grade_mistake):
    assert long_numbers(grade_mistake(name)) == []
