"""What a child may ask of the kernel once it is locked in.

The kernel itself holds a child to the lists below (seccomp, https://man7.org/linux/man-pages/man2/seccomp.2.html). libseccomp
compiles the filter of them; it also ends whoever calls by the table of another architecture, such as the 32-bit one or x32.
"""

import contextlib
import errno
import tempfile

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
BY_TREE = 2  # SCMP_FLTATR_CTL_OPTIMIZE: a binary tree of the calls


def compile_filter() -> bytes:
    """Return the filter as BPF instructions for this machine; raise OSError if there is no libseccomp."""
    if pyseccomp is None:
        raise OSError(errno.ENOSYS, "libseccomp is not installed, or this is not Linux")
    lists = pyseccomp.SyscallFilter(pyseccomp.KILL_PROCESS)
    lists.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    with contextlib.suppress(OSError):  # libseccomp before 2.5 knows no tree: a longer way through the list
        lists.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, BY_TREE)
    for names, action in ((ALLOWED, pyseccomp.ALLOW), (REFUSED, pyseccomp.ERRNO(errno.EPERM))):
        for name in names:
            with contextlib.suppress(OSError, ValueError):  # a call that this libseccomp does not know yet ends the child
                lists.add_rule(action, name)
    with tempfile.TemporaryFile() as file:
        lists.export_bpf(file)
        file.seek(0)
        return file.read()
