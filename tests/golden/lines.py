"""Which line of a wrong program is named: `.venv/bin/python -m tests.golden.lines` prints it for the catalog and for mutants of the styles.

The line at fault is the one that differs from the program that is right.
"""

import ast
import difflib
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from autograder.backprop.observers.lines import find_lines
from autograder.checking import StudentError
from autograder.judge.judge import Judge
from tests.golden import mutator
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solution, solutions
from tests.golden.variants.styles import DNN

PROVIDED = {"__init__", "loss", "predict"}
UNTOUCHED = {"fit", "gradients"}  # which no tensor of the example comes from
MUTANTS = 2_500  # of each style that are chosen from


class Named(NamedTuple):
    """A wrong program: the lines at fault, and those that are named."""

    program: str
    wrong: set[int]
    lines: Mapping[tuple[str, str], str]

    @property
    def numbers(self) -> set[int]:
        """The numbers of the lines that are named."""
        return {int(line.partition(", line ")[2].partition(":")[0]) for line in self.lines.values()}

    @property
    def verdict(self) -> str:
        """Return "right", "WRONG", or "nothing named"."""
        return "WRONG" if self.numbers - self.wrong else "right" if self.lines else "nothing named"


def different_lines(source: str, right: str) -> set[int]:
    """Return the numbers of the lines that differ from a right program; where lines are missing, those around the place."""
    found: set[int] = set()
    matcher = difflib.SequenceMatcher(None, right.splitlines(), source.splitlines(), autojunk=False)
    for operation, _, _, start, end in matcher.get_opcodes():
        if operation != "equal":
            found |= set(range(start + 1, end + 1)) or {start, start + 1}
    return found


def named_lines(judge: Judge, part: str, sources: Mapping[str, bytes]) -> Mapping[tuple[str, str], str]:
    """Return the lines that are named in a part of a submission; none where its code does not end."""
    with judge.sandbox.session({**solutions(), **sources}) as session, suppress(StudentError):
        return find_lines(session, [part])
    return {}


def of_catalog(judge: Judge, part: str) -> Iterator[Named]:
    """Yield what is named in the wrong programs of the catalog."""
    for name, mistake in MISTAKES.items():
        if mistake.part == part:
            wrong = different_lines(mistake.sources[part].decode(), solution(part))
            yield Named(name, wrong, named_lines(judge, part, mistake.sources))


def of_styles(judge: Judge, most: int, seed: str) -> Iterator[Named]:
    """Yield what is named in mutants of the programs in other styles, so many of each."""
    for name, source in DNN.items():
        tree = ast.parse(ast.unparse(ast.parse(source)))
        right, chosen = ast.unparse(tree), mutants_of(tree)
        random.Random(seed).shuffle(chosen)
        for program in chosen[:most]:
            lines = named_lines(judge, "dnn", {"dnn": program.encode()})
            yield Named(name, different_lines(program, right), lines)


def mutants_of(tree: ast.Module) -> list[str]:
    """Return the mutants of a program in which one line differs."""
    right, found = ast.unparse(tree), dict[str, None]()
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        if function.name in PROVIDED | UNTOUCHED:
            continue
        for _ in mutator.mutate(function, mutator.scope_of(function, tree)):
            with suppress(Exception):  # of what cannot be written down
                found[ast.unparse(ast.fix_missing_locations(tree))] = None
            if len(found) == MUTANTS:
                break
    return [one for one in found if len(different_lines(one, right)) == 1]


if __name__ == "__main__":
    with Judge() as judge:
        started = time.perf_counter()
        families = {part: of_catalog(judge, part) for part in ("dnn", "warmup", "extension")}
        for family, rows in {**families, "mutants of the styles": of_styles(judge, 10, "lines")}.items():
            verdicts = Counter[str]()
            for row in rows:
                verdicts[row.verdict] += 1
                if row.verdict == "WRONG":
                    print(row.program, sorted(row.wrong), *row.lines.values(), sep="\n    ")
            print(f"{family}: {dict(verdicts)}, {time.perf_counter() - started:.0f} s so far", flush=True)
