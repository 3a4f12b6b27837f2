"""A freshly started interpreter that forks one child for each submission, and does nothing else.

It has numpy and the usual standard modules in memory before the first fork: a child starts in a millisecond and needs no file.
It holds no secret, for a fork inherits its parent's memory: it is started with a clean environment, gets no word of tests,
marks or references, and forgets where it found its own modules.

Started by `host` as `python zygote.py CONTROL LIMITS`: the number of a socket, and the limits as JSON.
"""

import contextlib
import gc
import importlib
import json
import os
import re
import select
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

# In memory before the first fork, because nearly every submission needs it or numpy asks for it late.
PREPARED = (
    *("abc", "collections.abc", "copy", "dataclasses", "encodings.ascii", "encodings.latin_1", "encodings.utf_8_sig", "enum"),
    *("functools", "io", "itertools", "json", "math", "operator", "os", "random", "re", "string", "sys", "time", "typing"),
    *("warnings", "_strptime", "numpy", "numpy.linalg", "numpy.random"),
    *(f"encodings.cp125{number}" for number in range(9)),  # what intake lets a source be written in
    *(f"encodings.iso8859_{number}" for number in range(1, 17) if number != 12),
)
IMPORT = re.compile(rb"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
IMPORT_FROM = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t(]+([\w, \t]+)", re.MULTILINE)
NUMPY = "char ctypeslib fft lib lib.stride_tricks linalg ma matlib polynomial random rec testing typing"
NUMPY_PART = re.compile(rb"\b(?:np|numpy)(\.(?:%s))\b" % NUMPY.replace(".", r"\.").replace(" ", "|").encode())
# These do something when they are imported, or are for the making of Python.
NOT_FOR_GRADING = frozenset(
    "__main__ antigravity ensurepip idlelib lib2to3 pip pydoc_data test tests this tkinter turtle turtledemo venv".split()  # noqa: SIM905
)
START = 1_618_033_988  # seeds the global random state: the same in every run, and nobody's own favourite


def prepare() -> tuple[ModuleType, ModuleType]:
    """Import the modules `child` and `jail` and what submissions may use, forget the way to the grader, and return the two."""
    root = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, root)
    child = importlib.import_module("autograder.sandbox.child")
    jail = importlib.import_module("autograder.sandbox.jail")
    here = {root, str(Path(__file__).resolve().parent), "", os.getcwd()}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]
    for name in PREPARED:
        importlib.import_module(name)
    importlib.import_module("numpy").random.seed(START)
    importlib.import_module("random").seed(START)
    gc.freeze()  # or the first collection in a child would touch, and so copy, every page
    return child, jail


def fetch_modules(sources: Mapping[str, bytes]) -> None:
    """Import what the sources name from the standard library and numpy, while the files can still be seen.

    The names are picked out as bytes: nothing of a submission is parsed or run before the child is locked in.
    """
    for source in sources.values():
        for name in filter(is_library, modules_in(source)):
            with contextlib.suppress(BaseException):  # the student's own line will say so, if it matters
                importlib.import_module(name)


def is_library(name: str) -> bool:
    """Return whether a name is that of a module that does nothing but define what is in it."""
    package, *inside = name.split(".")
    if package == "numpy":
        return ".".join(inside) in NUMPY.split()
    parts = {package, *inside}
    return package in sys.stdlib_module_names and not parts & NOT_FOR_GRADING


def modules_in(source: bytes) -> set[str]:
    """Return the modules that a source names; for `from a import b`, where b may be a module, both a and a.b."""
    names = {name.split()[0] for line in IMPORT.findall(source) for name in line.split(b",") if name.strip()}
    for package, imported in IMPORT_FROM.findall(source):
        names |= {package, *(package + b"." + name.split()[0] for name in imported.split(b",") if name.strip())}
    names |= {b"numpy" + part for part in NUMPY_PART.findall(source)}
    return {name.decode("ascii", "replace") for name in names}


def run_child(child: ModuleType, jail: Any, pipe: int, mark: int) -> None:
    """Be the child of one submission until its pipe ends."""
    try:
        connection, memory = jail.arrange(pipe, mark)
        work = child.wire.receive_trusted(connection)
        fetch_modules(work[0])
        jail.lock_in()
        child.serve(connection, memory, work)
    finally:
        os._exit(0)


def probe(child: ModuleType, jail: Any) -> None:
    """Have a first child try every layer, and say over its pipe, locked in, which ones could not be entered."""
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as memory:
        memory.truncate(child.wire.MARK_SIZE)
        if jail.fork() == 0:
            connection, _ = jail.arrange(theirs.detach(), memory.fileno())
            jail.probe()
            child.wire.send(connection, child.wire.frame(jail.missing))
            os._exit(0)
        theirs.close()
        jail.missing = child.wire.receive(ours)
        os.wait()


def main() -> None:
    """Get ready, say which layers are missing and why, and fork and kill on demand."""
    control = socket.socket(fileno=int(sys.argv[1]))
    child, jail_module = prepare()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as empty:
        os.chmod(empty, 0o555)
        jail = jail_module.Jail(json.loads(sys.argv[2]), empty)
        jail.enter_namespaces()
        probe(child, jail)
        child.wire.send(control, child.wire.frame(jail.missing))
        ChildManager(control, child, jail).serve()


class ChildManager:
    """The children of one zygote: when each must end, and how those that had to be ended were."""

    def __init__(self, control: socket.socket, child: ModuleType, jail: Any) -> None:
        self.control, self.child, self.jail = control, child, jail
        self.due: dict[int, float] = {}
        self.ended: dict[int, int] = {}

    def serve(self) -> None:
        """Carry out the commands until the judge is gone, and then end what is left.

        b"F" with the descriptors of a pipe and a mark answers the pid, b"K" and a pid answers the exit status. A child that
        nobody ends in time, because the judge hangs, is ended all the same.
        """
        while True:
            patience = max(0.0, min(self.due.values()) - time.monotonic()) if self.due else None
            if not select.select([self.control], [], [], patience)[0]:
                self.end_overdue()
                continue
            command, descriptors, _, _ = socket.recv_fds(self.control, 5, 2)
            if not command:
                break
            answer = self.fork(*descriptors) if command[:1] == b"F" else self.end(*struct.unpack("<i", command[1:5]))
            self.control.sendall(struct.pack("<i", answer))
        for pid in list(self.due):
            self.end(pid)

    def fork(self, pipe: int, mark: int) -> int:
        """Fork a child and return its pid."""
        pid: int = self.jail.fork()
        if pid == 0:
            self.control.close()
            run_child(self.child, self.jail, pipe, mark)
        for descriptor in (pipe, mark):
            os.close(descriptor)
        self.due[pid] = time.monotonic() + self.jail.limits["child_seconds"]
        return pid

    def end(self, pid: int) -> int:
        """Kill a child and everything left of it; return its exit code, or minus the signal that had ended it before."""
        if pid in self.ended:
            return self.ended.pop(pid)
        del self.due[pid]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if "pid" in self.jail.missing:
            self.end_orphans()
        return os.waitstatus_to_exitcode(status)

    def end_overdue(self) -> None:
        """Kill the children whose time is over, and keep how they ended until the judge asks."""
        for pid in [pid for pid, due in self.due.items() if due <= time.monotonic()]:
            self.ended[pid] = self.end(pid)

    def end_orphans(self) -> None:
        """Kill what children have left behind: it has come to this process, which has no other children than those it knows."""
        while orphans := own_children() - self.due.keys():
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def own_children() -> set[int]:
    """Return the children of this process, if Linux tells (CONFIG_PROC_CHILDREN, which container systems need too)."""
    with contextlib.suppress(OSError):
        return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}
    return set()


if __name__ == "__main__":
    main()
