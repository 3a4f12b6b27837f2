"""The real nbgrader course: built once, and a class of correct, wrong and hostile submissions graded by nbgrader's commands."""

import contextlib
import csv
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import grade, workers
from autograder.backprop.rubric import RUBRIC
from autograder.cli import main
from autograder.files import ROOT
from autograder.intake.read import read
from autograder.judge.judge import Judge
from autograder.packaging.handout import starter_files
from autograder.packaging.output import write_files
from autograder.packaging.regions import BuildError, skeleton
from autograder.platforms.nbgrader import points_by_cell, scores
from autograder.platforms.nbgrader.cells import source
from autograder.report.words import explain_check
from autograder.settings import read_secret
from tests.course import ASSIGNMENT, GRADED_FILES, PARTS
from tests.golden.canaries import hidden_numbers
from tests.golden.differences import IN_PLACE
from tests.golden.mistakes import MISTAKES
from tests.golden.notebooks_nbgrader import ATTACKS
from tests.golden.programs import solutions, with_body
from tests.project.faults import break_for_bob
from tests.project.grading import build_package, command
from tests.shares import in_turn

if sys.version_info < (3, 11):
    pytest.skip("nbgrader 0.9.6 needs Python 3.11", allow_module_level=True)

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import URL

from autograder.platforms.nbgrader.grading import FromRelease, graded_outputs

SKELETON = {part: skeleton((ROOT / f"solution/{part}.py").read_text()).encode() for part in PARTS}
SCRIPT = "<script>alert(1)</script>"
SAYS_SCRIPT = with_body("forward", f"raise ValueError('{SCRIPT}')")
WORK = {
    "solution": solutions(),
    "skeleton": SKELETON,
    "differences": {**solutions(), "dnn": with_body("compute_gradients", IN_PLACE)},
    "script": {**solutions(), "dnn": SAYS_SCRIPT},
    "nothing": {},
    **{f"without_{part}": {other: source for other, source in solutions().items() if other != part} for part in PARTS},
    **{row: MISTAKES[row].sources for row in in_turn(list(MISTAKES)[::20], every=6)},
}
TURN = ["no notebook", *in_turn([name for name in ATTACKS if name != "no notebook"], every=3)]
HOSTILE = {name: re.sub(r"\W", "_", name) for name in TURN}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("COURSE", "ASSIGNMENT", "ACCEPT", "PYTHONPATH")},
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "JUPYTER_NO_CONFIG": "1",
}
DONE = "2026-11-20 10:00:00 UTC"


class Course:
    """A course folder, and nbgrader's commands in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "gradebook.db"

    def call(self, *arguments):
        """Run `nbgrader ARGUMENTS` as a TA would."""
        return subprocess.run(["nbgrader", *arguments], cwd=self.root, env=ENVIRONMENT, capture_output=True, text=True)

    def submit(self, student, files):
        folder = self.root / "submitted" / student / "backprop"
        folder.mkdir(parents=True)
        write_files(folder, files)

    def marks(self, student):
        return marks(self.database, student)

    def page(self, student):
        return (self.root / "feedback" / student / "backprop/backprop.html").read_text()

    def everything(self):
        paths = sorted(path for path in self.root.rglob("*") if path.is_file() and path != self.database)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}


def at(database):
    """Return where nbgrader finds a gradebook, whatever its name is."""
    return URL.create("sqlite", database=str(database))


def marks(database, student, assignment="backprop"):
    """Return what a gradebook says of each task of a student."""
    with Gradebook(at(database)) as gradebook:
        cells = gradebook.find_submission_notebook(assignment, assignment, student).grades
        assert not any(cell.needs_manual_grade for cell in cells)
        return {cell.name: cell.score for cell in cells}


def total_score(database, student):
    """Return the score of a submission in a gradebook, whatever needs to be looked at in it."""
    with Gradebook(at(database)) as gradebook:
        return gradebook.find_submission("backprop", student).score


def python_files(sources):
    return {f"{part}.py": source for part, source in sources.items()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the course as it is built, in which nobody has handed in anything."""
    root = tmp_path_factory.mktemp("nbgrader") / "a course of 2026"
    build_package("nbgrader", root)
    return Course(root)


@pytest.fixture
def fresh(built, tmp_path):
    """Return a copy of the course to do things to."""
    shutil.copytree(built.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def marker(tmp_path_factory):
    return tmp_path_factory.mktemp("markers") / "marker"


@pytest.fixture(scope="module")
def course(built, tmp_path_factory, marker):
    """Return the course with a class in it: graded, with feedback, and its marks in grades.csv."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(built.root, root)
    course = Course(root)
    for student, sources in WORK.items():
        course.submit(student, python_files(sources) | {"timestamp.txt": DONE.encode()})
    for attack, student in HOSTILE.items():
        course.submit(student, ATTACKS[attack](marker) | {"dnn.py": SAYS_SCRIPT})
    (root / "submitted/without_warmup/backprop/gradebook.txt").symlink_to(course.database)
    (root / "submitted/without_warmup/backprop/devices").symlink_to("/dev")
    (root / "submitted/without_warmup/backprop/warmup.py").symlink_to(root / "submitted/solution/backprop/warmup.py")
    (root / "submitted/copier").mkdir()
    (root / "submitted/copier/backprop").symlink_to(root / "submitted/solution/backprop")
    for arguments in (["autograde", "backprop"], ["generate_feedback", "backprop"], ["export"]):
        finished = course.call(*arguments)
        assert finished.returncode == 0, finished.stderr[-5_000:]
    return course


@pytest.fixture(scope="module")
def results(course):
    """Return what `autograder.grade` says of each submission."""
    with Judge() as judge:
        return {
            path.name: judge.grade(read(path.name, path / "backprop", GRADED_FILES))
            for path in (course.root / "submitted").iterdir()
        }


def test_every_task_gets_the_marks_of_the_files(course, results):
    assert len(results) == len(WORK) + len(HOSTILE) + 1
    for student, result in results.items():
        assert course.marks(student) == scores(result), student
    assert sum(course.marks("solution").values()) == 100
    assert sum(course.marks("skeleton").values()) == sum(course.marks("copier").values()) == 0
    assert course.marks("differences")["dnn-compute_gradients"] == 9.5


def test_the_marks_reach_the_table_and_the_pages(course, results):
    with (course.root / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {student: float(row["score"]) for student, row in rows.items()} == {
        student: result.score for student, result in results.items()
    }
    assert {row["max_score"] for row in rows.values()} == {"100.0"}
    assert rows["solution"]["timestamp"].startswith("2026-11-20 10:00")
    for student, result in results.items():
        assert f"{ASSIGNMENT.name} (Score: {float(result.score)} / 100.0)" in course.page(student)


def test_every_check_is_explained_and_nothing_a_student_says_is_markup(course, results):
    for student, result in results.items():
        page = course.page(student)
        assert SCRIPT not in page
        text = html.unescape(page)
        for check in result.checks:
            assert check.sentence in text
            assert all(line in text for line in explain_check(check).splitlines()), (student, check.id)
    assert html.escape(SCRIPT) in course.page("script")


def test_a_mistake_behind_several_checks_is_explained_once_in_a_cell():
    result = grade(ROOT / "examples/ada")
    behind = [check for check in result.checks if check.task == "compute_gradients" and check.cause]
    assert len(behind) > 3
    page = html.unescape(graded_outputs(result)["dnn-compute_gradients"].data["text/html"])
    assert page.count(behind[-1].cause) == 2  # to start with, and at the first check
    assert all(page.count(line) == 1 for line in behind[-1].hints)
    assert page.count("This is the mistake explained above.") == len(behind) - 1


@pytest.mark.parametrize("attack", HOSTILE)
def test_other_files_neither_earn_nor_cost_points(course, results, marker, attack):
    student = HOSTILE[attack]
    assert course.marks(student) == course.marks(HOSTILE["no notebook"])
    assert re.sub(student, "", course.page(student)) == re.sub(HOSTILE["no notebook"], "", course.page(HOSTILE["no notebook"]))
    assert not marker.exists()


@pytest.mark.parametrize("attack", ["redefines what the cells call", "planted modules"])
def test_the_attacks_work_where_a_notebook_is_run(tmp_path, attack):
    """Or their failing would show nothing."""
    write_files(tmp_path, assignment_files_as_bytes() | ATTACKS[attack](tmp_path / "marker"))
    code = json.loads(ATTACKS[attack](tmp_path / "marker").get("backprop.ipynb", b"{}")).get(
        "cells", [{"source": "import lab"}]
    )
    subprocess.run([sys.executable, "-c", "".join(code[0]["source"])], cwd=tmp_path)
    assert (tmp_path / "marker").exists()


def assignment_files_as_bytes():
    return {name: text.encode() for name, text in starter_files(ASSIGNMENT).items()}


def test_autograded_holds_what_was_graded_and_nothing_else_of_a_student(course, built):
    handed_out = {path.relative_to(built.root / "source/backprop") for path in (built.root / "source/backprop").rglob("*")}
    for folder in (course.root / "autograded").iterdir():
        student, graded = folder.name, folder / "backprop"
        found = {path.relative_to(graded): path for path in graded.rglob("*")}
        assert set(found) - handed_out <= {Path("timestamp.txt")}
        assert not any(path.is_symlink() for path in found.values())
        sources = WORK.get(student, {} if student == "copier" else {"dnn": SAYS_SCRIPT})
        assert {part: (graded / f"{part}.py").read_bytes() for part in PARTS if (graded / f"{part}.py").exists()} == sources
    assert (course.root / "autograded/solution/backprop/timestamp.txt").read_text() == DONE


def test_every_check_is_on_record_where_feedback_is_not_copied_from(course, results):
    for student, result in results.items():
        path = course.root / "results" / student / "backprop/results.json"
        record = json.loads(path.read_text())
        assert path.stat().st_mode & 0o777 == 0o600
        assert record["score"] == result.score
        assert [test["extra_data"]["id"] for test in record["tests"][: len(result.checks)]] == [one.id for one in result.checks]
    assert not list((course.root / "feedback").rglob("results.json"))
    assert (course.root / "results").stat().st_mode & 0o777 == 0o700


CELLS = {"right": "assert True", "wrong": "assert False"}
NO_KERNEL = "\nfrom jupyter_client.manager import AsyncKernelManager\nAsyncKernelManager.start_kernel = None\n"


def test_other_assignments_are_run_and_this_one_is_not(fresh):
    kind = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False, "points": 3}
    cells = [new_code_cell(code, metadata={"nbgrader": {**kind, "grade_id": name}}) for name, code in CELLS.items()]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    text = nbformat.writes(new_notebook(cells=cells, metadata=metadata)).encode()
    write_files(fresh.root / "source/other", {"other.ipynb": text})
    assert fresh.call("generate_assignment", "other").returncode == 0
    write_files(fresh.root / "submitted/ada/other", {"other.ipynb": text, "notes.txt": b"mine"})
    assert fresh.call("autograde", "other").returncode == 0
    assert marks(fresh.database, "ada", "other") == {"right": 3, "wrong": 0}
    assert (fresh.root / "autograded/ada/other/notes.txt").exists()
    with (fresh.root / "nbgrader_config.py").open("a") as config:
        config.write(NO_KERNEL)
    assert fresh.call("autograde", "other", "--force").returncode == 1
    fresh.submit("ada", python_files(solutions()))
    assert fresh.call("autograde", "backprop").returncode == 0
    assert sum(fresh.marks("ada").values()) == 100


def test_without_execution_the_files_are_graded_all_the_same(fresh):
    """`--no-execute` would give all points to every cell that shows no error."""
    fresh.submit("ada", python_files(SKELETON))
    assert fresh.call("autograde", "backprop", "--no-execute").returncode == 0
    assert sum(fresh.marks("ada").values()) == 0


BREAKS = """
from dataclasses import replace

good = judge


def judge():
    ready = good()
    kept = ready.grade

    def grade(submission):
        if submission.student == "bob":
            ready.checks = [replace(ready.checks[0], run=None), *ready.checks[1:]]
        return kept(submission)

    ready.grade = grade
    return ready
"""


@pytest.mark.parametrize("error", [None, RuntimeError("nbgrader breaks")])
def test_the_judge_of_a_run_ends_with_it(error, monkeypatch):
    def convert_notebooks(run):
        running.append(exporter.judge.sandbox.zygote.process.poll() is None)
        if error:
            raise error

    monkeypatch.setattr(Autograde, "convert_notebooks", convert_notebooks)
    run, running = Autograde(coursedir=CourseDirectory(assignment_id="backprop")), []
    exporter = FromRelease(parent=run)
    with pytest.raises(RuntimeError) if error else nullcontext():
        run.convert_notebooks()
    assert running == [True]
    assert exporter.judge.sandbox.zygote.process.poll() is not None


def test_a_fault_of_the_grader_gives_no_score_and_affects_one_student(fresh):
    for student in ("ada", "bob"):
        fresh.submit(student, python_files(solutions()))
    with (fresh.root / "grader/autograder/platforms/apart.py").open("a") as file:
        file.write(BREAKS)
    finished = fresh.call("autograde", "backprop")
    assert finished.returncode == 1
    assert "There was an error processing assignment 'backprop' for student 'bob'" in finished.stderr
    assert "TypeError: 'NoneType' object is not callable" in finished.stderr
    assert sum(fresh.marks("ada").values()) == 100
    assert not (fresh.root / "autograded/bob/backprop").exists()
    with Gradebook(at(fresh.database)) as gradebook:
        grades = gradebook.find_submission_notebook(ASSIGNMENT.name, "backprop", "bob").grades
        assert {(grade.auto_score, grade.needs_manual_grade) for grade in grades} == {(None, True)}


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("grader/course.toml", '[hidden_checks]\nsecret = "short"\n', "course.toml has a secret of 5 characters"),
        ("grader/autograder/platforms/nbgrader/settings.py", "raise OSError('no disk')", "cannot be used (OSError('no disk'))"),
        ("grader/autograder/platforms/nbgrader/settings.py", "import nothing_like_it", "(ModuleNotFoundError("),
    ],
)
def test_a_course_that_cannot_grade_says_so_and_runs_nothing(fresh, tmp_path, path, text, said):
    """nbgrader itself would go on without a configuration that fails."""
    fresh.submit("ada", ATTACKS["never ends"](tmp_path / "marker") | python_files(solutions()))
    (fresh.root / path).write_text(text)
    finished = fresh.call("autograde", "backprop")
    assert (finished.returncode, said in finished.stderr) == (1, True), finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "marker").exists()


BAD_TIMES = {
    "a word": b"yesterday",
    "no text": b"\xff\xfe\x00",
    "a month too many": b"2026-13-41 10:00:00 UTC",
    "a year too many": b"99999-01-01 00:00:00 UTC",
    "a long one": b"2026-11-20 10:00:00 UTC" + b" " * 100 + b"x" * 100_000,
    "a number": b"9" * 99,
}
BAD_NOTEBOOKS = {
    "nbformat 99": json.dumps({"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}).encode(),
    "nbformat text": b'{"nbformat": "four", "cells": 3}',
    "broken JSON": b'{"cells": [',
    "a list": b"[]",
    "no text": b"\xff\xfe\x00",
    "empty": b"",
}


def test_a_bad_time_or_notebook_costs_its_student_a_sentence_and_not_the_run(fresh):
    """In the command and in the feedback of nbgrader, which ends a run at such a time and fails at such a notebook."""
    for name, text in BAD_TIMES.items():
        fresh.submit(name, python_files(solutions()) | {"timestamp.txt": text})
    for name, text in BAD_NOTEBOOKS.items():
        fresh.submit(f"notebook {name}", python_files(solutions()) | {"backprop.ipynb": text, "timestamp.txt": DONE.encode()})
    for name, put in {"link": lambda path: path.symlink_to("/dev/zero"), "pipe": os.mkfifo, "folder": Path.mkdir}.items():
        fresh.submit(name, python_files(solutions()))
        put(fresh.root / "submitted" / name / "backprop/timestamp.txt")
    finished = fresh.call("autograde", "backprop")
    assert finished.returncode == 0, finished.stderr[-3_000:]
    assert "Traceback" not in finished.stderr
    students = sorted(path.name for path in (fresh.root / "submitted").iterdir())
    assert {student: sum(fresh.marks(student).values()) for student in students} == dict.fromkeys(students, 100)
    untimed = {*BAD_TIMES, "link", "pipe", "folder"} - {"a long one"}
    said = [line for line in finished.stderr.splitlines() if "holds no valid time" in line]
    assert len(said) == len(untimed) + ("a long one" in "".join(said))
    for student in untimed:
        assert f"so it is unknown when {student} submitted and whether that was late." in "".join(said)
        assert not (fresh.root / "autograded" / student / "backprop/timestamp.txt").exists()
    with Gradebook(at(fresh.database)) as book:
        times = {student: book.find_submission("backprop", student).timestamp for student in students}
    assert {student for student, time in times.items() if not time} - {"a long one"} == untimed
    assert str(times["notebook broken JSON"]) == DONE.removesuffix(" UTC")
    feedback = fresh.call("generate_feedback", "backprop")
    assert feedback.returncode == 0, feedback.stderr[-3_000:]
    again = fresh.call("autograde", "backprop")
    assert (again.returncode, "Traceback" in again.stderr) == (0, False)


ODD = {  # what a submission holds besides its files: a named pipe, or a link to something that never ends
    "notebook pipe": ("backprop.ipynb", os.mkfifo),
    "notebook zero": ("backprop.ipynb", lambda path: os.symlink("/dev/zero", path)),
    "notebook loop": ("backprop.ipynb", lambda path: os.symlink("backprop.ipynb", path)),
    "time pipe": ("timestamp.txt", os.mkfifo),
    "time zero": ("timestamp.txt", lambda path: os.symlink("/dev/zero", path)),
    "source pipe": ("dnn.py", os.mkfifo),
    "source zero": ("dnn.py", lambda path: os.symlink("/dev/zero", path)),
}


def test_pipes_endless_links_and_pattern_names_affect_no_one_else(fresh):
    for student, (name, make) in ODD.items():
        fresh.submit(student, {file: data for file, data in python_files(solutions()).items() if file != name})
        make(fresh.root / "submitted" / student / "backprop" / name)
    patterns = ["[a-z]*", "*", "new\nline"]
    for student in (*patterns, "o'brien", "=1+1", "-rf", "%s{student}", "\u202eada", "zoe"):
        fresh.submit(student, python_files(SKELETON if student in patterns else solutions()))
    os.mkfifo(fresh.root / "submitted/pipe")
    finished = fresh.call("autograde", "backprop")
    assert finished.returncode == 0, finished.stderr[-5_000:]
    with Gradebook(at(fresh.database)) as book:
        scores = {one.student.id: one.score for one in book.find_assignment("backprop").submissions}
    assert scores.pop("source pipe") == scores.pop("source zero") == 40
    assert scores == dict.fromkeys([*scores.keys() - set(patterns)], 100)
    assert {"zoe", "-rf", "notebook pipe", "time zero"} <= scores.keys()
    for name in patterns:
        assert f"The submission {name!r} is not graded: nbgrader cannot read a folder with " in finished.stderr


def test_the_times_of_other_assignments_are_nbgraders_own(fresh, monkeypatch):
    directory = CourseDirectory(assignment_id="*", root=str(fresh.root))
    monkeypatch.setattr(Autograde, "convert_notebooks", lambda run: None)
    run = Autograde(coursedir=directory)
    FromRelease(parent=run)
    for name in ("other", "backprop"):
        write_files(fresh.root / "submitted/ada" / name, {"timestamp.txt": b"yesterday"})
    assert directory.get_existing_timestamp(str(fresh.root / "submitted/ada/backprop")) is None
    with pytest.raises((AttributeError, SystemExit)):  # nbgrader 0.9.6 has no method `fail`, which it calls here
        directory.get_existing_timestamp(str(fresh.root / "submitted/ada/other"))


def test_a_course_without_the_configuration_gives_no_points(tmp_path, monkeypatch):
    write_files(tmp_path, assignment_files_as_bytes() | python_files(solutions()))
    for execution, code in (("validate", 0), ("autograde", 1)):
        monkeypatch.setenv("NBGRADER_EXECUTION", execution)
        run = subprocess.run(
            [sys.executable, "-c", source("warmup", ASSIGNMENT.part("warmup").tasks[2])],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert run.returncode == code
    assert "nbgrader_config.py must call the grader" in run.stderr


@pytest.mark.parametrize("one", [solutions(), SKELETON], ids=["solution", "skeleton"])
def test_the_cells_run_the_public_checks_of_their_task(tmp_path, one):
    write_files(tmp_path, assignment_files_as_bytes() | python_files(one))
    for part, task in [(one.name, task) for one in ASSIGNMENT.parts for task in one.tasks]:
        run = subprocess.run([sys.executable, "-c", source(part, task)], cwd=tmp_path, capture_output=True, text=True)
        fails = bool(task.public) and one is SKELETON
        assert (run.returncode, "AssertionError" in run.stderr) == (fails, fails), (part, task, run.stderr)


def test_each_task_is_a_locked_cell_with_all_its_points(built):
    whole = nbformat.read(built.root / f"release/backprop/{ASSIGNMENT.name}.ipynb", as_version=4)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in whole.cells if "nbgrader" in cell.metadata}
    assert list(cells) == list(points_by_cell(ASSIGNMENT))
    assert sum(cell.metadata.nbgrader.points for cell in cells.values()) == 100
    for name, cell in cells.items():
        assert cell.id == name
        assert (cell.metadata.nbgrader.locked, cell.metadata.deletable, cell.metadata.editable) == (True, False, False)
    with Gradebook(at(built.database)) as gradebook:
        points = {cell.name: cell.max_score for cell in gradebook.find_notebook(ASSIGNMENT.name, "backprop").grade_cells}
    assert points == points_by_cell(ASSIGNMENT)


def test_the_course_names_no_place(built):
    """That a second build is the same bytes is tested with all packages."""
    for name, data in [*built.everything().items(), ("gradebook.db", built.database.read_bytes())]:
        for place in (ROOT, built.root.parent, Path(sys.executable).parent):
            assert str(place).encode() not in data, name


def test_no_file_for_students_contains_a_solution_or_a_hidden_check(built):
    source, released = built.root / "source/backprop", built.root / "release/backprop"
    texts = {path.relative_to(source).as_posix(): path.read_text() for path in source.rglob("*") if path.is_file()}
    assert {name: text for name, text in starter_files(ASSIGNMENT).items() if name != "backprop.ipynb"} == {
        name: text for name, text in texts.items() if name != "backprop.ipynb"
    }
    for name in texts:
        text = (released / name).read_text()
        if name.startswith("checks/known_"):  # so many digests that one of them looks like some hidden number
            text = re.sub(r"\d+\.\d+", "", text)
        assert not hidden_in(text), name


def hidden_lines():
    """Return the lines of the hidden checks that are in no public file, except for the descriptions of checks."""
    public = "\n".join(path.read_text() for folder in ("assignment", "tests/public") for path in (ROOT / folder).rglob("*.py"))
    lines = {line.strip() for path in (ROOT / "tests/hidden").glob("*.py") for line in path.read_text().splitlines()}
    return {line for line in lines if len(line) > 15 and line not in public and not line.startswith('"""')}


def hidden_in(text):
    """Return what is hidden and stands in a text: lines and names of hidden checks, their numbers, the course's secret."""
    names = [name for tasks in RUBRIC.values() for checks in tasks.values() for name in checks.get("hidden", {})]
    words = [*hidden_lines(), *(f"test_{name}" for name in names), read_secret()]
    numbers = {number for number in re.findall(r"\d+\.\d+(?:e-\d+)?", text) if len(number.replace(".", "").strip("0")) >= 5}
    return [word for word in words if word in text] + sorted(numbers & {f"{abs(number):.6g}" for number in hidden_numbers()})


def test_nothing_hidden_is_in_the_notebooks_and_pages(course):
    for student in WORK:
        assert not hidden_in(html.unescape(course.page(student))), student
        assert not hidden_in((course.root / "autograded" / student / "backprop/backprop.ipynb").read_text()), student


def test_a_rebuild_keeps_what_is_a_tas(course, tmp_path):
    shutil.copytree(course.root, tmp_path / "course", symlinks=True)
    again = Course(tmp_path / "course")
    with (again.root / "nbgrader_config.py").open("a") as config:
        config.write('c.CourseDirectory.course_id = "ours"\n')
    (again.root / "grader/autograder/old.py").write_text("")
    (again.root / "release/backprop/backprop.ipynb").write_text("{}")
    before, kept = again.everything(), again.marks("differences")
    build_package("nbgrader", again.root)
    del before["grader/autograder/old.py"]
    before["release/backprop/backprop.ipynb"] = (course.root / "release/backprop/backprop.ipynb").read_bytes()
    assert again.everything() == before
    assert again.marks("differences") == kept


def test_an_older_python_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    with pytest.raises(
        BuildError, match=r"nbgrader is not installed for this Python, 3\.\d+\.\d+\. It needs Python 3\.11 or newer"
    ):
        build_package("nbgrader", tmp_path)
    assert not list(tmp_path.iterdir())


# `make grade GRADEBOOK=...`


@pytest.fixture
def gradebook(built, tmp_path):
    """Return a gradebook in which a TA has corrected a mark of ada's, who was late."""
    path = tmp_path / "grade book?#%20.db"
    shutil.copy(built.database, path)
    with Gradebook(at(path)) as book:
        book.update_or_create_student("ada", first_name="Ada")
        book.update_or_create_submission("backprop", "ada", timestamp=DONE)
        corrected = book.find_grade("dnn-forward", ASSIGNMENT.name, "backprop", "ada")
        corrected.manual_score, corrected.extra_credit = 11, 2
        book.db.commit()
    return path


def test_make_grade_writes_the_marks_into_a_gradebook(gradebook, tmp_path):
    for student, sources in (("ada", solutions()), ("bela", WORK["differences"]), ("empty", {"notes": b""})):
        write_files(tmp_path / "class" / student, python_files(sources))
    graded = command("grade", tmp_path / "class", "--out", tmp_path / "out", "--gradebook", gradebook)
    assert graded.returncode == 0, graded.stderr
    assert [sum(marks(gradebook, student).values()) for student in ("bela", "empty")] == [75.5, 0]
    with Gradebook(at(gradebook)) as book:
        late = book.find_submission("backprop", "ada")
        assert (late.student.first_name, str(late.timestamp)) == ("Ada", DONE.removesuffix(" UTC"))
        assert late.score == 100 - 18 + 11 + 2
        grade = book.find_grade("dnn-forward", ASSIGNMENT.name, "backprop", "ada")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (18, 11, True)
    again = command("grade", tmp_path / "class", "--out", tmp_path / "out", "--gradebook", gradebook)
    assert again.returncode == 0
    assert total_score(gradebook, "ada") == 95


# What a TA may have entered for a task before it is graded again: the manual score, and whether it needs one.
BY_HAND = [(manual, needs) for manual in (None, 0, 7.5) for needs in (True, False)]


def enter_by_hand(path):
    """Enter scores, extra credit and comments into a gradebook, as the formgrader does, for a submission of ada's."""
    with Gradebook(at(path)) as book:
        book.add_solution_cell("thoughts", ASSIGNMENT.name, "backprop")
        book.update_or_create_student("ada")
        book.update_or_create_submission("backprop", "ada")
        grades = book.find_submission_notebook(ASSIGNMENT.name, "backprop", "ada").grades
        for number, grade in enumerate(sorted(grades, key=lambda grade: grade.name)):
            grade.manual_score, grade.needs_manual_grade = BY_HAND[number % len(BY_HAND)]
            grade.auto_score, grade.extra_credit = (1.0, 0.5) if number % 2 else (None, None)
        comment = book.find_comment("thoughts", ASSIGNMENT.name, "backprop", "ada")
        comment.manual_comment, comment.auto_comment = "Well said.", "No response."
        book.db.commit()


def by_hand(path):
    """Return what a gradebook says of ada's work."""
    with Gradebook(at(path)) as book:
        notebook = book.find_submission_notebook(ASSIGNMENT.name, "backprop", "ada")
        return (
            {
                grade.name: (grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade, grade.score)
                for grade in notebook.grades
            },
            {comment.name: (comment.manual_comment, comment.auto_comment) for comment in notebook.comments},
        )


def test_what_a_ta_entered_by_hand_stays_as_with_nbgrader_autograde(fresh, tmp_path):
    """`make grade GRADEBOOK=` and `nbgrader autograde` leave one and the same gradebook, twice in a row."""
    enter_by_hand(fresh.database)
    copied = tmp_path / "gradebook.db"
    shutil.copy(fresh.database, copied)
    assert by_hand(copied)[1] == {"thoughts": ("Well said.", "No response.")}
    fresh.submit("ada", python_files(WORK["differences"]))
    write_files(tmp_path / "class/ada", python_files(WORK["differences"]))
    for force in ([], ["--force"]):
        assert fresh.call("autograde", "backprop", *force).returncode == 0
        arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(copied), *force]
        assert main(arguments) == 0
        assert by_hand(copied) == by_hand(fresh.database)
    grades, comments = by_hand(copied)
    assert {manual for _, manual, *_ in grades.values()} == {None, 0, 7.5}
    assert all(needs == (manual is not None) for _, manual, _, needs, _ in grades.values())
    assert grades["dnn-compute_gradients"][0] == 9.5
    assert comments == {"thoughts": ("Well said.", "No response.")}


def test_what_the_grader_failed_on_keeps_its_marks(gradebook, tmp_path, monkeypatch, capsys):
    for student in ("ada", "bob"):
        write_files(tmp_path / "class" / student, python_files(solutions()))
    monkeypatch.setattr(workers, "task", break_for_bob)
    arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(gradebook)]
    assert main(arguments) == 1
    assert f"The grader failed on bob (their scores in {gradebook} are unchanged):" in capsys.readouterr().err
    assert total_score(gradebook, "ada") == 95
    with Gradebook(at(gradebook)) as book:
        assert [student.id for student in book.students] == ["ada"]


def no_file(path):
    path.unlink()


def other_file(path):
    path.write_text("student,score\n")


def other_database(path):
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("create table marks (student, score)")


def other_course(path):
    with Gradebook(at(path)) as book:
        book.remove_assignment("backprop")


def other_points(path):
    with Gradebook(at(path)) as book:
        book.find_grade_cell("dnn-forward", ASSIGNMENT.name, "backprop").max_score = 17
        book.db.commit()


def run_sql(*statements):
    def change(path):
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.executescript(";".join(statements))

    change.__name__ = statements[0].partition(" SET ")[0][:30]
    return change


def next_to_it(suffix, make):
    def change(path):
        make(f"{path}{suffix}")

    change.__name__ = f"{make.__name__}{suffix}"
    return change


def link_to_zero(path):
    os.symlink("/dev/zero", path)


def end_early(path):
    with path.open("r+b") as file:
        file.truncate(20_000)


def link_to_nothing(path):
    path.unlink()
    path.symlink_to(path.with_name("elsewhere"))


def instead(make):
    """Return another kind of file in the place of the gradebook."""

    def change(path):
        path.unlink()
        make(path)

    change.__name__ = make.__name__
    return change


NEVER_ENDS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)"
PROGRAM = "{} cannot be used: its "
ADA_TO_ALL = "UPDATE grade SET auto_score = 34, manual_score = 34"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            run_sql(f"CREATE TRIGGER gift AFTER UPDATE ON grade BEGIN {ADA_TO_ALL}; END"),
            PROGRAM + "trigger gift would run a program ",
        ),
        (
            run_sql(
                f"CREATE TRIGGER t AFTER INSERT ON student BEGIN INSERT INTO student(id) {NEVER_ENDS} SELECT n FROM t; END"
            ),
            PROGRAM,
        ),
        (run_sql('CREATE VIEW "v\x1b[31m" AS SELECT 1'), PROGRAM + r"view v\u001b[31m would "),
        (
            run_sql(
                "ALTER TABLE notebook RENAME TO other", f"CREATE VIEW notebook AS {NEVER_ENDS} SELECT other.* FROM other, t"
            ),
            PROGRAM + "view notebook would ",
        ),
        (run_sql("ALTER TABLE grade ADD COLUMN large AS (length(hex(zeroblob(400000000))))"), PROGRAM + "table grade would "),
        (run_sql("CREATE VIRTUAL TABLE words USING fts5(word)"), PROGRAM),
        (
            next_to_it("-journal", os.mkfifo),
            "{}-journal, which SQLite reads with the gradebook, is not a regular file. Delete it.",
        ),
        (next_to_it("-wal", link_to_zero), "{}-wal, which SQLite reads with the gradebook, is not a regular file. Delete it."),
        (
            run_sql("UPDATE base_cell SET name = x'ff' WHERE id = (SELECT min(id) FROM base_cell)"),
            "{} and this grader differ in b'\\xff'",
        ),
        (
            run_sql("UPDATE base_cell SET name = char(27) || name"),
            r"{} and this grader differ in \u001bdnn-compute_gradients",
        ),
        (run_sql("UPDATE grade_cells SET max_score = 9e999"), "{} and this grader differ in dnn-compute_gradients"),
        (run_sql("UPDATE grade_cells SET max_score = 'all'"), "{} and this grader differ in dnn-compute_gradients"),
        (run_sql("DELETE FROM grade_cells"), "{} cannot be used as a gradebook of nbgrader: "),
        (end_early, "{} cannot be used as a gradebook of nbgrader: "),
        (link_to_nothing, "There is no {}: "),
        (instead(os.mkfifo), "There is no {}: "),
        (instead(os.mkdir), "There is no {}: "),
        (instead(link_to_zero), "There is no {}: "),
        (no_file, "There is no {}: GRADEBOOK must name the gradebook.db of an nbgrader course."),
        (other_file, "{} cannot be used as a gradebook of nbgrader: "),
        (other_database, "{} cannot be used as a gradebook of nbgrader: "),
        (other_course, "{} has no assignment backprop; `make nbgrader` builds a course that has it."),
        (other_points, "{} and this grader differ in dnn-forward; build the course again with `make nbgrader`."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_another_gradebook_is_rejected_and_unchanged(gradebook, tmp_path, capsys, change, said):
    change(gradebook)
    before = gradebook.read_bytes() if gradebook.is_file() else None
    write_files(tmp_path / "class/ada", python_files(solutions()))
    arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(gradebook)]
    assert main(arguments) == 2
    said_of_it = capsys.readouterr().err.splitlines()[-1]
    assert said_of_it.startswith(said.format(gradebook))
    assert not list((tmp_path / "out/results").iterdir())
    assert (gradebook.read_bytes() if gradebook.is_file() else None) == before


def test_a_gradebook_without_a_row_of_a_student_is_a_sentence(gradebook, tmp_path, capsys):
    run_sql("DELETE FROM grade")(gradebook)
    write_files(tmp_path / "class/ada", python_files(solutions()))
    arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(gradebook)]
    assert main(arguments) == 2
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith(f"{gradebook} cannot be used as a gradebook of nbgrader: No such")
    )


HOSTILE_NAMES = ["o'brien", '"; DROP TABLE grade; --', "=1+1", "%s{}", "\u202eada", "-rf", "<b>", "a\tb"]


def test_names_are_names_in_a_gradebook(gradebook, tmp_path):
    """Of submissions that come, and of students who are there; nobody else's score changes."""
    with contextlib.closing(sqlite3.connect(gradebook)) as database, database:
        database.executemany("INSERT INTO student(id) VALUES (?)", [(f"{name} too",) for name in HOSTILE_NAMES])
    for name in HOSTILE_NAMES:
        write_files(tmp_path / "class" / name, {"notes": b""})
    write_files(tmp_path / "class/ada", python_files(solutions()))
    write_files(tmp_path / "class/bela", python_files(solutions()))
    graded = command("grade", tmp_path / "class", "--out", tmp_path / "out", "--gradebook", gradebook)
    assert graded.returncode == 0, graded.stderr
    with contextlib.closing(sqlite3.connect(gradebook)) as database:
        ids = {name for (name,) in database.execute("SELECT id FROM student")}
    assert len(ids) == 2 * len(HOSTILE_NAMES) + 2
    assert (total_score(gradebook, "ada"), total_score(gradebook, "bela")) == (95, 100)


def test_a_gradebook_that_nbgrader_is_writing_to_is_waited_for_and_named(gradebook, tmp_path, capsys, monkeypatch):
    """And what was graded is known to the next run."""
    write_files(tmp_path / "class/bela", python_files(solutions()))
    arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(gradebook)]
    with monkeypatch.context() as patched, contextlib.closing(sqlite3.connect(gradebook, isolation_level=None)) as other:
        patched.setattr("autograder.platforms.nbgrader.gradebook.SECONDS", 0.5)
        other.execute("BEGIN IMMEDIATE")
        assert main(arguments) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"The gradebook {gradebook} has been locked by another program for ")
    assert main(arguments) == 0
    assert "\n1 was already graded" in capsys.readouterr().out
    assert sum(marks(gradebook, "bela").values()) == 100


def test_a_gradebook_needs_nbgrader(gradebook, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.api", None)
    write_files(tmp_path / "class/ada", python_files(solutions()))
    arguments = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--gradebook", str(gradebook)]
    assert main(arguments) == 2
    assert "GRADEBOOK needs nbgrader, which is not installed; it requires Python 3.11 or newer.\n" in capsys.readouterr().err
