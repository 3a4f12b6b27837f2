"""What a course can do with Gradescope's metadata (limit submissions, detect lateness, name students), and what it cannot."""

import contextlib
import io
import json
import math
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.intake.entries import fold_name
from autograder.platforms.gradescope.metadata import (
    LIMITED,
    MAX_BYTES,
    MAX_PREVIOUS,
    MAX_USERS,
    NAME,
    MetadataError,
    add_names,
    apply,
    limit_hand_ins,
    list_settings,
    mark,
    mark_without_time,
    parse_time,
    read_metadata,
)
from autograder.report.gradescope import format_results
from autograder.results import CheckResult, Result
from autograder.settings import Drop, Gradescope, Late, Settings
from tests.project.grading import SCHEMA, before_publication
from tests.project.test_fuzz import fuzz

DAILY = Gradescope(hand_ins=2, hours=24)
TENTH = Settings(Late(grace_minutes=15, penalty_per_day=10, at_most=50), gradescope=Gradescope(late=True))
NAMES = Gradescope(names=True)
CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 100, True)
NOON = "2026-10-10T12:00:00.000000-07:00"


def before(*rows):
    """Earlier hand-ins, from (time, score) or (time, score, whatever else is told of it)."""
    return [{"submission_time": row[0], "score": row[1], **(row[2] if len(row) > 2 else {})} for row in rows]


def limit(metadata, settings):
    """Return what comes of a limit in an assignment of 100 points."""
    return limit_hand_ins(metadata, settings, 100)


def told(created=NOON, due=NOON, previous=(), **more):
    return {"created_at": created, "assignment": {"due_date": due}, "previous_submissions": before(*previous), **more}


def result(score=80.0):
    """Return a result of one check of 100 points."""
    return Result("submission", "graded", (replace(CHECK, worth=score / 100),))


def results(score=80.0):
    return {"score": score, "output": "2 checks did not pass.", "tests": [{"score": score}], "extra_data": {"student": "x"}}


# The limit of hand-ins

FAILED = {"autograder_error": True}
GRADED = {"results": {"extra_data": {"status": "graded"}}}
ONE_TOO_MANY = {"results": {"extra_data": {"status": LIMITED}}}
GRADER_FAILED = {"results": {"extra_data": {"status": "error"}}}
EARLY, MORNING, EVENING = "2026-10-10T09:00:00-07:00", "2026-10-10T10:00:00-07:00", "2026-10-10T20:00:00-07:00"


@pytest.mark.parametrize(
    ("previous", "score"),
    [
        ([], None),
        ([(MORNING, 50)], None),
        ([(EARLY, 40), (MORNING, 50)], 50),
        ([(MORNING, 50), (EARLY, 40)], 50),
        ([(EARLY, 60), (MORNING, 50)], 50),
        ([(EARLY, 40), (MORNING, 50.5)], 50.5),
        ([(EARLY, 40), (MORNING, "50.50")], 50.5),
        ([("2026-10-09T12:00:00.000000-07:00", 40), (MORNING, 50)], None),
        ([("2026-10-09T12:00:00.000001-07:00", 40), (MORNING, 50)], 50),
        ([("2026-10-09T21:00:00.000001+02:00", 40), ("2026-10-10T17:00:00Z", 50)], 50),
        ([("2026-10-09T21:00:00+02:00", 40), ("2026-10-10T17:00:00Z", 50)], None),
        ([(EARLY, 40), (MORNING, 0, FAILED)], None),
        ([(EARLY, 40), (MORNING, 0, GRADER_FAILED)], None),
        ([(EARLY, 40), (MORNING, 40, ONE_TOO_MANY)], None),
        ([(EARLY, 40), (MORNING, 50), ("2026-10-10T11:00:00-07:00", 0, FAILED)], 50),
        ([("2026-10-01T09:00:00-07:00", 90), (EARLY, 40), (MORNING, 50)], 50),
        ([(EARLY, 40), (EVENING, 50), (EVENING, 60)], None),
        ([(EARLY, 40), (NOON, 50)], 50),
        ([(EARLY, 40), (EARLY, 50), (MORNING, 60)], 50),
        ([(EARLY, 40), (EARLY, 50), (MORNING, 60, GRADED)], 60),
        ([(EARLY, 40), (MORNING, 1e308)], 100),
        ([(EARLY, 40), (MORNING, 10**400)], 100),
        ([(EARLY, 40), (MORNING, "100.01")], 100),
        ([(EARLY, 40), (MORNING, -0.0)], 0),
        ([(EARLY, 40, {"results": None}), (MORNING, 50, {"results": {"extra_data": []}})], 50),
    ],
)
def test_a_submission_over_the_limit_keeps_the_previous_score(previous, score):
    document = limit(told(previous=previous), DAILY)
    assert (document and document["score"]) == score
    if document:
        SCHEMA.validate(document)
        assert document["extra_data"]["status"] == LIMITED
        other = limit(told(previous=[(*row[:1], 99, *row[2:]) for row in previous]), DAILY)
        assert before_publication(document) == before_publication(other)
        assert "score" not in before_publication(document)
    assert limit(told(previous=previous), Gradescope()) is None


@pytest.mark.parametrize(
    ("previous", "used", "again"),
    [
        ([(EARLY, 40), (MORNING, 50)], 2, "2026-10-11 09:00 (UTC-07:00)"),
        ([("2026-10-10T18:00:30+02:00", 40), (MORNING, 50)], 2, "2026-10-11 09:01 (UTC-07:00)"),
        ([(EARLY, 1), (MORNING, 2), ("2026-10-10T11:00:00-07:00", 3, GRADED)], 3, "2026-10-11 10:00 (UTC-07:00)"),
        # Gradescope tells no results but the latest: those between were too many themselves and put nothing off.
        (
            [(EARLY, 1), (MORNING, 2), ("2026-10-10T10:30:00-07:00", 2), ("2026-10-10T11:00:00-07:00", 2, ONE_TOO_MANY)],
            2,
            "2026-10-11 09:00 (UTC-07:00)",
        ),
    ],
)
def test_the_sentence_on_the_limit_says_how_many_and_when_again(previous, used, again):
    metadata = told(previous=previous)
    said = limit(metadata, DAILY)["output"]
    assert f"{used} submissions had been graded in the 24 hours before it, and the limit is 2." in said
    assert f"submit again from {again} on" in said
    following = parse_time(again[:16].replace(" ", "T") + ":00" + again[-7:-1])
    assert limit({**metadata, "created_at": following.isoformat()}, DAILY) is None


# When it came


def due(text):
    return replace(TENTH, late=replace(TENTH.late, due=parse_time(text)))


@pytest.mark.parametrize(
    ("created", "noted", "settings", "score"),
    [
        (NOON, NOON, TENTH, 80),
        ("2026-10-10T12:15:00.000000-07:00", NOON, TENTH, 80),
        ("2026-10-10T12:15:00.000001-07:00", NOON, TENTH, 72),
        ("2026-10-10T21:16:00+02:00", NOON, TENTH, 72),
        ("2026-12-31T12:00:00-07:00", None, TENTH, 80),
        ("2026-10-10T13:00:00-07:00", "2026-12-31T12:00:00-07:00", due(NOON), 72),
        ("2026-10-10T13:00:00-07:00", None, due(NOON), 72),
        ("2026-10-10T13:00:00-07:00", NOON, due("2026-10-10T13:00:00-07:00"), 80),
        ("2026-10-10T13:00:00-07:00", NOON, replace(due(NOON), gradescope=Gradescope(names=True)), 80),
    ],
)
def test_the_due_time_is_the_courses_or_else_that_of_gradescope(created, noted, settings, score):
    """Where the course lets lateness hold there at all."""
    found = mark(result(), told(created, noted), settings)
    assert found.score == score
    assert bool(found.said) == (score < 80)


@pytest.mark.parametrize("name", ["Emmy@Example.com", "7"])
def test_extensions_are_found_by_email_or_number(name):
    users = [{"email": "grace@example.com", "id": 5}, {"email": "emmy@example.com", "id": 7}]
    late = replace(TENTH.late, extensions={fold_name(name): timedelta(days=1)})
    metadata = told("2026-10-11T12:00:00-07:00", users=users)
    assert mark(result(), metadata, TENTH).score == 72
    assert mark(result(), metadata, replace(TENTH, late=late)).score == 80


@pytest.mark.parametrize("users", [None, [], [{}], "emmy"])
def test_unreadable_people_do_not_hide_the_submission_time(capsys, users):
    late = replace(TENTH.late, extensions={"emmy": timedelta(days=1)})
    assert mark(result(), told("2026-10-10T13:00:00-07:00", users=users), replace(TENTH, late=late)).score == 72
    assert re.fullmatch(rf"{NAME} has .+, so \[late\.extensions\] was not applied\.\n", capsys.readouterr().out)


def test_a_mark_without_a_time_still_leaves_tasks_out():
    checks = (replace(CHECK, points=50), replace(CHECK, points=50, task="compute_gradients", passed=False))
    settings = replace(due(NOON), drop=Drop(1))
    found = mark_without_time(Result("submission", "graded", checks), settings)
    assert (found.score, found.remarks) == (100, ())


# The names


@pytest.mark.parametrize(
    ("users", "student"),
    [
        (["Ada Lovelace"], "Ada Lovelace"),
        (["Ada", "Grace", "Emmy"], "Ada, Grace, Emmy"),
        (["  Ada \n\n Lovelace\t"], "Ada Lovelace"),
        (["Jos\u00e9 \u738b"], "Jos\u00e9 \u738b"),
        (["\x1b[2J\u202eevil\x00"], "\\u001b[2J\\u202eevil\\u0000"),
        (["\ud800"], "\\ud800"),
        (["x" * 10_000], "x" * 79 + "\u2026"),
        (["A"] * 12, ", ".join("A" * 10) + ", \u2026"),
    ],
)
def test_names_are_told_and_do_nothing(users, student):
    document = add_names(results(), told(users=[{"name": name} for name in users]), NAMES)
    assert document["extra_data"]["student"] == student
    assert document["output"].startswith(f"Submitted by {student}.\n\n")
    json.dumps(document, allow_nan=False).encode()
    assert add_names(results(), told(users=[{"name": name} for name in users]), DAILY) == results()


# Metadata that cannot be used

BAD_TIMES = [
    "",
    "yesterday",
    "2026-10-10",
    "2026-10-10T12:00:00",
    None,
    5,
    True,
    [],
    {},
    "9999-12-31T23:59:59+00:00",
    "9" * 10**6,
]


@pytest.mark.parametrize("bad", BAD_TIMES, ids=lambda value: str(value)[:30])
def test_an_invalid_time(bad):
    cases = [
        lambda: limit(told(created=bad), DAILY),
        lambda: limit(told(previous=[(bad, 1)]), DAILY),
        lambda: mark(result(), told(created=bad), TENTH),
        *([lambda: mark(result(), told(due=bad), TENTH)] if bad is not None else []),
    ]
    for case in cases:
        with pytest.raises(MetadataError, match="that is not a time from 2000 to 2999 with an offset from UTC"):
            case()


BAD_SCORES = [math.nan, math.inf, -math.inf, -1, -1e-9, -(10**400), None, True, False, [], [5], {}, {"score": 5}]
BAD_TEXTS = ["", "x", "nan", "inf", "1e3", "-5", "+5", " 5", "5\n", "1_0", "5.", ".5", "5,0", "0x5", "\u0665", "9" * 400]


@pytest.mark.parametrize("bad", [*BAD_SCORES, *BAD_TEXTS], ids=lambda value: repr(value)[:30])
def test_an_invalid_score(bad):
    with pytest.raises(MetadataError) as refusal:
        limit(told(previous=[(EARLY, 5), (MORNING, bad)]), DAILY)
    assert str(refusal.value) == 'has a "previous_submissions[1].score" that is not a number of points'


@pytest.mark.parametrize("bad", ["yes", 0, 1, [], {}])
def test_a_failure_that_is_neither_true_nor_false(bad):
    with pytest.raises(MetadataError, match=r'"previous_submissions\[0\]\.autograder_error" that is neither true nor false'):
        limit(told(previous=[(MORNING, 5, {"autograder_error": bad})]), DAILY)


def test_lists_that_are_too_long():
    many = before(*[(MORNING, 5)] * MAX_PREVIOUS)
    assert limit({**told(), "previous_submissions": many}, DAILY)["score"] == 5
    with pytest.raises(MetadataError, match='has 10,001 entries in "previous_submissions", more than 10,000'):
        limit({**told(), "previous_submissions": [*many, None]}, DAILY)
    with pytest.raises(MetadataError, match='has 1,001 entries in "users", more than 1,000'):
        add_names(results(), told(users=[{"name": "Ada"}] * (MAX_USERS + 1)), NAMES)


@pytest.mark.parametrize(
    "user",
    [
        *(
            {"id": 1, "email": bad}
            for bad in (None, 5, "", "ada", "a@b@c", "a b@c", f"{'a' * 65}@b", f"a@{'b' * 256}", "a\0@b")
        ),
        *({"id": bad, "email": "a@b"} for bad in (None, "1", 0, -1, True, 1.0, 2**63)),
        {"id": 1},
        {"email": "a@b"},
        None,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_people_who_are_not_known_by_email_and_number(user, capsys):
    late = replace(TENTH.late, extensions={"grace@example.com": timedelta(days=1)})
    users = [{"id": 5, "email": "grace@example.com"}, user]
    assert mark(result(), told("2026-10-10T13:00:00-07:00", users=users), replace(TENTH, late=late)).score == 72
    assert re.fullmatch(rf'{NAME} has .*"users\[1\].*, so \[late\.extensions\] was not applied\.\n', capsys.readouterr().out)


@pytest.mark.parametrize(
    ("metadata", "setting", "step", "sentence"),
    [
        ({}, "[gradescope] hand_ins", lambda m: limit(m, DAILY), 'has no "created_at", so [gradescope] hand_ins was not'),
        ({}, "[gradescope] late", lambda m: mark(result(), m, TENTH), 'has no "assignment", so [gradescope] late was not'),
        (
            {"assignment": {}},
            "[gradescope] late",
            lambda m: mark(result(), m, TENTH),
            'has no "assignment.due_date", so [gradescope] late was not',
        ),
        (
            {"users": [{"name": "Ada"}, 5]},
            "[gradescope] names",
            lambda m: add_names(results(), m, NAMES),
            'has a "users[1]" that is not an object, so [gradescope] names was not',
        ),
    ],
)
def test_what_was_left_out_and_which_field_is_missing_is_said(metadata, setting, step, sentence, capsys):
    assert apply(setting, lambda: step(metadata), "as without it") == "as without it"
    assert capsys.readouterr().out == f"submission_metadata.json {sentence} applied.\n"


def test_every_setting_that_asks_for_metadata_is_named():
    assert list_settings(Gradescope(hand_ins=5, late=True, names=True)) == "[gradescope] hand_ins, late, names"
    assert list_settings(NAMES) == "[gradescope] names"


@pytest.mark.parametrize("metadata", [{}, {"created_at": NOON, "assignment": 5, "users": 5, "previous_submissions": 5}])
@pytest.mark.parametrize(
    "step", [lambda m: limit(m, DAILY), lambda m: mark(result(), m, TENTH), lambda m: add_names(results(), m, NAMES)]
)
def test_what_is_missing(metadata, step):
    with pytest.raises(MetadataError):
        step(metadata)


@pytest.mark.parametrize("one", [None, 5, [], "x", {}])
def test_invalid_submissions_and_people_in_metadata(one):
    with pytest.raises(MetadataError):
        limit({**told(), "previous_submissions": [one]}, DAILY)
    with pytest.raises(MetadataError):
        add_names(results(), told(users=[one]), NAMES)


@pytest.mark.parametrize("users", [[], None, {}, [{"name": " "}], [{"name": 5}]])
def test_people_without_a_name(users):
    with pytest.raises(MetadataError):
        add_names(results(), told(users=users), NAMES)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b" " * (MAX_BYTES + 1), "more than"),
    ],
    ids=["no file", "empty", "cut", "bytes", "deep", "list", "null", "huge"],
)
def test_a_file_that_cannot_be_used(tmp_path, capsys, content, why):
    path = tmp_path / "submission_metadata.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MetadataError, match=why):
        read_metadata(path)
    assert apply(list_settings(DAILY), lambda: read_metadata(path), None) is None
    said = capsys.readouterr().out
    assert re.fullmatch(r"submission_metadata\.json .+, so \[gradescope\] hand_ins was not applied\.\n", said)


# Anything at all

TIMES = st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()) | st.sampled_from(
    [NOON, EARLY, MORNING, *BAD_TIMES]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SCORES = st.floats() | st.integers() | st.from_regex(r"\d{1,12}(\.\d{1,3})?", fullmatch=True) | ANYTHING


def shaped(**fields):
    """Objects with these fields, any of which may be missing, and whatever else; or something else."""
    return st.fixed_dictionaries({}, optional=fields) | ANYTHING


RESULTS = shaped(extra_data=shaped(status=st.sampled_from([LIMITED, "graded", "error"]) | ANYTHING))
PREVIOUS = shaped(submission_time=TIMES, score=SCORES, autograder_error=st.booleans() | ANYTHING, results=RESULTS)
USERS = shaped(name=st.text() | ANYTHING, email=st.emails() | ANYTHING, id=st.integers() | ANYTHING)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "created_at": TIMES,
        "assignment": shaped(due_date=TIMES | st.none()),
        "previous_submissions": st.lists(PREVIOUS, max_size=4) | ANYTHING,
        "users": st.lists(USERS, max_size=3) | ANYTHING,
    },
)


@fuzz(400)
@given(METADATA, st.sampled_from([1, 2, 3]), st.sampled_from([20.0, 75.5, 100.0]))
def test_whatever_the_metadata_says_is_used_or_refused(metadata, hand_ins, max_score):
    """And the score of a hand-in that is one too many is a score of the assignment."""
    extensions = {"a@b.c": timedelta(days=1)}
    settings = replace(TENTH, late=replace(TENTH.late, extensions=extensions), gradescope=Gradescope(hand_ins, 24, True, True))
    with contextlib.suppress(MetadataError), contextlib.redirect_stdout(io.StringIO()):
        assert 0 <= mark(result(), metadata, settings).score <= 80
    with contextlib.suppress(MetadataError):
        format_results(add_names(results(), metadata, settings.gradescope)).encode()
    with contextlib.suppress(MetadataError):
        document = limit_hand_ins(metadata, settings.gradescope, max_score)
        if document:
            assert 0 <= document["score"] <= max_score
            SCHEMA.validate(json.loads(format_results(document)))


# Times


@pytest.mark.parametrize(
    ("text", "second", "microsecond"),
    [
        ("2026-10-10T12:00:07Z", 7, 0),
        ("2026-10-10T12:00:07z", 7, 0),
        ("2026-10-10T12:00:07.5Z", 7, 500_000),
        ("2026-10-10T12:00:07,25+00:00", 7, 250_000),
        ("2026-10-10T12:00:07.1234+00:00", 7, 123_400),
        ("2026-10-10T12:00:07.123456789Z", 7, 123_456),
        ("2026-10-10T05:00:07.000001-07:00", 7, 1),
        ("2026-10-10 17:30:07+05:30", 7, 0),
        ("2026-10-10T12:00+00:00", 0, 0),
    ],
)
def test_every_way_to_write_a_time(text, second, microsecond):
    assert parse_time(text) == datetime(2026, 10, 10, 12, 0, second, microsecond, timezone.utc)
