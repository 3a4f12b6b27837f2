"""How a zygote surrounds itself with the layers, and how each child locks itself in before the first student byte runs.

The zygote enters the namespaces once, for all its children. A child takes the rest on itself, in the order of `ENTER`: what
needs a right comes before the rights are given up, and the filter of system calls comes last. Nothing is taken for granted: a
first child tries every layer out and says which failed, and no child after it runs a submission without the ones that did not.
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
PIPE_AT, ASIDE = 3, 64  # where the pipe lies in every child, and from where on nothing is in its way
FIRST_UID, UIDS = 20_000, 40_000  # a child gets a uid of its own in this range, which holds no people and fits every container
NEED_RIGHTS = {"root", "network", "ipc", "pid"}  # for these, whoever is not root needs a user namespace


class Jail:
    """The layers of one zygote.

    missing names each layer that is not live and why. The limits are those of `host.Limits`; empty is an empty directory.
    """

    def __init__(self, limits: Mapping[str, Any], empty: str) -> None:
        self.limits, self.empty = limits, empty
        self.missing = dict.fromkeys(limits["without"], "left out")
        self.children = os.getpid() * 997  # where the uids begin: workers side by side do not share one
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
            except AttributeError:  # os has no such function here
                self.missing[name] = "this system does not have it"

    def enter_namespaces(self) -> None:
        """Enter the namespaces, and prepare what every child needs; the process goes on in a fork, if it must."""
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
        """Enter a user namespace that gives the rights to make the others; raise OSError if it does not."""
        kernel.enter_user_namespace(FIRST_UID)
        kernel.attempt(lambda: os.chroot(self.empty))  # there are kernels that give a namespace and then no rights in it

    def enter_table_of_processes(self) -> None:
        """Become the first process of a new table, which can make one for each child and come back."""
        kernel.attempt(self.try_table_of_processes)
        kernel.unshare(kernel.NEW_PID)
        be_first_process()
        self.own_pids = os.open(OWN_PIDS, os.O_RDONLY)

    def try_table_of_processes(self) -> None:
        """Do once, as the first process of such a table, everything that forking a child takes."""
        kernel.unshare(kernel.NEW_PID)
        kernel.attempt(self.make_table_and_come_back)

    def make_table_and_come_back(self) -> None:
        """Make a table for a child, and leave entering it to the next child."""
        own = os.open(OWN_PIDS, os.O_RDONLY)
        kernel.unshare(kernel.NEW_PID)
        kernel.enter_namespace(own, kernel.NEW_PID)

    def make_ruleset(self) -> None:
        """Make the Landlock ruleset once, for every child."""
        ruleset = kernel.landlock_ruleset()
        self.ruleset = fcntl.fcntl(ruleset, fcntl.F_DUPFD, ASIDE)
        os.close(ruleset)

    def compile_filter(self) -> None:
        """Compile the filter of system calls once, for every child."""
        self.instructions = calls.compile_filter()

    def fork(self) -> int:
        """Fork a child, in a table of processes of its own where there is one."""
        self.children += 1
        if self.own_pids < 0:
            return os.fork()
        kernel.unshare(kernel.NEW_PID)
        pid = os.fork()
        if pid:
            kernel.enter_namespace(self.own_pids, kernel.NEW_PID)
        return pid

    def lock_in(self) -> None:
        """Give up, before the first line of student code, everything that a submission has no use for."""
        for name, enter in ENTER.items():
            if name not in self.missing:
                enter(self)

    def probe(self) -> None:
        """Lock this process in as far as possible, and record the layers that could not be entered."""
        for name, enter in ENTER.items():
            self.attempt(name, lambda enter=enter: enter(self))  # type: ignore[misc]

    def arrange(self, pipe: int, mark: int) -> tuple[socket.socket, mmap.mmap]:
        """Return the pipe, in the place it has in every child, and the mark; connect input and output to nothing."""
        os.setsid()
        memory = mmap.mmap(mark, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.dup2(pipe, PIPE_AT)
        return socket.socket(fileno=PIPE_AT), memory

    def close_descriptors(self) -> None:
        """Close every descriptor but the three standard ones and the pipe."""
        os.closerange(PIPE_AT + 1, 256)

    def change_root(self) -> None:
        """Make the empty directory the root."""
        os.chroot(self.empty)
        os.chdir("/")

    def change_user(self) -> None:
        """Become a user that nobody else is."""
        if os.geteuid() != 0:
            raise OSError(0, "only root can give a child a user of its own")
        user = FIRST_UID + self.children % UIDS
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)

    def drop_capabilities(self) -> None:
        """Give up all rights, and every way to get any."""
        kernel.drop_capabilities()
        kernel.no_new_privileges()

    def end_with_zygote(self) -> None:
        """End when the zygote does. Ending a call that takes too long is the judge's work."""
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
            with contextlib.suppress(AttributeError, ValueError, OSError):  # macOS knows RLIMIT_AS and refuses to set it
                resource.setrlimit(getattr(resource, name), (most, most))


# How a child enters each layer that is its own to enter, in this order.
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
    """Go on as the first process of the newest table: all others in it end with this one."""
    pid = os.fork()
    if pid:
        os.closerange(3, 256)
        _, status = os.waitpid(pid, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    kernel.die_with_parent()
