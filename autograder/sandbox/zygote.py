"""A freshly started interpreter that forks one child for each submission, and does nothing else.

It has numpy and the usual standard modules in memory before the first fork: a child starts in a millisecond and needs no file.
It holds no secret, for a fork inherits its parent's memory: it is started with a clean environment, gets no word of tests,
marks or references, and forgets where it found its own modules.

Started by `host` as `python zygote.py CONTROL LIMITS`: the number of a socket, and the limits as JSON.
"""

import contextlib
import fcntl
import gc
import importlib
import json
import mmap
import os
import re
import resource
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

# In memory before the first fork, because nearly every submission needs it or numpy asks for it late.
PREPARED = (
    *("abc", "collections.abc", "copy", "dataclasses", "encodings.ascii", "encodings.latin_1", "encodings.utf_8_sig", "enum"),
    *("functools", "io", "itertools", "json", "math", "operator", "os", "random", "re", "string", "sys", "time", "typing"),
    *("warnings", "_strptime", "numpy", "numpy.linalg", "numpy.random"),
)
IMPORT = re.compile(rb"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
IMPORT_FROM = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t(]+([\w, \t]+)", re.MULTILINE)
NUMPY_PART = re.compile(
    rb"\b(?:np|numpy)(\.(?:char|ctypeslib|fft|lib\.stride_tricks|ma|matlib|polynomial|rec|testing|typing))\b"
)
# These open windows or pages, or belong to the making of Python.
NOT_FOR_GRADING = frozenset(["antigravity", "idlelib", "pip", "test", "this", "tkinter", "turtle", "turtledemo", "venv"])
PIPE_AT, MARK_AT = 3, 4  # where the pipe and the mark lie in every child
FIRST_UID, UIDS = 20_000, 40_000  # a child gets a uid of its own in this range, which holds no people and fits every container
READY, READY_WITHOUT_FILTER = b"R", b"r"  # the zygote's first word
START = 1_618_033_988  # seeds the global random state: the same in every run, and nobody's own favourite


def prepare() -> tuple[ModuleType, ModuleType]:
    """Import the modules `child` and `calls` and what submissions may use, forget the way to the grader, and return the two."""
    root = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, root)
    child = importlib.import_module("autograder.sandbox.child")
    calls = importlib.import_module("autograder.sandbox.calls")
    here = {root, str(Path(__file__).resolve().parent), "", os.getcwd()}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]
    for name in PREPARED:
        importlib.import_module(name)
    importlib.import_module("numpy").random.seed(START)
    importlib.import_module("random").seed(START)
    gc.freeze()  # or the first collection in a child would touch, and so copy, every page
    return child, calls


def fetch_modules(sources: Mapping[str, bytes]) -> None:
    """Import what the sources name from the standard library and numpy, while the files can still be seen.

    The names are picked out as bytes: nothing of a submission is parsed or run before the child is locked in.
    """
    for source in sources.values():
        for name in modules_in(source):
            if name.split(".")[0] in sys.stdlib_module_names - NOT_FOR_GRADING or name.startswith("numpy."):
                with contextlib.suppress(Exception):  # the student's own line will say so, if it matters
                    importlib.import_module(name)


def modules_in(source: bytes) -> set[str]:
    """The modules that the lines of a source name; for `from a import b`, which may be a module of its own, both a and a.b."""
    names = {name.split()[0] for line in IMPORT.findall(source) for name in line.split(b",") if name.strip()}
    for package, imported in IMPORT_FROM.findall(source):
        names |= {package, *(package + b"." + name.split()[0] for name in imported.split(b",") if name.strip())}
    names |= {b"numpy" + part for part in NUMPY_PART.findall(source)}
    return {name.decode("ascii", "replace") for name in names}


class Mould(NamedTuple):
    """What every child is made of: the modules, the filter of system calls if there is one, limits, an empty directory, us."""

    child: ModuleType
    calls: ModuleType
    filter: Any
    limits: Mapping[str, Any]
    empty: str
    parent: int

    def has(self, layer: str) -> bool:
        """Whether a layer is in force; the tests leave one out to see the others hold."""
        return layer not in self.limits["without"]


def lock_in(pipe: int, mark: int, mould: Mould) -> None:
    """Give up, before the first line of student code, everything a submission has no use for."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for descriptor in (pipe, mark)]
    for descriptor, place in zip(aside, (PIPE_AT, MARK_AT), strict=True):
        os.dup2(descriptor, place)
    os.closerange(MARK_AT + 1, 256)
    for name, most in (
        ("RLIMIT_CPU", mould.limits["cpu_seconds"]),
        ("RLIMIT_AS", mould.limits["memory_bytes"]),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 32),
    ):
        lower(name, most)
    if os.getuid() == 0:
        if mould.has("root"):
            os.chroot(mould.empty)
            os.chdir("/")
        os.setgroups([])
        user = FIRST_UID + os.getpid() % UIDS
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    lower("RLIMIT_NPROC", 0)
    mould.calls.die_with(mould.parent)  # after the change of user, which would undo it


def lower(name: str, most: int) -> None:
    """Set a limit for good where the system knows it; macOS knows RLIMIT_AS and refuses to set it."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        resource.setrlimit(getattr(resource, name), (most, most))


def run_child(mould: Mould, pipe: int, mark: int) -> None:
    """Be the child of one submission until its pipe ends."""
    try:
        sources = mould.child.wire.receive(socket.socket(fileno=os.dup(pipe)))
        fetch_modules(sources)
        lock_in(pipe, mark, mould)
        memory = mmap.mmap(MARK_AT, 0)
        os.close(MARK_AT)
        connection = socket.socket(fileno=PIPE_AT)
        if mould.filter is not None and mould.has("filter"):
            mould.filter.load()
        mould.child.serve(connection, memory, sources)
    finally:
        os._exit(0)


def main() -> None:
    """Get ready, say so, and fork and kill on demand.

    b"F" with the descriptors of a pipe and a mark answers the pid, b"K" and a pid answers the exit status.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    child, calls = prepare()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as empty:
        os.chmod(empty, 0o555)
        mould = Mould(child, calls, calls.make_filter(), json.loads(sys.argv[2]), empty, os.getpid())
        control.sendall(READY if mould.filter is not None else READY_WITHOUT_FILTER)
        serve(control, mould)


def serve(control: socket.socket, mould: Mould) -> None:
    """Carry out the commands until the judge is gone, and then end what is left."""
    children: set[int] = set()
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, 5, 2)
        if not command:
            break
        if command[:1] == b"F":
            pipe, mark = descriptors
            pid = os.fork()
            if pid == 0:
                run_child(mould, pipe, mark)
            for descriptor in descriptors:
                os.close(descriptor)
            children.add(pid)
            control.sendall(struct.pack("<i", pid))
        else:
            (pid,) = struct.unpack("<i", command[1:5])
            children.discard(pid)
            control.sendall(struct.pack("<i", kill(pid)))
    for pid in children:
        kill(pid)


def kill(pid: int) -> int:
    """Kill a child, wait for it, and return its exit code, or minus the signal that had ended it before."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
