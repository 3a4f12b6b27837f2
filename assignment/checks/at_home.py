"""Loads and runs a student's files at home as the grader will, without the modules, files and input that the grader lacks.

This file is part of the hand-out, like checking.py.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import dataclasses
import errno
import importlib
import importlib.abc
import importlib.util
import os
import sys
import sysconfig
import threading
import warnings
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from checks.checking import Check, Rubric, collect_checks, sentence_of
from checks.library import is_available
from checks.skipped import Skipped, SystemRefusalError
from checks.statements import run_statements
from checks.student import BaseResults, Module, Parameters, Student, with_base_results
from checks.lines import Line, find_line

# Libraries may open files, for example to import a module.
LIBRARY = tuple({os.path.dirname(np.__file__), *map(sysconfig.get_path, ("stdlib", "platstdlib")), "<frozen"})
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"}  # of the file system
PROGRAMS = {"subprocess.Popen", "os.posix_spawn", "os.system", "os.fork", "os.forkpty", "socket.connect"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class StudentFiles(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The student's files, each loaded one statement at a time; skipped are the statements that were skipped."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.paths: set[str] = set()
        self.skipped: list[Skipped] = []
        self.is_grading = False
        sys.meta_path.insert(0, self)
        sys.addaudithook(self.refuse)

    def find_spec(self, fullname: str, path: Any, _target: Any = None) -> ModuleSpec | None:
        """Return the spec of one of the files, None for any other module."""
        found = PathFinder.find_spec(fullname, path) if fullname in self.names else None
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=self) if found and found.origin else None

    def exec_module(self, module: Any) -> None:
        """Run the file, and record what was skipped."""
        name, path = module.__name__, module.__file__
        self.paths.add(path)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self.import_module, "input": self.input}
        with self.as_in_the_grader():
            source = importlib.util.decode_source(Path(path).read_bytes())
            found = run_statements(name, source, module.__dict__, self.names)  # which may load others
        self.skipped = [*(one for one in self.skipped if one.file != name), *found]

    @contextlib.contextmanager
    def as_in_the_grader(self) -> Iterator[None]:
        """Give the student's code what it will have in the grader: no other modules, files, programs or input."""
        before, self.is_grading = self.is_grading, True
        arguments, sys.argv = sys.argv, [""]
        start, threading.Thread.start = threading.Thread.start, self.start_thread(threading.Thread.start)  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            self.is_grading, sys.argv = before, arguments
            threading.Thread.start = start  # type: ignore[method-assign]

    def import_module(self, name: str, scope: Any = None, own: Any = None, names: Sequence[str] = (), level: int = 0) -> Any:
        """Import a module for the student's code, if the grader has it."""
        top = name.partition(".")[0]
        if self.is_grading and level == 0 and top not in self.names and not is_available(name):
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
        return builtins.__import__(name, scope, own, names, level)

    def input(self, prompt: object = "") -> str:
        """Raise EOFError as in the grader, which has no keyboard."""
        if self.is_grading:
            raise EOFError("EOF when reading a line")
        return builtins.input(prompt)

    def start_thread(self, start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
        """Return a replacement for Thread.start that refuses threads of the student's code: they raise no audit event."""

        def start_or_refuse(thread: threading.Thread) -> None:
            if self.is_asked_by_student():
                raise SystemRefusalError("can't start new thread")
            start(thread)

        return start_or_refuse

    def refuse(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise what the grader's system would raise for the student's code (an audit hook, see PEP 578)."""
        if not self.is_grading or event not in REFUSED or not self.is_asked_by_student():
            return
        path = next(iter(arguments), "")
        if event in PROGRAMS:
            raise SystemRefusalError(f"can't start {path}")
        if event in CHANGES:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        refuse_to_open(*arguments)

    def is_asked_by_student(self) -> bool:
        """Return whether the student's code runs, or a library on its behalf."""
        frame: FrameType | None = sys._getframe(2)
        while frame and frame.f_code.co_filename.startswith(LIBRARY):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename in self.paths


REFUSED = {"open", *CHANGES, *PROGRAMS}


def refuse_to_open(path: Any, mode: str | None, flags: int) -> None:
    """Raise what the grader would raise for opening a file, unless the file belongs to a library."""
    if not isinstance(path, (str, bytes)) or os.fsdecode(path) == os.devnull or os.fsdecode(path).startswith(LIBRARY):
        return
    number = errno.EROFS if flags & WRITING or set(mode or "") & set("wax+") else errno.ENOENT
    raise OSError(number, os.strerror(number), path)


@contextlib.contextmanager
def restored(names: Mapping[str, Any]) -> Iterator[None]:
    """Restore the arrays in some variables afterwards, because the student's code gets the originals and may change them."""
    own = [value for name, value in names.items() if not name.startswith("__")]
    found = {id(array): (array, array.copy()) for array in arrays_in(own, set())}
    try:
        yield
    finally:
        for array, before in found.values():
            if array.flags.writeable:
                array[...] = before


def arrays_in(value: Any, known: set[int]) -> Iterator[np.ndarray]:
    """Yield the arrays in dicts, lists, tuples and dataclasses, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from arrays_in(vars(value), known)
    elif id(value) not in known and (isinstance(value, (Mapping, list, tuple)) or dataclasses.is_dataclass(value)):
        known.add(id(value))
        parts = (
            value.values()
            if isinstance(value, Mapping)
            else value
            if isinstance(value, (list, tuple))
            else vars(value).values()
        )
        for part in parts:
            yield from arrays_in(part, known)


@cache
def student_files(names: tuple[str, ...]) -> StudentFiles:
    """Return the loader of the student's files with these names, which handles every import of them."""
    return StudentFiles(names)


def collect_local_checks(part: str, module: ModuleType, rubric: Rubric) -> list[Check]:
    """Return the checks of a part that run at home, graded and practice, in the order of the module.

    Raise LookupError for a graded check without a row in the rubric, and for practice of an unknown task.
    """
    graded = {check.run: check for check in collect_checks([module], rubric)}
    functions = [one for one in vars(module).values() if hasattr(one, "is_graded") or hasattr(one, "practice_for")]
    if lost := {function.practice_for for function in functions if function not in graded} - rubric[part].keys():
        raise LookupError(f"{module.__name__}: the rubric of {part}.py has no task {min(lost)!r} to practice for.")
    return [graded[one] if one in graded else practice_check(part, one) for one in functions]


def practice_check(part: str, function: Any) -> Check:
    """Return the check of a function that is marked as practice."""
    name = function.__name__.removeprefix("test_")
    return Check(part, function.practice_for, "practice", 0, sentence_of(function), name, function)


class LocalStudent(Student):
    """The student's files, imported into this process: for students at home, never for grading.

    The files with these names are loaded and run as in the grader.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.memory: dict[Any, Any] = {}
        self.follows = ""  # what the current check noted last, see note_follows
        self.files = student_files(tuple(names))

    @property
    def skipped(self) -> list[Skipped]:
        """Return the statements that were skipped in the loaded files."""
        return self.files.skipped

    @contextlib.contextmanager
    def running(self, names: Mapping[str, Any]) -> Iterator[None]:
        """Let a check run as in the grader, without warnings; restore the arrays among its variables afterwards."""
        with np.errstate(all="ignore"), warnings.catch_warnings(), self.files.as_in_the_grader(), restored(names):
            warnings.simplefilter("ignore")
            yield

    def module(self, name: str) -> Module:
        """Import the file of this name."""
        return importlib.import_module(name)

    def fetch(self, *values: Any) -> Any:
        """Return the results themselves: they are already here."""
        return values if len(values) > 1 else values[0]

    def parameters(self, params: Parameters) -> Any:
        """Return a copy of a model's parameters."""
        return {key: value.copy() for key, value in params.items()}

    def place(self, value: Any) -> Any:
        """Return a copy of an argument."""
        return copy.deepcopy(value)

    def fill(self, container: Any, values: Mapping[str, np.ndarray]) -> None:
        """Store copies of several values in a result."""
        for key, value in values.items():
            container[key] = value.copy()

    def copy(self, value: Any) -> Any:
        """Return a shallow copy of a result."""
        return copy.copy(value)

    def unpack(self, value: Any) -> tuple[Any, Any]:
        """Return the two parts of a result."""
        first, second = value
        return first, second

    def with_base_results(self, subclass: Any, base: Any, results: BaseResults) -> Any:
        """Return a class like the subclass, with these results in the base class."""
        return with_base_results(subclass, base, results)

    def note_follows(self, words: str) -> None:
        """Record why the check follows."""
        self.follows = words

    def single_flight(self, key: Hashable) -> contextlib.AbstractContextManager[Any]:
        """Return a context that does nothing: these checks run one after another."""
        return contextlib.nullcontext(key)

    def find_line(
        self, run: Callable[[], Any], path: Sequence[str | int], right: Mapping[str, Any], sources: Collection[str]
    ) -> Line | None:
        """Return the line that made a wrong value in the result of `run`; None if it raises or the line is not certain."""
        with contextlib.suppress(Exception), self.files.as_in_the_grader():
            return find_line(run, path, right, sources, self.files.paths)
        return None
