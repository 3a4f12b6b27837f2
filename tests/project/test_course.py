"""The settings in [course] and [feedback] apply everywhere: to files for students, scores, pages and packages."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from autograder import settings
from autograder.backprop import handout_figures
from autograder.build import build
from autograder.files import ROOT
from autograder.marks import mark_of
from autograder.packaging.notebook import notebook, notebook_text
from autograder.packaging.regions import BuildError, for_course, keep_parts, solved
from autograder.platforms.nbgrader import package
from autograder.platforms.nbgrader.cells import with_graded_cells
from autograder.platforms.nbgrader.grading import graded_outputs
from autograder.platforms.otter.master import master
from autograder.report.feedback import feedback_html
from autograder.report.gradescope import results_json
from autograder.settings import Settings, course_file, notices, read_settings
from autograder.values import VISIBILITIES
from tests.course import ASSIGNMENT, CHECKS, LOCAL_CHECKS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import submission
from tests.golden.secrets import secret
from tests.project.grading import command, files, read_blocks, rows

SECRET = f'[hidden_checks]\nsecret = "{secret(0)}"\n'
# What only the extension is about.
EXTENSION = re.compile(r"extension|softmax|GeneralDNN|notes_gradients|worked_example|activations? is", re.IGNORECASE)
PUBLIC = {check.name for check in CHECKS if check.visibility == "public"}
TITLE = 'Homework 4: "Nets"'


class Course(NamedTuple):
    """A course file, the download that is built under it, and the folder of the student who has solved it."""

    file: Path
    download: Path

    @property
    def environment(self):
        return {**os.environ, "COURSE": str(self.file)}

    def run(self, *arguments):
        return subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=self.download, env=self.environment, capture_output=True, text=True
        )

    def read(self, name):
        return (self.download / name).read_text()


def make_course(folder, lines):
    """Write a course file with these lines and build what students download under it, with the solution filled in."""
    file = folder / "course.toml"
    file.write_text(SECRET + lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE", str(file))
        build("student", folder)
    with zipfile.ZipFile(folder / "assignment.zip") as archive:
        archive.extractall(folder)
    for path in (folder / "backprop").glob("*.py"):
        source = ROOT / "solution" / path.name
        if source.exists() and "# BEGIN SOLUTION" in source.read_text():
            path.write_text(solved(source.read_text()))
    return Course(file, folder / "backprop")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Return a course without the extension, with a title of its own."""
    return make_course(tmp_path_factory.mktemp("short"), f"[course]\nparts = ['warmup', 'dnn']\ntitle = '{TITLE}'\n")


@pytest.fixture(scope="module")
def late_start(tmp_path_factory):
    """Return a course without the warm-up."""
    return make_course(tmp_path_factory.mktemp("late"), "[course]\nparts = ['dnn', 'extension']\n")


# What students get


def test_nothing_that_students_get_is_about_a_part_that_was_left_out(short):
    names = {path.relative_to(short.download).as_posix() for path in short.download.rglob("*") if path.is_file()}
    assert {name for name in names if "extension" in name} == set()
    assert {"warmup.py", "dnn.py", "checks/test_warmup.py", "checks/test_dnn.py"} <= names
    for name in ("README.md", "handout.html", "backprop.ipynb", "checks/hints.py", "checks/example.py", "checks/rubric.py"):
        text = re.sub(r"data:image/svg[^\"]*|<style>.*?</style>", "", short.read(name), flags=re.DOTALL)
        assert EXTENSION.findall(text) == [], name
        assert "PART" not in text, name
    assert "| **together** | | 23 | 52 | 75 |" in short.read("README.md")
    assert "| `warmup.py` and `dnn.py` | what you complete" in short.read("README.md")


def test_the_title_is_that_of_the_course(short):
    assert short.read("README.md").startswith(f"# {TITLE}\n")
    page = short.read("handout.html").replace("&quot;", '"').replace("&#34;", '"')
    assert f"<title>{TITLE}</title>" in page
    assert re.search(rf"<h1[^>]*>{TITLE}</h1>", page)
    first, *_ = json.loads(short.read("backprop.ipynb"))["cells"]
    assert first["source"][0] == f"# {TITLE}: the lab notebook\n"


def test_parts_are_numbered_without_those_that_were_left_out(late_start):
    text = late_start.read("README.md")
    assert "warmup" not in text + late_start.read("backprop.ipynb") + late_start.read("checks/hints.py")
    assert set(re.findall(r"Part \d: [\w ]+", text)) == {
        "Part 1: the derivation",
        "Part 1: a batch with a pencil",
        "Part 1: your tasks",
        "Part 2: extension",
    }
    assert "(#part-1-a-batch-with-a-pencil)" in text
    assert "| **together** | | 26 | 59 | 85 |" in text


@pytest.mark.parametrize(("course", "parts"), [("short", ("warmup", "dnn")), ("late_start", ("dnn", "extension"))])
def test_the_public_checks_pass_on_the_solution(request, course, parts):
    passed = sum(len(LOCAL_CHECKS[part]) for part in parts)
    course = request.getfixturevalue(course)
    checked = course.run("check.py")
    assert checked.returncode == 0, checked.stdout
    assert f"{passed} of {passed} public checks passed." in checked.stdout
    assert course.run("check.py", "nothing").stderr.count("the parts are") == 1


def test_the_notebook_has_what_its_cells_use(short):
    cells = [
        "".join(cell["source"]) for cell in json.loads(short.read("backprop.ipynb"))["cells"] if cell["cell_type"] == "code"
    ]
    code = "\n".join(line for cell in cells for line in cell.splitlines() if not line.startswith("%"))
    ran = short.run("-c", f"import matplotlib; matplotlib.use('Agg')\n{code.replace('epochs=2000', 'epochs=2')}")
    assert ran.returncode == 0, ran.stderr


def test_the_graphs_of_the_hand_out_follow_the_sizes_of_the_example(monkeypatch):
    monkeypatch.setattr(handout_figures, "LAYER_SIZES", (2, 4, 3, 1))
    graphs = handout_figures.graphs()
    assert list(graphs) == ["graph-output.svg", "graph-hidden-2.svg", "graph-hidden-1.svg"]
    shapes = {name: [re.findall(r"\(\d, [\dm]\)", text) for text in graph["weights"]] for name, graph in graphs.items()}
    assert shapes["graph-hidden-2.svg"] == [["(3, 4)"], ["(3, 4)"]]
    assert shapes["graph-hidden-1.svg"] == [["(4, 2)"], ["(4, 2)"]]
    assert graphs["graph-hidden-1.svg"]["next"] == ("$Z_2$  (3, m)", "$dZ_2$  (3, m)")


# What is graded


def test_the_other_parts_are_graded_out_of_what_they_are_worth(short, tmp_path, monkeypatch):
    """A file of a part that was left out is not read, and nothing that is written has a column for it."""
    shutil.copytree(short.download, tmp_path / "class/ada", ignore=shutil.ignore_patterns("checks", "figures"))
    (tmp_path / "class/ada/extension.py").write_text("raise RuntimeError")
    (tmp_path / "class/bela").mkdir()
    (tmp_path / "class/bela/dnn.py").write_text("answer = 42\n")
    monkeypatch.setenv("COURSE", str(short.file))
    finished = command("grade", tmp_path / "class", "--out", tmp_path / "out", "--jobs", 1)
    assert finished.returncode == 0, finished.stderr
    ada, bela = rows(tmp_path / "out")
    assert (ada["score"], ada["max_score"], bela["score"]) == ("75", "75", "0")
    for path in files(tmp_path / "out").keys() - {"gradebook.db"}:
        assert not re.search(
            "extension",
            re.sub(r"<style>.*?</style>|<script>.*?</script>", "", (tmp_path / "out" / path).read_text(), flags=re.DOTALL),
        ), path
    assert f"{TITLE.replace(chr(34), chr(34) * 2)} - Max Points" in (tmp_path / "out/exports/gradescope.csv").read_text()
    assert read_blocks((tmp_path / "out/feedback/ada.html").read_text())[2:4] == ["75", "of 75 points"]


def test_the_warm_up_can_be_left_out_of_the_grade(late_start, tmp_path, monkeypatch):
    shutil.copytree(late_start.download, tmp_path / "class/ada", ignore=shutil.ignore_patterns("checks", "figures"))
    monkeypatch.setenv("COURSE", str(late_start.file))
    command("grade", tmp_path / "class", "--out", tmp_path / "out", "--jobs", 1)
    (ada,) = rows(tmp_path / "out")
    assert (ada["score"], ada["max_score"], "warmup" in ada) == ("85", "85", False)


# Regions


SHORT = ASSIGNMENT.with_parts(["warmup", "dnn"]) if len(ASSIGNMENT.part_names) == 3 else ASSIGNMENT


def test_regions_of_parts_in_use_are_kept():
    text = "a\n<!-- BEGIN PART dnn -->\nb\n<!-- END PART -->\n    # BEGIN PART extension\nc\n    # END PART\nd\n"
    assert keep_parts(text, SHORT) == "a\nb\nd\n"
    assert for_course(SHORT, "<!-- the files to submit -->") == "`warmup.py` and `dnn.py`\n"
    assert for_course(ASSIGNMENT.with_parts(["dnn"]), "<!-- the files to submit -->: Part 2") == "`dnn.py`: Part 1\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# BEGIN PART extenson\n# END PART\n", "line 1: the assignment has no part extenson."),
        ("# BEGIN PART dnn\n", "the region of dnn does not end."),
        ("# END PART\n", "line 1: no region ends here."),
        ("# BEGIN PART dnn\n# BEGIN PART warmup\n", "line 2: the region of dnn has not ended."),
    ],
)
def test_an_invalid_region_is_rejected(text, words):
    with pytest.raises(BuildError, match=f"^{re.escape(words)}$"):
        keep_parts(text, SHORT)


# Hidden checks


@pytest.fixture(scope="module")
def mistakes(judge):
    """Results: of a mistake that public checks show as well, and of one that only hidden checks see."""
    return {name: judge.grade(submission(MISTAKES[name].sources)) for name in ("db-summed", "m-fixed-at-5")}


@pytest.fixture
def feedback(tmp_path, monkeypatch):
    """Sets who sees hidden checks in a course file, which holds from then on."""

    def feedback(hidden_checks):
        (tmp_path / "course.toml").write_text(f"{SECRET}[feedback]\nhidden_checks = '{hidden_checks}'\n")
        monkeypatch.setenv("COURSE", str(tmp_path / "course.toml"))
        return read_settings()

    return feedback


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_gradescope_shows_hidden_checks_when_the_course_says(feedback, mistakes, visibility):
    document = json.loads(results_json(mark_of(mistakes["db-summed"], settings=feedback(visibility))))
    found = {(test["extra_data"]["id"].partition(".")[2] in PUBLIC, test["visibility"]) for test in document["tests"]}
    assert found == {(True, "visible"), (False, visibility)}


def test_gradescope_shows_hidden_checks_after_the_grades_are_published_by_default(mistakes):
    result = mistakes["db-summed"]
    assert mark_of(result).hidden_checks == mark_of(result, settings=Settings()).hidden_checks == "after_published"


@pytest.mark.parametrize(("name", "in_public"), [("db-summed", True), ("m-fixed-at-5", False)])
def test_of_hidden_checks_nothing_is_shown_but_names_and_points(feedback, mistakes, name, in_public):
    result, settings = mistakes[name], feedback("hidden")
    failed = [check for check in result.failed_tasks if check.visibility == "hidden"]
    assert any(check.visibility == "public" for check in result.failed_tasks) == in_public
    public = {text for check in result.checks if check.visibility == "public" for text in words_of(check)}
    kept_back = {text for check in failed for text in words_of(check)} - public
    assert kept_back
    mark = mark_of(result, settings=settings)
    cells = "".join(output.data["text/html"] for output in graded_outputs(mark.shown).values())
    for page in (html.unescape(feedback_html(mark, ASSIGNMENT.figure(mark.shown))), html.unescape(cells)):
        page = re.sub(r"</?code>|`", "", page)
        assert [text for text in kept_back if text.replace("`", "") in page] == []
        assert [check.sentence for check in failed if check.sentence.replace("`", "") not in page] == []
    assert (mark.score, mark.result) == (result.score, result)


def words_of(check):
    """Return what explains the failure of a check."""
    return {text for text in (check.got, check.cause, *check.hints, check.example, check.detail.strip()) if text}


def test_a_file_that_is_missing_is_still_named(feedback, grade):
    mark = mark_of(grade(b"answer = 42"), settings=feedback("hidden"))
    assert '<p class="cause">warmup.py was not submitted.</p>' in feedback_html(mark)


def test_a_page_is_written_again_when_hidden_checks_are_hidden(feedback, tmp_path):
    (tmp_path / "class/ada").mkdir(parents=True)
    (tmp_path / "class/ada/dnn.py").write_text("answer = 42\n")
    visibilities = []
    for setting in ("visible", "hidden"):
        feedback(setting)
        assert command("grade", tmp_path / "class", "--out", tmp_path / "out", "--jobs", 1).returncode == 0
        document = json.loads((tmp_path / "out/results/ada.json").read_text())
        visibilities.append(document["tests"][-1]["visibility"])
    assert visibilities == ["visible", "hidden"]


# Packages, of which nothing is installed here: tests/project/test_gradescope.py and its like do that with all parts


def test_the_gradescope_package_grades_the_parts_in_use(short, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE", str(short.file))
    build("gradescope", tmp_path)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(tmp_path / "source")
    (tmp_path / "results").mkdir()
    shutil.copytree(short.download, tmp_path / "submission", ignore=shutil.ignore_patterns("checks", "figures"))
    monkeypatch.delenv("COURSE")
    grader = [sys.executable, "-m", "autograder.platforms.gradescope", tmp_path]
    assert subprocess.run(grader, cwd=tmp_path / "source").returncode == 0
    document = json.loads((tmp_path / "results/results.json").read_text())
    assert document["score"] == sum(test["max_score"] for test in document["tests"]) == 75
    assert {test["extra_data"]["part"] for test in document["tests"]} == {"warmup", "dnn"}


def test_the_notebooks_of_platforms_hold_the_rubric_of_the_parts_in_use():
    text = notebook_text(SHORT)
    cells = nbformat.reads(with_graded_cells(SHORT, notebook(text)), as_version=4).cells
    points = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points for cell in cells if "nbgrader" in cell.metadata}
    assert sum(points.values()) == 75
    assert {name.partition("-")[0] for name in points} == {"warmup", "dnn"}
    whole = nbformat.reads(master(SHORT, text, [], []), as_version=4)
    assert "extension" not in "".join(cell.source for cell in whole.cells)
    assert sum("must_pass(" in cell.source for cell in whole.cells) == 14


def test_a_course_of_nbgrader_that_had_the_part_loses_it(short, tmp_path, monkeypatch):
    """And a TA's own file stays. nbgrader itself is left out here, which takes long."""
    monkeypatch.setenv("COURSE", str(short.file))
    monkeypatch.setattr(package, "generate_assignment", lambda *_: None)
    source = tmp_path / "source/backprop"
    (source / "checks").mkdir(parents=True)
    for name in ("extension.py", "checks/test_extension.py", "notes.md"):
        (source / name).write_text("old")
    build("nbgrader", tmp_path)
    assert [path.name for path in source.rglob("*extension*")] == []
    assert (source / "notes.md").read_text() == "old"
    config = (tmp_path / "nbgrader_config.py").read_text()
    compile(config, "nbgrader_config.py", "exec")
    assert TITLE in config


# Its old names


def test_the_file_and_the_variable_may_have_their_old_names(tmp_path, monkeypatch):
    old, new = tmp_path / "assignment.toml", tmp_path / "course.toml"
    for path in (old, new):
        path.write_text(SECRET)
    monkeypatch.delenv("COURSE", raising=False)
    monkeypatch.setenv("ASSIGNMENT", str(old))
    assert course_file() == old
    assert notices() == [
        f"{old} is still read; rename it to course.toml.",
        "The environment variable ASSIGNMENT is still read; rename it to COURSE.",
    ]
    monkeypatch.setenv("COURSE", str(new))
    assert course_file() == new
    assert notices() == []
    monkeypatch.delenv("COURSE")
    monkeypatch.delenv("ASSIGNMENT")
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    assert course_file() == new
    new.unlink()
    assert course_file() == old
    assert notices() == [f"{old} is still read; rename it to course.toml."]
