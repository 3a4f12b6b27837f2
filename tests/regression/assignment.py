"""A second, small assignment: gradient descent for linear regression. docs/new-assignment.md walks through it."""

import hmac
import importlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.assignment import Assignment, parts_of
from autograder.checking import collect_checks
from tests.regression.mistakes import diagnose

HERE = Path(__file__).resolve().parent
RUBRIC = {
    "model": {
        "predict and loss": {"public": {"example_predict": 10}, "hidden": {"loss": 20}},
        "gradients": {"public": {"example_gradients": 10}, "hidden": {"gradients": 30}},
    },
    "descent": {"fit": {"public": {"example_fit": 10}, "hidden": {"fit": 20}}},
}
CHECKS = tuple(f"tests.regression.{folder}.test_{part}" for part in RUBRIC for folder in ("public", "hidden"))


@dataclass(frozen=True)
class Data:
    """The inputs of the hidden checks: w (p,), b, X (m, p) and y (m,)."""

    w: np.ndarray
    b: float
    X: np.ndarray
    y: np.ndarray


def draw_data(secret: bytes) -> Data:
    """Return inputs that depend on the secret alone."""
    rng = np.random.default_rng(int.from_bytes(hmac.digest(secret, b"regression", "sha256"), "big"))
    return Data(rng.normal(size=3), float(rng.normal()), rng.normal(size=(7, 3)), rng.normal(size=7))


class Regression(Assignment):
    """Gradient descent for linear regression, in numpy."""

    name = "regression"
    title = "Linear regression"
    parts = parts_of(RUBRIC, needs={"descent": ("model",)})
    default_part = "model"
    solution = HERE / "solution"
    starter = HERE / "starter"
    examples = HERE / "examples"
    public = HERE / "public"
    hidden = HERE / "hidden"
    sources = (HERE / "assignment.py", HERE / "mistakes.py", public, hidden)

    def checks(self, secret):
        """Return the graded checks of the parts in use."""
        found = collect_checks(map(importlib.import_module, CHECKS), RUBRIC, data=draw_data(secret))
        return [check for check in found if check.part in self.part_names]

    def diagnose(self, part, student, seen, apart, failures, secret):
        """Return the mistakes of the catalog that explain the failures of a part."""
        student.begin_check(hidden=True)
        return diagnose(part, student, draw_data(secret))


ASSIGNMENT = Regression()
