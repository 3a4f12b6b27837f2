"""Run a submitted file as the grader does: one top-level statement at a time.

A statement that raises an exception, exits, waits for input, imports a missing module or takes too long is skipped, and the
rest of the file runs. Lines left over from a notebook (`%magic`, `!pip`, `np.dot?`) are skipped, too. Syntax errors are still
errors.

Students get this file, too, like checking.py.
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

FILE_SECONDS = 4.0  # of processor time for all statements of a file; after that, each one gets MIN_SECONDS
MIN_SECONDS = 0.2
MAX_NAMES = 100  # names defined by one statement
MAX_LEFTOVERS = 100  # lines left over from a notebook in one file

LEFTOVER = re.compile(r"[ \t]*(?:(?:[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*=[ \t]*)?[%!?]|[\w.]+\?{1,2}[ \t]*$)")
OTHER_LANGUAGE = re.compile(r"%%(?:bash|sh|script|html|javascript|js|latex|markdown|svg|perl|ruby)\b")
NEXT_CELL = re.compile(r"# ?(?:%%|In ?\[)|%%")
# The first version of Python in which a line is valid, and a pattern for such lines.
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

    An import of one of the files from a package imports the file itself, and functions and classes are defined without
    decorators and annotations that need a skipped name. skip maps the numbers of statements that must not run to reasons; begin
    gets the number and the processor time of each statement that runs. Raise SyntaxError if the file is not valid Python, and
    ImportError for a statement that imports a file which in turn imports the one being loaded.
    """
    lines = re.split("\r\n|\r|\n", source)
    tree, skipped = parse(file, lines)
    flags = future_flags(tree)
    left = FILE_SECONDS * seconds / STATEMENT_SECONDS

    def execute(node: ast.stmt) -> None:
        exec(compile(ast.Module([node], []), namespace["__file__"], "exec", flags, dont_inherit=True), namespace)  # noqa: S102

    for number, node in enumerate(split_imports(tree)):
        if number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a single string would be compiled as the docstring of the module
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
    """Run a statement; return the parts that were left out or changed so that it runs."""
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
    """Removes decorators and annotations that need a skipped name from functions and classes.

    found maps the line and the text of each of them to that name.
    """

    def __init__(self, missing: Collection[str]) -> None:
        self.missing = missing
        self.found: dict[tuple[int, str], str] = {}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Remove what needs such a name, and visit the children."""
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
        """Return whether an expression needs such a name, and record it."""
        name = next((one.id for one in ast.walk(expression) if isinstance(one, ast.Name) and one.id in self.missing), None)
        if name:
            self.found[expression.lineno, sign + ast.unparse(expression)] = name
        return name is not None


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """Make time.sleep return immediately, and os._exit raise SystemExit."""
    sleep, end = time.sleep, os._exit
    time.sleep, os._exit = (lambda seconds: None), sys.exit  # type: ignore[assignment]
    try:
        yield
    finally:
        time.sleep, os._exit = sleep, end


def parse(file: str, lines: list[str]) -> tuple[ast.Module, list[Skipped]]:
    """Return the syntax tree of a file without lines left over from a notebook, and these lines; may raise SyntaxError."""
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
            if future_flags(tree):  # their positions are checked when the whole file is compiled
                compile(tree, f"{file}.py", "exec", dont_inherit=True)
            return tree, skipped


def end_of_leftover(lines: list[str], first: int) -> int:
    """Return the end of the lines to skip with a line left over from a notebook, such as a cell in another language."""
    if not OTHER_LANGUAGE.match(lines[first].strip()):
        return first + 1
    return next((number for number in range(first + 1, len(lines)) if NEXT_CELL.match(lines[number])), len(lines))


def future_flags(tree: ast.Module) -> int:
    """Return the compiler flags for each statement, according to the file's imports from __future__."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    names = {alias.name for node in imports for alias in node.names}
    return sum(getattr(futures, name).compiler_flag for name in names)


def split_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a file, with imports of several names split into one per name."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
                yield ast.copy_location(one, node)
        else:
            yield node


def import_from_here(node: ast.stmt, files: Collection[str]) -> ast.stmt | None:
    """Return an import of a file from a package as an import of the file itself; None for any other statement."""
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
    """Return the record of a skipped statement, which quotes its first line."""
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
    """Return the first version of Python that accepts a line which is a syntax error in this version, or ""."""
    found = [version for version, pattern in NEWER_SYNTAX.items() if pattern.match(line.strip()) and version > sys.version_info]
    return ".".join(map(str, found[0])) if found else ""
