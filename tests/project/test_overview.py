"""The counts of the class report, and the content of the student's page; tests/browser tests how both look."""

import json
import math
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from autograder.backprop import example
from autograder.backprop.figure import centers, drawing
from autograder.backprop.oracle import forward, reference_of, sample_losses
from autograder.checking import CheckFailure
from autograder.gradebook.record import from_record, rubric_of, to_record
from autograder.intake.read import Submission
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.judge import compared
from autograder.judge.records import error_result
from autograder.marks import Adjustment, mark_of
from autograder.report.distribution import Distribution, count_bins, round_ticks
from autograder.report.feedback import compare_numbers, feedback_html
from autograder.report.needs import Need
from autograder.report.overview import Overview
from autograder.report.words import write_summary
from autograder.results import Cause, CheckResult, Comparison, Result
from autograder.settings import Late, Settings
from tests.course import ASSIGNMENT
from tests.golden.crowd import crowd, graded
from tests.golden.differences import DNN
from tests.golden.mistakes import with_mistakes
from tests.golden.programs import solutions
from tests.project.grading import command

STEP = 1e-5


@pytest.fixture(scope="module")
def wrong(judge):
    """Grades the solution with some mistakes in it."""

    def wrong(*names, **others):
        return judge.grade(Submission("ada", {**with_mistakes(*names), **others}))

    return wrong


def named(result, *students):
    return [mark_of(replace(result, student=student)) for student in students]


def words(page):
    """Return the text of a page."""
    return " ".join(re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", " ", page, flags=re.DOTALL).split())


# The class


def test_mistakes_by_how_many_students_make_them(wrong):
    both, one = wrong("derivative-at-z", "db-summed"), wrong("derivative-at-z")
    assert len(both.causes) == 1  # the second one replaces the first in dnn.py
    overview = Overview([*named(both, "ada"), *named(one, "bela", "chen"), *named(wrong(), "dora")])
    rows = re.findall(r'data-mistake="(\d)">(\d+)<span class="unseen">', overview.html())
    assert rows == [("1", "2"), ("2", "1")]
    lost = 60 - one.part_score("dnn")
    assert overview.mistakes["dnn", "derivative-at-z"].lost == 2 * lost
    (table,) = re.findall(r'<h2 id="mistakes">.*?</table>', overview.html(), flags=re.DOTALL)
    assert "bela" not in table


@pytest.mark.parametrize(("made", "others", "is_common"), [(3, 27, True), (3, 28, False), (2, 0, False), (3, 0, True)])
def test_the_lecture_repeats_what_3_students_and_10_percent_get_wrong(made, others, is_common, wrong):
    one = wrong("derivative-at-z")
    crowd = [*named(one, *(f"a{n}" for n in range(made))), *named(wrong(), *(f"b{n}" for n in range(others)))]
    said = words(Overview(crowd).html()).partition(" Scores ")[2]
    title, answer = (" ".join(re.sub("`", " ", text).split()) for text in (one.causes[0].title, one.causes[0].hints[-1]))
    card = f"{100 * made / (made + others):.0f} % {made} students {title} dnn.py {answer}"
    rule = "No mistake is common: none is made by 3 or more students and 10 % or more of those graded."
    assert (card in " ".join(said.split()), rule in said) == (is_common, not is_common)


def test_at_most_three_mistakes_are_for_the_lecture(wrong):
    mistakes = ("derivative-at-z", "db-summed", "da-without-transpose", "softmax-output-is-sigmoid")
    overview = Overview(mark for name in mistakes for mark in named(wrong(name), *(f"{name}{number}" for number in range(3))))
    assert [len(mistake.students) for mistake in overview.mistakes.values()] == [3, 3, 3, 3]
    (cards,) = re.findall(r'<ol class="cards">.*?</ol>', overview.html(), flags=re.DOTALL)
    assert cards.count("<li>") == 3


def test_missing_files_do_not_count_as_failures_of_the_class(judge, wrong):
    missing = judge.grade(
        Submission(
            "ada", {"warmup": solutions()["warmup"]}, {part: f"{part}.py was not submitted." for part in ("dnn", "extension")}
        )
    )
    overview = Overview([*named(missing, "ada"), *named(wrong(), "bela")])
    assert {tally.share for tally in overview.checks.values()} == {0}
    assert {tally.tried for id_, tally in overview.checks.items() if id_.startswith("dnn.")} == {1}
    assert overview.tasks
    assert [task for task, (lost, _) in overview.tasks.items() if lost] == []
    assert [one.scores for one in overview.distributions()] == [[15, 100], [15, 15], [0, 60], [0, 25]]


def test_the_numbers_of_the_marks(wrong):
    right, half = wrong(), wrong(dnn=b"def\n")
    rows = Overview([*named(right, *"abc"), *named(half, "d")]).distributions()
    assert [row.name for row in rows] == ["all", "warmup.py", "dnn.py", "extension.py"]
    whole = rows[0]
    assert (whole.max_score, whole.full, whole.zero, whole.quartiles[1]) == (100, 3, 0, 100)
    assert whole.mean == pytest.approx((300 + half.score) / 4)
    assert (rows[2].full, rows[2].zero) == (3, 1)


@pytest.mark.parametrize(
    ("scores", "limit", "bins", "counts"),
    [
        ([0, 0, 9.99, 10, 100], 100, 10, [3, 1, 0, 0, 0, 0, 0, 0, 0, 1]),  # a bin has its lower end, the last one both
        ([55, 66.67, 35, 29], 100, 20, [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
        ([0.6, 0.7], 1, 10, [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]),
        ([15], 15, 1, [1]),
        ([], 15, 3, [0, 0, 0]),
    ],
)
def test_each_score_is_counted_in_one_bin(scores, limit, bins, counts):
    assert count_bins(scores, limit, bins) == counts


@pytest.mark.parametrize(
    ("limit", "most", "smallest", "ticks"),
    [
        (100, 5, 0, [0, 20, 40, 60, 80, 100]),
        (25, 3, 0, [0, 10, 20]),
        (15, 3, 0, [0, 5, 10, 15]),
        (1, 3, 0, [0, 0.5, 1]),
        (1, 4, 1, [0, 1]),
        (3, 4, 1, [0, 1, 2, 3]),
        (2812, 4, 1, [0, 1000, 2000]),
    ],
)
def test_ticks_are_round_numbers(limit, most, smallest, ticks):
    assert round_ticks(limit, most, smallest) == ticks


def test_a_score_above_the_maximum_extends_the_histogram():
    chart = Distribution("all", [120, 50, 0], 100).histogram(bins=4, labels=5)
    assert (chart.limit, chart.counts) == (120, [1, 1, 0, 1])
    assert chart.score_ticks == [0, 50, 100]


def test_the_report_has_a_histogram_of_all_scores_and_one_of_each_part(wrong):
    (mark,) = named(wrong(), "ada")
    page = Overview([mark_of(mark.result, adjustments=[Adjustment(20, "why not")])]).html()
    assert re.findall('aria-label="(Histogram[^"]*)"', page) == [
        "Histogram. Number of submissions by score, of 100 points. Median: 120.",
        "Histogram. warmup.py, of 15. Median: 15.",
        "Histogram. dnn.py, of 60. Median: 60.",
        "Histogram. extension.py, of 25. Median: 25.",
    ]


def test_tasks_by_the_share_of_points_lost(wrong):
    page = Overview([*named(wrong("derivative-at-z"), "ada"), *named(wrong(), "bela")]).html()
    (table,) = re.findall(r'<h2 id="tasks">.*?</table>', page, flags=re.DOTALL)
    rows = re.findall(r'<th scope="row">(.*?) <span.*?<td class="n">(.*?) %.*?class="got" width="(.*?)"', table)
    assert rows[0][0] == "compute_gradients"
    shares = [float(share) for _, share, _ in rows]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[1]) == (round(float(rows[0][2])), 0)
    assert 0 < shares[0] < 50


def test_items_for_people(judge, wrong):
    weak = replace(wrong(), layers=("limits",))
    uses_finite_differences = judge.grade(Submission("bela", {"dnn": DNN["W1 alone"].source}))
    broken = error_result("chen", ValueError("<i>"))
    empty = judge.grade(Submission("dora", reason="The folder is empty."))
    marks = [*named(weak, "ada", "eva"), mark_of(uses_finite_differences), mark_of(broken), mark_of(empty)]
    page = Overview(marks).html([], [Need("Not submitted", 1, ["Emil"], "Ask.", is_decision=False)])
    said = words(page)
    assert " 3 need you see what to decide " in said
    needs, _, rest = said.partition("Good to know")
    assert "The grader failed 1 The traceback is in the terminal." in needs
    assert "dora : The folder is empty." in needs
    told = re.findall(r"Backward passes by finite differences 1 .* bela : compute_gradients of DNN uses", needs)
    assert len(told) == said.count("uses finite differences") == 1
    assert "Weak isolation 2 " in rest
    assert "ada , eva : Nothing protected the grader's files and network and processes" in rest.replace("&#39;", "'")
    assert "Not submitted 1 Ask. Emil" in rest
    assert "The last make copies found no suspiciously similar submissions." in said
    kinds = {name: set(kinds.split()) for kinds, name in re.findall(r'<tr data-is="(.*?)".*?<a .*?>(.*?)</a>', page)}
    assert kinds == {
        "ada": {"graded", "weak"},
        "eva": {"graded", "weak"},
        "bela": {"graded", "differences", "decision"},
        "chen": {"error", "decision"},
        "dora": {"invalid", "decision"},
    }


def test_more_than_ten_names_are_folded_and_more_than_a_hundred_counted(wrong):
    def page(count):
        return Overview(named(replace(wrong(), remarks=("Odd.",)), *(f"s{number}" for number in range(count)))).html()

    assert '<details class="need" open>' in page(10)
    assert '<details class="need">' in page(11)
    (need,) = re.findall(r'<details class="need">.*?</details>', page(130), flags=re.DOTALL)
    assert need.count('<a href="feedback/') == 100
    assert need.count("Odd.") == 1
    assert "And 30 more: show them in the table of students ." in words(need)


def test_a_late_penalty_is_good_to_know(wrong):
    due = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
    waiting = SubmissionRef("ada", None, submitted=due + timedelta(hours=5))
    late = mark_of(wrong(), waiting, Settings(Late(due, penalty_per_day=10)))
    overview = Overview([late], "Backpropagation", due)
    said = words(overview.html())
    assert said.startswith(
        "Backpropagation: class report, 1 submission Class report Backpropagation Due 2026-10-01 12:00 (UTC)"
    )
    assert "0 need you" in said
    assert "Late, with a penalty 1 " in said.partition("Good to know")[2]
    assert said.count("ada : Submitted 2026-10-01 17:00 (UTC), within the first day after the due date") == 1


def test_a_quiet_class_is_told_so(wrong):
    said = words(Overview(named(wrong(), "ada", "bela")).html())
    assert (
        "2 graded of 2 submissions 100 median of 100 points 2 full marks 100 % of scores 0 need you nothing to decide" in said
    )
    assert "Nothing needs your attention." in said
    assert "No mistakes were found in the submitted files." in said
    assert "Similarity has not been checked." in said


def test_nobody_at_all():
    said = words(Overview().html())
    assert "0 graded of 0 submissions \N{EN DASH} median no scores yet" in said
    assert "No submission was graded." in said


def test_a_class_is_the_same_page_each_time(judge):
    results = graded(judge.grade, 6)
    assert Overview(crowd(results, 30)).html() == Overview(crowd(results, 30)).html()


def test_copies_come_into_the_report(tmp_path):
    for student in ("ada", "grace"):
        (tmp_path / "class" / student).mkdir(parents=True)
        odd = b"def odd(a):\n    return [a[i] % 3 if a[i] > 7 else -a[i] // 2 for i in range(len(a)) if not i % 5]\n"
        (tmp_path / "class" / student / "dnn.py").write_bytes(odd * 3)
    out = tmp_path / "out"
    for what in ("grade", "copies", "grade"):
        finished = command(what, tmp_path / "class", "--out", out)
        assert finished.returncode == 0, finished.stderr
        if what == "copies":
            assert f"The next make grade lists the pairs in {out / 'report.html'}." in finished.stdout
            assert "Similarity has not been checked" in (out / "report.html").read_text()
    said = (out / "report.html").read_text()
    assert "Suspiciously similar 1 Compare" in words(said)
    assert '<a href="copies.html#pair-1">pair 1</a>' in said
    assert 'id="pair-1"' in (out / "copies.html").read_text()
    assert '<a href="feedback/ada.html">ada</a> &amp; <a href="feedback/grace.html">grace</a>' in said


@pytest.mark.parametrize("name", ["a b", "a#b", "a%20b", "a?b", "ä", '"', "..%2f"])
def test_links_find_any_name(name, wrong, tmp_path):
    page = Overview(named(wrong(), name)).html()
    (link,) = set(re.findall(r'href="feedback/([^"]*)"', page))
    assert re.fullmatch(r"[\w.%~-]+", link)


# The student's page


def test_the_steps_of_the_example(wrong):
    states = {step.name: step.state for step in wrong("derivative-at-z").steps}
    assert list(states) == list(centers())
    assert [name for name, state in states.items() if state == "wrong"] == ["dZ2", "dZ1"]
    assert [name for name, state in states.items() if state == "follows"] == ["dW2", "dB2", "dA1", "dW1", "dB1"]
    assert wrong().steps == ()


def test_what_did_not_come_is_missing(wrong):
    result = wrong("da-without-transpose")
    assert {step.state for step in result.steps if step.name.startswith("d")} == {"missing"}
    assert {step.state for step in result.steps if not step.name.startswith("d")} == {"right"}
    seen = {tile.name: tile for tile in drawing(result).tiles}
    assert (seen["dA2"].state, seen["dA2"].number, seen["dZ2"].state) == ("wrong", 1, "missing")
    assert drawing(result).words.startswith(
        "The network of the example. The first wrong step is dA2. Wrong: dA2, dA1. Missing: dZ3, "
    )


def test_nothing_is_drawn_where_nothing_of_the_network_is_wrong_or_seen(wrong):
    assert drawing(wrong("softmax-output-is-sigmoid")) is None
    assert drawing(wrong(dnn=b"def\n")) is None
    assert drawing(wrong(dnn=(ASSIGNMENT.starter / "dnn.py").read_bytes())) is None


@pytest.mark.parametrize(("name", "units", "lines"), [("dW2", 0, 9), ("dZ3", 1, 0), ("A1", 3, 0), ("B2", 3, 0), ("W1", 0, 6)])
def test_where_the_first_broken_step_is(name, units, lines):
    result = Result("ada", "graded", (), causes=(Cause("dnn", (), (), (), "", tensors=(name,)),))
    seen = drawing(result)
    assert (sum(unit.broken for unit in seen.units), sum(line.broken for line in seen.lines)) == (units, lines)


def test_gradients_are_shown_next_to_finite_differences(wrong):
    """Central differences of the loss, which the grader itself does not use: its truth is a complex step."""
    result = wrong("db-summed", "derivative-at-z")
    shown = [check.comparison for check in wrong("db-summed").checks if check.comparison]
    assert {one.key for one in shown} == {"B3"}
    assert all(one.is_gradient for one in shown)
    for one in [*shown, *(check.comparison for check in result.checks if check.comparison)]:
        assert np.allclose(one.want, differences(one.key), rtol=1e-5, atol=1e-8)
        assert not np.allclose(one.got, one.want, rtol=1e-3)
    first = next(step for step in wrong("derivative-at-z").steps if step.comparison)
    assert (first.name, first.comparison.key) == ("dZ2", "dZ2")
    assert np.allclose(first.comparison.want, reference_of(example.DNN.case).grads["Z2"], atol=1e-6)


def differences(key):
    """dJ/dW or dJ/dB of the public example by central differences."""
    gradient = np.zeros(example.DNN.case.params[key].shape)
    for entry in np.ndindex(gradient.shape):
        for sign in (1, -1):
            params = {name: value.copy() for name, value in example.DNN.case.params.items()}
            params[key][entry] += sign * STEP
            gradient[entry] += sign * sample_losses(example.DNN.case, forward(example.DNN.case, params)).mean() / (2 * STEP)
    return gradient


def test_hidden_checks_have_no_numbers(wrong):
    for name in ("db-summed", "derivative-at-z", "softmax-output-is-sigmoid", "logistic-both-summed"):
        assert {check.visibility for check in wrong(name).checks if check.comparison} == {"public"}


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2))),
        ("text", np.zeros(3)),
        (np.zeros((2, 2, 2)),) * 2,
        (np.zeros((10, 10)),) * 2,
        (np.array(1.0),) * 2,
    ],
)
def test_what_cannot_be_shown_is_not(got, want):
    assert compared.of_failure(CheckFailure("no", "W1", got, (want,))) is None


def test_shades():
    comparison = Comparison("W1", ((1, 1.00001, 1.05, 1.5, 3, math.nan, math.inf),), ((1,) * 7,))
    (row,) = compare_numbers(comparison)
    assert [cell.shade for cell in row] == ["agrees", "agrees", "near", "off", "far", "far", "far"]
    ((zero,),) = compare_numbers(Comparison("W1", ((1e-3,),), ((0.0,),)))
    assert zero.shade == "far"


def test_a_record_is_restored_from_the_gradebook_unchanged(wrong):
    for result in (
        wrong(),
        wrong("derivative-at-z", "softmax-output-is-sigmoid"),
        wrong("da-without-transpose"),
        wrong("logistic-both-summed"),
    ):
        assert from_record("ada", to_record(result), json.loads(rubric_of(result))) == result


def test_where_no_mistake_has_a_name_the_first_check_is_told(wrong):
    result = wrong(dnn=(ASSIGNMENT.starter / "dnn.py").read_bytes())
    assert not result.causes
    said = words(feedback_html(mark_of(result)))
    first = "Start here dnn.py: Task 3: complete forward, which computes every Z"
    assert first in said
    assert "Start here" not in words(feedback_html(mark_of(wrong())))


@pytest.mark.parametrize(
    "name",
    ["derivative-at-z", "softmax-output-is-sigmoid", "da-without-transpose", "sigmoid-overflows", "logistic-both-summed"],
)
def test_nothing_is_called_passed_that_failed(name, wrong):
    page = words(feedback_html(mark_of(wrong(name))))
    assert "All checks passed" not in page
    assert re.search(r"\d+ (public|hidden) checks? ", page)


def test_right_work_that_earns_less_is_told_why():
    check = CheckResult("dnn.x", "dnn", "forward", "x", "public", 2, True, worth=0.5, note="It earns half.")
    summary = write_summary(Result("ada", "graded", (check, replace(check, visibility="hidden"))))
    assert summary == "All checks passed, the public and the hidden ones. It earns half."


def test_the_diagnosis_may_fail_and_the_ta_is_told(wrong, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("no diagnosis today")

    monkeypatch.setattr(type(ASSIGNMENT), "diagnose", broken)
    monkeypatch.setattr(type(ASSIGNMENT), "steps", broken)
    result = wrong("derivative-at-z")
    assert result.status == "graded"
    assert (result.causes, result.steps) == ((), ())
    assert result.remarks[-1].startswith(
        "The diagnosis failed, so no mistake is named here; the score is unaffected: ZeroDivisionError"
    )
    assert "The diagnosis failed" in words(Overview([mark_of(result)]).html())
    assert "The diagnosis failed" not in feedback_html(mark_of(result))


def test_people_of_a_group_are_named(wrong):
    waiting = SubmissionRef("ada", None, people=(Person(name="Ada L."), Person(name="Emmy N.")))
    assert "Ada L.; Emmy N." in words(Overview([mark_of(wrong(), waiting)]).html())
