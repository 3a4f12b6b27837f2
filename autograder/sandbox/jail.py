"""Set up the isolation layers: in the zygote, and in each child before any student code runs.

The zygote enters the namespaces once, for all its children. A child enters the other layers itself, in the order of `ENTER`:
layers that need privileges come before these are dropped, and the system call filter comes last. A first child tries every
layer and reports which ones failed; later children never run a submission without all the others.
"""

import contextlib
import fcntl
import mmap
import os
import resource
import socket
from collections.abc import Callable, Mapping
from typing import Any

from autograder.sandbox import calls, kernel

OWN_PIDS = "/proc/self/ns/pid"
PIPE_AT, ASIDE = 3, 64  # the descriptor of the pipe in every child, and the first descriptor above all others in use
FIRST_UID, UIDS = 20_000, 40_000  # each child gets a uid in this range, unused by people and available in containers
NEED_RIGHTS = {"root", "network", "ipc", "pid"}  # only root can enter these without a user namespace


class Jail:
    """The layers of one zygote.

    missing maps each inactive layer to the reason. The limits are those of `host.Limits`; empty is an empty directory.
    """

    def __init__(self, limits: Mapping[str, Any], empty: str) -> None:
        self.limits, self.empty = limits, empty
        self.missing = dict.fromkeys(limits["without"], "left out")
        self.children = os.getpid() * 997  # the first uid, so that parallel workers don't share one
        self.own_pids = -1
        self.ruleset = -1
        self.instructions = b""

    def attempt(self, name: str, enter: Callable[[], None]) -> None:
        """Enter a layer unless it is missing; if it cannot be entered, record why."""
        if name not in self.missing:
            try:
                enter()
            except OSError as error:
                self.missing[name] = error.strerror or str(error)
            except AttributeError:  # os lacks the function on this system
                self.missing[name] = "this system does not have it"

    def enter_namespaces(self) -> None:
        """Enter the namespaces, and prepare what every child needs; continue in a fork if necessary."""
        if os.geteuid() != 0 and NEED_RIGHTS - set(self.missing):
            with contextlib.suppress(OSError):
                kernel.attempt(self.enter_user_namespace)
                self.enter_user_namespace()
        self.attempt("network", lambda: kernel.unshare(kernel.NEW_NETWORK))
        self.attempt("ipc", lambda: kernel.unshare(kernel.NEW_IPC))
        self.attempt("pid", self.enter_table_of_processes)
        with contextlib.suppress(OSError):
            kernel.hide_memory()
            kernel.adopt_orphans()
        self.attempt("landlock", self.make_ruleset)
        self.attempt("filter", self.compile_filter)

    def enter_user_namespace(self) -> None:
        """Enter a user namespace with the capabilities to create the others; raise OSError if that fails."""
        kernel.enter_user_namespace(FIRST_UID)
        kernel.attempt(lambda: os.chroot(self.empty))  # some kernels create a namespace without any capabilities in it

    def enter_table_of_processes(self) -> None:
        """Become the first process of a new PID namespace, from which a namespace for each child can be created."""
        kernel.attempt(self.try_table_of_processes)
        kernel.unshare(kernel.NEW_PID)
        be_first_process()
        self.own_pids = os.open(OWN_PIDS, os.O_RDONLY)

    def try_table_of_processes(self) -> None:
        """Prepare everything for forking a child, once, as the first process of the PID namespace."""
        kernel.unshare(kernel.NEW_PID)
        kernel.attempt(self.make_table_and_come_back)

    def make_table_and_come_back(self) -> None:
        """Create a PID namespace, which the next child will enter."""
        own = os.open(OWN_PIDS, os.O_RDONLY)
        kernel.unshare(kernel.NEW_PID)
        kernel.enter_namespace(own, kernel.NEW_PID)

    def make_ruleset(self) -> None:
        """Create the Landlock ruleset once, for all children."""
        ruleset = kernel.landlock_ruleset()
        self.ruleset = fcntl.fcntl(ruleset, fcntl.F_DUPFD, ASIDE)
        os.close(ruleset)

    def compile_filter(self) -> None:
        """Compile the system call filter once, for all children."""
        self.instructions = calls.compile_filter()

    def fork(self) -> int:
        """Fork a child, in its own PID namespace if available."""
        self.children += 1
        if self.own_pids < 0:
            return os.fork()
        kernel.unshare(kernel.NEW_PID)
        pid = os.fork()
        if pid:
            kernel.enter_namespace(self.own_pids, kernel.NEW_PID)
        return pid

    def lock_in(self) -> None:
        """Give up everything that a submission doesn't need, before any student code runs."""
        for name, enter in ENTER.items():
            if name not in self.missing:
                enter(self)

    def probe(self) -> None:
        """Lock this process in as far as possible, and record the layers that could not be entered."""
        for name, enter in ENTER.items():
            self.attempt(name, lambda enter=enter: enter(self))  # type: ignore[misc]

    def arrange(self, pipe: int, mark: int) -> tuple[socket.socket, mmap.mmap]:
        """Return the pipe, at its fixed descriptor, and the mark; connect input and output to /dev/null."""
        os.setsid()
        memory = mmap.mmap(mark, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.dup2(pipe, PIPE_AT)
        return socket.socket(fileno=PIPE_AT), memory

    def close_descriptors(self) -> None:
        """Close every descriptor except the three standard ones and the pipe."""
        os.closerange(PIPE_AT + 1, 256)

    def change_root(self) -> None:
        """Make the empty directory the root directory."""
        os.chroot(self.empty)
        os.chdir("/")

    def change_user(self) -> None:
        """Become a user that no other process runs as."""
        if os.geteuid() != 0:
            raise OSError(0, "only root can give a child a user of its own")
        user = FIRST_UID + self.children % UIDS
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)

    def drop_capabilities(self) -> None:
        """Drop all privileges, and every way to gain any."""
        kernel.drop_capabilities()
        kernel.no_new_privileges()

    def end_with_zygote(self) -> None:
        """End when the zygote ends. The judge ends calls that take too long."""
        with contextlib.suppress(OSError):
            kernel.die_with_parent()

    def lower_limits(self) -> None:
        """Lower the limits for good."""
        for name, most in (
            ("RLIMIT_CPU", self.limits["cpu_seconds"]),
            ("RLIMIT_AS", self.limits["memory_bytes"]),
            ("RLIMIT_FSIZE", 0),
            ("RLIMIT_CORE", 0),
            ("RLIMIT_NOFILE", 32),
            ("RLIMIT_MSGQUEUE", 0),
            ("RLIMIT_NPROC", 0),
        ):
            with contextlib.suppress(AttributeError, ValueError, OSError):  # macOS defines RLIMIT_AS but refuses to set it
                resource.setrlimit(getattr(resource, name), (most, most))


# How a child enters each of its layers, in this order.
ENTER: dict[str, Callable[[Jail], None]] = {
    "landlock": lambda jail: kernel.landlock(jail.ruleset),
    "descriptors": Jail.close_descriptors,
    "root": Jail.change_root,
    "user": Jail.change_user,
    "capabilities": Jail.drop_capabilities,
    "limits": Jail.lower_limits,
    "deadline": Jail.end_with_zygote,
    "filter": lambda jail: kernel.load_filter(jail.instructions),
}


def be_first_process() -> None:
    """Continue as the first process of the newest PID namespace: all others in it end with this one."""
    pid = os.fork()
    if pid:
        os.closerange(3, 256)
        _, status = os.waitpid(pid, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    kernel.die_with_parent()
