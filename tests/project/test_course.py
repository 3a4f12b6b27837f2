"""What a course sets in [course] and [feedback] holds everywhere: in what students get, in scores, pages and packages."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from autograder.build import build
from autograder.files import ROOT
from autograder.packaging.regions import BuildError, for_course, keep_parts, solved
from tests.course import ASSIGNMENT
from tests.golden.secrets import secret
from tests.project.grading import command, files, rows

SECRET = f'[hidden_checks]\nsecret = "{secret(0)}"\n'
# What only the extension is about.
EXTENSION = re.compile(r"extension|softmax|GeneralDNN|notes_gradients|worked_example|activations? is", re.IGNORECASE)
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
        if (source := ROOT / "solution" / path.name).exists() and path.name != "lab.py":
            path.write_text(solved(source.read_text()))
    return Course(file, folder / "backprop")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A course without the extension, with a title of its own."""
    return make_course(tmp_path_factory.mktemp("short"), f"[course]\nparts = ['warmup', 'dnn']\ntitle = '{TITLE}'\n")


@pytest.fixture(scope="module")
def late_start(tmp_path_factory):
    """A course without the warm-up."""
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


@pytest.mark.parametrize(("course", "passed"), [("short", 14), ("late_start", 17)])
def test_the_public_checks_pass_on_the_solution(request, course, passed):
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
    assert "75 of 75 points" in (tmp_path / "out/feedback/ada.html").read_text()


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
        ("# END PART\n", "line 1: nothing ends here."),
        ("# BEGIN PART dnn\n# BEGIN PART warmup\n", "line 2: the region of dnn has not ended."),
    ],
)
def test_a_region_that_is_none_is_refused(text, words):
    with pytest.raises(BuildError, match=f"^{re.escape(words)}$"):
        keep_parts(text, SHORT)
