"""What a child may ask of the kernel once it is locked in, and what becomes of it when the zygote is gone.

The kernel itself holds a child to the lists below (seccomp, https://man7.org/linux/man-pages/man2/seccomp.2.html). libseccomp
makes the filter of them; it also ends whoever calls by the table of another architecture, such as the 32-bit one or x32.
"""

import contextlib
import ctypes
import errno
import os
import signal
import sys
from typing import Any

try:
    import pyseccomp  # type: ignore[import-untyped]
except (ImportError, OSError, RuntimeError):  # not Linux, or no libseccomp
    pyseccomp = None

# To compute and to answer over the pipe.
ALLOWED = (
    *("brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "restart_syscall"),
    *("read", "write", "recvfrom", "recvmsg", "sendto", "sendmsg", "close"),
    *("clock_gettime", "clock_getres", "gettimeofday", "time", "clock_nanosleep", "nanosleep", "getrandom"),
    *("select", "pselect6", "poll", "ppoll", "pause", "alarm", "setitimer", "getitimer", "sched_yield"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    *("getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups"),
    *("getrusage", "times", "uname", "sysinfo", "getcpu", "sched_getaffinity"),
    *("exit", "exit_group"),
)
# What Python tries in passing, and honest code does by mistake: it is told that it may not. Every other call ends the child.
REFUSED = (
    *("open", "openat", "openat2", "creat", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs"),
    *("access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir", "fchdir"),
    *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink"),
    *("symlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "truncate", "ftruncate"),
    *("utime", "utimes", "utimensat", "umask", "chroot", "lseek", "ioctl", "fcntl", "dup", "dup2", "dup3", "pipe", "pipe2"),
    *("getrlimit", "setrlimit", "prlimit64", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid"),
    *("setgroups", "getpriority", "setpriority", "sched_setaffinity", "setsid", "setpgid"),
)
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def make_filter() -> Any:
    """The filter, made once and loaded in every child; None where there is no libseccomp or the kernel does not take it."""
    if pyseccomp is None:
        return None
    lists = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    for names, action in ((ALLOWED, pyseccomp.ALLOW), (REFUSED, pyseccomp.ERRNO(errno.EPERM))):
        for name in names:
            with contextlib.suppress(OSError, ValueError):  # a call that this libseccomp does not know yet ends the child
                lists.add_rule(action, name)
    return lists if takes(lists) else None


def takes(lists: Any) -> bool:
    """Whether the kernel takes a filter, tried in a process of its own."""
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(Exception):
            lists.load()
            status = 0
        os._exit(status)
    _, status = os.waitpid(pid, 0)
    return status == 0


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, and end at once if it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
