"""`check.py --watch`: runs the checks again whenever a file is saved, and shows one thing to fix at a time.

The checks run in a separate process, so that an infinite loop doesn't block the next run. That process writes records, one JSON
object per line. The watching process reads the records and the keyboard, and draws the screen.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque

from checks import command

TICK = 0.1  # seconds between two checks for saved files
QUICK = 0.5  # seconds that the last results stay on screen while the checks run again
MARK = "\x1e"  # begins a record, as in RFC 7464; anything else on the same pipe was printed by the student's code
MAX_LINE = 65536  # characters of a record or a printed line
MAX_PRINTED = 5  # lines shown of the output of the student's code
MAX_HINTS = 10
BAR, BLOCKS = 24, "\u2588\u2591"  # the width of a progress bar, and what it is made of where the terminal can print it
SMALLEST = 8  # rows reserved for the failing check; if they don't fit, the bars of the parts are left out
REDRAW = "\f"  # Ctrl-L
NO_LETTER = re.compile(r"\x1b([\[O][\d;]*.|.)?")  # an arrow or the like
CLEAR, HOME, REST_OF_LINE, REST_OF_SCREEN = "\033[2J", "\033[H", "\033[K", "\033[J"
NO_WRAP, WRAP = "\033[?7l", "\033[?7h"


def watch(parts, hints=0):
    """Run the checks of these parts whenever a file is saved, until q or Ctrl-C; return 0."""
    try:
        if is_screen():
            with single_keys() as read_keys:
                watch_on_screen(parts, View(hints), read_keys)
        else:
            watch_plainly(parts, hints)
    except KeyboardInterrupt:
        pass
    print("\nStopped watching.")
    return 0


def is_screen():
    """Return whether this is a terminal with a keyboard and a screen that can be cleared."""
    terminal = os.environ.get("TERM", "windows" if os.name == "nt" else "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and terminal != "dumb"


def saved():
    """Return when each of the files was last saved."""
    times = {}
    for file in command.FILES:
        with contextlib.suppress(OSError):  # an editor may be replacing the file right now
            times[file] = file.stat().st_mtime_ns
    return times


def watch_plainly(parts, hints):
    """Print all results again after each save."""
    chosen = parts if len(parts) == 1 else []
    arguments = [sys.executable, str(command.HERE / "check.py"), *chosen, *(["--hint", str(hints)] if hints else [])]
    while True:
        seen = saved()
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
        try:
            while saved() == seen:
                time.sleep(TICK)
        finally:
            process.kill()
            process.wait()
        print(f"\n{'-' * 30} saved at {time.strftime('%H:%M:%S')} {'-' * 30}\n", flush=True)


def watch_on_screen(parts, view, read_keys):
    """Show the results, handle the keys, and run again after each save."""
    drawn = None
    while True:
        seen, run = saved(), Run(parts)
        try:
            while saved() == seen:
                if run.is_over() or time.monotonic() - run.started > QUICK:
                    view.show(run)
                size = shutil.get_terminal_size()
                screen = size, view.compose(*size)
                if screen != drawn:
                    draw(screen[1], clear=drawn is None or size != drawn[0])
                    drawn = screen
                for key in read_keys(TICK):
                    if key == "q":
                        return
                    if key == REDRAW:
                        drawn = None
                    view.press(key)
        finally:
            run.stop()


def draw(lines, clear):
    """Redraw the screen with these lines."""
    text = f"{REST_OF_LINE}\n".join(lines)
    sys.stdout.write(f"{NO_WRAP}{CLEAR if clear else ''}{HOME}{text}{REST_OF_LINE}{REST_OF_SCREEN}{WRAP}")
    sys.stdout.flush()


def report(parts):
    """Run the checks of these parts and write a record of each."""
    command.HINT_KEY = "h"
    student, output = command.LocalStudent(command.PARTS), sys.stdout

    def tell(**record):
        output.write(f"{MARK}{json.dumps(record)}\n")
        output.flush()

    checks = {part: command.checks_of(part) for part in parts}
    tell(counts={part: len(found) for part, found in checks.items()})
    explained = set()
    for part, found in checks.items():
        tell(running=f"{part}.py is loaded.")
        for skipped in command.skipped_in(part, student):
            tell(part=part, line=f"  {skipped}")
        for check, function in found:
            tell(running=check.sentence)
            status, explanation = command.outcome(function, student)
            explained.add(explanation)
            failing = [] if status in command.PASSED else explain_by_hints(part, check, explanation, student)
            tell(part=part, status=status, line=command.line_of(check, status, explanation), explained=failing)
        tell(running=f"code of {part}.py that hidden checks call.")
        status, explanation = command.rehearse(part, student)
        if status not in command.PASSED and explanation not in explained:
            tell(part=part, line=command.note_line(part, status, explanation))
    tell(is_complete=True)


def explain_by_hints(part, check, explanation, student):
    """Return the explanation of a failing check without hints, with one hint, and so on."""
    texts, found = [], command.find_mistake(part, check, student)
    for hints in range(MAX_HINTS):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            command.explain(part, check, explanation, found, hints)
        if texts and texts[-1] == said.getvalue():
            break
        texts.append(said.getvalue())
    return texts


class Run:
    """One run of the checks in a separate process, and its reports so far."""

    def __init__(self, parts):
        self.started = self.since = time.monotonic()
        self.clock = time.strftime("%H:%M:%S")
        self.counts = dict.fromkeys(parts, 0)
        self.lines = []  # of (part, status, line); the status of a note is None
        self.failing = []  # of (status, texts): the explanation of a failing check without hints, with one, and so on
        self.running = ""
        self.is_complete = False
        self.printed = deque(maxlen=MAX_PRINTED)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "checks.watch", *parts],
            cwd=command.HERE,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Read the output of the process until it ends."""
        for line in iter(lambda: self.process.stdout.readline(MAX_LINE), ""):
            printed, mark, record = line.partition(MARK)
            if printed.strip():
                self.printed.append(command.visible(printed.rstrip("\n")))
            if mark:
                with contextlib.suppress(ValueError):  # the student's code may print the same mark
                    self.take(json.loads(record))

    def take(self, record):
        """Process one record."""
        self.since, self.running = time.monotonic(), record.get("running", "")
        self.counts.update(record.get("counts", {}))
        if "line" in record:
            self.lines.append((record["part"], record.get("status"), record["line"]))
        if texts := record.get("explained"):
            self.failing.append((record["status"], texts))
        self.is_complete = record.get("is_complete", False)

    def is_over(self):
        """Return whether the process has ended."""
        return not self.reader.is_alive()

    def stop(self):
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=1)

    def passed(self, part):
        """Return how many checks of a part have passed."""
        return sum(status in command.PASSED for one, status, _ in self.lines if one == part)


class View:
    """The screen: one failing check with the requested number of hints, or one page of the list of all checks."""

    def __init__(self, hints):
        self.run = None
        self.hints, self.at, self.check = hints, 0, None
        self.is_list, self.page = False, 0

    def show(self, run):
        """Show a run: its first failing check, or the one selected with n if it still fails, with as many hints as before."""
        if run is not self.run:
            names = [name_of(texts) for _, texts in run.failing]
            self.run, self.at = run, names.index(self.check) if self.at and self.check in names else 0
        if run.failing:
            check = name_of(run.failing[self.at][1])
            self.hints = self.hints if self.check in (None, check) else 0
            self.check = check

    def press(self, key):
        """Handle a key; ignore unknown keys."""
        if key == "l":
            self.is_list, self.page = not self.is_list, 0
        elif key == "n" and self.is_list:
            self.page += 1
        elif key == "n" and self.run and self.run.failing:
            self.at = (self.at + 1) % len(self.run.failing)
        elif key == "h" and not self.is_list:
            self.hints = min(self.hints + 1, self.most_hints())

    def most_hints(self):
        """Return the number of hints for the current check."""
        return len(self.run.failing[self.at][1]) - 1 if self.run and self.run.failing else 0

    def compose(self, columns, rows):
        """Return the lines of a screen of this size."""
        if self.run is None:
            return ["Running the checks ..."]
        bars = progress_bars(self.run, columns)
        head = [f"Checked at {self.run.clock}, and again when you save a file."[:columns], *bars, ""]
        if rows < len(head) + 2 + SMALLEST:
            head = [*bars[-1:], ""]
        room = max(rows - len(head) - 2, 1)
        body = self.list_lines(columns, room) if self.is_list else self.one_thing(columns, room)
        body += [""] * (room - len(body))
        return [*head, *body, "", self.keys()[:columns]][:rows]

    def one_thing(self, columns, room):
        """Return the next thing to fix, and the output of the student's code."""
        run, texts = self.run, []
        if run.is_over() and not run.is_complete:
            texts.append(f"The checks ended early, with exit code {run.process.poll()}, while this was running: {run.running}")
        elif not run.is_over() and (seconds := time.monotonic() - run.since) > command.PATIENCE:
            texts.append(f"Still running after {seconds:.0f} seconds: {run.running}")
            texts.append("Is there an infinite loop? Save a correction, and the checks start again.")
        if run.failing:
            status, said = run.failing[self.at]
            texts.append(f"{self.heading(status)}\n{said[min(self.hints, len(said) - 1)]}".rstrip("\n"))
        elif run.is_complete:
            texts.append(
                f"{sum(map(run.passed, run.counts))} of {sum(run.counts.values())} public checks passed. {command.DONE}"
            )
        elif not texts:
            texts.append(f"Running: {run.running}")
        body = clip(wrap("\n\n".join(texts), columns), room, at_end=self.hints > 0)
        printed = ["", "Your code printed:", *(f"  {line}"[:columns] for line in run.printed)]
        return body + printed if run.printed and len(body) + len(printed) <= room else body

    def heading(self, status):
        """Return the heading above a failing check."""
        return command.heading(status) if self.at == 0 else f"Failing check {self.at + 1} of {len(self.run.failing)}:"

    def list_lines(self, columns, room):
        """Return a page of the list of all checks."""
        lines = []
        for part in self.run.counts:
            found = [coloured(status, line[:columns]) for one, status, line in self.run.lines if one == part]
            lines += [f"{part}.py"[:columns], *found]
        if any(status == "follows" for _, status, _ in self.run.lines):
            lines += ["", *wrap(command.FOLLOWS, columns)]
        pages = max(1, -(-len(lines) // room))
        self.page %= pages
        return lines[self.page * room :][:room]

    def keys(self):
        """Return the keys that are available now."""
        if self.is_list:
            return "l: back   n: next page   q: quit"
        more = "h: hint   " if self.hints < self.most_hints() else ""
        others = "n: next failing check   " if self.run.failing[1:] else ""
        return f"{more}{others}l: list   q: quit"


def name_of(texts):
    """Return the sentence of a failing check, which its explanation begins with."""
    return texts[0].strip().partition("\n")[0]


def progress_bars(run, columns):
    """Return a progress bar for each part, and one for the total."""
    rows = [(f"{part}.py", run.passed(part), count) for part, count in run.counts.items()]
    if len(rows) > 1:
        rows.append(("total", sum(passed for _, passed, _ in rows), sum(count for _, _, count in rows)))
    width = max(len(name) for name, _, _ in rows)
    room = max(1, min(BAR, columns - width - 10))
    done, open_ = BLOCKS if can_print(BLOCKS) else "#-"
    lines = []
    for name, passed, count in rows:
        filled = room * passed // max(count, 1)
        bar = done * filled + open_ * (room - filled)
        lines.append(f"{name:{width}}  {paint(bar, command.GREEN if passed == count else command.YELLOW)}  {passed}/{count}")
    return lines


def can_print(letters):
    """Return whether the terminal's encoding contains these characters."""
    try:
        return bool(letters.encode(sys.stdout.encoding or "ascii"))
    except (UnicodeEncodeError, LookupError):
        return False


def paint(text, colour):
    """Return a text in a colour, if colours are allowed."""
    return f"{colour}{text}{command.PLAIN}" if command.wants_colours() else text


def coloured(status, line):
    """Return the line of a check with its status in its colour."""
    return line.replace(status, paint(status, command.COLOURS[status]), 1) if status else line


def wrap(text, columns):
    """Return a text wrapped to this width; continuation lines keep the indentation of their line."""
    lines = []
    for line in text.splitlines():
        indent = " " * min(len(line) - len(line.lstrip()), columns // 2)
        lines += textwrap.wrap(line.strip(), columns, initial_indent=indent, subsequent_indent=indent) or [""]
    return lines


def clip(lines, room, at_end):
    """Return the first lines that fit or, at_end, the first few and the last ones, which contain the newest hints."""
    if len(lines) <= room:
        return lines
    first = min(4, room // 2) if at_end else room - 1
    return [*lines[:first], "..."[: room - first and 3], *lines[len(lines) - (room - first - 1) :]][:room]


@contextlib.contextmanager
def single_keys():
    """Yield a function that returns the keys pressed within some seconds; restore the terminal afterwards."""
    if os.name == "nt":
        yield read_windows_keys
        return
    import select
    import termios
    import tty

    keyboard, resumed = sys.stdin.fileno(), []
    before = termios.tcgetattr(keyboard)

    def resume(*_):
        tty.setcbreak(keyboard)
        resumed.append(REDRAW)

    def read_keys(seconds):
        keys = ""
        if select.select([keyboard], [], [], seconds)[0]:
            keys = os.read(keyboard, 1024).decode(errors="ignore")
            if not keys:
                raise KeyboardInterrupt  # the terminal was closed
        while resumed:
            keys += resumed.pop()
        return NO_LETTER.sub("", keys).lower()

    handlers = {signal.SIGCONT: resume, signal.SIGTERM: signal.default_int_handler}
    earlier = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        tty.setcbreak(keyboard)
        yield read_keys
    finally:
        sys.stdout.write(WRAP)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
        for number, handler in earlier.items():
            signal.signal(number, handler)


def read_windows_keys(seconds):
    """Return the keys pressed within some seconds in a Windows console."""
    import msvcrt

    end = time.monotonic() + seconds
    while not msvcrt.kbhit():
        if time.monotonic() > end:
            return ""
        time.sleep(TICK / 5)
    key = msvcrt.getwch()
    if key in "\x00\xe0":  # an arrow or the like, whose code follows
        msvcrt.getwch()
        return ""
    if key == "\x03":
        raise KeyboardInterrupt
    return key.lower()


if __name__ == "__main__":
    report(sys.argv[1:])
