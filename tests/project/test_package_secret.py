"""The secret in a package: the course's own, one drawn once for the clone, or the public example if it is accepted."""

import os
import stat
import subprocess
import zipfile

import pytest

from autograder.build import build, run_build
from autograder.files import ROOT
from autograder.packaging import secret
from autograder.packaging.leaks import refuse_leaks
from autograder.packaging.regions import BuildError
from autograder.packaging.secret import package_course
from autograder.settings import ACCEPT_PUBLIC, course_file, read_secret
from tests.course import ASSIGNMENT, OF_THE_REPOSITORY

OWN = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def drawn(tmp_path, monkeypatch):
    """Return the file of the drawn secret, in a clone in which nothing has been built yet."""
    path = tmp_path / "clone/package-secret.txt"
    path.parent.mkdir()
    monkeypatch.setattr(secret, "DRAWN", path)
    for name in ("ACCEPT", "ASSIGNMENT", "COURSE"):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def other_course(tmp_path, monkeypatch):
    """Puts a secret, written as TOML, into a course file elsewhere, which holds from then on."""

    def write(text):
        path = tmp_path / "other.toml"
        path.write_text(f"[hidden_checks]\nsecret = {text}\n")
        monkeypatch.setenv("COURSE", str(path))
        return path

    return write


def test_a_secret_is_drawn_once_and_every_package_holds_it(drawn, tmp_path, monkeypatch):
    first = package_course(())
    assert package_course(()) == first
    assert stat.S_IMODE(drawn.stat().st_mode) == 0o600
    assert [path.name for path in drawn.parent.iterdir()] == [drawn.name]
    assert OF_THE_REPOSITORY.encode() not in first
    assert first.replace(drawn.read_bytes().strip(), OF_THE_REPOSITORY.encode()) == course_file().read_bytes()
    (tmp_path / "packed.toml").write_bytes(first)
    monkeypatch.setenv("COURSE", str(tmp_path / "packed.toml"))
    assert read_secret() == drawn.read_text().strip()
    assert len(read_secret()) == 64
    drawn.unlink()
    monkeypatch.delenv("COURSE")
    assert package_course(()) != first


def test_the_package_contains_the_drawn_secret_and_the_build_says_so(drawn, tmp_path, capsys):
    assert run_build("gradescope", tmp_path) == 0
    shown = capsys.readouterr()
    told = shown.err.splitlines()
    assert len(told) == 2
    assert str(drawn) in told[0]
    assert 'copy it into the line `secret = "..."` of' in told[1]
    ours = drawn.read_text().strip()
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert [name for name, data in members.items() if ours.encode() in data] == ["course.toml"]
    assert not [name for name, data in members.items() if OF_THE_REPOSITORY.encode() in data]
    assert members["accept.txt"] == b""
    for text in (shown.out, shown.err):
        assert ours not in text
        assert OF_THE_REPOSITORY not in text


def test_nothing_is_drawn_where_the_public_secret_is_accepted(drawn, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("ACCEPT", ACCEPT_PUBLIC)
    assert run_build("gradescope", tmp_path) == 0
    assert capsys.readouterr().err == "The packages use the public example secret, because of ACCEPT=public-secret.\n"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        assert archive.read("course.toml") == course_file().read_bytes()
        assert archive.read("accept.txt") == ACCEPT_PUBLIC.encode()
    assert not drawn.exists()


def test_nothing_is_drawn_for_a_secret_of_the_courses_own(drawn, other_course):
    path = other_course(f'"{OWN}"')
    assert package_course(()) == package_course((ACCEPT_PUBLIC,)) == path.read_bytes()
    assert secret.secret_notices() == []
    assert not drawn.exists()


def test_nothing_is_drawn_for_what_students_get(drawn, tmp_path):
    build("student", tmp_path / "student")
    build("assignment", tmp_path / "assignment")
    assert not drawn.exists()


def test_no_package_is_built_of_another_course_with_the_public_secret(drawn, other_course, tmp_path):
    path = other_course(f'"{OF_THE_REPOSITORY}"')
    with pytest.raises(BuildError) as refusal:
        build("gradescope", tmp_path / "package")
    assert str(refusal.value).startswith(f"{path} has the public example secret, so no package is built from it: write `secret")
    assert str(refusal.value).endswith("To build one anyway, pass ACCEPT=public-secret")
    assert not (tmp_path / "package").exists()
    assert not drawn.exists()
    assert package_course((ACCEPT_PUBLIC,)) == path.read_bytes()


def test_a_public_secret_in_escapes_is_not_taken_for_a_replaced_one(other_course, monkeypatch):
    path = other_course(f'"\\u0065{OF_THE_REPOSITORY[1:]}"')
    monkeypatch.setattr(secret, "ROOT", path.parent)
    assert read_secret() == OF_THE_REPOSITORY
    with pytest.raises(BuildError, match="writes the public example secret with escapes"):
        package_course(())


def linked(path):
    path.with_name("elsewhere").write_text(f"{OWN}\n")
    path.with_name("elsewhere").chmod(0o600)
    path.symlink_to("elsewhere")


def written(data, mode=0o600):
    def write(path):
        path.write_bytes(data)
        path.chmod(mode)

    return write


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (written(b""), "is empty. Restore it"),
        (written(b"\n"), "is empty. Restore it"),
        (written(OWN[:-1].encode()), "does not hold 64 hexadecimal digits. Restore it"),
        (written(f"{OWN} {OWN}".encode()), "does not hold 64 hexadecimal digits. Restore it"),
        (written(b"\xff" * 64), "does not hold 64 hexadecimal digits. Restore it"),
        (written(b" " * 5_000 + OWN.encode()), "is empty. Restore it"),
        (written(OWN.encode(), 0o644), "can be read by others (mode 644). Run `chmod 600 "),
        (written(OWN.encode(), 0o620), "can be read by others (mode 620). Run `chmod 600 "),
        (linked, "cannot be read: it is a link or a device. Restore it"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read: it is a link or a device. Restore it"),
        (lambda path: path.mkdir(), "cannot be read: it is a link or a device. Restore it"),
        (os.mkfifo, "cannot be read: it is a link or a device. Restore it"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_named_and_left(drawn, spoil, found):
    spoil(drawn)
    before = drawn.lstat()
    with pytest.raises(BuildError) as refusal:
        package_course(())
    assert str(refusal.value).startswith(f"{drawn}, the secret of the packages built here, {found}")
    assert OWN[:32] not in str(refusal.value)
    assert drawn.lstat() == before


def test_a_place_that_cannot_be_written_to_is_said(drawn):
    drawn.parent.rmdir()
    with pytest.raises(
        BuildError, match=r"a secret for the packages cannot be saved in .*\(No such file or directory\): write "
    ):
        package_course(())


def test_of_two_builds_at_once_the_second_takes_the_secret_of_the_first(drawn, monkeypatch):
    link = os.link

    def be_late(draft, path):
        written(OWN.encode())(drawn)
        link(draft, path)

    monkeypatch.setattr(os, "link", be_late)
    assert OWN.encode() in package_course(())
    assert [path.name for path in drawn.parent.iterdir()] == [drawn.name]


def test_students_get_neither_the_file_nor_what_it_holds(drawn):
    package_course(())
    for name, data in {drawn.name: b"", "notes.txt": drawn.read_bytes(), "more.txt": OF_THE_REPOSITORY.encode()}.items():
        with pytest.raises(BuildError, match="is for students") as refusal:
            refuse_leaks(ASSIGNMENT, "assignment.zip", {name: data})
        assert drawn.read_text().strip() not in str(refusal.value)


def test_starter_code_that_leaks_is_not_written(drawn, tmp_path, monkeypatch):
    package_course(())
    monkeypatch.setattr("autograder.build.starter_files", lambda _: {"dnn.py": f"SEED = '{drawn.read_text().strip()}'"})
    with pytest.raises(BuildError, match=r"holds the course's secret\. Nothing was written"):
        build("assignment", tmp_path / "assignment")
    assert not (tmp_path / "assignment").exists()


def test_git_ignores_the_file_and_its_drafts():
    names = ["package-secret.txt", ".package-secret.txt.0123abcd.part"]
    asked = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True)
    assert asked.stdout.splitlines() == names
