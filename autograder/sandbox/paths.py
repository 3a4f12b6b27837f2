"""Make Python's functions for paths work in the empty root directory of a child, without system calls.

The system calls are still refused, so these replacements are a convenience, and undoing them gains nothing.
"""

import builtins
import io
import os
import stat
from collections.abc import Callable
from typing import Any

ROOT = {"/", ".", "./", "", "/.", "//"}  # "" is what os.path.dirname returns for a file in the folder
FOLDER = os.stat_result((stat.S_IFDIR | 0o555, 1, 0, 2, 0, 0, 0, 0, 0, 0))
NULL = os.stat_result((stat.S_IFCHR | 0o666, 2, 0, 1, 0, 0, 0, 0, 0, 0))
STANDARD_INPUT, STANDARD_OUTPUT = 0, 1  # both are /dev/null in a child


class EmptyListing:
    """The result of os.scandir for an empty folder."""

    def __enter__(self) -> "EmptyListing":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> "EmptyListing":
        return self

    def __next__(self) -> Any:
        raise StopIteration

    def close(self) -> None:
        """Do nothing, because nothing is open."""


def answer_for_empty_root() -> None:
    """Replace functions of this process that ask for the current folder or list files."""
    known = {**dict.fromkeys(ROOT - {""}, FOLDER), os.devnull: NULL}
    os.getcwd, os.getcwdb = (lambda: "/"), (lambda: b"/")
    os.stat = for_known(os.stat, known)
    os.lstat = for_known(os.lstat, known)
    os.chdir = for_known(os.chdir, dict.fromkeys(ROOT - {""}))
    os.listdir = list_nothing(os.listdir, list)
    os.scandir = list_nothing(os.scandir, EmptyListing)
    builtins.open = io.open = open_null(io.open)


def for_known(function: Callable[..., Any], answers: dict[str, Any]) -> Callable[..., Any]:
    """Return a function with fixed results for some paths, and the original behavior for others."""

    def answer(path: Any, *arguments: Any, **named: Any) -> Any:
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
        return answers[text] if text in answers else function(path, *arguments, **named)

    return answer


def list_nothing(function: Callable[..., Any], empty: Callable[[], Any]) -> Callable[..., Any]:
    """Return a function that lists the root as an empty folder, with the original behavior for others."""

    def answer(path: Any = ".") -> Any:
        text = "." if path is None else os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
        return empty() if text in ROOT - {""} else function(path)

    return answer


def open_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an open() that can open os.devnull, through a descriptor that is already open."""

    def answer(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if file == os.devnull:
            descriptor = STANDARD_OUTPUT if set(mode) & set("wax+") else STANDARD_INPUT
            return function(descriptor, mode, *arguments, **{**named, "closefd": False})
        return function(file, mode, *arguments, **named)

    return answer
