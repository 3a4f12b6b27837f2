"""The catalog of mistakes: for each part its steps and its tables, with a row for each mistake.

families/ holds the rows that recur with other names in several tables.
"""

from collections.abc import Mapping
from dataclasses import replace

from autograder.backprop.mistakes import dnn, extension, warmup
from autograder.diagnosis.mistake import Mistake, Step


def list_rows(tables: tuple[Mapping[str, Mistake], ...]) -> list[Mistake]:
    """Return the rows of some tables in order, each with its key as its id."""
    return [replace(row, id=key) for table in tables for key, row in table.items()]


STEPS: dict[str, dict[str, Step]] = {"warmup": warmup.STEPS, "dnn": dnn.STEPS, "extension": extension.STEPS}
MISTAKES: dict[str, list[Mistake]] = {
    "warmup": list_rows(warmup.TABLES),
    "dnn": list_rows(dnn.TABLES),
    "extension": list_rows(extension.TABLES),
}

__all__ = ["MISTAKES", "STEPS", "Mistake", "Step"]
