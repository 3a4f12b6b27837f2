"""How the empty root of a child answers: Python's functions for paths work there, without a system call.

The system calls stay refused, so what is replaced here is a convenience, and undoing it gains nothing.
"""

import builtins
import io
import os
import stat
from collections.abc import Callable
from typing import Any

ROOT = {"/", ".", "./", "", "/.", "//"}  # "" is what os.path.dirname says of a file in the folder
FOLDER = os.stat_result((stat.S_IFDIR | 0o555, 1, 0, 2, 0, 0, 0, 0, 0, 0))
NULL = os.stat_result((stat.S_IFCHR | 0o666, 2, 0, 1, 0, 0, 0, 0, 0, 0))
STANDARD_INPUT, STANDARD_OUTPUT = 0, 1  # both are os.devnull in a child


class EmptyListing:
    """What os.scandir returns of an empty folder."""

    def __enter__(self) -> "EmptyListing":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> "EmptyListing":
        return self

    def __next__(self) -> Any:
        raise StopIteration

    def close(self) -> None:
        """Do nothing: nothing is open."""


def answer_for_empty_root() -> None:
    """Replace the functions of this process that ask where it is, or what is there."""
    known = {**dict.fromkeys(ROOT - {""}, FOLDER), os.devnull: NULL}
    os.getcwd, os.getcwdb = (lambda: "/"), (lambda: b"/")
    os.stat = for_known(os.stat, known)
    os.lstat = for_known(os.lstat, known)
    os.chdir = for_known(os.chdir, dict.fromkeys(ROOT - {""}))
    os.listdir = list_nothing(os.listdir, list)
    os.scandir = list_nothing(os.scandir, EmptyListing)
    builtins.open = io.open = open_null(io.open)


def for_known(function: Callable[..., Any], answers: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that has an answer for some paths, and is as before for the others."""

    def answer(path: Any, *arguments: Any, **named: Any) -> Any:
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
        return answers[text] if text in answers else function(path, *arguments, **named)

    return answer


def list_nothing(function: Callable[..., Any], empty: Callable[[], Any]) -> Callable[..., Any]:
    """Return a function that lists an empty folder for the root, and is as before for the others."""

    def answer(path: Any = ".") -> Any:
        text = "." if path is None else os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
        return empty() if text in ROOT - {""} else function(path)

    return answer


def open_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an open() that opens os.devnull, by a descriptor that is open already."""

    def answer(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if file == os.devnull:
            descriptor = STANDARD_OUTPUT if set(mode) & set("wax+") else STANDARD_INPUT
            return function(descriptor, mode, *arguments, **{**named, "closefd": False})
        return function(file, mode, *arguments, **named)

    return answer
