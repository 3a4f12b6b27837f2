"""The course file: what is read from it, what depends on the secret and what does not, and who can see it."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import psutil
import pytest

from autograder.cli import main
from autograder.files import ROOT
from autograder.packaging.grader import grader_files
from autograder.sandbox.session import Sandbox
from autograder.settings import (
    SHORTEST,
    TABLES,
    Course,
    Drop,
    Exports,
    Gradescope,
    Late,
    Settings,
    SettingsError,
    course_file,
    notices,
    read_assignment,
    read_secret,
    read_settings,
)
from tests.course import OF_THE_REPOSITORY
from tests.golden.attacks import forms
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions
from tests.golden.secrets import PROGRAMS, differences_under, secret
from tests.project.grading import command, files
from tests.shares import in_turn


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Puts a text into an assignment file, which holds from then on."""
    path = tmp_path / "our course.toml"
    monkeypatch.setenv("COURSE", str(path))

    def write(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def with_secret(secret):
    return f"[hidden_checks]\nsecret = '{secret}'\n"


# What is read


def test_the_assignment_file_is_at_the_root(monkeypatch):
    """The secret it came with is known as one that everybody can read, and nothing else is set in it."""
    monkeypatch.delenv("COURSE", raising=False)
    assert course_file() == ROOT / "course.toml"
    assert bool(notices()) == read_secret().startswith("everybody-can-read")
    assert read_settings() == Settings(exports=Exports("Backpropagation"))


def test_every_line_that_the_assignment_file_offers_can_be_used(course):
    """With the # before them taken away; and no line is kept secret."""
    lines = re.sub(r'^# (?="?[\w@.]+"? = )', "", (ROOT / "course.toml").read_text(), flags=re.MULTILINE)
    course(lines)
    settings = read_settings()
    assert {f"[{name}]" for name in TABLES} <= set(lines.splitlines())
    for name, table in TABLES.items():
        for key in table.keys() - {"extensions"}:
            assert re.search(rf"^{key} = ", lines, re.MULTILINE), (name, key)
    assert settings == Settings(
        Late(DUE, ZoneInfo("America/Montreal"), 15, 10, 50, 7, {"ada": timedelta(days=2), "grace@example.com": LATER}),
        Drop(1, ("warmup", "extension")),
        Gradescope(5, 24, names=True, late=True),
        Exports("Backpropagation", "Backpropagation (12345)"),
        course=Course("CS 101", "https://example.org/handout.html"),
    )


@pytest.mark.parametrize("own", [secret(0), '%(no)s interpolation; and # no comment = %"', "x" * SHORTEST])
def test_a_course_has_its_own(course, own):
    path = course(f"# ours\n{with_secret(f'  {own}  ')}")
    assert course_file() == path
    assert read_secret() == own
    assert notices() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "has no secret"),
        ("[hidden_checks]\n", "has no secret"),
        (with_secret(""), "has no secret"),
        (with_secret(" " * 40), "has no secret"),
        (f"[hidden_checks]\n{secret(0)} = 1\n", "has a line other than `secret` below [hidden_checks]"),
        (f"[hidden_checks]\nsecret = ['{secret(0)}']\n", "has a secret without quotes"),
        (with_secret("zebra" * 6), "has a secret of 30 characters"),
        (f"secret = '{secret(0)}'\n", "has `secret`, which is not one of its tables: [hidden_checks], [course], "),
        (f"'{secret(0)}' = 1\n", "has a long name, which is not one of its tables"),
        (f"[hidden_checks]\nsecret = zebra{secret(0)}\n", "is not TOML in line 2"),
        (with_secret(secret(0)) + f"secret = '{secret(1)}'\n", "is not TOML"),
        (with_secret("zebra\u00e9" * 9).encode("latin-1"), "is not TOML"),
        ("[hidden_checks]\nsecret = " + "[" * 100_000, "is not TOML"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_without_a_secret_nothing_is_graded(course, submissions, tmp_path, text, found):
    """And the sentence on it, like whatever is printed with it, quotes nothing from the file."""
    if text is not None:
        course(text)
    with pytest.raises(SettingsError):
        read_secret()
    finished = command("grade", submissions, "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert not (tmp_path / "out").exists()
    assert finished.stderr.startswith(f"The course file {tmp_path / 'our course.toml'} {found}")
    assert "[hidden_checks]" in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert "zebra" not in finished.stderr
    assert secret(0) not in finished.stderr


# What may stand there beside it


DUE = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=-4)))
LATER = DUE + timedelta(days=4)


@pytest.mark.parametrize(
    ("lines", "settings"),
    [
        ("", Settings()),
        ("[late]\n[late.extensions]\n[drop]\n[gradescope]\n[exports]\n", Settings()),
        ("[gradescope]\nnames = false\n", Settings()),
        ("[gradescope]\nnames = true\n", Settings(gradescope=Gradescope(names=True))),
        ("[gradescope]\nhand_ins = 3\nhours = 0.5\n", Settings(gradescope=Gradescope(3, 0.5))),
        ("[late]\ndue = 2026-10-01T23:59:00-04:00\n", Settings(Late(DUE, DUE.tzinfo))),
        ("[late]\ndue = 2026-10-02 03:59:00Z\n", Settings(Late(DUE, timezone.utc))),
        (
            "[late]\npenalty_per_day = '2.5 %'\n[gradescope]\nlate = true",
            Settings(Late(penalty_per_day=2.5), gradescope=Gradescope(late=True)),
        ),
        ("[drop]\nlowest_tasks = 2\n", Settings(drop=Drop(2))),
        ("[late]\ntime_zone = 'America/Montreal'", Settings(Late(zone=ZoneInfo("America/Montreal")))),
        ("[exports]\nname = 'HW 4: \u2207'\n", Settings(exports=Exports("HW 4: \u2207"))),
    ],
)
def test_what_a_course_sets(course, lines, settings):
    course(lines)
    named = settings.exports if settings.exports.name else Exports("Backpropagation")
    assert read_settings() == replace(settings, exports=named)


def test_a_time_without_an_offset_is_that_of_the_zone(course):
    """More time by days ends at the same time of the day, though clocks are set in between."""
    course(
        '[late]\ndue = 2026-10-31T23:59:00\ntime_zone = "America/Montreal"\n'
        '[late.extensions]\n" ADA " = "2 days"\ngrace = 2026-11-02T12:00:00\nemmy = 2026-11-02T12:00:00+01:00\n'
    )
    late = read_settings().late
    assert late.due.isoformat() == "2026-10-31T23:59:00-04:00"
    assert (late.due + late.extensions["ada"]).isoformat() == "2026-11-02T23:59:00-05:00"
    assert late.extensions["grace"].isoformat() == "2026-11-02T12:00:00-05:00"
    assert late.extensions["emmy"].isoformat() == "2026-11-02T12:00:00+01:00"


ON = "due = 2026-10-01T23:59:00-04:00\n"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            "[gradescope]\nhand_ins = 0\nhours = 24",
            "an invalid `hand_ins` below [gradescope]; write it like `hand_ins = 5`.",
        ),
        ("[gradescope]\nhand_ins = 5.5\nhours = 24", "write it like"),
        ("[gradescope]\nhand_ins = true\nhours = 24", "write it like"),
        ("[gradescope]\nhand_ins = '5'\nhours = 24", "write it like"),
        ("[gradescope]\nhand_ins = 5\nhours = 0.0", "write it like"),
        ("[gradescope]\nhand_ins = 5\nhours = nan", "write it like"),
        ("[gradescope]\nhand_ins = 5\nhours = inf", "write it like"),
        ("[gradescope]\nhand_ins = 5", "a `hand_ins` below [gradescope], which has no effect without `hours = 24`."),
        ("[gradescope]\nhours = 5", "which has no effect without `hand_ins = 5`."),
        ("[gradescope]\nnames = 'yes'", "write it like `names = true`."),
        (
            "[gradescope]\nhandins = 5",
            "a line `handins` below [gradescope]; the settings there are hand_ins, hours, names, late.",
        ),
        ("[gradescope]\nlate = true", 'which has no effect without `penalty_per_day = "10%"` below [late].'),
        (f"[late]\n{ON}[gradescope]\nlate = true", "which has no effect without `penalty_per_day"),
        (f"[late]\n{ON}at_most = '50%'", 'which has no effect without `penalty_per_day = "10%"`.'),
        (f"[late]\n{ON}penalty_per_day = 10", 'write it like `penalty_per_day = "10%"`.'),
        (f"[late]\n{ON}penalty_per_day = '110%'", "write it like"),
        (f"[late]\n{ON}penalty_per_day = '1\u0665%'", "write it like"),
        (f"[late]\n{ON}penalty_per_day = '10%'\nat_most = '-5%'", "write it like"),
        (f"[late]\n{ON}grace_minutes = -1", "write it like `grace_minutes = 15`."),
        (f"[late]\n{ON}refuse_after_days = 20000", "write it like `refuse_after_days = 7`."),
        (
            "[late]\npenalty_per_day = '10%'",
            "lines below [late] that have no effect without `due = 2026-10-01T23:59:00-04:00`.",
        ),
        ("[late]\ndue = 2026-10-01", "write it like `due = 2026-10-01T23:59:00-04:00`."),
        ("[late]\ndue = '2026-10-01T23:59:00-04:00'", "write it like"),
        ("[late]\ndue = 9999-10-01T23:59:00-04:00", "write it like"),
        (
            "[late]\ndue = 2026-10-01T23:59:00",
            'which needs an offset from UTC or `time_zone = "America/Montreal"`.',
        ),
        ("[late]\ndue = 2026-11-01T01:30:00\ntime_zone = 'America/Montreal'", "clocks change in America/Montreal"),
        ("[late]\ndue = 2026-03-08T02:30:00\ntime_zone = 'America/Montreal'", "clocks change in America/Montreal"),
        ("[late]\ndue = 2026-10-01T23:59:00\ntime_zone = 'Montreal'", "write it like `time_zone"),
        ("[late]\ndue = 2026-10-01T23:59:00\ntime_zone = '../zone'", "write it like `time_zone"),
        (f"[late]\n{ON}[late.extensions]\nada = 2", 'write it like `"ada" = "2 days" below [late.extensions]`.'),
        (f"[late]\n{ON}[late.extensions]\nada = '2 fortnights'", "write it like"),
        (f"[late]\n{ON}[late.extensions]\nada = '2 days'\nAda = '3 days'", "write it like"),
        (f"[late]\n{ON}[late.extensions]\nada = 2026-10-05T12:00:00", "has the time 2026-10-05 12:00:00 below [late]"),
        (f"[late]\n{ON}extensions = 5", "write it like"),
        ("late = 5", "has `late`, which is not one of its tables"),
        ("[[late]]\n", "has `late`, which is not one of its tables"),
        ("[drop]\nlowest_tasks = 0", "write it like `lowest_tasks = 1`."),
        ("[drop]\nparts = ['dnn']", "which has no effect without `lowest_tasks = 1`."),
        (
            "[drop]\nlowest_tasks = 1\nparts = ['dmn']",
            "the part `dmn` below [drop]; the parts in use are warmup, dnn, extension.",
        ),
        ("[drop]\nlowest_tasks = 1\nparts = []", "write it like"),
        ("[course]\nname = ''", 'write it like `name = "CS 101"`.'),
        *(
            (f"[course]\nhandout = '{url}'", 'write it like `handout = "https://example.org/handout.html"`.')
            for url in (
                "handout.html",
                "javascript:alert(1)",
                "file:///handout.html",
                "ftp://example.org/x",
                "https://",
                "https://example.org/a b",
                "https://example.org/x#part",
                "https://me@example.org/x",
                'https://example.org/"onclick="x',
                "https://example.org/<b>",
            )
        ),
        ("[exports]\nname = ' '", 'write it like `name = "Backpropagation"`.'),
        ('[exports]\nname = "a\\nb"', "write it like"),
        ("[exports]\ncanvas_id = 'Backpropagation'", 'write it like `canvas_id = "Backpropagation (12345)"`.'),
        (
            "[exprots]\nname = 'x'",
            "has `exprots`, which is not one of its tables: [hidden_checks], [course], ",
        ),
    ],
)
def test_a_line_that_means_nothing_is_refused(course, lines, found):
    """In one sentence, by whatever needs the file, before anything is done."""
    path = course(f"{lines}\n{with_secret(secret(0))}")
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    assert str(refusal.value).startswith(f"The course file {path} has ")
    assert found in str(refusal.value)
    assert secret(0) not in str(refusal.value)
    with pytest.raises(SettingsError):
        grader_files(read_assignment(), "autograder.platforms.apart")


# What hangs on it

INPUTS = """
import hashlib, json
import numpy as np
from autograder.backprop import cases, example
from autograder.settings import read_secret

def digest(value):
    if isinstance(value, cases.Sampler):
        return ""
    if isinstance(value, cases.Cases):
        value = list(vars(value).values())
    if isinstance(value, cases.Case):
        value = [value.X, value.Y, *value.params.values()]
    if isinstance(value, (list, tuple)):
        return "".join(map(digest, value))
    return hashlib.sha256(np.asarray(value, float).tobytes()).hexdigest()

drawn = vars(cases.sample_cases(read_secret().encode()))
print(json.dumps([{name: digest(value) for name, value in drawn.items() if name != "sampler"}, digest(example.DNN.case)]))
"""


def inputs(**environment):
    """Return a digest of every input of the hidden checks, by its name, and one of the public example."""
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
    """`.venv/bin/python -m tests.golden.secrets` grades all programs under many secrets; here each secret has a share."""
    assert differences_under(number, in_turn(list(PROGRAMS)[number::3], every=4)) == []


def test_a_mark_that_differs_is_named(judge, monkeypatch):
    from tests.golden import secrets

    monkeypatch.setitem(secrets.LOST, "fit-checks-tolerance-late", {"fit_losses", "fit_tolerance"})
    monkeypatch.setitem(secrets.LOST, "db-summed", {"fit_losses"})
    first, second = secrets.differences(judge, ["fit-checks-tolerance-late", "dw-and-db-summed", "db-summed"])
    assert first == "fit-checks-tolerance-late: loses nothing more and fit_losses less"
    assert second.startswith("db-summed: loses gradient_B_step, ")


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
    """Return the solution, a wrong program, one that looks around, and one that cannot be read."""
    folder = tmp_path / "class"
    for student, sources in {
        "alice": solutions(),
        "bob": MISTAKES["dw-and-db-summed"].sources,
        "mallory": {"dnn": NOSY},
        "nobody": {"dnn": b""},
    }.items():
        (folder / student).mkdir(parents=True)
        for part, source in sources.items():
            (folder / student / f"{part}.py").write_bytes(source)
    return folder


def test_the_secret_is_in_no_output(course, submissions, tmp_path):
    path = course(with_secret(secret(0)))
    finished = command("grade", submissions, "--out", tmp_path / "out", "--jobs", 2)
    assert finished.returncode == 0
    left = files(tmp_path / "out")
    assert {name for name in left if "mallory" in name} == {"results/mallory.json", "feedback/mallory.html"}
    assert b"OMP_NUM_THREADS" in left["results/mallory.json"]  # it did look around
    for text in [finished.stdout, finished.stderr, *(data.decode(errors="replace") for data in left.values())]:
        assert not [form for form in forms(secret(0)) if form in text]
        assert path.name not in text
        assert "COURSE" not in text


def test_only_staff_are_warned_about_the_public_secret(course, submissions, tmp_path, capsys):
    course(with_secret(OF_THE_REPOSITORY))
    grade = ["grade", str(submissions), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(grade) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines().count(notices()[0]) == 1
    for text in [shown.out, *(data.decode(errors="replace") for data in files(tmp_path / "out").values())]:
        assert "use the example secret" not in text
        assert OF_THE_REPOSITORY not in text
    course(with_secret(secret(0)))
    assert main(grade) == 0
    assert capsys.readouterr().err == ""


def test_where_students_code_runs_nothing_says_where_the_secret_is(course):
    path = course(with_secret(secret(0)))
    with Sandbox() as sandbox, sandbox.session({"dnn": b"import os\ndef seen(): return dict(os.environ)"}) as session:
        process = psutil.Process(sandbox.zygote.process.pid)
        told = [*process.environ().items(), process.cmdline(), *session.fetch(session.module("dnn").seen()).items()]
    assert told
    for word in ("ASSIGNMENT", path.name, *forms(secret(0))):
        assert word not in str(told)
