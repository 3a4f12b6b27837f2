"""Runs the public checks without pytest: `python check.py`, or `python check.py PART` for one part.

    python check.py PART --hint     a hint on the first check that does not pass; --hint 2 gives a second one
    python check.py --watch         again each time you save one of your files

Exit code 0: every public check of the part passed; 1: one did not; 2: the command was not understood. It needs numpy alone.
"""

import argparse
import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
from checks.at_home import LocalStudent
from checks.checking import CheckFailure, StudentError, collect_checks
from checks.hints import HINTS
from checks.library import why_missing
from checks.rubric import RUBRIC
from checks.skipped import explain_missing_name
from checks.statements import newer_python

HERE = Path(__file__).resolve().parent
PARTS = tuple(RUBRIC)
FILES = [HERE / f"{part}.py" for part in PARTS]
PATIENCE = 5  # seconds before a check that goes on and on is named
COLOURS = {"right": "\033[32m", "wrong": "\033[31m", "to do": "\033[33m", "plain": "\033[0m"}


def main(arguments=None):
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="check.py", description="Runs the public checks of the assignment.")
    parser.add_argument("part", nargs="?", type=part_name, help=f"{', '.join(PARTS)}; without it all parts")
    parser.add_argument("--hint", nargs="?", const=1, type=hint_number, metavar="N", help="N hints on the first failing check")
    parser.add_argument("--watch", action="store_true", help="run again whenever one of the files is saved")
    given = parser.parse_args(arguments)
    parts = (given.part,) if given.part else PARTS
    return watch(given) if given.watch else run(parts, given.hint or 0)


def part_name(text):
    """Return the name of a part; its file name will do too."""
    name = text.removesuffix(".py")
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {text!r}; the parts are {', '.join(PARTS)}")
    return name


def hint_number(text):
    """Return how many hints to show."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it takes a number, as in --hint 2, and not {text!r}; the part comes before it")
    return int(text)


def run(parts, hints=0):
    """Run the checks of these parts, print a line for each and explain the first that does not pass; returns the exit code."""
    student, passed, count, first = LocalStudent(PARTS), 0, 0, None
    for part in parts:
        print(f"{part}.py")
        for skipped in skipped_in(part, student):
            print(f"  {fitted(str(skipped), 2)}")
        for check, function in checks_of(part):
            with named_when_slow(check.sentence):
                status, explanation = outcome(function, student)
            right = status == "right"
            marks = f"{check.points if right else 0}/{check.points}"
            print(f"  {coloured(status)}  {marks}  {fitted(check.sentence, 11 + len(marks))}")
            passed, count = passed + right, count + 1
            if not right and first is None:
                first = part, check, explanation
        if explanation := rehearse(part, student):
            print(f"  note  {fitted(f'Hidden checks also run other code in {part}.py. Here it raised {explanation}', 8)}")
    done = "Your hand-in is graded with further ones, on other inputs."
    print("\n" + fitted(f"{passed} of {count} public checks passed. {'The first to mend:' if first else done}"))
    if first is None:
        return 0
    explain(*first, hints)
    return 1


def must_pass(part, name):
    """Run one check; AssertionError, with its sentence and what came of it, unless it passes."""
    check, function = next(found for found in checks_of(part) if found[0].name == name)
    with named_when_slow(check.sentence):
        status, explanation = outcome(function, LocalStudent(PARTS))
    if status != "right":
        raise AssertionError(f"{check.sentence}\n{textwrap.indent(visible(explanation), '  ')}")


def task(part, name):
    """Run the public checks of one task; AssertionError for the first that does not pass."""
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        raise AssertionError(
            "nbgrader ran this cell, which grades nothing: the course's nbgrader_config.py must call the grader."
        )
    for check, _ in checks_of(part):
        if check.task == name:
            must_pass(part, check.name)


def skipped_in(part, student):
    """Return the statements of a file that the grader will skip as well; why one cannot be loaded, its checks say."""
    with named_when_slow(f"{part}.py is loaded."), contextlib.suppress(Exception, SystemExit):
        student.module(part)
    return [skipped for skipped in student.skipped if skipped.file == part]


def rehearse(part, student):
    """Run what only hidden checks call, where the public checks say how, and return what it raised."""
    function = getattr(importlib.import_module(f"checks.test_{part}"), "rehearse", None)
    if function is None:
        return ""
    with named_when_slow(f"what hidden checks call of {part}.py."):
        status, explanation = outcome(function, student)
    return explanation if status == "wrong" else ""


def checks_of(part):
    """Return the public checks of a part with their functions, in their order."""
    module = importlib.import_module(f"checks.test_{part}")
    return [(check, check.run) for check in collect_checks([module], RUBRIC)]


@contextlib.contextmanager
def named_when_slow(sentence):
    """Say what is running when it takes long: a loop may never end."""
    words = f"  ... still at: {sentence} Is there a loop that never ends? Ctrl-C stops."
    timer = threading.Timer(PATIENCE, print, [words], {"flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@np.errstate(all="ignore")
def outcome(function, student):
    """(status, explanation) of one check: "right", "wrong", or "to do" where nothing is written yet."""
    try:
        with warnings.catch_warnings(), student.files.as_in_the_grader():
            warnings.simplefilter("ignore")
            function(student)
    except CheckFailure as failure:
        return "wrong", str(failure)
    except (Exception, SystemExit) as error:
        cause = error.__cause__ if isinstance(error, StudentError) and error.__cause__ else error
        return ("to do", str(cause)) if isinstance(cause, NotImplementedError) else ("wrong", told(cause, student.skipped))
    return "right", ""


def told(error, skipped=()):
    """Return an exception in the student's code: what it says, and the student's own lines on the way to it."""
    if isinstance(error, ModuleNotFoundError) and error.name in PARTS:
        return f"{error.name}.py is not in this folder ({HERE})."
    if isinstance(error, SyntaxError):
        return unreadable(error)
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        said = f"{why_missing(error.name)}."
    elif isinstance(error, AttributeError) and getattr(error.obj, "__name__", "") in PARTS:
        said = f"{error.obj.__name__}.py defines no `{error.name}`."
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) in FILES]
    places = [f"\n  {Path(frame.filename).name}, line {frame.lineno}, in {frame.name}: {frame.line}" for frame in own[-5:]]
    return "\n".join(filter(None, [f"{said}{''.join(places)}", explain_missing_name(str(error), skipped)]))


def unreadable(error):
    """Return a syntax error in one of the files."""
    name, line = Path(error.filename or "").name, (error.text or "").strip()
    version = newer_python(line)
    newer = f" Python {version} reads this; yours is older." if version else ""
    return f"{name} could not be loaded: SyntaxError: {error.msg} ({name}, line {error.lineno}: {line}).{newer}"


def explain(part, check, explanation, hints):
    """Print the first check that does not pass, what came of it, and as many hints as were asked for."""
    print(f"\n{fitted(check.sentence)}\n  {fitted(explanation, 2)}")
    available = HINTS.get(check.name, ())
    for number, hint in enumerate(available[:hints], start=1):
        print("\n" + fitted(f"Hint {number} of {len(available)}: {hint}"))
    if hints < len(available):
        more = f"python check.py {part} --hint{f' {hints + 1}' if hints else ''}"
        print("\n" + fitted(f"{'The next' if hints else 'A'} hint: {more}"))


def fitted(text, indent=0):
    """Return the text for a terminal: each line broken where there is no more room, and all but the first further right."""
    lines = visible(text).splitlines()
    if sys.stdout.isatty():
        room = max(20, shutil.get_terminal_size().columns - indent)
        lines = [piece for line in lines for piece in textwrap.wrap(line, room) or [""]]
    return ("\n" + " " * indent).join(lines)


def visible(text):
    """Return the text with every character that is none to read written out: an exception may hold what a terminal obeys."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else f"\\u{ord(letter):04x}" for letter in text)


def coloured(status):
    """The status in its colour, where the output is a terminal that can and has not asked for none (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return f"{status:5}"
    return f"{COLOURS[status]}{status:5}{COLOURS['plain']}"


def watch(given):
    """Run the checks in a process of their own, and anew whenever a file is saved, until Ctrl-C; returns 0.

    A process of its own, because a loop that never ends must not keep the next version from being tried.
    """
    part = [given.part] if given.part else []
    hint = ["--hint", str(given.hint)] if given.hint else []
    process = None
    try:
        while True:
            seen = saved()
            process = subprocess.Popen([sys.executable, __file__, *part, *hint])
            while saved() == seen:
                time.sleep(0.2)
            process.kill()
            process.wait()
            print(f"\n{'-' * 30} saved at {time.strftime('%H:%M:%S')} {'-' * 30}\n", flush=True)
    except KeyboardInterrupt:
        print("\nNo longer watching.")
        return 0
    finally:
        if process is not None:
            process.kill()


def saved():
    """When each of the files was last saved."""
    times = {}
    for file in FILES:
        with contextlib.suppress(OSError):  # an editor may replace the file just now
            times[file] = file.stat().st_mtime_ns
    return times


if __name__ == "__main__":
    if os.name == "nt":
        os.system("")  # noqa: S605, S607 - it makes a Windows console understand colours
    sys.stdout.reconfigure(errors="backslashreplace")  # a console need not have every letter
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped before the checks were done.")
