"""What a course lets Gradescope's metadata do (limit hand-ins, take points from late ones, name students), and what never."""

import json
import math
from datetime import datetime, timedelta, timezone

import pytest

from autograder.course import CourseError, Gradescope, read_gradescope
from autograder.platforms.gradescope.metadata import (
    LIMITED,
    MOST_BYTES,
    MetadataError,
    late,
    limited,
    named,
    read_metadata,
    time_of,
    unless_bad,
)
from autograder.platforms.gradescope.package import build_gradescope
from tests.project.grading import SCHEMA

SECRET = "[hidden checks]\nsecret = " + "0123456789abcdef" * 4 + "\n"
DAILY = Gradescope(hand_ins=2, hours=24)
TENTH = Gradescope(late_penalty=10, grace_minutes=15, at_most=50)
NAMES = Gradescope(names=True)
NOON = "2026-10-10T12:00:00.000000-07:00"


def before(*rows):
    """Earlier hand-ins, from (time, score) or (time, score, whatever else is told of it)."""
    return [{"submission_time": row[0], "score": row[1], **(row[2] if len(row) > 2 else {})} for row in rows]


def told(created=NOON, due=NOON, previous=(), **more):
    return {"created_at": created, "assignment": {"due_date": due}, "previous_submissions": before(*previous), **more}


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


# The penalty for late ones


@pytest.mark.parametrize(
    ("created", "due", "score"),
    [
        ("2026-10-09T12:00:00-07:00", NOON, 80),
        (NOON, NOON, 80),
        ("2026-10-10T12:15:00.000000-07:00", NOON, 80),
        ("2026-10-10T12:15:00.000001-07:00", NOON, 72),
        ("2026-10-11T12:00:00-07:00", NOON, 72),
        ("2026-10-11T12:00:00.000001-07:00", NOON, 64),
        ("2026-10-13T12:00:00-07:00", NOON, 56),
        ("2026-12-31T12:00:00-07:00", NOON, 40),
        ("2026-10-10T19:10:00Z", NOON, 80),
        ("2026-10-10T21:16:00+02:00", NOON, 72),
        ("2026-10-11T00:46:00+05:30", NOON, 72),
        ("2026-11-01T12:00:00-08:00", "2026-11-01T12:50:00-07:00", 80),
        ("2026-12-31T12:00:00-07:00", None, 80),
    ],
)
def test_what_a_late_hand_in_loses(created, due, score):
    document = late(results(), told(created, due), TENTH)
    assert document["score"] == score
    assert document["tests"] == results()["tests"]
    assert document["output"].endswith(results()["output"])
    assert (document["output"] != results()["output"]) == (score < 80)
    assert late(results(), told(created, due), Gradescope()) == results()


def test_the_sentence_on_a_late_hand_in_says_what_and_why():
    said = late(results(), told("2026-10-11T20:00:00Z"), TENTH)["output"].partition("\n")[0]
    assert said == (
        "Handed in 2026-10-11 13:00 (UTC-07:00), within 2 days after the due date, 2026-10-10 12:00 (UTC-07:00): that takes "
        "20 % of the 80 points that the checks earned, and leaves 64."
    )


@pytest.mark.parametrize(
    "settings", [Gradescope(late_penalty=100), Gradescope(late_penalty=60), Gradescope(late_penalty=33.33)]
)
def test_no_penalty_takes_more_than_there_is(settings):
    for days in range(1, 40):
        created = (time_of(NOON) + timedelta(days=days)).isoformat()
        assert 0 <= late(results(66.66), told(created), settings)["score"] < 66.66


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
        lambda: late(results(), told(created=bad), TENTH),
        *([lambda: late(results(), told(due=bad), TENTH)] if bad is not None else []),
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
    "step", [lambda m: limited(m, DAILY), lambda m: late(results(), m, TENTH), lambda m: named(results(), m, NAMES)]
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


# The settings


@pytest.fixture
def course(tmp_path, monkeypatch):
    def write(lines):
        path = tmp_path / "course.ini"
        path.write_text(f"{SECRET}\n{lines}")
        monkeypatch.setenv("COURSE", str(path))

    return write


ALL = "hand-ins = 5\nhours = 12.5\nlate penalty = 10% a day\ngrace minutes = 15\nat most = 50%\nnames = yes\n"


@pytest.mark.parametrize(
    ("lines", "settings"),
    [
        ("", None),
        ("[gradescope]\n# names = yes\n", None),
        ("[gradescope]\nnames = yes\n", Gradescope(names=True)),
        ("[gradescope]\nnames = no\n", Gradescope()),
        ("[gradescope]\nlate penalty = 2.5 % a day\n", Gradescope(late_penalty=2.5)),
        (f"[gradescope]\n{ALL}", Gradescope(5, 12.5, 10, 15, 50, True)),
    ],
)
def test_the_settings_of_a_course(course, lines, settings):
    course(lines)
    assert read_gradescope() == settings


def test_the_course_file_that_comes_along_asks_for_nothing(monkeypatch):
    monkeypatch.delenv("COURSE", raising=False)
    assert read_gradescope() is None


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("hand-ins = 0\nhours = 24", "the line `hand-ins = 0`; write it like `hand-ins = 5`."),
        ("hand-ins = 5.5\nhours = 24", "write it like"),
        ("hand-ins = 5\u0665\nhours = 24", "write it like"),
        ("hand-ins = 5\nhours = 0.0", "write it like"),
        ("hand-ins = 5\nhours = nan", "write it like"),
        ("hand-ins = 5", "which says nothing without `hours = ...`."),
        ("hours = 5", "which says nothing without `hand-ins = ...`."),
        ("at most = 50%", "which says nothing without `late penalty = ...`."),
        ("late penalty = 10", "write it like `late penalty = 10% a day`."),
        ("late penalty = 110% a day", "write it like"),
        ("late penalty = 10% a day\nat most = -5%", "write it like"),
        ("names = maybe", "write it like `names = yes`."),
        ("handins = 5", "a line `handins`; there may be hand-ins, hours, late penalty, grace minutes, at most, names."),
    ],
)
def test_a_line_that_means_nothing_is_refused(course, line, found):
    course(f"[gradescope]\n{line}\n")
    with pytest.raises(CourseError) as refusal:
        read_gradescope()
    assert found in str(refusal.value)
    with pytest.raises(CourseError):
        build_gradescope()
    assert "0123456789abcdef" not in str(refusal.value)
