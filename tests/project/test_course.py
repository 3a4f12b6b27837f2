"""The course file: what is read from it, what hangs on the secret and what does not, and who gets to see anything of it."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from autograder.cli import main
from autograder.course import HERE, OF_THE_REPOSITORY, SHORTEST, CourseError, course_file, read_secret, warning
from autograder.package import ROOT
from autograder.sandbox.session import Sandbox
from tests.golden.attacks import forms
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions
from tests.golden.secrets import PROGRAMS, differences_under, secret
from tests.project.grading import command, files


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Puts a text into a course file, which holds from then on."""
    path = tmp_path / "our course.ini"
    monkeypatch.setenv("COURSE", str(path))

    def write(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def with_secret(secret):
    return f"[hidden checks]\nsecret = {secret}\n"


# What is read


def test_the_course_file_is_at_the_root(monkeypatch):
    """And the secret it came with is known as one that everybody can read."""
    monkeypatch.delenv("COURSE", raising=False)
    assert course_file() == HERE == ROOT / "course.ini"
    assert bool(warning()) == read_secret().startswith("everybody-can-read")


@pytest.mark.parametrize("own", [secret(0), "%(no)s interpolation; and # no comment = %", "x" * SHORTEST])
def test_a_course_has_its_own(course, own):
    path = course(f"# ours\n{with_secret(f'  {own}  ')}")
    assert course_file() == path
    assert read_secret() == own
    assert warning() == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "holds no secret"),
        ("[hidden checks]\n", "holds no secret"),
        (with_secret(""), "holds no secret"),
        (f"[other]\nsecret = {secret(0)}\n", "holds no secret"),
        (with_secret("zebra" * 6), "holds a secret of 30 characters"),
        (f"secret = {secret(0)}\n", "is not written as a configuration file is"),
        (with_secret(secret(0)) + f"secret = {secret(1)}\n", "is not written as a configuration file is"),
        (with_secret("zebra\u00e9" * 9).encode("latin-1"), "is not written as a configuration file is"),
    ],
    ids=["no file", "no line", "no secret", "empty", "other section", "short", "no section", "twice", "not UTF-8"],
)
def test_without_a_secret_nothing_is_graded(course, submissions, tmp_path, text, found):
    """And the sentence on it, like whatever is printed with it, quotes nothing from the file."""
    if text is not None:
        course(text)
    with pytest.raises(CourseError, match=r"write `secret = \.\.\.` below `\[hidden checks\]`; `python3 -c"):
        read_secret()
    finished = command("grade", submissions, "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert not (tmp_path / "out").exists()
    assert finished.stderr.startswith(f"The course file {tmp_path / 'our course.ini'} {found}")
    assert finished.stderr.count("\n") == 1
    assert "zebra" not in finished.stderr
    assert secret(0) not in finished.stderr


# What hangs on it

INPUTS = """
import hashlib, json
import numpy as np
from tests.hidden import cases
from tests.public import test_dnn

def digest(value):
    if isinstance(value, cases.Case):
        value = [value.X, value.Y, *value.params.values()]
    if isinstance(value, (list, tuple)):
        return "".join(map(digest, value))
    return hashlib.sha256(np.asarray(value, float).tobytes()).hexdigest()

drawn = {name: value for name, value in vars(cases).items() if isinstance(value, cases.Case)}
drawn |= {name: getattr(cases, name) for name in ("SAMPLES", "SURE", "POINTS", "ARRAY", "CHAINS", "LARGE", "LEARNING_RATE")}
print(json.dumps([{name: digest(value) for name, value in drawn.items()}, digest(test_dnn.EXAMPLE)]))
"""


def inputs(**environment):
    """A digest of every input of the hidden checks, by its name, and one of the public example."""
    environment = os.environ | environment
    called = subprocess.run([sys.executable, "-c", INPUTS], cwd=ROOT, env=environment, capture_output=True, check=True)
    return json.loads(called.stdout)


def test_all_hidden_inputs_hang_on_the_secret_and_on_nothing_else(course):
    course(with_secret(secret(0)))
    hidden, public = inputs(PYTHONHASHSEED="1")
    assert inputs(PYTHONHASHSEED="2") == [hidden, public]
    course(with_secret(secret(1)))
    others, same = inputs()
    assert len(hidden) >= 24
    assert [name for name in hidden if hidden[name] == others[name]] == []
    assert same == public


@pytest.mark.parametrize("number", [0, 1, 2])
def test_marks_do_not_hang_on_the_secret(number):
    """`python -m tests.golden.secrets` tries all programs, under many more secrets; here each secret has a share of them."""
    assert differences_under(number, list(PROGRAMS)[number::3]) == []


def test_a_mark_that_differs_is_named(judge, monkeypatch):
    from tests.golden import secrets

    monkeypatch.setitem(secrets.LOST, "fit late", {"fit_losses", "fit_tolerance"})
    monkeypatch.setitem(secrets.LOST, "R3", {"fit_losses"})
    first, second = secrets.differences(judge, ["fit late", "R1", "R3"])
    assert first == "fit late: loses nothing more and fit_losses less"
    assert second.startswith("R3: loses gradient_B_step, ")


# Who sees it

NOSY = b"""
import os, sys

class DNN:
    def __init__(self, *_):
        print(dict(os.environ), sys.argv)
        raise ValueError(dict(os.environ))
"""


@pytest.fixture
def submissions(tmp_path):
    """The solution, a wrong program, one that looks around, and one that cannot be read."""
    folder = tmp_path / "class"
    for student, sources in {
        "alice": solutions(),
        "bob": MISTAKES["R1"].sources,
        "mallory": {"dnn": NOSY},
        "nobody": {"dnn": b""},
    }.items():
        (folder / student).mkdir(parents=True)
        for part, source in sources.items():
            (folder / student / f"{part}.py").write_bytes(source)
    return folder


def test_the_secret_is_in_nothing_that_comes_out(course, submissions, tmp_path):
    path = course(with_secret(secret(0)))
    finished = command("grade", submissions, "--out", tmp_path / "out", "--jobs", 2)
    assert finished.returncode == 0
    left = files(tmp_path / "out")
    assert {name for name in left if "mallory" in name} == {"results/mallory.json", "feedback/mallory.html"}
    assert b"OMP_NUM_THREADS" in left["results/mallory.json"]  # it did look around
    for text in [finished.stdout, finished.stderr, *(data.decode() for data in left.values())]:
        assert not [form for form in forms(secret(0)) if form in text]
        assert path.name not in text
        assert "COURSE" not in text


def test_who_grades_is_told_of_the_secret_of_the_repository_and_no_student_is(course, submissions, tmp_path, capsys):
    course(with_secret(OF_THE_REPOSITORY))
    grade = ["grade", str(submissions), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(grade) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines().count(warning()) == 1
    for text in [shown.out, *(data.decode() for data in files(tmp_path / "out").values())]:
        assert "secret of the public repository" not in text
        assert OF_THE_REPOSITORY not in text
    course(with_secret(secret(0)))
    assert main(grade) == 0
    assert capsys.readouterr().err == ""


def test_where_students_code_runs_nothing_says_where_the_secret_is(course):
    path = course(with_secret(secret(0)))
    with Sandbox() as sandbox, sandbox.session({"dnn": b"import os\ndef seen(): return dict(os.environ)"}) as session:
        process = psutil.Process(sandbox.zygote.process.pid)
        told = [*process.environ().items(), process.cmdline(), *session.fetch(session.dnn.seen()).items()]
    assert told
    for word in ("COURSE", path.name, *forms(secret(0))):
        assert word not in str(told)
