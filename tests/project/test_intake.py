"""Intake: what is a submission, what is in it, and the sentence for everything that is neither."""

import io
import os
import stat
import zipfile

import pytest

from autograder.intake import IntakeError, find, read
from autograder.intake.read import MOST_ENTRIES, MOST_SOURCE

DNN = b"class DNN: pass\n"


@pytest.fixture
def put(tmp_path):
    """put("alice/dnn.py", data) writes a file of the class folder and returns the folder."""

    def put(name="alice/dnn.py", data=DNN):
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return tmp_path / "class"

    return put


def zipped(members, **changes):
    """The bytes of a zip of {name: data}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = changes.get("mode", 0o100644) << 16
            archive.writestr(member, data)
    return file.getvalue()


def students(folder):
    return [waiting.student for waiting in find(folder)]


def read_one(folder):
    (waiting,) = find(folder)
    return read(waiting.student, waiting.path, waiting.inside)


# Finding


def test_folders_zips_and_files_are_submissions_in_name_order(put):
    put("carol/dnn.py")
    put("bob.zip", zipped({"dnn.py": DNN}))
    put("alice.py")
    put("notes.txt")
    put(".DS_Store")
    put("__MACOSX/dnn.py")
    assert students(put("dave smith/dnn.py")) == ["alice", "bob", "carol", "dave smith"]


def test_two_submissions_of_one_name_both_get_a_row(put):
    put("alice/dnn.py")
    put("alice.zip", zipped({"dnn.py": DNN}))
    assert students(put("alice.py")) == ["alice", "alice.py", "alice.zip"]


@pytest.mark.parametrize("name", ["a\u202eb", "tab\there", "x" * 240])
def test_any_name_becomes_a_name_that_can_be_shown_and_written(put, tmp_path, name):
    (student,) = students(put(f"{name}/dnn.py"))
    assert student.isprintable()
    (tmp_path / f".{student}.html.part").touch()


def test_a_zip_of_submissions(put, tmp_path):
    inner = zipped({"hw4/dnn.py": DNN})
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"alice/hw4/dnn.py": DNN, "bob.zip": inner, "carol.py": DNN, "__MACOSX/alice/dnn.py": b""}))
    found = find(path)
    assert [waiting.student for waiting in found] == ["alice", "bob", "carol"]
    assert [read(w.student, w.path, w.inside).sources for w in found] == [{"dnn": DNN}] * 3


def test_a_zip_that_is_one_submission(tmp_path):
    path = tmp_path / "alice.zip"
    path.write_bytes(zipped({"dnn.py": DNN, "warmup.py": b"x = 1"}))
    (waiting,) = find(path)
    assert waiting.student == "alice"
    assert read(waiting.student, waiting.path, waiting.inside).sources == {"dnn": DNN, "warmup": b"x = 1"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing", None, "There is no .*missing: SUBMISSIONS must name a folder or a zip"),
        ("empty", "folder", "holds no submission"),
        ("broken.zip", b"PK nonsense", "cannot be opened: File is not a zip file"),
        ("plain.txt", b"hello", "is neither a folder nor a zip"),
    ],
)
def test_where_there_is_nothing_to_grade(tmp_path, name, data, words):
    path = tmp_path / name
    if data == "folder":
        path.mkdir()
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(IntakeError, match=words):
        find(path)


# Reading


@pytest.mark.parametrize("inside", ["dnn.py", "hw4/dnn.py", "a/b/dnn.py"])
def test_files_may_lie_two_folders_down(put, inside):
    assert read_one(put(f"alice/{inside}")).sources == {"dnn": DNN}
    assert read_one(put(f"alice/{inside}")).problems.keys() == {"warmup", "extension"}


@pytest.mark.parametrize("inside", ["dnn.py", "hw4/dnn.py", "a/b/dnn.py", "a\\b\\dnn.py", "./dnn.py"])
def test_a_zip_may_nest_as_deep(put, inside):
    assert read_one(put("alice.zip", zipped({inside: DNN, "__MACOSX/._dnn.py": b"\0", ".git/dnn.py": b"x"}))).sources == {
        "dnn": DNN
    }


def test_a_bare_file_is_a_dnn(put):
    assert read_one(put("alice.py")).sources == {"dnn": DNN}


def test_a_bare_file_with_the_name_of_a_part_is_that_part(put):
    assert read_one(put("warmup.py")).sources == {"warmup": DNN}


def test_parts_that_are_missing_are_named(put):
    put("alice/warmup.py")
    submission = read_one(put("alice/DNN.py"))
    assert submission.sources == {"warmup": DNN}
    assert submission.problems["dnn"] == "dnn.py was not handed in (DNN.py is not the same name)."
    assert submission.problems["extension"] == "extension.py was not handed in."


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"dnn.py": b""}, "dnn.py is empty."),
        ({"dnn.py": b" \n\n"}, "dnn.py is empty."),
        ({"dnn.py": DNN, "old/dnn.py": DNN}, "There are 2 files named dnn.py (dnn.py, old/dnn.py); hand in exactly one."),
        ({"dnn.py": b"#" * (MOST_SOURCE + 1)}, "dnn.py has 1,000,001 bytes; at most 1,000,000 are read."),
        ({"notes.txt": b"hi"}, "There is no warmup.py, dnn.py or extension.py in it. It holds notes.txt."),
        ({"a/b/c/dnn.py": DNN}, "There is no warmup.py, dnn.py or extension.py in it."),
        ({"my_dnn.py": DNN}, "There is no warmup.py, dnn.py or extension.py in it. It holds my_dnn.py."),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_cannot_be_graded_says_why(put, files, reason, kind):
    if kind == "zip":
        submission = read_one(put("alice.zip", zipped(files)))
    else:
        for name, data in files.items():
            folder = put(f"alice/{name}", data)
        submission = read_one(folder)
    assert submission.sources == {}
    assert submission.reason.startswith(reason)


def test_an_empty_folder(put, tmp_path):
    (tmp_path / "class/alice").mkdir(parents=True)
    assert "It is empty." in read_one(tmp_path / "class").reason


def test_an_unreadable_zip(put):
    assert read_one(put("alice.zip", b"not a zip")).reason == "The zip cannot be opened: File is not a zip file."


def test_a_zip_that_is_cut_off(put):
    assert "cannot be opened" in read_one(put("alice.zip", zipped({"dnn.py": DNN * 100})[:-30])).reason


def test_a_zip_whose_bytes_are_damaged(put):
    data = bytearray(zipped({"dnn.py": os.urandom(500).hex().encode()}))
    data[100] ^= 0xFF
    assert "dnn.py cannot be read from the zip" in read_one(put("alice.zip", bytes(data))).reason


def test_a_zip_with_a_password(put):
    data = bytearray(zipped({"dnn.py": DNN}))
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start] |= 1
    assert "encrypted" in read_one(put("alice.zip", bytes(data))).reason


def test_a_zip_that_lies_about_its_size(put):
    bomb = bytearray(zipped({"dnn.py": b"#" * (3 * MOST_SOURCE)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = bomb.index(mark) + offset
        bomb[start : start + 4] = (100).to_bytes(4, "little")
    submission = read_one(put("alice.zip", bytes(bomb)))
    assert submission.sources == {}
    assert "dnn.py" in submission.reason


def test_a_zip_that_climbs_out(put):
    assert "It is empty." in read_one(put("alice.zip", zipped({"../dnn.py": DNN, "/dnn.py": DNN}))).reason


def test_a_zip_of_too_many_files(put):
    data = zipped({f"{number}.txt": b"" for number in range(MOST_ENTRIES + 1)})
    assert "10,001 files" in read_one(put("alice.zip", data)).reason


def test_links_are_not_followed(put, tmp_path):
    (tmp_path / "secret.py").write_bytes(DNN)
    folder = put("alice/readme.txt", b"")
    (folder / "alice/dnn.py").symlink_to(tmp_path / "secret.py")
    assert read_one(folder).reason == "dnn.py is a link or a device; hand in the file itself."


def test_links_in_a_zip_are_not_followed(put):
    data = zipped({"dnn.py": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    assert read_one(put("alice.zip", data)).reason == "dnn.py is a link or a device; hand in the file itself."


def test_a_pipe_is_not_waited_for(put):
    folder = put("alice/readme.txt", b"")
    os.mkfifo(folder / "alice/dnn.py")
    assert read_one(folder).reason == "dnn.py is a link or a device; hand in the file itself."
