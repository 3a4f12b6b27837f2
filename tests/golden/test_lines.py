"""The line quoted with a cause is the line at fault, or no line is quoted."""

from dataclasses import replace

import pytest

from autograder.marks import mark_of
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import build_results
from tests.golden import lines
from tests.golden.line_programs import PROGRAMS
from tests.golden.programs import DW, edited, solutions

LEAST = {"dnn": 125, "warmup": 78, "extension": 95}  # rows of the catalog whose line is named


@pytest.mark.parametrize("part", LEAST)
def test_the_lines_of_the_catalog_are_named_and_never_another_one(judge, part):
    rows = list(lines.of_catalog(judge, part))
    assert [row for row in rows if row.verdict == "WRONG"] == []
    assert sum(row.verdict == "right" for row in rows) >= LEAST[part]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_line_is_named_where_no_other_one_can_be_at_fault(judge, name):
    source = PROGRAMS[name]
    marked = {number for number, line in enumerate(source.decode().splitlines(), start=1) if "# wrong" in line}
    assert lines.Named(name, marked, lines.named_lines(judge, "dnn", {"dnn": source})).numbers == marked


def test_no_other_line_is_named_in_mutants_of_other_styles(judge):
    rows = list(lines.of_styles(judge, 1, "lines"))
    assert [row for row in rows if row.verdict == "WRONG"] == []
    assert any(row.verdict == "right" for row in rows)


def test_the_line_is_shown_with_its_cause_as_text(grade):
    line = 'grads[f"W{layer}"] = dZ @ A_previous.T  # <b>why</b>'
    result = grade(edited((DW, line)))
    (cause,) = result.causes
    number = next(number for number, one in enumerate(edited((DW, line)).decode().splitlines(), start=1) if line in one)
    assert cause.line == f"dnn.py, line {number}: {line}"
    assert "&lt;b&gt;why" in (page := feedback_html(mark_of(result))) and "<b>why" not in page
    for hidden_checks in ("visible", "after_published"):
        tests = build_results(replace(mark_of(result), hidden_checks=hidden_checks))["tests"]
        said = [test["extra_data"]["id"] for test in tests if f"In your code: {cause.line}" in test["output"]]
        assert "dnn.example_W" in said


def test_no_line_is_looked_for_where_every_check_passes(grade, monkeypatch):
    monkeypatch.setattr("autograder.backprop.diagnosis.find_lines", None)
    assert grade(solutions()).fault == ""
