"""OUT holds one class: another class is rejected, people who leave are moved aside, and no one else can read it."""

import os
from datetime import date

import pytest

from autograder.cli import main
from autograder.files import OutputError
from autograder.gradebook import Gradebook
from autograder.lock import NAME
from autograder.out_folder import ASIDE, check_class, check_place
from tests.project.grading import files, rows

SOURCES = {"dnn.py": b"class DNN: pass"}  # quickly graded


def hand_in(folder, *students):
    for student in students:
        (folder / student).mkdir(parents=True, exist_ok=True)
        for name, source in SOURCES.items():
            (folder / student / name).write_bytes(source + f"  # {student}".encode())
    return folder


def run(folder, out, *more, command="grade"):
    jobs = ["--jobs", "1"] if command == "grade" else []
    return main([command, str(folder), "--out", str(out), *jobs, *more])


def students(out):
    return [row["student"] for row in rows(out)]


# Which class


@pytest.fixture
def book(tmp_path):
    """Yield the gradebook of an OUT in which four people were graded."""
    with Gradebook(tmp_path / "gradebook.db", "checks") as book:
        for student in ("ada", "emmy", "grace", "Zoë"):
            book.is_of(student, "content")
        yield book


@pytest.mark.parametrize(
    "now",
    [
        ("ada", "emmy", "grace", "Zoë"),
        ("ada", "emmy"),  # half of them left
        ("ada", "emmy", "grace", "Zoë", *(f"new{number}" for number in range(100))),  # most had not submitted yet
        ("Ada", "EMMY", "ZOE\u0308"),  # a name that is written in another way
    ],
)
def test_the_same_class_is_recognized_by_its_people(tmp_path, book, now):
    check_class(tmp_path, book, now, other_class=False)


@pytest.mark.parametrize("now", [("lin", "mia"), ("ada", *(f"new{number}" for number in range(100))), ("ada",)])
def test_other_people_are_another_class(tmp_path, book, now):
    """Also a single submission that came late: its table would replace that of the class."""
    with pytest.raises(OutputError, match=r"holds another class\. [34] of the 4 people graded there are not in SUBMISSIONS: "):
        check_class(tmp_path, book, now, other_class=False)
    check_class(tmp_path, book, now, other_class=True)


def test_pages_show_whose_class_it_is_when_the_gradebook_is_gone(tmp_path):
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback/ada.html").touch()
    with Gradebook(tmp_path / "gradebook.db", "checks") as book, pytest.raises(OutputError, match="SUBMISSIONS: ada"):
        check_class(tmp_path, book, ["emmy"], other_class=False)


@pytest.mark.parametrize("command", ["grade", "copies"])
def test_another_class_changes_nothing(command, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(hand_in(tmp_path / "hw4", "ada", "emmy"), out) == 0
    before = files(out)
    capsys.readouterr()
    assert run(hand_in(tmp_path / "hw5", "lin", "mia"), out, command=command) == 2
    said = capsys.readouterr().err
    assert "2 of the 2 people graded there are not in SUBMISSIONS: ada, emmy. Use another OUT or" in said
    assert "OTHER_CLASS=1 (--other-class)" in said
    assert files(out) == before


def test_the_class_of_tomorrow_has_another_name_and_other_submissions(tmp_path, capsys):
    out = tmp_path / "out"
    hand_in(tmp_path / "export-1", "ada", "bob", "emmy")
    assert run(tmp_path / "export-1", out) == 0
    (tmp_path / "export-1").rename(tmp_path / "export-2 (1)")
    (tmp_path / "export-2 (1)/ada/dnn.py").write_bytes(b"class DNN: x = 1")
    hand_in(tmp_path / "export-2 (1)", "lin", "mia")
    assert run(tmp_path / "export-2 (1)", out) == 0
    assert students(out) == ["ada", "bob", "emmy", "lin", "mia"]
    assert "2 were already graded" in capsys.readouterr().out
    assert not (out / ASIDE).exists()


# Who is no longer in it


def test_pages_of_people_who_left_are_named_and_moved_aside(tmp_path, capsys):
    out = tmp_path / "out"
    run(hand_in(tmp_path / "class", "ada", "bob", "emmy"), out)
    before = files(out)
    (tmp_path / "class/bob").rename(tmp_path / "bob")
    assert run(tmp_path / "class", out) == 0
    aside = out / ASIDE / str(date.today())
    said = f"No longer in the class (their pages and the previous grades.csv are now in {aside}): bob."
    assert said in capsys.readouterr().err
    assert files(aside) == {name: before[name] for name in ("grades.csv", "feedback/bob.html", "results/bob.json")}
    assert students(out) == ["ada", "emmy"]
    assert not (out / "feedback/bob.html").exists()
    assert run(tmp_path / "class", out) == 0  # and that is said once
    assert "No longer" not in capsys.readouterr().err
    # Who comes back has a page again, from the gradebook, and what was set aside stays.
    (tmp_path / "bob").rename(tmp_path / "class/bob")
    assert run(tmp_path / "class", out) == 0
    assert "3 were already graded" in capsys.readouterr().out
    assert files(out)["feedback/bob.html"] == before["feedback/bob.html"]
    assert len(files(aside)) == 3


def test_what_is_set_aside_twice_on_a_day_does_not_overwrite(tmp_path):
    out = tmp_path / "out"
    run(hand_in(tmp_path / "one", "ada", "bob"), out)
    assert run(hand_in(tmp_path / "two", "ada", "lin"), out) == 0
    assert run(hand_in(tmp_path / "three", "bob", "mia"), out, "--other-class") == 0
    assert run(hand_in(tmp_path / "three", "bob", "mia"), out) == 0
    first, second = out / ASIDE / str(date.today()), out / ASIDE / f"{date.today()} (2)"
    assert sorted(files(first)) == ["feedback/bob.html", "grades.csv", "results/bob.json"]
    pages = ["feedback/ada.html", "feedback/lin.html", "grades.csv", "results/ada.json", "results/lin.json"]
    assert sorted(files(second)) == pages
    assert students(first) == ["ada", "bob"]
    assert students(second) == ["ada", "lin"]


def test_those_left_as_they_are_are_in_the_class(tmp_path, capsys):
    out = tmp_path / "out"
    run(hand_in(tmp_path / "class", "ada", "bob", "emmy"), out)
    assert run(tmp_path / "class", out, "--only", "ada", "--force") == 0
    assert students(out) == ["ada", "bob", "emmy"]
    assert not (out / ASIDE).exists()


# Where it may be


PLACES = {
    "in it": ("class", "class/out"),
    "deep in it": ("class", "class/ada/more/out"),
    "the same": ("class", "class"),
    "the same in other words": ("class", "other/../class"),
    "a link to it": ("class", "link"),
    "in a link to it": ("class", "link/out"),
    "the reverse": ("class/ada", "class"),
    "a zip in it": ("class/class.zip", "class"),
    "a course of nbgrader": ("class/*/ada", "class/out"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", ["grade", "copies"])
def test_out_and_submissions_are_not_in_each_other(place, command, tmp_path, capsys):
    hand_in(tmp_path / "class", "ada")
    (tmp_path / "other").mkdir()
    (tmp_path / "class/class.zip").touch()
    (tmp_path / "link").symlink_to("class")
    before = files(tmp_path)
    submissions, out = (tmp_path / name for name in PLACES[place])
    assert run(submissions, out, command=command) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "or inside it. Use an OUT next to SUBMISSIONS." in said
    assert str(out) in said
    assert str(submissions) in said
    assert files(tmp_path) == before


def test_out_next_to_submissions_is_fine(tmp_path):
    hand_in(tmp_path / "class", "ada")
    (tmp_path / "link").symlink_to("class")
    for out in ("out", "classes", "link2", "class2/out"):
        check_place(tmp_path / "class", tmp_path / out)
        check_place(tmp_path / "link", tmp_path / out)


def test_a_link_that_leads_to_itself_is_a_sentence(tmp_path, capsys):
    hand_in(tmp_path / "class", "ada")
    (tmp_path / "loop").symlink_to("loop")
    assert run(tmp_path / "class", tmp_path / "loop") == 2
    (said,) = capsys.readouterr().err.splitlines()[-1:]
    assert said.startswith(f"OUT={tmp_path}/loop ")


@pytest.mark.parametrize("command", ["grade", "copies", "adjust"])
def test_an_empty_out_is_rejected(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "examples", "--out", "", *(["--points", "1", "--reason", "x"] if command == "adjust" else [])])
    assert ended.value.code == 2
    assert "OUT is empty; it must name a folder" in capsys.readouterr().err


# Who can read it


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_all_of_it_is_readable_by_its_owner_alone(tmp_path, umask, monkeypatch):
    """From the moment at which it is made, and the gradebook's other files too."""
    opened = {}
    real = Gradebook.is_of

    def look(book, *arguments):
        real(book, *arguments)
        opened.update({path: path.stat().st_mode & 0o777 for path in (tmp_path / "new/out").rglob("*")})

    monkeypatch.setattr(Gradebook, "is_of", look)
    hand_in(tmp_path / "class", "ada", "bob")
    before = os.umask(umask)
    try:
        run(tmp_path / "class", tmp_path / "new/out")
        run(tmp_path / "class", tmp_path / "new/out", command="copies")
        (tmp_path / "class/bob").rename(tmp_path / "bob")
        run(tmp_path / "class", tmp_path / "new/out")
    finally:
        os.umask(before)
    modes = opened | {path: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes.pop(tmp_path / "new/out" / NAME) == 0o644 & ~umask  # it holds no scores, and is read by whoever has to wait
    wrong = {str(path): oct(mode) for path, mode in modes.items() if mode != (0o600 if path.suffix else 0o700)}
    assert wrong == {}
    names = {path.name for path in modes}
    assert {"gradebook.db", "gradebook.db-wal", "gradebook.db-shm", "grades.csv", "report.html", "copies.html"} <= names
    assert {"ada.json", "ada.html", "canvas.csv", "bob.html", "exports", ASIDE} <= names
