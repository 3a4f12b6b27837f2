"""results.json is valid for Gradescope and adds up, whatever happens to a submission and whenever hidden checks are shown."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from autograder.files import ROOT
from autograder.intake.read import Submission
from autograder.intake.submission_ref import SubmissionRef
from autograder.judge.judge import Judge
from autograder.judge.records import error_result
from autograder.marks import Adjustment, mark_of
from autograder.platforms.gradescope import __main__ as door
from autograder.platforms.gradescope.metadata import add_names
from autograder.report.gradescope import build_results, format_results
from autograder.settings import Drop, Feedback, Gradescope, Late, Settings
from autograder.values import VISIBILITIES
from tests.course import ASSIGNMENT, PARTS
from tests.golden.differences import DNN
from tests.golden.mistakes import with_mistakes
from tests.golden.programs import solutions, submission
from tests.limits import QUICK
from tests.project.grading import SCHEMA, before_publication

DUE = datetime(2026, 10, 10, 12, tzinfo=timezone.utc)
NOISY = b"print('\\x1b[2J', '\\u202e', '\\x00', 'x' * 5000)\n"
PROGRAMS = {
    "full": solutions(),
    "partly": with_mistakes("db-summed"),
    "zero": {"dnn": b"answer = 42"},
    "broken": {"dnn": b"def ("},
    "noisy": {**solutions(), "dnn": NOISY + solutions()["dnn"]},
    "by differences": {"dnn": DNN["central"].source},
}
RULES = {
    "none": (Settings(), timedelta(0)),
    "late": (Settings(Late(DUE, penalty_per_day=10), Drop(1)), timedelta(hours=30)),
    "refused": (Settings(Late(DUE, refuse_after_days=1)), timedelta(days=5)),
}


@pytest.fixture(scope="module")
def results(judge):
    """Return a result of each kind, by what became of the submission."""
    found = {name: judge.grade(submission(sources)) for name, sources in PROGRAMS.items()}
    found["invalid"] = judge.grade(Submission("someone", reason="There is no dnn.py in it."))
    found["error"] = error_result("someone", RuntimeError("broken"))
    with Judge(QUICK, ASSIGNMENT.with_parts(["dnn"])) as short:
        found["a part left out"] = short.grade(submission({"dnn": PROGRAMS["partly"]["dnn"]}))
    return found


KINDS = [*PROGRAMS, "invalid", "error", "a part left out"]


def document_of(result, visibility, rules="none", adjustments=()):
    """Return the results.json, by way of its text."""
    settings, after = RULES[rules]
    ref = SubmissionRef("someone", Path("someone"), submitted=DUE + after)
    mark = mark_of(result, ref, replace(settings, feedback=Feedback(visibility)), adjustments)
    document = json.loads(format_results(build_results(mark)), parse_constant=pytest.fail)
    SCHEMA.validate(document)
    return document, mark


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_valid_and_adds_up(results, kind, visibility, rules):
    result = results[kind]
    document, mark = document_of(result, visibility, rules, [Adjustment(-1, "a reason")])
    tests = document["tests"]
    assert document["score"] == (mark.score or 0)
    assert {test["visibility"] for test in tests} == {"visible", visibility}
    assert len({test["extra_data"]["id"] for test in tests}) == len(tests)
    for part in result.parts:
        mine = [test for test in tests if test["extra_data"]["part"] == part]
        assert round(sum(test["score"] for test in mine), 2) == (result.part_score(part) or 0)
        assert sum(test["max_score"] for test in mine) == result.part_max(part)
    assert {test["extra_data"]["part"] for test in tests} == {*result.parts} <= {*PARTS}
    assert [test["extra_data"]["id"] for test in tests[: len(result.checks)]] == [check.id for check in result.checks]


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_names_are_put_before_it(results, kind, visibility):
    document, _ = document_of(results[kind], visibility)
    SCHEMA.validate(add_names(document, {"users": [{"name": "Ada"}]}, Gradescope(names=True)))


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("rules", RULES)
def test_no_score_is_told_before_it_is_shown(results, rules, visibility):
    """By nothing that a course does to one, nor by a TA's points."""
    adjusted = [Adjustment(-3, "a reason")]
    first, second = (before_publication(document_of(results["full"], visibility, rules, one)[0]) for one in ((), adjusted))
    assert (first == second) == (visibility != "visible")
    assert ("score" in first) == (visibility == "visible")


def test_lateness_is_told_at_once_whatever_it_takes(results):
    """Of a submission that earned nothing too: else the sentence would tell whether there is something to take from."""
    for rules, ends in (
        ("late", "The late penalty is 20 % of the points."),
        ("refused", "That is too late, so the score is 0."),
    ):
        said = {document_of(results[kind], "after_published", rules)[0]["output"].split("\n")[0] for kind in ("full", "zero")}
        assert len(said) == 1
        assert said.pop().endswith(ends)


def test_the_results_are_valid_before_the_grader_writes_anything():
    (line,) = re.findall(r"'(\{.*\})'", (ROOT / "autograder/platforms/gradescope/run_autograder").read_text())
    SCHEMA.validate(json.loads(line))


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("metadata", [{}, {"previous_submissions": 5, "users": 5, "created_at": "never"}])
def test_broken_metadata(results, monkeypatch, tmp_path, metadata, visibility):
    monkeypatch.setattr(door, "grade_submission", lambda _: results["partly"])
    limits = Gradescope(hand_ins=1, names=True, late=True)
    settings = Settings(Late(penalty_per_day=10), gradescope=limits, feedback=Feedback(visibility))
    document = door.apply_settings(tmp_path, metadata, settings)
    SCHEMA.validate(json.loads(format_results(document)))
    assert document == document_of(results["partly"], visibility)[0]


def test_a_ta_reads_the_remarks_on_stdout(results, monkeypatch, tmp_path, capsys):
    """Which Gradescope shows to instructors alone, whatever the course does with hidden checks."""

    class Ready:
        assignment = ASSIGNMENT
        grade = staticmethod(lambda _: results["by differences"])
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda *_: None  # noqa: E731

    monkeypatch.setattr(door, "judge", Ready)
    door.grade_submission(tmp_path)
    assert "uses finite differences" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": "5"},
        {"visibility": "never"},
        {"output_format": "markdown"},
        {"stdout_visibility": "public"},
        {"more": 1},
        {"leaderboard": [{"value": 1}]},
        {"tests": [{"score": 1, "status": "ok"}]},
        {"tests": [{"score": None}]},
        {"tests": [{"score": 1, "tags": "one"}]},
        {"output": "\x00"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_gradescope_does_not_document(results, wrong):
    document, _ = document_of(results["full"], "after_published")
    assert not SCHEMA.is_valid({**document, **wrong})
