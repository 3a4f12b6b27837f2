"""The first process of a container, which plays Gradescope's harness; the tests start it with unshare.

It reads from standard input, as JSON, how to set up the container and what to do in it, and writes one line of JSON for each
step. It runs in this machine's interpreter, so it imports everything it needs before it replaces the machine's files with
those of the container.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from tests.container.docker import build_root, docker_filter, enter
from tests.container.handins import examples, put
from tests.golden.attacks.harness import secrets_in, unsafe, world

HOME = Path("/autograder")
SUBMISSION, RESULTS, METADATA = HOME / "submission", HOME / "results", HOME / "submission_metadata.json"
SECONDS = 600  # Gradescope's default
SHARED = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/run", "/root", "/autograder")))
OURS = (SUBMISSION, RESULTS, METADATA)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
TOLD = {
    "id": 123456,
    "created_at": "2026-10-01T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2026-10-31T23:00:00.000000-07:00",
        "group_size": None,
        "group_submission": False,
        "id": 25828,
        "course_id": 1234,
        "late_due_date": None,
        "release_date": "2026-09-02T00:00:00.000000-07:00",
        "title": "Backpropagation",
        "total_points": "100.0",
    },
    "submission_method": "upload",
    "users": [{"email": "student@example.com", "id": 1234, "name": "Student User"}],
    "previous_submissions": [
        {"submission_time": "2026-09-30T14:24:48.087023-07:00", "score": 56.0, "autograder_error": False, "results": {}}
    ],
}


def main() -> None:
    """Become the first process of a container and do there what is asked."""
    asked = json.loads(sys.stdin.read())
    known = examples() if asked["do"] != "script" else {}
    doors = [os.open(door, os.O_WRONLY) for door in asked["doors"]]
    rules = docker_filter(asked["absent"])
    place = Path(asked["place"])
    build_root(place, asked["layers"], asked["upper"], asked["binds"])
    if not asked["network"]:
        raise_loopback()
    enter(place, rules)
    for said in DO[asked["do"]]({**asked, "doors": doors}, known):
        print(json.dumps(said), flush=True)


def raise_loopback() -> None:
    """Bring up the one interface of the network namespace."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def script(asked: dict[str, Any], _: dict) -> Iterator[dict]:
    """Run a command and say how it ended and what it said."""
    finished = subprocess.run(asked["command"], cwd=asked["cwd"], capture_output=True, text=True)
    yield {"code": finished.returncode, "stdout": finished.stdout, "stderr": finished.stderr}


def grade_class(asked: dict[str, Any], known: dict[str, dict[str, bytes]]) -> Iterator[dict]:
    """Grade one submission after the other and look around after each."""
    tracker = "multiprocessing.resource_tracker.ensure_running"  # starts this interpreter anew, which cannot be found here
    with mock.patch(tracker), world(Path("/srv/world")) as ground:
        before = left_in_folders()
        for name in asked["names"]:
            prepare()
            put(name, SUBMISSION, ground.world, known)
            seconds = run_autograder(SECONDS, asked["doors"])
            document, said = results(), (RESULTS / "stdout").read_text(errors="replace")
            found = [f"left {path}" for path in sorted(left_in_folders() - before)] + ground.traces()
            for secret in (ground.world.secret, os.environ["AUTHENTICATION_TOKEN"]):
                found += [f"told {what}" for text in (document, said) for what in secrets_in(text, secret)]
            found += [f"results.json {what}" for what in unsafe("results.json", document)]
            yield {"name": name, "seconds": seconds, "results": document, "stdout": said, "found": found}


def broken_off(asked: dict[str, Any], known: dict[str, dict[str, bytes]]) -> Iterator[dict]:
    """Start to grade the solution, and end the grading in one way or another."""
    prepare()
    put("solution", SUBMISSION, None, known)
    run_autograder(asked["seconds"], asked["doors"], ENDS[asked["end"]])
    yield {"results": results(), "stdout": (RESULTS / "stdout").read_text(errors="replace")}


def prepare() -> None:
    """What the harness does before each submission."""
    for folder in (SUBMISSION, RESULTS):
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.mkdir()
    METADATA.write_text(json.dumps(TOLD))


def run_autograder(seconds: float, doors: Sequence[int], meanwhile: Callable[[subprocess.Popen], None] | None = None) -> float:
    """Run the script as the harness does, which at the end of its time kills that one process; the seconds it took.

    The script enters the cgroups by their doors and this process does not: what is measured and bounded is the grading.
    """

    def go_in() -> None:
        for door in doors:
            os.write(door, b"0")

    started = time.monotonic()
    with (RESULTS / "stdout").open("wb") as out:
        streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
        process = subprocess.Popen(["./run_autograder"], cwd=HOME, preexec_fn=go_in, **streams)
    if meanwhile:
        meanwhile(process)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return time.monotonic() - started


def kill_grader(process: subprocess.Popen) -> None:
    """Kill the grader, and not the script that started it, as soon as it has started the interpreter that forks."""
    while process.poll() is None:
        for child in children(process.pid):
            if children(child):
                os.kill(child, signal.SIGKILL)
                return
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def results() -> str:
    """Return what lies where Gradescope looks for the results."""
    path = RESULTS / "results.json"
    return path.read_text() if path.exists() else ""


def left_in_folders() -> set[str]:
    """Return what lies where programs leave things, but for what is Gradescope's own."""
    paths = {path for folder in SHARED for path in folder.rglob("*")}
    return {str(path) for path in paths if path not in OURS and not {*path.parents} & {*OURS}}


ENDS = {"grader": kill_grader, "nobody": None}
DO = {"script": script, "class": grade_class, "broken off": broken_off}

if __name__ == "__main__":
    assert os.getpid() == 1, "this is for the inside of a pid namespace"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started the containers
    main()
