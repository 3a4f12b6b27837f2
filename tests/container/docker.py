"""What Docker does to the first process of a container, by its defaults: root file system, devices, capabilities, system calls.

The lists are those of Docker's own profile where it matters to us: https://docs.docker.com/engine/security/seccomp/, and
https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities.
"""

import contextlib
import errno
import os
import stat
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, Attr, SyscallFilter

from autograder.sandbox import kernel

# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write
# and setfcap, by their numbers in <linux/capability.h>
CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
DROP_FROM_BOUND, DETACH = 24, 2
NEW_NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FORBIDDEN = (
    *("acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module", "fanotify_init"),
    *("finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register"),
    *(
        "io_uring_setup",
        "ioperm",
        "iopl",
        "kexec_file_load",
        "kexec_load",
        "keyctl",
        "lookup_dcookie",
        "mount",
        "mount_setattr",
    ),
    *("move_mount", "move_pages", "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root", "quotactl", "quotactl_fd"),
    *("reboot", "request_key", "setdomainname", "sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon", "syslog"),
    *("umount", "umount2", "unshare", "userfaultfd", "vhangup", "vm86", "vm86old"),
)
LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def docker_filter(absent: Sequence[str]) -> SyscallFilter:
    """Docker's filter; the absent system calls answer as a kernel does that does not know them."""
    rules = SyscallFilter(ALLOW)
    rules.set_attr(Attr.ACT_BADARCH, ALLOW)
    rules.set_attr(Attr.CTL_NNP, 0)
    for name in FORBIDDEN:
        with contextlib.suppress(OSError, ValueError):  # a call of another architecture, or newer than this libseccomp
            rules.add_rule(ERRNO(errno.EPERM), name)
    for flag in NEW_NAMESPACES:
        rules.add_rule(ERRNO(errno.EPERM), "clone", Arg(0, MASKED_EQ, flag, flag))
    for name in ("clone3", *absent):
        rules.add_rule(ERRNO(errno.ENOSYS), name)
    return rules


def build_root(place: Path, layers: Sequence[str], upper: str, binds: Sequence[tuple[str, str]]) -> None:
    """Mount at a place what a container sees; what it writes comes into `upper`. A bind is read-only."""
    work = f"{upper}.work"
    for folder in (place, Path(upper), Path(work)):
        folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "overlay", "-o", f"lowerdir={':'.join(layers)},upperdir={upper},workdir={work}", "overlay", str(place))
    for source, target in binds:
        there = Path(f"{place}{target}")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.mkdir(exist_ok=True) if Path(source).is_dir() else there.touch()
        mount("--bind", source, str(there))
        mount("-o", "remount,bind,ro", str(there))
    mount("-t", "proc", "proc", f"{place}/proc")
    mount("-t", "sysfs", "-o", "ro", "sysfs", f"{place}/sys")
    mount("-t", "tmpfs", "-o", "mode=755,size=64k", "tmpfs", f"{place}/dev")
    for name, number in DEVICES.items():
        os.mknod(f"{place}/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(*number))
        os.chmod(f"{place}/dev/{name}", 0o666)
    Path(f"{place}/dev/fd").symlink_to("/proc/self/fd")
    Path(f"{place}/dev/shm").mkdir()
    mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "shm", f"{place}/dev/shm")


def mount(*arguments: str) -> None:
    """Call mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


def enter(place: Path, rules: SyscallFilter) -> None:
    """Have the place for a root and nothing of the old one, and from here on the rights that Docker leaves."""
    os.chdir(place)
    kernel.call("pivot_root", b".", b".")
    kernel.call("umount2", b".", DETACH)
    os.chdir("/")
    with contextlib.suppress(OSError):  # behind the last capability that this kernel has
        for number in range(64):
            if number not in CAPABILITIES:
                kernel.prctl(DROP_FROM_BOUND, number)
    rules.load()
    kept = sum(1 << number for number in CAPABILITIES)
    kernel.call("capset", struct.pack("=II", 0x20080522, 0), struct.pack("=6I", kept, kept, 0, 0, 0, 0))
