"""`make grade` from end to end: the bundled examples, the files it writes, and its messages if it is called incorrectly."""

import json
import shutil
from functools import partial

import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.sandbox.layers import LAYERS
from autograder.sandbox.limits import Limits
from tests.course import PARTS
from tests.project.grading import SCHEMA, command, files, read_blocks, rows

GOLDEN = ROOT / "tests/golden"
EXPECTED = json.loads((GOLDEN / "examples.json").read_text())
HEADER = ["student", "score", "max_score", "status", "warmup", "dnn", "extension"]


def test_every_example_gets_the_marks_and_the_reason(graded):
    finished, out = graded
    assert finished.returncode == 0
    found = rows(out)
    assert list(found[0])[:7] == HEADER
    assert [row["student"] for row in found] == sorted(EXPECTED)
    for row in found:
        *parts, status, reason = EXPECTED[row["student"]]
        assert [float(row[part]) for part in PARTS] == parts, row
        assert (float(row["score"]), float(row["max_score"]), row["status"]) == (sum(parts), 100, status)
        assert reason in row["reason"], row


def test_the_table_names_every_student_and_every_file(graded):
    finished, out = graded
    for student, (*parts, status, _) in EXPECTED.items():
        cells = [student, *(str(score) for score in parts), f"{sum(parts)}/100", status]
        assert any(line.split()[:6] == cells for line in finished.stdout.splitlines())
    assert str(out / "grades.csv") in finished.stdout
    assert str(out / "report.html") in finished.stdout
    assert "gradebook" not in finished.stdout


def test_what_is_left_in_out(graded):
    _, out = graded
    names = (
        {"grades.csv", "report.html", "gradebook.db", "exports/gradescope.csv", "exports/canvas.csv", "exports/moodle.csv"}
        | {f"results/{student}.json" for student in EXPECTED}
        | {f"feedback/{student}.html" for student in EXPECTED}
    )
    assert set(files(out)) == names


def test_what_the_course_sets_counts_everywhere(examples, tmp_path, monkeypatch):
    """And who has more time without having handed in is told."""
    settings = tmp_path / "course.toml"
    late = '[late]\ndue = 2026-10-01T12:00:00Z\npenalty_per_day = "10%"\n[late.extensions]\nzoe = "2 days"\n'
    named = (ROOT / "course.toml").read_text().partition("[late]")[0].replace('# name = "CS 101"', 'name = "CS 101"')
    settings.write_text(f"{named}{late}[drop]\nlowest_tasks = 1\n")
    monkeypatch.setenv("COURSE", str(settings))
    shutil.copytree(examples / "ada", tmp_path / "class/ada")
    finished = command("grade", tmp_path / "class", "--out", tmp_path / "out", "--jobs", 1)
    assert "Extensions in the course file for names that did not submit: zoe." in finished.stderr
    (row,) = rows(tmp_path / "out")
    assert (row["earned"], row["dnn"], row["late_penalty"]) == ("85", "45", "0")
    assert row["reason"].startswith("dnn.py: ")
    assert "(dW3, dB3, dW2, dB2, dW1, dB1)" in row["reason"]
    unknown = "The submission time is unknown for 1 of 1 submission, which therefore got no late penalty."
    assert finished.stderr.count(unknown) == finished.stdout.count(unknown) == 1
    assert "[drop] drops the task with the most points lost" in finished.stderr
    document = json.loads((tmp_path / "out/results/ada.json").read_text())
    assert document["score"] == float(row["score"]) > 85
    pages = [(tmp_path / "out" / name).read_text() for name in ("feedback/ada.html", "report.html")]
    assert all("CS 101 · Backpropagation" in page for page in pages)
    assert f'<span class="score">{row["score"]}</span> <span class="most">of 100 points' in pages[0]
    for platform in ("gradescope", "canvas", "moodle"):
        *_, last = (tmp_path / f"out/exports/{platform}.csv").read_text().splitlines()
        assert {"ada", row["score"]} <= set(last.split(","))


@pytest.mark.parametrize("student", EXPECTED)
def test_results_are_valid_for_gradescope(graded, student):
    _, out = graded
    document = json.loads((out / f"results/{student}.json").read_text())
    SCHEMA.validate(document)
    formats = {
        document["output_format"],
        *(test[field] for test in document["tests"] for field in ("name_format", "output_format")),
    }
    assert formats == {"text"}  # nothing in it is read as Markdown or HTML
    assert document["score"] == sum(test["score"] for test in document["tests"]) == sum(EXPECTED[student][:3])
    most = dict.fromkeys(PARTS, 0)
    for test in document["tests"]:
        most[test["extra_data"]["part"]] += test["max_score"]
    assert most == {"warmup": 15, "dnn": 60, "extension": 25}
    assert len({test["extra_data"]["id"] for test in document["tests"]}) == len(document["tests"])


def test_hidden_numbers_stay_hidden(graded):
    _, out = graded
    for student in EXPECTED:
        for test in json.loads((out / f"results/{student}.json").read_text())["tests"]:
            if test["visibility"] != "visible":
                assert "your value" not in test["output"]
    hidden = json.loads((out / "results/ada.json").read_text())["tests"]
    assert {test["visibility"] for test in hidden} == {"visible", "after_published"}


def test_feedback_says_what_failed_and_what_is_right(graded):
    _, out = graded
    page = (out / "feedback/ada.html").read_text()
    ada, dora, solution = (read_blocks((out / f"feedback/{name}.html").read_text()) for name in ("ada", "dora", "solution"))
    assert ada[2:4] == ["85", "of 100 points"]
    assert ada[ada.index("dnn.py") + 1] == "45 of 60"
    assert "2 public checks and 7 hidden checks did not pass." in ada
    mistake = "dnn.py: dW and dB are summed, not averaged (dW3, dB3, dW2, dB2, dW1, dB1)."
    assert f"{mistake} Everything else is correct, given this one mistake." in ada
    assert "Your code computes" in ada
    assert '<pre class="quote" tabindex="0">dW = dZ @ A_previous.T\n' in page
    assert any(block.startswith("W3 has the right shape") for block in ada)
    assert "Where your code raises the exception" in dora
    assert "Congratulations! Everything in your submission is correct." in solution


def test_feedback_says_once_that_a_file_is_missing(graded):
    _, out = graded
    jun = read_blocks((out / "feedback/jun.html").read_text())
    assert "Every check that could be made passed." in jun
    assert jun.count("extension.py was not submitted.") == 1
    *_, last = (index for index, block in enumerate(jun) if block == "extension.py")
    assert jun[last + 1 : last + 3] == ["0 of 25", "See Start here."]


def test_marks_do_not_depend_on_the_number_of_workers(examples, tmp_path):
    """Not a byte differs between two runs, one worker or two."""
    shutil.copytree(examples, tmp_path / "class", ignore=shutil.ignore_patterns("emil"))  # it only waits
    for jobs in (1, 2):
        assert command("grade", tmp_path / "class", "--out", tmp_path / f"out{jobs}", "--jobs", jobs).returncode == 0
    ours, theirs = files(tmp_path / "out1"), files(tmp_path / "out2")
    del ours["gradebook.db"], theirs["gradebook.db"]  # its pages lie in the order in which the results came
    assert len(ours) > 30
    assert ours == theirs


def test_a_machine_that_is_not_fit_grades_nothing(examples, tmp_path, monkeypatch, capsys):
    """Unless what it lacks is accepted by name; and what an earlier run left stays."""
    shutil.copytree(examples / "solution", tmp_path / "class/alice")
    weak = partial(Limits, without=("filter", "network"))
    monkeypatch.setattr("autograder.run.Limits", weak)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/grades.csv").write_text("of an earlier run")
    call = ["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(call) == 2
    assert "To grade anyway, accept this by name: ACCEPT=network" in capsys.readouterr().err
    assert (tmp_path / "out/grades.csv").read_text() == "of an earlier run"
    assert main([*call, "--accept", "network"]) == 0
    assert "As you accepted, nothing protected the grader's network from these submissions." in capsys.readouterr().err
    assert rows(tmp_path / "out")[0]["score"] == "100"


def test_the_layers_in_force_are_stored_with_each_result(graded):
    _, out = graded
    documents = {path.stem: json.loads(path.read_text()) for path in (out / "results").glob("*.json")}
    layers = {student: document["extra_data"]["layers"] for student, document in documents.items()}
    assert {"limits", "descriptors", "capabilities", "deadline"} <= set(layers["solution"])
    assert set(layers["solution"]) <= set(LAYERS)
    assert all(other == layers["solution"] for other in layers.values())


# Bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "There is no nowhere: SUBMISSIONS must name a folder or a zip of submissions."),
        (["README.md"], "README.md is neither a folder nor a zip."),
        ([""], "SUBMISSIONS is empty; it must name a folder or a zip of submissions"),
        (["examples", "--jobs", "0"], "JOBS must be a positive integer, not '0'"),
        (["examples", "--jobs", "many"], "JOBS must be a positive integer, not 'many'"),
        (["examples", "--accept", "fire"], "ACCEPT names fire; it may name files, network, processes"),
        (["examples", "--out", "README.md"], "OUT=README.md cannot be written: Not a directory."),
    ],
)
def test_called_wrongly(arguments, words):
    finished = command("grade", *arguments)
    assert finished.returncode == 2
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_missing_folder_leaves_what_was_graded_alone(graded, tmp_path):
    _, out = graded
    kept = tmp_path / "out"
    shutil.copytree(out, kept)
    assert command("grade", tmp_path / "missing", "--out", kept).returncode == 2
    assert files(kept) == files(out)


@pytest.fixture
def classroom(examples, tmp_path):
    """Return a class of one right submission and five that cannot be read."""
    folder = tmp_path / "class"
    for name, data in {
        **{f"alice/{part}.py": (examples / f"solution/{part}.py").read_bytes() for part in PARTS},
        "bob.zip": b"not a zip",
        "carol/dnn.py": b"",
        "dave/hw/dnn.py": b"x = 1",
        "dave/homework/dnn.py": b"x = 2",
        "erin/notes.txt": b"sorry",
        "=1+1/dnn.py": b"class DNN: pass",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_what_cannot_be_read_gets_a_row_and_a_reason(graded, classroom, tmp_path):
    finished = command("grade", classroom, "--out", tmp_path / "out", "--jobs", 1)
    assert finished.returncode == 0
    found = {row["student"]: row for row in rows(tmp_path / "out")}
    assert {name: (row["status"], float(row["score"])) for name, row in found.items()} == {
        "'=1+1": ("graded", 0),
        "alice": ("graded", 100),
        "bob": ("invalid", 0),
        "carol": ("invalid", 0),
        "dave": ("invalid", 0),
        "erin": ("invalid", 0),
    }
    assert found["bob"]["reason"] == "The zip cannot be opened: File is not a zip file."
    assert found["carol"]["reason"] == "dnn.py is empty."
    assert found["dave"]["reason"].startswith("There are 2 files that may be meant as dnn.py (homework/dnn.py, hw/dnn.py)")
    assert found["erin"]["reason"].startswith("There is no warmup.py, dnn.py or extension.py in it.")
    for student in ("bob", "carol"):
        document = json.loads((tmp_path / f"out/results/{student}.json").read_text())
        SCHEMA.validate(document)
        assert document["score"] == 0
        assert found[student]["reason"] in document["output"]


def test_a_missing_dnn_is_named(tmp_path):
    (tmp_path / "class/alice").mkdir(parents=True)
    (tmp_path / "class/alice/warmup.py").write_text("x = 1")
    assert command("grade", tmp_path / "class", "--out", tmp_path / "out").returncode == 0
    (row,) = rows(tmp_path / "out")
    assert (row["status"], row["score"], row["dnn"]) == ("graded", "0", "0")
    assert row["reason"] == ("dnn.py was not submitted. extension.py was not submitted. warmup.py defines no `exp_exp_square`.")
    assert "dnn.py was not submitted." in (tmp_path / "out/feedback/alice.html").read_text()


HOSTILE = """
class DNN:
    def __init__(self, *_):
        pass
    def forward(self, X):
        raise ValueError("<script>alert(1)</script> [bold red]x[/] \\x1b[31m \\u202e =cmd")
"""


def test_what_a_student_writes_is_only_text(tmp_path):
    folder = tmp_path / "class/<b>mallory"
    folder.mkdir(parents=True)
    (folder / "dnn.py").write_text(HOSTILE)
    finished = command("grade", tmp_path / "class", "--out", tmp_path / "out")
    page = (tmp_path / "out/feedback/<b>mallory.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    for text in (page, finished.stdout, (tmp_path / "out/grades.csv").read_text()):
        assert "\x1b[31m" not in text
        assert "\u202e" not in text
    assert "[bold red]" in " ".join(finished.stdout.split())
