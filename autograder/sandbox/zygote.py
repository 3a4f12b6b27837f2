"""A freshly started interpreter that forks one child for each submission, and does nothing else.

It has numpy and the usual standard modules in memory before the first fork: a child starts in a millisecond and needs no file.
It holds no secret, for a fork inherits its parent's memory: it is started with a clean environment, gets no word of tests,
marks or references, and forgets where it found its own modules.

Started by `host` as `python zygote.py CONTROL LIMITS EMPTY`: the number of a socket, the limits as JSON, an empty directory.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

# What a submission may import: a child may have lost the sight of every file, so these are in memory before it starts.
PREPARED = [
    "abc",
    "argparse",
    "array",
    "ast",
    "bisect",
    "builtins",
    "calendar",
    "cmath",
    "codecs",
    "collections",
    "collections.abc",
    "colorsys",
    "concurrent.futures",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "doctest",
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_8",
    "encodings.utf_8_sig",
    "enum",
    "errno",
    "fractions",
    "functools",
    "gc",
    "getpass",
    "gettext",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "importlib.util",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "math",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "os.path",
    "pathlib",
    "pdb",
    "pickle",
    "pkgutil",
    "platform",
    "pprint",
    "queue",
    "random",
    "re",
    "reprlib",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "symtable",
    "sys",
    "sysconfig",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "unittest.mock",
    "urllib.parse",
    "uuid",
    "warnings",
    "weakref",
    "xml.etree.ElementTree",
    "zipfile",
    "zlib",
    "zoneinfo",
    "_strptime",
    "numpy",
    "numpy.fft",
    "numpy.lib.stride_tricks",
    "numpy.linalg",
    "numpy.ma",
    "numpy.matlib",
    "numpy.polynomial",
    "numpy.random",
    "numpy.testing",
    "numpy.typing",
]
FIRST_UID, UIDS = 20_000, 40_000  # a child gets a uid of its own in this range, which holds no people and fits every container
START = 1_618_033_988  # seeds the global random state: the same in every run, and nobody's own favourite


def prepare() -> None:
    """Import the grader's side of the child and what submissions may use, then forget the way to the grader."""
    root = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, root)
    globals()["child"] = importlib.import_module("autograder.sandbox.child")
    globals()["wire"] = importlib.import_module("autograder.sandbox.wire")
    here = {root, str(Path(__file__).resolve().parent), "", os.getcwd()}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]
    for name in PREPARED:
        with contextlib.suppress(ImportError):  # a few are missing in some builds of Python
            importlib.import_module(name)
    importlib.import_module("numpy").random.seed(START)
    importlib.import_module("random").seed(START)


def lock_in(pipe: socket.socket, limits: Mapping[str, int], empty: str) -> None:
    """Give up, before the first line of student code, everything a submission has no use for."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.dup2(pipe.fileno(), 3)
    os.closerange(4, 256)
    for name, most in (
        ("RLIMIT_CPU", limits["cpu_seconds"]),
        ("RLIMIT_AS", limits["memory_bytes"]),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 32),
    ):
        lower(name, most)
    if os.getuid() == 0:
        os.chroot(empty)
        os.chdir("/")
        os.setgroups([])
        user = FIRST_UID + os.getpid() % UIDS
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    lower("RLIMIT_NPROC", 0)


def lower(name: str, most: int) -> None:
    """Set a limit for good where the system knows it; macOS knows RLIMIT_AS and refuses to set it."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        resource.setrlimit(getattr(resource, name), (most, most))


def run_child(pipe: socket.socket, limits: Mapping[str, int], empty: str) -> None:
    """Be the child of one submission until its pipe ends."""
    try:
        lock_in(pipe, limits, empty)
        pipe.detach()
        pipe = socket.socket(fileno=3)
        wire.send(pipe, "locked in")  # type: ignore[name-defined]  # noqa: F821
        sources = wire.receive(pipe)  # type: ignore[name-defined]  # noqa: F821
        child.serve(pipe, sources)  # type: ignore[name-defined]  # noqa: F821
    finally:
        os._exit(0)


def main() -> None:
    """Fork and kill on demand: b"F" with a socket answers the pid, b"K" and a pid answers the exit status."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits, empty = json.loads(sys.argv[2]), sys.argv[3]
    prepare()
    control.sendall(b"R")
    children: set[int] = set()
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, 5, 1)
        if not command:
            break
        if command[:1] == b"F":
            pipe = socket.socket(fileno=descriptors[0])
            pid = os.fork()
            if pid == 0:
                control.close()
                run_child(pipe, limits, empty)
            pipe.close()
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
