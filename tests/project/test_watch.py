"""check.py --watch, as a student sees it in a terminal, and without one."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from tests.course import ASSIGNMENT, LOCAL_CHECKS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions

PATIENCE = 60  # seconds until a test gives up
ESCAPES = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")
LOOP = "def exp_exp_square(x):\n    print('here we loop')\n    while True:\n        pass\n"
FLOOD = "def exp_exp_square(x):\n    while True:\n        print('x' * 70)\n"

OF_DNN = len(LOCAL_CHECKS["dnn"])
ALL = sum(map(len, LOCAL_CHECKS.values()))


@pytest.fixture
def folder(tmp_path):
    """Return the download as it comes, with nothing done yet."""
    return shutil.copytree(ASSIGNMENT.starter, tmp_path / "backprop", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def solution(folder):
    for part, source in solutions().items():
        (folder / f"{part}.py").write_bytes(source)
    return folder


class Terminal:
    """A terminal in which a command runs; the frame is what it has drawn last, without colours."""

    def __init__(self, folder, *command, columns=80, rows=24, **environment):
        self.ours, self.theirs = pty.openpty()
        self.resize(columns, rows)
        self.modes, self.written = termios.tcgetattr(self.theirs), b""
        self.process = subprocess.Popen(
            [sys.executable, *(command or ["check.py", "--watch"])],
            cwd=folder,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            # The test runner's workers set COLUMNS and LINES, which come before the size of the terminal.
            env={
                **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
                "TERM": "xterm-256color",
                "NO_COLOR": "",
                "PYTHONIOENCODING": "utf-8",
                **environment,
            },
        )

    def resize(self, columns, rows):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.05):
        while select.select([self.ours], [], [], seconds)[0]:
            self.written += os.read(self.ours, 65536)
            seconds = 0
        return self.written.decode(errors="replace")

    @property
    def frame(self):
        return ESCAPES.sub("", self.read().rpartition("\x1b[H")[2]).replace("\r", "")

    def shows(self, *words):
        """Return whether all these words are on the screen, soon."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if all(word in " ".join(self.frame.split()) for word in words):
                return True
        return False

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def ends(self):
        """Return the exit code; what runs in the terminal may still write."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
        return self.process.returncode

    def is_as_before(self):
        return termios.tcgetattr(self.theirs) == self.modes

    def children(self):
        listed = subprocess.run(["ps", "-o", "pid=", "-s", str(self.process.pid)], capture_output=True, text=True).stdout
        return {int(number) for number in listed.split()} - {self.process.pid}

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal():
    """Opens terminals, and closes them in the end."""
    opened = []

    def open_terminal(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def test_one_thing_at_a_time_and_keys_for_the_rest(folder, terminal):
    screen = terminal(folder)
    first = "Start here: `exp_exp_square(0.8)` returns y and dy/dx. warmup.py, line "
    assert screen.shows(
        "warmup.py ░", " 0/5", f" 0/{OF_DNN}", " 0/8", f" 0/{ALL}", first, "Press h for a hint.", "n: next failing check"
    )
    assert "reciprocal" not in screen.frame
    assert not screen.is_as_before()
    screen.press("h")
    assert screen.shows("Hint 1 of 2", "Press h for the next hint.")
    screen.press("hhh")
    assert screen.shows("Hint 1 of 2", "Hint 2 of 2", " n: next failing check l: list q: quit")
    screen.press("n")
    assert screen.shows(f"Failing check 2 of {ALL}: `reciprocal_exp_square(0.8)` returns y and dy/dx.", "Press h for a hint.")
    screen.press("L")
    assert screen.shows("to do 0/1 `exp_exp_square(0.8)`", "to do 0/1 `two_paths(3)`", "l: back n: next page q: quit")
    assert "notes_gradients" not in screen.frame
    screen.press("nn")
    assert screen.shows("to do 0/1 `notes_gradients` returns")
    screen.press("\x1b[L\x1bOQx")  # keys that send letters of ours behind an escape, and other keys, do nothing
    time.sleep(0.5)
    assert screen.process.poll() is None
    assert screen.shows("l: back")
    screen.press("q")
    assert screen.ends() == 0
    assert screen.shows("Stopped watching.")
    assert screen.is_as_before()


def test_a_saved_file_is_checked_and_hints_stay_with_their_check(solution, terminal):
    right = (solution / "dnn.py").read_bytes()
    (solution / "dnn.py").write_bytes(MISTAKES["db-summed"].sources["dnn"])
    screen = terminal(solution)
    fix = "Fix this first: `compute_gradients` computes dB of every layer."
    assert screen.shows(f" {ALL - 2}/{ALL}", fix, "dB is summed, not averaged.", "dnn.py, line 72: ")
    screen.press("h")
    assert screen.shows("Hint 1 of 2")
    (solution / "dnn.py").write_bytes(MISTAKES["db-summed"].sources["dnn"] + b"\n# saved\n")
    time.sleep(1)
    assert screen.shows(f" {ALL - 2}/{ALL}", "Hint 1 of 2")
    (solution / "dnn.py").write_bytes(right)
    assert screen.shows(
        f"{ALL} of {ALL} public checks passed. Your submission is also graded with hidden checks, on other inputs."
    )
    assert "Hint" not in screen.frame


@pytest.mark.parametrize("source", [LOOP, FLOOD])
def test_an_infinite_loop_stops_neither_the_keys_nor_the_next_version(solution, terminal, source):
    right = (solution / "warmup.py").read_bytes()
    (solution / "warmup.py").write_text(source)
    screen = terminal(solution, "check.py", "warmup", "--watch")
    assert screen.shows("Running: `exp_exp_square(0.8)` returns y and dy/dx.")
    assert screen.shows("Still running after ", "`exp_exp_square(0.8)` returns y and dy/dx. Is there an infinite loop?")
    assert screen.shows("Your code printed: ", "here we loop" if source == LOOP else "x" * 70)
    screen.press("l")
    assert screen.shows("l: back")
    screen.press("l")
    (solution / "warmup.py").write_bytes(right)
    assert screen.shows("5 of 5 public checks passed.")
    (solution / "warmup.py").write_text(source)
    assert screen.shows("Running: `exp_exp_square(0.8)`")
    screen.press("q")
    assert screen.ends() == 0
    assert screen.is_as_before()
    assert screen.children() == set()


def test_the_list_explains_what_follows(solution, terminal):
    source = (solution / "dnn.py").read_text()
    (solution / "dnn.py").write_text(source.replace('out - cache["Y"]', 'cache["Y"] - out'))
    screen = terminal(solution, "check.py", "dnn", "--watch", columns=120, rows=40)
    assert screen.shows(f" {OF_DNN - 2}/{OF_DNN}", "Fix this first: `compute_gradients` computes dZ of the output layer.")
    screen.press("l")
    assert screen.shows(
        "follows 2/2 `compute_gradients` computes dW of every layer. Correct given your dZ",
        '"follows" means: correct formula, wrong input.',
    )


def test_a_mark_that_the_students_code_prints_does_no_harm(solution, terminal):
    (solution / "warmup.py").write_text((solution / "warmup.py").read_text().replace("h1 = x**2", 'h1 = x**2; print("\\x1e{")'))
    screen = terminal(solution, "check.py", "warmup", "--watch")
    assert screen.shows("5 of 5 public checks passed.")


def test_code_that_ends_the_process_is_named(solution, terminal):
    (solution / "warmup.py").write_text("import os\n\ndef exp_exp_square(x):\n    os._exit(3)\n")
    screen = terminal(solution)
    assert screen.shows("The checks ended early, with exit code 3, while this was running: `exp_exp_square(0.8)` returns")


def stop_by_key(screen):
    screen.press("\x03")


def stop_by_signal(screen):
    os.kill(screen.process.pid, signal.SIGTERM)


@pytest.mark.parametrize("stop", [stop_by_key, stop_by_signal])
def test_the_terminal_is_as_before_however_it_ends(folder, terminal, stop):
    screen = terminal(folder)
    assert screen.shows("Start here:")
    assert not screen.is_as_before()
    stop(screen)
    assert screen.ends() == 0
    assert screen.shows("Stopped watching.")
    assert screen.is_as_before()
    assert screen.children() == set()


def test_the_terminal_is_as_before_after_a_mistake_of_ours(folder, terminal):
    code = "import checks.watch as watch; watch.View.press = lambda self, key: 1 / 0; watch.watch(('warmup',))"
    screen = terminal(folder, "-c", code)
    assert screen.shows("Start here:")
    screen.press("h")
    assert screen.ends() == 1
    assert "ZeroDivisionError" in screen.read()
    assert screen.is_as_before()
    assert screen.children() == set()


def test_it_continues_after_it_was_suspended(folder, terminal):
    """A shell sets the modes of its own, as a terminal does here."""
    screen = terminal(folder)
    assert screen.shows("Start here:")
    before = termios.tcgetattr(screen.theirs)
    os.kill(screen.process.pid, signal.SIGSTOP)
    termios.tcsetattr(screen.theirs, termios.TCSANOW, screen.modes)
    drawn = screen.read().count("\x1b[2J")
    os.kill(screen.process.pid, signal.SIGCONT)
    deadline = time.monotonic() + PATIENCE
    while screen.read().count("\x1b[2J") == drawn and time.monotonic() < deadline:
        time.sleep(0.05)
    assert screen.shows("Start here:")
    assert termios.tcgetattr(screen.theirs)[3] == before[3]
    screen.press("q")
    assert screen.ends() == 0


def fits(lines, columns, rows):
    """Return whether lines fit on a screen; the keys stand in the last one, and a bar has its name and a character."""
    keys = rows < 10 or "l: " in lines[-1]
    return keys and len(lines) <= rows and (rows == 1 or max(map(len, lines)) <= max(columns, 24))


@pytest.mark.parametrize(("columns", "rows"), [(20, 4), (40, 10), (50, 12), (200, 60), (1, 1)])
def test_every_size_is_kept_to(folder, terminal, columns, rows):
    screen = terminal(folder)
    assert screen.shows("Start here:")
    for key in ("", "hhh", "l", "n"):
        screen.press(key)
        screen.resize(columns, rows)
        deadline = time.monotonic() + PATIENCE
        while not fits(screen.frame.split("\n"), columns, rows) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert fits(screen.frame.split("\n"), columns, rows)
        screen.resize(80, 24)
        assert screen.shows("warmup.py ░░")
    assert screen.process.poll() is None


def test_colors_unless_they_are_disabled(solution, terminal):
    screen = terminal(solution, "check.py", "warmup", "--watch")
    assert screen.shows("5 of 5")
    assert "\x1b[32m█" in screen.read()
    screen = terminal(solution, "check.py", "warmup", "--watch", NO_COLOR="1")
    assert screen.shows("5 of 5", "█")
    assert not re.search(r"\x1b\[\d+m", screen.read())


def test_a_console_without_blocks_gets_a_bar_of_ascii(solution, terminal):
    (solution / "warmup.py").write_bytes(MISTAKES["math-exp"].sources["warmup"].replace(b"2 * x", b"3 * x", 1))
    screen = terminal(solution, "check.py", "warmup", "--watch", PYTHONIOENCODING="ascii")
    assert screen.shows("###", "---")
    assert "\\u2588" not in screen.read()


def test_a_terminal_that_cannot_be_cleared_gets_plain_text(folder, terminal):
    screen = terminal(folder, TERM="dumb")
    assert screen.shows(f"0 of {ALL} public checks passed. Start here:")
    assert "\x1b" not in screen.read()
    screen.press("\x03")
    assert screen.ends() == 0


def wait_for(path, words):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if words in path.read_text():
            return True
        time.sleep(0.05)
    return False


def test_without_a_terminal_it_prints_everything_again(folder, tmp_path):
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
        (folder / "warmup.py").write_text(LOOP)
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
    assert "Stopped watching." in shown.read_text()
    assert "\x1b" not in shown.read_text()


WINDOWS = """
import sys, types
from checks.watch import read_windows_keys
waiting = list(sys.argv[1])
sys.modules["msvcrt"] = types.SimpleNamespace(kbhit=lambda: bool(waiting), getwch=lambda: waiting.pop(0))
print([read_windows_keys(0.01) for _ in range(int(sys.argv[2]))])
"""


@pytest.mark.parametrize(
    ("typed", "keys"),
    [("h", ["h"]), ("Q", ["q"]), ("\xe0Hl", ["", "l"]), ("\xe0KN", ["", "n"]), ("", [""])],
)
def test_the_keys_of_a_windows_console(folder, typed, keys):
    def read(typed):
        command = [sys.executable, "-c", WINDOWS, typed, str(len(keys))]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONUTF8": "1"})

    assert read(typed).stdout == f"{keys}\n"
    assert read("\x03").stderr.endswith("KeyboardInterrupt\n")
