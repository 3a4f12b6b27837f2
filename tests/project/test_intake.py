"""Intake: what counts as a submission, what it contains, and the message about everything else."""

import io
import os
import signal
import socket
import stat
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from autograder.files import ROOT
from autograder.intake.entries import MAX_ENTRIES, MAX_SOURCE, MAX_ZIP, UnreadableFileError
from autograder.intake.find import IntakeError
from autograder.intake.find import find as find_for
from autograder.intake.folders import ChangedError, Folder, make_entry, open_file
from autograder.intake.graded_files import GradedFiles
from autograder.intake.read import Reader, read
from tests.course import GRADED_FILES

DNN = b"class DNN: pass\n"
NO_FILE = "dnn.py is a link or a device; submit the file itself."
LINK = "The submission is a link, which is not followed; submit the files themselves."
LEADS_OUT = "which would be unpacked outside its folder; zip your files again."
HEADS = ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2))  # of a file in a zip: before the file, and in the table of contents
FLAGS, PACKED, SIZE = 6, 18, 22  # where these lie in the first head


def find(submissions):
    return find_for(submissions, GRADED_FILES)


@pytest.fixture
def put(tmp_path):
    """put("alice/dnn.py", data) writes a file of the class folder and returns the folder."""

    def put(name="alice/dnn.py", data=DNN):
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return tmp_path / "class"

    return put


def zipped(members, mode=0o100644, packing=zipfile.ZIP_DEFLATED):
    """Return the bytes of a zip of {name: data}, or of pairs of them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that comes twice
        for name, data in members.items() if isinstance(members, dict) else members:
            member = zipfile.ZipInfo("x")
            member.filename = name  # as it is, even with a zero byte in it
            member.external_attr, member.compress_type = mode << 16, packing
            archive.writestr(member, data)
    return file.getvalue()


def forged(data, value, field, length=4):
    """Return the zip of one file with a field of its two heads overwritten."""
    data = bytearray(data)
    for mark, shift in HEADS:
        start = data.index(mark) + field + shift
        data[start : start + length] = value.to_bytes(length, "little")
    return bytes(data)


def everything(folder):
    """Return what lies below a folder."""
    return sorted(str(path) for path in folder.rglob("*"))


def read_all(folder):
    with Reader(GRADED_FILES) as reader:
        return [reader.read(waiting) for waiting in find(folder).submissions]


def students(folder):
    return [waiting.student for waiting in find(folder).submissions]


def read_one(folder):
    (submission,) = read_all(folder)
    return submission


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
def test_any_name_becomes_safe_to_show_and_write(put, tmp_path, name):
    (student,) = students(put(f"{name}/dnn.py"))
    assert student.isprintable()
    (tmp_path / f".{student}.html.01234567.part").touch()


def test_a_zip_of_submissions(put, tmp_path):
    inner = zipped({"hw4/dnn.py": DNN})
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"alice/hw4/dnn.py": DNN, "bob.zip": inner, "carol.py": DNN, "__MACOSX/alice/dnn.py": b""}))
    found = find(path).submissions
    assert [waiting.student for waiting in found] == ["alice", "bob", "carol"]
    assert [submission.sources for submission in read_all(path)] == [{"dnn": DNN}] * 3


def test_a_zip_that_is_one_submission(tmp_path):
    path = tmp_path / "alice.zip"
    path.write_bytes(zipped({"dnn.py": DNN, "warmup.py": b"x = 1"}))
    (waiting,) = find(path).submissions
    assert waiting.student == "alice"
    assert read_one(path).sources == {"dnn": DNN, "warmup": b"x = 1"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing", None, "There is no .*missing: SUBMISSIONS must name a folder or a zip"),
        ("empty", "folder", "has no submissions"),
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


def test_the_caller_names_the_parts(put):
    files = GradedFiles(("one", "two"), default="two")
    put("alice/one.py")
    put("bob.py")
    folder = put("carol/three.py")
    found = find_for(folder, files).submissions
    with Reader(files) as reader:
        alice, bob, carol = map(reader.read, found)
    assert (alice.sources, bob.sources) == ({"one": DNN}, {"two": DNN})
    assert alice.problems == {"two": "two.py was not submitted."}
    assert carol.reason == "There is no one.py or two.py in it. It holds three.py."


def test_parts_that_are_missing_are_named(put):
    put("alice/warmup.py")
    submission = read_one(put("alice/test_dnn.py"))
    assert submission.sources == {"warmup": DNN}
    assert submission.problems == {"dnn": "dnn.py was not submitted.", "extension": "extension.py was not submitted."}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"dnn.py": b""}, "dnn.py is empty."),
        ({"dnn.py": b" \n\n"}, "dnn.py is empty."),
        ({"dnn.py": b"#" * (MAX_SOURCE + 1)}, "dnn.py has 1,000,001 bytes; at most 1,000,000 are read."),
        ({"notes.txt": b"hi"}, "There is no warmup.py, dnn.py or extension.py in it. It holds notes.txt."),
        ({"check_dnn.py": DNN}, "There is no warmup.py, dnn.py or extension.py in it. It holds check_dnn.py."),
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


def test_a_zip_of_too_many_files(put):
    data = zipped({f"{number}.txt": b"" for number in range(MAX_ENTRIES + 1)})
    assert "10,001 files" in read_one(put("alice.zip", data)).reason


def test_a_folder_of_too_many_files(put):
    folder = put("alice/dnn.py")
    for number in range(MAX_ENTRIES):
        (folder / f"alice/{number}.txt").touch()
    assert read_one(folder).reason == "The folder holds more than 10,000 files."


def test_junk_is_not_looked_into(put):
    put("alice/.venv/dnn.py")
    folder = put("alice/dnn.py")
    (folder / "alice/__pycache__").symlink_to("/etc")
    os.mkfifo(folder / "alice/.pipe")
    assert read_one(folder).sources == {"dnn": DNN}


# A zip that nobody should unpack is refused as a whole

WHOLE = {
    "climbs out": (zipped({"dnn.py": DNN, "../evil.py": DNN}), f"The zip holds ../evil.py, {LEADS_OUT}"),
    "climbs out from within": (zipped({"dnn.py": DNN, "hw/../../evil": b""}), f"The zip holds hw/../../evil, {LEADS_OUT}"),
    "climbs out of junk": (zipped({"dnn.py": DNN, "__MACOSX/../../x": b""}), f"The zip holds __MACOSX/../../x, {LEADS_OUT}"),
    "climbs out as a folder": (zipped({"dnn.py": DNN, "../evil/": b""}), f"The zip holds ../evil/, {LEADS_OUT}"),
    "climbs out backwards": (zipped({"dnn.py": DNN, "..\\evil.py": DNN}), f"The zip holds ../evil.py, {LEADS_OUT}"),
    "absolute": (zipped({"dnn.py": DNN, "/etc/cron.d/x": b""}), f"The zip holds /etc/cron.d/x, {LEADS_OUT}"),
    "a share": (zipped({"dnn.py": DNN, "\\\\host\\x": b""}), f"The zip holds //host/x, {LEADS_OUT}"),
    "a drive": (zipped({"dnn.py": DNN, "C:dnn.py": b""}), f"The zip holds C:dnn.py, {LEADS_OUT}"),
    "a zero byte": (
        zipped({"dnn.py\0.txt": DNN}),
        "The zip holds dnn.py\\u0000.txt, a name with a zero byte in it; zip your files again.",
    ),
    "a bomb by ratio": (
        zipped({"dnn.py": DNN, "zeros": bytes(10_000_000)}),
        "Unpacked, the zip would have 10,000,016 bytes, more than 100 times its packed size.",
    ),
    "a bomb by size": (
        forged(zipped({"a.txt": b"#" * 10_000}), 4_000_000_000, SIZE),
        "Unpacked, the zip would have 4,000,000,000 bytes; at most 200,000,000 are accepted.",
    ),
    "a size that is not so": (
        forged(zipped({"dnn.py": DNN * 9}), len(DNN), SIZE),
        "The zip gives a wrong size for dnn.py (16 bytes); zip your files again.",
    ),
    "a small size of a large file": (
        forged(zipped({"dnn.py": b"#" * 3_000_000}), 100, SIZE),
        "The zip gives a wrong size for dnn.py (100 bytes); zip your files again.",
    ),
    "bytes that are not there": (
        forged(zipped({"dnn.py": DNN}), 1_000_000, PACKED),
        "In the zip, dnn.py overlaps with other data; zip your files again.",
    ),
    "a long table of contents": (
        zipped({f"{number:02}" + "x" * 60_000: b"" for number in range(40)}),
        "The table of contents of the zip has more than 2,000,000 bytes.",
    ),
    "no zip": (b"not a zip", "The zip cannot be opened: File is not a zip file."),
    "many bytes": (bytes(MAX_ZIP + 1), "The zip has 20,000,001 bytes; at most 20,000,000 are read."),
}


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("kind", ["zip", "zip in a zip"])
def test_a_zip_that_is_refused_as_a_whole(put, tmp_path, case, kind):
    data, reason = WHOLE[case]
    if kind == "zip in a zip":
        path = tmp_path / "class.zip"
        path.write_bytes(zipped({"alice.zip": data, "bob.py": DNN}, packing=zipfile.ZIP_STORED))
    else:
        put("alice.zip", data)
        path = put("bob.py")
    before = everything(tmp_path)
    alice, bob = read_all(path)
    assert (alice.sources, alice.reason) == ({}, reason)
    assert set(alice.problems.values()) == {reason}
    assert bob.sources == {"dnn": DNN}
    assert everything(tmp_path) == before


def test_a_bomb_of_one_layer(put):
    """Two lines of the table of contents point at the same bytes."""
    data = bytearray(zipped([("dnn.py", DNN), ("two.py", DNN)]))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 42 : second + 46] = bytes(4)
    assert read_one(put("alice.zip", bytes(data))).reason.startswith("In the zip, dnn.py overlaps")


def test_a_file_that_has_another_name_in_the_table_of_contents(put):
    data = zipped({"dnn.py": DNN}).replace(b"dnn.py", b"two.py", 1)
    assert "dnn.py cannot be read from the zip: File name in directory" in read_one(put("alice.zip", data)).reason


def test_bombs_take_no_memory_and_no_time(put):
    """Under a limit that a bomb would break; a hang ends the test too."""
    bomb, _ = WHOLE["a bomb by ratio"]
    put("alice.zip", bomb)
    put("bob.zip", zipped({f"{number}": bytes(5_000_000) for number in range(40)}))
    folder = put("carol.zip", zipped({"hw.zip": bomb, "dnn.py": DNN}))
    script = (
        "import resource, sys; from pathlib import Path; from autograder.intake.find import find\n"
        "from autograder.intake.read import Reader\n"
        "from autograder.intake.graded_files import GradedFiles\n"
        "FILES = GradedFiles(('dnn',), 'dnn')\n"
        "resource.setrlimit(resource.RLIMIT_AS, (150_000_000, 150_000_000))\n"
        "with Reader(FILES) as reader:\n"
        "    for one in find(Path(sys.argv[1]), FILES).submissions: print(one.student, len(reader.read(one).sources))"
    )
    command = [sys.executable, "-c", script, str(folder)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.stdout.split(), finished.stderr) == (["alice", "0", "bob", "0", "carol", "1"], "")


@pytest.mark.parametrize("inside", ["alice/../bob/dnn.py", "alice/hw\0/x"])
def test_one_bad_name_in_a_zip_of_submissions_costs_that_submission_alone(tmp_path, inside):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"alice/dnn.py": DNN, inside: DNN, "bob/dnn.py": DNN}))
    alice, bob = read_all(path)
    assert alice.reason.startswith("The zip holds alice/")
    assert bob.sources == {"dnn": DNN}


@pytest.mark.parametrize("inside", ["/etc/x", "../x", "C:/x"])
def test_a_zip_of_submissions_that_leads_out_is_refused(tmp_path, inside):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"alice/dnn.py": DNN, inside: b""}))
    with pytest.raises(IntakeError, match=f"The zip holds {inside}, which would be unpacked outside"):
        find(path)


def test_a_zip_of_submissions_is_bounded_too(tmp_path, monkeypatch):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"{number}/dnn.py": DNN for number in range(20)}))
    module = sys.modules["autograder.intake.zips"]
    monkeypatch.setattr(module, "MAX_MEMBERS", 19)
    with pytest.raises(IntakeError, match="holds 20 files; at most 19 are allowed"):
        find(path)
    monkeypatch.setattr(module, "MAX_CLASS", 100)
    with pytest.raises(IntakeError, match="bytes; at most 100 are read"):
        find(path)


def test_a_zip_of_submissions_that_has_one_twice(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped([("alice.zip", zipped({"dnn.py": DNN})), ("alice.zip", b""), ("bob.py", DNN), ("bob.py/x", DNN)]))
    reasons = [submission.reason for submission in read_all(path)]
    assert reasons == [f"The zip holds {name} 2 times; submit exactly one." for name in ("alice.zip", "bob.py")]


def test_a_folder_in_a_zip_may_be_named_like_a_zip(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"alice.zip/dnn.py": DNN}))
    assert read_one(path).sources == {"dnn": DNN}


# One file that cannot be read costs its own part alone

SPOILT = {
    "encrypted": (forged(zipped({"dnn.py": DNN}), 1, FLAGS, 2), "dnn.py is encrypted; zip it without a password."),
    "packed by a method that may take memory": (
        zipped({"dnn.py": DNN}, packing=zipfile.ZIP_LZMA),
        "dnn.py uses an unsupported compression method (14); zip your files again.",
    ),
    "twice in one place": (
        zipped([("dnn.py", DNN), ("dnn.py", b"x = 1")]),
        "There are 2 files that may be meant as dnn.py (dnn.py, dnn.py); submit one, named dnn.py.",
    ),
    "twins on many disks": (
        zipped({"hw/dnn.py": DNN, "HW/DNN.py": b"other"}),
        "There are 2 files that may be meant as dnn.py (HW/DNN.py, hw/dnn.py); submit one, named dnn.py.",
    ),
    "wide twins": (
        zipped({"dnn.py": DNN, "\uff44\uff4e\uff4e.py": b"other"}),
        "There are 2 files that may be meant as dnn.py (dnn.py, \uff44\uff4e\uff4e.py); submit one, named dnn.py.",
    ),
    "below a file": (
        zipped({"hw/dnn.py": DNN, "hw": b""}),
        "dnn.py is inside hw, which is not a folder; submit the file itself.",
    ),
    "too large": (zipped({"dnn.py": b"#" * 1_000_001}), "dnn.py has 1,000,001 bytes; at most 1,000,000 are read."),
    "a link": (zipped({"dnn.py": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777), NO_FILE),
    "a pipe": (zipped({"dnn.py": b""}, mode=stat.S_IFIFO | 0o644), NO_FILE),
    "a device": (zipped({"dnn.py": b""}, mode=stat.S_IFCHR | 0o644), NO_FILE),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_file_in_a_zip_that_costs_its_part_alone(put, tmp_path, case):
    data, problem = SPOILT[case]
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("warmup.py", b"x = 1")
    folder = put("alice.zip", file.getvalue())
    submission = read_one(folder)
    assert submission.sources == {"warmup": b"x = 1"}
    assert submission.problems["dnn"] == problem
    assert submission.reason == ""
    assert everything(tmp_path) == [str(folder), str(folder / "alice.zip")]


def test_a_source_of_20_mb_in_a_folder(put):
    put("alice/warmup.py")
    submission = read_one(put("alice/dnn.py", b"#" * 20_000_000))
    assert submission.sources == {"warmup": DNN}
    assert submission.problems["dnn"] == "dnn.py has 20,000,000 bytes; at most 1,000,000 are read."


def bind(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


SPECIAL = {"a pipe": os.mkfifo, "a socket": bind, "a link": lambda path: path.symlink_to("warmup.py")}
if os.geteuid() == 0:
    SPECIAL["a device"] = lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


@pytest.fixture
def impatient():
    """Ends a test that waits for a pipe."""
    signal.alarm(30)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", SPECIAL)
def test_a_special_file_costs_its_part_alone(put, kind, monkeypatch):
    folder = put("alice/warmup.py")
    monkeypatch.chdir(folder)  # the path of a socket may not be long
    SPECIAL[kind](Path("alice/dnn.py"))
    submission = read_one(folder)
    assert submission.sources == {"warmup": DNN}
    assert submission.problems["dnn"] == NO_FILE


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize(
    ("name", "reason"), [("alice.py", NO_FILE), ("alice.zip", "alice.zip cannot be read: it is a link or a device.")]
)
def test_a_submission_that_is_a_special_file(put, kind, name, reason, monkeypatch):
    folder = put("notes.txt")
    monkeypatch.chdir(folder)
    SPECIAL[kind](Path(name))
    assert read_one(folder).reason == (LINK if kind == "a link" else reason)


@pytest.mark.usefixtures("impatient")
def test_a_class_that_is_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "class.zip")
    with pytest.raises(IntakeError, match=r"class.zip cannot be read: it is a link or a device\."):
        find(tmp_path / "class.zip")


def test_links_to_folders_are_not_followed(put, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/dnn.py").write_bytes(DNN)
    folder = put("bob/warmup.py")
    (folder / "carol").mkdir()
    (folder / "alice").symlink_to(tmp_path / "secret")
    for name in ("bob/hw", "carol/hw"):
        (folder / name).symlink_to(tmp_path / "secret")
    (folder / "dave").symlink_to("nowhere")
    alice, bob, carol, dave = read_all(folder)
    assert alice.reason == dave.reason == LINK
    assert bob.sources == {"warmup": DNN}
    assert bob.problems["dnn"] == "dnn.py was not submitted (hw is a link or a device, which is not followed)."
    assert carol.reason == "There is no warmup.py, dnn.py or extension.py in it. It holds hw (a link or a device)."


def test_a_link_of_the_ta_is_followed(put, tmp_path):
    put("alice/dnn.py")
    (tmp_path / "link").symlink_to(put("carol/dnn.py"))
    assert students(tmp_path / "link") == ["alice", "carol"]
    (tmp_path / "class.zip").write_bytes(zipped({"bob/dnn.py": DNN}))
    (tmp_path / "link.zip").symlink_to(tmp_path / "class.zip")
    assert read_one(tmp_path / "link.zip").sources == {"dnn": DNN}


def test_equal_names_in_a_folder(put):
    path = put("alice/dnn.py") / "alice/dnn.py"
    folder = put("alice/DNN.py", b"other")
    if path.read_bytes() != DNN:
        pytest.skip("this disk knows no capital letters")
    assert read_one(folder).reason.startswith("There are 2 files that may be meant as dnn.py (DNN.py, dnn.py)")


def test_students_whose_names_are_one_on_many_disks_get_files_of_their_own(put):
    put("Alice/dnn.py")
    put("alice (2)/dnn.py")
    assert students(put("alice/dnn.py")) == ["Alice", "alice (2)", "alice (3)"]


def test_a_file_that_is_another_when_it_is_read(put):
    """It grows, becomes a link, becomes a pipe, and is gone."""
    path = put("alice/dnn.py") / "alice/dnn.py"
    folder, name = Folder(path.parent), PurePosixPath("dnn.py")
    entry = make_entry(folder, name, name)
    path.write_bytes(b"#" * (MAX_SOURCE + 1))
    with pytest.raises(UnreadableFileError, match=r"dnn.py has more than 1,000,000 bytes\."):
        entry.read(MAX_SOURCE)
    path.with_name("other.py").touch()
    for old, make in enumerate((lambda: path.symlink_to("other.py"), lambda: os.mkfifo(path), lambda: path.mkdir())):
        path.rename(path.with_name(f"old {old}"))  # kept, or another file may get its inode
        make()
        with pytest.raises(ChangedError, match=r"^dnn.py was changed while it was being read; run again\.$"):
            entry.read(MAX_SOURCE)
        assert read("alice", path.parent, GRADED_FILES).sources == {}
    path.rmdir()
    with pytest.raises(ChangedError, match=r"^dnn.py was changed while it was being read; run again\.$"):
        entry.read(MAX_SOURCE)
    assert "No such file" in read("alice", path, GRADED_FILES).reason


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("old.py")])
def test_a_file_is_looked_at_again_once_it_is_open(tmp_path, monkeypatch, make):
    make(tmp_path / "dnn.py")
    (tmp_path / "old.py").touch()
    before = (tmp_path / "old.py").lstat()
    monkeypatch.setattr(os, "stat", lambda *_, **__: before)
    with pytest.raises(OSError, match=r"link or a device|symbolic links"):
        open_file(tmp_path / "dnn.py")
