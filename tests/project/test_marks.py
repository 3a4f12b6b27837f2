"""The final score: dropped tasks, lateness and adjustments, their order, their effects, and their sentences."""

import itertools
import json
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Adjustment, describe_drop, describe_unknown_extensions, describe_unknown_times, mark_of
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.results import CheckResult, Result
from autograder.settings import Drop, Late, Settings, read_assignment
from tests.project.grading import SCHEMA, later_text

CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 100, True)
WEST = timezone(timedelta(hours=-7))
NOON = datetime(2026, 10, 10, 12, tzinfo=WEST)
HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
TENTH = Late(NOON, grace_minutes=15, penalty_per_day=10, at_most=50)
GRACE = timedelta(minutes=15)


def result(score=80.0):
    """Return a result of one check of 100 points."""
    return Result("ada", "graded", (replace(CHECK, worth=score / 100),))


def tasks(*earned_of_most, part="dnn"):
    """Return a result of a task for each (earned, most)."""
    checks = (
        replace(CHECK, part=part, task=f"task {number}", points=most, worth=earned / most)
        for number, (earned, most) in enumerate(earned_of_most, start=1)
    )
    return Result("ada", "graded", tuple(checks))


def at(time, *people, student="ada", **more):
    return SubmissionRef(student, Path(student), people=people, submitted=time, **more)


def late(time, rules=TENTH, score=80.0):
    return mark_of(result(score), at(time), Settings(rules))


# Nothing


def test_without_rules_a_mark_is_what_the_checks_earned():
    for waiting in (None, at(NOON + 100 * DAY), at(None, marked_late=True)):
        mark = mark_of(result(), waiting)
        assert (mark.earned, mark.score, mark.dropped, mark.penalty, mark.adjustment) == (80, 80, 0, 0, 0)
        assert (mark.late, mark.said, mark.remarks) == (None, (), ())
    assert "null" not in results_json(mark)
    assert json.loads(results_json(mark))["output"] == "All public checks passed."
    assert later_text(json.loads(results_json(mark))) == "All checks passed, the public and the hidden ones."


def test_there_is_no_score_if_the_grader_failed():
    """Whatever a TA gives, and however late it came."""
    mark = mark_of(replace(result(), status="error"), at(NOON + DAY), Settings(TENTH, Drop(1)), [Adjustment(5, "a gift")])
    assert (mark.score, mark.earned, mark.penalty, mark.said) == (None, 0, 0, ())


# Late


@pytest.mark.parametrize(
    ("submitted", "score"),
    [
        (NOON - DAY, 80),
        (NOON, 80),
        (NOON + GRACE, 80),
        (NOON + GRACE + INSTANT, 72),
        (NOON + DAY, 72),
        (NOON + DAY + INSTANT, 64),
        (NOON + 3 * DAY, 56),
        (NOON + 80 * DAY, 40),
        (datetime(2026, 10, 10, 19, 10, tzinfo=timezone.utc), 80),
        (datetime(2026, 10, 10, 19, 16, tzinfo=timezone.utc), 72),
        (datetime(2026, 10, 11, 0, 46, tzinfo=timezone(timedelta(hours=5, minutes=30))), 72),
    ],
)
def test_each_day_begun_takes_its_share_after_the_grace_and_never_more_than_the_most(submitted, score):
    mark = late(submitted)
    assert mark.score == score
    assert mark.penalty == 80 - score
    assert mark.late == max(submitted - NOON, timedelta(0))
    assert bool(mark.said) == (score < 80)
    assert mark.result.score == mark.earned == 80


MONTREAL = ZoneInfo("America/Montreal")


@pytest.mark.parametrize(
    ("due", "submitted", "days"),
    [
        # Clocks are set back at 2:00 on 2026-11-01, and the night has one hour more.
        ((2026, 10, 31, 12), datetime(2026, 11, 1, 11, 30, tzinfo=MONTREAL), 1),
        ((2026, 10, 31, 12), datetime(2026, 11, 1, 12, tzinfo=MONTREAL), 1),
        ((2026, 10, 31, 12), datetime(2026, 11, 1, 12, 0, 1, tzinfo=MONTREAL), 2),
        ((2026, 10, 31, 12), datetime(2026, 11, 1, 16, 30, tzinfo=timezone.utc), 1),
        ((2026, 11, 1, 1, 50), datetime(2026, 11, 1, 1, 10, tzinfo=MONTREAL, fold=1), 1),
        # They are set forward at 2:00 on 2026-03-08, and the night has one hour less.
        ((2026, 3, 7, 12), datetime(2026, 3, 8, 12, tzinfo=MONTREAL), 1),
        ((2026, 3, 7, 12), datetime(2026, 3, 8, 12, 30, tzinfo=MONTREAL), 2),
    ],
)
def test_a_day_is_24_hours_on_the_wall_clock_though_clocks_are_set(due, submitted, days):
    local = datetime(*due, tzinfo=MONTREAL)
    fixed = local.astimezone(timezone(local.utcoffset()))  # a due time with its own distance from UTC
    for rules in (
        Late(local, penalty_per_day=10),
        Late(local, MONTREAL, penalty_per_day=10),
        Late(fixed, MONTREAL, penalty_per_day=10),
    ):
        mark = late(submitted, rules)
        assert mark.score == 80 - 8 * days
        assert mark.late == submitted.astimezone(timezone.utc) - local.astimezone(timezone.utc)


def test_the_last_day_and_more_time_are_those_of_the_wall_clock():
    due = datetime(2026, 10, 31, 12, tzinfo=MONTREAL)
    same = due.astimezone(timezone(timedelta(hours=-4)))
    for start in (due, same):
        rules = Late(start, MONTREAL, penalty_per_day=10, refuse_after_days=1, extensions={"grace": DAY})
        assert late(datetime(2026, 11, 1, 12, tzinfo=MONTREAL), rules).score == 72
        assert late(datetime(2026, 11, 1, 12, 1, tzinfo=MONTREAL), rules).score == 0
        extended = mark_of(result(), at(datetime(2026, 11, 1, 12, tzinfo=MONTREAL), student="grace"), Settings(rules))
        assert (extended.score, extended.late) == (80, timedelta(0))


def test_the_sentence_on_lateness_says_what_and_why():
    (said,) = late(datetime(2026, 10, 11, 20, tzinfo=timezone.utc)).said
    assert said == (
        "Submitted 2026-10-11 13:00 (UTC-07:00), within 2 days after the due date, 2026-10-10 12:00 (UTC-07:00). "
        "The late penalty is 20 % of 80 points, which leaves 64."
    )
    (said,) = late(NOON + HOUR + INSTANT, score=1).said
    assert said.startswith("Submitted 2026-10-10 13:01 (UTC-07:00), within the first day after the due date, ")
    assert said.endswith("The late penalty is 10 % of 1 point, which leaves 0.9.")


@pytest.mark.parametrize(("days", "grace"), [(0, 0), (0, 15), (2, 0), (2, 15), (0.5, 15)])
def test_a_submission_that_is_too_late_scores_0(days, grace):
    rules = replace(TENTH, refuse_after_days=days, grace_minutes=grace)
    last = NOON + timedelta(days=days, minutes=grace)
    assert late(last, rules).score == 80 * (1 - math.ceil((last - NOON) / DAY) / 10 * (last - NOON > timedelta(minutes=grace)))
    mark = late(last + INSTANT, rules)
    assert (mark.score, mark.penalty) == (0, 80)
    assert mark.said[0].endswith("2026-10-10 12:00 (UTC-07:00). That is too late, so the score is 0.")
    assert ("more than 2 days after the due date" in mark.said[0]) == (days == 2)


def test_no_penalty_takes_more_than_there_is():
    for percent, day in itertools.product((33.33, 60, 100), range(1, 40)):
        mark = late(NOON + day * DAY, Late(NOON, penalty_per_day=percent), score=66.66)
        assert 0 <= mark.score < 66.66
        assert mark.score == round(mark.score, 2)


def test_a_due_time_alone_takes_nothing_and_says_how_late():
    mark = late(NOON + 2 * HOUR, Late(NOON))
    assert (mark.score, mark.late) == (80, 2 * HOUR)
    assert mark.said[0].endswith("The late penalty is 0 % of 80 points, which leaves 80.")


@pytest.mark.parametrize("submitted", [None, datetime(1, 1, 1, tzinfo=WEST), datetime(9999, 12, 31, 23, tzinfo=WEST)])
@pytest.mark.parametrize("marked", [True, False])
def test_without_a_time_nothing_is_taken_and_the_ta_is_told(submitted, marked):
    """Neither where the platform says late, nor where a time is beyond all calendars."""
    mark = mark_of(result(), at(submitted, marked_late=marked), Settings(TENTH))
    assert (mark.score, mark.late, mark.said) == (80, None, ())
    assert len(mark.remarks) == marked
    document = json.loads(results_json(mark))
    assert document["tests"][-1]["extra_data"]["remarks"] == [*mark.remarks]
    for remark in mark.remarks:
        assert remark == "The platform marks it as late but gives no time, so there is no late penalty."
        assert remark not in document["output"] + feedback_html(mark)
    assert mark_of(result(), at(submitted, marked_late=marked)).remarks == ()


def test_unknown_times_are_said_once_for_the_class():
    unknown, known = at(None, student="bob"), at(NOON, student="ada")
    marked = at(None, student="eve", marked_late=True)
    said = "The submission time is unknown for 1 of 3 submissions, which therefore got no late penalty: bob."
    assert describe_unknown_times(TENTH, [unknown, known, marked]) == said
    assert describe_unknown_times(TENTH, [unknown] * 2).endswith(
        "unknown for 2 of 2 submissions, which therefore got no late penalty."
    )
    assert describe_unknown_times(TENTH, [known, marked]) == describe_unknown_times(Late(), [unknown]) == ""


def test_nothing_is_said_where_nothing_is_left_to_take():
    mark = late(NOON + DAY, score=0)
    assert (mark.score, mark.said, mark.late) == (0, (), DAY)


# More time


ADA, GRACE_H, EMMY = Person("Ada", "ada@example.com", "101"), Person("Grace", "grace@example.com", "102"), Person("Emmy")


@pytest.mark.parametrize(
    ("people", "student", "extensions", "score"),
    [
        ((ADA,), "team", {}, 64),
        ((ADA,), "team", {"101": DAY}, 72),
        ((ADA,), "team", {"ada@example.com": 2 * DAY}, 80),
        ((ADA,), "team", {"team": 2 * DAY}, 80),
        ((ADA,), "TEAM", {"team": 2 * DAY}, 80),
        ((ADA,), "team", {"ada": 2 * DAY}, 64),
        ((ADA,), "team", {"101": NOON + DAY}, 72),
        ((ADA,), "team", {"101": NOON - DAY}, 64),
        ((ADA, GRACE_H), "team", {"101": HOUR, "102": 2 * DAY}, 80),
        ((EMMY,), "team", {"": 2 * DAY}, 64),
        ((), "101", {"101": DAY}, 72),
    ],
)
def test_more_time_is_for_whom_it_names_and_for_the_whole_group(people, student, extensions, score):
    rules = replace(TENTH, extensions=extensions)
    mark = mark_of(result(), at(NOON + 2 * DAY, *people, student=student), Settings(rules))
    assert mark.score == score
    assert any("your own due date" in said for said in mark.said) == (score == 72)


def test_an_extension_for_an_unknown_name_is_reported():
    rules = replace(TENTH, extensions={"101": DAY, "adda": DAY, "team": DAY, "zoe\x1b": DAY})
    assert describe_unknown_extensions(rules, [at(NOON, ADA, student="Team")]).endswith(
        "that did not submit: adda, zoe\\u001b."
    )
    assert describe_unknown_extensions(replace(rules, extensions={"101": DAY}), [at(NOON, ADA)]) == ""


# Tasks left out


@pytest.mark.parametrize(
    ("earned_of_most", "lowest", "score"),
    [
        ([(10, 10), (0, 10), (5, 10)], 0, 15),
        ([(10, 10), (0, 10), (5, 10)], 1, 22.5),
        ([(10, 10), (0, 10), (5, 10)], 2, 30),
        ([(10, 10), (0, 10), (5, 10)], 99, 30),
        ([(30, 37), (0, 2), (1, 6)], 1, 34.62),  # 7 points lost in the large task, but it is the best of them
        ([(30, 37), (0, 2), (1, 6)], 2, 36.49),
        ([(5, 10), (5, 10), (5, 10)], 2, 15),
        ([(10, 10), (10, 10)], 1, 20),
        ([(0, 10), (0, 10)], 1, 0),
        ([(0, 10)], 1, 0),
        ([(1, 3), (2, 3), (1, 3)], 1, 4.5),
    ],
)
def test_the_lowest_tasks_are_left_out_and_the_rest_is_scaled_up(earned_of_most, lowest, score):
    mark = mark_of(tasks(*earned_of_most), settings=Settings(drop=Drop(lowest)))
    assert mark.score == score
    assert mark.dropped == round(score - mark.earned, 2)
    assert bool(mark.said) == (mark.dropped > 0)


def test_the_sentence_says_what_was_left_out():
    mark = mark_of(tasks((10, 10), (0, 10), (5, 10)), settings=Settings(drop=Drop(2)))
    assert mark.said == (
        "Dropped, because most points were lost there: task 2 (0 of 10), task 3 (5 of 10). The other tasks (10 of 10 points) "
        "are scaled to 30, which gives 30 instead of 15.",
    )


def test_leaving_out_never_takes_anything():
    amounts = [(0, 1), (1, 1), (0.5, 3), (3, 3), (7.25, 34), (30, 34)]
    for chosen in itertools.chain(*(itertools.combinations_with_replacement(amounts, count) for count in (1, 2, 3, 4))):
        before = 0
        for lowest in range(len(chosen) + 1):
            mark = mark_of(tasks(*chosen), settings=Settings(drop=Drop(lowest)))
            assert before - 0.01 <= mark.score <= mark.result.max_score
            assert mark.score >= mark.earned
            before = mark.score


def test_only_tasks_of_the_parts_named_are_left_out():
    both = Result("ada", "graded", tasks((10, 10), (0, 10)).checks + tasks((2, 10), (10, 10), part="warmup").checks)
    assert mark_of(both, settings=Settings(drop=Drop(1))).score == 29.33
    assert mark_of(both, settings=Settings(drop=Drop(1, ("warmup",)))).score == 26.67
    assert mark_of(both, settings=Settings(drop=Drop(1, ("extension",)))).score == 22


# Adjustments


@pytest.mark.parametrize(
    ("given", "score", "said"),
    [
        ([2.5], 82.5, "2.5 points added by hand: why."),
        ([-1], 79, "1 point deducted by hand: why."),
        ([30], 110, "30 points added by hand: why."),
        ([1, 2, -0.5], 82.5, "0.5 points deducted by hand: why."),
        ([-100], 0, "A score cannot be negative, so it is 0."),
        ([0.1] * 3, 80.3, "0.1 points added by hand: why."),
    ],
)
def test_a_ta_has_the_last_word(given, score, said):
    mark = mark_of(result(), adjustments=[Adjustment(points, "why.") for points in given])
    assert mark.score == score
    assert mark.adjustment == round(sum(given), 2)
    assert mark.said[-1] == said
    assert [one.points for one in mark.adjustments] == given


def test_a_reason_does_nothing():
    mark = mark_of(result(), adjustments=[Adjustment(1, "<b>\x1b[2J\nok\u202e " + "x" * 1000)])
    (said,) = mark.said
    assert "<b>\\u001b[2J ok\\u202e xxx" in said
    assert len(said) < 400
    assert "&lt;b&gt;" in feedback_html(mark)


@pytest.mark.parametrize("points", [math.nan, math.inf, -math.inf])
def test_an_adjustment_is_a_number_of_points(points):
    with pytest.raises(ValueError, match="an adjustment of"):
        Adjustment(points, "why")


# Together


def test_tasks_are_left_out_before_lateness_takes_its_share_and_adjustments_come_last():
    settings = Settings(replace(TENTH, penalty_per_day=50, at_most=100), Drop(1))
    mark = mark_of(tasks((10, 10), (0, 10), (5, 10)), at(NOON + HOUR), settings, [Adjustment(3, "a good question")])
    assert (mark.earned, mark.dropped, mark.penalty, mark.adjustment, mark.score) == (15, 7.5, 11.25, 3, 14.25)
    assert [said.split()[0] for said in mark.said] == ["Dropped,", "Submitted", "3"]
    document = json.loads(results_json(mark))
    SCHEMA.validate(document)
    assert document["score"] == 14.25
    assert later_text(document).startswith("\n\n".join(mark.said) + "\n\n")
    assert document["output"].startswith("\n\n".join(mark.announced) + "\n\n")
    assert mark.announced[0].endswith("The late penalty is 50 % of the points.")
    assert sum(test["score"] for test in document["tests"]) == 15
    page = feedback_html(mark)
    assert '<span class="score">14.25</span> <span class="most">of 30 points</span>' in page
    for said in mark.said:
        assert f"<p>{said}</p>" in page


def test_a_warning_names_the_largest_task_that_can_be_left_out():
    assignment = read_assignment()
    parts = {part.name: max(part.tasks, key=lambda task: task.points) for part in assignment.parts}
    name, largest = max(parts.items(), key=lambda item: item[1].points)
    said = describe_drop(Drop(1), assignment)
    assert f"even the largest one: {largest.name} in {name}.py, {largest.points:g} of 100 points." in said
    other = next(part for part in parts if part != name)
    assert f"{parts[other].name} in {other}.py" in describe_drop(Drop(1, (other,)), assignment)
    assert describe_drop(Drop(), assignment) == ""


# One member of a group

GROUP = (Person("Ada Lovelace", "ada@example.org", "1"), Person("Grace Hopper", "grace@example.org", "2"))


@pytest.mark.parametrize("name", ["ada@example.org", "ADA@example.org", "1", "Ada Lovelace"])
def test_an_adjustment_for_one_member_of_a_group_changes_one_score(name):
    mine = Adjustment(-5, "a reason for one alone", name)
    mark = mark_of(result(), at(None, *GROUP), adjustments=[Adjustment(2, "for all"), mine])
    assert (mark.score, mark.of(GROUP[0]).score, mark.of(GROUP[1]).score) == (82, 77, 82)
    assert mark.remarks == (f"For {name} only: 5 points deducted by hand: a reason for one alone.",)
    assert mark.of(GROUP[0]).said[-1] == "5 points deducted by hand: a reason for one alone."
    assert mark.of(GROUP[1]).said == mark.said == ("2 points added by hand: for all.",)
    assert "for one alone" not in feedback_html(mark) + json.loads(results_json(mark))["output"]


def test_an_adjustment_for_a_former_group_member_is_reported():
    mark = mark_of(result(), at(None, *GROUP), adjustments=[Adjustment(-5, "x", "emmy@example.org")])
    assert [mark.of(person).score for person in GROUP] == [80, 80]
    assert mark.remarks == (
        "An adjustment for emmy@example.org has no effect, because no one in this group has that name or id any more.",
    )


def test_the_score_of_one_member_is_not_below_zero():
    mark = mark_of(result(), at(None, *GROUP), adjustments=[Adjustment(-500, "x", "1")]).of(GROUP[0])
    assert (mark.score, mark.said[-1]) == (0, "A score cannot be negative, so it is 0.")
