"""The files needed for grading on a platform: the modules that its entry point imports, the checks, and the course file."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.assignment import Assignment
from autograder.files import ACCEPTED, ROOT, source_files
from autograder.packaging.regions import skeleton
from autograder.packaging.secret import package_course, read_accepted
from autograder.settings import COURSE_FILE, read_settings

ENGINE = "autograder"
# Started by path, each in its own interpreter.
STARTED = ("autograder.sandbox.zygote", "autograder.sandbox.child", "autograder.sandbox.jail", "autograder.sandbox.modules")


def grader_files(assignment: Assignment, entry: str) -> dict[str, bytes]:
    """Return every file that a machine needs to run the module `entry`, by its path in the package.

    The package accepts the missing protections that the environment variable ACCEPT names. Raise BuildError if ACCEPT is
    invalid or no secret may be packaged, and SettingsError if the course file is unusable, because the package would fail, too.
    """
    accepted = read_accepted()
    read_settings()
    files = {ACCEPTED.name: ",".join(accepted).encode(), COURSE_FILE: package_course(accepted)}
    for part in assignment.part_names:
        place = (assignment.starter / f"{part}.py").relative_to(ROOT).as_posix()
        files[place] = skeleton((assignment.solution / f"{part}.py").read_text()).encode()
    needed = {*module_files([entry, *STARTED]), *(path for folder in assignment.sources for path in source_files(folder))}
    needed |= set(module_files(imports for path in needed for imports in imported_modules(path)))
    needed |= {package for path in needed for folder in path.parents if (package := folder / "__init__.py").is_file()}
    return files | {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(needed)}


def module_files(entries: Iterable[str]) -> Iterator[Path]:
    """Yield the files of all engine modules that these import, directly or not, with their parent packages."""
    known: set[str] = set()
    waiting = [name for name in entries if name.split(".")[0] == ENGINE]
    while waiting:
        name = waiting.pop()
        if name in known or not (path := module_file(name)):
            continue
        known.add(name)
        yield path
        waiting += [name.rpartition(".")[0], *(found for found in imported_modules(path) if found.split(".")[0] == ENGINE)]


def module_file(name: str) -> Path | None:
    """Return the file of a module or package; None for any other name, such as a function imported from a module."""
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if name and path.is_file()), None)


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the modules that a source imports when it is loaded; for `from a import b`, both a and a.b.

    Imports inside functions are left out: they are for commands that no platform runs, and need packages that platforms lack.
    """
    for node in loaded_statements(ast.parse(path.read_text(encoding="utf-8")) if path.suffix == ".py" else ast.Pass()):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def loaded_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is loaded, without those in functions or for type checkers."""
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        if not (for_types or isinstance(child, ast.FunctionDef)):
            yield child
            yield from loaded_statements(child)
