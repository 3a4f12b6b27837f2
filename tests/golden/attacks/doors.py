"""Templates for submissions with hostile code, so that each row of a table contains only the attack itself.

A greedy attack is hostile code and the empty skeleton, which deserves no point. A vandal is hostile code and the solution.
"""

import textwrap
from collections.abc import Mapping

from autograder.files import ROOT
from tests.golden.attacks.attack import Attack
from tests.golden.programs import solution

SKELETON = (ROOT / "assignment/dnn.py").read_text()
FORWARD, BACKWARD = (
    next(line for line in SKELETON.splitlines() if line.strip().startswith(f'raise NotImplementedError("Task {task}'))
    for task in ("3: complete forward", "4: complete compute_gradients")
)
DNN_POINTS = 60

# Runs `attack` when the module is loaded and again in every call; what it returns or raises goes out in an exception.
SPY = """
def reached():
    return "canary-" + "reached"


def attack():
{body}


def tried():
    try:
        return repr(attack())[:900]
    except BaseException as error:
        return f"{{type(error).__name__}}: {{error}}"[:200]


SEEN = tried()
"""


def at_import(code: str, program: str = SKELETON) -> str:
    """Return the program with code in front of it."""
    return f"{textwrap.dedent(code).strip()}\n\n\n{program}"


def in_methods(code: str, program: str = SKELETON) -> str:
    """Return the skeleton with this code as the body of forward and of compute_gradients."""
    body = textwrap.indent(textwrap.dedent(code).strip(), " " * 8)
    for line in (FORWARD, BACKWARD):
        assert line in program
        program = program.replace(line, body)
    return program


def greedy(tries: str, classes: tuple[int, ...], source: str) -> Attack:
    """Return an attack that deserves no point."""
    return Attack(tries, {"dnn.py": source}, classes=classes)


def spy(tries: str, classes: tuple[int, ...], body: str) -> Attack:
    """Return a greedy attack that runs a function body at every door, and tells what it returns."""
    found = SPY.format(body=textwrap.indent(textwrap.dedent(body).strip(), "    "))
    return greedy(tries, classes, at_import(found, in_methods('raise RuntimeError(f"{tried()} {SEEN}")')))


def vandal(tries: str, classes: tuple[int, ...], source: str, points: int = DNN_POINTS) -> Attack:
    """Return an attack that deserves some points of dnn.py."""
    return Attack(tries, {"dnn.py": source}, (0, points, 0), classes=classes)


# A source that shows that it ran.
TRAP = 'open("@OPEN_FOLDER@/planted", "w").write("x")\nraise RuntimeError("canary-" + "reached")\n'


def beside(tries: str, classes: tuple[int, ...], files: Mapping[str, str | bytes]) -> Attack:
    """Return the solution of dnn.py, which gets its points, beside other files that must never run."""
    return Attack(tries, {"dnn.py": solution(), **files}, (0, DNN_POINTS, 0), classes=classes)
