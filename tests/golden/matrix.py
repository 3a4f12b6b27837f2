"""`make bench WHAT=matrix`: grade every mutant and every correct variant into build/matrix.html; exit code 1 if one is unfair.

Unfair is a wrong program that keeps all its marks, a right one that loses some, and a check that catches nothing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from autograder.backprop.mistakes import MISTAKES as CATALOG
from autograder.checking import Check
from autograder.files import ROOT
from autograder.judge.judge import Judge
from autograder.report import page as pages
from tests.course import CHECKS, PARTS
from tests.golden import record
from tests.golden.mistakes import MISTAKES
from tests.golden.variants import VARIANTS
from tests.limits import QUICK

PAGE = ROOT / "build/matrix.html"
ROWS = {row.id: row for rows in CATALOG.values() for row in rows}


class Row(NamedTuple):
    """A wrong program: what is wrong in it, its marks, which checks catch it, and the cause that is named."""

    name: str
    said: str
    marks: float
    caught: list[bool]
    verdict: str
    twins: list[str]


class Table(NamedTuple):
    """The wrong programs of a part beside its checks; catches counts, for each check, the programs it catches."""

    part: str
    checks: list[Check]
    points: float
    rows: list[Row]
    catches: list[int]


def tables(found: dict[str, Any]) -> Iterator[Table]:
    """Yield a table for each part."""
    for part in PARTS:
        checks = [check for check in CHECKS if check.part == part]
        rows = [row(name, found["mistakes"][name], checks) for name, one in MISTAKES.items() if one.part == part]
        catches = [sum(caught) for caught in zip(*(one.caught for one in rows), strict=True)]
        yield Table(part, checks, sum(check.points for check in checks), rows, catches)


def row(name: str, one: dict[str, Any], checks: list[Check]) -> Row:
    """Return the line of one wrong program."""
    first = one["named"][0] if one["named"] else []
    verdict = "first" if first[:1] == [name] else "twin" if name in first else "no"
    said = ROWS[name].answer if name in ROWS else ""
    caught = [check.name in one["lost"] for check in checks]
    return Row(name, said, one["marks"], caught, verdict, [twin for twin in first if twin != name])


def unfair(found: dict[str, Any]) -> list[str]:
    """Return what is wrong with the checks, a sentence each."""
    sentences = [f"{name} is caught by no check" for name, one in found["mistakes"].items() if not one["lost"]]
    sentences += [f"{name} loses {', '.join(one['lost'])}" for name, one in found["variants"].items() if one["lost"]]
    for table in tables(found):
        sentences += [f"{check.name} catches nothing" for check, n in zip(table.checks, table.catches, strict=True) if not n]
    return sentences


def page(found: dict[str, Any]) -> str:
    """Return the text of the page."""
    variants = [(name, one["marks"], one["lost"]) for name, one in found["variants"].items()]
    rows = [one for table in tables(found) for one in table.rows]
    shares = {verdict: sum(one.verdict == verdict for one in rows) for verdict in ("first", "twin", "no")}
    return pages.render_page(
        "matrix",
        Path(__file__).parent,
        tables=list(tables(found)),
        variants=variants,
        unfair=unfair(found),
        count=len(rows),
        shares=shares,
    )


if __name__ == "__main__":
    with Judge(QUICK) as judge:
        found = record.gradings(judge.grade)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(found), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(MISTAKES)} wrong programs, {len(VARIANTS)} right ones")
    if found != record.read():
        print("Scores differ from tests/golden/marks.json; `.venv/bin/python -m tests.golden.record` updates it.", file=sys.stderr)
    for sentence in unfair(found):
        print(sentence, file=sys.stderr)
    sys.exit(bool(unfair(found)))
