"""A freshly started interpreter that forks one child for each submission, and does nothing else.

It loads numpy and common standard modules before the first fork, so a child starts in a millisecond and needs no files. It
holds no secret, because a fork inherits its parent's memory: it is started with a clean environment, gets no information about
tests, scores or references, and forgets where its own modules are.

Started by `host` as `python zygote.py CONTROL LIMITS`: the number of a socket, and the limits as JSON.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import time
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

# Loaded before the first fork, because nearly every submission needs them.
PREPARED = (
    *("abc", "collections.abc", "copy", "dataclasses", "enum", "functools", "io", "itertools", "json", "math", "operator"),
    *("os", "random", "re", "string", "sys", "time", "typing", "warnings", "_strptime"),
    *("numpy", "numpy.fft", "numpy.linalg", "numpy.random"),
)
START = 1_618_033_988  # seeds the global random state: the same in every run, and not a common choice


def prepare() -> tuple[ModuleType, ModuleType, Any]:
    """Return the modules `child` and `jail`, and a finder for modules that submissions may import; forget the grader's path."""
    root = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, root)
    child = importlib.import_module("autograder.sandbox.child")
    jail = importlib.import_module("autograder.sandbox.jail")
    modules = importlib.import_module("autograder.sandbox.modules")
    here = {root, str(Path(__file__).resolve().parent), "", os.getcwd()}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]
    for name in PREPARED:
        importlib.import_module(name)
    modules.load_extensions()
    stored = modules.StoredModules()
    importlib.import_module("numpy").random.seed(START)
    importlib.import_module("random").seed(START)
    gc.freeze()  # otherwise, the first collection in a child would write to, and thus copy, every page
    return child, jail, stored


def run_child(child: ModuleType, jail: Any, stored: Any, pipe: int, mark: int) -> None:
    """Run as the child of one submission until its pipe ends."""
    try:
        connection, memory = jail.arrange(pipe, mark)
        work = child.wire.receive_trusted(connection)
        with contextlib.suppress(OSError):  # only Linux has it, and only there the judge asks for it
            child.wire.MARK.pack_into(memory, 0, int(os.readlink("/proc/self")), 0)
        jail.lock_in()
        sys.meta_path[sys.meta_path.index(PathFinder)] = stored
        child.serve(connection, memory, work)
    finally:
        os._exit(0)


def probe(child: ModuleType, jail: Any) -> None:
    """Have a first child try every layer and, once locked in, report over its pipe which ones failed."""
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
    """Prepare, report which layers are missing and why, and then fork and kill children on request."""
    control = socket.socket(fileno=int(sys.argv[1]))
    child, jail_module, stored = prepare()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as empty:
        os.chmod(empty, 0o555)
        jail = jail_module.Jail(json.loads(sys.argv[2]), empty)
        jail.enter_namespaces()
        probe(child, jail)
        child.wire.send(control, child.wire.frame(jail.missing))
        ChildManager(control, child, jail, stored).serve()


class ChildManager:
    """The children of one zygote: when each must end, and the exit status of those that were killed."""

    def __init__(self, control: socket.socket, child: ModuleType, jail: Any, stored: Any) -> None:
        self.control, self.child, self.jail, self.stored = control, child, jail, stored
        self.due: dict[int, float] = {}
        self.ended: dict[int, int] = {}

    def serve(self) -> None:
        """Execute commands until the judge ends, and then kill all remaining children.

        b"F" with the descriptors of a pipe and a mark returns the pid; b"K" with a pid returns the exit status. If the judge
        hangs, children that are over their time limit are killed anyway.
        """
        while True:
            patience = max(0.0, min(self.due.values()) - time.monotonic()) if self.due else None
            if not select.select([self.control], [], [], patience)[0]:
                self.end_overdue()
                continue
            command, descriptors = self.receive()
            if not command:
                break
            answer = self.fork(*descriptors) if command[:1] == b"F" else self.end(*struct.unpack("<i", command[1:5]))
            with contextlib.suppress(ConnectionError):
                self.control.sendall(struct.pack("<i", answer))
        for pid in list(self.due):
            self.end(pid)

    def receive(self) -> tuple[bytes, list[int]]:
        """Return a command and its descriptors, or an empty command once the judge has ended or closed the socket."""
        with contextlib.suppress(ConnectionError):
            command, descriptors, _, _ = socket.recv_fds(self.control, 5, 2)
            return command, descriptors
        return b"", []

    def fork(self, pipe: int, mark: int) -> int:
        """Fork a child and return its pid."""
        pid: int = self.jail.fork()
        if pid == 0:
            self.control.close()
            run_child(self.child, self.jail, self.stored, pipe, mark)
        for descriptor in (pipe, mark):
            os.close(descriptor)
        self.due[pid] = time.monotonic() + self.jail.limits["child_seconds"]
        return pid

    def end(self, pid: int) -> int:
        """Kill a child and all its processes; return its exit code, or minus the signal that ended it before."""
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
        """Kill children that are over their time limit, and keep their exit status until the judge asks."""
        for pid in [pid for pid, due in self.due.items() if due <= time.monotonic()]:
            self.ended[pid] = self.end(pid)

    def end_orphans(self) -> None:
        """Kill processes left behind by children; they became children of this process, which knows all its own."""
        while orphans := own_children() - self.due.keys():
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def own_children() -> set[int]:
    """Return the children of this process, if Linux lists them (CONFIG_PROC_CHILDREN, which container systems need, too)."""
    with contextlib.suppress(OSError):
        return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}
    return set()


if __name__ == "__main__":
    main()
