"""Every entry of a class gets a row or is named, and the folder of a class is distinguished from a student's."""

import csv
import io
import os
import random
import zipfile
from pathlib import PurePosixPath

import pytest

from autograder.cli import main
from autograder.intake.find import find
from autograder.intake.graded_files import GradedFiles
from autograder.intake.kinds import is_of_course, strip_ending
from autograder.intake.read import Reader
from autograder.intake.wrappers import name_person

FILES = GradedFiles(("network", "prep", "q1"), default="network")
CODE, OTHER = b"class Network: pass\n", b"x = 1\n"
ALL = {"network.py": CODE, "prep.py": OTHER, "q1.py": OTHER}
ARCHIVE = "is an archive of an unsupported kind; submit a .zip, or the files themselves."
NOTEBOOK = "is a Jupyter notebook; export it as a Python file and submit that."
DOCUMENT = "is a document; submit the Python files themselves."
NOTHING = "There is no network.py, prep.py or q1.py in it."


def packed(members):
    """Return the bytes of a zip of {name: data}: a dictionary is a zip, and a name that ends with a slash a folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, packed(data) if isinstance(data, dict) else data)
    return file.getvalue()


def write(place, members):
    """Write the files below a folder, as `packed` does."""
    for name, data in members.items():
        path = place / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(packed(data) if isinstance(data, dict) else data)
    return place


def as_folder(place, members):
    return write(place / "class", members)


def as_zip(place, members):
    return write(place, {"class.zip": members}) / "class.zip"


def as_folder_in_zip(place, members):
    return write(place, {"class.zip": {f"HW4/{name}": data for name, data in members.items()}}) / "class.zip"


def as_zip_in_zip(place, members):
    return write(place, {"class.zip": {"HW4.zip": members}}) / "class.zip"


def as_zip_in_folder(place, members):
    return write(place / "class", {"HW4.zip": members})


def as_folder_in_folder(place, members):
    return write(place / "class/HW4", members).parent


FORMS = {
    form.__name__: form for form in (as_folder, as_zip, as_folder_in_zip, as_zip_in_zip, as_zip_in_folder, as_folder_in_folder)
}


def read(path):
    """Return what is found at a path, and the submission of each student there."""
    found = find(path, FILES)
    with Reader(FILES) as reader:
        return found, {ref.student: reader.read(ref) for ref in found.submissions}


def sources(path):
    return {student: set(submission.sources) for student, submission in read(path)[1].items()}


# What a student may hand in: the members of a folder, or one file; what is graded of it; and the reason if nothing is.
DEEP = "a/b/c/d/e/f/g/h/i/j/"
CONTENTS = {
    "everything": (ALL, set(FILES.parts), ""),
    "one file": ({"network.py": CODE}, {"network"}, ""),
    "a zip": ({"hw.zip": ALL}, set(FILES.parts), ""),
    "a zip in a zip": ({"hw.zip": {"hw.zip": ALL}}, set(FILES.parts), ""),
    "a zip next to a file": ({"hw.zip": {"prep.py": OTHER}, "network.py": CODE}, {"network", "prep"}, ""),
    "an archive next to a file": ({"hw.rar": b"Rar!", "network.py": CODE}, {"network"}, ""),
    "rar": ({"hw.rar": b"Rar!"}, set(), f"hw.rar {ARCHIVE}"),
    "7z": ({"hw.7z": b"7z"}, set(), f"hw.7z {ARCHIVE}"),
    "tar.gz": ({"hw.tar.gz": b"\x1f\x8b"}, set(), f"hw.tar.gz {ARCHIVE}"),
    "tgz": ({"hw.TGZ": b"\x1f\x8b"}, set(), f"hw.TGZ {ARCHIVE}"),
    "tar": ({"hw.tar": b"tar"}, set(), f"hw.tar {ARCHIVE}"),
    "notebook": ({"hw.ipynb": b"{}"}, set(), f"{NOTHING} hw.ipynb {NOTEBOOK}"),
    "word": ({"hw.docx": b"PK"}, set(), f"{NOTHING} hw.docx {DOCUMENT}"),
    "pdf": ({"hw.pdf": b"%PDF"}, set(), f"{NOTHING} hw.pdf {DOCUMENT}"),
    "picture": ({"hw.jpeg": b"JFIF"}, set(), f"{NOTHING} hw.jpeg is a picture; submit the Python files themselves."),
    "something": ({"hw.exe": b"MZ"}, set(), f"{NOTHING} It holds hw.exe."),
    "broken zip": ({"hw.zip": b"PK"}, set(), "The zip cannot be opened: File is not a zip file."),
    "empty zip": ({"hw.zip": {}}, set(), f"{NOTHING} It is empty."),
}
FOLDERS = {
    "an empty folder": ({"/": b""}, set(), f"{NOTHING} It is empty."),
    "only folders": ({"hw/src/": b""}, set(), f"{NOTHING} It is empty."),
    "only junk": ({"__MACOSX/x": b"", ".DS_Store": b""}, set(), f"{NOTHING} It is empty."),
    "a deep folder": ({f"{DEEP}network.py": CODE}, set(), f"{NOTHING} It holds a/b/c/d/e/f/g/h/i"),
    "several kinds": (
        {"a.rar": b"", "b.ipynb": b"", "c.xyz": b""},
        set(),
        f"a.rar {ARCHIVE}",
    ),
}


def in_folder(head):
    """Return the members of a folder with that name, in a class."""
    return lambda members: {f"{head}/{name}".replace("//", "/"): data for name, data in members.items()}


def with_prefix(head):
    """Return the files of a student next to those of others, each with a name that begins like this."""
    return lambda members: {f"{head}{name}": data for name, data in members.items()}


def alone(name):
    """Return the one file of a student, called by that name with its own ending; a folder if there are more."""

    def put(members):
        ((given, data),) = members.items()
        return {name + given[given.index(".") :]: data}

    return put


class Canvas:
    """Numbers as Canvas gives them, each file another."""

    def __init__(self):
        self.count = 5_000

    def __call__(self, number):
        def put(members):
            self.count += len(members)
            return {
                f"person{number:03}_{number + 100}_{self.count - place}_{name}": data
                for place, (name, data) in enumerate(members.items())
            }

        return f"person{number:03}", put


# For each kind of download: whether submissions are folders, what student number N is called, and where the files are put.
DOWNLOADS = {
    "plain": (True, lambda number: (f"person{number:03}", in_folder(f"person{number:03}"))),
    "Moodle": (True, lambda number: (f"P. {number}th", in_folder(f"P. {number}th_{number + 900}_assignsubmission_file_"))),
    "Gradescope": (True, lambda number: (f"submission_{number}", in_folder(f"submission_{number}"))),
    "Brightspace": (True, lambda number: (f"P. {number}th", in_folder(f"{number}-7 - P. {number}th - Sep 24, 2026 926 PM"))),
    "Sakai": (True, lambda number: (f"eid{number}", in_folder(f"Person, {number}(eid{number})/Submission attachment(s)"))),
    "ILIAS": (True, lambda number: (f"login{number}", in_folder(f"Person_Some_login{number}_{number + 300}"))),
    "nbgrader": (True, lambda number: (f"person{number:03}", in_folder(f"submitted/person{number:03}/backprop"))),
    "Moodle files": (
        False,
        lambda number: (f"P. {number}th", with_prefix(f"P. {number}th_{number + 900}_assignsubmission_file_")),
    ),
    "Blackboard": (False, lambda number: (f"person{number}", with_prefix(f"HW 4_person{number}_attempt_2026-11-20-09-12-58_"))),
    "Brightspace files": (
        False,
        lambda number: (f"P. {number}th", with_prefix(f"{number}-7 - P. {number}th - Sep 24, 2026 926 PM - ")),
    ),
    "Canvas": (False, Canvas()),
}
BESIDE = {  # what the platform, or the TA, puts next to the submissions
    "plain": {"grades.csv": b"", "README": b"", "roster.xlsx": b"", "notes.txt": b""},
    "Gradescope": {"submission_metadata.yml": b"submission_0:\n  :submitters: []\n"},
    "nbgrader": {"gradebook.db": b""},
    "Brightspace": {"index.html": b"<html>"},
    "Sakai": {"grades.csv": b""},
}


@pytest.mark.parametrize("form", ["as_folder", "as_zip", "as_folder_in_zip"])
@pytest.mark.parametrize("download", DOWNLOADS)
def test_three_hundred_entries_of_every_kind_have_three_hundred_rows(tmp_path, download, form):
    """Drawn anew each time; the seed is in the name of the class, which a failure shows."""
    seed = random.randrange(2**32)
    draw = random.Random(seed)
    has_folders, name = DOWNLOADS[download]
    kinds = {**CONTENTS, **FOLDERS} if has_folders else CONTENTS
    expected, members = {}, dict(BESIDE.get(download, {}))
    for number in range(300):
        kind = draw.choice([*kinds])
        held, graded, reason = kinds[kind]
        student, put = name(number)
        if (
            download == "plain"
            and len(held) == 1
            and "." in next(iter(held))
            and "/" not in next(iter(held))
            and draw.random() < 0.5
        ):
            put = alone(student)
            reason = reason.replace("hw.", f"{student}.")
        members |= put(held)
        expected[student] = (kind, graded, reason)
    place = tmp_path / str(seed)
    found, submissions = read(FORMS[form](place, dict(draw.sample([*members.items()], len(members)))))
    assert found.kind == download.removesuffix(" files")
    assert submissions.keys() == expected.keys(), seed
    for student, (kind, graded, reason) in expected.items():
        submission = submissions[student]
        assert set(submission.sources) == graded, (seed, student, kind, submission.reason)
        assert submission.reason.startswith(reason), (seed, student, kind)
        assert bool(submission.reason) == (not graded)
    if download == "plain":
        assert all(name in " ".join(found.remarks) for name in BESIDE["plain"])


def test_the_table_of_grades_has_as_many_rows(tmp_path):
    kinds = [kind for kind in CONTENTS.values() if not kind[1]]
    members = {}
    for number in range(300):
        held, _, _ = kinds[number % len(kinds)]
        members |= in_folder(f"person{number:03}")(held)
    assert main(["grade", str(as_zip(tmp_path, members)), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 0
    with open(tmp_path / "out/grades.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == [f"person{number:03}" for number in range(300)]
    assert {row["status"] for row in rows} == {"invalid"}
    pages = [(tmp_path / f"out/feedback/person{number:03}.html").read_text() for number in (0, 1)]
    assert ARCHIVE in pages[0]
    assert "hw.7z" in pages[1]


@pytest.mark.parametrize("form", ["as_folder", "as_zip"])
def test_no_entry_disappears(tmp_path, form):
    """Names of all kinds, those of platforms among others: each is in a row, or is named in a remark."""
    draw = random.Random(seed := random.randrange(2**32))
    stems = [
        "ada",
        "Ada",
        "bob (2)",
        "Émilie",
        "王 小明",
        "o.brien",
        "hw_4_7",
        "-x",
        "=1+1",
        "A, B(c)",
        "7-8 - Ada - Sep 24, 2026 926 PM",
    ]
    endings = [
        "",
        ".py",
        ".zip",
        ".rar",
        ".tar.gz",
        ".ipynb",
        ".pdf",
        ".txt",
        ".csv",
        ".html",
        ".json",
        ".PNG",
        ".xyz",
        "_1_2_network.py",
    ]
    names = {draw.choice(stems) + f"{draw.randrange(99)}" + draw.choice(endings) for _ in range(40)}
    members = {f"{name}/" if draw.random() < 0.2 else name: CODE for name in names}
    found, submissions = read(FORMS[form](tmp_path, members))
    remarks = " ".join(found.remarks)
    held = {ref.full_name for ref in found.submissions}
    for name in (PurePosixPath(name).name for name in members):
        assert name in held or (is_of_course(name) and (name in remarks or "more." in remarks)), seed
    assert len(submissions) == len(held)


@pytest.mark.parametrize("form", ["as_folder", "as_zip"])
def test_what_is_the_courses_is_named_and_no_row(tmp_path, form):
    members = {"ada/network.py": CODE, "index.html": b"", "Readme": b"", "list.CSV": b"", "ada.py.txt": CODE, "x.html": b""}
    found, submissions = read(FORMS[form](tmp_path, members))
    assert submissions.keys() == {"ada", "ada.py.txt", "x"}
    assert found.remarks == ("Ignored, because they belong to no submission: Readme, index.html, list.CSV.",)


def test_a_class_of_lists_only_is_an_error_that_names_them(tmp_path):
    with pytest.raises(Exception, match=r"has no submissions.*belong to no submission: grades\.csv\."):
        find(as_folder(tmp_path, {"grades.csv": b""}), FILES)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.tar.gz", "a"),
        ("a.TGZ", "a"),
        ("a.b.py", "a.b"),
        ("a.py.txt", "a"),
        ("a.xyz", "a"),
        ("o.brien", "o.brien"),
        (".zip", ".zip"),
        ("a.7z", "a"),
    ],
)
def test_the_ending_of_a_submission_is_not_a_part_of_the_name(name, stem):
    assert strip_ending(name) == stem


# Wrappers

PAIR = {f"{name}/{file}": data for name in ("ada", "bit") for file, data in ALL.items()}
WRAPPED = {
    "a class": (PAIR, {"ada", "bit"}),
    "a class with numbers": ({f"student{number}/network.py": CODE for number in (1, 2)}, {"student1", "student2"}),
    "a class with counts": ({f"person{number}/network.py": CODE for number in (11, 12)}, {"person11", "person12"}),
    "a class with ids": ({f"3046123{number}.zip": ALL for number in (1, 2)}, {"30461231", "30461232"}),
    "a class of whom few submitted": (
        {**PAIR, "cy.rar": b"", "di/": b"", "eve.ipynb": b"", "grades.csv": b""},
        {"ada", "bit", "cy", "di", "eve"},
    ),
    "one of a class": ({"lovelace/network.py": CODE}, {"lovelace"}),
    "names of one sign": ({"王/network.py": CODE, "李/network.py": CODE}, {"王", "李"}),
    "Moodle's": (
        {f"{name}_{number}_assignsubmission_file_/hw.rar": b"" for number, name in enumerate(("Ada", "Bob"))},
        {"Ada", "Bob"},
    ),
}


@pytest.mark.parametrize("form", ["as_folder_in_zip", "as_zip_in_zip", "as_zip_in_folder", "as_folder_in_folder"])
@pytest.mark.parametrize("case", WRAPPED)
def test_one_wrapper_is_looked_through(tmp_path, case, form):
    members, students = WRAPPED[case]
    found, submissions = read(FORMS[form](tmp_path, members))
    assert submissions.keys() == students
    assert found.kind == "Moodle" or "were found in HW4" in found.remarks[0]
    assert ("grades.csv" in " ".join(found.remarks)) == ("grades.csv" in members)


def test_wrappers_in_wrappers_are_looked_through_and_what_is_next_to_them_is_named(tmp_path):
    inner = {f"HW4/all/{name}": data for name, data in PAIR.items()}
    place = write(tmp_path / "class", {"download/hw4.zip": inner, "download/roster.csv": b""})
    found, submissions = read(place)
    assert {student: set(one.sources) for student, one in submissions.items()} == {
        name: set(FILES.parts) for name in ("ada", "bit")
    }
    assert found.remarks == (
        "The submissions of the class were found in download/hw4.zip/HW4/all, the only entry of class.",
        "Ignored, because they belong to no submission: roster.csv.",
    )


STUDENTS_OWN = {
    "two versions": ["v1/network.py", "v2/network.py"],
    "old and new": ["old/network.py", "final/network.py"],
    "a folder for each file": ["network/network.py", "warm/prep.py", "q1/q1.py"],
    "code and tests": ["src/network.py", "tests/network.py", "lib/network.py"],
    "days": ["20261101/network.py", "20261102/network.py"],
    "numbers": ["ada1/network.py", "ada2/network.py"],
    "versions with a name": ["ada v1/network.py", "ada v2/network.py"],
    "files at the top": ["network.py", "ada/network.py", "bit/network.py"],
    "one folder": ["hw4/src/network.py"],
    "letters": ["a/network.py", "b/network.py"],
    "tasks": ["task 1/network.py", "task 2/network.py"],
    "sources of other names": ["layers.py", "sigmoids.py"],
}


@pytest.mark.parametrize("form", [as_folder, as_zip])
@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("case", STUDENTS_OWN)
def test_the_folder_of_a_lone_student_is_not_a_class(tmp_path, case, kind, form):
    held = {name: b"%d = x" % number for number, name in enumerate(STUDENTS_OWN[case])}
    members = {"lovelace.zip": held} if kind == "zip" else in_folder("lovelace")(held)
    assert read(form(tmp_path, members))[1].keys() == {"lovelace"}


def test_a_wrapper_is_looked_through_only_if_it_is_alone(tmp_path):
    assert sources(as_folder(tmp_path, {**in_folder("HW4")(PAIR), "eve/q1.py": OTHER})).keys() == {"HW4", "eve"}


def test_a_link_is_not_a_wrapper(tmp_path):
    write(tmp_path / "secret", PAIR)
    (tmp_path / "class").mkdir()
    (tmp_path / "class/HW4").symlink_to(tmp_path / "secret")
    (tmp_path / "zips").mkdir()
    (tmp_path / "zips/HW4.zip").symlink_to(write(tmp_path, {"class.zip": PAIR}) / "class.zip")
    for place in ("class", "zips"):
        ((student, submission),) = read(tmp_path / place)[1].items()
        assert (student, submission.reason[:25]) == ("HW4", "The submission is a link,")


def test_a_zip_in_a_zip_that_is_too_large_is_one_row_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.intake.zips.MAX_INNER", 100)
    monkeypatch.setattr("autograder.intake.nested.MAX_ZIP", 100)
    ((student, submission),) = read(as_zip_in_zip(tmp_path, PAIR))[1].items()
    assert student == "HW4"
    assert submission.reason.startswith("The zip has ")


@pytest.mark.parametrize("name", ["Lovelace, Ada", "student012", "Group 7", "20461234", "al1234", "李", "o'brien", "s1234567"])
def test_names_that_tell_people_apart(name):
    assert name_person(name, FILES.parts)


@pytest.mark.parametrize("name", ["src", "v2", "old ada", "hw4 final", "part1", "network", "2026", "20261121", "x", "", "12"])
def test_names_that_may_be_anybodys_folder(name):
    assert not name_person(name, FILES.parts)


# A zip whose top holds files

ONE = {
    "renamed": ["network (1).py", "prep (1).py", "q1 (1).py"],
    "one renamed": ["network-2.py"],
    "renamed, with notes": ["network (1).py", "notes.txt", "helpers.py"],
    "with the name of the student": ["ada_network.py", "ada_prep.py"],
    "with folders": ["network (1).py", "src/x.py"],
}
MANY = {
    "of two students": (["ada_network.py", "bob_network.py"], {"ada_network", "bob_network"}),
    "of two students, different ones": (["ada_network.py", "bob_prep.py"], {"ada_network", "bob_prep"}),
    "names of students": (["ada.py", "bob.py"], {"ada", "bob"}),
    "renamed next to a student's": (["network (1).py", "bob/network.py"], {"network (1)", "bob"}),
    "of a class with a file of the TA": (["network.py", "ada/network.py", "bob/network.py"], {"network", "ada", "bob"}),
}


@pytest.mark.parametrize("case", ONE)
def test_a_zip_of_the_files_of_one_student_is_one_submission(tmp_path, case):
    path = write(tmp_path, {"lovelace.zip": dict.fromkeys(ONE[case], CODE)}) / "lovelace.zip"
    found, submissions = read(path)
    assert submissions.keys() == {"lovelace"}
    assert found.remarks == ("lovelace.zip was graded as one submission.",)
    assert submissions["lovelace"].sources


@pytest.mark.parametrize("case", MANY)
def test_a_zip_of_the_files_of_several_students_has_a_row_for_each(tmp_path, case):
    names, students = MANY[case]
    assert sources(as_zip(tmp_path, dict.fromkeys(names, CODE))).keys() == students


def test_in_a_folder_every_file_is_a_submission(tmp_path):
    assert sources(as_folder(tmp_path, dict.fromkeys(ONE["renamed"], CODE))).keys() == {"network (1)", "prep (1)", "q1 (1)"}


def test_an_archive_next_to_files_is_named_where_something_is_missing(tmp_path):
    _, submissions = read(
        as_folder(tmp_path, {"ada/network.py": CODE, "ada/rest.rar": b"", "bob/x.rar": b"", **in_folder("bob")(ALL)})
    )
    assert submissions["ada"].problems["prep"] == f"prep.py was not submitted. rest.rar {ARCHIVE}"
    assert not submissions["bob"].problems


def test_nothing_is_left_open(tmp_path):
    before = os.listdir("/dev/fd")
    sources(as_zip_in_folder(tmp_path, PAIR))
    sources(as_zip_in_zip(tmp_path, PAIR))
    assert os.listdir("/dev/fd") == before
