"""check.py, as a student uses it in the downloaded folder."""

import builtins
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from importlib import import_module

import pytest

from autograder.at_home import LocalStudent
from autograder.backprop.mistakes import MISTAKES as CATALOG
from autograder.packaging.fingerprints import Sources
from checker.checks.starting import python_command
from solution.hints import HINTS
from tests.course import ASSIGNMENT, LOCAL_CHECKS, PARTS
from tests.golden.mistakes import MISTAKES
from tests.golden.naming import TITLES
from tests.golden.programs import solutions

ROWS = {row.id: row for rows in CATALOG.values() for row in rows}
PUBLIC = [check for checks in LOCAL_CHECKS.values() for check in checks]
COUNT = len(PUBLIC)
COUNT_OF = Counter(check.part for check in PUBLIC)


@pytest.fixture
def folder(tmp_path):
    """Return the download as it comes, with nothing done yet."""
    return shutil.copytree(ASSIGNMENT.starter, tmp_path / "backprop", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def solution(folder):
    """Return the download with everything done."""
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


def command():
    """Return what check.py tells a student to type who has started it as these tests do."""
    return f"{python_command()} check.py"


def test_the_empty_download_says_what_is_to_do(folder):
    run = check(folder)
    assert run.returncode == 1
    assert len(re.findall("^  to do    (?:0/[12]| - )  ", run.stdout, re.MULTILINE)) == COUNT
    assert f"0 of {COUNT} public checks passed. Start here:" in run.stdout
    assert re.search(r"\n  warmup\.py, line \d+: Warm-up 1: complete exp_exp_square, which returns y and dy/dx\.\n", run.stdout)
    assert f"For a hint, run: {command()} warmup --hint\n" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_the_solution_passes_the_public_checks_and_no_more_is_claimed(solution):
    run = check(solution)
    assert run.returncode == 0
    assert run.stdout.count("  passed   ") == COUNT
    assert f"{COUNT} of {COUNT} public checks passed. Your submission is also graded with hidden checks" in run.stdout
    assert '"follows" means' not in run.stdout
    assert not re.search(r"\ball\b", run.stdout, re.IGNORECASE)


def test_every_public_check_has_its_line(solution):
    stdout = check(solution).stdout
    for public in PUBLIC:
        points = f"{public.points}/{public.points}" if public.points else " - "
        assert f"passed   {points}  {public.sentence}\n" in stdout


@pytest.mark.parametrize("part", ["dnn", "dnn.py"])
def test_one_part(solution, part):
    (solution / "warmup.py").write_text("raise ValueError")
    run = check(solution, part)
    assert run.returncode == 0
    assert f"{COUNT_OF['dnn']} of {COUNT_OF['dnn']} public checks passed." in run.stdout
    assert "warmup.py" not in run.stdout


def test_the_first_failure_is_explained(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["db-summed"].sources["dnn"])
    run = check(solution)
    assert run.returncode == 1
    assert run.stdout.count("  wrong  ") == 2  # dB of the example, and the second network
    assert "Fix this first:\n\n`compute_gradients` computes dB of every layer.\n" in run.stdout
    assert f'  dB3 (`grads["B3"]`): {TITLES["db-summed"]}.\n' in run.stdout
    assert "  It has the right shape, but every entry is" not in run.stdout  # of a single number
    assert "  It has the right shape, but it is 5 times too large (the batch has m = 5 samples).\n" in run.stdout
    assert re.search(r'\n    dnn\.py, line \d+: grads\[f"B\{layer\}"\] = dZ\.sum', run.stdout)


def test_an_exception_shows_the_students_own_lines(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["da-without-transpose"].sources["dnn"])
    run = check(solution, "dnn")
    assert run.returncode == 1
    assert 'dnn.py, line 74: the shapes in `np.dot(cache[f"W{layer}"], dZ)` don\'t match: ' in run.stdout
    assert '`cache["W3"]` is (1, 3) and `dZ` is (1, 5).' in run.stdout
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


FOLLOWS = '"follows" means: correct formula, wrong input. The check counts as passed; fix the step that its input comes from.'
WRONG_FORWARD = ('A{layer - 1}"] + B', 'A{layer - 1}"] - B')
DOUBLED_dZ = ('out - cache["Y"]', '2 * (out - cache["Y"])')
NO_TRANSPOSE = ("A_previous.T / m", "A_previous / m")
OWN_CACHE = "Correct with the example's cache, but not with the cache from your `forward`."
OWN_dZ = "Correct given your dZ of the output layer, whose values are wrong."
OWN_PASSES = "Correct given your forward and backward pass, but at least one of these is wrong."

OWN_PARTS = "Correct given your `DNN` and your `softmax`, but at least one of these is wrong."
SQUARE = "Correct on a second example with square matrices; on the first one, your code raises an exception."


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (WRONG_FORWARD, "example_output_Z", OWN_CACHE),
        (WRONG_FORWARD, "example_W", OWN_CACHE),
        (WRONG_FORWARD, "example_gradients", OWN_PASSES),
        (WRONG_FORWARD, "example_squared_error", OWN_CACHE),
        (
            WRONG_FORWARD,
            "example_softmax_forward",
            "Correct given your `DNN` and your `softmax`, but at least one of these is wrong.",
        ),
        (DOUBLED_dZ, "example_W", OWN_dZ),
        (DOUBLED_dZ, "practice_A1", OWN_dZ),
        (DOUBLED_dZ, "example_gradients", OWN_PASSES),
        (
            NO_TRANSPOSE,
            "example_B",
            "Correct on a second example with square matrices; on the first one, your code raises an exception.",
        ),
        (("cache = {}", "raise ValueError"), "example_B", OWN_CACHE),
    ],
)
def test_what_passes_on_a_wrong_input_is_said_to_follow(solution, change, name, words):
    (public,) = (public for public in PUBLIC if public.name == name)
    run = check(spoil(solution, *change))
    points = f"{public.points}/{public.points}" if public.points else " - "
    assert f"  follows  {points}  {public.sentence} {words}\n" in run.stdout
    assert run.stdout.count(FOLLOWS) == 1
    found = statuses(run.stdout)
    assert f"\n{found['passed'] + found['follows']} of {COUNT} public checks passed. Fix this first:" in run.stdout


def spoil(folder, right, wrong):
    """Replace an expression of dnn.py."""
    source = (folder / "dnn.py").read_text()
    assert source.count(right) == 1
    (folder / "dnn.py").write_text(source.replace(right, wrong))
    return folder


def statuses(stdout):
    """Return how many checks have each status."""
    return Counter(line[2:9].strip() for line in stdout.splitlines() if re.match(r"  \w[\w ]{6}  (\d/\d| - )  ", line))


def test_pytest_says_so_too(solution):
    found = statuses(check(spoil(solution, *WRONG_FORWARD)).stdout)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=solution,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert f"follows  test_example_W  {OWN_CACHE}\n" in run.stdout
    assert run.stdout.count(FOLLOWS) == 1
    assert f"{found['wrong']} failed, {found['passed']} passed, {found['follows']} follows in " in run.stdout


def test_the_notebook_says_so_too(solution):
    """task() runs practice with the checks of its task, and goes on behind what follows."""
    code = "import check; check.task('dnn', 'compute_gradients')"
    run = subprocess.run([sys.executable, "-c", code], cwd=spoil(solution, *DOUBLED_dZ), capture_output=True, text=True)
    assert "AssertionError: `compute_gradients` computes dZ of the output layer." in run.stderr
    spoil(solution, *DOUBLED_dZ[::-1])
    run = subprocess.run([sys.executable, "-c", code], cwd=spoil(solution, *WRONG_FORWARD), capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"  follows   -   `compute_gradients` computes dZ2 from dA2. {OWN_CACHE}\n" in run.stdout


@pytest.mark.parametrize("words", ['("Later.")', ""])
def test_work_to_do_is_named_with_its_line(solution, words):
    """Also where the work is done and the line was left in, and where only hidden checks get there."""
    source = (solution / "dnn.py").read_text()
    for anchor, part in (("        m = out.shape[1]\n", "compute_gradients"), ("        losses = []\n", "fit")):
        (solution / "dnn.py").write_text(source.replace(anchor, f"{anchor}        raise NotImplementedError{words}\n"))
        (number,) = (n for n, line in enumerate((solution / "dnn.py").read_text().splitlines(), 1) if "NotImplemented" in line)
        said = f"dnn.py, line {number}: {'Later.' if words else 'raise NotImplementedError'}"
        run = check(solution, "dnn")
        if part == "fit":
            assert f"  to do    {said} Only hidden checks run this.\n" in run.stdout
            assert run.returncode == 0
        else:
            assert f"\n  {said}\n  Delete this `raise` when your code is in place.\n" in run.stdout


def test_a_missing_file_is_named(solution):
    (solution / "extension.py").unlink()
    run = check(solution)
    assert run.returncode == 1
    assert run.stdout.count("  missing  0/1  ") == COUNT_OF["extension"]
    assert f"  There is no extension.py in {solution}.\n" in run.stdout


# Hints


def test_every_public_check_has_hints_and_no_hint_is_without_its_place(solution):
    """A hint is about an exception, about a value that is observed, or about a check."""
    exceptions = {name for name in HINTS if issubclass(getattr(builtins, name, object), Exception)}
    student = LocalStudent()
    with Sources({part: source.decode() for part, source in solutions().items()}).importable():
        topics = {one.topic for part in PARTS for one in import_module(f"tests.public.test_{part}").observe(student)}
    checks = {public.name for public in PUBLIC}
    assert checks <= HINTS.keys()
    assert HINTS.keys() - exceptions - checks <= topics | {"forward", "compute_gradients", "gradients"}
    assert all(len(hints) == 2 for hints in HINTS.values())


def test_hints_come_one_after_the_other(folder):
    first, second = HINTS["example_exp_exp_square"]
    one = check(folder, "warmup", "--hint").stdout
    assert f"Hint 1 of 2: {first}" in one
    assert second not in one
    assert f"For the next hint, run: {command()} warmup --hint 2\n" in one
    for many in ("2", "7"):
        every = check(folder, "warmup", "--hint", many).stdout
        assert f"Hint 2 of 2: {second}" in every
        assert "For the next hint" not in every


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("db-summed", ROWS["db-summed"].hints[:2]),  # of the mistake
        ("forward-loop-from-2", HINTS["KeyError"]),  # of the exception
        ("keys-with-d", HINTS["gradient keys"]),  # of what is wrong first
    ],
)
def test_hints_are_about_what_is_wrong(solution, name, hints):
    (solution / "dnn.py").write_bytes(MISTAKES[name].sources["dnn"])
    stdout = check(solution, "dnn", "--hint", "2").stdout
    assert [f"Hint {number} of 2: {hint}" in stdout for number, hint in enumerate(hints, start=1)] == [True, True]
    assert ROWS[name].answer not in stdout


def test_pytest_and_the_notebook_name_the_mistake_as_well(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["db-summed"].sources["dnn"])
    said = f'dB3 (`grads["B3"]`): {TITLES["db-summed"]}.'
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=solution, capture_output=True, text=True
    )
    assert said in run.stdout
    code = "import check; check.must_pass('dnn', 'example_B')"
    assert said in subprocess.run([sys.executable, "-c", code], cwd=solution, capture_output=True, text=True).stderr


def test_an_exception_of_a_known_mistake_has_its_name_in_pytest(solution):
    (solution / "dnn.py").write_bytes(MISTAKES["da-without-transpose"].sources["dnn"])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=solution, capture_output=True, text=True
    )
    assert f"`compute_gradients`: {TITLES['da-without-transpose']}." in run.stdout


def test_what_a_check_changes_is_as_before_in_the_next(solution):
    """The student's code gets the very arrays of the examples; one that writes into them spoils no other check."""
    source = solutions()["dnn"].decode().replace("        return grads\n", '        cache["Y"] -= 1\n        return grads\n')
    (solution / "dnn.py").write_text(source)
    run = check(solution, "dnn")
    assert f"{COUNT_OF['dnn'] - 1} of {COUNT_OF['dnn']} public checks passed." in run.stdout  # all but a call that is repeated


def test_no_hint_unless_asked(folder):
    stdout = check(folder).stdout
    assert not any(hint in stdout for hints in HINTS.values() for hint in hints)


# How it is called


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["homework"], "there is no part 'homework'; the parts are warmup, dnn, extension"),
        (["--hint", "dnn"], "expected a number, as in --hint 2, not 'dnn'; put the part first"),
        (["dnn", "--hint", "0"], "expected a number, as in --hint 2, not '0'"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_called_wrongly(folder, arguments, words):
    run = check(folder, *arguments)
    assert run.returncode == 2
    assert words in run.stderr


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
    """Return what check.py prints when its output is a terminal."""
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


def test_a_terminal_gets_colors_unless_they_are_disabled(folder):
    assert "\033[33mto do  \033[0m" in on_a_terminal(folder)
    assert "\033" not in on_a_terminal(folder, NO_COLOR="1")
    assert "\033" not in check(folder).stdout


def test_a_loop_that_never_ends_is_named_and_can_be_stopped(folder, tmp_path):
    (folder / "warmup.py").write_text("def exp_exp_square(x):\n    while True:\n        pass\n")
    shown = tmp_path / "shown.txt"
    with shown.open("w") as output:
        process = subprocess.Popen([sys.executable, "check.py", "warmup"], cwd=folder, stdout=output, stderr=subprocess.PIPE)
    try:
        assert wait_for(shown, "... still running: `exp_exp_square(0.8)` returns y and dy/dx. Is there an infinite loop?")
        process.send_signal(2)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert stderr.decode() == "\nStopped before the checks were done.\n"


def test_nothing_is_said_to_be_slow_that_is_not(solution):
    """Not afterwards either, where the process goes on, as in a notebook."""
    code = "import check, time, checks.command as c; c.PATIENCE = 0.5; check.main(['warmup']); time.sleep(1)"
    run = subprocess.run([sys.executable, "-c", code], cwd=solution, capture_output=True, text=True)
    assert "5 of 5 public checks passed." in run.stdout
    assert "still running" not in run.stdout


def wait_for(path, words, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if words in path.read_text():
            return True
        time.sleep(0.05)
    return False
