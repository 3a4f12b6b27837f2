"""The command `check.py`: runs the public checks, prints a line for each, and explains the first one that fails."""

import argparse
import contextlib
import importlib
import os
import shutil
import sys
import textwrap
import threading
import traceback
from pathlib import Path

from checks.at_home import LocalStudent, collect_local_checks
from checks.checking import CheckFailure, StudentError
from checks.hints import HINTS
from checks.library import why_missing
from checks.misfits import describe_misfit, find_raise
from checks.naming import find_at_home
from checks.rubric import RUBRIC
from checks.skipped import explain_missing_name
from checks.starting import python_command, quote
from checks.statements import newer_python

HERE = Path(__file__).resolve().parent.parent
PARTS = tuple(RUBRIC)
FILES = [HERE / f"{part}.py" for part in PARTS]
MAX_FRAMES = 5  # of the student's lines that led to an exception are shown
PATIENCE = 5  # seconds after which a running check is named
PASSED = ("passed", "follows")  # the statuses that earn the points
GREEN, RED, YELLOW, PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[0m"
COLOURS = {"passed": GREEN, "follows": GREEN, "wrong": RED, "missing": RED, "to do": YELLOW}
FOLLOWS = '"follows" means: correct formula, wrong input. The check counts as passed; fix the step that its input comes from.'
DONE = "Your submission is also graded with hidden checks, on other inputs."
HINT_KEY = ""  # in --watch, the key that shows the next hint


def main(arguments=None):
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="check.py", description="Runs the public checks of the assignment.")
    parser.add_argument("part", nargs="?", type=part_name, help=f"{', '.join(PARTS)}; all parts if you leave it out")
    parser.add_argument("--hint", nargs="?", const=1, type=hint_number, metavar="N", help="N hints for the first failing check")
    parser.add_argument("--watch", action="store_true", help="run again whenever you save one of the files")
    given = parser.parse_args(arguments)
    parts = (given.part,) if given.part else PARTS
    if not any((HERE / f"{part}.py").exists() for part in parts):
        print(describe_missing_files(parts), file=sys.stderr)
        return 2
    if given.watch:
        from checks.watch import watch  # here, because the other ways to call this should not wait for it

        return watch(parts, given.hint or 0)
    if Path.cwd() != HERE:
        print(f"Checking the files in {HERE}.\n")
    return run(parts, given.hint or 0)


def part_name(text):
    """Return the name of a part, given its name or its file name."""
    name = text.removesuffix(".py")
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {text!r}; the parts are {', '.join(PARTS)}")
    return name


def hint_number(text):
    """Return how many hints to show."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number, as in --hint 2, not {text!r}; put the part first")
    return int(text)


def describe_missing_files(parts):
    """Return a sentence that says which files are missing, and which files may have the wrong name."""
    names = [f"{part}.py" for part in parts]
    others = sorted(path.name for path in HERE.iterdir() if path.is_file())
    wrong = [f"{other} to {part}.py" for part in parts for other in others if other.lower().startswith(part)]
    advice = f"Rename {', '.join(wrong)}" if wrong else "Put your work there"
    listed = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"There is no {listed} in {HERE}. {advice}, then run: {command_line(*parts[: len(parts) == 1])}"


def command_line(*arguments):
    """Return the command that runs check.py with these arguments from the current folder."""
    script = "check.py" if Path.cwd() == HERE else str(HERE / "check.py")
    return " ".join([python_command(), quote(script), *arguments])


def run(parts, hints=0):
    """Run the checks of these parts, print a line for each and explain the first one that fails; return the exit code."""
    student, statuses, first, explained = LocalStudent(PARTS), [], None, set()
    for part in parts:
        print(f"{part}.py")
        for skipped in skipped_in(part, student):
            print(f"  {fitted(str(skipped), 2)}")
        for check, function in checks_of(part):
            with named_when_slow(check.sentence):
                status, explanation = outcome(function, student)
            print(line_of(check, status, explanation))
            statuses.append(status)
            explained.add(explanation)
            if status not in PASSED and first is None:
                first = status, part, check, explanation, find_mistake(part, check, student)
        status, explanation = rehearse(part, student)
        if status not in PASSED and explanation not in explained:
            print(note_line(part, status, explanation))
    if "follows" in statuses:
        print("\n" + fitted(FOLLOWS))
    passed = sum(status in PASSED for status in statuses)
    print("\n" + fitted(f"{passed} of {len(statuses)} public checks passed. {heading(first and first[0])}"))
    if first is None:
        return 0
    explain(*first[1:], hints)
    return 1


def heading(status):
    """Return the heading above the first failing check, by its status; None means that all checks passed."""
    return DONE if status is None else "Start here:" if status == "to do" else "Fix this first:"


def line_of(check, status, explanation):
    """Return the line of a check: its status, its points (none for practice) and its sentence."""
    points = f"{check.points if status in PASSED else 0:g}/{check.points:g}" if check.points else " - "
    sentence = f"{check.sentence} {explanation}" if status == "follows" else check.sentence
    return f"  {coloured(status)}  {points}  {fitted(sentence, 13 + len(points))}"


def note_line(part, status, explanation):
    """Return the line about code that only hidden checks run."""
    if status == "to do":
        todo, _, _ = explanation.partition("\n")
        return f"  {coloured(status)}  {fitted(f'{todo} Only hidden checks run this.', 11)}"
    return f"  note     {fitted(f'Hidden checks also run other code in {part}.py. Here it raised {explanation}', 11)}"


def must_pass(part, name):
    """Run one check; raise AssertionError, with its sentence and an explanation, if it fails."""
    check, function = next(found for found in checks_of(part) if found[0].name == name)
    student = LocalStudent(PARTS)
    with named_when_slow(check.sentence):
        status, explanation = outcome(function, student)
    if status not in PASSED:
        found = find_mistake(part, check, student)
        said = found.with_exception(explanation) if found else explanation
        raise AssertionError(f"{check.sentence}\n{textwrap.indent(visible(said), '  ')}")
    if status == "follows":
        print(line_of(check, status, explanation))


def task(part, name):
    """Run the public checks of one task; raise AssertionError for the first one that fails."""
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        raise AssertionError(
            "nbgrader ran this cell, which grades nothing: the course's nbgrader_config.py must call the grader."
        )
    for check, _ in checks_of(part):
        if check.task == name:
            must_pass(part, check.name)


def skipped_in(part, student):
    """Return the statements of a file that the grader will skip, too. If the file doesn't load, its checks say why."""
    with named_when_slow(f"{part}.py is loaded."), contextlib.suppress(Exception, SystemExit):
        student.module(part)
    return [skipped for skipped in student.skipped if skipped.file == part]


def rehearse(part, student):
    """Run the code that only hidden checks call, if the public checks say how; return (status, explanation)."""
    function = getattr(importlib.import_module(f"checks.test_{part}"), "rehearse", lambda student: None)
    with named_when_slow(f"code of {part}.py that hidden checks call."):
        return outcome(function, student)


def checks_of(part):
    """Return the public checks of a part with their functions, in their order."""
    module = importlib.import_module(f"checks.test_{part}")
    return [(check, check.run) for check in collect_local_checks(part, module, RUBRIC)]


def find_mistake(part, check, student):
    """Return the mistake behind a failing check, with hints; None if it is unknown."""
    with named_when_slow(check.sentence):
        return find_at_home(importlib.import_module(f"checks.test_{part}"), check.name, student, HINTS)


@contextlib.contextmanager
def named_when_slow(sentence):
    """Print what is running if it takes long, because it may be an infinite loop."""
    words = f"  ... still running: {sentence} Is there an infinite loop? Press Ctrl-C to stop."
    timer = threading.Timer(PATIENCE, print, [words], {"flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def outcome(function, student):
    """Run one check and return (status, explanation); COLOURS lists the statuses."""
    student.follows = ""
    try:
        with student.running(function.__globals__):
            function(student)
    except CheckFailure as failure:
        return "wrong", str(failure)
    except (Exception, SystemExit) as error:
        cause = error.__cause__ if isinstance(error, StudentError) and error.__cause__ else error
        if isinstance(cause, NotImplementedError):
            return "to do", describe_to_do(cause, student)
        is_missing = isinstance(cause, ModuleNotFoundError) and cause.name in PARTS
        return "missing" if is_missing else "wrong", describe_exception(cause, student)
    return ("follows", student.follows) if student.follows else ("passed", "")


def describe_to_do(error, student):
    """Return what is still to do and the line that says so, which may have been left in after the work was done."""
    line = find_raise(error, own_paths(student))
    place = f"{line.file}, line {line.number}: " if line else ""
    return f"{place}{str(error) or 'raise NotImplementedError'}\nDelete this `raise` when your code is in place."


def own_paths(student):
    """Return the paths of the student's files, including files that a notebook imported before check.py."""
    return student.files.paths | {str(path) for path in FILES}


def describe_exception(error, student):
    """Return an exception in the student's code: what it says, and the student's own lines that led to it."""
    if isinstance(error, ModuleNotFoundError) and error.name in PARTS:
        return f"There is no {error.name}.py in {HERE}."
    if isinstance(error, SyntaxError):
        return describe_syntax_error(error)
    if misfit := describe_misfit(error, own_paths(student)):
        return misfit
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        said = f"{why_missing(error.name)}."
    elif isinstance(error, AttributeError) and getattr(error.obj, "__name__", "") in PARTS:
        said = f"{error.obj.__name__}.py defines no `{error.name}`."
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename in own_paths(student)]
    places = [f"\n  {Path(one.filename).name}, line {one.lineno}, in {one.name}: {one.line}" for one in frames[-MAX_FRAMES:]]
    return "\n".join(filter(None, [f"{said}{''.join(places)}", explain_missing_name(str(error), student.skipped)]))


def describe_syntax_error(error):
    """Return a syntax error in one of the files, with its line."""
    name, line = Path(error.filename or "").name, (error.text or "").strip()
    version = newer_python(line)
    newer = f" This line needs Python {version}; yours is older." if version else ""
    return f"{name} could not be loaded: SyntaxError: {error.msg} ({name}, line {error.lineno}: {line}).{newer}"


def explain(part, check, explanation, found, hints):
    """Print a failing check, the mistake behind it, and the requested number of hints."""
    said = found.with_exception(explanation) if found else explanation
    print(f"\n{fitted(check.sentence)}\n  {fitted(said, 2)}")
    available = found.hints if found else HINTS.get(check.name, ())
    for number, hint in enumerate(available[:hints], start=1):
        print("\n" + fitted(f"Hint {number} of {len(available)}: {hint}"))
    if hints < len(available):
        print("\n" + fitted(offer_hint(part, hints)))


def offer_hint(part, hints):
    """Return how to get one more hint."""
    one = "the next hint" if hints else "a hint"
    if HINT_KEY:
        return f"Press {HINT_KEY} for {one}."
    return f"For {one}, run: {command_line(part, '--hint', *([str(hints + 1)] if hints else []))}"


def fitted(text, indent=0):
    """Return the text wrapped to the width of the terminal, with all lines but the first indented."""
    lines = visible(text).splitlines()
    if sys.stdout.isatty():
        room = max(20, shutil.get_terminal_size().columns - indent)
        lines = [piece for line in lines for piece in textwrap.wrap(line, room) or [""]]
    return ("\n" + " " * indent).join(lines)


def visible(text):
    """Return the text with unprintable characters escaped: an exception may contain control sequences."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else f"\\u{ord(letter):04x}" for letter in text)


def coloured(status):
    """Return the status in its colour if the output is a terminal with colours."""
    return f"{COLOURS[status]}{status:7}{PLAIN}" if sys.stdout.isatty() and wants_colours() else f"{status:7}"


def wants_colours():
    """Return whether colours are allowed (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
