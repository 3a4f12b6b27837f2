"""The system calls that a child may make once it is locked in.

The kernel enforces the lists below (seccomp, https://man7.org/linux/man-pages/man2/seccomp.2.html). libseccomp compiles the
filter from them; the filter also ends a process that uses the call table of another architecture, such as 32-bit or x32.
"""

import contextlib
import errno
import os
import tempfile
from typing import Any

try:
    import pyseccomp  # type: ignore[import-untyped]
except (ImportError, OSError, RuntimeError):  # not Linux, or no libseccomp
    pyseccomp = None

# Needed to compute, and to reply over the pipe.
ALLOWED = (
    *("brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "restart_syscall"),
    *("read", "write", "recvfrom", "recvmsg", "sendto", "sendmsg", "close"),
    *("gettimeofday", "time", "nanosleep", "getrandom", "select", "pselect6", "poll", "ppoll", "pause", "sched_yield"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    *("times", "uname", "sched_getaffinity", "getgroups", "exit", "exit_group"),
)
# These return 0, because the real numbers depend on earlier children, which could signal to later ones by ending often.
NUMBERLESS = ("getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid")
# Allowed or refused by the first argument: the bits to test, their required value, and whether the call is allowed. A negative
# number means the clock of another process, or the usage of children that have ended. Timers of processor time are allowed,
# because they stop statements; a wall-clock timer could run code while the child waits for the judge.
SIGN, ALL_BITS = 1 << 31, (1 << 32) - 1  # of an int, which may have other bits above it in its register
TIMERS = ((ALL_BITS, 1, True), (ALL_BITS, 2, True), (ALL_BITS, 0, False))  # ITIMER_VIRTUAL, ITIMER_PROF, ITIMER_REAL
BY_FIRST_ARGUMENT = {
    **dict.fromkeys(("clock_gettime", "clock_getres", "clock_nanosleep", "getrusage"), ((SIGN, 0, True), (SIGN, SIGN, False))),
    **dict.fromkeys(("setitimer", "getitimer"), TIMERS),
}
# Calls that Python makes by the way, or honest code by mistake: they fail with an error. Any other call ends the child.
REFUSED = {
    errno.ENOENT: (  # no file exists
        *("stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "faccessat2"),
        *("readlink", "readlinkat", "chdir"),
    ),
    errno.EROFS: (  # no file can be written
        *("creat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat"),
        *(
            "symlink",
            "symlinkat",
            "chmod",
            "fchmodat",
            "chown",
            "lchown",
            "fchownat",
            "truncate",
            "utime",
            "utimes",
            "utimensat",
        ),
    ),
    errno.EPERM: (
        *("openat2", "fstat", "fstatfs", "getdents", "getdents64", "getcwd", "fchdir", "fchmod", "fchown", "ftruncate"),
        *("umask", "chroot", "lseek", "ioctl", "fcntl", "dup", "dup2", "dup3", "pipe", "pipe2"),
        *("getrlimit", "setrlimit", "prlimit64", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid"),
        *("setgroups", "getpriority", "setpriority", "sched_setaffinity", "setsid", "setpgid"),
        # These reveal what other processes can change on the machine, such as free memory, or run code at a given time.
        *("sysinfo", "getcpu", "alarm"),
    ),
}
OPENING = {"open": 1, "openat": 2}  # calls that open a file, with the index of their flags
WRITING = (os.O_WRONLY, os.O_RDWR, os.O_CREAT)
BY_TREE = 2  # SCMP_FLTATR_CTL_OPTIMIZE: a binary tree of the calls


def refuse_to_open(lists: Any, name: str, place: int) -> None:
    """Refuse a call that opens a file: reading fails because no file exists, writing because the file system is read-only."""
    lists.add_rule(pyseccomp.ERRNO(errno.ENOENT), name, pyseccomp.Arg(place, pyseccomp.MASKED_EQ, sum(WRITING), 0))
    for flag in WRITING:
        lists.add_rule(pyseccomp.ERRNO(errno.EROFS), name, pyseccomp.Arg(place, pyseccomp.MASKED_EQ, flag, flag))


def compile_filter() -> bytes:
    """Return the filter as BPF instructions for this machine; raise OSError if there is no libseccomp."""
    if pyseccomp is None:
        raise OSError(errno.ENOSYS, "libseccomp is not installed, or this is not Linux")
    lists = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    lists.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    with contextlib.suppress(OSError):  # libseccomp before 2.5 has no tree and searches a list, which takes longer
        lists.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, BY_TREE)
    actions = {pyseccomp.ALLOW: ALLOWED, pyseccomp.ERRNO(0): NUMBERLESS}
    actions |= {pyseccomp.ERRNO(number): names for number, names in REFUSED.items()}
    for action, names in actions.items():
        for name in names:
            with contextlib.suppress(OSError, ValueError):  # calls unknown to this version of libseccomp end the child
                lists.add_rule(action, name)
    for name, rules in BY_FIRST_ARGUMENT.items():
        for mask, value, is_allowed in rules:
            action = pyseccomp.ALLOW if is_allowed else pyseccomp.ERRNO(errno.EPERM)
            lists.add_rule(action, name, pyseccomp.Arg(0, pyseccomp.MASKED_EQ, mask, value))
    for name, place in OPENING.items():
        with contextlib.suppress(OSError, ValueError):
            refuse_to_open(lists, name, place)
    with tempfile.TemporaryFile() as file:
        lists.export_bpf(file)
        file.seek(0)
        return file.read()
