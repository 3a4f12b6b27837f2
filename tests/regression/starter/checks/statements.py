"""Runs a submitted file as the grader does: one top-level statement at a time.

A statement that raises, exits, waits for input, imports what the grader does not have or takes too long is skipped, and the
rest of the file runs. So are the lines that a notebook leaves behind (`%magic`, `!pip`, `np.dot?`). A syntax error stays one.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations
import __future__ as futures

import ast
import contextlib
import copy
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from checks.library import is_available
from checks.processor_time import limit_processor_time
from checks.skipped import (
    IMPORTS_EACH_OTHER,
    IN_A_NOTEBOOK,
    IN_ONE_FOLDER,
    NEEDS,
    STATEMENT_SECONDS,
    Skipped,
    reason_for,
    shorten,
)

FILE_SECONDS = 4.0  # of processor time, for all statements of a file, after which each one gets MIN_SECONDS
MIN_SECONDS = 0.2
MAX_NAMES = 100  # that one statement defines
MAX_LEFTOVERS = 100  # lines of a notebook in one file

LEFTOVER = re.compile(r"[ \t]*(?:(?:[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*=[ \t]*)?[%!?]|[\w.]+\?{1,2}[ \t]*$)")
OTHER_LANGUAGE = re.compile(r"%%(?:bash|sh|script|html|javascript|js|latex|markdown|svg|perl|ruby)\b")
NEXT_CELL = re.compile(r"# ?(?:%%|In ?\[)|%%")
# From which version of Python on a line is correct, and how such a line begins.
NEWER_SYNTAX = {
    (3, 12): re.compile(r"(?:(?:async )?def|class) \w+ ?\[|type \w+.* ?=|.*\bf\"[^\"]*\{[^}\"]*\"|.*\bf'[^']*\{[^}']*'"),
    (3, 14): re.compile(r"except \*?\w[\w.]*(?:, ?\w[\w.]*)+:|.*\bt[\"']"),
    (3, 11): re.compile(r"except ?\*"),
}


def run_statements(
    file: str,
    source: str,
    namespace: dict[str, Any],
    files: Collection[str] = (),
    skip: Mapping[int, str] = {},
    begin: Callable[[int, float], None] = lambda number, seconds: None,
    seconds: float = STATEMENT_SECONDS,
) -> list[Skipped]:
    """Run the statements of a file in the namespace of its module, and return the skipped statements.

    An import of one of the files as a part of a package takes the file itself, and a function or a class is defined without the
    decorators and annotations that need a skipped name. skip has the reason for each statement that is
    not to be run, by its number; begin is told the number and the processor time of each statement that is. Raise SyntaxError
    if the file is not Python, and ImportError for a statement that imports a file which itself imports the one that is being
    loaded.
    """
    lines = re.split("\r\n|\r|\n", source)
    tree, skipped = parse(file, lines)
    flags = future_flags(tree)
    left = FILE_SECONDS * seconds / STATEMENT_SECONDS

    def execute(node: ast.stmt) -> None:
        exec(compile(ast.Module([node], []), namespace["__file__"], "exec", flags, dont_inherit=True), namespace)  # noqa: S102

    for number, node in enumerate(split_imports(tree)):
        if number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # by itself it would be compiled as the docstring of the module
        if number in skip:
            skipped.append(describe(file, number, node, lines, skip[number]))
            continue
        share, started = min(seconds, max(left, MIN_SECONDS)), time.process_time()
        begin(number, share)
        try:
            with limit_processor_time(share), without_waiting():
                skipped += run_statement(file, node, files, execute, skipped)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if is_circular(error, file) or (isinstance(error, SyntaxError) and error.filename == namespace["__file__"]):
                raise
            skipped.append(describe(file, number, node, lines, reason_for(error, skipped)))
        left -= time.process_time() - started
    return skipped


def run_statement(
    file: str, node: ast.stmt, files: Collection[str], execute: Callable[[ast.stmt], None], skipped: Sequence[Skipped]
) -> list[Skipped]:
    """Run a statement; return what of it was left out or read in another way, so that it runs."""
    here = import_from_here(node, files)
    if here:
        execute(here)
        reason = IN_ONE_FOLDER.format(ast.unparse(here))
        return [Skipped(file, -node.lineno, node.lineno, shorten(ast.unparse(node)), reason)]
    try:
        execute(node)
    except NameError as error:
        missing = {name: one for one in skipped for name in one.names}
        lighter = WithoutMissing(missing)
        node = lighter.visit(copy.deepcopy(node))
        if error.name not in missing or not lighter.found:
            raise
        execute(node)
        reasons = {place: NEEDS.format(name, missing[name].line) for place, name in lighter.found.items()}
        return [Skipped(file, -line, line, shorten(text), reason) for (line, text), reason in reasons.items()]
    return []


class WithoutMissing(ast.NodeTransformer):
    """Takes from functions and classes the decorators and annotations that need a name which was skipped.

    found has that name, by the line and the text of each.
    """

    def __init__(self, missing: Collection[str]) -> None:
        self.missing = missing
        self.found: dict[tuple[int, str], str] = {}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Leave out what needs such a name, and go on below."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            node.decorator_list = [one for one in node.decorator_list if not self.needs_missing(one, "@")]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns and self.needs_missing(node.returns):
            node.returns = None
        if isinstance(node, ast.arg) and node.annotation and self.needs_missing(node.annotation):
            node.annotation = None
        if isinstance(node, ast.AnnAssign) and self.needs_missing(node.annotation):
            node.annotation = ast.copy_location(ast.Constant(None), node.annotation)
        return super().generic_visit(node)

    def needs_missing(self, expression: ast.expr, sign: str = "") -> bool:
        """Return whether an expression needs such a name, and note it."""
        name = next((one.id for one in ast.walk(expression) if isinstance(one, ast.Name) and one.id in self.missing), None)
        if name:
            self.found[expression.lineno, sign + ast.unparse(expression)] = name
        return name is not None


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """Let time.sleep return at once, and os._exit be an exit like any other."""
    sleep, end = time.sleep, os._exit
    time.sleep, os._exit = (lambda seconds: None), sys.exit  # type: ignore[assignment]
    try:
        yield
    finally:
        time.sleep, os._exit = sleep, end


def parse(file: str, lines: list[str]) -> tuple[ast.Module, list[Skipped]]:
    """Return the syntax tree of a file without what a notebook left in it, and these lines; raise SyntaxError."""
    lines, skipped = lines.copy(), list[Skipped]()
    while True:
        try:
            tree = ast.parse("\n".join(lines), f"{file}.py")
        except SyntaxError as error:
            first = (error.lineno or 0) - 1
            if not 0 <= first < len(lines) or len(skipped) == MAX_LEFTOVERS or not LEFTOVER.match(lines[first]):
                raise
            skipped.append(Skipped(file, -1 - first, first + 1, shorten(lines[first].strip()), IN_A_NOTEBOOK))
            for number in range(first, end_of_leftover(lines, first)):
                lines[number] = re.sub(r"\S.*", "pass", lines[number])
        else:
            if future_flags(tree):  # whose place is looked at when the file is compiled as a whole
                compile(tree, f"{file}.py", "exec", dont_inherit=True)
            return tree, skipped


def end_of_leftover(lines: list[str], first: int) -> int:
    """Return the end of what a line left over from a notebook takes with it: a cell in another language, or itself."""
    if not OTHER_LANGUAGE.match(lines[first].strip()):
        return first + 1
    return next((number for number in range(first + 1, len(lines)) if NEXT_CELL.match(lines[number])), len(lines))


def future_flags(tree: ast.Module) -> int:
    """Return the flags to compile each statement with, for what a file imports from __future__."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    names = {alias.name for node in imports for alias in node.names}
    return sum(getattr(futures, name).compiler_flag for name in names)


def split_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a file, an import of several names as one of each."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
                yield ast.copy_location(one, node)
        else:
            yield node


def import_from_here(node: ast.stmt, files: Collection[str]) -> ast.stmt | None:
    """Return an import of a file as a part of a package as an import of the file alone; None if it is no such import."""
    if not isinstance(node, ast.ImportFrom):
        return None
    (alias,), whole = node.names, node.module or ""
    if not node.level and (whole in files or is_available(whole)):
        return None
    module = whole.rpartition(".")[2]
    if module in files:
        return ast.copy_location(ast.ImportFrom(module, [alias], 0), node)
    return ast.copy_location(ast.Import([alias]), node) if alias.name in files else None


def describe(file: str, number: int, node: ast.stmt, lines: list[str], reason: str) -> Skipped:
    """Return the record of a statement that is skipped; of one with several lines, the first one is quoted."""
    text = ast.unparse(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else lines[node.lineno - 1].strip()
    return Skipped(file, number, node.lineno, shorten(text), reason, tuple(bound_names(node))[:MAX_NAMES])


def bound_names(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines at the top level of its file."""
    found: list[str] = []
    pending: list[Any] = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, ast.alias):
            found.append((one.asname or one.name).partition(".")[0])
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.append(one.id)
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(one.name)
            continue
        pending += [] if isinstance(one, ast.Lambda) else list(ast.iter_child_nodes(one))
    return list(dict.fromkeys(found))


def is_circular(error: BaseException, file: str) -> bool:
    """Return whether a statement of this file failed because another file, which imports this one, is not loaded yet."""
    found = IMPORTS_EACH_OTHER.search(str(error)) if isinstance(error, (ImportError, AttributeError)) else None
    return found is not None and found[1] != file


def newer_python(line: str) -> str:
    """Return the version of Python from which on a line is correct that this one takes for a syntax error; "" for none."""
    found = [version for version, pattern in NEWER_SYNTAX.items() if pattern.match(line.strip()) and version > sys.version_info]
    return ".".join(map(str, found[0])) if found else ""
