"""Canvas's gradebook and Moodle's worksheet are read as the roster and written with the scores; nothing else changes."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from autograder.files import ROOT
from autograder.intake.roster import read_roster
from autograder.intake.submission_ref import Person, SubmissionRef
from autograder.marks import Adjustment, mark_of
from autograder.report.worksheet import ExportError, open_worksheet, place_sheets
from autograder.results import CheckResult, Result
from autograder.settings import Exports
from tests.project.grading import command, rows

CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 100, True)
FAILED = Result("x", "error", (CHECK,), reason="The grader failed.")


def person(platform, number, name="somebody"):
    return Person(name, id=number, platform_ids=((platform, number),))


def ref(student, *people):
    return SubmissionRef(student, Path(student), people=people)


@pytest.fixture
def fill(tmp_path):
    """fill(text, {ref: points taken}) is the table with the scores, and what is said of it."""

    def fill(text, refs, exports=Exports("HW 4"), results=lambda student: Result(student, "graded", (CHECK,))):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode())
        roster = read_roster(path)
        taken = {one.student: points for one, points in refs.items()}
        known = [roster.complete(one) for one in refs]
        sheet, said = open_worksheet(roster, exports, 100, known)
        fillings = {}
        for one in known:
            adjustments = [Adjustment(-taken[one.student], "late")]
            fillings |= sheet.fill(mark_of(results(one.student), one, adjustments=adjustments))
        return "".join(sheet.lines(fillings)), said, sheet

    return fill


def cells(text, delimiter=","):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))


def differences(before, after, delimiter=","):
    """Return the cells that differ, as {(row, column): new text}; the tables have the same shape."""
    old, new = cells(before, delimiter), cells(after, delimiter)
    assert [len(row) for row in old] == [len(row) for row in new]
    pairs = ((row, column) for row, line in enumerate(old) for column in range(len(line)))
    return {(row, column): new[row][column] for row, column in pairs if old[row][column] != new[row][column]}


# Canvas. The columns, and the rows above and below the students, are those of lib/gradebook_exporter.rb of
# https://github.com/instructure/canvas-lms, with the ids of an office, a column of notes, posting by hand, totals and a test
# student. Which columns an import reads is in lib/gradebook_importer.rb.

TOTALS = "Assignments Current Points,Assignments Final Points,Current Score,Unposted Current Score,Final Score,Final Grade"
GRADEBOOK = (
    f"Student,ID,SIS User ID,SIS Login ID,Section,Notes,HW 3 (70),HW 4 (71),Quiz (72),{TOTALS}\r\n"
    ",,,,,,,Manual Posting,,,,,,,\r\n"
    "    Points Possible,,,,,,10,100,5,(read only),(read only),(read only),(read only),(read only),(read only)\r\n"
    '"Lovelace, Ada",101,00417,ada,"CS 1-01 and CS 1-02","says ""hi"", often",9.5,,5,14.5,14.5,96.67,96.67,96.67,A\r\n'
    '"Hopper, Grace",102,00418,grace, CS 1-02 ,,EX,55.5,-,0,0,"",,,\r\n'
    '"Lovelace, Ada",103,00419,ada3,CS 1-01,,8,EX,,8,8,80,80,80,B\r\n'
    "\r\n"
    '"Noether, Emmy",104,00420,emmy,CS 1-01,,8,N/A,,8,8,80,80,80,B\r\n'
    '"Absent, Al",105,00421,al,CS 1-01,,8,41,,8,8,80,80,80,B\r\n'
    '"Student, Test",900,,a1b2c3,CS 1-01,,,,,0,0,,,,\r\n'
)
CLASS = {
    ref("lovelaceada_101", person("Canvas", "101", "lovelaceada")): 12.25,
    ref("hoppergrace", person("Canvas", "102", "hoppergrace")): 0,
    ref("lovelaceada_103", person("Canvas", "103", "lovelaceada")): 0,
    ref("noetheremmy", person("Canvas", "104", "noetheremmy")): 0,
    ref("stranger", person("Canvas", "00421", "stranger")): 0,
}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_canvas_gradebook_differs_in_the_scores_alone(fill, mark, end, separator):
    """Also the byte order mark, the line ends, the quotes and the cells of people who have no score stay as they were."""
    before = mark + GRADEBOOK.replace("\r\n", end)
    if separator == ";":
        rows = cells(before)
        before = mark + end.join(separator.join(f'"{cell}"' if '"' not in cell else "x" for cell in row) for row in rows) + end
    after, _, _ = fill(before, CLASS)
    assert differences(before, after, separator) == {(3, 7): "87.75", (4, 7): "100"}
    changed = [line for line in after.split(end) if line not in before.split(end)]
    assert len(changed) == 2
    assert after.startswith(mark)
    assert [line[: line.index("96.67")] for line in changed if "96.67" in line and separator == ","] == [
        '"Lovelace, Ada",101,00417,ada,"CS 1-01 and CS 1-02","says ""hi"", often",9.5,87.75,5,14.5,14.5,'
    ] * (separator == ",")


def test_what_canvas_reads_is_what_canvas_gave(fill):
    """Column by column of lib/gradebook_importer.rb: the id, notes, each assignment and the row of points."""
    before, after = (cells(text) for text in (GRADEBOOK, fill(GRADEBOOK, CLASS)[0]))
    header = before[0]
    assert after[:3] == before[:3]
    for column in range(len(header)):
        if header[column] != "HW 4 (71)":
            pairs = zip(before, after, strict=True)
            assert all(old[column : column + 1] == new[column : column + 1] for old, new in pairs), header[column]


def test_people_without_a_filled_in_row_are_reported(fill):
    twice = {**CLASS, ref("again", person("Canvas", "101", "lovelaceada")): 50}
    after, said, _ = fill(GRADEBOOK, twice)
    assert differences(GRADEBOOK, after) == {(4, 7): "100"}
    assert said == [
        "exports/canvas.csv is the roster with the scores in its column HW 4 (71), which has the assignment's title.",
        "No score for these in exports/canvas.csv, because each has more than one submission: Ada Lovelace.",
        "Not in exports/canvas.csv but in exports/canvas_not_on_roster.csv, because they are not on the roster: stranger.",
        "Left as they are in exports/canvas.csv, because they are excused there: Ada Lovelace.",
        "Left as they are in exports/canvas.csv, because they are not assigned there: Emmy Noether.",
    ]


def test_people_who_are_not_on_the_roster_have_a_separate_table(fill):
    _, _, sheet = fill(GRADEBOOK, CLASS)
    placed = place_sheets(Exports("HW 4"), 100, sheet)
    assert sorted(placed) == ["exports/canvas_not_on_roster.csv", "exports/gradescope.csv", "exports/moodle.csv"]
    team = SubmissionRef("team", Path("team"), people=(Person("Ada", columns=(("ID", "1"),)), person("Canvas", "7")))
    nobody = SubmissionRef("nobody", Path("nobody"))
    known = SubmissionRef("ada", Path("ada"), people=team.people[:1])
    marks = [mark_of(Result("x", "graded", (CHECK,)), one) for one in (team, nobody, known)]
    found = cells("".join(placed["exports/canvas_not_on_roster.csv"].lines(marks, [Person("Absent")])))
    assert found == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 4 (71)"],
        ["somebody", "7", "", "", "", "100"],
        ["nobody", "", "nobody", "", "", "100"],
    ]
    _, said, sheet = fill(GRADEBOOK, {ref("a", person("Canvas", "101")): 0})
    assert "exports/canvas_not_on_roster.csv" not in place_sheets(Exports("HW 4"), 100, sheet)
    assert len(said) == 1


def test_a_score_that_the_grader_could_not_find_changes_nothing(fill):
    assert fill(GRADEBOOK, CLASS, results=lambda student: FAILED)[0] == GRADEBOOK


ONLY = "Student,ID,SIS Login ID,Section,HW (7)\n    Points Possible,,,,10\nAda,1,a,S,\n"
COLUMNS = {
    "by canvas_id": (GRADEBOOK, Exports("x", "HW 3 (70)"), "column HW 3 (70), which canvas_id names."),
    "by the number of a renamed one": (GRADEBOOK, Exports("x", "Old name (72)"), "column Quiz (72), which canvas_id names."),
    "by the title": (GRADEBOOK, Exports("hw 3"), "column HW 3 (70), which has the assignment's title."),
    "the only one": (ONLY, Exports("Backpropagation"), "column HW (7), its only assignment."),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_which_column_gets_the_scores_is_said(fill, case):
    text, exports, words = COLUMNS[case]
    assert fill(text, {}, exports)[1][0] == f"exports/canvas.csv is the roster with the scores in its {words}"


UNCLEAR = {
    "no title": (GRADEBOOK, Exports("Backprop"), "HW 3 (70), HW 4 (71), Quiz (72); none of them is called Backprop."),
    "a canvas_id of another course": (
        GRADEBOOK,
        Exports("HW 4", "HW 4 (99)"),
        "none of them is HW 4 (99), which canvas_id names.",
    ),
    "a title twice": (GRADEBOOK.replace("Quiz", "HW 4"), Exports("HW 4"), "HW 4 (71), HW 4 (72); each of them may be meant."),
    "canvas_id for an only one": (ONLY, Exports("HW", "HW (8)"), "HW (7); none of them is HW (8), which canvas_id names."),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_an_unclear_column_is_an_error_that_names_the_candidates(fill, case):
    text, exports, words = UNCLEAR[case]
    with pytest.raises(ExportError) as caught:
        fill(text, {}, exports)
    assert words in str(caught.value)
    assert str(caught.value).endswith("as canvas_id below [exports] in the course file.")


def test_totals_and_read_only_columns_are_no_assignments(fill, tmp_path):
    text = (
        "Student,ID,SIS Login ID,Section,Final Score (2026),Locked (9)\n    Points Possible,,,,100,(read only)\nAda,1,a,S,1,2\n"
    )
    (tmp_path / "roster.csv").write_text(text)
    assert open_worksheet(read_roster(tmp_path / "roster.csv"), Exports("HW"), 100, []) == (
        None,
        ["The roster has no column of an assignment, so exports/canvas.csv is a table of its own."],
    )


def test_other_points_are_told(fill):
    assert fill(ONLY, {})[1][1] == (
        "HW (7) counts up to 10 points, and the scores here up to 100: Canvas keeps its own maximum."
    )


def test_the_points_are_not_those_of_a_person_called_so(fill):
    person = ONLY.replace("    Points", "My Points Possible,2,b,S,10\n    Points").replace(",,,,10", ",,,,100")
    assert len(fill(person, {})[1]) == 1


def test_names_in_two_columns(fill):
    text = GRADEBOOK.replace("Student,ID", "LastName,FirstName,ID").replace(",,,,,,,Manual", ",,,,,,,,Manual")
    text = text.replace("Possible,", "Possible,,").replace(", Ada", '","Ada').replace(", Grace", '","Grace')
    after, _, _ = fill(text.replace(", Emmy", '","Emmy').replace(", Al", '","Al').replace(", Test", '","Test'), CLASS)
    assert [row[8] for row in cells(after)[3:5]] == ["87.75", "100"]


# Formulas


def test_a_formula_in_a_name_is_defused_and_canvas_still_finds_the_person(fill):
    evil = '=HYPERLINK(""http://x"")'
    text = f'Student,ID,SIS User ID,SIS Login ID,Section,Notes,HW (7)\n"{evil}",101,-17,+ada@x.edu,@s,-a note,-\n'
    text += '"My Points Possible, A",102,S2,b,S,,\n'
    after, _, _ = fill(text, {ref("ada", person("Canvas", "101")): 0, ref("b", person("Canvas", "102")): 0})
    assert cells(after)[1:] == [
        ['\'=HYPERLINK("http://x")', "101", "-17", "'+ada@x.edu", "'@s", "-a note", "100"],
        ["My Points-Possible, A", "102", "S2", "b", "S", "", "100"],
    ]


def test_a_formula_in_moodle_is_defused_and_moodle_still_finds_the_person(fill):
    text = WORKSHEET.replace("Ada Lovelace", "=1+1", 1).replace("Submitted for grading - Graded", "@x")
    after, _, _ = fill(text, {ref("ada", person("Moodle", "901")): 0})
    assert {place: cell for place, cell in differences(text, after).items() if place[1] != 10} == {
        (1, 1): "'=1+1",
        (1, 4): "'@x",
        (1, 5): "100",
    }


# Moodle. The columns are those of a download: mod/assign/gradingtable.php of https://github.com/moodle/moodle. An upload
# reads Identifier, Grade, Last modified (grade) and the comments: mod/assign/feedback/offline/importgradeslib.php.

WORKSHEET = (
    'Identifier,"Full name","ID number","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    'Participant 901,"Ada Lovelace",00417,ada@x.edu,"Submitted for grading - Graded",12.00,100.00,Yes,'
    '"Thursday, 1 October 2026, 11:59 PM","Friday, 2 October 2026, 8:00 AM","<p>Old, ""kept""</p>"\n'
    'Participant 902,"Grace Hopper",00418,grace@x.edu,"No submission",33.00,100.00,Yes,-,'
    '"Friday, 2 October 2026, 8:00 AM",<p>By hand</p>\n'
    'Participant 903,"Ada Lovelace",00419,ada3@x.edu,"Submitted for grading",,100.00,Yes,-,-,\n'
)
IN_MOODLE = {
    ref("Ada Lovelace_903", person("Moodle", "903", "Ada Lovelace")): 4.5,
    ref("Ada Lovelace_901", person("Moodle", "901", "Ada Lovelace")): 0,
}


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_moodle_worksheet_differs_in_grades_and_comments_alone(fill, mark, end):
    before = mark + WORKSHEET.replace("\n", end)
    after, said, _ = fill(before, IN_MOODLE)
    changed = differences(before, after)
    assert {place: cell for place, cell in changed.items() if place[1] != 10} == {(1, 5): "100", (3, 5): "95.5"}
    assert sorted(changed) == [(1, 5), (1, 10), (3, 5), (3, 10)]
    assert changed[3, 10] == "4.5 points deducted by hand: late. All checks passed, the public and the hidden ones."
    assert after.split(end)[2] == before.split(end)[2]
    assert after.startswith(before[: before.index("12.00")])
    assert said == ["exports/moodle.csv is the roster with the scores in its column Grade."]


def test_a_worksheet_without_comments_or_with_other_points(fill):
    header = "Identifier,Full name,Grade,Maximum grade,Last modified (grade)\n"
    after, said, _ = fill(header + "Participant 901,Ada,,10.00,-\n", {ref("a", person("Moodle", "901")): 0})
    assert after == header + "Participant 901,Ada,100,10.00,-\n"
    assert said[0].endswith("It has no column Feedback comments, so it gets grades alone.")
    assert said[1] == "The worksheet counts up to 10 points, and the scores here up to 100: Moodle passes over what is more."


def test_a_grade_that_moodle_locked_stays_and_is_told(fill):
    before = WORKSHEET.replace("100.00,Yes", "100.00,No", 1)
    after, said, _ = fill(before, IN_MOODLE)
    assert sorted(differences(before, after)) == [(3, 5), (3, 10)]
    assert said[1:] == ["Left as they are in exports/moodle.csv, because they are locked there: Ada Lovelace."]


def test_each_member_of_a_moodle_group_gets_the_grade_of_the_group(fill):
    """The group's id is that of a participant in another group."""
    header = "Identifier,Full name,Status,Group,Grade,Last modified (grade)\n"
    rows = "Participant 77,Ada,,Team A,,-\nParticipant 902,Grace,,Team B,,-\nParticipant 903,Emmy,,Team B,,-\n"
    after, _, _ = fill(header + rows, {ref("Team B", person("Moodle", "77", "Team B")): 40})
    assert [row[4] for row in cells(after)[1:]] == ["", "60", "60"]


@pytest.mark.parametrize(
    "text",
    ["Name,SID,Email\nAda,1,a@x.edu\n", "Identifier,Full name,Email address,Status,Grade\nParticipant 1,Ada,a@x.edu,,\n"],
)
def test_other_rosters_are_no_tables_to_fill(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text)
    assert open_worksheet(read_roster(tmp_path / "roster.csv"), Exports("HW"), 100, []) == (None, [])


# The command


def test_a_canvas_class_gives_a_filled_in_canvas_gradebook(tmp_path, monkeypatch):
    """The score is that of grades.csv; without a clear column nothing is graded."""
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr("lovelaceada_101_5001_dnn.py", "class DNN: pass\n")
        archive.writestr("hoppergrace_102_5002_hw.docx", b"")
    (tmp_path / "roster.csv").write_bytes(GRADEBOOK.encode())
    settings, out = tmp_path / "course.toml", tmp_path / "out"
    arguments = ["grade", tmp_path / "submissions.zip", "--roster", tmp_path / "roster.csv", "--out", out, "--jobs", 1]
    refused = command(*arguments)
    assert (refused.returncode, refused.stdout, out.exists()) == (2, "", False)
    assert "HW 3 (70), HW 4 (71), Quiz (72); none of them is called Backpropagation." in refused.stderr
    monkeypatch.setenv("COURSE", str(settings))
    settings.write_text(f'{(ROOT / "course.toml").read_text()}\ncanvas_id = "HW 4 (71)"\n')
    finished = command(*arguments)
    assert finished.returncode == 0, finished.stderr
    assert "the roster with the scores in its column HW 4 (71), which canvas_id names." in finished.stderr
    after = (out / "exports/canvas.csv").read_bytes().decode()
    scores = {row["platform_id"]: row["score"] for row in rows(out)}
    assert differences(GRADEBOOK, after) == {(3, 7): scores["101"], (4, 7): scores["102"]}
    with zipfile.ZipFile(out / "exports/feedback_canvas.zip") as archive:
        pages = {name: archive.read(name) for name in archive.namelist()}
    assert pages == {
        "hoppergrace_102_5002_hw.docx.html": (out / "feedback/hoppergrace.html").read_bytes(),
        "lovelaceada_101_5001_dnn.py.html": (out / "feedback/lovelaceada.html").read_bytes(),
    }
