"""Calls to the Linux kernel that Python has no functions for. Each raises OSError if the kernel refuses, or is not Linux.

Constants are those of <linux/prctl.h>, <linux/sched.h>, <linux/capability.h> and <linux/landlock.h>.
"""

import ctypes
import errno
import os
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

DIE_WITH_PARENT, DUMPABLE, SECCOMP, ADOPT_ORPHANS, NO_NEW_PRIVILEGES = 1, 4, 22, 36, 38  # options of prctl
NEW_IPC, NEW_USER, NEW_PID, NEW_NETWORK = 0x08000000, 0x10000000, 0x20000000, 0x40000000  # flags of unshare and setns
SECCOMP_FILTER, LANDLOCK_VERSION = 2, 1
CREATE_RULESET, RESTRICT_SELF = 444, 446  # Landlock's system calls have these numbers on every architecture
# Version of Landlock -> the rights that a ruleset can name: for files, for the network, for scopes.
LANDLOCK_RIGHTS = {6: (16, 2, 2), 5: (16, 2, 0), 4: (15, 2, 0), 3: (15, 0, 0), 2: (14, 0, 0), 1: (13, 0, 0)}
LANDLOCK_BYTES = {6: 24, 4: 16, 1: 8}  # and the size of its description

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """Return the result of a libc function; integers are passed as long, everything else as by ctypes."""
    if sys.platform != "linux" or not hasattr(libc, name):
        raise OSError(errno.ENOSYS, "this system does not have it")
    longs = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = getattr(libc, name)(*longs)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, value: int, pointer: Any = 0) -> None:
    """Call prctl."""
    call("prctl", option, value, pointer, 0, 0)


def no_new_privileges() -> None:
    """Give up privileges from exec permanently, which also allows an unprivileged process to load a filter."""
    prctl(NO_NEW_PRIVILEGES, 1)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends; changing the user undoes this."""
    prctl(DIE_WITH_PARENT, signal.SIGKILL)


def hide_memory() -> None:
    """Keep other processes of the same user from reading the memory and environment of this one and its children."""
    prctl(DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends."""
    prctl(ADOPT_ORPHANS, 1)


def unshare(flags: int) -> None:
    """Move to a new namespace; for a PID namespace, only the children do."""
    call("unshare", flags)


def enter_namespace(descriptor: int, kind: int) -> None:
    """Enter the namespace of an open descriptor."""
    call("setns", descriptor, kind)


def drop_capabilities() -> None:
    """Drop every capability."""
    header = struct.pack("=II", 0x20080522, 0)
    call("capset", header, bytes(24))


class Program(ctypes.Structure):
    """struct sock_fprog: the instructions of a filter."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def load_filter(instructions: bytes) -> None:
    """Filter every system call from now on with these BPF instructions of eight bytes each."""
    no_new_privileges()
    prctl(SECCOMP, SECCOMP_FILTER, ctypes.byref(Program(len(instructions) // 8, instructions)))


def landlock_ruleset() -> int:
    """Return the descriptor of a Landlock ruleset that allows nothing: https://docs.kernel.org/userspace-api/landlock.html."""
    version = call("syscall", CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    rights = next(rights for since, rights in LANDLOCK_RIGHTS.items() if version >= since)
    size = next(size for since, size in LANDLOCK_BYTES.items() if version >= since)
    description = struct.pack("=QQQ", *((1 << count) - 1 for count in rights))[:size]
    return call("syscall", CREATE_RULESET, description, size, 0)


def landlock(ruleset: int) -> None:
    """Restrict this process to a ruleset permanently."""
    no_new_privileges()
    call("syscall", RESTRICT_SELF, ruleset, 0)


def enter_user_namespace(user: int) -> None:
    """Enter a user namespace in which this process may create further namespaces, and has the id `user`.

    An ordinary user may map only its own id: https://man7.org/linux/man-pages/man7/user_namespaces.7.html.
    """
    real_user, real_group = os.getuid(), os.getgid()
    unshare(NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {real_user} 1"),
        ("gid_map", f"{user} {real_group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def attempt(action: Callable[[], None]) -> None:
    """Try something in a separate process; raise OSError if it fails there."""
    pid = os.fork()
    if pid == 0:
        number = 255
        with suppress(BaseException):
            try:
                action()
                number = 0
            except OSError as error:
                number = error.errno or number
        os._exit(number)
    _, status = os.waitpid(pid, 0)
    number = os.waitstatus_to_exitcode(status)
    if number != 0:
        raise OSError(number, os.strerror(number))
