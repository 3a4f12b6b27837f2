"""`.venv/bin/python -m tests.golden.naming`: what check.py says at home of every wrong program, here with the program in the sandbox.

Prints a line for each program, and how many are named, told as they are, or not named.
"""

import importlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from autograder.backprop.mistakes import MISTAKES as CATALOG
from autograder.checking import CheckFailure, StudentError
from autograder.judge.judge import Judge
from autograder.naming import Finding, Known, find_mistake, is_evidence, read_table
from autograder.packaging.fingerprints import fingerprints
from autograder.sandbox.student import SandboxedStudent
from solution.hints import HINTS
from tests.course import ASSIGNMENT, CHECKS
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solutions
from tests.limits import QUICK

TITLES = {row.id: row.title for rows in CATALOG.values() for row in rows}


class Naming(NamedTuple):
    """What check.py says of a program: the first public check that does not pass, and what is behind it."""

    check: str
    found: Finding | None

    def verdict(self, *titles: str) -> str:
        """Return what is said of a program with mistakes of these titles."""
        if not self.check:
            return "not seen"
        if self.found and self.found.titles:
            return "named" if {*self.found.titles} & {*titles} else "false"
        return "not named" if self.found and is_evidence(self.found.first) else "told as it is"


@cache
def known_mistakes() -> dict[str, list[Known]]:
    """Return the table of each part, as students get it."""
    return {part: read_table(table) for part, table in fingerprints(ASSIGNMENT).items()}


def first_failing(part: str, student: SandboxedStudent) -> str:
    """Return the name of the first public check of a part that does not pass, "" if all do."""
    for check in CHECKS:
        if check.part == part and check.visibility == "public":
            student.begin_check()
            try:
                check.run(student)
            except (CheckFailure, StudentError):
                return check.name
    return ""


@np.errstate(all="ignore")
def name_mistake(judge: Judge, part: str, sources: Mapping[str, bytes]) -> Naming:
    """Return what check.py says of a part of a program that is run in the sandbox."""
    module = importlib.import_module(f"tests.public.test_{part}")
    with judge.sandbox.session({**solutions(), **sources}) as student:
        check = first_failing(part, student)
        student.begin_check()
        return Naming(check, find_mistake([*module.observe(student)], known_mistakes()[part], check, HINTS) if check else None)


def main() -> None:
    """Print the table."""
    counts: Counter[tuple[str, str]] = Counter()
    with Judge(QUICK) as judge:
        for name, one in MISTAKES.items():
            naming = name_mistake(judge, one.part, one.sources)
            verdict = naming.verdict(TITLES[name])
            counts[one.part, verdict] += 1
            print(f"{one.part:9}  {verdict:13}  {name}: {naming.found.said if naming.found else ''}".replace("\n", " "))
    for (part, verdict), count in sorted(counts.items()):
        print(f"{part:9}  {verdict:13}  {count}")


if __name__ == "__main__":
    main()
