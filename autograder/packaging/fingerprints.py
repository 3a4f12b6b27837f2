"""Build the table with which check.py names a mistake at home: digests of each mutant's results on the public examples.

The mutants are made from the solution, so they are safe to run here. Students get only the digests.
"""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from autograder.assignment import Assignment
from autograder.at_home import LocalStudent
from autograder.files import module_name
from autograder.naming import MAX_TITLES, Known, Observed, digest, is_evidence, rounded, write_table
from autograder.packaging.regions import solved


class Sources(MetaPathFinder, Loader):
    """Our own sources, importable under the names of a student's files while the context lasts."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> ModuleSpec | None:
        """Return the spec of one of the sources; None for any other module."""
        return importlib.util.spec_from_loader(fullname, self) if fullname in self.sources else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the source."""
        exec(compiled(module.__name__, self.sources[module.__name__]), vars(module))  # noqa: S102

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Import the sources instead of any modules with the same names."""
        before = {name: sys.modules.pop(name) for name in self.sources if name in sys.modules}
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            for name in self.sources:
                sys.modules.pop(name, None)
            sys.modules.update(before)


@cache
def compiled(name: str, source: str) -> CodeType:
    """Return a compiled source; most mutants share all files but one."""
    return compile(source, f"{name}.py", "exec")


@cache
def fingerprints(assignment: Assignment) -> dict[str, str]:
    """Return the table of each part that has known mistakes, as text."""
    solutions = {part: solved((assignment.solution / f"{part}.py").read_text()) for part in assignment.part_names}
    rows: dict[str, list[Known]] = {part: [] for part in solutions}
    for wrong in assignment.wrong_programs(solutions):
        seen = observe(assignment, wrong.part, {**solutions, wrong.part: wrong.source})
        found = {one.place: rounded(digest(one.got)) for one in seen if is_evidence(one) and not one.is_right}
        if found:  # mistakes that no public example shows cannot be named at home
            rows[wrong.part].append(Known(wrong.title, wrong.hints, found))
    return {part: write_table(merge_alike(known)) for part, known in rows.items() if known}


def observe(assignment: Assignment, part: str, sources: Mapping[str, str]) -> list[Observed]:
    """Return the results of one of our programs on the public examples of a part."""
    module = importlib.import_module(module_name(assignment.public / f"test_{part}.py"))
    student = LocalStudent()
    with Sources(sources).importable(), student.running(vars(module)):
        return list(module.observe(student))


def merge_alike(rows: list[Known]) -> Iterator[Known]:
    """Yield the rows without duplicates of the same title and results, and without titles for results that are ambiguous.

    An ambiguous row stays in the table without its title, so that no other mistake is named instead.
    """
    alike: dict[tuple, list[Known]] = {}
    for row in rows:
        alike.setdefault(tuple(row.wrong.items()), []).append(row)
    for group in alike.values():
        titles = {row.title: row for row in group}
        if len(titles) > MAX_TITLES:
            yield Known("", (), group[0].wrong)
        else:
            yield from titles.values()
