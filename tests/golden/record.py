"""The expected results of all incorrect and correct programs of the golden tests, saved in marks.json.

`.venv/bin/python -m tests.golden.record` writes the file again; review the difference before you commit it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.intake.read import Submission
from autograder.judge.judge import Judge
from autograder.results import Result
from tests.course import PARTS
from tests.golden.mistakes import MISTAKES, PAIRS, Mistake, Pair
from tests.golden.programs import submission
from tests.golden.variants import VARIANTS
from tests.limits import QUICK

FILE = Path(__file__).with_name("marks.json")


def of_mistake(mistake: Mistake, result: Result) -> dict[str, Any]:
    """Return the marks of the part that is wrong, the checks it loses, and the mistakes that are named first, as a cause each."""
    lost = [check.id.partition(".")[2] for check in result.failed if check.part == mistake.part]
    causes = [list(cause.mistakes) for cause in result.causes if cause.part == mistake.part]
    return {"marks": result.part_score(mistake.part), "lost": lost, "named": causes}


def of_pair(pair: Pair, result: Result) -> dict[str, Any]:
    """Return which of two mistakes are named."""
    named = {name for cause in result.causes if cause.part == pair.part for name in cause.mistakes}
    return {"named": [name for name in pair.mistakes if name in named]}


def of_variant(sources: dict[str, bytes], result: Result) -> dict[str, Any]:
    """Return the marks of a right program, and the checks it loses all the same."""
    parts = [part for part in PARTS if part in sources]
    lost = [check.id for check in result.failed if check.part in parts]
    return {"marks": sum(result.part_score(part) or 0 for part in parts), "lost": lost}


def gradings(grade: Callable[[Submission], Result]) -> dict[str, Any]:
    """Return the record of grading every program."""
    return {
        "mistakes": {name: of_mistake(one, grade(submission(one.sources))) for name, one in MISTAKES.items()},
        "pairs": {name: of_pair(one, grade(submission(one.sources))) for name, one in PAIRS.items()},
        "variants": {name: of_variant(one, grade(submission(one))) for name, one in VARIANTS.items()},
    }


def dumped(found: dict[str, Any]) -> str:
    """Return the record as text, one line a program."""
    tables = []
    for table, rows in found.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items())
        tables.append(f" {json.dumps(table)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def read() -> dict[str, Any]:
    """Return the record that is committed."""
    return json.loads(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    with Judge(QUICK) as judge:
        FILE.write_text(dumped(gradings(judge.grade)), encoding="utf-8")
