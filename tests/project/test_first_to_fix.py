"""All reports name the same thing to fix first, and none reports consequences of starter code."""

import html
import io
import json
import re

import pytest
from rich.console import Console

from autograder.intake.read import Submission
from autograder.marks import mark_of
from autograder.platforms.nbgrader.grading import graded_outputs
from autograder.platforms.otter import autograder_otter
from autograder.report.exports import export_sheets
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.report.overview import Overview
from autograder.report.table import Summary, grades_sheet, grades_table
from autograder.results import leave_public
from autograder.settings import Exports
from tests.course import ASSIGNMENT, PARTS
from tests.golden.programs import DW, OUTPUT_DZ, edited, solution, solutions, submission, with_body
from tests.project.grading import later_text

RENAMED_CLASS = ("class DNN", "class NeuralNetwork")
WITHOUT_CLASS = edited(RENAMED_CLASS, ("def compute_gradients", "def backward"))
SIGN = OUTPUT_DZ, 'cache["Y"] - out'
SUMMED = DW, DW.replace(" / m", "")
UPDATE = "self.params[name] - learning_rate", "self.params[name] + learning_rate"
SQUARE = edited(("return y, y * h2 * 2 * x", "return y, y * h2 * x"), part="warmup")
# What is submitted in place of the solution, None for a file that is not, and how what is to be fixed first begins.
CASES = {
    "a file is missing": ({"dnn": None, "warmup": SQUARE}, "dnn.py was not submitted."),
    "a file does not load": ({"dnn": b"def broken(:\n", "warmup": SQUARE}, "dnn.py could not be loaded: SyntaxError"),
    "the last file does not load": ({"dnn": edited(SIGN), "extension": b"1 /"}, "extension.py could not be loaded: SyntaxErr"),
    "a class is missing": ({"dnn": WITHOUT_CLASS}, "dnn.py defines no DNN."),
    "a class has another name": ({"dnn": edited(RENAMED_CLASS, SUMMED)}, "dnn.py defines no DNN; its class NeuralNetwork"),
    "a mistake": ({"dnn": edited(SIGN, SUMMED)}, "dnn.py: "),
    "an exception": (
        {"dnn": with_body("forward", "raise ValueError('no')")},
        "dnn.py: forward raised ValueError: no",
    ),
    "hidden checks alone fail": ({"dnn": edited(UPDATE)}, "dnn.py: "),
    "two parts": ({"dnn": edited(SIGN), "warmup": SQUARE}, "warmup.py: "),
    "nothing": ({}, ""),
}


@pytest.fixture(params=CASES)
def case(request, judge):
    """Return a result, and how its first sentence begins."""
    sources, begins = CASES[request.param]
    return judge.grade(submission({part: text for part, text in (solutions() | sources).items() if text is not None})), begins


def plain(text):
    """Return what a reader sees of a text, without tags, escapes and marks of code."""
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", "", text, flags=re.DOTALL)
    return " ".join(html.unescape(text).replace("`", "").replace('""', '"').split())


def draw_table(mark):
    """Return the table in a terminal."""
    drawn = io.StringIO()
    Console(file=drawn, width=400).print(grades_table(Summary([mark]), 400))
    return drawn.getvalue()


def test_all_reports_name_the_same_thing_first(case):
    result, begins = case
    mark = mark_of(result)
    document = json.loads(results_json(mark))
    texts = {
        "grades.csv": "".join(grades_sheet(PARTS).lines([mark])),
        "the terminal": draw_table(mark),
        "the class report": Overview([mark]).html(),
        "the feedback page": feedback_html(mark),
        "Moodle": "".join(export_sheets(Exports(), ASSIGNMENT.max_score)["Moodle"].lines([mark])),
        "nbgrader": "".join(output.data["text/html"] for output in graded_outputs(mark.shown).values()),
        "otter": autograder_otter.summarize(document),
        "results.json": document["output"],
    }
    first = plain(result.first_to_fix)
    assert first.startswith(begins)
    if not begins:
        assert result.score == 100
        assert not [name for name, text in texts.items() if "Start here" in plain(text)]
        return
    if not result.first_public_to_fix:  # what only hidden checks show comes with them
        assert first not in plain(texts.pop("results.json") + texts.pop("otter"))
        hidden = [test["output"] for test in document["tests"] if test["visibility"] != "visible"]
        assert first.removeprefix("dnn.py: ") in plain(" ".join(hidden))
    public = plain(leave_public(result).first_to_fix)[:100]
    titles = {cause.headline: cause.heading for cause in result.causes}
    shown = {"results.json": public, "otter": public, "the class report": plain(titles.get(result.first_to_fix, first[:100]))}
    for name, text in texts.items():
        assert shown.get(name, first[:100]) in plain(text), name
    assert first[:100] in plain(later_text(document))


def test_what_cannot_be_read_is_told_first_and_the_rest_not_at_all(judge):
    result = judge.grade(Submission("ada", reason="The zip is broken."))
    mark = mark_of(result)
    assert result.first_to_fix == "The zip is broken."
    for text in (feedback_html(mark), draw_table(mark), results_json(mark)):
        assert "The zip is broken." in text
        assert "Start here" not in text


def test_the_code_is_shown_below_the_title(judge):
    """As code on the page; in texts as indented lines, which nbgrader writes once for each task."""
    mark = mark_of(judge.grade(submission(solutions() | {"dnn": edited(SUMMED)})))
    (cause,) = mark.result.causes
    (line,) = cause.code
    page = feedback_html(mark)
    assert page.count(f"<code>{line}</code>") + page.count(f">{line}</pre>") == 1  # the student's own line is the same
    below = f"{cause.said}\nIn your code: {cause.line}\nYour code computes:\n    {line}\n"
    document = json.loads(results_json(mark))
    hidden = [test["output"] for test in document["tests"] if test["visibility"] != "visible" and test["status"] == "failed"]
    assert all(below in output for output in hidden)
    assert f"dnn.py: {below}" in later_text(document)
    outputs = [html.unescape(output.data["text/html"]) for output in graded_outputs(mark.shown).values()]
    assert {output.count(line) for output in outputs} == {0, 1}


# Starter code that stands in for dnn.py


@pytest.mark.parametrize("name", ["a file is missing", "a file does not load", "a class is missing"])
def test_what_starter_code_fails_at_is_not_checked_and_no_task_of_the_student(name, judge):
    sources = solutions() | {"dnn": CASES[name][0]["dnn"]}
    result = judge.grade(submission({part: text for part, text in sources.items() if text is not None}))
    reports = feedback_html(mark_of(result)) + results_json(mark_of(result))
    assert "Task 3" not in reports
    assert "Task 4" not in reports
    assert {check.part for check in result.failed_tasks} <= {"dnn"}
    assert not [check for check in result.failed if check.part == "extension" and not check.blocked]
    assert result.part_score("extension") == 25
    assert result.part_score("warmup") == 15


@pytest.mark.parametrize(("old", "new"), [("sigmoid(", "squash("), ("def sigmoid", "squash = lambda Z: Z\ndef _unused")])
def test_a_dnn_without_a_function_that_others_import_costs_its_own_part(old, new, judge):
    result = judge.grade(submission({**solutions(), "dnn": solution().replace(old, new).encode()}))
    assert (result.part_score("warmup"), result.part_score("extension")) == (15, 25)
    assert (result.part_score("dnn") == 60) == (new == "squash(")


def test_what_only_the_missing_file_defines_is_not_checked(judge):
    """What uses a function of the student's own in a file that is missing fails for that file, and the rest is graded."""
    used = edited(("E = np.exp(", "E = np.exp(my_own_function() * "), part="extension")
    extension = b"from dnn import my_own_function\n" + used
    warmup = {"warmup": solutions()["warmup"]}
    result = judge.grade(submission({**warmup, "extension": extension}))
    softmax = {check.got for check in result.checks if check.task == "softmax"}
    assert softmax == {"Not checked: dnn.py did not load."}
    assert result.first_to_fix == "dnn.py was not submitted."
    assert result.part_score("extension") > 0
    result = judge.grade(submission({**warmup, "dnn": solutions()["dnn"], "extension": extension}))
    lacks = "this `dnn` has no `my_own_function`"
    assert result.warnings == (f"extension.py, line 1, `from dnn import my_own_function`: {lacks}; skipped.",)
    assert f"was skipped: {lacks}." in next(check.got for check in result.failed if check.task == "softmax")


def test_a_dnn_that_does_not_load_may_be_all_there_is(judge):
    result = judge.grade(submission({"dnn": b"import numpy as np\nclass DNN(np.nothing: pass\n"}))
    assert (result.status, result.score) == ("graded", 0)
    assert result.first_to_fix.startswith("dnn.py could not be loaded: SyntaxError: ")
