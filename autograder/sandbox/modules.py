"""Keep the standard library and numpy in memory, because a child that is locked in can import them but open no files."""

import importlib.abc
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

# Folders of the standard library and of numpy that submissions don't need.
LEFT_OUT = {"__pycache__", "dist-packages", "distutils", "ensurepip", "idlelib", "lib-dynload", "lib2to3", "pydoc_data"}
LEFT_OUT |= {"site-packages", "test", "tests", "tkinter", "turtledemo", "venv"}
# Extension modules for screens, terminals and tests, and a slow one that has a substitute.
NOT_LOADED = ("_asyncio", "_curses", "_test", "_tkinter", "_xx", "nis", "readline", "xx")
HEAD = 16  # bytes of a .pyc before the code (PEP 552)


class StoredModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads pure Python modules by name, from sources read when it was created."""

    def __init__(self) -> None:
        library = sysconfig.get_path("stdlib")
        self.stored = {name: (path, data) for name, path, data in read_modules(library, "")}
        self.stored |= {name: (path, data) for name, path, data in read_modules(os.path.dirname(np.__file__), "numpy.")}

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a stored module; None for any other."""
        if fullname not in self.stored:
            return None
        path, _ = self.stored[fullname]
        below = [os.path.dirname(path)] if os.path.basename(path) == "__init__.py" else None
        return importlib.util.spec_from_file_location(fullname, path, loader=self, submodule_search_locations=below)

    def exec_module(self, module: Any) -> None:
        """Run the code of the module."""
        path, data = self.stored[module.__name__]
        is_compiled = data.startswith(importlib.util.MAGIC_NUMBER)
        code = marshal.loads(data[HEAD:]) if is_compiled else compile(data, path, "exec", dont_inherit=True)  # noqa: S302
        exec(code, module.__dict__)  # noqa: S102


def read_modules(folder: str, prefix: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the path, and the compiled code or the source of each module in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                name = (prefix + entry.name.removesuffix(".py")).removesuffix(".__init__")
                yield name, entry.path, read_compiled(entry) or read_bytes(entry.path)
            elif entry.name not in LEFT_OUT and "-" not in entry.name and entry.is_dir():
                yield from read_modules(entry.path, f"{prefix}{entry.name}.")


def read_compiled(source: os.DirEntry[str]) -> bytes:
    """Return the .pyc of a source; none if it belongs to another source or another Python."""
    with suppress(OSError, NotImplementedError):
        data = read_bytes(importlib.util.cache_from_source(source.path))
        modified = int(source.stat().st_mtime).to_bytes(8, "little")[:4]
        if data.startswith(importlib.util.MAGIC_NUMBER + bytes(4) + modified):
            return data
    return b""


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()


def load_extensions() -> None:
    """Load the extension modules of the standard library, which can only be loaded from their files."""
    for folder in [folder for folder in sys.path if os.path.basename(folder) == "lib-dynload"]:
        for file in sorted(os.listdir(folder)):
            name, dot, suffix = file.partition(".")
            if dot + suffix in importlib.machinery.EXTENSION_SUFFIXES and not name.startswith(NOT_LOADED):
                with suppress(ImportError):  # a problem of this build; code that needs the module will report it
                    importlib.import_module(name)
