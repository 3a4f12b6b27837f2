"""A file or folder that is replaced between listing and reading is rejected by name."""

import ctypes
import os
import shutil
import stat
import subprocess
import sys
import zipfile

import pytest

from autograder.intake import folders
from autograder.intake import read as intake_read
from autograder.intake.find import find
from autograder.intake.folders import Folder
from autograder.intake.read import Reader, read
from tests.course import GRADED_FILES

MINE, THEIRS = "mine = 1\n", "theirs = 1\n"
CHANGED = "was changed while it was being read; run again."
needs_descriptors = pytest.mark.skipif(not folders.HAS_DESCRIPTORS, reason="no folder is held open on the way here")


def write(place, text=MINE):
    """Write a source, a zip or a folder, by the ending of the path."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.suffix == ".py":
        place.write_text(text)
    elif place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name in ("dnn.py", "ada/dnn.py", "mallory/dnn.py"):
                archive.writestr(name, text)
    else:  # whichever of the folders on the way it stands for
        for way in ("", "hw4/", "mallory/", "mallory/hw4/"):
            write(place / way / "dnn.py", text)


@pytest.fixture(params=["link", "other", "nothing"])
def swap(request, tmp_path):
    """Puts a link, another file or folder, or nothing in the place of one. The old one is kept, or its inode may be reused."""

    def swap(place):
        other = tmp_path / "elsewhere" / place.name
        write(other, THEIRS)
        place.rename(tmp_path / "elsewhere" / f"old {place.name}")
        if request.param == "link":
            place.symlink_to(other)
        elif request.param == "other":
            other.rename(place)

    return swap


@pytest.fixture
def course(tmp_path):
    """Return the folder of a class: a folder, a source and a zip."""
    place = tmp_path / "class"
    for name in ("mallory/hw4/dnn.py", "jun.py", "kim.zip", "ada/dnn.py"):
        write(place / name)
    return place


def read_all(refs):
    with Reader(GRADED_FILES) as reader:
        return {ref.student: reader.read(ref) for ref in refs}


def find_ref(refs, student):
    (ref,) = (ref for ref in refs if ref.student == student)
    return ref


def refused(submission):
    """Return the reason of a submission of which nothing was read."""
    assert submission.sources == {}
    return submission.reason


@pytest.mark.parametrize("name", ["mallory", "jun.py", "kim.zip"])
def test_what_is_in_the_folder_of_a_class(course, swap, name):
    refs = find(course, GRADED_FILES).submissions
    swap(course / name)
    found = read_all(refs)
    assert refused(found.pop(name.partition(".")[0])) == f"{name} {CHANGED}"
    assert {submission.sources["dnn"] for submission in found.values()} == {MINE.encode()}


def test_the_folder_of_the_class_itself(course, swap):
    refs = find(course, GRADED_FILES).submissions
    swap(course)
    assert {refused(submission) for submission in read_all(refs).values()} == {f"class {CHANGED}"}


@needs_descriptors
def test_a_folder_around_the_submissions(tmp_path, swap):
    for name in ("ada", "mallory"):
        write(tmp_path / "class/submissions" / name / "dnn.py")
    refs = find(tmp_path / "class", GRADED_FILES).submissions
    swap(tmp_path / "class/submissions")
    assert {refused(submission) for submission in read_all(refs).values()} == {f"submissions {CHANGED}"}


def test_a_zip_of_the_class(tmp_path, swap):
    """That the TA named, and that is alone in the folder that the TA named."""
    for place in (tmp_path / "class.zip", tmp_path / "class/submissions.zip"):
        write(place)
        with zipfile.ZipFile(place, "w") as archive:
            for name in ("ada", "mallory"):
                archive.writestr(f"{name}/dnn.py", MINE)
        refs = find(place if place.parent == tmp_path else place.parent, GRADED_FILES).submissions
        assert [ref.student for ref in refs] == ["ada", "mallory"]
        swap(place)
        assert {refused(submission) for submission in read_all(refs).values()} == {f"{place.name} {CHANGED}"}


def test_a_file_among_those_of_all_students(tmp_path, swap):
    names = ("lovelaceada_11_101_dnn.py", "hoppergrace_12_102_dnn.py")
    for name in names:
        write(tmp_path / "class" / name)
    found = find(tmp_path / "class", GRADED_FILES)
    assert found.kind == "Canvas"
    swap(tmp_path / "class" / names[0])
    submissions = read_all(found.submissions)
    assert refused(submissions["lovelaceada"]) == f"{names[0]} {CHANGED}"
    assert submissions["hoppergrace"].sources == {"dnn": MINE.encode()}


@pytest.fixture
def between(monkeypatch):
    """Has something happen once the files of a submission are listed, and before one of them is read."""

    def between(happen):
        select = intake_read.select_sources

        def select_later(*arguments):
            happen()
            return select(*arguments)

        monkeypatch.setattr(intake_read, "select_sources", select_later)

    return between


ON_THE_WAY = [
    "mallory/hw4/dnn.py",
    *(pytest.param(name, marks=needs_descriptors) for name in ("mallory/hw4", "mallory", "")),
]


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_file_of_a_submission_and_the_folders_around_it(course, swap, between, name):
    ref = find_ref(find(course, GRADED_FILES).submissions, "mallory")
    between(lambda: swap(course / name))
    assert refused(read_all([ref])["mallory"]) == f"{name or 'class'} {CHANGED}"


@pytest.mark.parametrize("name", ON_THE_WAY[:-1])
def test_a_submission_that_is_read_by_itself(course, swap, between, name):
    """As on Gradescope."""
    between(lambda: swap(course / name))
    assert refused(read("mallory", course / "mallory", GRADED_FILES)) == f"{name} {CHANGED}"


def test_a_zip_in_a_submission(course, swap, between):
    write(course / "lena/hw4.zip")
    between(lambda: swap(course / "lena/hw4.zip"))
    assert refused(read("lena", course / "lena", GRADED_FILES)) == f"lena/hw4.zip {CHANGED}"


@needs_descriptors
@pytest.mark.parametrize("name", ["mallory/hw4", "mallory/hw4/dnn.py"])
def test_a_link_that_may_have_got_the_inode_of_what_it_replaces(course, tmp_path, between, name):
    write(tmp_path / "elsewhere" / name, THEIRS)

    def replace_by_link():
        (shutil.rmtree if (course / name).is_dir() else os.unlink)(course / name)
        (course / name).symlink_to(tmp_path / "elsewhere" / name)

    between(replace_by_link)
    assert refused(read("mallory", course / "mallory", GRADED_FILES)) == f"{name} {CHANGED}"


def test_a_link_is_not_mistaken_for_a_file_with_the_same_inode():
    file, link = (os.stat_result((kind | 0o644, 5, 1, 1, 0, 0, 9, 0, 0, 0)) for kind in (stat.S_IFREG, stat.S_IFLNK))
    assert folders.identify(file) != folders.identify(link)


@needs_descriptors
def test_a_folder_that_is_swapped_while_the_submission_is_listed(course, swap, monkeypatch):
    scan, scanned = Folder.scan, []

    def scan_later(self, inside):
        scanned.append(inside)
        if str(inside) == "mallory/hw4":
            swap(course / "mallory/hw4")
        return scan(self, inside)

    monkeypatch.setattr(Folder, "scan", scan_later)
    assert refused(read("mallory", course / "mallory", GRADED_FILES)) == f"mallory/hw4 {CHANGED}"
    assert len(scanned) == 2


def test_what_stays_is_read_through_the_links_of_the_ta(course, tmp_path):
    (tmp_path / "term").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "term/class")
    refs = find(tmp_path / "link", GRADED_FILES).submissions
    assert {ref.student for ref in refs} == {"ada", "jun", "kim", "mallory"}
    assert {submission.sources["dnn"] for submission in read_all(refs).values()} == {MINE.encode()}
    write(tmp_path / "others/mallory/dnn.py", THEIRS)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "others")
    assert {refused(submission) for submission in read_all(refs).values()} == {f"link {CHANGED}"}


def test_a_file_that_is_saved_again_in_place_is_read_as_it_is_now(course):
    refs = find(course, GRADED_FILES).submissions
    (course / "jun.py").write_text("more = 2\n")
    assert read_all(refs)["jun"].sources == {"dnn": b"more = 2\n"}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files cannot be counted here")
def test_no_descriptor_stays_open(course, swap, between, monkeypatch):
    """Neither after reading nor after a refusal, and a deep folder takes a few at a time."""
    write(course / "deep" / "/".join("abcdefgh") / "dnn.py")
    most, opened = [], folders.open_file

    def count(*arguments):
        most.append(len(os.listdir("/proc/self/fd")))
        return opened(*arguments)

    monkeypatch.setattr(folders, "open_file", count)
    before = len(os.listdir("/proc/self/fd"))
    refs = find(course, GRADED_FILES).submissions
    assert read_all(refs)["deep"].sources
    between(lambda: swap(course / "mallory"))
    assert refused(read_all([find_ref(refs, "mallory")])["mallory"])
    assert len(os.listdir("/proc/self/fd")) == before
    assert max(most) <= before + 16


def test_systems_without_descriptors_of_folders_read_by_path(course, swap, between, monkeypatch):
    monkeypatch.setattr(folders, "HAS_DESCRIPTORS", False)
    refs = find(course, GRADED_FILES).submissions
    assert {submission.sources["dnn"] for submission in read_all(refs).values()} == {MINE.encode()}
    swap(course / "jun.py")
    assert refused(read_all(refs)["jun"]) == f"jun.py {CHANGED}"
    between(lambda: swap(course / "mallory/hw4/dnn.py"))
    assert refused(read_all([find_ref(refs, "mallory")])["mallory"]) == f"mallory/hw4/dnn.py {CHANGED}"


# Swaps two paths in one step (renameat2(2)), over and over, until it is killed, its parent is gone or ten seconds are over.
RACER = """
import ctypes, os, sys, time
here, there = map(os.fsencode, sys.argv[1:])
exchange, parent, end = ctypes.CDLL(None).renameat2, os.getppid(), time.monotonic() + 10
print(flush=True)
while time.monotonic() < end and os.getppid() == parent:
    exchange(-100, here, -100, there, 2)
"""


@needs_descriptors
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "renameat2"), reason="two paths cannot be swapped in one step here")
def test_a_race_is_never_won(course, tmp_path):
    """A folder of the submission and a link to a neighbor's folder take turns while the submission is read."""
    write(course / "neighbour/dnn.py", THEIRS)
    link = tmp_path / "link"
    link.symlink_to(course / "neighbour")
    racer = subprocess.Popen([sys.executable, "-c", RACER, course / "mallory/hw4", link], stdout=subprocess.PIPE)
    try:
        racer.stdout.readline()
        found = [read("mallory", course / "mallory", GRADED_FILES) for _ in range(1_000)]
    finally:
        racer.kill()
        racer.communicate()
    assert {submission.sources.get("dnn") for submission in found} <= {None, MINE.encode()}
