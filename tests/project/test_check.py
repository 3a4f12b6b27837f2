"""check.py, as a student uses it in the downloaded folder."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from solution.hints import HINTS
from tests.course import ASSIGNMENT, CHECKS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions

PUBLIC = [check for check in CHECKS if check.visibility == "public"]


@pytest.fixture
def folder(tmp_path):
    """The download as it comes, with nothing done yet."""
    return shutil.copytree(ASSIGNMENT.starter, tmp_path / "backprop", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def solution(folder):
    """The download with everything done."""
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)
    return folder


def check(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "check.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )


def test_the_empty_download_says_what_is_to_do(folder):
    run = check(folder)
    assert run.returncode == 1
    assert run.stdout.count("  to do  0/") == len(PUBLIC)
    assert "0 of 22 public checks passed. The first to mend:" in run.stdout
    assert "  Warm-up 1: let exp_exp_square return y and dy/dx." in run.stdout
    assert "A hint: python check.py warmup --hint\n" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_the_solution_passes_the_public_checks_and_no_more_is_claimed(solution):
    run = check(solution)
    assert run.returncode == 0
    assert run.stdout.count("  right  ") == len(PUBLIC)
    assert "22 of 22 public checks passed. Your hand-in is graded with further ones" in run.stdout
    assert not re.search(r"\ball\b", run.stdout, re.IGNORECASE)


def test_every_public_check_has_its_line(solution):
    stdout = check(solution).stdout
    for public in PUBLIC:
        assert f"right  {public.points}/{public.points}  {public.sentence}\n" in stdout


@pytest.mark.parametrize("part", ["dnn", "dnn.py"])
def test_one_part(solution, part):
    (solution / "warmup.py").write_text("raise ValueError")
    run = check(solution, part)
    assert run.returncode == 0
    assert "9 of 9 public checks passed." in run.stdout
    assert "warmup.py" not in run.stdout


def test_the_first_failure_is_explained(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["db-summed"].sources["dnn"])
    run = check(solution)
    assert run.returncode == 1
    assert run.stdout.count("  wrong  ") == 1
    assert "The first to mend:\n\nThe gradient of every B is right on the example.\n" in run.stdout
    assert "`B3` has the right shape but wrong values" in run.stdout
    assert "where it is 1.0911 and should be 0.21822" in run.stdout


def test_an_exception_shows_the_students_own_lines(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["da-without-transpose"].sources["dnn"])
    run = check(solution, "dnn")
    assert run.returncode == 1
    assert "ValueError: shapes (1,3) and (1,5) not aligned" in run.stdout
    assert re.search(r"  dnn\.py, line \d+, in compute_gradients: .*W\{layer\}.*, dZ\)", run.stdout)
    assert "checking.py" not in run.stdout


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def forward(:\n", "dnn.py could not be loaded: SyntaxError: invalid syntax (dnn.py, line 1: def forward(:)."),
        ("import nothing_of_this_name\n", "line 1, `import nothing_of_this_name`: `nothing_of_this_name` is not available"),
        ("raise SystemExit(3)\n", "dnn.py, line 1, `raise SystemExit(3)`: ends the program; skipped.\n"),
        ("x = 1\n", "  dnn.py defines no `DNN`.\n"),
        ("class DNN(Base):\n    pass\n", "  dnn.py defines no `DNN`.\n  dnn.py, line 1, `class DNN(Base):`, was skipped: "),
    ],
)
def test_a_file_that_does_not_load_as_a_whole_is_explained(solution, source, words):
    (solution / "dnn.py").write_text(source)
    run = check(solution, "dnn")
    assert run.returncode == 1
    assert words in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_missing_file_is_named(solution):
    (solution / "extension.py").unlink()
    run = check(solution, "extension")
    assert run.returncode == 1
    assert "extension.py is not in this folder" in run.stdout


# Hints


def test_every_public_check_has_hints_and_no_hint_is_without_its_check():
    assert {public.name for public in PUBLIC} == set(HINTS)
    assert all(len(hints) >= 2 for hints in HINTS.values())


def test_hints_come_one_after_the_other(folder):
    first, second, last = HINTS["example_exp_exp_square"]
    one = check(folder, "warmup", "--hint").stdout
    assert f"Hint 1 of 3: {first}" in one
    assert second not in one
    assert "The next hint: python check.py warmup --hint 2" in one
    for many in ("3", "7"):
        every = check(folder, "warmup", "--hint", many).stdout
        assert f"Hint 3 of 3: {last}" in every
        assert "The next hint" not in every


def test_no_hint_unless_asked(folder):
    stdout = check(folder).stdout
    assert not any(hint in stdout for hints in HINTS.values() for hint in hints)


# How it is called


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["homework"], "there is no part 'homework'; the parts are warmup, dnn, extension"),
        (["--hint", "dnn"], "it takes a number, as in --hint 2, and not 'dnn'"),
        (["dnn", "--hint", "0"], "it takes a number"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_called_wrongly(folder, arguments, words):
    run = check(folder, *arguments)
    assert run.returncode == 2
    assert words in run.stderr


def test_it_may_be_called_from_another_folder(solution, tmp_path):
    run = check(tmp_path, "--hint", "1")
    assert run.returncode != 0
    run = subprocess.run([sys.executable, solution / "check.py", "warmup"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("matplotlib", "pytest", "_pytest", "msgpack", "jupytext", "IPython", "scipy"):
            raise ImportError(name)
sys.meta_path.insert(0, Block())
"""


def test_it_needs_numpy_alone(solution, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(BLOCK)
    run = check(solution, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 0, run.stdout + run.stderr
    broken = subprocess.run(
        [sys.executable, "-c", "import pytest"], env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, capture_output=True
    )
    assert broken.returncode == 1


def on_a_terminal(folder, **environment):
    """What check.py prints when its output is a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "check.py", "warmup"], cwd=folder, stdout=theirs, env={**os.environ, **environment}
    )
    process.wait()
    os.close(theirs)
    printed = os.read(ours, 100_000).decode()
    os.close(ours)
    return printed


def test_a_terminal_gets_colours_unless_it_wants_none(folder):
    assert "\033[33mto do\033[0m" in on_a_terminal(folder)
    assert "\033" not in on_a_terminal(folder, NO_COLOR="1")
    assert "\033" not in check(folder).stdout


def test_a_loop_that_never_ends_is_named_and_can_be_stopped(folder, tmp_path):
    (folder / "warmup.py").write_text("def exp_exp_square(x):\n    while True:\n        pass\n")
    shown = tmp_path / "shown.txt"
    with shown.open("w") as output:
        process = subprocess.Popen([sys.executable, "check.py", "warmup"], cwd=folder, stdout=output, stderr=subprocess.PIPE)
    try:
        assert wait_for(shown, "... still at: `exp_exp_square(0.8)` returns y and dy/dx. Is there a loop that never ends?")
        process.send_signal(2)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert stderr.decode() == "\nStopped before the checks were done.\n"


def test_nothing_is_said_to_be_slow_that_is_not(solution):
    """Not afterwards either, where the process goes on, as in a notebook."""
    code = "import check, time; check.PATIENCE = 0.5; check.main(['warmup']); time.sleep(1)"
    run = subprocess.run([sys.executable, "-c", code], cwd=solution, capture_output=True, text=True)
    assert "5 of 5 public checks passed." in run.stdout
    assert "still at" not in run.stdout


# --watch


def wait_for(path, words, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if words in path.read_text():
            return True
        time.sleep(0.05)
    return False


def test_watch_runs_again_on_save_even_when_a_loop_never_ends(folder, tmp_path):
    shown = tmp_path / "shown.txt"
    with shown.open("w") as output:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        watcher = subprocess.Popen(
            [sys.executable, "check.py", "warmup", "--watch"], cwd=folder, stdout=output, env=environment
        )
    try:
        assert wait_for(shown, "0 of 5 public checks passed.")
        time.sleep(1)
        assert "saved at" not in shown.read_text()
        (folder / "warmup.py").write_text("def exp_exp_square(x):\n    print('here we loop')\n    while True:\n        pass\n")
        assert wait_for(shown, "here we loop")
        (folder / "warmup.py").write_bytes(MISTAKES["math-exp"].sources["warmup"])
        (folder / "dnn.py").write_bytes(solutions()["dnn"])
        assert wait_for(shown, "5 of 5 public checks passed.")
    finally:
        watcher.send_signal(2)
        try:
            assert watcher.wait(60) == 0
        finally:
            watcher.kill()
    assert "No longer watching." in shown.read_text()
