"""`make adjust` and `make adjustments` for several TAs, and the summary of `make grade`."""

import csv
import sqlite3

import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.gradebook import Gradebook
from autograder.gradebook.people import Member, UnknownPersonError, find_member, members_from, to_record
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Adjustment

SOURCE = (ROOT / "solution/warmup.py").read_text()
ROSTER = "Name,Email,SID\nAda Lovelace,ada@example.org,00417\nBob Ross,bob@example.org,2\nZoe Absent,zoe@example.org,3\n"


@pytest.fixture(autouse=True)
def nobody_at_the_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "emmy")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Return a class of three, two of whom are on the roster, and its OUT."""
    folder = tmp_path_factory.mktemp("adjust")
    for student in ("417", "bobross", "eve"):
        (folder / "class" / student).mkdir(parents=True)
        (folder / "class" / student / "warmup.py").write_text(SOURCE)
    (folder / "roster.csv").write_text(ROSTER)
    call = ["grade", str(folder / "class"), "--out", str(folder / "out"), "--roster", str(folder / "roster.csv")]
    assert main(call) == 0
    return folder


@pytest.fixture
def out(graded, tmp_path):
    """Return a copy of the gradebook alone."""
    with sqlite3.connect(graded / "out/gradebook.db") as source, sqlite3.connect(tmp_path / "gradebook.db") as copy:
        source.backup(copy)
    return tmp_path


def adjust(out, student, *more, points=-5, reason="late form"):
    return main(["adjust", student, f"--points={points}", "--reason", reason, "--out", str(out), *more])


def decided(out):
    with Gradebook(out / "gradebook.db", "") as book:
        return [(student, one.points, one.reason, one.person, one.who) for student, one in book.list_adjustments()]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("417", "417"),
        ("00417", "417"),
        ("ada@example.org", "417"),
        ("Ada Lovelace", "417"),
        ("Lovelace, Ada", "417"),
        ("BobRoss", "bobross"),
        ("2", "bobross"),
        ("eve", "eve"),
    ],
)
def test_a_student_can_be_named_by_any_name_or_id(out, name, student):
    assert adjust(out, name) == 0
    assert decided(out) == [(student, -5, "late form", "", "emmy")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ada@exampel.org", 'No student named "ada@exampel.org" in '),
        ("ada@exampel.org", "Similar names: ada@example.org"),
        ("zoe@example.org", "zoe@example.org did not submit, so there is no score to adjust"),
        ("\x1b[1m", 'No student named "\\u001b[1m" in '),
    ],
)
def test_unknown_people_are_not_adjusted(out, capsys, name, words):
    assert adjust(out, name) == 2
    assert words in capsys.readouterr().err
    assert decided(out) == []


def test_who_and_when_are_saved_and_listed(out, capsys):
    assert adjust(out, "Ada Lovelace", "--who", "grace") == 0
    assert adjust(out, "2", points="+2.5", reason="a fine plot") == 0
    capsys.readouterr()
    assert main(["adjustments", "--out", str(out)]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["when", "who", "points", "student", "person", "reason"]
    assert [line.split()[3:] for line in lines] == [
        ["grace", "-5", "417", "everyone", "late", "form"],
        ["emmy", "+2.5", "bobross", "everyone", "a", "fine", "plot"],
    ]
    with sqlite3.connect(out / "gradebook.db") as database:
        (when,) = database.execute("SELECT substr(made, 1, 16) FROM adjustments LIMIT 1").fetchone()
    assert lines[0].startswith(when.replace("T", " ") + " UTC")


def test_the_same_twice_needs_to_be_meant(out, capsys, monkeypatch):
    assert adjust(out, "417") == adjust(out, "417", reason="another") == adjust(out, "417", points=-4) == 0
    assert adjust(out, "Ada Lovelace", "--who", "grace") == 2
    said = capsys.readouterr().err
    assert "This adjustment was already made: -5 points for the same reason, by emmy on " in said
    assert "Pass AGAIN=1" in said
    assert len(decided(out)) == 3
    assert adjust(out, "417", "--again") == 0
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, count in (("n\n", 4), ("\n", 4), ("", 4), ("y\n", 5)):
        monkeypatch.setattr("sys.stdin.readline", lambda answer=answer: answer, raising=False)
        assert adjust(out, "417") == 0
        assert len(decided(out)) == count


def test_an_unknown_user_must_be_named(out, capsys, monkeypatch):
    def fail():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", fail)
    assert adjust(out, "417") == 2
    assert "Add WHO=your-name." in capsys.readouterr().err
    assert adjust(out, "417", "--who", "grace") == 0


def test_a_gradebook_from_before_keeps_its_adjustments(tmp_path, capsys):
    with Gradebook(tmp_path / "gradebook.db", ""):
        pass
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute("DROP TABLE adjustments")
        database.execute(
            "CREATE TABLE adjustments (number INTEGER PRIMARY KEY, student TEXT NOT NULL, points REAL NOT NULL, "
            "reason TEXT NOT NULL, made TEXT NOT NULL)"
        )
        database.execute("INSERT INTO adjustments VALUES (1, 'ada', 2, 'old', '2026-01-02T03:04:05Z')")
    with Gradebook(tmp_path / "gradebook.db", "") as book:
        assert book.adjustments() == {"ada": (Adjustment(2, "old"),)}
    assert main(["adjustments", "--out", str(tmp_path)]) == 0
    assert "2026-01-02 03:04 UTC  unknown" in capsys.readouterr().out


# One member of a group

ADA, GRACE = Person("Ada Lovelace", "ada@example.org", "1"), Person("Grace Hopper", "grace@example.org", "2")
TWIN = Person("Ada Lovelace", "other@example.org", "3")


@pytest.fixture
def members(tmp_path):
    refs = [SubmissionRef("team", tmp_path, people=(ADA, GRACE)), SubmissionRef("solo", tmp_path, people=(TWIN,))]
    return [member for ref in refs for member in members_from(ref.student, to_record(ref))]


@pytest.mark.parametrize(
    ("name", "student", "label"),
    [
        ("team", "team", ""),
        ("1", "team", "ada@example.org"),
        ("grace hopper", "team", "grace@example.org"),
        ("solo", "solo", ""),
        ("3", "solo", ""),
    ],
)
def test_a_member_of_a_group_is_that_member_and_its_name_is_all_of_it(members, name, student, label):
    found = find_member(members, name, "the gradebook")
    assert (found.student, found.label) == (student, label)


def test_a_name_of_two_people_is_refused_with_an_id_of_each(members):
    with pytest.raises(UnknownPersonError) as refused:
        find_member(members, "Ada Lovelace", "the gradebook")
    assert "ada@example.org (submission team), other@example.org (submission solo)" in str(refused.value)


def test_an_empty_class_has_no_nearest_name():
    with pytest.raises(UnknownPersonError, match="No name there is similar"):
        find_member([Member("x", "", ("x",))], "somebody else", "the gradebook")


METADATA = """---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1'
    :email: ada@example.org
  - :name: Grace Hopper
    :sid: '2'
    :email: grace@example.org
  :created_at: 2026-11-21 05:26:26 Z
"""


def test_one_member_of_a_group_is_adjusted_alone_and_no_page_says_so(tmp_path, capsys):
    folder, out = tmp_path / "class", tmp_path / "out"
    (folder / "submission_1").mkdir(parents=True)
    (folder / "submission_1/warmup.py").write_text(SOURCE)
    (folder / "submission_metadata.yml").write_text(METADATA)
    assert main(["grade", str(folder), "--out", str(out)]) == 0
    capsys.readouterr()
    assert adjust(out, "Grace Hopper", reason="no commits") == 0
    assert "grace@example.org (submission 1+2): -5 (no commits), by emmy." in capsys.readouterr().out
    assert main(["grade", str(folder), "--out", str(out)]) == 0
    with (out / "exports/moodle.csv").open() as file:
        found = {row["ID number"] or row["Identifier"]: row for row in csv.DictReader(file)}
    ada, grace = found.values()
    assert float(grace["Grade"]) == float(ada["Grade"]) - 5
    assert "no commits" in grace["Feedback comments"]
    assert "no commits" not in ada["Feedback comments"] + (out / "feedback/1+2.html").read_text()
    (row,) = csv.DictReader((out / "grades.csv").read_text().splitlines())
    assert (row["score"], row["adjustment"]) == (ada["Grade"], "0")
    assert "For grace@example.org only: 5 points deducted by hand: no commits." in row["reason"]


# The end of a run


def test_a_pattern_without_matches_is_an_error_that_lists_names(graded, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["grade", str(graded / "class"), "--out", str(out), "--only", "evee"]) == 2
    said = capsys.readouterr().err
    assert 'ONLY="evee" matches none of 3 submissions.' in said
    assert "the first column of grades.csv, such as eve;" in said
    assert not out.exists()


def test_a_run_ends_with_what_needs_a_person(graded, tmp_path, capsys):
    folder = tmp_path / "class"
    for student in ("417", "eve", *(f"empty{number}" for number in range(7))):
        (folder / student).mkdir(parents=True)
        (folder / student / "warmup.py").write_text(SOURCE if student in ("417", "eve") else "")
    (folder / "eve/warmup.py").write_text(f"import torch\n{SOURCE}")
    call = ["grade", str(folder), "--out", str(tmp_path / "out"), "--roster", str(graded / "roster.csv")]
    assert main(call) == 0
    adjust(tmp_path / "out", "eve")
    (folder / "eve").rename(folder / "yves")
    capsys.readouterr()
    assert main(call) == 0
    said = capsys.readouterr().out
    end = said[said.index("What needs your attention:") :].splitlines()
    names = "empty0, empty1, empty2, empty3, empty4 and 2 more"
    assert end[1] == f"- Nothing could be read: 7 ({names}). These have 0 points. Ask for the files again."
    assert end[0] == "What needs your attention: 16"
    assert end[2].startswith("- Submitted, but not on the roster: 8 (")
    assert end[3] == "- Adjusted by hand, but not in this class: 1 (eve). `make adjustments` lists them."
    assert end[4] == "Good to know:"
    assert end[5].startswith("- Skipped lines and unusual files: 1 (yves). ")
    assert end[6].startswith("- On the roster, but submitted nothing: 2 (Bob Ross (2), Zoe Absent (3)). ")
    assert said.rstrip().splitlines()[-1] == end[-1]
    assert len(end) < 12
    report = (tmp_path / "out/report.html").read_text()
    assert '<a href="#needs"><strong>16</strong> need you' in report
    assert all(f"<strong>{line[2:].partition(':')[0]}</strong>" in report for line in (*end[1:4], *end[5:7]))


def test_the_adjustment_is_in_what_is_written(graded, tmp_path):
    folder, out = graded / "class", tmp_path / "out"
    assert main(["grade", str(folder), "--out", str(out)]) == 0
    assert adjust(out, "eve", points=-2) == 0
    assert main(["grade", str(folder), "--out", str(out)]) == 0
    with (out / "grades.csv").open() as file:
        scores = {row["student"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores["eve"] == scores["417"] - 2
