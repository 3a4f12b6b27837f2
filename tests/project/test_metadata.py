"""What a course lets Gradescope's metadata do (limit hand-ins, say when one came, name students), and what never."""

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from autograder.intake.entries import fold_name
from autograder.platforms.gradescope.metadata import (
    LIMITED,
    MOST_BYTES,
    MetadataError,
    limited,
    marked,
    named,
    read_metadata,
    time_of,
    unless_bad,
    unmarked,
)
from autograder.results import CheckResult, Result
from autograder.settings import Drop, Gradescope, Late, Settings
from tests.project.grading import SCHEMA

DAILY = Gradescope(hand_ins=2, hours=24)
TENTH = Settings(Late(grace_minutes=15, penalty_per_day=10, at_most=50), gradescope=Gradescope(late=True))
NAMES = Gradescope(names=True)
CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 100, True)
NOON = "2026-10-10T12:00:00.000000-07:00"


def before(*rows):
    """Earlier hand-ins, from (time, score) or (time, score, whatever else is told of it)."""
    return [{"submission_time": row[0], "score": row[1], **(row[2] if len(row) > 2 else {})} for row in rows]


def told(created=NOON, due=NOON, previous=(), **more):
    return {"created_at": created, "assignment": {"due_date": due}, "previous_submissions": before(*previous), **more}


def result(score=80.0):
    """A result of one check of 100 points."""
    return Result("submission", "graded", (replace(CHECK, worth=score / 100),))


def results(score=80.0):
    return {"score": score, "output": "2 checks did not pass.", "tests": [{"score": score}], "extra_data": {"student": "x"}}


# The limit of hand-ins

FAILED = {"autograder_error": True}
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
        ([(EARLY, 40, {"results": None}), (MORNING, 50, {"results": {"extra_data": []}})], 50),
    ],
)
def test_a_hand_in_too_many_keeps_the_score_of_the_one_before(previous, score):
    document = limited(told(previous=previous), DAILY)
    assert (document and document["score"]) == score
    if document:
        SCHEMA.validate(document)
        assert document["extra_data"]["status"] == LIMITED
    assert limited(told(previous=previous), Gradescope()) is None


@pytest.mark.parametrize(
    ("previous", "used", "again"),
    [
        ([(EARLY, 40), (MORNING, 50)], "2 of 2", "2026-10-11 09:00 (UTC-07:00)"),
        ([("2026-10-10T18:00:30+02:00", 40), (MORNING, 50)], "2 of 2", "2026-10-11 09:01 (UTC-07:00)"),
        ([(EARLY, 1), (MORNING, 2), ("2026-10-10T11:00:00-07:00", 3)], "3 of 2", "2026-10-11 10:00 (UTC-07:00)"),
    ],
)
def test_the_sentence_on_the_limit_says_how_many_and_when_again(previous, used, again):
    metadata = told(previous=previous)
    said = limited(metadata, DAILY)["output"]
    assert f"{used} graded hand-ins within 24 hours" in said
    assert f"possible from {again} on" in said
    following = time_of(again[:16].replace(" ", "T") + ":00" + again[-7:-1])
    assert limited({**metadata, "created_at": following.isoformat()}, DAILY) is None


# When it came


def due(text):
    return replace(TENTH, late=replace(TENTH.late, due=time_of(text)))


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
    mark = marked(result(), told(created, noted), settings)
    assert mark.score == score
    assert bool(mark.said) == (score < 80)


@pytest.mark.parametrize("name", ["Emmy@Example.com", "7"])
def test_who_has_more_time_is_known_by_email_or_number(name):
    users = [{"email": "grace@example.com", "id": 5}, {"email": "emmy@example.com", "id": 7}]
    late = replace(TENTH.late, extensions={fold_name(name): timedelta(days=1)})
    metadata = told("2026-10-11T12:00:00-07:00", users=users)
    assert marked(result(), metadata, TENTH).score == 72
    assert marked(result(), metadata, replace(TENTH, late=late)).score == 80


@pytest.mark.parametrize("users", [None, [], [{}], "emmy"])
def test_people_who_cannot_be_read_do_not_hide_when_it_came(capsys, users):
    late = replace(TENTH.late, extensions={"emmy": timedelta(days=1)})
    mark = marked(result(), told("2026-10-10T13:00:00-07:00", users=users), replace(TENTH, late=late))
    assert mark.score == 72
    assert capsys.readouterr().out.startswith("submission_metadata.json is not used: ")


def test_a_mark_without_a_time_still_leaves_tasks_out():
    checks = (replace(CHECK, points=50), replace(CHECK, points=50, task="compute_gradients", passed=False))
    settings = replace(due(NOON), drop=Drop(1))
    mark = unmarked(Result("submission", "graded", checks), settings)
    assert (mark.score, mark.remarks) == (100, ())


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
    document = named(results(), told(users=[{"name": name} for name in users]), NAMES)
    assert document["extra_data"]["student"] == student
    assert document["output"].startswith(f"Handed in by {student}.\n\n")
    json.dumps(document, allow_nan=False).encode()
    assert named(results(), told(users=[{"name": name} for name in users]), DAILY) == results()


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
def test_a_time_that_is_none(bad):
    cases = [
        lambda: limited(told(created=bad), DAILY),
        lambda: limited(told(previous=[(bad, 1)]), DAILY),
        lambda: marked(result(), told(created=bad), TENTH),
        *([lambda: marked(result(), told(due=bad), TENTH)] if bad is not None else []),
    ]
    for case in cases:
        with pytest.raises(MetadataError, match="is no time with an offset from UTC"):
            case()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, None, "x", True, [], {}, 10**400, "nan"], ids=str)
def test_a_score_that_is_none(bad):
    with pytest.raises(MetadataError, match="no number of points"):
        limited(told(previous=[(MORNING, bad)]), DAILY)


@pytest.mark.parametrize("metadata", [{}, {"created_at": NOON, "assignment": 5, "users": 5, "previous_submissions": 5}])
@pytest.mark.parametrize(
    "step", [lambda m: limited(m, DAILY), lambda m: marked(result(), m, TENTH), lambda m: named(results(), m, NAMES)]
)
def test_what_is_missing(metadata, step):
    with pytest.raises(MetadataError):
        step(metadata)


@pytest.mark.parametrize("one", [None, 5, [], "x", {}])
def test_hand_ins_and_people_that_are_none(one):
    with pytest.raises(MetadataError):
        limited({**told(), "previous_submissions": [one]}, DAILY)
    with pytest.raises(MetadataError):
        named(results(), told(users=[one]), NAMES)


@pytest.mark.parametrize("users", [[], None, {}, [{"name": " "}], [{"name": 5}]])
def test_people_without_a_name(users):
    with pytest.raises(MetadataError):
        named(results(), told(users=users), NAMES)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b" " * (MOST_BYTES + 1), "more than"),
    ],
    ids=["no file", "empty", "cut", "bytes", "deep", "list", "null", "huge"],
)
def test_a_file_that_cannot_be_used(tmp_path, capsys, content, why):
    path = tmp_path / "submission_metadata.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MetadataError, match=why):
        read_metadata(path)
    assert unless_bad(lambda: read_metadata(path), None) is None
    assert capsys.readouterr().out.startswith("submission_metadata.json is not used: it ")


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
    assert time_of(text) == datetime(2026, 10, 10, 12, 0, second, microsecond, timezone.utc)
