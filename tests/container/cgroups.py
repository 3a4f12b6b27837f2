"""What a container may use of memory and of the processor, by the cgroups that the machine has, of version 1 or 2."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path("/sys/fs/cgroup")
PREFIX = "gradescope-container-"
MEGABYTE = 1024**2
NOT = "NOT IN FORCE"
PERIOD = 100_000  # microseconds, Docker's
SECOND = (HERE / "cgroup.controllers").exists()  # version 2
FOLDERS = {"memory": HERE if SECOND else HERE / "memory", "processor": HERE if SECOND else HERE / "cpu"}


@dataclass
class Group:
    """A cgroup: where a process enters it, and what holds in it: each limit by name, or why it is not in force."""

    name: str
    doors: list[str] = field(default_factory=list)
    limits: dict[str, str] = field(default_factory=dict)

    def bounds(self, limit: str) -> bool:
        """Return whether a limit is in force."""
        return not self.limits[limit].startswith(NOT)

    @property
    def peak(self) -> float:
        """The most memory that was in use, in megabytes, with what the kernel keeps of files; nan where it does not say."""
        text = self.read("memory.peak" if SECOND else "memory.max_usage_in_bytes")
        return int(text) / MEGABYTE if text else float("nan")

    @property
    def kills(self) -> int:
        """How often the kernel ended a process because there was no memory left."""
        lines = self.read("memory.events" if SECOND else "memory.oom_control").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)

    def read(self, file: str) -> str:
        """Return what a file of the memory controller says; nothing where it is not there."""
        with contextlib.suppress(OSError):
            return (FOLDERS["memory"] / self.name / file).read_text().strip()
        return ""


def settings(megabytes: int, cores: float) -> Mapping[str, dict[str, int | str]]:
    """Return what is written for each limit, by the name of the file."""
    most, quota = megabytes * MEGABYTE, int(cores * PERIOD)
    if SECOND:
        return {"memory": {"memory.max": most, "memory.swap.max": 0}, "processor": {"cpu.max": f"{quota} {PERIOD}"}}
    return {"memory": {"memory.limit_in_bytes": most}, "processor": {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": quota}}


@contextlib.contextmanager
def cgroup(name: str, megabytes: int, cores: float) -> Iterator[Group]:
    """Yield a cgroup with these limits as far as the machine lets one make them; it is removed at the end."""
    group = Group(f"{PREFIX}{secrets.token_hex(4)}-{name}")
    shown = {"memory": f"{megabytes} MB", "processor": f"{cores:g} of a core"}
    try:
        for limit, files in settings(megabytes, cores).items():
            folder = FOLDERS[limit] / group.name
            try:
                enable(limit)
                folder.mkdir(exist_ok=True)
                for file, value in files.items():
                    if file != "memory.swap.max" or (folder / file).exists():  # not where the kernel keeps no account of swap
                        (folder / file).write_text(str(value))
                group.limits[limit] = f"{shown[limit]} by cgroup v{2 if SECOND else 1}"
                group.doors.append(str(folder / "cgroup.procs"))
            except OSError as error:
                group.limits[limit] = f"{NOT} ({error.strerror})"
        yield group
    finally:
        remove(group.name)


def enable(limit: str) -> None:
    """Let the groups of version 2 have this limit; those of version 1 do from the start."""
    if SECOND:
        (HERE / "cgroup.subtree_control").write_text("+memory" if limit == "memory" else "+cpu")


def remove(name: str) -> None:
    """Remove a group, as soon as the last process in it is gone."""
    for folder in {FOLDERS[limit] / name for limit in FOLDERS}:
        for _ in range(100):
            with contextlib.suppress(OSError):
                folder.rmdir()
            if not folder.exists():
                break
            time.sleep(0.05)


def remove_left_over() -> None:
    """Remove the groups of a run that was killed; those of a run that goes on are not empty, and stay."""
    for folder in {path for parent in FOLDERS.values() for path in parent.glob(f"{PREFIX}*")}:
        with contextlib.suppress(OSError):
            folder.rmdir()
