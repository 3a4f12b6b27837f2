"""Feedback is returned by the platforms' own rules, only to the person it is about; everything else is reported."""

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.intake.find import find
from autograder.intake.read import Reader
from autograder.intake.roster import read_roster
from autograder.intake.submission_ref import Discovery, Person, SubmissionRef
from autograder.marks import mark_of
from autograder.report.outputs import plan_outputs
from autograder.report.returns import plan_returns
from autograder.results import CheckResult, Result
from autograder.settings import Exports
from tests.course import ASSIGNMENT, GRADED_FILES

CHECK = CheckResult("id", "dnn", "forward", "A sentence.", "hidden", 60, True)
WRONG = replace(CHECK, passed=False)


@pytest.fixture
def send(tmp_path):
    """send({name: data}, roster) hands out a class whose pages hold what each submission's dnn.py says.

    It is ({path in OUT: bytes}, remarks); the grader fails on what says `failed`.
    """

    def send(files, roster=""):
        with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        (tmp_path / "roster.csv").write_text(roster)
        known = read_roster(tmp_path / "roster.csv") if roster else None
        found = find(tmp_path / "class.zip", GRADED_FILES)
        refs = tuple(known.complete(one) if known else one for one in found.submissions)
        outputs = plan_outputs(Discovery(found.kind, refs), known, Exports("HW 4"), ASSIGNMENT)
        out = tmp_path / "out"
        for folder in ("exports", "feedback"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        with Reader(GRADED_FILES) as reader, outputs.open(out) as add:
            for one in refs:
                data = reader.read(one).sources.get("dnn", b"nothing")
                (out / f"feedback/{one.student}.html").write_bytes(data)
                status = {b"failed": "error", b"nothing": "invalid"}.get(data, "graded")
                check = CHECK if status == "graded" else WRONG
                add(mark_of(Result(one.student, status, (check,), reason="It is so."), one))
        return {path.name: path.read_bytes() for path in (out / "exports").iterdir()}, outputs.remarks

    return send


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def deliver_moodle(data):
    """Return what Moodle gives to each participant: the rule of `is_valid_filename_for_import` in
    mod/assign/feedback/file/importziplib.php of https://github.com/moodle/moodle, for versions that need five parts too.
    """
    given = {}
    for path, page in members(data).items():
        assert not path.rpartition("/")[2].startswith((".", "~"))
        part = path.split("/")[0].split("_", 4)
        assert len(part) == 5
        assert part[2:4] == ["assignsubmission", "file"]
        given.setdefault(int(part[1]), []).append(page)
    return given


def deliver_canvas(data, attachments):
    """Return what Canvas gives to each user: `infer_comment_context_from_filename` in app/models/abstract_assignment.rb of
    https://github.com/instructure/canvas-lms. attachments are {id: user}, by which Canvas refuses a file of another user.
    """
    given = {}
    for path, page in members(data).items():
        assert "/" not in path
        parts = [part for part in path.split("_") if part != "LATE"]
        assert not parts[-1].startswith("link")
        user, attachment = parts[1:3] if parts[0] == "anon" else [part for part in parts if part.isdigit()][:2]
        assert attachments[attachment] == user
        given.setdefault(user, []).append(page)
    return given


def mails(data):
    return [(row["Address"], row["File"], row["Score"]) for row in csv.DictReader(io.StringIO(data.decode()))]


# Moodle

MOODLE = {
    "Ada Lovelace_901_assignsubmission_file_/dnn.py": b"901",
    "Ada Lovelace_902_assignsubmission_file_/dnn.py": b"902",
    "Grace Hopper_903_assignsubmission_file_/dnn.py": b"903",
    "Émilie, du Châtelet_904_assignsubmission_file/hw/dnn.py": b"904",
    "Emmy Noether_905_assignsubmission_file_/report.pdf": b"",
    "Alan_906_x_907_assignsubmission_file_/dnn.py": b"907",
    "Failing Student_908_assignsubmission_file_/dnn.py": b"failed",
    "Default group_assignsubmission_file_/dnn.py": b"nobody",
    "Not On Roster_909_assignsubmission_file_/dnn.py": b"909",
    "~hidden =name_910_assignsubmission_file_/dnn.py": b"910",
}
# The ids of the office are the participants of others, two have one name, one has no address, one two, one submitted nothing.
WORKSHEET = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Last modified (grade),Feedback comments\n"
    "Participant 901,Ada Lovelace,902,ada@x.edu,,,-,\nParticipant 902,Ada Lovelace,901,ada2@x.edu,,,-,\n"
    "Participant 903,Grace Hopper,904,,,,-,\nParticipant 904,Émilie du Châtelet,903,emilie@x.edu,,,-,\n"
    'Participant 905,Emmy Noether,5,"emmy@x.edu, eve@x.edu",,,-,\nParticipant 907,Alan Turing,906,alan@x.edu,,,-,\n'
    "Participant 906,Other Alan,907,other@x.edu,,,-,\nParticipant 908,Failing Student,8,failing@x.edu,,,-,\n"
    "Participant 910,Hidden Name,10,=cmd@x.edu,,,-,\n"
)


def test_moodle_gives_each_page_to_whom_it_is_about(send):
    files, remarks = send(MOODLE, WORKSHEET)
    assert deliver_moodle(files["feedback_moodle.zip"]) == {
        901: [b"901"],
        902: [b"902"],
        903: [b"903"],
        904: [b"904"],
        905: [b"nothing"],
        907: [b"907"],
        909: [b"909"],
        910: [b"910"],
    }
    assert "Not in exports/feedback_moodle.zip, because no id that can be used is known: Default group." in remarks
    assert "feedback_canvas.zip" not in files
    assert next(iter(members(files["feedback_moodle.zip"]))) == "Ada Lovelace_901_assignsubmission_file_/feedback.html"


def test_a_mail_goes_to_whom_it_is_about_and_to_no_second_address(send):
    files, remarks = send(MOODLE, WORKSHEET)
    assert mails(files["mail_merge.csv"]) == [
        ("ada@x.edu", "feedback/Ada Lovelace_901.html", "60"),
        ("ada2@x.edu", "feedback/Ada Lovelace_902.html", "60"),
        ("alan@x.edu", "feedback/Alan_906_x.html", "60"),
        ("emilie@x.edu", "feedback/Émilie, du Châtelet.html", "60"),
    ]
    (unknown,) = [remark for remark in remarks if remark.startswith("Not in exports/mail_merge.csv, because no address")]
    assert unknown.endswith(": Default group, Emmy Noether, Grace Hopper, Hidden Name, Not On Roster.")


def test_scores_go_where_the_pages_go(send):
    """The worksheet gives each participant the score of the same submission, and the failed one and the absent one nothing."""
    files, _ = send(MOODLE, WORKSHEET)
    rows = {row["Identifier"][12:]: row["Grade"] for row in csv.DictReader(io.StringIO(files["moodle.csv"].decode()))}
    assert {number for number, score in rows.items() if score == "60"} == {"901", "902", "903", "904", "907", "910"}
    assert (rows["905"], rows["906"], rows["908"]) == ("0", "", "")
    absent = [row["SIS Login ID"] for row in csv.DictReader(io.StringIO(files["canvas.csv"].decode())) if not row["HW 4"]]
    assert absent == ["failing@x.edu", "other@x.edu"]


def test_a_group_of_moodle_gets_one_page_by_the_id_of_the_group(send):
    """Moodle gives it to each member. Participant 77 is somebody else, who gets neither the mail nor the score."""
    roster = WORKSHEET.partition("\n")[0].replace("Status", "Status,Group")
    roster += "\nParticipant 77,Ada Lovelace,1,ada@x.edu,,Team A,,-,\n"
    roster += "Participant 78,Grace Hopper,2,grace@x.edu,,Team B,,-,\nParticipant 79,Emmy Noether,3,,,Team B,,-,\n"
    names = {f"Team {name}_{number}_assignsubmission_file/dnn.py": name.encode() for name, number in (("B", 77), ("C", 80))}
    files, remarks = send(names, roster)
    assert deliver_moodle(files["feedback_moodle.zip"]) == {77: [b"B"], 80: [b"C"]}
    assert mails(files["mail_merge.csv"]) == [("grace@x.edu", "feedback/Team B.html", "60")]
    assert "Not in exports/mail_merge.csv, because no address that can be used is known: Emmy Noether, Team C." in remarks


def test_a_plain_class_goes_back_to_moodle_by_the_ids_of_the_worksheet(send):
    """Two folders of one person are sent to nobody, and so is one whose number is the id of two people."""
    folders = {"902": b"", "ada2": b"902", "gracehopper": b"903", "5": b"", "emmynoether": b""}
    files, remarks = send({f"{name}/dnn.py": data for name, data in folders.items()}, WORKSHEET)
    assert deliver_moodle(files["feedback_moodle.zip"]) == {902: [b"902"], 903: [b"903"]}
    doubled = ", because more than one submission would reach one person: Emmy Noether, Emmy Noether."
    assert f"Not in exports/feedback_moodle.zip{doubled}" in remarks
    assert "Not in exports/feedback_moodle.zip, because no id that can be used is known: 902." in remarks
    assert [address for address, _, _ in mails(files["mail_merge.csv"])] == ["ada2@x.edu"]


# Canvas

CANVAS = {
    "lovelaceada_101_5001_dnn.py": b"101",
    "lovelaceada_102_5002_dnn.py": b"102",
    "hoppergrace_LATE_103_5003_my_77_dnn.py": b"103",
    "hoppergrace_LATE_103_5004_notes_1_2.txt": b"",
    "noetheremmy_104_5005_dnn.py": b"old",
    "noetheremmy_104_5009_dnn-1.py": b"104",
    "turingalan_105_text.html": b"",
    "evejones_106_5010_dnn.py": b"failed",
    "007_107_5011_dnn.py": b"107",
    "mallory_108_5012_dnn.py": b"108",
    "somebodyelse_108_5013_dnn.py": b"not 108",
    "kimlee_109_5014_link_to.py": b"",
    "kimlee_109_5015_dnn.py": b"109",
    "novak_110_5016_link.py": b"",
    "strangerx_111_5017_dnn.py": b"111",
}
ATTACHMENTS = {name.replace("LATE_", "").split("_")[2]: name.replace("LATE_", "").split("_")[1] for name in CANVAS}
GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW 4 (71)\n    Points Possible,,,,,60\n"
    '"Lovelace, Ada",101,102,ada@x.edu,A,\n"Lovelace, Ada",102,101,ada2@x.edu,A,\n"Hopper, Grace",103,104,,A,\n'
    '"Noether, Emmy",104,103,emmy@x.edu,A,\n"Absent, Al",199,111,al@x.edu,A,\n"Lee, Kim",109,9,kim,A,\n'
)


def test_canvas_gives_each_page_to_whom_it_is_about(send):
    files, remarks = send(CANVAS, GRADEBOOK)
    assert deliver_canvas(files["feedback_canvas.zip"], ATTACHMENTS) == {
        "101": [b"101"],
        "102": [b"102"],
        "103": [b"103"],
        "104": [b"104"],
        "109": [b"109"],
        "111": [b"111"],
    }
    assert "Not in exports/feedback_canvas.zip, because no id that can be used is known: 007, novak, turingalan." in remarks
    doubled = ", because more than one submission would reach one person: mallory, somebodyelse."
    assert f"Not in exports/feedback_canvas.zip{doubled}" in remarks
    assert all(name.removesuffix(".html") in CANVAS for name in members(files["feedback_canvas.zip"]))
    assert mails(files["mail_merge.csv"]) == [
        ("ada@x.edu", "feedback/lovelaceada_101.html", "60"),
        ("ada2@x.edu", "feedback/lovelaceada_102.html", "60"),
        ("emmy@x.edu", "feedback/noetheremmy.html", "60"),
    ]


def test_the_scores_in_canvas_go_where_the_pages_go(send):
    """Who is not in the gradebook is not taken for the absent one whose id of the office is the same number."""
    files, _ = send(CANVAS, GRADEBOOK)
    rows = {row["ID"]: row["HW 4 (71)"] for row in csv.DictReader(io.StringIO(files["canvas.csv"].decode()))}
    assert rows == {"": "60", "101": "60", "102": "60", "103": "60", "104": "60", "109": "60", "199": ""}
    others = {row["ID"] for row in csv.DictReader(io.StringIO(files["canvas_not_on_roster.csv"].decode()))}
    assert others == {"105", "106", "107", "108", "110", "111"}


def test_anonymous_students_of_canvas_get_their_pages(send):
    names = {"anon_x7Qz1_5001": b"x7Qz1", "LATE_anon_12345_5002_9": b"12345", "LATE_anon_b8Kz_5003": b"b8Kz"}
    files, _ = send({f"{name}_dnn.py": data for name, data in names.items()})
    attachments = {"5001": "x7Qz1", "5002": "12345", "5003": "b8Kz"}
    pages = {user: [user.encode()] for user in attachments.values()}
    assert deliver_canvas(files["feedback_canvas.zip"], attachments) == pages


# Others


def test_each_member_of_a_group_of_gradescope_gets_the_page(send):
    yml = (
        b"submission_1:\n  :submitters:\n  - {name: Ada, sid: '1', email: ada@x.edu}\n"
        b"  - {name: Emmy, sid: '2', email: emmy@x.edu}\n"
        b"submission_2:\n  :submitters:\n  - {name: Ada, sid: '3', email: ada3@x.edu}\n"
        b"submission_3:\n  :submitters:\n  - {name: Grace, sid: '4', email: null}\n"
    )
    pages = {f"submission_{number}/dnn.py": str(number).encode() for number in (1, 2, 3)}
    files, remarks = send({"submission_metadata.yml": yml, **pages})
    assert mails(files["mail_merge.csv"]) == [
        ("ada@x.edu", "feedback/1+2.html", "60"),
        ("emmy@x.edu", "feedback/1+2.html", "60"),
        ("ada3@x.edu", "feedback/3.html", "60"),
    ]
    assert remarks == ("Not in exports/mail_merge.csv, because no address that can be used is known: Grace.",)
    assert not any(name.startswith("feedback_") for name in files)


@pytest.mark.parametrize(
    ("email", "usable"),
    [
        ("ada@x.edu", True),
        ("ada+hw4@x.edu", True),
        ("ÄDA@x.edu", True),
        ("", False),
        ("ada", False),
        ("ada@x.edu;eve@x.edu", False),
        ("ada@x.edu eve@x.edu", False),
        ("Ada <ada@x.edu>", False),
        ("ada@x.edu\\u000abcc: eve@x.edu", False),
        ("=cmd@x.edu", False),
        ("+1@x.edu", False),
        ("@x.edu", False),
    ],
)
def test_only_a_single_address_is_mailed(email, usable):
    one = SubmissionRef("ada", Path("ada"), people=(Person("Ada", email, "1"), Person("Emmy", "emmy@x.edu", "2")))
    plan = plan_returns(Discovery("Gradescope", (one,)), has_roster=False)
    assert [page.key for page in plan.pages["exports/mail_merge.csv"]["ada"]] == [email] * usable + ["emmy@x.edu"]
    assert plan.remarks == () if usable else plan.remarks[0].endswith("is known: Ada.")


def test_an_address_of_two_submissions_is_mailed_neither():
    people = {"a": Person("a", "Shared@x.edu"), "b": Person("b", "shared@x.edu")}
    refs = [SubmissionRef(name, Path(name), people=(person,)) for name, person in people.items()]
    plan = plan_returns(Discovery("Gradescope", tuple(refs)), has_roster=False)
    assert plan.pages == {}
    assert plan.remarks == ("Not in exports/mail_merge.csv, because more than one submission would reach one person: a, b.",)


def test_a_plain_class_without_a_roster_has_no_addresses(send):
    files, remarks = send({"ada/dnn.py": b"1", "emmy/dnn.py": b"2"})
    assert (sorted(files), remarks) == (["canvas.csv", "gradescope.csv", "moodle.csv"], ())


def test_no_address_at_all_is_told(send):
    _, remarks = send({"ada/dnn.py": b"1"}, "SID,Name\n1,Ada\n")
    assert remarks == ("There is no exports/mail_merge.csv, because no address that can be used is known of anybody.",)


def test_the_same_pages_are_the_same_bytes(send):
    assert send(MOODLE, WORKSHEET)[0] == send(MOODLE, WORKSHEET)[0]


def test_what_belonged_to_another_class_is_removed(send):
    assert {"feedback_canvas.zip", "mail_merge.csv", "canvas_not_on_roster.csv"} <= send(CANVAS, GRADEBOOK)[0].keys()
    assert sorted(send({"ada/dnn.py": b"1"})[0]) == ["canvas.csv", "gradescope.csv", "moodle.csv"]


def test_hostile_names_stay_in_the_zip(send):
    names = {"=a\u202e\x07..b": 901, "a" * 150: 902, "~": 903}
    files, _ = send({f"{name}_{number}_assignsubmission_file_/dnn.py": b"%d" % number for name, number in names.items()})
    pages = members(files["feedback_moodle.zip"])
    assert deliver_moodle(files["feedback_moodle.zip"]) == {901: [b"901"], 902: [b"902"], 903: [b"903"]}
    assert all(name.isprintable() and name.count("/") == 1 and len(name) < 150 for name in pages)
