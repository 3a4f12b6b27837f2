"""What a child may ask of the kernel once it is locked in.

The kernel itself holds a child to the lists below (seccomp, https://man7.org/linux/man-pages/man2/seccomp.2.html). libseccomp
compiles the filter of them; it also ends whoever calls by the table of another architecture, such as the 32-bit one or x32.
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
# What Python tries in passing, and honest code does by mistake: it is told why it may not. Every other call ends the child.
REFUSED = {
    errno.ENOENT: (  # nothing is there
        *("stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "faccessat2"),
        *("readlink", "readlinkat", "chdir"),
    ),
    errno.EROFS: (  # nothing can be written
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
    ),
}
OPENING = {"open": 1, "openat": 2}  # calls that open a file, and the place of their flags
WRITING = (os.O_WRONLY, os.O_RDWR, os.O_CREAT)
BY_TREE = 2  # SCMP_FLTATR_CTL_OPTIMIZE: a binary tree of the calls


def refuse_to_open(lists: Any, name: str, place: int) -> None:
    """Refuse a call that opens a file: to read one, because it is not there, and to write one, because nothing can be."""
    lists.add_rule(pyseccomp.ERRNO(errno.ENOENT), name, pyseccomp.Arg(place, pyseccomp.MASKED_EQ, sum(WRITING), 0))
    for flag in WRITING:
        lists.add_rule(pyseccomp.ERRNO(errno.EROFS), name, pyseccomp.Arg(place, pyseccomp.MASKED_EQ, flag, flag))


def compile_filter() -> bytes:
    """Return the filter as BPF instructions for this machine; raise OSError if there is no libseccomp."""
    if pyseccomp is None:
        raise OSError(errno.ENOSYS, "libseccomp is not installed, or this is not Linux")
    lists = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    lists.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    with contextlib.suppress(OSError):  # libseccomp before 2.5 knows no tree: a longer way through the list
        lists.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, BY_TREE)
    actions = {pyseccomp.ALLOW: ALLOWED, **{pyseccomp.ERRNO(number): names for number, names in REFUSED.items()}}
    for action, names in actions.items():
        for name in names:
            with contextlib.suppress(OSError, ValueError):  # a call that this libseccomp does not know yet ends the child
                lists.add_rule(action, name)
    for name, place in OPENING.items():
        with contextlib.suppress(OSError, ValueError):
            refuse_to_open(lists, name, place)
    with tempfile.TemporaryFile() as file:
        lists.export_bpf(file)
        file.seek(0)
        return file.read()
