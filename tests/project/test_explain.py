"""`make explain`: what one check compared, the student's line that computed it, and a script that reproduces it.

The scripts run outside the sandbox here; the programs below are our own.
"""

import contextlib
import io
import math
import os
import re
import stat
import subprocess
import sys

import numpy as np
import pytest

from autograder.cli import main
from autograder.explain.comparison import TOLERANCE, ZERO, measure
from autograder.explain.script import literal
from autograder.explain.sources import without_skipped
from autograder.files import ROOT
from autograder.statements import run_statements
from tests.project.grading import command, files

SOLUTION = {name: (ROOT / f"solution/{name}.py").read_text() for name in ("warmup", "dnn", "extension")}
LINE = 'grads[f"W{layer}"] = dZ @ A_previous.T / m'
# What stands in place of LINE in the solution, by the name of the student.
PROGRAMS = {
    "right": LINE,
    "summed": LINE.removesuffix(" / m"),
    "raises": f'{LINE}; raise ValueError("\\x1b[31mred\\x1b[0m " + "x" * 5000)',
    "missing": "pass",
    "odd": 'grads["\\x1b[31m\\ndifference: 0"] = grads["\\u202e" + "k" * 500] = dZ',
    "flat": 'grads[f"W{layer}"] = (dZ @ A_previous.T / m).ravel()',
    "twice": "\n            ".join(["dW = dZ @ A_previous.T", "dW /= m", "dW *= 2", 'grads[f"W{layer}"] = dW', "m += 0"]),
    "counts": f"{LINE} * len(self.made)",  # which depends on how many networks there have been
}


def source_of(student):
    assert LINE in SOLUTION["dnn"]
    return (
        SOLUTION["dnn"]
        .replace(LINE, PROGRAMS[student])
        .replace("        self.layer_sizes =", "        self.made.append(1)\n        self.layer_sizes =", 1)
        .replace("class DNN:\n", "class DNN:\n    made = []\n", 1)
    )


def line_of(student, text):
    """Return the number of the line with this text in a student's dnn.py."""
    return next(number for number, line in enumerate(source_of(student).splitlines(), start=1) if text in line)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for student in PROGRAMS:
        (folder / student).mkdir()
        for name, text in SOLUTION.items():
            (folder / student / f"{name}.py").write_text(source_of(student) if name == "dnn" else text)
    for student, text in {"broken": "def f(:\n", "absent": None, "skips": f"import torch, sys\n{SOLUTION['dnn']}"}.items():
        (folder / student).mkdir()
        (folder / student / "warmup.py").write_text(SOLUTION["warmup"])
        if text:
            (folder / student / "dnn.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def out(submissions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain") / "out"
    assert command("grade", submissions, "--out", folder).returncode == 0
    return folder


def explain(out, student, check, *more):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["explain", student, check, "--out", str(out), *map(str, more)]) == 0
    return printed.getvalue()


def run_script(said):
    """Return what the script prints that an explanation names at its end."""
    script, folder = re.search(r"\n  python (\S+) (\S+)$", said.rstrip()).groups()
    done = subprocess.run([sys.executable, "-I", script, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def comparison(text):
    """Return the lines of an explanation or of a script that compare numbers, with all their digits."""
    return [line for line in text.splitlines() if re.match(r"returned:|\[| \[|reference|difference:|largest", line)]


@pytest.mark.parametrize("check", ["dnn.gradient_numerical_W", "dnn.example_W"])
def test_a_wrong_check_shows_the_values_the_line_and_a_script_that_prints_the_same(out, check):
    said = explain(out, "summed", check)
    assert "failed" in said.splitlines()[1]
    assert re.search(r"difference: \|\|returned - reference\|\| / \|\|reference\|\| = [1-9][\d.]*, allowed 0.0001\n", said)
    assert f"made in dnn.py, line {line_of('summed', LINE[:20])}: {PROGRAMS['summed']}" in said
    assert "`compute_gradients` was called with:" in said
    assert "    Z3: array of shape (1, " in said
    assert len(comparison(said)) >= 5
    assert comparison(run_script(said)) == comparison(said)


@pytest.mark.parametrize("check", ["dnn.gradient_numerical_W", "warmup.three_weight_chain_all", "extension.general_gradients"])
def test_a_passed_check_shows_the_comparison_closest_to_the_tolerance(out, check):
    said = explain(out, "right", check)
    assert "passed" in said.splitlines()[1]
    measured = float(re.search(r"difference: .* = (\S+), allowed 0.0001\n", said)[1])
    assert 0 <= measured < 1e-9
    assert re.search(rf"made in {check.split('.')[0]}.py, line \d+: \S", said)
    assert comparison(run_script(said)) == comparison(said)


def test_an_exception_is_shown_in_full_with_its_line_and_without_control_characters(out):
    said = explain(out, "raises", "dnn.gradient_output_Z")
    assert "\x1b" not in said
    number = line_of("raises", "raise ValueError")
    assert re.search(
        rf"\nraised: ValueError: \\u001b\[31mred\\u001b\[0m x+… \(dnn\.py, line {number}: .*raise ValueError", said
    )
    assert max(map(len, said.splitlines())) < 1500
    assert run_script(said).startswith("raised: ValueError: \x1b[31mred\x1b[0m xxx")
    assert f"line {number}" in run_script(said)


def test_a_missing_key_shows_what_was_returned_instead(out):
    said = explain(out, "missing", "dnn.gradient_keys_and_shapes")
    assert "lacks `W3`, `W2`, `W1`; it holds `Z3`" in said or "lacks `W3` and others" in said
    assert "returned: a dict with\n  Z3: array of shape (1, 7)\n" in said
    assert run_script(said) in said


def test_the_keys_of_a_student_are_bounded_and_escaped(out):
    said = explain(out, "odd", "dnn.gradient_keys_and_shapes")
    assert "\n  '\\x1b[31m\\ndifference: 0': array of shape (3, 7)\n" in said
    assert "\n  '\\u202ekkk" in said
    assert not re.search(r"^difference|\x1b|\u202e|k{100}", said, re.MULTILINE)
    assert run_script(said) in said


def test_a_wrong_shape_has_no_difference(out):
    said = explain(out, "flat", "dnn.gradient_numerical_W")
    assert "difference: not measurable, because the shape is (3,) and must be (1, 3)" in said
    assert comparison(run_script(said)) == comparison(said)


def test_a_value_that_is_changed_in_place_was_made_by_the_line_that_changed_it_last(out):
    said = explain(out, "twice", "dnn.gradient_numerical_W")
    assert f"\nmade in dnn.py, line {line_of('twice', 'dW *= 2')}: dW *= 2\n" in said
    assert f"\nstored in dnn.py, line {line_of('twice', '] = dW')}: " in said


def test_code_that_keeps_something_from_call_to_call_is_reproduced_by_every_call(out):
    said = explain(out, "counts", "dnn.gradient_numerical_W")
    alone = explain(out, "summed", "dnn.gradient_numerical_W")
    assert "different results each time" not in said
    assert said.count("dnn.DNN(") > alone.count("dnn.DNN(") == 1
    assert comparison(run_script(said)) == comparison(said)


def test_a_file_that_does_not_load_shows_why(out):
    said = explain(out, "broken", "dnn.forward_output")
    assert "raised: SyntaxError: " in said
    assert "(dnn.py, line 1: def f(:)" in said
    assert run_script(said).startswith("raised: SyntaxError: ")


def test_a_file_that_is_not_there_has_no_script(out):
    said = explain(out, "absent", "dnn.forward_output")
    assert "failed. dnn.py " in said
    assert "There is no script" in said
    assert not list((out / "explain").glob("absent-*"))


def test_the_script_runs_the_file_without_the_statements_that_are_skipped(out):
    said = explain(out, "skips", "dnn.forward_output")
    assert comparison(run_script(said)) == comparison(said)
    assert (out / "explain/skips-files/dnn.py").read_text().startswith("import sys\n")


def test_the_script_also_takes_the_file_itself_and_says_at_once_that_it_is_not_safe(out, submissions):
    said = explain(out, "summed", "dnn.example_W")
    script = out / "explain/summed-dnn.example_W.py"
    assert "WITHOUT the sandbox" in script.read_text().splitlines()[0]
    done = subprocess.run([sys.executable, script, submissions / "summed/dnn.py"], capture_output=True, text=True)
    assert comparison(done.stdout) == comparison(said)
    assert subprocess.run([sys.executable, script], capture_output=True, text=True).returncode == 1


def test_what_is_written_is_for_its_owner_alone_and_no_page_changes(out):
    before = {name: data for name, data in files(out).items() if not name.startswith(("explain/", "gradebook.db"))}
    explain(out, "summed", "dnn.example_W")
    after = files(out)
    assert {name: data for name, data in after.items() if not name.startswith(("explain/", "gradebook.db"))} == before
    written = [out / name for name in after if name.startswith("explain/")]
    assert written
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in written[0].parents if path.name == "explain"} == {0o700}


@pytest.mark.parametrize("check", ["gradient_numerical_W", "NUMERICAL_W", "dnn.gradient_numerical_W"])
def test_a_check_is_found_by_its_id_its_name_or_a_part_of_it(out, check):
    assert explain(out, "right", check).startswith("dnn.gradient_numerical_W (hidden, ")


@pytest.mark.parametrize(
    ("student", "check", "words"),
    [
        ("right", "gradient_numerica1_W", "Similar names: gradient_numerical_W"),
        (
            "right",
            "gradient_numerical",
            "matches 2 checks: dnn.gradient_numerical_W, dnn.gradient_numerical_B.",
        ),
        ("rigth", "forward_output", 'No student named "rigth" in '),
        ("rigth", "forward_output", "Similar names: right"),
        ("zz\x1b[1m", "forward_output", 'No student named "zz\\u001b[1m" in '),
    ],
)
def test_an_unknown_check_or_student_names_the_nearest(out, student, check, words):
    done = command("explain", student, check, "--out", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_name_and_an_out_without_a_gradebook_are_errors(out, tmp_path):
    assert command("explain", "", "forward_output", "--out", out).returncode == 2
    done = command("explain", "ada", "forward_output", "--out", tmp_path)
    assert (done.returncode, f"There is no {tmp_path / 'gradebook.db'}" in done.stderr) == (2, True)


def test_a_file_that_has_changed_or_moved_since_it_was_graded_is_named(submissions, tmp_path):
    folder = tmp_path / "class"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada/warmup.py").write_text(SOLUTION["warmup"])
    assert command("grade", folder, "--out", tmp_path / "out").returncode == 0
    assert "have changed" not in explain(tmp_path / "out", "ada", "warmup.two_paths")
    (folder / "ada/warmup.py").write_text(SOLUTION["warmup"] + "\n")
    assert "the files have changed since they were graded" in explain(tmp_path / "out", "ada", "warmup.two_paths")
    folder.rename(tmp_path / "moved")
    done = command("explain", "ada", "warmup.two_paths", "--out", tmp_path / "out")
    assert (done.returncode, "Add SUBMISSIONS=" in done.stderr) == (2, True)
    assert "Run again" in explain(tmp_path / "out", "ada", "warmup.two_paths", "--submissions", tmp_path / "moved")


def test_a_submission_that_is_a_link_is_not_followed_here_either(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/warmup.py").write_text(SOLUTION["warmup"])
    (tmp_path / "class").mkdir()
    (tmp_path / "class/ada").symlink_to(tmp_path / "elsewhere")
    assert command("grade", tmp_path / "class", "--out", tmp_path / "out").returncode == 0
    said = explain(tmp_path / "out", "ada", "warmup.two_paths")
    assert "Nothing can be run: The submission is a link, which is not followed" in said
    assert "Run again" not in said


def test_a_call_that_does_not_return_is_said_to_have_no_line(tmp_path):
    folder = tmp_path / "class"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada/warmup.py").write_text("def two_paths(x):\n    while True:\n        pass\n")
    assert command("grade", folder, "--out", tmp_path / "out").returncode == 0
    said = explain(tmp_path / "out", "ada", "warmup.two_paths")
    assert "raised: two_paths did not finish within the time limit" in said
    assert "The line is unknown: the call did not return." in said


def test_the_second_assignment_is_explained_by_the_same_engine(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE", "tests/regression/course.toml")
        assert command("grade", ROOT / "tests/regression/examples", "--out", tmp_path).returncode == 0
        said = explain(tmp_path, "summed", "model.gradients")
    assert "`gradients` was called with:" in said
    assert re.search(r"made in model.py, line \d+: ", said)
    assert comparison(run_script(said)) == comparison(said)


@pytest.mark.parametrize(
    "value",
    [
        np.array([[0.1, -0.0], [np.inf, np.nan]]),
        np.array(1 / 3),
        np.zeros((0, 3)),
        np.array([1, 2]),
        np.array([True]),
        np.float32([0.1]),
        np.array([1 + 2j]),
        "a 'name'\n",
        None,
    ],
)
def test_a_literal_gives_the_same_value_to_the_last_bit(value):
    again = eval(literal(value), {"np": np, "inf": np.inf, "nan": np.nan})
    if isinstance(value, np.ndarray):
        assert (again.dtype, again.shape, again.tobytes()) == (value.dtype, value.shape, value.tobytes())
    else:
        assert again == value


def test_the_measured_difference_is_the_one_that_decides():
    want = np.array([3.0, 4.0])
    assert measure(want * 1.5, want) == (0.5, TOLERANCE)
    assert measure(np.array([0.0, 2.0]), np.zeros(2)) == (2.0, ZERO)
    assert measure(1e200 * want * 1.5, 1e200 * want)[0] == pytest.approx(0.5)


SKIPPING = """\
import torch, math; import os as system
%matplotlib inline
@print
def f():
    return 1
x = [
    1 / 0,
]; y = 3
def g(): return math.pi
from package.other import pi
@torch.no_grad()
def h(x: torch.Tensor, y: "int" = 2) -> torch.Tensor:
    z: torch.Tensor = x
    return z
"""


def test_a_file_without_its_skipped_statements_defines_the_same_names_on_the_same_lines(monkeypatch):
    first, again = {"__file__": "dnn.py"}, {}
    monkeypatch.setitem(sys.modules, "other", math)
    skipped = run_statements("dnn", SKIPPING, first, ["dnn", "other"])
    assert sorted(one.line for one in skipped) == [1, 2, 6, 10, 11, 12, 13]
    text = without_skipped(SKIPPING, skipped, ["dnn", "other"])
    exec(compile(text, "dnn.py", "exec"), again)
    assert len(text.splitlines()) == len(SKIPPING.splitlines())
    assert again["y"] == first["y"] == 3
    assert again["h"](1) == first["h"](1) == 1
    assert again["pi"] is math.pi
    assert again["g"].__code__.co_firstlineno == first["g"].__code__.co_firstlineno == 9
    assert "torch" not in again
    assert again["system"] is os
