"""Exports: downloads from platforms are recognized as zips and as unpacked folders, and plain folders are not."""

import io
import os
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.intake.exports import metadata
from autograder.intake.exports.by_person import UNTIMED, parse_brightspace_time
from autograder.intake.exports.layouts import MAX_METADATA
from autograder.intake.exports.times import parse_time
from autograder.intake.find import IntakeError
from autograder.intake.find import find as find_for
from autograder.intake.read import Reader
from autograder.intake.submission_ref import Person
from tests.course import GRADED_FILES

DNN, WARMUP = b"class DNN: pass\n", b"x = 1\n"
UTC = timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")


def find(submissions, zone=UTC):
    return find_for(submissions, GRADED_FILES, zone)


def packed(files):
    """Return the bytes of a zip of {name: data}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.fixture(params=["zip", "folder", "zip of a folder"])
def put(request, tmp_path):
    """put(files) makes an export of {name: data}, as the zip that was downloaded or as the folder it was unpacked into."""

    def put(files, top="submissions"):
        if request.param == "folder":
            for name, data in files.items():
                path = tmp_path / "export" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return tmp_path / "export"
        prefix = f"{top}/" if request.param == "zip of a folder" else ""
        path = tmp_path / "export.zip"
        path.write_bytes(packed({prefix + name: data for name, data in files.items()}))
        return path

    return put


def folder_of(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def submission(waiting):
    with Reader(GRADED_FILES) as reader:
        return reader.read(waiting)


def sources(waiting):
    return submission(waiting).sources


def graded(found):
    """Return what is read of each submission."""
    return {waiting.student: sources(waiting) for waiting in found.submissions}


def by_name(found):
    return {waiting.student: waiting for waiting in found.submissions}


# Gradescope

YML = b"""---
submission_217362225:
  :submitters:
  - :name: Ada Lovelace
    :sid: '06758214'
    :email: ada@example.org
  - :name: Grace Hopper
    :sid: '06293278'
    :email: grace@example.org
  :created_at: 2026-11-21 05:26:26.899837000 Z
  :score: 1.0
  :status: processed
  :results:
    score: 1.0
    tests:
    - name: "1.1"
      output: |
        :submitters:
        - :name: Mallory

      score: 1.0
    extra_data:
  :history:
  - :submitters: []
    :created_at: 2026-11-20 07:30:05.262325000 Z
    :results:
      tests: []
    :id: 217383000
  - :id: 217383001
submission_2:
  :submitters:
  - :name: Emmy Noether
    :sid:
    :email: emmy@example.org
  :created_at: 2026-11-21 17:50:00.000000000 -07:00
  :history: []
submission_3:
  :submitters:
  - :name: "Alan Turing"
    :sid: ~
    :email: null
  :created_at: 2026-11-21 12:00:00
"""
GRADESCOPE = {
    "submission_metadata.yml": YML,
    "submission_217362225/dnn.py": DNN,
    "submission_217362225/__MACOSX/dnn.py": b"",
    "submission_2/hw/dnn.py": DNN,
    "submission_2/hw/warmup.py": WARMUP,
    "submission_3/hw4.zip": packed({"hw4/dnn.py": DNN}),
}


def test_a_gradescope_export(put):
    found = find(put(GRADESCOPE, "assignment_123_export"), BERLIN)
    assert found.kind == "Gradescope"
    assert graded(found) == {
        "06758214+06293278": {"dnn": DNN},
        "emmy@example.org": {"dnn": DNN, "warmup": WARMUP},
        "submission_3": {"dnn": DNN},
    }
    group, emmy, alan = by_name(found).values()
    assert group.people == (
        Person("Ada Lovelace", "ada@example.org", "06758214"),
        Person("Grace Hopper", "grace@example.org", "06293278"),
    )
    assert group.submitted == datetime(2026, 11, 21, 5, 26, 26, 899837, UTC)
    assert group.superseded == ("submission_217383000", "submission_217383001")
    assert emmy.submitted == datetime(2026, 11, 22, 0, 50, tzinfo=UTC)
    assert alan.people == (Person("Alan Turing"),)
    assert alan.submitted == datetime(2026, 11, 21, 12, tzinfo=BERLIN)
    assert found.remarks == (
        "Recognized an export from Gradescope: 3 submissions by 4 people.",
        "Ignored 2 earlier attempts of 1 submission: Gradescope exports only the active one.",
    )


def test_what_is_only_in_the_metadata_or_only_a_folder_is_told(put):
    files = {name: data for name, data in GRADESCOPE.items() if not name.startswith("submission_2/")}
    found = find(put({**files, "submission_9/dnn.py": DNN, "readme.txt": b"", "late.zip": b""}))
    assert graded(found).keys() == {"06758214+06293278", "late", "submission_3", "submission_9"}
    assert found.remarks[2:] == (
        "Graded under their own names, because they are not in submission_metadata.yml: submission_9.",
        "Not graded, because these submissions in submission_metadata.yml have no folder: submission_2 (Emmy Noether).",
        "Graded under their own names, because Gradescope does not name submissions like this: late.zip.",
        "Ignored, because they belong to no submission: readme.txt.",
    )


WITH_ZONE = b"""submission_1:
  :submitters:
  - :name: &1 Ada
    :sid: &2 !ruby/string '17'
    :email: *1
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: &3 2026-11-21 05:26:26.899837000 Z
    zone: &4 !ruby/object:ActiveSupport::TimeZone
      name: Etc/UTC
    time: *3
  :results: *4
"""


@pytest.mark.parametrize(
    ("written", "time"),
    [
        (b"2026-11-21 05:26:26.899837000 Z", datetime(2026, 11, 21, 5, 26, 26, 899837, UTC)),
        (b"!ruby/object:DateTime 2026-11-21 05:26:26 +01:00", datetime(2026, 11, 21, 4, 26, 26, tzinfo=UTC)),
        (b"'2026-11-21T05:26:26.5-0800'", datetime(2026, 11, 21, 13, 26, 26, 500000, UTC)),
        (b"'2026-11-21 05:26:26 UTC'", datetime(2026, 11, 21, 5, 26, 26, tzinfo=UTC)),
        (b"2026-11-21 05:26:26", datetime(2026, 11, 21, 4, 26, 26, tzinfo=UTC)),
        (b"[2026]", None),
        (b"yesterday", None),
        (b"9999-12-31 23:59:59 -23:00", None),
        (b"2026-13-41 05:26:26 Z", None),
        (b"2026-11-21 05:26:26 Mars/Base", None),
        (b"2026-11-21 05:26:26 ../../etc/passwd", None),
        (b"2026-11-21 05:26:26 Europe", None),
    ],
)
def test_the_ways_to_write_a_time(tmp_path, written, time):
    yml = b"submission_1:\n  :submitters:\n  - :sid: '17'\n  :created_at: " + written
    folder_of(tmp_path, {"submission_metadata.yml": yml, "submission_1/dnn.py": DNN})
    (waiting,) = find(tmp_path, BERLIN).submissions
    assert (waiting.student, waiting.submitted) == ("17", time)
    assert time is None or waiting.submitted.utcoffset() is not None


def test_ruby_objects_are_read_as_what_they_are_written_as(tmp_path):
    folder_of(tmp_path, {"submission_metadata.yml": WITH_ZONE, "submission_1/dnn.py": DNN})
    (waiting,) = find(tmp_path).submissions
    assert waiting.people == (Person("Ada", "Ada", "17"),)
    assert waiting.submitted == datetime(2026, 11, 21, 5, 26, 26, 899837, UTC)


HOSTILE_YML = {
    "a python tag": b"submission_1: !!python/object/apply:os.system ['touch owned']",
    "a python name": b"submission_1:\n  :submitters:\n  - :sid: !!python/name:os.system ''",
    "aliases that multiply": b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122)),
    "an alias of itself": b"submission_1: &a\n  :submitters: [*a]\n  :created_at: *a",
    "lists for texts": b"submission_1: {submitters: [[], 1, {sid: [1], name: {a: b}}], history: {}, created_at: {utc: []}}",
    "keys that are lists": b"? [a]\n: b\nsubmission_1: {? {a: b} : c}",
}


@pytest.mark.parametrize("case", HOSTILE_YML)
def test_metadata_that_does_nothing(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path, {"submission_metadata.yml": HOSTILE_YML[case], "submission_1/dnn.py": DNN})
    assert graded(find(tmp_path)) == {"submission_1": {"dnn": DNN}}
    assert sorted(os.listdir(tmp_path)) == ["submission_1", "submission_metadata.yml"]


@pytest.mark.parametrize(
    ("yml", "words"),
    [
        (b"a: b\nc: ]", "submission_metadata.yml is not valid YAML \\(line 2\\)"),
        (b"a: [b", "submission_metadata.yml is not valid YAML"),
        (b"\xff\xfe\x00", "submission_metadata.yml is not valid YAML"),
        (b"- a", "does not name submissions"),
        (b"", "is not valid YAML"),
        (b"[" * 100_000, "is nested more than 50 levels deep"),
        (b"x: " + b"- " * 100, "is not valid YAML"),
        (b"\n".join(b" " * n + b"a:" for n in range(100)), "is nested more than 50 levels deep"),
    ],
)
def test_metadata_that_cannot_be_read_ends_with_a_sentence(tmp_path, yml, words):
    folder_of(tmp_path, {"submission_metadata.yml": yml, "submission_1/dnn.py": DNN})
    with pytest.raises(IntakeError, match=words):
        find(tmp_path)


def test_metadata_that_is_too_long_is_not_read(tmp_path):
    folder_of(tmp_path, {"submission_1/dnn.py": DNN})
    with open(tmp_path / "submission_metadata.yml", "wb") as file:
        file.truncate(MAX_METADATA + 1)
    with pytest.raises(IntakeError, match=r"submission_metadata.yml has 100,000,001 bytes; at most 100,000,000 are read\."):
        find(tmp_path)


def test_long_results_in_the_metadata_take_no_memory(tmp_path):
    """20 MB of results, read under a limit that would not hold them as Python objects."""
    with open(tmp_path / "submission_metadata.yml", "wb") as file:
        file.write(b"submission_1:\n  :submitters:\n  - :sid: '17'\n  :results:\n    tests:\n")
        file.writelines(b"    - {name: a, score: 1.0, output: bbbbbbbbbbbbb}\n" for _ in range(400_000))
    folder_of(tmp_path, {"submission_1/dnn.py": DNN})
    script = (
        "import resource, sys; from pathlib import Path; from autograder.intake.find import find\n"
        "from autograder.intake.graded_files import GradedFiles\n"
        "GRADED_FILES = GradedFiles(('dnn',), 'dnn')\n"
        "resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))\n"
        "print([waiting.student for waiting in find(Path(sys.argv[1]), GRADED_FILES).submissions])"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (finished.stdout, finished.stderr) == ("['17']\n", "")


def test_metadata_is_read_without_libyaml_too(monkeypatch):
    fast = metadata.read_metadata(YML)
    monkeypatch.setattr(metadata, "LOADER", metadata.yaml.SafeLoader)
    assert metadata.read_metadata(YML) == fast
    assert list(fast) == ["submission_217362225", "submission_2", "submission_3"]


NASTY = {
    "../../owned": ".._.._owned",
    "/etc/passwd": "_etc_passwd",
    "a\\b": "a_b",
    '=cmd|"/c calc"!A1': '=cmd|"_c calc"!A1',
    "a\u202eb\x07": "a_u202eb_u0007",
    "two\nlines": "two lines",
    "x" * 5000: "x" * 99 + "…",
}


@pytest.mark.parametrize("sid", NASTY)
def test_any_id_becomes_a_safe_file_name(tmp_path, sid):
    quoted = "".join(f"\\U{ord(character):08x}" for character in sid)
    yml = f'submission_1: {{":submitters": [{{":sid": "{quoted}", ":name": "{quoted}"}}]}}'
    folder_of(tmp_path, {"submission_metadata.yml": yml.encode(), "submission_1/dnn.py": DNN})
    (waiting,) = find(tmp_path).submissions
    assert waiting.student == NASTY[sid]
    (person,) = waiting.people
    assert all(text.isprintable() and len(text) <= 100 for text in (person.name, person.id))


def test_links_in_an_unpacked_export_are_not_followed(tmp_path):
    secret = folder_of(tmp_path / "secret", {"hw.zip": packed({"dnn.py": DNN}), "submission_metadata.yml": YML})
    export = folder_of(tmp_path / "export", {"submission_metadata.yml": YML})
    (export / "submission_2").symlink_to(secret)
    (waiting,) = find(export).submissions
    assert submission(waiting).reason.startswith("The submission is a link")
    (export / "submission_metadata.yml").unlink()
    (export / "submission_metadata.yml").symlink_to(secret / "submission_metadata.yml")
    assert find(export).kind == "plain"


def test_a_student_cannot_make_an_export(tmp_path):
    """The only submission of a folder, with what would make a Gradescope export of it."""
    folder_of(tmp_path, {f"mallory/{name}": data for name, data in GRADESCOPE.items()})
    assert [waiting.student for waiting in find(tmp_path).submissions] == ["mallory"]


def test_a_name_that_leads_out_costs_that_submission_alone(tmp_path):
    (tmp_path / "x.zip").write_bytes(packed({**GRADESCOPE, "submission_2/../submission_3/dnn.py": DNN}))
    group, emmy, alan = find(tmp_path / "x.zip").submissions
    assert "which would be unpacked outside its folder" in submission(emmy).reason
    assert sources(group) == sources(alan) == {"dnn": DNN}


# Canvas

CANVAS = {
    "lovelaceada_101_5001_dnn.py": DNN,
    "lovelaceada_101_5002_warmup-2.py": WARMUP,
    "hoppergrace_LATE_102_5003_my hw_4_5_x.zip": packed({"hw/dnn.py": DNN}),
    "hoppergrace_LATE_102_5010_report.pdf": b"",
    "noether_emmy_103_5004_dnn.py": b"old",
    "noether_emmy_103_5009_dnn-1.py": DNN,
    "turingalan_104_text.html": b"",
}


def test_a_canvas_export(put):
    found = find(put(CANVAS))
    assert found.kind == "Canvas"
    assert graded(found) == {
        "lovelaceada": {"dnn": DNN, "warmup": WARMUP},
        "hoppergrace": {"dnn": DNN},
        "noether_emmy": {"dnn": DNN},
        "turingalan": {},
    }
    assert {one.student: one.people for one in found.submissions}["lovelaceada"] == (
        Person("lovelaceada", id="101", platform_ids=(("Canvas", "101"),)),
    )
    assert {one.student: one.marked_late for one in found.submissions if one.marked_late} == {"hoppergrace": True}
    assert by_name(found)["noether_emmy"].superseded == ("noether_emmy_103_5004_dnn.py",)
    assert all(one.submitted is None for one in found.submissions)
    assert found.remarks == (
        "Recognized an export from Canvas: 4 submissions.",
        "Ignored 1 earlier attempt of 1 submission: for files with the same name, the newest counts.",
    )


def test_an_anonymous_canvas_export(put):
    files = {"anon_x7Qz1_5001_dnn.py": DNN, "LATE_anon_12345_5002_dnn.py": DNN, "anon_12345_5003_9_warmup.py": WARMUP}
    found = find(put(files))
    assert graded(found) == {"anon_x7Qz1": {"dnn": DNN}, "anon_12345": {"dnn": DNN, "warmup": WARMUP}}
    assert by_name(found)["anon_12345"].marked_late


def test_canvas_students_of_one_name_have_their_ids_added(put):
    found = find(put({"lovelaceada_101_5001_dnn.py": DNN, "lovelaceada_102_5002_dnn.py": WARMUP, "x_3_4_dnn.py": DNN}))
    assert graded(found) == {"lovelaceada_101": {"dnn": DNN}, "lovelaceada_102": {"dnn": WARMUP}, "x": {"dnn": DNN}}


def test_canvas_names_that_disagree_are_kept_apart_and_told(put):
    found = find(put({**CANVAS, "mallory_101_5055_dnn.py": b"stolen"}))
    assert graded(found)["lovelaceada"] == {"dnn": DNN, "warmup": WARMUP}
    assert graded(found)["mallory"] == {"dnn": b"stolen"}
    assert "These Canvas users have files under more than one name, and get a row for each: 101." in found.remarks


def test_files_without_a_student_are_mentioned_and_not_graded(put):
    found = find(put({**CANVAS, "index.html": b"", "readme.py": b"", "\u202e.txt": b""}))
    assert len(found.submissions) == 4
    assert found.remarks[-1] == "Ignored, because they belong to no submission: index.html, readme.py, \\u202e.txt."


def test_hostile_names_next_to_those_of_canvas(tmp_path):
    data = packed({**CANVAS, "lovelaceada_101_5003_../../x": b"", "LOVELACEADA_101_6000_dnn.py": DNN, "=a_109_1_dnn.py": DNN})
    (tmp_path / "x.zip").write_bytes(data)
    found = find(tmp_path / "x.zip")
    assert {"=a", "LOVELACEADA_101", "lovelaceada_101 (2)"} <= graded(found).keys()
    assert len({name.casefold() for name in graded(found)}) == len(found.submissions)


# Moodle

MOODLE = {
    "Ada Lovelace_901_assignsubmission_file_/dnn.py": DNN,
    "Ada Lovelace_901_assignsubmission_file_/hw/warmup.py": WARMUP,
    "Ada Lovelace_901_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
    "Émilie du Châtelet_902_assignsubmission_file/hw4.zip": packed({"dnn.py": DNN}),
    "Emmy Noether_903_assignsubmission_onlinetext/onlinetext.html": b"",
    "Default group_assignsubmission_file/dnn.py": DNN,
    "Default group_assignsubmission_file/old.zip": packed({"dnn.py": WARMUP}),
}


def test_a_moodle_export(put):
    found = find(put(MOODLE))
    assert found.kind == "Moodle"
    assert graded(found) == {
        "Ada Lovelace": {"dnn": DNN, "warmup": WARMUP},
        "Émilie du Châtelet": {"dnn": DNN},
        "Default group": {"dnn": DNN},
        "Emmy Noether": {},
    }
    assert submission(by_name(found)["Emmy Noether"]).reason.endswith(
        " onlinetext.html is a document; submit the Python files themselves."
    )
    assert by_name(found)["Ada Lovelace"].people == (Person("Ada Lovelace", id="901", platform_ids=(("Moodle", "901"),)),)
    assert all(one.submitted is None for one in found.submissions)
    assert found.remarks == ("Recognized an export from Moodle: 4 submissions.",)


def test_a_moodle_export_without_folders(put):
    files = {
        "Ada Lovelace_901_assignsubmission_file_dnn.py": DNN,
        "Ada Lovelace_901_assignsubmission_file_warmup.py": WARMUP,
        "Ada Lovelace_901_assignsubmission_onlinetext_onlinetext.html": b"",
        "Grace Hopper_902_assignsubmission_file_x_7_assignsubmission_file_dnn.py": DNN,
        "Grace Hopper_902_assignsubmission_file_hw.zip": packed({"dnn.py": WARMUP}),
    }
    assert graded(find(put(files))) == {"Ada Lovelace": {"dnn": DNN, "warmup": WARMUP}, "Grace Hopper": {"dnn": WARMUP}}


def test_participants_of_a_blind_moodle_export_have_their_ids_added(put):
    found = find(put({f"Participant_{number}_assignsubmission_file_/dnn.py": DNN for number in (7, 8)}))
    assert graded(found).keys() == {"Participant_7", "Participant_8"}


# Blackboard

BLACKBOARD = {
    "HW 4_ada_attempt_2026-11-20-09-12-58.txt": b"Name: Ada Lovelace (ada)\r\nAssignment: HW 4\r\nDate Submitted: Friday",
    "HW 4_ada_attempt_2026-11-20-09-12-58_dnn.py": b"old",
    "HW 4_ada_attempt_2026-11-21-10-00-00.txt": "\ufeffName: Ada (grace) Lovelace (ada)\nDate Submitted: x".encode(),
    "HW 4_ada_attempt_2026-11-21-10-00-00_dnn.py": DNN,
    "HW 4_ada_attempt_2026-11-21-10-00-00_warmup.py": WARMUP,
    "HW 4_g_hopper_attempt_2026-11-21-11-00-00.txt": b"Name: Grace Hopper (g_hopper)\n",
    "HW 4_g_hopper_attempt_2026-11-21-11-00-00_x_attempt_2020-01-01-00-00-00_dnn.zip": packed({"dnn.py": DNN}),
    "HW 4_emmy_attempt_2026-11-21-12-00-00.txt": b"Name: Ada Lovelace (ada)\n",
}


def test_a_blackboard_export(put):
    found = find(put(BLACKBOARD), BERLIN)
    assert found.kind == "Blackboard"
    assert graded(found) == {"ada": {"dnn": DNN, "warmup": WARMUP}, "g_hopper": {"dnn": DNN}, "emmy": {}}
    ada = by_name(found)["ada"]
    assert ada.people == (Person("Ada (grace) Lovelace", id="ada"),)
    assert ada.submitted == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert ada.submitted.utcoffset() == timedelta(hours=1)
    assert ada.superseded == ("HW 4_ada_attempt_2026-11-20-09-12-58",)
    assert by_name(found)["emmy"].people == (Person(id="emmy"),)
    assert found.remarks == (
        "Recognized an export from Blackboard: 3 submissions.",
        "Ignored 1 earlier attempt of 1 submission: the newest attempt counts.",
    )


def test_only_the_first_line_of_a_blackboard_summary_names_the_student(put):
    start = "HW 4_emmy_attempt_2026-11-21-12-00-00"
    (one,) = find(put({f"{start}.txt": b"Name: Ada\nComments: (emmy)\n", f"{start}_dnn.py": DNN})).submissions
    assert one.people == (Person(id="emmy"),)


def test_a_blackboard_export_of_two_assignments_has_a_row_for_each(put):
    files = {f"HW {number}_ada_attempt_2026-11-20-09-12-58_dnn.py": DNN for number in (3, 4)}
    found = find(put(files))
    assert graded(found).keys() == {"HW 3_ada", "HW 4_ada"}
    assert found.remarks[1:] == ("Several assignments, with a row for each attempt: HW 3, HW 4.",)


# Brightspace

BRIGHTSPACE = {
    "index.html": b"<html>",
    "7001-88 - Ada Lovelace - Sep 24, 2026 926 PM/dnn.py": b"old",
    "7001-88 - Ada Lovelace - Oct 4, 2026 1205 AM/dnn.py": DNN,
    "7001-88 - Ada Lovelace - Oct 4, 2026 1205 AM/hw/warmup.py": WARMUP,
    "7001-88 - Ada Lovelace - Oct 3, 2026 1155 PM/extension.py": b"old",
    "7002-88 - Mary-Ann O'Brien - Smith - 24 September 2026 1210 PM/hw.zip": packed({"dnn.py": DNN}),
    "7003-88 - Team 7 - Sep 24, 2026 901 AM/hw.rar": b"Rar!",
}
BRIGHTSPACE_FILES = {
    "index.html": b"<html>",
    "7001-88 - Ada Lovelace - Mar 29, 2026 1205 PM - ada - dnn.py": b"old",
    "7001-88 - Ada Lovelace - Mar 29, 2026 105 PM - dnn.py": DNN,
    "7001-88 - Ada Lovelace - Mar 29, 2026 105 PM - warmup.py": WARMUP,
    "7009-88 - Ada Lovelace - Mar 29, 2026 1105 AM - dnn.py": WARMUP,
}


def test_a_brightspace_export(put):
    found = find(put(BRIGHTSPACE, "HW 4 Download Oct 5, 2026 100 PM"), BERLIN)
    assert found.kind == "Brightspace"
    assert graded(found) == {
        "Ada Lovelace": {"dnn": DNN, "warmup": WARMUP},
        "Mary-Ann O'Brien - Smith": {"dnn": DNN},
        "Team 7": {},
    }
    ada, mary, team = by_name(found).values()
    assert ada.people == (Person("Ada Lovelace", id="7001", platform_ids=(("Brightspace", "7001"),)),)
    assert ada.superseded == (
        "7001-88 - Ada Lovelace - Oct 3, 2026 1155 PM",
        "7001-88 - Ada Lovelace - Sep 24, 2026 926 PM",
    )
    assert [one.submitted for one in (ada, mary, team)] == [
        datetime(2026, 10, 4, 0, 5, tzinfo=BERLIN),
        datetime(2026, 9, 24, 12, 10, tzinfo=BERLIN),
        datetime(2026, 9, 24, 9, 1, tzinfo=BERLIN),
    ]
    assert found.remarks == (
        "Recognized an export from Brightspace: 3 submissions.",
        "Ignored 2 earlier attempts of 1 submission: the newest submission counts.",
        "Ignored, because they belong to no submission: index.html.",
    )


def test_a_brightspace_export_without_folders(put):
    found = find(put(BRIGHTSPACE_FILES))
    assert graded(found) == {"Ada Lovelace_7001": {"dnn": DNN, "warmup": WARMUP}, "Ada Lovelace_7009": {"dnn": WARMUP}}
    assert by_name(found)["Ada Lovelace_7001"].superseded == ("7001-88 - Ada Lovelace - Mar 29, 2026 1205 PM",)
    assert found.remarks[2] == ("These names occur with more than one number, and get a row for each: Ada Lovelace.")


def test_brightspace_times_in_another_language_put_nothing_aside(put):
    times = ("3 marras 2026 926", "4 loka 2026 926")
    found = find(put({f"7001-88 - Ada - {time}/dnn.py": time.encode() for time in times}))
    assert sorted(one["dnn"] for one in graded(found).values()) == [time.encode() for time in times]
    assert found.remarks[1] == "The times of these submissions cannot be read, so every attempt has a row: Ada."


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Sep 24, 2026 926 PM", (2026, 9, 24, 21, 26)),
        ("Sept. 4, 2026 9:26 p.m.", (2026, 9, 4, 21, 26)),
        ("24 September 2026 1200 AM", (2026, 9, 24, 0, 0)),
        ("24. December 2026 2359", (2026, 12, 24, 23, 59)),
        ("24 Dec, 2026, 05", (2026, 12, 24, 0, 5)),
        ("Sep 44, 2026 926 PM", None),
        ("Sep 24, 2026 2575", None),
        ("24 Brumaire 2026 926 PM", None),
        ("", None),
        ("PM", None),
    ],
)
def test_the_times_of_brightspace(text, time):
    assert parse_brightspace_time(text, UTC) == (datetime(*time, tzinfo=UTC) if time else None)


# Sakai

SAKAI = {
    "HW 4/grades.csv": b"HW 4,Points",
    "HW 4/Lovelace, Ada(al12)/timestamp.txt": b"20261121093000500",
    "HW 4/Lovelace, Ada(al12)/Submission attachment(s)/dnn.py": DNN,
    "HW 4/Lovelace, Ada(al12)/Feedback Attachment(s)/dnn.py": b"the teacher's",
    "HW 4/Lovelace, Ada(al12)/comments.txt": b"",
    "HW 4/Hopper, Grace(gh); Noether, Emmy(en)/timestamp.txt": b"2026-11-21T09:30:00.123456Z",
    "HW 4/Hopper, Grace(gh); Noether, Emmy(en)/Submission attachment(s)/hw.zip": packed({"dnn.py": DNN}),
    "HW 4/Turing,(at)/timestamp.txt": b"yesterday",
    "HW 4/Turing,(at)/Turing,(at)_submissionText.html": b"<p>",
    "HW 4/0f8fad5b-d9cb-469f-a165-70867728950e Anonymous/timestamp.txt": b"",
    "HW 4/0f8fad5b-d9cb-469f-a165-70867728950e Anonymous/Submission attachment(s)/warmup.py": WARMUP,
}
SAKAI_FILES = {
    "HW 4/Lovelace, Ada(al12)_Submission attachment(s)_dnn.py": DNN,
    "HW 4/Lovelace, Ada(al12)_Submission attachment(s)_my_Submission attachment(s)_notes.txt": b"",
    "HW 4/Lovelace, Ada(al12)_comments.txt": b"",
    "HW 4/Turing, Alan(at)_submissionText.html": b"<p>",
}


def test_a_sakai_export(put):
    found = find(put(SAKAI))
    assert found.kind == "Sakai"
    anonymous = "0f8fad5b-d9cb-469f-a165-70867728950e Anonymous"
    assert graded(found) == {"al12": {"dnn": DNN}, "gh+en": {"dnn": DNN}, "at": {}, anonymous: {"warmup": WARMUP}}
    assert by_name(found)["gh+en"].people == (Person("Hopper, Grace", id="gh"), Person("Noether, Emmy", id="en"))
    assert by_name(found)["al12"].submitted == datetime(2026, 11, 21, 9, 30, 0, 500000, UTC)
    assert by_name(found)["gh+en"].submitted == datetime(2026, 11, 21, 9, 30, 0, 123456, UTC)
    assert by_name(found)["at"].submitted is None
    assert found.remarks == (
        "Recognized an export from Sakai: 4 submissions by 5 people.",
        f"{UNTIMED}: at.",
        "Ignored, because they belong to no submission: grades.csv.",
    )


def test_what_a_teacher_gave_back_is_not_graded(put):
    """A text, with feedback; attachments under the name that they have in another language; two folders of unknown names."""
    files = {
        "HW/A, B(a)/timestamp.txt": b"",
        "HW/A, B(a)/Feedback Attachment(s)/dnn.py": DNN,
        "HW/C, D(c)/timestamp.txt": b"20261121093000500",
        "HW/C, D(c)/Anlagen/dnn.py": DNN,
        "HW/C, D(c)/Feedback-Anlagen/dnn.py": WARMUP,
        "HW/E, F(e)/Anlagen/dnn.py": DNN,
        "HW/E, F(e)/Weitere/dnn.py": WARMUP,
    }
    a, c, e = by_name(find(put(files))).values()
    assert submission(a).reason == "There is no warmup.py, dnn.py or extension.py in it. It holds timestamp.txt."
    assert (sources(c), c.submitted) == ({"dnn": DNN}, datetime(2026, 11, 21, 9, 30, 0, 500000, UTC))
    assert "There are 2 files that may be meant as dnn.py" in submission(e).reason


def test_a_sakai_export_without_folders(put):
    found = find(put(SAKAI_FILES))
    assert (found.kind, graded(found)) == ("Sakai", {"al12": {"dnn": DNN}, "at": {}})


# ILIAS

LATE = "Late Submission - "
ILIAS = {
    "HW 4/HW 4.xlsx": b"",
    "HW 4/Feedback_files/to_a/from_b/dnn.py": b"a review",
    "HW 4/Submissions/Lovelace_Ada Maria_al_12_301/dnn.py": b"old",
    "HW 4/Submissions/Lovelace_Ada Maria_al_12_301/dnn (2).py": b"older",
    "HW 4/Submissions/Lovelace_Ada Maria_al_12_301/dnn (10).py": DNN,
    f"HW 4/Submissions/Lovelace_Ada Maria_al_12_301/{LATE}warmup.py": WARMUP,
    "HW 4/Submissions/Hopper_Grace_gh_302/hw.zip": packed({"dnn.py": DNN}),
    "HW 4/Submissions/Turing_Alan_at_303/x/dnn.py": DNN,
    "HW 4/Submissions/Turing_Alan_at_303/warmup.py": WARMUP,
}
ILIAS_TEAMS = {
    "HW 4/Abgaben/Team 7/Lovelace_Ada_al_301/dnn.py": DNN,
    "HW 4/Abgaben/Team 7/Hopper_Grace_gh_302/warmup.py": WARMUP,
    "HW 4/Abgaben/Team 8/Turing_Alan_at_303/hw.7z": b"7z",
}


def test_an_ilias_export(put):
    found = find(put(ILIAS))
    assert found.kind == "ILIAS"
    assert graded(found) == {"al_12": {"dnn": DNN, "warmup": WARMUP}, "gh": {"dnn": DNN}, "at": {"dnn": DNN, "warmup": WARMUP}}
    ada = by_name(found)["al_12"]
    assert ada.people == (Person("Ada Maria Lovelace", id="al_12"),)
    assert ada.superseded == (
        "Lovelace_Ada Maria_al_12_301/dnn (2).py",
        "Lovelace_Ada Maria_al_12_301/dnn.py",
    )
    assert [one.marked_late for one in found.submissions] == [True, False, False]
    assert found.remarks == (
        "Recognized an export from ILIAS: 3 submissions.",
        "Ignored 2 earlier attempts of 1 submission: for files with the same name, the newest counts.",
        "Ignored, because they belong to no submission: Feedback_files, HW 4.xlsx.",
    )


def test_an_ilias_export_of_teams(put):
    found = find(put(ILIAS_TEAMS))
    assert graded(found) == {"gh+al": {"dnn": DNN, "warmup": WARMUP}, "at": {}}
    assert by_name(found)["gh+al"].people == (Person("Grace Hopper", id="gh"), Person("Ada Lovelace", id="al"))
    assert submission(by_name(found)["at"]).reason == (
        "hw.7z is an archive of an unsupported kind; submit a .zip, or the files themselves."
    )


EXPORTS = {
    "Gradescope": GRADESCOPE,
    "Canvas": CANVAS,
    "Moodle": MOODLE,
    "Blackboard": BLACKBOARD,
    "Brightspace": BRIGHTSPACE,
    "Sakai": SAKAI,
    "ILIAS": ILIAS,
}


@pytest.mark.parametrize("platform", EXPORTS)
def test_what_a_ta_put_next_to_an_export_has_a_row_too(put, platform):
    """What came by email, under a name of its own."""
    top = {"Sakai": "HW 4/", "ILIAS": "HW 4/Submissions/"}.get(platform, "")
    before = graded(find(put(EXPORTS[platform])))
    found = find(put({**EXPORTS[platform], f"{top}late.zip": packed({"dnn.py": DNN})}))
    assert (found.kind, graded(found)) == (platform, {**before, "late": {"dnn": DNN}})
    assert f"Graded under their own names, because {platform} does not name submissions like this: late.zip." in found.remarks


@pytest.mark.parametrize("name", ["," * 60_000, "a_" * 30_000, "1-1 - " * 10_000, "_attempt_" * 7_000])
def test_long_names_take_no_time(tmp_path, name):
    (tmp_path / "x.zip").write_bytes(packed({f"{name}/dnn.py": DNN, "ada/dnn.py": DNN}))
    start = time.monotonic()
    assert len(find(tmp_path / "x.zip").submissions) == 2
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("export", [BRIGHTSPACE, SAKAI, ILIAS, MOODLE, BLACKBOARD, CANVAS])
def test_a_single_student_is_not_an_export_with_one_submission(tmp_path, export):
    """Nor are that student's folders, if only one of them looks like a submission."""
    name = next(name for name in export if name.endswith("dnn.py"))
    folder_of(tmp_path, {f"mallory/{name}": DNN})
    assert [one.student for one in find(tmp_path).submissions] == ["mallory"]


# nbgrader

NBGRADER = {
    "submitted/ada/backprop/dnn.py": DNN,
    "submitted/ada/backprop/backprop.ipynb": b"{}",
    "submitted/ada/backprop/timestamp.txt": b"2026-11-21 09:30:00.5 UTC",
    "submitted/grace/backprop/dnn.py": DNN,
    "submitted/grace/backprop/timestamp.txt": b"2026-11-21 09:30:00 Europe/Berlin\n",
    "submitted/emmy/backprop/timestamp.txt": b"2026-11-21 09:30:00",
    "submitted/alan/ps1/ps1.ipynb": b"",
    "submitted/ada/ps1/ps1.ipynb": b"",
    "submitted/readme.txt": b"",
    "source/backprop/dnn.py": DNN,
    "gradebook.db": b"",
}


def test_a_course_of_nbgrader(put):
    found = find(put(NBGRADER, "course"), BERLIN)
    assert found.kind == "nbgrader"
    assert graded(found) == {"ada": {"dnn": DNN}, "grace": {"dnn": DNN}, "emmy": {}}
    assert [one.submitted for one in found.submissions] == [
        datetime(2026, 11, 21, 9, 30, 0, 500000, UTC),
        datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 21, 8, 30, tzinfo=UTC),
    ]
    assert by_name(found)["ada"].people == (Person(id="ada"),)
    assert found.remarks[1:] == (
        "Only backprop is graded; other assignments here: ps1.",
        "Submitted other assignments, but not backprop: alan.",
        "Ignored, because they belong to no submission: readme.txt.",
    )


@pytest.mark.parametrize("text", [b"yesterday", b"", b"\xff\xfe", b"2026-13-41 00:00:00 UTC", b"9" * 5_000])
def test_an_invalid_nbgrader_timestamp_is_reported(put, text):
    found = find(put({**NBGRADER, "submitted/grace/backprop/timestamp.txt": text}, "course"))
    assert [one.student for one in found.submissions if not one.submitted] == ["grace"]
    assert f"{UNTIMED}: grace." in found.remarks


def test_the_submitted_folder_of_nbgrader(tmp_path):
    course = folder_of(tmp_path / "course", NBGRADER)
    assert graded(find(course / "submitted")) == graded(find(course))


def test_several_assignments_of_nbgrader_are_named_with_an_asterisk(put):
    path = put({**NBGRADER, "submitted/ada/ps1/dnn.py": b"other"}, "course")
    with pytest.raises(IntakeError, match=rf'several assignments \(backprop, ps1\)\. .*SUBMISSIONS="{path}/\*/backprop"\.$'):
        find(path)
    assert graded(find(path / "*/ps1")) == {"ada": {"dnn": b"other"}, "alan": {}}
    assert graded(find(path / "*/backprop")).keys() == {"ada", "emmy", "grace"}
    with pytest.raises(IntakeError, match="not an nbgrader course with submissions for ps2"):
        find(path / "*/ps2")


# What is no export

PLAIN = {
    "students": ["ada/dnn.py", "lovelace_ada/dnn.py", "grace_hopper_102/hw4/dnn.py"],
    "dates that look like ids": ["hw_2024_10_ada.zip", "hw_2024_10_grace.zip", "hw_2024_11_emmy.zip"],
    "days that look like ids": ["ada_2024_1_x.zip", "grace_2024_2_x.zip"],
    "years that look like ids": ["ada_1_2026_x.zip", "grace_2_2026_y.zip", "emmy_3_2026_z.zip"],
    "numbers that look like ids": ["lab_1_2_x.zip", "lab_3_4_y.zip"],
    "one of Moodle among others": ["ada/dnn.py", "grace/dnn.py", "Emmy_1_assignsubmission_file_/dnn.py"],
    "one of Canvas among others": ["ada.py", "grace.py", "lovelaceada_101_5001_dnn.py"],
    "one of Blackboard among others": ["ada.py", "grace.py", "HW_ada_attempt_2026-11-21-10-00-00_dnn.py"],
    "one with a time": ["ada/hw/dnn.py", "grace/hw4/dnn.py", "mallory/hw/timestamp.txt"],
    "a student called submitted": ["ada/dnn.py", "submitted/dnn.py"],
    "a folder of Gradescope's without the metadata": ["submission_1/dnn.py", "submission_2/dnn.py"],
    "people as Sakai writes them": ["Lovelace, Ada(al)/dnn.py", "Hopper, Grace(gh)/hw/dnn.py"],
    "teams": ["Team 7/dnn.py", "Team 8/hw/dnn.py"],
    "words that look like those of ILIAS": ["hw_4_ada_12/dnn.py", "a_b_3/dnn.py", "grace_hopper_102/dnn.py"],
    "numbers that look like those of Brightspace": ["7-8 - ada - final/dnn.py", "7-9 - grace/dnn.py"],
    "metadata of a student": ["ada/dnn.py", "mallory/submission_metadata.yml"],
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_folders_are_no_export(tmp_path, case):
    files = {name: packed({"dnn.py": DNN}) if name.endswith(".zip") else DNN for name in PLAIN[case]}
    (tmp_path / "class.zip").write_bytes(packed(files))
    for path in (folder_of(tmp_path / "class", files), tmp_path / "class.zip"):
        found = find(path)
        assert (found.kind, found.remarks) == ("plain", ())
        assert sorted(one.student for one in found.submissions) == sorted({Path(Path(name).parts[0]).stem for name in files})
        assert all(not one.people and not one.members for one in found.submissions)


def test_the_files_of_one_student_are_no_export(tmp_path):
    (tmp_path / "ada.zip").write_bytes(packed({"submission_metadata.yml": YML, **CANVAS, "dnn.py": WARMUP}))
    assert graded(find(tmp_path / "ada.zip"))["ada"]["dnn"] == WARMUP


def test_a_folder_of_a_student_that_cannot_be_listed_costs_that_student_alone(tmp_path, monkeypatch):
    folder_of(tmp_path, {"ada/dnn.py": DNN, "mallory/a/x": b"", "mallory/b/x": b""})
    monkeypatch.setattr("autograder.intake.exports.tree.MAX_ENTRIES", 1)
    assert graded(find(tmp_path)) == {"ada": {"dnn": DNN}, "mallory": {}}


# Size, and the command


def test_ten_thousand_files_are_found_in_one_look_and_read_in_another(put, monkeypatch):
    looks = []
    module = sys.modules["autograder.intake.zips"]
    real = module.open_archive
    monkeypatch.setattr(module, "open_archive", lambda *given: looks.append(1) or real(*given))
    files = {
        f"student{number}_{number}_{number + 90_000}{end}": DNN for number in range(5_000) for end in ("_dnn.py", "1_warmup.py")
    }
    found = find(put(files))
    assert (found.kind, len(found.submissions)) == ("Canvas", 5_000)
    assert len(looks) <= 1
    before = os.listdir("/dev/fd")
    with Reader(GRADED_FILES) as reader:
        assert all(reader.read(waiting).sources == {"dnn": DNN, "warmup": DNN} for waiting in found.submissions[-50:])
    assert len(looks) <= 2
    assert os.listdir("/dev/fd") == before


def test_a_file_of_an_export_that_is_there_twice(tmp_path):
    (tmp_path / "x.zip").write_bytes(
        packed(dict.fromkeys(("a_1_10_dnn.py", "a_1_11_dnn.py", "b_2_20_dnn.py", "c_3_30_dnn.py"), DNN)).replace(
            b"_11_", b"_10_"
        )
    )
    a, b, _ = find(tmp_path / "x.zip").submissions
    assert submission(a).reason == "The zip holds a_1_10_dnn.py 2 times; submit exactly one."
    assert sources(b) == {"dnn": DNN}


def test_the_command_tells_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("autograder.workers.grade_all", lambda found, *_: iter(()))
    folder_of(tmp_path / "export", {**CANVAS, "index.html": b""})
    main(["grade", str(tmp_path / "export"), "--out", str(tmp_path / "out")])
    shown = capsys.readouterr().err
    assert "Recognized an export from Canvas: 4 submissions.\n" in shown
    assert "Ignored, because they belong to no submission: index.html.\n" in shown


@pytest.mark.parametrize("text", ["", "2026", "2026-11-21", "2026-11-21 9:30:00", "2026-11-21 09:30:00 x y", "x" * 10_000])
def test_texts_that_are_not_times(text):
    assert parse_time(text, UTC) is None


def test_what_runs_on_a_platform_needs_no_yaml(tmp_path):
    """The packages for platforms have none, and read a single submission."""
    folder_of(tmp_path, {"ada/dnn.py": DNN})
    script = (
        "import sys; sys.modules['yaml'] = None; from pathlib import Path\n"
        "from autograder.intake.find import find; from autograder.intake.read import read\n"
        "from tests.course import GRADED_FILES\n"
        "print(find(Path(sys.argv[1]), GRADED_FILES).kind, *read('ada', Path(sys.argv[1], 'ada'), GRADED_FILES).sources)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.stdout, finished.stderr) == ("plain dnn\n", "")
