"""Allow only one writer per OUT: the file grading.lock in it says who is writing there, and since when.

The file is created atomically: if two runs start at the same instant, even on a shared disk, only one gets the lock. If the
process of a lock has ended on this machine, the lock is taken over. A lock from another machine never is, because its process
may still be running.
"""

import contextlib
import fcntl
import getpass
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from autograder.errors import AutograderError
from autograder.files import TRY_AGAIN, OutputError, read_if_there
from autograder.intake.folders import open_file
from autograder.text import clean

NAME = "grading.lock"
READABLE = 0o644  # so that other users can see who holds the lock; it contains no scores
MAX_BYTES = 4_096
MAX_NAME = 100
POLL = 0.1  # seconds between two attempts
GUARDED = 2.0  # seconds to wait for another process's lock on the folder itself
ENDED = "ended"


class LockedError(AutograderError):
    """Another process is writing to the same OUT; the text says whose it is, and what to do."""


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock: what it does, for which user, on which host, and since when.

    machine distinguishes hosts and containers with the same name; started distinguishes processes with the same id.
    """

    does: str
    process: int = 0
    user: str = ""
    host: str = ""
    since: str = ""
    machine: str = ""
    started: str = ""

    def is_local(self) -> bool:
        """Return whether this is a process of this machine."""
        return (self.host, self.machine) == (clean(platform.node(), MAX_NAME), identify_machine())

    def has_ended(self) -> bool:
        """Return whether this is a process of this machine that has ended."""
        if not self.is_local():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # for example, it belongs to another user
            pass
        return read_start(self.process) not in ("", self.started)

    def __str__(self) -> str:
        return f"{self.does} by {self.user}, process {self.process} on {self.host}, since {self.since.replace('T', ' ')}"


UNKNOWN = Owner("a run")


@contextlib.contextmanager
def lock(out: Path, does: str, announce: Callable[[str], None], seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of OUT, after waiting for it for up to `seconds`. `does` names the activity, such as "grading".

    announce gets a sentence if a lock was left behind or if this has to wait. Raise LockedError if another process still holds
    the lock, and OutputError if it cannot be written.
    """
    path, own = out / NAME, describe_self(does)
    start = time.monotonic()
    while holder := take(path, own, announce):
        waited = time.monotonic() - start
        if waited >= seconds:
            raise LockedError(explain(path, holder))
        if waited < POLL:
            announce(f"Waiting up to {seconds:g} seconds for {out}: {describe(holder)}.")
        time.sleep(POLL)
    try:
        yield
    finally:
        if read_owner(path) == own:  # otherwise it was deleted by hand, and now belongs to another run
            path.unlink(missing_ok=True)


def take(path: Path, own: Owner, announce: Callable[[str], None]) -> Owner | None:
    """Create the lock and return None, or return its owner; raise OutputError if it cannot be written."""
    try:
        with guarded(path.parent):
            while not make(path, own):
                holder = read_owner(path) or UNKNOWN
                if holder.has_ended():
                    path.unlink(missing_ok=True)
                    announce(f"An earlier run was interrupted ({holder}); this one resumes from there.")
                elif os.path.lexists(path):
                    return holder
            return None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}. {TRY_AGAIN}") from error


def make(path: Path, own: Owner) -> bool:
    """Create the lock, and return whether that worked: False if it exists; raise OSError if it cannot be written."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE)
    except FileExistsError:
        return False
    try:
        with open(number, "w", encoding="utf-8") as file:
            json.dump(asdict(own), file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Keep other processes on this machine from inspecting the lock at the same time; two could take over the same one.

    This locks the folder itself, so it leaves no file behind. Linux locks a folder on this machine only, even on NFS.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + GUARDED
        while time.monotonic() < end:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL / 10)
            except OSError:  # this file system does not support it
                break
        yield
    finally:
        os.close(number)


def explain(path: Path, holder: Owner) -> str:
    """Return the error message for a process that cannot write to OUT now."""
    delete = "" if holder.is_local() else f" If that run is gone, delete {path}."
    return f"OUT={path.parent} is in use: {describe(holder)}. Wait until it finishes, or use another OUT.{delete}"


def describe(holder: Owner) -> str:
    """Return a description of a lock's owner, as far as it is known."""
    return str(holder) if holder != UNKNOWN else f"its {NAME} does not say by whom"


def read_owner(path: Path) -> Owner | None:
    """Return the owner of a lock; None if there is no lock, or if it is unreadable."""
    try:
        with open_file(path) as file:
            found = json.loads(file.read(MAX_BYTES))
        texts = {name: clean(value, MAX_NAME) for name, value in found.items() if name != "process"}
        return Owner(process=int(found["process"]), **texts)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def describe_self(does: str) -> Owner:
    """Return this process as the owner of a lock."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # containers may lack an entry for the user
        user = f"user {os.getuid()}"
    texts = (user, platform.node(), datetime.now().astimezone().isoformat(timespec="seconds"))
    user, host, since = (clean(text, MAX_NAME) for text in texts)
    return Owner(does, os.getpid(), user, host, since, identify_machine(), read_start(os.getpid()))


@cache
def identify_machine() -> str:
    """Return the machine's id and PID namespace (pid_namespaces(7)), which distinguish it from others with the same name."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return f"{read_if_there(Path('/etc/machine-id')).decode(errors='replace').strip()[:40]} {namespace}".strip()


def read_start(process: int) -> str:
    """Return the start time of a process on this machine, ENDED if it is a zombie or dead, "" if it cannot be determined.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html documents the fields of /proc.
    """
    try:
        if sys.platform == "linux":
            state, *fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return ENDED if state in "ZX" else f"{boot} {fields[18]}"
        command = ["/bin/ps", "-o", "lstart=", "-p", str(process)]
        return subprocess.run(command, env={"LC_ALL": "C", "TZ": "UTC"}, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""
