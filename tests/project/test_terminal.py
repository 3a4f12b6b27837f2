"""The terminal output of `make grade` and check.py: in color or plain, on narrow screens, without control characters."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios

import pytest

from autograder.files import ROOT
from tests.course import ASSIGNMENT
from tests.golden.attacks.reports import REPORTS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions

COLOUR = re.compile(r"\x1b\[[\d;]*m")
PLAIN = {"NO_COLOR": "1"}, {"TERM": "dumb"}


def in_terminal(command, columns, cwd=ROOT, **environment):
    """Return what a command writes to the standard output of a terminal of so many columns, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "TERM")}
    kept |= {"TERM": "xterm-256color", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    process = subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env=kept)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), process.wait()


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Return a class of which everything is known: the solution, a wrong program, an unreadable one and all hostile reports."""
    folder = tmp_path_factory.mktemp("class")
    for name, sources in {"chen": solutions(), "ada": {**solutions(), **MISTAKES["db-summed"].sources}}.items():
        (folder / name).mkdir()
        for part, source in sources.items():
            (folder / name / f"{part}.py").write_bytes(source)
    (folder / "nobody").mkdir()
    for number, attack in enumerate(attack for attack in REPORTS.values() if attack.files):
        (folder / f"eve{number}").mkdir()
        (folder / f"eve{number}/dnn.py").write_text(attack.files["dnn.py"])
    for name in ("terminal in the name", "turned name", "markup in the name"):
        REPORTS[name].lay(folder / "eve", None)
    out = tmp_path_factory.mktemp("out")
    command = [sys.executable, "-m", "autograder", "grade", str(folder), "--out", str(out)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the download, with a dnn.py that says what a terminal would obey."""
    place = shutil.copytree(ASSIGNMENT.starter, tmp_path_factory.mktemp("student") / "backprop")
    sources = solutions() | {"dnn": REPORTS["terminal in an exception"].files["dnn.py"].encode()}
    for part, source in sources.items():
        (place / f"{part}.py").write_bytes(source)
    return place


def obeyed(text):
    """Return what a terminal would do something at, and not show."""
    return [letter for letter in COLOUR.sub("", text) if not (letter.isprintable() or letter in "\n\t")]


def test_grade_is_in_color(graded):
    text, code = in_terminal(graded, 100)
    assert code == 0
    rows = {row.split()[0]: row for row in text.splitlines() if row.strip()}
    assert "\x1b[32m" in rows["\x1b[32mchen"]
    assert any("\x1b[33m" in row and "invalid" in row for row in text.splitlines())
    assert obeyed(text) == []


@pytest.mark.parametrize("plain", PLAIN, ids=str)
def test_grade_is_plain_if_color_is_not_wanted(graded, plain):
    text, _ = in_terminal(graded, 100, **plain)
    assert "\x1b" not in text
    assert "100/100" in text
    assert obeyed(text) == []


def test_grade_is_plain_in_a_pipe(graded):
    run = subprocess.run(graded, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "TERM": "xterm-256color"})
    assert "\x1b" not in run.stdout + run.stderr
    assert obeyed(run.stdout + run.stderr) == []


@pytest.mark.parametrize("columns", [32, 40, 69, 70, 80, 120])
def test_grade_fits_any_screen(graded, columns):
    text, _ = in_terminal(graded, columns)
    lines = COLOUR.sub("", text).partition("\n\n")[0].splitlines()
    assert max(map(len, lines)) <= columns
    joined = " ".join(" ".join(lines).split())
    for words in ("100/100", "invalid", "graded"):
        assert words in joined
    assert re.search(r"ada +(15 +51 +25 +)?91/100 +graded", joined)
    if columns < 70:
        assert "(dB3, dB2, dB1). Everything else is correct" in joined


def test_check_is_in_color(folder):
    text, code = in_terminal([sys.executable, "check.py"], 100, folder)
    assert code == 1
    assert "\x1b[31mwrong" in text
    assert "\x1b[32mpassed" in text
    assert obeyed(text) == []
    assert r"\u001b[2J" in text


@pytest.mark.parametrize("plain", PLAIN, ids=str)
def test_check_is_plain_if_color_is_not_wanted(folder, plain):
    text, _ = in_terminal([sys.executable, "check.py"], 100, folder, **plain)
    assert "  wrong  " in text
    assert "\x1b" not in text


def test_check_is_in_color_if_no_color_is_empty(folder):
    """https://no-color.org: "when present and not an empty string"."""
    assert "\x1b[31mwrong" in in_terminal([sys.executable, "check.py"], 100, folder, NO_COLOR="")[0]


def test_check_is_plain_in_a_pipe(folder):
    run = subprocess.run([sys.executable, "check.py"], cwd=folder, capture_output=True, text=True)
    assert "\x1b" not in run.stdout
    assert obeyed(run.stdout) == []
    assert "  wrong    0/2  `forward` returns the correct output for the example.\n" in run.stdout


@pytest.mark.parametrize("columns", [40, 60])
def test_check_fits_a_narrow_screen(folder, columns):
    text, _ = in_terminal([sys.executable, "check.py", "dnn", "--hint", "2"], columns, folder)
    lines = COLOUR.sub("", text).splitlines()
    assert max(map(len, lines)) <= columns
    assert "Hint 2 of " in text
    assert any(line.startswith(" " * 14) for line in lines)  # a sentence goes on below itself


def test_a_letter_that_a_console_lacks_does_not_end_the_checks(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    (folder / "warmup.py").write_text("raise ValueError('\u2207J = \u03c3')\n")
    run = subprocess.run([sys.executable, "check.py", "warmup"], cwd=folder, capture_output=True, text=True, env=environment)
    assert r"ValueError: \u2207J = \u03c3" in run.stdout
    assert "Traceback" not in run.stderr
