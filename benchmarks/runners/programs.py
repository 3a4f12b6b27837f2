"""The graded submissions: the two controls, and the hostile ones."""

from autograder.files import ROOT
from tests.course import PARTS
from tests.golden.attacks import ATTACKS, Attack
from tests.golden.programs import solution

CONTROLS = {
    "the solution": Attack("nothing", {f"{part}.py": solution(part) for part in PARTS}, (15, 60, 25)),
    "the empty skeleton": Attack("nothing", {f"{part}.py": (ROOT / f"assignment/{part}.py").read_text() for part in PARTS}),
}


def program(name: str) -> Attack:
    """Return the control or the attack of this name."""
    return CONTROLS[name] if name in CONTROLS else ATTACKS[name]
