"""Scores as CSV: the table for TAs, and the columns of Gradescope, Canvas and Moodle; no text in them is a formula."""

import csv
import io
import weakref
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Adjustment, mark_of
from autograder.report.exports import PLATFORMS, export_sheets
from autograder.report.spreadsheet import csv_lines, escape_formula
from autograder.report.table import Summary, grades_sheet, grades_table
from autograder.results import CheckResult, Result
from autograder.settings import Exports, Late, Settings
from tests.course import PARTS

CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 60, True)
TIME = datetime(2026, 10, 1, 23, 59, 30, tzinfo=timezone(timedelta(hours=-4)))
ADA, EMMY = Person("Ada Lovelace", "ada@example.com", "101"), Person("Noether, Emmy", "emmy@example.com", "102")
GRACE = Person("Grace Hopper", "grace@example.com", "103")
LATE = Settings(Late(TIME - timedelta(hours=25, seconds=5), penalty_per_day=10))


def mark(student="ada", people=(), submitted=TIME, *, score=60.0, rules=Settings(), adjustments=(), **more):
    checks = (replace(CHECK, worth=score / 60), replace(CHECK, part="warmup", points=40, passed=False, got="It is wrong."))
    waiting = SubmissionRef(student, Path(student), people=tuple(people), submitted=submitted, **more)
    return mark_of(Result(student, "graded", checks), waiting, rules, adjustments)


FAILED = replace(mark("emmy"), result=Result("emmy", "error", (CHECK,), reason="The grader failed."))


def rows(lines):
    return list(csv.reader(io.StringIO("".join(lines), newline="")))


def export_csv(platform, marks, exports=Exports("Backpropagation"), absent=()):
    return export_sheets(exports, 100)[platform].lines(marks, absent)


def on(platform, person):
    """Return a person whose id is that of the platform, as in a download from it."""
    return replace(person, platform_ids=((platform, person.id),)) if platform else person


def exported(platform, marks, *arguments, **named):
    return list(csv.DictReader(io.StringIO("".join(export_csv(platform, marks, *arguments, **named)), newline="")))


# grades.csv


def test_a_row_has_the_student_the_score_and_the_reason():
    marks = [
        mark("ada", [ADA], score=50, rules=LATE, adjustments=[Adjustment(-1.5, "talked"), Adjustment(0.5, "sang")]),
        mark("team", [ADA, EMMY], None, superseded=("old", "older")),
        mark("nobody", marked_late=True, submitted=None, rules=LATE),
        FAILED,
    ]
    header, *found = rows(grades_sheet(PARTS).lines(marks))
    assert ",".join(header) == (
        "student,score,max_score,status,warmup,dnn,extension,reason,"
        "earned,late_penalty,adjustment,name,email,id,submitted,superseded,platform_id"
    )
    assert found[0][:7] == ["ada", "39", "100", "graded", "0", "50", "0"]
    assert found[0][7] == " ".join(["warmup.py: It is wrong.", *marks[0].said])
    assert found[0][8:11] == ["50", "10", "-1"]
    assert found[0][11:] == ["Ada Lovelace", "ada@example.com", "101", "2026-10-01T23:59:30-04:00", "", ""]
    assert found[1][8:] == [
        *("60", "0", "0", "Ada Lovelace;Noether, Emmy", "ada@example.com;emmy@example.com", "101;102", "", "old;older", "")
    ]
    assert (
        found[2][7] == "The platform marks it as late but gives no time, so there is no late penalty. warmup.py: It is wrong."
    )
    assert found[2][8:] == ["60", "0", "0", "", "", "", "", "", ""]
    assert found[3][:7] == ["emmy", "", "60", "error", "", "", ""]
    assert found[3][8:11] == ["", "", ""]


def test_members_of_a_group_stay_apart():
    """Also where a name holds what stands between them, and where one has no email."""
    (row,) = rows(
        grades_sheet(PARTS).lines([mark(people=[Person("Ada; Countess", "", "=1"), Person("Emmy", "emmy@example.com", "@2")])])
    )[1:]
    assert row[11:14] == ["Ada, Countess;Emmy", ";emmy@example.com", "'=1;'@2"]


@pytest.mark.parametrize("sheet", [grades_sheet(PARTS), *export_sheets(Exports(), 100).values()])
def test_lines_come_one_at_a_time(sheet):
    """No mark is asked for ahead, and none is kept."""
    known = []

    def marks():
        for number in range(1_000):
            one = mark(f"s{number}")
            known.append(weakref.ref(one))
            yield one

    for number, line in enumerate(sheet.lines(marks())):
        assert line.endswith("\n")
        assert len(known) <= number
        assert sum(one() is not None for one in known) <= 3
    assert len(known) == 1_000


# Formulas


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u00a0\u3000=1", "'\u00a0\u3000=1"),
        ("\t=1", "\t'=1"),
        ("\n=1", "\n'=1"),
        ("\r=1", "\n'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff201", "'\uff201"),
        ("\ufe661", "'\ufe661"),
        ("Ada;=1", "Ada;'=1"),
        ("Ada; =1", "Ada;' =1"),
        ("Ada\t-1", "Ada\t'-1"),
        ("It is wrong:\n-1", "It is wrong:\n'-1"),
        ('"=1', "'\"=1"),
        ("'=1", "'=1"),
        ("", ""),
        ("dW is -1, not =2; that @ a glance", "dW is -1, not =2; that @ a glance"),
        ("O'Neil-Smith", "O'Neil-Smith"),
        ("a@example.com", "a@example.com"),
    ],
)
def test_a_formula_is_only_text(text, safe):
    assert escape_formula(text) == safe
    assert escape_formula(safe) == safe


@settings(max_examples=1000, deadline=None)
@given(text=st.text(alphabet="=+-@;,\t\r\n \"'|a1\uff1d\u00a0", max_size=12))
@example('a";=1')
@example(';"=')
@example('",\n=1')
def test_no_spreadsheet_takes_a_text_for_a_formula(text):
    """Whatever separates its cells: commas, semicolons or tabs."""
    table = "".join(csv_lines([[text, "b", text], ["c", text, -1.5]]))
    assert rows([table]) == [[escape_formula(text), "b", escape_formula(text)], ["c", escape_formula(text), "-1.5"]]
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(table, newline=""), delimiter=separator):
            for cell in row:
                assert cell == "-1.5" or not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")), (separator, cell)


def test_numbers_stay_numbers():
    (line,) = csv_lines([["ada", -2.5, 0, 100.0, 66.67, None, ""]])
    assert line == "ada,-2.5,0,100,66.67,,\n"


EVIL = "=cmd|'/c calc'!A1;=1\n=2"


@pytest.mark.parametrize("ids", ["", *PLATFORMS])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_export_runs_what_a_person_is_called(platform, ids):
    columns = tuple((name, EVIL) for name in ("Section", "SID", "SIS User ID", "SIS Login ID", "ID number"))
    people = [replace(on(ids, Person(EVIL, EVIL, EVIL)), columns=columns)]
    table = rows(export_csv(platform, [mark(EVIL, people), mark(EVIL)], Exports(EVIL), people))
    assert len({len(row) for row in table}) == 1
    assert all(escape_formula(cell) == cell for row in table for cell in row)
    assert len(table) == len(rows(export_csv(platform, [], Exports()))) + 3


# Platforms


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_person_has_a_row_with_the_mark(platform):
    """A group as many as it has members, a submission of nobody known one under its name, who is absent one without a mark."""
    marks = [mark("team", [ADA, EMMY]), mark("stranger", score=30), FAILED]
    found = exported(platform, marks, Exports("Backpropagation"), [GRACE])
    head = {"Gradescope": "SID", "Canvas": "SIS User ID", "Moodle": "ID number"}[platform]
    score = {"Gradescope": "Backpropagation", "Canvas": "Backpropagation", "Moodle": "Grade"}[platform]
    people = [(row[head], row[score]) for row in found if row[head]]
    assert people == [("101", "60"), ("102", "60"), ("stranger", "30"), ("emmy", ""), ("103", "")]


def test_gradescope():
    on_time = mark("emmy", [EMMY], rules=Settings(Late(TIME)), score=59.5)
    found = rows(
        export_csv("Gradescope", [mark("ada", [ADA], rules=LATE), on_time, mark("x", submitted=None)], Exports("HW 4"), [GRACE])
    )
    assert found == [
        [
            *("First Name", "Last Name", "SID", "Email", "Sections", "HW 4", "HW 4 - Max Points", "HW 4 - Submission Time"),
            *("HW 4 - Lateness (H:M:S)", "Total Lateness (H:M:S)"),
        ],
        ["Ada", "Lovelace", "101", "ada@example.com", "", "48", "100", "2026-10-01 23:59:30 -0400", "25:00:05", "25:00:05"],
        ["Emmy", "Noether", "102", "emmy@example.com", "", "59.5", "100", "2026-10-01 23:59:30 -0400", "00:00:00", "00:00:00"],
        ["", "", "x", "", "", "60", "100", "", "", ""],
        ["Grace", "Hopper", "103", "grace@example.com", "", "", "100", "", "", ""],
    ]


def test_canvas():
    assert rows(export_csv("Canvas", [mark("ada", [ADA])], Exports("HW 4", "HW 4 (12345)"))) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 4 (12345)"],
        ["    Points Possible", "", "", "", "", "100"],
        ["Ada Lovelace", "", "101", "ada@example.com", "", "60"],
    ]
    assert rows(export_csv("Canvas", [mark("ada", [on("Canvas", ADA)])], Exports("HW 4")))[::2] == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 4"],
        ["Ada Lovelace", "101", "", "ada@example.com", "", "60"],
    ]


def test_ids_and_sections_are_those_of_the_roster():
    """An id of one platform is not written in another's column, nor an email for an id."""
    cells = (("SIS User ID", "0101"), ("SIS Login ID", "ada"), ("Section", "A"))
    people = [replace(on("Canvas", ADA), columns=cells), on("Moodle", EMMY), Person("Grace Hopper", "g@x.edu", "g@x.edu")]
    canvas, gradescope, moodle = (
        [row[1:] for row in rows(export_csv(platform, [mark("team", people)], Exports("HW 4")))][-3:]
        for platform in ("Canvas", "Gradescope", "Moodle")
    )
    assert [row[:4] for row in canvas] == [
        ["101", "0101", "ada", "A"],
        ["", "", "emmy@example.com", ""],
        ["", "", "g@x.edu", ""],
    ]
    assert [row[1:4] for row in gradescope] == [
        ["101", "ada@example.com", "A"],
        ["102", "emmy@example.com", ""],
        ["g@x.edu", "g@x.edu", ""],
    ]
    assert [row[1] for row in moodle] == ["", "", ""]
    assert rows(export_csv("Moodle", [mark("team", people)]))[2][0] == "Participant 102"


def test_no_name_can_set_the_points():
    """Canvas takes every row whose student is called so for the row of the points."""
    found = exported("Canvas", [mark("ada", [Person("My Points Possible", id="1")])])
    assert [row["Student"] for row in found if "Points Possible" in row["Student"]] == ["    Points Possible"]
    assert found[1]["Student"] == "My Points-Possible"


def test_moodle():
    found = rows(export_csv("Moodle", [mark("ada", [ADA], rules=LATE)], Exports(), [GRACE]))
    assert found[0] == [
        *("Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"),
        *("Last modified (submission)", "Last modified (grade)", "Feedback comments"),
    ]
    assert found[1][:-1] == [
        *("", "Ada Lovelace", "101", "ada@example.com", "Submitted for grading", "48", "100", "Yes"),
        *("Thursday, 01 October 2026, 11:59 PM", ""),
    ]
    assert found[1][-1].startswith("Submitted 2026-10-02 00:00 (UTC-04:00), within 2 days")
    assert found[1][-1].endswith("1 hidden check did not pass. Start here: warmup.py: It is wrong.")
    assert found[2] == ["", "Grace Hopper", "103", "grace@example.com", "No submission", "", "100", "Yes", "", "", ""]


def test_moodle_finds_its_participants_by_their_numbers():
    """As its importer reads an Identifier: what follows the word, as a number."""
    (row,) = exported("Moodle", [mark("ada", [on("Moodle", ADA)])])
    assert (row["Identifier"], row["ID number"]) == ("Participant 101", "")
    assert int(row["Identifier"][len("Participant ") :]) == 101


def test_comments_for_moodle_are_html():
    invalid = Result("ada", "invalid", (CHECK,), reason="The zip holds <img src=x> & more.")
    (row,) = exported("Moodle", [mark_of(invalid)])
    assert row["Feedback comments"] == "Nothing could be graded: The zip holds &lt;img src=x&gt; &amp; more."


# The table in the terminal


def shown(marks):
    table = io.StringIO()
    Console(file=table, width=120).print(grades_table(Summary(marks), 200))
    return [line.rstrip() for line in table.getvalue().splitlines()]


def test_a_class_of_many_is_told_in_a_line():
    assert shown([mark(f"student{number}", score=number) for number in range(101)]) == [
        "101 submissions: mean 50.0, median 50, half of them from 25 to 75"
    ]


def test_of_a_class_of_many_those_to_look_at_are_shown():
    marks = [mark(f"student{number}") for number in range(100)]
    lines = shown([*marks, mark_of(Result("zoe", "invalid", marks[0].result.checks, "There is nothing in it."))])
    assert lines[0].startswith("101 submissions: ")
    assert lines[0].endswith(". To look at:")
    assert [line.split()[0] for line in lines[1:]] == ["student", "zoe"]
