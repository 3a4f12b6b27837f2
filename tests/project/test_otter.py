"""The real otter package: `otter assign` builds it, a kernel runs the student's notebook, and `otter run` grades."""

import json
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import dill
import nbformat
import pytest
from nbclient import NotebookClient
from otter.test_files import GradingResults

from autograder import grade
from autograder.backprop.rubric import RUBRIC
from autograder.files import ROOT
from autograder.marks import mark_of
from autograder.packaging.handout import starter_files
from autograder.packaging.output import EPOCH
from autograder.packaging.regions import BuildError
from autograder.platforms.otter import autograder_otter
from autograder.platforms.otter.autograder_otter import Judged, JudgeError, run_judge
from autograder.platforms.otter.master import master, name_question
from autograder.report.gradescope import build_results
from autograder.settings import read_secret
from tests.course import ASSIGNMENT, PARTS
from tests.golden.differences import DNN
from tests.golden.notebooks_otter import NOTEBOOK, NOTEBOOKS
from tests.golden.programs import solution_lines, solutions
from tests.project.grading import SCHEMA

HANDED_OUT = starter_files(ASSIGNMENT)
SKELETON = {f"{part}.py": HANDED_OUT[f"{part}.py"].encode() for part in PARTS}
SOLVED = {f"{part}.py": source for part, source in solutions().items()}


@pytest.fixture(scope="module")
def otter(packages):
    """Return the otter package."""
    return packages.folder / "otter"


@pytest.fixture(scope="module")
def student(otter, tmp_path_factory):
    """Return what students get, to work in."""
    return shutil.copytree(otter / "student", tmp_path_factory.mktemp("home") / "backprop")


def contents(path):
    """Return every file below a folder, or in a zip or a wheel, by its path."""
    if path.is_dir():
        return {found.relative_to(path).as_posix(): found.read_bytes() for found in path.rglob("*") if found.is_file()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def otter_run(package, submission, out):
    """(finished process, results.json or None) of the stock command."""
    out.mkdir()
    command = [Path(sys.executable).with_name("otter"), "run", "--no-logo", "-a", package, "-o", out, submission]
    finished = subprocess.run(command, cwd=out, capture_output=True, text=True)
    results = out / "results.json"
    return finished, json.loads(results.read_text()) if results.exists() else None


def scores(document):
    return {test["name"]: (test["score"], test["max_score"]) for test in document["tests"]}


# What is built


def test_the_student_folder_is_the_assignment_with_another_notebook(otter):
    files = {name: data.decode() for name, data in contents(otter / "student").items()}
    assert sorted(files) == sorted(HANDED_OUT)
    assert {name for name in files if files[name] != HANDED_OUT[name]} == {NOTEBOOK, "requirements.txt"}
    assert files["requirements.txt"].endswith("\notter-grader==7.0.0\n")


def test_every_public_check_is_a_case_of_the_question_of_its_task(otter):
    tests = nbformat.read(otter / "student" / NOTEBOOK, as_version=4).metadata["otter"]["tests"]
    tasks = {task: checks["public"] for part in RUBRIC.values() for task, checks in part.items() if "public" in checks}
    case = re.compile(r"@test_case\(points=(.+), hidden=False\)\ndef test_(\w+)\(\)")
    found = {question: {name: float(points) for points, name in case.findall(source)} for question, source in tests.items()}
    assert found == {name_question(task): checks for task, checks in tasks.items()}
    assert {"forward", "gradients_and_fit", "the_4_4_2_example"} < set(tests)


def test_a_text_without_a_place_for_the_questions_is_refused():
    with pytest.raises(BuildError, match=r'no cell .*check\.main\(\["dnn"\]\)'):
        master(ASSIGNMENT, "# %%\n1 + 1\n", [], [])


def test_nothing_else_is_built_and_the_zips_have_no_date(otter):
    """That a second build is the same bytes is tested with all packages."""
    first = contents(otter)
    assert {name.partition("/")[0] for name in first} == {
        "student",
        "autograder.zip",
        "autograder_otter-0.1.0-py3-none-any.whl",
    }
    for path in (otter / "autograder.zip", *otter.glob("*.whl")):
        with zipfile.ZipFile(path) as archive:
            assert {member.date_time for member in archive.infolist()} == {EPOCH}


def test_nothing_leaks(otter):
    """Neither solutions, hidden checks and the secret to students, nor the paths of this machine to anybody."""
    student, package = contents(otter / "student"), contents(otter / "autograder.zip")
    (wheel,) = map(contents, otter.glob("*.whl"))
    hidden = [path.read_bytes() for path in (ROOT / "tests/hidden").glob("*.py") if path.name != "__init__.py"]
    for name, data in student.items():
        assert not solution_lines() & set(data.decode().splitlines()), name
        assert data not in hidden, name
        assert read_secret().encode() not in data, name
    assert next(iter(wheel)) == "autograder_otter.py"
    assert package["files/grader/course.toml"] == (ROOT / "course.toml").read_bytes()
    assert not {f"files/{part}.py" for part in PARTS} & set(package), "they would be laid over the student's"
    made = {name: data for name, data in package.items() if not name.startswith("files/grader/")}
    for name, data in [*student.items(), *made.items(), *wheel.items()]:
        for path in (str(ROOT), tempfile.gettempdir() + "/tmp"):
            assert path.encode() not in data, name


def test_the_image_gets_the_plugin_and_what_the_judge_needs(otter):
    package = contents(otter / "autograder.zip")
    environment = package["environment.yml"].decode()
    (wheel,) = otter.glob("*.whl")
    assert f"- /autograder/source/files/{wheel.name}\n" in environment
    assert package[f"files/{wheel.name}"] == wheel.read_bytes()
    pinned = re.findall(r"^(\S+==\S+)", (ROOT / "requirements/judge.txt").read_text(), flags=re.MULTILINE)
    assert {name.partition("==")[0] for name in pinned} == {"greenlet", "msgpack", "numpy", "pyseccomp", "tomli", "tzdata"}
    assert all(f"- {name}" in environment for name in pinned)


# The student's notebook


def run_checks(folder):
    """Return what each grader.check of a notebook shows, by the name of the question, and the cells that ended in an error."""
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    needed = ("# Initialize Otter", "%load_ext", "grader.check(", "# Save your notebook first")
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith(needed)]
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    return {
        cell.source.split('"')[1]: cell.outputs[0].data["text/plain"]
        for cell in notebook.cells
        if cell.source.startswith("grader.check(")
    }


def test_the_notebook_says_what_is_to_do(student):
    shown = run_checks(student)
    assert len(shown) == 13
    first = r"`forward` returns the correct output for the example\.\n *dnn\.py, line \d+: Task 3: complete forward"
    assert re.search(first, shown["forward"])
    for question, text in shown.items():
        assert text.startswith(f"{question} results:")
        assert "All test cases passed" not in text
        assert "Traceback" not in text
        assert len(text) < 700 * text.count("result:"), text


@pytest.fixture(scope="module")
def exported(student):
    """Return the zip that the last cell leaves when everything is solved, after a check that every question passed."""
    for name, source in SOLVED.items():
        (student / name).write_bytes(source)
    for archive in student.glob("*.zip"):
        archive.unlink()
    shown = run_checks(student)
    assert {text.removeprefix(question) for question, text in shown.items()} == {" results: All test cases passed!"}
    (archive,) = student.glob("*.zip")
    return archive


# Grading


def submissions(exported, folder):
    """One of each kind: how it is handed in, and the same files as a folder for the other door."""
    ada = {path.name: path.read_bytes() for path in (ROOT / "examples/ada").iterdir()}
    differences = DNN["central"].source
    (folder / "differences").mkdir()
    (folder / "differences/dnn.py").write_bytes(differences)
    return {
        "solution": (exported, SOLVED),
        "wrong": (zipped(folder / "wrong.zip", ada), ada),
        "differences": (folder / "differences/dnn.py", {"dnn.py": differences}),
        "hopeless": (zipped(folder / "hopeless.zip", {"README.txt": b"later"}), {"README.txt": b"later"}),
    }


@pytest.fixture(scope="module")
def graded(otter, exported, tmp_path_factory):
    """(finished process, results.json, the result of the other door) of each kind of submission."""
    folder, found = tmp_path_factory.mktemp("submissions"), {}
    for name, (submission, files) in submissions(exported, folder).items():
        place = folder / f"{name} folder"
        place.mkdir()
        for file, data in files.items():
            (place / file).write_bytes(data)
        found[name] = (*otter_run(otter / "autograder.zip", submission, folder / f"{name} out"), grade(place))
    return found


@pytest.mark.parametrize(
    ("name", "total"), [("solution", 100), ("wrong", 85), ("differences", DNN["central"].marks), ("hopeless", 0)]
)
def test_each_check_has_the_marks_of_make_grade(graded, name, total):
    """Three files without a notebook, a bare dnn.py and the export of the notebook alike."""
    finished, document, result = graded[name]
    assert finished.returncode == 0, finished.stderr
    assert f"Total Score: {total:.3f} / 100.000" in finished.stdout
    tests = build_results(mark_of(result))["tests"]
    assert scores(document) == {test["extra_data"]["id"]: (test["score"], test["max_score"]) for test in tests}
    assert sum(score for score, _ in scores(document).values()) == result.score == total
    SCHEMA.validate(document)


def test_the_student_reads_the_explanations(graded):
    _, document, result = graded["wrong"]
    (check,) = [check for check in result.checks if check.id == "dnn.example_W"]
    assert document["output"].startswith("2 public checks did not pass.")
    assert f"0/2  {check.sentence}\n    {check.got}\n    {check.public_cause.said}\n" in document["output"]
    assert "hidden check" not in document["output"]
    last = next(test for test in document["tests"] if test["name"] == "extension.all checks")
    assert "2 public checks and 7 hidden checks did not pass." in last["output"]
    assert {test["visibility"] for test in document["tests"]} == {"after_published"}
    assert "2/2  `forward` returns the correct output for the example.\n2/2  The cache" in document["output"]
    hidden = next(test for test in document["tests"] if test["name"] == "dnn.gradient_W_step")
    assert hidden["visibility"] == "after_published"
    (step,) = [check for check in result.checks if check.id == "dnn.gradient_W_step"]
    assert step.got in hidden["output"]
    assert step.sentence not in document["output"]
    assert "Nothing could be graded: There is no warmup.py" in graded["hopeless"][1]["output"]


def test_a_ta_reads_the_remarks(graded):
    finished, document, result = graded["differences"]
    (remark,) = result.remarks
    assert remark in finished.stdout
    assert remark not in json.dumps(document)
    by_name = {test["name"]: test for test in document["tests"]}
    assert (by_name["dnn.example_W"]["score"], by_name["dnn.gradient_W_step"]["score"]) == (2, 1.5)
    assert "finite differences" not in document["output"]
    assert "finite differences" in by_name["dnn.compute_gradients taken"]["output"]


def test_results_are_objects_of_otters_own(otter):
    """So that results.pkl can be read where there is no plugin, and a failure of otter's own kernel costs nobody a mark."""
    plugin = Judged("", {}, {})
    check = {"name": "It works.", "score": 0.5, "max_score": 1, "status": "passed", "output": "half", "visibility": "visible"}
    plugin.document = {"output": "", "tests": [{**check, "extra_data": {"id": "dnn.works"}}], "extra_data": {"remarks": []}}
    results = GradingResults.without_results(RuntimeError("the kernel died"))
    plugin.after_grading(results)
    assert (results.total, results.possible, results.get_score("dnn.works")) == (0.5, 1, 0.5)
    assert not results.has_catastrophic_failure()
    assert b"autograder_otter" not in dill.dumps(results)
    assert plugin.generate_report() is None
    assert not results.all_hidden


def test_what_the_course_never_shows_is_shown_by_otter_neither():
    plugin = Judged("", {}, {})
    check = {"name": "It works.", "score": 1, "max_score": 1, "status": "passed", "output": "", "visibility": "hidden"}
    plugin.document = {"output": "", "tests": [{**check, "extra_data": {"id": "dnn.works"}}], "extra_data": {}}
    results = GradingResults.without_results(RuntimeError())
    plugin.after_grading(results)
    assert results.all_hidden


# When the judge fails


def test_a_judge_that_fails_gives_no_mark(otter, tmp_path):
    files = contents(otter / "autograder.zip")
    files["files/grader/autograder/backprop/cases.py"] = b'raise RuntimeError("broken on purpose")\n'
    package = zipped(tmp_path / "broken.zip", files)
    finished, document = otter_run(package, zipped(tmp_path / "solution.zip", SOLVED), tmp_path / "out")
    assert (finished.returncode, document) == (1, None)
    assert "There is no score, which is not the submission's fault. The judge reported:" in finished.stderr
    assert "RuntimeError: broken on purpose" in finished.stderr
    assert "Total Score" not in finished.stdout


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        ("import time\ntime.sleep(60)", "the judge had not finished after 1 seconds"),
        ("raise SystemExit('it cannot')", "The judge reported:\nit cannot"),
        ('import sys\nprint(\'a fault\', file=sys.stderr)\nprint(\'{"extra_data": {"status": "error"}}\')', "a fault"),
    ],
)
def test_no_reply_gives_no_score(tmp_path, monkeypatch, judge, words):
    monkeypatch.setattr(autograder_otter, "SECONDS", 1)
    (tmp_path / "autograder/platforms").mkdir(parents=True)
    (tmp_path / "autograder/platforms/apart.py").write_text(judge)
    with pytest.raises(JudgeError, match=words):
        run_judge(tmp_path, tmp_path)


# Hostile notebooks, and what lies beside them


def hostile(names, handed_out, marker):
    """Return the empty skeleton with the attacks of these names, one upon the other."""
    files = {**SKELETON, NOTEBOOK: handed_out}
    for name in names:
        files |= NOTEBOOKS[name](files[NOTEBOOK], marker)
    return files


def test_nothing_in_or_next_to_a_notebook_runs(otter, tmp_path):
    handed_out, marker = (otter / "student" / NOTEBOOK).read_bytes(), tmp_path / "marker"
    submission = zipped(tmp_path / "hostile.zip", hostile(NOTEBOOKS, handed_out, marker))
    finished, document = otter_run(otter / "autograder.zip", submission, tmp_path / "out")
    assert not marker.exists(), marker.read_text()
    assert finished.returncode == 0, finished.stderr
    assert {score for score, _ in scores(document).values()} == {0}
    assert len(document["tests"]) == 81


PATCHES = b"""
import otter
otter.Notebook.check = lambda *given, **named: "passed"
from otter.test_files import GradingResults
GradingResults.total = 1000
"""


def test_a_source_that_patches_otter_and_entries_that_are_no_files_gain_nothing(otter, tmp_path):
    """Links and pipes in the zip, one of them to the secret of the course."""
    secret = tmp_path / "secret"
    secret.write_text("THE SECRET IS HERE")
    submission = zipped(tmp_path / "odd.zip", {"dnn.py": PATCHES + SKELETON["dnn.py"]})
    with zipfile.ZipFile(submission, "a") as archive:
        for name, kind, data in (("warmup.py", stat.S_IFLNK, str(secret)), ("extension.py", stat.S_IFIFO, "")):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16  # Unix
            archive.writestr(entry, data)
    finished, document = otter_run(otter / "autograder.zip", submission, tmp_path / "out")
    assert finished.returncode == 0, finished.stderr
    assert {score for score, _ in scores(document).values()} == {0}
    assert "SECRET" not in json.dumps(document) + finished.stdout


@pytest.mark.parametrize(
    "files",
    [{f"{NOTEBOOK}/dnn.txt": b""}, {"x" * 300: b""}, None],
    ids=["a folder called like the notebook", "a long name", "no zip"],
)
def test_what_otter_cannot_unpack_gets_no_mark(otter, tmp_path, files):
    submission = tmp_path / "broken.zip"
    zipped(submission, {**SOLVED, **files}) if files else submission.write_bytes(b"PK\3\4")
    finished, document = otter_run(otter / "autograder.zip", submission, tmp_path / "out")
    assert finished.returncode != 0
    assert document is None


def without_plugin(package):
    """Return the package as it would be without ours: the public checks as otter's tests, and what they need beside them."""
    files = {name: data for name, data in contents(package / "autograder.zip").items() if not name.startswith("files/")}
    files["otter_config.json"] = b'{"lang": "python"}'
    needed = {name: data for name, data in contents(package / "student").items() if name.startswith(("check.py", "checks/"))}
    return files | {f"files/{name}": data for name, data in needed.items()}


@pytest.mark.parametrize("cells", ["deleted cells", "ignored cells"])
def test_without_the_plugin_they_run_and_gain(otter, tmp_path, cells):
    handed_out, marker = (otter / "student" / NOTEBOOK).read_bytes(), tmp_path / "marker"
    package = zipped(tmp_path / "stock.zip", without_plugin(otter))
    names = (cells, "log", "lenient check")
    submission = zipped(tmp_path / "hostile.zip", hostile(names, handed_out, marker))
    _, document = otter_run(package, submission, tmp_path / "out")
    assert set(marker.read_text().split("\n")) == {*names, ""}
    assert sum(test.get("score", 0) for test in document["tests"]) > 20
