"""Run one submission through one course, in its own namespaces; the benchmark starts this with unshare.

This is the first process of a pid namespace: when it ends, the kernel ends everything else in it. It watches, with all its
rights, while the grading runs as a user without privileges, and writes what it saw to stdout as one line of JSON.
"""

import contextlib
import fcntl
import fnmatch
import json
import math
import os
import secrets
import selectors
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.files import ROOT
from autograder.sandbox.kernel import call
from benchmarks.runners.courses import COURSES, PLACE, Course
from benchmarks.runners.programs import program
from tests.golden.attacks import CANARY, REACHED, World, forms

SECONDS = 60  # wall clock of one grading
LIMITS = ("--nproc=160", f"--as={4 * 1024**3}", f"--fsize={256 * 1024**2}", f"--cpu={SECONDS}", "--nofile=1024", "--core=0")
MEMORY = 4 * 1024**3  # of all processes together
SPACE = "size=768m,nr_inodes=100k,mode=1777"  # of everything that can be written to
GRACE = 1.0  # seconds in which processes that are still there may end
WORLD, SUBMISSION, HOME, SAID = Path("/tmp/world"), Path("/tmp/submissions/student"), Path("/tmp/home"), Path("/tmp/said")
SHARED = (Path("/dev/shm"), Path("/var/tmp"))  # where no tool leaves anything
MOST_READ = 64 * 1024**2  # bytes of one file that are looked at

MS_BIND, MS_REC, AT_RECURSIVE, AT_FDCWD, MOUNT_ATTR_RDONLY, MOUNT_SETATTR = 4096, 16384, 0x8000, -100, 1, 442
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


@dataclass
class Seen:
    """What came of one grading.

    score is that in results.json, or None if there is none that can be read. read: the secret came out, by a file or a
    connection. reached: an attack that has no secret to show says that it did what it came for. wrote: there is something that
    is not the tool's. connected: somebody called a listener. left: so many processes were still there at the end. hung: the end
    was ours. skipped: it cannot be handed in there. said is the end of what was printed.
    """

    score: float | None = None
    read: bool = False
    reached: bool = False
    wrote: bool = False
    connected: bool = False
    left: int = 0
    hung: bool = False
    skipped: bool = False
    seconds: float = 0.0
    said: str = ""


def main() -> None:
    """Lay everything out, grade, look, and say what was seen."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first process of a namespace gets no signal that it does not ask for
    course_name, program_name, kit, user = sys.argv[1:]
    course = COURSES[course_name]
    raise_loopback()
    interpreter = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    close_off({Path(kit), *interpreter, *({ROOT} if course.needs_repository else ())})
    secret, folder = CANARY + secrets.token_hex(16), WORLD / "open"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    (WORLD / "secret.txt").write_text(secret)
    with Listeners(WORLD / "door") as listeners:
        world = World(secret, WORLD / "secret.txt", folder, (course.results / course.score).parent, listeners.port)
        SUBMISSION.parent.mkdir()
        program(program_name).put(SUBMISSION, world)
        for path in (PLACE, course.results, HOME):
            path.mkdir(exist_ok=True)
        command = course.lay(Path(kit), SUBMISSION)
        seen = Seen(skipped=True) if command is None else watched(command, course, world, listeners, int(user))
    print(json.dumps(asdict(seen)), flush=True)


# The walls --------------------------------------------------------------------------------------------------------------


def raise_loopback() -> None:
    """Bring up the one interface of the network namespace."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def close_off(kept: set[Path]) -> None:
    """Make every file system read-only and put a small empty one where people write; the kept folders stay as they are."""
    descriptors = {path: os.open(path, os.O_PATH) for path in sorted(kept)}  # a folder comes before what is in it
    read_only = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    call("syscall", MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, read_only, len(read_only))
    private = {"/tmp", "/var/tmp", "/dev/shm", "/root", "/home", str(Path.home())} - {"/"}
    for place in sorted(private):
        if Path(place).is_dir():
            call("mount", b"tmpfs", place.encode(), b"tmpfs", 0, SPACE.encode())
    for path, descriptor in descriptors.items():
        if not path.exists():
            path.mkdir(parents=True)
            call("mount", b"/proc/self/fd/%d" % descriptor, bytes(path), None, MS_BIND | MS_REC, None)
        os.close(descriptor)


def without_rights(command: list[str], user: int) -> list[str]:
    """Return the command under the limits and, where we are root, as this user; no capability is left either way."""
    identity = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if can_change_user() else []
    bare = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    return ["prlimit", *LIMITS, "--", "setpriv", *identity, *bare, "--", *command]


def can_change_user() -> bool:
    """Return whether other users exist here; in the user namespace of somebody who is not root there is one alone."""
    return sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines()) > 1


# The grading ------------------------------------------------------------------------------------------------------------


def watched(command: list[str], course: Course, world: World, listeners: "Listeners", user: int) -> Seen:
    """Run the command to its end or to ours, and look around."""
    if can_change_user():
        for path in (PLACE, HOME, SUBMISSION.parent):
            hand_over(path, user)
    seen, started = Seen(), time.monotonic()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "GRADER_SECRET": world.secret,
        **({"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} if course.needs_repository else {}),
    }
    with SAID.open("wb") as said:
        process = subprocess.Popen(
            without_rights(command, user),
            cwd=PLACE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while process.poll() is None and not seen.hung:
        listeners.serve(0.1)
        seen.hung = time.monotonic() - started > SECONDS or memory() > MEMORY
    seen.seconds = time.monotonic() - started
    while not seen.hung and others() and time.monotonic() - started < seen.seconds + GRACE:
        listeners.serve(0.1)
    seen.left = 0 if seen.hung else len(others())
    while others():
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        time.sleep(0.05)
    listeners.serve(0)
    look(seen, course, world, listeners)
    return seen


def hand_over(top: Path, user: int) -> None:
    """Give a folder and what is in it to a user; links are not followed."""
    os.chown(top, user, user)
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            os.chown(Path(folder, name), user, user, follow_symlinks=False)


def others() -> list[int]:
    """Return the processes in this namespace besides this one, the dead ones left out."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                state = Path("/proc", name, "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
                found += [int(name)] * (state not in "ZX")
    return found


def memory() -> int:
    """Bytes of memory in use by the other processes."""
    pages = 0
    for process in others():
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Listeners:
    """What there is to call: a port of this machine, a unix socket in a file and one without; use as a context manager."""

    def __init__(self, door: Path) -> None:
        self.calls, self.heard = 0, b""
        self.selector = selectors.DefaultSelector()
        port = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = port.getsockname()[1]
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", self.port))
        unix = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        for listener, address in zip(unix, (str(door), f"\0backprop-{self.port}"), strict=True):
            listener.bind(address)
            listener.listen(100)
        door.chmod(0o777)
        self.watch(datagrams, self.hear)
        for listener in (port, *unix):
            self.watch(listener, self.answer)

    def __enter__(self) -> "Listeners":
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def watch(self, anyone: socket.socket, then: Callable[[socket.socket], None]) -> None:
        """Call then(anyone) whenever there is something."""
        anyone.setblocking(False)
        self.selector.register(anyone, selectors.EVENT_READ, then)

    def serve(self, seconds: float) -> None:
        """Take what comes within so many seconds."""
        ends = time.monotonic() + seconds
        while events := self.selector.select(max(0.0, ends - time.monotonic())):
            for key, _ in events:
                key.data(key.fileobj)
            if time.monotonic() > ends:
                return

    def answer(self, listener: socket.socket) -> None:
        """Take a call."""
        self.calls += 1
        with contextlib.suppress(OSError):
            self.watch(listener.accept()[0], self.hear)

    def hear(self, caller: socket.socket) -> None:
        """Take what is said, up to a bound; a datagram is a call too."""
        said = b""
        with contextlib.suppress(OSError):
            said = caller.recv(65536)
        self.heard = (self.heard + said)[:MOST_READ]
        if caller.type == socket.SOCK_DGRAM:
            self.calls += 1
        elif not said:
            self.selector.unregister(caller)
            caller.close()


# What came of it --------------------------------------------------------------------------------------------------------


def look(seen: Seen, course: Course, world: World, listeners: Listeners) -> None:
    """Fill in what was seen; everything is over by now."""
    results = {path.relative_to(course.results).as_posix(): path for path in files(course.results)}
    scores = [path for name, path in results.items() if fnmatch.fnmatch(name, course.score)]
    own = (course.score, *course.leaves)
    strays = [path for name, path in results.items() if not any(fnmatch.fnmatch(name, pattern) for pattern in own)]
    strays += [path for folder in (world.open_folder, *SHARED) for path in files(folder)]
    seen.score = score(scores[0]) if len(scores) == 1 and not seen.hung else None
    kernel_objects = [Path("/proc/sysvipc", kind).read_text().splitlines()[1:] for kind in ("shm", "msg", "sem")]
    seen.wrote = bool(strays) or any(kernel_objects)
    seen.connected = listeners.calls > 0
    texts = (listeners.heard, *(bytes(path) + content(path) for path in {*strays, *results.values(), SAID}))
    seen.read = any(form.encode() in text for text in texts for form in forms(world.secret))
    seen.reached = any(REACHED.encode() in text for text in texts)
    seen.said = content(SAID)[-2000:].decode(errors="replace").replace(world.secret, "SECRET")


def files(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder that is no folder; links are not followed."""
    for above, folders, names in os.walk(folder):
        yield from (Path(above, name) for name in names + [name for name in folders if Path(above, name).is_symlink()])


def content(path: Path) -> bytes:
    """Return the bytes of a plain file, up to a bound; of anything else, none."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(MOST_READ)
    return b""


def score(path: Path | None) -> float | None:
    """Return the score that Gradescope would read from a results.json: its own or the sum of its tests'; None if invalid."""
    try:
        document = json.loads(content(path) if path else b"", parse_constant=refuse)
        tests = document.get("tests", [])
        found = document["score"] if "score" in document else sum(test.get("score", 0) for test in tests)
        if document.get("extra_data", {}).get("status") == "error" or isinstance(found, bool) or not math.isfinite(found):
            return None
        return float(found)
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def refuse(constant: str) -> float:
    """NaN and Infinity are no JSON."""
    raise ValueError(constant)


if __name__ == "__main__":
    assert os.getpid() == 1, "this is for the inside of a pid namespace"
    main()
